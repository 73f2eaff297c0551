"""The instances that hold the file: one after the other, while results of the old stream on."""

import os
import subprocess
import sys
import threading
import time

import pytest

pytest.importorskip("scramp")
from retailsql.adapters.server.warehouse import Warehouse
from retailsql.errors import DatabaseOpenError, ProjectError
from tests.server_raw import eventually
from tests.server_sessions import READER, WRITER, ask, enter, make_door, make_file


@pytest.fixture
def path(tmp_path):
    return make_file(tmp_path / "shop.duckdb")


def renew(path, rows):
    other = path.with_name("new.duckdb")
    make_file(other, rows)
    os.replace(other, path)


def test_a_missing_file_and_one_that_is_no_database_say_what_to_do(tmp_path):
    with pytest.raises(DatabaseOpenError, match="no file"):
        Warehouse(tmp_path / "none.duckdb")
    (tmp_path / "x.duckdb").write_bytes(b"not a database at all" * 300)
    with pytest.raises(DatabaseOpenError, match="whole"):
        Warehouse(tmp_path / "x.duckdb")


def test_a_renamed_over_file_is_read_by_the_next_statement(path, tmp_path):
    door = make_door(path, tmp_path)
    session = enter(door)
    assert ask(session, "SELECT count(*) FROM items").rows == [("3",)]
    renew(path, 5)
    assert ask(session, "SELECT count(*) FROM items").rows == [("5",)]
    door.close()


def test_a_transaction_block_stays_in_the_old_file(path, tmp_path):
    door = make_door(path, tmp_path)
    session = enter(door)
    ask(session, "BEGIN; SELECT 1")
    renew(path, 5)
    assert ask(session, "SELECT count(*) FROM items").rows == [("3",)]
    ask(session, "COMMIT")
    assert ask(session, "SELECT count(*) FROM items").rows == [("5",)]
    door.close()


def test_a_result_streams_on_while_others_read_the_new_file(path, tmp_path):
    make_file(path.with_name("big.duckdb"), 200_000)
    os.replace(path.with_name("big.duckdb"), path)
    door = make_door(path, tmp_path)
    slow, fast = enter(door), enter(door)
    answers = slow.simple("SELECT id FROM items")
    next(answers), next(answers)
    renew(path, 5)
    assert ask(fast, "SELECT count(*) FROM items").rows == [("5",)]
    assert list(answers)[-1].tag == "SELECT 200000"
    slow.sync()
    assert ask(slow, "SELECT count(*) FROM items").rows == [("5",)]
    door.close()


def test_old_instances_are_closed_when_their_last_user_leaves(path, tmp_path):
    door = make_door(path, tmp_path)
    session = enter(door)
    first = door.warehouse.enter()
    renew(path, 4)
    ask(session, "SELECT 1")
    assert first.retired
    assert first.users == 1
    assert first.root.execute("SELECT 1").fetchall() == [(1,)]
    door.warehouse.leave(first)
    with pytest.raises(Exception, match="losed"):
        first.root.execute("SELECT 1")
    door.close()


@pytest.mark.parametrize("user", ["anna", "will"])
def test_a_broken_new_file_is_not_used_and_told(path, tmp_path, user):
    door = make_door(path, tmp_path, **({user: READER if user == "anna" else WRITER}))
    session = enter(door, user)
    ask(session, "SELECT 1")
    other = path.with_name("new.duckdb")
    other.write_bytes(path.read_bytes()[:5000])
    os.replace(other, path)
    first = ask(session, "SELECT count(*) FROM items")
    assert first.rows == [("3",)]
    assert first.error is None
    told = first.notices + ask(session, "SELECT 1").notices
    assert [n.severity for n in told] == ["WARNING"]
    assert "old one is served" in told[0].message
    renew(path, 7)
    assert ask(session, "SELECT count(*) FROM items").rows == [("7",)]
    door.close()


