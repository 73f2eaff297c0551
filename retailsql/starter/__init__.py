"""Writes a project of SQL files for a new user, and proposes what their columns mean."""
