"""ML.EVALUATE, ML.CONFUSION_MATRIX, ML.ROC_CURVE: SQL over labels and scores, and scikit-learn.

The imported models hand their inputs through as scores, so that any scores can be judged.
"""

import numpy as np
import onnx
import pyarrow as pa
import pytest
from onnx import TensorProto, helper
from sklearn import metrics as sk

import retailsql
from retailsql.dialect.verbs.confusion import class_columns
from retailsql.errors import StatementError

CLASSIFICATION = ["precision", "recall", "accuracy", "f1_score", "log_loss", "roc_auc"]
REGRESSION = [
    "mean_absolute_error", "mean_squared_error", "mean_squared_log_error",
    "median_absolute_error", "r2_score", "explained_variance",
]  # fmt: skip
ROC = [
    "threshold", "recall", "false_positive_rate", "true_positives", "false_positives",
    "true_negatives", "false_negatives",
]  # fmt: skip


def through(width: int) -> bytes:
    """A graph whose score of a row is its ``width`` inputs, in doubles."""
    inputs = [
        helper.make_tensor_value_info(f"p{i}", TensorProto.DOUBLE, [None]) for i in range(width)
    ]
    axis = helper.make_tensor("axis", TensorProto.INT64, [1], [1])
    nodes = [helper.make_node("Unsqueeze", [f"p{i}", "axis"], [f"u{i}"]) for i in range(width)]
    nodes.append(helper.make_node("Concat", [f"u{i}" for i in range(width)], ["all"], axis=1))
    if width > 1:  # an import is probed with any numbers, and must answer with probabilities
        nodes.append(helper.make_node("Abs", ["all"], ["size"]))
        nodes.append(helper.make_node("ReduceSum", ["size", "axis"], ["sum"], keepdims=1))
        nodes.append(helper.make_node("Div", ["size", "sum"], ["out"]))
    else:
        nodes.append(helper.make_node("Identity", ["all"], ["out"]))
    out = helper.make_tensor_value_info("out", TensorProto.DOUBLE, [None, width])
    graph = helper.make_graph(nodes, "g", inputs, [out], [axis])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def import_classes(con, classes, label="y"):
    graph, inputs = through(len(classes)), {f"p{i}": "DOUBLE" for i in range(len(classes))}
    retailsql.import_onnx(con, "m", graph, inputs=inputs, classes=classes, label=label)


def judge(con, y, p):
    """Put labels and scores into table t."""
    columns = {f"p{i}": p[:, i] for i in range(p.shape[1])}
    con.connection.register("given", pa.table({"y": y, **columns}))
    con.execute("CREATE OR REPLACE TABLE t AS FROM given")


def fetch(con, sql):
    relation = con.execute(sql)
    names = [d[0] for d in relation.description]
    return [dict(zip(names, row)) for row in relation.fetchall()]


def binary_scores(n=500, seed=0):
    """Scores with many ties, and labels that follow them."""
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(n), 1)
    return (rng.random(n) < 0.2 + 0.6 * p).astype(int), p


def test_binary_metrics_are_those_of_scikit_learn_with_ties_and_certain_scores(con):
    import_classes(con, [0, 1])
    y, p = binary_scores()
    assert {0.0, 1.0} <= set(p), "certain scores should be among them: their log loss is clipped"
    judge(con, y, np.column_stack([1 - p, p]))
    for threshold in (0.5, 0.55, 0.25):
        (row,) = fetch(con, f"FROM ML.EVALUATE(MODEL m, TABLE t, STRUCT({threshold} AS threshold))")
        said = p > threshold
        assert list(row) == CLASSIFICATION
        assert list(row.values()) == pytest.approx(
            [
                sk.precision_score(y, said), sk.recall_score(y, said), sk.accuracy_score(y, said),
                sk.f1_score(y, said), sk.log_loss(y, p), sk.roc_auc_score(y, p),
            ],
            abs=1e-9,
        )  # fmt: skip


