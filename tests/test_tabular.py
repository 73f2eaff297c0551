"""Tabular models: trained, exported, scored by the scorer, and equal to scikit-learn."""

import decimal
import json

import duckdb
import numpy as np
import onnxruntime
import pyarrow as pa
import pytest

from retailsql.scoring.rows import RowScorer
from retailsql.training.fitted import TrainingData
from retailsql.training.tabular import estimators, notes
from retailsql.training.tabular.fit import fit, options_for

N = 600
CLASSIFIERS = [k for k, v in estimators.MODELS.items() if v.kind == "classifier"]
REGRESSORS = [k for k, v in estimators.MODELS.items() if v.kind == "regressor"]
TYPES = {
    "unit price": "DOUBLE", "n": "BIGINT", 'is "new"': "BOOLEAN", "tööt": "DATE",
    "at": "TIMESTAMP", "shop": "VARCHAR", "sku": "VARCHAR",
}  # fmt: skip


def rows(seed=0):
    """Seven columns of six types, with NULLs, and names that need quotes."""
    rng = np.random.default_rng(seed)
    null = rng.random((7, N)) < 0.05
    days = rng.integers(15_000, 20_000, N)
    values = [
        rng.normal(10, 3, N),
        rng.integers(0, 50, N),
        rng.random(N) < 0.5,
        days.astype("datetime64[D]"),
        (days * 86_400_000_000 + rng.integers(0, 86_400_000_000, N)).astype("datetime64[us]"),
        rng.choice(["Helsinki", "Århus", "it's"], N),
        np.char.add("sku", rng.integers(0, 120, N).astype(str)),
    ]
    columns = {k: pa.array(v, mask=m) for k, v, m in zip(TYPES, values, null, strict=True)}
    signal = values[0] + values[1] / 5 + 4 * values[2] + 3 * (values[5] == "it's")
    return columns, signal + rng.normal(0, 1, N)


def data(model_type, label, label_type, columns=None, types=None):
    base, _ = rows()
    columns = base if columns is None else columns
    table = pa.table({**columns, "label": label})
    return TrainingData(table, {**(types or TYPES), "label": label_type}, model_type)


def train(training, **options):
    return fit(training, options, lambda words, share: None)


def binary(model_type="LOGISTIC_REG", **options):
    _, signal = rows()
    label = pa.array(np.where(signal > np.median(signal), "Yes", "No"))
    return train(data(model_type, label, "VARCHAR"), **options)


def numeric(model_type="LINEAR_REG", **options):
    return train(data(model_type, pa.array(rows()[1] + 50), "DOUBLE"), **options)


def scored(fitted):
    """What the scorer makes of the parity rows, as an array of scikit-learn's shape."""
    session = onnxruntime.InferenceSession(fitted.onnx)
    names = [f.name for f in fitted.signature.features]
    arrays = [fitted.parity_inputs[name].combine_chunks() for name in names]
    got = RowScorer(session, fitted.signature).score(arrays)
    if pa.types.is_list(got.type):
        width = len(fitted.signature.classes)
        return np.array([x or [np.nan] * width for x in got.to_pylist()])
    return got.to_numpy(zero_copy_only=False)


def assert_parity(fitted):
    got, wanted = scored(fitted), fitted.parity_scores
    assert np.isnan(wanted).any(), "the parity rows should hold a row of NULLs"
    assert np.array_equal(np.isnan(got), np.isnan(wanted))
    assert np.nanmax(np.abs(got - wanted)) <= fitted.tolerance


@pytest.mark.parametrize("model_type", CLASSIFIERS)
def test_binary_classifiers_score_as_sklearn_and_beat_the_base_rate(model_type):
    fitted = binary(model_type)
    assert_parity(fitted)
    assert fitted.signature.classes == ("No", "Yes")
    assert fitted.signature.positive_class == "Yes"
    assert fitted.evaluation.metrics["roc_auc"] > 0.85
    assert fitted.evaluation.baselines["base rate"]["roc_auc"] == pytest.approx(0.5)


