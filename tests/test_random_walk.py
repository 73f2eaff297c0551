"""Random edits and builds, dbt and light in turn: the tables are those of a build from scratch.

Ten files: seed, views, tables, an incremental one, a model of forty rows and its scores. After
each step everything is compared with what the light runner makes in a new database.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import duckdb
import pytest

import retailsql
from retailsql.runner.build import build
from retailsql.runner.project import load_project
from retailsql.training.train_once import train_once
from tests.dbt_project import SQL, Project

FILES = {
    "dbt_project.yml": "name: walk\nversion: '1.0'\nprofile: walk\nvars: {least: 0}\n"
    "model-paths: [models, training]\nmacro-paths: [macros]\nseed-paths: [seeds]\n",
    "profiles.yml": "walk: {target: dev, outputs: {dev: {type: duckdb, path: walk.duckdb, "
    "threads: 1, plugins: [{module: retailsql.adapters.dbt}]}}}\n",
    "seeds/codes.csv": "code,factor\na,1\nb,2\n",
    "macros/m.sql": "{% macro inner(x) %}({{ x }} + {{ var('least') }}){% endmacro %}\n"
    "{% macro outer(x) %}{{ inner(x) }} * 2{% endmacro %}\n",
    "models/_s.yml": "version: 2\nsources:\n  - name: raw\n    schema: raw\n"
    "    tables: [{name: orders}, {name: events}, {name: people}, {name: history}]\n",
    "models/stg_orders.sql": "{{ config(materialized='view') }}\n"
    "SELECT o.customer, o.amount * c.factor AS amount FROM {{ source('raw', 'orders') }} AS o\n"
    "JOIN {{ ref('codes') }} AS c USING (code) WHERE o.amount >= {{ var('least') }}",
    "models/stg_people.sql": "SELECT customer, x, y, hist, dec FROM {{ source('raw', 'people') }}",
    "models/features.sql": "{{ config(materialized='table') }}\n"
    "SELECT p.customer, p.x AS x, p.y AS y, p.hist, p.dec,\n"
    "    {{ outer('coalesce(sum(o.amount), 0)') }} AS total\n"
    "FROM {{ ref('stg_people') }} AS p LEFT JOIN {{ ref('stg_orders') }} AS o USING (customer)\n"
    "GROUP BY ALL",
    "models/daily.sql": "{{ config(materialized='incremental', unique_key='day') }}\n"
    "SELECT day, sum(v) AS v FROM {{ source('raw', 'events') }}\n"
    "{% if is_incremental() %}WHERE day >= (SELECT max(day) FROM {{ this }}){% endif %}\n"
    "GROUP BY day",
    "training/line.sql": "{{ config(materialized='model', model_type='LINEAR_REG',\n"
    "    label='total', options={'data_split_method': 'NO_SPLIT', 'deploy': 'always'}) }}\n"
    "SELECT x, y, CAST(dec AS DOUBLE) AS dec, CAST(total AS DOUBLE) AS total\n"
    "FROM {{ source('raw', 'history') }} ORDER BY customer",
    "models/fct_scores.sql": "{{ config(materialized='score', unique_key='customer',\n"
    "    keep=['total'], scores={'s': fn('line', 'predict') ~ '(r)',\n"
    "    'h': 'len(r.hist) + twice(r.x)', 'd': 'r.dec * 10'}) }}\n"
    "SELECT * FROM {{ ref('features') }} WHERE customer % 7 <> {{ var('least') }}",
    "models/summary.sql": "{{ config(materialized='table') }}\n"
    "SELECT sum(h) AS h, count(s) AS n FROM {{ ref('fct_scores') }}",
    "models/top.sql": "{{ config(materialized='view') }}\n"
    "SELECT * FROM {{ ref('summary') }}, (SELECT count(*) AS days FROM {{ ref('daily') }})",
}
RAW = """
CREATE SCHEMA raw; CREATE MACRO twice(a) AS a * 2;
CREATE TABLE raw.orders AS SELECT i AS id, CAST(i * 7 % 40 AS INTEGER) AS customer,
    ['a', 'b'][1 + i % 2] AS code, CAST(i * 13 % 50 AS DOUBLE) AS amount FROM range(200) AS t(i);
CREATE TABLE raw.people AS SELECT CAST(i AS INTEGER) AS customer, CAST(i * 1.5 AS DOUBLE) AS x,
    CAST(i * 37 % 11 AS DOUBLE) AS y, CAST([0, i % 3] AS INTEGER[]) AS hist,
    CAST(i + 0.25 AS DECIMAL(8, 2)) AS dec FROM range(40) AS t(i);
