"""The contract of a node: its columns and their types are exactly those of the yml file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import duckdb

from retailsql.errors import ProjectError, RetailSQLError
from retailsql.registry.names import quote
from retailsql.runner.engine_error import refused
from retailsql.runner.node import Column, Node, Place


class _Wrong(NamedTuple):
    """A column that is not as promised: how, in a list of several, and in a sentence of its own."""

    how: str
    short: str
    place: Place
    fact: str
    seen: str | None
    wanted: str | None
    todo: str


_MISSING, _MORE, _TYPE = "missing", "not in the contract", "types that differ"


def check_contract(con: Any, node: Node, sql: str | None = None) -> None:
    """Compare what a node's SQL would make with the columns its yml file promises.

    Nothing is run: DESCRIBE binds the SQL and calls no function. Names are compared with their
    case and types as DuckDB spells them, as dbt does; the order of columns is free.

    Args:
        con: a DuckDB connection or a Session.
        node: the node; without ``contract`` nothing is checked.
        sql: its SQL, if another than ``node.sql`` is to be run (``node.again``).

    Raises:
        ProjectError: a column is missing, not expected, or of another type; or the SQL cannot be
            bound. The message names file and line of every column.

    >>> a = Column("a", "INT", place=Place("models/_models.yml", 5))
    >>> node = Node("m", "models/m.sql", "table", "SELECT 1.5 AS a", columns=(a,), contract=True)
    >>> check_contract(duckdb.connect(), node)
    Traceback (most recent call last):
        ...
    retailsql.errors.ProjectError: models/_models.yml:5: models/m.sql breaks the contract of its \
