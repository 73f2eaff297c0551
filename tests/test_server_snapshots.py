"""A plan runs on the names it was made with, though others write between BEGIN, plan and run."""

from contextlib import contextmanager

import duckdb
import pytest

from retailsql.adapters.server.backend.work import Work
from retailsql.adapters.server.generation import Generation
from tests.server_sessions import WRITER, ask, enter, make_door, make_file

CHANGES = "DROP TABLE items; CREATE TABLE items AS SELECT INTERVAL 1 DAY AS id, [1, 2] AS name"
OLD, NEW = [("0", "n0")], [("1 day", "{1,2}")]


@pytest.fixture
def door(tmp_path):
    path = make_file(tmp_path / "shop.duckdb", rows=1)
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE raw.seen AS SELECT 1 AS a")
    some = ["read on schema main", "read on table raw.seen"]
    made = make_door(path, tmp_path, anna=["read on database"], ben=some, will=WRITER)
    yield made
    made.close()


def test_a_transaction_sees_the_file_of_its_beginning_and_plans_for_it(door):
    anna, will = enter(door), enter(door, "will")
    assert ask(anna, "SELECT * FROM items").rows == OLD
    ask(anna, "BEGIN; SELECT 1")
    ask(will, CHANGES)
    assert ask(anna, "SELECT * FROM items").rows == OLD
    ask(anna, "COMMIT")
    assert ask(anna, "SELECT * FROM items").rows == NEW


def test_a_hidden_table_made_meanwhile_is_not_read_by_a_plan_for_another(door):
    ben, will = enter(door, "ben"), enter(door, "will")
    ask(ben, "SET search_path = raw, main")
    for text in ("SELECT name FROM items", "SELECT i.name FROM items i, pg_class LIMIT 1"):
        ask(will, "DROP TABLE IF EXISTS raw.items")
        assert ask(ben, text).rows == [("n0",)]
        ask(ben, "BEGIN; SELECT 1")
        ask(will, "CREATE TABLE raw.items AS SELECT 9 AS id, 'secret' AS name")
        assert ask(ben, text).rows == [("n0",)]
        ask(ben, "COMMIT")
        assert ask(ben, text).state in ("42501", "42P01")


def test_who_begins_while_a_write_is_committed_plans_anew(door, monkeypatch):
    anna, will = enter(door), enter(door, "will")
    before, committing, seen = "SELECT * FROM items", Generation.committing, []
    assert ask(anna, before).rows == OLD

    @contextmanager
    def and_asked_within(generation, names):
        with committing(generation, names):
            yield
            seen.append(ask(anna, before).rows)

    ask(will, "BEGIN; " + CHANGES)
    monkeypatch.setattr(Generation, "committing", and_asked_within)
    ask(will, "COMMIT")
    assert seen in ([OLD], [NEW])
    assert ask(anna, before).rows == NEW


def test_a_write_that_ends_as_a_kept_plan_begins_is_no_error(door, monkeypatch):
    anna, will = enter(door), enter(door, "will")
    assert ask(anna, "SELECT * FROM items").rows == OLD
    begin = Work.begin

    def behind_a_write(work, *how):
        monkeypatch.setattr(Work, "begin", begin)
        assert ask(will, CHANGES).state == "00000"
        return begin(work, *how)

    monkeypatch.setattr(Work, "begin", behind_a_write)
    assert ask(anna, "SELECT * FROM items").rows == NEW
