"""num_trials: HPARAM_RANGE and HPARAM_CANDIDATES, ML.TRIAL_INFO, and what chooses."""

import math

import numpy as np
import pytest

import retailsql
from retailsql.dialect.values import HParamCandidates, HParamRange
from retailsql.errors import StatementError, TrainingError
from retailsql.training.options import Option
from retailsql.training.tuning import Outcome, Search, draws, search, split_space

A = Option("a", "int", 2, "A whole number.", minimum=0)
RATE = Option("learn_rate", "float", 0.05, "A number.", minimum=1e-4)
UNITS = Option("hidden_units", "list", (8,), "A list.")
KNOWN = (A, RATE, UNITS, Option("num_trials", "int", None, ""))
COLUMNS = [
    "trial_id", "hyperparameters", "hparam_tuning_evaluation_metrics", "training_loss",
    "eval_loss", "status", "error_message", "is_optimal",
]  # fmt: skip


def silent(words, share):
    """Progress for nobody."""


def fetch(con, sql):
    relation = con.execute(sql)
    names = [d[0] for d in relation.description]
    return [dict(zip(names, row)) for row in relation.fetchall()]


def test_draws_are_seeded_start_at_the_default_and_cover_a_log_range():
    space = {"learn_rate": HParamRange(1e-4, 1.0), "a": HParamRange(1, 9)}
    what = Search(space, KNOWN, 200, "roc_auc", seed=3)
    found = draws(what)
    assert found == draws(what)
    assert found != draws(Search(space, KNOWN, 200, "roc_auc", seed=4))
    assert found[0] == {"learn_rate": 0.05, "a": 2}
    assert len(found) == 200
    rates = np.array([v["learn_rate"] for v in found])
    assert np.median(np.log10(rates)) == pytest.approx(-2, abs=0.3)
    assert {v["a"] for v in found} == set(range(1, 10))


def test_the_first_trial_is_the_nearest_to_the_default():
    for values, wanted in [
        (HParamCandidates((7, 4, 9)), 4), (HParamRange(5, 9), 5), (HParamRange(0, 1), 1),
    ]:  # fmt: skip
        assert draws(Search({"a": values}, KNOWN, 1, "x"))[0]["a"] == wanted


def test_candidates_end_when_all_are_tried_and_a_grid_needs_candidates():
    space = {"a": HParamCandidates((1, 2, 3)), "learn_rate": HParamCandidates((0.1, 0.2))}
    found = draws(Search(space, KNOWN, 99, "x"))
    assert len(found) == 6
    assert len({tuple(v.values()) for v in found}) == 6
    with pytest.raises(TrainingError, match="no place for the range of a"):
        draws(Search({"a": HParamRange(1, 3)}, KNOWN, 5, "x", grid=True))


def test_the_best_trial_wins_and_a_failing_one_does_not_end_the_search():
    def judge(values):
        if values["a"] == 3:
            raise ValueError("no")
        if values["a"] == 4:
            raise TrainingError("not possible")
        return Outcome({"log_loss": abs(values["a"] - 6), "roc_auc": values["a"]})

    space = {"a": HParamCandidates(tuple(range(10)))}
    found = search(judge, Search(space, KNOWN, 10, "log_loss"), silent)
    assert found.values == {"a": 6}
    status = {t["hyperparameters"]["a"]: t["status"] for t in found.trials}
    assert (status[3], status[4], status[5]) == ("FAILED", "INFEASIBLE", "SUCCEEDED")
    assert search(judge, Search(space, KNOWN, 10, "roc_auc"), silent).values == {"a": 9}
    assert sum(t["is_optimal"] for t in found.trials) == 1
    with pytest.raises(TrainingError, match="None of 1 trials succeeded.*Seen: no"):
        search(judge, Search({"a": HParamCandidates((3,))}, KNOWN, 5, "log_loss"), silent)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"a": HParamRange(0, 3)}, "num_trials is missing"),
        ({"a": HParamRange(-3, 3), "num_trials": 2}, "too small"),
        ({"a": HParamCandidates((1, "x")), "num_trials": 2}, "wrong type"),
        ({"hidden_units": HParamRange(1, 2), "num_trials": 2}, "has no range"),
    ],
)
def test_spaces_that_do_not_fit_their_option(options, words):
    with pytest.raises(TrainingError, match=words):
        split_space(options, KNOWN)


