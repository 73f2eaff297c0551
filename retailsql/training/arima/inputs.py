"""The regressors of ARIMA_PLUS_XREG: columns as numbers, and their weights in a series.

Numbers are taken as they are, a missing one as the column's mean; text and booleans are coded as
one column per category, as BigQuery ML does. The weights come from one least-squares fit beside
a bent line and the seasons, so that a trend is not mistaken for the work of a regressor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.errors import TrainingError
from retailsql.training.arima.seasonal import Seasons
from retailsql.training.fitted import TrainingData
from retailsql.training.forecasting.series_columns import Array

MOST_CATEGORIES = 100


@dataclass(frozen=True)
class Input:
    """One regressor.

    Args:
        name: the column's, as in the training SELECT.
        mean: of a number's known values; None for categories.
        categories: of a text or boolean column, sorted; None for a number.
    """

    name: str
    mean: float | None = None
    categories: tuple[str, ...] | None = None

    @property
    def width(self) -> int:
        """Columns it takes."""
        return 1 if self.categories is None else len(self.categories)


def read_inputs(data: TrainingData, taken: tuple[str, ...]) -> tuple[tuple[Input, ...], Array]:
    """The regressors and their values, (rows, width of all).

    Args:
        data: the training SELECT.
        taken: columns that are timestamp, data or ids.

    Raises:
        TrainingError: there is none, or one has a type that cannot be a regressor.
    """
    used = {name.lower() for name in taken}
    names = [n for n in data.table.column_names if n.lower() not in used]
    if not names:
        raise TrainingError(
            "ARIMA_PLUS_XREG has no regressor", seen=", ".join(data.table.column_names),
            wanted="columns besides timestamp, data and id",
            todo="select them, or use model_type = 'ARIMA_PLUS'",
        )  # fmt: skip
    read = [_read(name, data.table[name], data.sql_types.get(name, "")) for name in names]
    return tuple(i for i, _ in read), np.hstack([values for _, values in read])


def _read(name: str, column: pa.ChunkedArray, sql_type: str) -> tuple[Input, Array]:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        values = np.asarray(pc.cast(column, pa.float64()).to_numpy(), dtype=np.float64)
        known = values[~np.isnan(values)]
        if not len(known) or np.isinf(known).any():
            raise TrainingError(
                f"Regressor {name!r} {'holds infinity' if len(known) else 'is NULL on all rows'}",
                wanted="finite numbers", todo=f"leave it out, or filter: WHERE isfinite({name})",
            )  # fmt: skip
        return Input(name, mean=float(known.mean())), values[:, None]
    if pa.types.is_boolean(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = np.array(pc.cast(column, pa.string()).to_pylist(), dtype=object)
        categories = tuple(sorted({t for t in texts if t is not None}))
        if 0 < len(categories) <= MOST_CATEGORIES:
            coded = [(texts == c).astype(np.float64) for c in categories]
            return Input(name, categories=categories), np.stack(coded, axis=1)
        sql_type = f"{len(categories)} categories"
    raise TrainingError(
        f"Column {name!r} cannot be a regressor of ARIMA_PLUS_XREG", seen=sql_type,
        wanted=f"a number, BOOLEAN, or VARCHAR of at most {MOST_CATEGORIES} categories",
        todo=f"leave it out: SELECT * EXCLUDE ({name})",
    )  # fmt: skip


def filled(values: Array, inputs: tuple[Input, ...]) -> Array:
    """Missing numbers as the column's mean, steps without a row of categories as none of them."""
    fill = np.concatenate([np.full(i.width, 0.0 if i.mean is None else i.mean) for i in inputs])
    return np.where(np.isnan(values), fill[None, :], values)


def weigh(values: Array, inputs: Array, seasons: Seasons, penalty: float) -> Array:
    """The regressors' weights in one series, (k,).

    Beside them stand a line bent every 26 steps or longer and up to three waves per season, each
    free. Regressors are scaled to standard deviation 1 while the penalty holds them; one that
    does not vary in the series has weight 0.

    Args:
        values: (n,) without gaps.
        inputs: (n, k) without gaps.
        seasons: name and steps of each season that may be there.
        penalty: of the squared weights.
    """
    n, spread = len(values), inputs.std(axis=0)
    alive = np.flatnonzero(spread > 1e-12)
    weights = np.zeros(inputs.shape[1])
    if n < 4 or not len(alive):
        return weights
    beside = _beside(n, seasons)
    x = (inputs[:, alive] - inputs[:, alive].mean(axis=0)) / spread[alive]
    together = np.hstack([beside, x])
    hold = np.concatenate([np.full(beside.shape[1], 1e-6), np.full(len(alive), penalty + 1e-3)])
    solved = np.linalg.solve(together.T @ together + np.diag(hold), together.T @ values)
    weights[alive] = solved[beside.shape[1] :] / spread[alive]
    return weights


def _beside(n: int, seasons: Seasons) -> Array:
    """Constant, bent line and waves, (n, m) with m well below n."""
    t = np.arange(n, dtype=np.float64)
    columns = [np.ones(n), t / n]
    for knot in np.linspace(0, n, max(1, min(8, n // 26)) + 1)[1:-1]:
        columns.append(np.maximum(t - knot, 0) / n)
    for _, period in seasons:
        for wave in range(1, min(3, period // 2) + 1):
            if len(columns) < n // 3:
                columns.append(np.sin(2 * np.pi * wave * t / period))
                columns.append(np.cos(2 * np.pi * wave * t / period))
    return np.stack(columns[: max(2, n // 2)], axis=1)


def as_options(inputs: tuple[Input, ...]) -> list[Mapping[str, Any]]:
    """The regressors as JSON values, for the signature."""
    return [
        {"name": i.name, "mean": i.mean, "categories": i.categories and list(i.categories)}
        for i in inputs
    ]
