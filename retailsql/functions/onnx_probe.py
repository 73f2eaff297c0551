"""Made-up rows for an imported graph, and what ONNX Runtime says of them when asked directly.

The graph is fed here from plain Python values, in a few lines that share nothing with the encoders
of ``scoring``: so the certificate, which compares these answers with those of the same rows through
SQL, compares two ways of feeding the graph and not one with itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from retailsql.errors import ImportModelError
from retailsql.scoring.buffers import strings, to_arrow
from retailsql.scoring.onnx_session import run
from retailsql.signature import Feature, Graph, Signature

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Rows = Mapping[str, list[Any]]
Floats = np.ndarray[Any, np.dtype[np.float64]]

WHOLE = (
    "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT",
)  # fmt: skip
ROWS = 64
TOLERANCE = 1e-6
"""Largest difference, of the scores' size, between batches of another order or length: a kernel
may add up float32 numbers in another order."""
SUM_TOLERANCE = 1e-3
"""Largest distance of a row's probabilities from 1 in sum; 16-bit floats come that far."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMPY: dict[str, Any] = {
    "float": np.float32, "double": np.float64, "int64": np.int64, "int32": np.int32,
    "bool": np.bool_, "string": object,
}  # fmt: skip


def sample(features: Sequence[Feature], n: int, seed: int) -> dict[str, list[Any]]:
    """Column -> n plausible Python values, the same at every call.

    >>> sample([Feature("n", "BIGINT"), Feature("t", "VARCHAR")], 3, 0)
    {'n': [2, 1, 1], 't': ['a', 'b', '']}
    """
    rng = np.random.default_rng(seed)
    return {f.name: _values(f, n, rng) for f in features}


def _values(feature: Feature, n: int, rng: np.random.Generator) -> list[Any]:
    match feature.kind:
        case "number" if feature.sql_type in WHOLE:
            return [int(i) for i in rng.integers(0, 3, n)]
        case "number":
            return [float(x) for x in rng.normal(size=n)]
        case "boolean":
            return [bool(b) for b in rng.random(n) < 0.5]
        case "date":
            return [_EPOCH.date() + timedelta(days=int(i)) for i in rng.integers(0, 20_000, n)]
        case "timestamp":
            return [_EPOCH + timedelta(microseconds=int(i)) for i in rng.integers(0, 10**15, n)]
        case _:
            pool = feature.categories or ("a", "b", "")
            return [pool[i % len(pool)] for i in range(n)]


def table(features: Sequence[Feature], rows: Rows) -> pa.Table:
    """The rows as DuckDB reads them, in the features' types."""
    return pa.table({f.name: _arrow(f, rows[f.name]) for f in features})


