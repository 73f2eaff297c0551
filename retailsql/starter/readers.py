"""How text is read as a time or as a number: an SQL expression that reads what is in the sample."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

_DATES = {
    None: ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y",
           "%d %B %Y", "%b %d, %Y", "%B %d, %Y"),
    "day": ("%d/%m/%y", "%d.%m.%y", "%d-%m-%y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y"),
    "month": ("%m/%d/%y", "%m.%d.%y", "%m-%d-%y", "%m/%d/%Y", "%m.%d.%Y", "%m-%d-%Y"),
}  # fmt: skip
_TIMES = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M:%SZ", " %H:%M:%S.%f", "T%H:%M:%S.%f",
          "T%H:%M:%S.%fZ", " %I:%M:%S %p", " %I:%M %p", " %I:%M:%S%p", " %I:%M%p")  # fmt: skip
FORMATS = tuple(
    (date + time, first) for first, dates in _DATES.items() for date in dates for time in _TIMES
)
"""(format, which of day and month comes first where numbers leave that open)."""

_OFFSET = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?.*[+-]\d\d:?\d\d$"
_LIKELY = r"^(\d{1,4}[-/. ]|[A-Z][a-z]{2,8} \d|\d{8}$)"
"""What every format begins with; looked at first, as a hundred formats take their time."""
_COMMA = r"^-?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$"
_POINT = r"^-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$"
_SIGNED = r"^[^0-9A-Za-z]*[A-Z]{0,3}\s*-?[\d.,]+([eE][+-]?\d+)?\s*[^0-9A-Za-z]*[A-Z]{0,3}$"
_CURRENCY = r"[^0-9,.\-]"


@dataclass(frozen=True)
class Reader:
    """An expression and what is known of it.

    Args:
        sql: the expression over the column.
        how: in words; empty if nothing has to be done.
        unread: share of the values that it does not read.
        doubt: why it may be wrong; empty if nothing speaks against it.
        other: another format that reads as much; empty if there is none.
        time_of_day: for times, whether values have one.
    """

    sql: str
    how: str = ""
    unread: float = 0.0
    doubt: str = ""
    other: str = ""
    time_of_day: bool = False


def time_reader(con: Any, table: str, column: str, shown: str) -> Reader | None:
    """How a column of text is read as a time; None if no known way reads nine in ten values.

    Args:
        con: a DuckDB connection or a Session.
        table: relation that holds the sample, in file order by its column ``row``.
        column: the column in it.
        shown: the column as the expression names it.
    """
    text = f"CAST({column} AS VARCHAR)"
    values = (
        f"(SELECT DISTINCT trim({text}) AS v FROM {table} WHERE {column} IS NOT NULL"
        " ORDER BY hash(v), v LIMIT 500)"
    )
    given, offset, likely = con.execute(
        f"SELECT count(*), count(*) FILTER (WHERE regexp_matches(v, '{_OFFSET}')),"
        f" count(*) FILTER (WHERE regexp_matches(v, '{_LIKELY}')) FROM {values}"
    ).fetchone()
    if likely < 0.9 * given or not given:
        return None
    if offset == given:
        return Reader(
            f"CAST(left({_as_text(shown, con, table, column)}, 19) AS TIMESTAMP)",
            "without its offset from UTC: the shop's own time", time_of_day=True,
        )  # fmt: skip
    shapes = [str(row[0]) for row in con.execute(f"SELECT v FROM {values} LIMIT 40").fetchall()]
    forms = [f for f in FORMATS if _fits(f[0], shapes)]
    if not forms:
        return None
    tries = ", ".join(_read_count(form) for form, _ in forms)
    counts = con.execute(f"SELECT {tries} FROM {values}").fetchone()
    most = max(counts)
    if most < 0.9 * given:
        return None
    best = [forms[i] for i, n in enumerate(counts) if n == most]
    return _choose(con, table, column, shown, best)


_SHAPES = {"%b": "[A-Za-z]+", "%B": "[A-Za-z]+", "%p": "[AaPp][Mm]", "%f": r"\d+", "%Y": r"\d{4}"}


@cache
def _shape(form: str) -> re.Pattern[str]:
    """What a text looks like that a format may read."""
    parts = re.split(r"(%[A-Za-z])", form)
    return re.compile("".join(
        _SHAPES.get(p, r"\d{1,2}") if p.startswith("%") else re.escape(p) for p in parts
    ))  # fmt: skip


def _fits(form: str, texts: list[str]) -> bool:
    """Whether the format may read most of the texts: asking DuckDB for all formats takes long."""
    return sum(bool(_shape(form).fullmatch(t)) for t in texts) >= 0.7 * len(texts)


def _read_count(form: str) -> str:
    """Years far from ours mean that a format reads something else: %Y takes 10 for the year 10."""
    read = f"try_strptime(v, '{form}')"
    return f"count(*) FILTER (WHERE year({read}) BETWEEN 1950 AND 2100)"


def _choose(
    con: Any, table: str, column: str, shown: str, best: list[tuple[str, str | None]]
) -> Reader:
    """One of the formats that read equally many values; says where that was a choice."""
    form, first = best[0]
    rivals = [f for f, order in best if order and first and order != first]
    doubt = other = ""
    if rivals:
        backwards = {f: _backwards(con, table, column, f) for f in (form, rivals[0])}
        other, form = sorted(backwards, key=lambda f: (backwards[f], f != form), reverse=True)
        if not backwards[other] > 2 * backwards[form] + 0.01:
            doubt = (
                f"day and month cannot be told apart: {other!r} reads the same rows as well"
                " and neither is more in order"
            )
    text = f"CAST({column} AS VARCHAR)"
    read = f"try_strptime(trim({text}), '{form}')"
    given, unread, dated = con.execute(
        f"SELECT count({column}), count(*) FILTER (WHERE {column} IS NOT NULL AND {read} IS NULL),"
        f" coalesce(bool_or(date_trunc('day', {read}) <> {read}), false) FROM {table}"
    ).fetchone()
    parse = "try_strptime" if unread else "strptime"
    return Reader(
        f"{parse}({_as_text(shown, con, table, column)}, '{form}')", f"text in the form {form!r}",
        unread / max(given, 1), doubt, other, bool(dated),
    )  # fmt: skip


def _backwards(con: Any, table: str, column: str, form: str) -> float:
    """Share of the changes from row to row that go back: files are mostly kept in order."""
    share = con.execute(
        f"WITH t AS (SELECT row, try_strptime(trim(CAST({column} AS VARCHAR)), '{form}') AS t"
        f" FROM {table}) SELECT avg(CAST(t < before AS INTEGER)) FROM"
        " (SELECT t, lag(t) OVER (ORDER BY row) AS before FROM t) WHERE t <> before"
    ).fetchone()[0]
    return float(share or 0.0)


def _as_text(shown: str, con: Any, table: str, column: str) -> str:
    """The column as text, trimmed only where a value needs it."""
    kind, spaces = con.execute(
        f"SELECT any_value(typeof({column})), coalesce(bool_or("
        f"CAST({column} AS VARCHAR) <> trim(CAST({column} AS VARCHAR))), false) FROM {table}"
    ).fetchone()
    text = shown if kind == "VARCHAR" else f"CAST({shown} AS VARCHAR)"
    return f"trim({text})" if spaces else text


EPOCHS = (
    (946_684_800, 4_102_444_800, "epoch_ms(1000 * CAST({c} AS BIGINT))", "seconds since 1970"),
    (946_684_800_000, 4_102_444_800_000, "epoch_ms(CAST({c} AS BIGINT))", "ms since 1970"),
)  # fmt: skip
"""(from, before, expression, words): whole numbers that are times from 2000 to 2100."""


def epoch_reader(low: float, high: float, shown: str) -> Reader | None:
    """Whole numbers as seconds or milliseconds since 1970; None if they are neither.

    >>> epoch_reader(1_577_836_800, 1_609_459_200, "ts").how
    'seconds since 1970, UTC'
    """
    for first, last, sql, how in EPOCHS:
        if first <= low and high < last:
            return Reader(sql.format(c=shown), f"{how}, UTC", time_of_day=True)
    return None


def serial_reader(low: float, high: float, shown: str) -> Reader | None:
    """Numbers as a spreadsheet's days since 1899-12-30; None if they cannot be.

    >>> serial_reader(44_000, 44_500, "day").doubt
    'taken for days as a spreadsheet counts them'
    """
    if not 36_000 <= low <= high < 60_000:
        return None
    return Reader(
        f"DATE '1899-12-30' + CAST(floor(CAST({shown} AS DOUBLE)) AS INTEGER)", "days since 1899",
        doubt="taken for days as a spreadsheet counts them",
    )  # fmt: skip


def number_reader(con: Any, table: str, column: str, shown: str) -> Reader | None:
    """How text is read as a number: plain, with a decimal comma, with a currency's sign.

    None if no way reads nineteen in twenty values.
    """
    value = f"nullif(trim({column}), '')"
    counted = f"(SELECT {value} AS v, count(*) AS n FROM {table} GROUP BY v HAVING v IS NOT NULL)"
    few = f"(SELECT v FROM {counted} ORDER BY hash(v), v LIMIT 200)"
    likely = f"SELECT avg(CAST(regexp_matches(v, '{_SIGNED}') AS INTEGER)) FROM {few}"
    if (con.execute(likely).fetchone()[0] or 0) < 0.8:
        return None
    bare = f"regexp_replace(v, '{_CURRENCY}', '', 'g')"
    given, plain, comma, point, digits = con.execute(
        "SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (WHERE TRY_CAST(v AS DOUBLE) IS NOT"
        " NULL), 0), "
        + ", ".join(
            f"coalesce(sum(n) FILTER (WHERE regexp_matches(v, '{_SIGNED}') AND"
            f" regexp_matches({bare}, '{form}')), 0)" for form in (_COMMA, _POINT)
        )
        + f", coalesce(sum(n) FILTER (WHERE regexp_matches({bare}, ',\\d{{3}}$')), 0)"
        f" FROM {counted}"
    ).fetchone()  # fmt: skip
    given, plain, comma, point, digits = map(int, (given, plain, comma, point, digits))
    if not given or max(plain, comma, point) < 0.95 * given:
        return None
    if plain >= max(comma, point):
        return Reader(shown, unread=1 - plain / given)
    cleaned = _cleaned(con, table, value, shown)
    if comma >= point:
        doubt = ""
        if comma == point and digits == given:
            doubt = "1,234 may be a thousand or one and a bit: taken for a decimal comma"
        sql = f"replace(replace({cleaned}, '.', ''), ',', '.')"
        return Reader(_decimal(sql), "a decimal comma", 1 - comma / given, doubt)
    return Reader(
        _decimal(f"replace({cleaned}, ',', '')"), "signs and thousands' commas left out",
        1 - point / given,
    )  # fmt: skip


def _cleaned(con: Any, table: str, value: str, shown: str) -> str:
    """The text without a currency's sign, where there is one."""
    query = f"SELECT coalesce(bool_or(regexp_matches({value}, '{_CURRENCY}')), false) FROM {table}"
    signs = con.execute(query).fetchone()[0]
    return f"regexp_replace({shown}, '{_CURRENCY}', '', 'g')" if signs else shown


def _decimal(sql: str) -> str:
    return f"TRY_CAST({sql} AS DECIMAL(18, 4))"
