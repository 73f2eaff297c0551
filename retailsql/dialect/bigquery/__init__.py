"""Statements in BigQuery's dialect, put into DuckDB's; the ML parts stay ML statements.

    text ──lexing──▶ tokens ──ml──▶ tokens with placeholders for ML parts
         ──sqlglot's parser──▶ tree ──check──▶ nothing unverified in it
         ──names, unnest, aliases, ddl──▶ mended tree ──render──▶ DuckDB's text, ML parts put back

``functions_*.py`` say for each function of BigQuery what DuckDB computes instead; whatever is in
none of the tables is refused with its line and column.
"""
