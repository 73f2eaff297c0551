"""The catalog's edits behind those of another part, as one list for the text before both."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache

from retailsql.adapters.server.catalog.edits import edits
from retailsql.adapters.server.catalog.names import trigger
from retailsql.adapters.server.records import Edit, apply
from retailsql.dialect.tokens import tokenize

LONG = 20_000
"""Characters of a statement that is worked on anew each time, so that nobody fills the memory."""
_NUMBER, _ZEROS = re.compile(r"'\d{4,10}'"), re.compile(r"'0{4,10}'")


def after(text: str, first: Sequence[Edit]) -> list[Edit]:
    """Edit what others have edited: their new text may name the catalog again.

    Args:
        text: of the statement, before any edit.
        first: the edits made before.

    Returns:
        Edits of ``text`` that make both; ``first`` itself, quickly, if nothing of the catalog is
        mentioned.

    >>> sql = "SELECT now() FROM pg_class"
    >>> apply(sql, after(sql, [Edit(7, 10, "pg_catalog.version")]))
    'SELECT __rs_catalog.main.version() FROM __rs_catalog.pg.pg_class'
    """
    if trigger().search(text) is None:
        return list(first)
    if len(text) > LONG:
        return list(_both.__wrapped__(text, tuple(first)))
    alike = same_but_numbers(text)
    found = _both(alike, tuple(first))
    if alike != text and any(_ZEROS.search(edit.new) for edit in found):
        return list(_both(text, tuple(first)))  # a literal got into an edit
    return list(found)


def same_but_numbers(text: str) -> str:
    """The text with quoted numbers made zeros, so that all of one kind are worked on once.

    A tool asks the same of every table, by its number.

    >>> same_but_numbers("WHERE c.oid = '16385' AND relname = 't1'")
    "WHERE c.oid = '00000' AND relname = 't1'"
    """
    return _NUMBER.sub(lambda found: f"'{'0' * (len(found[0]) - 2)}'", text)


@lru_cache(maxsize=512)
def _both(text: str, first: tuple[Edit, ...]) -> tuple[Edit, ...]:
    between = apply(text, first)
    second = edits(between, tokenize(between) or [])
    placed = _placed(first)
    starts, places = [x.start for x in second], [s for s, _, _ in placed]
    out, shift = [], 0
    for start, end in _groups([(s, e) for s, e, _ in placed] + [(x.start, x.end) for x in second]):
        inside = [
            Edit(x.start - start, x.end - start, x.new)
            for x in second[bisect_left(starts, start) : bisect_right(starts, end)]
            if x.end <= end
        ]
        some = placed[bisect_left(places, start) : bisect_right(places, end)]
        grown = sum(by for _, e, by in some if e <= end)
        new = apply(between[start:end], inside)
        out.append(Edit(start - shift, end - shift - grown, new))
        shift += grown
    return tuple(out)


def _placed(first: Sequence[Edit]) -> list[tuple[int, int, int]]:
    """Where each edit's text lies afterwards, and by how much it is longer than before."""
    out, shift = [], 0
    for edit in sorted(first):
        start = edit.start + shift
        out.append((start, start + len(edit.new), len(edit.new) - (edit.end - edit.start)))
        shift += len(edit.new) - (edit.end - edit.start)
    return out


def _groups(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans in order, those that touch made one."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out
