"""How long the exported graphs take: 2,048 rows of ten features, one thread, medians.

Run: ``python benchmarks/speed_tabular.py`` (half a minute). The second column of figures is the
ratio of the graph with four text categories to the all-numeric graph of the same model type.
"""

from __future__ import annotations

import time

import numpy as np
import onnxruntime as ort
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from retailsql.training.fitted import TrainingData
from retailsql.training.tabular.data import read_features
from retailsql.training.tabular.fit import fit
from retailsql.training.tabular.prefix import fit_prefix

ROWS = 2_048
MODELS = {
    "LOGISTIC_REG": {},
    "LINEAR_REG": {},
    "BOOSTED_TREE_CLASSIFIER": {"max_iterations": 100, "max_tree_depth": 3},
    "RANDOM_FOREST_CLASSIFIER": {},
    "DNN_CLASSIFIER": {},
    "SVM_REGRESSOR": {},
}


def table(categories: int, values: int, regressor: bool) -> TrainingData:
    """Ten features, some of them text; the label depends on all."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(10, 6_000))
    codes = rng.integers(0, values, size=(categories, 6_000))
    columns = {f"x{i}": pa.array(v) for i, v in enumerate(numbers[categories:])}
    columns |= {f"c{i}": pa.array(np.char.add("v", v.astype(str))) for i, v in enumerate(codes)}
    signal = numbers[categories:].sum(axis=0) + (codes % 2).sum(axis=0) + rng.normal(size=6_000)
    columns["label"] = pa.array(signal if regressor else signal > np.median(signal))
    kinds = {"x": "DOUBLE", "c": "VARCHAR", "l": "DOUBLE" if regressor else "BOOLEAN"}
    return TrainingData(pa.table(columns), {name: kinds[name[0]] for name in columns}, "")


def microseconds(categories: int, values: int, model_type: str) -> float:
    """Median time of the graph on one batch."""
    made = table(
        categories,
        values,
        model_type.endswith(("REG", "REGRESSOR")) and model_type != "LOGISTIC_REG",
    )
    data = TrainingData(made.table, made.sql_types, model_type)
    fitted = fit(data, MODELS[model_type], lambda _words, _share: None)
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(fitted.onnx, options)
    names = [f.name for f in fitted.signature.features]
    columns = read_features(data, names)
    vectors = fit_prefix(columns, np.arange(6_000), standardize=True).inputs(columns)
    feed = {name: vector[:ROWS].copy() for name, vector in zip(names, vectors, strict=True)}
    times = []
    for _ in range(200):
        start = time.perf_counter()
        session.run(None, feed)
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e6


def main() -> None:
    """Print the table."""
    out = Table("model", "all numeric", "4 categories of 5", "ratio", "of 30", "ratio")
    for model_type in MODELS:
        plain, few, many = (microseconds(*c, model_type) for c in ((0, 1), (4, 5), (4, 30)))
        out.add_row(
            f"{model_type} {MODELS[model_type] or ''}", f"{plain:.0f} us", f"{few:.0f} us",
            f"{few / plain:.2f}", f"{many:.0f} us", f"{many / plain:.2f}",
        )  # fmt: skip
    Console().print(out)


if __name__ == "__main__":
    main()
