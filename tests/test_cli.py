"""The command line: thin, quiet on standard output, errors in words."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError

import pytest

import retailsql
from retailsql import doctor
from retailsql.cli import main
from retailsql.demo.show import show_run
from retailsql.runner.run import NodeResult
from tests.conftest import ROOT


def cli(*args: str, stdin: str = "", columns: str = "") -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
    return subprocess.run(
        [sys.executable, "-m", "retailsql.cli", *args],
        capture_output=True, text=True, input=stdin, cwd=ROOT,
        env={**env, "COLUMNS": columns} if columns else env,
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


def test_text_is_printed_as_it_is(db):
    """No part of it is taken for a style: not in cells, nor in the names of columns."""
    sql = "SELECT '[red] socks' AS \"[bold]\", '[/x]' AS b"
    for columns in ("", "20"):
        done = cli("sql", "--db", db, "-c", sql, columns=columns)
        assert done.returncode == 0, done.stderr
        out = "".join(done.stdout.split())
        assert all(text in out for text in ("[bold]", "[red]", "[/x]"))


def test_metrics_and_warnings_are_printed_as_they_are(capsys):
    detail = {"metric": "m", "value": 1.0, "baseline": "[red] rule", "baseline_value": 2.0,
              "warning": "DROP [/x]"}  # fmt: skip
    show_run([NodeResult("[b]", "model", "ok", 1.0, None, detail)])
    out = capsys.readouterr().out
    assert all(text in out for text in ("[b]", "([red] rule 2)", "DROP [/x]"))


def test_a_table_too_wide_is_drawn_downwards(db):
    """Every value of SHOW MODELS can be read in 80 columns; in a file lines are not cut at all."""
    narrow = cli("sql", "--db", db, "-c", "SHOW MODELS", columns="80").stdout
    lines = [line.rstrip() for line in narrow.splitlines()]
    assert lines[0].startswith("row 1 ──")
    assert max(map(len, lines)) <= 80
    assert ["model", "diff"] in [line.split() for line in lines]
    assert ["version", "1"] in [line.split() for line in lines]
    wide = cli("sql", "--db", db, "-c", f"SELECT '{'x' * 100}' AS a, 1 AS b").stdout
    assert f"│ {'x' * 100} │ 1 │" in wide
    wider = cli("sql", "--db", db, "-c", f"SELECT '{'x' * 300}' AS a, 1 AS b").stdout
    assert wider.count("x") == 300
    assert "row 1" in wider
    none = cli("sql", "--db", db, "-c", "SELECT 1 AS a, 2 AS b LIMIT 0", columns="8").stdout
    assert " ".join(none.split()) == "no rows; columns a, b"


def test_a_file_that_is_not_utf8_is_refused_in_words(db, tmp_path):
    file = tmp_path / "q.sql"
    file.write_bytes("SELECT 1;\nSELECT 'café'".encode("latin-1"))
    with file.open("rb") as handle:
        piped = subprocess.run([sys.executable, "-m", "retailsql.cli", "sql"], stdin=handle,
                               capture_output=True, text=True, cwd=ROOT)  # fmt: skip
    for done in (cli("sql", "--db", db, str(file)), piped):
        assert done.returncode == 1
        assert "not UTF-8 text. Seen: byte 0xe9 on line 2" in done.stderr
        assert "Traceback" not in done.stderr
    file.write_bytes(b"\xef\xbb\xbfSELECT 42 AS a")
    assert "42" in cli("sql", "--db", db, str(file)).stdout


def test_a_project_file_that_is_not_utf8_is_refused_in_words(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text("name: x\nmodel-paths: [models]\n")
    (tmp_path / "models" / "a.sql").write_bytes("SELECT 'café' AS a".encode("latin-1"))
    (tmp_path / "db").touch()
    done = cli("run", "--db", str(tmp_path / "db"), "--project", str(tmp_path))
    assert done.returncode == 1
    assert "models/a.sql" in done.stderr
    assert "utf-8" in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_a_missing_package_and_a_missing_right_are_said_in_words(tmp_path, monkeypatch, capsys):
    file = tmp_path / "sales.xlsx"
    file.touch()
    path = str(tmp_path / "x.duckdb")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    monkeypatch.setattr(sys, "argv", ["retailsql", "demo", "--data", str(file), "--path", path])
    with pytest.raises(SystemExit):
        main()
    assert "pip install 'retailsql[train]'" in capsys.readouterr().err

    def fail(error):
        def run(**_: object):
            raise error

        return run

    for error, words in [
        (ModuleNotFoundError("No module", name="pandas"), "The package 'pandas' is not installed"),
        (PermissionError(13, "Permission denied", "q.sql"), "q.sql: Permission denied"),
    ]:
        monkeypatch.setattr("retailsql.cli.cli.main", fail(error))
        with pytest.raises(SystemExit):
            main()
        assert words in capsys.readouterr().err


def test_a_name_that_is_no_table_is_not_looked_for_in_this_program(db):
    """``models`` and ``con`` are variables of the command line's own."""
    for name in ("models", "con"):
        done = cli("sql", "--db", db, "-c", f"FROM {name}")
        assert "does not exist" in done.stderr


