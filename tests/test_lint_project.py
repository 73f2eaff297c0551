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


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "said"),
    [
        ("training/churn.sql", "recency_days", "recency_dayz", "RS002", "recency_dayz"),
        ("queries/price_check.sql", "ref('price_features')", "ref('stg_products')", "RS", ""),
        ("queries/churn_risk.sql", "c.orders", "c.ordrs", "RS002", "ordrs"),
        ("models/features/fct_sales_weekly.sql", "product_id", "produkt_id", "RS002", "produkt"),
        ("models/scores/fct_churn_scores.sql", "'customer_id'", "'customer'", "RS002", "customer"),
        ("tests/money_adds_up.sql", "SELECT", "SELECT nope,", "RS002", "nope"),
    ],
)  # fmt: skip
def test_a_planted_mistake_is_told_at_its_line(project, database, file, old, new, code, said):
    line = plant(project / file, old, new)
    result = lint(f"sql/{file}", "--db", database)
    assert result.exit_code == 1
    assert result.output.startswith(f"sql/{file}:{line}:"), result.output
    assert code in result.output
    assert said in result.output
