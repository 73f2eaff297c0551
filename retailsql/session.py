"""A DuckDB connection whose SQL knows models: ``connect()`` and ``attach()``."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import duckdb
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from retailsql.dialect.lint.finding import Finding
from retailsql.dialect.lint.uses import may_call
from retailsql.dialect.places import apart, noted, placed, statement_starts
from retailsql.dialect.statements import (
    CreateModel,
    Query,
    Statement,
    read_script,
)
from retailsql.errors import DatabaseOpenError, StatementError
from retailsql.functions.connection import raw
from retailsql.functions.diagnose import diagnose, missing_hidden, plain
from retailsql.functions.equip import equip
from retailsql.functions.transaction import in_transaction

_READERS = frozenset({
    "arrow", "description", "df", "fetch_arrow_table", "fetch_df", "fetch_df_chunk",
    "fetch_record_batch", "fetchall", "fetchdf", "fetchmany", "fetchnumpy", "fetchone", "pl",
    "rowcount", "tf", "to_arrow_reader", "to_arrow_table", "torch",
})  # fmt: skip
"""Attributes of a connection that read the result of what was executed last."""
_ATTACHES = re.compile(r"\b(?:ATTACH|ROLLBACK|ABORT)\b", re.IGNORECASE)


class Session:
    """Everything a DuckDB connection offers, plus models as functions and statements.

    ``sql``, ``query`` and ``execute`` take the ML statements beside any SQL of DuckDB's; every
    other attribute is the connection's own. Errors about models name column, value and remedy.

    Args:
        connection: an open DuckDB connection.
        progress: called with words and the share done while a model trains.

    Attributes:
        findings: what a quick look at the text executed last has found, see :meth:`lint`.

    >>> with connect() as con:
    ...     con.sql("SELECT 42 AS answer").fetchall()
    [(42,)]
    """

    def __init__(self, connection: DuckDBPyConnection, progress: Any = None) -> None:
        self.connection = connection
        self.progress = progress
        self.findings: list[Finding] = []
        self._owed = False

    def __getattr__(self, name: str) -> Any:
        if name == "connection":  # not set yet: a copy or an unpickled object
            raise AttributeError(name)
        if name not in _READERS:
            self._settle()
        return getattr(self.connection, name)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, and with it the functions."""
        self.connection.close()

    def cursor(self) -> Session:
        """Another session on the same database, for another thread."""
        return Session(self.connection.cursor(), self.progress)

    def begin(self) -> Session:
        """Begin a transaction."""
        self._settle()
        self.connection.begin()
        return self

    def commit(self) -> Session:
        """Commit the transaction."""
        self._settle()
        self.connection.commit()
        return self

    def rollback(self) -> Session:
        """Roll the transaction back; models made in it are gone."""
        self._settle()
        self.connection.rollback()
        equip(self.connection)
        return self

    def execute(self, query: Any, parameters: object = None) -> Session:
        """Run SQL, ML statements among it; fetch from the session as from a connection.

        Args:
            query: one or more statements (or a DuckDB Statement object).
            parameters: for the placeholders of the last statement.
        """
        self._settle()
        self._glance(query)
        script = read_script(query) if isinstance(query, str) else None
        if script is None:
            last = self._all_but_last(query)
            with noted(last, query):
                self._run(lambda: self.connection.execute(last, parameters), last)
            return self
        for i, statement in enumerate(script):
            self._settle()
            given = parameters if i == len(script) - 1 else None
            with placed(query, i, partial(_part, statement)):
                text, values = self._prepare(statement, given)
                self._run(partial(self.connection.execute, text, values), text)
            self._owed = not isinstance(statement, Query)
        return self

    def sql(self, query: Any, *, alias: str = "", params: object = None) -> DuckDBPyRelation | None:
        """Run SQL and return a relation, as DuckDB's ``sql`` does; None if there is no result.

        Args:
            query: one or more statements; the last one's result is returned.
            alias: name of the relation.
            params: for the placeholders of the last statement.
        """
        self._settle()
        self._glance(query)
        script = read_script(query) if isinstance(query, str) else None
        if script is None:
            last = self._all_but_last(query)
            with noted(last, query):
                return self._relation(last, alias, params)
        for i, statement in enumerate(script[:-1]):
            with placed(query, i, partial(_part, statement)):
                text, _ = self._prepare(statement, None)
                self._run(lambda text=text: self.connection.execute(text).fetchall(), text)
        with placed(query, len(script) - 1, partial(_part, script[-1])):
            text, values = self._prepare(script[-1], params)
            return self._relation(text, alias, values)

    query = sql

    def run_script(
        self,
        text: str,
        dialect: Literal["duckdb", "bigquery"] = "duckdb",
        parameters: Any = None,
    ) -> DuckDBPyRelation | None:
        """Run all statements of a script and return the last one's result.

        In BigQuery's dialect every statement is put into DuckDB's first, and DECLARE, SET, IF,
        loops, EXECUTE IMMEDIATE and procedures are carried out. What cannot be translated with
        the same meaning is an error; what is left out (PARTITION BY, ...) is told in ``findings``.

        Args:
            text: the script.
            dialect: of everything in it but the ML parts, which are the same in both.
            parameters: values of placeholders: of the last statement in DuckDB's dialect; of
                ``?`` and ``@name`` anywhere in BigQuery's.

        Returns:
            The result of the last statement, carried out already, to fetch from (``fetchall``,
            ``df``, ``columns``); None if it has none.

        Raises:
            StatementError: names line and column of the script.

        >>> with connect() as con:
        ...     con.run_script("SELECT EXTRACT(DAYOFWEEK FROM DATE '2024-05-05')", "bigquery")
        ┌───────┐
        │  f0_  │
        │ int64 │
        ├───────┤
        │     1 │
        └───────┘
        <BLANKLINE>
        """
        if dialect == "bigquery":
            from retailsql.dialect.bigquery.run import run

            result: DuckDBPyRelation | None = run(self, text, parameters)
            return result
        if dialect != "duckdb":
            raise StatementError(
                "There is no such dialect", seen=dialect, wanted="duckdb or bigquery"
            )
        relation = self.sql(text, params=parameters)
        if relation is None:
            return None
        with placed(text, len(statement_starts(text)) - 1):
            held: DuckDBPyRelation | None = self._run(relation.materialize, text)
            return held

    def lint(
        self,
        sql: str,
        file: str | None = None,
        dialect: Literal["duckdb", "bigquery"] = "duckdb",
    ) -> list[Finding]:
        """Check SQL without running any of it: models, features, leakage, calls.

        Args:
            sql: any number of statements; each sees what those before it would have made.
            file: its name, for the findings.
            dialect: bigquery: it is translated first, as :meth:`run_script` does.

        Returns:
            The findings, in the order of the text; ``retailsql.dialect.lint.rules`` lists codes.

        >>> with connect() as con:
        ...     [f.code for f in con.lint("DROP MODEL churn")]
        ['RS101']
        """
        from retailsql.dialect.lint.check import lint
        from retailsql.training.check_options import check_options

        self._settle()
        if dialect == "bigquery":
            from retailsql.dialect.lint.bigquery import lint_bigquery

            return lint_bigquery(self.connection, sql, file, check_options)
        return lint(self.connection, sql, file, check_options)

    def _glance(self, query: Any) -> None:
        """Note in ``findings`` what a quick look at a query finds; nothing is raised for it."""
        self.findings = []
        if isinstance(query, str) and may_call(query):
            from retailsql.dialect.lint.check import glance

            with suppress(duckdb.Error):  # the transaction is aborted: the run will say so
                self.findings = glance(self.connection, query)

    def _settle(self) -> None:
        """Discard the result row of a statement about models if nobody fetched it: like DDL, it
        must not stand in the way of what comes next.
        """
        if self._owed:
            self._owed = False
            self.connection.fetchall()

    def _all_but_last(self, query: Any) -> Any:
        """Run all statements of DuckDB's but the last, which is returned."""
        if not isinstance(query, str):
            return query
        *before, last = apart(query, self.connection.extract_statements)
        for text in before:
            with noted(text, query):
                self._run(lambda text=text: self.connection.execute(text).fetchall(), text)
        return last

    def _relation(self, text: Any, alias: str, params: object) -> DuckDBPyRelation | None:
        relation: DuckDBPyRelation | None = self._run(
            lambda: self.connection.sql(text, alias=alias, params=params), text
        )
        return relation

    def _run(self, run: Any, text: Any) -> Any:
        """Run something on the connection; errors about models are said in their words."""
        try:
            try:
                result = run()
            except duckdb.CatalogException as error:
                missing = missing_hidden(error)
                if missing is None or in_transaction(self.connection):
                    raise
                equip(self.connection, also=missing)
                result = run()
        except duckdb.Error as error:
            said = diagnose(self.connection.cursor(), str(text), error)
            said = said or _unknown_function(str(text), error)
            if said is None and (shown := plain(error)) is not error:
                raise shown from error
            if said is None:
                raise
            raise said from error
        if isinstance(text, str) and _ATTACHES.search(text):
            equip(self.connection)
        return result

    def _prepare(self, statement: Statement, parameters: object) -> tuple[str, object]:
        """Carry out a statement about models; the SQL of its result, or the spliced query."""
        if isinstance(statement, Query):
            return self._spliced(statement), parameters
        from retailsql.statements import carry_out

        return carry_out(self.connection, statement, parameters, self.progress), None

    def _spliced(self, query: Query) -> str:
        from retailsql.dialect.lookup import Catalog
        from retailsql.dialect.splice import splice
        from retailsql.dialect.tokens import Walk

        return splice(Walk(query.sql, query.tokens), Catalog(self.connection))


