"""The proof that the steps of a TRANSFORM are the expressions a person wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.errors import TrainingError
from retailsql.registry.fetch import first_row
from retailsql.registry.names import quote
from retailsql.signature import Step


def checked_types(
    con: DuckDBPyConnection, rows: str, names: Sequence[str], steps: Sequence[Step], written: bool
) -> list[Any]:
    """The DuckDB types of steps over raw columns.

    Bound over columns of other names, a reference that was not found is an error of DuckDB's; and
    the values over the training rows are compared.

    Args:
        con: where the rows are.
        rows: the training rows, as SQL that may stand after FROM.
        names: their columns.
        steps: over these columns.
        written: a person wrote them; plain columns need no comparison.

    Raises:
        TrainingError: DuckDB cannot compute them, or types or values differ.
    """
    plain = [s.sql(lambda i: quote(names[i])) for s in steps]
    try:
        types = con.sql(f"SELECT {', '.join(plain)} FROM {rows}").types
        same = not written or (
            types == con.sql(_renamed(rows, names, steps)).types
            and not _differing(con, rows, names, steps, plain)
        )
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise TrainingError(
            "TRANSFORM cannot be computed", seen=str(error).split("\n\nLINE")[0],
            todo="try its expressions in a SELECT over the training rows",
        ) from error  # fmt: skip
    if not same:
        raise TrainingError(
            "TRANSFORM reads its columns in a way that cannot be followed",
            todo="write its expressions in a plainer way, without names that mean two things",
        )
    return list(types)


def _renamed(rows: str, names: Sequence[str], steps: Sequence[Step]) -> str:
    """The steps over columns of names that no text of a person's has."""
    columns = ", ".join(f'{quote(n)} AS "__rs_{i}"' for i, n in enumerate(names))
    made = ", ".join(s.sql(lambda i: f"__rs_raw.__rs_{i}") for s in steps)
    return f"SELECT {made} FROM (SELECT {columns} FROM {rows}) AS __rs_raw"


def _differing(
    con: DuckDBPyConnection, rows: str, names: Sequence[str], steps: Sequence[Step],
    plain: Sequence[str],
) -> int:  # fmt: skip
    """How many training rows have another value over a row's alias than as written."""
    over = [s.sql(lambda i: f"__rs_r.{quote(names[i])}") for s in steps]
    differ = " OR ".join(f"({a}) IS DISTINCT FROM ({b})" for a, b in zip(plain, over, strict=True))
    row = first_row(con, f"SELECT count(*) FROM {rows} AS __rs_r WHERE {differ}")
    return int(row[0]) if row else 0
