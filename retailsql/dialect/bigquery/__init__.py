"""Statements in BigQuery's dialect, put into DuckDB's; the ML parts stay ML statements.

    text ──script──▶ steps ──interpret──▶ one statement at a time, on the database as it is then:

    tokens ──ml──▶ tokens with placeholders for ML parts
         ──sqlglot's parser──▶ tree ──check──▶ nothing unverified in it
         ──ddl, pivots, scope──▶ mended tree
         ──blocks──▶ query by query: what it reads first, so that its columns have types
              (known, columns, tables: types asked of DuckDB; resolve: variables of the script)
         ──render, rules, functions_*──▶ DuckDB's text, ML parts put back

``functions_*.py`` say for each function of BigQuery what DuckDB computes instead; whatever is in
none of the tables is refused with its line and column.
"""
