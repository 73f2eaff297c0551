"""What the light runner reads of a project: configuration, yml, sources, tests, profiles."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from retailsql.errors import ProjectError
from retailsql.runner.node import Column, Freshness, Place
from retailsql.runner.project import load_project
from tests.conftest import ROOT

BASE = {
    "dbt_project.yml": "name: p\nvars: {least: 2, p: {own: 3, least: 4}, whole: {a: 1}}\n",
    "models/orders.sql": "SELECT * FROM {{ source('raw', 'lines') }}",
    "models/_sources.yml": "sources:\n  - name: raw\n    tables: [{name: lines}]\n",
}


@pytest.fixture
def load(tmp_path):
    """Write files beside those of BASE and load the project."""

    def load(files, *args, **kwargs):
        for name, text in {**BASE, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return load_project(tmp_path, *args, **kwargs)

    return load


# --- variables and configuration


def test_vars_of_the_project_go_before_global_ones(load):
    files = {"models/a.sql": "{{ var('least') }} {{ var('own') }} {{ var('whole').a }}"}
    assert load(files).nodes["a"].sql == "4 3 1"
    assert load(files, {"least": 9, "whole": {"a": 8}}).nodes["a"].sql == "9 3 8"


def test_a_variable_that_nobody_reads_is_an_error(load):
    """Wherever it may be read: also in yml files, macros and tests."""
    with pytest.raises(ProjectError, match="reads a variable 'leest'. Wanted: .*least"):
        load({"models/a.sql": "{{ var('least') }}"}, {"leest": 1})
    read = "sources: [{name: s, schema: \"{{ var('where', 'x') }}\", tables: [{name: t}]}]"
    project = load({"models/s.yml": read}, {"where": "other"})
    assert project.sources["s", "t"].relation == "other.t"


def test_configuration_in_the_order_of_dbt(load):
    """dbt_project.yml, outer folder first; then yml; then the file. Tags add up."""
    project = load({
        "dbt_project.yml": """
name: p
models:
  +tags: [every]
  p:
    +materialized: table
    +unique_key: a
    staging:
      +tags: staged
      +unique_key: "{{ 'b' if target.type == 'duckdb' else 'c' }}"
    last: {materialized: incremental}
""",
        "models/staging/x.sql": "{{ config(tags=['own', 'every']) }} SELECT 1",
        "models/staging/y.sql": "{{ config(materialized='view', unique_key='d') }} SELECT 1",
        "models/last.sql": "SELECT 1",
        "models/m.yml": "models: [{name: x, config: {unique_key: c, tags: yml}},"
        " {name: y, config: {unique_key: c}}]",
    }).nodes  # fmt: skip
    x, y = project["x"], project["y"]
    assert (x.kind, x.options, x.tags) == (
        "table", {"unique_key": "c"}, ("every", "staged", "yml", "own"),
    )  # fmt: skip
    assert (y.kind, y.options) == ("view", {"unique_key": "d"})
    assert (project["last"].kind, project["last"].options) == ("incremental", {"unique_key": "a"})
    assert str(x.place) == "models/m.yml:1"
    assert str(project["last"].place) == "models/last.sql:1"


def test_disabled(load):
    """A file turned off is not there; a ref() to it names both."""
    files = {
        "models/off.sql": "{{ config(enabled=false) }} SELECT 1",
        "models/yml_off.sql": "{{ no_such_macro() }}",
        "models/m.yml": "models: [{name: yml_off, config: {enabled: \"{{ var('on', false) }}\"},"
        " columns: [{name: x, data_tests: [unique]}]}]",
    }
    project = load(files)
    assert set(project.nodes) == {"orders"}
    assert project.tests == ()
    with pytest.raises(ProjectError, match=r"^models/a.sql:2: ref\('off'\).*models/off.sql"):
        load({**files, "models/a.sql": "SELECT 1 FROM\n{{ ref('off') }}"})


def test_training_options_are_left_as_they_are(load):
    config = "config(materialized='model', model_type='X', label='y', options={'l2_reg': 0.5})"
    node = load({"training/m.sql": f"{{{{ {config} }}}} SELECT 1 AS y"}).nodes["m"]
    assert node.kind == "model"
    assert node.options == {"model_type": "X", "label": "y", "options": {"l2_reg": 0.5}}


def test_folders_of_the_project(load):
    """model-paths and the others; seeds are nodes, analyses are queries."""
    project = load({
        "dbt_project.yml": "name: p\nmodel-paths: [models, more]\nanalysis-paths: [ask]\n"
        "seeds: {p: {+delimiter: ';'}}",
        "more/deep/a.sql": "SELECT * FROM {{ ref('days') }}", "ask/q.sql": "FROM {{ ref('a') }}",
        "queries/z.sql": "not read", "seeds/days.csv": "day;open\n", "models/.x.sql": "not read",
        "models/notes.txt": "not read",
    })  # fmt: skip
    assert set(project.nodes) == {"orders", "a", "days"}
    assert (project.nodes["days"].kind, project.nodes["days"].options) == (
        "seed",
        {"delimiter": ";"},
    )
    assert project.nodes["days"].file == "seeds/days.csv"
    assert project.queries["q"].needs == ("a",)


# --- yml


def test_descriptions_columns_and_contract(load):
    project = load({
        "models/notes.md": "# Words\n{% docs spend %}\nMoney, *all* of it.\n{% enddocs %}",
        "models/m.yml": """
