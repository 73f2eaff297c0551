"""What an explanation in SQL costs and how right it is, against the package shap in the same run.

Run: ``python benchmarks/explain.py [--rows N] [--folder DATA]`` (about two minutes, one thread).
Telco churn as fifteen numbers, models of scikit-learn imported as ONNX, the same 32 reference rows
for both. ``difference`` is a row's largest to shap, the median over rows (shap rounds thresholds,
and rows whose value lies on one get values that do not add up to the score). Where both sample, or
shap explains a probability and retailsql its log-odds, it is the one to retailsql's own values with
3,200 permutations. ``size`` is a row's largest attribution, ``told`` approximation_error, in the
mean.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import shap
from quality_tabular import TELCO
from rich.console import Console
from rich.table import Table
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import retailsql

NUMBERS = """
SELECT SeniorCitizen::DOUBLE AS senior, tenure::DOUBLE AS tenure, MonthlyCharges::DOUBLE AS monthly,
    coalesce(TotalCharges, 0)::DOUBLE AS total, (Partner = 'Yes')::DOUBLE AS partner,
    (Dependents = 'Yes')::DOUBLE AS dependents, (Contract = 'One year')::DOUBLE AS one_year,
    (Contract = 'Two year')::DOUBLE AS two_years, (InternetService = 'No')::DOUBLE AS offline,
    (InternetService = 'Fiber optic')::DOUBLE AS fiber,
    (OnlineSecurity = 'Yes')::DOUBLE AS security,
    (TechSupport = 'Yes')::DOUBLE AS support, (PaperlessBilling = 'Yes')::DOUBLE AS paperless,
    (PaymentMethod = 'Electronic check')::DOUBLE AS e_check, (gender = 'Male')::DOUBLE AS male,
    (Churn = 'Yes')::INTEGER AS churn
FROM ({telco})
"""
MODELS: dict[str, Any] = {
    "logistic regression": LogisticRegression(max_iter=2000),
    "boosting, 100 x depth 3": HistGradientBoostingClassifier(max_iter=100, max_depth=3),
    "forest regressor, 100 trees": RandomForestRegressor(100, min_samples_leaf=20, random_state=0),
    "forest classifier, 100 trees": RandomForestClassifier(
        100, min_samples_leaf=20, random_state=0
    ),
    "MLP, 64 x 32": make_pipeline(
        StandardScaler(), MLPClassifier((64, 32), early_stopping=True, random_state=0)
    ),
}
Values = np.ndarray[Any, np.dtype[np.float64]]


def put(con: retailsql.Session, model: Any, names: list[str]) -> None:
    """Import a fitted model as ``m`` with the table as its background."""
    classifier = hasattr(model, "predict_proba")
    onnx = convert_sklearn(
        model, initial_types=[("X", FloatTensorType([None, len(names)]))],
        options={"zipmap": False} if classifier else None,
        target_opset={"": 17, "ai.onnx.ml": 3},
    )  # fmt: skip
    retailsql.import_onnx(
        con, "m", onnx.SerializeToString(), dict.fromkeys(names, "DOUBLE"),
        label="churn", background="FROM telco",
    )  # fmt: skip


def own(con: retailsql.Session, rows: int, permutations: int = 0) -> tuple[Values, float, float]:
    """Attributions for the positive class, seconds, and the mean error told."""
    setting = f", {permutations} AS num_permutations" if permutations else ""
    query = (
        "SELECT top_feature_attributions, approximation_error FROM ML.EXPLAIN_PREDICT(MODEL m, "
        f"(FROM telco LIMIT {rows}), STRUCT(99 AS top_k_features, 0.0 AS threshold{setting}))"
    )
    if (
        con.execute("SELECT kind FROM retailsql.versions ORDER BY version DESC").fetchall()[0][0]
        == "regressor"
    ):
        query = query.replace(", 0.0 AS threshold", "")
    con.execute(query.replace(f"LIMIT {rows}", "LIMIT 1")).fetchall()  # opens what is lazy
    start = time.perf_counter()
    con.execute(f"CREATE OR REPLACE TEMP TABLE told AS {query}")
    seconds = time.perf_counter() - start
    told = con.execute("FROM told").fetchall()
    names = [c for c in con.table("telco").columns if c != "churn"]
    values = np.array([[{p["feature"]: p["attribution"] for p in top}[n] for n in names]
                       for top, _ in told])  # fmt: skip
    return values, seconds, float(np.mean([e for _, e in told]))


def peer(model: Any, z: Values, x: Values) -> tuple[Values, float]:
    """Shap's attributions and seconds, by its own explainer for the kind of model."""
    margin: Callable[[Values], Values]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if isinstance(model, LogisticRegression):
            explainer = shap.LinearExplainer(model, shap.maskers.Independent(z, max_samples=len(z)))
        elif hasattr(model, "steps"):
            x = x[:40]

            def margin(rows: Values) -> Values:
                p = np.clip(model.predict_proba(rows), 1e-9, 1)
                return np.asarray(np.log(p[:, 1]) - np.log(p[:, 0]))

            explainer = shap.PermutationExplainer(
                margin, shap.maskers.Independent(z, max_samples=len(z)), seed=0
            )
        else:
            explainer = shap.TreeExplainer(model, data=z, feature_perturbation="interventional")
        # shap's own check fails where a value lies on a threshold that it has rounded.
        more = {"silent": True} if hasattr(model, "steps") else {}
        more |= {"check_additivity": False} if isinstance(explainer, shap.TreeExplainer) else {}
        start = time.perf_counter()
        found = np.asarray(explainer(x, **more).values)
        return found, (time.perf_counter() - start) / len(x)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500, help="rows to explain")
    parser.add_argument("--folder", default=str(Path(__file__).parents[2] / "shared" / "data"))
    arguments = parser.parse_args()
    table = Table(
        "model", "rows/s", "shap rows/s", "ratio", "difference", "size", "told",
        title="Explanations: SQL / shap",
    )  # fmt: skip
    with retailsql.connect() as con:
        con.execute("SET threads = 1")
        telco = TELCO.format(data=arguments.folder)
        con.execute("CREATE TABLE telco AS " + NUMBERS.format(telco=telco))
        data = np.array(con.execute("FROM telco").fetchall(), dtype=float)
        x, y, names = data[:, :-1], data[:, -1].astype(int), con.table("telco").columns[:-1]
        for name, model in MODELS.items():
            model.fit(x, y)
            put(con, model, names)
            background = con.execute(
                f"SELECT unnest(CAST(rows AS STRUCT({', '.join(f'{n} DOUBLE' for n in names)})[])"
                "[:32], recursive := true) FROM retailsql.reports WHERE report = 'background' "
                "ORDER BY version DESC LIMIT 32"
            ).fetchall()
            values, seconds, error = own(con, arguments.rows)
            expected, each = peer(model, np.array(background), x[: arguments.rows])
            if isinstance(model, RandomForestClassifier) or hasattr(model, "steps"):
                expected = own(con, 40, permutations=3200)[0]
            off = np.median(np.abs(values[: len(expected)] - expected).max(axis=1))
            rate, size = len(values) / seconds, np.abs(values).max(axis=1).mean()
            table.add_row(
                name, f"{rate:,.0f}", f"{1 / each:,.0f}", f"{rate * each:.1f}", f"{off:.1g}",
                f"{size:.2g}", f"{error:.1g}",
            )  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    main()
