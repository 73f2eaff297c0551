"""The columns that options name, found among those of the training SELECT."""

from __future__ import annotations

from collections.abc import Iterable

from retailsql.errors import TrainingError, nearest


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
