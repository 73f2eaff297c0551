"""The data tests of models' quality: what each finds, and that no_drift cries wolf as it says.

They are run as both engines run them: the macros of sql/macros/retailsql, rendered, over the view
that ref() of a training file names.
"""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import duckdb
import jinja2
import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import chi2

import retailsql
from retailsql.training.tabular.data import Column
from retailsql.training.tabular.profile import profile
from tests.conftest import ROOT

FOLDER = ROOT / "sql" / "macros" / "retailsql"


@pytest.fixture(scope="module")
def macros():
    """Every macro; a test ``name`` is ``test_name``; ref('m') is m_view."""
    text = "".join(
        (FOLDER / f"{n}.sql").read_text("utf-8") for n in ("model_view", "drift", "tests")
    )
    text = re.sub(r"{%-? test (\w+)", r"{% macro test_\1", text).replace("endtest", "endmacro")
    env = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    env.globals["ref"] = lambda name: f"{name}_view"
    return env.from_string(text).module


@pytest.fixture(scope="module")
def shop(macros):
    """A model on 3,000 rows, its view, and a view of a model that nobody trained."""
    with retailsql.connect() as con:
        con.execute("""
            CREATE TABLE customers AS
            SELECT i AS id, CAST(hash(i) % 1000 AS INTEGER) / 100.0 AS tenure,
                   ['a', 'b', 'c', NULL][CAST(1 + hash(i * 7) % 4 AS BIGINT)] AS plan,
                   DATE '2024-01-01' + CAST(hash(i * 3) % 300 AS INTEGER) AS joined,
                   hash(i * 17) % 10 < 5 + coalesce(3 * (plan = 'a')::INT, 0) AS churned
            FROM range(6000) AS t(i)""")
        con.execute("""
            CREATE MODEL m OPTIONS(model_type = 'LOGISTIC_REG', input_label_cols = ['churned']) AS
            SELECT tenure, plan, joined, churned FROM customers WHERE id < 3000""").fetchall()
        con.execute("CREATE MODEL p TRANSFORM(upper(plan) AS plan, churned) OPTIONS("
                    "model_type = 'LOGISTIC_REG', input_label_cols = ['churned']) AS "
                    "SELECT plan, churned FROM customers WHERE id < 3000").fetchall()  # fmt: skip
        for name in ("m", "p", "none"):
            con.execute(f"CREATE VIEW {name}_view AS {macros.model_view(name)}")
        yield SimpleNamespace(con=con, macros=macros, run=lambda sql: con.sql(sql).fetchall())


def test_view_has_one_row_of_fixed_types(shop):
    """The types are the same for a model without rows, and the row is that of the registry."""
    types = {r[0]: r[1] for r in shop.run("DESCRIBE m_view")}
    assert types == {r[0]: r[1] for r in shop.run("DESCRIBE none_view")}
    assert types["metrics"] == "MAP(VARCHAR, DOUBLE)"
    assert types["inputs"] == "VARCHAR[]"
    assert (types["version"], types["rows_eval"]) == ("INTEGER", "BIGINT")
    assert shop.run("SELECT * FROM none_view") == []
    row = shop.run(
        "SELECT model, version, metric, value, rows_eval, parity_rows, inputs FROM m_view"
    )
    (value,) = shop.run("SELECT metric_value FROM retailsql.versions WHERE model_name = 'm'")[0]
    assert row == [("m", 1, "roc_auc", value, 600, 1000, ["tenure", "plan", "joined"])]


