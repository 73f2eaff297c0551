"""The columns that options name, found among those of the training SELECT."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from retailsql.errors import TrainingError, nearest
from retailsql.training.fitted import TrainingData


def find_column(name: object, columns: Iterable[str], option: str) -> str:
    """The column of that name, in any case as DuckDB compares names, in its own spelling.

    Args:
        name: as it stands in the option.
        columns: of the training SELECT.
        option: the option's name, for the message.

    Raises:
        TrainingError: there is none of that name; names the nearest.

    >>> find_column("USER", ["user", "item"], "user_col")
    'user'
    """
    known = list(columns)
    found = {column.lower(): column for column in known}.get(str(name).lower())
    if found is None:
        raise TrainingError(
            f"The training SELECT has no column {name!r}, which {option} names",
            seen=name,
            wanted=nearest(str(name), known),
            todo=f"correct {option}, or add the column to the SELECT",
        )
    return found


def id_text(name: str, data: TrainingData) -> pa.ChunkedArray:
    """A column of ids, as text.

    Args:
        name: of the column, in the SELECT's spelling.
        data: the training SELECT.

    Raises:
        TrainingError: it holds neither whole numbers nor text.
    """
    column = data.table[name]
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    whole = pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if whole or pa.types.is_null(kind):
        return pc.cast(column, pa.string())
    raise TrainingError(
        f"Column {name!r} cannot hold ids: two numbers that print alike may differ",
        seen=data.sql_types.get(name, str(kind)), wanted="BIGINT, INTEGER or VARCHAR",
        todo=f"cast it in the SELECT: {name}::BIGINT AS {name}",
    )  # fmt: skip
