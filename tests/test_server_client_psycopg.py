"""psycopg 3 at the door sees what it sees at a real PostgreSQL 15: values, types, transactions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing, contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.server_support.answers import compare
from tests.server_support.targets import Target
from tests.server_support.values import PYTHON_VALUES

psycopg = pytest.importorskip("psycopg")
pytestmark = pytest.mark.timeout(60)

CHECKS: list[Callable[[Target], Any]] = []
LONG = (
    "SELECT count(*) FROM sales.many a, sales.many b, sales.many c "
    "WHERE sin(a.id + b.id + c.id) > 2"
)


DECLARED = {
    "bool": ["t"], "int2": ["7"], "int4": ["-7"], "int8": ["9007199254740993"],
    "float4": ["1.5"], "float8": ["0.1"], "numeric": ["12.50"], "text": ["a b"],
    "varchar": ["a"], "bpchar": ["a"], "name": ["a"], "bytea": ["\\x00ff"],
    "date": ["2024-02-29"], "time": ["12:34:56.5"], "timetz": ["12:34:56+02"],
    "timestamp": ["2024-02-29 12:34:56"], "timestamptz": ["2024-02-29 12:34:56+00"],
    "interval": ["1 day 02:00:00"], "uuid": ["12345678-1234-5678-1234-567812345678"],
    "json": ["[1]"], "jsonb": ["[1]"], "oid": ["42"], "inet": ["10.0.0.1"],
}  # fmt: skip


def check(function):
    CHECKS.append(function)
    return function


@contextmanager
def connected(target: Target, **options: Any):
    options = {"autocommit": True, **options}
    with closing(psycopg.connect(target.dsn, connect_timeout=10, **options)) as connection:
        yield connection


def columns(cursor) -> list[Any]:
    return [
        [c.name, c.type_code, c.internal_size, c.precision, c.scale] for c in cursor.description
    ]


def error(connection, query: str, *arguments: Any) -> Any:
    """SQLSTATE and place of what a statement raises."""
    try:
        return ["no error", connection.execute(query, *arguments).statusmessage]
    except psycopg.Error as e:
        return [e.sqlstate, e.diag.severity, e.diag.statement_position]


@check
def every_type_in_text(target):
    with connected(target) as connection:
        cursor = connection.execute("SELECT * FROM kinds ORDER BY id")
        return {"columns": columns(cursor), "rows": raw(cursor)}


@check
def every_type_in_binary(target):
    with connected(target) as connection:
        cursor = connection.cursor(binary=True)
        cursor.execute("SELECT * FROM kinds ORDER BY id")
        return {"columns": columns(cursor), "rows": raw(cursor)}


def raw(cursor) -> list[Any]:
    """The very bytes of each value, before psycopg reads them."""
    result = cursor.pgresult
    places = range(result.nfields)
    return [[result.get_value(row, at) for at in places] for row in range(result.ntuples)]


@check
def python_values(target):
    """What psycopg makes of a row of each type, in both formats."""
    answer = {}
    with connected(target) as connection:
        # psycopg cannot hold the year 9999 with a zone nor 0001 in every zone: those rows are raw.
        query = "SELECT * FROM kinds WHERE id IN (1, 3) ORDER BY id"
        for binary in (False, True):
            cursor = connection.cursor(binary=binary)
            answer[str(binary)] = cursor.execute(query).fetchall()
    return answer


def sent(target: Target, mark: str) -> Any:
    answer = {}
    with connected(target) as connection:
        for name, (kind, value) in PYTHON_VALUES.items():
            for cast in (f"%{mark}::{kind}", f"(%{mark}::{kind}) IS NULL"):
                cursor = connection.execute(f"SELECT {cast} AS x", [value])
                answer[f"{name} {cast}"] = [columns(cursor), cursor.fetchall()]
    return answer


@check
def parameters_in_text(target):
    return sent(target, "t")


@check
def parameters_in_binary(target):
    return sent(target, "b")


@check
def parameters_in_filters(target):
    """Each column of ``kinds`` is found by its own value, as psycopg adapts it."""
    answer = {}
    with connected(target) as connection:
        cursor = connection.execute("SELECT * FROM kinds WHERE id = 1")
        row = cursor.fetchone()
        for column, value in zip([c.name for c in cursor.description], row, strict=True):
            if column == "doc":  # PostgreSQL has no = for json
                continue
            for mark in "tb":
                cast = "::integer[]" if column == "numbers" else ""  # psycopg sends smallint[]
                query = f'SELECT id FROM kinds WHERE "{column}" = %{mark}{cast}'
                answer[f"{column} {mark}"] = connection.execute(query, [value]).fetchall()
    return answer


@check
def parameters_without_a_type(target):
    """Text is sent as ``unknown`` and takes the type that the place asks for."""
    queries = {
        "SELECT id FROM kinds WHERE id = %s": "1",
        "SELECT id FROM kinds WHERE large = %s": "9007199254740993",
        "SELECT id FROM kinds WHERE price > %s ORDER BY id": "0.5",
        "SELECT id FROM kinds WHERE day_ >= %s ORDER BY id": "2024-01-01",
        "SELECT id FROM kinds WHERE moment < %s ORDER BY id": "2000-01-01",
        "SELECT id FROM kinds WHERE instant = %s": "2024-02-29 12:34:56.789012+00",
        "SELECT id FROM kinds WHERE flag = %s ORDER BY id": "t",
        "SELECT id FROM kinds WHERE key_ = %s": "12345678-1234-5678-1234-567812345678",
        "SELECT id FROM kinds WHERE words LIKE %s": "Gr%",
        "SELECT id FROM sales.many ORDER BY id LIMIT %s": "3",
        "SELECT %s": "text",
        "SELECT id FROM kinds WHERE id = ANY(%s) ORDER BY id": [1, 2],
        "SELECT coalesce(words, %s) FROM kinds WHERE id = 3": "x",
        "SELECT id FROM kinds WHERE words = %s": None,
    }
    with connected(target) as connection:
        answer = {}
        for query, value in queries.items():
            cursor = connection.execute(query, [value])
            answer[query] = [columns(cursor), cursor.fetchall()]
        return answer


@check
def parameters_that_must_be_constants(target):
    """DuckDB wants these when it binds; a prepared statement is used again with other values."""
    some = "FROM (SELECT id AS x FROM sales.many WHERE id < 10) AS t"
    queries = {
        f"SELECT percentile_cont(%s) WITHIN GROUP (ORDER BY x) AS p {some}": (0.5, 0.9),
        f"SELECT percentile_cont(%s) WITHIN GROUP (ORDER BY x) AS p {some} WHERE x > %s": (
            (0.5, 3), (0.25, 4),
        ),
        f"SELECT percentile_disc(%s) WITHIN GROUP (ORDER BY x) AS p {some}": (0.5, 0.9),
        f"SELECT percentile_cont(%s::float8) WITHIN GROUP (ORDER BY x) AS p {some}": (0.5, 0.9),
        f"SELECT percentile_cont(%s) WITHIN GROUP (ORDER BY x) AS p {some} ": ([0.5, 0.9], [0.1]),
        "SELECT round(1.234, %s) AS r": (1, 2, 0),
        "SELECT round(1.234, %s::integer) AS r": (1, 2),
        "SELECT trunc(1.234, %s) AS r": (1, 2),
        "SELECT round(price, %s) AS r FROM kinds ORDER BY id": (1, 3),
    }  # fmt: skip
    answer = {}
    for binary in (False, True):
        with connected(target, prepare_threshold=2) as connection:
            for query, values in queries.items():
                for mark in "tb":
                    cursor = connection.cursor(binary=binary)
                    for value in values * 2:
                        given = list(value) if isinstance(value, tuple) else [value]
                        cursor.execute(query.replace("%s", "%" + mark), given)
                        key = f"{query} {value} {mark} {binary}"
                        answer[key] = [columns(cursor), cursor.fetchall()]
    return answer


@check
def parameters_of_declared_types(target):
    """Each type that a driver declares arrives as that type, alone and in an array."""
    answer = {}
    with connected(target) as connection:
        for kind, texts in DECLARED.items():
            numbers = connection.execute(
                "SELECT oid::int8, typarray::int8 FROM pg_type WHERE typname = %s "
                "AND typnamespace = 'pg_catalog'::regnamespace", [kind],
            ).fetchone()  # fmt: skip
            listed = "{" + ",".join(f'"{text}"' for text in texts) + "}"
            for oid, text in zip(numbers, (texts[0], listed.replace("\\", "\\\\")), strict=True):
                for form in (0, 1):
                    result = connection.pgconn.exec_params(
                        b"SELECT $1 AS x", [text.encode()], [oid], [0], form
                    )
                    told = [result.ftype(0), result.get_value(0, 0), result.error_message]
                    answer[f"{kind} {oid} {form}"] = told
    return answer


@check
def parameters_in_arithmetic(target):
    day, week = date(2024, 2, 29), timedelta(days=7)
    queries = {
        "SELECT timestamp '2024-02-29' - %s AS x": [timedelta(days=1, hours=2)],
        "SELECT %s - %s AS x": [day, week],
        "SELECT %s AS x": [week],
        "SELECT id FROM kinds WHERE day_ = any(%s) ORDER BY id": [[day]],
        "SELECT id FROM kinds WHERE price = any(%s) ORDER BY id": [[Decimal("1.5")]],
        "SELECT id FROM kinds WHERE words = any(%s) ORDER BY id": [["x", "y"]],
        "SELECT %s ->> 'a' AS x": [psycopg.types.json.Jsonb({"a": 1})],
        "SELECT %s AS doc": [psycopg.types.json.Jsonb({"a": 1})],
    }
    answer = {}
    with connected(target) as connection:
        for query, values in queries.items():
            for mark in "tb":
                cursor = connection.execute(query.replace("%s", "%" + mark), values)
                answer[query + mark + str(values)] = [columns(cursor), cursor.fetchall()]
    return answer


@check
def wrong_parameters(target):
    with connected(target) as connection:
        return {
            "integer": error(connection, "SELECT id FROM kinds WHERE id = %s", ["x"]),
            "date": error(connection, "SELECT id FROM kinds WHERE day_ = %s", ["2024-13-01"]),
            "uuid": error(connection, "SELECT id FROM kinds WHERE key_ = %s", ["12"]),
            "overflow": error(connection, "SELECT %s::smallint", [70000]),
        }


@check
def server_side_cursor(target):
    with connected(target, autocommit=False) as connection:
        with connection.cursor("one") as cursor:
            cursor.execute("SELECT id, name FROM sales.many WHERE id > %s ORDER BY id", [5])
            parts = [cursor.fetchone(), cursor.fetchmany(3), len(cursor.fetchall())]
            described = columns(cursor)
        with connection.cursor("two", binary=True) as cursor:
            cursor.itersize = 300
            cursor.execute("SELECT id FROM sales.many ORDER BY id")
            total = sum(row[0] for row in cursor)
        return [parts, described, total, connection.info.transaction_status.name]


@check
def cursor_with_hold(target):
    with connected(target) as connection:
        cursor = connection.cursor("kept", withhold=True)
        cursor.execute("SELECT id FROM sales.many ORDER BY id")
        rows = [cursor.fetchmany(2), cursor.fetchmany(2)]
        cursor.close()
        return [rows, error(connection, "FETCH 1 FROM kept")]


@check
def pipeline(target):
    with connected(target) as connection, connection.pipeline():
        cursors = [connection.execute("SELECT %s::int4 * 2 AS x", [i]) for i in range(50)]
        return [cursor.fetchone() for cursor in cursors]


@check
def pipeline_with_an_error(target):
    answer = []
    with connected(target) as connection:
        with pytest.raises(psycopg.Error) as raised, connection.pipeline() as pipe:
            connection.execute("SELECT 1")
            connection.execute("SELECT * FROM nowhere")
            connection.execute("SELECT 2")
            pipe.sync()
        answer.append(raised.value.sqlstate)
        answer.append(connection.info.transaction_status.name)
        answer.append(connection.execute("SELECT 3").fetchone())
    return answer


@check
def copy_out(target):
    answer = {}
    with connected(target) as connection:
        for options in (
            "", "(FORMAT text, DELIMITER '|', NULL 'none')", "(FORMAT csv)",
            "(FORMAT csv, HEADER, DELIMITER ';', QUOTE '''', FORCE_QUOTE *)", "(FORMAT binary)",
            "WITH CSV HEADER",
        ):  # fmt: skip
            query = f"COPY (SELECT * FROM kinds ORDER BY id) TO STDOUT {options}"
            cursor = connection.cursor()
            with cursor.copy(query) as copy:
                answer[options] = b"".join(bytes(part) for part in copy)
            answer[options + " tag"] = cursor.statusmessage
        with connection.cursor().copy("COPY sales.customers (id, name) TO STDOUT") as copy:
            answer["table"] = list(copy.rows())
        with connection.cursor().copy("COPY sales.many TO STDOUT (FORMAT BINARY)") as copy:
            copy.set_types(["int4", "int2", "float8", "text", "timestamp"])
            answer["binary"] = [row for row, _ in zip(copy.rows(), range(3))]
    return answer


@check
def copy_left_in_the_middle(target):
    with connected(target) as connection:
        copying = connection.cursor().copy("COPY sales.many TO STDOUT")
        with pytest.raises(InterruptedError), copying as copy:
            copy.read()
            raise InterruptedError
        return connection.execute("SELECT 1").fetchone()


@check
def prepared_statements(target):
    with connected(target, prepare_threshold=2) as connection:
        rows = [connection.execute("SELECT %s + 1", [i]).fetchone() for i in range(8)]
        count = connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
        return [rows, count]


@check
def prepare_in_sql(target):
    with connected(target) as connection:
        execute = connection.execute
        execute("PREPARE p (int, text) AS SELECT id, $2 AS x FROM kinds WHERE id = $1")
        rows = execute("EXECUTE p(1, 'a')").fetchall()
        execute("DEALLOCATE p")
        return [rows, error(connection, "EXECUTE p(1, 'a')")]


@check
def cancel(target):
    with connected(target) as connection:
        timer = threading.Timer(0.3, connection.cancel)
        timer.start()
        begun = time.monotonic()
        answer = error(connection, LONG)
        quick = time.monotonic() - begun < 3
        return [answer, quick, connection.execute("SELECT 1").fetchone()]


@check
def statement_timeout(target):
    with connected(target) as connection:
        connection.execute("SET statement_timeout = 200")
        begun = time.monotonic()
        answer = error(connection, LONG)
        connection.execute("RESET statement_timeout")
        return [answer, time.monotonic() - begun < 3, connection.execute("SELECT 1").fetchone()]


@check
def stream(target):
    with connected(target) as connection:
        rows = connection.cursor().stream("SELECT id, name FROM sales.many ORDER BY id")
        first = [row for row, _ in zip(rows, range(3))]
        rows.close()
        total = sum(r[0] for r in connection.cursor().stream("SELECT id FROM sales.many", size=100))
        return [first, total]


@check
def several_statements(target):
    with connected(target) as connection:
        cursor = connection.execute("SELECT 1 AS a; SELECT 'x' AS b, 2 AS c; SET TimeZone = 'UTC'")
        answer = [[columns(cursor), cursor.fetchall()]]
        while cursor.nextset():
            answer.append([cursor.statusmessage, cursor.description and cursor.fetchall()])
        return answer


@check
def several_with_an_error(target):
    """The statements of one message are one transaction: nothing after the error is run."""
    with connected(target) as connection:
        answer = error(connection, "SELECT 1; SELECT 1 / 0; SELECT 2")
        return [answer, connection.info.transaction_status.name]


@check
def executemany(target):
    with connected(target) as connection:
        cursor = connection.cursor()
        cursor.executemany("SELECT %s::int4 + 1", [(i,) for i in range(4)], returning=True)
        rows = [cursor.fetchone()]
        while cursor.nextset():
            rows.append(cursor.fetchone())
        return rows


@pytest.mark.parametrize("check", CHECKS, ids=lambda function: function.__name__)
def test_psycopg_sees_what_it_sees_at_postgresql(check, real, door):
    compare("psycopg", check, real, door)
