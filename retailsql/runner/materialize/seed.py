"""A table of a csv file, with the types that ``dbt seed`` gives it, and filled as dbt fills it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from retailsql.errors import ProjectError
from retailsql.functions.connection import raw
from retailsql.registry.names import literal, quote
from retailsql.runner.materialize.job import Job, Made
from retailsql.runner.materialize.seed_types import column_type

_LINE = re.compile(r"CSV Error on Line: (\d+)")


def make(job: Job) -> Made:
    """Make the table and fill it; DuckDB reads the values, as it does under dbt.

    Raises:
        ProjectError: the file cannot be read, or a value has not the type of its column.
    """
    path = job.project.path / job.node.file
    options = job.node.options
    delimiter = str(options.get("delimiter", ","))
    _check_options(job)
    columns = types(path, job.node.file, options.get("column_types") or {}, delimiter)
    quoted = options.get("quote_columns", True) is not False
    listed = ", ".join(f"{quote(c) if quoted else c} {t}" for c, t in columns.items())
    job.make_room("TABLE")
    con = raw(job.con)
    con.execute(f"CREATE OR REPLACE TABLE {job.relation} ({listed})")
    try:
        con.execute(
            f"COPY {job.relation} FROM {literal(str(path))} "
            f"(FORMAT CSV, HEADER TRUE, DELIMITER {literal(delimiter)})"
        )
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise (
            _ragged(path, job.node.file, delimiter) or _unreadable(job.node.file, error)
        ) from error
    return Made(job.count(), {}, "TABLE")


def types(path: Path, file: str, given: Mapping[str, Any], delimiter: str = ",") -> dict[str, str]:
    """Every column of a csv file with its SQL type.

    Args:
        path: the file.
        file: its name for messages.
        given: ``column_types`` of its config: these columns are not looked at.
        delimiter: between values.

    Raises:
        ProjectError: the file is missing, is not UTF-8, or has a header that cannot be used.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            rows = list(csv.reader(text, delimiter=delimiter))
    except OSError as error:
        raise ProjectError(f"{file}: cannot be read", seen=error.strerror) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ProjectError(f"{file}: is no csv file of UTF-8", seen=str(error)) from error
    header = rows[0] if rows else []
    wrong = [name for name in header if not name.strip() or header.count(name) > 1]
    if wrong or not header:
        raise ProjectError(
            f"{file}:1: the header cannot name the columns", seen=header,
            wanted="a name for each, no two the same",
        )  # fmt: skip
    if unknown := [name for name in given if name not in header]:
        raise ProjectError(
            f"{file}:1: column_types names a column that the file has not", seen=unknown[0],
            wanted=", ".join(header),
        )  # fmt: skip
    return {
        name: str(given[name]) if name in given else column_type(_column(rows, i))
        for i, name in enumerate(header)
    }


def _column(rows: list[list[str]], i: int) -> Iterable[str]:
    """The values of a column, from the line below the header on."""
    return (row[i] for row in rows[1:] if i < len(row))


def _check_options(job: Job) -> None:
    """Refuse the slow way of dbt: it reads values with agate, not with DuckDB."""
    if job.node.options.get("fast", True) is False:
        raise ProjectError(
            f"{job.node.place.file or job.node.file}:{job.node.place.line}: seeds are loaded fast",
            seen="fast: false", todo="take it out",
        )  # fmt: skip


def _ragged(path: Path, file: str, delimiter: str) -> ProjectError | None:
    """The error for the first line that has more or fewer values than the header; None if none.

    Looked for only when the engine cannot load the file: it says no line then.
    """
    with path.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, delimiter=delimiter)
        header = next(reader)
        for row in reader:
            if row and len(row) != len(header):
                return ProjectError(
                    f"{file}:{reader.line_num}: the engine cannot load it", seen=f"{len(row)} "
                    f"values: {delimiter.join(row)[:60]}", wanted=f"{len(header)} columns",
                    todo="correct the line; a value that holds the delimiter stands in quotes",
                )  # fmt: skip
    return None


def _unreadable(file: str, error: duckdb.Error) -> ProjectError:
    """The error that names the line of the csv file."""
    found = _LINE.search(str(error))
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return ProjectError(
        f"{file}:{found[1] if found else 1}: the engine cannot load it",
        seen="; ".join(lines[:4]),
        todo="correct the file, or say the column's type: config column_types",
    )
