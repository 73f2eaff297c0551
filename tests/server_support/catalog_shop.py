"""One small shop in DuckDB behind the shim and in PostgreSQL 15, and what clients ask of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from retailsql.adapters.server import catalog, postgres
from retailsql.adapters.server.records import Grant, Rights, apply
from retailsql.dialect.tokens import tokenize

TABLES = """
CREATE TABLE main.customers (
    id integer PRIMARY KEY, name text NOT NULL, country text, email varchar UNIQUE, born date);
CREATE TABLE sales.clients (id integer PRIMARY KEY);
CREATE TABLE sales.orders (
    id integer PRIMARY KEY, customer_id integer NOT NULL REFERENCES sales.clients(id),
    total numeric(10,2) DEFAULT 0, placed timestamp, paid boolean, CHECK (total >= 0));
CREATE TABLE sales.order_lines (
    order_id integer, line integer, sku text, qty smallint, price double precision, big bigint,
    day date, at_time time, ts timestamptz, id uuid, raw bytea, tags text[],
    PRIMARY KEY (order_id, line));
CREATE VIEW main.big_orders AS SELECT id, total FROM sales.orders WHERE total > 100;
CREATE INDEX orders_placed ON sales.orders(placed);
COMMENT ON TABLE sales.orders IS 'Orders of the shop';
COMMENT ON COLUMN sales.orders.total IS 'Money, with tax';
"""
MODELS = """
CREATE MACRO main.churn_score(r) AS r.a * 2, (a DOUBLE, b VARCHAR) AS a * 2;
CREATE MACRO main.churn_predict(r) AS {'label': r.a};
CREATE MACRO main.churn_v2_score(r) AS r.a * 3;
CREATE MACRO main.__rs_hidden(r) AS r;
"""
EVERYTHING = frozenset({Grant("read", "database"), Grant("score", "database")})
NUMBERS = {
    "rel": "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE nspname || '.' || relname = '{}'",
    "nsp": "SELECT oid FROM pg_namespace WHERE nspname = '{}'",
    "con": "SELECT c.oid FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace "
    "WHERE nspname || '.' || conname = '{}'",
    "db": "SELECT oid FROM pg_database WHERE datname = '{}'",
}


class Asked(NamedTuple):
    """A statement of a client, with the values of its parameters."""

    client: str
    text: str
    values: list[Any]


def asked() -> list[Asked]:
    """All statements of the golden log."""
    text = Path(__file__).with_name("catalog_statements.sql").read_text(encoding="utf-8")
    out = []
    for part in re.split(r"(?m)^-- @ ", text)[1:]:
        head, _, body = part.partition("\n")
        client, _, told = head.partition(" | ")
        found = re.findall(r"\$\d+ = (NULL|'(?:[^']|'')*')", told)
        values = [None if v == "NULL" else v[1:-1].replace("''", "'") for v in found]
        out.append(Asked(client.strip(), body.rstrip().removesuffix(";").strip(), values))
    return out


def instance(path: Path, *, models: bool = False) -> duckdb.DuckDBPyConnection:
    """A root connection with the shop attached read-only and the shim installed."""
    with duckdb.connect(str(path / "shop.duckdb")) as con:
        con.execute(
            "CREATE SCHEMA sales; CREATE SCHEMA retailsql; CREATE TABLE retailsql.models (m INT)"
        )
        con.execute(TABLES + (MODELS if models else ""))
    root = duckdb.connect()
    root.execute(f"ATTACH '{path / 'shop.duckdb'}' AS shop (READ_ONLY)")
    catalog.install(root, "shop")
    postgres.install(root, catalog.SHIM)
    everyone = Rights("anna", ("analysts",), EVERYTHING)
    catalog.set_rights(root, [everyone])
    return root


def session(root: duckdb.DuckDBPyConnection, user: str = "anna") -> duckdb.DuckDBPyConnection:
    """A cursor as the door sets it up."""
    con = root.cursor()
    con.execute("SET python_enable_replacements = false; SET integer_division = true")
    con.execute(f"SET TimeZone = 'UTC'; SET VARIABLE rs_user = '{user}'; SET VARIABLE rs_pid = 77")
    con.execute(
        "SET VARIABLE rs_settings = MAP {'application_name': 'test', 'search_path': 'main'}"
    )
    con.execute(f"SET search_path = '{catalog.search_path('shop')}'")
    return con


def edited(text: str) -> str:
    """The statement as DuckDB gets it: PostgreSQL's dialect first, then the catalog's names."""
    text = apply(text, postgres.edits(text, tokenize(text) or []))
    return apply(text, catalog.edits(text, tokenize(text) or []))


def ask(con: duckdb.DuckDBPyConnection, text: str, values: list[Any] | None = None) -> list[Any]:
    """The rows of a statement; the text of an array is bound as a list."""
    bound = [v[1:-1].split(",") if v and v.startswith("{") else v for v in values or []]
    return con.execute(edited(text), bound or None).fetchall()


def numbered(text: str, number: Any) -> str:
    """The statement with the numbers of the things it names; ``number(sql)`` looks one up."""
    return re.sub(
        r"\{(rel|nsp|con|db):([\w.]+)\}",
        lambda m: str(number(NUMBERS[m[1]].format(m[2]))),
        text,
    )
