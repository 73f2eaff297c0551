"""Register, deploy, roll back and drop models: rows, hidden functions and macros together."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from retailsql.errors import ModelNotFoundError, NameTakenError, RegistryError
from retailsql.functions import hidden, scorers
from retailsql.functions.calls import Call
from retailsql.functions.certificate import certify
from retailsql.functions.macros import ALL_VERBS, VERBS, macros
from retailsql.functions.transaction import in_transaction, own_transaction
from retailsql.registry import background, store
from retailsql.registry.fetch import first_row
from retailsql.registry.names import ModelName
from retailsql.registry.store import StoredVersion
from retailsql.registry.version import ModelVersion, forecasts_digest, histories_digest
from retailsql.signature import WITHOUT_GRAPH, Signature

ATTEMPTS = 5


def ensure_hidden(
    con: DuckDBPyConnection,
    model: str,
    content_hash: str,
    signature: Signature,
    held: ModelVersion | None = None,
) -> None:
    """Make sure that the hidden function of a version exists where ``con`` can see it.

    Outside a transaction a cursor of its own creates it, for good. Inside one, the catalog of
    the transaction would not show what another connection creates, so ``con`` does; if it rolls
    back the function goes with the rest.

    Args:
        con: the caller's connection.
        model: the model's name without schema.
        content_hash: which version.
        signature: its signature.
        held: the version itself, if no other connection can read it yet.
    """
    scorers.note_connection(con)
    if not hidden.has_hidden(signature):
        return
    scorer = scorers.lazy_scorer(model, content_hash, signature)
    if held is not None:
        scorer.hold(held.artefact, held.histories, held.reports.get(background.REPORT))
    hidden.ensure_explain(con, in_transaction(con))
    if not in_transaction(con):
        hidden.create(con, scorer)
    elif not all(_visible(con, name) for name in hidden.names(scorer)):
        try:
            hidden.create_in_transaction(con, scorer)
        except duckdb.NotImplementedException as error:
            raise RegistryError(
                f"This very model was rolled back on this connection before ({scorer.function})",
                todo="ROLLBACK, run retailsql.attach(con) outside a transaction, then try again",
            ) from error


def _visible(con: DuckDBPyConnection, name: str) -> bool:
    sql = "SELECT 1 FROM duckdb_functions() WHERE function_name = ? LIMIT 1"
    return first_row(con, sql, [name]) is not None


@dataclass(frozen=True)
class PublicFunction:
    """A function that bears a name the model's would have."""

    verb: str
    is_table: bool
    definition: str | None
    ours: bool


def public_functions(con: DuckDBPyConnection, name: ModelName) -> list[PublicFunction]:
    """The functions ``<model>_<verb>`` there are, made by the registry or not."""
    rows = con.execute(
        "SELECT DISTINCT function_name, function_type = 'table_macro', macro_definition "
        "FROM duckdb_functions() WHERE function_name = ANY(?) AND "
        "((database_name = ? AND schema_name = ?) OR database_name = 'system')",
        [[f"{name.name}_{v}" for v in ALL_VERBS], name.database, name.schema],
    ).fetchall()
    ours = re.compile(rf"__rs_{re.escape(name.name)}_[0-9a-f]{{12}}")
    return [
        PublicFunction(f[len(name.name) + 1 :], table, text, bool(text and ours.search(text)))
        for f, table, text in rows
    ]


def check_names_free(con: DuckDBPyConnection, name: ModelName, signature: Signature) -> None:
    """Refuse to replace a function that the registry did not make.

    Raises:
        NameTakenError: there is one; the message names it.
    """
    for function in public_functions(con, name):
        if function.verb in VERBS[signature.kind] and not function.ours:
            called = f"{name.name}_{function.verb}"
            raise NameTakenError(
                f"A function {called} exists that retailsql did not make",
                seen=(function.definition or "built in")[:80],
                todo=f"call the model something else than {name.name!r}, "
                f"or drop yours: DROP MACRO {called}",
            )


def check_replace(con: DuckDBPyConnection, name: ModelName, allowed: bool) -> None:
    """Refuse to put a version over a model of that name unless that was asked for.

    Raises:
        NameTakenError: the model exists.
    """
    if not allowed and store.versions(con, name.database, name):
        raise NameTakenError(
            f"Model {name.text!r} exists",
            todo=f"CREATE OR REPLACE MODEL {name.text} keeps the old version for a rollback; "
            f"DROP MODEL {name.text} removes it",
        )


