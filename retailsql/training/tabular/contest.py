"""A classifier or regressor against the deployed one, on the held-out rows of its training."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from retailsql.evaluation.splits import Rows
from retailsql.registry.store import StoredVersion
from retailsql.training import seen_rows
from retailsql.training.contest import Floats, IncomparableError, Outcome, call_of, scores_of
from retailsql.training.tabular.label import Target

LEAST_ROWS = 30
"""Fewer rows than this tell nothing about which of two models is better."""


@dataclass(frozen=True)
class RowContest:
    """What was held out, and how it is judged.

    Args:
        kind: classifier or regressor.
        target: the label of every labelled row.
        primary: the metric that decides.
        measure: ``measure(predicted, rows)``: metrics of predictions of labelled rows.
        folds: labelled rows that were held out, with what the model that had not seen them said.
        train: labelled rows that the registered model was trained on.
        places: the labelled rows among those of the training SELECT.
    """

    kind: str
    target: Target
    primary: str
    measure: Callable[[Floats, Rows], dict[str, Any]]
    folds: Sequence[tuple[Rows, Floats]]
    train: Rows
    places: Rows

    def seen(self, con: DuckDBPyConnection, rows: pa.Table, inputs: list[str]) -> Any:
        """The hashes of the rows that were trained on."""
        return seen_rows.report_of(
            con, rows.take(pa.array(self.places[self.train])), [*inputs, self.target.name]
        )

    def against(self, con: DuckDBPyConnection, old: StoredVersion, rows: pa.Table) -> Outcome:
        """See :class:`retailsql.training.contest.Contest`."""
        self._check(old, rows)
        held, own = self._held()
        known, words = seen_rows.stored(con, old), ""
        if known is not None:
            labelled = np.arange(len(self.places), dtype=np.int64)
            hashes = seen_rows.hash_rows(con, self._of(rows, labelled), known.columns)
            unseen = known.unseen(hashes, held)
            if int(unseen.sum()) < LEAST_ROWS:
                raise IncomparableError(
                    f"of the {len(held):,} held-out rows version {old.version} has not been "
                    f"trained on {int(unseen.sum()):,}, too few to tell"
                )
            if not unseen.all():
                words = f", those that version {old.version} was not trained on"
            held, own = held[unseen], own[unseen]
        theirs = self._theirs(con, old, self._of(rows, held))
        good = np.isfinite(theirs.reshape(len(theirs), -1)).all(axis=1)
        if int(good.sum()) < LEAST_ROWS:
            raise IncomparableError(
                f"version {old.version} scores {int(good.sum()):,} of {len(held):,} held-out rows"
            )
        if not good.all():
            words += f", without {int((~good).sum()):,} that version {old.version} scores NULL"
        old_value = self._figure(theirs[good], held[good])
        new_value = self._figure(own[good], held[good])
        return Outcome(old_value, new_value, f"on {int(good.sum()):,} held-out rows{words}")

    def _of(self, rows: pa.Table, labelled: Rows) -> pa.Table:
        return rows.take(pa.array(self.places[labelled]))

    def _check(self, old: StoredVersion, rows: pa.Table) -> None:
        """Refuse a version that predicts something else, or takes what the rows do not have."""
        signature, target = old.signature, self.target
        if signature.kind != self.kind:
            raise IncomparableError(f"version {old.version} is a {signature.kind}")
        if signature.label and signature.label.lower() != target.name.lower():
            raise IncomparableError(
                f"version {old.version} predicts {signature.label!r}, not {target.name!r}"
            )
        if self.kind == "classifier" and set(signature.classes) != set(target.classes):
            raise IncomparableError(f"version {old.version} knows other classes")
        there = {name.lower() for name in rows.column_names}
        lacking = [f.name for f in signature.inputs if f.name.lower() not in there]
        if lacking:
            raise IncomparableError(
                f"the rows have no column {lacking[0]!r}, which version {old.version} takes"
            )

    def _held(self) -> tuple[Rows, Floats]:
        """The held-out rows once each, and what was said of them; of repeats the first counts."""
        rows = np.concatenate([held for held, _ in self.folds])
        said = np.concatenate([own for _, own in self.folds])
        held, first = np.unique(rows, return_index=True)
        return held, said[first]

    def _theirs(self, con: DuckDBPyConnection, old: StoredVersion, rows: pa.Table) -> Floats:
        """What the old version says, (rows,) or (rows, classes) in the new one's order."""
        said = scores_of(con, call_of(old).over_row("p"), rows)
        signature, width = old.signature, len(self.target.classes)
        if not width:
            return np.array([math.nan if v is None else v for v in said], np.float64)
        board: NDArray[np.float64] = np.full((len(said), width), np.nan)
        for row, value in enumerate(said):
            if value is not None:
                board[row] = [1.0 - value, value] if signature.binary else value
        if signature.binary:
            order = [next(c for c in signature.classes if c != signature.positive_class),
                     signature.positive_class]  # fmt: skip
        else:
            order = list(signature.classes)
        board = np.clip(board[:, [order.index(c) for c in self.target.classes]], 0.0, 1.0)
        # float32 probabilities sum to 1 give or take 1e-7, of which metrics would complain
        normal: Floats = board / board.sum(axis=1, keepdims=True)
        return normal

    def _figure(self, said: Floats, rows: Rows) -> float:
        value = self.measure(said, rows).get(self.primary)
        if value is None or not math.isfinite(value):
            raise IncomparableError(
                f"{self.primary} cannot be computed on the {len(rows):,} rows that both score"
            )
        return float(value)
