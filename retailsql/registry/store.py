"""Read and write the registry's tables. Every function takes the caller's connection and opens
no transaction: what the caller rolls back is gone whole.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files

import pyarrow as pa
from duckdb import DuckDBPyConnection

from retailsql.errors import ModelNotFoundError, RegistryError, SignatureError, nearest
from retailsql.registry.fetch import first_row
from retailsql.registry.names import ModelName, quote
from retailsql.registry.version import ModelVersion
from retailsql.signature import FORMAT, Signature

_INSERT = """
INSERT INTO {registry}.versions BY NAME SELECT
    ? AS model_schema, ? AS model_name, ? AS version, ? AS content_hash, ? AS model_type,
    ? AS kind, ? AS artefact_kind, ?::BLOB AS artefact, ? AS artefact_sha256,
    ?::JSON AS signature, ?::JSON AS options, ? AS training_sql, ?::JSON AS evaluation,
    ? AS primary_metric, ?::DOUBLE AS metric_value, ? AS baseline_name,
    ?::DOUBLE AS baseline_value, ?::BOOLEAN AS beats_baseline, ?::JSON AS profile,
    ?::JSON AS certificate, ?::JSON AS libraries, ? AS format, ?::TIMESTAMP AS created_at
"""


@dataclass(frozen=True)
class StoredVersion:
    """A registered version, without its bytes."""

    name: ModelName
    version: int
    deployed: bool
    content_hash: str
    model_type: str
    signature: Signature
    evaluation: str | None
    metric_value: float | None


_REGISTRIES = (
    "SELECT DISTINCT database_name FROM duckdb_columns() WHERE schema_name = 'retailsql' "
    "AND table_name = 'versions' AND column_name = 'artefact_sha256'"
)
"""Databases that have a registry; a user's own table called retailsql.versions is none."""


def exists(con: DuckDBPyConnection, database: str) -> bool:
    """True if the database has a registry."""
    return first_row(con, f"{_REGISTRIES} AND database_name = ?", [database]) is not None


def databases(con: DuckDBPyConnection) -> list[str]:
    """The attached databases that have a registry."""
    return [row[0] for row in con.execute(f"{_REGISTRIES} ORDER BY 1").fetchall()]


_LATER_TABLES = ("reports", "held_out", "notes", "forecasts")
"""What files of older versions may lack."""


def ensure(con: DuckDBPyConnection, database: str) -> None:
    """Create the registry's schema and tables where they are missing, in an older file too."""
    if exists(con, database):
        if not all(has_table(con, database, table) for table in _LATER_TABLES):
            con.execute(_sql_file("schema.sql", database))
            _create_view(con, database)
        elif not first_row(con, f"{_VIEWS} AND database_name = ?", [database]):
            _create_view(con, database)
        return
    taken = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? "
        "AND schema_name = 'retailsql' AND table_name = ANY(?)",
        [database, ["models", "versions", "deployments", "histories"]],
    ).fetchall()
    if taken:
        raise RegistryError(
            f"Schema retailsql of database {database!r} holds tables that are not the registry's",
            seen=", ".join(name for (name,) in taken),
            todo="rename them: the registry keeps its tables in that schema",
        )
    con.execute(_sql_file("schema.sql", database))
    _create_view(con, database)


_VIEWS = (
    "SELECT 1 FROM duckdb_views() WHERE schema_name = 'retailsql' AND view_name = 'model_versions'"
)


def _create_view(con: DuckDBPyConnection, database: str) -> None:
    """Create the list for people, unless an attached database bears the schema's name: DuckDB
    leaves databases out of a view's text, and would find the names in it ambiguous.
    """
    own = "SELECT 1 FROM duckdb_databases() WHERE lower(database_name) = 'retailsql'"
    if not first_row(con, own):
        view = f"{quote(database)}.retailsql.model_versions"
        con.execute(f"CREATE OR REPLACE VIEW {view} AS {list_query(con, database)}")


def has_table(con: DuckDBPyConnection, database: str, table: str) -> bool:
    """True if the registry has that table; files of older versions lack the later ones."""
    sql = (
        "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'retailsql' "
        "AND table_name = ?"
    )
    return first_row(con, sql, [database, table]) is not None


def list_query(con: DuckDBPyConnection, database: str) -> str:
    """The SELECT that lists every version of a database's models, for people."""
    text = _sql_file("model_versions.sql", database)
    if has_table(con, database, "notes"):
        return text
    return text.replace(f"{quote(database)}.retailsql.notes", f"({NO_NOTES})")


NO_NOTES = "SELECT '' AS model_schema, '' AS model_name, '' AS note, NULL::JSON AS value LIMIT 0"
"""What stands for the notes in a file that an older retailsql made and nobody may write to."""


