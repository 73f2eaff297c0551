"""The command line: thin, quiet on standard output, errors in words."""

from __future__ import annotations

import subprocess
import sys

import pytest

import retailsql
from tests.conftest import ROOT


def cli(*args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "retailsql.cli", *args],
        capture_output=True, text=True, input=stdin, cwd=ROOT,
    )  # fmt: skip


@pytest.fixture
def db(tmp_path, tiny):
    path = tmp_path / "shop.duckdb"
    with retailsql.connect(path) as con:
        retailsql.import_onnx(con, "diff", tiny("line_columns"))
    return str(path)


def test_sql_from_command_file_and_standard_input(db, tmp_path):
    text = "FROM ML.PREDICT(MODEL diff, (SELECT 3 AS a, 1 AS b))"
    file = tmp_path / "q.sql"
    file.write_text(text)
    outs = [
        cli("sql", "--db", db, "--csv", "-c", text).stdout,
        cli("sql", "--db", db, "--csv", str(file)).stdout,
        cli("sql", "--db", db, "--csv", stdin=text).stdout,
    ]
    assert set(outs) == {"predicted_label,a,b\r\n5.0,3,1\r\n"} or set(outs) == {
        "predicted_label,a,b\n5.0,3,1\n"
    }


def test_sql_draws_a_table(db):
    out = cli("sql", "--db", db, "-c", "SELECT 42 AS answer").stdout
    assert "answer" in out
    assert "42" in out


def test_statements_about_models(db):
    done = cli("sql", "--db", db, "-c", "DROP MODEL diff", "-c", "SHOW MODELS")
    assert done.returncode == 0
    assert "diff" in done.stdout


def test_errors_are_words_without_a_traceback(db):
    done = cli("sql", "--db", db, "-c", "SELECT dif_predict(a := 1, b := 2)")
    assert done.returncode == 1
    assert "diff_predict" in done.stderr
    assert "Traceback" not in done.stderr


def test_models_lists(db):
    done = cli("models", db)
    assert done.returncode == 0
    assert "diff" in done.stdout


def test_doctor_finds_the_scoring_packages():
    done = cli("doctor")
    assert done.returncode == 0
    assert "duckdb" in done.stdout


def test_every_command_has_help():
    for name in ("demo", "sql", "run", "train", "models", "doctor"):
        assert cli(name, "--help").returncode == 0


@pytest.mark.slow
def test_demo_twice(tmp_path):
    """The second run finds everything and asks again: the same answers."""
    path = str(tmp_path / "demo.duckdb")
    first = cli("demo", "--size", "small", "--path", path)
    assert first.returncode == 0, first.stderr
    second = cli("demo", "--size", "small", "--path", path)
    for function in ("churn_score", "demand_forecast", "basket_recommend", "price_predict"):
        assert function in first.stdout
    cut = "The shop, its features"
    assert first.stdout.split(cut)[0] == second.stdout.split(cut)[0]
    assert "found as it was" in second.stdout
    other = cli("demo", "--size", "default", "--path", path)
    assert other.returncode == 1
    assert "something else than this demo" in other.stderr
