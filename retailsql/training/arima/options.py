"""OPTIONS of ARIMA_PLUS and ARIMA_PLUS_XREG, by BigQuery ML's names, checked together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retailsql.errors import TrainingError
from retailsql.training.arima.forecasters import LONGEST, Orders
from retailsql.training.arima.grid import FREQUENCIES, read_seasons
from retailsql.training.arima.job import Recipe
from retailsql.training.options import Option, read_options

DEFAULT_HORIZON = 1000
LARGEST_HORIZON = 10_000
MANY = 20
"""Series from which ARIMA's orders are compared quickly."""
MOST_ROWS = 2_000_000
"""Stored forecasts that a horizon nobody asked for may come to."""

OPTIONS: tuple[Option, ...] = (
    Option("time_series_timestamp_col", "str", None, "The column with the time of a row."),
    Option("time_series_data_col", "str", None, "The column to forecast."),
    Option("time_series_id_col", "any", None, "The column, or list of columns, naming a series."),
    Option("horizon", "int", None, "Steps ahead that are kept with the model; 1000.", minimum=1),
    Option(
        "data_frequency", "str", "AUTO_FREQUENCY", "The time grid.",
        choices=("AUTO_FREQUENCY", *FREQUENCIES),
    ),
    Option("auto_arima", "bool", True, "Search the order of ARIMA."),
    Option("auto_arima_max_order", "int", 2, "Largest p + q of the search, 1 to 5.", minimum=1),
    Option("auto_arima_min_order", "int", 0, "Smallest p + q of the search.", minimum=0),
    Option("non_seasonal_order", "list", None, "p, d, q, with auto_arima = false."),
    Option("include_drift", "bool", False, "A linear drift, with auto_arima = false and d = 1."),
    Option("seasonalities", "list", None, "['WEEKLY', 'YEARLY'], ['NO_SEASONALITY'] or ['AUTO']."),
    Option("holiday_region", "list", None, "Holidays of a region such as 'GB', or of several."),
    Option("clean_spikes_and_dips", "bool", True, "Take outliers out before fitting."),
    Option("adjust_step_changes", "bool", True, "Level out abrupt changes before fitting."),
    Option("decompose_time_series", "bool", True, "Keep the components of history and forecast."),
    Option("trend_smoothing_window_size", "int", None, "Steps the shown trend is averaged over.",
           minimum=1),
    Option("time_series_length_fraction", "float", None, "Newest share of a series that is fitted.",
           minimum=1e-9),
    Option("min_time_series_length", "int", 20, "Fewest steps fitted, with a fraction.", minimum=4),
    Option("max_time_series_length", "int", None, "Newest steps of a series that are fitted.",
           minimum=4),
    Option("forecast_limit_lower_bound", "float", None, "Forecasts stay above it."),
    Option("forecast_limit_upper_bound", "float", None, "Forecasts stay below it."),
    Option("hierarchical_time_series_cols", "any", None, "Not available."),
    Option("l2_reg", "float", 0.0, "Penalty of the regressors' squared weights.", minimum=0),
    Option(
        "num_eval_windows", "int", 1, "Test origins at the end, a horizon apart.", minimum=1
    ),
    Option("seed", "int", 0, "Seed of everything random.", minimum=0),
)  # fmt: skip


