"""JSON as rows in FROM: ``json_each(x)``, ``json_to_recordset(x) AS t(a int, b text)``."""

from __future__ import annotations

import json
from typing import Final

from retailsql.adapters.server.postgres.from_calls import in_from
from retailsql.adapters.server.postgres.renamed import PREFIX
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit

_EACH: Final = {
    "JSON_EACH": "json_each", "JSONB_EACH": "json_each", "JSON_EACH_TEXT": "json_each_text",
    "JSONB_EACH_TEXT": "json_each_text",
}  # fmt: skip
_RECORDS: Final = frozenset(
    ["JSON_TO_RECORD", "JSONB_TO_RECORD", "JSON_TO_RECORDSET", "JSONB_TO_RECORDSET"]
)
WORDS: Final = _RECORDS | _EACH.keys()


def edits(scan: Scan, i: int) -> list[Edit]:
    """A call of one of ``WORDS`` in FROM, as the subquery that gives its rows."""
    close = scan.closing(i + 1)
    if close is None or scan.of_view() or not in_from(scan, i):
        return []
    return _each(scan, i, close) if scan.word(i) in _EACH else _records(scan, i, close)


def _each(scan: Scan, i: int, close: int) -> list[Edit]:
    """Columns key and value."""
    token, end = scan.tokens[i], scan.tokens[close].end + 1
    named = scan.word(close + 1) == "AS" or scan.kind(close + 1) in ("VAR", "IDENTIFIER")
    tail = ", max_depth := 2))" + ("" if named else f" AS {token.text}")
    head = f"(SELECT unnest({PREFIX}{_EACH[scan.word(i)]}"
    return [Edit(token.start, token.end + 1, head), Edit(end, end, tail)]


def _records(scan: Scan, i: int, close: int) -> list[Edit]:
    """The columns that the alias tells."""
    at = close + 1 + (scan.word(close + 1) == "AS")
    opened = at if scan.word(at) == "(" else at + 1
    stop = scan.closing(opened) if scan.word(opened) == "(" else None
    if stop is None:
        return []
    columns = {}
    for first, last in scan.parts(opened + 1, stop):
        if last - first < 2:
            return []
        columns[_name(scan, first)] = _type(scan.source(first + 1, last))
    shape = json.dumps([columns] if scan.word(i).endswith("SET") else columns)
    token, name = scan.tokens[i], scan.source(at, at + 1) if opened > at else "record"
    quoted = shape.replace("'", "''")
    rows = ", max_depth := 2" if scan.word(i).endswith("SET") else ""
    return [
        Edit(token.start, token.end + 1, "(SELECT unnest(from_json("),
        Edit(scan.tokens[i + 1].start, scan.tokens[i + 1].end + 1, ""),
        Edit(scan.tokens[close].start, scan.tokens[stop].end + 1,
             f", '{quoted}'){rows})) AS {name}"),
    ]  # fmt: skip


def _name(scan: Scan, i: int) -> str:
    text: str = scan.tokens[i].text
    return text if scan.kind(i) == "IDENTIFIER" else text.lower()


def _type(text: str) -> str:
    """As DuckDB reads it in a shape of JSON."""
    bare = text.lower()
    return {"jsonb": "JSON", "numeric": "DECIMAL(38,10)", "decimal": "DECIMAL(38,10)"}.get(
        bare, text
    )
