"""BigQuery ML's statements: find them, read them, splice them.

Only the ML parts are touched. They are found with sqlglot's tokenizer and replaced by character
offset, so that the rest of a person's SQL reaches DuckDB exactly as written.

``tokens`` walks; ``values`` reads literals; ``settings`` checks those of STRUCT(...);
``statements`` splits a text into statements and reads CREATE, DROP, ALTER and SHOW MODEL;
``splice`` turns ``ML.X(...)`` into subqueries, with ``forecast`` and ``histories`` for two of them
and ``lookup`` for the models they name.
"""
