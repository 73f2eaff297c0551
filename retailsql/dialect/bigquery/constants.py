"""Values of STRUCT(...) and OPTIONS(...) that a script knows, written in as literals.

ML settings and options are read before anything runs, so they must be literals; a variable of the
script, a parameter of EXECUTE IMMEDIATE and an expression of such are known just before that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from retailsql.dialect.bigquery.lexing import renamed
from retailsql.dialect.bigquery.variables import NAMED, POSITION
from retailsql.dialect.tokens import Walk, is_quoted
from retailsql.registry.names import literal

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_AS_WRITTEN = ("HPARAM_RANGE", "HPARAM_CANDIDATES", "STRUCT", "NUMERIC", "BIGNUMERIC")


class Constants:
    """Puts literals in the places of values.

    Args:
        text: the whole script.
        known: True if a name is a variable of the script.
        value: the value of an expression, given as tokens.
    """

    def __init__(
        self, text: str, known: Callable[[str], bool], value: Callable[[Sequence[Token]], Any]
    ) -> None:
        self._text, self._known, self._value = text, known, value

    def fill(self, tokens: Sequence[Token]) -> list[Token]:
        """``STRUCT(value AS name, ...)`` or ``OPTIONS(name = value, ...)`` with literals in it.

        Args:
            tokens: any; what is behind neither word stays as it is.
        """
        out: list[Token] = []
        walk = Walk(self._text, tokens)
        while not walk.done:
            begins = walk.peek() in ("STRUCT", "OPTIONS") and walk.peek(1) == "("
            out.append(tokens[walk.at])
            walk.at += 1
            if not begins:
                continue
            option = out[-1].text.upper() == "OPTIONS"
            start, stop = walk.group()
            out.append(tokens[start - 1])
            out += self.listed(tokens[start:stop], option)
            out.append(tokens[stop])
        return out

    def listed(self, tokens: Sequence[Token], option: bool = True) -> list[Token]:
        """What stands between those brackets, with literals in it."""
        out: list[Token] = []
        walk = Walk(self._text, tokens)
        for start, stop in walk.split(0, len(tokens)):
            if start:
                out.append(tokens[start - 1])
            part = tokens[start:stop]
            cut = _cut(part, option)
            out += [*part[:cut], *self._literal(part[cut:])] if option else [
                *self._literal(part[:cut]), *part[cut:],
            ]  # fmt: skip
        return out

    def _literal(self, tokens: Sequence[Token]) -> list[Token]:
        """One value."""
        walk = Walk(self._text, tokens)
        head = walk.peek()
        if head in ("HPARAM_RANGE", "HPARAM_CANDIDATES") and walk.peek(1) == "(":
            inner = self.listed(tokens[2:-1], option=False)
            return [*tokens[:2], *inner, tokens[-1]]
        called = head.isidentifier() and walk.peek(1) == "(" and head not in _AS_WRITTEN
        if not called and not any(self._is_known(t) for t in tokens):
            return list(tokens)
        token = renamed(tokens[0], written(self._value(tokens)))
        return [token]

    def _is_known(self, token: Token) -> bool:
        if is_quoted(token):
            return False
        return token.text.startswith((POSITION, NAMED)) or self._known(token.text.lower())


def _cut(part: Sequence[Token], option: bool) -> int:
    """Behind the ``=`` of an option; before the ``AS`` of a setting."""
    places = [i for i, t in enumerate(part) if t.text.upper() == ("=" if option else "AS")]
    if option:
        return places[0] + 1 if places else len(part)
    return places[-1] if places else len(part)


def written(value: Any) -> str:
    """A value as a literal of OPTIONS(...) and STRUCT(...).

    >>> written(["it's", None, True, 0.5]), written([{"key": "a", "value": "b"}])
    ("['it''s', NULL, true, 0.5]", "[('a', 'b')]")
    """
    from decimal import Decimal

    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return f"({', '.join(map(written, value.values()))})"
    return literal(str(value))
