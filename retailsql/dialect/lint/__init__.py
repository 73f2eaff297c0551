"""ML statements checked before they run: names and types by DuckDB, lineage by sqlglot.

``check`` is the entry, ``rules`` the visible table, ``finding`` what comes out.
``source`` takes a file apart; ``scratch`` is the empty database in memory in which statements are
bound; ``models`` are those known so far; ``uses`` finds their calls, ``context`` the rows they get.
``features``, ``calls``, ``twice`` and ``training`` are rules; ``leakage`` and ``cutoff`` are rules
over ``lineage``, which reads trees that ``expand`` has put views and macros into.
"""
