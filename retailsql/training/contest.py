"""Two versions of a model on the same held-out rows: what a family gives, and what comes out.

A family that can be judged row by row puts a :class:`Contest` into ``Fitted``; ``deployment`` holds
it when ``OPTIONS(deploy = 'if_better')`` asks which of two versions is to be used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from retailsql.functions.calls import Call
from retailsql.registry.store import StoredVersion

Floats = NDArray[np.float64]
SAMPLE = "__rs_contest"


class IncomparableError(Exception):
    """Two versions cannot be judged on the same rows; the message is the reason, in words.

    It never leaves ``training``: the decision is then made by another rule, which the result row
    tells.
    """


@dataclass(frozen=True)
class Outcome:
    """What two versions are worth on the same rows.

    Args:
        old: the deployed version's value of the primary metric.
        new: the new version's.
        words: which rows, such as ``on 412 held-out rows``.
    """

    old: float
    new: float
    words: str


class Contest(Protocol):
    """What a family keeps of its evaluation, to judge another version by it."""

    def against(self, con: DuckDBPyConnection, old: StoredVersion, rows: pa.Table) -> Outcome:
        """Judge the old version on the rows the new one was judged on.

        Args:
            con: where the old version's hidden function is.
            old: the deployed version.
            rows: the rows of the training SELECT, before TRANSFORM.

        Raises:
            IncomparableError: with the reason.
        """

    def seen(self, con: DuckDBPyConnection, rows: pa.Table, inputs: list[str]) -> Any:
        """What is stored of the rows that were trained on; None if nothing is."""


def scores_of(con: DuckDBPyConnection, expression: str, rows: pa.Table) -> list[Any]:
    """An expression over each row, in the order of the rows; the row's alias is ``p``."""
    at = pa.array(np.arange(len(rows), dtype=np.int64))
    con.register(SAMPLE, rows.append_column("__rs_at", at))
    try:
        found = con.execute(f"SELECT {expression} FROM {SAMPLE} AS p ORDER BY __rs_at").fetchall()
    finally:
        con.unregister(SAMPLE)
    return [value for (value,) in found]


def call_of(old: StoredVersion) -> Call:
    """The call of a stored version's own hidden function."""
    return Call(old.name.name, old.content_hash, old.signature)
