"""train_once: the same rows and options train once, whatever the words of the SELECT."""

from __future__ import annotations

import pytest

import retailsql
from retailsql.errors import TrainingError
from retailsql.training.train_once import train_once, trained_on

QUERY = "SELECT x, 2 * x + 1 AS y FROM points"
LINEAR = {"model_type": "LINEAR_REG", "label": "y", "data_split_method": "NO_SPLIT"}


@pytest.fixture
def points(con):
    con.execute("CREATE TABLE points AS SELECT CAST(i AS DOUBLE) AS x FROM range(40) AS r(i)")
    return con


def versions(con):
    return con.execute(
        "SELECT version FROM retailsql.versions WHERE model_name = 'line' ORDER BY 1"
    ).fetchall()


def test_the_first_call_trains_and_the_second_finds_it_unchanged(points):
    first = train_once(points, "line", LINEAR, QUERY)
    again = train_once(points, "line", LINEAR, QUERY)
    assert (first["status"], again["status"]) == ("trained", "unchanged")
    assert versions(points) == [(1,)]
    kept = [k for k in first if k not in ("status", "warning")]
    assert [again[k] for k in kept] == [first[k] for k in kept]


@pytest.mark.parametrize(
    "query",
    [
        QUERY + " -- a comment",
        QUERY + " ORDER BY x DESC",
        "SELECT x, x + x + 1 AS y FROM points;",
    ],
)
def test_words_and_order_of_the_select_do_not_matter(points, query):
    train_once(points, "line", LINEAR, QUERY)
    assert train_once(points, "line", LINEAR, query)["status"] == "unchanged"


@pytest.mark.parametrize(
    ("options", "query"),
    [
        (LINEAR, QUERY + " WHERE x < 39"),
        (LINEAR, "SELECT x, 2 * x + 1 + (x = 7)::INT AS y FROM points"),
        (LINEAR, "SELECT x AS z, 2 * x + 1 AS y FROM points"),
        (LINEAR, "SELECT CAST(x AS INTEGER) AS x, 2 * x + 1 AS y FROM points"),
        (LINEAR, "SELECT 2 * x + 1 AS y, x FROM points"),
        (LINEAR, f"{QUERY} UNION ALL {QUERY}"),
        ({**LINEAR, "l2_reg": 0.5}, QUERY),
    ],
)
def test_other_rows_columns_types_or_options_train_again(points, options, query):
    train_once(points, "line", LINEAR, QUERY)
    assert train_once(points, "line", options, query)["status"] == "trained"


def test_two_equal_rows_do_not_cancel_out(points):
    """An XOR of hashes would not tell two pairs of equal rows from two other pairs."""
    twice = (
        "SELECT x, x AS y FROM points WHERE x = {} UNION ALL SELECT x, x FROM points WHERE x = {}"
    )
    given = {"model_type": "LINEAR_REG"}
    one, other = (trained_on(points.connection, given, twice.format(i, i)) for i in (1, 2))
    assert one != other


def test_full_refresh_trains_what_is_unchanged(points):
    train_once(points, "line", LINEAR, QUERY)
    assert train_once(points, "line", LINEAR, QUERY, full_refresh=True)["version"] == 2


def test_a_version_made_by_hand_since_is_not_taken_for_the_remembered_one(points):
    train_once(points, "line", LINEAR, QUERY)
    points.execute(
        "CREATE OR REPLACE MODEL line OPTIONS(model_type='LINEAR_REG', input_label_cols=['y']) AS "
        "SELECT x, -x AS y FROM points"
    )
    assert train_once(points, "line", LINEAR, QUERY)["status"] == "trained"
    assert versions(points) == [(1,), (2,), (3,)]


