"""Two answers to one check are compared place by place; what may differ is in one table."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.server_support.differences import KNOWN, Known
from tests.server_support.targets import Target

Check = Callable[[Target], Any]
NOTHING = "<nothing>"


def plain(value: Any) -> Any:
    """A value as JSON can hold it, no two different ones alike (1, 1.0, Decimal('1.0'))."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, memoryview | bytearray):
        value = bytes(value)
    return repr(value)


def places(real: Any, door: Any, at: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where the answers differ: the way to it, what PostgreSQL says there, what the door says."""
    if isinstance(real, dict) and isinstance(door, dict):
        for key in [*real, *(key for key in door if key not in real)]:
            yield from places(real.get(key, NOTHING), door.get(key, NOTHING), f"{at}.{key}")
    elif isinstance(real, list) and isinstance(door, list):
        for i in range(max(len(real), len(door))):
            one = real[i] if i < len(real) else NOTHING
            yield from places(one, door[i] if i < len(door) else NOTHING, f"{at}.{i}")
    elif real != door or type(real) is not type(door):
        yield at.lstrip("."), real, door


def same(client: str, check: str, real: Any, door: Any) -> None:
    """Assert that the answers are the same but for the known differences, all of which are there.

    Args:
        client: such as ``psycopg``.
        check: its name.
        real: PostgreSQL's answer.
        door: the door's.
    """
    known = [row for row in KNOWN if row.client == client and row.check == check]
    met: set[Known] = set()
    new = []
    for at, one, other in places(real, door):
        rows = [row for row in known if fnmatch.fnmatchcase(at, row.at)]
        met.update(rows)
        if not rows:
            new.append(f"{at}:\n    PostgreSQL: {short(one)}\n    the door:   {short(other)}")
    assert not new, f"{client} {check}: {len(new)} differences\n" + "\n".join(new[:25])
    gone = [row for row in known if row not in met]
    assert not gone, f"listed in differences.py, but there no longer: {gone}"


def short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 400 else text[:400] + "..."


def compare(client: str, check: Check, real: Target, door: Target) -> None:
    """Run a check against PostgreSQL, then against the door, and compare.

    PostgreSQL must pass; what the client raises at the door is the door's answer.
    """
    first = plain(check(real))
    try:
        second = plain(check(door))
    except Exception as error:  # noqa: BLE001 - told in the comparison
        second = f"raised {type(error).__name__}: {error}"
    same(client, check.__name__, first, second)
