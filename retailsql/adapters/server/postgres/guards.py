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
from string import ascii_lowercase
from typing import Final, NamedTuple

from retailsql.adapters.server.postgres.renamed import PREFIX


class Guard(NamedTuple):
    """What is looked at before a function is called.

    Args:
        names: of the function.
        size: in SQL, of the arguments ``a``, ``b``, ...; so many units of work.
        most: units in one row.
        unit: what they are, for the message.
        overloads: each one's parameters; with a type behind it where DuckDB needs it.
        hint: what to do.
        call: the arguments in DuckDB's call, where they are not as given.
        told: whether the size is one, and no mark of what cannot be measured.
        kept: the parameters that must stay constants in DuckDB's call, if they are.
        constant: the arguments that, written out, tell the policy all.
    """

    names: str
    size: str
    most: int
    unit: str
    overloads: tuple[str, ...]
    hint: str = "give it less in each call"
    kept: str = ""
    constant: tuple[int, ...] | None = None
    call: str = ""
    told: bool = True


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
    Guard("regexp_replace", f"strlen(a) * greatest(1, strlen(c) // 20) + {_LONG}", 10_000_000,
          "bytes, with 20 in place of each, of patterns of 10000",
          ("a VARCHAR, b, c", "a VARCHAR, b, c, d"), _PIECES, "bcd", told=False),
    Guard("regexp_matches regexp_full_match regexp_extract", "strlen(b)",
          10_000, "bytes of pattern", (_TEXT,), constant=(1,)),
    Guard("regexp_matches regexp_full_match regexp_extract", "strlen(b)", 10_000,
          "bytes of pattern", (f"{_TEXT}, c",), kept="c", constant=(1,)),
    Guard("regexp_extract", "strlen(b)", 10_000, "bytes of pattern", (f"{_TEXT}, c, d VARCHAR",),
          kept="cd", constant=(1,)),
    Guard("map", "len(a)", 250_000, "entries", ("a, b",), _ROWS),
    Guard("flatten", "len(a)", 5_000_000, "elements", ("a",), _ROWS),
    # Moments before DuckDB's first one: their cast to text ends the instance too.
    Guard("make_timestamp", "-(a::HUGEINT)", 9_223_372_022_400_000_000, "microseconds before 1970",
          ("a BIGINT", "a, b, c, d, e, f")),
    Guard("epoch_ms make_timestamp_ms", "-(a::HUGEINT)", 9_223_372_022_400_000,
          "milliseconds before 1970", ("a BIGINT",)),
    *(Guard("epoch_ms", "0", 1, "milliseconds before 1970", (f"a {kind}",))
      for kind in ("DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIME", "TIMETZ", "INTERVAL")),
    Guard("bin to_binary", "strlen(a::VARCHAR)", 10_000_000, "bytes", ("a",)),
    Guard("levenshtein editdist3 damerau_levenshtein", "strlen(a) * strlen(b)", 1_000_000,
          "pairs of characters", (_TEXT,),
          "compare shorter texts, such as left(a, 1000) and left(b, 1000)"),
    # Each takes the square of what it counts; 0.1 to 0.3 s.
    Guard("jaro_similarity jaro_winkler_similarity", "strlen(a) * strlen(b)", 100_000_000_000,
          "pairs of bytes", (_TEXT, f"{_TEXT}, c DOUBLE"), "compare shorter texts"),
    Guard("nfc_normalize", "length(a) - length_grapheme(a)", 25_000, "combining marks",
          ("a VARCHAR",), _PIECES),
    Guard("parse_path parse_dirpath parse_filename", "strlen(a)", 200_000, "bytes",
          ("a VARCHAR", "a VARCHAR, b"), "give it the end of the path: right(a, 1000)"),
    Guard("parse_filename", "strlen(a)", 200_000, "bytes", ("a VARCHAR, b, c",),
          "give it the end of the path: right(a, 1000)"),
    Guard("repeat", "greatest(1, strlen(a::VARCHAR)) * b", 100_000, "bytes made",
          ("a VARCHAR, b BIGINT", "a, b BIGINT"), constant=(1,)),
    Guard("lpad rpad", "b", 100_000, "characters", ("a VARCHAR, b BIGINT",), constant=(1,),
          call="a, b::INTEGER, ' '"),
    Guard("lpad rpad", "b", 100_000, "characters", ("a VARCHAR, b BIGINT, c VARCHAR",),
          constant=(1,), call="a, b::INTEGER, c"),
    Guard("bar", "d", 10_000, "characters", ("a, b, c, d",), constant=(3,)),
    Guard("bitstring", "b", 1_000_000, "bits", ("a, b",), constant=(1,)),
    Guard("list_resize array_resize", "b", 1_000_000, "elements", ("a, b", "a, b, c"),
          constant=(1,)),
    Guard("concat_ws", "strlen(a)", 1_000, "bytes in the separator", _MANY, constant=(0,)),
    Guard("printf", r"CASE WHEN regexp_matches(a, '\*|[0-9]{6}') THEN 1000000 ELSE 0 END", 100_000,
          "characters of width", _MANY, constant=(0,), told=False),
    Guard("format", r"CASE WHEN regexp_matches(a, '\{[^}]*\{|[0-9]{6}') THEN 1000000 ELSE 0 END",
          100_000, "characters of width", _MANY, constant=(0,), told=False),
)  # fmt: skip
_RANGES: Final = "range generate_series"
_LESS: Final = "put it behind FROM, which makes rows, or ask for fewer"
_STEPS: Final = (
    ("a BIGINT", "a"),
    ("a BIGINT, b BIGINT", "b - a"),
    ("a BIGINT, b BIGINT, c BIGINT", "abs(b::HUGEINT - a) // greatest(1, abs(c))"),
)
_ZONED: Final = "TIMESTAMPTZ"
_MOMENTS: Final = ("DATE", "TIMESTAMP", _ZONED, "VARCHAR")


