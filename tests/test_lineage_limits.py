"""Lineage: what it says where it cannot follow, each kind of file, and models however called."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from retailsql.errors import ProjectError
from retailsql.runner.lineage import column_lineage, downstream
from retailsql.runner.node import Column, Node, Place, Source
from tests.test_lineage_syntax import TABLES, node, project_of


@pytest.fixture
def db():
    with duckdb.connect() as con:
        con.execute(TABLES)
        yield con


# ── What cannot be followed ────────────────────────────────────────────────────────────────────


def ask(db, sql, column="x", **options):
    project = project_of([node("m", sql)])
    return column_lineage(db, project, f"m.{column}", **options)


LOST = {
    "name that nothing has": ("SELECT\n  a + q AS x\nFROM t", "known to have 'q'", 2),
    "column that a table lacks": ("SELECT r.q AS x FROM t AS r", "known to have 'r.q'", 1),
    "one of two unknown tables": ("SELECT x FROM nowhere, nor_here", "x may be of 2 tables", 1),
    "left out of an unknown star": (
        "SELECT * EXCLUDE (x) FROM nowhere", "'x' besides those left out of the star", 1),
    "a statement about a table": (
        "SELECT column_name AS x\nFROM (DESCRIBE t)", "DESCRIBE is no query", 2),
    "a table named by a text": (
        "SELECT x FROM query('SELECT 1 AS x')", "names its table by something", 1),
    "no SQL": ("SELECT a AS x\nFROM t WHERE (", "sqlglot cannot read this SQL", 2),
    "too deep": (
        f"SELECT {'abs(' * 400}a{')' * 400} AS x FROM t", "nested too deeply", 1),
    "sides that do not fit": (
        "SELECT a AS x FROM t UNION ALL SELECT * FROM t", "UNION have 1 and 7 columns", 1),
    "USING what one side lacks": ("SELECT d AS x FROM t JOIN u USING (b)", "side of USING", 1),
}  # fmt: skip


@pytest.mark.parametrize("case", LOST)
def test_what_cannot_be_followed_is_said_with_its_place(db, case):
    sql, words, line = LOST[case]
    tree = ask(db, sql, "x", filters=True)
    lost = [*tree.lost, *(f for f in tree.filters if f.kind == "lost")]
    assert any(words in entry.note and entry.place.line == line for entry in lost), lost
    assert all(entry.place.file == "models/m.sql" for entry in lost)


def test_an_unknown_table_is_a_leaf_that_says_so(db):
    """Its star brings the column that is asked for; its whole row is every column."""
    (leaf,) = ask(db, "SELECT * FROM nowhere").children
    assert (leaf.table, leaf.column, leaf.kind) == ("nowhere", "x", "source")
    assert "this table is not there" in leaf.note
    (leaf,) = ask(db, "SELECT hash(n) AS x FROM nowhere AS n").children
    assert (leaf.table, leaf.column) == ("nowhere", "*")
    assert "every column" in leaf.note


def test_columns_chosen_by_a_lambda_need_a_database():
    """DuckDB is asked which they are; without it each may be, and that is said."""
    tree = ask(None, "SELECT COLUMNS(lambda k: k LIKE 'a%') FROM (SELECT a, b FROM t)", "b")
    assert [leaf.note for leaf in tree.lost] == [
        "which columns COLUMNS(lambda k: k LIKE 'a%') takes cannot be told without a database"
    ]


def test_known_names_come_before_unknown_tables(db):
    """A column that t is known to have is t's, though nobody knows what nowhere has."""
    tree = ask(db, "SELECT a AS x FROM t, nowhere")
    assert tree.raw == {("t", "a")}
    assert not tree.lost


def test_columns_described_in_yml_stand_in_for_a_table(db):
    """And the table may have others: nothing is refused because yml leaves it out."""
    place = Place("models/_sources.yml")
    source = Source("raw", "later", "later", place, columns=(Column("a"), Column("b")))
    project = project_of([node("m", "SELECT *, b + 1 AS x FROM later, t AS k")])
    project = replace(project, sources={**project.sources, ("raw", "later"): source})
    with pytest.raises(duckdb.CatalogException):
        db.execute("FROM later")
    assert column_lineage(db, project, "m.x").raw == {("later", "b"), ("t", "b")}
    assert column_lineage(None, project, "m.d").raw == {("later", "d"), ("t", "d")}


# ── Kinds of files ─────────────────────────────────────────────────────────────────────────────


def test_a_long_way_is_no_deep_recursion(db):
    nodes = [node("s0", "SELECT a FROM t")]
    for i in range(1, 150):
        sql = f"WITH p AS (SELECT * FROM main.s{i - 1}) SELECT a FROM p WHERE a IS NOT NULL"
        nodes.append(node(f"s{i}", sql, needs=(f"s{i - 1}",)))
    tree = column_lineage(db, project_of(nodes), "s149.a")
    assert tree.raw == {("t", "a")}
    assert not tree.lost
    assert len(list(tree.walk())) == 151


