"""num_trials of KMEANS, MATRIX_FACTORIZATION and AUTOENCODER: what chooses, and on which rows."""

from __future__ import annotations

import numpy as np
import pytest

import retailsql
from retailsql.errors import StatementError, TrainingError
from retailsql.training.unsupervised.data import plan_unlabelled

TABLES = """
CREATE TABLE t AS SELECT i, 10 * (i % 2) + (hash(i) % 1000) / 500 AS a,
    30 * (i % 4 // 2) + (hash(i + 7) % 1000) / 200 AS b, hash(i + 9) % 100 AS c
FROM range(600) r(i);
CREATE TABLE r AS SELECT u, p, 3 + 2 * sin(u * 1.3) * cos(p * .7) + 2 * cos(u * .4) * sin(p * 1.9)
    + (hash(u * 100 + p) % 100) / 50 AS rating, 1 + hash(u * 31 + p) % 9 AS times,
    CASE hash(u * 7 + p) % 5 WHEN 0 THEN 'test' WHEN 1 THEN 'EVAL' ELSE 'TRAIN' END AS part
FROM range(60) a(u), range(40) b(p) WHERE hash(u * 97 + p * 31) % 3 > 0;
"""
RATINGS = "model_type='MATRIX_FACTORIZATION', user_col='u', item_col='p'"


@pytest.fixture(scope="module")
def shop():
    with retailsql.connect() as con:
        con.execute(TABLES)
        yield con


def make(con, options, select):
    """The result row of a model ``m``."""
    sql = f"CREATE OR REPLACE MODEL m OPTIONS({options}) AS SELECT {select}"
    return con.execute(sql).fetchdf().to_dict("records")[0]


def rows(con, call):
    found = con.execute(f"FROM {call}")
    names = [d[0] for d in found.description]
    return [dict(zip(names, row)) for row in found.fetchall()]


def trials(con):
    """What ML.TRIAL_INFO tells: hyperparameters, objective and which was best."""
    told = rows(con, "ML.TRIAL_INFO(MODEL m)")
    return [
        (t["hyperparameters"], *t["hparam_tuning_evaluation_metrics"].values(), t["is_optimal"])
        for t in told
    ]


def best(found):
    (one,) = [values for values, _, optimal in found if optimal]
    return one


KMEANS = "model_type='KMEANS', num_trials=4, num_clusters=HPARAM_CANDIDATES([2, 4, 7, 9])"


def test_the_true_number_of_clusters_is_found(shop):
    row = make(shop, KMEANS, "a, b FROM t")
    found = trials(shop)
    assert best(found) == {"num_clusters": 4}
    assert {v["num_clusters"] for v, _, _ in found} == {2, 4, 7, 9}
    assert min(found, key=lambda t: t[1])[2], "less of the index is better"
    assert "options chosen on other rows" in row["split"]


def test_a_tuned_clustering_is_that_of_the_number_given(shop):
    """And each function that has trial_id as documented has it first, and refuses another."""
    make(shop, KMEANS, "a, b FROM t")
    trial = 1 + [t[2] for t in trials(shop)].index(True)
    calls = ("ML.EVALUATE(MODEL m{})", "ML.EVALUATE(MODEL m, TABLE t{})", "ML.CENTROIDS(MODEL m)",
             "ML.PREDICT(MODEL m, TABLE t{})")  # fmt: skip
    tuned = [rows(shop, call.format("")) for call in calls]
    asked = f", STRUCT({trial} AS trial_id)"
    assert tuned[:2] == [rows(shop, call.format(asked)) for call in calls[:2]]
    with pytest.raises(StatementError, match="keeps the best trial only"):
        rows(shop, calls[0].format(f", STRUCT({trial + 1} AS trial_id)"))
    make(shop, "model_type='KMEANS', num_clusters=4", "a, b FROM t")
    for call, said in zip(calls, tuned):
        assert {next(iter(row)) for row in said} == {"trial_id"}
        assert {row.pop("trial_id") for row in said} == {trial}
        assert said == rows(shop, call.format(""))


