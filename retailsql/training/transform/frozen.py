"""The statistics of preprocessing functions, computed over the training rows and written down."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.dialect.scalars.expand import Found, Taken, find_scalar, plan_of, replaced
from retailsql.dialect.scalars.function import Given, Plan
from retailsql.dialect.tokens import Walk, tokenize
from retailsql.errors import TrainingError
from retailsql.registry.names import literal


def frozen_text(con: DuckDBPyConnection, text: str, rows: str, taken: Taken) -> str:
    """A TRANSFORM list with its preprocessing functions as SQL, their statistics as literals.

    Functions without others inside come first, all of them in one query; then those around them.

    Args:
        con: where the rows are.
        text: the list.
        rows: the training rows, as SQL that may stand after FROM.
        taken: names that are the user's own functions.

    Raises:
        StatementError: a call is malformed.
        TrainingError: a statistic cannot be computed.
    """
    while True:
        tokens = tokenize(text)
        if tokens is None:
            raise TrainingError("TRANSFORM cannot be read", seen=text[:80], todo="check its quotes")
        walk = Walk(text, tokens)
        calls = list(_innermost(walk, taken))
        if not calls:
            return text
        plans = [(found, _plan(walk, found)) for found in calls]
        text = replaced(walk, iter(_filled(con, plans, rows)))


def _innermost(walk: Walk, taken: Taken) -> Iterator[Found]:
    at = 0
    while found := find_scalar(walk, taken, at):
        if any(find_scalar(walk.sub(*r), taken) for r in found.arguments):
            at = found.start + 1
        else:
            yield found
            at = found.stop


def _plan(walk: Walk, found: Found) -> Plan:
    parts = (walk.sub(*r) for r in found.arguments)
    return plan_of(walk, found, [part.slice(0, len(part.tokens)) for part in parts])


def _filled(
    con: DuckDBPyConnection, plans: list[tuple[Found, Plan]], rows: str
) -> list[tuple[Found, str]]:
    """Each call's SQL, with the statistics of all of them from one query."""
    wanted = [(i, n, s) for i, (_, p) in enumerate(plans) for n, s in p.statistics.items()]
    literals: dict[tuple[int, str], str] = {}
    if wanted:
        columns = ", ".join(statistic.frozen for _, _, statistic in wanted)
        try:
            relation = con.sql(f"SELECT {columns} FROM {rows}")
            types, values = relation.types, relation.fetchall()[0]
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise TrainingError(
                "A statistic of TRANSFORM cannot be computed",
                seen=str(error).split("\n\nLINE")[0],
                todo="check the columns and their types, or filter the rows",
            ) from error
        for (i, name, _), kind, value in zip(wanted, types, values, strict=True):
            literals[i, name] = sql_literal(value, str(kind))
    return [
        (found, plan.value(Given({n: literals[i, n] for n in plan.statistics}, True)))
        for i, (found, plan) in enumerate(plans)
    ]


def sql_literal(value: Any, sql_type: str) -> str:
    """A value DuckDB returned, as SQL that gives it again; numbers as DOUBLE.

    >>> sql_literal(["a", None], "VARCHAR[]"), sql_literal([], "DOUBLE[]")
    ("['a', NULL]", 'CAST([] AS DOUBLE[])')
    """
    if isinstance(value, list):
        inner = ", ".join(sql_literal(v, sql_type.removesuffix("[]")) for v in value)
        return f"[{inner}]" if value else f"CAST([] AS {sql_type})"
    if isinstance(value, Decimal | int | float) and not isinstance(value, bool):
        return literal(float(value))
    if isinstance(value, datetime.date | datetime.time | datetime.datetime):
        return f"CAST('{value}' AS {sql_type})"
    return literal(value)
