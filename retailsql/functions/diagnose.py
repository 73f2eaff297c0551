"""DuckDB's errors about models, said in the model's words.

DuckDB knows hidden functions and macros; a person knows the model and its columns. What is not
about a model is left as DuckDB said it.
"""

from __future__ import annotations

import re

import duckdb
from duckdb import DuckDBPyConnection

from retailsql import errors
from retailsql.errors import (
    ModelNotFoundError,
    RetailSQLError,
    ScoringError,
    SignatureError,
    nearest,
)
from retailsql.functions.called import called
from retailsql.functions.macros import ALL_VERBS, VERBS
from retailsql.functions.parameters import input_type, parameter_type
from retailsql.functions.raw_types import RAW, checked_columns
from retailsql.functions.scorers import TOP, hidden_name
from retailsql.functions.stopped import stopped
from retailsql.registry import store
from retailsql.registry.store import StoredVersion

_UDF = re.compile(r"Python exception occurred while executing the UDF: (\w+): (.*)", re.S)
_NO_MATCH = re.compile(r"No function matches .*? '(__rs_[a-z0-9_]+)\((.*)\)'\. You might", re.S)
_NO_KEY = re.compile(r'Could not find key "([^"]+)" in struct')
_NO_COLUMN = re.compile(r'does not have a column named "([^"]+)"')
_NO_REFERENCE = re.compile(r'Referenced column "([^"]+)" not found')
_NO_FUNCTION = re.compile(r"Function with name \"?([a-z0-9_.]+)\"? does not exist", re.I)
_NO_OVERLOAD = re.compile(r"Macro ([a-z0-9_]+)\(\) does not support the supplied arguments", re.I)
_CLASH = re.compile(r'Ambiguous reference to column name "([^"]+)" .*__rs_output_names\.')
_NO_FIELD = re.compile(r"Cannot extract field '([^']+)' from expression \"([^\"]+)\"")
_LISTED = 20
_ERRORS = RetailSQLError.__subclasses__()
_HIDDEN_GONE = re.compile(r"Function with name \"?(__rs_\w+)\"? does not exist", re.I)


def missing_hidden(error: duckdb.Error) -> str | None:
    """The hidden function that is missing: a database was attached behind retailsql's back, or a
    view calls a version that is no longer deployed.
    """
    found = _HIDDEN_GONE.search(str(error))
    return found[1].removesuffix(TOP).removesuffix(RAW) if found else None


def diagnose(
    con: DuckDBPyConnection,
    sql: str,
    error: duckdb.Error,
    models: list[StoredVersion] | None = None,
) -> RetailSQLError | None:
    """The error to raise instead of DuckDB's, or None to leave it.

    Args:
        con: for looking up models.
        sql: the statement as it was run.
        error: what DuckDB raised.
        models: those it may be about; None for all that are deployed.

    Raises:
        KeyboardInterrupt: it is no fault, a person has stopped the statement.
    """
    words = str(error)
    if stopped(error):
        raise KeyboardInterrupt from error
    if found := _UDF.search(words):
        return _passed_on(found[1], found[2])
    if words.startswith("Invalid Input Error: ML."):
        return _passed_on("ScoringError", words.removeprefix("Invalid Input Error: "))
    if "epoch_us(" in words and "No function matches" in words:
        return SignatureError(
            "The timestamp column of ML.FORECAST has the wrong type",
            seen=words.split("epoch_us(")[1].split(")")[0],
            wanted="DATE or TIMESTAMP",
            todo="cast it where it is selected",
        )
    if not isinstance(error, duckdb.BinderException | duckdb.CatalogException):
        return None
    if models is None:
        try:
            models = _deployed(con)
        except duckdb.Error:
            return None  # the user's transaction is aborted: DuckDB's own words must do
    meant = called(sql, models)
    models = meant + [m for m in models if m not in meant]  # a namesake in another schema is last
    return (
        _wrong_type(words, models)
        or _no_row(words, meant)
        or _missing_column(words, meant)
        or _wrong_arguments(words, models, sql)
        or _unknown_model(words, models)
        or _clash(words)
    )


