"""The preprocessing functions ``ML.NAME(value, ...)`` as SQL of DuckDB's own.

``function`` says what one is; ``table`` lists them; ``expand`` puts their SQL in place of the call.
Alone in a SELECT a statistic is a window over all rows; inside TRANSFORM it is a literal.
"""