models:
  - name: orders
    description: "Sales. {{ doc('spend') }}"
    config: {contract: {enforced: true}}
    columns:
      - {name: id, data_type: INTEGER, constraints: [{type: not_null}]}
      - name: spend
        data_type: "{{ 'DECIMAL' ~ '(18, 2)' }}"
        description: "{{ doc('spend') }}"
""",
    })  # fmt: skip
    node = project.nodes["orders"]
    assert node.description == "Sales. Money, *all* of it."
    assert node.contract
    at = "models/m.yml"
    assert node.columns == (
        Column("id", "INTEGER", "", Place(at, 7), True),
        Column("spend", "DECIMAL(18, 2)", "Money, *all* of it.", Place(at, 8)),
    )


def test_yml_keeps_the_types_of_values(load):
    """By dbt's rules: a lone expression keeps its type, filters give another one."""
    yml = """
models:
  - name: orders
    config:
      a: "{{ var('least') }}"
      b: "{{ '7' | as_number }}"
      c: "{{ 'True' | as_bool }}"
      d: "{{ '[1, 2]' | as_native }}"
      e: "7"
      f: "{{ 3 }} and {{ 4 }}"
      g: [1, {h: "{{ target.schema }}"}]
"""
    options = load({"models/m.yml": yml}).nodes["orders"].options
    assert type(options["g"]) is list  # no mapping or list of the cached file
    assert options == {
        "a": 4, "b": 7, "c": True, "d": [1, 2], "e": "7", "f": "3 and 4", "g": [1, {"h": "main"}],
    }  # fmt: skip


def test_exposures(load):
    yml = """
exposures:
  - name: board
    type: dashboard
    owner: {name: Ann}
    depends_on: [ref('orders'), "source('raw', 'lines')"]
"""
    (board,) = load({"models/e.yml": yml}).exposures
    assert (board.name, board.type, board.needs) == ("board", "dashboard", ("orders",))
    assert str(board.place) == "models/e.yml:3"


# --- sources


