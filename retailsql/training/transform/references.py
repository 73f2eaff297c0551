"""What an expression of TRANSFORM reads: its columns, by DuckDB's own parser, and whether it is a
pure function of its row.

DuckDB's parse tree tells a column from a function, a lambda's parameter, a struct's field and a
word in a text, and says where each stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection

from retailsql.errors import TrainingError, nearest
from retailsql.registry.fetch import first_row

_IDENTIFIER = re.compile(r'"(?:[^"]|"")*"|[^\W\d][\w$]*')
_CLOCK = frozenset(["current_date", "current_time", "current_timestamp", "localtime",
                    "localtimestamp", "current_user", "user", "session_user"])  # fmt: skip
_SELECT = "SELECT "
_PURE = "score depends on its row alone, today and next year"

Node = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a raw column stands in an expression: characters ``start`` to ``stop``."""

    start: int
    stop: int
    column: str


@dataclass(frozen=True)
class Expression:
    """An expression of TRANSFORM, read.

    Args:
        places: where raw columns stand, in order.
        alias: the alias it carries without AS; empty if none.
        name: the name of a plain column or of a struct's field; None for anything else.
        plain: it is a raw column and nothing else.
    """

    places: tuple[Place, ...]
    alias: str
    name: str | None
    plain: bool


@dataclass(frozen=True)
class Scope:
    """What an expression may use.

    Args:
        con: any connection.
        raw: raw column in lower case -> its own spelling.
        functions: name -> (type, stability, whether it is DuckDB's own) of each of that name.
    """

    con: DuckDBPyConnection
    raw: Mapping[str, str]
    functions: Mapping[str, list[tuple[str, str, bool]]]


def scope_of(con: DuckDBPyConnection, columns: Iterable[str]) -> Scope:
    """The scope of a SELECT's columns. The functions are listed once: it takes some 30 ms."""
    functions: dict[str, list[tuple[str, str, bool]]] = {}
    for name, kind, stability, internal in con.execute(
        "SELECT DISTINCT lower(function_name), function_type, stability, internal "
        "FROM duckdb_functions()"
    ).fetchall():
        functions.setdefault(name, []).append((kind, stability, internal))
    return Scope(con, {name.lower(): name for name in columns}, functions)


def read_expression(scope: Scope, text: str) -> Expression:
    """Read one expression.

    Args:
        scope: the columns and functions there are.
        text: the expression.

    Raises:
        TrainingError: DuckDB cannot parse it, it reads a column that is not there, or it is no
            function of its row: an aggregate, a window, a subquery, a clock, chance.
    """
    node = _parse(scope.con, text)
    reader = _Reader(scope, text)
    reader.walk(node, frozenset())
    names = node.get("column_names") if node.get("class") == "COLUMN_REF" else None
    return Expression(
        tuple(sorted(reader.places, key=lambda p: p.start)), str(node.get("alias") or ""),
        names[-1] if names else None, bool(names) and len(names or ()) == 1,
    )  # fmt: skip


def _parse(con: DuckDBPyConnection, text: str) -> Node:
    row = first_row(
        con, "SELECT CAST(json_serialize_sql(CAST(? AS VARCHAR)) AS VARCHAR)", [_SELECT + text]
    )
    tree: Node = json.loads(row[0]) if row else {"error": True}
    select: Node = {} if tree["error"] else tree["statements"][0]["node"]
    nodes: list[Node] = select.get("select_list", [])
    if len(nodes) != 1 or select["type"] != "SELECT_NODE":
        raise TrainingError(
            "TRANSFORM holds what is no expression",
            seen=f"{text.strip()[:80]} ({str(tree.get('error_message', '')).splitlines()[:1]})",
            wanted="expression AS name, column, * or * EXCEPT (column)",
        )
    return nodes[0]


