"""Draws a lineage for people."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from retailsql.runner.lineage.no_table import short_name
from retailsql.runner.lineage.tree import ColumnTree

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

_STYLES = {
    "source": "green", "seed": "green", "model": "magenta", "score": "magenta", "lost": "bold red",
    "test": "dim", "exposure": "yellow",
}  # fmt: skip
_LONGEST = 90
"""Characters of an expression that are shown; JSON has it whole."""


_WIDE = 1000
"""Columns to draw in where standard output is no terminal: a file or a pipe has no edge."""


def show(tree: ColumnTree) -> None:
    """Draw a lineage on standard output."""
    from rich.console import Console

    out = Console(highlight=False)
    if not out.is_terminal and "COLUMNS" not in os.environ:
        out.width = _WIDE
    out.print(draw(tree))


def draw(tree: ColumnTree) -> Tree:
    """A lineage as a tree for ``rich``: table, column, kind, file and line, expression.

    >>> draw(ColumnTree("raw.orders", "id", "source")).label.plain
    'raw.orders.id  source'
    """
    from rich.text import Text
    from rich.tree import Tree

    root = Tree(_label(tree))
    _grow(root, tree)
    if tree.filters:
        words = "rows chosen by, besides these columns"
        below = root.add(Text(words, "italic"))
        for filtered in tree.filters:
            below.add(_label(filtered, role=False))
    return root


def _grow(branch: Tree, tree: ColumnTree) -> None:
    for child in tree.children:
        _grow(branch.add(_label(child)), child)


def _label(tree: ColumnTree, role: bool = True) -> Text:
    """One line; the words of a person's SQL are no markup."""
    from rich.text import Text

    style = _STYLES.get(tree.kind, "cyan")
    short = short_name(tree.table, tree.source)
    table, _, inside = short.partition(" (") if short != tree.table else (tree.table, "", "")
    name = ".".join(part for part in (table, tree.column) if part)
    line = Text.assemble((name, f"bold {style}" if name else ""), "  " if name else "")
    line.append("cannot be followed" if tree.kind == "lost" else tree.kind, style)
    if inside:
        line.append(f" ({inside}", style)
    elif tree.source and tree.source != tree.table:
        line.append(f" {tree.source}", style)
    if role and tree.role != "value":
        line.append(f", {tree.role}", "italic")
    if tree.place is not None:
        line.append(f"  {tree.place}", "dim")
    if tree.expression:
        words = tree.expression
        line.append(f"  {words if len(words) <= _LONGEST else words[: _LONGEST - 1] + '…'}")
    if tree.shown:
        line.append("  (drawn above)", "dim")
    if tree.note:
        line.append(f"  {tree.note}", "yellow")
    return line
