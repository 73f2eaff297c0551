"""What is unchanged is not run again; what depends on a change is, and nothing else."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

import retailsql
from retailsql.errors import ProjectError
from retailsql.runner import made
from retailsql.runner.build import build, run_tests
from retailsql.runner.node import DataTest, Node, Place, Project, Source, UnitTest
from retailsql.runner.project import load_project
from retailsql.runner.state import fingerprint
from retailsql.runner.state.functions import Functions
from retailsql.runner.state.uses import uses

SOURCES = {
    ("raw", name): Source("raw", name, f"raw.{name}", Place("models/_sources.yml"))
    for name in ("t", "u")
}


@pytest.fixture
def con():
    con = duckdb.connect()
    con.execute(
        "CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT range AS x FROM range(5);"
        "CREATE TABLE raw.u AS SELECT range AS y FROM range(5)"
    )
    yield con
    con.close()


def nodes(**sql):
    """A chain of kinds: stg_t and stg_u are views, mid reads both, top reads mid, side stg_u."""
    texts = {
        "stg_t": ("view", "SELECT x FROM raw.t", (), (("raw", "t"),)),
        "stg_u": ("view", "SELECT y FROM raw.u", (), (("raw", "u"),)),
        "mid": ("table", "SELECT x, y FROM main.stg_t JOIN main.stg_u ON x = y",
                ("stg_t", "stg_u"), ()),
        "side": ("table", "SELECT sum(y) AS y FROM main.stg_u", ("stg_u",), ()),
        "top": ("table", "SELECT count(*) AS n FROM main.mid", ("mid",), ()),
    }  # fmt: skip
    return [
        Node(name, f"models/{name}.sql", kind, sql.get(name, text), needs=needs, sources=read)
        for name, (kind, text, needs, read) in texts.items()
    ]


def project(*made_of, sources=SOURCES, path=Path()):
    return Project("p", path, "main", {n.name: n for n in made_of}, {}, {}, sources=sources)


def ran(report):
    assert not report.failed, report.failed[0].error
    return {r.name for r in report if r.status == "ok" and r.kind != "source"}


def one(sql, kind="table", **more):
    return Node("a", "models/a.sql", kind, sql, **more)


def test_nothing_changed(con):
    assert ran(build(con, project(*nodes()))) == {"stg_t", "stg_u", "mid", "side", "top"}
    report = build(con, project(*nodes()))
    assert report.counts == {"unchanged": 5, "ok": 2}  # sources are looked at every time
    assert ran(build(con, project(*nodes()), full_refresh=True)) == {n.name for n in nodes()}


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ("INSERT INTO raw.t VALUES (7)", {"mid"}),  # which comes out the same
        ("INSERT INTO raw.t VALUES (4)", {"mid", "top"}),
        ("DELETE FROM raw.t WHERE x = 0", {"mid", "top"}),
        ("UPDATE raw.t SET x = 9 WHERE x = 0", {"mid", "top"}),
        ("INSERT INTO raw.u VALUES (7)", {"mid", "side"}),
        ("INSERT INTO raw.u SELECT y FROM raw.u", {"mid", "side", "top"}),  # every row twice
        ("ALTER TABLE raw.t ADD COLUMN z INTEGER", {"stg_t", "mid"}),
        ("ALTER TABLE raw.t ALTER x TYPE INTEGER", {"stg_t", "mid", "top"}),
        ("CREATE OR REPLACE TABLE raw.t AS FROM raw.t ORDER BY x DESC", set()),
        ("DELETE FROM mid WHERE x = 0", {"mid"}),  # somebody's hand in our table: mended
        ("UPDATE mid SET x = 5 WHERE x = 0", {"mid"}),
        ("ALTER TABLE mid DROP COLUMN y", {"mid"}),
        ("DROP TABLE mid", {"mid"}),
        ("DROP VIEW stg_u", {"stg_u"}),  # its rows are what they were
        ("COMMENT ON TABLE mid IS 'made by retailsql run: models/mid.sql'", {"mid"}),  # by dbt
    ],
)
def test_what_depends_on_a_change_is_run(con, change, again):
    build(con, project(*nodes()))
    con.execute(change)
    assert ran(build(con, project(*nodes()))) == again
    assert ran(build(con, project(*nodes()))) == set()


@pytest.mark.parametrize(
    ("sql", "again"),
    [
        ({"stg_t": "SELECT x FROM raw.t WHERE x < 3"}, {"stg_t", "mid", "top"}),
        ({"mid": "SELECT x, y FROM main.stg_u JOIN main.stg_t ON x = y"}, {"mid"}),
        ({"mid": "SELECT x, y FROM main.stg_u, main.stg_t"}, {"mid", "top"}),
        ({"side": "SELECT max(y) AS y FROM main.stg_u"}, {"side"}),
        ({"top": "SELECT 1 AS n FROM main.mid"}, {"top"}),
    ],
)
def test_a_changed_text_runs_it_and_what_reads_it(con, sql, again):
    """A variable or a macro of the project is a change of the rendered text, too."""
    build(con, project(*nodes()))
    assert ran(build(con, project(*nodes(**sql)))) == again
    assert ran(build(con, project(*nodes()))) == again


@pytest.fixture
def looked_at(monkeypatch):
    """Tables of more than two rows are too large to look into."""
    monkeypatch.setattr(fingerprint, "LOOKED_AT", 2)


@pytest.mark.usefixtures("looked_at")
@pytest.mark.parametrize(
    ("change", "again"),
    [
        ("DELETE FROM mid WHERE x = 0", {"mid", "top"}),  # its rows have another number
        ("ALTER TABLE mid DROP COLUMN y", {"mid", "top"}),
        ("INSERT INTO raw.t VALUES (7)", {"mid", "top"}),
        ("UPDATE mid SET x = 5 WHERE x = 0", set()),  # not seen
        ("UPDATE raw.u SET y = 5 WHERE y = 0", {"mid", "top", "side"}),
    ],
)
def test_large_tables(con, change, again):
    """Of them each making counts, whether they came out the same or not."""
    build(con, project(*nodes()))
    assert ran(build(con, project(*nodes()))) == set()
    con.execute(change)
    assert ran(build(con, project(*nodes()))) == again
    assert ran(build(con, project(*nodes()))) == set()


def test_replaced_by_somebody_is_refused(con):
    build(con, project(*nodes()))
    con.execute("CREATE OR REPLACE TABLE mid AS SELECT 'mine' AS x")
    with pytest.raises(ProjectError, match="mid.sql would replace the table main.mid"):
        build(con, project(*nodes()))
    assert con.execute("FROM mid").fetchall() == [("mine",)]


class TestSelection:
    def test_a_part_after_all_has_nothing_to_do(self, con):
        build(con, project(*nodes()))
        for part in ("mid", "top", "side stg_u", "mid+"):
            assert ran(build(con, project(*nodes()), part)) == set()

    def test_new_rows_reach_what_is_chosen_through_views_that_are_not(self, con):
        build(con, project(*nodes()))
        con.execute("INSERT INTO raw.t VALUES (3)")
        assert ran(build(con, project(*nodes()), "top")) == set()  # mid is as it was
        assert ran(build(con, project(*nodes()), "mid")) == {"mid"}
        assert ran(build(con, project(*nodes()))) == {"top"}

    def test_of_a_table_that_dbt_made_the_rows_are_looked_at(self, con):
        """It has no fingerprint, but what reads it need not be run for that."""
        build(con, project(*nodes()))
        con.execute("COMMENT ON TABLE mid IS 'made by retailsql run: models/mid.sql'")
        assert ran(build(con, project(*nodes()), "top")) == set()
        con.execute("DELETE FROM mid WHERE x = 1")
        assert ran(build(con, project(*nodes()), "top")) == {"top"}
        assert ran(build(con, project(*nodes()))) == {"mid", "top"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT now() AS t", "SELECT current_date AS t", "SELECT random() AS r", "SELECT uuid() u",
        "SELECT x FROM raw.t USING SAMPLE 3", "FROM raw.t TABLESAMPLE 3 ROWS",
        "FROM read_csv('{file}')", "SELECT * FROM glob('{file}*')", "SELECT twice(x) FROM raw.t",
        "SELECT current_timestamp AS t",
    ],
)  # fmt: skip
def test_what_may_differ_every_time_is_always_run(con, tmp_path, sql):
    """What reads it only if it did. twice() is a macro that throws dice."""
    file = tmp_path / "x.csv"
    file.write_text("a\n1\n")
    con.execute("CREATE MACRO dice() AS random(); CREATE MACRO twice(a) AS a * dice()")
    chance = one(sql.format(file=file))
    reader = Node("b", "models/b.sql", "table", "FROM main.a", needs=("a",))
    build(con, project(chance, reader))
    before = con.execute("FROM a").fetchall()
    done = ran(build(con, project(chance, reader)))
    assert done == ({"a"} if con.execute("FROM a").fetchall() == before else {"a", "b"})


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'now()' AS t -- random()", "FROM range(3)", "SELECT x AS now FROM raw.t",
        "SELECT CASE WHEN x > 99 THEN error('no') END AS e FROM raw.t",
        "SELECT list(x ORDER BY x) AS l FROM raw.t", "FROM (VALUES (1)) v(x)",
        "WITH random AS (SELECT 1 AS x) FROM random",
    ],
)  # fmt: skip
def test_words_are_not_taken_for_functions(con, sql):
    build(con, project(one(sql)))
    assert ran(build(con, project(one(sql)))) == set()


def test_a_view_that_tells_the_time_stays_and_its_readers_are_run(con):
    clock = one("SELECT now() AS t", "view")
    reader = Node("b", "models/b.sql", "table", "FROM main.a", needs=("a",))
    build(con, project(clock, reader))
    assert ran(build(con, project(clock, reader))) == {"b"}


def test_a_table_that_stands_in_the_sql_by_name(con):
    """Without ref() and source() it is looked at all the same, also through a macro."""
    con.execute("CREATE MACRO top() AS (SELECT max(y) FROM raw.u)")
    shop = project(one("SELECT x, top() AS top FROM raw.t"))
    build(con, shop)
    for change in ("INSERT INTO raw.t VALUES (7)", "INSERT INTO raw.u VALUES (7)"):
        assert ran(build(con, shop)) == set()
        con.execute(change)
        assert ran(build(con, shop)) == {"a"}


def test_a_macro_of_the_database(con):
    con.execute("CREATE MACRO inner_(a) AS a + 1; CREATE MACRO outer_(a) AS inner_(a)")
    shop = project(one("SELECT outer_(x) AS x FROM raw.t"))
    build(con, shop)
    assert ran(build(con, shop)) == set()
    con.execute("CREATE OR REPLACE MACRO inner_(a) AS a + 2")
    assert ran(build(con, shop)) == {"a"}


class TestFiles:
    @pytest.mark.parametrize(
        "relation", ["(FROM '{folder}/*.csv')", "(FROM read_csv('{folder}/*.csv'))", "'in/*.csv'"]
    )
    def test_a_source_of_files(self, con, tmp_path, relation):
        folder = tmp_path / "in"
        folder.mkdir()
        (folder / "1.csv").write_text("a,b\n1,2\n")
        relation = relation.format(folder=folder)
        sources = {("f", "t"): Source("f", "t", relation, Place("models/_sources.yml"))}
        view = one(f"SELECT * FROM {relation}", "view", sources=(("f", "t"),))
        reader = Node("b", "models/b.sql", "table", "FROM main.a", needs=("a",))
        shop = project(view, reader, sources=sources, path=tmp_path)
        assert ran(build(con, shop)) == {"a", "b"}
        assert ran(build(con, shop)) == set()
        (folder / "2.csv").write_text("a,b\n3,4\n")
        assert ran(build(con, shop)) == {"b"}
        assert con.execute("SELECT sum(a) FROM b").fetchall() == [(4,)]
        assert con.execute("SELECT current_setting('file_search_path')").fetchall() == [("",)]
        os.utime(folder / "1.csv", ns=(1, 1))
        assert ran(build(con, shop)) == {"b"}
        for n in (1, 2):
            (folder / f"{n}.csv").write_text("a,b,c\n1,2,3\n")
        assert ran(build(con, shop)) == {"a", "b"}
        assert ran(build(con, shop)) == set()


def test_a_new_version_of_a_model_runs_what_calls_it(tiny):
    """By ref() or by its function's name alone; what does not call it is left alone."""
    model = Node("diff", "training/diff.sql", "model", "SELECT 1 AS a, 2 AS b")
    users = [
        Node("u", "models/u.sql", "table", "SELECT 1 AS x", needs=("diff",)),
        Node("v", "models/v.sql", "table", "SELECT diff_predict(a := 3, b := 1) AS y"),
        Node("w", "models/w.sql", "table", "SELECT 2 AS x"),
    ]
    shop = project(model, *users)
    with retailsql.connect() as con:
        retailsql.import_onnx(con, "diff", tiny("line_columns"))
        assert ran(build(con, shop)) == {"u", "v", "w"}
        assert ran(build(con, shop)) == set()
        retailsql.import_onnx(con, "diff", tiny("line_columns"), classes=None, label="other")
        assert ran(build(con, shop)) == {"u", "v"}
        assert ran(build(con, shop)) == set()