def test_a_rolled_back_version_stays_deployed_while_nothing_changes(points):
    train_once(points, "line", LINEAR, QUERY)
    train_once(points, "line", LINEAR, QUERY + " WHERE x < 30")
    points.execute("ALTER MODEL line SET OPTIONS(deployed_version = 1)")
    row = train_once(points, "line", LINEAR, QUERY + " WHERE x < 30")
    assert (row["status"], row["version"], row["deployed"]) == ("unchanged", 2, False)


def test_a_worse_version_is_registered_and_not_deployed_unless_asked_for(points):
    split = {**LINEAR, "data_split_method": "SEQ", "data_split_col": "place"}
    good = "SELECT x, x AS place, 2 * x + 1 AS y FROM points"
    misled = "SELECT x, x AS place, CASE WHEN x < 30 THEN -x ELSE 2 * x + 1 END AS y FROM points"
    train_once(points, "line", split, good)
    assert train_once(points, "line", split, misled)["deployed"] is False
    always = {**split, "deploy": "always", "l2_reg": 0.1}
    assert train_once(points, "line", always, misled)["deployed"] is True


def test_how_to_deploy_is_no_reason_to_train(points):
    train_once(points, "line", LINEAR, QUERY)
    row = train_once(points, "line", {**LINEAR, "deploy": "never"}, QUERY)
    assert row["status"] == "unchanged"


def test_functions_dropped_with_their_schema_come_back_without_training(points):
    ask = "SELECT mart.line_predict(p) FROM points AS p WHERE x = 3"
    points.execute("CREATE SCHEMA mart")
    train_once(points, "mart.line", LINEAR, QUERY)
    before = points.execute(ask).fetchall()
    points.execute("DROP SCHEMA mart CASCADE")
    points.execute("CREATE SCHEMA mart")
    assert train_once(points, "mart.line", LINEAR, QUERY)["status"] == "unchanged"
    assert points.execute(ask).fetchall() == before


def test_a_description_is_kept_and_never_trains(points):
    train_once(points, "line", LINEAR, QUERY)
    told = {**LINEAR, "description": "a straight line"}
    assert train_once(points, "line", told, QUERY)["status"] == "unchanged"
    sql = "SELECT description FROM retailsql.model_versions WHERE model = 'line'"
    assert points.execute(sql).fetchall() == [("a straight line",)]


def test_what_was_trained_on_is_rolled_back_with_the_model(points):
    points.begin()
    train_once(points, "line", LINEAR, QUERY)
    points.rollback()
    assert train_once(points, "line", LINEAR, QUERY)["status"] == "trained"


def test_the_files_of_another_process_know_what_they_were_trained_on(tmp_path):
    for expected in ("trained", "unchanged"):
        with retailsql.connect(tmp_path / "shop.duckdb") as con:
            con.execute(
                "CREATE OR REPLACE TABLE points AS SELECT i::DOUBLE AS x FROM range(40) r(i)"
            )
            assert train_once(con, "line", LINEAR, QUERY)["status"] == expected


def test_a_label_given_twice_is_refused(points):
    with pytest.raises(TrainingError, match="The label is given twice"):
        train_once(points, "line", {**LINEAR, "input_label_cols": ["y"]}, QUERY)


def test_a_select_that_cannot_be_run_is_told_by_training(points):
    with pytest.raises(TrainingError, match="The training SELECT cannot be run"):
        train_once(points, "line", LINEAR, "SELECT z FROM points")
    assert "retailsql" not in str(
        points.execute("SELECT schema_name FROM duckdb_schemas()").fetchall()
    )


def test_a_select_that_hashing_cannot_read_alone_still_trains(points):
    """ML functions of other models may stand in it, as in CREATE MODEL."""
    train_once(points, "line", LINEAR, QUERY)
    stacked = "SELECT predicted_y AS x, x AS y FROM ML.PREDICT(MODEL line, TABLE points)"
    assert train_once(points, "second", LINEAR, stacked)["status"] == "trained"
    assert train_once(points, "second", LINEAR, stacked)["status"] == "unchanged"
