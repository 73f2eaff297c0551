"""What the values of a column say of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from retailsql.starter.readers import (
    Reader,
    epoch_reader,
    number_reader,
    serial_reader,
    time_reader,
)
from retailsql.starter.sample import TABLE, Sample, identifier

Kind = Literal["time", "whole", "number", "bool", "text", "other"]

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
          "UINTEGER", "UBIGINT", "UHUGEINT")  # fmt: skip
_YES_NO = (
    "('true','false','yes','no','y','n','t','f','ja','nein','j','oui','non','si','sí','tak','nie')"
)
_YES = "('true','yes','y','t','ja','j','oui','si','sí','tak')"


@dataclass(frozen=True)
class Facts:
    """One column: its name and what its values are like.

    Args:
        name: as the relation has it.
        sql: the name as SQL takes it.
        at: its name in the sample.
        type: its DuckDB type.
        kind: what its values are, whatever their type: text that holds numbers is a number.
        filled: share of rows that are not NULL.
        distinct: different values in the sample.
        runs: times the value changes from one row to the next, as a share of the rows.
        low, high, middle: smallest, largest and median number; 0 for others.
        positive: share of the numbers that are above 0.
        negative: share of the numbers that are below 0.
        length: mean length of the text.
        letters: share of values that hold a letter.
        leading_zeros: some value begins with a 0 that a number would lose.
        number: how it is read as a number.
        time: how it is read as a time.
        yes: how it is read as true or false.
        rows: in the sample.
        example: a value.
    """

    name: str
    sql: str
    at: str
    type: str
    kind: Kind
    filled: float
    distinct: int
    runs: float
    rows: int
    low: float = 0.0
    high: float = 0.0
    middle: float = 0.0
    positive: float = 0.0
    negative: float = 0.0
    length: float = 0.0
    letters: float = 0.0
    leading_zeros: bool = False
    number: Reader | None = None
    time: Reader | None = None
    yes: Reader | None = None
    example: str = ""

    @property
    def variety(self) -> float:
        """Different values as a share of the rows that have one."""
        return self.distinct / max(1.0, self.rows * self.filled)


def columns_of(con: Any, sample: Sample) -> list[Facts]:
    """The facts of every column of a sample, in its order."""
    return [
        _facts(con, sample, f"c{i}", name, kind) for i, (name, kind) in enumerate(sample.columns)
    ]


def _facts(con: Any, sample: Sample, at: str, name: str, type_: str) -> Facts:
    text = f"CAST({at} AS VARCHAR)"
    filled, distinct, runs, length, letters, zeros, example = con.execute(
        f"SELECT count(nullif(trim({text}), '')) / count(*), count(DISTINCT {text}),"
        f" avg(CAST({text} IS DISTINCT FROM before AS INTEGER)), coalesce(avg(length({text})), 0),"
        f" coalesce(avg(CAST(regexp_matches({text}, '[[:alpha:]]') AS INTEGER)), 0),"
        f" coalesce(bool_or(regexp_matches({text}, '^0[0-9]')), false), min({text})"
        f" FROM (SELECT {at}, lag({text}) OVER (ORDER BY row) AS before FROM {TABLE})"
    ).fetchone()
    facts = Facts(
        name, identifier(name), at, type_, "text", filled, distinct, runs, sample.looked_at,
        length=length, letters=letters, leading_zeros=bool(zeros) and type_ == "VARCHAR",
        example=str(example or "")[:40],
    )  # fmt: skip
    return _typed(con, facts)


def _typed(con: Any, facts: Facts) -> Facts:
    """With the kind of its values and how they are read."""
    base = facts.type.partition("(")[0]
    if base in ("DATE", "TIMESTAMP") or base.startswith("TIMESTAMP"):
        return _time(con, facts)
    if base == "BOOLEAN":
        return replace(facts, kind="bool", yes=Reader(facts.sql))
    if base in (*_WHOLE, "DOUBLE", "FLOAT", "DECIMAL"):
        return _number(con, facts, Reader(facts.sql), facts.at)
    if base in ("UUID", "ENUM"):
        return facts  # text
    if base != "VARCHAR":
        return replace(facts, kind="other")
    if _says_yes_or_no(con, facts):
        reader = Reader(f"lower(trim({facts.sql})) IN {_YES}", "yes and no as text")
        return replace(facts, kind="bool", yes=reader)
    reads = number_reader(con, TABLE, facts.at, facts.sql)
    if reads is not None:
        # The same expression over the sample's own name of the column.
        value = f"TRY_CAST({reads.sql.replace(facts.sql, facts.at)} AS DOUBLE)"
        return _number(con, facts, reads, value)
    time = time_reader(con, TABLE, facts.at, facts.sql)
    return replace(facts, kind="time", time=time) if time else facts


def _time(con: Any, facts: Facts) -> Facts:
    """A column that has a type of time."""
    query = (
        f"SELECT coalesce(bool_or(CAST({facts.at} AS TIME) <> TIME '00:00'), false) FROM {TABLE}"
    )
    sql, how = facts.sql, ""
    if facts.type == "TIMESTAMP WITH TIME ZONE":
        sql, how = f"{facts.sql} AT TIME ZONE 'UTC'", "as UTC"
        query = query.replace(facts.at, f"({facts.at} AT TIME ZONE 'UTC')")
    of_day = facts.type != "DATE" and bool(con.execute(query).fetchone()[0])
    return replace(facts, kind="time", time=Reader(sql, how, time_of_day=of_day))


def _number(con: Any, facts: Facts, reader: Reader, value: str) -> Facts:
    """A column of numbers, which may also be days or seconds."""
    low, high, middle, positive, negative, whole = con.execute(
        f"SELECT min(v), max(v), median(v), avg(CAST(v > 0 AS INTEGER)),"
        f" avg(CAST(v < 0 AS INTEGER)), avg(CAST(v = floor(v) AS INTEGER))"
        f" FROM (SELECT CAST({value} AS DOUBLE) AS v FROM {TABLE}) WHERE isfinite(v)"
    ).fetchone()
    if low is None:
        return replace(facts, kind="number", number=reader)
    facts = replace(
        facts, kind="whole" if whole == 1 else "number", number=reader, low=low, high=high,
        middle=middle, positive=positive, negative=negative,
    )  # fmt: skip
    if facts.kind != "whole":
        return replace(facts, time=serial_reader(low, high, facts.sql))
    if 19_500_101 <= low <= high <= 21_001_231 and facts.length == 8:
        return replace(facts, time=time_reader(con, TABLE, facts.at, facts.sql))
    if low == 0 and high == 1 and facts.distinct == 2:
        facts = replace(facts, yes=Reader(f"CAST({facts.sql} AS INTEGER) = 1", "1 and 0"))
    reads = epoch_reader(low, high, facts.sql) or serial_reader(low, high, facts.sql)
    return replace(facts, time=reads)


def _says_yes_or_no(con: Any, facts: Facts) -> bool:
    if facts.distinct != 2:
        return False
    query = f"SELECT bool_and(lower(trim({facts.at})) IN {_YES_NO}) FROM {TABLE}"
    return bool(con.execute(query).fetchone()[0])