def test_training_decides_for_itself_when_its_input_changes(con, tiny):
    """Called when anything it reads changes; 'unchanged' is told, and what it serves stays."""
    graph, calls = tiny("line_columns"), []

    def train(con, name, options, query, full_refresh):
        calls.append((name, dict(options), full_refresh))
        fresh = len(calls) != 2
        if fresh:
            retailsql.import_onnx(con, name, graph, label=f"l{len(calls)}")
        return {"status": "trained" if fresh else "unchanged"}

    model = Node(
        "m", "training/m.sql", "model", "SELECT x FROM raw.t", {"model_type": "LINEAR_REG"},
        sources=(("raw", "t"),), description="A line.",
    )  # fmt: skip
    user = Node("u", "models/u.sql", "table", "SELECT 1 AS x", needs=("m",))
    shop = project(model, user)
    with retailsql.connect() as con:
        con.execute("CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT 1 AS x")
        assert ran(build(con, shop, train=train)) == {"m", "u"}
        assert calls == [("m", {"model_type": "LINEAR_REG", "description": "A line."}, False)]
        assert con.execute("SELECT model, version FROM main.m").fetchall() == [("m", 1)]
        assert made.relations(con, "main")["m"].ours
        assert build(con, shop, train=train).counts == {"unchanged": 2, "ok": 1}
        assert len(calls) == 1
        con.execute("INSERT INTO raw.t VALUES (2)")
        assert build(con, shop, train=train).counts == {"unchanged": 2, "ok": 1}
        assert len(calls) == 2
        assert ran(build(con, shop, train=train, full_refresh=True)) == {"m", "u"}
        assert calls[-1][2]
        assert con.execute("SELECT version FROM main.m").fetchall() == [(2,)]


