"""psycopg 3: transactions, settings, notices and errors at the door are those of PostgreSQL 15."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, contextmanager
from typing import Any

import pytest

from tests.server_support.answers import compare
from tests.server_support.targets import Target

psycopg = pytest.importorskip("psycopg")
pytestmark = pytest.mark.timeout(60)

CHECKS: list[Callable[[Target], Any]] = []


def check(function):
    CHECKS.append(function)
    return function


@contextmanager
def connected(target: Target, **options: Any):
    options = {"autocommit": True, **options}
    with closing(psycopg.connect(target.dsn, connect_timeout=10, **options)) as connection:
        yield connection


def steps(target: Target, statements: list[str], **options: Any) -> list[Any]:
    """What each statement answers: tag or SQLSTATE, the transaction's state, notices."""
    answer = []
    with connected(target, **options) as connection:
        told: list[Any] = []
        connection.add_notice_handler(
            lambda d: told.append([d.severity, d.sqlstate, d.message_primary])
        )
        for statement in statements:
            try:
                outcome = connection.execute(statement).statusmessage
            except psycopg.Error as e:
                outcome = e.sqlstate
            answer.append([statement, outcome, connection.info.transaction_status.name, *told])
            told.clear()
    return answer


@check
def transaction_block(target):
    return steps(
        target,
        ["BEGIN", "SELECT 1", "BEGIN", "COMMIT", "COMMIT", "ROLLBACK", "START TRANSACTION",
         "SELECT 1 / 0", "SELECT 1", "COMMIT", "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
         "SELECT * FROM kinds", "ABORT", "BEGIN TRANSACTION READ ONLY", "END", "BEGIN WORK",
         "ROLLBACK WORK", "BEGIN", "COMMIT AND CHAIN", "ROLLBACK"],
    )  # fmt: skip


@check
def savepoints(target):
    return steps(
        target,
        ["SAVEPOINT a", "BEGIN", "SAVEPOINT a", "SELECT 1 / 0", "SELECT 1",
         "ROLLBACK TO SAVEPOINT a", "SELECT 1", "RELEASE SAVEPOINT a", "RELEASE a", "ROLLBACK TO a",
         "COMMIT"],
    )  # fmt: skip


@check
def nested_transactions(target):
    with connected(target) as connection:
        answer = []
        with connection.transaction():
            try:
                with connection.transaction():
                    connection.execute("SELECT nothing_like_this")
            except psycopg.Error as e:
                answer.append(e.sqlstate)
            answer.append(connection.execute("SELECT 1").fetchone())
        return [*answer, connection.info.transaction_status.name]


@check
def implicit_transaction(target):
    with connected(target, autocommit=False, prepare_threshold=0) as connection:
        answer = [connection.info.transaction_status.name]
        connection.execute("SELECT 1")
        answer.append(connection.info.transaction_status.name)
        connection.rollback()
        return [*answer, connection.info.transaction_status.name]


@check
def tags(target):
    return steps(
        target,
        ["SELECT * FROM kinds", "VALUES (1), (2)", "TABLE kinds", "SET application_name = 'x'",
         "SHOW application_name", "RESET application_name", "SET SESSION TimeZone TO 'UTC'",
         "RESET ALL", "BEGIN", "SET LOCAL statement_timeout = 1000",
         "DECLARE c CURSOR FOR SELECT * FROM kinds ORDER BY id", "FETCH 2 FROM c",
         "FETCH FORWARD ALL FROM c", "MOVE 1 FROM c", "CLOSE c", "FETCH 1 FROM c", "ROLLBACK",
         "PREPARE p AS SELECT 1", "EXECUTE p", "DEALLOCATE ALL", "DISCARD ALL", "DISCARD PLANS",
         "EXPLAIN SELECT 1", "LISTEN x", "UNLISTEN *", "", ";", "-- nothing", "CLOSE ALL",
         "SET search_path TO sales, main", "SELECT count(*) FROM customers",
         "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
         "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"],
    )  # fmt: skip


@check
def refused_writes(target):
    return steps(
        target,
        ["INSERT INTO nothing VALUES (1, 'x')", "UPDATE kinds SET id = 5", "DELETE FROM kinds",
         "CREATE TABLE t (a int)", "DROP TABLE kinds", "ALTER TABLE kinds ADD COLUMN x int",
         "CREATE VIEW v AS SELECT 1", "TRUNCATE kinds", "CREATE SCHEMA s",
         "CREATE INDEX i ON kinds (id)",
         "WITH gone AS (DELETE FROM kinds RETURNING *) SELECT * FROM gone",
         "COMMENT ON TABLE kinds IS 'x'", "SELECT count(*) FROM kinds"],
    )  # fmt: skip


