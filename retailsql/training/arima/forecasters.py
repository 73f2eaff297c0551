"""The forecasters that compete for a series: ARIMA, ETS, Theta, their middle, and plain rules.

Each sees a series without gaps and gives the next steps, and on request its one-step forecasts of
the past. The plain rules are those every forecaster is judged beside
(``evaluation.forecasts.trivial_rules``), so that none is used that a line of SQL would beat.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from statsforecast.models import IMAPA, AutoETS, DynamicOptimizedTheta

from retailsql.evaluation.forecasts import trivial_rules
from retailsql.training.arima.orders import ArimaFit, Order, fit_order, search
from retailsql.training.arima.seasonal import Split
from retailsql.training.forecasting.series_columns import Array

ARIMA, ETS, THETA, IMAPA_NAME = "ARIMA", "ETS", "Theta", "IMAPA"
MIDDLE = "median of ARIMA, ETS, Theta"
MODELS = (ARIMA, ETS, THETA, MIDDLE, IMAPA_NAME)
TREES = "boosted trees over all series"
BLEND = "median of trees, ETS, Theta and two plain medians"
BLENDED = (ETS, THETA, "median of 8", "median of window")
"""What stands beside the trees in the blend."""
POOLED = (TREES, BLEND)
"""Forecasters that need many series; ``arima_pool`` makes their forecasts."""
ALL_MODELS = (*MODELS, *POOLED)
"""Forecasters that are no plain rules."""
LEFT_OUT = ("zero",)
"""A plain rule that is shown as a baseline but never used: it would sell nothing for ever."""
SHORTEST = 8
"""Values a statistical model needs; shorter series are left to the plain rules."""
LONGEST = 1024
"""Newest values the models are fitted on."""
START, LONGEST_START = 4, 14
"""Steps until a model has found its level: a season, but within these."""
ENOUGH = 8
"""The same for a mean or median of the past."""
PAST = 730
"""Newest values the plain rules look at."""


@dataclass(frozen=True)
class Orders:
    """How ARIMA finds its order: a fixed one, or a search over p + q.

    Args:
        most: largest p + q.
        least: smallest p + q.
        fixed: p, d, q to use as they are.
        constant: with a drift or mean, where the order is fixed.
        longest: newest values that are fitted.
        quick: whether orders are compared quickly, for many series.
    """

    most: int = 2
    least: int = 0
    fixed: Order | None = None
    constant: bool = True
    longest: int = LONGEST
    quick: bool = False


@dataclass
class Competition:
    """All forecasters on one series up to one origin; fits are made when first asked for.

    Args:
        values: (n,) what the models see: cleaned, without holidays and regressors.
        raw: (n,) what the plain rules see: without holidays, regressors and spikes.
        parts: the seasonal parts of ``values``.
        season: steps of the season the plain rules look back; 1 for none.
        orders: how ARIMA finds its order.
    """

    values: Array
    raw: Array
    parts: Split
    season: int
    orders: Orders = field(default_factory=Orders)
    _arima: list[ArimaFit] | None = None

    @property
    def names(self) -> list[str]:
        """The forecasters this series is long enough for."""
        rules = [r for r in self.rules(1) if r not in LEFT_OUT]
        return [*(MODELS if len(self.values) >= SHORTEST else ()), *rules]

    @property
    def arima(self) -> list[ArimaFit]:
        """The fitted orders, the best first."""
        if self._arima is None:
            values, o = self._newest(), self.orders
            self._arima = (
                search(values, o.most, o.least, o.quick) if o.fixed is None
                else [fit_order(values, o.fixed, o.constant)]
            )  # fmt: skip
        return self._arima

    def _newest(self) -> Array:
        return self.parts.adjusted[-self.orders.longest :]

    def rules(self, horizon: int) -> dict[str, Array]:
        """The plain rules' forecasts, (horizon,) each."""
        return plain_rules(self.raw, horizon, self.season)

    def forecasts(self, horizon: int, only: str | None = None) -> dict[str, Array]:
        """Forecaster -> its next steps, (horizon,).

        Args:
            horizon: steps ahead.
            only: just this one, and what it is made of.
        """
        made = self.rules(horizon)
        if len(self.values) >= SHORTEST and (only is None or only in MODELS):
            wanted = {ARIMA, ETS, THETA} if only is None or only == MIDDLE else {only}
            if only is None:
                wanted.add(IMAPA_NAME)
            for name in sorted(wanted):
                made[name] = self._model(name, horizon)[0]
            if only in (None, MIDDLE):
                made[MIDDLE] = np.median([made[ARIMA], made[ETS], made[THETA]], axis=0)
        return made if only is None else {only: made[only]}

    def one_step(self, name: str) -> Array:
        """One-step forecasts of ``values`` by a forecaster, (n,)."""
        if name == MIDDLE:
            return np.asarray(np.median([self.one_step(m) for m in (ARIMA, ETS, THETA)], axis=0))
        if name in MODELS:
            return self._model(name, 1)[1]
        return self._rule_one_step(name)

    def is_plain(self, name: str) -> bool:
        """True for a forecaster that sees steps of the level and seasons, not only what is left."""
        return name not in (ARIMA, ETS, THETA, MIDDLE)

    def warm_up(self, name: str) -> int:
        """Steps at the start whose one-step forecasts know too little to judge a value by."""
        season = self.season
        if self.is_plain(name):
            known = season if "season" in name else 1 if name == "naive" else ENOUGH
        else:
            known = min(max(season, START), LONGEST_START)
        return max(1, min(known, len(self.raw) // 2))

    def _model(self, name: str, horizon: int) -> tuple[Array, Array]:
        """Next steps and one-step forecasts of a model, the seasons added again."""
        newest, seasonal = self._newest(), self.values - self.parts.adjusted
        if name == IMAPA_NAME:
            ahead, _ = _run(IMAPA(), self.raw[-LONGEST:], horizon)
            return ahead, self._rule_one_step("mean of 8")
        if name == ARIMA:
            best = self.arima[0] if self.arima else ArimaFit((0, 1, 0), False)
            ahead, fitted = best.forecast(newest, horizon), best.fitted(newest)
        elif name == ETS:
            ahead, fitted = _run(AutoETS(season_length=1), newest, horizon)
        else:
            ahead, fitted = _run(DynamicOptimizedTheta(season_length=1), newest, horizon)
        older = self.parts.adjusted[: len(self.values) - len(newest)]
        past = np.concatenate([np.append(older[:1], older)[: len(older)], fitted])
        return ahead + self.parts.total_ahead(horizon), past + seasonal

    def _rule_one_step(self, name: str) -> Array:
        """A plain rule applied at every step to what lay before it; the first steps are given."""
        n, look = len(self.raw), min(len(self.raw), PAST)
        wide = np.concatenate([np.full(look, np.nan), self.raw])
        windows = np.lib.stride_tricks.sliding_window_view(wide, look)[1:n]
        made = trivial_rules(windows, 1, self.season) if n > 1 else {}
        later = {_plain(rule): found[:, 0] for rule, found in made.items()}
        fitted = np.append(self.raw[:1], later.get(name, self.raw[1:]))
        return np.where(np.isfinite(fitted), fitted, self.raw)


def plain_rules(values: Array, horizon: int, season: int) -> dict[str, Array]:
    """What anybody can do in a line of SQL: rule -> (horizon,).

    Args:
        values: (n,) without gaps.
        horizon: steps ahead.
        season: steps of a season; 1 for none.
    """
    made = trivial_rules(values[None, -PAST:], horizon, season)
    return {_plain(name): rule[0] for name, rule in made.items()}


def _plain(rule: str) -> str:
    """A rule's name without the number of seasons it found, which grows with a series."""
    return re.sub(r"of \d+ seasons", "of seasons", rule)


def _run(model: Any, values: Array, horizon: int) -> tuple[Array, Array]:
    """Next steps and one-step forecasts of a model of statsforecast; of naive if it fails."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            made = model.forecast(y=values, h=horizon, fitted=not isinstance(model, IMAPA))
    except (ValueError, ArithmeticError, NotImplementedError, RuntimeError):
        made = {"mean": np.full(horizon, np.nan)}
    ahead = np.asarray(made["mean"], dtype=np.float64)
    naive = np.append(values[:1], values[:-1])
    fitted = np.asarray(made.get("fitted", naive), dtype=np.float64)
    if not np.isfinite(ahead).all():
        return np.full(horizon, values[-1]), naive
    return ahead, np.where(np.isfinite(fitted), fitted, naive)