class TestTests:
    def shop(self, sql="SELECT x FROM main.mid WHERE x > 9", warn=False):
        test = DataTest("few", "singular", "mid", sql, Place("m.yml"), ("mid",), warn=warn)
        unit = UnitTest(
            "counts", "top", {"mid": "SELECT 1 AS x, 2 AS y"}, "SELECT count(*) AS n FROM mid",
            "SELECT 1 AS n", Place("m.yml"),
        )  # fmt: skip
        return replace(project(*nodes()), tests=(test,), unit_tests=(unit,))

    def test_one_that_has_passed_is_not_run_again_on_the_same_rows(self, con):
        assert build(con, self.shop()).counts == {"ok": 9}
        assert build(con, self.shop()).counts == {"unchanged": 7, "ok": 2}
        assert run_tests(con, self.shop()).counts == {"ok": 4}
        con.execute("INSERT INTO raw.t VALUES (4)")
        assert ran(build(con, self.shop())) == {"mid", "top", "few"}
        other = self.shop("SELECT x FROM main.mid WHERE x > 8")
        assert ran(build(con, other)) == {"few"}
        assert build(con, other, full_refresh=True).counts == {"ok": 9}

    @pytest.mark.parametrize("warn", [False, True])
    def test_one_that_has_not_is_run_every_time(self, con, warn):
        status = "warned" if warn else "failed"
        for _ in range(2):
            report = build(con, self.shop("SELECT x FROM main.mid WHERE x > 3", warn))
            assert report.counts[status] == 1
        con.execute("DELETE FROM raw.t WHERE x > 3")
        assert "few" in ran(build(con, self.shop("SELECT x FROM main.mid WHERE x > 3", warn)))

    def test_a_failing_one_is_forgotten_to_have_passed(self, con):
        build(con, self.shop())
        con.execute("INSERT INTO raw.t VALUES (10); INSERT INTO raw.u VALUES (10)")
        assert build(con, self.shop()).counts["failed"] == 1
        con.execute("DELETE FROM raw.t WHERE x = 10; DELETE FROM raw.u WHERE y = 10")
        assert "few" in ran(build(con, self.shop()))

    def test_the_clock_in_a_test(self, con):
        late = self.shop("SELECT x FROM main.mid WHERE now() < DATE '2000-01-01'")
        build(con, late)
        assert ran(build(con, late)) == {"few"}