@pytest.mark.parametrize("model_type", CLASSIFIERS)
def test_three_classes(model_type):
    _, signal = rows()
    label = pa.array(np.digitize(signal, np.quantile(signal, [0.3, 0.6])) + 10)
    fitted = train(data(model_type, label, "INTEGER"))
    assert_parity(fitted)
    assert fitted.signature.classes == (10, 11, 12)
    assert fitted.signature.positive_class is None
    assert fitted.evaluation.primary == "log_loss"
    assert fitted.parity_scores.shape[1] == 3


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (9007199254740992, 9007199254740993, pa.int64()),
        (1234567890123456788, 1234567890123456789, pa.int64()),
        (2**64 - 2, 2**64 - 1, pa.uint64()),
        (2**90, 2**90 + 1, pa.decimal128(38, 0)),
    ],
)
def test_whole_number_classes_keep_every_digit(low, high, kind):
    """Two ids that are one and the same as doubles are two classes."""
    signal = rows()[1]
    values = [high if s else low for s in signal > np.median(signal)]
    label = pa.array(
        [decimal.Decimal(v) for v in values] if pa.types.is_decimal(kind) else values, kind
    )
    sql_type = {"int64": "BIGINT", "uint64": "UBIGINT"}.get(str(kind), "HUGEINT")
    fitted = train(data("LOGISTIC_REG", label, sql_type), positive_class=high)
    assert fitted.signature.classes == (low, high)
    assert fitted.signature.positive_class == high
    assert fitted.evaluation.metrics["roc_auc"] > 0.85


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("model_type", REGRESSORS)
def test_regressors_score_as_sklearn_and_beat_the_mean(model_type, log):
    fitted = numeric(model_type, log_label=log)
    assert_parity(fitted)
    assert fitted.evaluation.beats_baseline
    assert fitted.signature.label_type == "DOUBLE"


@pytest.mark.parametrize("model_type", REGRESSORS)
def test_a_model_may_start_from_a_column(model_type):
    """offset_col: a label that is the column itself is predicted all but exactly."""
    columns, _ = rows()
    price = pa.array(np.random.default_rng(1).uniform(1, 9, N))
    training = data(model_type, price, "DOUBLE", {**columns, "p": price}, {**TYPES, "p": "DOUBLE"})
    noisy = training.table.set_column(
        training.table.num_columns - 1, "label", pa.array(price.to_numpy() * 1.1 + 0.01)
    )
    training = TrainingData(noisy, training.sql_types, model_type)
    fitted = train(training, offset_col="p", log_label=True, baseline_group_cols=["shop"])
    assert_parity(fitted)
    assert fitted.evaluation.metrics["mean_absolute_error"] < 0.1


def test_a_large_svm_is_approximated_and_still_exact_in_the_graph(monkeypatch):
    monkeypatch.setattr(estimators, "EXACT_SVM_ROWS", 100)
    fitted = numeric("SVM_REGRESSOR")
    assert_parity(fitted)
    assert fitted.evaluation.metrics["r2_score"] > 0.5


def test_an_svm_on_many_rows_samples_them_and_says_so(monkeypatch):
    monkeypatch.setattr(estimators, "MOST_SVM_ROWS", 200)
    whole = numeric("SVM_REGRESSOR")
    monkeypatch.setattr(notes, "EXACT_SVM_ROWS", 100)
    words = " ".join(numeric("SVM_REGRESSOR").warnings)
    assert "400 landmarks" in words
    assert "a random 200 of 480 rows" in words
    assert whole.evaluation.rows_train == 480


@pytest.mark.parametrize(
    ("model_type", "options"),
    [
        ("LOGISTIC_REG", {"l1_reg": 0.5, "l2_reg": 0.5, "max_iterations": 5000}),
        ("LOGISTIC_REG", {"l2_reg": 0, "data_split_method": "NO_SPLIT"}),
        ("RANDOM_FOREST_CLASSIFIER", {"subsample": 0.5, "max_tree_depth": 3}),
        ("BOOSTED_TREE_CLASSIFIER", {"auto_class_weights": True, "primary_metric": "log_loss"}),
        ("DNN_CLASSIFIER", {"hidden_units": [8], "learn_rate": 0.01}),
    ],
)
def test_options_reach_the_estimator(model_type, options):
    fitted = binary(model_type, **options)
    assert_parity(fitted)
    assert fitted.evaluation.beats_baseline


def test_l1_leaves_columns_out_of_a_linear_model():
    assert_parity(numeric("LINEAR_REG", l1_reg=50.0))


def test_stopping_too_early_is_told():
    assert any("max_iterations" in w for w in binary(max_iterations=1).warnings)


def test_the_same_seed_makes_the_same_bytes():
    assert binary("RANDOM_FOREST_CLASSIFIER").onnx == binary("RANDOM_FOREST_CLASSIFIER").onnx
    other = binary("RANDOM_FOREST_CLASSIFIER", seed=1)
    assert other.onnx != binary("RANDOM_FOREST_CLASSIFIER").onnx


def test_the_profile_is_json_and_counts_nulls():

    fitted = binary()
    profile = json.loads(json.dumps(fitted.profile))
    assert list(profile) == list(TYPES)
    assert profile["shop"]["nulls"] == rows()[0]["shop"].null_count
    assert sum(profile["shop"]["counts"].values()) + profile["shop"]["nulls"] == N
    assert len(profile["n"]["quantiles"]) == 21


