"""What ML.TRAINING_INFO, ML.FEATURE_INFO and ML.HOLIDAY_INFO tell of a time series model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from retailsql.training.arima.holidays import COLUMNS, Holiday
from retailsql.training.fitted import TrainingData
from retailsql.training.tabular.raw_profile import info_rows

Rows = Sequence[Mapping[str, Any]]


def info_of(
    data: TrainingData, holidays: Sequence[Holiday], milliseconds: int
) -> Mapping[str, Rows]:
    """Reports by name, see :class:`retailsql.training.fitted.Fitted`.

    Args:
        data: the training rows; every column is told of.
        holidays: the days that were modelled.
        milliseconds: how long the whole of training took.
    """
    days = (
        (h.region, h.name, h.day.isoformat(), h.before, h.after)
        for h in sorted(holidays, key=lambda h: (h.region, h.name, h.day))
    )
    return {
        "training_info": [{"training_run": 0, "iteration": 0, "duration_ms": milliseconds}],
        "feature_info": info_rows(data, data.table.column_names),
        "holiday_info": [dict(zip(COLUMNS, day, strict=True)) for day in days],
    }
