"""RS202: a feature that reads rows from after the cutoff of the label.

The cutoff is a moment from which on the label reads rows: a condition ``date >= moment`` in a
WHERE, a JOIN, a FILTER, a CASE or a subquery that the label is computed from, where ``date`` is a
DATE or TIMESTAMP of a table and the moment a literal, a variable, a parameter of a macro or a
column.
A feature is told if it aggregates rows of a table that has dates and

- asks for the rows from the very cutoff on (or, both being literals, from a later day), or
- asks nothing of their dates at all, or
- reads them until a literal day that is later than the literal cutoff.

It is not told if any condition on the way names a date of the table, or of one that is joined to it
in the same SELECT, in any other manner; if it shares the label's own condition (a window of time
that all rows of the query have); or if it is a column of the row itself: a customer's table has no
future. What a table made elsewhere has read is not seen.
"""

from __future__ import annotations

import re
from collections import defaultdict

from retailsql.dialect.lint.leakage import item_of
from retailsql.dialect.lint.lineage import At, Origins, Path
from retailsql.dialect.lint.reads import Bound, Read, bounds, date_columns, reads
from retailsql.dialect.lint.training import Training

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def check_cutoff(training: Training, origins: Origins) -> None:
    """The rule."""
    outputs = origins.outputs
    labels = [name.lower() for name in training.labels]
    cutoffs = [
        b for name in labels for at in outputs.get(name, []) for r in reads(at, origins)
        for b in bounds(r, origins) if b.side == "from"
    ]  # fmt: skip
    if not cutoffs:
        return
    features = {n: a for n, a in outputs.items() if n not in labels and n not in training.others}
    found = {name: _groups(items, origins) for name, items in features.items()}
    split = {
        b.moment for groups in found.values() for group in groups for _, bs in group
        for b in bs if b.side == "until"
    }  # fmt: skip
    for name, groups in found.items():
        for group in groups:
            if (why := _late(group, cutoffs, split, origins)) is not None:
                _tell(training, name, why)
                break


_Group = list[tuple[Read, list[Bound]]]


def _groups(items: list[At], origins: Origins) -> list[_Group]:
    """The readings of a feature that aggregates, by the SELECT that does so."""
    by_select: dict[tuple[int, Path], _Group] = defaultdict(list)
    for i, at in enumerate(items):
        for read in reads(at, origins):
            if read.group is not None:
                by_select[i, read.group].append((read, bounds(read, origins)))
    return list(by_select.values())


def _late(
    group: _Group, cutoffs: list[Bound], split: set[str], origins: Origins
) -> tuple[str, str] | None:
    """What is wrong, and the cutoff, if the rows of a group reach beyond one."""
    own = {c.where for c in cutoffs}
    dated = [(r, bs) for r, bs in group if date_columns(origins, r.table)]
    direct = [(r, bs) for r, bs in dated if r.direct]
    for read, found in direct:
        table = origins.names[read.table]
        for bound in found:
            shared = bound.where in own and bound.moment not in split
            if bound.side == "from" and not shared and (c := _at_or_after(bound, cutoffs)):
                return f"reads rows of {table} from the cutoff on", c.moment
            if bound.side == "until" and (c := _beyond(bound, cutoffs)):
                return f"reads rows of {table} until {bound.moment}", c.moment
    bounded = any(b.side != "from" for _, bs in dated for b in bs)
    if direct and not bounded and not own & {b.where for _, bs in direct for b in bs}:
        return f"reads rows of {origins.names[direct[0][0].table]} of any date", cutoffs[0].moment
    return None


def _at_or_after(bound: Bound, cutoffs: list[Bound]) -> Bound | None:
    for cutoff in cutoffs:
        if bound.moment == cutoff.moment or _later(bound.moment, cutoff.moment):
            return cutoff
    return None


def _beyond(bound: Bound, cutoffs: list[Bound]) -> Bound | None:
    days = [c for c in cutoffs if _DAY.match(c.moment)]
    if days and all(_later(bound.moment, c.moment) for c in days) and len(days) == len(cutoffs):
        return days[0]
    return None


def _later(one: str, other: str) -> bool:
    return bool(_DAY.match(one) and _DAY.match(other)) and one > other


def _tell(training: Training, name: str, why: tuple[str, str]) -> None:
    what, moment = why
    day = f"DATE '{moment}'" if _DAY.fullmatch(moment) else moment
    training.add(
        "RS202", item_of(training, name),
        f"Feature {name} {what}, and the label is computed from rows since the cutoff {moment}: "
        "the model would read the future.",
        f"Read only rows from before it: WHERE <its date> < {day}.",
    )  # fmt: skip
