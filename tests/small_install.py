"""Proves the small install: a fresh environment, ``pip install .``, a score, a project's features.

Run by ``make small-install`` (and so by CI) with the system's Python; it is not collected by pytest
since it builds an environment. Exits 1, in words, if scoring needs what the extra `train` holds.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = {
    "scikit-learn", "tensorflow", "keras", "pandas", "onnx", "skl2onnx", "scipy", "dbt-core",
}  # fmt: skip
CHECK = """
import duckdb, json, sys, time
start = time.perf_counter()
import retailsql
seconds = time.perf_counter() - start
from retailsql.errors import MissingExtraError
from retailsql.runner.project import default_project, load_project

con = retailsql.connect()
retailsql.import_onnx(con, "diff", "MODEL")
assert con.execute("SELECT diff_predict(a := 3, b := 1)").fetchall() == [(5.0,)]
rows = con.execute("FROM ML.PREDICT(MODEL diff, (SELECT 3 AS a, 1 AS b))").fetchall()
assert rows == [(5.0, 3, 1)], rows
assert "churn_risk" in load_project(default_project()).queries, "sql/ is not in the wheel"
try:
    con.execute("CREATE MODEL m OPTIONS(model_type='LINEAR_REG') AS SELECT 1 AS a, 2 AS label")
except MissingExtraError as error:
    assert "pip install 'retailsql[train]'" in str(error)
else:
    raise AssertionError("training worked without the extra")
con.close()
print(f"import retailsql: {seconds:.3f} s on top of duckdb")
"""


PROJECT = (
    ("init", "shop", "--size", "small"),
    ("ls",),
    ("build", "--select", "path:seeds", "path:models/staging", "path:models/features"),
    ("test", "--select", "path:models/features"),
    ("lineage", "customer_features.recency_days"),
)
"""Commands on a project that need no training library; all but the first in the project."""


def project(retailsql: str, folder: str) -> None:
    """A project without the extra: all but its models is built, and those say what is missing."""
    said = [
        run(retailsql, *command, cwd=f"{folder}/shop" if i else folder)
        for i, command in enumerate(PROJECT)
    ]
    assert {"stg_order_lines", "churn", "fct_churn_scores"} <= set(said[1].split()), said[1]
    assert "made table       customer_features" in said[2], said[2]
    assert " failed" not in said[2] + said[3], said[2] + said[3]
    assert "raw.order_lines.ordered_at" in said[4], said[4]
    done = subprocess.run(
        (retailsql, "build"), cwd=f"{folder}/shop", capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "training/churn.sql:1: the model was not trained" in done.stdout, done.stdout
    assert "pip install 'retailsql[train]'" in done.stdout, done.stdout
    print(said[2].splitlines()[-1])


def run(*command: str, **options: object) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        python = f"{folder}/bin/python"
        pip = (sys.executable, "-m", "pip", "--python", python)
        source = f"{folder}/source"  # a copy: what earlier builds have left would be installed too
        shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns("build", ".*", "*.egg-info"))
        run(*pip, "install", "--quiet", "--constraint", f"{ROOT}/constraints.txt", source)
        listed = run(*pip, "list", "--format=freeze")
        names = {line.split("==")[0].lower() for line in listed.split()}
        if names & FORBIDDEN:
            sys.exit(f"the small install brought {', '.join(sorted(names & FORBIDDEN))}")
        code = CHECK.replace('MODEL")', f'{ROOT / "tests/models/line_columns.onnx"}")', 1)
        print(run(python, "-c", code, cwd=folder).strip())
        doctor = run(f"{folder}/bin/retailsql", "doctor", cwd=folder)
        for extra in ("train", "dbt"):
            assert f"pip install 'retailsql[{extra}]'" in doctor, doctor
        print(doctor.splitlines()[-1])
        project(f"{folder}/bin/retailsql", folder)
        print(f"small install: {len(names)} packages, none of the extras: passed")


if __name__ == "__main__":
    main()