@check
def settings(target):
    names = ["server_encoding", "client_encoding", "standard_conforming_strings", "TimeZone",
             "integer_datetimes", "DateStyle", "IntervalStyle", "application_name",
             "session_authorization", "is_superuser", "default_transaction_read_only",
             "in_hot_standby"]  # fmt: skip
    with connected(target, application_name="shown") as connection:
        told = {name: connection.info.parameter_status(name) for name in names}
        shown = {}
        for name in [*names[:9], "transaction_isolation", "search_path", "max_identifier_length",
                     "extra_float_digits", "bytea_output", "statement_timeout", "lc_collate",
                     "transaction_read_only", "default_transaction_isolation", "row_security",
                     "max_index_keys", "lock_timeout", "client_min_messages"]:  # fmt: skip
            cursor = connection.execute(f"SHOW {name}")
            shown[name] = [cursor.description[0].name, cursor.fetchone()]
        return [told, shown, connection.info.encoding, connection.info.server_version // 10000]


@check
def changed_settings_are_reported(target):
    with connected(target) as connection:
        answer = []
        for name, value in {"TimeZone": "Europe/Berlin", "application_name": "other"}.items():
            connection.execute(f"SET {name} = '{value}'")
            answer.append(connection.info.parameter_status(name))
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL TimeZone = 'Asia/Tokyo'")
            answer.append(connection.info.parameter_status("TimeZone"))
        answer.append(connection.info.parameter_status("TimeZone"))
        return answer


@check
def time_zones(target):
    answer = {}
    query = (
        "SELECT instant, instant::text, moment, date_trunc('hour', instant) FROM kinds WHERE id = 1"
    )
    for zone in ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"):
        with connected(target, options=f"-c TimeZone={zone}") as connection:
            for binary in (False, True):
                cursor = connection.cursor(binary=binary).execute(query)
                answer[f"{zone} {binary}"] = [list(map(str, row)) for row in cursor]
    return answer


ERRORS = [
    "SELECT * FROM nowhere", "SELECT * FROM sales.nowhere", "SELECT * FROM noschema.t",
    "SELECT nocolumn FROM kinds", "SELECT k.nocolumn FROM kinds k", "SELECT x.id FROM kinds",
    "SELECT nofunction(1)", "SELECT abs('a', 'b', 1)", "SELEC 1", "SELECT (1", "SELECT 1 FROM",
    "SELECT 'open", "SELECT 1 / 0", "SELECT 'x'::integer", "SELECT '2024-13-45'::date",
    "SELECT 'x'::uuid", "SELECT 'x'::boolean", "SELECT 40000::smallint",
    "SELECT id, count(*) FROM kinds",
    "SELECT 1 UNION SELECT 1, 2", "SELECT count(*) FROM kinds WHERE count(*) > 1",
    "SELECT * FROM kinds, kinds", "SELECT id FROM kinds a, nothing b", "FETCH 1 FROM nocursor",
    "EXECUTE nostatement", "DEALLOCATE nostatement", "SHOW nosetting", "SET nosetting = 1",
    "SELECT 1::notype", "SELECT (SELECT id FROM kinds)", "SET statement_timeout = 'soon'",
    "SELECT 9223372036854775807 + 1", "SELECT 1 ORDER BY 5", "SELECT 1 GROUP BY 3",
    "SELECT 'Ü', nocolumn FROM kinds", "SELECT 1 LIMIT 'x'", "COPY nowhere TO STDOUT",
    "BEGIN; SELECT 1; FETCH 1 FROM nocursor",
]  # fmt: skip


@check
def errors(target):
    """SQLSTATE, severity, and place in the statement."""
    answer = {}
    for statement in ERRORS:
        with connected(target) as connection:
            try:
                answer[statement] = connection.execute(statement).statusmessage
            except psycopg.Error as e:
                d = e.diag
                answer[statement] = [d.sqlstate, d.severity, d.severity_nonlocalized,
                                     d.statement_position]  # fmt: skip
    return answer


@check
def messages(target):
    """Word for word where tools show or read them."""
    answer = {}
    with connected(target) as connection:
        for at in (0, 1, 3, 4, 12, 23, 24, 26):
            try:
                connection.execute(ERRORS[at])
            except psycopg.Error as e:
                answer[ERRORS[at]] = e.diag.message_primary
    return answer


@check
def types_by_name(target):
    """psycopg asks the catalog for a type's numbers."""
    from psycopg.types import TypeInfo
    from psycopg.types.composite import CompositeInfo
    from psycopg.types.enum import EnumInfo
    from psycopg.types.range import RangeInfo

    with connected(target) as connection:
        answer = {}
        for name in ("int4", "integer", "numeric", "timestamptz", "text", "json", "uuid", "hstore"):
            found = TypeInfo.fetch(connection, name)
            answer[name] = found and [found.name, found.oid, found.array_oid, found.regtype]
        found = RangeInfo.fetch(connection, "int4range")
        answer["range"] = found and [found.oid, found.array_oid, found.subtype_oid]
        answer["enum"] = EnumInfo.fetch(connection, "int4")
        answer["composite"] = CompositeInfo.fetch(connection, "nothing_of_that_name")
        return answer


@check
def refused_logins(target):
    answer = {}
    for what, change in {
        "password": {"password": "wrong"}, "user": {"user": "nobody_of_that_name"},
        "database": {"dbname": "nowhere"},
    }.items():  # fmt: skip
        try:
            psycopg.connect(target.dsn, **change, connect_timeout=10).close()
            answer[what] = "connected"
        except psycopg.OperationalError as e:
            answer[what] = str(e).rsplit("failed: ", 1)[-1]
    return answer


@check
def two_connections(target):
    """Cursors, settings and transactions are each connection's own."""
    with connected(target) as one, connected(target) as other:
        one.execute("SET TimeZone = 'Asia/Tokyo'")
        one.execute("BEGIN")
        one.execute("DECLARE c CURSOR FOR SELECT 1")
        answer = [other.execute("SHOW TimeZone").fetchone(), other.info.transaction_status.name]
        try:
            other.execute("FETCH 1 FROM c")
        except psycopg.Error as e:
            answer.append(e.sqlstate)
        return [*answer, one.info.backend_pid != other.info.backend_pid]


@pytest.mark.parametrize("check", CHECKS, ids=lambda function: function.__name__)
def test_a_session_of_psycopg_is_as_at_postgresql(check, real, door):
    compare("psycopg session", check, real, door)
