"""Both sides of a comparison of bytes: what a real PostgreSQL sends, and what the encoder makes."""

from __future__ import annotations

import struct

from retailsql.adapters.server.encoding import RowEncoder, describe, project


def taken_apart(data: bytes | memoryview, tag: bytes = b"D") -> list[list[bytes | None]]:
    """The values of DataRow messages."""
    data = bytes(data)
    rows, at = [], 0
    while at < len(data):
        assert data[at : at + 1] == tag
        length, columns = struct.unpack_from(">ih", data, at + 1)
        end, here, row = at + 1 + length, at + 7, []
        for _ in range(columns):
            (size,) = struct.unpack_from(">i", data, here)
            here += 4
            row.append(None if size < 0 else data[here : here + size])
            here += max(size, 0)
        assert here == end
        rows.append(row)
        at = end
    return rows


def encoded(con, query, formats, zone="UTC", params=None):
    """The values of a query of DuckDB as they would be sent: columns and rows."""
    rel = con.sql(query, params=params)
    fields = describe(rel.columns, rel.types)
    formats = [formats] * len(fields) if isinstance(formats, int) else formats
    encoder = RowEncoder(fields, formats, zone)
    batches = project(rel).to_arrow_reader(1000).read_all().to_batches(100)
    for batch in batches:  # few rows are written in another way than many
        assert bytes(encoder.rows(batch)) == bytes(encoder.many(batch))
    return fields, [row for batch in batches for row in taken_apart(bytes(encoder.rows(batch)))]


def postgres_rows(con, query, binary):
    """The same of PostgreSQL by libpq: numbers of types, modifiers, and rows."""
    result = con.pgconn.exec_params(query.encode(), None, result_format=int(binary))
    assert result.status == 2, result.error_message.decode()
    columns = range(result.nfields)
    types = [(result.ftype(c), result.fsize(c), result.fmod(c)) for c in columns]
    return types, [[result.get_value(r, c) for c in columns] for r in range(result.ntuples)]
