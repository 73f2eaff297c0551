"""A walk over DuckDB's own tree of a query: which relations and functions does it use?

The walk goes through every dictionary and list of the tree, whatever key it hangs on, so that a
subquery in a place nobody thought of is found; a node of an unknown kind ends it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from retailsql.adapters.server.policy import growth, limits, nodes
from retailsql.adapters.server.policy.names import Path, fold
from retailsql.adapters.server.policy.stars import check_stars
from retailsql.adapters.server.records import PgError

Scope = frozenset[str]
"""Names, in lower case, of the queries behind WITH that a part of a statement sees."""


class TableUse(NamedTuple):
    """A relation is read by its name."""

    path: Path


class FunctionUse(NamedTuple):
    """A function is called.

    Args:
        path: its name.
        arguments: their nodes.
        table: it stands after FROM.
        scope: what a text argument could name beside tables.
    """

    path: Path
    arguments: list[Any]
    table: bool
    scope: Scope


class TypeUse(NamedTuple):
    """A type is named."""

    path: Path


class WriteUse(NamedTuple):
    """A relation is written: ``INSERT``, ``UPDATE``, ``DELETE``."""

    word: str
    path: Path


@dataclass
class Uses:
    """What a statement uses."""

    tables: list[TableUse] = field(default_factory=list)
    functions: list[FunctionUse] = field(default_factory=list)
    types: list[TypeUse] = field(default_factory=list)
    writes: list[WriteUse] = field(default_factory=list)
    relations: int = 0
    joins: int = 0
    copies: int = 1
    growth: growth.Growth = field(default_factory=growth.Growth)
    never: set[str] = field(default_factory=set)
    read: Counter[str] = field(default_factory=Counter)


def uses_of(tree: Any) -> Uses:
    """What a serialized query uses.

    Args:
        tree: of ``json_serialize_sql``.

    Raises:
        PgError: 0A000 for a kind of node that is not known, 54001 for too many relations.
    """
    uses = Uses()
    work: list[tuple[Any, Scope]] = [(tree, frozenset())]
    while work:
        node, scope = work.pop()
        if isinstance(node, list):
            kept = [(item, scope) for item in node if not _is_constant(item)]
            uses.growth.values += len(node) - len(kept)
            work += kept
        elif isinstance(node, dict):
            _visit(node, scope, uses, work)
    uses.copies = growth.copies(uses.never, uses.read)
    check_stars(tree)
    if not uses.writes:
        uses.growth.check_values()
    return uses


def _is_constant(node: Any) -> bool:
    """True for what uses nothing: long lists are mostly of such."""
    return isinstance(node, dict) and node.get("class") == "CONSTANT"


def _visit(node: dict[str, Any], scope: Scope, uses: Uses, work: list[tuple[Any, Scope]]) -> None:
    """Note what one node uses and put its children on the list of work."""
    kind = node.get("type")
    skipped: set[str] = set()
    if "class" in node:
        _expression(node, scope, uses)
    elif isinstance(kind, str):
        if kind in nodes.RELATIONS:
            _relation(node, kind, scope, uses)
        elif kind in nodes.WRITES:
            _write(node, nodes.WRITES[kind], uses)
        elif kind not in nodes.QUERIES and kind not in nodes.MODIFIERS:
            raise _unknown(kind)
        growth.check_node(node)
    if isinstance(node.get("cte_map"), dict):
        scope = _with(node, scope, uses, work)
        skipped = skipped | {"cte_map"}
    if kind == "RECURSIVE_CTE_NODE":
        # Only the second half of a recursive query sees the query itself.
        own = frozenset([fold(str(node["cte_name"])), _recurring(node["cte_name"])])
        work.append((node["right"], scope | own))
        skipped = skipped | {"right"}
    if kind == "TABLE_FUNCTION":
        # The function itself was noted as one of tables; its node is walked without that.
        work.append((list(node["function"].values()), scope))
        skipped = skipped | {"function"}
    work += [
        (value, scope)
        for key, value in node.items()
        if isinstance(value, (dict, list)) and key not in nodes.DATA and key not in skipped
    ]


def _recurring(name: object) -> str:
    """How ``recurring.x`` is held in a scope; no name of a query has a zero byte."""
    return f"recurring\0{fold(str(name))}"


def _with(node: dict[str, Any], scope: Scope, uses: Uses, work: list[tuple[Any, Scope]]) -> Scope:
    """Each query behind WITH sees those before it; returned is what the node's rest sees."""
    for entry in node["cte_map"]["map"]:
        work.append((entry["value"], scope))
        scope = scope | {fold(str(entry["key"]))}
        if entry["value"].get("materialized") == "CTE_MATERIALIZE_NEVER":
            uses.never.add(fold(str(entry["key"])))
    return scope


