"""Scores of a whole table: CREATE TABLE AS in SQL, against pandas and scikit-learn and back.

Run as a process of its own (``python scoring_roundtrip.py FILE MODEL WAY``) it prints the extra
memory of one way in bytes.
"""

from __future__ import annotations

import pickle
import re
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import threadpoolctl  # type: ignore[import-untyped]
from rich.table import Table
from scoring_measure import Ratio, child, in_turn, milliseconds, verdict
from scoring_models import FEATURES, MODELS, TREES, WORDS, pickled

import retailsql

WAYS = ("sql", "pandas")
STATUS = Path("/proc/self/status")


def in_sql(con: retailsql.Session, name: str, limit: int | None = None) -> None:
    """Score every row into a table, inside DuckDB."""
    rows = "numbers" if limit is None else f"(FROM numbers LIMIT {limit})"
    con.execute(
        f"CREATE OR REPLACE TABLE scored AS SELECT id, {name}_numbers_score(t) AS score "
        f"FROM {rows} AS t"
    )


def in_pandas(con: retailsql.Session, model: Any, limit: int | None = None) -> None:
    """Fetch the rows, score them where the model was trained, and put the scores back."""
    end = "" if limit is None else f" LIMIT {limit}"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="duckdb")  # .df() under pandas 3.1
        warnings.filterwarnings("ignore", message=".*[Pp]andas")
        frame = con.execute(f"SELECT id, {', '.join(FEATURES)} FROM numbers{end}").df()
    scores = frame[["id"]].assign(score=model.predict(frame[FEATURES]))
    con.register("scores", scores)
    con.execute("CREATE OR REPLACE TABLE scored_outside AS FROM scores")
    con.unregister("scores")


def agree(con: retailsql.Session) -> float:
    """Correlation of the two tables of scores: both did the work."""
    sql = "SELECT corr(a.score, b.score) FROM scored AS a JOIN scored_outside AS b USING (id)"
    return float(con.execute(sql).fetchall()[0][0])


@contextmanager
def threads(con: retailsql.Session, model: Any, n: int) -> Iterator[None]:
    """Give DuckDB and scikit-learn the same number of threads."""
    con.execute(f"SET threads = {n}")
    if hasattr(model, "n_jobs"):
        model.set_params(n_jobs=n)
    with threadpoolctl.threadpool_limits(n):
        yield


def times_table(path: Path, pipelines: dict[str, Any], repeat: int) -> Table:
    """Time of both ways; what trees gain on one thread is reported without a target."""
    out = Table("model", "threads", "SQL ms", "pandas ms", "pandas / SQL", "target", "",
                title="(b) CREATE TABLE AS against fetch, scikit-learn, insert: time")  # fmt: skip
    for name in MODELS:
        for n in (1, 2):
            ratio, times = _ratio(path, name, pipelines[name], n, repeat)
            wanted = 2.0 if name not in TREES else 1.0 if n == 2 else None
            judged = ("", "") if wanted is None else (
                f">= {wanted:.2f}", verdict(ratio.median >= wanted, ratio.best >= wanted)
            )  # fmt: skip
            out.add_row(WORDS[name], str(n), milliseconds(times["sql"]),
                        milliseconds(times["pandas"]), str(ratio), *judged)  # fmt: skip
    return out


def memory_table(path: Path) -> Table:
    """Extra memory of both ways, each in a process of its own."""
    out = Table("model", "SQL MB", "pandas MB", "SQL / pandas", "target", "",
                title="(b) The same: peak memory beyond data, libraries and model")  # fmt: skip
    for name in MODELS:
        sql, pandas = (int(child(__file__, str(path), name, way)) / 1e6 for way in WAYS)
        out.add_row(WORDS[name], f"{sql:.0f}", f"{pandas:.0f}", f"{sql / pandas:.2f}", "<= 0.10",
                    verdict(sql <= 0.1 * pandas))  # fmt: skip
    return out


def _ratio(
    path: Path, name: str, model: Any, n: int, repeat: int
) -> tuple[Ratio, dict[str, list[float]]]:
    with retailsql.connect(path) as con, threads(con, model, n):
        peers: dict[str, Callable[[], None]] = {
            "sql": lambda: in_sql(con, name),
            "pandas": lambda: in_pandas(con, model),
        }
        times = in_turn(peers, repeat, budget=8)
        if agree(con) < 0.95:
            raise SystemExit(f"{name}: the two ways do not score alike")
    return Ratio.of(times, "pandas", "sql"), times


def extra_memory(path: Path, name: str, way: str) -> int:
    """Peak resident bytes of one way beyond what the loaded data, libraries and model take."""
    model = pickle.loads(pickled(path, name).read_bytes()) if way == "pandas" else None
    with retailsql.connect(path) as con, threads(con, model, 1):
        con.execute(f"SELECT {', '.join(f'sum({x})' for x in ['id', *FEATURES])} FROM numbers")
        con.fetchall()

        def work(limit: int | None) -> None:
            return in_sql(con, name, limit) if way == "sql" else in_pandas(con, model, limit)

        work(1000)
        with Peak() as peak:
            work(None)
    return peak.bytes


class Peak:
    """Growth of the resident memory over a block: the kernel's own mark where it can be reset
    (Linux), else a thread that looks every millisecond.
    """

    bytes = 0

    def __enter__(self) -> Peak:
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._start = self._highest = _status("VmRSS")
        try:
            Path("/proc/self/clear_refs").write_text("5")
        except OSError:
            self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._watcher.is_alive():
            self._watcher.join()
        else:
            self._highest = _status("VmHWM")
        self.bytes = self._highest - self._start

    def _watch(self) -> None:
        while not self._stop.is_set():
            self._highest = max(self._highest, _status("VmRSS"))
            time.sleep(0.001)


def _status(field: str) -> int:
    found = re.search(rf"{field}:\s+(\d+) kB", STATUS.read_text())
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__" and len(sys.argv) > 1:
    print(extra_memory(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