@pytest.mark.parametrize(
    ("table", "relation"),
    [
        ("{name: t}", "s.t"),
        ("{name: t, identifier: T 1}", 's."T 1"'),
        ("{name: order}", 's."order"'),
        ("{name: t, config: {meta: {external_location: '(FROM other.t)'}}}", "(FROM other.t)"),
        ("{name: t, config: {meta: {external_location: '(FROM {{ var(\"whole\").a }})'}}}",
         "(FROM 1)"),
        ("{name: t, meta: {external_location: 'data/{name}.parquet'}}", "'data/t.parquet'"),
        ("{name: t, meta: {external_location: 'read_csv(''{identifier}.csv'')'}}",
         "read_csv('t.csv')"),
        ("{name: t, config: {external_location: 'x/%(name)s.csv', formatter: oldstyle}}",
         "'x/t.csv'"),
        ("{name: t, config: {meta: {external_location: \"f('$name', {'a': 1})\","
         " formatter: template}}}", "f('t', {'a': 1})"),
    ],
)  # fmt: skip
def test_what_stands_behind_a_source(load, table, relation):
    project = load({
        "models/s.yml": f"sources: [{{name: s, tables: [{table}]}}]",
        "models/a.sql": "FROM {{ source('s', '" + ("order" if "order" in table else "t") + "') }}",
    })  # fmt: skip
    (key,) = [k for k in project.sources if k[0] == "s"]
    assert project.sources[key].relation == relation
    assert project.nodes["a"].sql == f"FROM {relation}"
    assert project.nodes["a"].sources == (key,)


def test_freshness(load):
    """A table's own goes over its source's; null turns it off."""
    yml = """
sources:
  - name: s
    schema: db
    tags: [outer]
    loaded_at_field: at
    freshness: {warn_after: {count: 12, period: hour}, error_after: {count: 2, period: day}}
    tables:
      - name: plain
      - {name: none, freshness: null}
      - {name: off_too, config: {freshness: null}}
      - name: own
        loaded_at_field: CAST(day AS TIMESTAMP)
        tags: [inner]
        freshness: {warn_after: {count: 5, period: minute}, filter: day > '2020-01-01'}
      - name: config
        config: {loaded_at_field: x, freshness: {error_after: null}}
"""
    project = load({"models/s.yml": yml})
    found = {t: s.freshness for (name, t), s in project.sources.items() if name == "s"}
    assert found == {
        "plain": Freshness("at", 43200, 172800),
        "none": None, "off_too": None,
        "own": Freshness("CAST(day AS TIMESTAMP)", 300, 172800, "day > '2020-01-01'"),
        "config": Freshness("x", 43200, None),
    }  # fmt: skip
    own = project.sources["s", "own"]
    assert (own.tags, str(own.place)) == (("outer", "inner"), "models/s.yml:12")


# --- data tests


def tests_of(load, yml, **files):
    return {t.name: t for t in load({"models/m.yml": yml, **files}).tests}


tests_of.__test__ = False


def test_the_four_tests_find_what_is_wrong(load):
    """Each SELECT, run on rows of which it is known which are wrong."""
    import duckdb

    found = tests_of(load, """
models:
  - name: orders
    columns:
      - name: id
        data_tests:
          - unique
          - not_null
          - accepted_values: {values: [1, 2], quote: false}
          - relationships: {arguments: {to: ref('days'), field: day}}
          - unique: {name: later, config: {where: "id > 1", limit: 1}}
          - relationships:
              arguments: {to: ref('days'), field: day}
              config: {where: "id < 3"}
              name: some
""", **{"seeds/days.csv": "day\n"})  # fmt: skip
    con = duckdb.connect()
    con.execute("CREATE TABLE orders AS SELECT unnest([1, 1, 2, 2, 3, NULL, NULL]) AS id")
    con.execute("CREATE TABLE days AS SELECT unnest([1, NULL]) AS day")
    rows = {name: sorted(con.execute(test.sql).fetchall()) for name, test in found.items()}
    con.close()
    assert rows == {
        "unique_orders_id": [(1, 2), (2, 2)],
        "not_null_orders_id": [(None,), (None,)],
        "accepted_values_orders_id__False__1__2": [(3, 1)],
        "relationships_orders_id__day__ref_days_": [(2,), (2,), (3,)],
        "later": [(2, 2)],
        "some": [(2,), (2,)],
    }
    assert found["some"].needs == ("orders", "days")
    assert {t.of for t in found.values()} == {"orders"}
    assert found["unique_orders_id"].place == Place("models/m.yml", 7)


