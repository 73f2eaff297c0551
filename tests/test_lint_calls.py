"""Lint: names, features, positions, scores twice or kept where they break others."""

# ruff: noqa: E501  (a case of a table stands on one line)
from __future__ import annotations

import json

import duckdb
import pytest
from click.testing import CliRunner

import retailsql
from retailsql.cli import cli
from retailsql.dialect.lint.check import lint
from retailsql.dialect.lint.finding import Finding
from retailsql.dialect.lint.rules import RULES
from retailsql.functions.scorers import LazyScorer


@pytest.fixture
def shop(line):
    line.execute("CREATE VIEW v AS SELECT a, b, c AS cc FROM t")
    return line


def codes(con, sql):
    return [f.code for f in con.lint(sql)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT line_score(x) FROM t AS x",
        "SELECT * FROM ML.PREDICT(MODEL line, TABLE t) ORDER BY a",
        "SELECT line_score(x) AS s FROM t AS x ORDER BY s DESC LIMIT 3",
        "SELECT line_score(x) AS s, 2 * line_score(x) FROM t AS x ORDER BY line_score(x)",
        "WITH q AS (SELECT * FROM t) SELECT * FROM q JOIN ML.PREDICT(MODEL line, TABLE q) USING (a)",
        "SELECT * FROM line_score('t')",
        "SELECT line_score(a := 1, b := 2, c := 3)",
        "CREATE TABLE s AS SELECT line_score(x) FROM t AS x",
        "CREATE TEMP VIEW s AS SELECT line_score(x) FROM t AS x",
        "SELECT * FROM ML.PREDICT(MODEL line, (SELECT a, b, c FROM t WHERE a > ?))",
        "SELECT nowhere.x FROM nowhere; SELEC 1",  # no model in it: DuckDB's business
        "SELECT my_score(3)",  # not called like any model: not ours, when there is such a function
    ],
)
def test_what_is_right_gives_no_finding(shop, sql):
    shop.execute("CREATE MACRO my_score(x) AS x")
    assert codes(shop, sql) == []


@pytest.mark.parametrize(
    ("sql", "code", "row", "column", "words"),
    [
        ("SELECT lne_score(x) FROM t x", "RS102", 1, 8, "line_score"),
        ("SELECT line_scores(x) FROM t x", "RS102", 1, 8, "line_score"),
        ("SELECT 1;\nSELECT * FROM ML.PREDICT(MODEL lin, TABLE t)", "RS101", 2, 32, "line"),
        ("DROP MODEL lines", "RS101", 1, 12, "line"),
        ("SELECT * FROM ML.PREDIC(MODEL line, TABLE t)", "RS001", 1, 15, "PREDICT"),
        ("SELECT line_score(x)\nFROM v x", "RS103", 1, 8, "cc AS c"),
        ("SELECT * FROM\n  ML.PREDICT(MODEL line, TABLE v)", "RS103", 2, 20, "cc AS c"),
        ("SELECT * FROM ML.PREDICT(MODEL line,\n (SELECT a, b, a AS cd FROM t))", "RS103", 2, 21, "cd"),
        ("WITH q AS (SELECT a, b FROM t)\nSELECT line_score(q) FROM q", "RS103", 2, 8, "'c'"),
        ("SELECT * FROM line_predict('v')", "RS103", 1, 15, "'c'"),
        ("SELECT line_score(a := 1, bb := 2, c := 3)", "RS103", 1, 27, "b for bb"),
        ("SELECT * FROM ML.PREDICT(MODEL line, (SELECT a, b, 'x' AS c FROM t))", "RS104", 1, 59, "DOUBLE"),
        ("SELECT line_score(x) FROM t x\nWHERE nope > 1", "RS002", 2, 7, "nope"),
        ("SELECT * FROM ML.PREDICT(MODEL line,\n TABLE nowhere)", "RS002", 2, 8, "nowhere"),
        ("SELECT line_score(1, 2, 3)", "RS301", 1, 8, "line_score(a := 1, b := 2, c := 3)"),
        ("CREATE VIEW s AS SELECT line_score(x) FROM t x", "RS303", 1, 25, "table"),
        ("CREATE TABLE z(a INT CHECK (line_score(a := a, b := 1, c := 2) > 0))", "RS304", 1, 29, "CHECK"),
        ("CREATE TABLE z(a DOUBLE DEFAULT line_score(a := 1, b := 1, c := 2))", "RS304", 1, 33, "DEFAULT"),
        ("CREATE TABLE z(a INT, s DOUBLE AS (line_score(a := a, b := 1, c := 2)))", "RS304", 1, 36, "generated"),
        ("CREATE INDEX i ON t(line_score(a := a, b := b, c := c))", "RS304", 1, 21, "index"),
    ],
)  # fmt: skip
def test_each_finding_has_its_code_its_place_and_its_remedy(shop, sql, code, row, column, words):
    (found,) = shop.lint(sql, "q.sql")
    assert (found.code, found.file, found.line, found.column) == (code, "q.sql", row, column)
    assert words in found.sentence + found.fix
    assert found.severity == RULES[code].severity