def register(
    con: DuckDBPyConnection,
    name: ModelName,
    model: ModelVersion,
    rows: pa.Table,
    expected: np.ndarray[Any, np.dtype[np.float64]],
    framework: str,
    tolerance: float,
    deployed: bool = True,
) -> int:
    """Certify a model, write it as the next version and point the public functions at it.

    Args:
        con: the caller's connection; his transaction if he has one.
        name: where.
        model: what.
        rows: sample inputs for the parity certificate.
        expected: what the source framework says of them.
        framework: its name.
        tolerance: largest allowed difference.
        deployed: whether the public functions use it from now on.

    Returns:
        The version's number.

    Raises:
        NameTakenError: a function of that name exists that retailsql did not make.
        RegistryError: parity fails, or another session is in the way.
    """
    store.check_writable(con, name.database)
    check_names_free(con, name, model.signature)
    if model.forecasts is not None:
        told = {**model.signature.options, "forecasts_sha256": forecasts_digest(model.forecasts)}
        model = replace(model, signature=replace(model.signature, options=told))
    if model.histories is not None:
        digest = histories_digest(model.histories)
        told = {**model.signature.options, "histories_sha256": digest}
        model = replace(model, signature=replace(model.signature, options=told))
    model = replace(model, signature=_with_background(model))
    ensure_hidden(con, name.name, model.content_hash, model.signature, model)
    call = Call(name.name, model.content_hash, model.signature)
    if model.signature.kind not in WITHOUT_GRAPH:
        certificate = certify(con, call, rows, expected, framework, tolerance)
        model = replace(model, certificate=certificate)
    for attempt in range(ATTEMPTS):
        try:
            return _write(con, name, model, call, deployed)
        except (duckdb.TransactionException, duckdb.ConstraintException) as error:
            # Two sessions took the same number. In a transaction of our own the loser can simply
            # take the next one; in the user's, only he can decide.
            if attempt == ATTEMPTS - 1 or in_transaction(con):
                raise RegistryError(
                    "Another session changed the registry at the same moment",
                    seen=str(error).splitlines()[0],
                    todo="ROLLBACK if a transaction is open, then run the statement again",
                ) from error
            time.sleep(0.05 * (attempt + 1))
    raise AssertionError("unreachable")


def _with_background(model: ModelVersion) -> Signature:
    """The signature with the digest of the background, which may have come without the rows."""
    told = {k: v for k, v in model.signature.options.items() if k != background.DIGEST}
    if rows := model.reports.get(background.REPORT):
        told[background.DIGEST] = background.digest(rows)
    return replace(model.signature, options=told)


def _write(
    con: DuckDBPyConnection, name: ModelName, model: ModelVersion, call: Call, deployed: bool
) -> int:
    with own_transaction(con):
        version = store.insert(con, name, model)
        if deployed:
            _point_macros(con, name, call)
            store.set_deployed(con, name, version, "deploy")
    return version


def deploy(
    con: DuckDBPyConnection, name: ModelName, version: int, action: str = "deploy"
) -> StoredVersion:
    """Point the public functions at a registered version.

    Raises:
        ModelNotFoundError: no such model or version.
        CorruptModelError: its stored bytes or signature were changed; the deployed one stays.
    """
    stored = store.find(con, name, version)
    store.check_writable(con, name.database)
    artefact, expected = store.load_artefact(con, name.database, stored.content_hash)
    scorers.check(name.text, stored.content_hash, stored.signature, artefact, expected)
    check_names_free(con, name, stored.signature)
    ensure_hidden(con, name.name, stored.content_hash, stored.signature)
    with own_transaction(con):
        _point_macros(con, name, Call(name.name, stored.content_hash, stored.signature))
        store.set_deployed(con, name, version, action)
    return stored


def roll_back(con: DuckDBPyConnection, name: ModelName) -> StoredVersion:
    """Deploy the version before the deployed one.

    Raises:
        ModelNotFoundError: there is none before it.
    """
    current = store.find(con, name)
    earlier = [v for v in store.versions(con, name.database, name) if v.version < current.version]
    if not earlier:
        raise ModelNotFoundError(
            f"Model {name.text!r} has no version before {current.version}",
            todo="train another version, or DROP MODEL to remove it",
        )
    return deploy(con, name, earlier[-1].version, "rollback")


def drop(con: DuckDBPyConnection, name: ModelName, version: int | None = None) -> None:
    """Remove a model with its functions, or one version that is not deployed.

    Raises:
        ModelNotFoundError: no such model or version.
        RegistryError: the version is the deployed one.
    """
    held = store.versions(con, name.database, name)
    if not held:
        store.find(con, name)  # raises, with the nearest names
    if version is not None and store.find(con, name, version).deployed:
        raise RegistryError(
            f"Version {version} of model {name.text!r} is the deployed one",
            todo="deploy another version first, or drop the whole model",
        )
    store.check_writable(con, name.database)
    with own_transaction(con):
        if version is None:
            _drop_functions(con, name, keep=frozenset())
        store.delete(con, name, version)


def _point_macros(con: DuckDBPyConnection, name: ModelName, call: Call) -> None:
    """Make a version's public functions, and drop those that only another kind of model had."""
    wanted = macros(name, call)
    for statements in wanted.values():
        for statement in statements:
            con.execute(statement)
    _drop_functions(con, name, keep=frozenset(wanted))


def _drop_functions(con: DuckDBPyConnection, name: ModelName, keep: frozenset[str]) -> None:
    """Drop the model's public functions, never one that the registry did not make."""
    for function in public_functions(con, name):
        if function.ours and function.verb not in keep:
            kind = "MACRO TABLE" if function.is_table else "MACRO"
            con.execute(f"DROP {kind} IF EXISTS {name.function(function.verb)}")
