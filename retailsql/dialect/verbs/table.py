"""Every ML function: one visible table, put together from the files that write their SQL."""

from __future__ import annotations

from types import ModuleType

from retailsql.dialect.verbs import (
    confusion,
    evaluate,
    forecast,
    predict,
    recommend,
    roc,
    training_info,
    weights,
)
from retailsql.dialect.verbs.verb import Verb

MODULES: tuple[ModuleType, ...] = (
    predict,
    forecast,
    recommend,
    evaluate,
    confusion,
    roc,
    weights,
    training_info,
)

VERBS: tuple[Verb, ...] = tuple(verb for module in MODULES for verb in module.VERBS)
NAMES: frozenset[str] = frozenset(verb.name for verb in VERBS)
WITHOUT_MODEL: frozenset[str] = frozenset(verb.name for verb in VERBS if not verb.kinds)


def verbs_called(name: str) -> list[Verb]:
    """The entries of a name, one for each group of kinds.

    >>> "regressor" in {kind for verb in verbs_called("PREDICT") for kind in verb.kinds}
    True
    """
    return [verb for verb in VERBS if verb.name == name]
