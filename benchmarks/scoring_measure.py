"""Time peers in turn, and say by words whether a ratio meets its target."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Times = dict[str, list[float]]


def in_turn(peers: Mapping[str, Callable[[], object]], repeat: int, budget: float) -> Times:
    """Wall-clock seconds of each peer, A B C A B C ..., so that noise hits all alike.

    Args:
        peers: name -> what to time; each is called once before, untimed.
        repeat: rounds at most.
        budget: seconds after which no new round begins, once there are three.
    """
    for call in peers.values():
        call()
    times: Times = {name: [] for name in peers}
    begin = time.perf_counter()
    for i in range(repeat):
        if i >= 3 and time.perf_counter() - begin > budget:
            break
        for name, call in peers.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return times


@dataclass(frozen=True)
class Ratio:
    """One thing over the sum of others, round by round: median, and of the shortest times."""

    median: float
    best: float

    @classmethod
    def of(cls, times: Times, over: str, *under: str) -> Ratio:
        """``over`` divided by the sum of ``under``."""
        sums = [sum(each) for each in zip(*(times[u] for u in under), strict=True)]
        rounds = [a / b for a, b in zip(times[over], sums, strict=True)]
        best = min(times[over]) / sum(min(times[u]) for u in under)
        return cls(statistics.median(rounds), best)

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.best:.2f})"


def verdict(*good: bool) -> str:
    """The word of a target: median and shortest times must both meet it, else it is unsure."""
    if all(good):
        return "[green]pass[/green]"
    return "[yellow]unsure[/yellow]" if any(good) else "[red]miss[/red]"


def milliseconds(values: list[float]) -> str:
    """The median, for reading."""
    return f"{statistics.median(values) * 1e3:,.0f}"


def child(*arguments: str) -> str:
    """The output of a fresh Python process that finds this folder and the package under test."""
    here = Path(__file__).parent
    path = os.pathsep.join(
        filter(None, [str(here), str(here.parent), os.environ.get("PYTHONPATH")])
    )
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout
