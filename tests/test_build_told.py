"""What a build says: once, in short, and what is to be done."""

from __future__ import annotations

import io

import duckdb
import pytest
from click.testing import CliRunner
from rich.console import Console

import retailsql
from retailsql.cli import cli
from retailsql.cli.draw_build import BuildLines, about_models
from retailsql.cli.several import repeated
from retailsql.runner.build import build, run_tests
from retailsql.runner.project import load_project
from retailsql.training.train_once import train_once

PROJECT = "name: shop\nprofile: shop\n"
TRAINING = (
    "{{ config(materialized='model', model_type='LINEAR_REG', label='y') }}\n"
    "SELECT b, id * 17 % 23 AS y FROM raw.t"
)
YML = "models:\n  - name: m\n    data_tests:\n      - beats_baseline: {config: {severity: warn}}\n"
FILES = {
    "dbt_project.yml": PROJECT,
    "models/a.sql": "SELECT id, b FROM raw.t",
    "models/b.sql": "SELECT id FROM {{ ref('a') }}",
    "models/_m.yml": "exposures:\n  - {name: board, type: dashboard, owner: {name: x}, "
    "depends_on: [ref('b')]}\n",
    "training/m.sql": TRAINING,
    "training/_m.yml": YML,
}


@pytest.fixture
def shop(tmp_path):
    """A folder, and a database in it with rows from which nothing can be learned."""

    def make(**changed):
        files = {**FILES, **{k: v for k, v in changed.items() if "/" in k}}
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return load_project(tmp_path)

    return make


@pytest.fixture
def con():
    con = retailsql.connect(":memory:")
    con.execute("CREATE SCHEMA raw")
    con.execute("CREATE TABLE raw.t AS SELECT range AS id, range * 7 % 5 AS b FROM range(200)")
    yield con
    con.close()


def told(work, everything=False):
    """The lines of a build, and its report."""
    out = Console(record=True, width=200, file=io.StringIO())
    report = work(on_event=BuildLines(out, everything))
    return out.export_text().splitlines(), report


class TestModels:
    def test_one_that_a_rule_beats_is_told_once_and_at_the_end(self, con, shop):
        project = shop()
        lines, report = told(lambda **k: build(con, project, train=train_once, **k))
        assert sum("does not beat" in line for line in lines) == 1
        assert not any("DROP MODEL" in line or "beats_baseline" in line for line in lines)
        assert about_models(report.models) == [
            "1 model does not beat a trivial rule: m (retailsql models FILE shows the figures)"
        ]
        lines, report = told(lambda **k: build(con, project, train=train_once, **k))
        assert lines == []
        assert about_models(report.models)[0].startswith("1 model does not beat")
        assert report.counts["warned"] == 1
        lines, _ = told(lambda **k: build(con, project, train=train_once, **k), everything=True)
        assert any("beats_baseline" in line for line in lines)

    def test_a_person_who_typed_create_model_is_still_told_how_to_remove_it(self, con):
        options = {"model_type": "LINEAR_REG", "input_label_cols": ["y"]}
        query = "SELECT b, id * 17 % 23 AS y FROM raw.t"
        row = retailsql.create_model(con, "m", options, query)
        assert row["warning"].endswith("Remove it with DROP MODEL m.")

    def test_a_version_that_waits_is_told_at_every_build(self, con, shop):
        build(con, shop(), train=train_once)
        options = {"model_type": "LINEAR_REG", "input_label_cols": ["y"], "deploy": "never"}
        query = "SELECT b, id * 17 % 23 AS y FROM raw.t WHERE id > 50"
        retailsql.create_model(con, "m", options, query)
        (standing,) = build(con, shop(), train=train_once).models
        assert (standing.model, standing.version, standing.waiting) == ("m", 1, 2)
        assert about_models([standing])[1] == (
            "m: version 2 waits, version 1 is used; the other way with "
            "ALTER MODEL m SET OPTIONS(deployed_version = 2)"
        )

    def test_a_misspelt_key_is_not_taken_for_an_option(self, con, shop):
        project = shop(**{"training/m.sql": TRAINING.replace("label=", "lable=")})
        error = str(build(con, project, train=train_once).failed[0].error)
        assert "training/m.sql:1: config() of a training file has no key 'lable'" in error
        assert "Wanted: label." in error

    @pytest.mark.parametrize("key", ["labels=[('team', 'x')]", "description='x'"])
    def test_notes_and_options_are_no_misspelt_keys(self, con, shop, key):
        changed = TRAINING.replace("label='y'", f"label='y', {key}")
        report = build(con, shop(**{"training/m.sql": changed}), train=train_once)
        assert not report.failed


