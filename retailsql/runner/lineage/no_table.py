"""What is said of a column that is named without its table."""

from __future__ import annotations

import re

from retailsql.errors import ProjectError, nearest
from retailsql.runner.lineage.files import Files

_FILE = re.compile(r"'([^']*)'")


def short_name(relation: str, source: str) -> str:
    """A table outside of the project as people are shown it: of files the source's name.

    >>> short_name("read_csv('till/lines.csv', delim = ';')", "raw.order_lines")
    'raw.order_lines (lines.csv)'
    >>> short_name("erp.sales", "raw.order_lines")
    'erp.sales'
    """
    found = _FILE.search(relation)
    if found is None or not source:
        return relation
    return f"{source} ({found[1].replace(chr(92), '/').rstrip('/').rpartition('/')[2]})"


def no_table(files: Files, text: str) -> ProjectError:
    """The error that names the column with its tables, or else the nearest ones with theirs.

    Args:
        files: of the project.
        text: the column, as the person wrote it.
    """
    held: dict[str, list[str]] = {}
    for source, relation in files.catalog.sources():
        table = source if _FILE.search(relation) else relation
        for column in files.catalog.columns(relation) or ():
            held.setdefault(column, []).append(f"{table}.{_written(column)}")
    for name in files.project.nodes:
        for out in files.relation(name).columns:
            held.setdefault(out.name, []).append(f"{name}.{_written(out.name)}")
    same = [column for column in held if column.lower() == text.lower()]
    near = same or (nearest(text, held).split(", ") if held else [])
    full = list(dict.fromkeys(place for column in near for place in held.get(column, ())))
    return ProjectError(
        f"{text!r} names no column",
        wanted="TABLE.COLUMN" + (f", such as {', '.join(full[:5])}" if full else ""),
        todo="put its table before it: a file of the project (customer_features.spend), or for "
        "--down a raw table by its own name or as source.table (raw.order_lines.quantity)",
    )


def _written(column: str) -> str:
    return column if re.fullmatch(r"\w+", column) else '"' + column.replace('"', '""') + '"'
