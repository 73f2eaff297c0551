"""psqlodbc, as Tableau and Excel use it, sees at the door what it sees at PostgreSQL 15."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.server_support.answers import compare
from tests.server_support.targets import Target
from tests.server_support.values import PYTHON_VALUES

pyodbc = pytest.importorskip("pyodbc")
LONG = (
    "SELECT count(*) FROM sales.many a, sales.many b, sales.many c "
    "WHERE sin(a.id + b.id + c.id) > 2"
)


def driver() -> str | None:
    """The driver's file: as Debian's package lists it."""
    if not shutil.which("dpkg"):
        return None
    listed = subprocess.run(["dpkg", "-L", "odbc-postgresql"], capture_output=True, text=True)
    found = [line for line in listed.stdout.splitlines() if line.endswith("psqlodbcw.so")]
    return found[0] if found and Path(found[0]).exists() else None


DRIVER = driver()
pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(DRIVER is None, reason="psqlodbc (Debian: odbc-postgresql) is absent"),
]
CHECKS: list[Callable[[Target], Any]] = []


def check(function):
    CHECKS.append(function)
    return function


@contextmanager
def connected(target: Target, autocommit: bool = True, **options: Any):
    options = {
        "Driver": DRIVER, "Server": target.host, "Port": target.port, "Database": target.database,
        "Uid": target.user, "Pwd": target.password, "BoolsAsChar": 0, **options,
    }  # fmt: skip
    text = ";".join(f"{name}={value}" for name, value in options.items())
    with closing(pyodbc.connect(text, autocommit=autocommit, timeout=10)) as connection:
        yield connection


def columns(cursor) -> Any:
    return cursor.description and [[c[0], c[1].__name__, *c[3:]] for c in cursor.description]


def listed(cursor) -> list[Any]:
    return [[column[0] for column in cursor.description], sorted(map(repr, cursor.fetchall()))]


def without_numbers(cursor) -> Any:
    """The columns of tables, but for the table's number: each server has its own."""
    names = [column[0] for column in cursor.description]
    at = [name.lower() for name in names].index("table oid")
    return [names, sorted(repr([*row[:at], *row[at + 1 :]]) for row in cursor.fetchall())]


@check
def every_type(target):
    with connected(target) as connection:
        cursor = connection.execute("SELECT * FROM kinds WHERE id <> 4 ORDER BY id")
        return [columns(cursor), cursor.fetchall()]


@check
def tables(target):
    with connected(target) as connection, closing(connection.cursor()) as cursor:
        return {
            "all": listed(cursor.tables(schema="sales")),
            "views": listed(cursor.tables(tableType="VIEW", schema="sales")),
            "one": listed(cursor.tables(table="kinds")),
            "pattern": listed(cursor.tables(table="%o%", schema="sales", tableType="TABLE")),
            "schemas": listed(cursor.tables(schema="%", table="", catalog="")),
            "types": listed(cursor.tables(tableType="%", table="", schema="", catalog="")),
        }


@check
def columns_of_tables(target):
    with connected(target) as connection, closing(connection.cursor()) as cursor:
        return {
            table: without_numbers(cursor.columns(table=table, schema=schema))
            for table, schema in [("kinds", "main"), ("customers", "sales"), ("spent", "sales")]
        }


@check
def keys(target):
    with connected(target) as connection, closing(connection.cursor()) as cursor:
        return {
            "primary": listed(cursor.primaryKeys("orders", schema="sales")),
            "foreign": listed(cursor.foreignKeys(foreignTable="orders", foreignSchema="sales")),
            "referenced": listed(cursor.foreignKeys(table="customers", schema="sales")),
            "row": listed(cursor.rowIdColumns("orders", schema="sales")),
            "version": listed(cursor.rowVerColumns("orders", schema="sales")),
        }


@check
def statistics(target):
    with connected(target) as connection, closing(connection.cursor()) as cursor:
        rows = cursor.statistics("orders", schema="sales").fetchall()
        # the numbers of pages and of rows are of the engine's storage
        return sorted(repr(list(row)[:10]) for row in rows)


@check
def type_info(target):
    with connected(target) as connection, closing(connection.cursor()) as cursor:
        return listed(cursor.getTypeInfo())


@check
def procedures(target):
    with connected(target) as connection, closing(connection.cursor()) as cursor:
        return [listed(cursor.procedures(procedure="abs", schema="pg_catalog")),
                listed(cursor.procedureColumns(procedure="no_such_function"))]  # fmt: skip


@check
def parameters(target):
    answer = {}
    with connected(target) as connection, closing(connection.cursor()) as cursor:
        for name, (kind, value) in PYTHON_VALUES.items():
            if kind.endswith("[]") or name in {"interval", "elsewhere", "instant", "larger"}:
                continue  # ODBC has no parameters of these types
            cursor.execute(f"SELECT CAST(? AS {kind}) AS x", [value])
            answer[name] = [columns(cursor), cursor.fetchall()]
    return answer