def plain(error: duckdb.Error) -> duckdb.Error:
    """The same error, without the SQL that a call was spliced into if it shows any of it."""
    words = str(error)
    if "__rs_" not in words:
        return error
    words = words.split("\n\nLINE")[0].replace('"__rs_row"', "the rows")
    return type(error)(re.sub(r"__rs_\w+", "the model", words))


def _deployed(con: DuckDBPyConnection) -> list[StoredVersion]:
    return [v for d in store.databases(con) for v in store.versions(con, d, deployed=True)]


def _passed_on(kind: str, text: str) -> RetailSQLError:
    """An error raised inside a function, as it was before DuckDB wrapped it."""
    known = getattr(errors, kind, None)
    error: RetailSQLError = (known if known in _ERRORS else ScoringError)("")
    error.fact = text.strip()
    error.args = (error.fact,)
    return error


def _wrong_type(words: str, models: list[StoredVersion]) -> SignatureError | None:
    found = _NO_MATCH.search(words)
    if not found:
        return None
    for model in models:
        name, signature = hidden_name(model.name.name, model.content_hash), model.signature
        if found[1] not in (name, f"{name}{RAW}"):
            continue
        columns = [(f, parameter_type(f, signature)) for f in signature.features]
        if found[1] != name:
            columns = checked_columns(signature)
        pairs = zip(columns, _types(found[2]), strict=False)
        for (feature, wanted), given in sorted(pairs, key=lambda p: "[" in p[0][1]):
            if not _fits(given, wanted):
                return SignatureError(
                    f"Column {feature.name!r} of model {model.name.text!r} has the wrong type",
                    seen=given, wanted=wanted,
                    todo=f"cast it where it is selected: CAST({feature.name} AS {wanted})",
                )  # fmt: skip
        if model.signature.kind == "forecaster":
            return SignatureError(
                f"The history of model {model.name.text!r} has the wrong type",
                seen=_types(found[2])[0], wanted="a list of numbers",
                todo="aggregate it: list(value ORDER BY day)",
            )  # fmt: skip
    return None


def _types(text: str) -> list[str]:
    """Type names of an argument list, split at its own commas only."""
    parts, depth = [""], 0
    for c in text:
        depth += (c in "([") - (c in ")]")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return [p.strip() for p in parts]


def _fits(given: str, wanted: str) -> bool:
    """Whether DuckDB casts one type to another by itself, as far as features need it."""
    base = given.split("(")[0].removesuffix("_LITERAL")
    if given == '"NULL"' or base == wanted:
        return True
    whole = base.endswith(("INT", "INTEGER"))
    if wanted == "DOUBLE":
        return whole or base in ("FLOAT", "DECIMAL")
    if wanted == "BIGINT":
        return whole and base not in ("HUGEINT", "UHUGEINT", "UBIGINT")
    if wanted == "TIMESTAMP":
        return base == "DATE"
    return wanted == "VARCHAR" and base in ("ENUM", "STRING")


def _needed(model: StoredVersion) -> dict[str, str]:
    """The columns a model's rows must have, with their types."""
    signature = model.signature
    if signature.inputs:
        return {f.name: input_type(f, signature) for f in signature.inputs}
    options = signature.options
    ids = options.get("id_cols") or [options[c] for c in ("user_col",) if c in options]
    columns = dict(zip(ids, options.get("key_types", ()), strict=False))
    if signature.kind == "forecaster" and "timestamp_col" in options:
        columns |= {options["timestamp_col"]: "DATE or TIMESTAMP", signature.label: "a number"}
    return columns


def _missing_column(words: str, meant: list[StoredVersion]) -> SignatureError | None:
    found = _NO_KEY.search(words) or _NO_COLUMN.search(words) or _NO_REFERENCE.search(words)
    if not found:
        return None
    for model in meant:
        for column, kind in _needed(model).items():
            if column.lower() == found[1].lower():
                listed = re.findall(
                    r'"([^"]+)"', words.split("andidate", 1)[-1].split("\n\nLINE")[0]
                )
                near = nearest(column, listed) if "andidate" in words else "not listed"
                return SignatureError(
                    f"Model {model.name.text!r} needs a column {column!r} that is not there",
                    seen=near,
                    wanted=f"{column} {kind}",
                    todo=f"add the column to the rows, or name one: SELECT x AS {column}"
                    f" (the model takes {_short(list(_needed(model)))})",
                )
    if '"__rs_row"' in words:
        return SignatureError(
            f"The rows given to an ML function need a column {found[1]!r} that is not there",
            todo=f"add the column to the rows, or name one: SELECT x AS {found[1]}",
        )
    return None


