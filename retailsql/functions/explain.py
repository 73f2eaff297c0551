"""The SQL that explains scores: calls of the hidden function ``__rs_explain``.

There is one for all models, which are named by its first argument: a hidden function more for each
would nearly double the time of ``attach``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from retailsql.functions.calls import Call
from retailsql.functions.parameters import parameter_type
from retailsql.functions.steps import inlined
from retailsql.registry.background import DIGEST
from retailsql.registry.names import literal, quote

EXPLAIN = "__rs_explain"
RESULT = (
    'STRUCT("top" STRUCT("position" INTEGER, attribution DOUBLE)[], baseline DOUBLE, '
    "prediction DOUBLE, error DOUBLE)"
)


def explainable(call: Call) -> bool:
    """True if typical rows were stored with the model."""
    return DIGEST in call.signature.options


def explained(
    call: Call, columns: Sequence[str], explained_class: str = "NULL", permutations: int = 0
) -> str:
    """The explanation of a row whose score is not NULL, of type :data:`RESULT`.

    Args:
        call: the model.
        columns: SQL of each feature, in signature order.
        explained_class: SQL of the class's position, from 1; NULL for the most probable.
        permutations: orders to sample; 0 for the default.
    """
    typed = (
        f"CAST({sql} AS {parameter_type(f, call.signature)})"
        for sql, f in zip(columns, call.signature.features, strict=True)
    )
    return (
        f"{EXPLAIN}({literal(call.function)}, CAST({explained_class} AS INTEGER), "
        f"{permutations}, {', '.join(typed)})"
    )


def feature_columns(call: Call, reference: Callable[[str], str]) -> list[str]:
    """SQL of each feature, in signature order: of those that TRANSFORM makes, if there is one.

    Args:
        call: the model.
        reference: input column -> SQL.
    """
    signature = call.signature
    if not signature.steps:
        return [reference(f.name) for f in signature.features]
    steps = inlined(signature, reference)
    return [steps[f.name] for f in signature.features]


def names(call: Call) -> str:
    """SQL of the list of the features' names."""
    return f"[{', '.join(literal(f.name) for f in call.signature.features)}]"


def positive(call: Call) -> str:
    """SQL of the position of the class that ``_score`` is about; NULL if there is none."""
    signature = call.signature
    if not signature.binary or signature.positive_class is None:
        return "NULL"
    return str(signature.classes.index(signature.positive_class) + 1)


def explain_forms(call: Call) -> tuple[str, str]:
    """What ``<model>_explain`` returns, over a row ``r`` and over named arguments: a list of
    (feature, value, attribution), the largest in size first. Two classes are explained for the
    positive one, as ``_score`` is, more for the most probable.
    """
    row = _explanation(call, call.over_row("r"), lambda name: f"r.{quote(name)}")
    return row, _explanation(call, call.over_names(), quote)


def _explanation(call: Call, score: str, reference: Callable[[str], str]) -> str:
    columns = feature_columns(call, reference)
    values = ", ".join(f"CAST({sql} AS VARCHAR)" for sql in columns)
    packed = f"{{'e': {explained(call, columns, positive(call))}, 'v': [{values}]}}"
    told = (
        f"{{'feature': {names(call)}[__rs_t.position], 'value': __rs_s.v[__rs_t.position], "
        "'attribution': __rs_t.attribution}"
    )
    each = f"list_transform(__rs_s.e.top, lambda __rs_t: {told})"
    # Names that no feature has: in the form with named arguments those would be meant.
    listed = f"list_transform([{packed}], lambda __rs_s: {each})[1]"
    return f"CASE WHEN {score} IS NOT NULL THEN {listed} END"
