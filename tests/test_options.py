"""OPTIONS of the supervised models: each changes what it says, or is told to do nothing."""

import numpy as np
import onnxruntime
import pyarrow as pa
import pytest

from retailsql.errors import TrainingError
from retailsql.scoring.rows import RowScorer
from retailsql.training import known_options
from retailsql.training.families import FAMILIES, option_names
from retailsql.training.fitted import TrainingData
from retailsql.training.tabular.estimators import MODELS
from retailsql.training.tabular.fit import fit, options_for
from retailsql.training.tabular.stopping import PATIENCE

N = 600


def data(model_type, **more):
    """Two numbers, a category and a flag; the label is a class or a number."""
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(5, 2, N), rng.normal(0, 1, N), rng.choice(["x", "y", "z"], N)
    value = a + 2 * b + 3 * (c == "y") + rng.normal(0, 1, N) + 40
    kind = MODELS[model_type].kind
    label = np.where(value > 48, "yes", "no") if kind == "classifier" else value
    columns = {"a": a, "b": b, "c": c, "label": label, **more}
    table = pa.table({k: pa.array(v) for k, v in columns.items()})
    sql = {"double": "DOUBLE", "string": "VARCHAR", "bool": "BOOLEAN"}
    types = {f.name: sql[str(f.type)] for f in table.schema}
    return TrainingData(table, types, model_type)


def train(model_type, more=None, **options):
    return fit(data(model_type, **(more or {})), options, lambda words, share: None)


def scores(fitted):
    return np.nan_to_num(np.asarray(fitted.parity_scores))


CHANGES = [
    ("LOGISTIC_REG", {"fit_intercept": False}),
    ("LOGISTIC_REG", {"class_weights": [["yes", 3.0], ["no", 1]]}),
    ("LINEAR_REG", {"fit_intercept": False, "l2_reg": 100}),
    ("LINEAR_REG", {"category_encoding_method": "DUMMY_ENCODING", "l2_reg": 100}),
    ("RANDOM_FOREST_CLASSIFIER", {"colsample_bynode": 1.0}),
    ("RANDOM_FOREST_REGRESSOR", {"colsample_bynode": 1.0}),
    ("RANDOM_FOREST_REGRESSOR", {"min_split_loss": 200.0}),
    ("RANDOM_FOREST_CLASSIFIER", {"min_split_loss": 10.0}),
    ("RANDOM_FOREST_CLASSIFIER", {"class_weights": [("yes", 0.9), ("no", 0.1)]}),
    ("BOOSTED_TREE_CLASSIFIER", {"colsample_bynode": 0.3}),
    ("BOOSTED_TREE_CLASSIFIER", {"class_weights": [("yes", 0.9), ("no", 0.1)]}),
    ("BOOSTED_TREE_REGRESSOR", {"early_stop": True}),
    ("BOOSTED_TREE_REGRESSOR", {"min_tree_child_weight": 0}),
    ("DECISION_TREE_REGRESSOR", {"min_split_loss": 200.0}),
    ("DNN_CLASSIFIER", {"activation_fn": "tanh"}),
    ("DNN_CLASSIFIER", {"auto_class_weights": True}),
    ("DNN_CLASSIFIER", {"class_weights": [("yes", 0.9), ("no", 0.1)]}),
    ("DNN_REGRESSOR", {"activation_fn": "SIGMOID"}),
    ("DNN_REGRESSOR", {"optimizer": "SGD", "learn_rate": 0.01}),
    ("DNN_REGRESSOR", {"batch_size": 16}),
    ("DNN_REGRESSOR", {"early_stop": False, "max_iterations": 30}),
    ("DNN_REGRESSOR", {"min_rel_progress": 0.5}),
]
QUICK = {"num_parallel_tree": 20, "max_iterations": 40}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("model_type", "options"), CHANGES)
def test_an_option_with_an_effect_changes_the_scores(model_type, options):
    own = {o.name for o in options_for(model_type)}
    quick = {k: v for k, v in QUICK.items() if k in own and "LINEAR" not in model_type}
    plain, changed = train(model_type, **quick), train(model_type, **{**quick, **options})
    assert np.abs(scores(plain) - scores(changed)).max() > 1e-4