def _expression(node: dict[str, Any], scope: Scope, uses: Uses) -> None:
    kind = node["class"]
    if kind not in nodes.EXPRESSIONS:
        raise _unknown(str(kind))
    uses.growth.add(node)
    if kind == "FUNCTION":
        path = _path(node, "function_name")
        if node.get("export_state"):
            raise PgError("0A000", "EXPORT_STATE is not supported")
        uses.functions.append(FunctionUse(path, node["arguments"], False, scope))
    elif kind == "TYPE":
        uses.types.append(TypeUse(_path(node, "type_name")))
    elif kind == "WINDOW":
        uses.functions.append(FunctionUse(_path(node, "function_name"), [], False, scope))


def _relation(node: dict[str, Any], kind: str, scope: Scope, uses: Uses) -> None:
    uses.relations += 1
    uses.joins += kind == "JOIN"
    limits.check_reads(uses.relations, uses.joins)
    if kind == "BASE_TABLE":
        path = _path(node, "table_name")
        uses.read[fold(path[-1])] += 1
        if not _in_scope(path, scope):
            uses.tables.append(TableUse(path))
    elif kind == "TABLE_FUNCTION":
        function = node["function"]
        if function.get("class") != "FUNCTION":
            raise _unknown(str(function.get("class")))
        path = _path(function, "function_name")
        uses.functions.append(FunctionUse(path, function["arguments"], True, scope))
    elif kind == "SHOW_REF" and node.get("query") is None:
        path = _path(node, "table_name")
        if node["show_type"] not in ("DESCRIBE", "SHOW", "SUMMARY"):
            raise PgError(
                "42501", "permission denied for SHOW in a query",
                hint="SHOW TABLES as a statement of its own, or ask information_schema.tables",
            )  # fmt: skip
        if not _in_scope(path, scope):
            uses.tables.append(TableUse(path))


def _write(node: dict[str, Any], word: str, uses: Uses) -> None:
    if word not in ("INSERT", "UPDATE", "DELETE"):
        raise PgError("42501", f"permission denied for {word}")
    target = node if word == "INSERT" else node["table"]
    if word != "INSERT" and target.get("type") != "BASE_TABLE":
        raise _unknown(str(target.get("type")))
    path = _path(target, "table" if word == "INSERT" else "table_name")
    uses.writes.append(WriteUse(word, path))
    if node.get("returning_list"):
        uses.tables.append(TableUse(path))


def _in_scope(path: Path, scope: Scope) -> bool:
    if len(path) == 1:
        return fold(path[0]) in scope
    return len(path) == 2 and fold(path[0]) == "recurring" and _recurring(path[1]) in scope


def _path(node: dict[str, Any], last: str) -> Path:
    """A qualified name; both forms in which the tree tells it must agree on the last part."""
    path = tuple(node.get("qualified_name", {}).get("path", ()))
    if not path:
        catalog = node.get("catalog_name") or node.get("catalog")
        told = (catalog, node.get("schema_name") or node.get("schema"))
        path = (*(part for part in told if part), node[last])
    if not all(isinstance(part, str) for part in path) or not 1 <= len(path) <= 3:
        raise PgError("0A000", "a name has at most three parts: database.schema.name")
    return path


def _unknown(kind: str) -> PgError:
    return PgError("0A000", f"{kind.lower().replace('_', ' ')} is not supported")