def _between(a: str, b: str) -> Iterator[Guard]:
    """Moments from one type to another; the VARCHAR is a literal without a type.

    As PostgreSQL chooses: the one of the two that is a timestamp, or else with a time zone.
    """
    for name in _RANGES.split():
        plain = "TIMESTAMP" in (a, b) or (name == "range" and "DATE" in (a, b))
        kind = "TIMESTAMP" if plain and _ZONED not in (a, b) else _ZONED
        first, last, step = f"a::{kind}", f"b::{kind}", "c::INTERVAL"
        yield Guard(
            name,
            f"abs(date_diff('second', {first}, {last})) // greatest(1e-6, abs(epoch({step})))",
            1_000_000, "elements", (f"a {a}, b {b}, c",), _LESS, constant=(0, 1, 2),
            call=f"{first}, {last}, {step}",
        )  # fmt: skip


GUARDS_OF_RANGES: Final = (
    *(Guard(_RANGES, size, 1_000_000, "elements", (parameters,), _LESS, constant=(0, 1, 2))
      for parameters, size in _STEPS),
    *(guard for a in _MOMENTS for b in _MOMENTS for guard in _between(a, b)),
)  # fmt: skip

#: By name: the guard, the first of several.
BY_NAME: Final = {
    name: guard for guard in (*GUARDS_OF_RANGES, *GUARDS) for name in guard.names.split()
}


def _types() -> dict[tuple[str, int], list[str]]:
    out: dict[tuple[str, int], list[str]] = {}
    for guard in (*GUARDS_OF_RANGES, *GUARDS):
        for name in guard.names.split():
            for overload in guard.overloads:
                told = [part.partition(" ")[2] for part in overload.split(", ")]
                before = out.setdefault((name, len(told)), told)
                both = zip(before, told, strict=True)
                out[name, len(told)] = [a if a == b else "" for a, b in both]
    return out


#: By name and number of arguments: the types that all its overloads agree in; else empty.
TYPES: Final = _types()
#: Names with the numbers of arguments that are guarded.
COUNTS: Final = frozenset(TYPES) | {("lpad", 2), ("rpad", 2)}
#: Places of DuckDB's functions.
BUILT_IN: Final = frozenset(["PG_CATALOG", "SYSTEM", "MAIN"])
#: Operators that are such functions.
OPERATORS: Final = {"DAMP": "&&", "AT_GT": "@>", "LT_AT": "<@"}
_OPERATORS: Final = (
    ("&&", "list_has_any(a, b)"), ("@>", "list_has_all(a, b)"), ("<@", "list_has_all(b, a)"),
)  # fmt: skip
#: Those that give one value; ``range`` gives rows too.
SCALARS: Final = frozenset(BY_NAME) - frozenset(_RANGES.split())