def test_each_source_is_read_once(con):
    """However many read it."""
    con.execute("CREATE SEQUENCE reads; CREATE VIEW raw.v AS SELECT nextval('reads') AS x")
    sources = {("raw", "v"): Source("raw", "v", "raw.v", Place("models/_sources.yml"))}
    views = [
        Node(f"a{n}", f"models/a{n}.sql", "view", "SELECT x FROM raw.v", sources=(("raw", "v"),))
        for n in range(3)
    ]
    tables = [
        Node(f"b{n}", f"models/b{n}.sql", "table", "SELECT 1 AS x", needs=(f"a{n}",))
        for n in range(3)
    ]
    build(con, project(*views, *tables, sources=sources))
    assert con.execute("SELECT currval('reads')").fetchall() == [(1,)]


def test_uses_finds_what_a_text_names(con):
    found = uses(con, "WITH c AS (FROM a.b) SELECT f(x), sum(y) FROM c, Shop.Raw.T, d WHERE x IN "
                      "(SELECT g(1) FROM range(3))")  # fmt: skip
    assert found.tables == {("a", "b"), ("shop", "raw", "t"), ("d",)}
    assert found.functions >= {"f", "sum", "g"}
    assert found.table_functions == {"range"}
    assert not uses(con, "PIVOT a ON b").known
    assert not uses(con, "this is no SQL").known