def test_metrics_of_several_classes_are_means_over_them(con):
    import_classes(con, ["a", "b", "c", "d"])
    rng = np.random.default_rng(1)
    p = rng.multinomial(64, [0.5, 0.3, 0.2, 0.0], 400) / 64  # exact sums, many ties
    y = np.array([rng.choice(4, p=0.9 * row + [0, 0, 0, 0.1]) for row in p])
    judge(con, np.array(list("abcd"))[y], p)
    (row,) = fetch(con, "FROM ML.EVALUATE(MODEL m, TABLE t)")
    said = p.argmax(axis=1)
    how = {"average": "macro", "zero_division": 0.0}
    area = np.mean([sk.roc_auc_score(y == k, p[:, k]) for k in range(4)])
    assert list(row) == CLASSIFICATION
    assert list(row.values()) == pytest.approx(
        [
            sk.precision_score(y, said, **how), sk.recall_score(y, said, **how),
            sk.accuracy_score(y, said), sk.f1_score(y, said, **how), sk.log_loss(y, p), area,
        ],
        abs=1e-9,
    )  # fmt: skip


def test_regression_metrics_are_those_of_scikit_learn(con):
    inputs = {"p0": "DOUBLE"}
    retailsql.import_onnx(con, "m", through(1), inputs=inputs, label="y")
    rng = np.random.default_rng(2)
    y = rng.gamma(2.0, 10.0, 301) + 1e6
    p = y + rng.normal(0, 3, 301)
    judge(con, y, p[:, None])
    (row,) = fetch(con, "FROM ML.EVALUATE(MODEL m, TABLE t)")
    assert list(row) == REGRESSION
    wanted = [
        sk.mean_absolute_error(y, p), sk.mean_squared_error(y, p), sk.mean_squared_log_error(y, p),
        sk.median_absolute_error(y, p), sk.r2_score(y, p), sk.explained_variance_score(y, p),
    ]  # fmt: skip
    assert list(row.values()) == pytest.approx(wanted, rel=1e-9)
    (row,) = fetch(con, "FROM ML.EVALUATE(MODEL m, (SELECT y - 2e6 AS y, p0 - 2e6 AS p0 FROM t))")
    assert row["mean_squared_log_error"] is None, "it is not defined below 0"
    assert row["r2_score"] == pytest.approx(wanted[4], abs=1e-6)
    (row,) = fetch(con, "FROM ML.EVALUATE(MODEL m, (SELECT 5.0 AS y, 5.0 AS p0 FROM range(3)))")
    assert (row["r2_score"], row["mean_absolute_error"]) == (1.0, 0.0)


def test_rows_without_label_or_score_are_left_out(con):
    import_classes(con, [0, 1])
    y, p = binary_scores(60)
    judge(con, y, np.column_stack([1 - p, p]))
    whole = fetch(con, "FROM ML.EVALUATE(MODEL m, TABLE t)")
    more = "(FROM t UNION ALL VALUES (NULL, 0.1, 0.9), (1, NULL, NULL))"
    assert fetch(con, f"FROM ML.EVALUATE(MODEL m, {more})") == whole
    nothing = fetch(con, "FROM ML.EVALUATE(MODEL m, (FROM t WHERE false))")
    assert nothing == [dict.fromkeys(CLASSIFICATION)]


def test_no_positive_prediction_has_no_precision(con):
    """BigQuery ML says NaN, not 0, when nothing was predicted positive."""
    import_classes(con, [0, 1])
    judge(con, np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
    (row,) = fetch(con, "FROM ML.EVALUATE(MODEL m, TABLE t)")
    assert np.isnan(row["precision"])
    assert (row["recall"], row["f1_score"], row["accuracy"]) == (0.0, 0.0, 0.5)


def test_a_label_that_training_has_not_seen_is_never_right(con):
    import_classes(con, ["a", "b", "c"])
    judge(con, np.array(["a", "x"]), np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1]]))
    (row,) = fetch(con, "FROM ML.EVALUATE(MODEL m, TABLE t)")
    assert row["accuracy"] == 0.5
    rows = fetch(con, "FROM ML.CONFUSION_MATRIX(MODEL m, TABLE t)")
    assert rows == [
        {"expected_label": "a", "a": 1, "b": 0, "c": 0},
        {"expected_label": "x", "a": 1, "b": 0, "c": 0},
    ]


