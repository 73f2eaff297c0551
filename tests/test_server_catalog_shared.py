"""Statements that ask the catalog are planned once for all sessions, and answer as if they were
planned each for itself."""

from __future__ import annotations

import pytest

from retailsql.adapters.server import catalog
from retailsql.adapters.server.backend.query import Query
from retailsql.dialect.tokens import tokenize
from tests.server_sessions import READER, WRITER, Extended, ask, enter, make_door, make_file
from tests.server_support.catalog_shop import asked

COLUMNS = (
    "SELECT a.attname, a.attnum FROM pg_catalog.pg_class c JOIN pg_attribute a "
    "ON a.attrelid = c.oid WHERE c.oid = '{}' AND a.attnum > 0 ORDER BY a.attnum"
)


@pytest.fixture
def door(tmp_path):
    make_file(tmp_path / "shop.duckdb")
    few = {"grants": READER, "row_limit": 5}
    users = {"anna": READER, "ben": ["read on schema raw"], "few": few, "will": WRITER}
    door = make_door(tmp_path / "shop.duckdb", tmp_path, **users)
    yield door
    door.close()


def number(session, name):
    (row,) = ask(session, f"SELECT oid FROM pg_class WHERE relname = '{name}'").rows
    return row[0]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("SELECT 1 FROM pg_class WHERE oid = '16385'", "SELECT 1 FROM pg_class WHERE oid = $1"),
        ("SELECT 1 FROM pg_class WHERE oid=16385 AND 1=1",
         "SELECT 1 FROM pg_class WHERE oid=$1 AND 1=1"),
        ("SELECT pg_table_is_visible('16385') FROM pg_class",
         "SELECT pg_table_is_visible($1::VARCHAR) FROM pg_class"),
        ("SELECT $2 FROM pg_class WHERE oid = '16385' ORDER BY 1",
         "SELECT $2 FROM pg_class WHERE oid = $3 ORDER BY 1"),
    ],
)  # fmt: skip
def test_numbers_of_things_become_parameters(text, wanted):
    found = catalog.lifted(text, tokenize(text))
    assert (found.text, found.values) == (wanted, ["16385"])


@pytest.mark.parametrize(
    "text",
    [
        "SELECT '16385' FROM pg_class",
        "SELECT '16385' AS \"= '16385'\" FROM pg_class -- = '16385'",
        "SELECT relname || '16385' FROM pg_class WHERE relname = 'a = ''16385'''",
        "SELECT 1 FROM pg_class WHERE oid = '16385'::oid",
        "SELECT 1 FROM pg_class WHERE oid = 16385 + 1",
        "SELECT 1 FROM pg_class WHERE relname = E'16385'",
        "SELECT 1 FROM pg_class WHERE attnum = 1",
        "SELECT nextval('16385') FROM pg_class, query_table('16385')",
    ],
)
def test_nothing_else_becomes_a_parameter(text):
    assert catalog.lifted(text, tokenize(text)).values == []


def test_what_names_nothing_of_the_catalog_is_left_alone():
    text = "SELECT * FROM items WHERE id = '16385'"
    assert catalog.lifted(text, tokenize(text)) is None


def test_another_table_in_another_session_is_not_planned_again(door, monkeypatch):
    will = enter(door, "will")
    ask(will, "CREATE TABLE other (a INTEGER, b TEXT)")
    planned, plan = [], Query._plan
    monkeypatch.setattr(Query, "_plan", lambda self, con: planned.append(1) or plan(self, con))
    assert ask(will, COLUMNS.format(number(will, "items"))).rows == [("id", "1"), ("name", "2")]
    before = len(planned)
    assert ask(will, COLUMNS.format(number(will, "other"))).rows == [("a", "1"), ("b", "2")]
    again = enter(door, "will")
    assert ask(again, COLUMNS.format(number(again, "items"))).rows == [("id", "1"), ("name", "2")]
    assert len(planned) == before + 1  # that of number(), for a name; its second is the session's


def test_each_sees_only_what_he_may(door):
    anna, ben = enter(door), enter(door, "ben")
    seen = COLUMNS.format(number(anna, "items"))
    assert len(ask(anna, seen).rows) == 2
    assert ask(ben, seen).rows == []


def test_new_names_are_seen_at_the_next_statement(door):
    anna, will = enter(door), enter(door, "will")
    text = "SELECT count(*) FROM pg_class WHERE relname = 'later' AND oid > '16384'"
    assert ask(anna, text).rows == [("0",)]
    ask(will, "CREATE TABLE later (a INTEGER)")
    assert ask(anna, text).rows == [("1",)]
    assert ask(anna, "SELECT pg_catalog.later() FROM pg_class LIMIT 1").state == "42883"


def test_in_a_transaction_that_changed_names_statements_are_planned_for_themselves(door):
    will = enter(door, "will")
    item = number(will, "items")
    text = f"SELECT c.oid = '{item}', x.* FROM pg_class c, items x WHERE c.oid = '{item}' LIMIT 1"
    assert len(ask(will, text).rows[0]) == 3
    ask(will, "BEGIN; ALTER TABLE items ADD COLUMN more INTEGER")
    assert len(ask(will, text).rows[0]) == 4
    assert len(ask(will, "SELECT * FROM items").rows[0]) == 3
    ask(will, "ROLLBACK")
    assert len(ask(will, text).rows[0]) == 3
    assert len(ask(will, "SELECT * FROM items").rows[0]) == 2


def test_errors_tell_the_place_in_the_statement_as_written(door):
    anna = enter(door)
    text = "SELECT nowhere FROM pg_class WHERE oid = '1234567890'"
    assert ask(anna, text).error.position == text.index("nowhere") + 1
    text = "SELECT 1 FROM pg_class WHERE oid = '1234567890' AND missing = 1"
    assert ask(anna, text).error.position == text.index("missing") + 1


def test_own_parameters_are_announced_and_bound_beside_them(door):
    anna = enter(door)
    item = number(anna, "items")
    text = f"SELECT attname FROM pg_attribute WHERE attrelid = '{item}' AND attnum = $1"
    for n, name in (("1", "id"), ("2", "name")):
        assert Extended(anna).run(text, [n])[0] == [(name,)]
    anna.prepare("p", text, [])
    assert len(anna.describe_statement("p").parameters) == 1


def test_the_answers_are_those_of_a_plan_of_its_own(door, monkeypatch):
    shared, alone = enter(door), enter(door)
    texts = [a.text for a in asked() if not a.values and "{" not in a.text][::3]
    texts += [a.text.replace("{rel:sales.orders}", number(shared, "items"))
              for a in asked() if not a.values and "{rel:sales.orders}" in a.text]  # fmt: skip
    found = {text: ask(shared, text) for text in texts}
    monkeypatch.setattr(catalog, "lifted", lambda *_: None)
    compared = 0
    for text, mine in found.items():
        own = ask(alone, text)
        if "activity" in text or "backend_pid" in text or mine.error:
            continue
        compared += 1
        assert (mine.names, sorted(map(str, mine.rows))) == (own.names, sorted(map(str, own.rows)))
        assert mine.state == own.state
    assert compared > 60


def test_rows_made_beside_the_catalog_count_in_the_end(door):
    few = enter(door, "few")
    assert len(ask(few, "SELECT typname FROM pg_type").rows) > 100
    found = ask(few, "SELECT 1 FROM pg_type t, range(10000) WHERE t.oid < 1000")
    assert found.state == "54000"
    assert len(found.rows) <= 100_000
    assert ask(few, "SELECT t.typname FROM pg_type t, range(6) r, items").state == "54000"
