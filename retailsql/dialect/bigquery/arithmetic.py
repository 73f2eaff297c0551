"""``+``, ``-`` and ``*`` on what is no FLOAT64: INT64, NUMERIC, dates, moments and intervals."""

from __future__ import annotations

from collections.abc import Callable

from retailsql.dialect.bigquery.known import Known
from retailsql.dialect.bigquery.texts import MOMENTS
from retailsql.errors import StatementError

Made = tuple[str, str | None]
NUMERIC = "DECIMAL(38, 9)"


def compute(
    sign: str,
    texts: tuple[str, str],
    found: tuple[Known, Known],
    refuse: Callable[..., StatementError],
) -> Made | None:
    """The text and kind of ``a sign b``; None: DuckDB means the same by it.

    Raises:
        StatementError: DuckDB has no such value.
    """
    (a, b), kinds = texts, (found[0].kind, found[1].kind)
    if kinds == ("int", "int"):
        # An INTEGER would overflow where an INT64 does not.
        wide = any(str(k.type) == "BIGINT" for k in found)
        return (f"{a} {sign} {b}" if wide else f"CAST({a} AS BIGINT) {sign} {b}"), "int"
    if "decimal" in kinds and set(kinds) <= {"decimal", "int"}:
        return _numeric(sign, a, b, found)
    if sign in "+-" and kinds == ("date", "int"):
        return f"({a} {sign} CAST({b} AS INTEGER))", "date"
    if sign == "+" and kinds == ("int", "date"):
        return f"({b} + CAST({a} AS INTEGER))", "date"
    if sign == "-":
        return _between(a, b, kinds, refuse)
    return None


def _numeric(sign: str, a: str, b: str, found: tuple[Known, Known]) -> Made:
    """Nine digits behind the point, as NUMERIC has; DuckDB's product has those of both factors."""
    if sign == "*" and sum(_scale(k) for k in found) > 9:
        return f"CAST({a} * {b} AS {NUMERIC})", "decimal"
    return f"({a} {sign} {b})", "decimal"


def _scale(known: Known) -> int:
    """Digits behind the point.

    >>> import duckdb
    >>> _scale(Known("decimal", duckdb.sqltype("DECIMAL(10, 2)")))
    2
    """
    if known.type is None or known.type.id != "decimal":
        return 0 if known.kind == "int" else 9
    return int(dict(known.type.children)["scale"])


def _between(
    a: str, b: str, kinds: tuple[str | None, str | None], refuse: Callable[..., StatementError]
) -> Made | None:
    """What lies between two days or moments is an INTERVAL of days, or of hours and less.

    https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#interval_arithmetic_operators
    """
    if kinds == ("date", "date"):
        return f"to_days(CAST({a} - {b} AS INTEGER))", "interval"
    if all(k in MOMENTS for k in kinds):
        return f"to_microseconds(epoch_us({a}) - epoch_us({b}))", "interval"
    if kinds == ("time", "time"):
        day = "DATE '1970-01-01'"
        return f"to_microseconds(epoch_us({day} + {a}) - epoch_us({day} + {b}))", "interval"
    if set(kinds) == {"date", "string"}:
        raise refuse("DATE minus a text is not translated", todo="write DATE '2024-01-01'")
    return None
