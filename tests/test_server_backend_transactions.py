"""Transaction blocks, savepoints and cursors, as PostgreSQL has them."""

import pytest

pytest.importorskip("scramp")
from retailsql.adapters.server.records import PgError
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
    made = make_door(make_file(tmp_path / "shop.duckdb"), tmp_path, anna=READER, will=WRITER)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("texts", "tags", "status"),
    [
        (["BEGIN"], ["BEGIN"], "T"),
        (["START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY"], ["START TRANSACTION"], "T"),
        (["BEGIN", "END"], ["BEGIN", "COMMIT"], "I"),
        (["BEGIN", "ABORT"], ["BEGIN", "ROLLBACK"], "I"),
        (["BEGIN; SELECT 1; COMMIT"], ["BEGIN", "SELECT 1", "COMMIT"], "I"),
        (["BEGIN", "COMMIT AND CHAIN"], ["BEGIN", "COMMIT"], "T"),
    ],
)
def test_blocks_begin_and_end(anna, texts, tags, status):
    found = [ask(anna, text) for text in texts]
    assert [t for f in found for t in f.tags] == tags
    assert found[-1].status == status


def test_a_failed_block_takes_nothing_but_its_end(anna):
    assert ask(anna, "BEGIN; SELECT 1/0").status == "E"
    assert ask(anna, "SELECT 1").state == "25P02"
    assert ask(anna, "SHOW timezone").state == "25P02"
    found = ask(anna, "COMMIT")
    assert found.tags == ["ROLLBACK"]
    assert found.status == "I"


def test_begin_and_end_out_of_place_warn(anna):
    assert [n.sqlstate for n in ask(anna, "BEGIN; BEGIN").notices] == ["25001"]
    ask(anna, "ROLLBACK")
    assert [n.sqlstate for n in ask(anna, "COMMIT").notices] == ["25P01"]
    assert [n.sqlstate for n in ask(anna, "ROLLBACK").notices] == ["25P01"]


def test_savepoints_make_a_reading_block_usable_again(anna):
    assert ask(anna, "BEGIN; SAVEPOINT a; SELECT 1/0").status == "E"
    assert ask(anna, "ROLLBACK TO SAVEPOINT a").tags == ["ROLLBACK"]
    assert ask(anna, "SELECT 1; RELEASE a").tags == ["SELECT 1", "RELEASE"]
    assert ask(anna, "ROLLBACK TO a").state == "3B001"
    ask(anna, "ROLLBACK")
    assert ask(anna, "SAVEPOINT a").state == "25P01"


def test_savepoints_behind_a_write_hold_as_long_as_nothing_has_to_be_undone(will):
    insert = "INSERT INTO notes VALUES (9, 'x')"
    ask(will, f"BEGIN; {insert}; SAVEPOINT a; SELECT 1; ROLLBACK TO a; RELEASE a")
    assert ask(will, f"SAVEPOINT b; {insert}; RELEASE b; COMMIT").tags[-1] == "COMMIT"
    assert ask(will, "SELECT count(*) FROM notes").rows == [("5",)]


@pytest.mark.parametrize("between", ["INSERT INTO notes VALUES (10, 'y')", "SELECT 1/0"])
def test_a_write_is_never_undone_by_half(will, between):
    ask(will, "BEGIN; INSERT INTO notes VALUES (9, 'x'); SAVEPOINT a")
    ask(will, between)
    found = ask(will, "ROLLBACK TO a")
    assert (found.state, found.status) == ("0A000", "E")
    assert ask(will, "COMMIT").tags == ["ROLLBACK"]
    assert ask(will, "SELECT count(*) FROM notes").rows == [("3",)]


def test_after_an_error_writes_are_undone_up_to_a_savepoint_before_them(will):
    ask(will, "BEGIN; SAVEPOINT a; INSERT INTO items VALUES (9, 'x'); SAVEPOINT b")
    assert ask(will, "SELECT 1/0").state == "22012"
    assert ask(will, "ROLLBACK TO b").state == "0A000"
    assert ask(will, "ROLLBACK TO a; SELECT count(*) FROM items WHERE id = 9").rows == [("0",)]
    ask(will, "INSERT INTO items VALUES (10, 'y')")
    assert ask(will, "SELECT id FROM items WHERE id > 8; ROLLBACK").rows == [("10",)]


