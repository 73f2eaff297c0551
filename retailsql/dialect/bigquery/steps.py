"""The steps of a script in BigQuery's procedural language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

Tokens = Sequence["Token"]


@dataclass(frozen=True)
class Plain:
    """Any statement of SQL."""

    tokens: Tokens


@dataclass(frozen=True)
class Declare:
    """``DECLARE a, b type DEFAULT expression``."""

    tokens: Tokens
    names: list[str]
    type: Tokens
    default: Tokens


@dataclass(frozen=True)
class Assign:
    """``SET a = expression`` or ``SET (a, b) = (expression, expression)``."""

    tokens: Tokens
    names: list[str]
    value: Tokens


@dataclass(frozen=True)
class If:
    """``IF c THEN ... ELSEIF c THEN ... ELSE ... END IF``; the last one has no condition."""

    tokens: Tokens
    branches: list[tuple[Tokens, list[Step]]]


@dataclass(frozen=True)
class Loop:
    """``WHILE c DO``, ``LOOP``, ``REPEAT ... UNTIL c`` and ``FOR x IN (query) DO``."""

    tokens: Tokens
    kind: str
    condition: Tokens
    body: list[Step]
    name: str = ""
    label: str = ""


@dataclass(frozen=True)
class Block:
    """``BEGIN ... EXCEPTION WHEN ERROR THEN ... END``."""

    tokens: Tokens
    body: list[Step]
    handler: list[Step] | None = None
    label: str = ""


@dataclass(frozen=True)
class Execute:
    """``EXECUTE IMMEDIATE expression INTO a, b USING x AS name, y``."""

    tokens: Tokens
    text: Tokens
    into: list[str]
    using: list[tuple[str, Tokens]]


@dataclass(frozen=True)
class Procedure:
    """``CREATE PROCEDURE name(IN a type, OUT b type) BEGIN ... END``."""

    tokens: Tokens
    name: str
    parameters: list[tuple[str, str, Tokens]]
    body: list[Step]


@dataclass(frozen=True)
class CallProcedure:
    """``CALL name(arguments)``."""

    tokens: Tokens
    name: str
    arguments: list[Tokens]


@dataclass(frozen=True)
class Jump:
    """``BREAK``, ``CONTINUE`` (of the loop with the label, or the innermost) and ``RETURN``."""

    tokens: Tokens
    kind: str
    label: str = ""


@dataclass(frozen=True)
class Check:
    """``ASSERT condition AS 'words'``, and ``RAISE USING MESSAGE = words``, of no condition."""

    tokens: Tokens
    condition: Tokens
    words: Tokens


Step = (
    Plain | Declare | Assign | Check | If | Loop | Block | Jump | Execute | Procedure
    | CallProcedure
)  # fmt: skip


def last_part(name: str) -> str:
    """The last part of a dotted name, lower case: a procedure's own name."""
    return name.replace("`", "").rpartition(".")[2].lower()
