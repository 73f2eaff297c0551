"""Functions that work long on one large value, or make much of little, where only the rows tell.

The engine hears an interrupt between two vectors of rows and inside a lambda, and nowhere in a
call. So each name below stands for a macro, in what a user writes, that looks at the sizes first:

* small values, nearly all there are: DuckDB's function as it is, for a whole vector at once;
* larger ones: the same one row at a time, in a lambda, where the engine hears an interrupt;
* what would take more than about half a second in one row is refused.

Where the arguments that matter are written out as constants the policy looks at them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple


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
        search: only if they are patterns that need few steps: see :mod:`.searches`.
        quick: the size where the pattern is such a one.
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
    search: bool = False
    quick: str = ""


_ROWS: Final = "make rows of it: unnest(...), with DISTINCT, JOIN or GROUP BY"
_ONE: Final = "greatest(len(a), len(b))"
_TEXT: Final = "a VARCHAR, b VARCHAR"
_MANY: Final = tuple(
    "a VARCHAR, " + ", ".join("bcdefghijklmnopqrstuvwxyz"[:n]) for n in range(1, 26)
)
_PIECES: Final = "split it with string_split and unnest(...), and work on the rows"
# A pattern's steps for one byte of text, at most: 2 to 5 ns each, also where DuckDB's RE2 takes
# its slow way. Measured with 30 patterns that make it do so; {1,1000} is the most it takes.
_COUNTS: Final = (
    "list_transform(regexp_extract_all(b, '[{,]([0-9]{1,9})', 1), "
    "lambda n: greatest(1, least(1000, n::INTEGER)))"
)
EFFORT: Final = (
    f"strlen(b) * CASE WHEN NOT contains(b, '{{') THEN 1 "
    f"WHEN regexp_matches(b, '[)}}]\\{{') THEN least(1000, coalesce(list_product({_COUNTS}), 1)) "
    f"ELSE coalesce(list_max({_COUNTS}), 1) END::BIGINT"
)
_LONG: Final = "CASE WHEN strlen(b) > 10000 THEN 1000000001 ELSE 0 END"
_PARTS: Final = f"strlen(a) * greatest(1, {EFFORT} // 12)"
_BYTES: Final = "bytes, more where the pattern is long or counts"
_SHORTER: Final = "search in less text, or for a shorter pattern without counts such as {900}"
_SEARCH: Final = f"(strlen(a) + 100) * {EFFORT} + {_LONG}"

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
    Guard("regexp_extract_all", _PARTS, 5_000_000, _BYTES,
          (_TEXT, f"{_TEXT}, c", f"{_TEXT}, c, d VARCHAR"), _PIECES, "bcd", quick="strlen(a)"),
    Guard("regexp_split_to_array string_split_regex str_split_regex", _PARTS, 5_000_000, _BYTES,
          (_TEXT, f"{_TEXT}, c"), _PIECES, "bc", quick="strlen(a)"),
    Guard("md5 sha1 md5_number md5_number_lower md5_number_upper length_grapheme", "strlen(a)",
          50_000_000, "bytes", ("a VARCHAR",), _PIECES),
    Guard("jaccard", "strlen(a) + strlen(b)", 50_000_000, "bytes", (_TEXT,), _PIECES),
    Guard("md5 sha1", "octet_length(a)", 50_000_000, "bytes", ("a BLOB",), _PIECES),
    Guard("translate", "strlen(a)", 20_000_000, "bytes", (f"{_TEXT}, c VARCHAR",), _PIECES),
    # A text past 4 GB is an error inside DuckDB that ends the instance; these make up to three
    # times as much of theirs.
    Guard("hex to_base64 base64", "octet_length(a)", 200_000_000, "bytes", ("a BLOB",)),
    Guard("hex url_encode regexp_escape", "strlen(a)", 200_000_000, "bytes", ("a VARCHAR",)),
    *(Guard("hex", "0", 1, "bytes", (f"a {kind}",))
      for kind in ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM")),
    Guard("replace", "strlen(a) * greatest(1, strlen(c))", 1_000_000_000, "bytes made",
          (f"{_TEXT}, c VARCHAR",), _PIECES, constant=(1, 2)),
    Guard("regexp_replace", f"strlen(a) * greatest(1, strlen(c) // 20, {EFFORT} // 12) + {_LONG}",
          10_000_000, "bytes, with 20 in place of each, of patterns of 10000",
          ("a VARCHAR, b, c", "a VARCHAR, b, c, d"), _PIECES, "bcd", told=False,
          quick="strlen(a) * greatest(1, strlen(c) // 20)"),
    *(Guard(names, _SEARCH, 100_000_000, "steps", (overload,), _SHORTER, kept, (1,), search=True)
      for names, overload, kept in (
          ("regexp_matches regexp_full_match regexp_extract", _TEXT, ""),
          ("regexp_matches regexp_full_match regexp_extract", f"{_TEXT}, c", "c"),
          ("regexp_extract", f"{_TEXT}, c, d VARCHAR", "cd"))),
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
#: Functions that search, and those that take a text to pieces by a pattern.
SEARCHES: Final = frozenset(n for guard in GUARDS if guard.search for n in guard.names.split())
PIECES: Final = frozenset(n for guard in GUARDS if guard.quick for n in guard.names.split())
#: In their macros' names: the pattern is written out; and needs few steps.
WRITTEN: Final = "written_"
QUICK: Final = "quick_"
#: Those that give one value; ``range`` gives rows too.
SCALARS: Final = frozenset(BY_NAME) - frozenset(_RANGES.split())
