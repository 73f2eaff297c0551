"""The SQL type that dbt-duckdb 1.11 gives to a column of a seed.

dbt reads a csv file with agate: a column is a number if all its values read as one, else a date,
a time, a boolean, and text if nothing else fits. ``null`` and nothing are no values (but DuckDB,
which then loads the file for both engines, reads ``null`` as text).

    numbers without decimals    INTEGER     1  -3  007  1e3  2.00
    other numbers               DOUBLE      1.5  .5
    2024-01-31                  DATE
    2024-01-31 12:00:00         TIMESTAMP   and 2024-01-31T12:00:00, with or without a zone
    true, false                 BOOLEAN     in any case
    all else                    VARCHAR
    no value at all             INTEGER
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation

_NOTHING = frozenset({"", "null"})
_CURRENCIES = "؋$ƒ៛¥₡₱£€¢﷼₪₩₭₮₦฿₤₫"


def column_type(values: Iterable[str]) -> str:
    """The SQL type for the values of a column.

    >>> column_type(["1", "", "-20"]), column_type(["1", "1.5"]), column_type(["007", "a"])
    ('INTEGER', 'DOUBLE', 'VARCHAR')
    >>> column_type(["2024-01-31"]), column_type(["TRUE", "false"]), column_type([])
    ('DATE', 'BOOLEAN', 'INTEGER')
    """
    held = {v for v in values if v.strip().lower() not in _NOTHING}
    numbers = [_number(v) for v in held]
    if None not in numbers:
        whole = all(n is None or not n.is_finite() or n == n.to_integral_value() for n in numbers)
        return "INTEGER" if whole else "DOUBLE"
    for type_, fits in _OTHERS:
        if all(fits(v) for v in held):
            return type_
    return "VARCHAR"


def _number(text: str) -> Decimal | None:
    """As agate reads it: per cent signs, currencies and thousands' commas are taken off."""
    stripped = text.strip().strip("%").removeprefix("-")
    for symbol in _CURRENCIES:
        stripped = stripped.strip(symbol)
    try:
        return Decimal(stripped.replace(",", ""))
    except InvalidOperation:
        return None


def _reads(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text.strip(), pattern)
    except ValueError:
        return False
    return True


def _iso(text: str) -> bool:
    try:
        datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return "T" in text


_OTHERS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("DATE", lambda text: _reads(text, "%Y-%m-%d")),
    ("TIMESTAMP", lambda text: _reads(text, "%Y-%m-%d %H:%M:%S")),
    ("TIMESTAMP", _iso),
    ("BOOLEAN", lambda text: text.replace(",", "").strip().lower() in {"true", "false"}),
)
"""In agate's order; each must fit every value."""
