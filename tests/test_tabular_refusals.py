"""Data and options that cannot be trained on: refused before training, by the column's name."""

import numpy as np
import pyarrow as pa
import pytest

from retailsql.errors import SignatureError, TrainingError
from retailsql.training.fitted import TrainingData
from retailsql.training.tabular.fit import fit

N = 600


def train(training, **options):
    return fit(training, options, lambda words, share: None)


X = pa.array(np.arange(N, dtype=float))
FLAG = pa.array(np.arange(N) % 2 == 0)
HOLES = pa.nulls(N, pa.float64())
NEVER = pa.array([2**31 - 1, -(2**31 - 1)] + [1] * (N - 2), pa.date32())
ENDS = pa.array([2**63 - 1, -(2**63 - 1), None] + [1] * (N - 3), pa.timestamp("us"))
LAST = pa.array([2**63 - 1] + [1] * (N - 1), pa.timestamp("ns"))
HUGE = pa.array([1e39] + [1.0] * (N - 1))
INFINITE = pa.array([np.inf] * 2 + [1.0] * (N - 2))
RARE = pa.array([2] + [0, 1] * (N // 2 - 1) + [0])
SQL_TYPES = {
    "double": "DOUBLE", "bool": "BOOLEAN", "int64": "BIGINT", "string": "VARCHAR",
    "date32[day]": "DATE", "timestamp[us]": "TIMESTAMP", "timestamp[ns]": "TIMESTAMP_NS",
}  # fmt: skip


@pytest.mark.parametrize(
    ("table", "model_type", "options", "words"),
    [
        ({"x": X, "Lable": FLAG}, "LOGISTIC_REG", {}, "no column 'label'.*Lable"),
        ({"x": X, "label": pa.array([1] * N)}, "LOGISTIC_REG", {}, "same value"),
        ({"x": X, "label": HOLES}, "LINEAR_REG", {}, "Label 'label' is NULL in every row"),
        ({"x": X[:0], "label": FLAG[:0]}, "LOGISTIC_REG", {}, "no rows"),
        ({"x": HOLES, "label": FLAG}, "LOGISTIC_REG", {}, "'x' is NULL in every row"),
        ({"x": INFINITE, "label": FLAG}, "LOGISTIC_REG", {}, "'x' holds infinite.*2 of 600"),
        ({"x": HUGE, "label": FLAG}, "LOGISTIC_REG", {}, "'x' holds .*too large.*1 of 600"),
        ({"x": NEVER, "label": FLAG}, "LOGISTIC_REG", {}, "'x' holds infinite dates.*2 of 600"),
        ({"x": ENDS, "label": FLAG}, "LOGISTIC_REG", {}, "'x' holds infinite times.*2 of 600"),
        ({"x": LAST, "label": FLAG}, "LOGISTIC_REG", {}, "'x' holds infinite times.*1 of 600"),
        ({"label": FLAG}, "LOGISTIC_REG", {}, "No feature is left"),
        ({"x": X, "label": pa.array(["a"] * N)}, "LINEAR_REG", {}, "no number"),
        ({"x": X, "label": FLAG}, "LINEAR_REG", {}, "no number"),
        ({"x": X, "label": X}, "LOGISTIC_REG", {}, "looks like a number"),
        ({"x": X, "label": RARE}, "LOGISTIC_REG", {}, "Class 2 .* one row"),
        ({"x": X, "label": FLAG}, "LOGISTIC_REG", {"data_split_method": "SEQ"}, "fit together"),
        ({"x": X, "label": FLAG}, "LOGISTIC_REG", {"positive_class": "maybe"}, "not one of two"),
        ({"x": X, "label": FLAG}, "LOGISTIC_REG", {"leaf": 3}, "no option 'leaf'"),
        ({"x": X, "label": X}, "LINEAR_REG", {"log_label": True}, "no logarithm"),
        ({"x": X, "label": X}, "LINEAR_REG", {"offset_col": "y"}, "no column 'y'"),
        ({"x": X, "label": X}, "LINEAR_REG", {"exclude_cols": ["x"]}, "No feature is left"),
        ({"x": X[:3], "label": X[:3]}, "LINEAR_REG", {}, "too few rows"),
    ],
)
def test_bad_data_is_refused_by_name(table, model_type, options, words):
    types = {name: SQL_TYPES[str(values.type)] for name, values in table.items()}
    with pytest.raises(TrainingError, match=words):
        train(TrainingData(pa.table(table), types, model_type), **options)


@pytest.mark.parametrize("sql_type", ["INTEGER[]", "STRUCT(a INTEGER)", "DECIMAL(9,2)[]"])
def test_nested_columns_are_refused_by_name(sql_type):
    table = pa.table({"x": pa.array([[1]] * N), "label": FLAG})
    training = TrainingData(table, {"x": sql_type, "label": "BOOLEAN"}, "LOGISTIC_REG")
    with pytest.raises(SignatureError, match="'x' has a type"):
        train(training)