def test_functions_that_change_are_those_that_duckdb_says(con):
    assert {"now", "random", "uuid", "nextval", "current_date"} <= Functions.of(con).changing
    assert not {"sum", "error", "lower", "date_trunc"} & Functions.of(con).changing


FILES = {
    "dbt_project.yml": "name: p\nvars: {{least: {least}, other: {other}}}\n",
    "models/_s.yml": "sources: [{{name: raw, tables: [{{name: t}}]}}]",
    "models/a.sql": "SELECT x FROM {{{{ source('raw', 't') }}}} WHERE x >= {{{{ var('least') }}}}",
    "models/b.sql": "{{{{ config(materialized='table') }}}} SELECT x FROM {{{{ ref('a') }}}}",
    "models/c.sql": "{{{{ config(materialized='table') }}}} SELECT {{{{ twice('x') }}}} AS x "
                    "FROM {{{{ source('raw', 't') }}}} -- {{{{ var('other') }}}}",
    "macros/twice.sql": "{{% macro twice(x) %}}{{{{ x }}}} * {factor}{{% endmacro %}}",
}  # fmt: skip


def test_a_changed_variable_or_macro_of_the_project(con, tmp_path):
    def load(least=1, other=1, factor=2):
        for name, text in FILES.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            given = {"least": least, "other": other, "factor": factor}
            (tmp_path / name).write_text(text.format(**given))
        return load_project(tmp_path)

    build(con, load())
    assert ran(build(con, load())) == set()
    assert ran(build(con, load(least=2))) == {"a", "b"}
    assert ran(build(con, load(least=2, factor=3))) == {"c"}
    assert ran(build(con, load(least=2, factor=3, other=2))) == {"c"}


