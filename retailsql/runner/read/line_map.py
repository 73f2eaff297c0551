"""Which line of which file each line of rendered SQL comes from.

Jinja puts a text together from pieces: words of the file, and results of expressions. Here every
piece is a :class:`Traced`, a str that also knows its place, and joining keeps the places. The text
itself is not touched, so that what is rendered is what Jinja alone would render, to the byte.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from jinja2 import nodes

from retailsql.runner.node import Place

_Mark = tuple[int, str, int, bool]
"""From this character on the text is of file, line; whether further lines are the file's next."""

_HERE = __name__


class Traced(str):
    r"""Text that knows where it comes from.

    >>> of_data(" a\nb ", "x.sql", 7).strip().marks
    ((0, 'x.sql', 7, True),)
    """

    __slots__ = ("marks",)
    marks: tuple[_Mark, ...]

    def __new__(cls, text: str, marks: Iterable[_Mark]) -> Traced:
        """Text and its marks, in order."""
        made = super().__new__(cls, text)
        made.marks = tuple(marks)
        return made

    def __str__(self) -> str:
        return self  # str() of a piece keeps its place

    def strip(self, chars: str | None = None, /) -> str:
        """As of str; keeps the places."""
        inner = str.strip(self, chars)
        start = len(self) - len(str.lstrip(self, chars))
        return Traced(inner, _cut(self, start))


def of_data(text: str, file: str, line: int) -> Traced:
    """Words of a file."""
    return Traced(text, ((0, file, line, True),))


def of_value(value: Any, file: str, line: int) -> Traced:
    """The result of an expression; of a macro's it knows the lines already."""
    if isinstance(value, Traced):
        return value
    return Traced(str(value), ((0, file, line, False),))


def join(pieces: Iterable[str]) -> str:
    r"""Join pieces, places kept.

    >>> [str(p) for p in lines(join([of_data("a\nb\n", "x", 1), of_value("c\nd", "y", 5)]))]
    ['x:1', 'x:2', 'y:5', 'y:5']
    """
    parts = list(pieces)
    marks: list[_Mark] = []
    at = 0
    for part in parts:
        if isinstance(part, Traced):
            marks += [(at + start, *rest) for start, *rest in part.marks]  # type: ignore[misc]
        at += len(part)
    text = "".join(parts)
    return Traced(text, marks) if marks else text


def lines(text: str) -> tuple[Place, ...]:
    """The place of every line: of its first character that is not a blank. Empty if unknown."""
    if not isinstance(text, Traced) or not text.marks:
        return ()
    starts = [m[0] for m in text.marks]
    found, at = [], 0
    for line in str.split(text, "\n"):
        first = at + len(line) - len(line.lstrip())
        if first == at + len(line):  # a blank line: its beginning
            first = at
        start, file, number, running = text.marks[max(bisect_right(starts, first) - 1, 0)]
        found.append(Place(file, number + (text.count("\n", start, first) if running else 0)))
        at += len(line) + 1
    return tuple(found)


def plain(value: Any) -> Any:
    """A value with every text in it an ordinary str again.

    >>> type(plain([of_data("a", "x", 1)])[0]) is str
    True
    """
    if isinstance(value, str):
        return "".join(value) if type(value) is not str else value
    if isinstance(value, dict):
        return {plain(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        several = [plain(v) for v in value]
        return tuple(several) if isinstance(value, tuple) else several
    return value


def trace(tree: nodes.Template, file: str) -> None:
    """Change a template so that every piece it puts out knows its place."""
    for output in tree.find_all(nodes.Output):
        output.nodes = [_traced(node, file) for node in output.nodes]


def _traced(node: nodes.Expr, file: str) -> nodes.Expr:
    line = node.lineno
    if isinstance(node, nodes.TemplateData):
        name, value = "of_data", nodes.Const(node.data)
    else:
        name, value = "of_value", node  # type: ignore[assignment]
    arguments: list[nodes.Expr] = [value, nodes.Const(file), nodes.Const(line)]
    made = nodes.Call(nodes.ImportedName(f"{_HERE}.{name}"), arguments, [], None, None)
    made.set_lineno(line)
    if node.environment is not None:
        made.set_environment(node.environment)
    return made


def _cut(text: Traced, start: int) -> list[_Mark]:
    """Marks of the text from a character on."""
    found: list[_Mark] = []
    for at, file, line, running in text.marks:
        if at > start:
            found.append((at - start, file, line, running))
        else:
            passed = text.count("\n", at, start) if running else 0
            found = [(0, file, line + passed, running)]
    return found
