"""Turn ``ML.PREDICT``, ``ML.FORECAST`` and ``ML.RECOMMEND`` into subqueries, in place.

A call is replaced by a bracketed SELECT over hidden functions; its own subquery is put into it as
written, once, so that parameters keep their number and order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

from retailsql.dialect.tokens import Walk
from retailsql.dialect.values import read_struct
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
    struct: dict[str, Any] = field(default_factory=dict)


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
        out.append(_expand(rest, call, lookup))
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
    for start, end in arguments[1:]:
        part = walk.sub(start, end)
        if part.take("STRUCT"):
            call.struct = read_struct(part)
        elif part.take("TABLE"):
            call.relation = walk.slice(start + 1, end)
        elif part.peek() == "(":
            call.relation = splice(walk.sub(start, end), lookup)
        else:
            raise part.error(
                f"ML.{verb} does not take this argument",
                wanted="TABLE name, (SELECT ...) or STRUCT(value AS name)",
            )
    return call


def _expand(walk: Walk, call: MLCall, lookup: Lookup) -> str:
    stored = lookup(call.model)
    kinds, expander, settings = _EXPANDERS[call.verb]
    if stored.signature.kind not in kinds:
        raise StatementError(
            f"ML.{call.verb} is not for this kind of model",
            seen=f"{stored.name.text} is a {stored.signature.kind}",
            wanted=" or ".join(kinds),
        )
    unknown = set(call.struct) - settings
    if unknown:
        raise StatementError(
            f"ML.{call.verb} has no setting {min(unknown)!r}",
            wanted=", ".join(sorted(settings)) or "none",
        )
    return f"({expander(call, stored)})"


def _call(stored: StoredVersion) -> Call:
    return Call(stored.name.name, stored.content_hash, stored.signature)


def _predict(call: MLCall, stored: StoredVersion) -> str:
    if call.relation is None:
        raise StatementError(
            "ML.PREDICT needs rows", wanted=f"ML.PREDICT(MODEL {call.model}, TABLE name)"
        )
    threshold = float(call.struct.get("threshold", 0.5))
    return predict_query(_call(stored), call.relation, outputs_first=True, threshold=threshold)


def _recommend(call: MLCall, stored: StoredVersion) -> str:
    options = stored.signature.options
    user, item = quote(options["user_col"]), quote(stored.signature.label)
    if call.relation is None:
        source = f"SELECT {_stored_keys([options['user_col']], options)} FROM {_histories(stored)}"
    else:
        source = f"SELECT DISTINCT {user} FROM {call.relation} AS __rs_users"
    k = int(call.struct.get("top_k", 10))
    seen = literal(bool(call.struct.get("exclude_seen", True)))
    return (
        f"SELECT {user}, __rs_r.item_id AS {item}, "
        f"__rs_r.score AS predicted_rating_confidence, __rs_r.rank AS rank FROM "
        f"(SELECT {user}, unnest({_call(stored).function}({user}, {k}, {seen})) AS __rs_r "
        f"FROM ({source}) AS __rs_users)"
    )


def _histories(stored: StoredVersion) -> str:
    return (
        f"(SELECT * FROM {stored.name.registry}.histories "
        f"WHERE content_hash = {literal(stored.content_hash)})"
    )


_STEP = {"DAILY": "1 DAY", "WEEKLY": "7 DAYS", "MONTHLY": "1 MONTH", "HOURLY": "1 HOUR"}


def _forecast(call: MLCall, stored: StoredVersion) -> str:
    options = stored.signature.options
    ids = [quote(c) for c in options["id_cols"]]
    horizon = int(call.struct.get("horizon", min(3, options["horizon"])))
    level = float(call.struct.get("confidence_level", 0.95))
    at, value = quote(options["timestamp_col"]), quote(stored.signature.label)
    if call.relation is None:
        keys = "".join(f"{k}, " for k in [_stored_keys(options["id_cols"], options)] if k)
        source = f"SELECT {keys}last_at AS __rs_at, history AS __rs_h FROM {_histories(stored)}"
    else:
        columns = "".join(f"{c}, " for c in ids)
        group = f" GROUP BY {', '.join(ids)}" if ids else ""
        source = (
            f"SELECT {columns}max({at}) AS __rs_at, list({value} ORDER BY {at}) AS __rs_h "
            f"FROM {call.relation} AS __rs_rows{group}"
        )
    columns = "".join(f"{c}, " for c in ids)
    forecast = f"{_call(stored).function}(__rs_h, {horizon}, {level!r}::DOUBLE)"
    step = _STEP[options["frequency"]]
    width = 2 * NormalDist().inv_cdf(0.5 + level / 2)
    lower, upper = "__rs_f.lower", "__rs_f.upper"
    return (
        f"SELECT {columns}CAST(__rs_at + __rs_f.step * INTERVAL {literal(step)} AS TIMESTAMP) "
        f"AS forecast_timestamp, __rs_f.value AS forecast_value, "
        f"({upper} - {lower}) / {width!r} AS standard_error, "
        f"{level!r}::DOUBLE AS confidence_level, "
        f"{lower} AS prediction_interval_lower_bound, {upper} AS prediction_interval_upper_bound, "
        f"{lower} AS confidence_interval_lower_bound, {upper} AS confidence_interval_upper_bound "
        f"FROM (SELECT {columns}__rs_at, unnest({forecast}) AS __rs_f "
        f"FROM ({source}) AS __rs_series)"
    )


def _stored_keys(columns: list[str], options: Mapping[str, Any]) -> str:
    """The id columns of stored histories, in the types they had at training. Keys are text: one
    id as it is, several as a JSON array.
    """
    one = len(columns) == 1
    return ", ".join(
        f"CAST({'key' if one else f'json_extract_string(key, {i})'} AS {kind}) AS {quote(column)}"
        for i, (column, kind) in enumerate(zip(columns, options.get("key_types", ()), strict=True))
    )


_EXPANDERS: dict[
    str, tuple[tuple[str, ...], Callable[[MLCall, StoredVersion], str], frozenset[str]]
] = {
    "PREDICT": (("classifier", "regressor"), _predict, frozenset({"threshold"})),
    "FORECAST": (("forecaster",), _forecast, frozenset({"horizon", "confidence_level"})),
    "RECOMMEND": (("recommender",), _recommend, frozenset({"top_k", "exclude_seen"})),
}
