"""BigQuery ML's statements: find them, read them, splice them.

Only the ML parts are touched. They are found with sqlglot's tokenizer and replaced by character
offset, so that the rest of a person's SQL reaches DuckDB exactly as written.

``tokens`` walks; ``values`` reads literals; ``statements`` splits a text into statements and reads
CREATE, DROP, ALTER and SHOW MODEL; ``splice`` turns ``ML.X(...)`` into subqueries.
"""