@check
def parameters_in_filters(target):
    queries = {
        "SELECT id FROM kinds WHERE id = ?": 1,
        "SELECT id FROM kinds WHERE large = ?": 2**53 + 1,
        "SELECT id FROM kinds WHERE price < ? ORDER BY id": PYTHON_VALUES["decimal"][1],
        "SELECT id FROM kinds WHERE double_ > ? ORDER BY id": 3.0,
        "SELECT id FROM kinds WHERE words = ?": "",
        "SELECT id FROM kinds WHERE day_ = ?": PYTHON_VALUES["date"][1],
        "SELECT id FROM kinds WHERE clock = ?": PYTHON_VALUES["time"][1],
        "SELECT id FROM kinds WHERE moment >= ? ORDER BY id": PYTHON_VALUES["moment"][1],
        "SELECT id FROM kinds WHERE flag = ? ORDER BY id": True,
        "SELECT id FROM kinds WHERE raw_ = ?": b"\x00\xffA",
        "SELECT name FROM sales.customers WHERE name LIKE ? ORDER BY id": "%n%",
        "SELECT id FROM sales.many ORDER BY id LIMIT ?": 2,
    }
    answer = {}
    with connected(target) as connection, closing(connection.cursor()) as cursor:
        for query, value in queries.items():
            answer[query] = [list(row) for row in cursor.execute(query, [value])]
    return answer


@check
def without_server_side_prepare(target):
    with connected(target, UseServerSidePrepare=0) as connection:
        cursor = connection.execute("SELECT id, name FROM sales.customers WHERE id = ?", [2])
        return [columns(cursor), cursor.fetchall()]


@check
def simple_protocol(target):
    with connected(target, Protocol="7.4-0") as connection:
        cursor = connection.execute("SELECT id, name FROM sales.customers ORDER BY id")
        return [columns(cursor), cursor.fetchall()]


def fetched(target: Target, autocommit: bool) -> Any:
    """As Tableau reads: DECLARE a cursor, FETCH 2048."""
    options = {"UseDeclareFetch": 1, "Fetch": 2048}
    with connected(target, autocommit=autocommit, **options) as connection:
        cursor = connection.execute("SELECT id, name, moment FROM sales.many ORDER BY id")
        first, rest = cursor.fetchmany(3), cursor.fetchall()
        small = connection.execute("SELECT id FROM kinds WHERE id > ? ORDER BY id", [1]).fetchall()
        empty = connection.execute("SELECT * FROM nothing").fetchall()
        connection.commit()
        return [first, len(rest), rest[-1], small, empty]


@check
def declare_and_fetch(target):
    return fetched(target, True)


@check
def declare_and_fetch_in_a_transaction(target):
    return fetched(target, False)


@check
def two_cursors(target):
    with connected(target, autocommit=False, UseDeclareFetch=1, Fetch=2) as connection:
        one = connection.execute("SELECT id FROM kinds ORDER BY id")
        other = connection.execute("SELECT id FROM sales.customers ORDER BY id")
        return [[one.fetchone(), other.fetchone()] for _ in range(3)]


@check
def errors(target):
    answer = {}
    with connected(target) as connection:
        for query in ("SELECT * FROM nowhere", "SELECT 1 / 0", "SELECT x FROM kinds", "SELEC",
                      "INSERT INTO nothing VALUES (1, 'x')"):  # fmt: skip
            try:
                connection.execute(query).fetchall()
            except pyodbc.Error as e:
                answer[query] = [type(e).__name__, e.args[0]]
        answer["after"] = connection.execute("SELECT 1").fetchall()
    return answer


@check
def rollback_per_statement(target):
    """psqlodbc puts a SAVEPOINT before each statement of a transaction."""
    with connected(target, autocommit=False, Protocol="7.4-2") as connection:
        answer = [connection.execute("SELECT 1").fetchall()]
        try:
            connection.execute("SELECT 1 / 0").fetchall()
        except pyodbc.Error as e:
            answer.append(e.args[0])
        answer.append(connection.execute("SELECT 2").fetchall())
        connection.commit()
        return answer


@check
def cancel(target):
    with connected(target) as connection, closing(connection.cursor()) as cursor:
        threading.Timer(0.3, cursor.cancel).start()
        begun = time.monotonic()
        with pytest.raises(pyodbc.Error) as raised:
            cursor.execute(LONG)
        return [raised.value.args[0], time.monotonic() - begun < 3,
                connection.execute("SELECT 1").fetchall()]  # fmt: skip


@check
def several_results(target):
    with connected(target) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("SELECT 1 AS a; SELECT 'x' AS b")
        answer = [cursor.fetchall()]
        while cursor.nextset():
            answer.append(cursor.fetchall())
        return answer


@check
def information(target):
    with connected(target) as connection:
        told = [pyodbc.SQL_DBMS_NAME, pyodbc.SQL_DATABASE_NAME, pyodbc.SQL_USER_NAME,
                pyodbc.SQL_IDENTIFIER_QUOTE_CHAR, pyodbc.SQL_MAX_IDENTIFIER_LEN,
                pyodbc.SQL_DATA_SOURCE_READ_ONLY, pyodbc.SQL_DEFAULT_TXN_ISOLATION]  # fmt: skip
        return [connection.getinfo(one) for one in told]


@pytest.mark.parametrize("check", CHECKS, ids=lambda function: function.__name__)
def test_psqlodbc_sees_what_it_sees_at_postgresql(check, real, door):
    compare("odbc", check, real, door)
