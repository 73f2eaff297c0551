"""Functions that make much of little: ``repeat('x', 2000000000)``.

While DuckDB makes one value it listens to no interrupt and counts no memory, so neither a time
limit nor a memory limit stops these. What is plainly too large is refused before it runs.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from retailsql.adapters.server.policy.names import fold
from retailsql.adapters.server.records import PgError

ELEMENTS = 1_000_000
"""Characters of a text, or elements of a list, that one expression may make."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COUNTED = dict.fromkeys(
    (
        "repeat",
        "lpad",
        "rpad",
        "array_resize",
        "list_resize",
        "bitstring",
    ),
    1,
) | {"bar": 3}
COUNT = 10_000
"""Of repeat, lpad and rpad where only the rows tell it: ``__pg_repeat`` and its like look at it."""
_PADS = frozenset(["lpad", "rpad"])
_RANGES = frozenset(["range", "generate_series"])
_WIDTHS = {"printf": 0, "format": 0}
_TEMPLATES = {
    "printf": re.compile(r"\*"),
    "format": re.compile(r"\{[^}]*\{"),
    "concat_ws": re.compile(r".{1000}", re.DOTALL),
}
"""What a first argument must not hold: widths told by other arguments; a long separator."""
GUARDED = _words("""
list_distinct array_distinct list_unique array_unique list_mode list_entropy list_histogram
list_aggregate array_aggregate list_aggr array_aggr aggregate list_has_all array_has_all
list_has_any array_has_any list_intersect array_intersect map_concat json_merge_patch
json_merge_patch_diff json_deep_merge regexp_extract_all regexp_split_to_array string_split_regex
str_split_regex translate bin to_binary levenshtein editdist3 damerau_levenshtein && @> <@
hex to_base64 base64 url_encode regexp_escape flatten make_timestamp make_timestamp_ms epoch_ms
jaro_similarity jaro_winkler_similarity nfc_normalize parse_path parse_dirpath parse_filename
md5 sha1 md5_number md5_number_lower md5_number_upper length_grapheme jaccard
""")
"""Guarded in each row, whatever their arguments: ``__pg_levenshtein``, ``@&&``."""
_MULTIPLY = _words("""
replace regexp_replace translate levenshtein editdist3 damerau_levenshtein jaro_similarity
jaro_winkler_similarity list_transform list_apply array_transform array_apply apply list_filter
array_filter filter list_reduce array_reduce reduce list_contains list_has_any list_has_all
list_intersect array_intersect json_merge_patch list_zip array_zip
""")
"""Their work, or their result, is the product of what they are given."""
_PATTERNS = dict.fromkeys(_words(
    "regexp_matches regexp_full_match regexp_extract regexp_extract_all regexp_replace "
    "regexp_split_to_array string_split_regex str_split_regex strptime try_strptime strftime"
), 1) | {"replace": 2}  # fmt: skip
LONG = 10_000
"""Characters of a pattern, or of what is put in its place, that is written out."""
LIKES = _words("~~ !~~ ~~* !~~* ~~~ like_escape not_like_escape ilike_escape not_ilike_escape")
LIKE = 500
"""Characters of their pattern: their work is its length times the text's, unless it has only %."""
SIMILAR = 1_000
"""Length of its pattern, times what that counts to: nobody looks at the text."""
_COUNTS = re.compile(r"[{,](\d+)")
_KNOWN = frozenset([*_COUNTED, *_RANGES, *_WIDTHS, *_TEMPLATES, *_MULTIPLY, *GUARDED, *_PATTERNS])
_OF_JSON = _words(
    "json_extract json_extract_string json_extract_path json_extract_path_text json_value"
)
PATHS = 1_000
"""In a list of them: each is looked for in the whole value."""
GROWING = _KNOWN | LIKES | _OF_JSON | frozenset(f"__pg_{name}" for name in _KNOWN)

_UNITS = {
    "microsecond": 1e-6, "millisecond": 1e-3, "second": 1.0, "minute": 60.0, "hour": 3600.0,
    "day": 86400.0, "week": 604800.0, "month": 2592000.0, "quarter": 7776000.0, "year": 31536000.0,
}  # fmt: skip
_INTERVAL = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*([a-z]+?)s?\s*", re.IGNORECASE)
_WIDTH = re.compile(r"\d{8,}")