def test_a_warning_is_shown_again_only_if_something_has_changed(con, shop):
    test = "SELECT * FROM {{ ref('a') }} WHERE id > 197"
    files = {"tests/late.sql": "{{ config(severity='warn') }}\n" + test}
    project = shop(**files)
    seen = [any("late" in w for w in told(lambda **k: build(con, project, **k))[0]) for _ in "ab"]
    assert seen == [True, False]
    assert any("late" in w for w in told(lambda **k: run_tests(con, project, **k))[0])
    con.execute("INSERT INTO raw.t VALUES (200, 1)")
    assert any("late" in w for w in told(lambda **k: build(con, project, **k))[0])


def test_an_error_of_the_sql_is_told_once_for_all_unit_tests(con, shop):
    tests = "".join(
        f"  - {{name: t{n}, model: b, given: [{{input: ref('a'), rows: [{{id: 1}}]}}], "
        "expect: {rows: [{id: 1}]}}\n"
        for n in range(4)
    )
    build(con, shop(), "a")
    yml = FILES["models/_m.yml"] + "unit_tests:\n" + tests
    bad = {"models/b.sql": "SELECT idd AS id FROM {{ ref('a') }}", "models/_m.yml": yml}
    lines, report = told(lambda **k: build(con, shop(**bad), "b", **k))
    assert len(report.failed) == 4
    assert sum("idd" in line and "Seen" in line for line in lines) == 1
    assert sum("for the same reason" in line for line in lines) == 3


def test_scores_tell_how_many_rows_were_scored():
    from retailsql.runner.result import NodeResult

    done = NodeResult("s", "score", "ok", 0.1, 242, {"scored": 3})
    lines, _ = told(lambda on_event: on_event(done))
    assert "242 rows, 3 scored" in lines[0]


class TestCommands:
    @pytest.fixture
    def run(self, shop, tmp_path):
        shop()
        with duckdb.connect(str(tmp_path / "x.duckdb")) as con:
            con.execute("CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT 1 AS id, 2 AS b")
        where = ["--project", str(tmp_path), "--db", str(tmp_path / "x.duckdb")]

        def go(command, *words):
            done = CliRunner().invoke(cli, [command, *where, *words])
            assert done.exit_code == 0, done.output
            return done.output

        return go

    def test_several_words_behind_an_option(self, run):
        assert run("ls", "-s", "a", "b", "--exclude", "b", "m").splitlines() == ["a"]
        assert "files: 2 made" in run("run", "--select", "a", "b")
        assert repeated(["--exclude", "a", "b"]) == ["--exclude", "a", "--exclude", "b"]

    def test_an_empty_selection_is_told(self, run):
        words = "is selected by exposure:board; +exposure:name selects what it is made of"
        assert run("ls", "-s", "exposure:board") == f"no file {words}\n"
        assert f"nothing {words}" in run("build", "-s", "exposure:board")
        assert run("ls", "-s", "+exposure:board").split() == ["a", "b"]
        assert "only tests: `retailsql test`" in run("ls", "-s", "test_type:generic")
        assert "selected by" not in run("build", "-s", "a")
