"""The shim: relations as PostgreSQL's, functions, casts, edits."""

from __future__ import annotations

import time
from itertools import pairwise

import duckdb
import pytest

from retailsql.adapters.server import catalog, encoding, postgres
from retailsql.adapters.server.catalog.build import _type
from retailsql.adapters.server.records import Grant, Rights, apply
from retailsql.dialect.tokens import tokenize
from tests.server_support.catalog_shop import EVERYTHING, ask, asked, edited, instance, session

PG = f"{catalog.SHIM}.pg"


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with instance(tmp_path_factory.mktemp("shim"), models=True) as root, session(root) as con:
        yield con


def one(con, sql):
    return ask(con, sql)[0][0]


def test_every_relation_has_the_columns_of_postgresql(con):
    private = f"{catalog.SHIM}.private.system_columns"
    want = con.execute(
        f"SELECT nspname, relname, attname, typname FROM {private} ORDER BY 1, 2, attnum"
    ).fetchall()
    has = con.execute(
        "SELECT CASE schema_name WHEN 'pg' THEN 'pg_catalog' ELSE 'information_schema' END, table_name, "  # noqa: E501
        "column_name, data_type FROM duckdb_columns() WHERE database_name = ? AND schema_name IN ('pg', 'info') "  # noqa: E501
        "ORDER BY 1, 2, column_index",
        [catalog.SHIM],
    ).fetchall()
    full = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE", "DECIMAL(38, 0)": "DECIMAL(38,0)"}
    assert sorted(has) == sorted((s, r, a, full.get(_type(t), _type(t))) for s, r, a, t in want)
    assert len({r for _, r, _, _ in has}) > 180


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT 'sales.orders'::regclass::text", "sales.orders"),
        ("SELECT 'customers'::regclass::text", "customers"),
        ("SELECT '\"sales\".\"orders\"'::regclass = 'sales.orders'::regclass", True),
        ("SELECT 'pg_class'::regclass::oid", 1259),
        ("SELECT CAST('pg_type' AS regclass)::oid", 1247),
        ("SELECT 23::regtype::text", "integer"),
        ("SELECT 'timestamp with time zone'::regtype::oid", 1184),
        ("SELECT 'array_in'::regproc::oid", 750),
        ("SELECT 'sales'::regnamespace::text", "sales"),
        ("SELECT format_type(1700, 655366)", "numeric(10,2)"),
        ("SELECT format_type(1007, -1)", "integer[]"),
        ("SELECT pg_get_userbyid(10)", "retailsql"),
        ("SELECT obj_description('sales.orders'::regclass, 'pg_class')", "Orders of the shop"),
        ("SELECT col_description('sales.orders'::regclass, 3)", "Money, with tax"),
        ("SELECT current_user", "anna"),
        ("SELECT current_catalog", "shop"),
        ("SELECT current_database()", "shop"),
        ("SELECT current_setting('server_version_num')::int / 100", 1500),
        ("SELECT current_setting('application_name')", "test"),
        ("SELECT current_setting('no.such', true)", None),
        ("SELECT pg_backend_pid()", 77),
        ("SELECT quote_ident('Order')", '"Order"'),
        ("SELECT (parse_ident('sales.\"Orders\"'))[1]", "sales"),
        ("SELECT pg_size_pretty(123456::bigint)", "121 kB"),
        ("SELECT format('%I.%L', 'a b', 'c''d')", "\"a b\".'c''d'"),
        ("SELECT indkey FROM pg_index WHERE indexrelid = 'sales.order_lines_pkey'::regclass", "1 2"),  # noqa: E501
        ("SELECT indkey[1] FROM pg_index WHERE indexrelid = 'sales.order_lines_pkey'::regclass", 2),
        ("SELECT count(*) FROM pg_attribute a, pg_index i WHERE attrelid = indrelid AND attnum = ANY(i.indkey) "  # noqa: E501
         "AND indexrelid = 'sales.order_lines_pkey'::regclass", 2),
        ("SELECT count(*) FROM shop.information_schema.tables WHERE table_schema = 'sales'", 3),
        ("SELECT c.tableoid FROM pg_class c LIMIT 1", 1259),
    ],
)  # fmt: skip
def test_answers(con, sql, value):
    assert one(con, sql) == value


