"""Errors as a driver reads them: SQLSTATE, words, hint and place; nothing of the inside."""

from __future__ import annotations

import duckdb
import pytest

from retailsql import errors
from retailsql.adapters.server.postgres import edits, pg_error
from retailsql.adapters.server.postgres.patterns import OWN
from retailsql.adapters.server.records import PgError
from retailsql.dialect.tokens import tokenize
from tests.server_support.dialect import Engine

CASES = [
    ("select * from sale", "42P01", 'relation "sale" does not exist', "sale"),
    ("select * from nope.sales", "42P01", 'relation "nope.sales" does not exist', "nope"),
    ("select amout from sales", "42703", 'column "amout" does not exist', "amout"),
    ("select s.amout from sales s", "42703", "column s.amout does not exist", "s.amout"),
    ("select z.amount from sales s", "42P01", 'missing FROM-clause entry for table "z"', "z."),
    ("select foo(1)", "42883", "function foo(integer) does not exist", "foo"),
    ("select abs('a'::text)", "42883", "function abs(text) does not exist", "abs"),
    ("select id + name from sales", "42883", "operator does not exist: integer + text", "+"),
    ("select upper(s.*) from sales s", "42601",
     "a row as a value is written by the name of its table alone, without .*", None),
    ("select * form sales", "42601", 'syntax error at or near "sales"', "sales"),
    ("select 'open", "42601", None, None),
    ("select x from a, b", "42702", 'column reference "x" is ambiguous', "x"),
    ("select name, sum(amount) from sales", "42803",
     'column "name" must appear in the GROUP BY clause or be used in an aggregate function',
     "name"),
    ("select * from sales where sum(id) > 1", "42803",
     "aggregate functions are not allowed in WHERE", "sum"),
    ("select max(sum(id)) from sales", "42803", "aggregate function calls cannot be nested", "sum"),
    ("select 1 // 0", "22012", "division by zero", None),
    ("select 'a'::int", "22P02", 'invalid input syntax for type integer: "a"', "'a'"),
    ("select '99999999999'::int", "22003",
     'value "99999999999" is out of range for type integer', "'999"),
    ("select 99999999999::int", "22003", "integer out of range", None),
    ("select 2147483647::int + 1::int", "22003", "integer out of range", None),
    ("select 'a'::date", "22007", 'invalid input syntax for type date: "a"', "'a'"),
    ("select '2024-13-45'::date", "22008",
     'date/time field value out of range: "2024-13-45"', "'2024"),
    ("select 'abc'::uuid", "22P02", 'invalid input syntax for type uuid: "abc"', "'abc'"),
    ("select 'abc'::interval", "22007", 'invalid input syntax for type interval: "abc"', "'abc'"),
    ("select (select x from (values (1), (2)) t(x))", "21000",
     "more than one row returned by a subquery used as an expression", None),
    ("create table sales(i int)", "42P07", 'relation "sales" already exists', None),
    ("create table zz.sales(i int)", "3F000", 'schema "zz" does not exist', None),
    ("select cast(1 as foo)", "42704", 'type "foo" does not exist', "foo"),
    ("select id from sales order by 2", "42P10", None, "2"),
    ("select 1 union select 1, 2", "42601", None, None),
    ("select * from sales limit -1", "2201W", "LIMIT must not be negative", None),
    ("select date_trunc('foo', date '2024-01-01')", "22023", 'unit "foo" not recognized', None),
    ("select 'a' ~ '('", "2201B", None, None),
    ("select now() at time zone 'foo'", "22023", 'time zone "foo" not recognized', None),
    ("select date '2024-01-01'::int", "42846", "cannot cast type date to integer", None),
    ("execute nope", "26000", 'prepared statement "nope" does not exist', None),
    ("select 1 in (select 1, 2)", "42601", "subquery must return only one column", None),
    ("select to_date(1)", "42883", None, None),
    ("set foo = 1", "42704", 'unrecognized configuration parameter "foo"', None),
    ("rollback", "25P01", "there is no transaction in progress", None),
    ("select repeat('a', 10000000000)", "54000", "requested length too large", None),
    ("select 1 + 'x'", "22P02", 'invalid input syntax for type integer: "x"', "'x'"),
    ("select 'x' + 1", "22P02", 'invalid input syntax for type integer: "x"', "'x'"),
    ("select 1.5 * 'x'", "22P02", 'invalid input syntax for type numeric: "x"', "'x'"),
    ("select json_agg(1, 2)", "42883", "function json_agg(integer, integer) does not exist",
     "json"),
    ("select string_to_array(1, 2)", "42883", None, None),
    ("select list_distinct(range(600000))", "54000",
     "list_distinct would work on a value that is too large: 600000 elements, at most 500000",
     None),
]  # fmt: skip


@pytest.fixture(scope="module")
def engine():
    one = Engine()
    one.cursor.execute("create table sales(id int, amount decimal(10,2), day date, name varchar)")
    one.cursor.execute("create table a(x int); create table b(x int)")
    yield one
    one.close()


