"""ML.WEIGHTS, ML.FEATURE_IMPORTANCE, ML.TRAINING_INFO, ML.FEATURE_INFO: what models tell."""

import math

import numpy as np
import pytest

import retailsql
from retailsql.errors import StatementError

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def fetch(con, sql, parameters=None):
    relation = con.execute(sql, parameters)
    names = [d[0] for d in relation.description]
    return [dict(zip(names, row)) for row in relation.fetchall()]


@pytest.fixture(scope="module")
def shop():
    """A table with a column of each kind, and models on it."""
    with retailsql.connect() as con:
        con.execute(
            "CREATE TABLE s AS SELECT "
            "CASE WHEN i % 23 > 0 THEN 3 + hash(i) % 1000 / 100 END AS amount, "
            "CASE WHEN i % 31 > 0 THEN ['red', 'blue', 'it''s'][1 + i % 3] END AS colour, "
            "CASE WHEN i % 17 > 0 THEN hash(i + 1) % 2 = 0 END AS member, "
            "DATE '2024-01-01' + CAST(hash(i + 2) % 400 AS INTEGER) AS joined, "
            "2 * coalesce(amount, 5) + CASE colour WHEN 'red' THEN 7 ELSE 0 END "
            "+ CASE WHEN member THEN 2 ELSE 0 END + dayofweek(joined) "
            "+ hash(i + 3) % 100 / 50 + 10 AS value, "
            "value > 33 AS big, "
            "CASE WHEN value < 28 THEN 'low' WHEN value < 38 THEN 'mid' ELSE 'top' END AS tier "
            "FROM range(600) r(i)"
        )
        for name, kind, label, more in (
            ("line", "LINEAR_REG", "value", ""),
            ("dummy", "LINEAR_REG", "value", ", category_encoding_method='DUMMY_ENCODING'"),
            ("origin", "LINEAR_REG", "value", ", fit_intercept=FALSE"),
            ("logs", "LINEAR_REG", "value", ", log_label=TRUE, offset_col='amount'"),
            ("offset", "LINEAR_REG", "value", ", offset_col='amount'"),
            ("odds", "LOGISTIC_REG", "big", ""),
            ("unlikely", "LOGISTIC_REG", "big", ", positive_class=FALSE"),
            ("tiers", "LOGISTIC_REG", "tier", ""),
            ("boosted", "BOOSTED_TREE_CLASSIFIER", "big", ", max_iterations=15, learn_rate=0.3"),
            ("forest", "RANDOM_FOREST_REGRESSOR", "value", ", num_parallel_tree=10"),
            ("net", "DNN_REGRESSOR", "value", ", max_iterations=15"),
        ):
            where = "WHERE amount IS NOT NULL" if name in ("logs", "offset") else ""
            con.execute(
                f"CREATE MODEL {name} OPTIONS(model_type='{kind}', "
                f"input_label_cols=['{label}']{more}) AS "
                f"SELECT amount, colour, member, joined, {label} FROM s {where}"
            )
        yield con


def weighted_sum(weights, row):
    """Weights times values plus the constant, by the words of ML.WEIGHTS alone."""
    total = 0.0
    for w in weights:
        name, pairs = w["processed_input"], w["category_weights"]
        table = None if pairs is None else {p["category"]: p["weight"] for p in pairs}
        if name == "__INTERCEPT__":
            total += w["weight"]
        elif name.startswith("_TS_DOW_"):
            total += table[DAYS[row["joined"].weekday()]]
        elif name.startswith("_TS_YEAR_"):
            days = (row["joined"] - np.datetime64("1970-01-01").astype(object)).days / 365.2425
            wave = math.sin if "_SIN_" in name else math.cos
            total += w["weight"] * wave(2 * math.pi * (days - math.floor(days)))
        elif name == "ln(amount)":
            total += w["weight"] * math.log(row["amount"])
        elif table is not None:
            value = row[name]
            key = str(value).lower() if isinstance(value, bool) else value
            total += table["_null_filler" if value is None else key]
        elif name == "joined":
            total += w["weight"] * (row["joined"] - np.datetime64("1970-01-01").astype(object)).days
        else:
            total += w["weight"] * row[name]
    return total


