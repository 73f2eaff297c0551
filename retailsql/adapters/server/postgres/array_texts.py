"""DuckDB's text of a list as PostgreSQL's of an array: ``[1.0, NULL]`` is ``{1,NULL}``."""

from __future__ import annotations

import re
from typing import Final

#: A bracket, a comma, an element in quotes, NULL or another element: all that such a text has.
_TOKEN: Final = re.compile(r"[\[\]]|, |'((?:[^'\\]|\\.)*)'|[^\[\],']+", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_TO_QUOTE: Final = re.compile(r'[\s{},"\\]|\A\Z|(?i:\Anull\Z)')
_MARKS: Final = {"[": "{", "]": "}", ", ": ",", "NULL": "NULL"}
_ONE: Final = re.compile(r"(-1 (?:year|mon|day))\b")


def written(text: str, kind: str) -> str:
    r"""An array's text.

    Args:
        text: DuckDB's.
        kind: DuckDB's type of it.

    >>> written("[[1.0, NULL], [-inf, 2.5]]", "DOUBLE[][]")
    '{{1,NULL},{-Infinity,2.5}}'
    >>> written(r"['it\'s, so', '', a, 'NULL', NULL]", "VARCHAR[]")
    '{"it\'s, so","",a,"NULL",NULL}'
    """
    leaf = kind.partition("[")[0]
    return "".join(
        _MARKS.get(found[0]) or _quoted(_element(found, leaf)) for found in _TOKEN.finditer(text)
    )


def joined(text: str, kind: str, between: str, null: str | None) -> str:
    """The elements alone, of however many dimensions, as ``array_to_string`` has them.

    Args:
        text: DuckDB's.
        kind: DuckDB's type of it.
        between: what stands between two.
        null: what stands for NULL; None: nothing does.

    >>> joined("[[1.0, NULL], [3.0, 4.0]]", "DOUBLE[][]", "; ", "*")
    '1; *; 3; 4'
    """
    leaf = kind.partition("[")[0]
    elements = [
        null if found[0] == "NULL" else _element(found, leaf)
        for found in _TOKEN.finditer(text)
        if found[0] not in ("[", "]", ", ")
    ]
    return between.join(element for element in elements if element is not None)


def _element(found: re.Match[str], leaf: str) -> str:
    plain = found[0] if found[1] is None else _ESCAPED.sub(r"\1", found[1])
    return _said(plain, leaf)


def _said(word: str, leaf: str) -> str:
    """An element as ``__pg_text`` in texts.sql has it, but for true and false."""
    if leaf == "BOOLEAN":
        return word[0]
    if leaf in ("DOUBLE", "FLOAT"):
        return word.removesuffix(".0").replace("nan", "NaN").replace("inf", "Infinity")
    if leaf == "INTERVAL":
        return _ONE.sub(r"\1s", word.replace("month", "mon"))
    return word


def _quoted(word: str) -> str:
    if _TO_QUOTE.search(word) is None:
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
