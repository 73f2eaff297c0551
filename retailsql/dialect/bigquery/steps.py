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


@dataclass(frozen=True)
class Block:
    """``BEGIN ... EXCEPTION WHEN ERROR THEN ... END``."""

    tokens: Tokens
    body: list[Step]
    handler: list[Step] | None = None


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
    """``BREAK``, ``CONTINUE`` and ``RETURN``."""

    tokens: Tokens
    kind: str


Step = Plain | Declare | Assign | If | Loop | Block | Execute | Procedure | CallProcedure | Jump
