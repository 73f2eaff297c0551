"""Building a project: materializations, what a failure stops, what an error names."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import retailsql
from retailsql.errors import ProjectError, TrainingError
from retailsql.runner import made
from retailsql.runner.build import build, run_tests
from retailsql.runner.node import Column, DataTest, Node, Place, Project, Source, UnitTest


@pytest.fixture
def con():
    con = duckdb.connect()
    con.execute("CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT range AS x FROM range(5)")
    yield con
    con.close()


def node(name, sql, kind="table", needs=(), **more):
    folder = "training" if kind == "model" else "models"
    file = f"{folder}/{name}.sql"
    lines = tuple(Place(file, n + 2) for n in range(sql.count("\n") + 1))  # config() stands above
    return Node(name, file, kind, sql, needs=tuple(needs), **{"lines": lines, **more})


def project(*nodes, tests=(), units=(), path=Path(), schema="main"):
    sources = {("raw", "t"): Source("raw", "t", "raw.t", Place("models/_sources.yml", 3))}
    return Project(
        "p", path, schema, {n.name: n for n in nodes}, {}, {}, sources=sources,
        tests=tuple(tests), unit_tests=tuple(units),
    )  # fmt: skip


def data_test(name, sql, of="", needs=None, sources=(), warn=False):
    read = ((of,) if of else ()) if needs is None else needs
    return DataTest(name, "singular", of, sql, Place("models/_m.yml", 9), read, sources, warn)


def statuses(report):
    return {r.name: r.status for r in report if r.kind != "source"}


A = node("a", "SELECT x FROM raw.t", sources=(("raw", "t"),))
B = node("b", "SELECT x + 1 AS x FROM main.a", needs=["a"])
C = node("c", "SELECT x FROM main.b", "view", ["b"])
OTHER = node("other", "SELECT 1 AS one")


class TestFailures:
    def test_only_what_depends_on_a_failing_node_is_skipped(self, con):
        bad = node("a", "SELECT x,\n  error('on fire') AS y\nFROM raw.t")
        report = build(con, project(bad, B, C, OTHER))
        assert statuses(report) == {"a": "failed", "b": "skipped", "c": "skipped", "other": "ok"}
        assert [r.reason for r in report if r.status == "skipped"] == ["a failed", "a failed"]
        assert report.exit_status == 1
        assert [r.name for r in report.failed] == ["a"]
        assert set(made.relations(con, "main")) == {"other"}

    def test_what_was_there_stays_whole(self, con):
        build(con, project(A, B, C))
        bad = node("b", "SELECT x FROM main.a UNION ALL SELECT error('on fire')", needs=["a"])
        report = build(con, project(A, bad, C))
        assert statuses(report) == {"a": "unchanged", "b": "failed", "c": "skipped"}
        assert con.execute("SELECT sum(x) FROM c").fetchall() == [(15,)]
        con.execute("BEGIN")  # no transaction was left open
        con.execute("COMMIT")

    def test_in_the_callers_transaction_the_first_failure_ends_it(self, con):
        con.execute("BEGIN")
        with pytest.raises(ProjectError, match="on fire"):
            build(con, project(node("a", "SELECT error('on fire')"), OTHER))
        con.execute("ROLLBACK")
        assert made.relations(con, "main") == {}

    @pytest.mark.parametrize(
        ("sql", "words"),
        [
            ("SELECT x,\n  nothing\nFROM raw.t", r"models/a.sql:3: .*\"nothing\" not found"),
            ("SELECT x\nFROM\nraw.tt", r"models/a.sql:4: .*tt does not exist"),
            ("SELECT 1,\n\n,,", "models/a.sql:4: .*syntax error"),
            ("SELECT\ncast('a' || x AS INT) AS y FROM raw.t", "models/a.sql:3: .*Could not conv"),
            ("SELECT x\n\nFROM raw.t\nWHERE error('on fire')", "models/a.sql:1: .*on fire"),
            ("SELECT 1; SELECT 2", "models/a.sql:2: .*syntax error"),
        ],
    )
    @pytest.mark.parametrize("kind", ["table", "view", "incremental"])
    def test_errors_name_file_and_line(self, con, kind, sql, words):
        if kind == "view" and ("Could not" in words or "fire" in words):
            pytest.skip("a view is bound, not run")
        report = build(con, project(node("a", sql, kind)))
        with pytest.raises(ProjectError, match=f"(?s)^{words}"):
            raise report.failed[0].error
        assert report.failed[0].error.__cause__ is not None

    def test_a_line_of_a_macro_is_not_taken_for_one_of_the_file(self, con):
        con.execute("CREATE MACRO broken(a) AS (SELECT\n\n\nCAST('x' || a AS INT))")
        report = build(con, project(node("a", "SELECT broken(x) AS x\nFROM raw.t")))
        assert str(report.failed[0].error).startswith(("models/a.sql:1: ", "models/a.sql:2: "))

    def test_what_was_not_chosen_must_be_there(self, con):
        later = node("b", "FROM main.a", needs=["a"], refs={"a": Place("models/b.sql", 7)})
        report = build(con, project(A, later), "b")
        assert str(report.failed[0].error).startswith("models/b.sql:7: ref('a') has not been made")
        assert statuses(build(con, project(A, later), "+b")) == {"a": "ok", "b": "ok"}

    def test_a_name_of_somebody_else_stops_everything(self, con):
        con.execute("CREATE TABLE B AS SELECT 'mine' AS x")
        with pytest.raises(ProjectError, match="models/b.sql would replace the table main.B"):
            build(con, project(A, B, C))
        assert set(made.relations(con, "main")) == {"b"}

    def test_interrupted(self, con):
        def stop(event):
            if (event.name, event.status) == ("b", "start"):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            build(con, project(A, B, C), on_event=stop)
        assert set(made.relations(con, "main")) == {"a"}
        assert statuses(build(con, project(A, B, C))) == {"a": "unchanged", "b": "ok", "c": "ok"}


class TestTests:
    def test_a_failing_test_stops_what_depends_on_its_node(self, con):
        bad = data_test("few", "SELECT x FROM main.a WHERE x > 2", "a")
        report = build(con, project(A, B, C, OTHER, tests=[bad]))
        assert statuses(report) == {
            "a": "ok", "few": "failed", "b": "skipped", "c": "skipped", "other": "ok",
        }  # fmt: skip
        assert {r.reason for r in report if r.status == "skipped"} == {"few failed"}
        failed = report.failed[0]
        assert (failed.kind, failed.rows) == ("test", 2)
        assert str(failed.error).startswith("models/_m.yml:9: few: 2 rows are wrong")
        assert failed.test.rows == ((3,), (4,))

    def test_a_warning_stops_nothing(self, con):
        warning = data_test("few", "SELECT x FROM main.a WHERE x > 2", "a", warn=True)
        report = build(con, project(A, B, tests=[warning]))
        assert statuses(report) == {"a": "ok", "few": "warned", "b": "ok"}
        assert report.exit_status == 0

    def test_sources_are_tested_first(self, con):
        bad = data_test("rows", "SELECT 1", needs=(), sources=(("raw", "t"),))
        report = build(con, project(A, B, OTHER, tests=[bad]))
        assert statuses(report) == {
            "rows": "failed", "a": "skipped", "b": "skipped", "other": "ok",
        }  # fmt: skip
        assert [r.name for r in report][:2] == ["raw.t", "rows"]

    def test_a_test_of_two_nodes_runs_after_the_later_one(self, con):
        both = data_test("both", "FROM main.a ANTI JOIN main.other ON true", "a", ("a", "other"))
        after = node("z", "FROM main.a", needs=["a", "other"])
        report = build(con, project(A, OTHER, after, tests=[both]))
        assert [r.name for r in report] == ["raw.t", "a", "other", "both", "z"]

    def test_a_test_guards_only_what_depends_on_all_that_it_reads(self, con):
        """dbt's rule; the failure of one of its nodes is no failure of the others."""
        both = data_test("both", "FROM main.a ANTI JOIN main.other ON x = one", "", ("a", "other"))
        late = node("z", "SELECT one FROM main.a, main.other", needs=["a", "other"])
        after = node("zz", "FROM main.z", needs=["z"])
        report = build(con, project(A, B, OTHER, late, after, tests=[both]))
        assert statuses(report) == {
            "a": "ok", "b": "ok", "other": "ok", "both": "failed", "z": "skipped", "zz": "skipped",
        }  # fmt: skip
        bad = node("other", "SELECT nothing AS one")
        report = build(con, project(A, B, bad, late, after, tests=[both]))
        assert statuses(report) == {
            "a": "unchanged", "b": "unchanged", "other": "failed", "both": "skipped",
            "z": "skipped", "zz": "skipped",
        }  # fmt: skip

    def test_a_failing_unit_test_keeps_its_node_from_being_made(self, con):
        unit = UnitTest(
            "adds", "b", {"a": "SELECT 1 AS x"}, "SELECT x + 1 AS x FROM a", "SELECT 3 AS x",
            Place("models/_m.yml", 5),
        )  # fmt: skip
        report = build(con, project(A, B, C, units=[unit]))
        assert statuses(report) == {"a": "ok", "adds": "failed", "b": "skipped", "c": "skipped"}
        assert [r.kind for r in report if r.name == "adds"] == ["unit test"]

    def test_without_tests(self, con):
        bad = data_test("few", "SELECT x FROM main.a", "a")
        assert statuses(build(con, project(A, B, tests=[bad]), tests=False)) == {
            "a": "ok", "b": "ok",
        }  # fmt: skip

    def test_tests_alone_make_nothing(self, con):
        shop = project(A, B, tests=[data_test("few", "SELECT x FROM main.a WHERE x > 9", "a")])
        report = run_tests(con, shop)
        assert statuses(report) == {"few": "failed"}
        assert made.relations(con, "main") == {}
        build(con, shop)
        assert statuses(run_tests(con, shop)) == {"few": "ok"}
        assert statuses(run_tests(con, shop, "b")) == {}

    def test_events_tell_start_and_end(self, con):
        seen = []
        build(
            con, project(A, tests=[data_test("t", "FROM range(0)", "a")]),
            on_event=lambda e: seen.append((e.name, e.kind, e.status)),
        )  # fmt: skip
        assert seen == [
            ("raw.t", "source", "start"), ("raw.t", "source", "ok"),
            ("a", "table", "start"), ("a", "table", "ok"), ("t", "test", "start"),
            ("t", "test", "ok"),
        ]  # fmt: skip


