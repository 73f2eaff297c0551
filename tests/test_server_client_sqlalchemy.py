"""SQLAlchemy 2 reads the door's schema as PostgreSQL 15's, by three drivers; so does pandas."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest

from tests.server_support.answers import compare
from tests.server_support.targets import Target

sqlalchemy = pytest.importorskip("sqlalchemy")
pytestmark = pytest.mark.timeout(60)

DRIVERS = ("postgresql+psycopg2", "postgresql+psycopg")
CHECKS: list[Callable[..., Any]] = []


def check(function):
    CHECKS.append(function)
    return function


@contextmanager
def engine(target: Target, driver: str, **options: Any):
    made = sqlalchemy.create_engine(target.url(driver), **options)
    try:
        yield made
    finally:
        made.dispose()


@contextmanager
def inspector(target: Target, driver: str):
    with engine(target, driver) as made, made.connect() as connection:
        yield sqlalchemy.inspect(connection)


def described(columns) -> list[Any]:
    return [
        [c["name"], str(c["type"]), c["nullable"], c.get("comment"), c.get("default"),
         c.get("autoincrement"), c.get("identity")] for c in columns
    ]  # fmt: skip


@check
def names(target, driver):
    with inspector(target, driver) as seen:
        answer = {"default": seen.default_schema_name, "schemas": sorted(seen.get_schema_names())}
        for schema in (None, "main", "sales"):
            answer[f"tables {schema}"] = sorted(seen.get_table_names(schema))
            answer[f"views {schema}"] = sorted(seen.get_view_names(schema))
            answer[f"materialized {schema}"] = seen.get_materialized_view_names(schema)
            answer[f"sequences {schema}"] = seen.get_sequence_names(schema)
        answer["has"] = [seen.has_table("kinds"), seen.has_table("spent", "sales"),
                         seen.has_table("none"), seen.has_schema("sales"),
                         seen.has_schema("none")]  # fmt: skip
        return answer


@check
def columns(target, driver):
    with inspector(target, driver) as seen:
        return {
            f"{schema}.{table}": described(seen.get_columns(table, schema))
            for schema, table in [(None, "kinds"), (None, "nothing"), ("sales", "customers"),
                                  ("sales", "orders"), ("sales", "many"), ("sales", "spent")]
        }  # fmt: skip


@check
def keys(target, driver):
    answer = {}
    with inspector(target, driver) as seen:
        for schema, table in [(None, "kinds"), ("sales", "customers"), ("sales", "orders"),
                              ("sales", "many")]:  # fmt: skip
            primary = seen.get_pk_constraint(table, schema)
            answer[table] = {
                "primary": [primary["name"], primary["constrained_columns"]],
                "foreign": [{k: v for k, v in key.items() if k != "options"}
                            for key in seen.get_foreign_keys(table, schema)],
                "unique": [key["column_names"]
                           for key in seen.get_unique_constraints(table, schema)],
                "checks": len(seen.get_check_constraints(table, schema)),
                "indexes": sorted([i["name"], i["column_names"], i["unique"]]
                                  for i in seen.get_indexes(table, schema)
                                  if not i.get("duplicates_constraint")),
            }  # fmt: skip
    return answer


@check
def comments(target, driver):
    with inspector(target, driver) as seen:
        asked = [("kinds",), ("customers", "sales"), ("spent", "sales"), ("nothing",)]
        return [seen.get_table_comment(*one) for one in asked]


@check
def missing_table(target, driver):
    with inspector(target, driver) as seen:
        answer = []
        for ask in (seen.get_columns, seen.get_pk_constraint, seen.get_foreign_keys):
            try:
                answer.append(ask("no_such_table"))
            except sqlalchemy.exc.NoSuchTableError:
                answer.append("NoSuchTableError")
        return answer


@check
def view_definition(target, driver):
    with inspector(target, driver) as seen:
        return "customers" in seen.get_view_definition("spent", "sales")


@check
def reflection(target, driver):
    answer = {}
    with engine(target, driver) as made:
        for schema in (None, "sales"):
            metadata = sqlalchemy.MetaData(schema=schema)
            metadata.reflect(made, views=True)
            for name, table in sorted(metadata.tables.items()):
                answer[name] = [
                    [[c.name, repr(c.type), c.primary_key, c.nullable] for c in table.columns],
                    sorted(f"{k.parent} -> {k.target_fullname}" for k in table.foreign_keys),
                    table.comment,
                ]
    return answer


@check
def multi_reflection(target, driver):
    from sqlalchemy.engine.reflection import ObjectKind

    with inspector(target, driver) as seen:
        found = seen.get_multi_columns(schema="sales", kind=ObjectKind.ANY)
        return {str(key): described(value) for key, value in sorted(found.items())}


@check
def reflected_table_in_a_query(target, driver):
    with engine(target, driver) as made, made.connect() as connection:
        orders = sqlalchemy.Table(
            "orders", sqlalchemy.MetaData(), schema="sales", autoload_with=made
        )
        month = sqlalchemy.func.date_trunc("month", orders.c.placed).label("month")
        query = (
            sqlalchemy.select(month, sqlalchemy.func.sum(orders.c.total).label("sum"),
                              sqlalchemy.func.count())
            .where(orders.c.placed >= datetime.datetime(2024, 1, 2),
                   orders.c.customer_id.in_([1, 2]))
            .group_by(month).order_by(month).limit(10)
        )  # fmt: skip
        result = connection.execute(query)
        return [list(result.keys()), [list(row) for row in result]]


@check
def stream_results(target, driver):
    with engine(target, driver) as made, made.connect() as connection:
        result = connection.execution_options(stream_results=True).execute(
            sqlalchemy.text("SELECT id FROM sales.many WHERE id > :least ORDER BY id"),
            {"least": 10},
        )
        parts = [len(part) for part in result.partitions(500)]
        return [len(parts), sum(parts)]


@check
def transactions(target, driver):
    with engine(target, driver) as made, made.connect() as connection:
        answer = []
        with connection.begin(), connection.begin_nested() as inner:
            connection.execute(sqlalchemy.text("SELECT 1"))
            inner.rollback()
        try:
            connection.execute(sqlalchemy.text("SELECT * FROM nowhere"))
        except sqlalchemy.exc.ProgrammingError as e:
            answer.append(type(e.orig).__name__)
        connection.rollback()
        level = connection.get_isolation_level()
        return [*answer, level, connection.scalar(sqlalchemy.text("SELECT 1"))]


@check
def dialect(target, driver):
    with engine(target, driver) as made, made.connect() as connection:
        d = connection.dialect
        return [d.server_version_info[0], d.default_schema_name, d.max_identifier_length,
                getattr(d, "_backslash_escapes", None), d.name]  # fmt: skip


@check
def read_sql(target, driver):
    pandas = pytest.importorskip("pandas")
    query = (
        "SELECT id, flag, small, large, double_, words, moment FROM kinds WHERE id < 4 ORDER BY id"
    )
    with engine(target, driver) as made:
        frame = pandas.read_sql(query, made)
        table = pandas.read_sql_table("customers", made, schema="sales").sort_values("id")
        parts = pandas.read_sql_table("many", made, schema="sales", chunksize=3000)
        few = pandas.read_sql(
            sqlalchemy.text("SELECT sum(amount), count(*) FROM sales.many WHERE part = :p"), made,
            params={"p": 3},
        )  # fmt: skip
        return [frame.dtypes.astype(str).to_dict(), frame.to_csv(), table.to_csv(index=False),
                [len(part) for part in parts], few.to_csv()]  # fmt: skip


@check
def pandas_asks_for_its_table(target, driver):
    """What ``DataFrame.to_sql`` and ``has_table`` ask first; the writing is refused."""
    pandas = pytest.importorskip("pandas")
    with engine(target, driver) as made:
        try:
            pandas.DataFrame({"a": [1]}).to_sql("fresh", made)
        except sqlalchemy.exc.DBAPIError as e:
            return getattr(e.orig, "pgcode", None) or getattr(e.orig, "sqlstate", None)
        return "written"


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda function: function.__name__)
def test_sqlalchemy_sees_what_it_sees_at_postgresql(check, driver, real, door):
    pytest.importorskip(driver.partition("+")[2])

    def run(target):
        return check(target, driver)

    run.__name__ = check.__name__
    compare("sqlalchemy", run, real, door)


def by_asyncpg(target: Target) -> Any:
    """The inspections once more over asyncpg, which takes the catalog in binary."""
    from sqlalchemy.ext.asyncio import create_async_engine

    def inspected(connection):
        seen = sqlalchemy.inspect(connection)
        return [sorted(seen.get_schema_names()), sorted(seen.get_table_names("sales")),
                described(seen.get_columns("kinds")), seen.get_pk_constraint("orders", "sales"),
                seen.get_foreign_keys("orders", "sales"),
                seen.get_table_comment("kinds")]  # fmt: skip

    async def run():
        made = create_async_engine(target.url("postgresql+asyncpg"))
        try:
            async with made.connect() as connection:
                answer = [await connection.run_sync(inspected)]
                query = sqlalchemy.text("SELECT id, moment FROM sales.many ORDER BY id")
                result = await connection.stream(query)
                answer.append([list(row) for row in (await result.fetchmany(5))])
                await result.close()
                return answer
        finally:
            await made.dispose()

    return asyncio.run(run())


def test_sqlalchemy_over_asyncpg_sees_the_same(real, door):
    pytest.importorskip("asyncpg")
    pytest.importorskip("greenlet")
    compare("sqlalchemy", by_asyncpg, real, door)
