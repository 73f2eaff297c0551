"""Proves the small install: a fresh environment, ``pip install .``, and a score.

Run by ``make small-install`` (and so by CI) with the system's Python; it is not collected by pytest
since it builds an environment. Exits 1, in words, if scoring needs what the extra `train` holds.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = {"scikit-learn", "tensorflow", "keras", "pandas", "onnx", "skl2onnx", "scipy"}
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


def run(*command: str, **options: object) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        python = f"{folder}/bin/python"
        pip = (sys.executable, "-m", "pip", "--python", python)
        run(*pip, "install", "--quiet", "--constraint", f"{ROOT}/constraints.txt", str(ROOT))
        listed = run(*pip, "list", "--format=freeze")
        names = {line.split("==")[0].lower() for line in listed.split()}
        if names & FORBIDDEN:
            sys.exit(f"the small install brought {', '.join(sorted(names & FORBIDDEN))}")
        code = CHECK.replace('MODEL")', f'{ROOT / "tests/models/line_columns.onnx"}")', 1)
        print(run(python, "-c", code, cwd=folder).strip())
        print(run(f"{folder}/bin/retailsql", "doctor", cwd=folder).splitlines()[-1])
        print(f"small install: {len(names)} packages, none of the extra `train`: passed")


if __name__ == "__main__":
    main()
