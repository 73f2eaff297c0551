"""STRUCT and ARRAY columns as plain features, as BigQuery ML documents its automatic preprocessing.

=============================  =====================================================================
column                         features
=============================  =====================================================================
STRUCT                         its fields, ``<column>_<field>``
ARRAY of numbers               its elements, ``<column>_1`` to ``<column>_n``; all rows equally long
ARRAY of anything else         one for each of its most frequent values, 1 where the array holds it;
                               ``<column>_null`` where it is NULL or holds a NULL
ARRAY<STRUCT<INT64, number>>   one for each index seen, ``<column>_<index>``; 0 where it is missing
=============================  =====================================================================

What data say (lengths, values, indexes) is written down as literals: an implied TRANSFORM.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from duckdb import DuckDBPyConnection

from retailsql.errors import TrainingError
from retailsql.registry.fetch import first_row
from retailsql.registry.names import literal, quote
from retailsql.signature import NUMBER_TYPES, Step
from retailsql.training.transform.frozen import sql_literal

MOST_FEATURES = 1000
"""At most so many features of one array: each is an argument of the hidden function."""

Parts = tuple[str | int, ...]


def is_nested(sql_type: Any) -> bool:
    """True for the DuckDB types that this file makes plain."""
    return sql_type.id in ("struct", "list", "array")


@dataclass
class Flattener:
    """Adds the steps that make nested columns plain.

    Args:
        con: where the rows are.
        rows: the training rows, as SQL that may stand after FROM; steps refer to their columns.
        raw: the raw columns' names, in order.
        steps: the steps so far, added to.
    """

    con: DuckDBPyConnection
    rows: str
    raw: Sequence[str]
    steps: list[Step]
    names: set[str] = field(default_factory=set)

    def flatten(self, step: int, sql_type: Any) -> list[str]:
        """The names of the features that a step's column gives.

        Args:
            step: position among the steps.
            sql_type: its DuckDB type.

        Raises:
            TrainingError: arrays of different lengths, or too many values.
        """
        return list(self._flatten(self.steps[step].name, len(self.raw) + step, sql_type))

    def _flatten(self, name: str, at: int, sql_type: Any) -> Iterator[str]:
        if sql_type.id == "struct":
            for key, kind in sql_type.children:
                yield from self._child(
                    f"{name}_{key}", ("struct_extract(", at, f", {literal(key)})"), kind
                )
        elif sql_type.id in ("list", "array"):
            inner = dict(sql_type.children)["child"]
            if inner.id == "struct" and _is_sparse(inner):
                yield from self._sparse(name, at, inner)
            elif str(inner).split("(")[0] in NUMBER_TYPES:
                yield from self._elements(name, at)
            elif is_nested(inner) or inner.id == "map":
                raise TrainingError(
                    f"Column {name!r} is an array of what no feature can be made of",
                    seen=str(sql_type), wanted="an array of numbers, texts or (index, value) pairs",
                    todo=f"leave it out: * EXCLUDE ({name})",
                )  # fmt: skip
            else:
                yield from self._multi_hot(name, at)

    def _child(self, name: str, parts: Parts, sql_type: Any) -> Iterator[str]:
        position = self._add(name, parts, hidden=is_nested(sql_type))
        if is_nested(sql_type):
            yield from self._flatten(name, position, sql_type)
        else:
            yield self.steps[position - len(self.raw)].name

    def _add(self, name: str, parts: Parts, hidden: bool = False) -> int:
        """A step more; its name is made unlike all others, in any case."""
        taken = {s.name.lower() for s in self.steps}
        unique, i = f"{name}[]" if hidden else name, 2
        while unique.lower() in taken:
            unique, i = f"{name}_{i}", i + 1
        self.steps.append(Step(unique, parts))
        return len(self.raw) + len(self.steps) - 1

    def _elements(self, name: str, at: int) -> Iterator[str]:
        lengths = self._ask(f"SELECT list_sort(list(DISTINCT len(a))) FROM ({self._arrays(at)})")
        if len(lengths) > 1:
            raise TrainingError(
                f"The arrays of column {name!r} are not equally long",
                seen=f"lengths {', '.join(map(str, lengths[:10]))}",
                wanted="the same length in every row, element by element one feature",
                todo=f"make them so, or take numbers of them: list_avg({name}) AS {name}",
            )
        self._check_many(name, lengths[0] if lengths else 0)
        many = lengths[0]
        wrong = (
            f"error({literal(f'Column {name!r} is an array of another length than in training. ')} "
            f"|| 'Seen: ' || len(__rs) || '. Wanted: {many}.')"
        )
        dense = self._add(
            name,
            ("list_transform([CAST(", at, " AS DOUBLE[])], lambda __rs: CASE WHEN len(__rs) "
             f"<> {many} THEN {wrong} ELSE __rs END)[1]"),
            hidden=True,
        )  # fmt: skip
        for i in range(1, many + 1):
            yield from self._leaf(f"{name}_{i}", (dense, f"[{i}]"))

    def _multi_hot(self, name: str, at: int) -> Iterator[str]:
        array = f"SELECT CAST(a AS VARCHAR[]) AS a FROM ({self._arrays(at)})"
        counted = f"SELECT unnest(list_distinct(a)) AS v FROM ({array})"
        words = self._ask(
            "SELECT list(v ORDER BY v) FROM (SELECT v FROM "
            f"({counted}) GROUP BY v ORDER BY count(*) DESC, v LIMIT {MOST_FEATURES})"
        )  # fmt: skip
        has_null = self._ask(
            f"SELECT bool_or(a IS NULL OR {_holds_null('a')}) FROM ({array})"
        )  # fmt: skip
        self._check_many(name, len(words) + bool(has_null))
        known = sql_literal(words, "VARCHAR[]")
        held = f"list_transform({known}, lambda __rs_w: list_contains(__rs, __rs_w))"
        # A NULL array holds none of the words: list_contains says NULL of it.
        flags = f"list_append({held}, __rs IS NULL OR {_holds_null('__rs')})"
        dense = self._add(
            name,
            ("list_transform([CAST(", at, " AS VARCHAR[])], lambda __rs: list_transform("
             f"{flags}, lambda __rs_b: CASE WHEN __rs_b THEN 1.0 ELSE 0.0 END))[1]"),
            hidden=True,
        )  # fmt: skip
        for i, word in enumerate(words, 1):
            yield from self._leaf(f"{name}_{word}", (dense, f"[{i}]"))
        if has_null:
            yield from self._leaf(f"{name}_null", (dense, f"[{len(words) + 1}]"))

    def _sparse(self, name: str, at: int, inner: Any) -> Iterator[str]:
        index, value = (quote(key) for key, _ in inner.children)
        seen = self._ask(
            "SELECT list_sort(list(DISTINCT v)) FROM (SELECT unnest(list_transform(a, lambda e: "
            f"CAST(e.{index} AS BIGINT))) AS v FROM ({self._arrays(at)})) WHERE v IS NOT NULL"
        )  # fmt: skip
        self._check_many(name, len(seen))
        total = (
            f"coalesce(list_sum(list_transform(list_filter(__rs, lambda __rs_e: __rs_e.{index} = "
            f"__rs_i), lambda __rs_e: CAST(__rs_e.{value} AS DOUBLE))), 0.0)"
        )
        indexes = "[" + ", ".join(map(str, seen)) + "]"
        dense = self._add(
            name,
            ("list_transform([", at,
             f"], lambda __rs: list_transform({indexes}, lambda __rs_i: {total}))[1]"),
            hidden=True,
        )  # fmt: skip
        for k, number in enumerate(seen, 1):
            yield from self._leaf(f"{name}_{number}", (dense, f"[{k}]"))

    def _leaf(self, name: str, parts: Parts) -> Iterator[str]:
        yield self.steps[self._add(name, parts) - len(self.raw)].name

    def _check_many(self, name: str, many: int) -> None:
        if not 1 <= many <= MOST_FEATURES:
            raise TrainingError(
                f"The arrays of column {name!r} give {'too many' if many else 'no'} features",
                seen=f"{many:,}", wanted=f"1 to {MOST_FEATURES:,}",
                todo="take fewer values (top_k), hash them into fewer, or leave the column out",
            )  # fmt: skip

    def _arrays(self, at: int) -> str:
        """The arrays of a step, as a query of one column ``a``."""
        known = [quote(name) for name in self.raw]
        for step in self.steps:
            known.append(step.sql(known.__getitem__))
        return f"SELECT {known[at]} AS a FROM {self.rows}"

    def _ask(self, query: str) -> Any:
        row = first_row(self.con, query)
        value = row[0] if row else None
        return [x for x in value if x is not None] if isinstance(value, list) else value or []


def _holds_null(array: str) -> str:
    return f"list_contains(list_transform({array}, lambda __rs_e: __rs_e IS NULL), true)"


def _is_sparse(inner: Any) -> bool:
    """True for a struct of a whole number and a number."""
    kinds = [str(kind).split("(")[0] for _, kind in inner.children]
    whole = set(NUMBER_TYPES) - {"DOUBLE", "FLOAT", "DECIMAL"}
    return len(kinds) == 2 and kinds[0] in whole and kinds[1] in NUMBER_TYPES
