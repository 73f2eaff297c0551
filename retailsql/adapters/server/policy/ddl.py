"""CREATE TABLE, CREATE VIEW, DROP, ALTER and COMMENT by people who may write in a schema.

What is not of these plain forms is refused: no triggers, macros, types, sequences, indexes,
schemas; no CHECK, no generated columns, no DEFAULT that calls a function.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from retailsql.adapters.server.policy.context import Asked
from retailsql.adapters.server.policy.meant import meant
from retailsql.adapters.server.policy.names import Path, fold, read_text_name
from retailsql.adapters.server.policy.rights import denied, may
from retailsql.adapters.server.policy.tables import check_table
from retailsql.adapters.server.policy.types import check_type_words
from retailsql.adapters.server.records import PgError

CheckQuery = Callable[[Asked, str, bool], None]

_ID = r'(?:"(?:[^"]|"")+"|[^\W\d]\w*)'
_NAME = rf"{_ID}(?:\.{_ID}){{0,2}}"
_FLAGS = re.IGNORECASE | re.DOTALL
_AS = re.compile(
    rf"CREATE\s+(?:OR\s+REPLACE\s+)?(?P<kind>TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    rf"(?P<name>{_NAME})\s*(?:\(\s*{_ID}(?:\s*,\s*{_ID})*\s*\)\s*)?AS\b(?P<query>.*)",
    _FLAGS,
)
_COLUMNS = re.compile(
    rf"CREATE\s+(?:OR\s+REPLACE\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>{_NAME})"
    rf"\s*\((?P<rest>.*)\)",
    _FLAGS,
)
_DROP = re.compile(
    rf"DROP\s+(?:TABLE|VIEW)\s+(?:IF\s+EXISTS\s+)?(?P<name>{_NAME})"
    rf"(?:\s+(?:CASCADE|RESTRICT))?",
    _FLAGS,
)
_ALTER = re.compile(
    rf"ALTER\s+(?:TABLE|VIEW)\s+(?:IF\s+EXISTS\s+)?(?P<name>{_NAME})\s+(?P<rest>.*)", _FLAGS
)
_COMMENT = re.compile(
    rf"COMMENT\s+ON\s+(?:(?:TABLE|VIEW)\s+(?P<name>{_NAME})|COLUMN\s+(?P<of>{_NAME})\.{_ID})\s+IS\s+"
    r"(?:NULL|'(?:[^']|'')*'|(?P<tag>\$\w*\$)(?:(?!(?P=tag)).)*(?P=tag))",
    _FLAGS,
)
_CHANGES = re.compile(
    r"(?:RENAME|ADD|DROP|ALTER)\b(?!.*\b(?:USING|PARTITIONED|CONSTRAINT)\b)", _FLAGS
)
_FORBIDDEN = re.compile(
    r"--|/\*|\$|\b(?:CHECK|GENERATED|AS|REFERENCES|SELECT|FROM|USING|COLLATE)\b|[eE]'|->|::", _FLAGS
)
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
"""Texts and names in quotes: both, as each may hold the other's sign."""
_BEFORE_BRACKET = re.compile(
    r"(?:\b(?:DECIMAL|NUMERIC|DEC|VARCHAR|CHAR|CHARACTER|VARYING|KEY|UNIQUE|STRUCT|MAP|ENUM|"
    r"FLOAT|BIT|TIMESTAMP|TIME)|^)\s*\Z",
    re.IGNORECASE,
)
_LITERAL = re.compile(
    r"\s*(?:-?\d+(?:\.\d+)?|'(?:[^']|'')*'|NULL|TRUE|FALSE|CURRENT_DATE|CURRENT_TIMESTAMP)"
    r"\s*(?:,|\)|\Z|\b(?:NOT|NULL|PRIMARY|UNIQUE)\b)",
    re.IGNORECASE,
)

_FORMS = (
    "CREATE TABLE or VIEW name AS query, CREATE TABLE name (columns), DROP, ALTER, COMMENT ON TABLE"
)
_HINTS = {
    "INDEX": "Leave it out: DuckDB finds rows without, and a table with an index cannot be renamed",
    "SCHEMA": "Schemas are made where the file is made",
}


def check_definition(asked: Asked, text: str, check_query: CheckQuery) -> None:
    """Return if a definition is of the forms allowed and the person may make it.

    Raises:
        PgError: 42501 no right, or a form nobody may use.
    """
    if found := _AS.fullmatch(text):
        check_target(asked, found["name"])
        asked.defining = found["kind"].upper() == "VIEW"
        asked.making = meant(asked, _path(found["name"])) if asked.defining else []
        check_query(asked, found["query"], False)
    elif found := _COLUMNS.fullmatch(text):
        check_target(asked, found["name"])
        check_type_words(asked, found["rest"])
        _check_columns(found["rest"])
    elif found := _DROP.fullmatch(text):
        check_table(asked, _path(found["name"]), "write")
    elif (found := _ALTER.fullmatch(text)) and _CHANGES.match(found["rest"]):
        check_table(asked, _path(found["name"]), "write")
        # Its errors tell values (a new type that one does not fit), and a new name may be one
        # that he reads.
        check_table(asked, _path(found["name"]))
        check_type_words(asked, found["rest"])
        _check_columns(found["rest"])
    elif found := _COMMENT.fullmatch(text):
        check_table(asked, _path(found["name"] or found["of"]), "write")
    else:
        words = " ".join(text.upper().split()[:3])
        hint = next((told for kind, told in _HINTS.items() if kind in words), _FORMS)
        raise PgError(
            "42501", f"permission denied for {' '.join(words.split()[:2])[:40]}", hint=hint
        )


def check_target(asked: Asked, name: str) -> None:
    """Refuse to make a relation in a schema that a person may not write to.

    Raises:
        PgError: 42501.
    """
    path = _path(name)
    schema = asked.path[0][1]
    database = asked.database
    if len(path) == 3:
        database, schema = fold(path[0]), fold(path[1])
    elif len(path) == 2 and fold(path[0]) in asked.names.databases:
        database, schema = fold(path[0]), "main"
        if fold(path[0]) in asked.names.schemas:
            raise denied("schema", path[0])  # DuckDB itself finds it ambiguous
    elif len(path) == 2:
        schema = fold(path[0])
    own = database == asked.database and not fold(path[-1]).startswith("__rs_")
    if not own or not may(asked.rights, "write", schema, path[-1], "schema"):
        raise denied("schema", schema, "write")


def _path(name: str) -> Path:
    path = read_text_name(name)
    if path is None:
        raise PgError("42602", f'invalid name syntax: "{name[:60]}"')
    return path


def _check_columns(text: str) -> None:
    """Refuse columns that would run something later, in other people's statements."""
    bare = _QUOTED.sub(lambda found: "''" if found[0][0] == "'" else "q", text)
    if _FORBIDDEN.search(bare):
        raise _no_column()
    for found in re.finditer(r"\(", bare):
        if not _BEFORE_BRACKET.search(bare[: found.start()].rstrip()) and not re.search(
            r",\s*\Z", bare[: found.start()]
        ):
            raise _no_column()
    for found in re.finditer(r"\bDEFAULT\b", bare, re.IGNORECASE):
        if not _LITERAL.match(bare[found.end() :]):
            raise _no_column()


def _no_column() -> PgError:
    return PgError(
        "42501", "permission denied for an expression in a column's definition",
        hint="types, NOT NULL, PRIMARY KEY, UNIQUE and DEFAULT with a plain value are allowed",
    )  # fmt: skip
