"""Where their data is: a file or a table, and the text for it that may stand after FROM."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from retailsql.errors import ProjectError, nearest
from retailsql.starter.sample import identifier

_PARQUET = (".parquet", ".pq")
_TEXT = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
_JSON = (".json", ".jsonl", ".ndjson", ".json.gz")


@dataclass(frozen=True)
class Origin:
    """A file, or files, or a table.

    Args:
        name: as the user gave it.
        path: of the file or the pattern; None for a table.
        form: what stands after FROM, ``{path}`` where the path belongs.
    """

    name: str
    path: Path | None
    form: str

    def seen_from(self, folder: Path | None = None) -> str:
        """What stands after FROM.

        Args:
            folder: write the path relative to this folder; None as it was given.
        """
        if self.path is None:
            return self.form
        path = str(self.path)
        if folder is not None:
            try:
                path = os.path.relpath(path, folder)
            except ValueError:  # another drive of Windows
                path = str(self.path.resolve())
            path = Path(path).as_posix()
        return self.form.replace("{path}", path.replace("'", "''"))


def origin(con: Any, name: str) -> Origin:
    """The file, pattern or table that a user calls ``name``.

    A csv file is read as text alone: types guessed anew at every run would turn 00123 into 123 and
    break on the day that an article gets a letter. Its delimiter and header are found out once.

    Args:
        con: a DuckDB connection or a Session; tables are looked for in it.
        name: path, pattern of paths, or table (``schema.table``).

    Raises:
        ProjectError: there is no such file or table, or it is of a kind that is not read.
    """
    if name.lower().endswith((".duckdb", ".ddb")) or (_ends(name, ".db") and Path(name).is_file()):
        raise ProjectError(
            f"{name!r} is a database, whose tables are asked for by name",
            todo=f"give it with --db, and the table with --from: --db {name} --from raw.sales",
        )  # fmt: skip
    kind = next((s for s in (*_PARQUET, *_TEXT, *_JSON, ".xlsx", ".xls") if _ends(name, s)), None)
    if kind is None and not Path(name).is_file():
        return _table(con, name)
    path = Path(name)
    first = (
        path if path.is_file() else next(map(Path, sorted(glob.glob(name, recursive=True))), None)
    )
    if first is None:
        raise ProjectError(f"There is no file {name!r}", todo="check the path")
    if kind in _PARQUET or kind in _JSON:
        return Origin(name, path, "'{path}'")
    if kind in (".xlsx", ".xls"):
        raise ProjectError(
            f"{path.name} is a spreadsheet, which is not read in place", wanted="csv or parquet",
            todo="save the sheet as csv; the published Online Retail file can be given with --data",
        )  # fmt: skip
    if kind is None:
        raise ProjectError(
            f"{path.name} is of a kind that is not read", wanted=".csv, .tsv, .parquet or .json"
        )
    return Origin(name, path, _csv_form(con, first))


def _ends(name: str, suffix: str) -> bool:
    return name.lower().endswith(suffix)


def _csv_form(con: Any, file: Path) -> str:
    """read_csv with what was found out about the file."""
    text = str(file).replace("'", "''")
    encoding = ""
    try:
        found = con.execute(f"SELECT Delimiter, HasHeader FROM sniff_csv('{text}')").fetchone()
    except duckdb.Error as error:
        if "utf-8" not in str(error).lower() and "unicode" not in str(error).lower():
            raise ProjectError(f"{file.name} cannot be read", seen=str(error).rstrip()) from error
        encoding = ", encoding = 'latin-1'"
        query = f"SELECT Delimiter, HasHeader FROM sniff_csv('{text}'{encoding})"
        found = con.execute(query).fetchone()
    delimiter, header = found
    shown = str(delimiter).replace("'", "''")
    return (
        f"read_csv('{{path}}', all_varchar = true, delim = '{shown}',"
        f" header = {'true' if header else 'false'}{encoding})"
    )


def _table(con: Any, name: str) -> Origin:
    """A table or view of the database.

    Raises:
        ProjectError: there is none; the message has the nearest names.
    """
    rows = con.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name ="
        " current_database() UNION ALL SELECT schema_name, view_name FROM duckdb_views()"
        " WHERE NOT internal AND database_name = current_database() ORDER BY ALL"
    ).fetchall()
    known = {f"{schema}.{table}".lower(): (schema, table) for schema, table in rows}
    wanted = name.replace('"', "").lower()
    full = wanted if wanted in known else f"main.{wanted}"
    if full not in known:
        fits = [key for key in known if key.split(".")[-1] == wanted]
        if len(fits) != 1:
            short = [key.removeprefix("main.") for key in known]
            raise ProjectError(
                f"There is no file and no table {name!r}", wanted=nearest(name, short),
                todo="give a file, or a table of the file given with --db",
            )  # fmt: skip
        full = fits[0]
    return Origin(name, None, ".".join(identifier(part) for part in known[full]))