@pytest.mark.parametrize("kind", ["BOOSTED_TREE", "RANDOM_FOREST"])
def test_instance_weights_count_and_are_no_feature(kind):
    heavy = {"w": np.where(np.arange(N) % 2 == 0, 5.0, 0.0)}
    quick = {"num_parallel_tree": 20} if kind == "RANDOM_FOREST" else {"max_iterations": 40}
    fitted = train(f"{kind}_REGRESSOR", heavy, instance_weight_col="W", **quick)
    assert [f.name for f in fitted.signature.features] == ["a", "b", "c"]
    assert np.abs(scores(fitted) - scores(train(f"{kind}_REGRESSOR", **quick))).max() > 1e-3
    with pytest.raises(TrainingError, match="'w' cannot weigh rows.*1 NULL or negative"):
        train(f"{kind}_REGRESSOR", {"w": [None] + [1.0] * (N - 1)}, instance_weight_col="w")


def test_early_stopping_ends_when_a_part_of_the_training_rows_gains_no_more():
    fitted = train("BOOSTED_TREE_REGRESSOR", early_stop=True, learn_rate=0.3)
    curve = fitted.reports["training_info"]
    assert PATIENCE <= len(curve) < 100
    assert len(train("BOOSTED_TREE_REGRESSOR").reports["training_info"]) == 300
    eager = train("BOOSTED_TREE_REGRESSOR", early_stop=True, learn_rate=0.3, min_rel_progress=0.2)
    assert len(eager.reports["training_info"]) < len(curve)


def test_without_intercept_a_linear_model_goes_through_the_origin():
    rng = np.random.default_rng(0)
    x = rng.normal(10, 1, N)
    table = pa.table({"x": x, "label": 2 * x + rng.normal(0, 0.1, N)})
    numbers = TrainingData(table, {"x": "DOUBLE", "label": "DOUBLE"}, "LINEAR_REG")
    fitted = fit(numbers, {"fit_intercept": False, "l2_reg": 0}, lambda w, s: None)
    weights = {r["processed_input"]: r["weight"] for r in fitted.reports["weights"]}
    assert weights["x"] == pytest.approx(2, abs=1e-3)
    assert weights["__INTERCEPT__"] == pytest.approx(0, abs=1e-9)


def test_class_weights_must_be_complete():
    for given, words in [
        ([("yes", 1)], "no weight for class 'no'"),
        ([("yes", 1), ("maybe", 1)], "no use for 'maybe'"),
        (["yes", "no"], "no list of classes and weights"),
        ([("yes", -1), ("no", 1)], "no use for 'yes'"),
    ]:
        with pytest.raises(TrainingError, match=words):
            train("LOGISTIC_REG", class_weights=given)
    with pytest.raises(TrainingError, match="cannot both be given"):
        train("LOGISTIC_REG", class_weights=[("yes", 1), ("no", 1)], auto_class_weights=True)


def test_weights_of_classes_are_said_to_spoil_probabilities():
    fitted = train("LOGISTIC_REG", class_weights=[{"_0": "yes", "_1": 2}, ("no", 1)])
    assert any("class_weights makes scores that rank" in w for w in fitted.warnings)


