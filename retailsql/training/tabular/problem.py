"""What is to be learned from what, and the training of one model on some of the rows."""

from __future__ import annotations

import time
import warnings as python_warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from retailsql.evaluation.baselines import Rules, classifier_baselines, regressor_baselines
from retailsql.evaluation.metrics import classifier_metrics, regressor_metrics
from retailsql.evaluation.splits import Rows
from retailsql.training.tabular.data import Column
from retailsql.training.tabular.estimators import Estimator
from retailsql.training.tabular.export import Scale
from retailsql.training.tabular.label import Target
from retailsql.training.tabular.linear_prefix import adapted
from retailsql.training.tabular.prefix import Prefix, fit_prefix
from retailsql.training.tabular.row_weights import row_weights
from retailsql.training.tabular.stopping import stop_early

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """A prefix and an estimator, fitted to some rows.

    Args:
        prefix: the encoding.
        estimator: the scikit-learn estimator.
        scale: how a regressor's raw output becomes the label.
        warnings: sentences for the result row.
        seconds: how long the estimator took.
    """

    prefix: Prefix
    estimator: Any
    scale: Scale
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0

    def predict(self, columns: Sequence[Column]) -> Floats:
        """Probabilities (rows, classes) or values (rows,) by scikit-learn, without ONNX."""
        inputs = self.prefix.inputs(columns)
        x = self.prefix.matrix(inputs)
        if hasattr(self.estimator, "predict_proba"):
            return np.asarray(self.estimator.predict_proba(x), dtype=np.float64)
        return self.finish(self.estimator.predict(x), inputs)

    def finish(self, raw: NDArray[Any], inputs: Sequence[NDArray[Any]]) -> Floats:
        """A regressor's raw output, shape (rows,), on the scale of the label."""
        values = np.asarray(raw, dtype=np.float64) * self.scale.factor + self.scale.offset
        values = values + self.scale.starts(inputs)
        return np.exp(values) if self.scale.log else values


@dataclass(frozen=True)
class Problem:
    """What is to be learned from what.

    Args:
        spec: the estimator.
        columns: the features, all rows.
        target: the label.
        rules: what trivial rules look at.
        options: all options of the model type, read.
        start: the position of offset_col among the features.
        instance: instance_weight_col, shape (rows,), or None.
    """

    spec: Estimator
    columns: list[Column]
    target: Target
    rules: Rules
    options: Mapping[str, Any]
    start: int | None = None
    instance: Floats | None = None

    def train(self, rows: Rows) -> Trained:
        """Fit encoding and estimator to these rows."""
        spec, most = self.spec, self.spec.most_rows
        if most is not None and len(rows) > most:
            rng = np.random.default_rng(self.options["seed"])
            rows = np.sort(rng.choice(rows, most, replace=False))
        prefix = fit_prefix(self.columns, rows, spec.standardize, self._order())
        prefix = adapted(prefix, self.options)
        inputs = prefix.inputs(take(self.columns, rows))
        x: NDArray[Any] = prefix.matrix(inputs)
        if not self.options.get("fit_intercept", True) or self.options.get("calculate_p_values"):
            x = x.astype(np.float64)  # what is not centred is too much for the solver in 32 bits
        y, scale = self._scaled(rows, prefix, inputs)
        estimator = stop_early(spec.build(self.options, len(rows)), self.options, y)
        began = time.perf_counter()
        with python_warnings.catch_warnings(record=True) as caught:
            python_warnings.simplefilter("always", ConvergenceWarning)
            estimator = estimator.fit(x, y, **self._weights(rows, estimator))
        late = any(issubclass(w.category, ConvergenceWarning) for w in caught)
        words = ("Training stopped at max_iterations before it converged: raise it",)
        seconds = time.perf_counter() - began
        return Trained(prefix, estimator, scale, words if late else (), seconds)

    def _weights(self, rows: Rows, estimator: Any) -> dict[str, Floats]:
        """The argument of ``fit`` that weighs rows, if any are weighed."""
        weights = row_weights(self.options, self.spec.weighs_classes, self.target, self.instance)
        if weights is None:
            return {}
        last = f"{estimator.steps[-1][0]}__" if isinstance(estimator, Pipeline) else ""
        return {f"{last}sample_weight": weights[rows]}

    def _scaled(
        self, rows: Rows, prefix: Prefix, inputs: Sequence[NDArray[Any]]
    ) -> tuple[NDArray[Any], Scale]:
        """What the estimator is fitted to, and the way back from it to the label."""
        y: NDArray[Any] = self.target.y[rows]
        if self.spec.kind == "classifier":
            return y, Scale()
        scale = Scale(log=self.rules.log, start=self.start)
        if self.start is not None:
            scale = replace(scale, fill=prefix.features[self.start].fill or 0.0)
        y = (np.log(y) if scale.log else y) - scale.starts(inputs)
        if self.spec.standardize:
            offset = float(y.mean()) if self.options.get("fit_intercept", True) else 0.0
            scale = replace(scale, factor=float(y.std()) or 1.0, offset=offset)
        return (y - scale.offset) / scale.factor, scale

    def design(self, model: Trained, rows: Rows) -> tuple[Floats, NDArray[Any]]:
        """What a model's estimator was fitted to: matrix (rows, width) and label (rows,)."""
        inputs = model.prefix.inputs(take(self.columns, rows))
        y, _ = self._scaled(rows, model.prefix, inputs)
        return model.prefix.matrix(inputs).astype(np.float64), y

    def _order(self) -> Floats | None:
        """The number by which trees order the categories of a column with many."""
        if self.spec.standardize or len(self.target.classes) > 2:
            return None
        return self.target.y.astype(np.float64)

    def predict(self, model: Trained, rows: Rows) -> Floats:
        """What a model says of these rows."""
        return model.predict(take(self.columns, rows))

    def metrics(self, predicted: Floats, rows: Rows) -> dict[str, Any]:
        """Metrics of predictions of these rows."""
        if self.spec.kind == "classifier":
            codes = self.target.y.astype(np.int64)
            return classifier_metrics(codes[rows], predicted, self.target.positive)
        return regressor_metrics(self.target.y.astype(np.float64)[rows], predicted, self.rules.log)

    def baselines(self, train: Rows, held: Rows) -> dict[str, Any]:
        """Metrics of the trivial rules on the held rows."""
        if self.spec.kind == "classifier":
            codes = self.target.y.astype(np.int64)
            return classifier_baselines(codes, train, held, self.target.positive, self.rules)
        return regressor_baselines(self.target.y.astype(np.float64), train, held, self.rules)

    @property
    def primary(self) -> str:
        """The metric that decides."""
        chosen = self.options["primary_metric"]
        if chosen is not None:
            return str(chosen).lower()
        if self.spec.kind == "regressor":
            return "mean_absolute_error"
        return "roc_auc" if len(self.target.classes) == 2 else "log_loss"


def take(columns: Sequence[Column], rows: NDArray[np.int64]) -> list[Column]:
    """The columns with these rows only."""
    return [replace(c, values=c.values[rows]) for c in columns]
