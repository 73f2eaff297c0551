"""Statements of a session: tags, rows, errors, settings, prepared statements, limits."""

import json
import threading
import time

import pytest

pytest.importorskip("scramp")
from retailsql.adapters.server.records import CopyData, Empty, PgError
from tests.server_sessions import (
    READER,
    WRITER,
    Extended,
    ask,
    enter,
    make_door,
    make_file,
    session_of,
)

anna = session_of("anna")
will = session_of("will", "CREATE OR REPLACE TABLE notes AS SELECT * FROM items")


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("door")
    path = make_file(tmp_path / "shop.duckdb")
    made = make_door(
        path, tmp_path, tmp_path / "audit.log", anna=READER, will=WRITER,
        few={"grants": READER, "row_limit": 5, "time_limit": "300ms", "sessions": 1},
    )  # fmt: skip
    yield made
    made.close()
    made._audit.close()


def test_statements_of_one_message_are_answered_one_by_one(anna):
    found = ask(anna, "SELECT 1; SELECT name FROM items ORDER BY id; ; SHOW server_version_num")
    assert found.tags == ["SELECT 1", "SELECT 3", "SHOW"]
    assert found.rows == [("1",), ("n0",), ("n1",), ("n2",), ("150000",)]
    assert ask(anna, " ; -- nothing\n").other == [Empty()]