def check_growth(name: str, arguments: Sequence[Any]) -> None:
    """Refuse a call whose constants say that it makes too much.

    Args:
        name: of the function, in lower case.
        arguments: its nodes.

    Raises:
        PgError: 54000.
    """
    if name in LIKES:
        _check_like(name, _pattern(arguments))
        return
    if name in _OF_JSON:
        _check_paths(arguments)
        return
    own, guarded = _own(name, arguments), name.startswith("__pg_")
    name = name.removeprefix("__pg_")
    at = _PATTERNS.get(name, len(arguments))
    if at < len(arguments) and len(_text(arguments[at]["expression"]) or "") > LONG:
        raise PgError("54000", f"the pattern of {name} is too long: at most {LONG} characters")
    if name == "regexp_full_match" and not guarded:
        _check_similar(_pattern(arguments))
    alone = name in _RANGES or name in _PADS  # what they make is no longer than they are told
    size = own * (1.0 if alone else _below(arguments))
    if guarded and name in GUARDED:
        return  # it looks at its sizes in each row, and what makes its arguments is asked itself
    if size > ELEMENTS:
        unit = "elements" if name in _RANGES else "characters or elements"
        raise PgError(
            "54000",
            f"{name} would make a value that is too large: {size:.0f} {unit}, at most {ELEMENTS}",
            hint="make rows of it, such as FROM generate_series(...), or ask for less in one value",
        )


def _pattern(arguments: Sequence[Any]) -> str:
    return (_text(arguments[1]["expression"]) or "") if len(arguments) > 1 else ""


def _check_paths(arguments: Sequence[Any]) -> None:
    node = arguments[1]["expression"] if len(arguments) > 1 else {}
    name = fold(str(node.get("function_name", "")))
    many = len(node.get("arguments", ())) if name == "list_value" else 0
    if many > PATHS or (name != "list_value" and name.startswith(("list_", "array_"))):
        raise PgError(
            "54000", f"a list of paths into JSON is too long: at most {PATHS}, written out",
            hint="make rows of the value: json_each(...)",
        )  # fmt: skip


def _check_similar(pattern: str) -> None:
    counted = [min(int(n), 1000) for n in _COUNTS.findall(pattern)]
    nested = re.search(r"[)}]\{", pattern)
    if len(pattern) * (math.prod(counted) if nested else max(counted, default=1)) > SIMILAR:
        raise PgError(
            "54000", f"the pattern of SIMILAR TO would take too long: at most {SIMILAR} steps",
            hint="~ takes longer ones, such as text ~ '^[A-Z]{2}[0-9]{100}$'",
        )  # fmt: skip


def _check_like(name: str, pattern: str) -> None:
    quick = name in ("~~", "!~~", "~~*", "!~~*") and "_" not in pattern
    most = LONG if quick else LIKE
    if len(pattern) > most:
        raise PgError(
            "54000", f"the pattern of LIKE is too long: at most {most} characters",
            hint="contains(text, part) takes longer ones",
        )  # fmt: skip


def told_by_rows(name: str, arguments: Sequence[Any]) -> bool:
    """True if only the rows tell how much a call makes, or how long it works."""
    nodes = [argument["expression"] for argument in arguments]
    if name in LIKES:
        made = nodes[1] if len(nodes) > 1 else {}
        guarded = fold(str(made.get("function_name", ""))) == "__pg_pattern"
        return not guarded and _text(made) is None
    if name in _RANGES:
        return any(_number(node) is None for node in nodes[:3])
    if name in _COUNTED:
        at = _COUNTED[name]
        return len(nodes) > at and _number(nodes[at]) is None
    if name in _TEMPLATES:
        text = _text(nodes[0]) if nodes else ""
        return text is None or bool(_TEMPLATES[name].search(text))
    return name in GUARDED


