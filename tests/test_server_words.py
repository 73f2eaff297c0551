"""What the door tells: of models used wrongly, of things that are not there, of itself."""

import json

import duckdb
import pytest

pytest.importorskip("scramp")
import retailsql
from retailsql.adapters.server.serialized import serialized
from tests.conftest import MODELS
from tests.server_sessions import READER, WRITER, Extended, ask, enter, make_door


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    with retailsql.connect(folder / "shop.duckdb") as con:
        inputs = {"a": "DOUBLE", "b": "DOUBLE", "c": "DOUBLE"}
        retailsql.import_onnx(con, "line", (MODELS / "line.onnx").read_bytes(), inputs=inputs)
        con.execute("CREATE TABLE t AS FROM (VALUES (1, 2.5, 4.0), (3, 0, 1)) v(a, b, c)")
        con.execute("CREATE SCHEMA raw; CREATE TABLE raw.customers AS SELECT 1 AS id, 2 AS a")
    made = make_door(
        folder / "shop.duckdb", folder, folder / "audit.log", anna=READER, will=WRITER,
        poor=["read on table t"], root={"grants": READER, "admin": True},
        few={"grants": READER, "row_limit": 1},
    )  # fmt: skip
    made.log = folder / "audit.log"
    yield made
    made.close()
    made._audit.close()


@pytest.fixture
def told(door):
    opened = []

    def tell(text, user="anna"):
        opened.append(enter(door, user))
        return ask(opened[-1], text)

    yield tell
    for session in opened:
        session.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "SELECT line_predict(a) FROM t",
            ["rows with a column 'a'", "by name: a := DOUBLE", "f(t)"],
        ),
        ("SELECT line_predict(a := 1)", ["b, c left out", "line_predict(t)", "c := DOUBLE"]),
        ("SELECT line_predict(1, 2)", ["does not take these arguments", "line_predict(t)"]),
        ("SELECT line_predict(a := 1, b := 2, c := 3, d := 4)", ["d no feature"]),
        ("SELECT line_predict(c) FROM raw.customers c", ["needs a column 'b'", "takes a, b, c"]),
        ("SELECT * FROM ML.PREDICT(MODEL line, TABLE raw.customers)", ["need a column 'b'"]),
    ],
)
def test_wrong_use_of_a_model_tells_what_it_takes(told, text, words):
    error = told(text).error
    said = f"{error.message} {error.detail} {error.hint}"
    assert error.sqlstate == "42804"
    assert [word for word in words if word not in said] == []
    assert "__" not in said


def test_a_model_that_one_may_not_use_is_not_explained(told):
    error = told("SELECT line_predict(a := 1)", "poor").error
    assert (error.sqlstate, "DOUBLE" in f"{error.detail}{error.hint}") == ("42501", False)


def test_lists_show_what_one_may_see(told):
    assert told("SHOW TABLES").rows == [("main", "t"), ("raw", "customers")]
    assert told("SHOW TABLES FROM raw").rows == [("raw", "customers")]
    assert told("SHOW ALL TABLES", "poor").rows == [("main", "t")]
    assert told("SHOW SCHEMAS").rows == [("main",), ("raw",)]
    assert told("SHOW DATABASES").rows == [("shop",)]


@pytest.mark.parametrize(
    ("text", "state", "hint"),
    [
        ("SELECT a INTO x FROM t", "0A000", "WITH x AS"),
        ("CREATE EXTENSION IF NOT EXISTS hstore", "42501", "There are none here"),
        ("SELECT * FROM retailsql.models", "42501", "SHOW MODELS"),
        ("SELECT * FROM (SHOW ALL TABLES)", "42501", "SHOW TABLES"),
    ],
)
def test_refusals_tell_another_way(told, text, state, hint):
    found = told(text)
    assert (found.state, hint in found.error.hint) == (state, True)
    assert "__" not in found.error.message


def test_a_row_limit_does_not_count_the_catalog(told):
    assert len(told("SELECT relname FROM pg_class", "few").rows) > 1
    assert told("SHOW TABLES", "few").error is None
    assert told("SHOW ALL", "few").error is None
    assert told("SELECT * FROM t", "few").state == "54000"
    assert told("SELECT t.a FROM t, pg_class", "few").state == "54000"
    assert told("SELECT line_predict(a := 1, b := 2, c := 3) FROM pg_class", "few").state == "54000"
    assert told("FROM range(3)", "few").state == "54000"
    cursor = "BEGIN; DECLARE c CURSOR FOR SELECT * FROM t; FETCH ALL FROM c"
    assert told(cursor, "few").state == "54000"


@pytest.mark.parametrize(
    ("what", "near"),
    [
        ("SELECT ON TABLE raw.custmers", "raw.customers"),
        ("EXECUTE ON FUNCTION lin_predict", "main.line"),
        ("score ON MODEL lin", "main.line"),
        ("read ON SCHEMA rwa", "raw"),
    ],
)
def test_a_right_on_what_is_not_there_is_given_and_told(told, what, near):
    found = told(f"GRANT {what} TO anna", "root")
    assert found.tags == ["GRANT"]
    assert [near in notice.hint for notice in found.notices] == [True]
    assert told(f"REVOKE {what} FROM anna", "root").tags == ["REVOKE"]


def test_a_right_on_what_is_there_is_given_without_a_word(told):
    assert told("GRANT read ON TABLE raw.customers TO poor", "root").notices == []
    assert told("REVOKE read ON TABLE raw.customers FROM poor", "root").tags == ["REVOKE"]


def test_drop_if_exists_of_nothing_is_a_notice(told):
    found = told("DROP TABLE IF EXISTS missing", "will")
    assert found.tags == ["DROP TABLE"]
    assert [n.message for n in found.notices] == ['table "missing" does not exist, skipping']
    assert told("DROP TABLE missing", "will").state == "42P01"
    assert told("DROP TABLE IF EXISTS missing").state == "25006"


def test_activity_shows_the_statement_as_it_was_written(told):
    text = "SELECT query FROM pg_stat_activity"
    assert told(text).rows == [(text,)]


def test_a_portal_fetched_in_parts_is_one_record(door):
    session = enter(door)
    text = "SELECT i /* in parts */ FROM range(5) r(i)"
    client = Extended(session)
    assert client.run(text, portal="p", max_rows=2)[1] == "suspended"
    assert client.go("p", 2)[1] == "suspended"
    assert client.go("p", 2)[0] == [("4",)]
    assert client.run(text + " LIMIT 4", portal="q", max_rows=2)[1] == "suspended"
    session.sync()
    session.close()
    records = [json.loads(line) for line in door.log.read_text().splitlines()]
    ours = {r["statement"]: r["rows"] for r in records if "in parts" in str(r.get("statement"))}
    count = sum("in parts" in str(r.get("statement")) for r in records)
    assert (count, ours) == (2, {text: 5, text + " LIMIT 4": 2})


def test_a_file_without_models_lists_none(tmp_path):
    duckdb.connect(str(tmp_path / "shop.duckdb")).close()
    door = make_door(tmp_path / "shop.duckdb", tmp_path)
    session = enter(door)
    found = ask(session, "SHOW MODELS")
    assert (found.state, found.rows) == ("00000", [])
    session.close()
    door.close()


def test_a_tree_is_made_once_for_two_who_ask():
    con = duckdb.connect()
    first = serialized(con, "SELECT 42 AS a")
    con.close()
    assert serialized(con, "SELECT 42 AS a") is first
