"""What short statements are spared: it is never a check, and the answers are the same."""

import duckdb
import pytest

pytest.importorskip("scramp")
from retailsql.adapters.server.backend import planning
from retailsql.adapters.server.policy import known
from retailsql.adapters.server.records import PgError
from tests.server_sessions import Extended, accounts, ask, enter, make_door, make_file

READS = ["read on schema main", "read on schema raw"]
WRITES = ["read on database", "write on database"]


@pytest.fixture
def door(tmp_path):
    path = make_file(tmp_path / "shop.duckdb")
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE raw.pay AS SELECT 'open' AS v")
    users = {"anna": READS, "bob": ["read on schema main"], "will": WRITES}
    made = make_door(path, tmp_path, **users)
    yield made
    made.close()


@pytest.fixture
def reads(monkeypatch):
    """How often the names of an instance were read."""
    counted, plain = [], known._read
    monkeypatch.setattr(known, "_read", lambda con: counted.append(con) or plain(con))
    return counted


@pytest.fixture
def binds(monkeypatch):
    """The texts that were bound."""
    counted, plain = [], planning.bind

    def bind(con, text, **how):
        counted.append(text)
        return plain(con, text, **how)

    monkeypatch.setattr(planning, "bind", bind)
    return counted


def test_names_are_read_once_for_all_sessions(door, reads):
    for user in ("anna", "bob", "anna"):
        session = enter(door, user)
        assert ask(session, "SELECT count(*) FROM items").rows == [("3",)]
        session.close()
    assert len(reads) == 1


def test_what_one_may_another_may_not_by_the_same_names(door):
    text = "SELECT v FROM raw.pay"
    sessions = [enter(door, user) for user in ("anna", "bob", "anna")]
    assert [ask(session, text).state for session in sessions] == ["00000", "42501", "00000"]
    for session in sessions:
        session.close()


def test_behind_a_write_each_reads_the_names_of_his_own_snapshot(door, reads):
    anna, bob, will = (enter(door, user) for user in ("anna", "bob", "will"))
    for session in (anna, bob):
        ask(session, "BEGIN")
        assert ask(session, "SELECT count(*) FROM items").rows == [("3",)]
    assert len(reads) == 1
    assert ask(will, "CREATE TABLE late AS SELECT 1 AS a").state == "00000"
    assert ask(anna, "SELECT a FROM late").state == "42P01"
    ask(anna, "ROLLBACK")
    assert ask(anna, "SELECT a FROM late").rows == [("1",)]
    assert len(reads) > 2
    for session in (anna, bob, will):
        session.close()


def test_a_write_that_is_under_way_ends_the_sharing_before_it_runs(door, reads):
    will, anna = enter(door, "will"), enter(door)
    ask(will, "BEGIN")
    assert ask(will, "CREATE TABLE late AS SELECT 1 AS a").state == "00000"
    assert ask(anna, "SELECT a FROM late").state == "42P01"
    ask(will, "COMMIT")
    assert ask(anna, "SELECT a FROM late").rows == [("1",)]
    will.close()
    anna.close()


def test_behind_a_write_new_sessions_share_names_again(door, reads):
    will = enter(door, "will")
    assert ask(will, "CREATE TABLE late AS SELECT 1 AS a").state == "00000"
    del reads[:]
    for user in ("anna", "bob", "anna"):
        session = enter(door, user)
        assert ask(session, "SELECT a FROM late").rows == [("1",)]
        session.close()
        assert ask(will, "INSERT INTO items VALUES (9, 'n')").state == "00000"
    assert len(reads) == 1
    will.close()


def test_a_transaction_that_makes_things_sees_them_and_shares_them_with_nobody(door):
    will, anna = enter(door, "will"), enter(door)
    ask(will, "BEGIN")
    for text in ("CREATE TABLE raw.new AS SELECT 1 AS a", "CREATE VIEW raw.old AS FROM raw.new"):
        assert ask(will, text).state == "00000"
    assert ask(will, "SELECT a FROM raw.old").rows == [("1",)]
    assert ask(anna, "SELECT a FROM raw.old").state == "42P01"
    ask(will, "ROLLBACK")
    assert ask(will, "SELECT a FROM raw.old").state == "42P01"
    will.close()
    anna.close()


def test_a_block_does_not_make_plans_anew(door, binds):
    anna = enter(door)
    for i in range(3):
        for text in ("BEGIN", "SELECT count(*) FROM items", ("COMMIT", "ROLLBACK")[i % 2]):
            assert ask(anna, text).state == "00000"
    assert len(binds) == 1
    anna.close()


def test_a_setting_of_a_block_is_followed_and_undone(door):
    anna = enter(door)
    shown = "SELECT current_setting('application_name')"
    ask(anna, "SET application_name = 'before'")
    for end, left in (("COMMIT", "before"), ("ROLLBACK", "before")):
        ask(anna, "BEGIN")
        assert ask(anna, shown).rows == [("before",)]
        ask(anna, "SET LOCAL application_name = 'within'")
        assert ask(anna, shown).rows == [("within",)]
        ask(anna, end)
        assert ask(anna, shown).rows == [(left,)]
    ask(anna, "BEGIN; SET search_path = raw")
    assert ask(anna, "SELECT v FROM pay").rows == [("open",)]
    ask(anna, "ROLLBACK")
    assert ask(anna, "SELECT v FROM pay").state == "42P01"
    anna.close()


@pytest.mark.parametrize("value", ['a"b', "a\\b", "{x=y, z}", "it's", "NULL", "", " é "])
def test_settings_reach_queries_letter_by_letter(door, value):
    anna = enter(door)
    written = value.replace("'", "''")
    assert ask(anna, f"SET my.own = '{written}'").state == "00000"
    assert ask(anna, "SELECT current_setting('my.own')").rows == [(value,)]
    anna.close()


def test_what_was_prepared_before_a_right_was_taken_is_refused_behind_it(door, tmp_path):
    anna = enter(door)
    anna.prepare("s", "SELECT v FROM raw.pay", [])
    anna.bind("p", "s", [], [], [])
    assert Extended(anna).go("p")[0] == [("open",)]
    anna.sync()
    accounts(tmp_path, anna=["read on schema main"], will=WRITES)
    with pytest.raises(PgError) as refused:
        anna.bind("p2", "s", [], [], [])
    assert refused.value.sqlstate == "42501"
    anna.fail()
    anna.close()


def test_columns_that_arrow_does_not_carry_come_the_longer_way(door):
    anna = enter(door)
    text = "SELECT 1, INTERVAL '300 years', {'a': 1}, 5::UHUGEINT, [INTERVAL '1 day']"
    assert ask(anna, text).rows == [("1", "300 years", '{"a":1}', "5", '{"1 day"}')]
    found = Extended(anna).run("SELECT $1::interval, $2::int", ["1 day", 7])
    assert found[0] == [("1 day", "7")]
    anna.close()
