"""What an evaluation says: metrics of the model beside those of its baselines, on the same rows.

Nothing is claimed without its baseline, so the type has no way to hold one without the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

GREATER_IS_BETTER = frozenset(
    [
        "accuracy",
        "precision",
        "recall",
        "f1_score",
        "roc_auc",
        "pr_auc",
        "r2_score",
        "recall_at_k",
        "ndcg_at_k",
        "lift_at_10",
        "interval_coverage",
        "explained_variance",
        "total_explained_variance_ratio",
        "r2_log",
        "recall_at_k_all",
        "ndcg_at_k_all",
        "coverage",
        "coverage_all",
        "mean_average_precision",
        "normalized_discounted_cumulative_gain",
    ]
)
"""Metrics of which more is better; of all others less is."""


@dataclass(frozen=True)
class Evaluation:
    """Metrics on rows the model was not trained on.

    Args:
        split: in words, which rows were held out: ``"last 20 % by week: 800 train, 200 eval"``.
        primary: the name of the metric that decides whether a model beats its baseline.
        metrics: the model's, by BigQuery ML's names where it has them.
        baselines: name of each trivial rule -> its metrics; each has at least ``primary``.
        rows_train: rows (for forecasts: windows; for recommendations: purchases) trained on.
        rows_eval: rows (windows, customers) evaluated on.

    >>> trivial = {"base rate": {"roc_auc": 0.5}}
    >>> e = Evaluation("20 % held out", "roc_auc", {"roc_auc": 0.8}, trivial, 80, 20)
    >>> e.best_baseline(), e.beats_baseline
    (('base rate', 0.5), True)
    """

    split: str
    primary: str
    metrics: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, float]]
    rows_train: int
    rows_eval: int

    def better(self, a: float, b: float) -> bool:
        """True if ``a`` is a better value of the primary metric than ``b``."""
        return a > b if self.primary in GREATER_IS_BETTER else a < b

    def best_baseline(self) -> tuple[str, float]:
        """The strongest trivial rule and its value of the primary metric."""
        values = {name: m[self.primary] for name, m in self.baselines.items()}
        pick = max if self.primary in GREATER_IS_BETTER else min
        name = pick(values, key=lambda n: values[n])
        return name, values[name]

    @property
    def beats_baseline(self) -> bool:
        """True if the model is better than every trivial rule on the primary metric."""
        return self.better(self.metrics[self.primary], self.best_baseline()[1])

    def to_json(self) -> str:
        """The evaluation as JSON, as the registry keeps it."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Evaluation:
        """Read a stored evaluation."""
        return cls(**json.loads(text))
