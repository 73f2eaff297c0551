"""What a person may write, and what his writing may not read, name or leave behind."""

# ruff: noqa: F401, F811 - fixtures are imported by name

from __future__ import annotations

import pytest

from retailsql.adapters.server import policy
from retailsql.adapters.server.records import PgError
from tests.conftest import MODELS
from tests.server_support.granted import (
    BEN,
    cursor,
    cursor_of,
    file,
    make_warehouse,
    open_warehouse,
    passes,
    refused,
)

WRITES = [
    "INSERT INTO raw.t (a) SELECT a FROM raw.t",
    "INSERT INTO raw.t (a) VALUES (1), ($1)",
    "INSERT INTO raw.t BY NAME SELECT 1 AS a;",
    "UPDATE raw.t SET a = 1 WHERE b > 2",
    "UPDATE raw.t SET a = o.amount FROM sales.orders o WHERE o.id = t.a",
    "DELETE FROM raw.t USING sales.orders o WHERE o.id = t.a",
    "WITH x AS (SELECT 1 AS a) INSERT INTO raw.t (a) FROM x",
    "WITH x AS (DELETE FROM raw.t RETURNING a) SELECT * FROM x",
    "TRUNCATE raw.t",
    "CREATE TABLE raw.new AS SELECT * FROM sales.orders",
    "CREATE OR REPLACE TABLE raw.new AS FROM line_predict('raw.t')",
    "CREATE TABLE IF NOT EXISTS shop.raw.new (id INT PRIMARY KEY, s VARCHAR(20) NOT NULL,"
    " n DECIMAL(10, 2) DEFAULT 0, d DATE DEFAULT CURRENT_DATE, UNIQUE (id, s))",
    "CREATE VIEW raw.v AS SELECT a FROM raw.t",
    "CREATE VIEW raw.v (x) AS SELECT a FROM raw.t",
    "DROP TABLE IF EXISTS raw.t CASCADE",
    "DROP VIEW raw.known",
    "ALTER TABLE raw.t ADD COLUMN z INTEGER DEFAULT 5",
    "ALTER TABLE raw.t RENAME COLUMN a TO z",
    "ALTER TABLE raw.t RENAME TO u",
    "ALTER TABLE raw.t DROP COLUMN c",
    "ALTER TABLE raw.t ALTER COLUMN a SET NOT NULL",
    "EXPLAIN DELETE FROM raw.t",
]

