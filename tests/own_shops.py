"""Shops for the tests of proposed mappings: one made-up shop, to be given other words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from retailsql.demo.shop import ShopSize, make_shop
from retailsql.starter.origins import origin


@contextmanager
def base_shop() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with `base`: a made-up shop as one wide table of about 5,000 lines."""
    con = duckdb.connect()
    make_shop(ShopSize(60, 24, 3, 480), 0).load(con)
    con.execute(
        "CREATE TABLE base AS SELECT l.*, p.description, p.category, p.brand, c.country,"
        " c.joined_on FROM raw.order_lines AS l JOIN raw.products AS p USING (product_id)"
        " LEFT JOIN raw.customers AS c USING (customer_id) ORDER BY order_id, line_no"
    )
    yield con
    con.close()


def of_csv(shop, folder, query, name="sales.csv", delimiter=","):
    """The query's rows as a csv file, and the relation that reads it."""
    file = folder / name
    shop.execute(f"COPY ({query}) TO '{file}' (HEADER, DELIMITER '{delimiter}')")
    return origin(shop, str(file)).seen_from()


def theirs(table):
    """Word -> the first of their columns behind it; only those that they have."""
    return {c.word: c.columns[0] for c in table.choices if not c.missing}


def unsure(proposal, table="order_lines"):
    return {c.word for c in proposal[table].choices if not c.sure}


def same_as_base(shop, proposal, columns, table="order_lines"):
    """The proposal's rows equal the base's in these columns, as text, whatever their order."""
    names = ", ".join(columns)
    mine = f"SELECT {names} FROM ({proposal.query(table)})"
    sorts = {
        "ordered_at": "TIMESTAMP", "quantity": "INTEGER", "unit_price": "DECIMAL(12, 2)",
        "on_promotion": "BOOLEAN",
    }  # fmt: skip
    typed = ", ".join(f"CAST({c} AS {sorts.get(c, 'VARCHAR')}) AS {c}" for c in columns)
    for a, b in ((mine, f"SELECT {names} FROM base"), (f"SELECT {names} FROM base", mine)):
        left, right = (f"SELECT {typed} FROM ({q})" for q in (a, b))
        assert shop.execute(f"SELECT * FROM ({left}) EXCEPT ALL ({right}) LIMIT 3").fetchall() == []


def columns_but(shop, changed, name="doubtful"):
    """A table of the base's columns, some replaced; other names for them in `changed`."""
    plain = {c: c for c in ("order_id", "customer_id", "product_id", "ordered_at", "quantity",
                            "unit_price")}  # fmt: skip
    select = ", ".join(f'{sql} AS "{n}"' for n, sql in {**plain, **changed}.items() if sql)
    shop.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT {select} FROM base")
    return name
