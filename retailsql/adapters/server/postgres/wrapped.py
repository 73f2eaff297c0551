"""Functions of PostgreSQL that are two of DuckDB's, one in the other: sets out of texts and JSON,
aggregates that make JSON, and concat, which writes values as PostgreSQL does.
"""

from __future__ import annotations

from typing import Final

from retailsql.adapters.server.postgres.renamed import PREFIX
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.postgres.text_casts import takes_macro
from retailsql.adapters.server.records import Edit

#: A call's name -> what stands for it, and behind its arguments.
_KEYS: Final = ("unnest(json_keys", "))")
_ELEMENTS: Final = ("unnest(from_json", """, '["JSON"]'))""")
_TEXTS: Final = ("unnest(from_json", """, '["VARCHAR"]'))""")
_SETS: Final = {
    "json_object_keys": _KEYS, "jsonb_object_keys": _KEYS, "json_array_elements": _ELEMENTS,
    "jsonb_array_elements": _ELEMENTS, "json_array_elements_text": _TEXTS,
    "jsonb_array_elements_text": _TEXTS, "string_to_table": ("unnest(__pg_string_to_array", "))"),
    "regexp_split_to_table": ("unnest(__pg_regexp_split_to_array", "))"),
}  # fmt: skip
_AGGREGATES: Final = frozenset(["json_agg", "jsonb_agg"])

#: What the only column of such a set is called in FROM, without an alias.
COLUMNS: Final = {name: "value" if pair in (_ELEMENTS, _TEXTS) else name
                  for name, pair in _SETS.items()}  # fmt: skip


def call(scan: Scan, i: int, close: int) -> list[Edit]:
    """The edits of a call, if it is one of these.

    Args:
        scan: the statement.
        i: the token of its name.
        close: that of its closing bracket.
    """
    name, token = scan.word(i).lower(), scan.tokens[i]
    if name in _SETS:
        head, tail = _SETS[name]
        end = scan.tokens[close]
        return [Edit(token.start, token.end + 1, head), Edit(end.start, end.end + 1, tail)]
    if name in ("concat", "concat_ws"):
        parts = scan.parts(i + 2, close)[name == "concat_ws" :]
        return [edit for start, stop in parts for edit in _written(scan, start, stop)]
    if name not in _AGGREGATES:
        return []
    # An aggregate cannot be a macro: it would take neither ORDER BY nor FILTER nor OVER.
    end = scan.tokens[scan.call_end(close)]
    return [
        Edit(token.start, token.end + 1, "to_json(list"),
        Edit(end.end + 1, end.end + 1, ")"),
    ]


def _written(scan: Scan, start: int, stop: int) -> list[Edit]:
    """An argument of concat: ``t`` for true, 1 for 1.0."""
    if not takes_macro(scan, start, stop) or (stop - start == 1 and scan.kind(start) == "NUMBER"):
        return []
    first, last = scan.tokens[start].start, scan.tokens[stop - 1].end + 1
    # Edits of one place go by their text, and this is around all others: so the blank.
    return [Edit(first, first, f" {PREFIX}out("), Edit(last, last, ")")]