@pytest.mark.parametrize(
    ("values", "sql_type", "option", "positive"),
    [
        ([False, True], "BOOLEAN", None, True),
        ([0, 1], "INTEGER", None, 1),
        (["no", "YES"], "VARCHAR", None, "YES"),
        (["left", "stayed"], "VARCHAR", "Left", "left"),
        (["left", "stayed"], "VARCHAR", None, None),
        ([1, 2], "INTEGER", 2, 2),
    ],
)
def test_the_positive_class(values, sql_type, option, positive):
    """True, 1 and yes are positive, else OPTIONS says; if nothing says, there is a warning."""
    label = pa.array([values[i] for i in (rows()[1] > 15).astype(int)])
    fitted = train(data("LOGISTIC_REG", label, sql_type), positive_class=option)
    assert fitted.signature.positive_class == positive
    assert any("no score function" in w for w in fitted.warnings) == (positive is None)


def test_split_and_baseline_columns_are_no_features():
    columns, _ = rows()
    extra = {
        "week": pa.array(np.arange(N) // 50),
        "guess": pa.array(rows()[1]),
        "id": pa.array(range(N)),
    }
    types = {**TYPES, "week": "BIGINT", "guess": "DOUBLE", "id": "BIGINT"}
    training = data("LINEAR_REG", pa.array(rows()[1]), "DOUBLE", {**columns, **extra}, types)
    fitted = train(
        training, DATA_SPLIT_METHOD="seq", data_split_col="WEEK", baseline_col="guess",
        exclude_cols=["ID"], baseline_group_cols=["shop"],
    )  # fmt: skip
    assert [f.name for f in fitted.signature.features] == list(TYPES)
    assert fitted.evaluation.baselines["guess"]["mean_absolute_error"] == 0
    assert not fitted.evaluation.beats_baseline
    assert set(fitted.evaluation.baselines) == {"mean", "mean by shop", "guess"}


def test_rows_without_a_label_are_dropped_and_told():
    label = rows()[1].copy()
    label[:7] = np.nan
    fitted = train(data("LINEAR_REG", pa.array(label), "DOUBLE"))
    assert fitted.warnings[0].startswith("7 of 600 rows have no 'label'")
    assert fitted.profile["n"]["rows"] == N - 7


def test_ids_and_class_weights_are_warned_of():
    columns, signal = rows()
    ids = {**columns, "id": pa.array([f"c{i}" for i in range(N)])}
    label = pa.array(signal > 15)
    training = data("LOGISTIC_REG", label, "BOOLEAN", ids, {**TYPES, "id": "VARCHAR"})
    words = " ".join(train(training, auto_class_weights=True).warnings)
    assert "looks like an id" in words
    assert "no probabilities" in words


def test_every_column_type_as_duckdb_returns_it():
    """Narrow and wide integers, FLOAT, ENUM, timestamps with and without zone."""
    with duckdb.connect() as con:
        relation = con.sql("""
            SELECT (i % 7)::TINYINT AS a, i::HUGEINT AS b, (i / 3)::FLOAT AS c,
                   CASE WHEN i % 5 > 0 THEN ['x', 'y'][1 + i % 2]::ENUM('x', 'y') END AS d,
                   TIMESTAMPTZ '2024-01-01 00:00:00+00' + INTERVAL (i) HOUR AS e,
                   TIMESTAMP_S '2024-01-01 00:00:00' + INTERVAL (i) HOUR AS f,
                   (i % 3)::UINTEGER AS g, i % 7 > 2 AS label
            FROM range(600) AS t(i)
        """)
        types = dict(zip(relation.columns, map(str, relation.types), strict=True))
        training = TrainingData(relation.to_arrow_table(), types, "LOGISTIC_REG")
    fitted = train(training)
    assert_parity(fitted)
    kinds = [f.kind for f in fitted.signature.features]
    assert kinds == ["number"] * 3 + ["category"] + ["timestamp"] * 2 + ["number"]


def test_one_feature_one_kind():
    """Graphs of categories only, and of one number only."""
    columns, signal = rows()
    for name in ("shop", "n", "tööt"):
        for model_type in ("LOGISTIC_REG", "BOOSTED_TREE_CLASSIFIER"):
            training = data(
                model_type, pa.array(signal > 15), "BOOLEAN",
                {name: columns[name]}, {name: TYPES[name]},
            )  # fmt: skip
            assert_parity(train(training))


def test_every_option_has_a_sentence_and_is_listed_once():
    for model_type in estimators.MODELS:
        names = [o.name for o in options_for(model_type)]
        assert len(names) == len(set(names))
        assert all(o.doc.endswith(".") for o in options_for(model_type))
