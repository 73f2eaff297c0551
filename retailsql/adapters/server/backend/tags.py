"""What a statement is called when it is done."""

from __future__ import annotations

from collections.abc import Sequence

_COUNTED = {"select": "SELECT", "insert": "INSERT 0", "update": "UPDATE", "delete": "DELETE",
            "multi": "SELECT", "merge_into": "MERGE", "copy": "COPY"}  # fmt: skip
_TEMPORARY = frozenset({"TEMP", "TEMPORARY", "UNIQUE", "OR", "REPLACE", "PERSISTENT"})


class Tag(str):
    """A tag.

    Args:
        text: its words.
        counted: the number of rows comes behind them.
    """

    counted: bool
    __slots__ = ("counted",)

    def __new__(cls, text: str, counted: bool = False) -> Tag:
        """A text that knows whether a number belongs behind it."""
        tag = super().__new__(cls, text)
        tag.counted = counted
        return tag


def tag_of(words: Sequence[str], kind: str, result: str = "") -> Tag:
    """The tag of a statement.

    Args:
        words: its first words.
        kind: what DuckDB calls it.
        result: what it returns; a CREATE that returns a count has made a table of a query.

    >>> tag_of(("INSERT", "INTO", "T"), "insert"), tag_of(("DROP", "TABLE", "T"), "drop")
    ('INSERT 0', 'DROP TABLE')
    """
    if words[0] == "TRUNCATE":  # which DuckDB reads as a DELETE
        return Tag("TRUNCATE TABLE")
    if kind in _COUNTED:
        return Tag(_COUNTED[kind], True)
    if kind == "create" and result == "changed_rows":
        return Tag("SELECT", True)
    first = words[0] or kind.upper()
    rest = [word for word in words[1:] if word and word not in _TEMPORARY]
    if first in ("CREATE", "DROP", "ALTER") and rest:
        return Tag(f"{first} {rest[0]}")
    return Tag(first)
