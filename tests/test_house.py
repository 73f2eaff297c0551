"""The house rules a machine can hold: imports, public names, what an import costs."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib

import pytest

import retailsql
from retailsql.training.families import FAMILIES
from tests.conftest import ROOT

TRAINING = {"tensorflow", "keras", "sklearn", "skl2onnx", "onnx", "pandas", "scipy", "tf2onnx"}


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys, json; print(json.dumps(list(sys.modules)))"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    return {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def test_import_loads_no_training_library_and_no_heavy_one():
    """``import retailsql`` leaves out training libraries, and ONNX Runtime and sqlglot too."""
    loaded = modules_after("import retailsql")
    assert not loaded & TRAINING
    assert not loaded & {"onnxruntime", "sqlglot", "rich", "click", "jinja2", "yaml"}


def test_scoring_loads_no_training_library():
    model = ROOT / "tests" / "models" / "line_columns.onnx"
    code = (
        "import retailsql; c = retailsql.connect(); "
        f"retailsql.import_onnx(c, 'm', {str(model)!r}); "
        "assert c.execute('SELECT m_predict(a := 1, b := 1)').fetchall() == [(1.0,)]; "
        "c.execute('FROM ML.PREDICT(MODEL m, (SELECT 1 AS a, 2 AS b))').fetchall()"
    )
    assert not modules_after(code) & TRAINING


def test_public_names():
    """The public surface is this list, and each name is documented."""
    assert sorted(retailsql.__all__) == [
        "RetailSQLError", "Session", "attach", "connect", "create_model", "import_onnx",
    ]  # fmt: skip
    assert all(getattr(retailsql, name).__doc__ for name in retailsql.__all__)


def test_every_package_is_in_the_wheel():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = set(project["tool"]["setuptools"]["packages"]) - {"retailsql.sql"}
    found = {
        str(f.parent.relative_to(ROOT)).replace("/", ".")
        for f in (ROOT / "retailsql").rglob("__init__.py")
    }
    assert listed == found


def test_no_file_is_a_room_with_several_jobs():
    long = [f for f in (ROOT / "retailsql").rglob("*.py") if len(f.read_text().splitlines()) > 400]
    assert long == []


@pytest.mark.parametrize("model_type", FAMILIES)
def test_every_model_type_names_a_module_with_a_fit(model_type):
    file = ROOT / (FAMILIES[model_type].module.replace(".", "/") + ".py")
    assert "def fit(" in file.read_text()


def test_no_address_and_no_path_of_a_machine_is_committed():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    for name in tracked.stdout.split():
        file = ROOT / name
        if file.suffix in (".txt", ".toml", ".py", ".sql", ".yml", ".md") and file.exists():
            text = file.read_text("utf-8")
            assert f"/{'work'}/" not in text, name
            if "constraints" in name:
                assert "://" not in text
