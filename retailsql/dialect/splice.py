"""Turn ``ML.PREDICT``, ``ML.FORECAST`` and ``ML.RECOMMEND`` into subqueries, in place.

A call is replaced by a bracketed SELECT over hidden functions; its own subquery is put into it as
written, once, so that parameters keep their number and order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from retailsql.dialect.forecast import forecast_query
from retailsql.dialect.histories import stored_histories, stored_keys
from retailsql.dialect.settings import read_settings, refuse
from retailsql.dialect.tokens import Walk
from retailsql.dialect.values import Field, read_struct
from retailsql.errors import StatementError, nearest
from retailsql.functions.calls import Call, predict_query
from retailsql.registry.names import literal, quote
from retailsql.registry.store import StoredVersion

Lookup = Callable[[str], StoredVersion]
"""Finds the deployed version of the model a person named, and makes its functions ready."""

NOT_YET = frozenset(
    [
        "EVALUATE",
        "EXPLAIN_PREDICT",
        "EXPLAIN_FORECAST",
        "GLOBAL_EXPLAIN",
        "FEATURE_IMPORTANCE",
        "DETECT_ANOMALIES",
        "CONFUSION_MATRIX",
        "ROC_CURVE",
        "WEIGHTS",
        "CENTROIDS",
        "PRINCIPAL_COMPONENTS",
        "TRAINING_INFO",
        "TRIAL_INFO",
        "FEATURE_INFO",
        "ARIMA_EVALUATE",
        "ARIMA_COEFFICIENTS",
        "TRANSFORM",
        "DESCRIBE_DATA",
        "VALIDATE_DATA_SKEW",
        "VALIDATE_DATA_DRIFT",
    ]
)


@dataclass
class MLCall:
    """One ``ML.NAME(MODEL m, ...)``, by token positions of its statement."""

    verb: str
    start: int
    stop: int
    model: str
    relation: str | None = None
    fields: dict[str, Field] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def find_call(walk: Walk) -> tuple[int, str] | None:
    """Token position and verb of the first ``ML.NAME(MODEL``, or None.

    ``ml.predict(x)`` without the word MODEL is a function of the user's own and left alone.
    """
    for i in range(len(walk.tokens) - 4):
        walk.at = i
        if walk.peek() == "ML" and (i == 0 or walk.tokens[i - 1].text != "."):
            words = [walk.peek(k) for k in range(1, 5)]
            if words[0] == "." and words[2:] == ["(", "MODEL"]:
                return i, words[1]
    return None


def splice(walk: Walk, lookup: Lookup) -> str:
    """The statement's text with every ML call replaced.

    Args:
        walk: over all tokens of the statement (or of a part of it).
        lookup: finds models.

    Raises:
        StatementError: a call is malformed, or of a function or kind that does not fit.
    """
    out: list[str] = []
    rest = walk
    while rest.tokens:
        found = find_call(rest)
        if found is None:
            break
        call = _read_call(rest, *found, lookup)
        begin = rest.tokens[call.start].start
        out.append(rest.sql[rest.tokens[0].start : begin])
        out.append(_expand(call, lookup))
        tail = rest.tokens[call.stop :]
        if not tail:
            return "".join(out)
        out.append(rest.sql[rest.tokens[call.stop - 1].end + 1 : tail[0].start])
        rest = Walk(rest.sql, tail)
    out.append(rest.slice(0, len(rest.tokens)))
    return "".join(out)


def _read_call(walk: Walk, at: int, verb: str, lookup: Lookup) -> MLCall:
    walk.at = at + 3
    if verb in NOT_YET:
        walk.at = at
        raise walk.error(f"ML.{verb} is not supported yet", wanted=", ".join(sorted(_EXPANDERS)))
    if verb not in _EXPANDERS:
        raise walk.error(f"There is no function ML.{verb}", wanted=nearest(verb, _EXPANDERS))
    arguments = walk.split(*walk.group())
    stop = walk.at
    first = walk.sub(*arguments[0])
    first.expect("MODEL")
    call = MLCall(verb, at, stop, first.name())
    if not first.done:
        raise first.error("Did not expect more behind the model's name", wanted=", or )")
    for start, end in arguments[1:]:
        _read_argument(call, walk, start, end, lookup)
    call.settings = read_settings(verb, call.fields)
    return call


def _read_argument(call: MLCall, walk: Walk, start: int, end: int, lookup: Lookup) -> None:
    """One argument behind the model: the rows, or the settings; each once."""
    part = walk.sub(start, end)
    struct, rows = part.peek() == "STRUCT", part.peek() in ("TABLE", "(")
    if (struct and call.fields) or (rows and call.relation is not None):
        raise part.error(
            f"ML.{call.verb} has {'settings' if struct else 'rows'} already",
            wanted="one STRUCT(...)" if struct else "one TABLE name or (SELECT ...)",
            todo="leave one of the two out",
        )
    if struct:
        part.expect("STRUCT")
        call.fields = read_struct(part)
    elif part.take("TABLE"):
        call.relation = walk.slice(start + 1, end)
    elif rows:
        call.relation = splice(part, lookup)
    else:
        raise part.error(
            f"ML.{call.verb} does not take this argument",
            wanted="TABLE name, (SELECT ...) or STRUCT(value AS name)",
        )


def _expand(call: MLCall, lookup: Lookup) -> str:
    stored = lookup(call.model)
    kinds, expander = _EXPANDERS[call.verb]
    if stored.signature.kind not in kinds:
        raise StatementError(
            f"ML.{call.verb} is not for this kind of model",
            seen=f"{stored.name.text} is a {stored.signature.kind}",
            wanted=" or ".join(kinds),
        )
    return f"({expander(call, stored)})"


def _predict(call: MLCall, stored: StoredVersion) -> str:
    if call.relation is None:
        raise StatementError(
            "ML.PREDICT needs rows", wanted=f"ML.PREDICT(MODEL {call.model}, TABLE name)"
        )
    signature = stored.signature
    if "threshold" in call.fields and not signature.binary:
        what = "regressor" if signature.kind == "regressor" else "classifier of several classes"
        raise refuse(
            call.fields["threshold"],
            f"Model {stored.name.text!r} is a {what} and has no threshold",
            "a threshold for classifiers of two classes only",
            "leave it out",
        )
    threshold = call.settings.get("threshold", 0.5)
    return predict_query(_call(stored), call.relation, outputs_first=True, threshold=threshold)


def _call(stored: StoredVersion) -> Call:
    return Call(stored.name.name, stored.content_hash, stored.signature)


def _recommend(call: MLCall, stored: StoredVersion) -> str:
    options = stored.signature.options
    user, item = quote(options["user_col"]), quote(stored.signature.label)
    if call.relation is None:
        keys = stored_keys([options["user_col"]], options)
        source = f"SELECT {keys} FROM {stored_histories(stored)}"
    else:
        source = f"SELECT DISTINCT {user} FROM {call.relation} AS __rs_users"
    k, seen = call.settings.get("top_k", 10), literal(call.settings.get("exclude_seen", True))
    return (
        f"SELECT {user}, __rs_r.item_id AS {item}, "
        f"__rs_r.score AS predicted_rating_confidence, __rs_r.rank AS rank FROM "
        f"(SELECT {user}, unnest({_call(stored).function}({user}, {k}, {seen})) AS __rs_r "
        f"FROM ({source}) AS __rs_users)"
    )


def _forecast(call: MLCall, stored: StoredVersion) -> str:
    longest = stored.signature.options["horizon"]
    horizon = call.settings.get("horizon", min(3, longest))
    if horizon > longest:
        raise refuse(
            call.fields["horizon"],
            f"Model {stored.name.text!r} forecasts 1 to {longest} steps",
            f"a horizon from 1 to {longest}",
            f"ask for fewer steps, or train again with OPTIONS(horizon={horizon})",
        )
    level = call.settings.get("confidence_level", 0.95)
    return forecast_query(stored, call.relation, horizon, level)


_EXPANDERS: dict[str, tuple[tuple[str, ...], Callable[[MLCall, StoredVersion], str]]] = {
    "PREDICT": (("classifier", "regressor"), _predict),
    "FORECAST": (("forecaster",), _forecast),
    "RECOMMEND": (("recommender",), _recommend),
}