def test_a_savepoint_takes_settings_and_cursors_back(anna):
    ask(anna, "BEGIN; DECLARE a CURSOR FOR SELECT 1; SET LOCAL timezone = 'Europe/Rome'")
    ask(anna, "SAVEPOINT s; SET LOCAL timezone = 'Asia/Tokyo'; DECLARE b CURSOR FOR SELECT 2")
    assert ask(anna, "ROLLBACK TO s; SHOW timezone").rows == [("Europe/Rome",)]
    assert ask(anna, "FETCH a").rows == [("1",)]
    assert ask(anna, "FETCH b").state == "34000"


def test_a_rolled_back_write_is_gone_and_a_committed_one_stays(will, anna):
    ask(will, "BEGIN; INSERT INTO notes VALUES (9, 'x')")
    assert ask(anna, "SELECT count(*) FROM notes").rows == [("3",)]
    ask(will, "ROLLBACK; BEGIN; INSERT INTO notes VALUES (9, 'x'); COMMIT")
    assert ask(anna, "SELECT count(*) FROM notes").rows == [("4",)]


def test_statements_of_one_message_stand_or_fall_together(will):
    ask(will, "INSERT INTO notes VALUES (8, 'x'); INSERT INTO notes VALUES (9, 'y'); SELECT 1/0")
    assert ask(will, "SELECT count(*) FROM notes").rows == [("3",)]


def test_read_only_blocks_refuse_writers_too(will):
    assert ask(will, "BEGIN READ ONLY; INSERT INTO notes VALUES (9, 'x')").state == "25006"
    ask(will, "ROLLBACK; SET default_transaction_read_only = on")
    assert ask(will, "INSERT INTO notes VALUES (9, 'x')").state == "25006"
    assert ask(will, "SELECT count(*) FROM notes").rows == [("3",)]


def test_cursors_are_fetched_moved_and_closed(anna):
    ask(anna, "BEGIN; DECLARE c NO SCROLL CURSOR FOR SELECT * FROM range(40000)")
    assert ask(anna, "FETCH c").rows == [("0",)]
    found = ask(anna, 'FETCH FORWARD 2 FROM "c"')
    assert found.rows == [("1",), ("2",)]
    assert found.tags == ["FETCH 2"]
    assert ask(anna, "MOVE 7 IN c").tags == ["MOVE 7"]
    assert ask(anna, "SELECT 42").rows == [("42",)]
    assert ask(anna, "FETCH NEXT FROM c").rows == [("10",)]
    assert ask(anna, "FETCH ALL FROM c").tags == ["FETCH 39989"]
    assert ask(anna, "FETCH 5 FROM c").tags == ["FETCH 0"]
    assert ask(anna, "CLOSE c").tags == ["CLOSE CURSOR"]
    assert ask(anna, "FETCH c").state == "34000"


def test_cursors_only_go_forward(anna):
    ask(anna, "BEGIN; DECLARE c CURSOR FOR SELECT 1; SAVEPOINT s")
    for text in ("FETCH PRIOR FROM c", "FETCH BACKWARD 2 FROM c", "FETCH FIRST FROM c"):
        assert ask(anna, text).state == "55000"
        ask(anna, "ROLLBACK TO s")


def test_cursors_end_with_the_block_unless_they_hold(anna):
    ask(anna, "BEGIN; DECLARE a CURSOR FOR SELECT 1; "
              "DECLARE b CURSOR WITH HOLD FOR SELECT * FROM range(40000); COMMIT")  # fmt: skip
    assert ask(anna, "FETCH a").state == "34000"
    assert ask(anna, "FETCH 2 FROM b").rows == [("0",), ("1",)]
    assert ask(anna, "FETCH ALL FROM b").tags == ["FETCH 39998"]
    assert ask(anna, "CLOSE ALL").tags == ["CLOSE CURSOR ALL"]


def test_a_cursor_reads_what_its_own_block_has_written(will):
    ask(will, "BEGIN; INSERT INTO notes SELECT i, 'm' FROM range(100, 40100) t(i)")
    ask(will, "DECLARE c CURSOR FOR SELECT id FROM notes ORDER BY id")
    assert ask(will, "FETCH 1 FROM c").rows == [("0",)]
    assert ask(will, "SELECT count(*) FROM notes").rows == [("40003",)]
    assert ask(will, "FETCH ALL FROM c").tags == ["FETCH 40002"]
    ask(will, "ROLLBACK")


