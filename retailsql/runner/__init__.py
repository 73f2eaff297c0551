"""Runs a dbt-style project of SQL files without dbt."""
