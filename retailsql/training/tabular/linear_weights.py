"""ML.WEIGHTS: a linear model's coefficients, folded back from the encoding to the columns.

In the units of the columns, the weights times the values plus ``__INTERCEPT__`` are the prediction:
the value (LINEAR_REG), its logarithm (log_label), or the logit of the positive class. What of a row
is not a number has a weight for each category, with ``_null_filler`` for NULL; a category that is
not listed counts nothing. A date is a number of days since 1970-01-01, a weekday (``_TS_DOW_`` and
its name) and the year's phase as sine and cosine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsql.signature import Label
from retailsql.training.tabular.export import Scale
from retailsql.training.tabular.label import Target
from retailsql.training.tabular.prefix import Prefix
from retailsql.training.tabular.row_weights import label_text

INTERCEPT = "__INTERCEPT__"
NULL = "_null_filler"
"""BigQuery ML's name of the category that NULL is."""
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Row = dict[str, Any]
Floats = NDArray[np.float64]


def weight_reports(
    prefix: Prefix, estimator: Any, scale: Scale, target: Target
) -> dict[str, list[Row]]:
    """The reports ``weights``, in units of the columns, and ``weights_standardized``.

    Args:
        prefix: the encoding.
        estimator: a linear scikit-learn estimator.
        scale: how its output becomes the label.
        target: the label; more than two classes have a row for each.
    """
    coefficients = np.atleast_2d(estimator.coef_).astype(np.float64)
    constants = np.atleast_1d(estimator.intercept_).astype(np.float64)
    constants = np.broadcast_to(constants, (len(coefficients),))
    names: Sequence[Label | None] = target.classes if len(target.classes) > 2 else (None,)
    flip = -1.0 if target.positive == 0 else 1.0
    out: dict[str, list[Row]] = {"weights": [], "weights_standardized": []}
    for name, w, b in zip(names, coefficients, constants, strict=True):
        for report, original in (("weights", True), ("weights_standardized", False)):
            rows = _rows(prefix, flip * w * scale.factor, flip * b * scale.factor + scale.offset,
                         scale, original)  # fmt: skip
            label = {} if name is None else {"class_label": label_text(name)}
            out[report] += [{**row, **label} for row in rows]
    return out


def weight_rows(
    prefix: Prefix, w: Floats, b: float, scale: Scale, original: bool
) -> list[tuple[str, str | None, float]]:
    """Coefficients as (processed_input, category, weight): what is no number has several rows.

    Args:
        prefix: the encoding.
        w: coefficients of the matrix columns, shape (width,).
        b: the constant.
        scale: how the estimator's output becomes the label.
        original: True for the units of the columns, False for standardized ones.
    """
    found: list[tuple[str, str | None, float]] = []
    rows = _rows(prefix, w * scale.factor, b * scale.factor + scale.offset, scale, original)
    for row in rows:
        name, pairs = row["processed_input"], row["category_weights"]
        if pairs is None:
            found.append((name, None, row["weight"]))
        else:
            found += [(name, pair["category"], pair["weight"]) for pair in pairs]
    return found


def _rows(prefix: Prefix, w: Floats, b: float, scale: Scale, original: bool) -> list[Row]:
    """One class's rows: the features in their order, then the constant."""
    blocks = {i: [] for i in range(len(prefix.features))}  # type: dict[int, list[Row]]
    for j, i in enumerate(prefix.numeric):
        rows, moved = _number(prefix, j, float(w[j]), original)
        blocks[i] += rows
        b -= moved
    at = len(prefix.numeric)
    for i in prefix.dated:
        blocks[i] += _calendar(prefix.features[i].name, w[at : at + 9])
        at += 9
    for lookup in prefix.lookups:
        column = lookup.table.astype(np.float64) @ w[at : at + lookup.width]
        at += lookup.width
        feature = prefix.features[lookup.position]
        names = [*(feature.categories or ()), NULL]
        pairs = dict(zip(names, column, strict=False))
        blocks[lookup.position].append(_categories(feature.name, pairs))
    if scale.start is not None:
        blocks[scale.start] = _with_start(blocks[scale.start], scale)
    return [*(row for rows in blocks.values() for row in rows), _weight(INTERCEPT, b)]


def _number(prefix: Prefix, j: int, weight: float, original: bool) -> tuple[list[Row], float]:
    """The row of a number, boolean or date, and what the constant is less for it."""
    feature = prefix.features[prefix.numeric[j]]
    center, factor = float(prefix.center[j, 0]), float(prefix.scale[j, 0])
    if feature.kind == "boolean":
        filler = weight * float(prefix.fill[j, 0]) + weight * factor * center
        pairs = {"false": 0.0, "true": weight * factor, NULL: filler}
        return [_categories(feature.name, pairs)], weight * factor * center
    if original:
        return [_weight(feature.name, weight * factor)], weight * factor * center
    return [_weight(feature.name, weight)], 0.0


def _calendar(name: str, w: Floats) -> list[Row]:
    pairs = dict(zip(DAYS, w[:7], strict=True))
    return [
        _categories(f"_TS_DOW_{name}", pairs),
        _weight(f"_TS_YEAR_SIN_{name}", float(w[7])),
        _weight(f"_TS_YEAR_COS_{name}", float(w[8])),
    ]


def _with_start(rows: list[Row], scale: Scale) -> list[Row]:
    """offset_col: the prediction starts from it, which is a weight of 1 more."""
    (row,) = rows
    if scale.log:
        return [row, _weight(f"ln({row['processed_input']})", 1.0)]
    return [row | {"weight": row["weight"] + 1.0}]


def _weight(name: str, weight: float) -> Row:
    return {"processed_input": name, "weight": float(weight), "category_weights": None}


def _categories(name: str, pairs: Mapping[str, float]) -> Row:
    listed = [{"category": k, "weight": float(v)} for k, v in pairs.items()]
    return {"processed_input": name, "weight": None, "category_weights": listed}
