"""Explain scores: how much each feature moved a row's score away from the mean of typical rows.

========================================  ====================================================
model                                     attributions
========================================  ====================================================
additive in its features (seen by trial)  exact, one question per feature
a sum of trees (read from the graph)      exact, by tables made once
up to 2,048 questions per row suffice     exact, all coalitions of features
any other                                 sampled Shapley values with a standard error
========================================  ====================================================

The scale is that of ``scoring.margins``: values and log-odds. Whatever the method,
``baseline + sum(attributions) == prediction`` up to 1e-9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from retailsql.errors import ScoringError
from retailsql.scoring.buffers import Column, Mask, Vector, to_arrow
from retailsql.scoring.json_columns import columns_of
from retailsql.scoring.margins import up, values_of
from retailsql.scoring.rows import RowScorer
from retailsql.scoring.shapley import Floats, Plan, combine, enumerated, plan, sampled
from retailsql.scoring.tree_models import Attribute, tree_attributions
from retailsql.signature import Signature

REFERENCES = 32
"""Rows of the background that attributions are measured against: its first ones."""
PERMUTATIONS = 80
"""Orders in which features are added, for a row that is not explained exactly: a pair for each
reference row and eight pairs more, which tell the error (see ``benchmarks/explain.py``)."""
EXACT_QUESTIONS = 2_048
"""All coalitions are asked for if they are no more than this for a row."""
ADDITIVE_WITHIN = 1e-5
"""What the parts of an additive model may miss the whole by, for each unit of its size."""
CELLS = 1_500_000
"""Values of coalitions held at once: some 12 MB of a vector each."""

Result = tuple[Floats, Floats]


class Explainer:
    """A pure function of the row, the model and its background.

    Args:
        scorer: the model.
        signature: its signature.
        background: rows of raw feature values as JSON has them, the reference rows first.
        onnx: the graph, in which trees are looked for.
    """

    def __init__(
        self,
        scorer: RowScorer,
        signature: Signature,
        background: Sequence[Mapping[str, Any]],
        onnx: bytes | None = None,
    ) -> None:
        self._scorer, self._signature = scorer, signature
        rows = columns_of(signature, background[:REFERENCES])
        self._z, null = scorer.encode(rows)
        if null is not None:
            self._z = [v[~null] for v in self._z]
        self._fz = self._values(self._z)
        self._baseline = self._fz.mean(axis=0)
        self._features = len(self._z)
        self._plans: dict[int, Plan] = {}
        self._mean_parts = self._additive_parts()
        self._trees: Attribute | None = None
        if onnx is not None and not self.additive:
            within = self._tolerance(self._fz)
            self._trees = tree_attributions(onnx, signature, self._z, self._fz, within)

    def explain(
        self, columns: Sequence[Column], classes: Column | None = None, permutations: int = 0
    ) -> pa.Array:
        """Explain a batch.

        Args:
            columns: one array per feature, in signature order.
            classes: position (from 1) of the class to explain, per row; NULL or none for the
                most probable. Regressors have none.
            permutations: orders to sample; 0 for the default.

        Returns:
            Struct of ``top``, a list of (position of the feature from 1, attribution) with the
            largest in size first; ``baseline``; ``prediction``, on the explained scale; and
            ``error``, the largest standard error of the attributions, 0 if they are exact. NULL
            where the score is.

        Raises:
            ScoringError: as the score does.
        """
        n = len(columns[0])
        x, null = self._scorer.encode(columns)
        known = np.ones(n, np.bool_) if null is None else ~null
        attributions = np.zeros((n, self._features))
        prediction, baseline, error = np.zeros(n), np.zeros(n), np.zeros(n)
        if known.any():
            x = [v[known] for v in x]
            fx = self._values(x)
            self._refuse_not_finite(fx, x)
            picked = None if classes is None else _positions(classes)[known]
            phi, errors = self._attribute(x, fx, permutations or PERMUTATIONS)
            rows = np.arange(len(fx))
            at, sign = self._explained(fx, picked)
            attributions[known] = phi[rows, :, at] * sign[:, None]
            error[known] = errors[rows, :, at].max(axis=1)
            prediction[known] = fx[rows, at] * sign
            baseline[known] = self._baseline[at] * sign
        return _packed(attributions, baseline, prediction, error, null)

    @property
    def additive(self) -> bool:
        """True if the model's values are a sum over the features."""
        return self._mean_parts is not None

    @property
    def exact(self) -> bool:
        """True if no attribution is sampled."""
        return self.additive or self._trees is not None or self._enumerates()

    def _values(self, vectors: list[Vector]) -> Floats:
        """The model on the explained scale, shape (rows, outputs)."""
        return values_of(self._scorer, self._signature, vectors)

    def _explained(
        self, fx: Floats, classes: Vector | None
    ) -> tuple[np.ndarray[Any, np.dtype[np.int64]], Floats]:
        """Which output explains the class of each row, and the sign it has there."""
        rows, signature = len(fx), self._signature
        if signature.kind != "classifier":
            return np.zeros(rows, np.int64), np.ones(rows)
        if signature.positive_class is None and fx.shape[1] > 1:
            best = fx.argmax(axis=1)
            return (best if classes is None else np.where(classes < 0, best, classes)), np.ones(
                rows
            )
        positive = up(signature)
        best = np.where(fx[:, 0] > 0, positive, 1 - positive)
        chosen = best if classes is None else np.where(classes < 0, best, classes)
        return np.zeros(rows, np.int64), np.where(chosen == positive, 1.0, -1.0)

    def _attribute(self, x: list[Vector], fx: Floats, permutations: int) -> Result:
        """Attributions and standard errors, each of shape (rows, features, outputs)."""
        n, outputs = fx.shape
        phi, errors = np.zeros((n, self._features, outputs)), np.zeros((n, self._features, outputs))
        rest = np.arange(n)
        if self._mean_parts is not None or self._trees is not None:
            parts, within = self._whole(x, fx)
            off = fx - self._baseline - parts.sum(axis=1)
            good = (np.abs(off) <= within).all(axis=1)
            phi[good] = _closed(parts[good], off[good], np.abs(parts[good]))
            rest = np.flatnonzero(~good)
        questions = self._questions(permutations)
        size = max(1, CELLS // (questions * max(self._features, outputs * 2)))
        for begin in range(0, len(rest), size):
            rows = rest[begin : begin + size]
            phi[rows], errors[rows] = self._shapley([v[rows] for v in x], fx[rows], permutations)
        return phi, np.sqrt(errors)

    def _whole(self, x: list[Vector], fx: Floats) -> Result:
        """Attributions by the model's form, and what they may be off if it is that."""
        if self._trees is not None:
            return self._trees(x), self._tolerance(fx)
        assert self._mean_parts is not None
        parts = self._parts(x)
        return parts - self._mean_parts, self._tolerance(self._farthest(fx, parts))

    def _farthest(self, fx: Floats, parts: Floats) -> Floats:
        """The largest value in size that was asked for."""
        out: Floats = np.maximum(np.abs(fx), np.abs(self._fz[0] + parts).max(axis=1))
        return out

    def _shapley(self, x: list[Vector], fx: Floats, permutations: int) -> Result:
        if self._enumerates():
            exact = enumerated(self._values, x, fx, self._z, self._fz).mean(axis=1)
            off = fx - self._baseline - exact.sum(axis=1)
            return _closed(exact, off, np.abs(exact)), np.zeros_like(exact)
        how = self._plan(permutations)
        pairs = sampled(self._values, x, fx, self._z, self._fz, how)
        phi, error = combine(pairs, how, len(self._fz))
        weight = np.where(error.sum(axis=1, keepdims=True) > 0, error, np.abs(phi))
        return _closed(phi, fx - self._baseline - phi.sum(axis=1), weight), error

    def _enumerates(self) -> bool:
        return (1 << min(self._features, 30)) * len(self._fz) <= EXACT_QUESTIONS

    def _questions(self, permutations: int) -> int:
        """Coalitions of a row, at most."""
        if self._enumerates():
            return (1 << self._features) * len(self._fz)
        return len(self._plan(permutations).reference) * self._features

    def _plan(self, permutations: int) -> Plan:
        if permutations not in self._plans:
            self._plans[permutations] = plan(self._features, len(self._fz), permutations)
        return self._plans[permutations]

    def _parts(self, x: list[Vector]) -> Floats:
        """What each feature alone changes in the first reference row, (rows, features, outputs)."""
        n, outputs = len(x[0]), self._fz.shape[1]
        parts = np.zeros((n, self._features, outputs))
        size = max(2, CELLS // self._features**2)
        for begin in range(0, n, size):
            part = slice(begin, min(begin + size, n))
            rows = part.stop - begin
            mixed = []
            for i, (own, other) in enumerate(zip(x, self._z, strict=True)):
                vector = np.repeat(other[:1], rows * self._features)
                vector[i * rows : (i + 1) * rows] = own[part]
                mixed.append(vector)
            values = self._values(mixed).reshape(self._features, rows, outputs)
            parts[part] = np.swapaxes(values, 0, 1) - self._fz[0]
        return parts

    def _additive_parts(self) -> Floats | None:
        """The mean of :meth:`_parts` over the reference rows, if they add up in every one."""
        parts = self._parts(self._z)
        off = np.abs(self._fz[0] + parts.sum(axis=1) - self._fz)
        within = self._tolerance(self._farthest(self._fz, parts))
        good = len(self._fz) > 2 and bool((off <= within).all())
        return parts.mean(axis=0) if good else None

    def _tolerance(self, values: Floats) -> Floats:
        """Per row: graphs compute in 32-bit floats, and some write p as 1 minus the other."""
        largest = np.abs(self._fz).max()
        out: Floats = ADDITIVE_WITHIN * np.maximum(np.maximum(np.abs(values), largest), 1.0)
        if self._signature.kind == "classifier" and values.shape[1] == 1:
            out += np.minimum(1e-6 * (2.0 + 2.0 * np.cosh(values)), 1e-3)  # 1e-6 / (p (1 - p))
        return out

    def _refuse_not_finite(self, fx: Floats, x: list[Vector]) -> None:
        bad = ~np.isfinite(fx).all(axis=1)
        if bad.any():
            raise ScoringError(
                "A row has no finite score, so there is nothing to explain",
                seen=f"{int(bad.sum())} of {len(fx)} rows",
                todo="correct the values that are far from the training data, or filter the rows",
            )


def _positions(classes: Column) -> Vector:
    """Positions from 0; -1 where NULL."""
    found = classes.to_pylist()
    return np.array([-1 if v is None else int(v) - 1 for v in found], dtype=np.int64)


def _closed(phi: Floats, off: Floats, weight: Floats) -> Floats:
    """The attributions, made to add up: what is off goes where the error is."""
    total = weight.sum(axis=1, keepdims=True)
    share = np.where(total > 0, weight / np.where(total > 0, total, 1.0), 1.0 / phi.shape[1])
    closed: Floats = phi + share * off[:, None]
    return closed


_PAIR = pa.struct([("position", pa.int32()), ("attribution", pa.float64())])
_TYPE = pa.struct([
    ("top", pa.list_(_PAIR)), ("baseline", pa.float64()), ("prediction", pa.float64()),
    ("error", pa.float64()),
])  # fmt: skip


def _packed(
    attributions: Floats, baseline: Floats, prediction: Floats, error: Floats, null: Mask | None
) -> pa.Array:
    """The result of :meth:`Explainer.explain`; attributions of one size stay in feature order."""
    n, width = attributions.shape
    order = np.argsort(-np.abs(attributions), axis=1, kind="stable")
    sorted_ = np.take_along_axis(attributions, order, axis=1).reshape(-1)
    positions = (order + 1).astype(np.int32).reshape(-1)
    pairs = pa.Array.from_buffers(
        _PAIR, n * width, [None],
        children=[to_arrow(positions, pa.int32()), to_arrow(sorted_, pa.float64())],
    )  # fmt: skip
    offsets = pa.py_buffer(np.arange(n + 1, dtype=np.int32) * np.int32(width))
    top = pa.Array.from_buffers(pa.list_(_PAIR), n, [None, offsets], children=[pairs])
    validity = None if null is None else pa.py_buffer(np.packbits(~null, bitorder="little"))
    children = [top, *(to_arrow(v, pa.float64()) for v in (baseline, prediction, error))]
    return pa.Array.from_buffers(_TYPE, n, [validity], children=children)