class TestTablesAndViews:
    def test_comments_tell_what_a_relation_is(self, con):
        columns = (Column("x", description="How many; the customer's."), Column("y"), Column("z"))
        told = node("a", "SELECT 1 AS x, 2 AS y", description="It's all.\n", columns=columns)
        view = node("v", "SELECT 1 AS x", "view", description="A view.", columns=columns)
        build(con, project(told, view))
        held = made.relations(con, "main")
        first, last = held["a"].comment.split("\n")
        assert first == "It's all."
        assert last.startswith("made by retailsql run: models/a.sql (")
        said = con.execute(
            "SELECT table_name, column_name, comment FROM duckdb_columns() "
            "WHERE schema_name = 'main' AND comment IS NOT NULL ORDER BY ALL"
        ).fetchall()
        assert said == [("a", "x", columns[0].description), ("v", "x", columns[0].description)]

    def test_a_new_description_changes_the_words_alone(self, con):
        told = node("a", "SELECT 1 AS x", description="Old.")
        build(con, project(told))
        report = build(con, project(node("a", "SELECT 1 AS x", description="New.")))
        assert statuses(report) == {"a": "unchanged"}
        assert made.relations(con, "main")["a"].comment.startswith("New.\nmade by")
        assert statuses(build(con, project(told))) == {"a": "unchanged"}

    def test_a_view_over_a_table_that_is_replaced(self, con):
        """It shows new rows at once, and is made again when its columns have changed."""
        view = node("v", "SELECT * FROM main.a", "view", ["a"])
        build(con, project(node("a", "SELECT 1 AS x"), view))
        report = build(con, project(node("a", "SELECT 2 AS x"), view))
        assert statuses(report) == {"a": "ok", "v": "unchanged"}
        assert con.execute("FROM v").fetchall() == [(2,)]
        report = build(con, project(node("a", "SELECT 2 AS x, 'z' AS y"), view))
        assert statuses(report) == {"a": "ok", "v": "ok"}
        assert con.execute("FROM v").fetchall() == [(2, "z")]

    def test_a_table_under_contract_is_as_dbt_makes_it(self, con):
        """The order of the yml file, NOT NULL as a constraint, a wrong type refused with place."""
        columns = (
            Column("y", "VARCHAR", place=Place("models/_m.yml", 4)),
            Column("x", "INTEGER", place=Place("models/_m.yml", 6), not_null=True),
        )
        promised = node("a", "SELECT 1 AS x, 'b' AS y", columns=columns, contract=True)
        build(con, project(promised))
        described = con.execute("DESCRIBE a").fetchall()
        assert [row[:3] for row in described] == [("y", "VARCHAR", "YES"), ("x", "INTEGER", "NO")]
        for sql, words in (
            ("SELECT 1.5 AS x, 'b' AS y", "models/_m.yml:6: .*breaks the contract"),
            ("SELECT NULL::INT AS x, 'b' AS y", "models/_m.yml:6: .*NULL"),
        ):
            broken = node("a", sql, columns=columns, contract=True)
            report = build(con, project(broken))
            with pytest.raises(ProjectError, match=words):
                raise report.failed[0].error
        assert con.execute("FROM a").fetchall() == [("b", 1)]

    def test_a_schema_of_its_own(self, con):
        shop = project(node("a", "SELECT 1 AS x"), schema="mart")
        assert statuses(build(con, shop)) == {"a": "ok"}
        assert statuses(build(con, shop)) == {"a": "unchanged"}
        assert con.execute("FROM mart.a").fetchall() == [(1,)]


