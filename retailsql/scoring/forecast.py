"""Histories in, forecasts out: a forecaster's ONNX graph over Arrow columns.

The graph takes ``history`` (rows, window), float, NaN for missing, and gives ``value`` (rows,
horizon) and ``quantiles`` (rows, horizon, levels), both in the data's units. All scaling is inside
it. Here lists become that matrix, and the matrix becomes lists of structs; both by arithmetic on
Arrow's offsets, never row by row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.errors import ScoringError
from retailsql.scoring.onnx_session import BLOCK
from retailsql.signature import Signature

if TYPE_CHECKING:
    import onnxruntime

Array = np.ndarray[Any, np.dtype[Any]]

STEP = pa.struct(
    [
        ("step", pa.int32()),
        ("value", pa.float64()),
        ("lower", pa.float64()),
        ("upper", pa.float64()),
    ]
)
"""One step of a forecast; a forecast is a list of them."""

DEFAULT_LEVEL = 0.9
LARGEST = 1e30
"""Beyond it sums of a window leave float32, the graph's element type."""

BATCH = 1024
"""Most rows per run of the graph; bounds the memory. A multiple of :data:`BLOCK`."""


class ForecastScorer:
    """Scores one forecaster.

    Args:
        session: an ``onnxruntime.InferenceSession`` of the graph, with
            ``intra_op_num_threads=1`` (more threads may change the last bits).
        signature: of kind forecaster, with options window, horizon and levels.
    """

    def __init__(self, session: onnxruntime.InferenceSession, signature: Signature) -> None:
        self._session = session
        self._window = int(signature.options["window"])
        self._horizon = int(signature.options["horizon"])
        self._levels: Array = np.asarray(signature.options["levels"], dtype=np.float64)
        self._input = signature.graph.inputs[0]
        self._outputs = [signature.graph.output, "quantiles"]

    def score(
        self, history: pa.Array, horizon: pa.Array, level: pa.Array | None = None
    ) -> pa.Array:
        """Forecast each history.

        Args:
            history: list<double> (or any list of numbers), oldest first; NULL elements are
                missing, as is everything before the first value. Of a history longer than the
                window the end is read.
            horizon: int32, steps ahead, 1 to the trained horizon.
            level: double, how much of the future the interval is to hold, .9 unless given.

        Returns:
            list<struct<step, value, lower, upper>>, one list of ``horizon`` structs per row;
            NULL where the history is NULL, empty or all NULL, or an argument is NULL.

        Raises:
            ScoringError: an infinity or a value beyond 1e30 in a history, a horizon the model was
                not trained for, or a level it does not know.
        """
        lists = _as_lists(history)
        steps, given = _numbers(horizon, np.int64)
        width, wanted = _numbers(level, np.float64)
        if level is None:
            width, wanted = np.full(len(lists), DEFAULT_LEVEL), np.ones(len(lists), dtype=bool)
        matrix = _matrix(lists, self._window)
        rows = given & wanted & np.isfinite(matrix).any(axis=1)
        self._check_horizon(steps[given])
        self._check_level(width[wanted])
        value, lower, upper = self._run(matrix[rows], width[rows])
        return _assemble(rows, steps, value, lower, upper)

    def _run(self, matrix: Array, level: Array) -> tuple[Array, Array, Array]:
        """value, lower and upper, (rows, horizon) each."""
        parts = [
            self._batch(matrix[i : i + BATCH], level[i : i + BATCH])
            for i in range(0, len(matrix), BATCH)
        ]
        if not parts:
            empty = np.zeros((0, self._horizon))
            return empty, empty, empty
        value, lower, upper = (np.concatenate(same) for same in zip(*parts, strict=True))
        return value, lower, upper

    def _batch(self, matrix: Array, level: Array) -> tuple[Array, Array, Array]:
        """One run of the graph, filled up with rows of 0 to whole blocks."""
        rows = len(matrix)
        padded = np.pad(matrix, ((0, -rows % BLOCK), (0, 0)))
        value, quantiles = self._session.run(self._outputs, {self._input: padded})
        value = np.asarray(value[:rows], dtype=np.float64)
        quantiles = np.asarray(quantiles[:rows], dtype=np.float64)
        lower = np.minimum(self._quantile(quantiles, (1 - level) / 2), value)
        upper = np.maximum(self._quantile(quantiles, (1 + level) / 2), value)
        return value, lower, upper

    def _quantile(self, quantiles: Array, p: Array) -> Array:
        """Each row's quantile p (rows,), linear between the levels of the grid."""
        p = np.clip(p, self._levels[0], self._levels[-1])
        right = np.clip(np.searchsorted(self._levels, p), 1, len(self._levels) - 1)
        low, high = self._levels[right - 1], self._levels[right]
        share = ((p - low) / (high - low))[:, None]
        row = np.arange(len(p))
        below, above = quantiles[row, :, right - 1], quantiles[row, :, right]
        return np.asarray(below + share * (above - below))

    def _check_horizon(self, steps: Array) -> None:
        """Refuse a horizon the network has no outputs for."""
        bad = steps[(steps < 1) | (steps > self._horizon)]
        if len(bad):
            wanted = int(bad.max())
            raise ScoringError(
                f"The model forecasts 1 to {self._horizon} steps, not {int(bad[0])}",
                seen=f"horizon {int(bad[0])}",
                wanted=f"horizon from 1 to {self._horizon}",
                todo=f"ask for fewer steps, or train again with OPTIONS(horizon={wanted})"
                if wanted > 0
                else "ask for at least one step",
            )

    def _check_level(self, level: Array) -> None:
        """Refuse a level outside the quantiles the graph knows."""
        widest = round(float(min(1 - 2 * self._levels[0], 2 * self._levels[-1] - 1)), 6)
        bad = level[~((level > 0) & (level <= widest + 1e-9))]
        if len(bad):
            raise ScoringError(
                "The confidence level of a forecast is out of range",
                seen=f"{bad[0]:g}",
                wanted=f"more than 0 and at most {widest:g}, the widest this model knows",
                todo="for nine in ten, write 0.9",
            )


