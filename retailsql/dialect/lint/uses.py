"""The calls of models in a statement, by tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from retailsql.dialect.tokens import Walk, is_string
from retailsql.errors import StatementError
from retailsql.functions.macros import ALL_VERBS

ROW_VERBS = frozenset({"score", "predict", "explain", "transform"})
"""Verbs of functions that take the features of one row."""
_CALLS = re.compile(rf"_(?:{'|'.join(ALL_VERBS)})\"?\s*\(|\bML\s*\.", re.IGNORECASE)


def may_call(sql: str) -> bool:
    """A quick look: False means that a text calls no model.

    >>> may_call("SELECT churn_score(c) FROM c"), may_call("SELECT score FROM predict")
    (True, False)
    """
    return _CALLS.search(sql) is not None


@dataclass(frozen=True)
class Use:
    """One call.

    Args:
        ml: True for ``ML.NAME(MODEL m, ...)``, False for ``m_verb(...)``.
        verb: NAME, or the verb.
        model: the model's name as written.
        start: first token.
        stop: token behind the closing bracket.
        arguments: token ranges, without that of the model.
        name_at: token at which the model, or the function, is named.
    """

    ml: bool
    verb: str
    model: str
    start: int
    stop: int
    arguments: tuple[tuple[int, int], ...]
    name_at: int

    @property
    def called(self) -> str:
        """As people write it, without arguments."""
        return f"ML.{self.verb}(MODEL {self.model})" if self.ml else f"{self.model}_{self.verb}"


def find_uses(walk: Walk) -> list[Use]:
    """Every ``ML.NAME(MODEL m ...)`` and everything that looks like ``m_verb(...)``."""
    found: list[Use] = []
    for i in range(len(walk.tokens) - 2):
        use = _ml(walk, i) or _function(walk, i)
        if use is not None and not (found and found[-1].ml and found[-1].start == i - 2):
            found.append(use)  # not the EXPLAIN_PREDICT of ML.EXPLAIN_PREDICT once more
    return found


def _ml(walk: Walk, i: int) -> Use | None:
    walk.at = i
    if walk.peek() != "ML" or (i and walk.tokens[i - 1].text == "."):
        return None
    dot, verb, bracket, model = (walk.peek(k) for k in range(1, 5))
    if (dot, bracket, model) != (".", "(", "MODEL"):
        return None
    walk.at = i + 3
    try:
        parts = walk.split(*walk.group())
        stop = walk.at
        walk.at = parts[0][0] + 1
        name = walk.name()
    except StatementError:
        return None
    return Use(True, verb, name, i, stop, tuple(parts[1:]), parts[0][0] + 1)


def _function(walk: Walk, i: int) -> Use | None:
    walk.at = i + 1
    if walk.peek() != "(":
        return None
    text = walk.tokens[i].text
    model, _, verb = text.rpartition("_")
    if not model or verb.lower() not in ALL_VERBS or not _can_name(walk, i):
        return None
    start = i
    while start >= 2 and walk.tokens[start - 1].text == ".":
        start -= 2
    try:
        parts = walk.split(*walk.group())
    except StatementError:
        return None
    prefix = walk.sql[walk.tokens[start].start : walk.tokens[i].start]
    return Use(False, verb.lower(), prefix + model, start, walk.at, tuple(parts), i)


def _can_name(walk: Walk, i: int) -> bool:
    token = walk.tokens[i]
    if is_string(token):
        return token.token_type.name == "IDENTIFIER"
    return token.text[:1].isidentifier() and not (i and walk.tokens[i - 1].text == "MACRO")
