"""Changes that are easily overlooked, and what looks like one and is none."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import duckdb
import pytest

import retailsql
from retailsql.runner.build import build
from retailsql.runner.node import Column, Node, Place, Project, Source
from retailsql.runner.project import load_project, shipped_project
from retailsql.runner.read import environment
from retailsql.runner.state.functions import Functions
from retailsql.runner.state.uses import uses
from retailsql.training.train_once import train_once, trained_on


@pytest.fixture
def con():
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA raw")
        yield con


def project(*nodes, path=Path(), source="raw.t"):
    sources = {("raw", "t"): Source("raw", "t", source, Place("models/_s.yml"))}
    return Project("p", path, "main", {n.name: n for n in nodes}, {}, {}, sources=sources)


def table(sql="SELECT * FROM raw.t", **more):
    return Node("a", "models/a.sql", "table", sql, sources=(("raw", "t"),), **more)


def made(con, *nodes, **more):
    """What was made, without looks at sources."""
    report = build(con, project(*nodes, **more), train=train_once)
    assert not report.failed, report.failed[0].error
    return {r.name for r in report.files if r.status == "ok" and r.kind != "source"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[]::INTEGER[]", "NULL"),
        ("[5]", "[0, 5]"),  # in a first column
        ("[[1], [2]]", "[[1, 2]]"),
        ("MAP {'a': [1]}", "MAP {'a': [0, 1]}"),
        ("INTERVAL 30 DAY", "INTERVAL 1 MONTH"),
    ],
)
def test_values_that_are_not_the_same_and_have_one_hash(con, before, after):
    con.execute(f"CREATE TABLE raw.t AS SELECT {before} AS v")
    assert made(con, table()) == {"a"}
    assert made(con, table()) == set()
    con.execute(f"DELETE FROM raw.t; INSERT INTO raw.t VALUES ({after})")  # UPDATE keeps equal ones
    assert made(con, table()) == {"a"}
    query, options = "SELECT v, 1.0 AS y FROM raw.t", {"model_type": "LINEAR_REG", "label": "y"}
    last = trained_on(con, options, query)
    con.execute(f"DELETE FROM raw.t; INSERT INTO raw.t VALUES ({before})")
    assert trained_on(con, options, query) != last


def test_a_file_overwritten_with_its_size_and_time_kept(con, tmp_path):
    file = tmp_path / "t.csv"
    relation = "(FROM 't.csv')"
    nodes = [table(f"SELECT a FROM {relation}")]
    for text, done in (("a\n1\n", {"a"}), ("a\n2\n", {"a"}), (None, set())):
        if text:
            file.write_text(text)
            os.utime(file, ns=(10**18, 10**18))
        assert made(con, *nodes, path=tmp_path, source=relation) == done
    assert con.execute("FROM a").fetchall() == [(2,)]


@pytest.mark.parametrize(
    ("sql", "steady"),
    [
        ("SELECT age(DATE '2000-01-01')", False),
        ("SELECT age(DATE '2000-01-01', DATE '2001-01-01')", True),
        ("SELECT current_localtimestamp()", False),
        ("SELECT current_localtime()", False),
    ],
)
def test_clocks_that_duckdb_says_are_none(con, sql, steady):
    assert Functions.of(con).steady(uses(con, sql)) == steady


def test_a_macro_counts_only_in_the_schema_it_is_called_in(con):
    con.execute("CREATE TABLE raw.t AS SELECT 1 AS x; CREATE SCHEMA mart")
    con.execute("CREATE MACRO main.f(a) AS a + 1; CREATE MACRO mart.f(a) AS a + 1")
    sql = "SELECT main.f(x) AS x, x.f() AS y FROM raw.t"
    here, both = table("SELECT main.f(x) AS x FROM raw.t"), Node("b", "models/b.sql", "table", sql)
    made(con, here, both)
    con.execute("CREATE OR REPLACE MACRO mart.f(a) AS a + 2")
    assert made(con, here, both) == {"b"}  # x.f() might be a function of a schema x
    con.execute("CREATE OR REPLACE MACRO main.f(a) AS a + 3")
    assert made(con, here, both) == {"a", "b"}


def test_columns_left_out_are_a_set_that_duckdb_prints_in_any_order():
    """A new process may have another order, and what calls the macro is as it was."""
    texts = set()
    for order in ("a, b, c", "c, b, a"):
        with duckdb.connect() as con:
            con.execute(
                "CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT 1 AS a, 2 AS b, 3 AS c, 4 d"
            )
            con.execute(f"CREATE MACRO m() AS TABLE SELECT * EXCLUDE ({order}) FROM raw.t")
            found = uses(con, "FROM m()")
            texts |= set(Functions.of(con).reach(con, found)[1])
    assert len(texts) == 1


def test_a_new_description_of_a_column_alone(con):
    con.execute("CREATE TABLE raw.t AS SELECT 1 AS x")
    sql = "SELECT comment FROM duckdb_columns() WHERE table_name = 'a'"
    for words in ("one", "two", "two"):
        made(con, table(columns=(Column("X", description=words),)))
        assert con.execute(sql).fetchall() == [(words,)]


class TestModels:
    @pytest.fixture
    def con(self):
        with retailsql.connect() as con:
            con.execute("CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT range * 1.0 AS x FROM "
                        "range(40)")  # fmt: skip
            yield con

    def model(self, **more):
        options = {"model_type": "LINEAR_REG", "label": "y"}
        sql = "SELECT x, 2 * x AS y FROM raw.t"
        return Node(
            "line", "training/line.sql", "model", sql, options, sources=(("raw", "t"),), **more
        )

    def test_a_new_description_is_a_note_of_the_model_too(self, con):
        made(con, self.model())
        assert made(con, self.model(description="A line.")) == set()
        told = con.execute("SELECT description FROM retailsql.model_versions").fetchall()
        assert told == [("A line.",)]

    def test_other_macros_make_the_view_of_a_model_again_and_train_nothing(self, con, tmp_path):
        made(con, self.model(), path=tmp_path)
        file = tmp_path / "macros" / "retailsql" / "model_view.sql"
        file.parent.mkdir(parents=True)
        shutil.copy(shipped_project() / "macros" / "retailsql" / file.name, file)
        file.write_text(file.read_text("utf-8").replace("AS kind,", "AS kind, 7 AS more,"), "utf-8")
        made(con, self.model(), path=tmp_path)
        assert con.execute("SELECT version, more FROM line").fetchall() == [(1, 7)]


@pytest.mark.parametrize("left", [0, 10, 30, 200])
def test_a_compiled_file_that_was_cut_off_is_compiled_again(tmp_path, monkeypatch, left):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    shop = tmp_path / "shop"
    (shop / "models").mkdir(parents=True)
    (shop / "dbt_project.yml").write_text("name: p\n")
    (shop / "models" / "a.sql").write_text(f"SELECT {left} AS {{{{ 'x' }}}}")
    for _ in range(2):
        monkeypatch.setattr(environment._Compiled, "_held", {})  # as in a new process
        assert load_project(shop).nodes["a"].sql == f"SELECT {left} AS x"
        files = list(tmp_path.glob("*/*.cache"))
        assert files
        for file in files:
            file.write_bytes(file.read_bytes()[:left])