def test_texts_are_quoted(load):
    """As dbt does it: quotes inside of a text are the writer's business."""
    found = tests_of(load, """
models:
  - name: orders
    columns: [{name: group, quote: true, data_tests: [{accepted_values: {values: ["it''s", 2]}}]}]
""")  # fmt: skip
    (test,) = found.values()
    assert """WHERE "group" NOT IN ('it''s', '2')""" in test.sql


def test_tests_of_sources_and_seeds(load):
    found = tests_of(
        load, "seeds: [{name: days, columns: [{name: day, tests: [not_null]}]}]",
        **{
            "seeds/days.csv": "day\n",
            "models/_sources.yml": "sources: [{name: raw, tables: [{name: lines, data_tests: "
            "[{unique: {column_name: id}}], columns: [{name: id, data_tests: [not_null]}]}]}]",
        },
    )  # fmt: skip
    assert set(found) == {
        "not_null_days_day", "source_unique_raw_lines_id", "source_not_null_raw_lines_id",
    }  # fmt: skip
    test = found["source_unique_raw_lines_id"]
    assert (test.of, test.needs, test.sources) == ("", (), (("raw", "lines"),))


def test_tests_of_the_project(load):
    """{% test %} blocks under macros/ and tests/generic, and singular tests, with their lines."""
    found = tests_of(load, """
models:
  - name: orders
    data_tests:
      - at_least: {arguments: {n: "{{ var('least') }}"}, config: {severity: warn, tags: [slow]}}
      - no_rows
""", **{
        "dbt_project.yml": "name: p\nvars: {least: 4}\ndata_tests: {p: {deep: {+tags: deep}}}",
        "macros/t.sql": "{% test at_least(model, n=1) %}\n{{ config(severity='error') }}"
        "SELECT count(*) FROM {{ model }}\nHAVING count(*) < {{ n }}{% endtest %}",
        "tests/generic/no_rows.sql": "{% test no_rows(model) %}FROM {{ model }}{% endtest %}",
        "tests/deep/sum.sql": "{{ config(severity='WARN') }}\nSELECT 1 FROM {{ ref('orders') }}",
        "tests/off.sql": "{{ config(enabled=false) }} SELECT 1",
    })  # fmt: skip
    assert set(found) == {"at_least_orders__var_least_", "no_rows_orders_", "sum"}
    test = found["at_least_orders__var_least_"]  # dbt names it before it is worked out
    assert test.sql == "SELECT count(*) FROM main.orders\nHAVING count(*) < 4"
    assert [str(p) for p in test.lines] == ["macros/t.sql:2", "macros/t.sql:3"]
    assert (test.warn, test.tags, test.kind) == (True, ("slow",), "at_least")
    one = found["sum"]
    assert one.tags == ("deep",)
    assert (one.kind, one.of, one.needs, one.warn) == ("singular", "", ("orders",), True)
    assert str(one.place) == "tests/deep/sum.sql:1"


# --- unit tests