def _no_row(words: str, meant: list[StoredVersion]) -> SignatureError | None:
    """A column where the row was meant: ``SELECT churn_score(t) FROM t`` if t has a column t."""
    found = _NO_FIELD.search(words)
    for model in meant if found else ():
        if found and found[1].lower() in map(str.lower, _needed(model)):
            return SignatureError(
                f"Model {model.name.text!r} needs rows with a column {found[1]!r}",
                seen="one value" if found[2].startswith("__rs_") else f"{found[2]}, a column",
                wanted="the alias of a table, which none of its columns bears, or every feature "
                f"by name: {_by_name(model)}",
                todo="give the row, f(t) with t the table's alias; if a column is called t, too, "
                "give the table another alias: SELECT ... FROM t AS t_",
            )
    return None


def _by_name(model: StoredVersion) -> str:
    inputs = model.signature.inputs
    return _short([f"{f.name} := {input_type(f, model.signature)}" for f in inputs])


def _short(names: list[str]) -> str:
    """At most so many of them as a person reads."""
    return ", ".join(names[:_LISTED]) + (", ..." if len(names) > _LISTED else "")


def _left_out(sql: str, function: str, model: StoredVersion) -> str | None:
    """The features that a call by name leaves out, and the names in it that are none."""
    call = re.search(rf"\b{re.escape(function)}\"?\s*\(([^()]*)\)", sql, re.I)
    given = {n.lower() for n in re.findall(r'"?(\w+)"?\s*(?::=|=>)', call[1] if call else "")}
    names = [f.name for f in model.signature.inputs]
    missing = [name for name in names if name.lower() not in given]
    others = sorted(given - {name.lower() for name in names})
    if not given or not (missing or others):
        return None
    told = [f"{_short(missing)} left out"] if missing else []
    return ", ".join([*told, f"{_short(others)} no feature"] if others else told)


def _wrong_arguments(words: str, models: list[StoredVersion], sql: str) -> SignatureError | None:
    found = _NO_OVERLOAD.search(words)
    if not found:
        return None
    for model in models:
        for verb in VERBS[model.signature.kind]:
            if found[1].lower() == f"{model.name.name}_{verb}" and model.signature.features:
                wanted = _by_name(model)
                return SignatureError(
                    f"{found[1]} does not take these arguments",
                    seen=_left_out(sql, found[1], model),
                    wanted=f"a row, {found[1]}(t) with t the table's alias, or {wanted}",
                    todo="name every feature, with a value of its type",
                )
    return None


def _unknown_model(words: str, models: list[StoredVersion]) -> ModelNotFoundError | None:
    found = _NO_FUNCTION.search(words)
    match = re.fullmatch(rf"(?:.*\.)?(.+)_({'|'.join(ALL_VERBS)})", found[1]) if found else None
    if not found or not match or found[1].startswith("__rs_"):
        return None
    functions = [
        f"{m.name.name}_{verb}" for m in models for verb in VERBS[m.signature.kind]
        if verb != "score" or m.signature.kind in ("regressor", "factorizer") or m.signature.binary
    ]  # fmt: skip
    wanted = nearest(found[1].rsplit(".", 1)[-1], functions)
    return ModelNotFoundError(
        f"There is no function {found[1]}, as no model {match[1]!r} has it",
        wanted=wanted, todo="correct the name; SHOW MODELS lists all models",
    )  # fmt: skip


def _clash(words: str) -> SignatureError | None:
    found = _CLASH.search(words)
    if not found:
        return None
    return SignatureError(
        f"The rows have a column {found[1]!r}, the name of the model's output",
        todo=f"leave it out: (SELECT * EXCLUDE ({found[1]}) FROM ...)",
    )
