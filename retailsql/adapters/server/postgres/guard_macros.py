"""The macros that the guards are: statements that make them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from string import ascii_lowercase
from typing import Final

from retailsql.adapters.server.postgres.guards import (
    BY_NAME,
    EFFORT,
    GUARDS,
    GUARDS_OF_RANGES,
    PIECES,
    QUICK,
    SEARCHES,
    WRITTEN,
    Guard,
)
from retailsql.adapters.server.postgres.renamed import PREFIX

_OF_LISTS: Final = {"@&&": "list_has_any(a, b)", "@@>": "list_has_all(a, b)",
                    "@<@": "list_has_all(b, a)"}  # fmt: skip
_SAID: Final = " would work on a value that is too large: "
# A vector's 2048 rows together shall take no longer than two of the largest values. What only
# makes characters is so quick that a whole vector of the largest does.
_AT_ONCE: Final = 1_000
_CHEAP_UNITS: Final = frozenset(["characters", "bytes made", "bytes in the separator",
                           "microseconds before 1970", "milliseconds before 1970"])  # fmt: skip
_TOLD: Final = f"'SIMILAR{_SAID}' || ({{}}) || ' steps, at most 1000; ~ takes longer patterns'"
_WORD: Final = re.compile(r"\b([a-z])\b")


def macros(shim: str) -> Iterator[str]:
    """The statements that make the macros, in the database's schema ``main``."""
    schema = f'"{shim}".main.'
    for name in BY_NAME:
        yield from _macros(schema, name, _of(name))
    for name in SEARCHES:  # with a written pattern, which DuckDB compiles once if it stays so
        written = [(guard._replace(kept="bcd"), overload) for guard, overload in _of(name)]
        yield from _macros(schema, name, written, WRITTEN)
    for name in PIECES:
        quick = [(guard._replace(size=guard.quick), overload) for guard, overload in _of(name)]
        yield from _macros(schema, name, quick, QUICK)
    yield f"CREATE MACRO IF NOT EXISTS {schema}{PREFIX}similar(b) AS {_SIMILAR}"
    lists = ((operator, schema + PREFIX + call) for operator, call in _OF_LISTS.items())
    for operator, call in (*lists, *_searches(schema)):
        yield f'CREATE MACRO IF NOT EXISTS {schema}"{operator}"(a, b) AS {call}'


def _of(name: str) -> list[tuple[Guard, str]]:
    return [
        (guard, overload)
        for guard in (*GUARDS_OF_RANGES, *GUARDS)
        if name in guard.names.split()
        for overload in guard.overloads
    ]


def _macros(
    schema: str, name: str, guards: Sequence[tuple[Guard, str]], kind: str = ""
) -> Iterator[str]:
    """Two for each name. The inner one looks at types and sizes; the outer one makes each argument
    once and gives it to a lambda: DuckDB cannot choose among types where an argument is an
    aggregate, nor bind a macro with types to the columns of a query around its own.
    """
    inner, outer = f"{schema}{PREFIX}{kind}_{name}", f"{schema}{PREFIX}{kind}{name}"
    typed = [f"({_parameters(o, g.kept)}) AS {_body(name, g, o)}" for g, o in guards]
    kept = {o.count(",") + 1: g.kept for g, o in guards}
    plain = [f"({', '.join(ascii_lowercase[:many])}) AS NULL" for many in kept]
    calls = [_call(inner, many, constant) for many, constant in kept.items()]
    # Made while there are no types to choose among; what it calls is looked up when it runs.
    yield f"CREATE OR REPLACE MACRO {inner}{', '.join(plain)}"
    yield f"CREATE OR REPLACE MACRO {outer}{', '.join(calls)}"
    yield f"CREATE OR REPLACE MACRO {inner}{', '.join(typed)}"


def _refused(size: str, most: int, said: str) -> str:
    """An error if the size is too large, else false. It is one of a cast: ``error(...)`` counts as
    volatile, and no such expression may stand in PARTITION BY.
    """
    return f"(CASE WHEN {size} > {most} THEN ({said})::BOOLEAN ELSE false END)"


# The pattern of SIMILAR TO, which counts no rows of text: see policy/sizes.py.
_SIMILAR: Final = (
    f"CASE WHEN {_refused(EFFORT, 1000, _TOLD.format(EFFORT))} THEN NULL "
    "WHEN contains(b, '[') OR contains(b, chr(92)) THEN b "
    "ELSE '(?s)' || replace(replace(replace(b, '.', '[.]'), '%', '.*'), '_', '.') END"
)


def _searches(schema: str) -> Iterator[tuple[str, str]]:
    """``~`` and ``~*``, by the marks of :func:`.searches.mark`."""
    own = schema + PREFIX
    for sign, options in (("~", "s"), ("~*", "si")):
        for mark, of in (("", "system.main."), ("^", own + WRITTEN), ("&", own)):
            call = f"{of}regexp_matches(a, b, '{options}')"
            yield f"@{mark}{sign}", call
            yield f"@{mark}!{sign}", f"NOT {call}"


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
    at_once = guard.most if guard.unit in _CHEAP_UNITS else guard.most // _AT_ONCE
    said = f"'{name}{_SAID}"
    said += f"' || ({size}) || ' {guard.unit}, " if guard.told else ""
    said += f"at most {guard.most}{'' if guard.told else f' {guard.unit}'}; {guard.hint}'"
    return (
        f"CASE WHEN {_refused(size, guard.most, said)} THEN NULL "
        f"WHEN {size} > {at_once} THEN system.main.list_transform("
        f"system.main.range(2048), lambda {PREFIX}k: CASE WHEN {PREFIX}k = 0 THEN {call} END)[1] "
        f"ELSE {call} END"
    )
