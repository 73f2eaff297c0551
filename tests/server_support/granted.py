"""A warehouse with more in it than anna may see, and anna."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import retailsql
from retailsql.adapters.server import policy
from retailsql.adapters.server.records import Grant, PgError, Rights
from retailsql.dialect.tokens import tokenize
from retailsql.functions.equip import equip
from tests.conftest import MODELS

_TABLES = """
CREATE SCHEMA raw; CREATE SCHEMA sales; CREATE SCHEMA secret;
CREATE TABLE raw.t AS FROM (VALUES (1.0, 2.5, 4.0, DATE '2026-01-05', 'x'),
    (3.0, 1.0, 1.0, DATE '2026-02-05', 'y')) v(a, b, c, d, s);
CREATE TABLE raw."my Table" AS SELECT 1 AS "the Column";
CREATE TABLE sales.orders AS SELECT range AS id, range * 2 AS amount FROM range(5);
CREATE TABLE sales.costs AS SELECT range AS cost FROM range(5);
CREATE VIEW raw.known AS SELECT * FROM sales.costs;
CREATE TABLE secret.pay AS SELECT 'boss' AS who, 9 AS cost;
CREATE TABLE pay AS SELECT 7 AS cost;
CREATE TABLE books AS SELECT 7 AS cost;
CREATE TABLE "bänke" AS SELECT 7 AS cost;
CREATE TABLE secret.t AS SELECT 9 AS cost;
CREATE TYPE secret.mood AS ENUM ('happy', 'sad');
CREATE SEQUENCE secret.numbers;
CREATE MACRO secret.wage(x) AS (SELECT max(cost) FROM secret.pay);
CREATE MACRO secret.wages() AS TABLE SELECT * FROM secret.pay;
CREATE MACRO raw.twice(x) AS x * 2;
CREATE MACRO raw.all_rows() AS TABLE SELECT * FROM raw.t;
CREATE MACRO raw.any_rows() AS TABLE SELECT * FROM pay;
CREATE MACRO raw.most() AS (SELECT max(cost) FROM pay);
CREATE VIEW raw.paid AS SELECT * FROM pay;
"""

ANNA = Rights(
    "anna",
    ("analyst",),
    frozenset(
        {
            Grant("read", "schema", "raw"),
            Grant("read", "table", "sales", "orders"),
            Grant("score", "model", "main", "line"),
        }
    ),
)
"""She reads a schema and a table, and scores with a model."""

BEN = Rights("ben", (), ANNA.grants | {Grant("write", "schema", "raw")})
"""He also writes to schema raw."""

CARL = Rights(
    "carl", (), frozenset({Grant("write", "schema", "raw"), Grant("read", "table", "raw", "known")})
)
"""He writes to schema raw, and reads one view of it."""


def make_warehouse(path: Path, model: bytes) -> None:
    """Write the file; the model takes a, b and c."""
    inputs = {"a": "DOUBLE", "b": "DOUBLE", "c": "DOUBLE"}
    with retailsql.connect(str(path)) as session:
        session.execute(_TABLES)
        for name in ("line", "hush"):
            retailsql.import_onnx(session, name, model, inputs=inputs)


def open_warehouse(path: Path, *, writable: bool = False) -> duckdb.DuckDBPyConnection:
    """The file attached as the door does it, locked up."""
    root = duckdb.connect(":memory:")
    root.execute(f"ATTACH '{path}' AS shop ({'READ_WRITE' if writable else 'READ_ONLY'})")
    equip(root)
    root.execute("SET enable_external_access = false")
    root.execute("SET allowed_configs = ['search_path', 'python_enable_replacements']")
    root.execute("SET lock_configuration = true")
    return root


def cursor_of(root: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A session's cursor."""
    cursor = root.cursor()
    cursor.execute("SET python_enable_replacements = false")
    cursor.execute("SET search_path = 'shop.main'")
    return cursor


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("policy") / "shop.duckdb"
    make_warehouse(path, (MODELS / "line.onnx").read_bytes())
    return path


@pytest.fixture(scope="module")
def cursor(file):
    with open_warehouse(file) as root, cursor_of(root) as cursor:
        yield cursor


def passes(con, text, rights=ANNA, **more):
    return policy.check(con, text, tokenize(text), text, rights, spliced=False, **more)


def refused(con, text, rights=ANNA, **more):
    with pytest.raises(PgError) as caught:
        passes(con, text, rights, **more)
    return caught.value