def test_the_confusion_matrix_counts_what_scikit_learn_counts(con):
    import_classes(con, [0, 1])
    y, p = binary_scores()
    judge(con, y, np.column_stack([1 - p, p]))
    for struct, t in (("", 0.5), (", STRUCT(0.3 AS threshold)", 0.3)):
        rows = fetch(con, f"FROM ML.CONFUSION_MATRIX(MODEL m, TABLE t{struct})")
        assert [list(r) for r in rows] == [["expected_label", "_0", "_1"]] * 2
        counts = [[r["_0"], r["_1"]] for r in rows]
        assert counts == sk.confusion_matrix(y, p > t).tolist()


def test_names_of_class_columns():
    """Names stay, numbers get an underscore, and no two are the same in any case."""
    assert class_columns(("no", "Yes", "yes", "a b", "2x", "expected_label")) == [
        "no", "Yes", "yes_1", "a_b", "_2x", "expected_label_1",
    ]  # fmt: skip


def test_the_roc_curve_counts_what_is_above_each_threshold(con):
    import_classes(con, [0, 1])
    y, p = binary_scores()
    judge(con, y, np.column_stack([1 - p, p]))
    rows = fetch(con, "FROM ML.ROC_CURVE(MODEL m, TABLE t, GENERATE_ARRAY(0.4, 0.6, 0.01))")
    assert len(rows) == 21
    assert list(rows[0]) == ROC
    assert rows[-1]["threshold"] == pytest.approx(0.6)
    for row in fetch(con, "FROM ML.ROC_CURVE(MODEL m, TABLE t, [0.35, 0.0, 1.0])"):
        said = p > row["threshold"]
        tn, fp, fn, tp = sk.confusion_matrix(y, said).ravel()
        assert [row[k] for k in ROC[3:]] == [tp, fp, tn, fn]
        assert row["recall"] == pytest.approx(tp / (tp + fn))
        assert row["false_positive_rate"] == pytest.approx(fp / (fp + tn))


def test_default_thresholds_are_quantiles_of_the_scores(con):
    import_classes(con, [0, 1])
    rng = np.random.default_rng(3)
    p = rng.random(5_000)
    y = (rng.random(5_000) < p).astype(int)
    judge(con, y, np.column_stack([1 - p, p]))
    rows = fetch(con, "FROM ML.ROC_CURVE(MODEL m, TABLE t)")
    assert len(rows) == 101
    assert (rows[0]["threshold"], rows[-1]["threshold"]) == (p.min(), p.max())
    x = [1.0] + [r["false_positive_rate"] for r in rows]
    area = -np.trapezoid([1.0] + [r["recall"] for r in rows], x)
    assert area == pytest.approx(sk.roc_auc_score(y, p), abs=2e-3)


@pytest.fixture(scope="module")
def shop():
    """Models trained on 700 rows, of two classes, of three, and of a number."""
    with retailsql.connect() as con:
        con.execute(
            "CREATE TABLE s AS SELECT i % 97 AS a, hash(i) % 1000 / 1000 AS b, "
            "a / 50 + b + hash(i + 7) % 1000 / 1000 AS value, "
            "CASE WHEN value > 2 THEN 'yes' ELSE 'no' END AS buys, "
            "CAST(least(floor(value), 2) AS INTEGER) AS tier, i % 5 = 0 AS held "
            "FROM range(700) r(i)"
        )
        split = "data_split_method='CUSTOM', data_split_col='held'"
        for name, kind, label in (
            ("two", "LOGISTIC_REG", "buys"),
            ("many", "RANDOM_FOREST_CLASSIFIER", "tier"),
            ("number", "BOOSTED_TREE_REGRESSOR", "value"),
        ):
            con.execute(
                f"CREATE MODEL {name} OPTIONS(model_type='{kind}', input_label_cols=['{label}'], "
                f"{split}) AS SELECT a, b, held, {label} FROM s"
            )
        yield con


@pytest.mark.parametrize("model", ["two", "many", "number"])
def test_the_saved_evaluation_is_that_of_the_same_rows_given(shop, model):
    saved = fetch(shop, f"FROM ML.EVALUATE(MODEL {model})")[0]
    given = fetch(shop, f"FROM ML.EVALUATE(MODEL {model}, (FROM s WHERE held))")[0]
    assert list(given) == list(saved)
    assert list(given.values()) == pytest.approx(list(saved.values()), rel=1e-5)


