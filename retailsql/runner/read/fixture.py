"""Rows of a unit test, in any of dbt's three formats, as a SELECT."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from retailsql.errors import ProjectError
from retailsql.registry.names import literal, quote
from retailsql.runner.node import Place
from retailsql.runner.read.yml import YList, YMap, check_keys, read_text, refuse

FORMATS = ("dict", "csv", "sql")
KEYS = ("input", "rows", "format", "fixture")
_EXAMPLE = "[{customer_id: 1, spend: 20.5}]"


def read_rows(entry: YMap, root: Path, folders: Sequence[str], what: str) -> str | None:
    """The SELECT of the rows of ``given`` or ``expect``; None for no rows at all.

    Args:
        entry: with ``rows``, or ``fixture`` and ``format``.
        root: the project's folder.
        folders: its test paths; fixtures are in their folder ``fixtures``.
        what: what messages call it.

    Raises:
        ProjectError: rows of another shape, or a fixture that is not there.
    """
    check_keys(entry, KEYS, what)
    style = entry.get("format", "dict")
    if style not in FORMATS:
        refuse(entry.at("format"), f"{what} has another format", style, ", ".join(FORMATS))
    rows = entry.get("rows")
    if entry.get("fixture"):
        rows = _fixture(str(entry["fixture"]), style, root, folders, entry.at("fixture"))
    place = entry.at("rows")
    if style == "sql":
        if not isinstance(rows, str) or not rows.strip():
            refuse(place, f"the rows of {what} are no SQL", rows, "SELECT 1 AS customer_id")
        return rows.strip().rstrip(";")
    if style == "csv":
        if not isinstance(rows, str):
            refuse(place, f"the rows of {what} are no csv text", rows, "customer_id,spend")
        return select_rows(csv_rows(rows), place)
    if not isinstance(rows, YList) or not all(isinstance(r, YMap) for r in rows):
        refuse(place, f"the rows of {what} are not a list of mappings", rows, _EXAMPLE)
    return select_rows(rows, place)


def csv_rows(text: str) -> list[dict[str, Any]]:
    r"""Rows of csv text; an empty field is NULL.

    >>> csv_rows("a,b\n1,\n")
    [{'a': '1', 'b': None}]
    """
    reader = csv.DictReader(io.StringIO(text.strip()), skipinitialspace=True)
    return [{k.strip(): v or None for k, v in row.items() if k is not None} for row in reader]


def select_rows(rows: Sequence[Mapping[str, Any]], place: Place) -> str | None:
    """A SELECT of rows; a column that a row leaves out is NULL there. None for no rows.

    >>> print(select_rows([{"a": 1}, {"a": None, "b": "x"}], Place("t.yml")))
    SELECT 1 AS "a", NULL AS "b"
    UNION ALL SELECT NULL AS "a", 'x' AS "b"
    """
    names: dict[str, str] = {}
    for row in rows:
        for name in row:
            names.setdefault(str(name).lower(), str(name))
    if not names:
        return None
    lines = []
    for row in rows:
        held = {str(k).lower(): v for k, v in row.items()}
        lines.append(
            ", ".join(f"{sql(held.get(k), place)} AS {quote(name)}" for k, name in names.items())
        )
    return "SELECT " + "\nUNION ALL SELECT ".join(lines)


def sql(value: Any, place: Place) -> str:
    """A value of YAML as a literal: lists and mappings become LISTs and STRUCTs.

    >>> sql([1, {"a": "x"}], Place("t.yml"))
    "[1, {'a': 'x'}]"
    """
    if isinstance(value, datetime.date | datetime.datetime):
        return literal(str(value))
    if isinstance(value, float):
        return repr(value) if "n" not in repr(value) else f"CAST('{value!r}' AS DOUBLE)"
    if isinstance(value, list):
        return "[" + ", ".join(sql(v, place) for v in value) + "]"
    if isinstance(value, dict):
        fields = (f"{literal(str(k))}: {sql(v, place)}" for k, v in value.items())
        return "{" + ", ".join(fields) + "}"
    if value is None or isinstance(value, str | bool | int):
        return literal(value)
    return refuse(
        place, "a value that SQL cannot write", value, "a number, a text, a list or a mapping"
    )


def _fixture(name: str, style: str, root: Path, folders: Sequence[str], place: Place) -> str:
    if style == "dict":
        refuse(place, "a fixture has no format dict", style, "format: csv, or format: sql")
    for folder in folders:
        for path in sorted((root / folder / "fixtures").rglob(f"{name}.{style}")):
            return read_text(path, path.relative_to(root).as_posix())
    raise ProjectError(
        f"{place}: there is no fixture {name!r}",
        todo=f"write {folders[0] if folders else 'tests'}/fixtures/{name}.{style}",
    )
