"""deploy = 'if_better': the old version stays exactly when the new one is worse on rows that
neither was trained on.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import retailsql
from retailsql.errors import TrainingError
from retailsql.training import seen_rows

ROWS = 4_000
OPTIONS = "model_type = 'LOGISTIC_REG', input_label_cols = ['churned']"


@pytest.fixture
def con():
    """Customers whose churn follows from tenure and plan; ``noise`` tells nothing."""
    with retailsql.connect() as con:
        con.execute(f"""
            CREATE TABLE customers AS
            SELECT i AS id, (hash(i) % 1000) / 100.0 AS tenure,
                   ['a', 'b', NULL][CAST(1 + hash(i * 7) % 3 AS BIGINT)] AS plan,
                   (hash(i * 13) % 1000) / 1000.0 AS noise,
                   CAST(hash(i * 17) % 1000 AS INTEGER) AS dice
            FROM range({ROWS}) AS t(i);
            CREATE VIEW labelled AS
            SELECT *, dice < 500 + 90 * (5 - tenure) + CASE plan WHEN 'a' THEN 150 ELSE 0 END
                   AS churned FROM customers""")
        yield con


def one(con, statement):
    """The only row, by column."""
    con.execute(statement)
    names = [d[0] for d in con.description]
    return dict(zip(names, *con.fetchall(), strict=True))


def create(con, columns="tenure, plan, noise", deploy="if_better", where="true", more="", name="m"):
    clause = f", deploy = '{deploy}'" if deploy else ""
    return one(
        con,
        f"CREATE OR REPLACE MODEL {name} OPTIONS({OPTIONS}{more}{clause}) AS "
        f"SELECT {columns}, churned FROM labelled WHERE {where} ORDER BY id",
    )


def create_worse(con, deploy="if_better", where="true"):
    """The same rows, and a model that may look at the noise only."""
    return create(con, deploy=deploy, where=where, more=", exclude_cols = ['tenure', 'plan']")


def deployed(con, name="m"):
    return con.execute(
        "SELECT deployed_version FROM retailsql.models WHERE model_name = ?", [name]
    ).fetchall()[0][0]


def scores(con):
    return con.sql("SELECT m_score(c) FROM customers AS c ORDER BY id").fetchall()


def test_first_version_is_deployed(con):
    assert create(con)["deployed"] is True
    assert deployed(con) == 1


def test_worse_version_is_registered_and_held_back(con):
    """The result row has both figures and the statement that deploys it, and that one works."""
    create(con)
    before = scores(con)
    row = create_worse(con)
    assert (row["version"], row["deployed"], deployed(con)) == (2, False, 1)
    assert scores(con) == before
    told = row["warning"]
    old = con.sql("SELECT metric_value FROM retailsql.versions WHERE version = 1").fetchall()[0][0]
    figures = f"roc_auc {row['value']:.4g}, version 1 {old:.4g}."
    assert f"on 800 held-out rows it is worse, {figures}" in told
    statement = told[told.index("ALTER MODEL") :].rstrip(".")
    assert statement == "ALTER MODEL m SET OPTIONS(deployed_version = 2)"
    con.execute(statement).fetchall()
    assert deployed(con) == 2
    assert con.sql("SELECT m_score(c) FROM (SELECT 0.5 AS noise) AS c").fetchall()[0][0] > 0


def test_held_back_version_is_in_no_verb(con):
    create(con)
    create_worse(con)
    assert len(con.sql("SELECT * FROM ML.FEATURE_INFO(MODEL m)").fetchall()) == 3


def test_better_version_is_deployed(con):
    create_worse(con)
    row = create(con)
    assert (row["deployed"], row["warning"], deployed(con)) == (True, None, 2)


def test_equal_version_is_deployed(con):
    create(con)
    assert create(con)["deployed"] is True


@pytest.mark.parametrize("deploy", ["always", None])
def test_always_is_the_default_of_create_model(con, deploy):
    create(con)
    row = create_worse(con, deploy)
    assert row["deployed"] is True
    assert "ROLLBACK" in row["warning"]
    assert deployed(con) == 2


def test_never_only_registers(con):
    row = create(con, deploy="never")
    assert row["deployed"] is False
    assert deployed(con) is None
    assert "deployed_version = 1" in row["warning"]
    assert con.sql("SELECT deployed FROM retailsql.model_versions").fetchall() == [(False,)]
    con.execute("ALTER MODEL m SET OPTIONS(deployed_version = 1)").fetchall()
    assert scores(con)


def test_unknown_value_names_those_there_are(con):
    with pytest.raises(TrainingError, match=r"deploy[^§]*ALWAYS, IF_BETTER, NEVER"):
        create(con, deploy="maybe")
    assert not con.sql("SHOW MODELS").fetchall()


def test_rows_the_old_version_knows_by_heart_do_not_judge(con):
    """A deep forest scores .99 on its own training rows: with them it could never be replaced."""
    more = ", num_parallel_tree = 20, max_tree_depth = 30, min_tree_child_weight = 1"
    forest = OPTIONS.replace("LOGISTIC_REG", "RANDOM_FOREST_CLASSIFIER")

    def train(model, where):
        return one(
            con,
            f"CREATE OR REPLACE MODEL m OPTIONS({model}, deploy = 'if_better') AS "
            f"SELECT tenure, plan, noise, churned FROM labelled WHERE {where} ORDER BY id",
        )

    old = train(forest + more, "id < 3500")
    new = train(OPTIONS, "true")
    assert old["value"] < new["value"]
    assert new["deployed"] is True
    known = con.sql("SELECT churned, m_score(c) FROM labelled c WHERE id < 3500").fetchnumpy()
    assert deployed(con) == 2
    assert len(known["churned"])


def test_held_out_rows_that_all_were_trained_on_leave_stored_figures(con):
    """Below 500 rows every row is trained on in the end, so the same rows again judge nobody."""
    create(con, where="id < 400")
    row = create_worse(con, where="id < 400")
    assert row["deployed"] is False
    assert "each on its own held-out rows" in row["warning"]


def test_column_that_the_old_version_lacks(con):
    """Each version takes its own columns by name from the new rows."""
    create(con, "noise")
    assert create(con, "noise, tenure, plan")["deployed"] is True
    assert create(con, "tenure, id % 2 = 0 AS even, plan, noise")["version"] == 3


def test_column_that_the_new_rows_lack(con):
    """The old version cannot score such rows, so their stored figures decide."""
    create(con)
    row = create(con, "noise")
    assert row["deployed"] is False
    assert "the rows have no column 'tenure', which version 1 takes" in row["warning"]


def test_rollback_leaves_nothing(con):
    """In a transaction the decision is the same; ROLLBACK takes version and decision back."""
    create(con)
    con.execute("BEGIN")
    assert create_worse(con)["deployed"] is False
    assert create(con, "tenure, plan, noise, dice")["deployed"] is True
    con.execute("ROLLBACK")
    assert con.sql("SELECT version FROM retailsql.versions").fetchall() == [(1,)]
    assert deployed(con) == 1
    assert len(scores(con)) == ROWS
    assert create_worse(con)["version"] == 2


def test_old_version_of_the_same_transaction_is_judged(con):
    con.execute("BEGIN")
    create(con)
    assert create_worse(con)["deployed"] is False
    con.execute("COMMIT")
    assert deployed(con) == 1
    assert len(scores(con)) == ROWS


def test_failure_leaves_the_old_version(con):
    create(con)
    with pytest.raises(TrainingError):
        create(con, "NULL::DOUBLE AS nothing")
    assert con.sql("SELECT version, deployed FROM retailsql.model_versions").fetchall() == [
        (1, True)
    ]


def test_regressor_by_its_error(con):
    options = "model_type = 'LINEAR_REG', input_label_cols = ['dice'], deploy = 'if_better'"
    statement = "CREATE OR REPLACE MODEL r OPTIONS({}) AS SELECT {}, dice FROM labelled ORDER BY id"
    one(con, statement.format(options, "churned, tenure, plan"))
    row = one(con, statement.format(options, "noise"))
    assert row["deployed"] is False
    assert "mean_absolute_error" in row["warning"]
    assert one(con, statement.format(options, "churned, tenure, plan, noise"))["version"] == 3


def test_three_classes_in_another_order(con):
    """Probabilities are matched by class."""
    select = (
        "SELECT {}, CASE WHEN churned THEN coalesce(plan, 'z') ELSE 'k' END AS kind FROM labelled"
    )
    options = "model_type = 'LOGISTIC_REG', input_label_cols = ['kind'], deploy = 'if_better'"
    statement = f"CREATE OR REPLACE MODEL k OPTIONS({options}) AS {select} ORDER BY id"
    one(con, statement.format("tenure, plan"))
    row = one(con, statement.format("noise"))
    assert row["deployed"] is False
    assert "log_loss" in row["warning"]


def test_transform_on_either_side(con):
    """Each version makes its own features of the raw columns."""
    prepared = (
        "CREATE OR REPLACE MODEL m TRANSFORM({}, churned) OPTIONS(" + OPTIONS + ", deploy = "
        "'if_better') AS SELECT tenure, plan, noise, churned FROM labelled ORDER BY id"
    )  # fmt: skip
    one(con, prepared.format("ML.STANDARD_SCALER(tenure) OVER () AS t, upper(plan) AS plan"))
    row = create_worse(con)
    assert row["deployed"] is False
    assert "on 800 held-out rows it is worse" in row["warning"]
    row = one(con, prepared.format("noise * 2 AS n"))
    assert row["deployed"] is False
    assert "on 800 held-out rows it is worse" in row["warning"]
    con.execute("ALTER MODEL m SET OPTIONS(deployed_version = 2)").fetchall()
    assert one(con, prepared.format("tenure + 0 AS t, plan"))["deployed"] is True


def test_another_label_cannot_be_compared(con):
    create(con)
    row = one(
        con,
        "CREATE OR REPLACE MODEL m OPTIONS(model_type = 'LINEAR_REG', input_label_cols = ['dice'], "
        "deploy = 'if_better') AS SELECT tenure, dice FROM labelled",
    )
    assert row["deployed"] is True
    assert "could not be compared with version 1" in row["warning"]
    assert "version 1 is a classifier" in row["warning"]


def test_a_model_without_a_figure_is_deployed_and_told(con):
    """Clusters have no held-out figure: nothing says that the new ones are worse."""
    statement = (
        "CREATE OR REPLACE MODEL c OPTIONS(model_type = 'KMEANS', num_clusters = {}, "
        "deploy = 'if_better') AS SELECT tenure, noise FROM customers"
    )  # fmt: skip
    one(con, statement.format(3))
    row = one(con, statement.format(4))
    assert row["deployed"] is True
    assert deployed(con, "c") == 2


def test_hashes_of_rows_do_not_depend_on_their_order(con):
    """32 bits of MD5 over named columns: NULL is not the empty text."""
    table = pa.table({"B": [1, 2, None], "a": ["x", None, ""]})
    hashes = seen_rows.hash_rows(con.connection, table, ["a", "b"])
    again = seen_rows.hash_rows(
        con.connection, table.take([2, 0, 1]).select(["a", "B"]), ["a", "b"]
    )
    assert again.tolist() == hashes[[2, 0, 1]].tolist()
    assert len(set(hashes.tolist())) == 3


def test_hashes_of_many_rows_are_thinned(con, monkeypatch):
    monkeypatch.setattr(seen_rows, "MOST_KEPT", 1_000)
    table = pa.table({"a": np.arange(ROWS)})
    report = seen_rows.report_of(con.connection, table, ["a"])
    seen = seen_rows.read_report(report)
    assert seen.modulus > 1
    assert 0 < len(seen.hashes) <= 1_000
    every = np.arange(ROWS)
    assert not seen.unseen(seen_rows.hash_rows(con.connection, table, ["a"]), every).any()
    strangers = pa.table({"a": every + ROWS})
    unseen = seen.unseen(seen_rows.hash_rows(con.connection, strangers, ["a"]), every).mean()
    assert abs(unseen - 1 / seen.modulus) < 0.03


def test_equal_rows_are_counted(con):
    """Ten rows that are all the same, eight of them trained on: two are new."""
    ten = pa.table({"a": ["x"] * 10})
    seen = seen_rows.read_report(seen_rows.report_of(con.connection, ten.slice(0, 8), ["a"]))
    held = np.arange(5)
    assert seen.unseen(seen_rows.hash_rows(con.connection, ten, ["a"]), held).sum() == 2


def test_models_stored_before_there_were_hashes_are_judged_on_all_rows(con):
    create(con)
    con.execute("DELETE FROM retailsql.reports WHERE report = 'trained_rows'").fetchall()
    row = create_worse(con)
    assert row["deployed"] is False
    assert "on 800 held-out rows it is worse" in row["warning"]


def purchases(con, days, model=""):
    """Customers who buy the item after their last one, round and round; one more item each day."""
    con.execute(f"""
        CREATE OR REPLACE TABLE bought AS
        SELECT u AS customer, 'item' || (u + d) % 60 AS item,
               DATE '2025-01-01' + CAST(d AS INTEGER) AS day
        FROM range(60) AS a(u), range({days}) AS b(d) WHERE (u + d) % 3 < 2""")
    return one(
        con,
        "CREATE OR REPLACE MODEL b OPTIONS(model_type = 'ITEM_KNN', user_col = 'customer', "
        f"item_col = 'item', timestamp_col = 'day', eval_days = 5{model}, deploy = 'if_better') "
        "AS FROM bought",
    )


def test_recommenders_on_the_same_customers(con):
    """An old version that saw the held-out purchases does not judge; one that did not does."""
    assert purchases(con, 9)["deployed"] is True
    row = purchases(con, 10)
    assert "was trained on some of the purchases that are held out" in row["warning"]
    con.execute("ALTER MODEL b SET OPTIONS(deployed_version = 1)").fetchall()
    blind = ", num_neighbors = 1, repeat_weight = 0, popularity_weight = 1000"
    row = purchases(con, 14, blind)
    assert row["deployed"] is False
    assert "on 60 held-out customers it is worse" in row["warning"]
    row = purchases(con, 14)  # fitted on the nine days of version 1, so it recommends the same
    assert row["deployed"] is True
    assert "compared" not in (row["warning"] or "")


@pytest.mark.slow
def test_forecasters_on_the_same_windows(con):
    """A network of one pass is worse than one of many; the steps held out were seen by neither."""
    con.execute("""
        CREATE TABLE sales AS
        SELECT s AS sku, DATE '2025-01-01' + CAST(d AS INTEGER) AS day,
               20 + 5 * s + 6 * sin(2 * pi() * d / 7) + (d * 7919 + s * 31) % 5 AS units
        FROM range(6) AS a(s), range(160) AS b(d)""")
    statement = (
        "CREATE OR REPLACE MODEL f OPTIONS(model_type = 'LSTM', time_series_timestamp_col = 'day', "
        "time_series_data_col = 'units', time_series_id_col = 'sku', horizon = 7, "
        "hidden_units = 16, max_iterations = {}, deploy = 'if_better') "
        "AS FROM sales WHERE day < DATE '2025-01-01' + {}"
    )  # fmt: skip
    one(con, statement.format(12, 150))
    row = one(con, statement.format(1, 160))
    assert "could not be compared" not in (row["warning"] or "")
    assert row["deployed"] or "on 6 held-out windows it is worse" in row["warning"]
    row = one(con, statement.format(1, 140))
    assert "trained on some of the steps that are held out" in row["warning"]
