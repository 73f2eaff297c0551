"""Which file makes which kind of node: the one visible table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from retailsql.runner.materialize import incremental, model, score, seed, table, view
from retailsql.runner.materialize.job import Job, Made

MAKE: Mapping[str, Callable[[Job], Made]] = {
    "table": table.make,
    "view": view.make,
    "incremental": incremental.make,
    "seed": seed.make,
    "model": model.make,
    "score": score.make,
}