class TestIncremental:
    FIRST = "SELECT x, 'old' AS said FROM raw.t"
    AGAIN = "SELECT x, 'new' AS said FROM raw.t WHERE x > 3"

    def make(self, con, again=AGAIN, **options):
        lines = tuple(Place("models/i.sql", n + 2) for n in range(5))
        shop = project(
            node("i", self.FIRST, "incremental", again=again, options=options, lines_again=lines)
        )
        build(con, shop)
        con.execute("INSERT INTO raw.t VALUES (10)")
        return build(con, shop)

    def rows(self, con):
        return con.execute("SELECT x, said FROM i ORDER BY ALL").fetchall()

    def test_rows_with_a_key_that_comes_again_are_replaced(self, con):
        assert statuses(self.make(con, unique_key="x")) == {"i": "ok"}
        old = [(x, "old") for x in range(4)]
        assert self.rows(con) == [*old, (4, "new"), (10, "new")]

    @pytest.mark.parametrize("key", [["x"], ["x", "said"], "x // 2"])
    def test_keys_of_several_columns_and_expressions(self, con, key):
        self.make(con, unique_key=key)
        held = {("x",): (4, "old"), ("x", "said"): None, "x // 2": (4, "old")}
        gone = held[tuple(key) if isinstance(key, list) else key]
        assert ((4, "old") in self.rows(con)) == (gone is None)

    @pytest.mark.parametrize("options", [{"incremental_strategy": "append", "unique_key": "x"}, {}])
    def test_append_keeps_all(self, con, options):
        self.make(con, **options)
        assert self.rows(con) == [
            *((x, "old") for x in range(4)), (4, "new"), (4, "old"), (10, "new"),
        ]  # fmt: skip

    def test_full_refresh_makes_it_anew(self, con):
        self.make(con)
        shop = project(node("i", self.FIRST, "incremental", again=self.AGAIN))
        build(con, shop, full_refresh=True)
        assert {said for _, said in self.rows(con)} == {"old"}

    def test_changed_columns(self, con):
        wider = self.AGAIN.replace(" FROM", ", 1 AS more FROM")
        assert statuses(self.make(con, wider)) == {"i": "ok"}  # ignored, as in dbt
        assert con.execute("DESCRIBE i").fetchall()[-1][0] == "said"

    def test_changed_columns_that_must_not(self, con):
        wider = self.AGAIN.replace(" FROM", ", 1 AS more FROM")
        report = self.make(con, wider, on_schema_change="fail")
        words = r"models/i.sql:1: its columns have changed.*Seen: more INTEGER.*--full-refresh"
        with pytest.raises(ProjectError, match=words):
            raise report.failed[0].error

    def test_changed_columns_that_are_added(self, con):
        wider = self.AGAIN.replace(" FROM", ", 1 AS more FROM")
        self.make(con, wider, on_schema_change="append_new_columns")
        assert con.execute("SELECT DISTINCT said, more FROM i ORDER BY ALL").fetchall() == [
            ("new", 1), ("old", None),
        ]  # fmt: skip

    def test_a_column_that_is_gone(self, con):
        report = self.make(con, "SELECT x FROM raw.t")
        with pytest.raises(ProjectError, match="delivers no column said any more"):
            raise report.failed[0].error
        assert len(self.rows(con)) == 5

    @pytest.mark.parametrize(
        "options", [{"incremental_strategy": "microbatch"}, {"on_schema_change": "sync"},
                    {"incremental_predicates": ["x > 1"]}],
    )  # fmt: skip
    def test_what_is_not_known_is_named(self, con, options):
        report = build(con, project(node("i", self.FIRST, "incremental", options=options)))
        with pytest.raises(ProjectError, match=f"models/i.sql:1: .*{next(iter(options))}"):
            raise report.failed[0].error

    def test_an_error_of_the_second_form_names_its_line(self, con):
        report = self.make(con, "SELECT x,\n  nothing AS said\nFROM raw.t")
        assert str(report.failed[0].error).startswith("models/i.sql:3: ")


