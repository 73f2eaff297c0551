"""The columns a TRANSFORM makes, as SQL: what stands between raw columns and the hidden function.

A part of a step is SQL, the position of a raw column, or, counted on from those, the position of
an earlier step: the list of which a step takes one element, the struct of which it takes a field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from retailsql.registry.names import quote
from retailsql.signature import Signature

SHARED = "__rs_shared"


@dataclass(frozen=True)
class Made:
    """SQL of made columns, and of what several of them are taken from.

    Args:
        columns: SQL of each, in the order asked for.
        shared: name -> SQL of the values that ``columns`` call ``__rs_shared.<name>``.
    """

    columns: tuple[str, ...]
    shared: Mapping[str, str]

    def around(self, sql: str) -> str:
        """``sql``, which uses the columns, with each shared value computed once."""
        if not self.shared:
            return sql
        packed = ", ".join(f"{quote(name)} := {value}" for name, value in self.shared.items())
        return f"list_transform([struct_pack({packed})], lambda {SHARED}: {sql})[1]"


def inlined(signature: Signature, reference: Callable[[str], str]) -> dict[str, str]:
    """Name -> SQL of every step over raw columns alone.

    Args:
        signature: with its raw columns and steps.
        reference: raw column -> SQL.
    """
    return dict(zip([s.name for s in signature.steps], _all(signature, reference), strict=True))


def _all(signature: Signature, reference: Callable[[str], str]) -> list[str]:
    known = [reference(column.name) for column in signature.raw]
    for step in signature.steps:
        known.append(step.sql(known.__getitem__))
    return known[len(signature.raw) :]


def features_made(signature: Signature, reference: Callable[[str], str]) -> Made:
    """The features' columns, what several of them share written once.

    Args:
        signature: with its raw columns and steps.
        reference: raw column -> SQL.
    """
    n = len(signature.raw)
    whole = _all(signature, reference)
    steps = {step.name: step for step in signature.steps}
    wanted = [steps[feature.name] for feature in signature.features]
    shared = sorted({p - n for s in wanted for p in s.parts if isinstance(p, int) and p >= n})
    names = {k: f"s{k}" for k in shared}

    def write(position: int) -> str:
        if position < n:
            return reference(signature.raw[position].name)
        return f"{SHARED}.{names[position - n]}"

    columns = tuple(step.sql(write) for step in wanted)
    return Made(columns, {names[k]: whole[k] for k in shared})
