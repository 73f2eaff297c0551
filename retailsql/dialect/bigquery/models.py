"""Statements about models: their names, literals and queries translated, all else as written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from retailsql.dialect.bigquery.constants import Constants
from retailsql.dialect.bigquery.ddl import model_name
from retailsql.dialect.bigquery.ml import verbatim
from retailsql.dialect.bigquery.names import Catalog
from retailsql.dialect.tokens import Walk
from retailsql.registry.names import proposal, split_name

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

Query = Callable[[Sequence["Token"]], str]


class Models:
    """Reads statements about models.

    Args:
        text: the whole script.
        catalog: gives what is in the database now.
        query: translates the tokens of a query.
        constants: writes values that the script knows into OPTIONS(...).
    """

    def __init__(
        self, text: str, catalog: Callable[[], Catalog], query: Query, constants: Constants
    ) -> None:
        self._text, self._catalog, self._sql, self._constants = text, catalog, query, constants
        self._names: dict[str, str] = {}

    def create(self, walk: Walk, head: str) -> str:
        """CREATE MODEL, the walk standing behind these words."""
        out = [head]
        if walk.take("IF", "NOT", "EXISTS"):
            out.append("IF NOT EXISTS")
        out.append(self.name(walk, made=True))
        if walk.take("TRANSFORM"):
            start, stop = walk.group()
            columns = self._select([select_token(walk.tokens[start - 1]), *walk.tokens[start:stop]])
            out.append(f"TRANSFORM({columns})")
        for word in ("REMOTE",):
            if walk.peek() == word:
                raise walk.error("Remote models are not translated", seen="REMOTE")
        for word in ("INPUT", "OUTPUT", "OPTIONS"):
            if walk.take(word):
                start, stop = walk.group()
                held = walk.tokens[start:stop]
                if word == "OPTIONS":
                    held = self._constants.listed(held)
                out.append(f"{word}({verbatim(held, self._text)})")
        if walk.take("AS"):
            out.append("AS " + self._training(walk))
        elif not walk.done:
            raise walk.error("Did not expect this", wanted="OPTIONS(...) or AS SELECT ...")
        return " ".join(out)

    def _training(self, walk: Walk) -> str:
        rest = walk.tokens[walk.at :]
        if not rest:
            raise walk.error("A query is missing behind AS", wanted="AS SELECT ...")
        if walk.peek() != "(" or walk.peek(2) != "AS" or walk.peek(3) != "(":
            return self._sql(rest)
        start, stop = walk.group()
        made = []
        for begin, end in walk.split(start, stop):
            part = walk.sub(begin, end)
            name = part.name()
            part.expect("AS")
            inner = part.sub(*part.group())
            made.append(f"{name} AS ({self._sql(inner.tokens)})")
        return f"({', '.join(made)})"

    def about(self, walk: Walk, head: str) -> str:
        """DROP, ALTER and EXPORT MODEL, the walk standing behind these words."""
        exists = " IF EXISTS" if walk.take("IF", "EXISTS") else ""
        name = self.name(walk)
        rest = verbatim(self._constants.fill(walk.tokens[walk.at :]), self._text)
        return f"{head}{exists} {name} {rest}".strip()

    def name(self, walk: Walk, made: bool = False) -> str:
        """A model's name: dashes of a project and all, as DuckDB has it."""
        at = walk.at
        name = walk.name()
        while walk.peek() == "-" and "." in walk.slice(walk.at, len(walk.tokens)):
            walk.at += 1
            name = f"`{name.strip('`')}-{walk.name()}`"
        parts = [p for p in split_name(name) if p]
        place, missing = self._catalog().place(parts)
        if missing is not None:
            walk.at = at
            todo = f"run CREATE SCHEMA {missing} first" if made else "check the name"
            raise walk.error(f"There is no schema {missing!r}", seen=".".join(parts), todo=todo)
        place[-1] = self._plain(place[-1], walk)
        return model_name(place)

    def _plain(self, name: str, walk: Walk) -> str:
        """A name that functions can be made of: BigQuery allows dashes and the like in it.

        Raises:
            StatementError: two names of the script would be one.
        """
        plain = proposal(name.lower())
        held = self._names.setdefault(plain, name.lower())
        if held != name.lower():
            raise walk.error(
                "Two models would have one name here", seen=f"{held}, {name}", wanted=plain,
                todo="give one of them another name",
            )  # fmt: skip
        return name if plain == name.lower() else plain

    def _select(self, tokens: Sequence[Token]) -> str:
        """A select list, behind a SELECT that was put before it."""
        return self._sql(tokens).removeprefix("SELECT ")


def select_token(token: Token) -> Token:
    """A SELECT that stands where another token does."""
    from sqlglot.tokenizer_core import Token as Made
    from sqlglot.tokenizer_core import TokenType

    return Made(TokenType.SELECT, "SELECT", token.line, token.col, token.start, token.end)