def _sql_file(name: str, database: str) -> str:
    text = files("retailsql.registry").joinpath(name).read_text("utf-8")
    return text.format(db=quote(database))


def insert(con: DuckDBPyConnection, name: ModelName, model: ModelVersion) -> int:
    """Write a version and return its number; it is not deployed yet."""
    ensure(con, name.database)
    row = first_row(
        con,
        f"SELECT coalesce(max(version), 0) + 1 FROM {name.registry}.versions "
        "WHERE model_schema = ? AND model_name = ?",
        [name.schema, name.name],
    )
    version = int(row[0]) if row else 1
    con.execute(
        f"INSERT OR IGNORE INTO {name.registry}.models VALUES (?, ?, NULL)",
        [name.schema, name.name],
    )
    con.execute(
        _INSERT.format(registry=name.registry),
        [
            name.schema, name.name, version, model.content_hash, model.model_type,
            model.signature.kind, model.artefact_kind, model.artefact, model.artefact_sha256,
            model.signature.to_json(), _json(model.options), model.training_sql,
            model.evaluation, *model.headline, _json(model.profile), _json(model.certificate),
            _json(model.libraries), FORMAT, datetime.now(UTC).replace(tzinfo=None),
        ],
    )  # fmt: skip
    for table, rows in (("histories", model.histories), ("forecasts", model.forecasts)):
        if rows is not None:
            _insert_rows(con, name, model.content_hash, table, rows)
    _insert_told(con, name, version, model)
    return version


def _insert_told(
    con: DuckDBPyConnection, name: ModelName, version: int, model: ModelVersion
) -> None:
    """What no score depends on: reports and the rows of the evaluation."""
    key = [name.schema, name.name, version]
    for report, rows in model.reports.items():
        con.execute(
            f"INSERT INTO {name.registry}.reports VALUES (?, ?, ?, ?, ?::JSON)",
            [*key, report, _json(rows)],
        )
    if model.held_out is None:
        return
    con.register("__rs_held_out", model.held_out)
    try:
        con.execute(
            f"INSERT INTO {name.registry}.held_out SELECT ?, ?, ?, label, scores "
            "FROM __rs_held_out",
            key,
        )
    finally:
        con.unregister("__rs_held_out")


def _insert_rows(
    con: DuckDBPyConnection, name: ModelName, content_hash: str, table: str, rows: pa.Table
) -> None:
    held = first_row(
        con,
        f"SELECT 1 FROM {name.registry}.{table} WHERE content_hash = ? LIMIT 1",
        [content_hash],
    )
    if held:
        return
    con.register("__rs_rows", rows)
    try:
        con.execute(
            f"INSERT INTO {name.registry}.{table} BY NAME "
            "SELECT ? AS content_hash, * FROM __rs_rows",
            [content_hash],
        )
    finally:
        con.unregister("__rs_rows")


def set_deployed(con: DuckDBPyConnection, name: ModelName, version: int, action: str) -> None:
    """Note which version the public functions use from now on."""
    con.execute(
        f"UPDATE {name.registry}.models SET deployed_version = ? "
        "WHERE model_schema = ? AND model_name = ?",
        [version, name.schema, name.name],
    )
    _log(con, name, version, action)


def delete(con: DuckDBPyConnection, name: ModelName, version: int | None = None) -> None:
    """Delete one version, or the model whole, with histories no other version uses."""
    where = "model_schema = ? AND model_name = ?" + ("" if version is None else " AND version = ?")
    key = [name.schema, name.name] + ([] if version is None else [version])
    rows = con.execute(f"SELECT version FROM {name.registry}.versions WHERE {where}", key)
    for (number,) in rows.fetchall():
        _log(con, name, number, "drop")
    for table in ("versions", "reports", "held_out"):
        if table == "versions" or has_table(con, name.database, table):
            con.execute(f"DELETE FROM {name.registry}.{table} WHERE {where}", key)
    for table in ("histories", "forecasts"):
        if table == "histories" or has_table(con, name.database, table):
            con.execute(
                f"DELETE FROM {name.registry}.{table} WHERE content_hash NOT IN "
                f"(SELECT content_hash FROM {name.registry}.versions)"
            )
    if version is None:
        if has_table(con, name.database, "notes"):
            con.execute(
                f"DELETE FROM {name.registry}.notes WHERE model_schema = ? AND model_name = ?", key
            )
        con.execute(
            f"DELETE FROM {name.registry}.models WHERE model_schema = ? AND model_name = ?", key
        )


