"""The purchase log a recommender learns from: checked, coded, oldest first.

One row of the training SELECT is one purchase: who, what and, if given, when. Ids become codes in
the sorted order of their text, so that the order of the rows cannot change the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.errors import TrainingError
from retailsql.training.columns import find_column, id_text
from retailsql.training.fitted import TrainingData

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]

_MICROSECONDS = 86_400e6


@dataclass(frozen=True)
class Purchases:
    """Purchases, oldest first; every array has one entry a purchase.

    Args:
        users: ids as text; ``user`` indexes it.
        items: ids as text; ``item`` indexes it.
        user: code of who bought.
        item: code of what was bought.
        at: when, days since 1970-01-01; None without a timestamp column (then in row order).
        item_type: BIGINT or VARCHAR.
        warnings: what was dropped, for the result row.
    """

    users: tuple[str, ...]
    items: tuple[str, ...]
    user: Ints
    item: Ints
    at: Floats | None
    item_type: str
    warnings: tuple[str, ...] = ()

    def where(self, keep: Bools) -> Purchases:
        """The purchases for which ``keep`` is true; codes stay as they are."""
        at = None if self.at is None else self.at[keep]
        return replace(self, user=self.user[keep], item=self.item[keep], at=at)

    def last_days(self, days: int | None) -> Purchases:
        """Those of the last ``days`` whole days; all with None, or without times."""
        if days is None or self.at is None or not len(self.at):
            return self
        return self.where(self.at >= np.floor(self.at.max()) + 1 - days)

    def buyers(self) -> Ints:
        """Number of different users of each item, shape (items,)."""
        pairs = np.unique(self.user * len(self.items) + self.item)
        return np.bincount(pairs % len(self.items), minlength=len(self.items)).astype(np.int64)

    def sold_to(self, min_users: int) -> Purchases:
        """Only items that at least ``min_users`` users bought, coded anew in the same order."""
        keep = self.buyers() >= min_users
        kept = self.where(keep[self.item])
        names = tuple(name for name, good in zip(self.items, keep, strict=True) if good)
        return replace(kept, items=names, item=(np.cumsum(keep) - 1)[kept.item].astype(np.int64))


def read_purchases(data: TrainingData, options: Mapping[str, Any]) -> Purchases:
    """Read and check the purchase log.

    Args:
        data: the training SELECT.
        options: with user_col, item_col and timestamp_col.

    Raises:
        TrainingError: a column is missing or misspelt, has a type that is no id or no time, or
            no usable row is left.
    """
    user = _column(data, options["user_col"], "user_col")
    item = _column(data, options["item_col"], "item_col")
    columns = {"user_col": id_text(user, data), "item_col": id_text(item, data)}
    if options["timestamp_col"]:
        at = _column(data, options["timestamp_col"], "timestamp_col")
        columns["timestamp_col"] = _microseconds(at, data)
    warnings = [
        f"{column.null_count:,} rows without {options[role]} (NULL) were left out"
        for role, column in columns.items()
        if column.null_count
    ]
    table = pa.table(columns).drop_null()
    if table.num_rows == 0:
        raise TrainingError(
            "There is no purchase to train on", seen=f"{data.table.num_rows:,} rows in all",
            wanted="rows with a user and an item", todo="run the SELECT by itself and look",
        )  # fmt: skip
    whole = pa.types.is_integer(data.table[item].type)
    item_type = "BIGINT" if whole else "VARCHAR"
    return _coded(table, item_type, tuple(warnings))


def _coded(table: pa.Table, item_type: str, warnings: tuple[str, ...]) -> Purchases:
    """Codes in the order of the text; rows oldest first, one for an item in one basket."""
    users, user = _codes(table["user_col"])
    items, item = _codes(table["item_col"])
    at = None
    if "timestamp_col" in table.column_names:
        micros = table["timestamp_col"].to_numpy().astype(np.int64)
        # Two lines of one item in one basket are one decision. Also sorts by time, user, item.
        order = np.lexsort((item, user, micros))
        rows = np.stack([micros, user, item])[:, order]
        new = np.append(True, (rows[:, 1:] != rows[:, :-1]).any(axis=0))
        at, user, item = rows[0, new] / _MICROSECONDS, rows[1, new], rows[2, new]
    if len(items) < 2:
        raise TrainingError(
            "A recommender needs at least two different items", seen=f"only {items[0]!r}",
            todo="check item_col, and the WHERE of the SELECT",
        )  # fmt: skip
    return Purchases(users, items, user, item, at, item_type, warnings)


def _codes(column: pa.ChunkedArray) -> tuple[tuple[str, ...], Ints]:
    names, codes = np.unique(np.asarray(column.to_pylist(), dtype=object), return_inverse=True)
    return tuple(names.tolist()), codes.astype(np.int64)


def _column(data: TrainingData, name: str | None, role: str) -> str:
    """The column an option names, in the table's own spelling."""
    known = data.table.column_names
    if not name:
        raise TrainingError(
            f"A recommender needs OPTIONS({role}=...)", seen=f"columns {', '.join(known)}",
            wanted="the name of one of them", todo=f"add {role} to OPTIONS",
        )  # fmt: skip
    return find_column(name, known, role)


def _microseconds(name: str, data: TrainingData) -> pa.ChunkedArray:
    column = data.table[name]
    if not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
        raise TrainingError(
            f"Column {name!r} (timestamp_col) holds no times",
            seen=data.sql_types.get(name, str(column.type)), wanted="TIMESTAMP or DATE",
            todo=f"cast it in the SELECT: {name}::TIMESTAMP AS {name}",
        )  # fmt: skip
    return pc.cast(pc.cast(column, pa.timestamp("us"), safe=False), pa.int64())
