"""What changes between the check of a statement and its run: rights, search path, names."""

import duckdb
import pytest

pytest.importorskip("scramp")
from retailsql.adapters.server.records import PgError
from tests.server_sessions import Extended, accounts, ask, enter, make_door, make_file, session_of

MINE = ["read on schema main", "read on schema raw"]


anna = session_of("anna")


@pytest.fixture
def door(tmp_path):
    path = make_file(tmp_path / "shop.duckdb")
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE SCHEMA hr; CREATE TABLE hr.items AS SELECT 9 AS id, 'secret' AS name")
        con.execute("CREATE TABLE raw.pay AS SELECT 'open' AS v; CREATE SCHEMA staff")
    made = make_door(path, tmp_path, anna=MINE, will=["read on database", "write on database"])
    yield made
    made.close()


def state_of(session, portal):
    try:
        return Extended(session).go(portal)[0]
    except PgError as error:
        session.fail()
        return error.sqlstate


@pytest.mark.parametrize("text", ["SELECT name FROM items", "EXPLAIN ANALYZE SELECT * FROM items"])
def test_a_search_path_set_behind_bind_opens_no_other_schema(anna, text):
    ask(anna, "BEGIN")
    anna.prepare("s", text, [])
    anna.bind("p", "s", [], [], [])
    ask(anna, "SET search_path = hr")
    assert state_of(anna, "p") == "42P01"


def test_a_right_taken_behind_bind_is_gone(anna, door, tmp_path):
    ask(anna, "BEGIN")
    anna.prepare("s", "SELECT v FROM raw.pay", [])
    anna.bind("p", "s", [], [], [])
    accounts(tmp_path, anna=["read on schema main"], will=["write on database"])
    assert state_of(anna, "p") == "42501"


def test_a_bound_portal_outlives_a_harmless_setting(anna):
    ask(anna, "BEGIN")
    anna.prepare("s", "SELECT name FROM items WHERE id = $1 AND $2 IS NULL", [0, 0])
    anna.bind("p", "s", [], [b"1", None], [])
    ask(anna, "SET application_name = 'x'")
    assert state_of(anna, "p") == [("n1",)]


def test_names_of_an_old_snapshot_are_not_used_behind_it(anna, door):
    will, other = enter(door, "will"), enter(door)
    for session in (other, anna):  # the first keeps the file from a checkpoint
        ask(session, "SET search_path = staff, raw")
        ask(session, "BEGIN")
        assert ask(session, "SELECT v FROM pay").rows == [("open",)]
    assert ask(will, "CREATE TABLE staff.pay AS SELECT 'secret' AS v").state == "00000"
    assert ask(anna, "SELECT v AS w FROM pay").rows == [("open",)]
    ask(anna, "COMMIT")
    for text in ("SELECT v FROM pay", "SELECT v AS w FROM pay", "SELECT v AS x FROM pay"):
        assert ask(anna, text).state == "42P01"
    for session in (will, other):
        session.close()


def test_rows_of_a_macro_count_though_the_catalog_is_asked_too(tmp_path):
    path = make_file(tmp_path / "shop.duckdb")
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE MACRO main.all_ids() AS TABLE SELECT id FROM items")
    door = make_door(path, tmp_path, anna={"grants": MINE, "row_limit": 2})
    session = enter(door)
    found = ask(session, "SELECT e.id FROM all_ids() AS e, (SELECT 1 FROM pg_class LIMIT 1)")
    assert (found.state, len(found.rows)) == ("54000", 2)
    assert ask(session, "SELECT relname FROM pg_class LIMIT 9").state == "00000"
    session.close()
    door.close()


def test_a_statement_that_comes_again_stays_in_the_instance_of_its_role(tmp_path):
    path = make_file(tmp_path / "shop.duckdb")
    door = make_door(path, tmp_path, anna={"grants": MINE, "memory_limit": "200MB"})
    session = enter(door)
    found = []
    for _ in range(3):
        ask(session, "BEGIN")
        ask(session, "SELECT name FROM items")
        found.append(session._ctx.work.generation is door.warehouse._generations["200MB"])
        ask(session, "COMMIT")
        ask(session, "SELECT name FROM items")
    assert found == [True] * 3
    session.close()
    door.close()
