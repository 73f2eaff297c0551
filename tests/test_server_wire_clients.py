"""Real clients against the wire alone: psycopg 3, psycopg2, asyncpg, psql."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import threading

import pytest

from retailsql.adapters.server.wire import Listener
from tests.server_fake import FakeLogin
from tests.server_raw import eventually


@pytest.fixture(scope="module")
def login():
    return FakeLogin()


@pytest.fixture(scope="module")
def listener(login):
    with Listener(login, "127.0.0.1", 0) as listener:
        yield listener


@pytest.fixture
def told(listener):
    host, port = listener.address
    return {"host": host, "port": port, "user": "anna", "password": "secret"}


# -- psycopg 3 ----------------------------------------------------------------------------------


@pytest.fixture
def pg(told):
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(**told, dbname="shop", autocommit=True) as con:
        yield con


def test_psycopg_simple_and_with_values(pg):
    assert pg.execute("rows 3").fetchall() == [(0,), (1,), (2,)]
    assert pg.execute("rows %s", ["2"]).fetchall() == [(0,), (1,)]
    assert pg.execute("echo %s %s", ["ä", None]).fetchone() == ("ä", None)
    assert pg.execute("rows 3", binary=True).fetchall() == [(0,), (1,), (2,)]


def test_psycopg_prepares(pg, login):
    for _ in range(3):
        assert len(pg.execute("rows %s", ["4"], prepare=True).fetchall()) == 4
    assert len([name for name in login.sessions[-1].statements if name]) == 1


def test_psycopg_pipeline(pg):
    with pg.pipeline():
        cursors = [pg.execute("rows %s", [str(n)]) for n in range(20)]
        assert [len(cursor.fetchall()) for cursor in cursors] == list(range(20))


def test_psycopg_pipeline_with_an_error(pg):
    import psycopg

    with pytest.raises(psycopg.errors.SyntaxError), pg.pipeline() as pipe:
        pg.execute("rows %s", ["1"])
        pg.execute("nonsense %s", ["1"])
        pg.execute("rows %s", ["1"])
        pipe.sync()
    assert pg.execute("rows 1").fetchall() == [(0,)]


def test_psycopg_transactions(pg):
    import psycopg

    with pytest.raises(psycopg.errors.SyntaxError), pg.transaction():
        pg.execute("nonsense")
    assert pg.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_psycopg_errors_and_notices(pg):
    import psycopg

    heard = []
    pg.add_notice_handler(lambda d: heard.append((d.message_primary, d.message_hint)))
    pg.execute("notice hello")
    assert heard == [("hello", "a hint")]
    with pytest.raises(psycopg.errors.SyntaxError) as caught:
        pg.execute("nonsense")
    assert caught.value.diag.statement_position == "1"
    assert caught.value.diag.severity_nonlocalized == "ERROR"


def test_psycopg_streams(pg):
    assert sum(n for (n,) in pg.cursor().stream("rows 50000")) == sum(range(50000))


def test_psycopg_copy(pg):
    with pg.cursor().copy("COPY 4") as copy:
        assert b"".join(bytes(part) for part in copy) == b"0\n1\n2\n3\n"


def test_psycopg_cancel(pg, login):
    import psycopg

    session = login.sessions[-1]
    timer = threading.Thread(target=lambda: session.running.wait(5) and pg.cancel_safe())
    timer.start()
    with pytest.raises(psycopg.errors.QueryCanceled):
        pg.execute("sleep")
    timer.join()
    assert pg.execute("rows 1").fetchall() == [(0,)]


# -- psycopg2 -----------------------------------------------------------------------------------


def test_psycopg2(told):
    psycopg2 = pytest.importorskip("psycopg2")
    con = psycopg2.connect(**told, dbname="shop")
    con.autocommit = True
    with con.cursor() as cursor:
        cursor.execute("rows 3")
        assert cursor.fetchall() == [(0,), (1,), (2,)]
        with pytest.raises(psycopg2.errors.SyntaxError):
            cursor.execute("nonsense")
        with pytest.raises(psycopg2.errors.InternalError_):
            cursor.execute("boom")
        cursor.execute("set TimeZone=Europe/Paris")
    assert con.get_parameter_status("TimeZone") == "Europe/Paris"
    con.close()


# -- asyncpg ------------------------------------------------------------------------------------


def test_asyncpg(told):
    asyncpg = pytest.importorskip("asyncpg")

    async def use() -> list:
        con = await asyncpg.connect(**told, database="shop", ssl=False)
        out = [[row["n"] for row in await con.fetch("rows $1", "3")]]
        statement = await con.prepare("rows $1")
        out.append(len(await statement.fetch("1000")))
        out.append(await con.fetchval("echo $1", "é"))
        try:
            await con.fetch("nonsense")
        except asyncpg.PostgresSyntaxError as error:
            out.append(error.hint)
        out.append(len(await con.fetch("rows 2")))
        try:
            await con.execute("sleep", timeout=0.2)  # asyncpg sends a CancelRequest
        except TimeoutError:
            out.append("in time")
        out.append(len(await con.fetch("rows 2")))
        await con.close()
        return out

    assert asyncio.run(use()) == [[0, 1, 2], 1000, "é", "Know better.", 2, "in time", 2]


def test_asyncpg_cursor(told):
    asyncpg = pytest.importorskip("asyncpg")

    async def use() -> int:
        con = await asyncpg.connect(**told, database="shop", ssl=False)
        async with con.transaction():
            total = 0
            async for row in con.cursor("rows 1000", prefetch=90):
                total += row["n"]
        await con.close()
        return total

    assert asyncio.run(use()) == sum(range(1000))


# -- psql ---------------------------------------------------------------------------------------


def psql(told, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    if shutil.which("psql") is None:
        pytest.skip("psql is not installed")
    where = ["-h", told["host"], "-p", str(told["port"]), "-U", told["user"], "-d", "shop"]
    return subprocess.run(
        ["psql", "-X", *where, *arguments],
        env={**os.environ, "PGPASSWORD": told["password"], **environment},
        capture_output=True,
        text=True,
        timeout=20,
    )


def test_psql(told):
    done = psql(told, "-At", "-c", "rows 3", "-c", "\\conninfo", "-c", "echo x")
    assert done.stdout.splitlines()[:3] == ["0", "1", "2"]
    assert done.stdout.splitlines()[-1] == "x"
    assert done.returncode == 0


def test_psql_shows_where_an_error_is(told):
    done = psql(told, "-c", "nonsense")
    assert "ERROR:  syntax error" in done.stderr
    assert "LINE 1: nonsense" in done.stderr
    assert "HINT:  Know better." in done.stderr


def test_psql_copies(told):
    assert psql(told, "-c", "COPY 3").stdout == "0\n1\n2\n"


def test_psql_with_a_wrong_password(told):
    done = psql(told | {"password": "no"}, "-c", "rows 1")
    assert 'password authentication failed for user "anna"' in done.stderr
    assert done.returncode == 2


def test_psql_killed_in_mid_query(told, login):
    if shutil.which("psql") is None:
        pytest.skip("psql is not installed")
    before = len(login.sessions)
    where = ["-h", told["host"], "-p", str(told["port"]), "-U", told["user"], "-d", "shop"]
    with subprocess.Popen(
        ["psql", "-X", *where, "-c", "sleep"],
        env={**os.environ, "PGPASSWORD": told["password"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert eventually(lambda: len(login.sessions) > before)
        session = login.sessions[-1]
        assert session.running.wait(5)
        running.kill()
        assert eventually(lambda: session.cancels > 0, 1.0)
        assert eventually(lambda: session.closed == 1, 1.0)
