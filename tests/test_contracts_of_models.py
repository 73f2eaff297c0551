"""Contracts of what models make: scores, lists among them, and the view of a deployed version."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

import retailsql
from retailsql.registry import store
from retailsql.runner.build import build
from retailsql.runner.check.contract import check_contract
from retailsql.runner.materialize.model import version_query
from retailsql.runner.node import Column, Node, Place, Project
from retailsql.runner.project import load_project
from tests.conftest import ROOT

SHOP = load_project(ROOT / "sql")
COLUMNS = tuple(
    Column(name, kind, place=Place("models/_models.yml", 5 + i))
    for i, (name, kind) in enumerate((
        ("id", "bigint"), ("y", "double"), ("model_version", "integer"),
        ("scored_at", "timestamp"), ("row_hash", "ubigint"),
    ))
)  # fmt: skip


@pytest.mark.parametrize("node", [n for n in SHOP.nodes.values() if n.kind != "seed"])
def test_every_file_promises_its_columns(node):
    assert node.contract
    assert all(c.type and c.description for c in node.columns)


@pytest.mark.parametrize("node", [n for n in SHOP.nodes.values() if n.kind == "model"])
def test_a_training_file_promises_what_its_view_shows(node):
    """The yml file says the same of each; the view's SQL is that of macros/retailsql."""
    with duckdb.connect() as con:
        store.ensure(con, "memory")
        check_contract(con, node, version_query(SHOP, node, con))


@pytest.fixture
def con(tiny):
    with retailsql.connect() as con:
        con.execute(
            "CREATE SCHEMA raw; CREATE TABLE raw.t AS "
            "SELECT range AS id, range * 1.0 AS a, 1.0 AS b FROM range(4)"
        )
        retailsql.import_onnx(con, "diff", tiny("line_columns"))
        yield con


def shop(columns=COLUMNS, of_model=None):
    model = Node("diff", "training/diff.sql", "model", "SELECT 1 AS a")
    if of_model:
        model = replace(model, contract=True, columns=of_model)
    options = {"unique_key": "id", "scores": {"y": "main.diff_predict(r)"}}
    scores = Node(
        "s", "models/s.sql", "score", "SELECT * FROM raw.t", options, ("diff",),
        columns=columns, contract=True,
    )  # fmt: skip
    return Project("p", Path(), "main", {"diff": model, "s": scores}, {}, {})


def test_a_broken_contract_is_found_in_scores_that_are_there_too(con):
    """They would be renewed, row by row, and their table is not made again."""
    assert not build(con, shop()).failed
    before = con.execute("FROM s").fetchall()
    broken = tuple(replace(c, type="float") if c.name == "y" else c for c in COLUMNS)
    (failed,) = build(con, shop(broken)).failed
    assert str(failed.error).startswith(
        "models/_models.yml:6: models/s.sql breaks the contract of its column y. Seen: DOUBLE. "
    )
    assert con.execute("FROM s").fetchall() == before


def test_a_broken_contract_of_a_model_leaves_no_view_and_stops_its_scores(con):
    wrong = (Column("version", "text", place=Place("training/_training.yml", 7)),)
    report = build(con, shop(of_model=wrong), train=lambda *args, **more: {"status": "trained"})
    (failed,) = report.failed
    assert str(failed.error).startswith("training/_training.yml:7: training/diff.sql breaks the")
    assert {r.name: r.status for r in report} == {"diff": "failed", "s": "skipped"}
    assert con.execute("SELECT * FROM duckdb_views() WHERE view_name = 'diff'").fetchall() == []


def test_in_an_attached_database_the_registry_is_the_one_there(con, tiny):
    """Beside one in the current database with a model of the same name: neither contract, nor
    view, nor scores look there.
    """
    con.execute("ATTACH ':memory:' AS other; CREATE SCHEMA other.mart")
    retailsql.import_onnx(con, "diff", tiny("line_columns"), label="again")  # version 2 in memory
    retailsql.import_onnx(con, "other.mart.diff", tiny("line_columns"))
    project = replace(shop(), schema="other.mart")
    scores = replace(project.nodes["s"], options={
        "unique_key": "id", "scores": {"y": "other.mart.diff_predict(r)"},
    })  # fmt: skip
    project = replace(project, nodes={**project.nodes, "s": scores})
    assert not build(con, project, "s").failed  # there is no view of the model yet
    assert con.execute("SELECT DISTINCT model_version FROM other.mart.s").fetchall() == [(1,)]
    promised = SHOP.nodes["churn"].columns
    model = replace(project.nodes["diff"], contract=True, columns=promised)
    project = replace(project, nodes={**project.nodes, "diff": model})
    report = build(con, project, train=lambda *args, **more: {"status": "trained"})
    assert not report.failed, report.failed[0].error
    told = con.execute("SELECT model, version FROM other.mart.diff").fetchall()
    assert told == [("mart.diff", 1)]
