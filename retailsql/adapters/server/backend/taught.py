"""Wrong use of a model's functions, said in the model's words: what it takes, what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from retailsql.adapters.server import policy
from retailsql.adapters.server.backend.script import Part
from retailsql.dialect.lint.uses import may_call
from retailsql.dialect.tokens import may_hold_ml
from retailsql.errors import RetailSQLError
from retailsql.functions.diagnose import diagnose
from retailsql.registry import store

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context


def about_model(ctx: Context, part: Part, error: BaseException) -> RetailSQLError | None:
    """The error to tell instead of the engine's; None: it is not about a model that he may use.

    Args:
        ctx: of the session.
        part: the statement.
        error: what the engine raised.
    """
    con = ctx.work.current
    if con is None or not isinstance(error, duckdb.BinderException | duckdb.CatalogException):
        return None
    if not (may_call(part.text) or may_hold_ml(part.text)):
        return None
    try:
        with con.cursor() as cursor:  # the session's own transaction may be aborted by the error
            models = [
                version
                for database in store.databases(cursor)
                for version in store.versions(cursor, database, deployed=True)
                if policy.may(ctx.rights, "score", version.name.schema, version.name.name, "model")
            ]
            return diagnose(cursor, part.text, error, models)
    except duckdb.Error:
        return None
