"""From the mended tree to DuckDB's text: leaves first, each node by the rule for its class."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from retailsql.dialect.bigquery.arithmetic import compute
from retailsql.dialect.bigquery.calls import SAFE, USERS, marked
from retailsql.dialect.bigquery.casts import cast
from retailsql.dialect.bigquery.columns import Scope
from retailsql.dialect.bigquery.functions import Call
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
from retailsql.dialect.bigquery.rules import Rules
from retailsql.dialect.bigquery.structs import render_select, render_struct, render_tuple
from retailsql.dialect.bigquery.table import FUNCTIONS
from retailsql.errors import StatementError, nearest

Refuse = Callable[..., StatementError]
_NO_VALUES = frozenset({"Interval", "Star", "Week", "WeekStart", "Distinct"})
_FAILS = re.compile(r"CAST\('[^'()]* [^'()]*' AS (BIGINT|DOUBLE)\)")


class Renderer(Rules):
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
