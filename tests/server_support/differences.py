"""What the door answers otherwise than PostgreSQL 15, each with its reason.

A row that no longer meets a difference fails its test: it must go then.
"""

from __future__ import annotations

from typing import NamedTuple


class Known(NamedTuple):
    """One difference.

    Args:
        client: whose check.
        check: its name.
        at: the place in the answer, as ``fnmatch`` reads it.
        reason: why it may stay.
    """

    client: str
    check: str
    at: str
    reason: str


KNOWN: list[Known] = []