def _log(con: DuckDBPyConnection, name: ModelName, version: int, action: str) -> None:
    con.execute(
        f"INSERT INTO {name.registry}.deployments VALUES (?, ?, ?, ?, ?)",
        [name.schema, name.name, version, action, datetime.now(UTC).replace(tzinfo=None)],
    )


def versions(
    con: DuckDBPyConnection,
    database: str,
    name: ModelName | None = None,
    deployed: bool = False,
    strict: bool = True,
) -> list[StoredVersion]:
    """Registered versions of one database, oldest first.

    Args:
        con: any connection to it.
        database: its name.
        name: only those of this model.
        deployed: only those the public functions use.
        strict: raise for a version that cannot be read, instead of leaving it out.

    Raises:
        SignatureError: a version was written by a newer retailsql (if ``strict``).
    """
    if not exists(con, database):
        return []
    where = ["true"]
    if name is not None:
        where.append("model_schema = $schema AND model_name = $name")
    if deployed:
        where.append("v.version = m.deployed_version")
    rows = con.execute(
        "SELECT model_schema, model_name, v.version, coalesce(v.version = m.deployed_version, "
        "false), content_hash, model_type, signature, evaluation, metric_value "
        f"FROM {quote(database)}.retailsql.versions v "
        f"JOIN {quote(database)}.retailsql.models m USING (model_schema, model_name) "
        f"WHERE {' AND '.join(where)} ORDER BY 1, 2, 3",
        {"schema": name.schema, "name": name.name} if name else {},
    ).fetchall()
    found = []
    for schema, model, number, is_deployed, content_hash, model_type, text, *told in rows:
        try:
            signature = Signature.from_json(text)
        except SignatureError:
            if strict:
                raise
            continue
        target = ModelName(database, schema, model)
        found.append(
            StoredVersion(target, number, is_deployed, content_hash, model_type, signature, *told)
        )
    return found


def find(con: DuckDBPyConnection, name: ModelName, version: int | None = None) -> StoredVersion:
    """One version of a model; the deployed one unless a number is given.

    Raises:
        ModelNotFoundError: no such model (with the nearest names), or no such version.
    """
    held = versions(con, name.database, name)
    if not held:
        known = [v.name.text for v in versions(con, name.database)]
        raise ModelNotFoundError(
            f"There is no model {name.text!r} in database {name.database!r}",
            wanted=nearest(name.text, known),
            todo="correct the name, or make it: CREATE MODEL ...; SHOW MODELS lists all",
        )
    for stored in held:
        if stored.version == version or (version is None and stored.deployed):
            return stored
    raise ModelNotFoundError(
        f"Model {name.text!r} has no version {version}" if version is not None
        else f"No version of model {name.text!r} is deployed",
        wanted=", ".join(str(v.version) for v in held),
        todo=f"ALTER MODEL {name.text} SET OPTIONS(deployed_version = {held[-1].version})",
    )  # fmt: skip


def load_artefact(con: DuckDBPyConnection, database: str, content_hash: str) -> tuple[bytes, str]:
    """The bytes of a version and the SHA-256 they must have.

    Raises:
        ModelNotFoundError: the registry does not hold them (any more).
    """
    row = first_row(
        con,
        f"SELECT artefact, artefact_sha256 FROM {quote(database)}.retailsql.versions "
        "WHERE content_hash = ? ORDER BY sha256(artefact) = artefact_sha256 DESC LIMIT 1",
        [content_hash],
    )
    if row is None:
        raise ModelNotFoundError(
            f"The registry of {database!r} does not hold the model with hash {content_hash}",
            todo="it was dropped: create it again",
        )
    return bytes(row[0]), row[1]


def check_writable(con: DuckDBPyConnection, database: str) -> None:
    """Refuse, before any work, to write to a database that was opened without the right to.

    Raises:
        RegistryError: it was opened read-only, or is DuckDB's own.
    """
    if database in ("system", "temp"):
        raise RegistryError(
            f"Database {database!r} is DuckDB's own and keeps no models",
            todo="name another one: CREATE MODEL memory.churn, or a file that is attached",
        )
    sql = "SELECT readonly FROM duckdb_databases() WHERE database_name = ?"
    row = first_row(con, sql, [database])
    if row and row[0]:
        raise RegistryError(
            f"Database {database!r} is open for reading only",
            todo="open it without read_only=True, in one process at a time",
        )


def load_histories(con: DuckDBPyConnection, database: str, content_hash: str) -> pa.Table:
    """The stored histories of a version: key, items, history."""
    return con.sql(
        f"SELECT key, items, history FROM {quote(database)}.retailsql.histories "
        "WHERE content_hash = ?",
        params=[content_hash],
    ).to_arrow_table()


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
