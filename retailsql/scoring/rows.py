"""Score rows: classifiers and regressors over one Arrow column per feature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from retailsql.errors import ScoringError
from retailsql.scoring.buffers import Column, Mask, Vector, lists, one, to_arrow
from retailsql.scoring.encode import (
    LARGEST_DOUBLE,
    LARGEST_FLOAT,
    NUMPY_TYPES,
    Encoded,
    clean_below,
    encoder,
)
from retailsql.scoring.onnx_session import BLOCK, run
from retailsql.signature import Signature

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_DOUBLE = pa.float64()


class RowScorer:
    """A pure function of its columns: same row, same score, whatever the batch.

    Args:
        session: ONNX Runtime over the graph.
        signature: how columns meet the graph and which output is the score.
    """

    def __init__(self, session: InferenceSession, signature: Signature) -> None:
        self._session, self._signature, graph = session, signature, signature.graph
        dtypes = graph.dtypes * len(signature.features) if graph.matrix else graph.dtypes
        largest = _largest(session, graph.output)
        self._clean_below = clean_below(largest)
        self._encoders = [
            encoder(f, t, largest) for f, t in zip(signature.features, dtypes, strict=True)
        ]
        self._positive = (
            signature.classes.index(signature.positive_class) if signature.binary else None
        )
        self._outputs = [graph.output]
        self._all_doubles = all(
            f.kind == "number" and t == "double"
            for f, t in zip(signature.features, dtypes, strict=True)
        )
        self._by_column = not graph.matrix and not graph.columns
        # import_onnx writes on_unseen='null' into every feature, training never.
        self._trained = all(f.on_unseen == "other" for f in signature.features)
        self._unseen_is_null = any(
            f.on_unseen == "null" and f.categories is not None for f in signature.features
        )

    def score(self, columns: Sequence[Column]) -> pa.Array:
        """Score a batch.

        Args:
            columns: one array (chunked or not) per feature, in signature order, all of the same
                length.

        Returns:
            DOUBLE per row: a regressor's value or a binary classifier's probability of the
            positive class; for other classifiers a list of probabilities in class order. NULL
            where every feature is NULL, and where a feature's rule says so.

        Raises:
            ScoringError: a number that is infinite or too large for the graph's type, a value
                its feature's rule refuses, or a trained model's score that is not finite.
        """
        n = len(columns[0])
        if n == 0:
            return pa.nulls(0, self._arrow_type)
        vectors, null = self.encode(columns)
        raw = self.run(vectors, n)[:n]
        if self._trained and not np.vdot(raw, raw) < np.inf:
            self._refuse_not_finite(raw.reshape(n, -1), vectors, null)
        return self._column(raw, null)

    def encode(self, columns: Sequence[Column]) -> tuple[list[Vector], Mask | None]:
        """The graph's vectors, one per feature, and the rows whose score is NULL (None: none)."""
        vectors = self._clean_doubles(columns) if self._all_doubles else None
        if vectors is not None:
            return vectors, None
        with np.errstate(invalid="ignore"):
            encoded = [encode(c) for encode, c in zip(self._encoders, columns, strict=True)]
        return [values for values, _ in encoded], self._null_rows(encoded)

    def _clean_doubles(self, columns: Sequence[Column]) -> list[Vector] | None:
        """The vectors if every column holds finite doubles only, else None: the encoders without
        their ten calls and masks, for the commonest model and the commonest batch.
        """
        vectors = []
        for column in columns:
            array = one(column)
            if array.null_count:
                return None
            values = np.from_dlpack(array)
            if values.dtype != np.float64 or not np.vdot(values, values) < self._clean_below:
                return None
            vectors.append(values)
        return vectors

    def _refuse_not_finite(self, raw: Vector, vectors: list[Vector], null: Mask | None) -> None:
        """A trained model fills in what is missing, so a score that is not finite comes from
        numbers far outside its training data.
        """
        bad = ~np.isfinite(raw).all(axis=1)
        if null is not None:
            bad &= ~null
        if not bad.any():
            return
        at = int(np.flatnonzero(bad)[0])
        values = [0.0 if v.dtype == np.int64 else np.nan_to_num(float(v[at])) for v in vectors]
        worst = int(np.argmax(np.abs(values)))
        name = self._signature.features[worst].name
        raise ScoringError(
            f"Column {name!r} holds a number so far from the training data that the score is "
            "not finite",
            seen=values[worst],
            wanted="a number like those the model was trained on, or NULL",
            todo="correct the value, or filter the row",
        )

    def _null_rows(self, encoded: Sequence[Encoded]) -> Mask | None:
        """Rows whose score is NULL, or None if there are none."""
        masks = [missing for _, missing in encoded if missing is not None]
        if not masks and not self._unseen_is_null:
            return None
        null: Mask | None = np.all(masks, axis=0) if len(masks) == len(encoded) else None
        for feature, (values, missing) in zip(self._signature.features, encoded, strict=True):
            if missing is not None and feature.on_null in ("null", "error"):
                if feature.on_null == "error" and missing.any():
                    raise ScoringError(
                        f"Column {feature.name!r} is NULL, which this model does not take",
                        wanted="a value in every row",
                        todo=f"filter on {feature.name} IS NOT NULL, or coalesce it",
                    )
                null = missing if null is None else null | missing
            if feature.on_unseen == "null" and feature.categories is not None:
                unseen = values == len(feature.categories) + 1
                null = unseen if null is None else null | unseen
        return null if null is not None and null.any() else None

    def run(self, vectors: list[Vector], n: int) -> Vector:
        """The graph's output for encoded columns; the first ``n`` rows count. Rows are filled up to
        whole blocks: ONNX Runtime takes other kernels for a single row and for the rest of a
        block, and their results differ in the last bits.
        """
        graph = self._signature.graph
        if n % BLOCK:
            vectors = [np.resize(v, n + -n % BLOCK) for v in vectors]
        if self._by_column:
            feed = dict(zip(graph.inputs, vectors, strict=True))
        elif graph.matrix:
            feed = {graph.inputs[0]: _matrix(vectors, graph.dtypes[0])}
        else:
            feed = {k: v.reshape(-1, 1) for k, v in zip(graph.inputs, vectors, strict=True)}
        output = run(self._session, self._outputs, feed)[0]
        if graph.zipmap:
            classes = self._signature.classes
            output = np.array([[row[c] for c in classes] for row in output])
        return np.asarray(output)

    @property
    def _arrow_type(self) -> pa.DataType:
        kind = self._signature.kind
        many = kind in ("clusterer", "reducer")
        many = many or (kind == "classifier" and self._positive is None)
        return pa.list_(pa.float64()) if many else pa.float64()

    def _column(self, raw: np.ndarray[Any, Any], null: Mask | None) -> pa.Array:
        if self._signature.kind == "classifier":
            if raw.ndim == 1 or raw.shape[1] == 1:  # a graph with only P(positive)
                p = raw.reshape(-1).astype(np.float64)
                raw = np.stack([1.0 - p, p], axis=1)
            if self._positive is None:
                return lists(raw.astype(np.float64), null)
            raw = raw[:, self._positive]
        if self._signature.kind in ("clusterer", "reducer"):
            return lists(raw.astype(np.float64), null)
        scores = raw.reshape(-1).astype(np.float64)
        if null is not None:
            return to_arrow(scores, _DOUBLE, null)
        return pa.Array.from_buffers(_DOUBLE, len(scores), [None, pa.py_buffer(scores)])


def _largest(session: InferenceSession, output: str) -> float:
    """The largest number the graph computes with. One whose scores are doubles computes in
    doubles; all others, trained ones among them, in 32-bit floats somewhere on the way.
    """
    types = {node.name: node.type for node in session.get_outputs()}
    return LARGEST_DOUBLE if types.get(output) == "tensor(double)" else LARGEST_FLOAT


def _matrix(vectors: list[Vector], dtype: str) -> np.ndarray[Any, Any]:
    if dtype == "string":
        return np.stack(vectors, axis=1)
    matrix: np.ndarray[Any, Any] = np.empty((len(vectors[0]), len(vectors)), NUMPY_TYPES[dtype])
    for i, vector in enumerate(vectors):
        matrix[:, i] = vector
    return matrix