def test_view_follows_the_deployed_version_and_counts_newer_ones():
    with retailsql.connect() as con:
        view = jinja2.Template((FOLDER / "model_view.sql").read_text("utf-8")).module.model_view(
            "m"
        )
        con.execute(
            "CREATE TABLE rows AS SELECT i AS x, 2 * i + i % 3 AS y FROM range(900) AS t(i)"
        )
        train = "CREATE OR REPLACE MODEL m OPTIONS(model_type = 'LINEAR_REG', {}) AS FROM rows"
        label = "input_label_cols = ['y']"
        con.execute(train.format(label)).fetchall()
        con.execute(f"CREATE VIEW m_view AS {view}")
        con.execute(train.format(label + ", deploy = 'never'")).fetchall()
        asked = "SELECT version, newer_versions FROM m_view"
        assert con.sql(asked).fetchall() == [(1, 1)]
        con.execute("ALTER MODEL m SET OPTIONS(deployed_version = 2)").fetchall()
        assert con.sql(asked).fetchall() == [(2, 0)]


def test_view_works_in_a_file_attached_elsewhere(tmp_path, macros):
    """Under another name, beside another registry."""
    with retailsql.connect(tmp_path / "shop.duckdb") as con:
        con.execute("CREATE TABLE rows AS SELECT i AS x, 2 * i AS y FROM range(900) AS t(i)")
        con.execute("CREATE SCHEMA sales")
        con.execute("CREATE MODEL sales.m OPTIONS(model_type = 'LINEAR_REG', "
                    "input_label_cols = ['y']) AS FROM rows").fetchall()  # fmt: skip
        con.execute(f"CREATE VIEW sales.m AS {macros.model_view('m', 'sales')}")
    with duckdb.connect() as plain:
        plain.execute("CREATE SCHEMA retailsql")
        plain.execute("CREATE TABLE retailsql.versions (a INT)")
        plain.execute(f"ATTACH '{tmp_path / 'shop.duckdb'}' AS other (READ_ONLY)")
        assert plain.sql("SELECT model, version FROM other.sales.m").fetchall() == [("sales.m", 1)]


def test_metric_limits(shop):
    at_least, at_most = shop.macros.test_metric_at_least, shop.macros.test_metric_at_most
    assert shop.run(at_least("m_view", "roc_auc", 0.5)) == []
    assert shop.run(at_most("m_view", "log_loss", 0.9)) == []
    ((fact, seen, wanted),) = shop.run(at_least("m_view", "ROC_AUC", 0.99))
    assert fact.startswith("roc_auc of m, version 1, on ")
    assert 0.5 < float(seen) < 0.99
    assert wanted == "at least 0.99"
    ((fact, _, wanted),) = shop.run(at_most("m_view", "log_loss", 0.1))
    assert wanted == "at most 0.1"


def test_unknown_metric_fails_and_lists_those_there_are(shop):
    ((fact, seen, _),) = shop.run(shop.macros.test_metric_at_least("m_view", "auc", 0.5))
    assert "has no metric auc" in fact
    assert "roc_auc" in seen.split(", ")


@pytest.mark.parametrize("name", ["beats_baseline", "parity", "metric_at_least", "no_drift"])
def test_a_model_that_was_never_trained_fails(shop, name):
    args = {
        "metric_at_least": ("none_view", "roc_auc", 0.5),
        "no_drift": ("customers", "none"),
    }.get(name, ("none_view",))
    found = shop.run(getattr(shop.macros, f"test_{name}")(*args))
    assert [row[0] for row in found] == ["No version of the model is deployed"]


def test_beats_baseline(shop):
    test = shop.macros.test_beats_baseline
    assert shop.run(test("m_view")) == []
    worse = "(SELECT * REPLACE (false AS beats_baseline) FROM m_view)"
    ((fact, seen, wanted),) = shop.run(test(worse))
    assert fact == "Model m, version 1, does not beat its baseline"
    assert seen.startswith("roc_auc 0.")
    assert wanted.startswith("better than ")