def test_the_saved_evaluation_has_every_threshold(shop):
    for t in (0.2, 0.8):
        struct = f"STRUCT({t} AS threshold)"
        saved = fetch(shop, f"FROM ML.EVALUATE(MODEL two, {struct})")[0]
        given = fetch(shop, f"FROM ML.EVALUATE(MODEL two, (FROM s WHERE held), {struct})")[0]
        assert list(given.values()) == pytest.approx(list(saved.values()), rel=1e-5)
    matrix = fetch(shop, "FROM ML.CONFUSION_MATRIX(MODEL two)")
    assert sum(r["no"] + r["yes"] for r in matrix) == 140
    curve = fetch(shop, "FROM ML.ROC_CURVE(MODEL two, [0.5])")[0]
    assert curve["true_positives"] == matrix[1]["yes"]


def test_after_a_cross_validation_every_row_is_judged_once_by_a_model_that_did_not_see_it(shop):
    shop.execute(
        "CREATE MODEL folds OPTIONS(model_type='RANDOM_FOREST_CLASSIFIER', "
        "input_label_cols=['noise'], data_split_method='CROSS_VALIDATION', num_folds=3, "
        "num_repeats=2, num_parallel_tree=20, min_tree_child_weight=1) AS "
        "SELECT a, b, hash(a * 1000 + b) % 2 = 0 AS noise FROM s WHERE a < 60"
    )
    matrix = fetch(shop, "FROM ML.CONFUSION_MATRIX(MODEL folds)")
    rows = shop.execute("SELECT count(*) FROM s WHERE a < 60").fetchall()[0][0]
    assert sum(r["false"] + r["true"] for r in matrix) == rows
    seen = fetch(shop, "FROM ML.EVALUATE(MODEL folds, (SELECT a, b, hash(a * 1000 + b) % 2 = 0 "
                       "AS noise FROM s WHERE a < 60))")[0]  # fmt: skip
    saved = fetch(shop, "FROM ML.EVALUATE(MODEL folds)")[0]
    assert seen["accuracy"] > 0.8 > 0.65 > saved["accuracy"], "noise cannot be predicted"


def test_a_row_without_any_feature_is_judged_nowhere(con):
    """It scores NULL, so neither the saved evaluation nor the rows given count it."""
    con.execute(
        "CREATE TABLE t AS SELECT CASE WHEN i % 11 > 0 THEN i % 20 END AS a, i % 20 AS label, "
        "i % 3 = 0 AS held FROM range(660) r(i)"
    )
    con.execute(
        "CREATE MODEL m OPTIONS(model_type='LINEAR_REG', data_split_method='CUSTOM', "
        "data_split_col='held') AS FROM t"
    )
    saved = list(fetch(con, "FROM ML.EVALUATE(MODEL m)")[0].values())
    given = list(fetch(con, "FROM ML.EVALUATE(MODEL m, (FROM t WHERE held))")[0].values())
    assert given == pytest.approx(saved, rel=1e-4)


def test_only_a_few_columns_of_the_rows_are_needed_and_parameters_work(shop):
    rows = shop.execute("FROM ML.EVALUATE(MODEL number, (SELECT a, b, value FROM s))").fetchall()
    assert (
        shop.execute(
            "FROM ML.EVALUATE(MODEL number, (SELECT a, b, value FROM s WHERE a >= ?))", [0]
        ).fetchall()
        == rows
    )


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("ML.EVALUATE(MODEL two, (SELECT a, b FROM s))", "no label column 'buys'"),
        ("ML.EVALUATE(MODEL number, STRUCT(0.5 AS threshold))", "is a regressor and has no thresh"),
        ("ML.EVALUATE(MODEL many, STRUCT(0.5 AS threshold))", "classifier of several classes"),
        ("ML.ROC_CURVE(MODEL many)", "has 3 classes, and a ROC curve is of two"),
        ("ML.CONFUSION_MATRIX(MODEL number)", "not for this kind"),
        ("ML.EVALUATE(MODEL two, STRUCT(3 AS trial_id))", "was not tuned"),
    ],
)
def test_what_is_refused(shop, sql, words):
    with pytest.raises(StatementError, match=words):
        shop.execute(f"FROM {sql}")


def test_an_imported_model_has_no_saved_evaluation(con):
    import_classes(con, [0, 1])
    with pytest.raises(StatementError, match="holds no rows of its evaluation"):
        con.execute("FROM ML.EVALUATE(MODEL m)")
