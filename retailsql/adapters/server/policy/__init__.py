"""Is this statement allowed for these rights? Denied by default.

statement   ``check``: the way of one statement through the rest
serialize   a text -> DuckDB's own tree of it
tree        the tree -> relations and functions it uses (``nodes``: what may be in it)
tables      may this relation be read, or written? (``meant``: which one is it?)
views       how much is read through views (``growth``, ``stars``, ``limits``: by the text itself)
functions   may this function be called? (``reviewed``: those that are built in)
writes      what is no query; ``ddl``: CREATE, DROP, ALTER of people who may write
models      models behind the grants
grant       GRANT and REVOKE
rights      what a person's grants allow
known       what is in the instance (``visible``: may somebody know of it?)
"""

from __future__ import annotations

from retailsql.adapters.server.policy.grant import GrantStatement, read_grant
from retailsql.adapters.server.policy.known import Names, alters, begins
from retailsql.adapters.server.policy.limits import check_size
from retailsql.adapters.server.policy.models import (
    GrantedCatalog,
    may_see_model,
    no_model,
    require_train,
)
from retailsql.adapters.server.policy.rights import may, require
from retailsql.adapters.server.policy.shim import Shim
from retailsql.adapters.server.policy.statement import Checked, check
from retailsql.adapters.server.policy.there import not_there
from retailsql.adapters.server.policy.visible import visible

__all__ = [
    "Checked",
    "GrantStatement",
    "GrantedCatalog",
    "Names",
    "Shim",
    "alters",
    "begins",
    "check",
    "check_size",
    "may",
    "may_see_model",
    "no_model",
    "not_there",
    "read_grant",
    "require",
    "require_train",
    "visible",
]
