"""Functions that work long on one large value, or make much of little, where only the rows tell.

The engine hears an interrupt between two vectors of rows and inside a lambda, and nowhere in a
call. So each name below stands for a macro, in what a user writes, that looks at the sizes first:

* small values, nearly all there are: DuckDB's function as it is, for a whole vector at once;
* larger ones: the same one row at a time, in a lambda, where the engine hears an interrupt;
* what would take more than about half a second in one row is refused.

Where the arguments that matter are written out as constants the policy looks at them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from retailsql.adapters.server.postgres.renamed import PREFIX
from retailsql.adapters.server.postgres.scan import Scan


class Guard(NamedTuple):
    """What is looked at before a function is called.

    Args:
        names: of the function.
        size: in SQL, of the arguments ``a``, ``b``, ...; so many units of work.
        most: units in one row.
        unit: what they are, for the message.
        overloads: each one's parameters; with a type behind it where DuckDB needs it.
        hint: what to do.
        kept: the parameters that must stay constants in DuckDB's call, if they are.
        constant: the arguments that, written out, tell the policy all.
    """

    names: str
    size: str
    most: int
    unit: str
    overloads: tuple[str, ...]
    hint: str = ""
    kept: str = ""
    constant: tuple[int, ...] | None = None


_ROWS: Final = "make rows of it: unnest(...), with DISTINCT, JOIN or GROUP BY"
_ONE: Final = "greatest(len(a), len(b))"
_TEXT: Final = "a VARCHAR, b VARCHAR"
_MANY: Final = tuple(
    "a VARCHAR, " + ", ".join("bcdefghijklmnopqrstuvwxyz"[:n]) for n in range(1, 26)
)
_LONG: Final = "CASE WHEN strlen(b) > 10000 THEN 1000000001 ELSE 0 END"
_PIECES: Final = "split it with string_split and unnest(...), and work on the rows"

# Measured with values of 1 to 30 million units: "most" takes 0.2 to 0.5 s.
GUARDS: Final = (
    Guard("list_distinct array_distinct list_unique array_unique list_mode list_entropy "
          "list_histogram", "len(a)", 500_000, "elements", ("a",), _ROWS),
    Guard("list_aggregate array_aggregate list_aggr array_aggr aggregate", "len(a)", 500_000,
          "elements", ("a, b", "a, b, c", "a, b, c, d"), _ROWS, "bcd"),
    Guard("list_has_all array_has_all list_has_any array_has_any", _ONE, 500_000, "elements",
          ("a, b",), _ROWS),
    Guard("list_intersect array_intersect", _ONE, 150_000, "elements", ("a, b",), _ROWS),
    Guard("map_concat", "greatest(len(map_keys(a)), len(map_keys(b)))", 15_000, "entries",
          ("a, b",), "make rows of it: unnest(map_entries(...))"),
    Guard("json_merge_patch json_merge_patch_diff json_deep_merge",
          "greatest(strlen(a::VARCHAR), strlen(b::VARCHAR))", 100_000, "bytes", ("a, b",)),
    Guard("regexp_extract_all", "strlen(a)", 5_000_000, "bytes",
          (_TEXT, f"{_TEXT}, c", f"{_TEXT}, c, d VARCHAR"), _PIECES, "bcd"),
    Guard("regexp_split_to_array string_split_regex str_split_regex", "strlen(a)", 5_000_000,
          "bytes", (_TEXT, f"{_TEXT}, c"), _PIECES, "bc"),
    Guard("translate", "strlen(a)", 20_000_000, "bytes", (f"{_TEXT}, c VARCHAR",), _PIECES),
    # A text past 4 GB is an error inside DuckDB that ends the instance; these make up to three
    # times as much of theirs.
    Guard("hex to_base64 base64", "octet_length(a)", 200_000_000, "bytes", ("a BLOB",)),
    Guard("hex url_encode regexp_escape", "strlen(a)", 200_000_000, "bytes", ("a VARCHAR",)),
    *(Guard("hex", "0", 1, "bytes", (f"a {kind}",))
      for kind in ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM")),
    Guard("replace", "strlen(a) * greatest(1, strlen(c))", 1_000_000_000, "bytes made",
          (f"{_TEXT}, c VARCHAR",), _PIECES, constant=(1, 2)),
    Guard("regexp_replace", f"strlen(a) * greatest(1, strlen(c)) + {_LONG}", 1_000_000_000,
          "bytes made, of patterns of 10000 bytes",
          (f"{_TEXT}, c VARCHAR",), constant=(1, 2)),
    Guard("regexp_matches regexp_full_match regexp_extract", "strlen(b)",
          10_000, "bytes of pattern", (_TEXT,), constant=(1,)),
    Guard("regexp_matches regexp_full_match regexp_extract", "strlen(b)", 10_000,
          "bytes of pattern", (f"{_TEXT}, c",), "", "c", (1,)),
    Guard("regexp_extract", "strlen(b)", 10_000, "bytes of pattern", (f"{_TEXT}, c, d VARCHAR",),
          "", "cd", (1,)),
    Guard("map", "len(a)", 250_000, "entries", ("a, b",), _ROWS),
    Guard("flatten", "len(a)", 5_000_000, "elements", ("a",), _ROWS),
    # Moments before DuckDB's first one: their cast to text ends the instance too.
    Guard("make_timestamp", "-(a::HUGEINT)", 9_223_372_022_400_000_000, "microseconds before 1970",
          ("a BIGINT", "a, b, c, d, e, f")),
    Guard("bin to_binary", "strlen(a::VARCHAR)", 10_000_000, "bytes", ("a",)),
    Guard("levenshtein editdist3 damerau_levenshtein", "strlen(a) * strlen(b)", 1_000_000,
          "pairs of characters", (_TEXT,), "both texts together: at most 1000 times 1000"),
    Guard("repeat", "greatest(1, strlen(a::VARCHAR)) * b", 100_000, "bytes made",
          ("a VARCHAR, b BIGINT", "a, b BIGINT"), constant=(1,)),
    Guard("lpad rpad", "b", 100_000, "characters",
          ("a VARCHAR, b BIGINT", "a VARCHAR, b BIGINT, c VARCHAR"), constant=(1,)),
    Guard("bar", "d", 10_000, "characters", ("a, b, c, d",), constant=(3,)),
    Guard("bitstring", "b", 10_000_000, "bits", ("a, b",), constant=(1,)),
    Guard("list_resize array_resize", "b", 10_000_000, "elements", ("a, b", "a, b, c"),
          constant=(1,)),
    Guard("concat_ws", "strlen(a)", 1_000, "bytes in the separator", _MANY, constant=(0,)),
    Guard("printf", r"CASE WHEN regexp_matches(a, '\*|[0-9]{6}') THEN 1000000 ELSE 0 END", 100_000,
          "characters of width", _MANY, constant=(0,)),
    Guard("format", r"CASE WHEN regexp_matches(a, '\{[^}]*\{|[0-9]{6}') THEN 1000000 ELSE 0 END",
          100_000, "characters of width", _MANY, constant=(0,)),
)  # fmt: skip
_RANGES: Final = "range generate_series"
_STEPS: Final = (
    ("a BIGINT", "a"),
    ("a BIGINT, b BIGINT", "b - a"),
    ("a BIGINT, b BIGINT, c BIGINT", "abs(b::HUGEINT - a) // greatest(1, abs(c))"),
    *((f"a {kind}, b {kind}, c INTERVAL",
       "abs(date_diff('second', a, b)) // greatest(1e-6, abs(epoch(c)))")
      for kind in ("TIMESTAMP", "TIMESTAMPTZ")),
)  # fmt: skip
GUARDS_OF_RANGES: Final = tuple(
    Guard(_RANGES, size, 10_000_000, "elements", (parameters,), constant=(0, 1, 2))
    for parameters, size in _STEPS
)

#: DuckDB's own call, where it is not simply the name and the arguments.
_BODIES: Final = {
    (name, many): f"system.main.{name}(a, b::INTEGER, {fill})"
    for name in ("lpad", "rpad")
    for many, fill in ((2, "' '"), (3, "c"))
}

#: By name: the guard, the first of several.
BY_NAME: Final = {
    name: guard for guard in (*GUARDS_OF_RANGES, *GUARDS) for name in guard.names.split()
}
_COUNTS: Final = frozenset(
    (name, overload.count(",") + 1)
    for guard in (*GUARDS_OF_RANGES, *GUARDS)
    for name in guard.names.split()
    for overload in guard.overloads
) | {("lpad", 2), ("rpad", 2)}
#: Places of DuckDB's functions.
BUILT_IN: Final = frozenset(["PG_CATALOG", "SYSTEM", "MAIN"])
#: Operators that are such functions.
OPERATORS: Final = {"DAMP": "&&", "AT_GT": "@>", "LT_AT": "<@"}
_OPERATORS: Final = (
    ("&&", "list_has_any(a, b)"), ("@>", "list_has_all(a, b)"), ("<@", "list_has_all(b, a)"),
)  # fmt: skip
#: Those that give one value; ``range`` gives rows too.
SCALARS: Final = frozenset(BY_NAME) - frozenset(_RANGES.split())

# A vector's 2048 rows together shall take no longer than a few of the largest values. What only
# makes characters is so quick that a whole vector of the largest does.
_AT_ONCE: Final = 250
_QUICK: Final = frozenset(["characters", "bytes made", "bytes in the separator",
                           "bytes of pattern", "microseconds before 1970"])  # fmt: skip
_WORD: Final = re.compile(r"\b([a-z])\b")


def macros(shim: str) -> Iterator[str]:
    """The statements that make the macros, in the database's schema ``main``."""
    for name in BY_NAME:
        bodies = [
            f"({_parameters(overload)}) AS {_body(name, guard, overload)}"
            for guard in (*GUARDS_OF_RANGES, *GUARDS)
            if name in guard.names.split()
            for overload in guard.overloads
        ]
        yield f'CREATE MACRO IF NOT EXISTS "{shim}".main.{PREFIX}{name}{", ".join(bodies)}'
    for operator, call in _OPERATORS:
        ours = f'"{shim}".main.{PREFIX}{call}'
        yield f'CREATE MACRO IF NOT EXISTS "{shim}".main."@{operator}"(a, b) AS {ours}'