def test_an_array_in_a_struct_is_an_array():
    """BigQuery ML writes HPARAM_CANDIDATES([STRUCT([8, 4]), STRUCT([16])])."""
    given = {"num_trials": 3, "hidden_units": HParamCandidates(([[8, 4]], [[16]]))}
    plain, space = split_space(given, KNOWN)
    assert plain == {"num_trials": 3}
    assert space["hidden_units"].values == ([8, 4], [16])


@pytest.fixture(scope="module")
def shop():
    with retailsql.connect() as con:
        con.execute(
            "CREATE TABLE s AS SELECT hash(i) % 1000 / 100 AS a, hash(i + 1) % 1000 / 100 AS b, "
            "(floor(a) + floor(b)) % 2 = 0 AS label, a * b + hash(i + 2) % 10 / 10 AS value, "
            "CASE i % 5 WHEN 0 THEN 'TEST' WHEN 1 THEN 'eval' ELSE 'TRAIN' END AS part, "
            "DATE '2024-01-01' + CAST(i AS INTEGER) AS day FROM range(900) r(i)"
        )
        yield con


def create(con, name, select, **options):
    given = ", ".join(f"{k}={v}" for k, v in options.items())
    sql = f"CREATE OR REPLACE MODEL {name} OPTIONS({given}) AS SELECT {select} FROM s"
    return fetch(con, sql)[0]


def test_a_checkerboard_needs_deep_trees_and_tuning_finds_them(shop):
    common = {"model_type": "'BOOSTED_TREE_CLASSIFIER'", "max_iterations": 40, "learn_rate": 0.2,
              "min_tree_child_weight": 3}  # fmt: skip
    plain = create(shop, "plain", "a, b, label", **common)
    tuned = create(shop, "tuned", "a, b, label", **common, num_trials=6,
                   max_tree_depth="HPARAM_CANDIDATES([1, 2, 4, 8])")  # fmt: skip
    assert tuned["value"] > plain["value"] + 0.1
    assert "options chosen on other rows" in tuned["split"]
    trials = fetch(shop, "FROM ML.TRIAL_INFO(MODEL tuned)")
    assert [list(t) for t in trials] == [COLUMNS] * 4
    assert trials[0]["hyperparameters"] == {"max_tree_depth": 2}
    best = max(trials, key=lambda t: t["hparam_tuning_evaluation_metrics"]["roc_auc"])
    assert best["is_optimal"]
    assert best["hyperparameters"]["max_tree_depth"] >= 4
    (saved,) = fetch(shop, "FROM ML.EVALUATE(MODEL tuned)")
    assert next(iter(saved)) == "trial_id"
    assert saved["trial_id"] == best["trial_id"]
    (same,) = fetch(shop, f"FROM ML.EVALUATE(MODEL tuned, STRUCT({best['trial_id']} AS trial_id))")
    assert same == saved
    other = best["trial_id"] % 4 + 1
    with pytest.raises(StatementError, match="keeps the best trial only"):
        shop.execute(f"FROM ML.EVALUATE(MODEL tuned, STRUCT({other} AS trial_id))")


