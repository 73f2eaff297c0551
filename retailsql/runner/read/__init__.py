"""Reads the files of a project: YAML and Jinja, with file and line of everything."""
