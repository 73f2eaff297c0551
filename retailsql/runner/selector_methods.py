"""The methods of ``--select``: which things ``tag:x``, ``path:models/x``, a name and so on mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import accumulate
from pathlib import PurePosixPath

Key = tuple[str, ...]
"""``("node", name)``, ``("source", source, table)``, ``("exposure", name)``, ``("test", name)`` or
``("unit_test", name)``.
"""


@dataclass(frozen=True)
class Item:
    """Something that can be chosen.

    Args:
        kind: model, seed, source, exposure, test or unit_test.
        name: of a source with its table: ``raw.orders``.
        fqn: project, folders and name, which dbt puts dots between.
        files: where it stands, and then where it is described.
        tags: its tags.
        made: what a node becomes (``table``); which data test it is (``unique``, ``singular``).
    """

    kind: str
    name: str
    fqn: tuple[str, ...]
    files: tuple[str, ...]
    tags: tuple[str, ...] = ()
    made: str = ""


def could_be(items: Iterable[Item], method: str) -> list[str]:
    """Values that would choose something, for an error."""
    if method == "tag":
        return sorted({tag for item in items for tag in item.tags})
    if method in ("path", "file"):
        files = {PurePosixPath(i.files[0]) for i in items if i.kind in ("model", "seed")}
        return sorted({str(p) for f in files for p in (f, *f.parents)} - {"."})
    if method == "resource_type":
        return sorted({item.kind for item in items})
    if method == "config.materialized":
        return sorted({item.made for item in items if item.kind in ("model", "seed")})
    if method == "test_type":
        return ["generic", "singular", "unit", "data"]
    if method == "test_name":
        return sorted({item.made for item in items if item.kind == "test"} - {"singular"})
    kinds = {"source": ("source",), "exposure": ("exposure",), "unit_test": ("unit_test",)}
    named = kinds.get(method, ("model", "seed", "test", "unit_test"))
    return [item.name for item in items if item.kind in named]


def _fqn(item: Item, value: str) -> bool:
    """By name; or by folders and name with dots between, which may begin with the project's name
    and stop at any folder: ``staging.*``, ``features.slow``.
    """
    if item.kind in ("source", "exposure"):
        return False
    named = fnmatchcase(item.name, value)
    return named or _begins(item.fqn, value) or _begins(item.fqn[1:], value)


def _begins(fqn: tuple[str, ...], value: str) -> bool:
    parts = [part for segment in fqn for part in segment.split(".")]
    wanted = value.split(".")
    if len(parts) < len(wanted):
        return False
    for i, part in enumerate(wanted):
        if any(sign in part for sign in "*?[]"):  # it takes all that is left
            return fnmatchcase(".".join(parts[i:]), ".".join(wanted[i:]))
        if parts[i] != part:
            return False
    return True


def _path(item: Item, value: str) -> bool:
    """A file, a folder that it is in, or the yml file that describes it; as shells read ``*``."""
    pattern = PurePosixPath(value)
    first, *others = map(PurePosixPath, item.files)
    return any(_glob(p.parts, pattern.parts) for p in (first, *first.parents, *others))


def _glob(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Part by part: ``*`` stays in its folder, ``**`` is any number of folders.

    >>> _glob(("models", "a", "b.sql"), ("models", "*")), _glob(("m", "a", "b"), ("m", "**", "b"))
    (False, True)
    """
    if not pattern:
        return not parts
    if pattern[0] == "**":
        rests = accumulate(parts, lambda rest, _: rest[1:], initial=parts)
        return any(_glob(rest, pattern[1:]) for rest in rests)
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _glob(parts[1:], pattern[1:])


def _file(item: Item, value: str) -> bool:
    path = PurePosixPath(item.files[0])
    return fnmatchcase(path.name, value) or fnmatchcase(path.stem, value)


def _source(item: Item, value: str) -> bool:
    if item.kind != "source":
        return False
    names = (item.fqn[-2], item.name, f"{item.fqn[0]}.{item.name}")
    return any(fnmatchcase(name, value) for name in names)


def _test_type(item: Item, value: str) -> bool:
    if item.kind == "unit_test":
        return value == "unit"
    single = "singular" if item.made == "singular" else "generic"
    return item.kind == "test" and value in ("data", single)


METHODS: Mapping[str, Callable[[Item, str], bool]] = {
    "fqn": _fqn,
    "tag": lambda item, value: any(fnmatchcase(tag, value) for tag in item.tags),
    "path": _path,
    "file": _file,
    "source": _source,
    "exposure": lambda item, value: item.kind == "exposure" and fnmatchcase(item.name, value),
    "resource_type": lambda item, value: item.kind == value,
    "config.materialized": lambda item, value: (
        item.kind in ("model", "seed") and item.made == value
    ),
    "test_name": lambda item, value: (
        item.kind == "test" and item.made != "singular" and fnmatchcase(item.made, value)
    ),
    "test_type": _test_type,
    "unit_test": lambda item, value: item.kind == "unit_test" and fnmatchcase(item.name, value),
}
"""Name of a method -> whether it means an item by a value."""