column a. Seen: DECIMAL(2,1). Wanted: INTEGER. What to do: cast it in the SQL, or change data_type.
    """
    if not node.contract:
        return
    if not node.columns:
        raise ProjectError(
            f"{node.place}: the contract of {node.name} names no columns",
            todo="list them with name and data_type, or take the contract out",
        )
    wrong = _differences(node, _made(con, node, sql), _promised(con, node))
    if len(wrong) == 1:
        one = wrong[0]
        raise ProjectError(
            f"{one.place}: {node.file} {one.fact}", seen=one.seen, wanted=one.wanted, todo=one.todo
        )
    if wrong:
        raise ProjectError(
            f"{wrong[0].place}: {node.file} breaks the contract of {len(wrong)} columns",
            seen=_listed(wrong),
            todo="correct the SQL, or the yml file",
        )


def _listed(wrong: Sequence[_Wrong]) -> str:
    """Several columns: the names, each with what has to be known of it."""
    named = ((how, [w.short for w in wrong if w.how == how]) for how in (_MISSING, _MORE, _TYPE))
    return "; ".join(f"{how}: {', '.join(those)}" for how, those in named if those)


def columns_for_create(node: Node) -> str:
    """Columns, types and NOT NULL as they stand in CREATE TABLE, in the order of the yml file.

    dbt-duckdb makes a table under contract in two steps, and so must we for the same table:
    ``CREATE TABLE t (...)`` and ``INSERT INTO t (names) SELECT names FROM (sql)``. Its columns have
    the order of the yml file, not of the SQL. NOT NULL is a constraint of the table, so a NULL is
    refused by the engine while rows are inserted. Views have no constraints.

    >>> node = Node("m", "m.sql", "table", "", columns=(Column("a", "INT", not_null=True),))
    >>> columns_for_create(node)
    '("a" INT NOT NULL)'
    """
    parts = (f"{quote(c.name)} {c.type}{' NOT NULL' if c.not_null else ''}" for c in node.columns)
    return f"({', '.join(parts)})"


def null_refused(node: Node, error: duckdb.ConstraintException) -> ProjectError | None:
    """The error for a NULL that the constraint of a contract refused; None if it is about another.

    >>> column = Column("a", "INT", place=Place("models/_models.yml", 5), not_null=True)
    >>> node = Node("m", "models/m.sql", "table", "", columns=(column,))
    >>> error = duckdb.ConstraintException("NOT NULL constraint failed: m.a")
    >>> null_refused(node, error).fact
    'models/_models.yml:5: models/m.sql has a NULL in column a, which its contract forbids'
    """
    for column in node.columns:
        if column.not_null and str(error).rstrip().endswith(f".{column.name}"):
            return ProjectError(
                f"{_at(column, node)}: {node.file} has a NULL in column {column.name}, which its "
                "contract forbids",
                todo="fill it or leave such rows out, or take the not_null constraint out",
            )
    return None


def _made(con: Any, node: Node, sql: str | None) -> dict[str, str]:
    """Types by name as the SQL would make them."""
    text = node.sql if sql is None else sql
    lines = (node.lines_again or node.lines) if text == node.again else node.lines
    lines = lines if text in (node.sql, node.again) else ()
    statement = f"DESCRIBE\n{text}"
    try:
        rows = con.execute(statement).fetchall()
    except duckdb.InterruptException:
        raise
    except (duckdb.Error, RetailSQLError) as error:
        raise refused(node, error, statement, text, lines) from error
    return {row[0]: row[1] for row in rows}


def _promised(con: Any, node: Node) -> dict[str, str]:
    """Types by name as the yml file promises them, as DuckDB spells them."""
    for column in node.columns:
        if not column.type:
            raise ProjectError(
                f"{_at(column, node)}: column {column.name} of {node.name} has no data_type",
                wanted="a type for every column of a model under contract",
                todo="write data_type: VARCHAR, or what it is",
            )
    try:
        return _spelled(con, node.columns)
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        for column in node.columns:  # which one is it?
            try:
                _spelled(con, [column])
            except duckdb.Error as error:
                raise ProjectError(
                    f"{_at(column, node)}: data_type of column {column.name} is no type",
                    seen=column.type, wanted="a type of DuckDB's, DECIMAL(18,2) or VARCHAR",
                    todo="correct data_type",
                ) from error  # fmt: skip
        raise


def _spelled(con: Any, columns: Sequence[Column]) -> dict[str, str]:
    """Types by name as DuckDB spells them."""
    parts = ", ".join(f"CAST(NULL AS {c.type}) AS {quote(c.name)}" for c in columns)
    return {row[0]: row[1] for row in con.execute(f"DESCRIBE SELECT {parts}").fetchall()}


def _differences(node: Node, made: dict[str, str], promised: dict[str, str]) -> list[_Wrong]:
    """Every column that is not as promised."""
    found = []
    for column in node.columns:
        name, place = column.name, _at(column, node)
        if name not in made:
            near = [other for other in made if other.lower() == name.lower()]
            there = f"{near[0]} (case counts)" if near else None
            found.append(_Wrong(
                _MISSING, f"{name} ({f'there is {there}, ' if there else ''}{place})", place,
                f"does not make the column {name} of its contract", there,
                f"{name} {promised[name]}", "add it to the SQL, or take it out of the yml file",
            ))  # fmt: skip
        elif made[name] != promised[name]:
            found.append(_Wrong(
                _TYPE, f"{name} {made[name]}, wanted {promised[name]} ({place})", place,
                f"breaks the contract of its column {name}", made[name], promised[name],
                "cast it in the SQL, or change data_type",
            ))  # fmt: skip
    told = {name.lower() for name in promised}  # a name in another case is told above
    found += [
        _Wrong(
            _MORE, f"{name} {kind}", node.place,
            f"makes a column {name} that its contract does not have", f"{name} {kind}", None,
            "take it out of the SQL, or add it to the yml file with its data_type",
        )
        for name, kind in made.items() if name.lower() not in told
    ]  # fmt: skip
    return found


def _at(column: Column, node: Node) -> Place:
    """Where a column is described; where its node is if that is not known."""
    return column.place if column.place.file else node.place
