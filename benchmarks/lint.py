"""How long lint takes, and what a session adds to a short ML query.

    python benchmarks/lint.py

Prints the time to lint a training query of 300 lines, cold and warm, and ``Session.execute`` of a
short ML.PREDICT, and of short queries that call a function, beside DuckDB running the very SQL that
the session hands it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import retailsql
from retailsql.dialect.lookup import Catalog
from retailsql.dialect.splice import splice
from retailsql.dialect.statements import Query, read_script
from retailsql.dialect.tokens import Walk

MODEL = Path(__file__).parent.parent / "tests" / "models" / "line.onnx"
RUNS = 300


def long_query() -> str:
    """A churn query of some 300 lines: nine windows of time, 24 sums each, and a label."""
    lines = ["WITH base AS (SELECT * FROM orders),"]
    for k in range(9):
        lines += [f"p{k} AS (", "  SELECT", "    b.customer_id,"]
        lines += [
            f"    sum(b.amount * {j}) FILTER (b.ordered_on < DATE '2024-01-0{k + 1}') AS s{k}_{j},"
            for j in range(24)
        ]
        lines += [
            f"    count(*) AS n{k}", "  FROM base AS b", "  WHERE b.ordered_on < DATE '2024-02-01'",
            "  GROUP BY b.customer_id", "),",
        ]  # fmt: skip
    lines += [
        "z AS (SELECT customer_id, count(*) AS n FROM orders "
        "WHERE ordered_on >= DATE '2024-02-01' GROUP BY 1)",
        "SELECT * EXCLUDE (n), z.n IS NULL AS churned", "FROM p0",
        *(f"LEFT JOIN p{k} USING (customer_id)" for k in range(1, 9)),
        "LEFT JOIN z USING (customer_id)", "ORDER BY customer_id",
    ]  # fmt: skip
    return "\n".join(lines)


def seconds(work: Callable[[], object], runs: int) -> list[float]:
    """The time of each run."""
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return taken


def main() -> None:
    with retailsql.connect() as con:
        _long(con)
        _short(con)


def _long(con: retailsql.Session) -> None:
    con.execute("CREATE TABLE orders (customer_id INT, amount DOUBLE, ordered_on DATE)")
    query = long_query()
    options = "model_type = 'LOGISTIC_REG', input_label_cols = ['churned']"
    head = f"CREATE MODEL churn OPTIONS ({options}) AS\n"
    start = time.perf_counter()
    found = con.lint(head + query)
    cold = time.perf_counter() - start
    warm = statistics.median(seconds(lambda: con.lint(head + query), 9))
    n = query.count("\n") + 2
    print(f"lint of a CREATE MODEL of {n} lines: first {cold:.3f} s, then {warm:.3f} s, "
          f"{len(found)} findings")  # fmt: skip
    plain = statistics.median(seconds(lambda: con.lint(query), 9))
    print(f"lint of the query alone, nothing about models in it: {plain:.3f} s")


def _short(con: retailsql.Session) -> None:
    inputs = dict.fromkeys("abc", "DOUBLE")
    retailsql.import_onnx(con, "line", MODEL.read_bytes(), inputs=inputs)
    con.execute("CREATE TABLE t AS SELECT i AS a, i AS b, i AS c FROM range(100) r(i)")
    for what, text in (
        ("ML.PREDICT", "SELECT * FROM ML.PREDICT(MODEL line, TABLE t)"),
        ("function", "SELECT line_score(x) AS s FROM t AS x"),
        ("WHERE and SELECT", "SELECT line_score(x) AS s FROM t AS x WHERE line_score(x) > 3"),
    ):
        script = read_script(text)
        ready = text
        if script is not None and isinstance(script[0], Query):
            ready = splice(Walk(text, script[0].tokens), Catalog(con.connection))
        alone: list[float] = []
        whole: list[float] = []
        for _ in range(RUNS):  # by turns, so that what else runs here slows both
            alone += seconds(lambda sql=ready: con.connection.execute(sql).fetchall(), 1)
            whole += seconds(lambda sql=text: con.execute(sql).fetchall(), 1)
        a, b = 1000 * statistics.median(alone), 1000 * statistics.median(whole)
        print(f"{what:17} DuckDB alone {a:6.2f} ms, session {b:6.2f} ms: adds {b - a:5.2f} ms")


if __name__ == "__main__":
    main()
