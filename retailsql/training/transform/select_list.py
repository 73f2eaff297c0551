"""The list of TRANSFORM(...), item by item: expressions AS names, columns, ``*``, ``struct.*``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection

from retailsql.dialect.tokens import Walk, tokenize
from retailsql.errors import TrainingError, nearest
from retailsql.registry.names import literal
from retailsql.training.transform.references import Expression, Place, read_expression, scope_of


@dataclass(frozen=True)
class Item:
    """One column of the list.

    Args:
        name: its name.
        parts: its SQL, raw columns by their positions.
        plain: it is a raw column, unchanged.
    """

    name: str
    parts: tuple[str | int, ...]
    plain: bool


def read_items(con: DuckDBPyConnection, text: str, types: Mapping[str, Any]) -> Iterator[Item]:
    """The columns of a list.

    Args:
        con: any connection.
        text: the list, preprocessing functions replaced by their SQL.
        types: raw column -> DuckDB type, in order.

    Raises:
        TrainingError: an item cannot be read, or has no name.
    """
    tokens = tokenize(text)
    if not tokens:
        raise TrainingError("TRANSFORM is empty", wanted="TRANSFORM(expression AS name, ...)")
    walk = Walk(text, tokens)
    reader = _Reader(con, types)
    for start, stop in walk.split(0, len(tokens)):
        if start < stop:  # BigQuery allows a comma at the end
            yield from reader.item(walk.sub(start, stop))


class _Reader:
    def __init__(self, con: DuckDBPyConnection, types: Mapping[str, Any]) -> None:
        self.types, self.names = types, list(types)
        self.scope = scope_of(con, types)
        self.raw = self.scope.raw

    def item(self, item: Walk) -> Iterator[Item]:
        n = len(item.tokens)
        if item.peek() == "*":
            yield from self._star(item)
        elif n > 2 and item.tokens[-1].text == "*" and item.tokens[-2].text == ".":
            yield from self._fields(item.slice(0, n - 2))
        elif n > 2 and item.tokens[-2].text.upper() == "AS":
            yield self._named(item.slice(0, n - 2), _name(item, n - 1))
        else:
            yield self._unnamed(item)

    def _unnamed(self, item: Walk) -> Item:
        text, n = item.slice(0, len(item.tokens)), len(item.tokens)
        read = read_expression(self.scope, text)
        if read.alias:
            return self._named(item.slice(0, n - 1), read.alias)
        if read.name is None:
            raise TrainingError(
                "A column of TRANSFORM has no name", seen=text.strip()[:80],
                wanted="expression AS name", todo="give it a name with AS",
            )  # fmt: skip
        name = self.raw.get(read.name.lower(), read.name) if read.plain else read.name
        return Item(name, self._parts(text, read), read.plain)

    def _named(self, text: str, name: str) -> Item:
        read = read_expression(self.scope, text)
        return Item(name, self._parts(text, read), read.plain)

    def _parts(self, text: str, read: Expression) -> tuple[str | int, ...]:
        if read.plain:
            return (self._at(read.places[0]),)
        parts: list[str | int] = []
        done = 0
        for place in read.places:
            parts += [text[done : place.start], self._at(place)]
            done = place.stop
        # In brackets, so that what stands around it cannot change what belongs together.
        return _joined(["(", *parts, text[done:], ")"])

    def _at(self, place: Place) -> int:
        return self.names.index(place.column)

    def _star(self, item: Walk) -> Iterator[Item]:
        item.at = 1
        left_out, replaced = self._modifiers(item)
        for i, name in enumerate(self.names):
            if name.lower() in replaced:
                yield replaced[name.lower()]
            elif name.lower() not in left_out:
                yield Item(name, (i,), True)

    def _modifiers(self, item: Walk) -> tuple[set[str], dict[str, Item]]:
        left_out: set[str] = set()
        replaced: dict[str, Item] = {}
        while not item.done:
            if item.take("EXCEPT") or item.take("EXCLUDE"):
                left_out |= set(self._except(item))
            elif item.take("REPLACE"):
                for start, stop in item.split(*item.group()):
                    part = item.sub(start, stop)
                    for made in self.item(part):
                        replaced[made.name.lower()] = made
            else:
                raise item.error("TRANSFORM: * has no such form", wanted="* EXCEPT (column, ...)")
        for name in [*left_out, *replaced]:
            if name not in self.raw:
                raise TrainingError(
                    f"TRANSFORM names column {name!r}, which the training SELECT does not have",
                    wanted=nearest(name, self.names), todo="correct the name",
                )  # fmt: skip
        return left_out, replaced

    def _except(self, item: Walk) -> Iterator[str]:
        if item.peek() == "(":
            for start, stop in item.split(*item.group()):
                yield _name(item.sub(start, stop), 0).lower()
        else:
            yield _name(item, item.at).lower()
            item.at += 1

    def _fields(self, text: str) -> Iterator[Item]:
        """``struct.*``: each field of a struct."""
        read = read_expression(self.scope, text)
        kind = self.types[read.places[0].column] if read.plain else None
        if kind is None or kind.id != "struct":
            raise TrainingError(
                "TRANSFORM: .* stands behind what is no struct column", seen=text,
                wanted="column.*, where column is a STRUCT",
            )  # fmt: skip
        for key, _ in kind.children:
            yield Item(
                key, ("struct_extract(", self._at(read.places[0]), f", {literal(key)})"), False
            )


def _name(item: Walk, at: int) -> str:
    """An alias or a column's name, quotes taken off."""
    return item.tokens[at].text


def _joined(parts: list[str | int]) -> tuple[str | int, ...]:
    """Neighbouring pieces of SQL as one."""
    out: list[str | int] = []
    for part in parts:
        if part == "":
            continue
        if isinstance(part, str) and out and isinstance(out[-1], str):
            out[-1] += part
        else:
            out.append(part)
    return tuple(out)
