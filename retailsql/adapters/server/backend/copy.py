"""COPY (query) TO STDOUT and COPY table TO STDOUT; all other directions are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from retailsql.adapters.server.backend.portals import Portal
from retailsql.adapters.server.backend.query import Query
from retailsql.adapters.server.backend.result import Command, Plan, Result
from retailsql.adapters.server.backend.script import Part, ended, name_at, split, syntax_error
from retailsql.adapters.server.encoding import CopyEncoder, CopyOptions
from retailsql.adapters.server.records import (
    Answer,
    Complete,
    CopyBegin,
    CopyData,
    CopyEnd,
    Data,
    PgError,
)
from retailsql.dialect.tokens import Walk, is_string

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context

_FRAME = 5  # a letter and the length before each message
_FORMATS = ("text", "csv", "binary")


def copy(ctx: Context, part: Part) -> Plan:
    """The plan of a COPY.

    Raises:
        PgError: 0A000 or 42501 for FROM, files and programs.
    """
    walk = part.walk()
    walk.expect("COPY")
    walk.take("BINARY")
    query = _source(part, walk)
    if walk.take("FROM"):
        hint = "Nobody loads data through this door: do it on the server, in the file."
        if ctx.block.read_only:
            raise PgError("25006", "cannot execute COPY FROM in a read-only transaction", hint=hint)
        raise PgError("0A000", "COPY FROM is not supported", hint=hint)
    walk.expect("TO")
    if not walk.take("STDOUT"):
        raise PgError("42501", "permission denied to COPY to a file or an external program",
                      hint="COPY ... TO STDOUT, or \\copy in psql.")  # fmt: skip
    options = _options(walk)
    return Command(lambda: _copy(ctx, query, options))


def _source(part: Part, walk: Walk) -> Part:
    """The query whose rows are copied."""
    if walk.peek() == "(":
        return part.rest(*walk.group())
    start = walk.at
    walk.name()
    table = walk.slice(start, walk.at)
    columns = "*"
    if walk.peek() == "(":
        columns = walk.slice(*walk.group())
    inner = split(f"SELECT {columns} FROM {table}")[0]
    return replace(inner, start=part.start)


def _options(walk: Walk) -> CopyOptions:
    found: dict[str, Any] = {}
    walk.take("WITH")
    if walk.peek() == "(":
        for start, stop in walk.split(*walk.group()):
            _new_option(walk.sub(start, stop), found)
    else:
        while not walk.done:
            _old_option(walk, found)
    ended(walk)
    if found.get("format", "text") not in _FORMATS:
        raise PgError("22023", f'COPY format "{found["format"]}" not recognized')
    _check(found)
    return CopyOptions(**found)


def _new_option(walk: Walk, found: dict[str, Any]) -> None:
    """``FORMAT csv``, ``HEADER true``, ``FORCE_QUOTE (a, b)``, ..."""
    start, name = walk.at, name_at(walk)
    if name in found:
        raise PgError("42601", "conflicting or redundant options")
    match name:
        case "format":
            found[name] = _word(walk)
        case "header":
            found[name] = walk.done or _truth(_word(walk))
        case "delimiter" | "null" | "quote" | "escape":
            found[name] = _text(walk)
        case "force_quote":
            found[name] = _names(walk)
        case "encoding":
            if _word(walk).replace("-", "") not in ("utf8", "unicode"):
                raise PgError("22023", "this server speaks UTF8")
        case "freeze" | "oids":
            walk.at = len(walk.tokens)
        case _:
            walk.at = start
            raise PgError("42601", f'option "{name}" not recognized')
    ended(walk)


def _old_option(walk: Walk, found: dict[str, Any]) -> None:
    r"""``CSV HEADER DELIMITER AS ','``, as psql's \copy sends it."""
    if walk.take("CSV"):
        found["format"] = "csv"
    elif walk.take("BINARY"):
        found["format"] = "binary"
    elif walk.take("HEADER"):
        found["header"] = True
    elif walk.peek() in ("DELIMITER", "DELIMITERS", "NULL", "QUOTE", "ESCAPE"):
        name = walk.peek().lower().removesuffix("s") if walk.peek() != "NULL" else "null"
        walk.at += 1
        walk.take("AS")
        found[name] = _text(walk)
    elif walk.take("FORCE", "QUOTE"):
        found["force_quote"] = _names(walk)
    elif walk.take("ENCODING"):
        _text(walk)
    else:
        raise syntax_error(walk)


def _check(found: dict[str, Any]) -> None:
    csv = found.get("format") == "csv"
    for name in ("quote", "escape", "force_quote"):
        if name in found and not csv:
            raise PgError("0A000", f"COPY {name} available only in CSV mode")
    if found.get("format") == "binary" and set(found) - {"format"}:
        raise PgError("42601", "options of COPY do not fit BINARY mode")
    for name in ("delimiter", "quote", "escape"):
        if len(found.get(name, "x").encode()) != 1:
            raise PgError("0A000", f"COPY {name} must be a single one-byte character")


def _word(walk: Walk) -> str:
    if walk.done:
        raise syntax_error(walk)
    walk.at += 1
    return str(walk.tokens[walk.at - 1].text).lower()


def _text(walk: Walk) -> str:
    if walk.done:
        raise syntax_error(walk)
    token = walk.tokens[walk.at]
    if not is_string(token) and token.token_type.name != "BYTE_STRING":
        raise syntax_error(walk)
    walk.at += 1
    # E'\t' comes with its backslash.
    text = str(token.text)
    return "\t" if text == "\\t" else text


def _truth(word: str) -> bool:
    if word not in ("true", "false", "on", "off", "1", "0"):
        raise PgError("22023", "header requires a Boolean value")
    return word in ("true", "on", "1")


def _names(walk: Walk) -> list[str]:
    if walk.take("*"):
        return ["*"]
    if walk.peek() == "(":
        start, stop = walk.group()
        part = walk.sub(start, stop)
        return ["*"] if part.take("*") else _listed(part)
    return _listed(walk)


def _listed(walk: Walk) -> list[str]:
    names = [name_at(walk)]
    while walk.take(","):
        names.append(name_at(walk))
    return names


def _behind(head: bytes, messages: Data) -> Data:
    """The messages, the payload of one more before that of their first: PostgreSQL sends the
    header of a binary COPY in one message with the first row, and its drivers rely on that.
    """
    if not head:
        return messages
    size = int.from_bytes(messages[1:5], "big") + len(head) - _FRAME
    return b"".join((b"d", size.to_bytes(4, "big"), head[_FRAME:], messages[_FRAME:]))


def _copy(ctx: Context, query: Part, options: CopyOptions) -> Result:
    plan = Query(ctx, query)
    if plan.fields is None:
        raise PgError("0A000", "COPY needs a query that returns rows")
    if plan.parameters:
        raise PgError("42P02", "there is no parameter $1")
    fields = plan.fields
    encoder = CopyEncoder(fields, options, ctx.settings.show("TimeZone"))
    portal = Portal(ctx, plan)

    def answers() -> Iterator[Answer]:
        portal.start()
        yield CopyBegin(len(fields), options.format == "binary")
        head = encoder.header()
        if head and options.format != "binary":
            yield CopyData(head)
            head = b""
        for batch in portal.take(None):
            result.rows += batch.num_rows
            yield CopyData(_behind(head, encoder.rows(batch)))
            head = b""
        if tail := encoder.trailer():
            yield CopyData(_behind(head, tail))
        yield CopyEnd()
        yield Complete(f"COPY {result.rows}")

    result = Result("COPY", answers=answers(), close=portal.close)
    return result
