"""ML statements checked before they run: names and types by DuckDB, lineage by sqlglot.

``check`` is the entry, ``rules`` the visible table, ``finding`` what comes out.
``source`` takes a file apart; ``scratch`` is the empty database in memory in which statements are
bound; ``models`` are those known so far; ``uses`` finds their calls, ``context`` the rows they get.
``features`` and ``columns``, ``calls``, ``twice`` and ``training`` are rules; ``leakage`` and
``cutoff`` are rules over ``lineage`` and ``reads``, which read trees that ``expand`` has put views
and macros into; ``frames`` tells what a window reads. ``create`` applies them to CREATE MODEL.
"""