def test_names_that_are_not_there_are_errors_as_in_postgresql(con):
    with pytest.raises(duckdb.Error, match='relation "sales.nothing" does not exist'):
        ask(con, "SELECT 'sales.nothing'::regclass::oid")
    with pytest.raises(duckdb.Error, match='unrecognized configuration parameter "no.such"'):
        ask(con, "SELECT current_setting('no.such')")


def test_models_are_functions_with_arguments(con):
    sql = (
        "SELECT pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), obj_description(p.oid, 'pg_proc') "  # noqa: E501
        "FROM pg_proc p WHERE proname = 'churn_score' ORDER BY 1"
    )
    assert ask(con, sql) == [
        ("a double precision, b text", "double precision", "Model churn: score"),
        ("r record", "double precision", "Model churn: score"),
    ]


def test_many_arguments_of_a_model_are_listed_in_lines_of_a_screen():
    names = [f"column_{i}" for i in range(30)]
    with duckdb.connect() as root:
        root.execute("ATTACH ':memory:' AS shop")
        given = ", ".join(f"{name} DOUBLE" for name in names)
        root.execute(f"CREATE MACRO shop.main.wide_score({given}) AS column_0")
        catalog.install(root, "shop")
        catalog.set_rights(root, [Rights("anna", (), EVERYTHING)])
        sql = "SELECT pg_get_function_arguments(oid) FROM pg_proc WHERE proname = 'wide_score'"
        told = one(session(root), sql)
    assert max(map(len, told.split("\n"))) < 90
    assert told.replace("\n", " ") == ", ".join(f"{name} double precision" for name in names)


def test_numbers_are_the_same_in_another_instance(con, tmp_path):
    with instance(tmp_path) as root, session(root) as other:
        sql = "SELECT oid FROM pg_class WHERE relname = 'orders'"
        assert ask(con, sql) == ask(other, sql)


def test_numbers_meet_between_relations(con):
    for sql in (
        "SELECT count(*) FROM pg_attribute WHERE attrelid NOT IN (SELECT oid FROM pg_class)",
        "SELECT count(*) FROM pg_attribute WHERE atttypid NOT IN (SELECT oid FROM pg_type)",
        "SELECT count(*) FROM pg_class WHERE relnamespace NOT IN (SELECT oid FROM pg_namespace)",
        "SELECT count(*) FROM pg_type WHERE typnamespace NOT IN (SELECT oid FROM pg_namespace)",
        "SELECT count(*) FROM pg_type WHERE typreceive <> 0 AND typreceive NOT IN (SELECT oid FROM pg_proc)",  # noqa: E501
        "SELECT count(*) FROM pg_constraint WHERE conindid <> 0 AND conindid NOT IN (SELECT oid FROM pg_class)",  # noqa: E501
        "SELECT count(*) - count(DISTINCT oid) FROM pg_class",
    ):
        assert one(con, sql) == 0, sql


def test_refresh_shows_what_was_made_since():
    with duckdb.connect() as root:
        root.execute("ATTACH ':memory:' AS shop")
        catalog.install(root, "shop")
        catalog.set_rights(root, [Rights("anna", (), frozenset({Grant("read", "database")}))])
        con = session(root)
        root.execute("CREATE TABLE shop.main.later (a INT)")
        catalog.refresh(root)
        assert one(con, "SELECT relname FROM pg_class WHERE relname = 'later'") == "later"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM t WHERE b = 'pgx'",
        "SELECT username, name, oids FROM t",
        "SELECT t.user FROM t",
        'SELECT "user" FROM t',
    ],
)
def test_other_statements_are_not_touched(text):
    assert edited(text) == text


def test_strings_and_aliases_are_not_names():
    assert edited("SELECT 'pg_class' AS pg_class") == "SELECT 'pg_class' AS pg_class"


def test_a_hundred_tables_are_listed_quickly():
    with duckdb.connect() as root:
        root.execute("ATTACH ':memory:' AS shop")
        for i in range(100):
            root.execute(
                f"CREATE TABLE shop.main.t{i} (id INT PRIMARY KEY, a VARCHAR, b DOUBLE, c DATE)"
            )
        catalog.install(root, "shop")
        catalog.set_rights(root, [Rights("anna", (), frozenset({Grant("read", "database")}))])
        con = session(root)
        sql = (
            "SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class c "  # noqa: E501
            "LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v') "  # noqa: E501
            "AND n.nspname <> 'pg_catalog' AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1, 2"
        )
        took = []
        for _ in range(5):
            start = time.perf_counter()
            assert len(ask(con, sql)) == 100
            took.append(time.perf_counter() - start)
        assert min(took) < 0.1