def read(given: Mapping[str, Any], several: bool) -> dict[str, Any]:
    """Every option with its value, checked together.

    Args:
        given: raw options.
        several: whether id columns are named.

    Raises:
        TrainingError: an option is unknown, out of range, or does not go with another.
    """
    opts = read_options(given, OPTIONS)
    if opts["hierarchical_time_series_cols"]:
        raise TrainingError(
            "hierarchical_time_series_cols is not available", seen="it is given",
            todo="train a model on the rows GROUP BY each level, or sum the forecasts in SQL",
        )  # fmt: skip
    _check_range(opts, "horizon", 1, LARGEST_HORIZON)
    _check_range(opts, "auto_arima_max_order", 1, 5)
    low, high = opts["forecast_limit_lower_bound"], opts["forecast_limit_upper_bound"]
    if low is not None and high is not None and low >= high:
        raise _clash("forecast_limit_lower_bound is not below the upper bound", f"{low}, {high}")
    lower = {name.lower() for name in given}
    least, most = opts["auto_arima_min_order"], opts["auto_arima_max_order"]
    if least >= most:
        raise _clash("auto_arima_min_order is not below auto_arima_max_order", f"{least}, {most}")
    if opts["max_time_series_length"] and (
        opts["time_series_length_fraction"] or "min_time_series_length" in lower
    ):
        raise _clash("max_time_series_length stands beside a fraction or a minimum", None)
    _check_order(opts, lower, several)
    return opts


def _check_order(opts: Mapping[str, Any], lower: set[str], several: bool) -> None:
    """non_seasonal_order and include_drift go with auto_arima = false, and one series."""
    order, fixed = opts["non_seasonal_order"], not opts["auto_arima"]
    if fixed and several:
        raise TrainingError(
            "One order cannot serve many series",
            seen="auto_arima = false beside time_series_id_col", wanted="auto_arima = true",
            todo="leave auto_arima = false and non_seasonal_order out: each series gets its own",
        )  # fmt: skip
    if fixed != (order is not None):
        raise _clash(
            "non_seasonal_order and auto_arima = false go together",
            "auto_arima = false alone" if fixed else "non_seasonal_order alone",
        )
    if order is not None:
        whole = len(order) == 3 and all(isinstance(v, int) for v in order)
        if not whole or not (0 <= order[0] <= 5 and 0 <= order[1] <= 2 and 0 <= order[2] <= 5):
            raise _clash("non_seasonal_order is not (p, d, q)", order)
    if opts["include_drift"] and (order is None or order[1] != 1):
        raise _clash("include_drift needs auto_arima = false and d = 1", f"order {order}")


def _check_range(opts: Mapping[str, Any], name: str, low: int, high: int) -> None:
    value = opts[name]
    if value is not None and not low <= value <= high:
        raise TrainingError(
            f"Option {name} is out of range", seen=value, wanted=f"{low} to {high}",
            todo="correct it, or leave it out",
        )  # fmt: skip


def _clash(fact: str, seen: object) -> TrainingError:
    return TrainingError(fact, seen=seen, todo="see BigQuery ML's CREATE MODEL for ARIMA_PLUS")


def horizon_of(opts: Mapping[str, Any], series: int) -> int:
    """The steps to keep: those asked for, else 1000, fewer for very many series."""
    if opts["horizon"] is not None:
        return int(opts["horizon"])
    return max(1, min(DEFAULT_HORIZON, MOST_ROWS // max(series, 1)))


def recipe_of(opts: Mapping[str, Any], frequency: str, length: int, series: int) -> Recipe:
    """What is done to each series.

    Args:
        opts: from :func:`read`.
        frequency: of the grid.
        length: usual steps of a series.
        series: how many there are.
    """
    longest = opts["max_time_series_length"] or LONGEST
    if opts["time_series_length_fraction"]:
        part = int(length * min(opts["time_series_length_fraction"], 1.0))
        longest = max(part, opts["min_time_series_length"])
    order = opts["non_seasonal_order"]
    fixed = None if order is None else (int(order[0]), int(order[1]), int(order[2]))
    orders = Orders(
        opts["auto_arima_max_order"], opts["auto_arima_min_order"], fixed,
        fixed is None or fixed[1] == 0 or opts["include_drift"], longest,
        series > MANY,
    )  # fmt: skip
    return Recipe(
        frequency, read_seasons(opts["seasonalities"]), orders, opts["clean_spikes_and_dips"],
        opts["adjust_step_changes"], opts["l2_reg"], opts["forecast_limit_lower_bound"],
        opts["forecast_limit_upper_bound"],
    )  # fmt: skip
