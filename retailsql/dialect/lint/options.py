"""RS003: options of CREATE MODEL that training would refuse, at their names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

from retailsql.dialect.lint.sentences import sentence
from retailsql.dialect.lint.statement import Statement
from retailsql.errors import RetailSQLError


class OptionChecker(Protocol):
    """What training says of options; given from above, as this layer does not know training."""

    def __call__(
        self, options: Mapping[str, Any], columns: Collection[str] | None
    ) -> Iterable[tuple[str, RetailSQLError]]:
        """Name of an option and what is wrong with it.

        Args:
            options: of CREATE MODEL.
            columns: of the training SELECT; None if they are not known.
        """


def check_options(
    statement: Statement,
    checker: OptionChecker,
    options: Mapping[str, Any],
    columns: Collection[str] | None,
) -> None:
    """The rule.

    Args:
        statement: the CREATE MODEL.
        checker: what training says.
        options: as written.
        columns: of the training SELECT; None if they are not known.
    """
    for name, error in checker(options, columns):
        statement.add("RS003", _place(statement, name, str(error.seen or "")), *sentence(error))


def _place(statement: Statement, option: str, seen: str) -> int:
    """The token of the value that was seen, behind the option's name; else the name itself."""
    words = statement.words
    start = next((i for i, w in enumerate(words) if w == "OPTIONS"), 0)
    texts = [t.text.lower() for t in statement.piece.tokens]
    at = next((i for i in range(start, len(texts)) if texts[i] == option.lower()), start)
    value = seen.strip("'\"").lower()
    for i in range(at + 1, len(texts)):
        if texts[i] == value:
            return i
        if texts[i] in (",", ")") and statement.context.parent[i] == statement.context.parent[at]:
            break
    return at
