"""One ``ML.NAME(...)`` of a statement, read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from retailsql.dialect.lookup import Catalog
from retailsql.dialect.tokens import Walk
from retailsql.dialect.values import Field
from retailsql.errors import StatementError


@dataclass
class MLCall:
    """What stands in the brackets of ``ML.NAME(...)``.

    Args:
        verb: NAME in upper case.
        place: a walk over the call's tokens, for errors at its line and column.
        catalog: what is in the database.
        model: the model's name as written; None for functions of rows alone.
        relations: SQL that may stand after FROM, as written, with ML calls inside it spliced.
        values: the text of a plain array argument, ``[0.1, 0.2]`` or ``GENERATE_ARRAY(...)``.
        fields: what stood in STRUCT(...), with its place.
        settings: the same, checked and typed.
        before: the text of the statement up to the call, with ML calls in it spliced.
        registered: a model named behind the rows, as ML.VALIDATE_DATA_DRIFT takes one.
    """

    verb: str
    place: Walk
    catalog: Catalog
    model: str | None = None
    relations: list[str] = field(default_factory=list)
    values: str | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    before: str = ""
    registered: str | None = None

    @property
    def relation(self) -> str | None:
        """The rows, or None if there are none."""
        return self.relations[0] if self.relations else None

    def describe(self, which: int = 0) -> dict[str, str]:
        """Column -> DuckDB type of a relation, without running it."""
        return self.catalog.describe(self.relations[which], self.before)

    def error(
        self, fact: str, seen: str | None = None, wanted: str | None = None, todo: str | None = None
    ) -> StatementError:
        """An error at the call's place."""
        self.place.at = 0
        return self.place.error(fact, seen=seen or f"ML.{self.verb}", wanted=wanted, todo=todo)
