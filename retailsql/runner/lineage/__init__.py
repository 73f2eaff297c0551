"""The way of a column: from a score back to raw columns, and from a raw column to who uses it.

One file is read at a time, into *direct* origins; the tree goes from file to file.

    origin.py       what a column is made of: Ref, Rows, ModelCall, Lost
    names.py        what a name means where it stands: tables, aliases, lambdas, outer queries
    expressions.py  origins of an expression
    functions.py    calls: a model's functions read the features in its signature, macros are read
    query.py        origins of a UNION, a WITH clause; select.py of a SELECT
    tables.py       what stands after FROM; table_functions.py, joins.py, pivots.py beside it
    stars.py        *, EXCLUDE, REPLACE, COLUMNS(...)
    spans.py        the words of the person's own SQL that an expression stands in
    catalog.py      what the database and the yml files know of tables, macros and models
    files.py        one file of the project -> its columns; scores.py for score files
    upstream.py     column_lineage(): the tree back to the sources
    filters.py      the raw columns that only decide which rows there are
    users.py        downstream(): the tree forward, to scores, queries, tests and exposures
    tree.py         the records, as JSON; show.py draws them

sqlglot parses, and nothing that it generates is ever run. Names are resolved here and not by its
``qualify``, which does not know DuckDB's whole rows as arguments, struct fields, COLUMNS(...),
PIVOT statements, recursive unnest, or tables of which only some columns are known. What cannot be
followed is told in the tree, at the place where it stands, and never left out or made up.
"""

from retailsql.runner.lineage.show import draw, show
from retailsql.runner.lineage.tree import ColumnTree, to_json
from retailsql.runner.lineage.upstream import column_lineage
from retailsql.runner.lineage.users import downstream

__all__ = ["ColumnTree", "column_lineage", "downstream", "draw", "show", "to_json"]