ANNOUNCED = [
    ("SELECT oid, typname, typtype, typinput, typacl FROM pg_type", [26, 19, 18, 24, 1034]),
    ("SELECT c.relkind AS kind, c.oid AS n FROM pg_catalog.pg_class c", [18, 26]),
    ("SELECT indkey, i.indclass, indexprs FROM pg_index i", [22, 30, 194]),
    (
        "SELECT array_agg(oid), array_agg(relname), min(oid), min(relname) FROM pg_class",
        [1028, 1003, 26, 25],
    ),
    (
        "WITH w AS (SELECT nspname AS a FROM pg_namespace) SELECT b FROM (SELECT a AS b FROM w) x",
        [19],
    ),
    (
        "SELECT (SELECT relname FROM pg_class LIMIT 1), coalesce(relname, '?') FROM pg_class",
        [19, 19],
    ),
    ("SELECT CASE WHEN true THEN relkind ELSE 'x' END, lower(relname) FROM pg_class", [18, 25]),
    ("SELECT relname FROM pg_class UNION SELECT nspname FROM pg_namespace", [19]),
    ("SELECT relname FROM pg_class UNION SELECT typname || '' FROM pg_type", [25]),
    ("SELECT indkey[0], unnest(indkey), unnest(proargtypes) FROM pg_index, pg_proc", [21, 21, 26]),
    ("SELECT 'a'::name, 'a'::\"char\", 1::oid, 'x' AS relname FROM pg_class", [19, 18, 26, 25]),
    ("SELECT current_user, current_schemas(true), pg_get_userbyid(10)", [19, 1003, 19]),
    ("SELECT table_name, is_typed, table_type FROM information_schema.tables", [19, 1043, 1043]),
    ("SELECT *, oid AS again FROM pg_namespace", [26, 19, 26, 1034, 26]),
    ("SELECT n.*, a.x FROM pg_namespace n, (SELECT 1 AS x) a", [26, 19, 26, 1034, 23]),
    ("SELECT words.relname FROM (VALUES ('a')) AS words(relname), pg_class", [25]),
    ("SELECT array(SELECT relname FROM pg_class)", [1003]),
]


@pytest.mark.parametrize(("sql", "oids"), ANNOUNCED)
def test_columns_are_announced_with_postgresqls_types(con, sql, oids):
    final = apply(sql, catalog.edits(sql, tokenize(sql)))
    relation = con.sql(final)
    fields = encoding.describe(relation.columns, relation.types)
    told = catalog.placed(con, sql, final, fields, lambda schema, name: None)
    assert [f.oid for f in told] == oids


@pytest.mark.parametrize("asked_text", [a.text for a in asked()][::7])
def test_edits_behind_other_edits_are_one_list(asked_text):
    first = postgres.edits(asked_text, tokenize(asked_text) or [])
    together = catalog.after(asked_text, first)
    assert apply(asked_text, together) == edited(asked_text)
    assert all(a.end <= b.start for a, b in pairwise(together))


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("SELECT 'sales.orders'::regclass", "name"),
        ("SELECT 1, 'sales.orders'::regclass AS t FROM pg_class", "name"),
        ("SELECT CAST('sales.orders' AS regclass)", "name"),
        ("SELECT oid FROM pg_class WHERE oid = 'sales.orders'::regclass", "number"),
        ("SELECT 'sales.orders'::regclass::oid", "number"),
        ("SELECT (SELECT 'sales.orders'::regclass) = oid FROM pg_class", "number"),
    ],
)
def test_a_relation_is_shown_by_name_and_compared_by_number(sql, shown):
    found = apply(sql, catalog.edits(sql, tokenize(sql)))
    assert ("rs_regclass_text(" in found) == (shown == "name")
    assert ("rs_regclass(" in found) == (shown == "number")


def test_statements_that_differ_in_a_number_are_edited_alike_and_keep_their_own():
    for number in ("16385", "99999", "1234567890"):
        sql = f"SELECT c.relname, printf('16384') FROM pg_class c WHERE c.oid = '{number}'"
        assert apply(sql, catalog.after(sql, [])).endswith(
            f"printf('16384') FROM __rs_catalog.pg.pg_class c WHERE c.oid = '{number}'"
        )
    for number in ("16385", "99999"):
        sql = f"SELECT format('{number}') FROM pg_class"
        assert f"printf('{number}')" in apply(sql, catalog.after(sql, []))