def test_unit_tests(load):
    """Inputs are replaced by names, rows become SELECTs in each of the formats."""
    project = load({
        "models/a.sql": "{% if is_incremental() %}FROM {{ this }} UNION ALL{% endif %}\n"
        "SELECT id, {{ var('least') }} AS n, {{ day() }} AS d, '{{ config.get('k') }}' AS k\n"
        "FROM {{ source('raw', 'lines') }}, {{ ref('orders') }}, {{ ref('days') }}",
        "macros/day.sql": "{% macro day() %}today(){% endmacro %}",
        "seeds/days.csv": "day,open\n2026-01-01,\n",
        "tests/fixtures/lines.csv": "id,text\n1,it's\n2,\n",
        "models/m.yml": "models: [{name: a, config: {k: v}}]",
        "models/u.yml": """
unit_tests:
  - name: first
    model: a
    overrides:
      vars: {least: 9}
      macros: {is_incremental: true, day: "DATE '2020-01-01'"}
    given:
      - input: ref('orders')
        rows:
          - {id: 1, day: 2026-01-31, tags: [1, 2], more: {a: x}}
          - {id: null, ok: true, x: 0.5}
      - {input: "source('raw', 'lines')", format: csv, fixture: lines}
      - input: ref('days')
      - input: this
        format: sql
        rows: |
          SELECT 1 AS id;
    expect: {rows: []}
""",
    })  # fmt: skip
    (test,) = project.unit_tests
    assert test.sql == (
        "FROM __dbt__cte__a UNION ALL\nSELECT id, 9 AS n, DATE '2020-01-01' AS d, 'v' AS k\n"
        "FROM __dbt__cte__raw__lines, __dbt__cte__orders, __dbt__cte__days"
    )
    assert test.given == {
        "__dbt__cte__orders": "SELECT 1 AS \"id\", '2026-01-31' AS \"day\", [1, 2] AS \"tags\", "
        "{'a': 'x'} AS \"more\", NULL AS \"ok\", NULL AS \"x\"\nUNION ALL SELECT NULL AS \"id\", "
        'NULL AS "day", NULL AS "tags", NULL AS "more", true AS "ok", 0.5 AS "x"',
        "__dbt__cte__raw__lines": "SELECT '1' AS \"id\", 'it''s' AS \"text\"\n"
        "UNION ALL SELECT '2' AS \"id\", NULL AS \"text\"",
        "__dbt__cte__days": "SELECT '2026-01-01' AS \"day\", NULL AS \"open\"",
        "__dbt__cte__a": "SELECT 1 AS id",
    }  # fmt: skip
    assert (test.expect, test.of, str(test.place)) == ("", "a", "models/u.yml:3")
    assert [str(p) for p in test.lines] == [f"models/a.sql:{n}" for n in (1, 2, 3)]
    assert "main.orders" in project.nodes["a"].sql  # the node itself is as it was
    assert "today()" in project.nodes["a"].sql


# --- profiles


def test_profiles(load, tmp_path, monkeypatch):
    """The path is meant from the project's folder; target and variables may be given."""
    monkeypatch.setenv("SHOP_SCHEMA", "mart")
    files = {
        "dbt_project.yml": "name: p\nprofile: shop",
        "profiles.yml": """
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb, schema: "{{ env_var('SHOP_SCHEMA') }}", threads: 2}
    memory: {type: duckdb}
    other: {type: postgres}
""",
        "models/a.sql": "{{ target.name }} {{ target.database }} {{ ref('orders') }}",
    }
    project = load(files)
    assert project.database == tmp_path / "shop.duckdb"
    assert (project.schema, project.nodes["a"].sql) == ("mart", "dev shop mart.orders")
    assert load(files, schema="own").nodes["a"].sql == "dev shop own.orders"
    project = load(files, target="memory")
    assert (project.database, project.schema) == (None, "main")
    with pytest.raises(ProjectError, match="profiles.yml:2: .*no target 'deb'. Wanted: dev"):
        load(files, target="deb")
    with pytest.raises(ProjectError, match=r"profiles.yml:7: .*not a DuckDB.*postgres"):
        load(files, target="other")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path / "elsewhere"))
    assert load(files).database is None  # there is none in that folder
    with pytest.raises(ProjectError, match=r"There is no profiles.yml"):
        load(files, target="dev")


