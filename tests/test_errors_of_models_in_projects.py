"""What fails while a model is trained or asked: file, line, and what to do, once."""

from __future__ import annotations

import re

import duckdb
import pytest

import retailsql
from retailsql.errors import SignatureError, TrainingError
from retailsql.runner.build import build
from retailsql.runner.project import load_project
from retailsql.training.train_once import train_once
from tests.bad_project import write

TRAINING = """\
{{ config(materialized='model', model_type='LINEAR_REG', label='y') }}
-- What it learns from.
SELECT a,
    b,
    y
FROM raw.t
WHERE a >= 0
"""
SCORES = """\
{{ config(
    materialized='score',
    unique_key='id',
    scores={
        'guess': fn('m', 'predict') ~ '(r)',
    }
) }}
SELECT id, a,
    b
FROM raw.t
"""


@pytest.fixture(params=["session", "connection"])
def con(request):
    con = retailsql.connect() if request.param == "session" else duckdb.connect()
    con.execute(
        "CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT range AS id, range % 7 * 1.0 AS a, "
        "range % 5 * 1.0 AS b, range % 7 * 2.0 AS y FROM range(100)"
    )
    yield con
    con.close()


def failed(con, folder, training=TRAINING, scores=None):
    files = {"dbt_project.yml": "name: shop\n", "training/m.sql": training}
    files |= {"models/s.sql": scores} if scores else {}
    report = build(con, load_project(write(folder, files)), train=train_once)
    (result,) = report.failed
    said = str(result.error)
    assert said.count("What to do: ") == 1, said
    return said


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("    b,", "    bb,", 4, 'Referenced column "bb" not found'),
        ("FROM raw.t", "FROM raw.tt", 6, "Table with name tt does not exist"),
        ("WHERE a >= 0", "WHERE\n  CAST('x' || a AS INT) > 0", 8, "Could not convert string 'x0"),
        ("WHERE a >= 0", "WHERE a >= 0\nGROUPED BY a", 8, 'syntax error at or near "GROUPED"'),
        ("    b,", "    nobody_score(b) AS b,", 4, "There is no function nobody_score"),
        ("    b,", "    nowhere(b) AS b,", 4, "Scalar Function with name nowhere does not exist"),
        ("    y\n", "    y AS z\n", 1, "has no column 'y'. Wanted: .*z.*input_label_cols"),
        ("WHERE a >= 0", "WHERE a > 99", 1, "returns no rows"),
    ],
)
def test_training_names_the_line(con, tmp_path, old, new, line, words):
    """Counted in the file, whose config() and comments the engine has never seen."""
    said = failed(con, tmp_path, TRAINING.replace(old, new))
    assert said.startswith(f"training/m.sql:{line}: the model was not trained: ")
    assert re.search(words, said)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("    b\n", "    bb\n", 9, 'Referenced column "bb" not found'),
        ("    b\n", "    b + 1 AS c\n", 4, "Model 'm' needs a column 'b' that is not there"),
        ("~ '(r)'", "~ '(r) + r.nothing'", 4, '"r" does not have a column named "nothing"'),
        ("SELECT id", "SELECT id % 2 AS id", 3, "unique_key id is not unique"),
        ("SELECT id", "SELECT nullif(id, 7) AS id", 3, "unique_key id is NULL in 1"),
    ],
)
def test_scores_name_the_line(con, tmp_path, old, new, line, words):
    """Of the SELECT, or of what config() asks for."""
    said = failed(con, tmp_path, scores=SCORES.replace(old, new))
    assert said.startswith(f"models/s.sql:{line}: "), said
    assert words in said


@pytest.mark.parametrize("schema", ["main", "dbt_anna"])
@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("{}.diff_predict(t)", "Model '{}' needs a column 'b' that is not there"),
        ("memory.{}.diff_predict(t)", "Model '{}' needs a column 'b' that is not there"),
        ('"{}" . diff_predict(t)', "Model '{}' needs a column 'b' that is not there"),
        ("{}.diff_predict(u)", "Column 'b' of model '{}' has the wrong type"),
    ],
)
def test_of_two_models_of_one_name_the_one_that_is_called_is_named(tiny, schema, call, words):
    """`diff` and `dbt_anna.diff`, as in a file that several people run dbt on."""
    with retailsql.connect() as con:
        con.execute("CREATE SCHEMA dbt_anna")
        retailsql.import_onnx(con, "diff", tiny("line_columns"))
        retailsql.import_onnx(con, "dbt_anna.diff", tiny("line_columns"))
        rows = "(SELECT 1.0 AS a) AS t, (SELECT 1.0 AS a, DATE '2026-01-01' AS b) AS u"
        name = "diff" if schema == "main" else "dbt_anna.diff"
        with pytest.raises(SignatureError, match=words.format(re.escape(name))):
            con.execute(f"SELECT {call.format(schema)} FROM {rows}")
        if schema == "main":
            with pytest.raises(SignatureError, match="Model 'diff'"):
                con.execute("SELECT diff_predict(t) FROM (SELECT 1.0 AS a) AS t")


def test_an_unknown_function_names_its_line(con, tmp_path):
    files = {"dbt_project.yml": "name: shop\n",
             "models/a.sql": "SELECT id,\n  nobody_score(a)\nFROM raw.t"}  # fmt: skip
    report = build(con, load_project(write(tmp_path, files)))
    assert str(report.failed[0].error).startswith("models/a.sql:2: There is no function nobody_s")


def test_what_is_to_be_done_is_said_once_by_create_model(con):
    """The error about a model in the training SELECT is told in its own words."""
    with pytest.raises(TrainingError) as error:
        options = {"model_type": "LINEAR_REG"}
        retailsql.create_model(con, "m", options, "SELECT a_score(y) FROM raw.t")
    assert str(error.value).count("What to do") == 1
    assert error.value.fact.startswith("The training SELECT cannot be run: There is no function")


def test_a_model_that_a_rule_beats_is_told_with_what_can_be_done(con, tmp_path):
    """`y` cannot be known from `b`: the rows that a test finds say fact, seen and wanted."""
    training = TRAINING.replace("SELECT a,", "SELECT").replace("    y\n", "    id * 17 % 23 AS y\n")
    yml = "models:\n  - name: m\n    data_tests: [beats_baseline]\n"
    files = {"dbt_project.yml": "name: shop\n", "training/m.sql": training, "training/_m.yml": yml}
    report = build(con, load_project(write(tmp_path, files)), train=train_once)
    assert re.fullmatch(
        r"training/_m.yml:3: beats_baseline_m_: Model m, version 1, does not beat its baseline. "
        r"Seen: \w+ [\d.]+. Wanted: better than .+ with [\d.]+. What to do: give m better features "
        r"or more rows, or try another model_type; `severity: warn` in its config lets the rest go "
        r"on\.",
        str(report.failed[0].error),
    )
