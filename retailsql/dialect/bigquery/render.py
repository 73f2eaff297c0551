"""From the mended tree to DuckDB's text: leaves first, each node by the rule for its class."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from retailsql.dialect.bigquery import dates
from retailsql.dialect.bigquery.arithmetic import compute
from retailsql.dialect.bigquery.calls import SAFE, USERS, marked
from retailsql.dialect.bigquery.casts import cast
from retailsql.dialect.bigquery.columns import Scope
from retailsql.dialect.bigquery.functions import Call, part_of
from retailsql.dialect.bigquery.functions_arrays import element
from retailsql.dialect.bigquery.functions_numbers import divide
from retailsql.dialect.bigquery.kinds import kind_of, noted
from retailsql.dialect.bigquery.known import Known, Oracle
from retailsql.dialect.bigquery.nodes import (
    argument,
    bound,
    constant,
    sql_of,
    stays_bare,
    text_node,
    unwrapped,
)
from retailsql.dialect.bigquery.scope import render_unnest
from retailsql.dialect.bigquery.structs import render_select, render_struct, render_tuple
from retailsql.dialect.bigquery.table import FUNCTIONS
from retailsql.errors import StatementError, nearest
from retailsql.registry.names import literal

Refuse = Callable[..., StatementError]
_NO_VALUES = frozenset({"Interval", "Star", "Week", "WeekStart", "Distinct"})
_FAILS = re.compile(r"CAST\('[^'()]* [^'()]*' AS (BIGINT|DOUBLE)\)")


class Renderer:
    """Renders one statement.

    Args:
        refuse: makes the error about a node, at its place.
        is_ml: True for the placeholder of an ML function.
        is_users: True for a function the user has.
        oracle: knows DuckDB's types.
        put_back: a text with the ML parts in their places.
        note: takes a sentence about a node for the person who runs the script.
    """

    def __init__(
        self,
        refuse: Callable[[Any, str], Any],
        is_ml: Callable[[str], bool],
        is_users: Callable[[str], bool],
        oracle: Oracle,
        put_back: Callable[[str], str],
        note: Callable[[Any, str], None],
    ) -> None:
        self._refuse, self._is_ml, self._is_users = refuse, is_ml, is_users
        self._oracle, self._put_back, self._note = oracle, put_back, note
        self.scope = Scope()
        self._unnests = 0
        from sqlglot import exp

        self._rules: dict[type, Callable[[Any], Any]] = {
            exp.Anonymous: self._function,
            exp.Literal: self._literal,
            exp.Cast: self._cast,
            exp.TryCast: self._cast,
            exp.Div: self._divide,
            exp.Mul: self._arithmetic,
            exp.Add: self._arithmetic,
            exp.Sub: self._arithmetic,
            exp.Bracket: self._bracket,
            exp.Extract: self._extract,
            exp.In: self._in,
            exp.Like: self._like,
            exp.Struct: render_struct,
            exp.Tuple: render_tuple,
            exp.Dot: self._dot,
            exp.Select: render_select,
            exp.Unnest: self._unnest,
            exp.Join: self._join,
            exp.Interval: self._interval,
            exp.Column: self._column,
            exp.ParseJSON: self._json,
            exp.Window: self._window,
            exp.CurrentDate: self._now,
            exp.CurrentDatetime: self._now,
            exp.CurrentTime: self._now,
            exp.CurrentTimestamp: self._now,
        }

    def part(self, root: Any) -> Any:
        """A part of the tree with every node that needs it replaced by text."""
        for node in reversed(list(root.walk(bfs=False, prune=lambda n: n.meta.get("done")))):
            rule = None if node.meta.get("done") else self._rules.get(type(node))
            made = rule(node) if rule else None
            if made is None or made is node:
                continue
            if node is root:
                root = made
            if node.parent is not None:
                node.replace(made)
        return root

    def known(self, node: Any) -> Known:
        """What is known of the value of a node that was rendered."""
        from sqlglot import exp

        kind, type_ = kind_of(node), noted(node).type
        if (kind and kind not in ("array", "struct")) or type_ is not None:
            return replace(noted(node), kind=kind or noted(node).kind)
        if isinstance(node, exp.Null):
            return Known()
        if type(node).__name__ in _NO_VALUES or not self._oracle.there:
            return Known(kind)
        found = self.scope.value(self._put_back(argument(sql_of(node), node)), self._oracle)
        return Known(kind or found.kind, found.type)

    def _refuser(self, node: Any) -> Refuse:
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

    def _function(self, node: Any) -> Any:
        found = marked(node)
        if found is None:
            if self._is_ml(node.name) or self._is_users(node.name.lower()):
                return None
            raise self._unknown(node, node.name)
        _, flag, name = found
        if flag == USERS:
            node.set("this", name)
            return None
        name = name.upper()
        function = FUNCTIONS.get(name)
        if function is None:
            raise self._unknown(node, name)
        call = self._call(node, name)
        if not function.low <= len(call) <= function.high:
            raise call.refuse(
                f"{name} takes another number of arguments", seen=len(call),
                wanted=f"{function.low} to {function.high}",
            )  # fmt: skip
        if not function.aggregate and (call.distinct or call.order or call.limit or call.nulls):
            raise call.refuse(f"{name} takes no DISTINCT, ORDER BY, LIMIT or NULLS inside")
        text = function.build(call)
        kind = function.kind
        if callable(kind):
            kind = kind(call)
        elif kind is not None and kind.isdigit():
            kind = call.kind(int(kind))
        if flag == SAFE:
            # TRY does not keep DuckDB from folding constants that fail.
            text = "TRY(" + _FAILS.sub(r"CAST(NULL AS \1)", text) + ")"
        made = text_node(text, kind)
        if call.windowed and call.wanted:
            made.meta["wanted"] = call.wanted
        return made

    def _unknown(self, node: Any, name: str) -> StatementError:
        error: StatementError = self._refuse(node, f"The function {name} is not translated")(
            wanted=nearest(name.upper(), FUNCTIONS),
            todo="write it with functions that are, or make a macro of that name",
        )
        return error

    def _call(self, node: Any, name: str) -> Call:
        from sqlglot import exp

        arguments, more = list(node.expressions), {}
        for i, item in enumerate(arguments):
            arguments[i], found = unwrapped(item)
            more.update(found)
        if arguments and isinstance(arguments[0], exp.Distinct):
            more["distinct"] = True
            arguments = [*arguments[0].expressions, *arguments[1:]]
            for i, item in enumerate(arguments):
                arguments[i], found = unwrapped(item)
                more.update(found)
        return Call(
            name,
            [argument(sql_of(a), a) for a in arguments],
            arguments,
            lambda i: self.known(arguments[i]),
            self._refuser(node),
            note=partial(self._note, node),
            windowed=stays_bare(node),
            **more,
        )

    def _cast(self, node: Any) -> Any:
        had = self.known(node.this)
        note = partial(self._note, node)
        text = argument(sql_of(node.this), node.this)
        return text_node(*cast(node, text, had, self._refuser(node), note))

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

    def _divide(self, node: Any) -> Any:
        from sqlglot import exp

        b = node.expression
        kinds = {self.known(node.this).kind, self.known(b).kind}
        if "decimal" in kinds and kinds <= {"decimal", "int"}:
            text = divide(bound(node.this), bound(b))
            return text_node(f"CAST({text} AS DECIMAL(38, 9))", "decimal")
        number = isinstance(b, exp.Literal) and not b.is_string
        known = float(b.this) if number else constant(b)
        return text_node(divide(bound(node.this), bound(b), known), "float")

    def _arithmetic(self, node: Any) -> Any:
        """Arithmetic on what is no FLOAT64: each pair of types has its own rule."""
        from sqlglot import exp

        found = self.known(node.this), self.known(node.expression)
        texts = bound(node.this), bound(node.expression)
        sign = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}[type(node)]
        made = compute(sign, texts, found, self._refuser(node))
        return text_node(*made) if made is not None else None

    def _window(self, node: Any) -> Any:
        """SUM(x) OVER (...): DuckDB's sum of whole numbers is no INT64 without a cast."""
        wanted = node.this.meta.get("wanted")
        return text_node(f"CAST({sql_of(node)} AS {wanted})", kind_of(node)) if wanted else None

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