CREATE TABLE raw.history AS SELECT *, x * 3 + y AS total FROM raw.people;
CREATE TABLE raw.events AS SELECT CAST(i // 10 AS INTEGER) AS day, i AS v FROM range(100) AS t(i);
"""
STATEMENTS = (
    "UPDATE raw.people SET x = x + 1 WHERE customer = {n}",
    "UPDATE raw.people SET y = NULL WHERE customer = {n}",
    "UPDATE raw.people SET hist = list_prepend(0, hist) WHERE customer = {n}",
    "UPDATE raw.people SET hist = CASE WHEN len(hist) > 0 THEN [] END WHERE customer = {n}",
    "DELETE FROM raw.people WHERE customer = {n}",
    "INSERT INTO raw.people SELECT max(customer) + 1, {n}, 4, [0, 1], 2.5 FROM raw.people",
    "INSERT INTO raw.orders VALUES (1000, {n}, 'a', {n})",
    "DELETE FROM raw.orders WHERE id % 40 = {n}",
    "INSERT INTO raw.events SELECT max(day) + {n} % 2, {n} FROM raw.events",
    "ALTER TABLE raw.people ALTER dec TYPE DECIMAL(8, 1) USING dec * 10",
    "ALTER TABLE raw.people ALTER dec TYPE DECIMAL(10, 3) USING dec / 10",
    "CREATE OR REPLACE TABLE raw.people AS FROM raw.people ORDER BY hash(customer + {n})",
    "CREATE OR REPLACE MACRO twice(a) AS a * ({n} % 3)",
    "UPDATE main.features SET total = -1 WHERE customer < {n}",
    "DELETE FROM main.fct_scores WHERE customer < {n}",
    "DROP TABLE IF EXISTS main.fct_scores",
    "DROP VIEW IF EXISTS main.line",
    "DROP MODEL IF EXISTS line",
    "UPDATE raw.history SET total = total + 1 WHERE customer = {n}",
)
TEXTS = (
    ("models/features.sql", "p.x AS x, p.y AS y", "p.x AS y, p.y AS x"),
    ("models/features.sql", "p.hist, p.dec", "p.dec, p.hist"),
    ("models/fct_scores.sql", "r.dec * 10", "r.dec * 5"),
    ("models/fct_scores.sql", "['total']", "['total', 'x']"),
    ("macros/m.sql", "* 2", "* 3"),
    ("seeds/codes.csv", "a,1", "a,3"),
    ("dbt_project.yml", "least: 0", "least: 1"),
    ("models/summary.sql", "'table'", "'view'"),
    ("models/top.sql", "'view'", "'table'"),
)
OTHERWISE = {"scored_at", "trained_at", "model_version", "version"}
"""Columns that tell of how often and when something was made."""


def light(project, name="walk.duckdb", select=None):
    with retailsql.connect(project.folder / name) as con:
        report = build(con, load_project(project.folder), select, train=train_once)
    assert not report.failed, report.failed[0].error


def contents(file):
    found = {}
    with retailsql.connect(file, read_only=True) as con:
        for (name,) in con.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
        ).fetchall():
            columns = [c[:2] for c in con.execute(f"DESCRIBE main.{name}").fetchall()]
            columns = [c for c in columns if c[0] not in OTHERWISE]
            listed = ", ".join(f'"{c}"' for c, _ in columns)
            rows = con.execute(f"SELECT {listed} FROM main.{name} ORDER BY ALL").fetchall()
            found[name] = (columns, [repr(row) for row in rows])
    return found


def from_scratch(project):
    """What the light runner makes of the raw tables in a new database."""
    file = project.folder / "fresh.duckdb"
    file.unlink(missing_ok=True)
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{file}' AS fresh; ATTACH '{project.file}' AS walk (READ_ONLY)")
        con.execute("CREATE SCHEMA fresh.raw")
        for name in ("orders", "people", "events", "history"):
            con.execute(f"CREATE TABLE fresh.raw.{name} AS FROM walk.raw.{name}")
        ((twice,),) = con.execute(
            "SELECT macro_definition FROM duckdb_functions() WHERE function_name = 'twice'"
        ).fetchall()
        con.execute(f"CREATE MACRO fresh.twice(a) AS {twice}")
    light(project, file.name)
    return contents(file)


def edit(project, chance):
    """One edit; its words are in the assertion."""
    if chance.random() < 0.7:
        statement = chance.choice(STATEMENTS).format(n=chance.randrange(40))
        project.sql(statement)
        return statement
    file, one, other = chance.choice(TEXTS)
    text = (project.folder / file).read_text("utf-8")
    old, new = (other, one) if other in text else (one, other)
    project.write({file: text.replace(old, new)})
    return f"{file}: {new}"


def walk(folder, seed, steps, engines):
    project = Project(folder, folder / "walk.duckdb")
    project.write(FILES)
    shutil.copytree(SQL / "macros" / "retailsql", Path(folder) / "macros" / "retailsql")
    project.sql(RAW)
    light(project)
    chance, said = random.Random(seed), []
    for step in range(steps):
        for _ in range(chance.randrange(1, 3)):
            said.append(edit(project, chance))
        if chance.random() < 0.2:
            part = chance.choice(("+features", "codes+", "daily", "+fct_scores"))
            light(project, select=part)
            said.append(f"--select {part}")
        engine = chance.choice(engines)
        project.dbt("build") if engine == "dbt" else light(project)
        said.append(engine)
        assert contents(project.file) == from_scratch(project), f"step {step}: {said}"


def test_light_alone(tmp_path):
    walk(tmp_path, 1, 4, ["light"])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_light_alone_for_longer(tmp_path, seed):
    walk(tmp_path, seed, 25, ["light"])


@pytest.mark.slow
def test_both_engines_in_turn(tmp_path):
    pytest.importorskip("dbt.adapters.duckdb", reason="the extra dbt is not installed")
    walk(tmp_path, 4, 20, ["light", "dbt"])
