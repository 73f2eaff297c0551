"""Literals that DuckDB writes otherwise: arrays, escapes in Unicode, paths into JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from retailsql.adapters.server.postgres import arrays, oids, text_values
from retailsql.adapters.server.postgres.intervals import read_interval
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit, PgError

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_ESCAPE = re.compile(r"\\(?:\\|([0-9a-fA-F]{4})|\+([0-9a-fA-F]{6}))")
_MOMENT = re.compile(r"\s*(?:\d{8}(?:\D.*)?|.*\d\s*[AaPp][Mm]\s*)")
_MOMENTS = {"DATE": oids.DATE, "TIME": oids.TIME, "TIMESTAMP": oids.TIMESTAMP}
_QUERIES = frozenset(["SELECT", "WITH", "VALUES", "(", "$"])
_COMPARED = frozenset(["=", "<>", "!=", "<", ">", "<=", ">="])


def quoted(text: str) -> str:
    """A text as a literal.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def escaped(scan: Scan, i: int) -> list[Edit]:
    r"""``U&'\0041'``."""
    if scan.word(i) != "U" or scan.word(i + 1) != "&":
        return []
    start, end = scan.tokens[i].start, scan.tokens[i + 1].end + 1
    if scan.kind(i + 2) != "STRING" or scan.text[start : end + 1].upper() != "U&'":
        return []
    plain = _ESCAPE.sub(
        lambda m: chr(int(m[1] or m[2], 16)) if m[1] or m[2] else "\\", scan.tokens[i + 2].text
    )
    return [Edit(start, scan.tokens[i + 2].end + 1, quoted(plain))]


def array(scan: Scan, i: int) -> list[Edit]:
    """``'{1,2}'::int[]``."""
    if scan.kind(i) != "STRING" or not scan.tokens[i].text.lstrip().startswith(("{", "[")):
        return []
    if scan.word(i + 1) not in ("::", "AS"):
        return []
    k = i + 2
    while scan.word(k) and scan.word(k) not in ("[", ",", ")", "::") and k < i + 7:
        k += 1
    if not scan.words(k, "["):
        return []
    token = scan.tokens[i]
    try:
        new = quoted(_as_duckdb(arrays.read_text(token.text)))
    except PgError:
        return []
    return [Edit(_begin(scan, i), token.end + 1, new)]


def read(scan: Scan, i: int) -> list[Edit]:
    r"""``'\x4142'::bytea`` and ``'on'::boolean``, which DuckDB reads otherwise."""
    if scan.kind(i) == "STRING" and _typed(scan, i, "INTERVAL"):
        return _interval(scan, i)
    if scan.kind(i) == "STRING" and _MOMENT.fullmatch(scan.tokens[i].text):
        return _moment(scan, i)
    if scan.kind(i) != "STRING" or scan.word(i + 1) not in ("::", "AS"):
        return []
    word, text = scan.word(i + 2), scan.tokens[i].text
    if scan.word(i + 3) == "[" or (scan.word(i + 1) == "AS" and scan.word(i - 1) != "("):
        return []
    try:
        if word == "BYTEA":
            data = text_values.read(text, oids.BYTEA, "UTC")
            new = "".join(f"\\x{byte:02X}" for byte in data) if isinstance(data, bytes) else text
        elif word in ("BOOL", "BOOLEAN"):
            new = "true" if text_values.read(text, oids.BOOL, "UTC") else "false"
        else:
            return []
    except PgError:
        return []
    return [Edit(_begin(scan, i), scan.tokens[i].end + 1, quoted(new))]


def _typed(scan: Scan, i: int, word: str) -> bool:
    """True for ``type '...'``, ``'...'::type`` and ``CAST('...' AS type)``."""
    behind = scan.word(i + 1) in ("::", "AS") and scan.word(i + 2) == word
    return scan.word(i - 1) == word or (behind and scan.word(i + 3) not in ("[", "WITH"))


def _moment(scan: Scan, i: int) -> list[Edit]:
    """``'20240506'::date``, which DuckDB does not read, and ``10:00 PM``, which it reads as ten."""
    for word, oid in _MOMENTS.items():
        if _typed(scan, i, word):
            try:
                new = str(text_values.read(scan.tokens[i].text, oid, "UTC"))
            except PgError:
                return []
            return [Edit(_begin(scan, i), scan.tokens[i].end + 1, quoted(new))]
    return []


def _interval(scan: Scan, i: int) -> list[Edit]:
    """``interval '1 month - 1 day'``: in DuckDB a sign stands at its number."""
    text = scan.tokens[i].text
    if not re.search(r"[+-]\s+\d", text):
        return []
    try:
        new = read_interval(text)
    except PgError:
        return []
    return [Edit(_begin(scan, i), scan.tokens[i].end + 1, quoted(new))]


def _as_duckdb(items: arrays.Nested) -> str:
    """The text of a list as DuckDB reads it."""
    parts = []
    for item in items:
        if isinstance(item, list):
            parts.append(_as_duckdb(item))
        elif item is None:
            parts.append("NULL")
        else:
            parts.append('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"')
    return f"[{', '.join(parts)}]"


def _begin(scan: Scan, i: int) -> int:
    """Where a string begins, with its quote."""
    return scan.text.index("'", scan.tokens[i].start)