def test_rows_that_judge_do_not_choose(shop):
    """Whatever the rows of the evaluation hold, the trials come out the same."""
    make(shop, f"{KMEANS}, seed=3", "a, b FROM t ORDER BY i")
    before = rows(shop, "ML.TRIAL_INFO(MODEL m)")
    held = plan_unlabelled(600, 3).pairs[0][1].tolist()
    make(shop, f"{KMEANS}, seed=3", f"if(i IN {held}, 99.0, a) AS a, b FROM t ORDER BY i")
    assert rows(shop, "ML.TRIAL_INFO(MODEL m)") == before
    make(shop, f"{KMEANS}, seed=4", "a, b FROM t ORDER BY i")
    assert rows(shop, "ML.TRIAL_INFO(MODEL m)") != before


def test_few_rows_choose_anew_in_each_fold_and_what_cannot_be_is_told(shop):
    make(shop, "model_type='KMEANS', num_trials=9, num_clusters=HPARAM_CANDIDATES([2, 60])",
         "a, b FROM t LIMIT 130")  # fmt: skip
    told = rows(shop, "ML.TRIAL_INFO(MODEL m)")
    assert [t["status"] for t in told] == ["SUCCEEDED", "INFEASIBLE"]
    assert "num_clusters is too large" in told[1]["error_message"]


def test_default_ranges_and_the_first_trial_at_the_default(shop):
    make(shop, "model_type='KMEANS', num_trials=3", "a, b FROM t")
    found = [t[0]["num_clusters"] for t in trials(shop)]
    assert found[0] == 3, "log10 of 600 rows"
    assert all(2 <= k <= 10 for k in found)


EXPLICIT = f"{RATINGS}, num_trials=3, num_factors=HPARAM_CANDIDATES([1, 2, 15])"


def test_the_true_number_of_factors_is_found(shop):
    """The ratings are of rank two; 15 factors learn the noise, one misses half."""
    row = make(shop, f"{EXPLICIT}, l2_reg=0.5", "u, p, rating FROM r")
    found = trials(shop)
    assert best(found) == {"num_factors": 2}
    assert min(found, key=lambda t: t[1])[2]
    assert "options chosen on other rows" in row["split"]
    trial = 1 + [t[2] for t in found].index(True)
    calls = ("ML.EVALUATE(MODEL m)", "ML.EVALUATE(MODEL m, TABLE r)", "ML.WEIGHTS(MODEL m)",
             "ML.PREDICT(MODEL m, TABLE r)")  # fmt: skip
    tuned = [rows(shop, call) for call in calls]
    assert {next(iter(row)) for said in tuned for row in said} == {"trial_id"}
    listed = rows(shop, f"ML.RECOMMEND(MODEL m, STRUCT({trial} AS trial_id))")
    assert list(listed[0]) == ["u", "p", "predicted_rating"], "documented without it"
    make(shop, f"{RATINGS}, num_factors=2, l2_reg=0.5", "u, p, rating FROM r")
    for call, said in zip(calls, tuned):
        assert [{k: v for k, v in row.items() if k != "trial_id"} for row in said] == rows(
            shop, call
        )


@pytest.mark.parametrize("objective", ["mean_average_precision", "average_rank"])
def test_implicit_feedback_is_chosen_by_its_own_metrics(shop, objective):
    """Of the precision more is better, of the rank less; the default is the precision."""
    told = "" if objective == "mean_average_precision" else f"['{objective}']"
    make(
        shop,
        f"{RATINGS}, rating_col='times', feedback_type='IMPLICIT', num_trials=4"
        + (f", hparam_tuning_objectives={told}" if told else ""),
        "u, p, times FROM r",
    )
    found = trials(shop)
    assert set(found[0][0]) == {"num_factors", "l2_reg", "wals_alpha"}
    assert found[0][0]["wals_alpha"] == 40.0
    pick = max if objective == "mean_average_precision" else min
    assert pick(found, key=lambda t: t[1])[2]
    assert set(rows(shop, "ML.TRIAL_INFO(MODEL m)")[0]["hparam_tuning_evaluation_metrics"]) == {
        objective
    }


