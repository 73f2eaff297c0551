"""Where the light runner once did otherwise than dbt: the same files, the same result, or no.

The shipped project is compared in test_two_engines.py, seeds and incremental files in
test_runner_dbt.py. Here are Jinja, configuration, tests, selection, and random projects.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from retailsql.errors import ProjectError
from retailsql.runner.build import build
from retailsql.runner.graph import select, select_tests, select_unit_tests
from retailsql.runner.project import load_project
from tests import random_project
from tests.conftest import ROOT
from tests.dbt_project import Project

INC = "{{ config(materialized='incremental', full_refresh=%s) }}SELECT x, "
INC += "{{ 1 if is_incremental() else 0 }} AS again FROM {{ source('raw', 't') }}"
FILES = {
    "dbt_project.yml": """
name: p
version: "1.0"
profile: p
vars: {kind: table, two: "{{ 1 + 1 }}", p: {own: 2}}
models:
  +tags: [top, top]
  p:
    +materialized: "{{ var('kind', 'view') }}"
    turned_off: {+enabled: false}
""",
    "profiles.yml": "p: {target: d, outputs: {d: {type: duckdb, path: s.duckdb, threads: 1}}}",
    "models/_m.yml": """
sources: [{name: raw, tags: [src], tables: [{name: t}]}]
models:
  - name: known
    description: "{{ doc('block') }}"
    columns:
      - {name: TAGS, description: In another case.}
      - name: order
        quote: true
        tags: [coltag]
        data_tests: [not_null]
  - name: texts
    columns:
      - name: s
        data_tests:
          - accepted_values: {arguments: {values: ["it''s", b]}}
unit_tests:
  - name: two_rows
    model: entries
    config: {tags: [ut]}
    given: []
    expect: {rows: [{a: 2, b: c}]}
exposures:
  - {name: board, type: dashboard, owner: {email: a@b.c}, tags: [exp], depends_on: [ref('texts')]}
""",
    "models/_d.md": "{% docs block %}Text with {{ nothing }} in it.{% enddocs %}",
    "models/known.sql": """
SELECT '{{ config.get('tags') | join(',') }}' AS tags, '{{ config.get('materialized') }}' AS m,
       '{{ model.config.materialized }}{{ model.tags | length }}' AS mm, 1 AS "order",
       '{{ config.get('meta') }}{{ config.get('on_schema_change') }}' AS rest,
       '{{ var('two') }}{{ var('own') }}' AS vars""",
    "models/entries.sql": """{% set c = {'name': 'c'} %}
SELECT {% if c.alias %}1{% elif c.kind == 'x' %}3{% else %}2{% endif %} AS a,
       '{{ c.alias or c.name }}{% for x in c.more %}x{% endfor %}' AS b""",
    "models/texts.sql": "SELECT 'it''s' AS s",
    "models/sub/deep/UPPER.SQL": "SELECT 1 AS a FROM {{ ref('texts') }}",
    "models/nothing.sql": " \n",
    "tests/nothing.sql": "",
    "tests/sub/one.sql": "{{ config(tags=['single']) }}FROM {{ ref('texts') }} WHERE s = 'x'",
    "models/turned_off/off.sql": "SELECT 1 AS a",
    "models/turned_off/on.sql": "{{ config(enabled=true) }}SELECT 1 AS a",
    "models/anew.sql": INC % "true",
    "models/never.sql": INC % "false",
    "models/cased.sql": "{{ config(materialized='incremental') }}SELECT x AS "
                        "{% if is_incremental() %}X{% else %}x{% endif %} "
                        "FROM {{ source('raw', 't') }}",
}  # fmt: skip
SELECTIONS = (
    "known", "+texts+", "1+UPPER", "UPPER.sql", "sub", "sub.deep", "p.sub.*", "p", "deep",
    "models/sub", "models/sub/", "path:models/*.sql", "path:models/**/*.SQL", "path:tests",
    "path:models/_m.yml", "tag:top", "tag:coltag", "tag:ut", "tag:single", "+tag:exp", "tag:src+",
    "source:raw", "source:p.raw.t", "source:raw+", "+exposure:board", "exposure:board",
    "test_type:unit", "test_type:singular", "test_type:data", "test_name:accepted_values",
    "two_rows", "one", "+one", "not_null_*", "unit_test:two*", "resource_type:test", "kn*",
    "config.materialized:incremental", "texts,tag:single", "+UPPER,texts", "known texts",
)  # fmt: skip
_LS = """
import json, sys
from dbt.cli.main import dbtRunner
found = []
for words in json.loads(sys.argv[1]):
    done = dbtRunner().invoke(["--quiet", "ls", "--profiles-dir", ".", "--select", words,
                               "--output", "json", "--output-keys", "name resource_type"])
    found.append([json.loads(line) for line in done.result])