def test_parity_counts_rows_over_the_stated_tolerance(shop):
    test = shop.macros.test_parity
    assert shop.run(test("m_view")) == [] == shop.run(test("m_view", 1e-4))
    assert len(shop.run(test("m_view", 1e-12))) == 1
    changed = "2 AS parity_rows_over_tolerance, 0.02 AS parity_max_abs_diff"
    two = f"(SELECT * REPLACE ({changed}) FROM m_view)"
    ((_, seen, wanted),) = shop.run(test(two))
    assert seen.startswith("2 of 1000 rows differ by more than ")
    assert wanted.endswith("0.001")
    assert shop.run(test(two, None, 0.01)) == []
    none = "(SELECT * REPLACE (NULL::BIGINT AS parity_rows) FROM m_view)"
    assert "has no parity certificate" in shop.run(test(none))[0][0]


def test_no_drift_on_rows_like_those_of_training(shop):
    rows = "(SELECT * FROM customers WHERE id >= 3000)"
    assert shop.run(shop.macros.test_no_drift(rows, "m")) == []
    assert shop.run(shop.macros.test_no_drift(rows, "p")) == []


@pytest.mark.parametrize(
    ("column", "moved"),
    [("tenure", "tenure + 1"), ("plan", "CASE WHEN tenure < 3 THEN 'new' ELSE plan END"),
     ("plan", "CASE WHEN tenure > 2 THEN plan END"), ("joined", "joined + 60"),
     ("tenure", "CASE WHEN id % 10 > 0 THEN tenure END")],
)  # fmt: skip
def test_no_drift_names_the_column_that_moved(shop, column, moved):
    rows = f"(SELECT * REPLACE ({moved} AS {column}) FROM customers WHERE id >= 3000)"
    ((fact, seen, wanted),) = shop.run(shop.macros.test_no_drift(rows, "m"))
    assert fact == f"Column {column} has drifted since training"
    assert "of 3000 rows beside 3000" in seen
    assert wanted.startswith("at most 0.0")


def test_no_drift_compares_raw_columns_where_there_is_a_transform(shop):
    """In capitals the plan would be another one; before TRANSFORM it is not."""
    rows = "(SELECT upper(plan) AS plan FROM customers WHERE id >= 3000)"
    assert len(shop.run(shop.macros.test_no_drift(rows, "p"))) == 1


def test_no_drift_says_what_cannot_be_compared(shop):
    test = shop.macros.test_no_drift
    found = shop.run(test("(SELECT tenure, plan FROM customers WHERE id >= 3000)", "m"))
    assert [row[0] for row in found] == ["Column joined is not among the rows"]
    assert (
        shop.run(test("(SELECT tenure FROM customers WHERE id > 3000)", "m", columns=["tenure"]))
        == []
    )
    found = shop.run(test("(SELECT * FROM customers WHERE false)", "m"))
    assert [row[0] for row in found] == ["There are no rows to compare with training"]
    found = shop.run(test("(SELECT * FROM customers LIMIT 5)", "m"))
    assert [row[0] for row in found] == ["No column can be compared with training"]
    found = shop.run(test("customers", "m", columns=["tenur"]))
    assert "Column tenur is not among the rows" in {row[0] for row in found}


# The statistics ------------------------------------------------------------------------------


def test_chi_square_is_scipys(macros):
    """Tail and critical value, for every kind of degrees of freedom, to 1e-9."""
    with duckdb.connect() as con:
        for df in (1, 2, 3, 8, 9, 10, 57, 300, 1000):
            for x in (0.0, 0.01, 1.0, df / 2, df, 1.5 * df + 5, df + 10 * df**0.5 + 20, 1e5):
                sql = macros.chi2_sf(f"{float(x)!r}::DOUBLE", f"{df}::DOUBLE")
                assert abs(con.sql(f"SELECT {sql}").fetchall()[0][0] - chi2.sf(x, df)) < 1e-9
            for alpha in (0.5, 0.05, 0.0025, 0.0001):
                sql = macros.chi2_limit(f"{alpha}::DOUBLE", f"{df}::DOUBLE")
                found = con.sql(f"SELECT {sql}").fetchall()[0][0]
                assert abs(found / chi2.isf(alpha, df) - 1) < 1e-9


