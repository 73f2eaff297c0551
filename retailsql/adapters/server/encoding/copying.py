"""Batches to CopyData messages: COPY (query) TO STDOUT in text, csv and binary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.adapters.server.encoding.arrays import Encoder, column
from retailsql.adapters.server.encoding.cells import (
    EMPTY,
    LONGEST,
    Cells,
    arrow,
    binary,
    flat,
    join,
    network,
    offsets,
    side_by_side,
)
from retailsql.adapters.server.encoding.rows import RowEncoder, portions, together
from retailsql.adapters.server.records import Data, Field, PgError

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
ESCAPES = {
    "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
}  # fmt: skip


@dataclass(frozen=True)
class CopyOptions:
    r"""The options of COPY; None: PostgreSQL's default.

    Args:
        format: of the data.
        delimiter: between columns: a tab in text, a comma in csv.
        null: what NULL is: ``\N`` in text, nothing in csv.
        header: a line of names first (text and csv).
        quote: of csv, a double quote.
        escape: before a quote in quotes, the quote itself.
        force_quote: names of columns always quoted in csv, ``*`` for all; NULL never is.
    """

    format: Literal["text", "csv", "binary"] = "text"
    delimiter: str | None = None
    null: str | None = None
    header: bool = False
    quote: str | None = None
    escape: str | None = None
    force_quote: Sequence[str] = ()


class CopyEncoder:
    r"""Encodes the rows of one COPY.

    Args:
        fields: of the query.
        options: of the statement, already checked.
        zone: of the session.

    >>> copy = CopyEncoder([Field("a", 25, -1)], CopyOptions())
    >>> bytes(copy.rows(pa.record_batch({"a": ["x\ty", None]})))
    b'd\x00\x00\x00\tx\\ty\nd\x00\x00\x00\x07\\N\n'
    """

    def __init__(self, fields: Sequence[Field], options: CopyOptions, zone: str = "UTC") -> None:
        self.fields, self.options = fields, options
        self.csv = options.format == "csv"
        self.binary = options.format == "binary"
        self.delimiter = options.delimiter or ("," if self.csv else "\t")
        self.null = options.null if options.null is not None else "" if self.csv else "\\N"
        self.quote = options.quote or '"'
        self.escape = options.escape or self.quote
        everything = "*" in options.force_quote
        self.forced = [everything or field.name in options.force_quote for field in fields]
        self.inner = RowEncoder(fields, [int(self.binary)] * len(fields), zone)

    def header(self) -> bytes:
        """What comes before the rows: the signature, or the line of names; may be empty."""
        if self.binary:
            return data(SIGNATURE)
        if not self.options.header:
            return b""
        names = [pa.array([field.name]) for field in self.fields]
        made = [self.written(name, force=False) for name in names]
        return bytes(self.lines([cell.cast(pa.binary()) for cell in made]))

    def rows(self, batch: pa.RecordBatch) -> Data:
        """CopyData messages, one for each row.

        Raises:
            PgError: as :meth:`RowEncoder.rows`.
        """
        return together([self.portion(part) for part in portions(batch)])

    def trailer(self) -> bytes:
        """What comes behind the rows."""
        return data(b"\xff\xff") if self.binary else b""

    def portion(self, batch: pa.RecordBatch) -> memoryview:
        """Messages of a small batch."""
        if self.binary:
            return self.inner.portion(b"d", batch)
        parts = zip(batch.columns, self.inner.encoders, self.forced, strict=True)
        return self.lines([self.cell(array, encode, force) for array, encode, force in parts])

    def cell(self, array: pa.Array, encode: Encoder, force: bool) -> pa.Array:
        """A column as it stands in the file."""
        found: Cells = column(array, encode)
        text = self.written(pc.cast(arrow(found.body), pa.string()), force)
        missing = found.lengths < 0
        if missing.any():
            text = pc.if_else(pa.array(missing), pa.scalar(self.null, pa.string()), text)
        return binary(text)

    def written(self, text: pa.Array, force: bool) -> pa.Array:
        """Text with escapes or quotes."""
        return self.quoted(text, force) if self.csv else self.escaped(text)

    def escaped(self, text: pa.Array) -> pa.Array:
        """The text format: a backslash before backslashes, delimiters and control characters."""
        raw = flat(text).tobytes()
        changes = {"\\": "\\\\", **ESCAPES}
        changes.setdefault(self.delimiter, "\\" + self.delimiter)
        for character, new in changes.items():
            if character.encode() in raw:
                text = pc.replace_substring(text, character, new)
        return text

    def quoted(self, text: pa.Array, force: bool) -> pa.Array:
        """The csv format: quotes where a value has a delimiter, quote or line end, or looks like
        NULL or, in a single column, like the end of the data.
        """
        need = pc.equal(text, self.null)
        if len(self.fields) == 1:
            need = pc.or_(need, pc.equal(text, "\\."))
        raw = flat(text).tobytes()
        for character in (self.delimiter, self.quote, "\n", "\r"):
            if character.encode() in raw:
                need = pc.or_(need, pc.match_substring(text, character))
        if force:
            need = pa.array(np.ones(len(text), bool))
        elif not pc.any(need).as_py():
            return text
        inner = text
        for character in dict.fromkeys((self.escape, self.quote)):
            inner = pc.replace_substring(inner, character, self.escape + character)
        both = pa.scalar(self.quote, pa.string())
        inner = pc.binary_join_element_wise(both, inner, both, pa.scalar("", pa.string()))
        return pc.if_else(need, inner, text)

    def lines(self, columns: Sequence[pa.Array]) -> memoryview:
        """CopyData messages of columns that are written."""
        end = pa.scalar(b"\n", pa.binary())
        between = pa.scalar(self.delimiter.encode(), pa.binary())
        line = pc.binary_join_element_wise(*columns, between)
        line = pc.binary_join_element_wise(line, end, EMPTY)
        total = np.diff(offsets(line)).astype(np.int64) + 4
        if len(total) and total.max() > LONGEST:
            raise PgError("54000", f"a row of {total.max()} bytes is too long to send")
        head = side_by_side([b"d", network(total, ">i4")], len(line))
        return flat(join(head, line)).data


def data(payload: bytes) -> bytes:
    r"""One CopyData message.

    >>> data(b"a")
    b'd\x00\x00\x00\x05a'
    """
    return b"d" + (len(payload) + 4).to_bytes(4, "big") + payload
