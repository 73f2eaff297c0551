"""What the parts of the door hand to each other; each part knows these records and no other part.

    wire       bytes of a socket  -> calls of a Backend, its answers -> bytes
    backend    statements         -> edits, checks, a cursor of the warehouse -> Arrow batches
    encoding   Arrow batches      -> the bytes of rows
    policy     a statement + a person's rights -> passed, or refused

Nothing here does any work but :func:`apply`, :func:`original` and :func:`fold`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase
from typing import Literal, NamedTuple, TypeAlias

from retailsql.errors import RetailSQLError


class PgError(RetailSQLError):
    """An error as a PostgreSQL driver reads it.

    Args:
        sqlstate: the five characters of PostgreSQL's error codes (its appendix A).
        message: one line.
        detail: more of it, if there is more.
        hint: what to do.
        position: where in the user's own text, characters counted from 1.
        severity: FATAL ends the connection.

    >>> PgError("42P01", 'relation "sale" does not exist', hint="Did you mean: sales?").sqlstate
    '42P01'
    """

    def __init__(
        self,
        sqlstate: str,
        message: str,
        *,
        detail: str | None = None,
        hint: str | None = None,
        position: int | None = None,
        severity: Literal["ERROR", "FATAL"] = "ERROR",
    ) -> None:
        super().__init__(message, todo=hint)
        self.sqlstate, self.message, self.detail, self.hint = sqlstate, message, detail, hint
        self.position, self.severity = position, severity


class Notice(NamedTuple):
    """Something told beside the result, such as a finding of the linter."""

    message: str
    sqlstate: str = "00000"
    severity: Literal["NOTICE", "WARNING", "INFO"] = "NOTICE"
    detail: str | None = None
    hint: str | None = None
    position: int | None = None


@dataclass(frozen=True)
class Field:
    """A column of a result, as RowDescription tells it.

    Args:
        name: its name.
        oid: PostgreSQL's number of its type.
        typlen: bytes of a value, -1 if they vary.
        typmod: precision and scale of numeric, else -1.
        kind: DuckDB's name of the type the column had.
        table: PostgreSQL's number of its table, 0 if it is computed.
        column: its number in that table, counted from 1; 0 if it is computed.
        names: what its values, which are numbers, are called in text; None: they are no such.
    """

    name: str
    oid: int
    typlen: int
    typmod: int = -1
    kind: str = "VARCHAR"
    table: int = 0
    column: int = 0
    names: Mapping[int, str] | None = field(default=None, repr=False, compare=False)


class Edit(NamedTuple):
    """``text[start:end]`` of a statement is replaced by ``new``; edits never overlap."""

    start: int
    end: int
    new: str


def apply(text: str, edits: Sequence[Edit]) -> str:
    """The text with all edits made.

    >>> apply("a ~ b", [Edit(2, 3, "SIMILAR TO")])
    'a SIMILAR TO b'
    """
    out, at = [], 0
    for edit in sorted(edits):
        out += [text[at : edit.start], edit.new]
        at = edit.end
    return "".join([*out, text[at:]])


def original(position: int, edits: Sequence[Edit]) -> int:
    """Where a place of the edited text lies in the text before, both counted from 0.

    >>> original(13, [Edit(2, 3, "SIMILAR TO")])
    4
    """
    shift = 0
    for edit in sorted(edits):
        start = edit.start + shift
        if position < start:
            break
        if position < start + len(edit.new):
            return edit.start
        shift += len(edit.new) - (edit.end - edit.start)
    return position - shift


_FOLDED = str.maketrans(ascii_uppercase, ascii_lowercase)


def fold(name: str) -> str:
    """A name as DuckDB compares names: of A to Z alone, big and small are the same.

    ``str.lower`` takes more for the same: a query behind WITH called "K" (the sign of kelvin)
    would then seem to hide a table ``k``, which DuckDB reads.

    >>> fold("Sales"), fold(chr(0xC4)) == chr(0xE4), fold(chr(0x212A)) == "k"
    ('sales', False, False)
    """
    return name.translate(_FOLDED)


Privilege = Literal["read", "score", "train", "write"]


class Grant(NamedTuple):
    """One right: ``read on schema main``, ``score on model sales.churn``.

    Args:
        privilege: read rows; score with models; train (make, alter, drop) models; write tables.
        kind: of what is granted. ``database`` is everything but the registry's own tables.
        schema: ``*`` for any.
        name: of the table or model, ``*`` for all in the schema.
    """

    privilege: Privilege
    kind: Literal["database", "schema", "table", "model"]
    schema: str = "*"
    name: str = "*"


@dataclass(frozen=True)
class Limits:
    """What one person may use; None: no limit.

    Args:
        rows: of one result; more is an error (54000) after so many were sent.
        seconds: of one statement, sending included.
        memory: of all statements of the role together, as DuckDB writes it: ``1GB``.
        sessions: open at once.
    """

    rows: int | None = None
    seconds: float | None = None
    memory: str | None = None
    sessions: int | None = None


@dataclass(frozen=True)
class Rights:
    """Who somebody is and what he may do; made anew for each statement from the file of users.

    Args:
        user: the name he logged in with.
        roles: he has.
        grants: of all his roles.
        limits: the widest of his roles.
        admin: may GRANT and REVOKE.
    """

    user: str
    roles: tuple[str, ...] = ()
    grants: frozenset[Grant] = frozenset()
    limits: Limits = field(default_factory=Limits)
    admin: bool = False


class Described(NamedTuple):
    """What Describe of a statement tells: types of parameters, columns (None: no rows)."""

    parameters: list[int]
    fields: list[Field] | None


class RowsBegin(NamedTuple):
    """A result with rows begins."""

    fields: list[Field]
    formats: list[int]


Data: TypeAlias = bytes | memoryview
"""Bytes to send; a view of Arrow's memory is not copied."""


class RowData(NamedTuple):
    """DataRow messages, ready to send, one behind the other."""

    data: Data
    rows: int


class CopyBegin(NamedTuple):
    """COPY TO STDOUT begins."""

    columns: int
    binary: bool


class CopyData(NamedTuple):
    """CopyData messages, ready to send."""

    data: Data


class CopyEnd(NamedTuple):
    """All rows of COPY are sent."""


class Complete(NamedTuple):
    """A statement is done: ``SELECT 5``."""

    tag: str


class Suspended(NamedTuple):
    """The portal has more rows than were asked for."""


class Empty(NamedTuple):
    """The statement was empty."""


Answer = RowsBegin | RowData | CopyBegin | CopyData | CopyEnd | Complete | Suspended | Empty