COLUMNS = 40
SHARES = np.array([0.4, 0.25, 0.15, 0.1, 0.07, 0.03])


def sample(rng, n, kind, shift=0.0):
    """COLUMNS independent columns of one kind; ``shift`` in standard deviations."""
    if kind == "normal":
        return [rng.normal(shift, 1, n) for _ in range(COLUMNS)]
    if kind == "skewed":
        return [np.exp(rng.normal(shift, 1, n)) for _ in range(COLUMNS)]
    return [rng.choice(6, n, p=SHARES).astype(str) for _ in range(COLUMNS)]


def drifting(con, macros, base, today, alpha=0.05):
    """For each column whether it drifts, each at ``alpha``: one test a column."""
    columns = []
    for i, values in enumerate(base):
        if values.dtype.kind == "U":
            names, codes = np.unique(values, return_inverse=True)
            columns.append(Column(f"c{i}", "VARCHAR", "category", codes, tuple(map(str, names))))
        else:
            columns.append(Column(f"c{i}", "DOUBLE", "number", values))
    con.execute("CREATE OR REPLACE TEMP TABLE told AS SELECT ?::JSON AS profile, ? AS inputs",
                [json.dumps(profile(columns)), [c.name for c in columns]])  # fmt: skip
    con.register("rows_of_today", pa.table({f"c{i}": v for i, v in enumerate(today)}))
    together = 1 - (1 - alpha) ** len(base)
    return con.sql(
        f"SELECT drifts FROM ({macros.drift('rows_of_today', 'told', None, together)})"
    ).fetchnumpy()["drifts"]  # fmt: skip


@pytest.mark.parametrize("kind", ["normal", "skewed", "category"])
@pytest.mark.parametrize(("n", "m"), [(100, 100), (1000, 1000), (3000, 100), (100, 3000)])
def test_false_alarms_are_five_percent(macros, kind, n, m):
    """Of 400 columns that did not drift 5 % are said to, give or take 1.1 (benchmarks/drift.py)."""
    rng = np.random.default_rng([n, m, len(kind)])
    with duckdb.connect() as con:
        found = [
            drifting(con, macros, sample(rng, n, kind), sample(rng, m, kind)) for _ in range(10)
        ]
    assert 0.02 < np.mean(found) < 0.08


@pytest.mark.parametrize("kind", ["normal", "skewed"])
def test_power_at_a_thousand_rows(macros, kind):
    rng = np.random.default_rng(5)
    with duckdb.connect() as con:
        found = [drifting(con, macros, sample(rng, 1000, kind), sample(rng, 1000, kind, 0.3))
                 for _ in range(4)]  # fmt: skip
    assert np.mean(found) >= 0.95


def test_values_never_seen_are_drift_however_large_training_was(macros):
    """A sparse cell that is impossible stays alone."""
    base = [np.full(100_000, 1.0), np.full(100_000, "a")]
    with duckdb.connect() as con:
        for today in ([np.full(60, 2.0), np.full(60, "z")], [np.full(60, 0.5), np.full(60, "")]):
            assert drifting(con, macros, base, today).all()


def test_ids_by_the_thousand_do_not_cry_wolf(macros):
    """Values beyond the thousand that the profile counts are chosen by training's own counts."""
    rng = np.random.default_rng(11)
    with duckdb.connect() as con:
        found = [
            drifting(con, macros, [rng.integers(0, ids, 10_000).astype(str)],
                     [rng.integers(0, ids, m).astype(str)]).tolist()
            for ids in (300, 2_000, 5_000, 50_000) for m in (1_000, 10_000)
        ]  # fmt: skip
    assert sum(sum(f) for f in found) <= 1


def test_no_drift_of_scores_looks_at_the_rows_that_were_scored(shop):
    """``rows`` stands in for what the test stands on; ``trained`` may be ref() of the file."""
    test = shop.macros.test_no_drift
    assert shop.run(test("scores", "main.m_view", rows="customers")) == []
