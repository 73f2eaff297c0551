"""Which of PostgreSQL's types a column is announced with, where DuckDB's type does not tell it.

What is computed of numerics has digits in DuckDB's type and none in PostgreSQL's; all texts are
VARCHAR.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from retailsql.adapters.server.postgres import names, trees
from retailsql.adapters.server.postgres.declared import Sources
from retailsql.adapters.server.records import Field

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NUMERIC, NAME, OID, BPCHAR, VARCHAR = 1700, 19, 26, 1042, 1043
_CASTS: Final = {
    "varchar": VARCHAR, "character varying": VARCHAR, "char": BPCHAR, "character": BPCHAR,
    "bpchar": BPCHAR, "name": NAME, "oid": OID,
}  # fmt: skip
_OIDS: Final = re.compile(r"(?i)(?:::|\bas)\s*(?:pg_catalog\.)?oid\s*\[")
_LENGTHS: Final = {NAME: 64, OID: 4}
_TELLING: Final = re.compile(
    r"(?i)(?:::|\bas)\s*(?:var)?(?:char|oid|name|bpchar)|current_|session_user"
)


def typed(
    con: DuckDBPyConnection,
    text: str,
    fields: list[Field],
) -> list[Field]:
    """The columns of a query as PostgreSQL announces them.

    Args:
        con: any connection; nothing is looked up.
        text: the query as the user wrote it.
        fields: as the encoder describes them.

    >>> import duckdb
    >>> told = typed(duckdb.connect(), "select 'a'::varchar(3)", [Field("varchar", 25, -1)])
    >>> told[0].oid, told[0].typmod
    (1043, 7)
    """
    numbers = [field.oid == NUMERIC for field in fields]
    if not any(numbers) and not _TELLING.search(text):
        return fields
    text, node = trees.query_node(con, text)
    if node is not None:
        sources = Sources(node)
        for i, item in enumerate(trees.aligned(node, len(fields))):
            fields[i] = _one(fields[i], item, text, sources)
    return fields


def _one(field: Field, item: dict[str, Any] | None, text: str, sources: Sources) -> Field:
    """One column, by the item it comes from; None: one of a star's."""
    if field.oid == NUMERIC and field.typmod != -1:
        return field if sources.declared(item, field.name) else replace(field, typmod=-1)
    if item is None:
        return field
    if names.session_word(item):
        return replace(field, oid=NAME, typlen=_LENGTHS[NAME])
    if item["class"] == "CAST" and field.kind == "UINTEGER[]" and _OIDS.search(text):
        return replace(field, oid=1028)
    if item["class"] == "CAST" and field.kind in ("VARCHAR", "BIGINT", "UINTEGER"):
        return _cast(field, item["type_expr"], text)
    return field


def _cast(field: Field, kind: dict[str, Any], text: str) -> Field:
    """A column that is a cast: its type as the user wrote it."""
    word = trees.word_at(kind, text)
    number = _CASTS.get(word)
    if number is None or (field.kind == "VARCHAR") == (number == OID):
        return field
    sizes = [int(child["literal"]["text"]) for child in kind.get("children", ())]
    if not sizes and word in ("char", "character"):
        sizes = [1]
    typmod = sizes[0] + 4 if sizes else -1
    return replace(field, oid=number, typlen=_LENGTHS.get(number, -1), typmod=typmod)