def test_models_lists_beside_a_table_called_models(db):
    assert cli("sql", "--db", db, "-c", "CREATE TABLE models (x INTEGER)").returncode == 0
    assert cli("models", db).stdout.split()[:3] == ["*", "diff", "1"]


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


def test_a_variable_nobody_reads_is_refused(db):
    done = cli("run", "--db", db, "--var", "cutof=2025-01-01")
    assert done.returncode == 1
    assert "Wanted: cutoff" in done.stderr
    assert cli("run", "--db", db, "--var", "cutoff").returncode == 2


def test_run_and_train_do_not_make_a_database(tmp_path):
    for args in (("run",), ("train", "churn")):
        done = cli(*args, "--db", str(tmp_path / "typo.duckdb"))
        assert done.returncode == 1
        assert "typo.duckdb does not exist" in done.stderr
    assert not (tmp_path / "typo.duckdb").exists()


def test_a_query_of_a_project(db, tmp_path):
    (tmp_path / "queries").mkdir()
    (tmp_path / "dbt_project.yml").write_text("name: mine")
    (tmp_path / "queries" / "two.sql").write_text("SELECT diff_predict(a := 3, b := 1) AS answer")
    done = cli("query", "two", "--db", db, "--project", str(tmp_path))
    assert "5.0" in done.stdout
    assert "two" in cli("query", "tow", "--db", db, "--project", str(tmp_path)).stderr


def test_a_long_column_name_does_not_hide_its_value(db):
    done = cli("sql", "--db", db, "-c", f"SELECT 4242 + {' + '.join(['0'] * 200)}")
    assert "  4242" in done.stdout


def test_doctor_knows_every_extra(monkeypatch):
    """What pyproject.toml names is looked at; what only developers need is not."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = wanted["optional-dependencies"]
    lines = [*wanted["dependencies"]]
    lines += [f'{line}; extra == "{extra}"' for extra in extras for line in extras[extra]]
    monkeypatch.setattr(doctor, "requires", lambda name: lines)
    monkeypatch.setattr(doctor, "_plugin", list)
    told = {f.what.split()[0]: f for f in doctor.examine()}
    for extra in ("train", "dbt"):
        names = {re.match(r"[\w.-]+", line)[0] for line in extras[extra]}
        assert names <= set(told)
        assert not any(told[name].needed for name in names)
    assert "ruff" not in told

    def nothing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "version", nothing)
    (dbt,) = [f for f in doctor.examine() if f.what.startswith("dbt-duckdb")]
    assert (dbt.ok, dbt.todo) == (False, "pip install 'retailsql[dbt]'")


def test_doctor_loads_the_plugin_where_dbt_is(monkeypatch):
    pytest.importorskip("dbt.adapters.duckdb", reason="the extra dbt is not installed")
    assert [f.ok for f in doctor._plugin()] == [True]
    monkeypatch.setitem(sys.modules, "retailsql.adapters.dbt", None)
    (finding,) = doctor._plugin()
    assert not finding.ok
    assert not finding.needed
    assert finding.todo


def test_an_option_that_chooses_takes_several_words():
    """As dbt's does; repeated, and in one text, it means the same."""
    ways = (["-s", "churn", "basket"], ["-s", "churn", "-s", "basket"], ["-s", "churn basket"])
    assert {cli("ls", *words).stdout for words in ways} == {"basket\nchurn\n"}
    assert cli("ls", "--exclude", "path:models", "path:seeds", "churn").stdout.split() == [
        "basket", "demand", "price", "units"
    ]  # fmt: skip