ROWS = "SELECT * FROM s WHERE amount IS NOT NULL LIMIT 200"


@pytest.mark.parametrize("model", ["line", "dummy", "origin", "offset", "logs"])
def test_weights_times_values_are_the_prediction(shop, model):
    weights = fetch(shop, f"FROM ML.WEIGHTS(MODEL {model})")
    assert list(weights[0]) == ["processed_input", "weight", "category_weights"]
    for row in fetch(shop, f"FROM ML.PREDICT(MODEL {model}, ({ROWS}))"):
        wanted = row["predicted_value"]
        wanted = math.log(wanted) if model == "logs" else wanted
        assert weighted_sum(weights, row) == pytest.approx(wanted, rel=2e-5)


@pytest.mark.parametrize(("model", "positive"), [("odds", True), ("unlikely", False)])
def test_weights_of_a_classifier_are_of_the_logit_of_the_positive_class(shop, model, positive):
    weights = fetch(shop, f"FROM ML.WEIGHTS(MODEL {model})")
    for row in fetch(shop, f"FROM ML.PREDICT(MODEL {model}, ({ROWS}))"):
        p = next(x["prob"] for x in row["predicted_big_probs"] if x["label"] is positive)
        if 0.001 < p < 0.999:
            logit = math.log(p / (1 - p))
            assert weighted_sum(weights, row) == pytest.approx(logit, abs=1e-3)


def test_weights_of_several_classes_are_told_apart(shop):
    weights = fetch(shop, "FROM ML.WEIGHTS(MODEL tiers)")
    assert list(weights[0])[3:] == ["class_label"]
    by_class = {k: [w for w in weights if w["class_label"] == k] for k in ("low", "mid", "top")}
    for row in fetch(shop, f"FROM ML.PREDICT(MODEL tiers, ({ROWS} ))"):
        sums = {k: math.exp(weighted_sum(w, row)) for k, w in by_class.items()}
        for pair in row["predicted_tier_probs"]:
            share = sums[pair["label"]] / sum(sums.values())
            assert pair["prob"] == pytest.approx(share, abs=1e-4)


def test_standardized_weights_are_per_standard_deviation(shop):
    raw = {w["processed_input"]: w for w in fetch(shop, "FROM ML.WEIGHTS(MODEL line)")}
    std = {
        w["processed_input"]: w
        for w in fetch(shop, "FROM ML.WEIGHTS(MODEL line, STRUCT(TRUE AS standardize))")
    }
    spread = shop.execute("SELECT stddev_pop(amount) FROM s").fetchall()[0][0]
    ratio = std["amount"]["weight"] / raw["amount"]["weight"]
    assert ratio == pytest.approx(spread, rel=0.05)  # of the training rows, four fifths
    assert std["colour"] == raw["colour"]


def test_dummies_leave_out_the_most_frequent_category(shop):
    (row,) = fetch(shop, "FROM ML.WEIGHTS(MODEL dummy) WHERE processed_input = 'colour'")
    zero = [p["category"] for p in row["category_weights"] if p["weight"] == 0]
    assert len(zero) == 1


def test_importance_finds_the_features_that_matter(shop):
    for model in ("boosted", "forest"):
        rows = fetch(shop, f"FROM ML.FEATURE_IMPORTANCE(MODEL {model})")
        assert list(rows[0]) == [
            "feature", "importance_weight", "importance_gain", "importance_cover",
        ]  # fmt: skip
        assert [r["feature"] for r in rows] == ["amount", "colour", "member", "joined"]
        total = {r["feature"]: r["importance_weight"] * r["importance_gain"] for r in rows}
        assert max(total, key=total.get) == "amount"
        assert all(r["importance_cover"] >= 20 for r in rows if r["importance_weight"])


