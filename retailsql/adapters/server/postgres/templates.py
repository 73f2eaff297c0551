"""PostgreSQL's templates of dates: ``YYYY-MM-DD HH24:MI`` -> their elements."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

_KEYS: Final = [
    "SSSSS", "SSSS", "Y,YYY", "IYYY", "YYYY", "HH24", "HH12", "A.D.", "B.C.", "A.M.", "P.M.",
    "a.d.", "b.c.", "a.m.", "p.m.", "IDDD", "MONTH", "Month", "month", "IYY", "YYY", "DDD", "DAY",
    "Day", "day", "MON", "Mon", "mon", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "TZH", "TZM",
    "AD", "BC", "AM", "PM", "ad", "bc", "am", "pm", "HH", "MI", "SS", "MS", "US", "IY", "YY",
    "MM", "DD", "DY", "Dy", "dy", "IW", "WW", "ID", "CC", "RM", "rm", "TZ", "tz", "OF", "I", "Y",
    "D", "W", "J", "Q",
]  # fmt: skip
_FOLD: Final = {"DAY", "Day", "day", "DY", "Dy", "dy", "MONTH", "Month", "month", "MON", "Mon",
                "mon", "AD", "BC", "AM", "PM", "ad", "bc", "am", "pm", "RM", "rm", "TZ", "tz",
                "A.D.", "B.C.", "A.M.", "P.M.", "a.d.", "b.c.", "a.m.", "p.m."}  # fmt: skip
_KEY: Final = re.compile(
    "|".join(
        re.escape(key) if key in _FOLD else f"(?i:{re.escape(key)})"
        for key in sorted(_KEYS, key=len, reverse=True)
    )
)


class Element(NamedTuple):
    """One element of a template.

    Args:
        key: what it stands for, as PostgreSQL spells it; empty: text.
        text: the text between elements.
        fill: False after FM: no blanks and noughts.
        suffix: TH or th, if it is an ordinal.
        exact: True for text in quotes.
    """

    key: str
    text: str = ""
    fill: bool = True
    suffix: str = ""
    exact: bool = False


@lru_cache(maxsize=256)
def elements(template: str) -> tuple[Element, ...]:
    """The elements of a template.

    >>> [e.key or e.text for e in elements("FMMonth DDth")]
    ['Month', ' ', 'DD']
    """
    out: list[Element] = []
    at = 0
    while at < len(template):
        if template[at] == '"':
            text, at = _in_quotes(template, at + 1)
            out.append(Element("", text, exact=True))
            continue
        fill = True
        while template[at : at + 2].upper() in ("FM", "TM", "FX"):
            fill = fill and template[at : at + 2].upper() == "FX"
            at += 2
        found = _KEY.match(template, at)
        if found is None:
            if at < len(template):
                if template[at] == "\\" and at + 1 < len(template):
                    at += 1
                out.append(Element("", template[at]))
                at += 1
            continue
        at = found.end()
        suffix = template[at : at + 2] if template[at : at + 2] in ("TH", "th") else ""
        at += len(suffix)
        key = found[0] if found[0] in _FOLD else found[0].upper()
        out.append(Element(key, fill=fill, suffix=suffix))
    return tuple(out)


def _in_quotes(template: str, at: int) -> tuple[str, int]:
    """The text up to the closing quote, and the place behind it."""
    out = []
    while at < len(template) and template[at] != '"':
        if template[at] == "\\" and at + 1 < len(template):
            at += 1
        out.append(template[at])
        at += 1
    return "".join(out), at + 1
