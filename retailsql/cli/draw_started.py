"""Draws what `retailsql init` made: the files, the mapping with its doubts, the next commands."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from retailsql.starter.started import Started

COLOURS = {"yes": "green", "CHECK": "bold yellow", "none": "dim"}


def draw_started(started: Started) -> None:
    """Print it."""
    out = Console(highlight=False)
    if not out.is_terminal:
        out.width = 160  # a pipe or a file has no edge
    counted = ", ".join(f"{name} ({n})" if n > 1 else name for name, n in started.counted.items())
    out.print(Text.assemble("made ", (str(started.folder), "bold"), f": {counted}"))
    for what, rows in started.loaded:
        out.print(Text(f"  {rows:>9,}  {what}"))
    if started.mapping_rows:
        table = Table("vocabulary", "yours", "sure?", "why")
        for word, theirs, sure, why in started.mapping_rows:
            table.add_row(Text(word), Text(theirs), Text(sure, COLOURS.get(sure, "")), Text(why))
        out.print(table)
    for note in started.notes:
        out.print(Text(note))
    out.print("\nGo on with:")
    wide = max(30, *(len(command) + 2 for command, what in started.next_commands if what))
    for command, what in started.next_commands:
        shown = f"{command:{wide}}" if what else command
        out.print(Text.assemble("  ", (shown, "bold"), what))