# --- what is wrong is named


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("models/m.yml", "models:\n  - name: orders\n    discription: x",
         "m.yml:3: an entry of models has no 'discription'. Wanted: description"),
        ("models/m.yml", "modles: []", "m.yml:1: .*no 'modles'. Wanted: models"),
        ("models/m.yml", "models:\n  - name: orderz", "m.yml:2: .*'orderz'.*Wanted: orders"),
        ("models/m.yml", "models:\n  - name: orders\n  - name: orders", "m.yml:3: .*twice.*yml:2"),
        ("models/m.yml", "models: [{name: orders, columns: [{name: a}, {name: A}]}]",
         "m.yml:1: .*'A' is described twice"),
        ("models/m.yml", "models: [{name: orders, columns: {name: a}}]", "m.yml:1: columns is not"),
        ("models/m.yml", "models:\n- name: orders\n  columns:\n  - name: a\n    tests: unique",
         "m.yml:5: tests is not a list"),
        ("models/m.yml", "models:\n- name: orders\n  data_tests:\n  - uniq",
         "m.yml:4: there is no data test 'uniq'. Wanted: unique"),
        ("models/m.yml", "models: [{name: orders, data_tests: [{unique: {column: a}}]}]",
         "m.yml:1: the data test 'unique' takes no 'column'. Wanted: column_name"),
        ("models/m.yml", "models: [{name: orders, data_tests: [unique]}]",
         "m.yml:1: .*lacks an argument.*column_name"),
        ("models/m.yml", "models: [{name: orders, data_tests: [{unique: {column_name: a, "
         "config: {error_if: '>5'}}}]}]", "m.yml:1: The light runner counts no failures"),
        ("models/m.yml", "models: [{name: orders, data_tests: [{unique: {column_name: a, "
         "severity: loud}}]}]", "m.yml:1: severity is neither.*Seen: loud"),
        ("models/m.yml", "models: [{name: orders, data_tests: [dbt_utils.at_least_one]}]",
         "m.yml:1: The light runner uses no packages.*dbt_utils"),
        ("models/m.yml", "models: [{name: orders, data_tests: [{relationships: "
         "{column_name: a, to: ref('ordrs'), field: b}}]}]",
         "m.yml:1: ref.'ordrs'.*Wanted: orders"),
        ("models/m.yml", "models: [{name: orders, columns: [{name: a, tests: [unique, unique]}]}]",
         "m.yml:1: two tests are called 'unique_orders_a'"),
        ("models/m.yml", "models: [{name: orders, config: {contract: {enforced: true}}}]",
         "m.yml:1: the contract of orders has no columns"),
        ("models/m.yml", "models:\n- name: orders\n  config: {contract: {enforced: true}}\n"
         "  columns:\n  - name: a", "m.yml:5: the contract needs the type of column 'a'"),
        ("models/m.yml", "models:\n- name: orders\n  config: {contract: true}\n  columns:\n"
         "  - name: a\n    data_type: INT\n    constraints: [{type: check}]",
         "m.yml:7: The light runner checks not_null alone"),
        ("models/m.yml", "models: [{name: orders, versions: [{v: 1}]}]", "m.yml:1: .*no versions"),
        ("models/m.yml", "models: [{name: orders, config: {post_hook: x}}]", "m.yml:1: .*no hooks"),
        ("models/m.yml", "models: [{name: orders, description: \"{{ doc('x') }}\"}]",
         "m.yml:1: doc..x.. names no docs block"),
        ("models/m.yml", "models: [{name: orders, config: {a: \"{{ var('leest') }}\"}}]",
         "m.yml:1: var..leest.*Wanted: least"),
        ("models/m.yml", "models: [{name: orders, config: {a: \"{{ 'x' | as_number }}\"}}]",
         "m.yml:1: as_number is given.*Seen: x"),
        ("models/m.yml", "metrics: [{name: x}]", "m.yml:1: The light runner makes no metrics"),
        ("models/m.yml", "a: 1\na: 2", "m.yml:2 is not YAML.*twice"),
        ("models/s.yml", "sources:\n- name: s\n  tables:\n  - name: t\n    colums: []",
         "s.yml:5: a table of a source has no 'colums'. Wanted: columns"),
        ("models/s.yml", "sources: [{name: raw, tables: [{name: lines}]}]",
         "s.yml:1: the source raw.lines is declared twice.*_sources.yml:3"),
        ("models/s.yml", "sources: [{name: s, tables: [{name: t, freshness: {warn_after: "
         "{count: 1, period: week}}, loaded_at_field: x}]}]", "s.yml:1: warn_after is not a count"),
        ("models/s.yml", "sources: [{name: s, tables: [{name: t, freshness: {warn_after: "
         "{count: 1, period: day}}}]}]", "s.yml:1: freshness without a column"),
        ("models/s.yml", "sources: [{name: s, tables: [{name: t, meta: {plugin: excel}}]}]",
         "s.yml:1: .*through no plugin"),
        ("models/s.yml", "sources: [{name: s, tables: [{name: t, meta: {external_location: "
         "'{nam}'}}]}]", "s.yml:1: external_location has a placeholder"),
        ("models/e.yml", "exposures: [{name: e, type: board}]", "e.yml:1: .*another type.*board"),
        ("models/e.yml", "exposures:\n- name: e\n  type: ml\n  depends_on:\n  - ref('ordrs')",
         "e.yml:5: ref..ordrs.*Wanted: orders"),
        ("models/u.yml", "unit_tests:\n- {name: u, model: ordrs}", "u.yml:2: .*Wanted: orders"),
        ("models/u.yml", "unit_tests: [{name: u, model: orders, given: [], expect: {rows: []}}]",
         "models/orders.sql:1: the unit test 'u' at models/u.yml:1 gives no rows for source"),
        ("models/u.yml", "unit_tests: [{name: u, model: orders, given: [{input: \"source('raw', "
         "'lines')\", rows: 3}], expect: {rows: []}}]", "u.yml:1: the rows of input source.* 3"),
        ("models/u.yml", "unit_tests: [{name: u, model: orders, given: [{input: x}]}]",
         "u.yml:1: neither a ref.. nor a source"),
        ("models/u.yml", "unit_tests: [{name: u, model: orders, overrides: {macros: {f: 1}}}]",
         "u.yml:1: there is no macro 'f'"),
        ("models/u.yml", "unit_tests: [{name: u, model: orders, givn: []}]",
         "u.yml:1: .*no 'givn'. Wanted: given"),
        ("models/x.py", "def model(dbt, session): ...", "models/x.py:1: .*no python models"),
        ("snapshots/s.sql", "x", "snapshots/s.sql:1: The light runner makes no snapshots"),
        ("packages.yml", "packages: [{package: dbt-labs/x}]", "packages.yml:1: .*no packages"),
        ("dbt_project.yml", "name: p\non-run-start: [x]", "dbt_project.yml:2: .*runs no hooks"),
        ("dbt_project.yml", "name: p\nmodel-path: [x]", ":2: .*'model-path'. Wanted: model-paths"),
        ("dbt_project.yml", "name: p\nsources: {p: {+enabled: false}}", ":2: .*by folder"),
        ("profiles.yml", "p: {target: a, outputs: {a: {type: duckdb, attach: [{path: x}]}}}",
         "profiles.yml:1: .*of profiles.yml.*attach"),
        ("models/ORDERS.sql", "x", "Two files are called '(ORDERS|orders)'"),
        ("dbt_project.yml", "name: p\nmodels: {q: {+tags: x}}", "yml:2: models configures 'q'"),
        ("dbt_project.yml", "name: p\nmodels:\n  p:\n    +schema: x", ":1: .*in one schema"),
        ("profiles.yml", "q: {}", "profiles.yml has no profile 'p'. Wanted: q"),
        ("seeds/orders.csv", "a\n", "Two files are called 'orders'.*models/orders.sql and seeds"),
    ],
)  # fmt: skip
def test_mistakes_are_named(load, file, text, words):
    with pytest.raises(ProjectError, match=words) as caught:
        load({file: text})
    error = caught.value
    assert error.todo or error.wanted, error


