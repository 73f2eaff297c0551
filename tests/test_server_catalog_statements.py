"""Every statement that clients ask the catalog runs, and answers as PostgreSQL 15 does."""

from __future__ import annotations

import re

import duckdb
import pytest

from retailsql.adapters.server import postgres
from tests.server_support.catalog_shop import (
    TABLES,
    ask,
    asked,
    edited,
    instance,
    numbered,
    session,
)
from tests.server_support.postgres15 import postgres15  # noqa: F401

OTHER = re.compile(
    # what differs in kind: sizes, settings, version, text of views, text search, operator classes
    r"pg_\w*size|size_pretty|pg_settings|version\(\)|viewdef|pg_ts_|pg_opclass|pg_opfamily|pg_amop|pg_amproc"
    r"|pg_cast|pg_extension|pg_language|pg_tablespace|pg_get_functiondef|db_role_setting|pg_depend"
    # who there is, and what he may
    r"|pg_roles|pg_auth|_privilege|current_user|session_user|nspacl|pg_database|set_config"
    # the functions and indexes of PostgreSQL itself, and a type for every table
    r"|pg_proc|typtype *= *'c'|typrelid|typinput|pg_toast|'2[0-9]{3}'|'1259'|typacl"
    r"|SELECT \w+\.oid,\w+\.\*|typtype = 'd'"
    # the text of checks and of empty options
    r"|SELECT i\.\*|pg_get_constraintdef|reloptions|relchecks"
    r"|pg_table_is_visible\(c\.oid\)\s*ORDER BY 2, 3"
    r"|SYSTEM INDEX|'r','p','t','s',''"
    r"|atttypid, t\.typname"
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    with instance(tmp_path_factory.mktemp("catalog")) as root:
        yield root


@pytest.fixture(scope="module")
def con(root):
    with session(root) as con:
        yield con


def number(con):
    def find(sql):
        rows = ask(con, sql)
        return rows[0][0] if rows else 0

    return find


@pytest.mark.parametrize("client", sorted({a.client for a in asked()}))
def test_every_statement_runs(con, client):
    failed = []
    for one in asked():
        if one.client == client:
            text = numbered(one.text, number(con))
            try:
                ask(con, text, one.values)
            except duckdb.Error as error:
                failed.append(f"{str(error)[:200]}\n   {text[:200]}")
    assert not failed, "\n".join(failed)


@pytest.fixture(scope="module")
def peer(postgres15):  # noqa: F811
    psycopg = pytest.importorskip("psycopg")
    dsn = postgres15.dsn
    with psycopg.connect(dsn, autocommit=True) as con:
        con.execute("DROP DATABASE IF EXISTS shop")
        con.execute("CREATE DATABASE shop")
    with psycopg.connect(dsn + " dbname=shop", autocommit=True) as con:
        con.execute(
            "CREATE SCHEMA main; CREATE SCHEMA sales; DROP SCHEMA public; SET search_path = main"
        )
        con.execute(TABLES)
        yield con
    with psycopg.connect(dsn, autocommit=True) as con:
        con.execute("DROP DATABASE shop")


def plain(value):
    """A value without what the two may tell apart: numbers of things, the owner's name."""
    if isinstance(value, bool | float) or value is None:
        return value
    if isinstance(value, int):
        return "oid" if value >= 13000 else value
    if isinstance(value, list | tuple):
        return tuple(plain(v) for v in value)
    text = re.sub(r"\b\d{5,}\b", "oid", str(value))
    return re.sub(r"\b(?:character varying|varchar)\b", "text", text)


def test_the_answers_are_those_of_postgresql(con, peer):
    (owner,) = peer.execute("SELECT current_user").fetchone()
    compared, wrong = 0, []
    for one in asked():
        if OTHER.search(one.text):
            continue
        theirs = numbered(
            one.text, lambda sql: peer.execute(sql.replace("c.oid", "c.oid::int8", 1)).fetchone()[0]
        )
        for i, value in enumerate(one.values, 1):
            literal = "NULL" if value is None else "'" + value.replace("'", "''") + "'"
            theirs = re.sub(rf"\${i}\b", lambda _, to=literal: to, theirs)
        cursor = peer.execute(theirs)
        want = [tuple(owner_free(plain(v), owner) for v in row) for row in cursor.fetchall()]
        names = [c.name for c in cursor.description]
        text = numbered(one.text, number(con))
        got = [
            tuple(owner_free(plain(v), "retailsql") for v in row)
            for row in ask(con, text, one.values)
        ]
        told = postgres.column_names(con, text, [c[0] for c in con.description])
        compared += 1
        if sorted(map(repr, want)) != sorted(map(repr, got)) or len(names) != len(told):
            wrong.append(f"{one.client}: {one.text[:300]}\n  PG {want[:3]}\n  us {got[:3]}")
    assert not wrong, f"{len(wrong)} of {compared}\n" + "\n".join(wrong[:10])
    assert compared > 150


def owner_free(value, owner):
    return "OWNER" if value == owner else value


def test_statements_of_no_catalog_are_left_alone():
    for text in ("SELECT a.user_name, b FROM t a", "SELECT name, oid_x FROM x", "SELECT 1"):
        assert edited(text) == text
