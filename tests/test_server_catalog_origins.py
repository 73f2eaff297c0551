"""A result's columns tell the table and the number they have there, as PostgreSQL 15 tells them."""

from __future__ import annotations

import pytest

from tests.server_support.postgres15 import postgres15  # noqa: F401
from tests.server_support.targets import door, real  # noqa: F401

psycopg = pytest.importorskip("psycopg")
pytestmark = pytest.mark.timeout(60)

STATEMENTS = """
SELECT * FROM kinds
SELECT id, words AS text, id + 1, 'x', now() FROM kinds
SELECT k.*, k.price AS again FROM main.kinds AS k WHERE k.id < 3
SELECT KINDS.ID, "price" FROM kinds
SELECT shop.sales.orders.id FROM shop.sales.orders
SELECT c.name, o.total, o.id FROM sales.customers c JOIN sales.orders o ON o.customer_id = c.id
SELECT * FROM sales.customers c, sales.orders o WHERE o.customer_id = c.id LIMIT 1
SELECT * FROM sales.customers c LEFT JOIN sales.many m USING (id) LIMIT 1
SELECT id, c.name, m.part FROM sales.customers c JOIN sales.many m USING (id) LIMIT 1
SELECT c.id, m.amount FROM sales.customers c RIGHT JOIN sales.many m ON c.id = m.id LIMIT 1
SELECT * FROM sales.spent
SELECT s.name, s.total FROM sales.spent AS s
SELECT a, b FROM (SELECT id AS a, words AS b FROM kinds) AS x
SELECT x.* FROM (SELECT id, id * 2 AS twice, words FROM kinds) AS x
SELECT q FROM (SELECT p AS q FROM (SELECT price AS p FROM kinds) AS one) AS two
SELECT a FROM (SELECT id, words FROM kinds) AS x(a, b)
SELECT b FROM kinds AS k(a, b)
WITH x AS (SELECT id, price FROM kinds) SELECT x.price, id FROM x
WITH x(n, m) AS (SELECT id, price FROM kinds), y AS (SELECT m FROM x) SELECT m FROM y
WITH kinds AS (SELECT 1 AS id) SELECT id FROM kinds
WITH kinds AS (SELECT id FROM kinds) SELECT id FROM kinds
WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT n FROM t
SELECT id FROM kinds UNION SELECT id FROM nothing
SELECT x.id FROM (SELECT id FROM kinds UNION ALL SELECT id FROM nothing) AS x
SELECT id, count(*), max(price) FROM kinds GROUP BY id
SELECT DISTINCT flag FROM kinds ORDER BY flag
SELECT max(id) OVER (), id FROM kinds
SELECT id::bigint, CAST(words AS integer), coalesce(id, 1) FROM kinds LIMIT 0
SELECT (SELECT words FROM kinds WHERE id = 1), id FROM nothing
SELECT CASE WHEN flag THEN id END, -id, id IS NULL FROM kinds
SELECT v.a, k.id FROM (VALUES (1), (2)) AS v(a), kinds k
SELECT g, id FROM generate_series(1, 2) AS g, kinds
SELECT k.id, l.words FROM kinds k, LATERAL (SELECT k.words) AS l
SELECT id FROM kinds WHERE id IN (SELECT id FROM nothing)
SELECT numbers[1], numbers, doc FROM kinds
SELECT relname, oid, relnamespace AS n FROM pg_class
SELECT c.relname, n.nspname FROM pg_catalog.pg_class c JOIN pg_namespace n ON n.oid = relnamespace
SELECT table_name FROM information_schema.tables
VALUES (1)
SELECT 1
TABLE nothing
SELECT * FROM sales.customers c FULL JOIN sales.many m USING (id) LIMIT 1
SELECT id, c.id AS a, m.id AS b FROM sales.customers c JOIN sales.many m USING (id) LIMIT 1
SELECT * FROM nothing NATURAL JOIN sales.customers
SELECT name, mail FROM nothing NATURAL JOIN sales.customers
SELECT (id), words COLLATE "C" FROM kinds
SELECT x.id, y.id FROM kinds x CROSS JOIN kinds y LIMIT 1
SELECT * FROM (kinds JOIN nothing USING (id))
SELECT id FROM kinds GROUP BY ROLLUP (id)
SELECT EXISTS (SELECT id FROM kinds) AS id
""".strip().splitlines()

