"""What PostgreSQL 15 calls, types and answers for the expressions that tools write, the door does.

The statements are of the kinds Superset, Metabase, Grafana, Tableau and Power BI send.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server_support.answers import plain, same

psycopg = pytest.importorskip("psycopg")
pytestmark = pytest.mark.timeout(60)

EXPRESSIONS = """
1
1.5
'text'
NULL
true
1 + 1
7 / 2
7 % 3
-7 / 2
7 / 2.0
2 ^ 3
1::bigint + 1::smallint
1.10::numeric(10,2) * 2
'a' || 'b'
'a' || 1
count(*)
count(id)
sum(id)
sum(large / 4)
sum(small)
sum(double_)
sum(price)
avg(id)
avg(double_)
avg(price)
min(day_)
max(moment)
min(words)
count(DISTINCT flag)
bool_and(flag)
string_agg(id::text, ',' ORDER BY id)
array_agg(id ORDER BY id)
stddev(id)
max(id) - min(id)
count(*) FILTER (WHERE flag)
percentile_cont(0.5) WITHIN GROUP (ORDER BY double_)
round(2.5)
round(2.345, 2)
round(2.5::double precision)
floor(2.7)
ceil(2.1::double precision)
abs(-3)
power(2, 10)
sqrt(2)
mod(7, 3)
greatest(1, 2)
coalesce(NULL, 3)
nullif(1, 1)
CASE WHEN true THEN 1 ELSE 2 END
cast('12' AS integer)
'12'::numeric(5,1)
'2024-01-02'::date
DATE '2024-01-02'
TIMESTAMP '2024-01-02 03:04:05'
date '2024-01-02' + 5
date '2024-03-01' - date '2024-02-01'
timestamp '2024-01-02' - timestamp '2024-01-01'
date '2024-01-31' + interval '1 month'
interval '90 minutes'
extract(year FROM timestamp '2024-05-06 07:08:09')
extract(epoch FROM timestamp '2024-05-06 07:08:09')
extract(dow FROM date '2024-05-06')
extract(isodow FROM date '2024-05-05')
extract(week FROM date '2024-01-01')
extract(quarter FROM date '2024-05-06')
date_part('month', date '2024-05-06')
date_trunc('month', timestamp '2024-05-06 07:08:09')
date_trunc('week', date '2024-05-08')
date_trunc('quarter', timestamptz '2024-05-06 07:08:09+00')
to_char(timestamp '2024-05-06 07:08:09', 'YYYY-MM-DD HH24:MI:SS')
to_char(date '2024-05-06', 'Day, DD Mon YYYY')
to_char(1234.5, '9,999.99')
to_timestamp('2024-05-06 07:08:09', 'YYYY-MM-DD HH24:MI:SS')
to_timestamp(1700000000)
to_timestamp('2024-05-06 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
to_date('06.05.2024', 'DD.MM.YYYY')
age(timestamp '2024-03-01', timestamp '2023-01-15')
make_date(2024, 2, 29)
timestamp '2024-01-01 12:00' AT TIME ZONE 'Europe/Berlin'
timestamptz '2024-01-01 12:00+00' AT TIME ZONE 'America/New_York'
upper('ä')
lower('Ä')
initcap('hello world')
length('日本')
octet_length('日本')
char_length('abc')
substring('abcdef' FROM 2 FOR 3)
substr('abcdef', 2, 3)
left('abc', 2)
right('abc', 2)
position('c' IN 'abc')
strpos('abc', 'c')
replace('abc', 'b', 'x')
trim('  x ')
btrim('xxaxx', 'x')
ltrim('  x')
lpad('7', 3, '0')
split_part('a,b,c', ',', 2)
concat('a', NULL, 1)
concat_ws('-', 'a', NULL, 'b')
repeat('ab', 2)
reverse('abc')
md5('abc')
'abc' ~ 'b'
'abc' ~* 'B'
'abc' !~ 'b'
'abc' LIKE 'a%'
'abc' ILIKE 'A%'
'abc' SIMILAR TO 'a(b|x)c'
regexp_replace('abcabc', 'b', 'x')
regexp_replace('abcabc', 'b', 'x', 'g')
regexp_match('abc', 'b(.)')
quote_ident('a b')
quote_literal('it''s')
format('%s-%I', 'a', 'b c')
ascii('a')
chr(65)
encode('\\x00ff'::bytea, 'hex')
ARRAY[1, 2, 3]
ARRAY['a', NULL]
(ARRAY[1, 2, 3])[2]
array_length(ARRAY[1, 2], 1)
array_to_string(ARRAY['a', 'b'], ',')
string_to_array('a,b', ',')
1 = ANY(ARRAY[1, 2])
cardinality(ARRAY[1, 2])
'{"a": 1}'::json ->> 'a'
'{"a": {"b": 2}}'::json -> 'a'
'{1,2}'::integer[]
current_database()
current_schema()
current_user
session_user
current_catalog
pg_typeof(1)
pg_typeof('x'::text)
row_number() OVER (ORDER BY id)
lag(id) OVER (ORDER BY id)
sum(id) OVER (ORDER BY id)
rank() OVER (ORDER BY flag)
first_value(words) OVER (ORDER BY id)
id IS DISTINCT FROM 1
id BETWEEN 1 AND 2
id IN (1, 2)
EXISTS (SELECT 1)
(SELECT max(id) FROM kinds)
random() < 2
now() > timestamp '2020-01-01'
current_date > date '2020-01-01'
'1.0'::double precision
'infinity'::double precision
1e20
1e-7::double precision
100000000000000000000
0.1::real
1234567.0::real
1e15::double precision
1e16::double precision
123456789.123456789::double precision
'12:00'::time
'00:00:00.5'::interval
'1 mon -1 days'::interval
-interval '1 day 2 hours'
'a'::char(3)
'abc'::varchar(2)
CAST('abc' AS varchar(2))
CAST('abcd' AS character varying(3))
CAST('abc' AS char(2))
CAST('abc' AS char)
CAST(1234.5 AS varchar(3))
'abc'::varchar(2)::text
12.345::numeric(5,1)
CAST(12.345 AS numeric(5,1))
100::double precision::text
CAST(0.5::double precision AS text)
'NaN'::double precision::text
'1 year 1 mon -1 days'::interval::text
1::double precision || ' kg'
concat(1::double precision, ' ', true)
'a_b' LIKE 'a\\_b'
'axb' LIKE 'a\\_b'
'a\\b' LIKE 'a\\\\b'
'A_b' ILIKE 'a\\_B'
extract(epoch FROM interval '1 year 2 mons')
justify_interval('1 mon -1 hour'::interval)
ARRAY[1, NULL]::text
1e15::double precision::text
upper('a') || 1::double precision
ARRAY[1, 2] || 3
'{"a": 1}'::jsonb @> '{"a": 1}'
id * '2.5'
max(id) = '2.5'
'abcdef'::varchar
'x'::name
B'101'
'\\x4142'::bytea
'5'::oid
""".strip().splitlines()
BI = {
    block.split("\n", 1)[0].removeprefix("-- "): block.split("\n", 1)[1].strip()
    for block in Path(__file__)
    .with_name("server_support")
    .joinpath("bi_statements.sql")
    .read_text()
    .split("\n\n")[1:]
}
LINES = [
    line
    for name in ("tool_statements.sql", "analyst_statements.sql")
    for line in Path(__file__).with_name("server_support").joinpath(name).read_text().splitlines()
    if not line.startswith("--")
]
FROM_KINDS = ("count", "sum", "avg", "min(", "max(", "bool_", "string_agg", "array_agg", "stddev",
              "percentile", "OVER", "id ")  # fmt: skip


def answer(target, expression):
    places = " FROM kinds ORDER BY 1 NULLS LAST" if _needs_rows(expression) else ""
    told = {}
    with psycopg.connect(target.dsn, connect_timeout=10, autocommit=True) as connection:
        for binary in (False, True):
            try:
                cursor = connection.cursor(binary=binary).execute(f"SELECT {expression}{places}")
            except psycopg.Error as e:
                told[str(binary)] = [e.sqlstate, str(e)]
                continue
            result = cursor.pgresult
            values = [result.get_value(row, 0) for row in range(result.ntuples)]
            column = cursor.description[0]
            told[str(binary)] = [column.name, column.type_code, result.fmod(0), values]
    return plain(told)


def _needs_rows(expression: str) -> bool:
    return any(word in expression for word in FROM_KINDS)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_has_postgresqls_name_type_and_value(expression, real, door):
    same("expressions", expression, answer(real, expression), answer(door, expression))


def rows(target, statement):
    with psycopg.connect(target.dsn, connect_timeout=10, autocommit=True) as connection:
        return answered(connection, statement)


def answered(connection, statement):
    """Names, types and rows; numeric as double precision, as DuckDB divides: 12 digits."""
    cursor = connection.execute(statement)
    columns = [[c.name, 1700 if c.type_code == 701 else c.type_code] for c in cursor.description]
    numbers = [kind == 1700 for _, kind in columns]
    result = cursor.pgresult
    found = []
    for row in range(result.ntuples):
        values = [result.get_value(row, i) for i in range(result.nfields)]
        found.append(
            [f"{float(v):.12g}" if n and v else v for v, n in zip(values, numbers, strict=True)]
        )
    return plain([columns, found])


@pytest.mark.parametrize("name", BI)
def test_a_statement_of_a_tool_answers_as_postgresql_does(name, real, door):
    first = rows(real, BI[name])
    try:
        second = rows(door, BI[name])
    except psycopg.Error as error:
        second = f"{error.sqlstate} {error}"
    same("statements", name, first, second)


@pytest.mark.parametrize("start", range(0, len(LINES), 25))
def test_what_tools_write_is_answered_as_postgresql_does(start, real, door):
    """Many in one session: which, the message tells."""
    with (
        psycopg.connect(real.dsn, connect_timeout=10, autocommit=True) as one,
        psycopg.connect(door.dsn, connect_timeout=10, autocommit=True) as other,
    ):
        for line in LINES[start : start + 25]:
            first = answered(one, line)
            try:
                second = answered(other, line)
            except psycopg.Error as error:
                second = f"{error.sqlstate} {error}"
            assert second == first, line


REFUSED = {
    "SELECT 2 * '2.5'": "22P02",
    "SELECT '1.5' + 1": "22P02",
    "SELECT '2.5'::integer": "22P02",
    "SELECT CAST('2.5' AS bigint)": "22P02",
    "SELECT '1' + '2'": "42725",
    "SELECT interval '1 day' / 0": "22012",
    "SELECT sum(words) FROM kinds": "42883",
    "SELECT words / 2 FROM kinds": "42883",
    "SELECT day_ + large FROM kinds WHERE id = 1 AND words + 1 = 2": "42883",
    "SELECT 1 BETWEEN SYMMETRIC 2": "42601",
}


@pytest.mark.parametrize("statement", REFUSED)
def test_what_postgresql_refuses_the_door_refuses_with_its_state(statement, real, door):
    told = []
    for target in (real, door):
        with (
            psycopg.connect(target.dsn, connect_timeout=10, autocommit=True) as connection,
            pytest.raises(psycopg.Error) as error,
        ):
            connection.execute(statement)
        told.append(error.value.sqlstate)
    assert told == [REFUSED[statement]] * 2


def test_with_ties_is_refused_where_its_rows_cannot_be_told(door):
    with psycopg.connect(door.dsn, connect_timeout=10, autocommit=True) as connection:
        for statement in (
            "SELECT DISTINCT flag FROM kinds ORDER BY flag FETCH FIRST 1 ROWS WITH TIES",
            "SELECT id FROM kinds UNION SELECT 1 ORDER BY id FETCH FIRST ROW WITH TIES",
            "SELECT id FROM kinds ORDER BY 1 FETCH FIRST ROW WITH TIES",
        ):
            with pytest.raises(psycopg.errors.FeatureNotSupported, match="WITH TIES"):
                connection.execute(statement)
