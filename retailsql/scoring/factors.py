"""Matrix factorizations: user and item ids in, ratings out; or a user and k, and the best items.

A NULL id scores NULL. An id that training has not seen has bias 0 and factors 0: the score is what
is known of the other one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from retailsql.errors import ScoringError
from retailsql.scoring.buffers import Column, Mask, Vector, nulls, numbers, one, to_arrow
from retailsql.scoring.onnx_session import run
from retailsql.scoring.recommend import as_text
from retailsql.signature import Signature

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MAX_CELLS = 2_000_000
"""Bound of one call of the graph for lists: users x items."""


class FactorScorer:
    """Scores pairs, and lists the best items.

    Args:
        session: the graph (see ``training/factorization/graph.py``).
        signature: of kind factorizer; its two features are user and item, with their ids as
            categories in code order.
        histories: called once, at the first list that leaves out what a user has rated: a table
            with columns key and items.
    """

    def __init__(
        self, session: InferenceSession, signature: Signature, histories: Callable[[], pa.Table]
    ) -> None:
        self._session, self._load, self._lock = session, histories, threading.Lock()
        user, item = (f.categories or () for f in signature.features)
        self._codes = [{name: code for code, name in enumerate(ids)} for ids in (user, item)]
        names = pa.array(item, pa.string())
        whole = signature.options["item_type"] == "BIGINT"
        self._ids = names.cast(pa.int64()) if whole else names
        self._names = [f.name for f in signature.features]
        self._seen: dict[int, Vector] | None = None

    @property
    def type(self) -> pa.DataType:
        """The Arrow type of a list: list<struct<item_id, score: double, rank: int32>>."""
        fields = [("item_id", self._ids.type), ("score", pa.float64()), ("rank", pa.int32())]
        return pa.list_(pa.struct(fields))

    def score(self, columns: Sequence[Column]) -> pa.Array:
        """The score of each pair.

        Args:
            columns: the users' and the items' ids, of any scalar type; 12 and 12.0 are the same.

        Returns:
            DOUBLE per row; NULL where an id is.
        """
        n = len(columns[0])
        if n == 0:
            return pa.nulls(0, pa.float64())
        (user, no_user), (item, no_item) = (self._encode(i, c) for i, c in enumerate(columns))
        feed = {"user": user, "item": item, "k": np.zeros(1, dtype=np.int64)}
        scores = run(self._session, ["score"], feed)[0]
        masks = [mask for mask in (no_user, no_item) if mask is not None]
        return to_arrow(scores, pa.float64(), np.any(masks, axis=0) if masks else None)

    def top(self, user: Column, k: Column, exclude_seen: Column) -> pa.Array:
        """The best items of each user, best first; ties by the number of ratings of the item.

        Args:
            user: ids.
            k: how many items at most.
            exclude_seen: True leaves out what the user has rated in training.

        Returns:
            Array of :attr:`type`; NULL where any argument is NULL.

        Raises:
            ScoringError: a k below 1.
        """
        code, no_user = self._encode(0, user)
        wanted, leave = one(k).cast(pa.int64()), one(exclude_seen).cast(pa.bool_())
        masks = [m for m in (no_user, nulls(wanted), nulls(leave)) if m is not None]
        null = np.any(masks, axis=0) if masks else np.zeros(len(code), dtype=bool)
        most = np.where(null, 0, numbers(wanted.fill_null(1)))
        if (most[~null] < 1).any():
            raise ScoringError(
                "k says how many items to recommend", seen=int(most[~null].min()),
                wanted="a whole number, 1 or more", todo="pass a positive k, or NULL for no answer",
            )  # fmt: skip
        out = leave.fill_null(False).to_numpy(zero_copy_only=False)
        return self._lists(code, most, out.astype(bool), null)

    def _lists(self, code: Vector, most: Vector, leave: Vector, null: Mask) -> pa.Array:
        seen = self._histories() if leave.any() else {}
        nothing = np.empty(0, dtype=np.int64)
        hidden = [
            seen.get(int(c), nothing) if out else nothing
            for c, out in zip(code, leave, strict=True)
        ]
        rows = np.flatnonzero(~null)
        size = max(2, MAX_CELLS // max(1, len(self._ids)))
        items: list[Vector] = [nothing] * len(code)
        scores: list[Vector] = [np.empty(0)] * len(code)
        for first in range(0, len(rows), size):
            batch = rows[first : first + size]
            deepest = max(int(most[r]) + len(hidden[r]) for r in batch)
            found_scores, found = self._best(code[batch], min(deepest, len(self._ids)))
            for place, row in enumerate(batch):
                kept = ~np.isin(found[place], hidden[row])
                items[row] = found[place][kept][: most[row]]
                scores[row] = found_scores[place][kept][: most[row]]
        return self._assemble(items, scores, null)

    def _best(self, code: Vector, k: int) -> tuple[Vector, Vector]:
        """Scores and items. One user is scored as two: a product with a single row is summed in
        another order.
        """
        twice = np.repeat(code, 2) if len(code) == 1 else code
        feed = {"user": twice, "item": np.zeros_like(twice), "k": np.array([k], dtype=np.int64)}
        scores, items = run(self._session, ["top_scores", "top_items"], feed)
        return scores[: len(code)], items[: len(code)]

    def _assemble(self, items: list[Vector], scores: list[Vector], null: Mask) -> pa.Array:
        lengths = np.array([len(i) for i in items], dtype=np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        ranks = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths) + 1
        flat = np.concatenate(items) if items else np.empty(0, dtype=np.int64)
        struct = pa.StructArray.from_arrays(
            [
                self._ids.take(to_arrow(flat.astype(np.int64), pa.int64())),
                to_arrow(np.concatenate(scores) if scores else np.empty(0), pa.float64()),
                to_arrow(ranks.astype(np.int32), pa.int32()),
            ],
            fields=list(self.type.value_type),
        )
        mask = pa.array(null)
        return pa.ListArray.from_arrays(pa.array(offsets), struct, self.type, mask=mask)

    def _encode(self, side: int, column: Column) -> tuple[Vector, Mask | None]:
        """Codes, one past the last for an id unknown or NULL; and where it is NULL.

        Each distinct id is looked up once: a cross join repeats them.
        """
        array = one(column)
        if pa.types.is_nested(array.type):
            raise ScoringError(
                f"Column {self._names[side]!r} has a type that is no id", seen=array.type,
                wanted="VARCHAR or a whole number", todo="cast it in the query",
            )  # fmt: skip
        if pa.types.is_dictionary(array.type):
            array = array.cast(array.type.value_type)
        known, empty = self._codes[side], nulls(array)
        encoded = array.dictionary_encode()
        unknown = len(known)
        texts = as_text(encoded.dictionary).to_pylist()
        codes = np.array([known.get(t, unknown) for t in [*texts, None]], dtype=np.int64)
        places = numbers(encoded.indices.fill_null(len(texts)))
        return codes[places], empty

    def _histories(self) -> dict[int, Vector]:
        """User code -> codes of the items rated."""
        if self._seen is None:
            with self._lock:
                if self._seen is None:
                    self._seen = self._read_histories()
        return self._seen

    def _read_histories(self) -> dict[int, Vector]:
        table, (users, items) = self._load(), self._codes
        keys, lists = table["key"].to_pylist(), table["items"].to_pylist()
        return {
            users[key]: np.array([items[i] for i in rated if i in items], dtype=np.int64)
            for key, rated in zip(keys, lists, strict=True)
            if key in users
        }