def test_train_eval_and_test_ratings_by_the_users_own_word(shop):
    """TEST judges, and no rating of it has a part in the choice."""
    split = f"{EXPLICIT}, data_split_method='CUSTOM', data_split_col='part'"
    row = make(shop, split, "u, p, rating, part FROM r")
    parts = dict(shop.execute("SELECT upper(part), count(*) FROM r GROUP BY ALL").fetchall())
    assert row["rows_eval"] == parts["TEST"]
    assert row["rows_train"] == parts["TRAIN"] + parts["EVAL"]
    before = rows(shop, "ML.TRIAL_INFO(MODEL m)")
    make(shop, split, "u, p, if(part = 'test', 99, rating) AS rating, part FROM r")
    assert rows(shop, "ML.TRIAL_INFO(MODEL m)") == before
    make(shop, split, "u, p, if(part = 'EVAL', 9, rating) AS rating, part FROM r")
    assert rows(shop, "ML.TRIAL_INFO(MODEL m)") != before


def test_a_given_option_is_not_searched(shop):
    make(shop, f"{RATINGS}, num_trials=2, l2_reg=2.0", "u, p, rating FROM r")
    assert set(trials(shop)[0][0]) == {"num_factors"}
    make(shop, "model_type='LINEAR_REG', num_trials=2, l2_reg=2.0, input_label_cols=['a']",
         "a, b FROM t")  # fmt: skip
    assert set(trials(shop)[0][0]) == {"l1_reg"}


@pytest.mark.slow
def test_a_network_is_chosen_on_the_rows_that_stop_it(shop):
    """Two dimensions hold what one cannot; the held-out rows have no say."""
    net = ("model_type='AUTOENCODER', num_trials=2, max_iterations=1, seed=1, hidden_units="
           "HPARAM_CANDIDATES([STRUCT([6, 1, 6]), STRUCT([6, 2, 6])])")  # fmt: skip
    row = make(shop, net, "a, b, c FROM t ORDER BY i")
    found = trials(shop)
    assert best(found) == {"hidden_units": [6, 2, 6]}
    assert "options chosen on other rows" in row["split"]
    assert next(iter(rows(shop, "ML.EVALUATE(MODEL m)")[0])) == "trial_id"
    said = rows(shop, "ML.PREDICT(MODEL m, TABLE t)")[0]
    assert list(said)[:3] == ["trial_id", "latent_col_1", "latent_col_2"]
    held = plan_unlabelled(600, 1).pairs[0][1].tolist()
    make(shop, net, f"if(i IN {held}, 50, a) AS a, b, c FROM t ORDER BY i")
    again = trials(shop)
    assert [t[1] for t in again] == [t[1] for t in found]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("model_type='KMEANS', num_clusters=HPARAM_RANGE(2, 9)", "num_trials is missing"),
        ("model_type='KMEANS', num_trials=2, max_iterations=HPARAM_RANGE(2, 9)", "not searched"),
        ("model_type='KMEANS', num_trials=2, num_clusters=3", "nothing to tune"),
        ("model_type='KMEANS', num_trials=2, hparam_tuning_objectives=['roc_auc']",
         "names no single objective"),
        ("model_type='AUTOENCODER', num_trials=2, early_stop=HPARAM_CANDIDATES([true])",
         "not searched"),
        (f"{RATINGS}, rating_col='c', num_trials=2, wals_alpha=HPARAM_RANGE(1, 2)", "not searched"),
    ],
)  # fmt: skip
def test_what_is_refused(shop, options, words):
    with pytest.raises(TrainingError, match=words):
        make(shop, options, "a, b, i AS u, i % 9 AS p, c FROM t")


def test_marked_rows_fix_the_number_of_clusters(shop):
    with pytest.raises(TrainingError, match="fix the number of clusters"):
        make(shop, "model_type='KMEANS', num_trials=2, kmeans_init_method='CUSTOM', "
             "kmeans_init_col='first'", "a, b, i < 3 AS first FROM t")  # fmt: skip


def test_the_same_seed_is_the_same_model(shop):
    hashes = []
    for seed in (1, 1, 2):
        make(shop, f"{EXPLICIT}, seed={seed}", "u, p, rating FROM r")
        hashes += shop.execute(
            "SELECT content_hash FROM retailsql.versions ORDER BY version DESC LIMIT 1"
        ).fetchone()
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(np.unique(hashes)) == 2