print("FOUND " + json.dumps(found))
"""


def make(folder: Path, files: dict[str, str]) -> Project:
    """The project, with three rows in its source."""
    project = Project(folder, folder / "s.duckdb")
    project.write({"profiles.yml": FILES["profiles.yml"], **files})
    macro = ROOT / "sql" / "macros" / "retailsql" / "persist_docs.sql"
    project.write({"macros/persist_docs.sql": macro.read_text("utf-8")})
    with duckdb.connect(str(project.file)) as con:
        con.execute("CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT range AS x FROM range(3)")
    return project


def light(project: Project, **options: bool) -> dict[str, str]:
    """Build with the light runner; what became of each file and test."""
    with duckdb.connect(str(project.file)) as con:
        report = build(con, load_project(project.folder), **options)
    status = {"unchanged": "ok", "failed": f"failed {report.failed[:1]}"}
    return {r.name: status.get(r.status, r.status) for r in report.results if r.kind != "source"}


def dbt(project: Project, *options: str) -> dict[str, str]:
    """Build with dbt; what became of each file and test, in the words of the light runner."""
    project.dbt("build", *options)
    results = json.loads((project.folder / "target" / "run_results.json").read_text("utf-8"))
    words = {"success": "ok", "pass": "ok", "warn": "warned"}
    return {
        r["unique_id"].split(".")[3 if r["unique_id"].startswith("unit") else 2]:
        words.get(r["status"], r["status"]) for r in results["results"]
        if not r["unique_id"].startswith("exposure.")
    }  # fmt: skip


def contents(project: Project) -> dict[str, object]:
    """Columns with types, rows, comments."""
    with duckdb.connect(str(project.file), read_only=True) as con:
        names = con.execute(
            "SELECT table_name, 'T', comment FROM duckdb_tables() WHERE schema_name = 'main' UNION "
            "SELECT view_name, 'V', comment FROM duckdb_views() WHERE schema_name = 'main' "
            "AND NOT internal"
        ).fetchall()
        comments = "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = ?"
        return {
            name: (
                kind, comment.partition(" (")[0], con.execute(f'DESCRIBE main."{name}"').fetchall(),
                sorted(map(repr, con.execute(f'FROM main."{name}"').fetchall())),
                sorted(map(repr, con.execute(comments, [name]).fetchall())),
            )
            for name, kind, comment in names
        }  # fmt: skip


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """The project, built by the light runner."""
    project = make(tmp_path_factory.mktemp("light"), FILES)
    assert set(light(project).values()) == {"ok"}
    return project


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT tags FROM known", "top,top"),
        ("SELECT m || mm || rest || vars FROM known", "viewview1{}ignore22"),
        ("SELECT a || b FROM entries", "2c"),
        ("SELECT count(*) FROM duckdb_views() WHERE view_name = 'known'", 1),
        ("SELECT string_agg(a) FROM (FROM \"on\" UNION ALL FROM UPPER)", "1,1"),
        ("SELECT count(*) FROM duckdb_views() WHERE view_name IN ('off', 'nothing')", 0),
        ("SELECT comment FROM duckdb_columns() WHERE column_name = 'tags'", "In another case."),
        ("SELECT comment LIKE 'Text with  in it.%' FROM duckdb_views() WHERE view_name = 'known'",
         True),
    ],
)  # fmt: skip
def test_the_light_runner_does_as_dbt_does(ours, sql, value):
    with duckdb.connect(str(ours.file)) as con:
        assert con.execute(sql).fetchone() == (value,)


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("models/a b.sql", "SELECT 1", "a b.sql: the name of a model holds a blank"),
        ("models/a.sql", "SELECT 1,\n{{ {}.x }}", "a.sql:2: Jinja failed.*no attribute 'x'"),
        ("models/a.sql", "{% if nope %}{% endif %}", "a.sql:1: Jinja failed.*'nope' is undefined"),
        ("models/a.sql", "SELECT '{{ this.include(schema=false) }}'",
         "a.sql:1: The light runner gives relations.*Seen: include"),
        ("models/a.sql", "{% if target.users %}{% endif %}",
         "a.sql:1: The light runner does not know 'users'"),
        ("models/_n.yml", "models: [{name: known, tags: [x]}]", "_n.yml:1: dbt does not read tags"),
        ("dbt_project.yml", "name: p\nvars: {k: 1}\nmodels: {p: {+tags: \"{{ var('k') }}\"}}",
         "dbt_project.yml:3: var.'k'. has no value.*--vars"),
        ("dbt_project.yml", "name: p\nmodels:\n  p:\n    off: {+tags: x}", "yml:4:.*called False"),
    ],
)  # fmt: skip
def test_refusals_name_file_and_line(tmp_path, file, text, words):
    files = {"dbt_project.yml": "name: p\nprofile: p\n", "models/known.sql": "SELECT 1", file: text}
    project = Project(tmp_path, tmp_path / "s.duckdb")
    project.write(files)
    with pytest.raises(ProjectError, match=words):
        load_project(tmp_path)


def chosen(project, words: str) -> set[str]:
    """Names of the nodes and tests that the light runner would run."""
    choices = (select, select_tests, select_unit_tests)
    return {item.name for choice in choices for item in choice(project, words)}


def test_full_refresh_in_a_file_comes_first(tmp_path):
    """True: always made anew. False: rows are kept though the command line says otherwise."""
    project = make(tmp_path, FILES)
    for options in ({}, {"full_refresh": True}):
        light(project, **options)
        with duckdb.connect(str(project.file)) as con:
            con.execute("INSERT INTO raw.t VALUES (9)")
    with duckdb.connect(str(project.file)) as con:
        assert con.execute("SELECT max(again) FROM never").fetchone() == (1,)
        assert con.execute("SELECT max(again) FROM anew").fetchone() == (0,)
    light(project)
    with duckdb.connect(str(project.file)) as con:
        assert con.execute("SELECT max(again), count(*) FROM anew").fetchone() == (0, 5)


def test_a_test_is_chosen_by_its_name_alone(ours):
    """Nothing is made then."""
    project = load_project(ours.folder)
    assert chosen(project, "one") == {"one"}
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT 1 AS x")
        assert {r.name for r in build(con, project, "two_rows").results} == {"two_rows"}


@pytest.mark.slow
def test_dbt_makes_the_same(ours, tmp_path):
    """Tables, comments and verdicts: first, on top with changed rows, and with --full-refresh."""
    pytest.importorskip("dbt.adapters.duckdb", reason="the extra dbt is not installed")
    mine, theirs = make(tmp_path / "light", FILES), make(tmp_path / "dbt", FILES)
    for options in ((), (), ("--full-refresh",)):
        assert light(mine, full_refresh=bool(options)) == dbt(theirs, *options)
        assert contents(mine) == contents(theirs)
        for project in (mine, theirs):
            with duckdb.connect(str(project.file)) as con:
                con.execute("INSERT INTO raw.t VALUES (9)")


@pytest.mark.slow
def test_dbt_chooses_the_same(ours):
    """Of files and of tests."""
    pytest.importorskip("dbt.adapters.duckdb", reason="the extra dbt is not installed")
    done = ours.python("-c", _LS, json.dumps(SELECTIONS))
    line = next(line for line in done.stdout.splitlines() if line.startswith("FOUND "))
    project = load_project(ours.folder)
    kinds = ("model", "seed", "test", "unit_test")
    for words, found in zip(SELECTIONS, json.loads(line[6:]), strict=True):
        theirs = {item["name"] for item in found if item["resource_type"] in kinds}
        theirs.discard("nothing")  # dbt knows files with nothing in them, and never runs them
        try:
            mine = chosen(project, words)
        except ProjectError:
            mine = set()
        assert mine == theirs, words


@pytest.mark.slow
def test_a_random_project(tmp_path):
    """Of seeds, tables, views, incremental files and macros; again after every seed has grown."""
    pytest.importorskip("dbt.adapters.duckdb", reason="the extra dbt is not installed")
    files = random_project.files(1, 25)
    mine, theirs = (make(tmp_path / who, files) for who in ("light", "dbt"))
    more = {k: v + "3,1,b,2024-01-01\n" for k, v in files.items() if k.startswith("seeds/")}
    for changed in ({}, more):
        mine.write(changed)
        theirs.write(changed)
        assert light(mine) == dbt(theirs)
        assert contents(mine) == contents(theirs)
