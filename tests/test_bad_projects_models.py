"""Training and score files with one mistake each: the deployed version and its scores stay."""

import re

import pytest

from retailsql.errors import ProjectError
from retailsql.runner.build import build
from retailsql.runner.project import load_project
from retailsql.training.train_once import train_once
from tests.bad_project import check, held, replaced, write

GOOD = {
    "dbt_project.yml": "name: lines\n",
    "models/_sources.yml": "sources: [{name: raw, tables: [{name: points}]}]\n",
    "models/points.sql": "{{ config(materialized='table') }}\n"
    "SELECT id, x, y FROM {{ source('raw', 'points') }}\n",
    "training/line.sql": """\
{{ config(
    materialized='model', model_type='LINEAR_REG', label='y',
    options={'data_split_method': 'NO_SPLIT'}) }}
SELECT x, y
FROM {{ ref('points') }}
""",
    "models/scored.sql": """\
{{ config(materialized='score', unique_key='id',
          scores={'guess': ref('line').schema ~ '.' ~ ref('line').identifier ~ '_predict(r)'}) }}
SELECT id, x FROM {{ ref('points') }}
""",
    "models/after.sql": "{{ config(materialized='table') }}\n"
    "SELECT count(*) AS n FROM {{ ref('scored') }}\n",
    "models/beside.sql": "{{ config(materialized='table') }}\n"
    "SELECT max(x) AS x FROM {{ ref('points') }}\n",
}


def changed(file, old, new):
    return replaced(file, old, new, GOOD)


BEHIND = {"scored", "after"}
FAILING = {
    "a label that is no column": (
        changed("training/line.sql", "label='y'", "label='z'"),
        "line", "training/line.sql:", r"\bz\b.*\by\b", BEHIND,
    ),
    "no rows to train on": (
        changed("training/line.sql", "('points') }}", "('points') }}\nLIMIT 0"),
        "line", "training/line.sql:", "no rows|0 rows", BEHIND,
    ),
    "a label that is NULL everywhere": (
        changed("training/line.sql", "SELECT x, y", "SELECT x, CAST(NULL AS DOUBLE) AS y"),
        "line", "training/line.sql:", "NULL", BEHIND,
    ),
    "an option that does not exist": (
        changed("training/line.sql", "data_split_method", "data_split_methot"),
        "line", "training/line.sql:", "methot.*data_split_method", BEHIND,
    ),
    "a model type that does not exist": (
        changed("training/line.sql", "LINEAR_REG", "LINEAR_REGG"),
        "line", "training/line.sql:", "LINEAR_REGG.*LINEAR_REG", BEHIND,
    ),
    "training SQL that does not bind": (
        changed("training/line.sql", "SELECT x, y", "SELECT x, why"),
        "line", "training/line.sql:", "Binder Error.*why", BEHIND,
    ),
    "a key twice": (
        changed("models/scored.sql", "SELECT id", "SELECT id // 2 AS id"),
        "scored", "models/scored.sql", "not unique: 100 rows, 50 keys", {"after"},
    ),
    "a key that is NULL": (
        changed("models/scored.sql", "SELECT id", "SELECT nullif(id, 7) AS id"),
        "scored", "models/scored.sql", "NULL in 1 of 100 rows", {"after"},
    ),
    "a row without a column that the model takes": (
        changed("models/scored.sql", "SELECT id, x", "SELECT id, x AS ecks"),
        "scored", "models/scored.sql", r"\bx\b.*ecks", {"after"},
    ),
    "a score that fails half way": (
        changed("models/scored.sql", "'_predict(r)'",
                "'_predict(r) + CAST(CASE WHEN r.id = 77 THEN chr(120) ELSE chr(49) END AS INT)'"),
        "scored", "models/scored.sql", "Could not convert string 'x'", {"after"},
    ),
    "a score file without a key": (
        changed("models/scored.sql", "unique_key='id',", ""),
        "scored", "models/scored.sql", "unique_key", {"after"},
    ),
}  # fmt: skip


@pytest.fixture
def points(con):
    con.execute("CREATE SCHEMA raw")
    con.execute(
        "CREATE TABLE raw.points AS "
        "SELECT range AS id, range::DOUBLE AS x, 2.0 * range + 1 AS y FROM range(100)"
    )
    return con


def versions(con):
    return con.execute("SELECT * FROM retailsql.models").fetchall()


@pytest.mark.parametrize("mistake", FAILING)
def test_a_model_or_score_that_fails_leaves_the_deployed_one(points, tmp_path, mistake):
    changes, failed, place, words, skipped = FAILING[mistake]
    report = build(points, load_project(write(tmp_path, GOOD)), train=train_once)
    assert report.exit_status == 0, [str(r.error) for r in report.failed]
    before, models = held(points), versions(points)
    assert before["after"] == [(100,)]
    report = build(points, load_project(write(tmp_path, GOOD | changes)), train=train_once)
    check(report, failed, place, words, skipped)
    assert held(points) == before
    assert versions(points) == models
    report = build(points, load_project(write(tmp_path, GOOD)), train=train_once)
    assert report.exit_status == 0
    assert held(points) == before


def test_a_score_before_its_model_is_trained_says_so(points, tmp_path):
    project = load_project(write(tmp_path, GOOD))
    report = build(points, project)  # no trainer
    assert {r.name for r in report if r.status == "skipped"} == {"line", *BEHIND}
    assert "train" in next(r.reason for r in report if r.name == "scored")
    report = build(points, project, "scored", train=train_once)
    (failed,) = report.failed
    assert re.match(r"models/scored\.sql:\d+: ", failed.error.fact)
    assert "--select +scored" in str(failed.error)


def test_two_models_behind_one_score_file(points, tmp_path):
    two = changed("models/scored.sql", "SELECT id, x", "-- {{ ref('other') }}\nSELECT id, x")
    other = {"training/other.sql": GOOD["training/line.sql"]}
    try:
        report = build(points, load_project(write(tmp_path, GOOD | two | other)), train=train_once)
        said = "".join(str(r.error) for r in report.failed)
    except ProjectError as error:
        said = str(error)
    assert re.search(r"models/scored\.sql", said)
    assert re.search("line.*other", said)