def test_a_written_file_is_swapped_when_nobody_is_in_a_statement(path, tmp_path):
    door = make_door(path, tmp_path, will=WRITER)
    one, two = enter(door, "will"), enter(door, "will")
    assert ask(one, "INSERT INTO items VALUES (9, 'x')").tags == ["INSERT 0 1"]
    assert not path.with_name("shop.duckdb.wal").exists()
    ask(one, "BEGIN; SELECT 1")
    renew(path, 6)
    found = []
    waiter = threading.Thread(target=lambda: found.append(ask(two, "SELECT count(*) FROM items")))
    waiter.start()
    time.sleep(0.2)
    assert not found, "it waits for the block"
    ask(one, "COMMIT")
    waiter.join(10)
    assert found[0].rows == [("6",)]
    assert ask(one, "INSERT INTO items VALUES (9, 'x')").tags == ["INSERT 0 1"]
    assert ask(one, "SELECT count(*) FROM items").rows == [("7",)]
    door.close()


def test_nothing_is_written_into_a_file_that_was_replaced(path, tmp_path):
    door = make_door(path, tmp_path, will=WRITER)
    one, two, three = (enter(door, "will") for _ in range(3))
    ask(one, "BEGIN; SELECT 1")
    ask(three, "BEGIN; INSERT INTO items VALUES (8, 'y')")
    renew(path, 6)
    begun = time.monotonic()
    found = ask(two, "SELECT count(*) FROM items")
    assert found.rows == [("3",)]
    assert time.monotonic() - begun < 5
    assert "Another file" in found.notices[0].message
    train = "CREATE MODEL main.m OPTIONS (model_type = 'linear_reg', input_label_cols = ['id'])"
    for text in ("INSERT INTO items VALUES (9, 'x')", "CREATE TABLE main.y (a int)",
                 f"{train} AS SELECT id, id AS x FROM main.items"):  # fmt: skip
        assert ask(two, text).state == "55006", text
    assert ask(one, "INSERT INTO items VALUES (9, 'x')").state == "55006"
    found = ask(three, "COMMIT")
    assert (found.state, found.status) == ("55006", "I")
    ask(one, "ROLLBACK")
    time.sleep(1)
    assert ask(two, "SELECT count(*) FROM items").rows == [("6",)]
    assert ask(two, "INSERT INTO items VALUES (9, 'x')").tags == ["INSERT 0 1"]
    door.close()


def test_a_file_that_another_program_holds_is_waited_for(path, tmp_path):
    door = make_door(path, tmp_path, will=WRITER)
    will = enter(door, "will")
    other = make_file(path.with_name("new.duckdb"), 6)
    content = other.read_bytes()
    hold = f"import duckdb; c = duckdb.connect({str(other)!r}, read_only=True); print(); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        program.stdout.readline()
        os.replace(other, path)
        found = ask(will, "SELECT count(*) FROM items")
        assert found.rows == [("3",)]
        assert "open in another process" in found.notices[0].message
        assert ask(will, "INSERT INTO items VALUES (9, 'x')").state == "55006"
        program.communicate(b"\n")
    assert path.read_bytes() == content, "the trial has changed nothing"
    assert eventually(lambda: ask(will, "SELECT count(*) FROM items").rows == [("6",)])
    assert ask(will, "INSERT INTO items VALUES (9, 'x')").tags == ["INSERT 0 1"]
    door.close()


def test_a_swap_that_fails_behind_its_trial_is_tried_again(path, tmp_path, monkeypatch, caplog):
    door = make_door(path, tmp_path, will=WRITER)
    will, warehouse = enter(door, "will"), door.warehouse

    def fails(memory):
        raise DatabaseOpenError("The disk is gone", todo="put it back")

    with monkeypatch.context() as patch:
        patch.setattr(warehouse, "_open", fails)
        renew(path, 6)
        found = ask(will, "SELECT count(*) FROM items")
        assert "The disk is gone" in str(found.error)
        assert "it is tried again" in caplog.text
    assert eventually(lambda: ask(will, "SELECT count(*) FROM items").rows == [("6",)])
    assert eventually(lambda: not warehouse.outdated)
    assert ask(will, "INSERT INTO items VALUES (9, 'x')").tags == ["INSERT 0 1"]
    door.close()


