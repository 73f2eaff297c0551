"""``FROM string_to_array(x, ',') s``: PostgreSQL takes any function for a relation of one row."""

from __future__ import annotations

import re
from typing import Final

from retailsql.adapters.server.postgres.guarded_calls import moments
from retailsql.adapters.server.postgres.guards import SCALARS
from retailsql.adapters.server.postgres.renamed import OURS
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.postgres.wrapped import COLUMNS
from retailsql.adapters.server.records import Edit

#: Functions of one value. What gives many rows, and macros of the file, DuckDB reads itself.
_SCALARS: Final = frozenset([*OURS, *SCALARS, *COLUMNS]) | frozenset(
    re.findall(
        r"\w+",
        "age array_length array_lower array_upper cardinality coalesce concat concat_ws "
        "current_database current_schema current_schemas current_setting date_part date_trunc "
        "format_type greatest json_build_object jsonb_build_object least length lower make_date "
        "make_timestamp now obj_description parse_ident pg_backend_pid pg_database_size "
        "pg_encoding_to_char pg_get_constraintdef pg_get_expr pg_get_indexdef pg_get_userbyid "
        "pg_get_viewdef pg_is_in_recovery pg_relation_size pg_size_pretty pg_table_size "
        "pg_total_relation_size pg_typeof quote_ident quote_literal random regexp_match "
        "regexp_replace replace row_to_json set_config split_part sqrt substring to_char to_date "
        "to_json to_number to_regclass to_regtype trim upper version",
    )
)
_BEGIN: Final = frozenset(["SELECT", "WITH", "FROM", "VALUES"])


def one_row(scan: Scan, i: int) -> list[Edit]:
    """A call in FROM becomes a subquery, whose column is called like the relation."""
    if scan.word(i + 1) != "(" or not scan.word(i):
        return []
    start = i - 2 if scan.word(i - 1) == "." else i
    end = scan.closing(i + 1)
    if end is None:
        return []
    if scan.word(i) == "UNNEST":
        return _side_by_side(scan, i, end) if in_from(scan, start) else []
    many = moments(scan, i, end)
    if not many and scan.word(i).lower() not in _SCALARS:
        return []
    if scan.words(end + 1, "WITH", "ORDINALITY") or not in_from(scan, start):
        return []
    alias = end + 2 if scan.word(end + 1) == "AS" else end + 1
    called = scan.word(i).lower()
    named = alias > end + 1 or scan.kind(alias) in ("VAR", "IDENTIFIER")
    name = scan.source(alias, alias + 1) if named else f'"{COLUMNS.get(called, called)}"'
    before, after = scan.tokens[start].start, scan.tokens[end].end + 1
    tail = f"{')' if many else ''} AS {name})" + ("" if named else f" AS {name}")
    head = "(SELECT unnest(" if many else "(SELECT "
    return [Edit(before, before, head), Edit(after, after, tail)]


def _side_by_side(scan: Scan, i: int, close: int) -> list[Edit]:
    """``FROM unnest(a, b)``: DuckDB's takes one list, and several behind SELECT."""
    parts = scan.parts(i + 2, close)
    if len(parts) < 2 or scan.words(close + 1, "WITH", "ORDINALITY"):
        return []
    token, end = scan.tokens[i], scan.tokens[close]
    commas = [scan.tokens[stop] for _, stop in parts[:-1]]
    named = scan.word(close + 1) == "AS" or scan.kind(close + 1) in ("VAR", "IDENTIFIER")
    return [
        Edit(token.start, token.start, "(SELECT "),
        *(Edit(comma.start, comma.end + 1, ") AS unnest, unnest(") for comma in commas),
        Edit(end.end + 1, end.end + 1, " AS unnest)" + ("" if named else " AS unnest")),
    ]


def in_from(scan: Scan, i: int) -> bool:
    """True where a relation may stand: behind FROM, JOIN or LATERAL, or a comma among these."""
    if scan.word(i - 1) not in ("FROM", "JOIN", "LATERAL", ","):
        return False
    k, opened = scan.clause(i), scan.around(i)
    if scan.word(k) != "FROM":
        return False
    if scan.word(k - 1) == "DISTINCT" and scan.word(k - 2) in ("IS", "NOT"):
        return False
    return opened < 0 or scan.word(opened + 1) in _BEGIN