@pytest.mark.parametrize(
    "sql",
    [
        "select regexp_matches(name, name) from sales",
        "select regexp_matches('a', '(a)(b)')",
        "select * from regexp_matches('a', 'a|(b)', 'g')",
    ],
)
def test_regexp_matches_is_refused_where_its_rows_cannot_be_told(sql):
    with pytest.raises(PgError) as told:
        edits(sql, tokenize(sql))
    assert told.value.sqlstate == "0A000"
    assert "regexp_match(...)" in told.value.hint
    assert told.value.position == sql.index("regexp") + 1


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("select string_to_array(1, 2)", "string_to_array"),
        ("select date_bin('15 min', 'x'::text, '2001-01-01')", "date_bin"),
        ("select json_agg(1, 2)", "json_agg"),
        ("select lpad(name, day) from sales", "lpad"),
    ],
)
def test_a_function_is_called_as_the_user_calls_it(engine, sql, name):
    message = engine.error(sql).message
    assert message.startswith(f"function {name}"), message
    assert "__pg" not in message


@pytest.mark.parametrize(("sql", "state", "message", "place"), CASES)
def test_an_error_of_the_engine(engine, sql, state, message, place):
    told = engine.error(sql)
    assert told.sqlstate == state, told.message
    assert message is None or told.message == message
    assert "\n" not in told.message
    if place is not None:
        assert told.position == sql.index(place) + 1


@pytest.mark.parametrize(
    "sql",
    [
        "select id,\n\t'é日本' as x,\n\t  wrong from sales",
        "select 1::numeric, name ~ 'a', wrong from sales",
        "select " + "1, " * 80 + "wrong, " + "2, " * 80 + "1 from sales",
        "select " + "'日本', " * 80 + "wrong, " + "2, " * 80 + "1 from sales",
        "select count(*) from (select count(*), 1::numeric from sales) q where wrong = 1",
    ],
)
def test_the_place_is_in_the_users_own_text(engine, sql):
    assert engine.error(sql).position == sql.index("wrong") + 1


def test_columns_are_proposed_and_hidden_tables_are_not(engine):
    assert engine.error("select amout from sales").hint.startswith("Did you mean: amount")
    assert engine.error("select * from sale").hint is None
    try:
        engine.cursor.execute("select * from sale")
    except duckdb.Error as e:
        told = pg_error(e, "select * from sale", visible=lambda name: name == "sales")
    assert told.hint == "Did you mean: sales?"


def test_an_error_in_a_function_is_told_without_its_trace(engine):
    def score(x):
        raise errors.ScoringError("A value is too large", seen=x, wanted="at most 3", todo="cap it")

    def broken(x):
        return {}["/srv/secret"]

    engine.root.create_function("churn_score", score, ["BIGINT"], "BIGINT")
    engine.root.create_function("__rs_broken", broken, ["BIGINT"], "BIGINT")
    told = engine.error("select churn_score(5)")
    assert (told.sqlstate, told.message) == ("22023", "A value is too large")
    assert (told.detail, told.hint) == ("Seen: 5. Wanted: at most 3.", "cap it.")
    told = engine.error("select __rs_broken(5)")
    assert (told.sqlstate, told.message) == ("39000", "a model function failed (KeyError)")


@pytest.mark.parametrize(
    "kind", [k for k in vars(errors).values() if getattr(k, "__base__", 0) is errors.RetailSQLError]
)
def test_each_of_our_own_errors_has_its_state(kind):
    told = pg_error(kind("A fact", seen="1", wanted="2", todo="do it"), "select 1")
    assert told.sqlstate == OWN[kind.__name__]
    assert (told.message, told.detail, told.hint) == ("A fact", "Seen: 1. Wanted: 2.", "do it.")


def test_the_place_of_an_ml_statement():
    error = errors.StatementError("Expected FROM at line 2, column 3", seen="FORM")
    assert pg_error(error, "select *\n  FORM t").position == 12


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (duckdb.InterruptException("INTERRUPT Error: Interrupted!"), "57014"),
        (duckdb.OutOfMemoryException("Out of Memory Error: failed to pin block"), "53200"),
        (duckdb.IOException("IO Error: cannot open /srv/data/shop.duckdb"), "58030"),
        (duckdb.InternalException("INTERNAL Error: /build/x.cpp"), "XX000"),
        (duckdb.NotImplementedException("Not implemented Error: no"), "0A000"),
        (duckdb.PermissionException("Permission Error: /etc/passwd"), "42501"),
        (duckdb.TransactionException("TransactionContext Error: Conflict on update!"), "40001"),
        (duckdb.ConstraintException("Constraint Error: NOT NULL constraint failed: t.a"), "23502"),
        (MemoryError(), "53200"), (RecursionError(), "54001"), (KeyboardInterrupt(), "57014"),
        (ValueError("/srv/secret"), "XX000"), (PgError("34000", "no portal"), "34000"),
    ],
)  # fmt: skip
def test_other_errors_and_nothing_of_the_machine(error, state):
    told = pg_error(error, "select 1")
    assert told.sqlstate == state
    assert "/" not in f"{told.message}{told.detail}{told.hint}"
