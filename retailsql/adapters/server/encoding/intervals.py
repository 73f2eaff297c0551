"""interval: ``1 year 2 mons 3 days 04:05:06.7``, or microseconds, days and months."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyarrow as pa

from retailsql.adapters.server.encoding.cells import Body, Numbers, network
from retailsql.adapters.server.encoding.moments import clock

NANOS = np.dtype([("months", np.int32), ("days", np.int32), ("nanos", np.int64)])


def parts(array: pa.Array) -> tuple[Numbers, Numbers, Numbers]:
    """Months, days, microseconds: of the STRUCT :func:`project` makes, or of Arrow's interval."""
    if pa.types.is_struct(array.type):
        months, days, micros = (array.field(at).to_numpy() for at in range(3))
        return months, days, micros
    plain = np.frombuffer(array.buffers()[1], NANOS)[array.offset : array.offset + len(array)]
    return plain["months"], plain["days"], plain["nanos"] // 1000


def interval_binary(array: pa.Array) -> Body:
    """Sixteen bytes."""
    months, days, micros = parts(array)
    return np.concatenate(
        [network(micros, ">i8"), network(days, ">i4"), network(months, ">i4")], axis=1
    )


def interval_text(array: pa.Array) -> Body:
    """Text in PostgreSQL's own style."""
    rows = zip(*(part.tolist() for part in parts(array)), strict=True)
    return pa.array([word(*row) for row in rows], pa.string())


@lru_cache(maxsize=100_000)
def word(months: int, days: int, micros: int) -> str:
    """One interval.

    >>> word(14, -3, 14706700000), word(-1, 0, 1000000), word(0, 0, -1)
    ('1 year 2 mons -3 days +04:05:06.7', '-1 mons +00:00:01', '-00:00:00.000001')
    """
    years, rest = divmod(abs(months), 12)
    sign = -1 if months < 0 else 1
    out: list[str] = []
    before = False
    for number, unit in ((sign * years, "year"), (sign * rest, "mon"), (days, "day")):
        if number:
            plus = "+" if before and number > 0 else ""
            out.append(f"{plus}{number} {unit}{'' if number == 1 else 's'}")
            before = number < 0
    if micros or not out:
        minus = "-" if micros < 0 else "+" if before else ""
        out.append(minus + clock(abs(micros)))
    return " ".join(out)