def test_made_sql_of_thousands_of_terms(db):
    terms = " + ".join(["a", "b"] * 2000)
    assert ask(db, f"SELECT {terms} AS x FROM t").raw == {("t", "a"), ("t", "b")}


def test_an_incremental_file_has_the_lineage_of_both_its_forms(db):
    """What it reads of its own table is not a source of it; what only the later form reads is."""
    again = "SELECT a + d AS x FROM t JOIN u USING (id) WHERE a > (SELECT max(x) FROM main.m)"
    file = node("m", "SELECT a AS x FROM t", "incremental", again=again)
    tree = column_lineage(db, project_of([file]), "m.x", filters=True)
    assert tree.raw == {("t", "a"), ("u", "d")}
    assert {(f.table, f.column) for f in tree.filters} == {("t", "id"), ("u", "id")}
    assert not tree.lost


def test_files_in_a_circle_end(db):
    nodes = [
        node("m", "SELECT x FROM main.n", needs=("n",)),
        node("n", "SELECT x FROM main.m", needs=("m",)),
    ]
    assert column_lineage(db, project_of(nodes), "m.x").raw == set()


def test_seeds_are_leaves_with_the_names_of_their_first_line(db, tmp_path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "codes.csv").write_text("code;why\nPOST;postage\n")
    seed = Node("codes", "seeds/codes.csv", "seed", "", {"delimiter": ";"})
    users = node("m", "SELECT upper(code) AS x FROM main.codes", needs=("codes",))
    project = project_of([seed, users], tmp_path)
    (leaf,) = column_lineage(db, project, "m.x").children
    assert (leaf.table, leaf.column, leaf.kind) == ("codes", "code", "seed")
    assert str(leaf.place) == "seeds/codes.csv:1"
    assert {n.table for n in downstream(db, project, "codes.code").walk()} == {"codes", "m"}
    with pytest.raises(ProjectError, match="codes has no column 'cod'"):
        column_lineage(db, project, "codes.cod")


def test_names_are_the_databases_where_only_it_knows_them(db):
    """The columns of a PIVOT bear values of the data."""
    sql = "PIVOT t ON c USING sum(a) GROUP BY b"
    db.execute(f"CREATE TABLE m AS {sql}")
    try:
        assert ask(db, sql, "k2").raw == {("t", "a"), ("t", "c")}
        with pytest.raises(ProjectError, match="m has no column 'k9'"):
            ask(db, sql, "k9")
    finally:
        db.execute("DROP TABLE m")


# ── Models ─────────────────────────────────────────────────────────────────────────────────────


def test_a_model_of_which_a_row_lacks_a_feature(line):
    """DuckDB refuses such a query; the tree names the feature and the place."""
    line.execute("CREATE TABLE rows_of AS SELECT 1 AS a, 2 AS b, 3 AS other")
    tree = ask(line, "SELECT\nline_predict(r) AS x FROM rows_of AS r")
    (model,) = tree.children
    assert (model.table, model.column, model.kind) == ("line", "predict", "model")
    assert tree.raw == {("rows_of", "a"), ("rows_of", "b")}
    (lost,) = tree.lost
    assert "has no column 'c', which model line takes" in lost.note
    assert lost.place == Place("models/m.sql", 2)


MODEL_CALLS = {
    "row": "SELECT line_predict(r) AS x FROM t AS r",
    "row of a subquery": "SELECT main.line_predict(r) AS x FROM (SELECT * FROM t) AS r",
    "row kept as a struct": "SELECT line_predict(q.r) AS x FROM (SELECT r FROM t AS r) AS q",
    "struct made here": "SELECT line_predict({'a': a, 'b': b, 'c': c, 'd': 1}) AS x FROM t",
    "named": "SELECT line_predict(a := r.a, c := r.c, b := b) AS x FROM t AS r",
    "table": "SELECT predicted_label AS x FROM line_predict('t')",
    "macro around it": "SELECT twice(r) AS x FROM t AS r",
}


@pytest.mark.parametrize("case", MODEL_CALLS)
def test_a_model_takes_its_features_alone(line, case):
    """However it is called; column d is in the row and not in the signature."""
    line.execute("ALTER TABLE t ADD COLUMN d INTEGER")
    line.execute("CREATE MACRO twice(k) AS 2 * line_predict(k)")
    line.execute(f"SELECT x FROM ({MODEL_CALLS[case]})").fetchall()
    tree = ask(line, MODEL_CALLS[case])
    assert tree.raw == {("t", "a"), ("t", "b"), ("t", "c")}
    assert ("line", "model") in {(n.table, n.kind) for n in tree.walk()}
    assert not tree.lost