def _parameters(overload: str) -> str:
    return _WORD.sub(rf"{PREFIX}\1", overload)


def _body(name: str, guard: Guard, overload: str) -> str:
    """The guarded call: each argument is made once and given to a lambda, if it may be."""
    given = [part.split()[0] for part in overload.split(", ")]
    looked = [a for a in given if a not in guard.kept]
    inner = {a: f"{PREFIX}{a}_" if a in looked else f"{PREFIX}{a}" for a in given}

    def written(sql: str) -> str:
        return _WORD.sub(lambda m: inner[m[1]] if m[1] in inner else m[1], sql)

    plain = _BODIES.get((name, len(given)), f"system.main.{name}({', '.join(given)})")
    call, size = written(plain), written(guard.size)
    at_once = guard.most if guard.unit in _QUICK else guard.most // _AT_ONCE
    said = f"{name} would work on a value that is too large: at most {guard.most} {guard.unit}"
    said += f"; {guard.hint}" if guard.hint else ""
    return (
        f"system.main.invoke(lambda {', '.join(inner[a] for a in looked)}: "
        f"CASE WHEN {size} > {guard.most} THEN error('{said}') "
        f"WHEN {size} > {at_once} THEN system.main.list_transform("
        f"system.main.range(2048), lambda {PREFIX}k: CASE WHEN {PREFIX}k = 0 THEN {call} END)[1] "
        f"ELSE {call} END, {', '.join(PREFIX + a for a in looked)})"
    )