BAD_WRITES = [
    ("INSERT INTO sales.orders VALUES (1, 2)", "42501"),
    ("INSERT INTO raw.t (a) SELECT cost FROM sales.costs", "42501"),
    ("INSERT INTO raw.t (a) VALUES ((SELECT max(cost) FROM sales.costs))", "42501"),
    ("INSERT INTO raw.t (s) SELECT content FROM read_text('/etc/passwd')", "42501"),
    ("INSERT INTO raw.t (s) VALUES (getvariable('rs_user'))", "42501"),
    ("INSERT INTO raw.t (a) VALUES (1) RETURNING (SELECT max(cost) FROM sales.costs)", "42501"),
    ("INSERT INTO raw.t (a) VALUES (1) ON CONFLICT DO UPDATE SET a = (FROM sales.costs)", "42501"),
    ("UPDATE raw.t SET a = (SELECT max(cost) FROM sales.costs)", "42501"),
    ("UPDATE raw.t SET a = 1 WHERE a IN (FROM sales.costs)", "42501"),
    ("UPDATE sales.costs SET cost = 1", "42501"),
    ("DELETE FROM raw.t USING sales.costs WHERE true", "42501"),
    ("WITH x AS (DELETE FROM sales.orders RETURNING *) SELECT 1", "42501"),
    ("INSERT INTO retailsql.models VALUES ('main', 'x', 1)", "42501"),
    ("UPDATE retailsql.versions SET artefact = ''", "42501"),
    ("CREATE TABLE sales.x AS SELECT 1", "42501"),
    ("CREATE TABLE x AS SELECT 1", "42501"),
    ("CREATE TABLE retailsql.x AS SELECT 1", "42501"),
    ("CREATE TABLE memory.raw.x AS SELECT 1", "42501"),
    ("CREATE TABLE raw.__rs_x AS SELECT 1", "42501"),
    ("CREATE TABLE raw.x AS SELECT * FROM sales.costs", "42501"),
    ("CREATE TABLE raw.x AS WITH y AS (DELETE FROM raw.t RETURNING *) FROM y", "0A000"),
    ("CREATE TABLE raw.x AS SELECT * FROM read_csv('/etc/passwd')", "42501"),
    ("CREATE VIEW raw.v AS SELECT * FROM secret.pay", "42501"),
    ("CREATE VIEW raw.v AS SELECT hush_score(1.0, 2.0, 3.0)", "42501"),
    ("CREATE TABLE raw.x (a INT CHECK (line_score(a, a, a) > 1))", "42501"),
    ("CREATE TABLE raw.x (a INT DEFAULT (getvariable('x')))", "42501"),
    ("CREATE TABLE raw.x (a INT DEFAULT nextval('secret.numbers'))", "42501"),
    ("CREATE TABLE raw.x (a INT DEFAULT random())", "42501"),
    ("CREATE TABLE raw.x (a INT DEFAULT 1 + line_score(1, 2, 3))", "42501"),
    ("CREATE TABLE raw.x (a INT, b INT GENERATED ALWAYS AS (a + 1))", "42501"),
    ("CREATE TABLE raw.x (a INT /* ) */ DEFAULT getvariable('x'))", "42501"),
    ("CREATE TABLE raw.x (a INT REFERENCES sales.costs (cost))", "42501"),
    ("ALTER TABLE raw.t ADD COLUMN z INT DEFAULT (SELECT max(cost) FROM sales.costs)", "42501"),
    ("ALTER TABLE raw.t ALTER COLUMN a TYPE VARCHAR USING getvariable('rs_user')", "42501"),
    ("ALTER TABLE raw.t ALTER a SET DEFAULT random()", "42501"),
    ("ALTER TABLE sales.orders ADD COLUMN z INT", "42501"),
    ("ALTER TABLE raw.t SET SCHEMA sales", ("42501", "42601")),
    ("ALTER VIEW sales.orders RENAME TO x", "42501"),
    ("DROP TABLE sales.orders", "42501"),
    ("DROP TABLE retailsql.models", "42501"),
    ("DROP TABLE raw.t, sales.orders", ("42501", "0A000")),
    ("DROP SCHEMA raw CASCADE", "42501"),
    ("CREATE SCHEMA mine", "42501"),
    ("CREATE MACRO raw.f() AS getvariable('rs_user')", "42501"),
    ("CREATE TEMP TABLE x AS SELECT 1", "42501"),
    ("CREATE TRIGGER x AFTER INSERT ON raw.t FOR EACH STATEMENT SELECT 1", ("42501", "42601")),
    ("CREATE INDEX i ON raw.t (a)", "42501"),
    ("CREATE LOCAL TEMPORARY TABLE x (a INT)", ("42501", "42601")),
    ("CREATE TYPE raw.x AS ENUM ('a')", "42501"),
    ("CREATE TABLE raw.x AS SELECT 1; DROP TABLE sales.costs", "42601"),
    ("DELETE FROM raw.t; DELETE FROM sales.costs", "42601"),
    ("MERGE INTO raw.t USING sales.orders o ON t.a = o.id WHEN MATCHED THEN DELETE", "0A000"),
    ("COPY raw.t FROM '/etc/passwd'", "42501"),
    ("ATTACH '/tmp/x' AS y", "42501"),
    ("COMMENT ON TABLE sales.orders IS 'x'", "42501"),
    ("COMMENT ON COLUMN sales.orders.id IS 'x'", "42501"),
    ("COMMENT ON TABLE retailsql.models IS 'x'", "42501"),
    ("COMMENT ON SCHEMA raw IS 'x'", "0A000"),
    ("COMMENT ON TABLE raw.t IS $a$x$b$ || version()", ("42501", "42601")),
    ("DROP TABLE raw.nothing", "42P01"),
    ("UPDATE EXTENSIONS", ("42501", "42601")),
]  # fmt: skip


