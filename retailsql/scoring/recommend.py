"""Recommendations: histories or customer ids in, lists of items out.

A prediction is a pure function of the history: which known items, how often, and how far from its
end. Unknown items and NULL elements are dropped first; of the rest, the last ``max_history`` weigh
and all count as seen. Nothing depends on the other rows of a call.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.errors import ScoringError
from retailsql.signature import Signature

if TYPE_CHECKING:
    import onnxruntime as ort

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
Histories = Callable[[], Mapping[str, Sequence[str]] | pa.Table]

MAX_ROWS = 256
MAX_CELLS = 2_000_000
"""Bounds of one call of the graph: rows, and rows x longest history x neighbours (24 bytes)."""


@dataclass(frozen=True)
class _Events:
    """The distinct items of each row: row after row, in code order within a row."""

    start: Ints  # (rows + 1,)
    code: Ints
    weight: Floats
    count: Floats


class RecommendScorer:
    """Scores histories with a recommender's graph.

    Args:
        session: the graph (see ``training/items/knn_graph.py`` for its inputs and outputs).
        signature: of kind recommender; its options hold items, item_type, num_neighbors,
            max_history, history_half_life and history_floor.
        histories: called once, at the first call by id: id as text -> items oldest first, or a
            table with columns key and items.
    """

    def __init__(
        self, session: ort.InferenceSession, signature: Signature, histories: Histories
    ) -> None:
        options = signature.options
        self._session, self._load, self._lock = session, histories, threading.Lock()
        self._names = pa.array(options["items"], pa.string())
        self._bigint = options["item_type"] == "BIGINT"
        self._ids = self._names.cast(pa.int64()) if self._bigint else self._names
        self._neighbours = max(1, int(options["num_neighbors"]))
        self._max_history = int(options["max_history"])
        # A table, since a power may differ in its last bit with its place in a vector.
        floor, half_life = float(options["history_floor"]), float(options["history_half_life"])
        back = np.arange(self._max_history)
        self._decay = np.append(floor + (1 - floor) * 0.5 ** (back / half_life), 0.0)
        self._stored: tuple[dict[str, int], Ints, Ints] | None = None

    @property
    def type(self) -> pa.DataType:
        """The Arrow type of a result: list<struct<item_id, score: double, rank: int32>>."""
        fields = [("item_id", self._ids.type), ("score", pa.float64()), ("rank", pa.int32())]
        return pa.list_(pa.struct(fields))

    def score(self, who: pa.Array, k: pa.Array, exclude_seen: pa.Array) -> pa.Array:
        """The best items of each row, best first; ties by the order of the item's text.

        Args:
            who: histories (a list array of items, oldest first) or customer ids (any scalar
                type; 12 and 12.0 are the same id).
            k: how many items at most; more than there are gives all.
            exclude_seen: True leaves out the items of the history.

        Returns:
            Array of :attr:`type`, one list a row. NULL where any argument is NULL. An unknown
            customer, or a history without any known item, gets the popular items.

        Raises:
            ScoringError: a k that is below 1 or no whole number, or ids of a type that is none.
        """
        who, k, exclude_seen = (_one(a) for a in (who, k, exclude_seen))
        valid = pc.and_(pc.and_(who.is_valid(), k.is_valid()), exclude_seen.is_valid())
        valid_rows = valid.to_numpy(zero_copy_only=False).astype(bool)
        wanted = np.where(valid_rows, _whole(k), 1)
        if len(wanted) and wanted.min() < 1:
            raise _bad_k(int(wanted.min()))
        exclude = pc.fill_null(exclude_seen.cast(pa.bool_()), False).to_numpy(zero_copy_only=False)
        rows, codes = self._from_lists(who) if _is_list(who.type) else self._from_ids(who)
        events = self._events(rows, codes, len(who))
        return self._assemble(events, np.where(valid_rows, wanted, 0), exclude.astype(bool))

    def _from_lists(self, who: pa.Array) -> tuple[Ints, Ints]:
        """Row and item code of every known element."""
        lengths = pc.fill_null(pc.list_value_length(who), 0).to_numpy(zero_copy_only=False)
        rows = np.repeat(np.arange(len(who), dtype=np.int64), lengths)
        return _known(rows, self._encode(who.flatten()))

    def _from_ids(self, who: pa.Array) -> tuple[Ints, Ints]:
        index, start, stored = self._histories()
        places = [-1 if key is None else index.get(key, -1) for key in as_text(who).to_pylist()]
        place = np.asarray(places, dtype=np.int64)
        known = np.flatnonzero(place >= 0)
        first = start[place[known]]
        lengths = start[place[known] + 1] - first
        rows = np.repeat(known, lengths)
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return _known(rows, stored[np.repeat(first, lengths) + within])

    def _histories(self) -> tuple[dict[str, int], Ints, Ints]:
        """Stored histories: key -> place, start of each place, item codes of all places."""
        with self._lock:
            if self._stored is None:
                loaded = self._load()
                if isinstance(loaded, Mapping):
                    keys, lists = list(loaded), pa.array(loaded.values(), pa.list_(pa.string()))
                else:
                    keys, lists = loaded["key"].to_pylist(), _one(loaded["items"])
                lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(
                    zero_copy_only=False
                )
                start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
                index = {key: place for place, key in enumerate(keys)}
                self._stored = index, start, self._encode(lists.flatten())
            return self._stored

    def _encode(self, items: pa.Array) -> Ints:
        """Item codes; -1 for NULL and unknown."""
        codes = pc.index_in(as_text(items), value_set=self._names, skip_nulls=True)
        return np.asarray(pc.fill_null(codes, -1).to_numpy(zero_copy_only=False), dtype=np.int64)

    def _events(self, rows: Ints, codes: Ints, n: int) -> _Events:
        """Distinct items of each row with the weight of their last and the number of events."""
        end = np.cumsum(np.bincount(rows, minlength=n))
        back = end[rows] - 1 - np.arange(len(rows))
        used = back < self._max_history  # an older purchase is seen, but weighs nothing
        width = len(self._names)
        # The last event of an item is the first of the reversed ones, which unique returns.
        key, first, inverse = np.unique(
            (rows * width + codes)[::-1], return_index=True, return_inverse=True
        )
        count = np.bincount(inverse, weights=used[::-1], minlength=len(key)).astype(np.float64)
        weight = self._decay[np.minimum(back[::-1][first], self._max_history)]
        start = np.searchsorted(key, np.arange(n + 1, dtype=np.int64) * width)
        return _Events(start.astype(np.int64), key % width, weight, count)

    def _assemble(self, events: _Events, k: Ints, exclude: Bools) -> pa.Array:
        """Run the graph over sub-batches and put the lists together; k = 0 stands for NULL."""
        none = np.zeros(0, dtype=np.int64)
        parts = [(none, none, np.zeros(0), none)]
        for batch in self._batches(np.diff(events.start), k):
            scores, items = self._run(events, batch, int(k[batch].max()), exclude[batch])
            rank = np.broadcast_to(np.arange(1, scores.shape[1] + 1), scores.shape)
            good = np.isfinite(scores) & (rank <= k[batch][:, None])
            row = np.broadcast_to(batch[:, None], scores.shape)
            parts.append((row[good], items[good], scores[good], rank[good]))
        rows, items, scores, ranks = (np.concatenate(c) for c in zip(*parts, strict=True))
        order = np.argsort(rows, kind="stable")
        sizes = np.bincount(rows, minlength=len(k))
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
        struct = pa.StructArray.from_arrays(
            [
                self._ids.take(pa.array(items[order])),
                pa.array(scores[order], pa.float64()),
                pa.array(ranks[order], pa.int32()),
            ],
            fields=list(self.type.value_type),
        )
        mask = pa.array(k == 0)
        return pa.ListArray.from_arrays(pa.array(offsets), struct, self.type, mask=mask)

    def _batches(self, lengths: Ints, k: Ints) -> Iterator[Ints]:
        """Rows to score together: of like length, so that little is padded, and not too many."""
        rows = np.flatnonzero(k)
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        while len(rows):
            size = MAX_ROWS
            while size > 1:
                longest = max(1, int(lengths[rows[:size][-1]]))
                if min(size, len(rows)) * longest * self._neighbours <= MAX_CELLS:
                    break
                size //= 2
            yield rows[:size]
            rows = rows[size:]

    def _run(self, events: _Events, batch: Ints, k: int, exclude: Bools) -> tuple[Floats, Ints]:
        first = events.start[batch]
        lengths = events.start[batch + 1] - first
        shape = (len(batch), max(1, int(lengths.max())))
        codes = np.full(shape, len(self._names), dtype=np.int64)
        weights, counts = np.zeros((2, *shape))
        filled = np.arange(shape[1]) < lengths[:, None]
        source = (first[:, None] + np.arange(shape[1]))[filled]
        codes[filled], weights[filled] = events.code[source], events.weight[source]
        counts[filled] = events.count[source]
        scores, items = self._session.run(
            ["scores", "items"],
            {
                "codes": codes,
                "weights": weights,
                "counts": counts,
                "exclude": exclude[:, None],
                "k": np.array([min(k, len(self._names))], dtype=np.int64),
            },
        )
        return scores, items


def as_text(values: pa.Array) -> pa.Array:
    """Ids as text: whole numbers without a point, whatever their type.

    Raises:
        ScoringError: the values are of a type that is no id, such as a struct.

    >>> as_text(pa.array([12.0, None, 1.5])).to_pylist()
    ['12', None, '1.5']
    """
    if pa.types.is_decimal(values.type):
        values = values.cast(pa.float64(), safe=False)
    if pa.types.is_floating(values.type):
        values = values.cast(pa.float64())
        safe = pc.less(pc.abs(values), 2.0**63)
        whole = pc.and_(safe, pc.equal(values, pc.floor(values)))
        digits = pc.if_else(whole, values, pa.scalar(None, pa.float64())).cast(pa.int64())
        return pc.coalesce(digits.cast(pa.string()), values.cast(pa.string()))
    try:
        return values.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ScoringError(
            "Ids have a type that cannot be compared with those of training",
            seen=values.type, wanted="VARCHAR or BIGINT", todo="cast them in the query",
        ) from error  # fmt: skip


def _whole(k: pa.Array) -> Ints:
    """Every k as a whole number, 1 for NULL."""
    try:
        return np.asarray(pc.fill_null(k.cast(pa.int64()), 1), dtype=np.int64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise _bad_k(next(v for v in k.to_pylist() if v is not None)) from error


def _bad_k(seen: object) -> ScoringError:
    return ScoringError(
        "k says how many items to recommend", seen=seen, wanted="a whole number, 1 or more",
        todo="pass a positive k, or NULL for no answer",
    )  # fmt: skip


def _one(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _is_list(kind: pa.DataType) -> bool:
    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(check(kind) for check in lists)


def _known(rows: Ints, codes: Ints) -> tuple[Ints, Ints]:
    known = codes >= 0
    return rows[known], codes[known]
