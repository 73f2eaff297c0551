"""A connection on which the project's names mean something else is refused, before anything."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from retailsql.errors import ProjectError, RegistryError
from retailsql.runner import made
from retailsql.runner.build import build, run_tests
from retailsql.runner.node import Node, Place, Project, Source

A = Node("a", "models/a.sql", "table", "SELECT 1 AS x")
B = Node("b", "models/b.sql", "view", "SELECT x FROM main.a", needs=("a",))


def project(*nodes, schema="main", source="raw.t"):
    sources = {("raw", "t"): Source("raw", "t", source, Place("models/_s.yml", 3))}
    return Project("p", Path(), schema, {n.name: n for n in nodes}, {}, {}, sources=sources)


@pytest.mark.parametrize("work", [build, run_tests])
def test_a_temporary_table_of_a_notebook(work):
    with duckdb.connect() as con:
        con.execute("CREATE TEMP TABLE A AS SELECT 'mine' AS x")
        words = "A temporary table of this connection hides a of models/a.sql.*DROP TABLE temp"
        with pytest.raises(ProjectError, match=words):
            work(con, project(A, B))
        con.execute("DROP TABLE temp.A")
        assert build(con, project(A, B)).counts == {"ok": 2}


def test_a_dataframe_that_was_registered():
    with duckdb.connect() as con:
        con.register("a", pa.table({"x": ["mine"]}))
        with pytest.raises(ProjectError, match=r"temporary view .*con.unregister\('a'\)"):
            build(con, project(A, B))
        con.unregister("a")
        assert build(con, project(A, B)).counts == {"ok": 2}


def test_names_of_its_own_are_no_business_of_the_project():
    """Nor one that stands before no table of it: in another schema nothing is hidden."""
    mart = Node("b", "models/b.sql", "view", "SELECT x FROM mart.a", needs=("a",))
    with duckdb.connect() as con:
        con.execute("CREATE TEMP TABLE a AS SELECT 'mine' AS x; CREATE TEMP TABLE c AS SELECT 1")
        assert build(con, project(A, mart, schema="mart")).counts == {"ok": 2}
        assert con.execute("FROM mart.b").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("file", "schema", "kind"),
    [("raw", "main", "table"), ("mart", "mart", "table"), ("retailsql", "main", "model")],
)
def test_a_file_called_like_a_schema(tmp_path, file, schema, kind):
    with duckdb.connect(tmp_path / f"{file}.duckdb") as con:
        con.execute("CREATE SCHEMA IF NOT EXISTS raw; USE main")
        con.execute(f"CREATE TABLE {file}.raw.t AS SELECT 1 AS x")
        node = Node("a", "models/a.sql", kind, "SELECT 1 AS x")
        words = rf"The database {file} is called like a schema.*{file}\.duckdb.*rename the file"
        with pytest.raises(ProjectError, match=words):
            build(con, project(node, schema=schema))


@pytest.mark.parametrize("source", ["raw.main.t", "(FROM raw.main.t)"])
def test_a_database_that_is_attached_may_be_called_as_it_likes(tmp_path, source):
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{tmp_path / 'raw.duckdb'}'; CREATE TABLE raw.main.t AS SELECT 1 AS x")
        node = Node("a", "models/a.sql", "table", f"SELECT x FROM {source}")
        assert "failed" not in build(con, project(node, source=source)).counts


def test_a_database_that_is_open_for_reading_only(tmp_path):
    path = tmp_path / "shop.duckdb"
    duckdb.connect(path).close()
    with duckdb.connect(path, read_only=True) as con:
        with pytest.raises(RegistryError, match="'shop' is open for reading only"):
            build(con, project(A))
        assert made.relations(con, "main") == {}
