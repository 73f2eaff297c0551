"""YAML that knows its lines: mappings and lists that tell where each of their entries stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

import yaml

from retailsql.errors import ProjectError, nearest
from retailsql.runner.node import Place

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YMap(dict[Any, Any]):
    r"""A mapping of a YAML file.

    >>> y = parse("a: 1\nb: {c: 2}", "x.yml")
    >>> y["b"]["c"], str(y.at("b"))
    (2, 'x.yml:2')
    """

    def __init__(self, file: str = "", line: int = 1) -> None:
        super().__init__()
        self.place = Place(file, line)
        self.lines: dict[Any, int] = {}

    def at(self, key: Any) -> Place:
        """Where a key stands; where the mapping begins if it is not there."""
        return Place(self.place.file, self.lines.get(key, self.place.line))


class YList(list[Any]):
    r"""A list of a YAML file.

    >>> str(parse("- 1\n- 2", "x.yml").at(1))
    'x.yml:2'
    """

    def __init__(self, file: str = "", line: int = 1) -> None:
        super().__init__()
        self.place = Place(file, line)
        self.lines: list[int] = []

    def at(self, index: int) -> Place:
        """Where an entry stands."""
        return Place(self.place.file, self.lines[index])


class _Lines(_Loader):  # type: ignore[misc]
    """Builds :class:`YMap` and :class:`YList`; a key written twice is refused."""

    file = ""

    def _map(self, node: Any) -> YMap:
        merged = [k for k, _ in node.value if k.tag == "tag:yaml.org,2002:merge"]
        own = {id(k) for k, _ in node.value}
        if merged:
            self.flatten_mapping(node)
        found = YMap(self.file, node.start_mark.line + 1)
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool | None):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key is not a plain word", key_node.start_mark
                )
            if key in found and id(key_node) in own and not merged:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is there twice", key_node.start_mark
                )
            found[key] = self.construct_object(value_node, deep=True)
            found.lines[key] = key_node.start_mark.line + 1
        return found

    def _list(self, node: Any) -> YList:
        found = YList(self.file, node.start_mark.line + 1)
        for item in node.value:
            found.append(self.construct_object(item, deep=True))
            found.lines.append(item.start_mark.line + 1)
        return found


_Lines.add_constructor("tag:yaml.org,2002:map", _Lines._map)
_Lines.add_constructor("tag:yaml.org,2002:seq", _Lines._list)


@lru_cache(maxsize=256)
def parse(text: str, file: str) -> Any:
    """YAML text as plain values, mappings and lists with their lines; read only, it is cached.

    Raises:
        ProjectError: it is not YAML; the message names the line.
    """
    loader = _Lines(text)
    loader.file = file
    try:
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        said = ", ".join(w for w in (error.context, error.problem) if w)
        raise ProjectError(f"{file}{line} is not YAML", seen=said, todo=_hint(said)) from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that does not exist
        raise ProjectError(
            f"{file} is not YAML", seen=str(error), todo="put the value between quotes"
        ) from error
    finally:
        loader.dispose()


def _hint(said: str) -> str:
    """What to do about words of the YAML parser."""
    if "twice" in said:
        return "keep one of them"
    if "cannot start any token" in said:
        return "use blanks, not tabs, and put text that begins with @, ` or % between quotes"
    return "close the bracket or quote that is open on this line or before it, indent alike"


def load(path: Path, file: str) -> Any:
    """The content of a YAML file.

    Args:
        path: the file.
        file: how messages call it.

    Raises:
        ProjectError: it is not UTF-8, or not YAML.
    """
    return parse(read_text(path, file).rstrip(), file)  # dbt strips it, too


def read_text(path: Path, file: str) -> str:
    """The text of a file, which must be UTF-8.

    Raises:
        ProjectError: it is not, or the file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(file, error) from error
    except OSError as error:
        raise ProjectError(f"{file} cannot be read", seen=error.strerror) from error


def not_utf8(file: str, error: UnicodeDecodeError) -> ProjectError:
    """The error for a file that holds bytes that are not UTF-8."""
    line = error.object.count(b"\n", 0, error.start) + 1
    return ProjectError(
        f"{file}:{line}: the file is not UTF-8", seen=f"byte 0x{error.object[error.start]:02x}",
        todo="save it as UTF-8",
    )  # fmt: skip


def mapping(value: Any, place: Place, what: str, example: str) -> YMap:
    """A mapping as it is, nothing as an empty one, all else refused."""
    if value is None:
        return YMap(place.file, place.line)
    if not isinstance(value, YMap):
        refuse(place, f"{what} is not a mapping of names to values", value, example)
    return value


def named(value: Any, place: Place, what: str) -> list[YMap]:
    """A list of mappings, each with a name that is text; nothing is an empty list."""
    entries = YList() if value is None else value
    wrong: Any = value
    if isinstance(entries, YList):
        bad = [
            (e, i)
            for i, e in enumerate(entries)
            if not (isinstance(e, YMap) and isinstance(e.get("name"), str))
        ]
        if not bad:
            return list(entries)
        wrong, place = bad[0][0], entries.at(bad[0][1])
    example = "[{name: orders}, {name: customers}]"
    return refuse(place, f"{what} is not a list of entries with a name", wrong, example)


def check_keys(entry: YMap, known: Iterable[str], what: str) -> None:
    """Refuse a key that is none of ``known``, with the nearest of them."""
    allowed = set(known)
    for key in entry:
        if key not in allowed:
            raise ProjectError(
                f"{entry.at(key)}: {what} has no {key!r}",
                wanted=nearest(str(key), sorted(allowed)),
                todo="correct the key, or put what is your own under config: meta:",
            )


def words(value: Any, place: Place, what: str) -> list[str]:
    """A text or a list of texts, as a list."""
    found = [] if value is None else [value] if isinstance(value, str) else value
    if not (isinstance(found, Sequence) and all(isinstance(w, str) for w in found)):
        refuse(place, f"{what} is not a text or a list of texts", value, "[daily, scores]")
    return list(found)


def tags_of(entry: YMap) -> list[str]:
    """The tags of an entry: its own, then those under ``config:``."""
    config = mapping(entry.get("config"), entry.at("config"), "config", "{tags: [daily]}")
    given = [
        *words(entry.get("tags"), entry.at("tags"), "tags"),
        *words(config.get("tags"), config.at("tags"), "tags"),
    ]
    return list(dict.fromkeys(given))


def refuse(place: Place, fact: str, seen: Any, wanted: str) -> NoReturn:
    """The error for a value of the wrong shape."""
    raise ProjectError(f"{place}: {fact}", seen=repr(seen)[:80], wanted=wanted)