@pytest.mark.parametrize("late", [False, True])
def test_no_model_is_trained_into_a_file_that_is_replaced_meanwhile(
    path, tmp_path, monkeypatch, late
):
    pytest.importorskip("sklearn")
    from retailsql import statements

    door, made = make_door(path, tmp_path, will=WRITER), statements.carry_out
    will = enter(door, "will")

    def slow(*args):
        if not late:
            renew(path, 6)
        text = made(*args)
        if late:
            renew(path, 6)
        return text

    monkeypatch.setattr(statements, "carry_out", slow)
    train = "CREATE MODEL main.m OPTIONS (model_type = 'linear_reg', input_label_cols = ['id'])"
    found = ask(will, f"{train} AS SELECT i AS id, i * 2 AS x FROM range(100) t(i)")
    assert (found.state, found.tags) == ("55006", [])
    assert eventually(lambda: ask(will, "SELECT count(*) FROM items").rows == [("6",)])
    assert ask(will, "SHOW MODELS").rows == []
    door.close()


def test_patience_ends_and_the_old_file_serves_on(path):
    warehouse = Warehouse(path, writable=True, patience=0.1)
    held = warehouse.enter()
    renew(path, 6)
    other = warehouse.enter()
    assert other is held
    warehouse.leave(other)
    warehouse.leave(held)
    fresh = warehouse.enter()
    assert fresh.root.execute("SELECT count(*) FROM shop.items").fetchall() == [(6,)]
    warehouse.close()


def test_a_role_with_a_memory_limit_has_an_instance_of_its_own(path, tmp_path):
    door = make_door(path, tmp_path, anna=READER, small={"grants": READER, "memory_limit": "100MB"})
    ask(enter(door), "SELECT 1"), ask(enter(door, "small"), "SELECT 1")
    limits = [
        g.root.execute("SELECT value FROM duckdb_settings() WHERE name = 'memory_limit'").fetchone()
        for g in door.warehouse._generations.values()
    ]
    assert len(limits) == 2
    assert limits[1] == ("95.3 MiB",)
    door.close()


def test_a_file_that_was_moved_away_is_told_once(path, tmp_path, caplog):
    warehouse = Warehouse(path)
    path.rename(tmp_path / "away.duckdb")
    end = time.monotonic() + 5
    while "no longer there" not in caplog.text and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.3)
    assert caplog.text.count("is no longer there") == 1
    generation = warehouse.enter()
    assert generation.root.execute("SELECT 1").fetchone() == (1,)
    warehouse.leave(generation)
    warehouse.close()


def test_a_memory_limit_beside_a_writer_is_refused_at_the_start(path, tmp_path):
    with pytest.raises(ProjectError, match="memory_limit of role 'small_role'"):
        make_door(path, tmp_path, will=WRITER, small={"grants": READER, "memory_limit": "1GB"})


def test_settings_files_and_python_are_locked(path, tmp_path):
    generation = Warehouse(path).enter()
    con = generation.cursor()
    for text in (
        "SET memory_limit = '1GB'", "SET enable_external_access = true",
        "SELECT * FROM read_csv('/etc/passwd')", "ATTACH '/tmp/x.duckdb'",
        "CREATE TABLE shop.main.t (a INT)", "COPY (SELECT 1) TO '/tmp/x.csv'",
    ):  # fmt: skip
        with pytest.raises(Exception):  # noqa: B017 - each of its own kind
            con.execute(text)


@pytest.mark.parametrize("writable", [False, True])
def test_a_new_file_is_opened_before_anybody_asks(path, writable):
    warehouse = Warehouse(path, writable=writable)
    old = warehouse._generations[None]
    renew(path, 6)
    end = time.monotonic() + 10
    while warehouse._generations.get(None, old) is old and time.monotonic() < end:
        time.sleep(0.02)
    fresh = warehouse._generations[None]
    assert fresh.root.execute("SELECT count(*) FROM shop.items").fetchall() == [(6,)]
    assert warehouse.enter() is fresh
    warehouse.close()


def test_a_forgotten_warehouse_is_looked_after_no_more(path):
    warehouse = Warehouse(path)
    stop = warehouse._stop
    del warehouse
    assert stop.is_set()
