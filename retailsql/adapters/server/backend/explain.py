"""EXPLAIN: DuckDB's plan, in the one column in which PostgreSQL's clients look for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from duckdb.sqltypes import DuckDBPyType

from retailsql.adapters.server.backend.query import Query
from retailsql.adapters.server.backend.result import Plan, Result, text_fields, text_rows
from retailsql.adapters.server.backend.script import Part, name_at
from retailsql.adapters.server.records import Field, PgError
from retailsql.dialect.tokens import Walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailsql.adapters.server.backend.context import Context

_NAME = "QUERY PLAN"
_SWITCHES = frozenset({
    "verbose", "costs", "settings", "buffers", "wal", "timing", "summary", "generic_plan",
    "memory", "serialize",
})  # fmt: skip
"""PostgreSQL's options that change nothing here."""


@dataclass
class Explained:
    """A plan that shows the plan of a query.

    Args:
        query: EXPLAIN and the query, planned like any other statement.
    """

    query: Query
    fields: list[Field] | None = field(default_factory=lambda: text_fields(_NAME))
    parameters: list[int] = field(init=False)
    targets: list[DuckDBPyType | None] = field(init=False)

    def __post_init__(self) -> None:
        self.parameters, self.targets = self.query.parameters, self.query.targets

    def run(self, values: Sequence[Any]) -> Result:
        """Run it."""
        result = self.query.run(values)

        def lines() -> Iterator[Any]:
            for batch in result.batches:
                for text in batch.column(batch.num_columns - 1).to_pylist():
                    yield text_rows([_NAME], [[line] for line in str(text).splitlines()])

        return Result(
            "EXPLAIN", self.fields, lines(), close=result.close, counted=False, limited=False
        )


def explain(ctx: Context, part: Part, oids: Sequence[int] = ()) -> Plan:
    """``EXPLAIN [ANALYZE] [VERBOSE] query`` and ``EXPLAIN (option, ...) query``."""
    walk = part.walk()
    walk.expect("EXPLAIN")
    analyze, form = False, ""
    if walk.peek() == "(" and walk.peek(1) not in ("SELECT", "WITH", "VALUES", "("):
        start, stop = walk.group()
        for span in walk.split(start, stop):
            name, value = _option(walk.sub(*span))
            if name == "analyze":
                analyze = value not in ("false", "off", "0")
            elif name == "format":
                form = _format(value)
            elif name not in _SWITCHES:
                raise PgError("42601", f'unrecognized EXPLAIN option "{name}"')
    while walk.peek() in ("ANALYZE", "ANALYSE", "VERBOSE"):
        analyze = analyze or walk.peek() != "VERBOSE"
        walk.at += 1
    inner = part.rest(walk.at)
    options = [w for w in ("ANALYZE" if analyze else "", form) if w]
    head = f"EXPLAIN ({', '.join(options)}) " if options else "EXPLAIN "
    return Explained(Query(ctx, inner, oids, head=head))


def _option(walk: Walk) -> tuple[str, str]:
    name = name_at(walk)
    return name, "" if walk.done else str(walk.tokens[walk.at].text).lower()


def _format(value: str) -> str:
    if value not in ("text", "json"):
        raise PgError("0A000", f'EXPLAIN format "{value}" is not supported')
    return "FORMAT json" if value == "json" else ""
