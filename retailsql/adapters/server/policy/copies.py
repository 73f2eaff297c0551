"""Macros in macros: each writes its arguments out as often as its body names them, so that
``round(round(round(...)))`` grows by the power, in a planner that hears no interrupt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from retailsql.adapters.server.policy.context import Asked
from retailsql.adapters.server.policy.names import fold
from retailsql.adapters.server.policy.tree import FunctionUse
from retailsql.adapters.server.records import PgError

COPIES = 5_000
"""Of one expression."""

_MODEL, _OTHER = 50, 8  # copies that a model's function makes of a row; a macro of the warehouse
_BODIES = (
    "SELECT database_name, function_name, parameters, macro_definition "
    "FROM system.main.duckdb_functions() WHERE function_type = 'macro' AND NOT internal "
    "AND schema_name = 'main' AND database_name = ?"
)
_shim: dict[str, dict[str, int]] = {}


def check_copies_of_macros(asked: Asked, tree: Any, used: list[FunctionUse]) -> None:
    """Refuse macros in macros that would be written out beyond measure.

    Args:
        asked: who asks.
        tree: of the query.
        used: all functions in it.

    Raises:
        PgError: 54001.
    """
    weights: dict[str, int] = {}
    most = 1
    for use in used:
        name = fold(use.path[-1])
        if name not in weights:
            weights[name] = _weight(asked, name)
        most *= weights[name]
    if most <= COPIES:
        return
    for node in _nodes(tree):
        if node.get("type") == "SELECT_NODE":
            _check_select(node, weights)


def _weight(asked: Asked, name: str) -> int:
    """How often a function writes its argument out; 1: it is no macro."""
    most = 1
    for function in asked.names.functions.get(name, ()):
        if asked.shim.holds(function.place.database):
            bodies = _bodies(asked, function.place.database)
            most = max(most, bodies.get(name, 1))
        elif not function.table:
            most = max(most, _MODEL if function.model else _OTHER)
    return most


def _bodies(asked: Asked, database: str) -> dict[str, int]:
    """The macros of the catalog's database, which stay as they are: read once."""
    if database not in _shim:
        found: dict[str, int] = {}
        for _, name, parameters, body in asked.con.execute(_BODIES, [database]).fetchall():
            uses = [len(re.findall(rf"(?i)\b{re.escape(p)}\b", body)) for p in parameters or ()]
            found[fold(name)] = max([1, found.get(fold(name), 1), *uses])
        _shim[database] = found
    return _shim[database]


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    work = [tree]
    while work:
        node = work.pop()
        if isinstance(node, dict):
            yield node
            work += node.values()
        elif isinstance(node, list):
            work += node


def _check_select(node: dict[str, Any], weights: dict[str, int]) -> None:
    """One SELECT: an alias stands for its whole expression wherever it is named."""
    sizes: dict[str, int] = {}
    for item in node.get("select_list") or ():
        size = _size(item, weights, sizes)
        if isinstance(item, dict) and item.get("alias"):
            sizes[fold(str(item["alias"]))] = size
    rest = [v for k, v in node.items() if k not in ("select_list", "from_table", "cte_map")]
    _size(rest, weights, sizes)


def _size(item: Any, weights: dict[str, int], sizes: dict[str, int]) -> int:
    most, work = 1, [(item, 1)]
    while work:
        node, factor = work.pop()
        if isinstance(node, dict):
            if node.get("class") == "FUNCTION":
                factor *= weights.get(fold(str(node["function_name"])), 1)
            elif node.get("class") == "COLUMN_REF":
                factor *= sizes.get(fold(str(node["column_names"][-1])), 1)
            work += [(v, factor) for v in node.values() if isinstance(v, (dict, list))]
        elif isinstance(node, list):
            work += [(v, factor) for v in node]
        if factor > COPIES:
            raise PgError(
                "54001", "statement would become too large: functions are nested too deeply",
                hint="Compute the inner ones in a subquery.",
            )  # fmt: skip
        most = max(most, factor)
    return most
