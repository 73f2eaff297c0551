"""Runs a proposed mapping over all rows, not only the sample, and says what it does not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import duckdb

from retailsql.starter.choose import doubt, share
from retailsql.starter.proposal import Choice, TableChoice

_TYPES = {"ordered_at": "TIMESTAMP", "joined_on": "DATE", "quantity": "DOUBLE",
          "unit_price": "DOUBLE", "line_no": "INTEGER"}  # fmt: skip


def verified(con: Any, table: TableChoice) -> TableChoice:
    """The table with, per column, the share of values that its expression does not read.

    An expression that fails on some rows is replaced by one that gives NULL there.

    Args:
        con: a DuckDB connection or a Session.
        table: proposed.
    """
    asked = [c for c in table.choices if c.word in _TYPES and not c.missing]
    if not asked:
        return table
    where = f" WHERE {table.where}" if table.where else ""
    counts = con.execute(
        f"SELECT count(*), {', '.join(_unread(table, c) for c in asked)}"
        f" FROM {table.relation}{where}"
    ).fetchone()
    rows = max(counts[0], 1)
    bad = {c.word: n / rows for c, n in zip(asked, counts[1:], strict=True) if n}
    checked = tuple(
        _safe(con, table, c, bad[c.word], round(bad[c.word] * rows)) if c.word in bad else c
        for c in table.choices
    )
    return replace(table, choices=checked)


def _unread(table: TableChoice, choice: Choice) -> str:
    """Counts rows that have a value, of which the expression makes NULL."""
    filled = " AND ".join(f"{_quoted(c)} IS NOT NULL" for c in choice.columns)
    if choice.word == "unit_price" and len(choice.columns) > 1:
        filled += f" AND ({table['quantity'].sql}) <> 0"  # a sum over no pieces is no price
    read = f"TRY(CAST({choice.sql} AS {_TYPES[choice.word]}))"
    return f"count(*) FILTER (WHERE {filled} AND {read} IS NULL)"


def proved_keys(
    con: Any, tables: Sequence[TableChoice]
) -> tuple[tuple[TableChoice, ...], list[str]]:
    """Keys of customers and products held against those in the order lines.

    Where nearly all of those are found, the key is right whatever it is called; where most are
    not, it is doubted.

    Args:
        con: a DuckDB connection or a Session.
        tables: order lines, customers, products.

    Returns:
        the tables, and in words what is in the order lines and not in its own table.
    """
    lines, *others = tables
    done, notes = [lines], []
    for table in others:
        key = table.choices[0]
        if table.relation == lines.relation or key.missing or lines[key.word].missing:
            done.append(table)
            continue
        found = _found(con, lines, table)
        if found < 0.99:
            what = f"{share(1 - found)} of the {table.table} in the order lines"
            notes.append(f"{what} are not in {table.relation}")
        if found > 0.99 and not key.sure:
            key = replace(key, sure=True, why=f"holds the {table.table} of the order lines")
        elif found < 0.5:
            key = doubt(key, f"only {share(found)} of those in the order lines are found")
        done.append(replace(table, choices=(key, *table.choices[1:])))
    return tuple(done), notes


def _found(con: Any, lines: TableChoice, table: TableChoice) -> float:
    """Share of the keys in the order lines that are in their own table."""
    inside, known = lines[table.choices[0].word].sql, table.choices[0].sql
    row = con.execute(
        f"SELECT avg(CAST(k IN (SELECT CAST({known} AS VARCHAR) FROM {table.relation})"
        f" AS INTEGER)) FROM (SELECT DISTINCT CAST({inside} AS VARCHAR) AS k"
        f" FROM {lines.relation}) WHERE k IS NOT NULL"
    ).fetchone()
    return 1.0 if row[0] is None else float(row[0])


def _safe(con: Any, table: TableChoice, choice: Choice, part: float, rows: int) -> Choice:
    """The choice with its unread share, and an expression that runs over all rows."""
    kind = _TYPES[choice.word]
    told = doubt(choice, f"{share(part)} of the rows ({rows:,}) are not read and become NULL")
    told = replace(told, unread=part)
    try:
        con.execute(f"SELECT count(CAST({choice.sql} AS {kind})) FROM {table.relation}").fetchone()
    except duckdb.Error as error:
        if isinstance(error, duckdb.InterruptException):
            raise
        return replace(told, sql=f"TRY(CAST({choice.sql} AS {kind}))")
    return told


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
