"""A forecaster against the deployed one, on the windows held out of its training."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from retailsql.evaluation import forecasts
from retailsql.registry.fetch import first_row
from retailsql.registry.store import StoredVersion
from retailsql.training.contest import IncomparableError, Outcome, call_of, scores_of
from retailsql.training.forecasting.forecast_record import as_lists
from retailsql.training.forecasting.series_columns import Array, Ints
from retailsql.training.forecasting.windows import Panel, Windows, cut

STEP_DAYS = {"DAILY": 1.0, "WEEKLY": 7.0, "MONTHLY": 30.4375}


@dataclass(frozen=True)
class WindowContest:
    """The windows that judge, and what the new version says of them.

    Args:
        panel: all series.
        test: the windows.
        horizon: steps ahead.
        origins: backtest origins at the end, a horizon apart.
        value: what the new version forecasts, (windows, horizon).
        measure: ``measure(forecast, rows)``: metrics of forecasts of some of the windows.
    """

    panel: Panel
    test: Windows
    horizon: int
    origins: int
    value: Array
    measure: Callable[[Array, Ints], dict[str, float]]

    def seen(self, con: DuckDBPyConnection, rows: pa.Table, inputs: list[str]) -> Any:
        """Nothing: what was seen is told by the last steps of the stored histories."""
        return None

    def against(self, con: DuckDBPyConnection, old: StoredVersion, rows: pa.Table) -> Outcome:
        """See :class:`retailsql.training.contest.Contest`."""
        self._check(con, old)
        window = int(old.signature.options["window"])
        pairs = (self.test.series, self.test.origin)
        history = as_lists(cut(self.panel, pairs, window, self.horizon).history)
        said = scores_of(
            con,
            f"list_transform({call_of(old).function}(p.history, {self.horizon}, 0.9), "
            "lambda x: x.value)",
            pa.table({"history": history}),
        )
        good = np.array([v is not None and None not in v for v in said], np.bool_)
        if not good.any():
            raise IncomparableError(f"version {old.version} forecasts none of the held-out windows")
        theirs = np.array([v for v, kept in zip(said, good, strict=True) if kept], np.float64)
        places = np.flatnonzero(good)
        return Outcome(
            self.measure(theirs, places)[forecasts.PRIMARY],
            self.measure(self.value[places], places)[forecasts.PRIMARY],
            f"on {len(places):,} held-out windows",
        )

    def _check(self, con: DuckDBPyConnection, old: StoredVersion) -> None:
        """Refuse a version that forecasts something else, or was trained on the held-out steps."""
        options, label = old.signature.options, self.panel.columns[1]
        if old.signature.label.lower() != label.lower():
            raise IncomparableError(
                f"version {old.version} forecasts {old.signature.label!r}, not {label!r}"
            )
        for name, mine in (("frequency", self.panel.frequency), ("horizon", self.horizon)):
            theirs = options.get(name)
            if theirs is None or (theirs != mine if name == "frequency" else theirs < mine):
                raise IncomparableError(f"version {old.version} has {name} {theirs}, not {mine}")
        end = self._trained_until(con, old, int(options["horizon"]))
        step = STEP_DAYS[self.panel.frequency]
        first = _days(self.panel.last_at.max()) - self.origins * self.horizon * step
        if end is None or end > first + step / 2:
            raise IncomparableError(
                f"version {old.version} was trained on some of the steps that are held out"
            )

    def _trained_until(
        self, con: DuckDBPyConnection, old: StoredVersion, horizon: int
    ) -> float | None:
        """Day since 1970 of the last step the old version was trained on; None if unknown."""
        name = old.name
        row = first_row(
            con,
            f"SELECT max(h.last_at), any_value(v.options) FROM {name.registry}.histories AS h "
            f"JOIN {name.registry}.versions AS v USING (content_hash) "
            "WHERE v.model_schema = ? AND v.model_name = ? AND v.version = ?",
            [name.schema, name.name, old.version],
        )
        if row is None or row[0] is None:
            return None
        origins = json.loads(row[1]).get("num_eval_windows") or 1
        held = horizon * int(origins) * STEP_DAYS[self.panel.frequency]
        return _days(np.datetime64(row[0], "us")) - held


def _days(moment: np.datetime64) -> float:
    return float(moment.astype("datetime64[us]").astype(np.int64)) / 86_400e6