def _read(scan: Scan, i: int) -> str | None:
    try:
        return _listed(arrays.read_text(scan.tokens[i].text))
    except PgError:
        return None


def _listed(items: arrays.Nested) -> str:
    """A list constructor of texts."""
    parts = [
        _listed(item) if isinstance(item, list) else "NULL" if item is None else quoted(item)
        for item in items
    ]
    return f"[{', '.join(parts)}]"


def any_of(scan: Scan, i: int) -> list[Edit]:
    """``x = ANY($1)``: the list gets the type of x, as PostgreSQL infers it."""
    if scan.word(i) not in ("ANY", "ALL", "SOME") or scan.word(i + 1) != "(":
        return []
    close = scan.closing(i + 1)
    if close is None or scan.word(i - 1) not in _COMPARED:
        return []
    start, end = scan.tokens[i + 1].end + 1, scan.tokens[close].start
    new = _list(scan, i + 2, close)
    if new is None:
        if scan.word(i + 2) in _QUERIES or _never_null(scan, i + 2, close):
            return []
        if "pg_" in scan.text:  # the catalog's arrays are not all lists
            return []
        # In an array that is NULL DuckDB finds nothing; PostgreSQL does not know.
        return [Edit(start, start, "coalesce("), Edit(end, end, ", [NULL])")]
    left = _column_before(scan, i - 1)
    return [] if left is None else [Edit(start, end, f"cast_to_type({new}, [{left}])")]


def _never_null(scan: Scan, start: int, stop: int) -> bool:
    """True for ``ARRAY[...]`` and ``'{...}'::type[]``."""
    last = scan.closing(start + 1) if scan.words(start, "ARRAY", "[") else None
    return scan.kind(start) == "STRING" or (last is not None and stop > last)


def array_parameters(text: str, tokens: Sequence[Token]) -> frozenset[int]:
    """The parameters that are arrays by where they stand: ``= ANY($1)``, ``$2::int[]``."""
    out, scan = set(), Scan(text, tokens)
    for i in range(len(tokens)):
        if scan.word(i) != "$" or scan.kind(i + 1) != "NUMBER":
            continue
        inside = scan.word(i - 1) == "(" and scan.word(i - 2) in ("ANY", "ALL", "SOME")
        if (inside and scan.word(i + 2) == ")") or (
            scan.words(i + 2, "::") and scan.word(i + 4) == "["
        ):
            out.add(int(scan.tokens[i + 1].text))
    return frozenset(out)


def _list(scan: Scan, start: int, stop: int) -> str | None:
    """A list whose type is not told: a parameter, a literal or texts in ARRAY[...]."""
    if stop - start == 2 and scan.word(start) == "$" and scan.kind(start + 1) == "NUMBER":
        return scan.source(start, stop)
    if stop - start == 1 and scan.kind(start) == "STRING":
        return _read(scan, start)
    texts = scan.words(start, "ARRAY", "[") and scan.kind(start + 2) == "STRING"
    return scan.source(start, stop) if texts and scan.closing(start + 1) == stop - 1 else None


def _column_before(scan: Scan, at: int) -> str | None:
    """The column, the cast of one or the literal that stands before an operator."""
    i = at - 1
    if scan.kind(i) in ("STRING", "NUMBER"):
        return scan.source(i, at)
    while _is_name(scan, i) and scan.word(i - 1) == ".":
        i -= 2
    if not _is_name(scan, i) or (scan.word(i - 1) == "::"):
        return None
    return scan.source(i, at)


def _is_name(scan: Scan, i: int) -> bool:
    return scan.kind(i) == "IDENTIFIER" or scan.word(i).replace("_", "a").isalnum()


def path(scan: Scan, i: int) -> list[Edit]:
    """``j #>> '{a,0}'`` and ``j #>> array['a','0']``: a path in literals, as DuckDB writes it."""
    arrow = scan.word(i)
    if arrow not in ("#>", "#>>"):
        return []
    steps, end = _steps(scan, i + 1)
    if not steps:
        return []
    pointer = "".join("/" + str(s).replace("~", "~0").replace("/", "~1") for s in steps)
    token = scan.tokens[i]
    start = _begin(scan, i + 1) if end == i + 1 else scan.tokens[i + 1].start
    return [
        Edit(token.start, token.end + 1, arrow.replace("#>", "->")),
        Edit(start, scan.tokens[end].end + 1, quoted(pointer)),
    ]


def _steps(scan: Scan, i: int) -> tuple[list[str | None], int]:
    """The steps of a path and its last token; none if they are not all literals."""
    if scan.kind(i) == "STRING":
        try:
            return list(arrays.read_text(scan.tokens[i].text)), i
        except PgError:
            return [], i
    close = scan.closing(i + 1) if scan.words(i, "ARRAY", "[") else None
    if close is None:
        return [], i
    parts = scan.parts(i + 2, close)
    if any(stop - start > 1 or scan.kind(start) != "STRING" for start, stop in parts):
        return [], i
    cast = 4 if scan.words(close + 1, "::", "TEXT", "[", "]") else 0
    return [scan.tokens[start].text for start, _ in parts], close + cast