def _arrow(feature: Feature, values: list[Any]) -> pa.Array:
    match feature.kind:
        case "number" if feature.sql_type in WHOLE:
            return to_arrow(np.array(values, np.int64), pa.int64())
        case "number":
            return to_arrow(np.array(values, np.float64), pa.float64())
        case "boolean":
            return to_arrow(np.array(values, np.uint8), pa.uint8()).cast(pa.bool_())
        case "date":
            return to_arrow(np.array([_days(v) for v in values], np.int32), pa.date32())
        case "timestamp":
            micros = [(v - _EPOCH) // timedelta(microseconds=1) for v in values]
            zone = "UTC" if feature.sql_type == "TIMESTAMP WITH TIME ZONE" else None
            return to_arrow(np.array(micros, np.int64), pa.timestamp("us", zone))
        case _:
            return strings(values)


def _days(day: date) -> int:
    return (day - _EPOCH.date()).days


def answer(session: InferenceSession, features: Sequence[Feature], graph: Graph, rows: Rows) -> Any:
    """The graph's score output as it is.

    Raises:
        ImportModelError: it does not run, or has not one answer per row.
    """
    dtypes = graph.dtypes * len(features) if graph.matrix else graph.dtypes
    vectors = [
        np.array([_number(f, v) for v in rows[f.name]], dtype=_NUMPY[t])
        for f, t in zip(features, dtypes, strict=True)
    ]
    if graph.matrix:
        feed = {graph.inputs[0]: np.stack(vectors, axis=1)}
    else:
        shape = (-1, 1) if graph.columns else (-1,)
        feed = {k: v.reshape(shape) for k, v in zip(graph.inputs, vectors, strict=True)}
    output = run(session, [graph.output], feed)[0]
    n = len(vectors[0])
    if np.ndim(output) == 0 or len(output) != n:
        found = "one" if np.ndim(output) == 0 else len(output)
        raise ImportModelError(
            "The graph does not return one score per row",
            seen=f"{found} for {n} rows", wanted=f"{n}",
        )  # fmt: skip
    return output


def _number(feature: Feature, value: Any) -> Any:
    """A value as the graph takes it, by the table in ``signature``."""
    match feature.kind:
        case "date":
            return _days(value)
        case "timestamp":
            return (value - _EPOCH) / timedelta(days=1)
        case "category":
            return (feature.categories or ()).index(value)
        case _:
            return value


def probe(session: InferenceSession, signature: Signature) -> tuple[pa.Table, Floats]:
    """Rows, and the scores SQL must give for them.

    Raises:
        ImportModelError: a score depends on the other rows, or is no probability though the model
            is a classifier.
    """
    features, graph = signature.features, signature.graph

    def scores(rows: Rows) -> Floats:
        output = answer(session, features, graph, rows)
        if graph.zipmap:
            output = [[row[c] for c in signature.classes] for row in output]
        return np.asarray(output, dtype=np.float64).reshape(len(output), -1)

    rows = sample(features, ROWS, 1)
    expected = scores(rows)
    _refuse_mixed_rows(scores, rows, expected)
    if signature.kind in ("clusterer", "reducer"):
        return table(features, rows), expected
    if signature.kind == "classifier":
        _refuse_no_probabilities(expected)
        if expected.shape[1] == 1:
            expected = np.hstack([1 - expected, expected])
        if signature.positive_class is None:
            return table(features, rows), expected
        expected = expected[:, signature.classes.index(signature.positive_class)]
    return table(features, rows), expected.reshape(ROWS)


def _refuse_mixed_rows(scores: Callable[[Rows], Floats], rows: Rows, expected: Floats) -> None:
    """A score is a pure function of its row, whatever rows DuckDB puts beside it."""
    half = ROWS // 2
    first = scores({k: v[:half] for k, v in rows.items()})
    second = scores({k: v[half:] for k, v in rows.items()})
    backwards = scores({k: v[::-1] for k, v in rows.items()})[::-1]
    size = np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
    for other, how in (
        (backwards, "in reverse order"),
        (np.concatenate([first, second]), "in two halves"),
    ):
        same = np.isclose(other, expected, rtol=TOLERANCE, atol=TOLERANCE * size, equal_nan=True)
        if not same.all():
            at = int(np.flatnonzero(~same.all(axis=1))[0])
            raise ImportModelError(
                "The graph's score of a row depends on the rows beside it, or on chance",
                seen=f"row {at + 1} of {ROWS}: {expected[at].tolist()}, and "
                f"{other[at].tolist()} when the rows are scored {how}",
                wanted="the same score whatever the batch",
                todo="export it without sums or means over the batch axis (axis 0), in inference "
                "mode (no batch statistics, no dropout)",
            )


def _refuse_no_probabilities(scores: Floats) -> None:
    """What is published as a probability must be one."""
    known = scores[~np.isnan(scores).any(axis=1)]
    outside = (known < -TOLERANCE) | (known > 1 + TOLERANCE)
    todo = (
        "export predict_proba, or end the graph with a Softmax (one column: a Sigmoid); "
        "for a regressor leave classes out and pass outputs=[score]"
    )
    if outside.any():
        raise ImportModelError(
            "The classifier's scores are not probabilities",
            seen=f"{known[outside][0]:g}", wanted="numbers from 0 to 1", todo=todo,
        )  # fmt: skip
    sums = known.sum(axis=1)
    if known.shape[1] > 1 and (far := np.abs(sums - 1) > SUM_TOLERANCE).any():
        raise ImportModelError(
            "The classifier's probabilities of a row do not sum to 1",
            seen=f"{sums[far][0]:g}", wanted="probabilities of classes that exclude each other",
            todo=todo,
        )  # fmt: skip
