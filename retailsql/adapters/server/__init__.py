"""A PostgreSQL door to the session that holds the functions: ``retailsql serve shop.duckdb``.

    socket -> wire -> backend -> postgres, catalog  what the client wrote -> what DuckDB reads
                              -> policy             may he?
                              -> warehouse          a cursor on the file
                              <- encoding           Arrow batches -> rows

Nothing is imported here: the small install has no use for it.
"""