class TestScores:
    """diff_predict(a, b) is 2a - b."""

    def shop(self, sql="SELECT * FROM raw.t", key="id", **more):
        model = Node("diff", "training/diff.sql", "model", "SELECT 1 AS a")
        options = {"unique_key": key, "scores": {"y": "main.diff_predict(r)"}, **more}
        scores = Node("s", "models/s.sql", "score", sql, options, ("diff",))
        return project(model, scores)

    @pytest.fixture
    def con(self, tiny):
        with retailsql.connect() as con:
            con.execute(
                "CREATE SCHEMA raw; CREATE TABLE raw.t AS "
                "SELECT range AS id, range * 1.0 AS a, 1.0 AS b FROM range(4)"
            )
            retailsql.import_onnx(con, "diff", tiny("line_columns"))
            yield con

    def held(self, con):
        return con.execute("SELECT id, y, model_version FROM s ORDER BY id").fetchall()

    def detail(self, report):
        assert not report.failed, report.failed[0].error
        return {k: report.results[-1].detail.get(k) for k in ("scored", "version")}

    def test_only_what_is_new_or_changed_is_scored_again(self, con, tiny):
        assert self.detail(build(con, self.shop())) == {"scored": 4, "version": 1}
        assert ran(build(con, self.shop())) == set()
        con.execute(
            "UPDATE raw.t SET a = 10 WHERE id = 1; DELETE FROM raw.t WHERE id = 0;"
            "INSERT INTO raw.t VALUES (9, 0, 0)"
        )
        assert self.detail(build(con, self.shop())) == {"scored": 2, "version": 1}
        assert self.held(con) == [(1, 19.0, 1), (2, 3.0, 1), (3, 5.0, 1), (9, 0.0, 1)]
        retailsql.import_onnx(con, "diff", tiny("line_columns"), label="other")
        assert self.detail(build(con, self.shop())) == {"scored": 4, "version": 2}
        assert self.detail(build(con, self.shop(), full_refresh=True))["scored"] == 4
        assert self.detail(build(con, self.shop(keep="a")))["scored"] == 4
        names = [row[0] for row in con.execute("DESCRIBE s").fetchall()]
        assert names == ["id", "a", "y", "model_version", "scored_at", "row_hash"]

    @pytest.mark.parametrize(
        ("shop", "words"),
        [
            ({"sql": "SELECT nullif(id, 1) AS id, a, b FROM raw.t"}, "unique_key id is NULL in 1"),
            ({"sql": "SELECT id % 2 AS id, a, b FROM raw.t"}, "unique_key id is not unique"),
            ({"sql": "SELECT id, a FROM raw.t"}, "b"),
            ({"key": None}, "config\\(\\) of a score file needs unique_key"),
            ({"scores": {"y": "1"}, "sql": "SELECT nothing FROM raw.t"}, "nothing"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_changed(self, con, shop, words):
        build(con, self.shop())
        before = self.held(con)
        report = build(con, self.shop(**shop))
        with pytest.raises(ProjectError, match=f"(?s)^models/s.sql:1: .*{words}"):
            raise report.failed[0].error
        assert self.held(con) == before

    def test_one_model_stands_behind_it(self, con):
        lonely = replace(self.shop().nodes["s"], needs=())
        report = build(con, project(lonely))
        assert "models/s.sql:1: one trained model" in str(report.failed[0].error)
