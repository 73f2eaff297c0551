"""Put a preprocessing function's SQL in place of its call, by character offset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from retailsql.dialect.scalars.function import Arguments, Given, Plan, Scalar
from retailsql.dialect.scalars.table import SCALARS
from retailsql.dialect.tokens import Walk

Taken = Callable[[str], bool]
"""True if the user has a function ``ml.<name>`` of his own: it stays his."""


NEAR = 0.85
"""From here on a name is taken for a misspelt one."""


_NO_CALL = frozenset([".", "MACRO", "FUNCTION", "TABLE", "VIEW", "INTO", "EXISTS", "FROM", "JOIN"])
"""Behind these a name with brackets is no call of a scalar function: CREATE MACRO ml.ngrams(x)."""


@dataclass(frozen=True)
class Found:
    """One call, by token positions; ``arguments`` are ranges between its brackets."""

    scalar: Scalar
    start: int
    stop: int
    arguments: list[tuple[int, int]]


def _names(walk: Walk, start: int) -> Iterator[tuple[int, str]]:
    """Token position and name of each ``ML.NAME(`` that is no function of a model or a table."""
    for i in range(start, len(walk.tokens) - 3):
        walk.at = i
        if walk.peek() != "ML" or (i > 0 and walk.tokens[i - 1].text.upper() in _NO_CALL):
            continue
        if (walk.peek(1), walk.peek(3)) == (".", "(") and walk.peek(4) not in ("MODEL", "TABLE"):
            yield i, walk.peek(2)


def may_be_scalar(walk: Walk) -> bool:
    """True if ``ML.NAME(`` of a preprocessing function, or of nearly its name, stands in it."""
    return any(get_close_matches(name, SCALARS, 1, NEAR) for _, name in _names(walk, 0))


def find_scalar(walk: Walk, taken: Taken, start: int = 0) -> Found | None:
    """The first preprocessing function at or behind a token, OVER () taken in.

    Raises:
        StatementError: its brackets are wrong, or OVER () is missing or too much; or its name is
            nearly that of one.
    """
    for i, name in _names(walk, start):
        near = get_close_matches(name, SCALARS, 1, NEAR)
        if not near or taken(name):
            continue
        if name not in SCALARS:
            walk.at = i
            raise walk.error(f"There is no function ML.{name}", wanted=f"ML.{near[0]}")
        return _read(walk, i, SCALARS[name])
    return None


def _read(walk: Walk, at: int, scalar: Scalar) -> Found:
    walk.at = at + 3
    arguments = walk.split(*walk.group())
    name, many = f"ML.{scalar.name}", len(arguments)
    if not scalar.least <= many <= scalar.most:
        walk.at = at
        raise walk.error(
            f"{name} has the wrong number of arguments", seen=str(many), wanted=name + scalar.form
        )
    over = walk.peek() == "OVER"
    if scalar.analytic and not walk.take("OVER", "(", ")"):
        raise walk.error(
            f"{name} looks at all rows", wanted=name + scalar.form,
            todo="leave OVER's brackets empty" if over else "write OVER () behind it",
        )  # fmt: skip
    if over and not scalar.analytic:
        raise walk.error(
            f"{name} looks at its own row only", wanted=name + scalar.form, todo="leave OVER () out"
        )
    return Found(scalar, at, walk.at, arguments)


def holds_scalar(walk: Walk, taken: Taken) -> bool:
    """True if a preprocessing function stands in it."""
    return find_scalar(walk, taken) is not None


def expand_scalars(walk: Walk, taken: Taken) -> str:
    """The text with each call replaced; statistics are windows over all rows of the SELECT.

    Args:
        walk: over the tokens of a statement, or of a part of it.
        taken: names that are the user's own functions.

    Raises:
        StatementError: a call is malformed; names line and column.
    """
    return replaced(walk, _live(walk, taken))


def _live(walk: Walk, taken: Taken) -> Iterator[tuple[Found, str]]:
    at = 0
    while found := find_scalar(walk, taken, at):
        parts = [walk.sub(*r) for r in found.arguments]
        if found.scalar.analytic:
            _refuse_windows(found, parts, taken)
            _refuse_parameters(found, parts)
        texts = [expand_scalars(part, taken) for part in parts]
        plan = plan_of(walk, found, texts)
        windows = {k: s.finish(f"{s.aggregate} OVER ()") for k, s in plan.statistics.items()}
        yield found, plan.value(Given(windows, False))
        at = found.stop


def plan_of(walk: Walk, found: Found, texts: list[str]) -> Plan:
    """Read a call's arguments.

    Args:
        walk: what it was found in.
        found: the call.
        texts: the SQL of its arguments, functions in them expanded.
    """
    parts = [walk.sub(*r) for r in found.arguments]
    if texts and parts and texts[0] != parts[0].slice(0, len(parts[0].tokens)):
        parts[0] = _reread(texts[0]) or parts[0]
    call = walk.sub(found.start, found.stop)
    return found.scalar.plan(Arguments(found.scalar.name, call, parts, texts))


def _reread(text: str) -> Walk | None:
    """A walk over an argument whose own functions were expanded: a struct is read by its parts."""
    from retailsql.dialect.tokens import tokenize

    tokens = tokenize(text)
    return None if tokens is None else Walk(text, tokens)


def _refuse_windows(found: Found, parts: list[Walk], taken: Taken) -> None:
    """DuckDB has no window in a window."""
    for part in parts:
        at = 0
        while inner := find_scalar(part, taken, at):
            if inner.scalar.analytic:
                part.at = inner.start
                raise part.error(
                    f"ML.{inner.scalar.name} stands inside ML.{found.scalar.name}, "
                    "and both look at all rows",
                    todo="compute the inner one in a subquery; inside TRANSFORM it may stand so",
                )
            at = inner.start + 1


def _refuse_parameters(found: Found, parts: list[Walk]) -> None:
    """The argument stands several times in the SQL, so that ``?`` would count wrongly."""
    for part in parts:
        for i in range(len(part.tokens)):
            part.at = i
            if part.peek() == "?":
                raise part.error(
                    f"ML.{found.scalar.name} takes no parameter without a number", wanted="$1",
                    todo="number the statement's parameters, or compute the value in a subquery",
                )  # fmt: skip


def replaced(walk: Walk, found: Iterator[tuple[Found, str]]) -> str:
    """The text with the given calls replaced by the given SQL; all else as written."""
    out: list[str] = []
    begin = walk.tokens[0].start if walk.tokens else 0
    for call, sql in found:
        out += [walk.sql[begin : walk.tokens[call.start].start], sql]
        begin = walk.tokens[call.stop - 1].end + 1
    end = walk.tokens[-1].end + 1 if walk.tokens else 0
    return "".join([*out, walk.sql[begin:end]])
