"""The rows of a training SELECT."""

from __future__ import annotations

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from retailsql.dialect.lookup import Catalog
from retailsql.dialect.splice import splice
from retailsql.dialect.statements import Query, read_script
from retailsql.dialect.tokens import Walk
from retailsql.errors import TrainingError
from retailsql.functions.diagnose import diagnose
from retailsql.training.fitted import TrainingData

_ROWS = ([duckdb.StatementType.SELECT], [duckdb.StatementType.MULTI])
"""Statements that return rows and change nothing; a PIVOT that finds its columns is MULTI."""


def read_rows(
    con: DuckDBPyConnection, query: str, parameters: object, model_type: str
) -> TrainingData:
    """The rows of the training SELECT, decimals and huge integers as doubles.

    Raises:
        TrainingError: DuckDB cannot run it (its words are kept), it returns no rows, or it is no
            SELECT.
        StatementError, ModelNotFoundError: an ML function in it cannot be read, or names no model.
    """
    text = spliced(con, query)
    try:
        kinds = [statement.type for statement in con.extract_statements(text)]
        if kinds not in _ROWS:
            raise _no_select(query)
        relation = con.sql(text, params=parameters)
        check_names(relation.columns)
        types = {c: str(t) for c, t in zip(relation.columns, relation.types, strict=True)}
        table = relation.to_arrow_table()
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise cannot_run(con, text, error) from error
    if not len(table):
        raise TrainingError(
            "The training SELECT returns no rows", seen="0 rows",
            todo="check its WHERE clause and its tables",
        )  # fmt: skip
    for i, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.float64()))
    return TrainingData(table, types, model_type)


def cannot_run(con: DuckDBPyConnection, text: str, error: duckdb.Error) -> TrainingError:
    """The error for a training SELECT that DuckDB refuses; one about a model is in its words."""
    said = diagnose(con.cursor(), text, error)
    if said is None:
        return TrainingError(
            "The training SELECT cannot be run", seen=str(error).split("\n\nLINE")[0],
            todo="run the SELECT alone until it works",
        )  # fmt: skip
    return TrainingError(
        f"The training SELECT cannot be run: {said.fact}", seen=said.seen, wanted=said.wanted,
        todo=said.todo,
    )  # fmt: skip


def spliced(con: DuckDBPyConnection, query: str) -> str:
    """The training SELECT with its own ML calls turned into subqueries."""
    script = read_script(query)
    if script is None:
        return query
    if len(script) != 1 or not isinstance(script[0], Query):
        raise _no_select(query)
    return splice(Walk(script[0].sql, script[0].tokens), Catalog(con))


def _no_select(query: str) -> TrainingError:
    return TrainingError(
        "The training query is no SELECT", seen=query.strip()[:80], wanted="one SELECT",
        todo="give other statements to execute() before",
    )  # fmt: skip


def check_names(columns: list[str]) -> None:
    """Refuse two columns that DuckDB, which compares names in any case, could not tell apart."""
    first: dict[str, str] = {}
    for name in columns:
        if name.lower().startswith("__rs_"):
            raise TrainingError(
                f"Column {name!r} has a name that retailsql keeps for itself", seen=name,
                wanted="a name that does not begin with __rs_", todo="give it another with AS",
            )  # fmt: skip
        other = first.get(name.lower())
        first[name.lower()] = name
        if other is not None:
            raise TrainingError(
                "Two columns of the training SELECT have the same name",
                seen=f"{other!r} and {name!r}", wanted="names that differ in more than their case",
                todo="give one of them another name with AS",
            )  # fmt: skip
