"""Statements about models, calls of models in queries, and what the linter says of them."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.adapters.server import policy
from retailsql.adapters.server.backend.guarded import guarded
from retailsql.adapters.server.backend.models import list_models
from retailsql.adapters.server.backend.parameters import no_parameter, read
from retailsql.adapters.server.backend.result import Command, Plan, Result, done
from retailsql.adapters.server.backend.said import told
from retailsql.adapters.server.backend.script import Part
from retailsql.adapters.server.records import Notice, PgError, Rights
from retailsql.dialect.lint.finding import Finding
from retailsql.dialect.lint.uses import may_call
from retailsql.dialect.statements import (
    AlterModel,
    CreateModel,
    DropModel,
    ExportModel,
    Query,
    ShowModels,
    holds_ml_call,
    read_script,
)
from retailsql.dialect.tokens import Walk, may_hold_ml, tokenize
from retailsql.errors import ModelNotFoundError, RetailSQLError

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context

_FILES = "it would touch files of the server"
_TABLES = (
    "A model is trained on tables and views in DuckDB's own SQL, not on PostgreSQL's catalog, "
    "its casts or its functions."
)
_STEP = 0.25
"""The share of a training after which a client is told how far it is."""


def holds_calls(part: Part) -> bool:
    """True if ``ML.NAME(...)`` stands in it."""
    return may_hold_ml(part.text) and holds_ml_call(Query(part.text, part.tokens))


def splice(con: DuckDBPyConnection, text: str, written: str, rights: Rights) -> str:
    """The text with every ``ML.NAME(...)`` replaced by the subquery it stands for.

    Raises:
        RetailSQLError: a call is malformed, or of a model that he may not use.
    """
    from retailsql.dialect.splice import splice as spliced

    tokens = tokenize(text)
    if tokens is None:
        raise PgError("42601", "unterminated quoted string")
    return spliced(Walk(text, tokens), policy.GrantedCatalog(con, rights, written))


def glance(ctx: Context, con: DuckDBPyConnection, part: Part) -> None:
    """Tell what a quick look at a query finds."""
    if not may_call(part.text):
        return
    from retailsql.dialect.lint.check import glance as look

    with suppress(duckdb.Error, RetailSQLError):
        _tell(ctx, look(con, part.text))


def plan(ctx: Context, part: Part) -> Plan | None:
    """The plan of a statement about models; None: it is none.

    Raises:
        PgError: it cannot be read.
    """
    if not may_hold_ml(part.text):
        return None
    with told(ctx, part):
        script = read_script(part.text)
    if script is None or len(script) != 1:
        return None
    match script[0]:
        case CreateModel() as create:
            if read(part, ()).count:
                raise without_values(part)
            return Command(lambda: _create(ctx, part, create))
        case DropModel() | AlterModel() as change:
            return Command(lambda: _change(ctx, part, change))
        case ExportModel():
            raise PgError("42501", f"EXPORT MODEL is not allowed here: {_FILES}")
        case ShowModels():
            return list_models(ctx, part)
        case _:
            return None


def without_values(part: Part) -> PgError:
    """The error of a parameter in a CREATE MODEL."""
    error = no_parameter(part)
    error.detail = "A model keeps its query, to be trained again by it: it takes no values."
    error.hint = "Write the value in, or make a table or view of the query and train on that."
    return error


def _create(ctx: Context, part: Part, statement: CreateModel) -> Result:
    """CREATE MODEL: outside a read-only transaction, then into the file."""
    if str(statement.options.get("model_type", "")).upper() == "ONNX" or not statement.query:
        raise PgError(
            "42501", f"importing a model from a path is not allowed here: {_FILES}",
            hint="Import it on the server: retailsql.import_onnx(...).",
        )  # fmt: skip
    with told(ctx, part):
        _check_queries(ctx, part, statement)
        con = _writing(ctx, statement.name)
        feared = _lint(ctx, con, part)
        try:
            row = _carry_out(ctx, con, statement)
        except PgError:
            raise  # a cancel or time limit, no fault of the statement
        except RetailSQLError as error:
            raise _in_full(error, feared) from error
    _tell(ctx, feared)
    _tell_result(ctx, row)
    return done("CREATE MODEL")


def _change(ctx: Context, part: Part, statement: DropModel | AlterModel) -> Result:
    with told(ctx, part):
        con = _writing(ctx, statement.name)
        try:
            row = _carry_out(ctx, con, statement)
        except ModelNotFoundError as error:
            if error.fact.startswith("There is no model "):  # it proposes models of others, too
                raise policy.no_model(con, ctx.rights, statement.name) from error
            raise
    verb = "DROP" if isinstance(statement, DropModel) else "ALTER"
    if row.get("dropped") is False or row.get("deployed_version", 0) is None:
        ctx.tell(Notice(f'model "{row["model"]}" does not exist, skipping'))
    elif row.get("deployed_version") is not None:
        version = row["deployed_version"]
        ctx.tell(Notice(f"model {row['model']}: version {version} is deployed"))
    if row.get("warning"):
        ctx.tell(Notice(str(row["warning"]), "01000", "WARNING"))
    return done(f"{verb} MODEL")


def _writing(ctx: Context, name: str) -> DuckDBPyConnection:
    """A connection to change that model on, once it is known that he may.

    Raises:
        PgError: 42501, 25006.
    """
    con = ctx.connection()
    target = policy.require_train(con, ctx.rights, name)
    if target.database.lower() != ctx.work.generation.database.lower():
        raise PgError("42501", f"permission denied for database {target.database}")
    if ctx.block.read_only:
        raise PgError("25006", "cannot change a model in a read-only transaction",
                      hint=ctx.why_read_only)  # fmt: skip
    return ctx.free_connection()


def _check_queries(ctx: Context, part: Part, statement: CreateModel) -> None:
    """Whoever trains on rows may read them: each query must pass like any other."""
    from retailsql.adapters.server.backend.query import Query as Plain
    from retailsql.adapters.server.backend.script import split

    con, transform = ctx.connection(), "SELECT {} FROM (\n{}\n)"
    for text in (statement.query, *statement.extra.values()):
        parts = split(text)
        if len(parts) != 1:
            raise PgError("42601", "a model is trained on one query")
        checked = Plain(ctx, parts[0])
        if checked.writes or checked.fields is None:
            raise PgError("0A000", "a model is trained on a query that only reads")
        _check_run(ctx, con, text, guarded(con, text))
    if statement.transform is not None:
        # Scoring reads its columns without guards: functions that need one are refused here.
        form, query = partial(transform.format, statement.transform), statement.query
        _check_run(ctx, con, form(query), form(guarded(con, query)))


def _check_run(ctx: Context, con: DuckDBPyConnection, written: str, run: str) -> None:
    """It runs as DuckDB's own SQL, in which the catalog is DuckDB's and tells of everything."""
    from retailsql.adapters.server.backend.script import split

    (part,) = split(written)
    calls = holds_calls(part)
    final = splice(con, run, written, ctx.rights) if calls else run
    try:
        policy.check(con, written, part.tokens, final, ctx.rights, spliced=calls)
    except PgError as error:
        error.hint = error.hint or _TABLES
        raise


def _carry_out(ctx: Context, con: DuckDBPyConnection, statement: Any) -> dict[str, Any]:
    """Do it; its result row by column."""
    from retailsql.statements import carry_out

    shown = 0.0

    def say(words: str, share: float) -> None:
        nonlocal shown
        ctx.running.check()  # training is Python's work, which no interrupt of the engine stops
        ctx.work.check_current()
        if share - shown >= _STEP:
            shown = share
            ctx.tell(Notice(f"{share:.0%} {words}", severity="INFO"))

    ctx.work.alter()
    try:
        with ctx.own_division(con):
            text = carry_out(con, statement, None, say, partial(guarded, con))
        result = con.execute(text)
        names = [column[0] for column in result.description or ()]
        row = dict(zip(names, result.fetchone() or (), strict=True))
    finally:
        if not ctx.block.inside:
            ctx.work.generation.wrote()  # failed or not: a failure may come behind its commit
            ctx.work.checkpoint()
    if ctx.block.inside:
        ctx.work.wrote += 1
    else:
        ctx.work.check_current()  # replaced at the last moment: the model is in the old file
    return row


def _tell_result(ctx: Context, row: dict[str, Any]) -> None:
    """The figures of a training; the row itself is no result, as DDL has none here."""
    row = {name: value for name, value in row.items() if value is not None}
    warning = row.pop("warning", None)
    model, version = row.pop("model", ""), row.pop("version", None)
    figures = ", ".join(f"{name} {_short(value)}" for name, value in row.items())
    head = f"model {model}" if version is None else f"model {model}, version {version}"
    ctx.tell(Notice(f"{head}: {figures}" if figures else head))
    if warning:
        ctx.tell(Notice(str(warning), "01000", "WARNING"))


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _lint(ctx: Context, con: DuckDBPyConnection, part: Part) -> list[Finding]:
    """Tell what a check finds, but for that by which the statement will fail: its error says it.

    Returns:
        What was not told.
    """
    from retailsql.dialect.lint.check import lint
    from retailsql.dialect.lint.rules import RULES
    from retailsql.training.check_options import check_options

    feared: list[Finding] = []
    with suppress(duckdb.Error, RetailSQLError):
        found = lint(con, part.text, None, check_options)
        feared = [f for f in found if f.severity == "error" and not RULES[f.code].told]
        _tell(ctx, [f for f in found if f not in feared])
    return feared


def _in_full(error: RetailSQLError, feared: list[Finding]) -> RetailSQLError:
    """The error in the words of the finding about the same, which names the option, too."""
    same = (f.sentence for f in feared if f.sentence.startswith(error.fact))
    fact = next(same, error.fact).rstrip(".")
    return type(error)(fact, seen=error.seen, wanted=error.wanted, todo=error.todo)


def _tell(ctx: Context, findings: list[Finding]) -> None:
    """Findings as notices, where PostgreSQL's clients look for them."""
    for finding in findings:
        words = f"{finding.code}: {finding.sentence}"
        ctx.tell(Notice(words, "01000", "WARNING", finding.rewritten, finding.fix))