class _Reader:
    """A walk over a parse tree."""

    def __init__(self, scope: Scope, text: str) -> None:
        self.text, self.raw, self.functions = text, scope.raw, scope.functions
        self.bytes = text.encode()
        self.places: list[Place] = []

    def walk(self, node: Any, bound: frozenset[str]) -> None:
        """Read a node; ``bound`` are the lambda parameters that hide columns here."""
        if isinstance(node, list):
            for part in node:
                self.walk(part, bound)
            return
        if not isinstance(node, dict):
            return
        kind = node.get("class")
        if kind == "COLUMN_REF":
            self._column(node, bound)
        elif kind == "LAMBDA":
            parameters = {name.lower() for name in _parameters(node["lhs"])}
            for name in parameters & self.raw.keys():
                raise TrainingError(
                    f"A lambda of TRANSFORM calls its parameter like column {name!r}",
                    seen=self.text.strip()[:80], todo="give the parameter another name",
                )  # fmt: skip
            self.walk(node["expr"], bound | parameters)
        else:
            if kind == "FUNCTION":
                self._function(node, bound)
            elif kind in _REFUSED:
                raise self._refuse(_REFUSED[kind])
            for key, part in node.items():
                if key not in ("qualified_name", "type_expr", "cast_type"):
                    self.walk(part, bound)

    def _column(self, node: Node, bound: frozenset[str]) -> None:
        first = node["column_names"][0]
        if first.lower() in bound:
            return
        if first.lower() in self.raw:
            self._note(node["query_location"], first)
        elif first.lower() in _CLOCK:
            raise self._refuse(f"{first}, which is not the same at prediction")
        else:
            raise TrainingError(
                f"TRANSFORM reads column {first!r}, which the training SELECT does not have",
                seen=self.text.strip()[:80], wanted=nearest(first, self.raw.values()),
                todo="correct the name, or add the column to the SELECT",
            )  # fmt: skip

    def _note(self, at: int, name: str) -> None:
        start = len(self.bytes[: at - len(_SELECT)].decode())
        found = _IDENTIFIER.match(self.text, start)
        if found is None or _unquoted(found.group()).lower() != name.lower():
            raise TrainingError(
                f"TRANSFORM reads column {name!r} in a way that cannot be followed",
                seen=self.text.strip()[:80], todo="write the expression in a plainer way",
            )  # fmt: skip
        self.places.append(Place(start, found.end(), self.raw[name.lower()]))

    def _function(self, node: Node, bound: frozenset[str]) -> None:
        name, before = str(node["function_name"]).lower(), node.get("schema")
        if before and before.lower() in self.raw and before.lower() not in bound:
            self._note(node["query_location"], before)  # column.function()
        if name.startswith("__rs_"):
            return
        rows = self.functions.get(name, [])
        kinds = {kind for kind, _, _ in rows}
        if "aggregate" in kinds and not kinds & {"scalar", "macro"}:
            raise self._refuse(f"the aggregate function {name}")
        if not all(internal for _, _, internal in rows):
            raise self._refuse(f"the function {name}, which is no built-in one and may change")
        if {s for _, s, _ in rows} & {"VOLATILE", "CONSISTENT_WITHIN_QUERY"}:
            raise self._refuse(f"the function {name}, whose result is not the same every time")

    def _refuse(self, what: str) -> TrainingError:
        return TrainingError(
            f"TRANSFORM cannot hold {what}", seen=self.text.strip()[:80],
            wanted=f"expressions over the columns of one row: a {_PURE}",
            todo="compute it in the training SELECT; of all rows, ML functions with OVER () only",
        )  # fmt: skip


_REFUSED = {
    "WINDOW": "a window function",
    "SUBQUERY": "a subquery",
    "PARAMETER": "a parameter",
    "STAR": "* or COLUMNS inside an expression",
    "POSITIONAL_REFERENCE": "a column by its position",
}


def _parameters(node: Node) -> Iterator[str]:
    """The names of a lambda's parameters."""
    if node.get("class") == "COLUMN_REF":
        yield from node["column_names"]
    for argument in node.get("arguments", ()):
        yield from _parameters(argument.get("expression", argument))


def _unquoted(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word