NOT_ALL = """
SELECT * FROM sales.customers c RIGHT JOIN sales.many m USING (id) LIMIT 1
SELECT id, c.id AS a, m.id AS b FROM sales.customers c FULL JOIN sales.many m USING (id) LIMIT 1
SELECT words::text, words::varchar, id::int4 FROM kinds
SELECT k FROM kinds k
""".strip().splitlines()
"""Where the door tells of fewer columns."""


def origins(con, text):
    """Name, table and number of each column; numbers of tables as names, as they differ."""
    result = con.execute(text).pgresult
    tables = "SELECT oid::bigint, oid::regclass::text FROM pg_class"
    names = {0: None, **dict(con.execute(tables).fetchall())}
    return [
        (result.fname(i).decode(), names[result.ftable(i)], result.ftablecol(i))
        for i in range(result.nfields)
    ]


@pytest.fixture(scope="module")
def both(real, door):  # noqa: F811
    with (
        psycopg.connect(real.dsn, autocommit=True) as there,
        psycopg.connect(door.dsn, autocommit=True) as here,
    ):
        yield there, here


@pytest.mark.parametrize("text", STATEMENTS)
def test_columns_tell_their_tables(both, text):
    there, here = both
    assert origins(here, text) == origins(there, text)


@pytest.mark.parametrize("text", NOT_ALL)
def test_what_is_told_is_never_wrong(both, text):
    there, here = both
    pairs = list(zip(origins(here, text), origins(there, text), strict=True))
    assert all(mine == theirs or mine[1:] == (None, 0) for mine, theirs in pairs)
    assert any(mine != theirs for mine, theirs in pairs), "it can move to STATEMENTS"


def test_parameters_and_prepared_statements_tell_tables_too(both):
    for con in both:
        for _ in range(7):
            found = con.execute("SELECT id, words FROM kinds WHERE id = %s", [1], prepare=True)
            assert [found.pgresult.ftablecol(i) for i in (0, 1)] == [1, 8]
            assert found.pgresult.ftable(0) == found.pgresult.ftable(1) > 0


REGPROC = """
SELECT typname, typinput, typoutput, typreceive, typsend, typmodin, typanalyze FROM pg_type
    WHERE typnamespace = 11 AND typtype = 'b' AND oid < 4000
    AND typname NOT IN ('_pg_class', '_pg_type', '_pg_proc', '_pg_attribute') ORDER BY oid
SELECT oid, oprname, oprcode, oprrest, oprjoin FROM pg_operator
    WHERE oprname = '=' AND oid IN (96, 98, 410)
SELECT amname, amhandler FROM pg_am ORDER BY amname
SELECT x.f, count(*) FROM (SELECT typinput AS f FROM pg_type WHERE oid IN (16, 20, 1007, 1016)) x
    GROUP BY x.f ORDER BY x.f
""".strip()


@pytest.mark.parametrize("text", REGPROC.replace("\n    ", " ").splitlines())
@pytest.mark.parametrize("binary", [False, True])
def test_functions_of_the_catalog_are_names_in_text_and_numbers_in_binary(both, text, binary):
    answers = []
    for con in both:
        result = con.cursor(binary=binary).execute(text).pgresult
        rows = [
            [result.get_value(row, i) for i in range(result.nfields)]
            for row in range(result.ntuples)
        ]
        answers.append(([result.ftype(i) for i in range(result.nfields)], rows))
    assert answers[0] == answers[1]
