"""The public functions ``<model>_<verb>``, as SQL macros over a hidden function.

=============  =====================================  ==========================================
kind           functions                              forms
=============  =====================================  ==========================================
classifier     ``_predict``; ``_score`` if binary     row, named arguments, table
regressor      ``_predict``, ``_score`` (the same)    row, named arguments, table
these two      ``_explain``, given typical rows       row, named arguments
clusterer      ``_predict``, ``_distance``            row, named arguments, table
reducer        ``_predict``                           row, named arguments, table
forecaster     ``_forecast``                          (history, horizon, confidence_level)
forecast_table ``_forecast``                          table: (horizon, confidence_level)
recommender    ``_recommend``, ``_similar``           (customer or history, k), (item, k)
factorizer     ``_predict``, ``_score`` (the same)    row, named arguments, table
factorizer     ``_recommend``                         (user, k)
transformer    ``_transform``                         row, named arguments, table
=============  =====================================  ==========================================
"""

from __future__ import annotations

from retailsql.functions.calls import Call, predict_query
from retailsql.functions.explain import explain_forms, explainable
from retailsql.functions.lists import list_forms
from retailsql.functions.parameters import input_type
from retailsql.functions.stored_forecasts import table_macro
from retailsql.functions.transformer import transform_forms
from retailsql.registry.names import ModelName, quote

VERBS = {
    "classifier": ("score", "predict", "explain"),
    "regressor": ("score", "predict", "explain"),
    "forecaster": ("forecast",),
    "recommender": ("recommend", "similar"),
    "clusterer": ("predict", "distance"),
    "reducer": ("predict",),
    "factorizer": ("score", "predict", "recommend"),
    "forecast_table": ("forecast",),
    "transformer": ("transform",),
}
"""Verbs of each kind of model."""

ALL_VERBS = sorted({verb for verbs in VERBS.values() for verb in verbs})


def macros(name: ModelName, call: Call) -> dict[str, list[str]]:
    """The statements that make a model's public functions.

    Args:
        name: where they go.
        call: the hidden function behind them.

    Returns:
        Verb -> CREATE OR REPLACE MACRO statements: a scalar macro, for row models a table one.
    """
    match call.signature.kind:
        case "forecaster":
            return {"forecast": [_forecast(name, call)]}
        case "recommender":
            return {
                "recommend": [_macro(name, "recommend", _RECOMMEND.format(call.function))],
                "similar": [_macro(name, "similar", _SIMILAR.format(call.function))],
            }
        case "clusterer" | "reducer":
            return {v: _forms(name, v, call, forms) for v, forms in list_forms(call).items()}
        case "transformer":
            return {"transform": _forms(name, "transform", call, transform_forms(call))}
        case "forecast_table":
            return {"forecast": [_macro(name, "forecast", table_macro(name, call))]}
        case "factorizer":
            best = _macro(name, "recommend", _BEST.format(call.top))
            return {**_row_macros(name, call), "recommend": [best]}
        case _:
            return _row_macros(name, call)


_RECOMMEND = (
    "(customer_or_history, k, exclude_seen := true) AS {}(customer_or_history, k, exclude_seen)"
)
_BEST = "(who, k, exclude_seen := true) AS {}(who, k, exclude_seen)"
_SIMILAR = "(item, k) AS {}(CASE WHEN item IS NOT NULL THEN [item] END, k, true)"


def _macro(name: ModelName, verb: str, body: str) -> str:
    return f"CREATE OR REPLACE MACRO {name.function(verb)}{body}"


def _forecast(name: ModelName, call: Call) -> str:
    body = "CAST(horizon AS INTEGER), CAST(confidence_level AS DOUBLE)"
    return _macro(
        name, "forecast",
        f"(history, horizon, confidence_level := 0.9) AS {call.function}(history, {body})",
    )  # fmt: skip


def _forms(name: ModelName, verb: str, call: Call, forms: tuple[str, str, str]) -> list[str]:
    """The macro over a row or named arguments, and the one over a table."""
    signature = call.signature
    typed = ", ".join(f"{quote(f.name)} {input_type(f, signature)}" for f in signature.inputs)
    row, named, table = forms
    return [
        _macro(name, verb, f"(r) AS {row}, ({typed}) AS {named}"),
        _macro(name, verb, f"(source VARCHAR) AS TABLE {table}"),
    ]


def _row_macros(name: ModelName, call: Call) -> dict[str, list[str]]:
    signature = call.signature
    typed = ", ".join(f"{quote(f.name)} {input_type(f, signature)}" for f in signature.inputs)
    row, named = call.over_row("r"), call.over_names()
    table = f"(source VARCHAR) AS TABLE {predict_query(call, 'query_table(source)', False)}"
    statements: dict[str, list[str]] = {}
    if signature.kind in ("regressor", "factorizer") or signature.binary:
        statements["score"] = [
            _macro(name, "score", f"(r) AS {row}, ({typed}) AS {named}"),
            _macro(name, "score", table),
        ]
    statements["predict"] = [
        _macro(
            name, "predict", f"(r) AS {_struct(call, row)}, ({typed}) AS {_struct(call, named)}"
        ),
        _macro(name, "predict", table),
    ]
    if explainable(call):
        over_row, over_names = explain_forms(call)
        statements["explain"] = [
            _macro(name, "explain", f"(r) AS {over_row}, ({typed}) AS {over_names}")
        ]
    return statements


def _struct(call: Call, score: str) -> str:
    """What ``_predict`` returns: a number, or label and probabilities in one struct."""
    if call.signature.kind in ("regressor", "factorizer"):
        return score
    # In a lambda the score stands once: written out at each use, planning a wide model would take
    # seconds.
    fields = ", ".join(f"{quote(k)} := {v}" for k, v in call.outputs("__rs_s").items())
    packed = f"CASE WHEN __rs_s IS NOT NULL THEN struct_pack({fields}) END"
    return f"list_transform([{score}], lambda __rs_s: {packed})[1]"