def test_null_in_a_custom_split_evaluates():
    """As BigQuery ML documents: TRUE or NULL evaluates, FALSE trains."""
    held = [None, True, False, False, False] * (N // 5)
    fitted = train("LINEAR_REG", {"held": held}, data_split_method="CUSTOM", data_split_col="held")
    assert (fitted.evaluation.rows_train, fitted.evaluation.rows_eval) == (360, 240)


def test_no_split_is_evaluated_by_cross_validation_and_says_so():
    fitted = train("LINEAR_REG", data_split_method="NO_SPLIT")
    assert "cross-validation" in fitted.evaluation.split
    assert any("NO_SPLIT" in w and "rows that trained cannot judge" in w for w in fitted.warnings)
    assert fitted.held_out.num_rows == N


@pytest.fixture
def shop(con):
    con.execute("CREATE TABLE s AS SELECT i % 50 AS a, hash(i) % 100 AS b, a + b / 9 AS label "
                "FROM range(300) r(i)")  # fmt: skip
    return con


def create(con, model_type, options=""):
    sql = f"CREATE OR REPLACE MODEL m OPTIONS(model_type='{model_type}'{options}) AS FROM s"
    relation = con.execute(sql)
    return dict(zip([d[0] for d in relation.description], relation.fetchall()[0]))


def test_options_without_effect_are_named_in_one_line(shop):
    row = create(shop, "LINEAR_REG", ", LEARN_RATE=0.1, optimize_strategy='NORMAL_EQUATION', "
                 "data_split_method='NO_SPLIT'")  # fmt: skip
    assert (
        "Options learn_rate, optimize_strategy are of BigQuery ML and have no effect here."
        in (row["warning"])
    )


def test_what_asks_for_what_is_done_anyway_is_not_worth_a_word(shop):
    row = create(shop, "BOOSTED_TREE_REGRESSOR", ", booster_type='gbtree', tree_method='HIST', "
                 "subsample=1.0, enable_global_explain=TRUE, max_iterations=20")  # fmt: skip
    assert "no effect" not in (row["warning"] or "")
    assert (
        "Option subsample is of BigQuery ML and has no effect here"
        in (create(shop, "BOOSTED_TREE_REGRESSOR", ", subsample=0.8")["warning"])
    )


@pytest.mark.parametrize(
    ("model_type", "options", "words"),
    [
        ("LINEAR_REG", ", lern_rate=1", "no option 'lern_rate'"),
        ("LINEAR_REG", ", num_clusters=3", "no option 'num_clusters'"),
        ("DNN_REGRESSOR", ", hidden_unit=[3]", "no option 'hidden_unit'.*Wanted: hidden_units"),
        ("DNN_LINEAR_COMBINED_CLASSIFIER", "", "not here. Wanted: DNN_CLASSIFIER"),
        ("AUTOML_REGRESSOR", "", "not here. Wanted: BOOSTED_TREE_REGRESSOR"),
        ("RANDOM_FOREST_REGRESSOR", ", colsample_bynode=2", "too large.*at most 1"),
        ("LINEAR_REG", ", l2_reg=HPARAM_RANGE(0, 5)", "num_trials is missing"),
    ],
)
def test_what_is_refused(shop, model_type, options, words):
    with pytest.raises(TrainingError, match=words):
        create(shop, model_type, options)


@pytest.mark.parametrize("model_type", [m for m in known_options.KNOWN if m in FAMILIES])
def test_every_model_type_here_has_its_options_of_bigquery(model_type):
    """Each option of BigQuery ML is either used or dropped; none is an error."""
    own = option_names(FAMILIES[model_type], model_type)
    if own is None:
        pytest.skip("the family does not say what it uses")
    given = dict.fromkeys(known_options.KNOWN[model_type], "something")
    kept, words = known_options.without_effect(model_type, given, own)
    assert set(kept) <= set(own)
    assert not words or len(words) == 1


def test_the_label_is_called_label_unless_options_say_otherwise(shop):
    assert create(shop, "LINEAR_REG")["metric"] == "mean_absolute_error"
    with pytest.raises(TrainingError, match="no column 'value'"):
        create(shop, "LINEAR_REG", ", input_label_cols=['value']")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"dropout": 0.01}, {"dropout": 0.7}),
        ({"optimizer": "RMSPROP"}, {"optimizer": "ADAGRAD"}),
        ({"l1_reg": 1e-3}, {"l1_reg": 100.0}),
    ],
)
def test_options_that_keras_trains_with_change_the_scores(one, other):
    common = {"max_iterations": 5, "batch_size": 50, "learn_rate": 0.01, "hidden_units": [8]}
    a, b = (train("DNN_REGRESSOR", **common, **options) for options in (one, other))
    assert np.abs(scores(a) - scores(b)).max() > 1e-2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["REGRESSOR", "CLASSIFIER"])
def test_a_network_with_dropout_is_trained_by_keras_exported_as_itself_and_repeatable(kind):
    """Dropout rests when predicting: the graph says what the network says, twice the same."""
    options = {"dropout": 0.2, "learn_rate": 0.05, "max_iterations": 12, "hidden_units": [16]}
    fitted = train(f"DNN_{kind}", **options)
    assert fitted.evaluation.beats_baseline
    session = onnxruntime.InferenceSession(fitted.onnx)
    arrays = [fitted.parity_inputs[f.name].combine_chunks() for f in fitted.signature.features]
    got = RowScorer(session, fitted.signature).score(arrays).to_numpy(zero_copy_only=False)
    assert np.nanmax(np.abs(got - fitted.parity_scores)) <= fitted.tolerance
    assert train(f"DNN_{kind}", **options).onnx == fitted.onnx


@pytest.mark.slow
def test_three_classes_with_dropout():
    rows = data("DNN_CLASSIFIER")
    tier = pa.array(np.array(["low", "mid", "top"])[np.arange(N) % 3])
    table = rows.table.set_column(3, "label", tier)
    noise = TrainingData(table, rows.sql_types, "DNN_CLASSIFIER")
    options = {"dropout": 0.2, "max_iterations": 5}
    fitted = fit(noise, options, lambda words, share: None)
    assert fitted.parity_scores.shape[1] == 3
