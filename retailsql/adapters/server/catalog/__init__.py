"""PostgreSQL's catalog of the warehouse: pg_catalog and information_schema as clients ask for them.

DuckDB's own pg_catalog cannot be extended in place. An attached in-memory database, the shim,
holds PostgreSQL's relations (real rows of its types; copies of DuckDB's own catalog; each
session seeing what it was granted) and functions; the tokens of a statement that mentions any of
them are edited to point there. Other statements are left alone.

    names.py     the names that are answered to          spans.py, sheet.py, operands.py, edits.py
    build.py     makes the shim from the .sql files      template.py  a made one, to be copied
    install.py   attaches it, keeps it up to date        rights.py    who sees what
    told.py      fills the tables that statements read
    shown.py     what is shown as a name
    after.py     edits behind other edits                lifted.py  one statement for all tables
    fields.py, provenance.py, scopes.py, looked_up.py    where columns come from, and their types
"""

from __future__ import annotations

from retailsql.adapters.server.catalog.after import after
from retailsql.adapters.server.catalog.edits import edits
from retailsql.adapters.server.catalog.fields import placed
from retailsql.adapters.server.catalog.install import install, refresh
from retailsql.adapters.server.catalog.lifted import Lifted, lifted
from retailsql.adapters.server.catalog.looked_up import look_up
from retailsql.adapters.server.catalog.names import PUBLIC, SHIM
from retailsql.adapters.server.catalog.rights import set_rights
from retailsql.adapters.server.catalog.scopes import Columns

__all__ = [
    "PUBLIC",
    "SHIM",
    "Columns",
    "Lifted",
    "after",
    "edits",
    "install",
    "lifted",
    "look_up",
    "placed",
    "refresh",
    "search_path",
    "set_rights",
]


def search_path(database: str) -> str:
    """The search path of a session: the database's ``main``, then the shim's functions.

    >>> search_path("shop")
    'shop.main,__rs_catalog.main'
    """
    return (
        f'"{database}".main,{SHIM}.main'
        if not database.isidentifier()
        else f"{database}.main,{SHIM}.main"
    )
