"""Wildcard tables: ```ga_sessions_*```, all tables of a schema whose names begin so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from retailsql.errors import StatementError
from retailsql.registry.names import literal, quote

SUFFIX = "_TABLE_SUFFIX"
"""BigQuery's pseudo column: what the star stands for. ``SELECT *`` does not show it.
https://cloud.google.com/bigquery/docs/querying-wildcard-tables"""


def expand(
    table: Any,
    parts: list[str],
    tables: Callable[[list[str], str], list[str]],
    refuse: Callable[..., StatementError],
) -> None:
    """Put the tables that a wildcard means in its place, as one UNION ALL BY NAME.

    Args:
        table: the node of the wildcard table.
        parts: its name as DuckDB has it; the last part ends with a star.
        tables: names of the tables of a schema that begin with a text, in order.
        refuse: makes the error at this place.

    Raises:
        StatementError: no table has such a name.
    """
    from sqlglot import exp

    *schema, last = parts
    prefix = last[:-1]
    names = tables(schema, prefix)
    if not names:
        raise refuse(
            seen=".".join(parts), wanted=f"tables whose names begin with {prefix}",
            todo="load them first",
        )  # fmt: skip
    select = table.find_ancestor(exp.Select)
    suffix = _named(select or table.root())
    where = "".join(f"{quote(part)}." for part in schema)
    each = (
        f"SELECT *{f', {literal(name[len(prefix) :])} AS {SUFFIX}' if suffix else ''} "
        f"FROM {where}{quote(name)}"
        for name in names
    )
    alias = table.args.get("alias")
    for key in ("db", "catalog"):
        table.set(key, None)
    table.set("this", exp.Var(this=f"({' UNION ALL BY NAME '.join(each)})"))
    if alias is None or not alias.name:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(prefix.strip("_") or "t", True)))
    if suffix and select is not None:
        _hide(select, table.alias)


def _named(query: Any) -> bool:
    """True if the pseudo column is asked for."""
    from sqlglot import exp

    return any(column.name.upper() == SUFFIX for column in query.find_all(exp.Column))


def _hide(select: Any, name: str) -> None:
    """Leave the pseudo column out of ``*`` and ``name.*``."""
    from sqlglot import exp

    for item in select.expressions:
        star = item.this if isinstance(item, exp.Column) else item
        whose = item.table if isinstance(item, exp.Column) else ""
        if isinstance(star, exp.Star) and whose.lower() in ("", name.lower()):
            left_out = star.args.get("except_") or []
            star.set("except_", [*left_out, exp.to_identifier(SUFFIX)])
