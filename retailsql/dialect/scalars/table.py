"""Every preprocessing function: one visible table."""

from __future__ import annotations

from collections.abc import Mapping

from retailsql.dialect.scalars import buckets, crossing, encoding, scaling
from retailsql.dialect.scalars.function import Scalar

SCALARS: Mapping[str, Scalar] = {
    scalar.name: scalar
    for module in (buckets, crossing, encoding, scaling)
    for scalar in module.SCALARS
}
"""Name -> function; ``SCALARS["BUCKETIZE"].form`` is how it is called."""