def test_after_an_error_the_rest_is_not_run_and_the_place_is_told(anna):
    found = ask(anna, "SELECT 1; SELECT * FROM nothing; SELECT 2")
    assert found.tags == ["SELECT 1"]
    assert found.state == "42P01"
    assert found.error.position == 25
    assert found.status == "I"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("SELECT 1/0", "22012"), ("SELECT nope", "42703"), ("bogus", "42601"),
        ("SELECT 'open", "42601"), ("SELECT $1", "42P02"), ("SHOW nothing_such", "42704"),
        ("SET TimeZone = 'Mars/Base'", "22023"), ("SET server_version = '9'", "55P02"),
        ("INSERT INTO items VALUES (1, 'x')", "25006"), ("COPY items FROM STDIN", "25006"),
        ("COPY items TO '/tmp/x'", "42501"), ("COPY items TO PROGRAM 'sh'", "42501"),
        ("FETCH 1 FROM nothing", "34000"), ("EXECUTE nothing", "26000"),
        ("DECLARE c CURSOR FOR SELECT 1", "25P01"), ("LOCK TABLE items", "25P01"),
        ("ATTACH 'x'", "42501"), ("INSTALL httpfs", "42501"), ("DO $$ x $$", "0A000"),
        ("CREATE MODEL m OPTIONS(model_type='linear_reg') AS SELECT 1 AS label", "42501"),
        ("EXPORT MODEL m OPTIONS(uri='/tmp/m.onnx')", "42501"), ("SET ROLE will", "42501"),
        ("GRANT read ON DATABASE shop TO anna", "42501"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_postgresqls_code(anna, text, state):
    assert ask(anna, text).state == state
    assert ask(anna, "SELECT 1").rows == [("1",)]


def test_writers_write_and_tags_count(will, door):
    assert ask(will, "CREATE TABLE t (a INTEGER)").tags == ["CREATE TABLE"]
    assert ask(will, "INSERT INTO t SELECT * FROM range(4)").tags == ["INSERT 0 4"]
    assert ask(will, "UPDATE t SET a = a + 1 WHERE a < 2").tags == ["UPDATE 2"]
    found = ask(will, "DELETE FROM t WHERE a = 1 RETURNING a")
    assert found.tags == ["DELETE 1"]
    assert found.rows == [("1",)]
    assert ask(will, "CREATE TABLE u AS SELECT * FROM t").tags == ["SELECT 3"]
    assert ask(enter(door), "SELECT count(*) FROM u").rows == [("3",)]
    assert ask(will, "DROP TABLE u").tags == ["DROP TABLE"]


def test_parameters_are_typed_by_client_text_or_guess(anna):
    extended = Extended(anna)
    assert extended.run("SELECT $1::int + 1, $2, $3::date", [4, "x", "2024-01-02"])[0] == [
        ("5", "x", "2024-01-02")
    ]
    anna.prepare("s", "SELECT $1, $2 + 1, $3::date, $4", [0, 0, 0, 20])
    assert anna.describe_statement("s").parameters == [25, 23, 1082, 20]
    assert [f.oid for f in anna.describe_statement("s").fields] == [25, 23, 1082, 20]
    anna.sync()


def test_a_bind_with_too_few_values_is_refused(anna):
    anna.prepare("", "SELECT $1, $2", [])
    with pytest.raises(PgError) as caught:
        anna.bind("", "", [], [b"1"], [])
    assert caught.value.sqlstate == "08P01"


def test_a_portal_hands_out_rows_and_others_run_meanwhile(anna):
    extended = Extended(anna)
    ask(anna, "BEGIN")
    rows, tag = extended.run("SELECT * FROM range(50000)", portal="p", max_rows=3)
    assert (rows, tag) == ([("0",), ("1",), ("2",)], "suspended")
    assert extended.run("SELECT count(*) FROM items") == ([("3",)], "SELECT 1")
    assert extended.go("p", 2) == ([("3",), ("4",)], "suspended")
    rows, tag = extended.go("p")
    assert len(rows) == 49995
    assert tag == "SELECT 49995"
    anna.sync()
    assert ask(anna, "COMMIT").status == "I"


def test_a_portal_ends_with_its_implicit_transaction(anna):
    extended = Extended(anna)
    extended.run("SELECT * FROM range(50)", portal="p", max_rows=3)
    anna.sync()
    with pytest.raises(PgError) as caught:
        extended.go("p")
    assert caught.value.sqlstate == "34000"


def test_prepared_statements_survive_and_tell_a_changed_shape(anna, will):
    anna.prepare("s", "SELECT * FROM notes", [])
    assert len(anna.describe_statement("s").fields) == 2
    anna.sync()
    ask(will, "INSERT INTO notes VALUES (9, 'x')")
    anna.bind("", "s", [], [], [])
    assert len(Extended(anna).go()[0]) == 4
    anna.sync()
    ask(will, "ALTER TABLE notes ADD COLUMN more INTEGER")
    with pytest.raises(PgError, match="cached plan must not change result type"):
        anna.bind("", "s", [], [], [])


def test_sql_prepare_takes_values_as_expressions(anna):
    found = ask(anna, "PREPARE p(int, text) AS SELECT $1 + 1, $2; EXECUTE p(2 * 3, 'it''s')")
    assert found.tags == ["PREPARE", "SELECT 1"]
    assert found.rows == [("7", "it's")]
    assert ask(anna, "EXECUTE p(1)").state == "42601"
    assert ask(anna, "EXECUTE p(1, (SELECT secret FROM retailsql.versions))").state != "00000"
    assert ask(anna, "DEALLOCATE p; EXECUTE p(1, 'x')").state == "26000"


def test_settings_are_set_shown_reset_and_reported(anna):
    first = anna.parameters()
    assert first["server_version"].startswith("15.0 (retailsql")
    assert first["TimeZone"] == "UTC"
    ask(anna, "SET TIME ZONE 'europe/berlin'; SET statement_timeout = '90s'")
    assert anna.parameters() == {"TimeZone": "Europe/Berlin"}
    assert ask(anna, "SHOW statement_timeout; SHOW timezone").rows == [
        ("90s",), ("Europe/Berlin",)
    ]  # fmt: skip
    found = ask(anna, "SELECT TIMESTAMPTZ '2024-07-01 12:00:00+00', current_setting('TimeZone')")
    assert found.rows == [("2024-07-01 14:00:00+02", "Europe/Berlin")]
    ask(anna, "RESET ALL")
    assert anna.parameters() == {"TimeZone": "UTC"}


def test_set_is_undone_by_rollback_and_local_by_any_end(anna):
    ask(anna, "BEGIN; SET application_name = 'a'; SET LOCAL statement_timeout = 5000")
    assert ask(anna, "SHOW statement_timeout").rows == [("5s",)]
    ask(anna, "ROLLBACK")
    found = ask(anna, "SHOW application_name; SHOW statement_timeout")
    assert found.rows == [("",), ("0",)]


def test_the_search_path_finds_tables_of_a_schema(will):
    ask(will, "CREATE OR REPLACE TABLE raw.only_here AS SELECT 7 AS a")
    assert ask(will, "SELECT a FROM only_here").state == "42P01"
    assert ask(will, "SET search_path TO raw, nowhere, public").state == "00000"
    assert ask(will, "SELECT a FROM only_here").rows == [("7",)]
    assert ask(will, "SELECT count(*) FROM notes").rows == [("3",)]


def copied(found):
    """The payload of all CopyData messages."""
    data, out = b"".join(a.data for a in found.other if isinstance(a, CopyData)), b""
    while data:
        size = int.from_bytes(data[1:5], "big")
        out, data = out + data[5 : 1 + size], data[1 + size :]
    return out


def test_copy_streams_csv_and_text(anna):
    found = ask(anna, "COPY (SELECT id, name FROM items ORDER BY id LIMIT 2) TO STDOUT "
                      "WITH (FORMAT csv, HEADER, DELIMITER ';')")  # fmt: skip
    lines = copied(found)
    assert lines == b"id;name\n0;n0\n1;n1\n"
    assert found.tags == ["COPY 2"]
    old = ask(anna, "COPY items (name) TO STDOUT CSV HEADER")
    assert copied(old) == b"name\nn0\nn1\nn2\n"


def test_explain_is_one_column_of_lines(anna):
    found = ask(anna, "EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM items")
    assert found.names == [["QUERY PLAN"]]
    assert found.tags == ["EXPLAIN"]
    assert len(found.rows) > 3


SLOW = "SELECT count(*) FROM range(100000000) a, range(1000) b WHERE a.range * b.range % 7 = 3"


def test_cancel_stops_what_runs_and_nothing_else(anna):
    anna.cancel()
    assert ask(anna, "SELECT 1").state == "00000"
    timer = threading.Timer(0.2, anna.cancel)
    timer.start()
    begun = time.monotonic()
    found = ask(anna, SLOW)
    timer.join()
    assert found.state == "57014"
    assert time.monotonic() - begun < 2
    for _ in range(20):
        assert ask(anna, "SELECT 1").rows == [("1",)]


def test_a_cancel_meets_a_result_that_streams(anna):
    answers = anna.simple("SELECT * FROM range(10000000)")
    next(answers), next(answers)
    anna.cancel()
    with pytest.raises(PgError) as caught:
        list(answers)
    assert caught.value.sqlstate == "57014"
    anna.fail()
    anna.sync()
    assert ask(anna, "SELECT 1").rows == [("1",)]


def test_time_limits_are_the_smaller_of_role_and_setting(door, anna):
    few = enter(door, "few")
    assert "statement timeout" in str(ask(few, SLOW).error)
    few.close()
    ask(anna, "SET statement_timeout = 100")
    begun = time.monotonic()
    assert ask(anna, SLOW).state == "57014"
    assert time.monotonic() - begun < 2


def test_a_limit_of_the_role_is_shown_and_told(door):
    few = enter(door, "few")
    shown = ask(few, "SHOW statement_timeout; SET statement_timeout = 0; SHOW statement_timeout")
    assert shown.rows == [("300ms",), ("300ms",)]
    lower = "SET statement_timeout = 100; SHOW statement_timeout; RESET statement_timeout"
    assert ask(few, lower).rows == [("100ms",)]
    found = ask(
        few,
        "SELECT count(*) FROM range(100000) a, range(100000) b WHERE sin(a.range + b.range) > 2",
    )
    assert found.error.detail == "The limit of your role is 300ms a statement."
    with pytest.raises(PgError) as full:
        enter(door, "few")
    assert full.value.detail == "Its limit is 1 at a time."
    few.close()


def test_what_is_not_there_is_refused_with_a_hint(anna):
    assert ask(anna, "LISTEN x").state == "0A000"
    assert ask(anna, "UNLISTEN *").tags == ["UNLISTEN"]
    assert "lists all models" in ask(anna, "SHOW MODELS LIKE 'o%'").error.hint


def test_row_limits_send_so_many_and_then_an_error(door):
    few = enter(door, "few")
    assert len(ask(few, "SELECT * FROM range(5)").rows) == 5
    found = ask(few, "SELECT * FROM range(6)")
    assert found.state == "54000"
    assert len(found.rows) == 5
    few.close()


def test_sessions_are_counted_and_databases_named(door):
    first = enter(door, "few")
    with pytest.raises(PgError) as caught:
        enter(door, "few")
    assert caught.value.sqlstate == "53300"
    first.close()
    enter(door, "few").close()
    with pytest.raises(PgError) as caught:
        enter(door, "anna", database="nothing")
    assert caught.value.sqlstate == "3D000"


def test_every_statement_is_noted(door, anna):
    path = door._audit.path
    before = len(path.read_text().splitlines())
    ask(anna, "SELECT * FROM items; SELECT 1/0")
    ask(anna, "SELECT * FROM hidden")
    lines = [json.loads(line) for line in path.read_text().splitlines()[before:]]
    seen = [(x["statement"], x["rows"], x["sqlstate"]) for x in lines if x["event"] == "statement"]
    assert seen == [
        ("SELECT * FROM items", 3, "00000"), ("SELECT 1/0", 0, "22012"),
        ("SELECT * FROM hidden", 0, "42P01"),
    ]  # fmt: skip


def test_grants_count_from_the_next_statement(tmp_path):
    path = make_file(tmp_path / "shop.duckdb")
    door = make_door(
        path, tmp_path, root={"grants": READER, "admin": True}, new=["score on database"]
    )
    admin, new = enter(door, "root"), enter(door, "new")
    assert ask(new, "SELECT count(*) FROM items").state == "42501"
    assert ask(admin, "GRANT SELECT ON TABLE items TO new").tags == ["GRANT"]
    assert ask(new, "SELECT count(*) FROM items").rows == [("3",)]
    assert ask(admin, "REVOKE SELECT ON TABLE items FROM new").tags == ["REVOKE"]
    assert ask(new, "SELECT count(*) FROM items").state == "42501"
    door.close()


def test_a_session_left_in_mid_result_ends_clean(door):
    session = enter(door)
    answers = session.simple("SELECT * FROM range(10000000)")
    next(answers), next(answers)
    answers.close()
    session.close()
    session.close()
    assert door.warehouse._generations[None].users == 0