def test_a_tree_of_one_split_can_be_counted_by_hand(con):
    con.execute("CREATE TABLE t AS SELECT i AS x, 'c' || i % 3 AS k, "
                "CASE WHEN i < 50 THEN 1.0 ELSE 3.0 END AS label, i % 5 = 0 AS held "
                "FROM range(100) r(i)")  # fmt: skip
    con.execute(
        "CREATE MODEL one OPTIONS(model_type='DECISION_TREE_REGRESSOR', max_tree_depth=1, "
        "data_split_method='CUSTOM', data_split_col='held') AS FROM t"
    )
    rows = fetch(con, "FROM ML.FEATURE_IMPORTANCE(MODEL one)")
    # 80 rows, half of them 1 off the mean: the split takes off all of the squared error.
    assert rows[0] == {
        "feature": "x", "importance_weight": 1, "importance_gain": pytest.approx(80),
        "importance_cover": 80,
    }  # fmt: skip
    assert [rows[1][k] for k in list(rows[1])[1:]] == [0, 0, 0]


def test_training_info_of_boosting_has_every_round(shop):
    rows = fetch(shop, "FROM ML.TRAINING_INFO(MODEL boosted)")
    assert list(rows[0]) == [
        "training_run", "iteration", "loss", "eval_loss", "learning_rate", "duration_ms",
    ]  # fmt: skip
    assert [r["iteration"] for r in rows] == list(range(15))
    losses = [r["loss"] for r in rows]
    assert losses == sorted(losses, reverse=True)
    saved = fetch(shop, "FROM ML.EVALUATE(MODEL boosted)")[0]
    assert rows[-1]["eval_loss"] == pytest.approx(saved["log_loss"], rel=1e-9)
    assert {r["learning_rate"] for r in rows} == {0.3}


def test_training_info_of_the_others(shop):
    (one,) = fetch(shop, "FROM ML.TRAINING_INFO(MODEL line)")
    saved = fetch(shop, "FROM ML.EVALUATE(MODEL line)")[0]
    assert one["eval_loss"] == pytest.approx(saved["mean_squared_error"], rel=1e-9)
    assert one["learning_rate"] is None
    epochs = fetch(shop, "FROM ML.TRAINING_INFO(MODEL net)")
    assert len(epochs) == 15
    assert epochs[-1]["eval_loss"] is not None
    assert epochs[0]["eval_loss"] is None


def test_after_a_cross_validation_no_row_is_left_that_did_not_train(con):
    con.execute("CREATE TABLE t AS SELECT i AS x, i * 2.0 + i % 7 AS label FROM range(80) r(i)")
    con.execute("CREATE MODEL m OPTIONS(model_type='LINEAR_REG') AS FROM t")
    assert fetch(con, "FROM ML.TRAINING_INFO(MODEL m)")[0]["eval_loss"] is None


def test_feature_info_says_what_sql_says(shop):
    rows = {r["input"]: r for r in fetch(shop, "FROM ML.FEATURE_INFO(MODEL line)")}
    assert list(rows["amount"]) == [
        "input", "min", "max", "mean", "median", "stddev", "category_count", "null_count",
        "dimension",
    ]  # fmt: skip
    wanted = shop.execute(
        "SELECT min(amount), max(amount), avg(amount), median(amount), stddev(amount), NULL, "
        "count(*) - count(amount), NULL FROM s"
    ).fetchall()[0]
    assert list(rows["amount"].values())[1:] == pytest.approx(list(wanted))
    nulls = shop.execute("SELECT count(*) - count(colour) FROM s").fetchall()[0][0]
    assert list(rows["colour"].values())[1:] == [None] * 5 + [3, nulls, None]
    assert rows["member"]["category_count"] == 2
    assert rows["joined"]["mean"] is None


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("ML.WEIGHTS(MODEL forest)", "WEIGHTS is not for"),
        ("ML.FEATURE_IMPORTANCE(MODEL line)", "FEATURE_IMPORTANCE is not for"),
        ("ML.TRIAL_INFO(MODEL line)", "holds no trials"),
    ],
)
def test_what_a_model_cannot_tell(shop, sql, words):
    with pytest.raises(StatementError, match=words):
        shop.execute(f"FROM {sql}")
