"""PostgreSQL's dialect through the edits and macros: the same rows and names as PostgreSQL 15."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from retailsql.adapters.server import postgres
from retailsql.adapters.server.records import PgError, apply
from retailsql.dialect.tokens import tokenize
from tests.server_support.dialect import Engine, same
from tests.server_support.dialect_expressions import EXPRESSIONS, QUERIES
from tests.server_support.dialect_names import ITEMS

psycopg = pytest.importorskip("psycopg")

ORDERS = (
    "create table orders (id int, customer_id int, created_at timestamp, day date, "
    "amount numeric(10,2), status text, qty int)"
)
NAMED = (
    "create table t (x int, y int, d timestamp, s text, a int, b int, arr int[]);"
    "insert into t values (1, 1, timestamp '2024-01-01', 'a', 1, 1, array[1])"
)


def orders():
    dice = random.Random(1)
    for i in range(60):
        moment = dt.datetime(2024, 1, 1) + dt.timedelta(hours=i * 37)
        status = dice.choice(["paid", "open", None, "Lost"])
        yield (i, dice.randint(1, 5), moment, moment.date(), round(dice.random() * 100, 2), status,
               dice.randint(0, 9))  # fmt: skip


@pytest.fixture(scope="module")
def real(postgres15):
    with psycopg.connect(postgres15.dsn, autocommit=True) as connection:
        connection.execute("create schema dialect; set search_path = dialect")
        connection.execute(ORDERS)
        connection.execute(NAMED)
        connection.cursor().executemany(
            "insert into orders values (%s,%s,%s,%s,%s,%s,%s)", list(orders())
        )
        yield connection
        connection.execute("drop schema dialect cascade")


@pytest.fixture(scope="module")
def engine():
    one = Engine()
    one.cursor.execute(ORDERS)
    one.cursor.execute(NAMED)
    one.cursor.executemany("insert into orders values (?,?,?,?,?,?,?)", list(orders()))
    yield one
    one.close()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_has_the_value_it_has_in_postgresql(real, engine, expression):
    query = f"select {expression}"
    assert same(engine.rows(query), real.execute(query).fetchall()), engine.edited(query)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_a_bi_tool_gives_the_rows_and_names_of_postgresql(real, engine, query):
    want = real.execute(query)
    names = [column.name for column in want.description]
    assert same(engine.rows(query), want.fetchall()), engine.edited(query)
    assert engine.names(query) == names


@pytest.mark.parametrize("item", ITEMS)
def test_an_unnamed_column_has_postgresqls_name(real, engine, item):
    for query in (f"select {item} from t", f"select {item} from t group by x", f"select {item}"):
        try:
            want = [column.name for column in real.execute(query).description]
            break
        except psycopg.Error:
            continue
    assert engine.names(query) == want


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("values (1, 2), (3, 4)", ["column1", "column2"]),
        ("(select count(*) from t) union all select 1 order by 1", ["count"]),
        ("select * from (select count(*) from t) q", ["count"]),
        ("with a as (select max(x) from t) select * from a", ["max"]),
        ("select t.*, 1 + 1 from t", ["x", "y", "d", "s", "a", "b", "arr", "?column?"]),
        ("select 'é', count(*) as Ünd, x::int from t group by x", ["?column?", "Ünd", "x"]),
    ],
)
def test_names_of_whole_queries(engine, query, names):
    assert engine.names(query) == names


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("select 'a ~ b' -- ~ c", "select 'a ~ b' -- ~ c"),
        ("select ~5, -x", "select ~5, -x"),
        ("select x from t where a !~* b", "select x from t where a @&!~* b"),
        ("select x from t where a !~* 'b'", "select x from t where a @!~* 'b'"),
        ("select x from t where a ~ 'b.'", "select x from t where a @~ 'b.'"),
        ("select x from t where a ~ '(b?){300}'", "select x from t where a @^~ '(b?){300}'"),
        ("select regexp_replace(a, 'b.', '')", "select __pg_quick_regexp_replace(a, 'b.', '')"),
        ("select regexp_like(a, 'b.')", "select __pg_quick_regexp_like(a, 'b.')"),
        ("select a like lower(b)", "select a like    __pg_pattern(lower(b)) ESCAPE '\\'"),
        ("select a like 'b%' from glob('b')", "select a like 'b%' from glob('b')"),
        ("select \"numeric\" from t", "select \"numeric\" from t"),
        ("select x::numeric(10,2)", "select x::numeric(10,2)"),
        ("select cast(x as numeric)", "select cast(x as DECIMAL(38,10))"),
        ("select x for update of t skip locked", "select x "),
        ("select substring(s for 2)", "select substring(s for 2)"),
        ("select x = any($1)", "select x = any(cast_to_type($1, [x]))"),
        ("select t.\"X\" <> all('{1}')", "select t.\"X\" <> all(cast_to_type(['1'], [t.\"X\"]))"),
        ("select f(x) = any($1)", "select f(x) = any($1)"),
        ("select now(3)", "select now(3)"),
        ("from (select min(columns(*)) from t)", "from (select min(columns(*)) from t)"),
        ("select a operator(pg_catalog.~) 'x'", "select a operator(pg_catalog.~) 'x'"),
        ("select current_timestamp(3)", "select current_timestamp"),
        ("select s collate \"en_US\"", "select s "),
        ("select '{1,NULL}'::int[]", "select '[\"1\", NULL]'::int[]"),
        ("select '{\"a\":1}'::json", "select '{\"a\":1}'::json"),
        ("select x / 2 from t where d between '1' and '2'",
         "select x / 2 from t where d between '1' and '2'"),
        ("select a || b, a || '{1}'", "select a || b, a || '{1}'"),
        ("select x || 'a' || 1 b from t", "select   __pg_text(x) || 'a' || 1 b from t"),
        ("select x + '2' y", "select x + '2'::INTEGER y"),
        ("select date '2024-01-02' - '1'", "select date '2024-01-02' - '1'::INTEGER"),
        ("select not x not between symmetric a+1 and b y",
         "select not    NOT __pg_between(x , a+1 , b) y"),
        ("select round(x, 2), round(x, -1)", "select round(x, 2), round(x, -1)"),
        ("select x from t order by x desc fetch first 2 rows with ties",
         "select x from t QUALIFY rank() OVER (ORDER BY x desc NULLS FIRST) <= 2 "
         "order by x desc NULLS FIRST "),
    ],
)  # fmt: skip
def test_only_what_differs_is_edited(engine, before, after):
    assert engine.edited(before) == after


def test_what_the_binder_refuses_is_called():
    sql = "select a / 2 * b + max(d - 1) over (order by x) - -1 as n"
    tokens = tokenize(sql)
    for refusal, new in (
        ("argument types '//(INTERVAL, INTEGER)'", sql.replace("a / 2", "__pg_divided(a , 2)")),
        ("argument types '-(DATE, BIGINT)'",
         "select  __pg_minus(a / 2 * b + max( __pg_minus(d , 1)) over (order by x) , -1) as n"),
        ("argument types '//(VARCHAR, INTEGER)'", sql),
    ):  # fmt: skip
        assert apply(sql, postgres.mended(sql, tokens, refusal)) == new


def test_a_view_of_the_warehouse_keeps_its_meaning(engine):
    """A macro called to_hex would change what a view means that was written for DuckDB."""
    engine.root.execute("create or replace view shop.main.hexes as select to_hex(255) as x")
    assert engine.rows("select x, to_hex(255) from hexes") == [("FF", "ff")]


def test_select_into_is_refused():
    sql = "select a, b into c from d"
    with pytest.raises(PgError) as told:
        postgres.edits(sql, tokenize(sql))
    assert (told.value.sqlstate, told.value.position) == ("0A000", 13)


def test_names_come_from_the_users_own_text_too(engine):
    for query, names in (
        ("select count(*), every(x = 1), s ~ 'a' from t group by s for update",
         ["count", "every", "?column?"]),
        ("select s ~ 'a', '{1}'::int[], sum(x) filter (where x > 1) from t group by s",
         ["?column?", "int4", "sum"]),
    ):  # fmt: skip
        assert postgres.column_names(engine.root.cursor(), query, ["a()"] * 3) == names


@pytest.mark.parametrize(
    ("call", "types"),
    [
        ("lpad($1, $2, '0')", "VARCHAR BIGINT"),
        ("repeat('a', $1)", "BIGINT"),
        ("replace('abc', $1, $2)", "VARCHAR VARCHAR"),
        ("generate_series($1::date, $2::date, $3)", "DATE DATE INTERVAL"),
        ("generate_series($1, $2)", "BIGINT BIGINT"),
    ],
)
def test_a_parameter_of_a_guarded_function_has_its_type(engine, call, types):
    found = engine.cursor._bind(engine.edited(f"select {call}"))[2]
    assert " ".join(str(kind) for _, kind in sorted(found)) == types


def test_where_a_parameter_is_an_array():
    sql = "select $1 = any($2), $3::int[], $4::int, x = all ($5)"
    assert postgres.array_parameters(sql, tokenize(sql)) == {2, 3, 5}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("round(2.5::double precision)", 2.0),
        ("round(3.5::float8)", 4.0),
        ("round(-2.5::float8)", -2.0),
        ("round(2.5)::text", "3"),
        ("round(0.1::float8)", 0.0),
        ("'abcd'::varchar(3)::varchar(2)", "ab"),
        ("lower('ABC')::character varying(2) || 'x'", "abx"),
        ("(CASE WHEN true THEN 'abc' END)::char(2)", "ab"),
        ("CASE WHEN true THEN 'abc' END::varchar(1)", "a"),
        ("'on'::bool AND NOT CAST('off' AS boolean)", True),
        ("'\\x4142'::bytea", b"AB"),
        ("CAST('\\x00ff' AS bytea)", b"\x00\xff"),
        ("extract(month FROM date '2024-04-01') / 8", 0.5),
        ("date_part('month', date '2024-04-01') / 8", 0.5),
        ("extract(epoch FROM timestamp '2024-05-06 07:08:09.5')::text", "1714979289.500000"),
        ("date_part('epoch', timestamp '2024-05-06 07:08:09.5')", 1714979289.5),
        ("'abc' LIKE ANY (ARRAY['x%', 'a%'])", True),
        ("'abcdef'::character varying(5)::varchar(4)::char(2)::text", "ab"),
        ("cast(cast('abcdef' as character varying(5)) as varchar(2))", "ab"),
        ("timestamp '2024-01-02'::timestamp without time zone::varchar(10)", "2024-01-02"),
        ("lower('ABC') NOT ILIKE ALL (ARRAY['B%', 'C%'])", True),
        ("(date '2024-01-01', date '2024-01-02') OVERLAPS (date '2024-01-02', date '2024-01-03')",
         False),
        ("length('abc') + position('b' IN 'abc')", 5),
        ("encode(sha256('abc'::bytea), 'hex')",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ],
)  # fmt: skip
def test_what_duckdb_reads_otherwise_has_postgresqls_value(expression, value):
    engine = Engine()
    try:
        assert engine.rows(f"SELECT {expression}") == [(value,)]
    finally:
        engine.close()
