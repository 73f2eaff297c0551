"""Python values that Python's drivers send as parameters, with PostgreSQL's type for each."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

MOMENT = datetime(2024, 2, 29, 12, 34, 56, 789012)
PYTHON_VALUES: dict[str, tuple[str, Any]] = {
    "yes": ("boolean", True),
    "no": ("boolean", False),
    "small": ("smallint", 7),
    "negative": ("integer", -2147483648),
    "large": ("bigint", 2**53 + 1),
    "larger": ("numeric", 2**70),
    "single": ("real", 1.5),
    "double": ("double precision", 1e300),
    "nan": ("double precision", float("nan")),
    "infinity": ("double precision", float("-inf")),
    "decimal": ("numeric", Decimal("-12345.6780")),
    "tiny": ("numeric", Decimal("0.00012")),
    "round": ("numeric", Decimal("120000")),
    "text": ("text", "Grüße 'q' \"d\" \\ 🛒\n"),
    "empty": ("text", ""),
    "bytes": ("bytea", b"\x00\xff'\\A"),
    "date": ("date", date(2024, 2, 29)),
    "time": ("time", time(12, 34, 56, 789012)),
    "moment": ("timestamp", MOMENT),
    "instant": ("timestamptz", MOMENT.replace(tzinfo=UTC)),
    "elsewhere": ("timestamptz", MOMENT.replace(tzinfo=timezone(timedelta(hours=-5)))),
    "interval": ("interval", timedelta(days=-3, hours=5, microseconds=7)),
    "uuid": ("uuid", UUID("12345678-1234-5678-1234-567812345678")),
    "integers": ("integer[]", [1, None, -3]),
    "floats": ("double precision[]", [1.5, -2.25]),
    "words": ("text[]", ["a", None, 'b,"c"\\', ""]),
    "nulls": ("integer", None),
}
