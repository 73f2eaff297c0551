"""Batches to DataRow messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from retailsql.adapters.server.encoding.arrays import column
from retailsql.adapters.server.encoding.cells import message
from retailsql.adapters.server.encoding.choice import encoder, named
from retailsql.adapters.server.encoding.few import Few
from retailsql.adapters.server.records import Data, Field

# Bytes of Arrow's that are worked on at once: offsets are 32 bits, and bytea doubles as text.
PORTION = 64 << 20


class RowEncoder:
    r"""Encodes the rows of one result.

    Args:
        fields: of the result.
        formats: 0 text, 1 binary, one for each field.
        zone: of the session.

    >>> fields = [Field("n", 23, 4)]
    >>> bytes(RowEncoder(fields, [0]).rows(pa.record_batch({"n": pa.array([42], pa.int32())})))
    b'D\x00\x00\x00\x0c\x00\x01\x00\x00\x00\x0242'
    """

    def __init__(self, fields: Sequence[Field], formats: Sequence[int], zone: str = "UTC") -> None:
        pairs = zip(fields, formats, strict=True)
        self.encoders = [
            named(field.names)
            if field.names is not None and format == 0
            else encoder(field.oid, format == 1, zone, field.typmod == -1)
            for field, format in pairs
        ]
        self.few = Few(fields, formats)

    def rows(self, batch: pa.RecordBatch) -> Data:
        """DataRow messages of a batch of a projected relation (see :func:`project`).

        Raises:
            PgError: 22021 NUL in text, 22008 no such date in PostgreSQL, 2202E ragged lists,
                54000 a row is too long.
        """
        few = self.few.rows(batch)
        return self.many(batch) if few is None else few

    def many(self, batch: pa.RecordBatch) -> Data:
        """The same, by the vector encoders alone."""
        return together([self.portion(b"D", part) for part in portions(batch)])

    def portion(self, tag: bytes, batch: pa.RecordBatch) -> memoryview:
        """Messages of a small batch."""
        columns = [
            column(array, encode)
            for array, encode in zip(batch.columns, self.encoders, strict=True)
        ]
        return message(tag, columns, batch.num_rows)


def together(made: Sequence[memoryview]) -> Data:
    """Messages of all portions; there is one for most batches, which is not copied."""
    return made[0] if len(made) == 1 else b"".join(made)


def portions(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """A batch in parts small enough."""
    if batch.num_rows < 2 or batch.get_total_buffer_size() <= PORTION or batch.nbytes <= PORTION:
        if batch.num_rows:
            yield batch
        return
    half = batch.num_rows // 2
    yield from portions(batch.slice(0, half))
    yield from portions(batch.slice(half))