def test_the_winner_is_refit_as_if_its_options_had_been_given(shop):
    common = {"model_type": "'RANDOM_FOREST_REGRESSOR'", "input_label_cols": "['value']",
              "num_parallel_tree": 10}  # fmt: skip
    create(
        shop,
        "searched",
        "a, b, value",
        **common,
        num_trials=3,
        max_tree_depth="HPARAM_RANGE(2, 7)",
        hparam_tuning_objectives="['mean_squared_error']",
    )
    trials = fetch(shop, "FROM ML.TRIAL_INFO(MODEL searched)")
    best = next(t for t in trials if t["is_optimal"])
    errors = [t["hparam_tuning_evaluation_metrics"]["mean_squared_error"] for t in trials]
    assert best["hparam_tuning_evaluation_metrics"]["mean_squared_error"] == min(errors)
    assert best["eval_loss"] == pytest.approx(min(errors))
    create(shop, "given", "a, b, value", **common, **best["hyperparameters"])
    said = [fetch(shop, f"FROM ML.EVALUATE(MODEL {m})")[0] for m in ("searched", "given")]
    said[0].pop("trial_id")
    assert said[0] == said[1]
    again = create(shop, "again", "a, b, value", **common, num_trials=3,
                   max_tree_depth="HPARAM_RANGE(2, 7)",
                   hparam_tuning_objectives="['mean_squared_error']")  # fmt: skip
    assert again["value"] == pytest.approx(said[1]["mean_absolute_error"])
    assert fetch(shop, "FROM ML.TRIAL_INFO(MODEL again)") == trials


def test_train_eval_and_test_rows_by_the_users_own_word(shop):
    row = create(shop, "parts", "a, b, value AS label, part", model_type="'LINEAR_REG'",
                 num_trials=4, data_split_method="'CUSTOM'", data_split_col="'part'",
                 l2_reg="HPARAM_RANGE(0, 5)")  # fmt: skip
    assert (row["rows_train"], row["rows_eval"]) == (720, 180)
    assert len(fetch(shop, "FROM ML.TRIAL_INFO(MODEL parts)")) == 4
    assert [w for w in fetch(shop, "FROM ML.WEIGHTS(MODEL parts)") if w["trial_id"] > 0]


def test_default_ranges_are_searched_where_none_is_given(shop):
    create(shop, "ranges", "a, b, value AS label, day", model_type="'LINEAR_REG'", num_trials=3,
           data_split_method="'SEQ'", data_split_col="'day'")  # fmt: skip
    trials = fetch(shop, "FROM ML.TRIAL_INFO(MODEL ranges)")
    assert set(trials[0]["hyperparameters"]) == {"l1_reg", "l2_reg"}
    assert trials[0]["hyperparameters"] == {"l1_reg": 0.0, "l2_reg": 1.0}
    assert all(math.isfinite(t["training_loss"]) for t in trials)


def test_hidden_units_are_candidates(shop):
    create(shop, "net", "a, b, label", model_type="'DNN_CLASSIFIER'", num_trials=2,
           max_iterations=20, hidden_units="HPARAM_CANDIDATES([STRUCT([4]), STRUCT([8, 4])])",
           hparam_tuning_algorithm="'GRID_SEARCH'")  # fmt: skip
    trials = fetch(shop, "FROM ML.TRIAL_INFO(MODEL net)")
    assert sorted(t["hyperparameters"]["hidden_units"] for t in trials) == [[4], [8, 4]]


def test_small_tables_are_searched_anew_in_each_fold(con):
    con.execute("CREATE TABLE t AS SELECT i % 20 AS a, a * 2 + hash(i) % 10 AS label "
                "FROM range(120) r(i)")  # fmt: skip
    told = []
    retailsql.create_model(
        con, "m", {"model_type": "LINEAR_REG", "num_trials": 2, "l2_reg": HParamRange(0, 5)},
        "FROM t", progress=lambda words, share: told.append((words, share)),
    )  # fmt: skip
    trials = [w for w, _ in told if "trial" in w]
    assert len(trials) == 2 * 6, "five folds and the model refit on all"
    assert "fit 1 of 6, trial 2 of 2" in trials[1]
    assert [s for _, s in told] == sorted(s for _, s in told)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"hparam_tuning_objectives": "['roc_auc']"}, "no single objective.*R2_SCORE"),
        ({"num_trials": 0}, "too small"),
        ({"l2_reg": "HPARAM_CANDIDATES(['a'])"}, "wrong type"),
    ],
)
def test_what_is_refused(shop, options, words):
    given = {"model_type": "'LINEAR_REG'", "num_trials": 2, **options}
    with pytest.raises(TrainingError, match=words):
        create(shop, "refused", "a, b, value AS label", **given)
