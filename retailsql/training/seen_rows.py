"""Which rows a version was trained on, as hashes: so that nobody is judged by rows it knows.

A model knows the rows it was trained on by heart, more or less; scored on them, an old version
would win against every new one that was judged on rows held out. So each version keeps 32 bits of
the MD5 of its training rows, of the columns it takes and its label; a later comparison leaves
those rows out. Equal rows are counted: of ten that are there now and eight that were trained on,
two are new. Of very many rows only those whose hash is a multiple of ``modulus`` are kept, and only
such rows are then compared.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from retailsql.registry.fetch import first_row
from retailsql.registry.names import quote
from retailsql.registry.store import StoredVersion, has_table

REPORT = "trained_rows"
MOST_KEPT = 100_000
"""More hashes than this (533 kB of text) are thinned out."""
Hashes = NDArray[np.uint32]


@dataclass(frozen=True)
class SeenRows:
    """The rows a version was trained on.

    Args:
        columns: the columns that were hashed, in lower case, in order.
        modulus: only hashes that it divides are kept.
        hashes: sorted, each once.
        counts: how many rows had it.
    """

    columns: tuple[str, ...]
    modulus: int
    hashes: Hashes
    counts: Hashes

    def unseen(self, hashes: Hashes, held: NDArray[np.int64]) -> NDArray[np.bool_]:
        """True for held rows that can be told not to have been trained on.

        Args:
            hashes: of all rows there are now.
            held: which of them are held out.

        >>> kept = SeenRows(("a",), 2, np.array([4], np.uint32), np.array([1], np.uint32))
        >>> kept.unseen(np.array([4, 4, 5, 6], np.uint32), np.array([0, 1, 2, 3])).tolist()
        [True, False, False, True]
        """
        names, place, many = np.unique(hashes, return_inverse=True, return_counts=True)
        at = np.searchsorted(self.hashes, names).clip(0, max(0, len(self.hashes) - 1))
        known = self.hashes[at] == names if len(self.hashes) else np.zeros(len(names), np.bool_)
        left = many.astype(np.int64)
        left[known] -= self.counts[at[known]].astype(np.int64)
        mine = place[held]
        order = np.argsort(mine, kind="stable")
        first = np.searchsorted(mine[order], mine[order])
        rank = np.empty(len(held), np.int64)
        rank[order] = np.arange(len(held)) - first
        found: NDArray[np.bool_] = (rank < left[mine]) & (names[mine] % self.modulus == 0)
        return found


def hash_rows(con: DuckDBPyConnection, rows: pa.Table, columns: Sequence[str]) -> Hashes:
    """32 bits of each row's MD5 over the texts of some columns, the same in every version.

    Args:
        con: any connection.
        rows: a table that has the columns, in any case.
        columns: their names.
    """
    texts = ", ".join(f"coalesce(CAST({quote(c)} AS VARCHAR), chr(30))" for c in columns)
    at = pa.array(np.arange(len(rows), dtype=np.int64))
    con.register("__rs_hashed", rows.append_column("__rs_at", at))
    try:
        found = con.execute(
            f"SELECT md5_number_lower(concat_ws(chr(31), {texts})) & 4294967295 AS h "
            "FROM __rs_hashed ORDER BY __rs_at"
        ).fetchnumpy()["h"]
    finally:
        con.unregister("__rs_hashed")
    return np.asarray(found).astype(np.uint32)


def report_of(con: DuckDBPyConnection, rows: pa.Table, columns: Sequence[str]) -> dict[str, Any]:
    """What is stored of the rows a version was trained on; read by :func:`stored`."""
    names = sorted(c.lower() for c in columns)
    hashes, counts = np.unique(hash_rows(con, rows, names), return_counts=True)
    modulus = 1
    while len(hashes) > MOST_KEPT:
        modulus *= 2
        kept = hashes % modulus == 0
        hashes, counts = hashes[kept], counts[kept]
    told = {"columns": names, "modulus": modulus, "hashes": _text(hashes)}
    return told if counts.max(initial=1) == 1 else {**told, "counts": _text(counts)}


def _text(numbers: NDArray[Any]) -> str:
    return base64.b64encode(numbers.astype("<u4").tobytes()).decode()


def _numbers(text: str) -> Hashes:
    return np.frombuffer(base64.b64decode(text), "<u4").astype(np.uint32)


def read_report(row: Mapping[str, Any]) -> SeenRows:
    """A stored report; without counts every hash is of one row.

    >>> read_report({"columns": ["a"], "modulus": 1, "hashes": "BAAAAA=="}).counts.tolist()
    [1]
    """
    hashes = _numbers(row["hashes"])
    counts = _numbers(row["counts"]) if "counts" in row else np.ones(len(hashes), np.uint32)
    return SeenRows(tuple(row["columns"]), int(row["modulus"]), hashes, counts)


def stored(con: DuckDBPyConnection, version: StoredVersion) -> SeenRows | None:
    """The rows a version was trained on; None if it was registered without them."""
    name = version.name
    if not has_table(con, name.database, "reports"):
        return None
    row = first_row(
        con,
        f"SELECT rows FROM {name.registry}.reports WHERE model_schema = ? AND model_name = ? "
        "AND version = ? AND report = ?",
        [name.schema, name.name, version.version, REPORT],
    )
    return None if row is None else read_report(json.loads(row[0])[0])
