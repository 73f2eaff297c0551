"""SCROLL cursors stand where PostgreSQL's do, whichever way they are sent."""

from __future__ import annotations

import random

import pytest

psycopg = pytest.importorskip("psycopg")
pytestmark = pytest.mark.timeout(60)

WAYS = (
    """
NEXT|PRIOR|FIRST|LAST|ABSOLUTE 3|ABSOLUTE -3|ABSOLUTE 0|ABSOLUTE 99|ABSOLUTE -99|RELATIVE 2
RELATIVE -2|RELATIVE 0|RELATIVE 99|RELATIVE -99|2|-2|0|ALL|FORWARD|FORWARD 3|FORWARD -1|FORWARD 0
FORWARD ALL|BACKWARD|BACKWARD 3|BACKWARD -1|BACKWARD 0|BACKWARD ALL
""".strip()
    .replace("\n", "|")
    .split("|")
)
FEW = "SELECT id, words FROM kinds ORDER BY id"
MANY = "SELECT g, 'n' || g FROM generate_series(1, 40000) AS s(g) ORDER BY g"


def walked(target, declare, steps):
    """What each step answers: tag and rows, or the state of the error."""
    told = []
    with psycopg.connect(target.dsn, connect_timeout=10, autocommit=True) as connection:
        connection.execute("BEGIN")
        connection.execute(declare)
        for step in steps:
            connection.execute("SAVEPOINT s")
            try:
                cursor = connection.execute(step)
            except psycopg.Error as error:
                told.append([step, error.sqlstate, error.diag.message_primary])
                connection.execute("ROLLBACK TO s")
                break
            rows = cursor.fetchall() if cursor.description else []
            told.append([step, cursor.statusmessage, len(rows), rows[:2], rows[-2:]])
        connection.execute("ROLLBACK")
    return told


@pytest.mark.parametrize("seed", range(6))
def test_a_scroll_cursor_goes_wherever_it_is_sent(seed, real, door):
    chance = random.Random(seed)
    words = chance.choices(["FETCH", "FETCH", "MOVE"], k=60)
    steps = [f"{word} {chance.choice(WAYS)} FROM c" for word in words]
    declare = f"DECLARE c SCROLL CURSOR FOR {FEW}"
    assert walked(door, declare, steps) == walked(real, declare, steps)


def test_a_scroll_cursor_goes_through_more_rows_than_one_batch(real, door):
    ways = ("ABSOLUTE 20000", "BACKWARD 17000", "LAST", "BACKWARD ALL", "FORWARD ALL",
            "ABSOLUTE -39999", "FORWARD 16385", "RELATIVE -16384", "PRIOR")  # fmt: skip
    steps = [f"FETCH {way} FROM c" for way in ways]
    declare = f"DECLARE c SCROLL CURSOR FOR {MANY}"
    assert walked(door, declare, steps) == walked(real, declare, steps)


@pytest.mark.parametrize("way", ["PRIOR", "BACKWARD 2", "BACKWARD ALL", "-1"])
def test_a_cursor_without_scroll_only_goes_forward(way, real, door):
    declare = f"DECLARE c NO SCROLL CURSOR FOR {FEW}"
    steps = ["FETCH 2 FROM c", f"FETCH {way} FROM c"]
    assert walked(door, declare, steps) == walked(real, declare, steps)


def test_a_scroll_cursor_with_hold_outlives_its_transaction(real, door):
    found = []
    for target in (real, door):
        with psycopg.connect(target.dsn, autocommit=True) as connection:
            connection.execute(f"DECLARE c SCROLL CURSOR WITH HOLD FOR {FEW}")
            last = connection.execute("FETCH LAST FROM c").fetchall()
            back = connection.execute("FETCH BACKWARD 2 FROM c").fetchall()
            connection.execute("CLOSE c")
            found.append([last, back])
    assert found[0] == found[1]


def test_a_cursor_called_like_a_direction(door):
    with psycopg.connect(door.dsn) as connection:
        connection.execute(f"DECLARE next SCROLL CURSOR FOR {FEW}")
        assert connection.execute("FETCH next").fetchone()[0] == 1
        assert connection.execute("FETCH LAST next").fetchone()[0] == 4


def test_a_half_fetched_scroll_cursor_lets_others_run_between(door):
    with psycopg.connect(door.dsn) as connection:
        connection.execute(f"DECLARE c SCROLL CURSOR FOR {MANY}")
        connection.execute("FETCH 10 FROM c")
        assert connection.execute("SELECT count(*) FROM kinds").fetchone() == (4,)
        assert connection.execute("FETCH ABSOLUTE 30000 FROM c").fetchone()[0] == 30000
        assert connection.execute("FETCH FIRST FROM c").fetchone()[0] == 1