def test_a_cursor_with_an_error_leaves_the_block_to_its_savepoint(anna):
    ask(anna, "BEGIN; DECLARE c CURSOR FOR SELECT * FROM range(40000); SAVEPOINT s")
    assert ask(anna, "SELECT 1/0").status == "E"
    ask(anna, "ROLLBACK TO s")
    assert ask(anna, "FETCH 1 FROM c").rows == [("0",)]


def test_a_pipeline_is_one_transaction(will):
    extended = Extended(will)
    extended.run("INSERT INTO notes VALUES (8, 'x')")
    with pytest.raises(PgError):
        extended.run("SELECT 1/0")
    will.fail()
    will.sync()
    assert ask(will, "SELECT count(*) FROM notes").rows == [("3",)]


def test_discard_all_forgets_everything(anna):
    ask(anna, "SET application_name = 'x'; PREPARE p AS SELECT 1")
    assert ask(anna, "DISCARD ALL").tags == ["DISCARD ALL"]
    assert ask(anna, "EXECUTE p").state == "26000"
    assert ask(anna, "BEGIN; DISCARD ALL").state == "25001"


def test_the_first_right_to_write_holds_for_the_next_statement(tmp_path):
    path = make_file(tmp_path / "shop.duckdb")
    root = {"grants": READER, "admin": True}
    door = make_door(path, tmp_path, root=root, will=WRITER, new=READER)
    admin, new = enter(door, "root"), enter(door, "new")
    insert = "INSERT INTO items VALUES (9, 'x')"
    assert ask(new, insert).state == "25006"
    assert ask(admin, "GRANT write ON SCHEMA main TO new").tags == ["GRANT"]
    assert ask(new, insert).tags == ["INSERT 0 1"]
    assert ask(admin, "REVOKE write ON SCHEMA main FROM new").tags == ["REVOKE"]
    assert ask(new, insert).state == "25006"
    new.close(), admin.close()
    door.close()


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("TRUNCATE notes", ["TRUNCATE TABLE"]),
        ("TRUNCATE TABLE notes", ["TRUNCATE TABLE"]),
        ("COMMENT ON TABLE notes IS 'it''s'", ["COMMENT"]),
        ("COMMENT ON COLUMN main.notes.name IS $x$a 'name'$x$", ["COMMENT"]),
        ("COMMENT ON COLUMN shop.main.notes.name IS NULL", ["COMMENT"]),
        ("WITH n AS (SELECT 7 AS id) INSERT INTO notes SELECT id, 'w' FROM n", ["INSERT 0 1"]),
        ("UPDATE notes SET name = i.name FROM items AS i WHERE i.id = notes.id", ["UPDATE 3"]),
        ("DELETE FROM notes USING items AS i WHERE i.id = notes.id RETURNING 1", ["DELETE 3"]),
    ],
)
def test_what_a_writer_may_say_besides_the_plain(will, text, tags):
    found = ask(will, text)
    assert (found.state, found.tags) == ("00000", tags)


def test_a_comment_is_in_the_catalog_at_once(will):
    ask(will, "COMMENT ON TABLE notes IS 'remarks'; COMMENT ON COLUMN notes.name IS 'who'")
    found = "SELECT obj_description('notes'::regclass), col_description('notes'::regclass, 2)"
    assert ask(will, found).rows == [("remarks", "who")]


@pytest.mark.parametrize("user", ["anna", "will"])
@pytest.mark.parametrize(
    "text", ["CREATE TEMP TABLE t AS SELECT 1", "CREATE TEMPORARY TABLE t (a INT)"]
)
def test_temporary_tables_are_refused_with_what_to_do_instead(door, user, text):
    session = enter(door, user)
    error = ask(session, text).error
    session.close()
    assert error.sqlstate == "42501"
    assert error.message == 'permission denied to create temporary tables in database "shop"'
    assert "WITH x AS" in error.hint
    assert ("CREATE TABLE x AS" in error.hint) == (user == "will")