class TestSeeds:
    def seed(self, con, tmp_path, text, **options):
        (tmp_path / "seeds").mkdir(exist_ok=True)
        (tmp_path / "seeds" / "s.csv").write_text(text)
        one = Node("s", "seeds/s.csv", "seed", "", options)
        return build(con, project(one, path=tmp_path))

    def test_types_and_rows(self, con, tmp_path):
        text = 'n,d,t,b,s,e\n1,1.5,2024-01-31,true,"a,b",\n,,,,,\n-2,2,2024-02-01,FALSE,c,\n'
        self.seed(con, tmp_path, text)
        assert [row[1] for row in con.execute("DESCRIBE s").fetchall()] == [
            "INTEGER", "DOUBLE", "DATE", "BOOLEAN", "VARCHAR", "INTEGER",
        ]  # fmt: skip
        assert con.execute("SELECT n, d, b, s, e FROM s").fetchall() == [
            (1, 1.5, True, "a,b", None), (None,) * 5, (-2, 2.0, False, "c", None),
        ]  # fmt: skip

    def test_given_types_and_a_delimiter(self, con, tmp_path):
        self.seed(
            con, tmp_path, "id;price\n007;1\n", delimiter=";",
            column_types={"id": "varchar(8)", "price": "DECIMAL(10,2)"},
        )  # fmt: skip
        assert con.execute("SELECT id, price::VARCHAR FROM s").fetchall() == [("007", "1.00")]

    @pytest.mark.parametrize(
        ("text", "options", "words"),
        [
            ("n\n1\n99999999999\n", {}, "seeds/s.csv:3: .*99999999999.*column_types"),
            ("a,a\n1,2\n", {}, "seeds/s.csv:1: the header cannot name the columns"),
            ("", {}, "seeds/s.csv:1: the header"),
            ("a\n1\n", {"column_types": {"b": "INT"}}, "seeds/s.csv:1: column_types names"),
            ("a,b\n1\n", {}, "seeds/s.csv:2: .*1 values: 1"),
        ],
    )
    def test_a_file_that_cannot_be_loaded(self, con, tmp_path, text, options, words):
        report = self.seed(con, tmp_path, text, **options)
        with pytest.raises(ProjectError, match=f"(?s){words}"):
            raise report.failed[0].error

    def test_a_changed_file_is_loaded_again(self, con, tmp_path):
        assert statuses(self.seed(con, tmp_path, "a\n1\n")) == {"s": "ok"}
        assert statuses(self.seed(con, tmp_path, "a\n1\n")) == {"s": "unchanged"}
        assert statuses(self.seed(con, tmp_path, "a\n1\n2\n")) == {"s": "ok"}
        assert con.execute("SELECT count(*) FROM s").fetchall() == [(2,)]


