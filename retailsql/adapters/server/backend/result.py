"""What a statement is before it runs (a plan) and while it runs (a result)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa
from duckdb import DuckDBPyConnection

from retailsql.adapters.server.records import Answer, Field


def nothing() -> None:
    """What is to be done at the end of most results."""


@dataclass
class Result:
    """A statement that runs or has run.

    Args:
        tag: of the command; the number of rows is put behind it where there are rows.
        fields: of its rows; None: it has none.
        batches: its rows, as they come.
        answers: for a result that is no rows at all, such as COPY's: sent as they are.
        rows: how many rows it changed, for the audit log.
        con: whose open result this is; None: nobody's.
        close: called once, when the last row was read or nobody wants more.
        counted: the number of rows belongs into the tag.
        limited: its rows count against the role's limit: not those of lists.
        free: so many rows it may have whatever the role's limit: tools read the catalog.
    """

    tag: str
    fields: list[Field] | None = None
    batches: Iterator[pa.RecordBatch] = field(default_factory=lambda: iter(()))
    answers: Iterator[Answer] | None = None
    rows: int = 0
    con: DuckDBPyConnection | None = None
    close: Callable[[], None] = nothing
    counted: bool = True
    limited: bool = True
    free: int = 0


class Plan(Protocol):
    """A statement that can be described and run."""

    fields: list[Field] | None
    """Its columns; None: it returns no rows."""
    parameters: list[int]
    """PostgreSQL's numbers of the types of its parameters."""

    def run(self, values: Sequence[Any]) -> Result:
        """Run it with these values, already in Python's types."""


@dataclass
class Command:
    """A plan without parameters that calls a function."""

    do: Callable[[], Result]
    fields: list[Field] | None = None
    parameters: list[int] = field(default_factory=list)

    def run(self, values: Sequence[Any]) -> Result:
        """Call it."""
        return self.do()


def text_fields(*names: str) -> list[Field]:
    """Columns of type text.

    >>> text_fields("name")[0].oid
    25
    """
    return [Field(name, 25, -1) for name in names]


def text_rows(names: Sequence[str], rows: Iterable[Sequence[str | None]]) -> pa.RecordBatch:
    """Rows of text as a batch.

    >>> text_rows(["a"], [["x"], [None]]).num_rows
    2
    """
    held = list(rows)
    columns = [pa.array([row[i] for row in held], pa.string()) for i in range(len(names))]
    return pa.RecordBatch.from_arrays(columns, names=list(names))


def done(tag: str) -> Result:
    """The result of a command without rows."""
    return Result(tag, counted=False)