def _below(arguments: Sequence[Any]) -> float:
    """The product of the sizes of all that stands in the arguments."""
    size, work = 1.0, list(arguments)
    while work:
        node = work.pop()
        if isinstance(node, list):
            work += node
        elif isinstance(node, dict):
            if node.get("class") == "FUNCTION":
                size *= _own(fold(str(node["function_name"])), node["arguments"])
            work += [value for value in node.values() if isinstance(value, (dict, list))]
    return size


def _own(name: str, arguments: Sequence[Any]) -> float:
    """How many elements a call makes of one; 1 if its constants do not tell."""
    nodes = [a["expression"] if isinstance(a, dict) and "expression" in a else a for a in arguments]
    guarded, name = name.startswith("__pg_"), name.removeprefix("__pg_")
    if name in _RANGES:
        return max(1.0, _steps(nodes))
    if name in _COUNTED and len(nodes) > _COUNTED[name]:
        count = _number(nodes[_COUNTED[name]])
        if count is None:
            count = COUNT if guarded else 1.0
        return max(1.0, count * _length(name, nodes[0]))
    if name in _WIDTHS and nodes:
        text = _text(nodes[_WIDTHS[name]])
        return max([1.0, *(float(n) for n in _WIDTH.findall(text or ""))])
    return 1.0


def _length(name: str, node: Any) -> float:
    return max(1.0, float(len(_text(node) or ""))) if name == "repeat" else 1.0


def _steps(nodes: Sequence[Any]) -> float:
    values = [_number(node) for node in nodes[:2]]
    if not values:
        return 1.0
    start, stop = (0.0, *values)[-2:]
    usual = 3600.0 if any(_moment(node) is not None for node in nodes[:2]) else 1.0
    step = _number(nodes[2]) if len(nodes) > 2 else 1.0
    if start is None or stop is None:
        return 1.0
    return abs(stop - start) / abs(step or usual)


def _number(node: Any, depth: int = 0) -> float | None:
    """The value of a plain number, moment, interval, or sum of such; None: it does not tell."""
    if not isinstance(node, dict) or depth > 20:
        return None
    kind = node.get("class")
    if kind == "CAST":
        return _number(node["child"], depth + 1)
    if kind == "CONSTANT":
        text = str(node["literal"].get("text", ""))
        try:
            return float(text)
        except ValueError:
            return _moment(node)
    if kind != "FUNCTION":
        return None
    values = [_number(a["expression"], depth + 1) for a in node["arguments"]]
    if any(value is None for value in values):
        return None
    return _computed(fold(str(node["function_name"])), [v for v in values if v is not None])


_TWO: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "add": operator.add, "-": operator.sub, "subtract": operator.sub,
    "*": operator.mul, "multiply": operator.mul, "/": operator.truediv, "//": operator.truediv,
    "divide": operator.truediv, "^": math.pow, "**": math.pow, "pow": math.pow, "power": math.pow,
}  # fmt: skip
_ONE = frozenset(["trunc", "floor", "ceil", "round", "abs", "+"])


def _computed(name: str, values: Sequence[float]) -> float | None:
    try:
        if len(values) == 2 and name in _TWO:
            return _TWO[name](values[0], values[1])
    except (ArithmeticError, ValueError):
        return math.inf
    if len(values) != 1:
        return None
    if name in _ONE:
        return values[0]
    if name == "-":
        return -values[0]
    unit = _UNITS.get(name.removeprefix("to_").removesuffix("s"))
    return values[0] * unit if unit is not None and name.startswith("to_") else None


def _moment(node: Any) -> float | None:
    """Seconds of a text with a date or an interval in it."""
    text = _text(node)
    if text is None:
        return None
    found = _INTERVAL.fullmatch(text)
    if found and found[2].lower() in _UNITS:
        return float(found[1]) * _UNITS[found[2].lower()]
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _text(node: Any) -> str | None:
    """A text that is written out, behind any cast."""
    while isinstance(node, dict) and node.get("class") == "CAST":
        node = node["child"]
    if isinstance(node, dict) and node.get("class") == "CONSTANT":
        literal = node["literal"]
        return str(literal["text"]) if literal.get("kind") == "STRING" else None
    return None
