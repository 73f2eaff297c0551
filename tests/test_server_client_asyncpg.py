"""asyncpg, which takes everything in binary, sees at the door what it sees at PostgreSQL 15."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.server_support.answers import compare
from tests.server_support.targets import Target
from tests.server_support.values import PYTHON_VALUES

asyncpg = pytest.importorskip("asyncpg")
pytestmark = pytest.mark.timeout(60)

CHECKS: list[Callable[[Target], Any]] = []
LONG = (
    "SELECT count(*) FROM sales.many a, sales.many b, sales.many c "
    "WHERE sin(a.id + b.id + c.id) > 2"
)


def check(function):
    """A coroutine of a connection becomes a check of a target."""

    def run(target: Target) -> Any:
        async def inside():
            t = target
            connection = await asyncpg.connect(
                host=t.host, port=t.port, user=t.user, password=t.password, database=t.database,
                timeout=10, command_timeout=20,
            )  # fmt: skip
            try:
                return await function(connection)
            finally:
                await connection.close(timeout=5)

        return asyncio.run(inside())

    run.__name__ = function.__name__
    CHECKS.append(run)
    return function


def shape(statement) -> Any:
    return [
        [[p.oid, p.name, p.schema] for p in statement.get_parameters()],
        [[a.name, a.type.oid, a.type.name, a.type.kind] for a in statement.get_attributes()],
    ]


@check
async def every_type(connection):
    statement = await connection.prepare("SELECT * FROM kinds ORDER BY id")
    rows = await statement.fetch()
    return [shape(statement), [list(row.values()) for row in rows], statement.get_statusmsg()]


@check
async def parameters(connection):
    answer = {}
    for name, (kind, value) in PYTHON_VALUES.items():
        if kind == "numeric":
            value = Decimal(value)
        statement = await connection.prepare(f"SELECT $1::{kind} AS x")
        answer[name] = [shape(statement), list(await statement.fetchrow(value))]
    return answer


@check
async def inferred_parameters(connection):
    """The types the server announces where nothing is cast."""
    answer = {}
    for query, values in {
        "SELECT id FROM kinds WHERE id = $1": [1],
        "SELECT id FROM kinds WHERE large > $1 ORDER BY id": [5],
        "SELECT id FROM kinds WHERE price = $1": [Decimal("12345.678")],
        "SELECT id FROM kinds WHERE double_ < $1 ORDER BY id": [0.5],
        "SELECT id FROM kinds WHERE words = $1": [""],
        "SELECT id FROM kinds WHERE words LIKE $1": ["Gr%"],
        "SELECT id FROM kinds WHERE flag = $1 ORDER BY id": [True],
        "SELECT id FROM kinds WHERE day_ = $1": [PYTHON_VALUES["date"][1]],
        "SELECT id FROM kinds WHERE moment >= $1 ORDER BY id": [PYTHON_VALUES["moment"][1]],
        "SELECT id FROM kinds WHERE instant = $1": [PYTHON_VALUES["instant"][1]],
        "SELECT id FROM kinds WHERE key_ = $1": [PYTHON_VALUES["uuid"][1]],
        "SELECT id FROM kinds WHERE raw_ = $1": [b"\x00\xffA"],
        "SELECT id FROM kinds WHERE id = ANY($1) ORDER BY id": [[1, 2]],
        "SELECT id FROM kinds WHERE id IN ($1, $2) ORDER BY id": [1, 3],
        "SELECT id FROM kinds WHERE id BETWEEN $1 AND $2 ORDER BY id": [1, 3],
        "SELECT id FROM sales.many ORDER BY id LIMIT $1 OFFSET $2": [2, 5],
        "SELECT id + $1 FROM kinds ORDER BY id": [1],
        "SELECT $1": ["x"],
        "SELECT $1::int4 + $2::int8": [1, 2],
        "SELECT upper($1)": ["x"],
        "SELECT coalesce($1, id) FROM kinds ORDER BY id": [None],
    }.items():
        statement = await connection.prepare(query)
        answer[query] = [shape(statement), [list(row) for row in await statement.fetch(*values)]]
    return answer


@check
async def cursors(connection):
    answer = []
    async with connection.transaction():
        total = 0
        query = "SELECT id, name FROM sales.many WHERE id > $1 ORDER BY id"
        async for row in connection.cursor(query, 10, prefetch=700):
            total += row["id"]
        answer.append(total)
        cursor = await connection.cursor("SELECT id FROM sales.many ORDER BY id")
        answer.append([list(row) for row in await cursor.fetch(3)])
        answer.append(await cursor.forward(10))
        answer.append(list(await cursor.fetchrow()))
    return answer


@check
async def copy_from_query(connection):
    answer = []
    csv = {"format": "csv", "delimiter": ";", "null": "-", "force_quote": ["words"]}
    for options in ({}, {"format": "csv", "header": True}, {"format": "binary"}, csv):
        out = io.BytesIO()
        tag = await connection.copy_from_query(
            "SELECT * FROM kinds WHERE id < $1 ORDER BY id", 4, output=out, **options
        )
        answer.append([tag, out.getvalue()])
    out = io.BytesIO()
    tag = await connection.copy_from_table("customers", schema_name="sales", output=out)
    return [*answer, tag, out.getvalue()]


@check
async def types(connection):
    answer = {}
    for name in ("int4", "text", "numeric", "_int4", "json", "timestamptz"):
        kind = await connection.fetchrow(
            "SELECT oid, typname, typlen, typtype, typelem, typarray, typbasetype FROM pg_type "
            "WHERE typname = $1 AND typnamespace = 'pg_catalog'::regnamespace", name
        )  # fmt: skip
        answer[name] = list(kind) if kind else None
    return answer


@check
async def own_codec(connection):
    """``set_type_codec`` asks the catalog for the type."""
    import json

    await connection.set_type_codec(
        "json", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
    )
    rows = await connection.fetch("SELECT doc FROM kinds WHERE doc IS NOT NULL ORDER BY id")
    return [list(row) for row in rows]


@check
async def introspection(connection):
    """A type asyncpg does not know by heart makes it ask with its long recursive query."""
    answer = {}
    for query in ("SELECT '{1}'::oid[] AS x", "SELECT 'a'::name AS x", "SELECT 1::oid AS x",
                  "SELECT relname, relkind FROM pg_class WHERE relname = 'kinds'",
                  "SELECT typname, typacl FROM pg_type WHERE oid = 23"):  # fmt: skip
        statement = await connection.prepare(query)
        answer[query] = [shape(statement), [list(row) for row in await statement.fetch()]]
    return answer


@check
async def timeouts(connection):
    answer = []
    try:
        await connection.fetch(LONG, timeout=0.3)
    except TimeoutError:
        answer.append("timeout")
    answer.append(await connection.fetchval("SELECT 1"))
    await connection.execute("SET statement_timeout = '200ms'")
    try:
        await connection.fetch(LONG)
    except asyncpg.PostgresError as e:
        answer.append([e.sqlstate, str(e)])
    return answer


@check
async def transactions(connection):
    answer = []
    try:
        async with connection.transaction(isolation="serializable", readonly=True):
            answer.append(connection.is_in_transaction())
            await connection.fetch("SELECT 1 / 0")
    except asyncpg.PostgresError as e:
        answer.append(type(e).__name__)
    answer.append(connection.is_in_transaction())
    async with connection.transaction():
        try:
            async with connection.transaction():
                await connection.fetch("SELECT * FROM nowhere")
        except asyncpg.UndefinedTableError as e:
            answer.append([e.sqlstate, str(e), e.position])
        answer.append(await connection.fetchval("SELECT 2"))
    return answer


@check
async def session(connection):
    settings = connection.get_settings()
    version = connection.get_server_version()
    await connection.reset()
    tags = [await connection.execute(s) for s in ("SET TimeZone = 'UTC'", "SELECT 1; SELECT 2, 3")]
    return [settings.server_encoding, settings.TimeZone, version.major, tags]


@check
async def execute_many(connection):
    await connection.executemany("SELECT $1::int4", [(i,) for i in range(5)])
    return await connection.fetchval("SELECT 3 WHERE $1", True)


@check
async def many_statements(connection):
    """More than the cache of prepared statements holds: they are closed."""
    return [await connection.fetchval(f"SELECT {i} + $1::int4", 1) for i in range(150)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda function: function.__name__)
def test_asyncpg_sees_what_it_sees_at_postgresql(check, real, door):
    compare("asyncpg", check, real, door)
