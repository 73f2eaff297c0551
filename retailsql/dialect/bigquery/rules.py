"""Rules of the renderer for syntax that is no function: literals, subscripts, LIKE, UNNEST."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from retailsql.dialect.bigquery import dates
from retailsql.dialect.bigquery.calls import USERS, marked
from retailsql.dialect.bigquery.columns import Scope
from retailsql.dialect.bigquery.functions import Call, part_of
from retailsql.dialect.bigquery.functions_arrays import element
from retailsql.dialect.bigquery.kinds import kind_of, noted
from retailsql.dialect.bigquery.known import Known
from retailsql.dialect.bigquery.nodes import (
    bound,
    sql_of,
    text_node,
)
from retailsql.dialect.bigquery.scope import render_unnest
from retailsql.dialect.bigquery.table import FUNCTIONS
from retailsql.errors import StatementError
from retailsql.registry.names import literal


class Rules:
    """One method a class of node; the renderer's table says which.

    A rule returns the node that stands for the one it is given, or None to leave it.
    """

    scope: Scope
    _refuse: Callable[[Any, str], Any]
    _unnests: int

    def _refuser(self, node: Any) -> Callable[..., StatementError]:
        return lambda fact, **words: self._refuse(node, fact)(**words)

    def _literal(self, node: Any) -> Any:
        """A number with a point is FLOAT64, in DuckDB's text DECIMAL: 0.1 + 0.2 differ."""
        number = str(node.this)
        if node.is_string or number.isdigit():
            return None
        if re.search("[eE]", number):
            return text_node(number, "float")
        whole, _, part = number.partition(".")
        return text_node(f"{whole or 0}.{part or 0}e0", "float")

    def _json(self, node: Any) -> Any:
        """``JSON '{...}'``."""
        return text_node(f"CAST({sql_of(node.this)} AS JSON)", "json")

    def _column(self, node: Any) -> Any:
        """A TIMESTAMPTZ that something is computed from: its wall clock in UTC, as everywhere."""
        from sqlglot import exp

        type_ = noted(node).type
        if str(type_) != "TIMESTAMP WITH TIME ZONE":
            return None
        parent = node.parent
        computed = isinstance(parent, exp.Extract | exp.Cast | exp.Add | exp.Sub | exp.AtTimeZone)
        found = marked(parent) if isinstance(parent, exp.Anonymous) else None
        if not computed and (found is None or found[1] == USERS):
            return None
        return text_node(f"({sql_of(node)} AT TIME ZONE 'UTC')", "timestamp")

    def _bracket(self, node: Any) -> Any:
        index, array = node.expressions[0], node.this
        if len(node.expressions) != 1 or kind_of(index) == "string":
            raise self._refuse(node, "This subscript is not translated")(
                wanted="[OFFSET(n)], [ORDINAL(n)], [SAFE_OFFSET(n)] or [SAFE_ORDINAL(n)]"
            )
        base, safe = node.args.get("offset") or 0, bool(node.args.get("safe"))
        return text_node(element(sql_of(array), sql_of(index), base == 1, safe))

    def _extract(self, node: Any) -> Any:
        from sqlglot import exp

        moment, refuse = node.expression, self._refuser(node)
        part, day = part_of(node.this)
        text = sql_of(moment)
        if isinstance(moment, exp.AtTimeZone):
            zone = sql_of(moment.args["zone"])
            text = dates.in_zone(bound(moment.this), zone)
        kind = {"DATE": "date", "TIME": "time", "DATETIME": "datetime"}.get(part, "int")
        return text_node(dates.extract(text, part, day, refuse), kind)

    def _now(self, node: Any) -> Any:
        from sqlglot import exp

        names = {
            exp.CurrentDate: "CURRENT_DATE", exp.CurrentDatetime: "CURRENT_DATETIME",
            exp.CurrentTime: "CURRENT_TIME", exp.CurrentTimestamp: "CURRENT_TIMESTAMP",
        }  # fmt: skip
        function = FUNCTIONS[names[type(node)]]
        call = Call(names[type(node)], [], [], lambda _: Known(), self._refuser(node))
        return text_node(function.build(call), str(function.kind))

    def _in(self, node: Any) -> Any:
        """``x IN UNNEST(a)``: false for an empty array, NULL if x or an element not equal is."""
        from sqlglot import exp

        unnest = node.args.get("unnest")
        if unnest is None:
            return None
        x, array = bound(node.this), bound(unnest.expressions[0])
        if isinstance(unnest.expressions[0], exp.Array) and unnest.expressions[0].expressions:
            values = ", ".join(sql_of(e) for e in unnest.expressions[0].expressions)
            return text_node(f"({x} IN ({values}))", "bool")
        if "SELECT" in array.upper():
            return text_node(f"({x} IN (SELECT unnest({array})))", "bool")
        return text_node(
            f"(CASE WHEN len(coalesce({array}, [])) = 0 THEN false WHEN {x} IS NULL THEN NULL "
            f"WHEN list_contains({array}, {x}) THEN true "
            f"WHEN len({array}) > list_count({array}) THEN NULL ELSE false END)",
            "bool",
        )

    def _like(self, node: Any) -> Any:
        """A backslash escapes in BigQuery's patterns; in DuckDB's only where ESCAPE says so."""
        from sqlglot import exp

        pattern = node.expression
        if isinstance(pattern, exp.Any | exp.All):
            if "\\" in sql_of(pattern):
                raise self._refuse(node, "LIKE ANY with a backslash is not translated")()
            return None
        if isinstance(pattern, exp.Literal) and "\\" not in pattern.this:
            return None
        text = f"({bound(node.this)} LIKE {bound(pattern)} ESCAPE '\\')"
        return text_node(text, "bool")

    def _dot(self, node: Any) -> Any:
        from sqlglot import exp

        if isinstance(node.expression, exp.Anonymous) or not isinstance(node.this, exp.Var):
            return None
        if kind_of(node.this) == "json":
            path = literal(f'$."{node.expression.name}"')
            return text_node(f"json_extract({sql_of(node.this)}, {path})", "json")
        return text_node(f"({sql_of(node.this)}).{sql_of(node.expression)}")

    def _unnest(self, node: Any) -> Any:
        from sqlglot import exp

        if isinstance(node.parent, exp.In):
            return None
        if len(node.expressions) != 1:
            raise self._refuse(node, "UNNEST takes one array")(seen=len(node.expressions))
        self._unnests += 1
        text = render_unnest(node, sql_of(node.expressions[0]), self._unnests)
        lateral = "LATERAL " if isinstance(node.parent, exp.Join) else ""
        made = exp.Var(this=lateral + text)
        made.meta["unnest"] = True
        return made

    def _join(self, node: Any) -> Any:
        from sqlglot import exp

        unnested = node.this.meta.get("unnest")
        if unnested and node.side and not node.args.get("on") and not node.args.get("using"):
            node.set("on", exp.true())
        return None

    def _interval(self, node: Any) -> Any:
        from sqlglot import exp

        if node.unit is None or isinstance(node.unit, exp.IntervalSpan):
            raise self._refuse(node, "This interval is not translated")(wanted="INTERVAL n DAY")
        return None
