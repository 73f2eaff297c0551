"""The ratings a matrix factorization learns from: checked, coded, one for each user and item.

Codes go by the number of ratings, most first: what ties in a list of recommendations, as all items
do for a user nobody knows, then stands in the order of popularity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from retailsql.errors import TrainingError
from retailsql.training.columns import find_column, id_text
from retailsql.training.fitted import TrainingData

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ratings:
    """Ratings; ``user``, ``item`` and ``rating`` have one entry each.

    Args:
        users: ids as text; ``user`` indexes it.
        items: ids as text; ``item`` indexes it.
        user: code of who rated.
        item: code of what was rated.
        rating: how.
        split: values of data_split_col, or None.
        names: the columns of user, item, rating and split, in the SELECT's spelling.
        types: SQL types of user and item.
        warnings: what was dropped or put together, for the result row.
    """

    users: tuple[str, ...]
    items: tuple[str, ...]
    user: Ints
    item: Ints
    rating: Floats
    split: NDArray[Any] | None
    names: tuple[str, str, str, str]
    types: tuple[str, str]
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rating)

    def at(self, rows: Ints) -> Ratings:
        """Some of the ratings; codes stay as they are."""
        split = None if self.split is None else self.split[rows]
        return replace(
            self, user=self.user[rows], item=self.item[rows], rating=self.rating[rows], split=split
        )

    def merged(self, total: bool) -> Ratings:
        """One rating for each pair of user and item, in code order.

        Args:
            total: add up what a pair has (implicit feedback) instead of taking the mean. The last
                value of data_split_col is the pair's.

        >>> one = np.zeros(2, dtype=np.int64)
        >>> r = Ratings(("u",), ("i",), one, one, np.array([1.0, 3.0]), None, ("",) * 4, ("", ""))
        >>> r.merged(False).rating.tolist(), r.merged(True).rating.tolist()
        ([2.0], [4.0])
        """
        pairs, place = np.unique(self.user * len(self.items) + self.item, return_inverse=True)
        if len(pairs) == len(self) and (np.diff(place) > 0).all():
            return self
        rating: Floats = np.bincount(place, weights=self.rating).astype(np.float64)
        if not total:
            rating = rating / np.bincount(place)
        split = None
        if self.split is not None:
            order = np.lexsort((self.split, place))
            split = self.split[order][np.cumsum(np.bincount(place)) - 1]
        width = len(self.items)
        return replace(self, user=pairs // width, item=pairs % width, rating=rating, split=split)


def read_ratings(data: TrainingData, options: Mapping[str, Any]) -> Ratings:
    """Read and check the ratings.

    Args:
        data: the training SELECT.
        options: with user_col, item_col, rating_col, data_split_method and data_split_col.

    Raises:
        TrainingError: a column is missing, misspelt or of a wrong type, or no rating is left.
    """
    known = data.table.column_names
    user, item, rating = (
        find_column(options[role], known, role) for role in ("user_col", "item_col", "rating_col")
    )
    columns = {
        "user": id_text(user, data), "item": id_text(item, data), "rating": _numbers(rating, data),
    }  # fmt: skip
    split = _split_name(options, known)
    if split:
        columns["split"] = data.table[split]
    named = {"user": user, "item": item, "rating": rating, "split": split}
    warnings = [
        f"{column.null_count:,} rows without {named[role]} (NULL) were left out"
        for role, column in columns.items()
        if column.null_count
    ]
    table = pa.table(columns).drop_null()
    values = np.asarray(table["rating"], dtype=np.float64)
    if not np.isfinite(values).all():
        raise TrainingError(
            f"Column {rating!r} holds infinite numbers",
            seen=f"{int((~np.isfinite(values)).sum()):,} of {len(values):,} rows",
            todo=f"write CASE WHEN isfinite({rating}) THEN {rating} END AS {rating}",
        )
    users, user_code = _codes(table["user"])
    items, item_code = _codes(table["item"])
    if len(users) < 2 or len(items) < 2:
        raise TrainingError(
            "A matrix factorization needs at least two users and two items",
            seen=f"{len(users):,} users, {len(items):,} items in {len(values):,} ratings",
            todo="check user_col and item_col, and the WHERE of the SELECT",
        )
    names, types = (user, item, rating, split or ""), (data.sql_types[user], data.sql_types[item])
    return Ratings(
        users, items, user_code, item_code, values, _split_values(table, split), names, types,
        tuple(warnings),
    )  # fmt: skip


def _codes(column: pa.ChunkedArray) -> tuple[tuple[str, ...], Ints]:
    """Ids by the number of their rows, most first, then by text; and each row's place."""
    ids, place, counts = np.unique(
        np.asarray(column.to_pylist(), dtype=object), return_inverse=True, return_counts=True
    )
    order = np.argsort(-counts, kind="stable")
    code = np.empty(len(ids), dtype=np.int64)
    code[order] = np.arange(len(ids))
    return tuple(ids[order].tolist()), code[place]


def _numbers(name: str, data: TrainingData) -> pa.ChunkedArray:
    column = data.table[name]
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        values = pc.cast(column, pa.float64(), safe=False)
        return pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)
    raise TrainingError(
        f"Column {name!r} (rating_col) holds no numbers",
        seen=data.sql_types.get(name, str(column.type)), wanted="a number: BIGINT, DOUBLE, DECIMAL",
        todo=f"cast it in the SELECT: {name}::DOUBLE AS {name}",
    )  # fmt: skip


def _split_name(options: Mapping[str, Any], known: list[str]) -> str | None:
    """data_split_col, which SEQ and CUSTOM need and no other method takes."""
    method, name = options["data_split_method"], options["data_split_col"]
    if (method in ("SEQ", "CUSTOM")) != (name is not None):
        raise TrainingError(
            f"data_split_method={method!r} and data_split_col={name!r} do not fit together",
            wanted="data_split_col with SEQ or CUSTOM, and only with them",
            todo="name the column, or change the method",
        )
    return None if name is None else find_column(name, known, "data_split_col")


def _split_values(table: pa.Table, split: str | None) -> NDArray[Any] | None:
    """Dates stay dates, so that the words of the split can be read."""
    if split is None:
        return None
    values: NDArray[Any] = table["split"].to_numpy()
    return values.astype(str) if values.dtype == object else values
