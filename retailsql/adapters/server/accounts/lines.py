"""On which line of a TOML file a key stands: tomlkit does not tell."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any


def line_of(text: str, path: Sequence[str]) -> int | None:
    r"""The line, counted from 1, of a key or the nearest table above it; None: not found.

    Args:
        text: of the file, which can be read.
        path: the key with the tables it is in.

    >>> line_of("[roles.a]\ngrants = []\n", ["roles", "a", "grants"])
    2
    """
    best: tuple[int, int] | None = None
    for number, found in _keys(text):
        same = 0
        while same < min(len(found), len(path)) and found[same] == path[same]:
            same += 1
        if same == len(found) and (best is None or same > best[0]):
            best = (same, number)
    return None if best is None else best[1]


def _keys(text: str) -> list[tuple[int, list[str]]]:
    """Each line that begins a table or sets a key, with its whole path."""
    found, table = [], list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            table = _path(stripped) or table
            found.append((number, table))
        elif "=" in stripped:
            key = _path(f"{stripped.partition('=')[0]} = 0")
            if key:
                found.append((number, [*table, *key]))
    return found


def _path(line: str) -> list[str]:
    """The names in ``[a."b.c"]`` or ``a.b = 0``, read by the TOML reader itself."""
    try:
        node: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return []
    path: list[str] = []
    while isinstance(node, dict) and len(node) == 1:
        name, node = next(iter(node.items()))
        path.append(name)
    return path