def test_all_missing_columns_are_told_not_only_the_first(shop):
    sql = "SELECT * FROM ML.PREDICT(MODEL line, (SELECT a AS aa, b AS bb, c FROM t))"
    assert [f.column for f in shop.lint(sql)] == [51, 60]


def test_places_are_those_of_the_file_behind_a_spliced_call(shop):
    """The spliced text is longer than the person's: places are counted in his."""
    sql = "SELECT * FROM ML.PREDICT(MODEL line, (SELECT a, b, c FROM t)) AS p\nWHERE p.nope > 1"
    (found,) = shop.lint(sql)
    assert (found.code, found.line, found.column) == ("RS002", 2, 7)


class Counted:
    """Counts the rows that a model scores."""

    def __init__(self, monkeypatch):
        self.rows, get = 0, LazyScorer.get

        def counting(scorer):
            inner = get(scorer)
            outer = self

            class Scorer:
                def score(self, columns):
                    outer.rows += len(columns[0])
                    return inner.score(columns)

            return Scorer()

        monkeypatch.setattr(LazyScorer, "get", counting)

    def of(self, con, sql):
        self.rows = 0
        rows = con.execute(sql).fetchall()
        return rows, self.rows


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a, line_score(x) AS s FROM many AS x WHERE line_score(x) > 50 ORDER BY a",
        "SELECT *, line_score(x) AS s FROM many x WHERE line_score(x) > 50 AND b < 40 ORDER BY a",
        "SELECT x.*, line_score(x) FROM many x WHERE line_score(x) BETWEEN 3 AND 50 ORDER BY a",
        "SELECT max(s), b % 3 AS k FROM (SELECT b, line_score(m) AS s FROM many m "
        "WHERE line_score(m) > 50) GROUP BY k ORDER BY k",
        "WITH q AS (SELECT a, b, c FROM many) SELECT a, line_score(q) FROM q "
        "WHERE line_score(q) > 50 ORDER BY ALL",
        "SELECT a FROM many m WHERE line_score(m) > 50 ORDER BY line_score(m), a",
    ],
)
def test_a_score_in_where_and_select_is_rewritten_and_returns_the_same_rows(shop, monkeypatch, sql):
    shop.execute("CREATE TABLE many AS SELECT i AS a, i % 50 AS b, i % 7 AS c FROM range(200) r(i)")
    (found,) = shop.lint(sql)
    assert found.code == "RS302"
    counted = Counted(monkeypatch)
    rows, before = counted.of(shop, sql)
    again, after = counted.of(shop, found.rewritten)
    assert rows == again
    assert rows
    assert after < before
    assert codes(shop, found.rewritten) == []


def test_equal_ml_calls_are_rewritten_too(shop):
    sql = "SELECT p.a FROM ML.PREDICT(MODEL line, TABLE t) p JOIN ML.PREDICT(MODEL line, TABLE t) q USING (a)"
    (found,) = shop.lint(sql)
    assert found.code == "RS302"
    assert shop.execute(found.rewritten).fetchall() == shop.execute(sql).fetchall()


def test_with_a_join_the_remedy_is_words_only(shop):
    sql = "SELECT line_score(x) FROM t x JOIN t y USING (a) WHERE line_score(x) > 0"
    (found,) = shop.lint(sql)
    assert (found.code, found.rewritten) == ("RS302", None)


def test_a_script_is_read_in_order(shop):
    """Tables, views, macros and models of the text are known to what follows, and to nobody else."""
    sql = """
        CREATE SCHEMA s;
        CREATE TABLE s.f AS SELECT a AS x, b AS y, c FROM t;
        CREATE MACRO twice(n) AS n * 2;
        CREATE VIEW g AS SELECT x, twice(y) AS y, c AS label FROM s.f;
        CREATE MODEL fresh OPTIONS (model_type = 'LINEAR_REG') AS SELECT * FROM g;
        SELECT fresh_score(g) FROM g;
        SELECT * FROM ML.PREDICT(MODEL fresh, (SELECT x, y AS yy FROM g));
        DROP MODEL fresh;
        SELECT * FROM ML.PREDICT(MODEL fresh, TABLE g);
    """
    found = shop.lint(sql)
    assert [(f.code, f.line) for f in found] == [("RS103", 8), ("RS101", 10)]
    assert shop.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (
        shop.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name <> 'f'").fetchone()
    )


