"""Columns of theirs that stand nowhere in the mapping."""

from __future__ import annotations

import re
from collections.abc import Sequence

from retailsql.starter.facts import Facts
from retailsql.starter.proposal import TableChoice

_NAME = re.compile(r'"((?:[^"]|"")+)"|(\w+)')


def unused_columns(
    seen: Sequence[tuple[str, Sequence[Facts]]], tables: Sequence[TableChoice]
) -> list[str]:
    """In words, the columns that nothing is made of, per relation; a wrong guess is found here.

    Args:
        seen: relation -> its columns, of all relations that were given.
        tables: the mapping.
    """
    said: set[str] = set()
    for table in tables:
        said |= _names(table.where)
        for choice in table.choices:
            said |= {c.lower() for c in choice.columns}
    mapped = {t.relation for t in tables}
    told = []
    for relation, columns in seen:
        around = [r for r in mapped if r != relation and relation in r]  # the one that joins it
        if relation not in mapped and not around:
            continue  # told of as a whole
        used = said.union(*(_names(r.replace(relation, " ")) for r in around))
        if left := [c.name for c in columns if c.name.lower() not in used]:
            of = f" of {relation}" if len(seen) > 1 else ""
            told.append(f"not used{of}: {', '.join(left)}")
    return told


def _names(sql: str) -> set[str]:
    """Whatever may be a column in SQL, in lower case."""
    return {(a.replace('""', '"') or b).lower() for a, b in _NAME.findall(sql)}
