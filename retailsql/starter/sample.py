"""Rows of a relation to judge its columns by: all of them, or blocks spread evenly over it.

Blocks, not single rows: lines of one order stand together in most files, and that they do tells an
order from a customer. The same relation gives the same sample, whatever the number of threads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from retailsql.errors import ProjectError

MOST_ROWS = 200_000
"""Rows looked at, at most (up to one block more)."""
BLOCK = 2_000
"""Neighbouring rows that are taken together."""
TABLE = "__rs_sample"


@dataclass(frozen=True)
class Sample:
    """A relation's columns and the rows to judge them by, in temp table ``TABLE``.

    Args:
        relation: what stands after FROM.
        rows: of the relation.
        looked_at: rows in the sample.
        columns: (name, DuckDB type); the sample calls them c0, c1, ...
    """

    relation: str
    rows: int
    looked_at: int
    columns: tuple[tuple[str, str], ...]


@contextmanager
def sampled(con: Any, relation: str) -> Iterator[Sample]:
    """The sample of a relation; its temp table is dropped at the end.

    Args:
        con: a DuckDB connection or a Session.
        relation: what stands after FROM.

    Raises:
        ProjectError: it cannot be read, or it has no rows.
    """
    try:
        columns = tuple(
            (str(row[0]), str(row[1]))
            for row in con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        )
        rows = con.execute(f"SELECT count(*) FROM {relation}").fetchone()[0]
        if not rows:
            raise ProjectError(
                f"{relation} has no rows", wanted="data to propose a mapping from",
                todo="give a file or table that holds orders",
            )  # fmt: skip
        names = ", ".join(f"{identifier(name)} AS c{i}" for i, (name, _) in enumerate(columns))
        step = max(1, -(-rows // MOST_ROWS))
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {TABLE} AS SELECT * FROM ("
            f"SELECT row_number() OVER () - 1 AS row, {names} FROM {relation})"
            f" WHERE (row // {BLOCK}) % {step} = 0"
        )
        looked_at = con.execute(f"SELECT count(*) FROM {TABLE}").fetchone()[0]
        yield Sample(relation, rows, looked_at, columns)
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise ProjectError(
            f"{relation} cannot be read", seen=str(error).rstrip(),
            todo="correct what stands after --from",
        ) from error  # fmt: skip
    finally:
        con.execute(f"DROP TABLE IF EXISTS {TABLE}")


def identifier(name: str) -> str:
    """A column's name as SQL takes it: quoted only where it must be.

    >>> identifier("InvoiceNo"), identifier("Customer ID"), identifier("order")
    ('InvoiceNo', '"Customer ID"', '"order"')
    """
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.lower() not in _keywords():
        return name
    return '"' + name.replace('"', '""') + '"'


@cache
def _keywords() -> frozenset[str]:
    """Words that cannot be, or are better not, a column's name without quotes."""
    with duckdb.connect() as con:
        query = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
        return frozenset(str(row[0]) for row in con.execute(query).fetchall())