@pytest.mark.parametrize("text", WRITES)
def test_a_writer_may_write_where_he_was_let(cursor, text):
    assert passes(cursor, text, BEN).writes
    assert refused(cursor, text).sqlstate == "25006"


@pytest.mark.parametrize(("text", "states"), BAD_WRITES)
def test_a_writer_may_not_write_elsewhere_nor_read_more(cursor, text, states):
    error = refused(cursor, text, BEN)
    assert error.sqlstate in ((states,) if isinstance(states, str) else states), error


def test_what_was_just_made_is_seen(tmp_path):
    path = tmp_path / "shop.duckdb"
    make_warehouse(path, (MODELS / "line.onnx").read_bytes())
    with open_warehouse(path, writable=True) as root, cursor_of(root) as cursor:
        assert refused(cursor, "FROM raw.later", BEN).sqlstate == "42P01"
        passes(cursor, "CREATE TABLE raw.later AS SELECT 1", BEN)
        cursor.execute("CREATE TABLE raw.later AS SELECT 1")
        assert passes(cursor, "FROM raw.later", BEN).tables == ("raw.later",)
        cursor.execute("DROP TABLE raw.later")
        policy.alters(cursor)
        assert refused(cursor, "FROM raw.later", BEN).sqlstate == "42P01"


def test_names_are_those_of_the_writers_own_transaction(tmp_path):
    """raw.shared was dropped: the name now means secret.shared, which he may not read."""
    file = tmp_path / "shop.duckdb"
    make_warehouse(file, (MODELS / "line.onnx").read_bytes())
    path = "shop.raw,shop.secret"
    with open_warehouse(file, writable=True) as root:
        root.execute("CREATE TABLE shop.raw.shared AS SELECT 1 AS a")
        root.execute("CREATE TABLE shop.secret.shared AS SELECT 2 AS a")
        with cursor_of(root) as old, cursor_of(root) as new:

            def ask(cursor, text):
                return policy.check(cursor, text, None, text, BEN, spliced=False, path=path)

            old.execute("BEGIN TRANSACTION READ ONLY")
            old.execute("SELECT a FROM shop.raw.shared").fetchall()
            assert ask(new, "DROP TABLE raw.shared").writes
            new.execute("DROP TABLE shop.raw.shared")
            assert ask(old, "FROM shared").tables == ("raw.shared",)
            old.execute("COMMIT")
            policy.begins(old)
            with pytest.raises(PgError) as caught:
                ask(old, "FROM shared")
            assert caught.value.sqlstate in ("42501", "42P01")


def test_a_view_names_the_schema_of_all_it_reads(tmp_path):
    """Else it means another table as soon as its own is dropped or the search path is changed."""
    file = tmp_path / "shop.duckdb"
    make_warehouse(file, (MODELS / "line.onnx").read_bytes())
    with open_warehouse(file, writable=True) as root, cursor_of(root) as cursor:

        def ask(text):
            return policy.check(cursor, text, None, text, BEN, spliced=False, path="shop.raw")

        for text, hint in {
            "CREATE VIEW raw.w AS SELECT * FROM t": "write raw.t",
            "CREATE VIEW raw.w AS SELECT * FROM query_table('t')": "write raw.t",
            "CREATE VIEW raw.w AS SELECT twice(a) FROM raw.t": "write raw.twice",
            "CREATE VIEW raw.w AS SELECT * FROM nowhere": "write schema.nowhere",
        }.items():
            with pytest.raises(PgError) as caught:
                ask(text)
            assert (caught.value.sqlstate, caught.value.hint) == ("0A000", hint)
        assert ask("CREATE VIEW raw.w AS WITH x AS (FROM raw.t) SELECT raw.twice(a) FROM x").writes
