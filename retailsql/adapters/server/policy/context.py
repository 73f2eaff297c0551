"""What the checks of one statement share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from duckdb import DuckDBPyConnection

from retailsql.adapters.server.policy.known import Known, Place, known
from retailsql.adapters.server.policy.names import Path, place
from retailsql.adapters.server.policy.shim import Shim
from retailsql.adapters.server.records import Rights

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


@dataclass
class Asked:
    """Who asks, where, and what was found so far.

    Args:
        con: a connection to the instance.
        rights: of the person.
        tokens: of his own text, to tell places in it.
        path: databases and schemas, in lower case, in which names without one are looked up.
        database: the name of the file's database, in lower case.
        shim: the catalog's database.
        spliced: the text holds what was made of an ``ML.X(...)``, which may use hidden things.
        names: what the instance holds.
        tables: that are read or written.
        models: whose functions are called, as ``schema.name``.
        defining: it is the query of a view, which others will read by other search paths.
        making: that view, if it is there already.
        relations: that it reads, with those of its views.
        joins: of those.
        copies: of each part of it, at most.
    """

    con: DuckDBPyConnection
    rights: Rights
    tokens: Sequence[Token] | None
    path: list[tuple[str, str]]
    database: str
    shim: Shim
    spliced: bool
    names: Known
    tables: list[Place] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    reread: bool = False
    defining: bool = False
    making: list[Place] = field(default_factory=list)
    relations: int = 0
    joins: int = 0
    copies: int = 1

    def again(self) -> Asked:
        """Itself, its names read anew, but once only: something may just have been made."""
        if not self.reread:
            self.reread = True
            self.names = known(self.con, again=True)
        return self

    def place(self, path: Path) -> int | None:
        """Where the person wrote a name."""
        return place(self.tokens, path[-1])
