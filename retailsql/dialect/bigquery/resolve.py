"""Names in a statement that a script knows values for: variables, ``?`` and ``@name``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from retailsql.dialect.bigquery.columns import Scope
from retailsql.dialect.bigquery.kinds import mark
from retailsql.dialect.bigquery.lexing import read_tokens, refuse, renamed
from retailsql.dialect.bigquery.variables import ERROR, NAMED, POSITION
from retailsql.errors import StatementError
from retailsql.registry.names import quote

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

Variable = Callable[[str], tuple[str, str | None] | None]
_MESSAGE = ["@", f"{NAMED}error", "."]


class ScriptNames:
    """Puts values in the places of a script's names.

    Args:
        text: the whole script.
        variable: the SQL and kind of a variable, or None if there is none of that name; None:
            there are no variables, and placeholders stay.
        columns: gives what says which columns the tables of some names have.
        refuse: makes the error about a node.
    """

    def __init__(
        self,
        text: str,
        variable: Variable | None,
        columns: Callable[[], Callable[[set[str]], set[str]]],
        refuse: Callable[[Any, str], Callable[..., StatementError]],
    ) -> None:
        self._text, self._variable, self._columns = text, variable, columns
        self._refuse = refuse
        self._taken: set[str] | None = None
        self._placeholders: list[int] | None = None

    def begin(self) -> None:
        """Another statement is looked at."""
        self._taken = None

    def resolve(self, root: Any, bare: bool, column: Any, scope: Scope) -> None:
        """A name that is no column here but a variable or parameter of the script.

        Where it is not known which columns there are, a name that may be one is refused.

        Args:
            root: the statement.
            bare: it is an expression behind a SELECT that was put before it: without an alias.
            column: the name.
            scope: the columns in sight.
        """
        from sqlglot import exp

        first, *rest = [p.name for p in column.parts]
        found = self._variable(first) if self._variable is not None else None
        if found is None:
            if first.startswith((POSITION, NAMED)):
                raise self._refuse(column, "This parameter has no value")()
            return
        if rest and scope.named(first):
            return
        if not scope.complete and first.lower() in self._names_taken(root):
            raise self._refuse(column, f"{first!r} is a variable and a column too")(
                todo="give one of the two another name"
            )
        fields = "".join(f".{quote(name)}" for name in rest)
        made = exp.Var(this=f"({found[0]}){fields}") if rest else exp.Var(this=found[0])
        mark(made, None if rest else found[1])
        listed = isinstance(column.parent, exp.Select) and column.arg_key == "expressions"
        named = listed and not first.startswith("__rs_")
        named = named and not (bare and column.parent is root)
        column.replace(exp.alias_(made, [first, *rest][-1], quoted=True) if named else made)

    def _names_taken(self, root: Any) -> set[str]:
        """Names that are columns, or may be."""
        from sqlglot import exp

        if self._taken is None:
            self._taken = {a.alias.lower() for a in root.find_all(exp.Alias, exp.CTE)}
            tables = {t.name.lower() for t in root.find_all(exp.Table)}
            self._taken |= self._columns()(tables)
        return self._taken

    def parameters(self, tokens: Sequence[Token]) -> list[Token]:
        """``?`` and ``@name`` as names, for which a script knows values."""
        if self._variable is None:
            return list(tokens)
        out: list[Token] = []
        for token in tokens:
            if token.token_type.name == "PLACEHOLDER" and token.text == "?":
                out.append(renamed(token, f"{POSITION}{self._number(token)}"))
            elif token.text == "message" and [t.text for t in out[-3:]] == _MESSAGE:
                out[-3:] = [renamed(token, ERROR)]
            elif out and out[-1].text == "@" and token.text.isidentifier():
                out[-1] = renamed(token, f"{NAMED}{token.text.lower()}")
            else:
                out.append(token)
        self._refuse_system(out)
        return out

    def _number(self, token: Token) -> int:
        """Which placeholder of the whole script this one is."""
        if self._placeholders is None:
            marks = (t for t in read_tokens(self._text) if t.token_type.name == "PLACEHOLDER")
            self._placeholders = [t.start for t in marks]
        return self._placeholders.index(token.start)

    def _refuse_system(self, tokens: Sequence[Token]) -> None:
        for a, b in pairwise(tokens):
            if a.text == "@" and (b.text == "@" or b.text.startswith(NAMED)):
                raise refuse(
                    self._text, a.start, "This system variable is not translated",
                    wanted="@@error.message",
                )  # fmt: skip
