"""The columns of what a FROM reads, and of queries that were rendered, as DuckDB binds them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from retailsql.dialect.bigquery.known import Columns, Known, Oracle, stub
from retailsql.dialect.bigquery.nodes import sql_of
from retailsql.registry.names import quote

Ctes = dict[str, Columns | None]
Flavours = Callable[[str], dict[str, str]]


class Tables:
    """Knows columns.

    Args:
        oracle: binds queries.
        put_back: a text with the ML parts in their places.
        flavours: TIMESTAMP columns of a table that are known to be timestamp or datetime.
    """

    def __init__(self, oracle: Oracle, put_back: Callable[[str], str], flavours: Flavours) -> None:
        self._oracle, self._put_back, self._flavours = oracle, put_back, flavours

    def table(self, table: Any, ctes: Ctes) -> Columns | None:
        """The columns of a table, or of a query of WITH; None: unknown."""
        if len(table.parts) == 1 and table.name.lower() in ctes:
            return ctes[table.name.lower()]
        bare = table.copy()
        for key in ("alias", "joins", "pivots", "sample", "when", "only"):
            bare.set(key, None)
        columns = self.described(sql_of(bare), ctes)
        flavours = self._flavours(table.name.lower())
        if columns is None or not flavours:
            return columns
        return {
            n: Known(flavours[n], k.type, k.name) if k.kind == "instant" and n in flavours else k
            for n, k in columns.items()
        }

    def columns(self, query: Any, ctes: Ctes) -> Columns | None:
        """The columns of a rendered query."""
        from sqlglot import exp

        if not self._oracle.there:
            return None
        columns = self.described(f"({sql_of(query)})", ctes)
        first = query
        while isinstance(first, exp.SetOperation | exp.Subquery):
            first = first.this
        kinds = first.meta.get("kinds") or {}
        if columns is None or not kinds:
            return columns
        return {
            n: Known(kinds.get(n, k.kind), k.type, k.name) if k.kind == "instant" else k
            for n, k in columns.items()
        }

    def described(self, item: str, ctes: Ctes) -> Columns | None:
        """The columns of what may stand behind FROM, as DuckDB's text; None: unknown."""
        if not self._oracle.there:
            return None
        text, heads = self._put_back(item), []
        words = set(re.findall(r"\w+", text.lower()))
        for name, columns in ctes.items():
            if words.issuperset(re.findall(r"\w+", name)):
                if columns is None:
                    return None
                heads.append(f"{quote(name)} AS ({stub(columns)})")
        with_ = f"WITH {', '.join(heads)} " if heads else ""
        found = self._oracle.columns(f"{with_}SELECT * FROM {text}")
        if found is None:
            return None
        named: dict[str, Known] = {}
        for name, known in found:
            named.setdefault(name.lower(), Known(known.kind, known.type, name))
        return named


def narrow(item: Any, wide: list[str]) -> None:
    """Put a pivoted table into a SELECT that makes its sums INT64 again."""
    from sqlglot import exp

    casts = ", ".join(f"CAST({quote(n)} AS BIGINT) AS {quote(n)}" for n in wide)
    held = item.copy()
    held.set("joins", None)
    pivot = held.args["pivots"][-1]
    name = (pivot.alias if pivot.args.get("alias") else "") or held.alias
    pivot.set("alias", None)
    star = exp.Var(this=f"* REPLACE ({casts})")
    inner = exp.Select(expressions=[star], from_=exp.From(this=held))
    inner.meta["done"] = True
    alias = exp.TableAlias(this=exp.to_identifier(name)) if name else None
    made = exp.Subquery(this=inner, alias=alias)
    made.set("joins", item.args.get("joins"))
    item.replace(made)
