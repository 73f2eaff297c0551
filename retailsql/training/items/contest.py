"""A recommender against the deployed one, on the customers held out of its training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from retailsql.evaluation.ranking import ranking_metrics
from retailsql.registry.store import StoredVersion
from retailsql.training.contest import Floats, IncomparableError, Outcome, call_of, scores_of
from retailsql.training.items.purchases import Bools

SHOWN = 20
"""The longest list that a metric looks at."""


@dataclass(frozen=True)
class CustomerContest:
    """Customers, what they had bought before the cutoff, and what they bought after it.

    Args:
        items: the items' ids as text, in code order.
        histories: item codes of each customer's purchases before the cutoff, oldest first.
        truth: (customers, items), what was bought after it.
        seen_before: (customers, items), what was bought before it.
        cutoff: days since 1970-01-01; None where the purchases have no times.
        label: the item column.
        primary: the metric that decides.
        value: the new version's.
    """

    items: tuple[str, ...]
    histories: Sequence[Sequence[int]]
    truth: Bools
    seen_before: Bools
    cutoff: float | None
    label: str
    primary: str
    value: float

    def seen(self, con: DuckDBPyConnection, rows: pa.Table, inputs: list[str]) -> Any:
        """Nothing: what was seen is told by the time of the last purchase."""
        return None

    def against(self, con: DuckDBPyConnection, old: StoredVersion, rows: pa.Table) -> Outcome:
        """See :class:`retailsql.training.contest.Contest`."""
        as_of = self._check(old)
        if self.cutoff is None or (as_of - datetime(1970, 1, 1)).total_seconds() / 86_400 >= (
            self.cutoff
        ):
            raise IncomparableError(
                f"version {old.version} was trained on some of the purchases that are held out"
            )
        board = self._theirs(con, old)
        told = ranking_metrics(board, self.truth, self.seen_before).get(self.primary)
        if told is None:
            raise IncomparableError(f"{self.primary} cannot be computed")
        return Outcome(told, self.value, f"on {len(self.truth):,} held-out customers")

    def _check(self, old: StoredVersion) -> datetime:
        """The time of the old version's last purchase."""
        as_of = old.signature.options.get("histories_as_of")
        if old.signature.label.lower() != self.label.lower():
            raise IncomparableError(
                f"version {old.version} recommends {old.signature.label!r}, not {self.label!r}"
            )
        if not as_of:
            raise IncomparableError(f"version {old.version} does not say until when it was trained")
        return datetime.fromisoformat(str(as_of))

    def _theirs(self, con: DuckDBPyConnection, old: StoredVersion) -> Floats:
        """(customers, items): 20 for the first of the old version's list, 1 for its last."""
        texts = [[self.items[code] for code in history] for history in self.histories]
        novel = "false" if self.primary.endswith("_all") else "true"
        listed = scores_of(
            con,
            f"list_transform({call_of(old).function}(p.history, {SHOWN}, {novel}), "
            "lambda x: CAST(x.item_id AS VARCHAR))",
            pa.table({"history": pa.array(texts, pa.list_(pa.string()))}),
        )
        code = {name: place for place, name in enumerate(self.items)}
        board = np.full(self.truth.shape, -np.inf)
        for row, names in enumerate(listed):
            for rank, name in enumerate(names or []):
                if name in code:
                    board[row, code[name]] = SHOWN - rank
        return board