# --- the project that comes with retailsql, beside dbt itself


def test_loading_is_fast():
    """Notebooks and the BI server load on every call: under a third of a second of work, warm."""
    load_project(ROOT / "sql")
    best = 9.0
    for _ in range(3):
        start = time.process_time()
        load_project(ROOT / "sql")
        best = min(best, time.process_time() - start)
    assert best < 0.33


@pytest.fixture(scope="module")
def dbt(tmp_path_factory):
    """dbt's manifest of the shipped project, compiled without a database."""
    pytest.importorskip("dbt.adapters.duckdb", reason="dbt-duckdb is not installed")
    root = tmp_path_factory.mktemp("dbt")
    shutil.copytree(ROOT / "sql", root / "sql")
    (root / "profiles.yml").write_text(
        "retail_shop: {target: dev, outputs: {dev: {type: duckdb, path: ':memory:'}}}"
    )
    env = {
        **os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_TARGET_PATH": str(root / "t"),
        "DBT_LOG_PATH": str(root / "l"), "DBT_PROFILES_DIR": str(root),
    }  # fmt: skip
    command = [sys.executable, "-m", "dbt.cli.main", "compile", "-q", "--project-dir", root / "sql"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((root / "t" / "manifest.json").read_text())


@pytest.mark.slow
def test_dbt_reads_the_same_nodes(dbt):
    """Same needs, sources, tags, descriptions, columns, contracts, and the same SQL to the word."""
    project = load_project(ROOT / "sql")
    theirs = [n for n in dbt["nodes"].values() if n["resource_type"] in ("model", "seed")]
    assert {n["name"] for n in theirs} == set(project.nodes)
    for n in theirs:
        mine = project.nodes[n["name"]]
        needs = _needs(n)
        assert (set(mine.needs), set(mine.sources)) == needs, n["name"]
        assert mine.kind == n["config"]["materialized"]
        assert sorted(mine.tags) == sorted(n["tags"])
        assert mine.description == n["description"].strip()
        assert mine.contract == n.get("contract", {}).get("enforced", False)
        columns = [(c["name"], c["data_type"] or "") for c in n["columns"].values()]
        assert [(c.name, c.type) for c in mine.columns] == columns
        if mine.kind != "seed":
            assert _words(mine.sql) == _words(n["compiled_code"]), n["name"]


@pytest.mark.slow
def test_dbt_reads_the_same_tests(dbt):
    """Same names, same needs, the same SQL where it is the project's own; same exposures."""
    project = load_project(ROOT / "sql")
    theirs = {n["name"]: n for n in dbt["nodes"].values() if n["resource_type"] == "test"}
    assert {t.name for t in project.tests} == set(theirs)
    for test in project.tests:
        n = theirs[test.name]
        assert (set(test.needs), set(test.sources)) == _needs(n), test.name
        assert test.warn == (n["config"]["severity"].lower() == "warn")
        assert test.of == (n.get("attached_node") or "..").split(".")[2]
        if test.kind not in ("unique", "not_null", "accepted_values", "relationships"):
            assert _words(test.sql) == _words(n["compiled_code"]), test.name
    assert {u.name for u in project.unit_tests} == {u["name"] for u in dbt["unit_tests"].values()}
    exposures = {e["name"]: _needs(e)[0] for e in dbt["exposures"].values()}
    assert {e.name: set(e.needs) for e in project.exposures} == exposures


def _needs(entry):
    """Names of nodes, and (source, table), of an entry of the manifest."""
    found = [key.split(".") for key in entry["depends_on"].get("nodes", [])]
    nodes = {k[2] for k in found if k[0] != "source"}
    return nodes, {(k[2], k[3]) for k in found if k[0] == "source"}


def _words(sql):
    """SQL without the quotes and the database that dbt puts before every name."""
    return sql.replace('"memory".', "").replace('"', "").lower().split()