def _as_lists(history: pa.Array) -> pa.Array:
    """The histories as one array of list<double>."""
    if isinstance(history, pa.ChunkedArray):
        history = history.combine_chunks()
    if pa.types.is_null(history.type):
        return pa.nulls(len(history), pa.list_(pa.float64()))
    return pc.cast(history, pa.list_(pa.float64()))


def _numbers(column: pa.Array | None, dtype: Any) -> tuple[Array, Array]:
    """A column's numbers (0 for NULL) and where they are not NULL."""
    if column is None:
        return np.zeros(0, dtype=dtype), np.zeros(0, dtype=bool)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    there = pc.is_valid(column).to_numpy(zero_copy_only=False)
    target = pa.int64() if dtype is np.int64 else pa.float64()
    return pc.fill_null(pc.cast(column, target), 0).to_numpy(zero_copy_only=False), there


def _matrix(lists: pa.Array, window: int) -> Array:
    """The last ``window`` values of each list, (rows, window) float32, padded left with NaN."""
    rows = len(lists)
    offsets = lists.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
    there = pc.is_valid(lists).to_numpy(zero_copy_only=False)
    begin, end = offsets[:-1], np.where(there, offsets[1:], offsets[:-1])
    values = lists.values.to_numpy(zero_copy_only=False)
    if not len(values) or not rows:
        return np.full((rows, window), np.nan, dtype=np.float32)
    _check_values(values, begin, end)
    place = end[:, None] - window + np.arange(window)[None, :]
    inside = place >= begin[:, None]
    taken = values[np.where(inside, place, 0)]
    return np.where(inside, taken, np.nan).astype(np.float32)


def _check_values(values: Array, begin: Array, end: Array) -> None:
    """Refuse what float32 cannot hold, naming the row of the batch and the value."""
    bad = np.flatnonzero(np.abs(values) > LARGEST)
    if not len(bad):
        return
    row = np.searchsorted(begin, bad, side="right") - 1
    live = np.flatnonzero((row >= 0) & (bad < end[np.maximum(row, 0)]))
    if not len(live):
        return
    at, of = int(bad[live[0]]), int(row[live[0]])
    raise ScoringError(
        f"A history holds {values[at]:g}, which cannot be forecast from",
        seen=f"value {at - int(begin[of]) + 1} of {int(end[of] - begin[of])} in its history",
        wanted="numbers of at most 1e30, or NULL for missing",
        todo="list(CASE WHEN isfinite(x) THEN x END ORDER BY day)",
    )


def _assemble(rows: Array, steps: Array, value: Array, lower: Array, upper: Array) -> pa.Array:
    """Ragged lists of structs: row i has ``steps[i]`` of them, or is NULL unless ``rows[i]``."""
    counts = np.where(rows, steps, 0)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    keep = np.arange(value.shape[1])[None, :] < steps[rows][:, None]
    number = np.broadcast_to(np.arange(1, value.shape[1] + 1, dtype=np.int32), keep.shape)
    fields = [
        pa.array(number[keep], pa.int32()),
        *(pa.array(part[keep], pa.float64()) for part in (value, lower, upper)),
    ]
    structs = pa.StructArray.from_arrays(fields, fields=list(STEP))
    return pa.ListArray.from_arrays(pa.array(offsets), structs, mask=pa.array(~rows))
