"""Three kinds of file, one table of text: csv, xlsx, parquet."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from retailsql.errors import MissingExtraError, ProjectError

_BATCH = 50_000


def read_as_text(con: Any, file: Path, table: str) -> None:
    """Read ``file`` into the temp table ``table``: every column VARCHAR, and ``line`` BIGINT.

    Empty text is NULL; ``line`` counts from 1 in the order of the file.

    Args:
        con: a DuckDB connection or a Session.
        file: a ``.csv``, ``.xlsx`` or ``.parquet`` file.
        table: the table's name.

    Raises:
        ProjectError: there is no such file, it is of another kind, or it cannot be read.
        MissingExtraError: an xlsx file, and openpyxl is not installed.
    """
    kind = file.suffix.lower()
    if not file.exists() and "*" not in file.name:
        raise ProjectError(f"There is no file {str(file)!r}", todo="check the path")
    try:
        if kind == ".parquet":
            _keep(con, table, f"read_parquet({_quoted(file)})")
        elif kind in (".csv", ".txt"):
            _read_csv(con, file, table)
        elif kind == ".xlsx":
            _read_xlsx(con, file, table)
        else:
            raise ProjectError(
                f"{file.name} is of a kind that is not read", wanted=".csv, .xlsx or .parquet"
            )
    except duckdb.Error as error:
        raise ProjectError(f"{file.name} cannot be read", seen=str(error)) from error


def _keep(con: Any, table: str, source: str) -> None:
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS"
        " SELECT nullif(trim(CAST(COLUMNS(*) AS VARCHAR)), ''), row_number() OVER () AS line"
        f" FROM {source}"
    )


def _quoted(file: Path) -> str:
    return "'" + str(file).replace("'", "''") + "'"


def _read_csv(con: Any, file: Path, table: str) -> None:
    """The csv in circulation is Latin-1 (a pound sign in a description); others are UTF-8."""
    options = "header = true, all_varchar = true, delim = ',', quote = '\"'"
    try:
        _keep(con, table, f"read_csv({_quoted(file)}, {options})")
    except duckdb.InvalidInputException as error:
        if "utf-8" not in str(error).lower() and "unicode" not in str(error).lower():
            raise
        _keep(con, table, f"read_csv({_quoted(file)}, {options}, encoding = 'latin-1')")


def _read_xlsx(con: Any, file: Path, table: str) -> None:
    """All sheets, one below the other (Online Retail II has a sheet for each year)."""
    try:
        openpyxl = importlib.import_module("openpyxl")
    except ImportError as error:
        raise MissingExtraError.of("train", "openpyxl") from error
    book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    try:
        header: list[str] | None = None
        for sheet in book.worksheets:
            rows = sheet.iter_rows(values_only=True)
            names = [str(v) for v in next(rows, ()) if v is not None]
            if header is not None and names != header:
                raise ProjectError(
                    f"Sheet {sheet.title!r} of {file.name} has other columns than the first",
                    seen=", ".join(names), wanted=", ".join(header),
                )  # fmt: skip
            if header is None:
                header = names
                columns = ", ".join(f'"{n}" VARCHAR' for n in header)
                con.execute(f"CREATE OR REPLACE TEMP TABLE __or_xlsx ({columns})")
            for batch in _batches(rows, header):
                con.register("__or_batch", batch)
                con.execute("INSERT INTO __or_xlsx FROM __or_batch")
                con.unregister("__or_batch")
    finally:
        book.close()
    _keep(con, table, "__or_xlsx")
    con.execute("DROP TABLE __or_xlsx")


def _batches(rows: Iterator[tuple[Any, ...]], header: list[str]) -> Iterator[pa.Table]:
    """Rows as text: dates in ISO form, whole numbers without a point."""
    while chunk := list(islice(rows, _BATCH)):
        columns = list(zip(*chunk, strict=True))[: len(header)]
        yield pa.table(
            {
                name: pa.array([None if v is None else _text(v) for v in values], pa.string())
                for name, values in zip(header, columns, strict=True)
            }
        )


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