def test_lint_writes_nothing_and_works_on_a_file_open_for_reading(tmp_path, tiny):
    path = tmp_path / "shop.duckdb"
    with retailsql.connect(path) as con:
        retailsql.import_onnx(con, "line", tiny("line"), inputs=dict.fromkeys("abc", "DOUBLE"))
    before = path.read_bytes()
    with retailsql.connect(path, read_only=True) as con:
        found = con.lint(
            "CREATE TABLE x AS SELECT 1 AS a; SELECT line_score(x) FROM x; DROP TABLE x"
        )
        assert [f.code for f in found] == ["RS103", "RS103"]
    assert path.read_bytes() == before


def test_temporary_tables_python_functions_and_an_open_transaction_are_seen(shop):
    shop.execute("CREATE TEMP TABLE mine AS SELECT 1 AS a, 2 AS b, 3 AS c")
    shop.create_function("plus_score", lambda x: x + 1, ["DOUBLE"], "DOUBLE")
    shop.begin()
    shop.execute("CREATE TABLE open_one AS FROM mine")
    assert codes(shop, "SELECT line_score(m), plus_score(a) FROM mine m") == []
    assert codes(shop, "SELECT line_score(m) FROM open_one m") == []
    shop.rollback()


def test_without_a_database_only_what_the_text_knows_is_judged():
    sql = "SELECT a_score(x) FROM x; DROP MODEL m; SELECT * FROM ML.PREDICT(MODEL n, TABLE z)"
    assert lint(None, sql) == []


def test_a_comment_allows_a_finding(shop):
    sql = "SELECT line_score(1, 2, 3)  -- lint: allow RS301\n, 1; SELECT line_score(1, 2, 3)"
    assert [f.line for f in shop.lint(sql)] == [2] or codes(shop, sql) == []
    assert codes(shop, "-- lint: allow RS999\nSELECT line_score(1, 2, 3)") == ["RS301"]


def test_a_session_keeps_what_a_glance_at_its_last_query_finds(shop):
    shop.execute("SELECT line_score(1, 2, 3)").fetchall()
    assert [f.code for f in shop.findings] == ["RS301"]
    shop.sql("SELECT line_score(x) FROM t x WHERE line_score(x) > 0")
    assert [f.code for f in shop.findings] == ["RS302"]
    shop.execute("SELECT 1").fetchall()
    assert shop.findings == []
    shop.begin()
    with pytest.raises(duckdb.Error):
        shop.execute("SELECT error('x')").fetchall()
    with pytest.raises((duckdb.Error, retailsql.RetailSQLError)):
        shop.execute("SELECT line_score(1, 2, 3), line_score(1, 2, 3)").fetchall()
    shop.rollback()


class TestCommand:
    @pytest.fixture
    def file(self, tmp_path, tiny):
        with retailsql.connect(tmp_path / "shop.duckdb") as con:
            retailsql.import_onnx(con, "line", tiny("line"), inputs=dict.fromkeys("abc", "DOUBLE"))
        file = tmp_path / "q.sql"
        file.write_text(
            "SELECT line_score(1, 2, 3);\nSELECT * FROM ML.PREDICT(MODEL lin, (SELECT 1))"
        )
        return file

    def run(self, file, *more):
        return CliRunner().invoke(
            cli, ["lint", str(file), "--db", str(file.with_name("shop.duckdb")), *more]
        )

    def test_an_error_fails_the_command_a_warning_does_not(self, file):
        done = self.run(file)
        assert done.exit_code == 1
        assert f"{file}:2:32: error RS101" in done.output
        file.write_text("SELECT line_score(1, 2, 3)")
        assert self.run(file).exit_code == 0
        assert self.run(file, "--strict").exit_code == 1

    def test_json(self, file):
        found = json.loads(self.run(file, "--format", "json").output)
        assert [(f["code"], f["line"]) for f in found] == [("RS301", 1), ("RS101", 2)]

    def test_github(self, file):
        first, second = self.run(file, "--format", "github").output.splitlines()
        assert first.startswith(f"::warning file={file},line=1,col=8,title=RS301::")
        assert second.startswith(f"::error file={file},line=2,col=32,title=RS101::")


def test_annotations_are_escaped():
    found = Finding("RS301", "warning", "a,b:c.sql", 1, 2, "100 % sure.", "Do\nit.", None)
    assert found.github == (
        "::warning file=a%2Cb%3Ac.sql,line=1,col=2,title=RS301::100 %25 sure. Fix: Do%0Ait."
    )
