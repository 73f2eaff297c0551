"""What a score in SQL costs, against peers measured in the same run, in turn.

Run: ``python benchmarks/scoring.py [--rows N] [--repeat N] [--only abcde]`` (about five minutes).
Ratios are medians over the rounds, in brackets of the shortest times. Ten features; models are
trained on the first 20,000 rows. A second thread needs more than one row group (122,880 rows).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import scoring_roundtrip
import scoring_start
from duckdb.func import FunctionNullHandling, PythonUDFType
from rich.console import Console
from rich.table import Table
from scoring_measure import Ratio, in_turn, milliseconds, verdict
from scoring_models import FEATURES, MIXED, MODELS, WORDS, Trained, build

import retailsql
from retailsql.scoring.onnx_session import open_graph

BATCH = 2048
"""Rows that DuckDB hands to an Arrow UDF at once."""
Feeds = list[dict[str, Any]]


def read_feeds(con: retailsql.Session) -> Feeds:
    """The table as numpy columns, cut as DuckDB cuts it: all that ONNX Runtime could wish for."""
    columns = con.execute(f"SELECT {', '.join(FEATURES)} FROM numbers").fetchnumpy()
    n = len(columns[FEATURES[0]])
    return [
        {name: np.array(columns[name][i : i + BATCH]) for name in FEATURES}
        for i in range(0, n, BATCH)
    ]


def directly(model: Trained, feeds: Feeds, threads: int) -> Callable[[], None]:
    """ONNX Runtime alone: the same graph and options, the batches dealt to Python threads."""
    session = open_graph(model.fitted.onnx)
    output = [model.fitted.signature.graph.output]

    def work(part: Feeds) -> None:
        for feed in part:
            session.run(output, feed)

    def all_parts() -> None:
        parts = [threading.Thread(target=work, args=(feeds[i::threads],)) for i in range(threads)]
        for part in parts:
            part.start()
        for part in parts:
            part.join()

    return (lambda: work(feeds)) if threads == 1 else all_parts


def create_peers(con: retailsql.Session, models: dict[str, Trained]) -> None:
    """UDFs beside which ours are judged: ``empty`` returns zeros, ``bare_<model>`` is the shortest
    that can be written by hand, without any care for NULL, NaN, infinity, one-row batches.
    """
    zeros = pa.array(np.zeros(BATCH))

    def bare(model: Trained) -> Any:
        session = open_graph(model.fitted.onnx)
        output = [model.fitted.signature.graph.output]

        def score(columns: Any) -> pa.Array:
            feed = {k: c.to_numpy() for k, c in zip(FEATURES, columns, strict=True)}
            return pa.array(session.run(output, feed)[0][:, 0].astype(np.float64))

        return score

    functions = {f"bare_{name}": bare(models[f"{name}_numbers"]) for name in MODELS}
    functions["empty"] = lambda columns: zeros[: len(columns[0])]
    for name, function in functions.items():
        con.create_function(
            name, _of_ten(function), ["DOUBLE"] * len(FEATURES), "DOUBLE",
            type=PythonUDFType.ARROW, null_handling=FunctionNullHandling.SPECIAL,
        )  # fmt: skip


def _of_ten(function: Callable[[Any], pa.Array]) -> Any:
    """DuckDB reads the number of parameters from the function and refuses ``*args``."""
    return lambda a, b, c, d, e, f, g, h, i, j: function((a, b, c, d, e, f, g, h, i, j))


def query(con: retailsql.Session, expression: str, table: str = "numbers") -> Callable[[], object]:
    """A query that needs the score of every row."""
    return lambda: con.execute(f"SELECT sum({expression}) FROM {table} AS t").fetchall()


def overhead(con: retailsql.Session, models: dict[str, Trained], repeat: int) -> Table:
    """(a) SQL over ONNX Runtime directly plus an empty UDF."""
    out = Table(
        "model", "threads", "SQL ms", "ORT ms", "empty ms", "ratio", "target", "", "SQL / bare",
        title="(a) Score in SQL / (ONNX Runtime directly + empty UDF); bare: shortest UDF",
    )  # fmt: skip
    feeds, columns = read_feeds(con), ", ".join(FEATURES)
    alone: dict[int, float] = {}
    for threads in (1, 2):
        con.execute(f"SET threads = {threads}")
        for name in MODELS:
            peers = {
                "sql": query(con, f"{name}_numbers_score(t)"),
                "direct": directly(models[f"{name}_numbers"], feeds, threads),
                "empty": query(con, f"empty({columns})"),
                "bare": query(con, f"bare_{name}({columns})"),
            }
            times = in_turn(peers, repeat, budget=10)
            ratio = Ratio.of(times, "sql", "direct", "empty")
            alone[threads] = statistics.median(times["direct"]) + alone.get(threads, 0.0)
            out.add_row(
                WORDS[name], str(threads), *(milliseconds(times[p]) for p in list(peers)[:3]),
                str(ratio), "<= 1.10", verdict(ratio.median <= 1.1, ratio.best <= 1.1),
                str(Ratio.of(times, "sql", "bare")),
            )  # fmt: skip
    out.caption = (
        f"Two threads made ONNX Runtime alone {alone[1] / alone[2]:.1f} times as fast; well below "
        "2, the second core was busy and the rows of two threads mean nothing."
    )
    return out


def macro(con: retailsql.Session, models: dict[str, Trained], repeat: int) -> Table:
    """(c) The macro over the row costs nothing; the same call twice shows what noise is."""
    con.execute("SET threads = 1")
    positional = models["linear_numbers"].call.over_names()
    peers = {
        "macro": query(con, "linear_numbers_score(t)"),
        "positional": query(con, positional),
        "again": query(con, positional),
    }
    times = in_turn(peers, 4 * repeat, budget=15)
    ratio, noise = Ratio.of(times, "macro", "positional"), Ratio.of(times, "again", "positional")
    out = Table("model", "macro / positional", "positional / itself", "target", "",
                title="(c) Row macro against the hidden function by position")  # fmt: skip
    out.add_row(WORDS["linear"], str(ratio), str(noise), "1 +- 0.03",
                verdict(abs(ratio.median - 1) <= 0.03, abs(ratio.best - 1) <= 0.03))  # fmt: skip
    return out


def mixed(con: retailsql.Session, repeat: int) -> Table:
    """(d) Four text columns of ten against ten numbers."""
    out = Table("model", "mixed ms", "numbers ms", "ratio", "target", "",
                title="(d) Four categories among ten columns / ten numbers")  # fmt: skip
    con.execute("SET threads = 1")
    for name in MIXED:
        peers = {t: query(con, f"{name}_{t}_score(t)", t) for t in ("mixed", "numbers")}
        times = in_turn(peers, repeat, budget=10)
        ratio = Ratio.of(times, "mixed", "numbers")
        word = verdict(ratio.median <= 1.5, ratio.best <= 1.5)
        judged = ("<= 1.50", word) if name == "boosting" else ("", "")
        out.add_row(
            WORDS[name], *(milliseconds(times[p]) for p in peers), str(ratio), *judged
        )  # fmt: skip
    return out


def main() -> None:
    """Print the tables as they are ready."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows to score")
    parser.add_argument("--repeat", type=int, default=5, help="rounds at most, at least three")
    parser.add_argument("--only", default="abcde", help="letters of the tables wanted")
    arguments = parser.parse_args()
    console, repeat = Console(), arguments.repeat
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scoring.duckdb"
        models, pipelines = build(path, arguments.rows)
        with retailsql.connect(path) as con:
            create_peers(con, models)
            if "a" in arguments.only:
                console.print(overhead(con, models, repeat))
            if "c" in arguments.only:
                console.print(macro(con, models, repeat))
            if "d" in arguments.only:
                console.print(mixed(con, repeat))
        if "b" in arguments.only:
            console.print(scoring_roundtrip.times_table(path, pipelines, repeat))
            console.print(scoring_roundtrip.memory_table(path))
        if "e" in arguments.only:
            start = Path(folder) / "fifty.duckdb"
            console.print(scoring_start.table(start, models["linear_numbers"]))


if __name__ == "__main__":
    main()
