"""psycopg2 at the door sees what it sees at a real PostgreSQL 15."""

from __future__ import annotations

import io
import select
import threading
import time
from collections.abc import Callable
from contextlib import closing, contextmanager
from typing import Any

import pytest

from tests.server_support.answers import compare
from tests.server_support.targets import Target
from tests.server_support.values import PYTHON_VALUES

psycopg2 = pytest.importorskip("psycopg2")
pytestmark = pytest.mark.timeout(60)

CHECKS: list[Callable[[Target], Any]] = []
LONG = (
    "SELECT count(*) FROM sales.many a, sales.many b, sales.many c "
    "WHERE sin(a.id + b.id + c.id) > 2"
)


def check(function):
    CHECKS.append(function)
    return function


@contextmanager
def connected(target: Target, autocommit: bool = True):
    with closing(psycopg2.connect(target.dsn, connect_timeout=10)) as connection:
        connection.autocommit = autocommit
        yield connection


def columns(cursor) -> Any:
    return cursor.description and [
        [c.name, c.type_code, c.internal_size, c.precision, c.scale] for c in cursor.description
    ]


def rows(cursor) -> list[list[str]]:
    return [
        [repr(bytes(v)) if isinstance(v, memoryview) else repr(v) for v in row] for row in cursor
    ]


@check
def every_type(target):
    with connected(target) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM kinds WHERE id <> 4 ORDER BY id")
        return {"columns": columns(cursor), "rows": rows(cursor), "count": cursor.rowcount}


@check
def parameters(target):
    """psycopg2 writes them into the statement."""
    answer = {}
    with connected(target) as connection, connection.cursor() as cursor:
        for name, (kind, value) in PYTHON_VALUES.items():
            if name == "uuid":
                value = str(value)
            for query in (f"SELECT CAST(%s AS {kind})", "SELECT %s"):
                cursor.execute(query, [value])
                answer[f"{name} {query}"] = [columns(cursor), rows(cursor)]
    return answer


@check
def executemany(target):
    with connected(target) as connection, connection.cursor() as cursor:
        cursor.executemany("SELECT %s + 1", [(i,) for i in range(3)])
        return [cursor.description, cursor.statusmessage]


@check
def execute_values(target):
    from psycopg2.extras import execute_values

    with connected(target) as connection, connection.cursor() as cursor:
        query = "SELECT * FROM (VALUES %s) AS v (a, b) ORDER BY a"
        return execute_values(cursor, query, [(2, "b"), (1, "a")], fetch=True)


@check
def named_cursor(target):
    with connected(target, autocommit=False) as connection:
        with connection.cursor("named") as cursor:
            cursor.itersize = 256
            cursor.execute("SELECT id, name FROM sales.many ORDER BY id")
            first = [cursor.fetchone(), cursor.fetchmany(2), columns(cursor)]
            total = sum(1 for _ in cursor)
        return [first, total, connection.get_transaction_status()]


@check
def named_cursor_scrolls(target):
    with (
        connected(target, autocommit=False) as connection,
        connection.cursor("named", scrollable=True) as cursor,
    ):
        cursor.execute("SELECT id FROM sales.many ORDER BY id")
        cursor.scroll(10)
        forward = cursor.fetchone()
        cursor.scroll(-5)
        return [forward, cursor.fetchone()]


@check
def named_cursor_with_hold(target):
    with connected(target) as connection, connection.cursor("held", withhold=True) as cursor:
        cursor.execute("SELECT id FROM kinds ORDER BY id")
        return [cursor.fetchmany(2), cursor.fetchall()]


@check
def copy_expert(target):
    answer = []
    with connected(target) as connection, connection.cursor() as cursor:
        for options in ("", " WITH (FORMAT csv, HEADER true)", " WITH CSV DELIMITER ';'"):
            out = io.StringIO()
            query = f"COPY (SELECT * FROM kinds ORDER BY id) TO STDOUT{options}"
            cursor.copy_expert(query, out)
            answer.append([out.getvalue(), cursor.rowcount, cursor.statusmessage])
        out = io.StringIO()
        cursor.copy_to(out, "kinds", sep="|", null="-", columns=("id", "words"))
        return [*answer, out.getvalue()]


@check
def copy_from_is_refused(target):
    with connected(target) as connection, connection.cursor() as cursor:
        try:
            cursor.copy_expert("COPY nothing FROM STDIN", io.StringIO("1\tx\n"))
        except psycopg2.Error as e:
            return [e.pgcode, connection.closed]
        return "copied"


@check
def notices(target):
    with connected(target) as connection, connection.cursor() as cursor:
        cursor.execute("COMMIT")
        cursor.execute("BEGIN")
        cursor.execute("BEGIN")
        cursor.execute("ROLLBACK")
        return connection.notices


@check
def errors(target):
    answer = {}
    with connected(target, autocommit=False) as connection:
        for query in ("SELECT * FROM nowhere", "SELECT 1 / 0", "SELECT x FROM kinds", "SELEC",
                      "SELECT id FROM kinds\nWHERE nocolumn = 'ü'"):  # fmt: skip
            with connection.cursor() as cursor:
                try:
                    cursor.execute(query)
                except psycopg2.Error as e:
                    line = str(e).splitlines()[1:3] if "LINE" in str(e) else None
                    answer[query] = [type(e).__name__, e.pgcode, line]
                answer[query + " after"] = connection.get_transaction_status()
            connection.rollback()
    return answer


@check
def cancel(target):
    with connected(target) as connection, connection.cursor() as cursor:
        threading.Timer(0.3, connection.cancel).start()
        begun = time.monotonic()
        with pytest.raises(psycopg2.Error) as raised:
            cursor.execute(LONG)
        quick = time.monotonic() - begun < 3
        cursor.execute("SELECT 1")
        return [raised.value.pgcode, str(raised.value), quick, cursor.fetchone()]


@check
def asynchronous(target):
    def wait(connection):
        while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
            reading = state == psycopg2.extensions.POLL_READ
            one = [connection.fileno()]
            select.select(one if reading else [], [] if reading else one, [], 10)

    with closing(psycopg2.connect(target.dsn, async_=True)) as connection:
        wait(connection)
        cursor = connection.cursor()
        cursor.execute("SELECT id FROM kinds ORDER BY id")
        wait(connection)
        return cursor.fetchall()


@check
def session(target):
    with connected(target) as connection, connection.cursor() as cursor:
        names = ("server_encoding", "client_encoding", "TimeZone", "DateStyle")
        answer = [connection.get_parameter_status(name) for name in names]
        connection.set_client_encoding("UTF8")
        connection.set_session(isolation_level="SERIALIZABLE", readonly=True, autocommit=True)
        cursor.execute("SHOW default_transaction_isolation")
        answer.append(cursor.fetchone())
        connection.reset()
        answer += [connection.encoding, connection.protocol_version]
        return [*answer, connection.server_version // 10000]


@check
def rows_as_dictionaries(target):
    from psycopg2.extras import RealDictCursor

    query = "SELECT count(*), max(id), 1, 'x', id % 2 FROM kinds GROUP BY 5 ORDER BY 5"
    with (
        connected(target) as connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):
        cursor.execute(query)
        return [dict(row) for row in cursor]


@pytest.mark.parametrize("check", CHECKS, ids=lambda function: function.__name__)
def test_psycopg2_sees_what_it_sees_at_postgresql(check, real, door):
    compare("psycopg2", check, real, door)
