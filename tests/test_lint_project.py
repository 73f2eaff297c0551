"""`retailsql lint` of a project's files: rendered first, what is found told at their own lines."""

from __future__ import annotations

import json
import shutil

import duckdb
import pytest
from click.testing import CliRunner

from retailsql.cli.scripts import lint as command
from retailsql.demo.shop import make_shop
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A shop's raw tables, nothing built."""
    path = tmp_path_factory.mktemp("shop") / "shop.duckdb"
    with duckdb.connect(str(path)) as con:
        make_shop("small", 0).load(con)
    return str(path)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the shipped project, in the present folder."""
    shutil.copytree(ROOT / "sql", tmp_path / "sql")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "sql"


def lint(*arguments):
    return CliRunner().invoke(command, [str(a) for a in arguments])


def plant(file, old, new):
    """Put a mistake into a file; the number of its line."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return text.count("\n", 0, text.index(old)) + 1


def test_the_shipped_project_is_clean(project, database):
    for arguments in (["sql"], ["sql", "--db", database]):
        result = lint(*arguments)
        assert (result.exit_code, result.output) == (0, "")


PLANTED = [  # none needs what another spoils: what cannot be known is not judged
    ("training/churn.sql", "'churned'", "'chorned'", "chorned"),
    ("training/demand.sql", "day, units", "day, unitz", "unitz"),
    ("queries/price_check.sql", "'predict') }}(p), 2)", "'predikt') }}(p), 2)", "predikt"),
    ("models/features/unit_features.sql", "product_id", "produkt_id", "produkt_id"),
    ("models/scores/fct_price_scores.sql", "'last_price'", "'lost_price'", "lost_price"),
    ("tests/money_adds_up.sql", "SELECT", "SELECT nope,", "nope"),
]


def test_every_planted_mistake_is_told_at_its_line(project, database):
    """In a training file, its label, queries, features, what is scored, and a singular test."""
    wanted = {
        (f"sql/{file}", plant(project / file, old, new), said) for file, old, new, said in PLANTED
    }
    result = lint("sql", "--db", database, "--format", "json")
    assert result.exit_code == 1
    told = [(f["file"], f["line"], f["sentence"]) for f in json.loads(result.output)]
    assert wanted == {w for w in wanted if any(w[:2] == f[:2] and w[2] in f[2] for f in told)}
    assert {f[0] for f in told} == {w[0] for w in wanted}


def test_only_what_is_asked_for_is_told(project):
    """Syntax needs no database; a macro's fault is told at the macro's line."""
    plant(project / "queries/churn_risk.sql", "ORDER BY", "ORDR BY")
    line = plant(project / "macros/customer_features_at.sql", "SELECT *,", "SELECT *,,")
    training = plant(project / "training/units.sql", "ORDER BY", "ORDR BY")
    assert lint("sql/training/basket.sql").output == ""
    assert lint("sql/training/units.sql").output.startswith(f"sql/training/units.sql:{training}:")
    result = lint("sql/models/features/customer_features.sql", "--format", "github")
    assert result.exit_code == 1
    assert result.output.startswith("::error file=sql/macros/customer_features_at.sql,line=")
    assert f"line={line}," in result.output
    assert "sql/queries" not in result.output


def test_files_outside_a_project_are_read_as_they_are(project, tmp_path):
    (tmp_path / "plain.sql").write_text("SELECT 1;\nDROP MODEL\n")
    (tmp_path / "open.sql").write_text("SELECT 'a")
    result = lint("plain.sql")
    assert result.output.startswith("plain.sql:2:")
    macro = lint("sql/macros/cutoff.sql")
    assert (macro.exit_code, "is judged in the files that use it" in macro.output) == (0, True)
    assert "There is no SQL project" in str(lint(tmp_path).exception)