# A vector's 2048 rows together shall take no longer than two of the largest values. What only
# makes characters is so quick that a whole vector of the largest does.
_AT_ONCE: Final = 1_000
_QUICK: Final = frozenset(["characters", "bytes made", "bytes in the separator",
                           "microseconds before 1970", "milliseconds before 1970"])  # fmt: skip
_PATTERN: Final = "bytes of pattern"
_WORD: Final = re.compile(r"\b([a-z])\b")


def macros(shim: str) -> Iterator[str]:
    """The statements that make the macros, in the database's schema ``main``.

    Two for each name. The inner one looks at types and sizes; the outer one makes each argument
    once and gives it to a lambda: DuckDB cannot choose among types where an argument is an
    aggregate, nor bind a macro with types to the columns of a query around its own.
    """
    for name in BY_NAME:
        guards = [
            (guard, overload)
            for guard in (*GUARDS_OF_RANGES, *GUARDS)
            if name in guard.names.split()
            for overload in guard.overloads
        ]
        inner, outer = f'"{shim}".main.{PREFIX}_{name}', f'"{shim}".main.{PREFIX}{name}'
        typed = [f"({_parameters(o, g.kept)}) AS {_body(name, g, o)}" for g, o in guards]
        kept = {o.count(",") + 1: g.kept for g, o in guards}
        plain = [f"({', '.join(ascii_lowercase[:many])}) AS NULL" for many in kept]
        calls = [_call(inner, many, constant) for many, constant in kept.items()]
        # Made while there are no types to choose among; what it calls is looked up when it runs.
        yield f"CREATE OR REPLACE MACRO {inner}{', '.join(plain)}"
        yield f"CREATE OR REPLACE MACRO {outer}{', '.join(calls)}"
        yield f"CREATE OR REPLACE MACRO {inner}{', '.join(typed)}"
    for operator, call in _OPERATORS:
        ours = f'"{shim}".main.{PREFIX}{call}'
        yield f'CREATE MACRO IF NOT EXISTS "{shim}".main."@{operator}"(a, b) AS {ours}'


def _parameters(overload: str, kept: str) -> str:
    """With types, except of constants: those may yet be columns of a query around."""
    parts = [part.split(" ", 1) for part in overload.split(", ")]
    return ", ".join(
        f"{PREFIX}{name}" + ("" if name in kept else "".join(f" {kind}" for kind in types))
        for name, *types in parts
    )


def _call(inner: str, many: int, kept: str) -> str:
    names = ascii_lowercase[:many]
    looked = [a for a in names if a not in kept]
    given = ", ".join(PREFIX + a + ("_" if a in looked else "") for a in names)
    return (
        f"({', '.join(PREFIX + a for a in names)}) AS system.main.invoke("
        f"lambda {', '.join(f'{PREFIX}{a}_' for a in looked)}: {inner}({given}), "
        f"{', '.join(PREFIX + a for a in looked)})"
    )


def _body(name: str, guard: Guard, overload: str) -> str:
    """The guarded call."""
    given = [part.split()[0] for part in overload.split(", ")]

    def written(sql: str) -> str:
        return _WORD.sub(lambda m: PREFIX + m[1] if m[1] in given else m[1], sql)

    plain = f"system.main.{name}({guard.call or ', '.join(given)})"
    call, size = written(plain), written(guard.size)
    parts = 10 if guard.unit == _PATTERN else _AT_ONCE
    at_once = guard.most if guard.unit in _QUICK else guard.most // parts
    said = f"'{name} would work on a value that is too large: "
    said += f"' || ({size}) || ' {guard.unit}, " if guard.told else ""
    said += f"at most {guard.most}{'' if guard.told else f' {guard.unit}'}; {guard.hint}'"
    return (
        f"CASE WHEN {size} > {guard.most} THEN error({said}) "
        f"WHEN {size} > {at_once} THEN system.main.list_transform("
        f"system.main.range(2048), lambda {PREFIX}k: CASE WHEN {PREFIX}k = 0 THEN {call} END)[1] "
        f"ELSE {call} END"
    )