def _part(statement: Statement) -> str | None:
    """What the errors of a statement name places in, if that is not the whole text."""
    if isinstance(statement, Query):
        return statement.sql
    return statement.query if isinstance(statement, CreateModel) else None


def _unknown_function(text: str, error: duckdb.Error) -> StatementError | None:
    from retailsql.dialect.unknown import unknown_function

    return unknown_function(text, error)


def connect(
    path: str | Path = ":memory:",
    read_only: bool = False,
    config: dict[str, Any] | None = None,
    progress: Any = None,
) -> Session:
    """Open a database file and equip it.

    Args:
        path: file of the database, made if it is not there; ``:memory:`` for none.
        read_only: open it without the right to write; several processes can then.
        config: DuckDB settings.
        progress: called with words and the share done while a model trains.

    Returns:
        A session; deployed models are functions in it, none of them loaded yet.

    Raises:
        DatabaseOpenError: the file cannot be opened, for instance since another process has it.
    """
    try:
        con = duckdb.connect(str(path), read_only=read_only, config=config or {})
    except duckdb.Error as error:
        raise _cannot_open(path, error, read_only) from error
    # Without it `SELECT * FROM df` would look for df in this file's frames only. Where the user
    # has locked the configuration, he has to do without.
    with suppress(duckdb.InvalidInputException):
        con.execute("SET python_scan_all_frames = true")
    equip(con)
    return Session(con, progress)


def _cannot_open(path: str | Path, error: duckdb.Error, read_only: bool) -> DatabaseOpenError:
    words = str(error).splitlines()[0]
    if "lock on file" in words:
        return DatabaseOpenError(
            f"The database {path} is open in another process",
            seen=words.split("See also")[0].strip(),
            todo="close it there, where it is open for writing"
            if read_only
            else "close it there, or open it with read_only=True in every process",
        )
    if "different configuration" in words:
        return DatabaseOpenError(
            f"The database {path} is open in this process with other settings",
            seen=f"read_only and config differ: {words}",
            todo="close the other connection, or open it with the same settings",
        )
    return DatabaseOpenError(
        f"The database {path} cannot be opened",
        seen=words,
        todo="check the path, its rights and the settings",
    )


def attach(con: DuckDBPyConnection) -> DuckDBPyConnection:
    """Equip a DuckDB connection that is open already: its deployed models become functions.

    Args:
        con: any DuckDB connection. Call it again after ATTACH.

    Returns:
        The same connection.
    """
    equip(raw(con))
    return con