def test_without_a_trainer_a_deployed_model_still_serves(tiny):
    """What needs it is made of the version that is there; without one it is skipped."""
    model = node("diff", "SELECT 1 AS a, 2 AS b", "model")
    user = node("u", "SELECT main.diff_predict(a := 3, b := 1) AS y", needs=["diff"])
    with retailsql.connect() as con:
        report = build(con, project(model, user))
        assert statuses(report) == {"diff": "skipped", "u": "skipped"}
        assert report.results[1].reason == "diff is not trained"
        retailsql.import_onnx(con, "diff", tiny("line_columns"))
        assert statuses(build(con, project(model, user))) == {"diff": "skipped", "u": "ok"}
        assert con.execute("FROM u").fetchall() == [(5.0,)]


def test_training_that_fails_leaves_nothing(con):
    def train(con, name, options, query, full_refresh):
        con.execute("CREATE TABLE half AS SELECT 1")
        raise TrainingError("The label is constant")

    report = build(con, project(A, node("m", "SELECT 1", "model", ["a"])), train=train)
    assert statuses(report) == {"a": "ok", "m": "failed"}
    assert str(report.failed[0].error).startswith("training/m.sql:1: the model was not trained")
    assert set(made.relations(con, "main")) == {"a"}


def test_a_test_that_also_reads_what_was_never_made_is_skipped_and_stops_nothing(con):
    """It is chosen by its name. Once the other is there, it is run."""
    both = data_test("both", "FROM main.a SEMI JOIN main.other ON true", "", ("a", "other"))
    shop = project(A, B, OTHER, tests=[both])
    report = build(con, shop, "a b both")
    assert statuses(report) == {"a": "ok", "both": "skipped", "b": "ok"}
    assert [r.reason for r in report if r.status == "skipped"] == ["other has not been made"]
    assert report.exit_status == 0
    build(con, shop, "other", exclude=None)
    assert statuses(build(con, shop, "a b both"))["both"] == "failed"


def test_a_test_of_a_node_that_is_not_chosen_is_not_run_by_build(con):
    """Else tables of now would be compared with one of another cutoff."""
    equal = data_test("equal", "FROM main.a ANTI JOIN main.other ON x = one", "", ("a", "other"))
    shop = project(A, B, OTHER, tests=[equal])
    assert statuses(build(con, shop))["equal"] == "failed"
    assert statuses(build(con, shop, "a b")) == {"a": "unchanged", "b": "unchanged"}
    assert statuses(run_tests(con, shop, "a b")) == {"equal": "failed"}
    assert statuses(build(con, shop, "a other"))["equal"] == "failed"
