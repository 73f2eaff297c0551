"""Which windows train a forecaster, which stop and calibrate it, and which judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from retailsql.errors import TrainingError
from retailsql.training.forecasting.windows import Panel, Windows, cut, usable


@dataclass(frozen=True)
class Split:
    """Windows by time: each part's targets end before the next part's begin."""

    train: Windows
    validation: Windows
    test: Windows
    seen: int
    window: int
    season: int


def split_windows(panel: Panel, opts: Mapping[str, Any]) -> Split:
    """Cut the panel into training, validation and test windows.

    Raises:
        TrainingError: no series is long enough for all three.
    """
    horizon, width = opts["horizon"], panel.values.shape[1]
    season = opts["season"] or {"DAILY": 7, "WEEKLY": 1, "MONTHLY": 12}[panel.frequency]
    test = width - horizon * np.arange(opts["num_eval_windows"], 0, -1)
    room = int(test[0]) - 3 * horizon
    window = opts["window"] or _window(panel.frequency, season, max(room, 4))
    seen = min(max(window // 2, min(season, window)), 28)
    origins = np.arange(seen, max(int(test[0]) - horizon, 0) + 1)
    held = max(1, min(len(origins) // 5, 4 * horizon, (len(origins) - horizon) // 2))
    early = origins[: -(held + horizon - 1)]
    if len(early) == 0:
        parts_of = opts["num_eval_windows"] + 2
        raise TrainingError(
            "The series are too short for this window and horizon",
            seen=f"the longest of {len(panel.keys)} series has {width} steps",
            wanted=f"{seen + parts_of * horizon} steps for window {window} and horizon {horizon}",
            todo=f"OPTIONS(horizon={(width - seen) // parts_of}), or select an earlier start"
            if width - seen >= parts_of
            else "select an earlier start, or a finer data_frequency",
        )
    rng = np.random.default_rng(opts["seed"])
    parts = []
    for steps, most in ((early, opts["max_windows"]), (origins[-held:], 4000), (test, None)):
        pairs = usable(panel, steps, window, horizon, seen)
        if most is not None and len(pairs[0]) > most:
            picked = np.sort(rng.choice(len(pairs[0]), most, replace=False))
            pairs = pairs[0][picked], pairs[1][picked]
        parts.append(cut(panel, pairs, window, horizon))
    if any(len(part) == 0 for part in parts):
        raise TrainingError(
            "No series has values in each of the training, validation and test steps",
            seen=f"windows: {', '.join(str(len(part)) for part in parts)}",
            wanted="at least one each", todo="select more rows, or fill in NULLs that mean 0",
        )  # fmt: skip
    return Split(parts[0], parts[1], parts[2], seen, window, season)


def _window(frequency: str, season: int, room: int) -> int:
    """Steps of history by default: whole seasons, and no more than the series can afford."""
    usual = {"DAILY": 56, "WEEKLY": 26, "MONTHLY": 24}[frequency]
    if season > 1:
        usual = max(season * max(usual // season, 2), 2)
        return min(usual, max(season * (room // season), 4))
    return min(usual, room)
