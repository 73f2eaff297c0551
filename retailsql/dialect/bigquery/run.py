"""Run a script in BigQuery's dialect on a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import duckdb

from retailsql.dialect.bigquery.evaluate import Runs
from retailsql.dialect.bigquery.interpret import Interpreter
from retailsql.dialect.bigquery.script import read_script
from retailsql.registry.names import literal


def run(
    session: Runs,
    text: str,
    parameters: Sequence[Any] | Mapping[str, Any] | None = None,
    each: Callable[[Any], None] | None = None,
) -> Any:
    """Run a script in BigQuery's dialect.

    Args:
        session: where.
        text: the script.
        parameters: values of ``?`` (a sequence) or ``@name`` (a mapping).
        each: called with the relation of every statement that has rows, in order.

    Returns:
        The relation of the last statement, or None if it has no rows.

    Raises:
        StatementError: something cannot be read or translated; names line and column.
        duckdb.Error: a statement fails; a note says which.
    """
    steps = read_script(text)
    interpreter = Interpreter(session, text, each)
    interpreter.variables.give(session.connection, parameters)
    with _in_utc(session.connection):
        interpreter.run(steps)
    session.findings = interpreter.findings
    return interpreter.last


@contextmanager
def _in_utc(con: Any) -> Iterator[None]:
    """BigQuery's clock is UTC's, also where a column is TIMESTAMPTZ.

    A user who has locked the settings keeps his own zone.
    """
    ((zone,),) = con.execute("SELECT current_setting('TimeZone')").fetchall()
    if zone not in ("UTC", "Etc/UTC"):
        with suppress(duckdb.InvalidInputException):
            con.execute("SET TimeZone = 'UTC'")
    try:
        yield
    finally:
        if zone not in ("UTC", "Etc/UTC"):
            with suppress(duckdb.Error):
                con.execute(f"SET TimeZone = {literal(zone)}")
