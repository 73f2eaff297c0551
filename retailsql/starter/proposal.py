"""What is proposed: the mapping of one or more files to the vocabulary, and what is not sure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from retailsql.errors import ProjectError
from retailsql.starter.vocabulary import VOCABULARY


@dataclass(frozen=True)
class Choice:
    """One column of the vocabulary.

    Args:
        word: its name.
        sql: the expression over their columns that stands for it.
        columns: their columns in it; empty if they have none.
        sure: nothing speaks against it.
        why: what was done, and what speaks against it; empty if there is nothing to say.
        other: their column that is the second-best candidate; empty if none comes near.
        unread: share of their values, of all rows, that the expression does not read.
    """

    word: str
    sql: str
    columns: tuple[str, ...] = ()
    sure: bool = True
    why: str = ""
    other: str = ""
    unread: float = 0.0

    @property
    def missing(self) -> bool:
        """Whether they have no such column."""
        return not self.columns

    @property
    def left_out(self) -> bool:
        """Whether the mapping says NULL without quotes: staging does what it does without one.

        A time is always written as SQL: the source's freshness asks for it.
        """
        return self.missing and self.sql == "NULL" and self.word != "ordered_at"


@dataclass(frozen=True)
class TableChoice:
    """One table of the vocabulary.

    Args:
        table: order_lines, customers or products.
        relation: what stands after FROM.
        choices: one for each of its columns, in the vocabulary's order, and known_from if known.
        where: condition on their rows; empty for all.
        why_where: in words.
        sure_where: False if a person should look at the condition.
        why: how it was found out what they hold.
    """

    table: str
    relation: str
    choices: tuple[Choice, ...]
    where: str = ""
    why_where: str = ""
    sure_where: bool = True
    why: str = ""

    def __getitem__(self, word: str) -> Choice:
        return next(c for c in self.choices if c.word == word)


@dataclass(frozen=True)
class Proposal:
    """A mapping of their tables to the vocabulary.

    Args:
        tables: one for each table of the vocabulary, in its order.
        missing: what they have not, and what cannot be made without it, in words.
        notes: what else a person should know, in words.
        rows: of the relations that were looked at, by relation.
    """

    tables: tuple[TableChoice, ...]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)

    def __getitem__(self, table: str) -> TableChoice:
        return next(t for t in self.tables if t.table == table)

    @property
    def unsure(self) -> tuple[tuple[str, Choice], ...]:
        """(table, choice) of all that a person should look at."""
        return tuple((t.table, c) for t in self.tables for c in t.choices if not c.sure)

    def mapping(self) -> dict[str, dict[str, object]]:
        """As it stands under ``vars`` in ``dbt_project.yml``."""
        found: dict[str, dict[str, object]] = {}
        for table in self.tables:
            where = {"where": table.where} if table.where else {}
            columns = {c.word: None if c.left_out else c.sql for c in table.choices}
            found[table.table] = {"from": table.relation, **where, "columns": columns}
        return found

    def query(self, table: str) -> str:
        """The SELECT that gives a table of the vocabulary, to look at before anything is built.

        Raises:
            ProjectError: the vocabulary has no such table.
        """
        if table not in VOCABULARY:
            raise ProjectError(
                f"The vocabulary has no table {table!r}", wanted=", ".join(VOCABULARY)
            )
        chosen = self[table]
        columns = ",\n    ".join(f"{c.sql} AS {c.word}" for c in chosen.choices)
        where = f"\nWHERE {chosen.where}" if chosen.where else ""
        return f"SELECT\n    {columns}\nFROM {chosen.relation}{where}"