def looks(scan: Scan, i: int, close: int) -> bool:
    """True for a call that only the rows can tell to be large.

    Args:
        scan: the statement.
        i: the token of the function's name.
        close: that of its closing bracket.
    """
    name = scan.tokens[i].text.lower()
    guard = BY_NAME.get(name)
    if guard is None:
        return False
    parts = scan.parts(i + 2, close)
    method = scan.word(i - 1) == "." and scan.word(i - 2) not in BUILT_IN  # one stands before it
    if (name, len(parts) + method) not in _COUNTS:
        return False
    if name == "replace" and any(
        scan.word(at) == "AS" and scan.around(at) == i + 1 for at in range(i + 2, close)
    ):
        return False  # SELECT * REPLACE (a AS b)
    if method or (name, len(parts)) in (("lpad", 2), ("rpad", 2)) or guard.constant is None:
        return True  # DuckDB has no such pads
    return not all(_constant(scan, *parts[at]) for at in guard.constant if at < len(parts))


_FIXED: Final = frozenset(["NUMBER", "STRING", "DASH", "PLUS", "DCOLON", "DATE", "TIMESTAMP",
                           "TIMESTAMPTZ", "INTERVAL"])  # fmt: skip


def _constant(scan: Scan, start: int, stop: int) -> bool:
    return all(scan.kind(i) in _FIXED for i in range(start, stop))
