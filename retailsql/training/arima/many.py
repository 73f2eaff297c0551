"""The same work on many series: in this process, or in as many as the machine has cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import joblib

from retailsql.training.fitted import Progress

FEWEST = 40
"""Tasks below which starting other processes costs more than it saves."""


def for_all(
    function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], words: str, say: Progress,
    begin: float, end: float,
) -> list[Any]:  # fmt: skip
    """The results of ``function(*task)``, in the tasks' order.

    Args:
        function: of a module, so that other processes find it.
        tasks: its arguments.
        words: what is done, for people.
        say: told how many are done.
        begin: the share done before.
        end: the share done after.
    """
    workers = joblib.cpu_count() if len(tasks) >= FEWEST else 1
    say(f"{words}: 0 of {len(tasks)} series", begin)
    chunk = max(1, min(16, len(tasks) // (4 * workers)))
    parts = [tasks[i : i + chunk] for i in range(0, len(tasks), chunk)]
    if workers == 1:
        source: Any = (_chunk(function, part) for part in parts)
    else:
        run = joblib.Parallel(n_jobs=workers, return_as="generator")
        source = run(joblib.delayed(_chunk)(function, part) for part in parts)
    done: list[Any] = []
    for part in source:
        done.extend(part)
        share = begin + (end - begin) * len(done) / len(tasks)
        say(f"{words}: {len(done)} of {len(tasks)} series", share)
    return done


def _chunk(function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> list[Any]:
    return [function(*task) for task in tasks]
