"""Arrow batches to the bytes of rows: DataRow and CopyData messages, in text and binary.

    describe   DuckDB's types              -> Field (name, PostgreSQL's number, length, precision)
    project    a relation                  -> one whose columns Arrow carries without loss
    RowEncoder, CopyEncoder                   batches -> bytes, equal to PostgreSQL 15's

Read in this order: types, projection, cells (the one idea all encoders share), rows, few, copying;
one file for each family of values: scalars, floats, numeric, moments, zones, intervals, arrays.

What PostgreSQL has no bytes for is an error of the statement, never a silent change: text with a
NUL character (22021), in binary dates and timestamps before 4714 BC or after 5874897 (22008),
ragged nested lists (2202E).
"""

from retailsql.adapters.server.encoding.copying import CopyEncoder, CopyOptions
from retailsql.adapters.server.encoding.projection import (
    arrow_types,
    carried,
    fits,
    project,
)
from retailsql.adapters.server.encoding.rows import RowEncoder
from retailsql.adapters.server.encoding.types import describe

__all__ = [
    "CopyEncoder",
    "CopyOptions",
    "RowEncoder",
    "arrow_types",
    "carried",
    "describe",
    "fits",
    "project",
]
