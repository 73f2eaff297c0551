"""Any exception of a statement -> the error a PostgreSQL driver reads."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence

from retailsql.adapters.server.postgres import patterns
from retailsql.adapters.server.postgres.positions import position, without_place
from retailsql.adapters.server.postgres.renamed import in_words
from retailsql.adapters.server.postgres.wording import worded
from retailsql.adapters.server.records import Edit, PgError
from retailsql.errors import RetailSQLError

_LOG = logging.getLogger("retailsql.server")

_CLASS = re.compile(r"^[A-Z][A-Za-z ]{2,40}(?:Error|Exception): ")
_UDF = re.compile(
    r"Python exception occurred while executing the UDF: (?:[\w.]+\.)?(\w+): (.*)", re.DOTALL
)
_PARTS = re.compile(
    r"(?P<fact>.*?)(?:\. Seen: (?P<seen>.*?))?(?:\. Wanted: (?P<wanted>.*?))?"
    r"(?:\. What to do: (?P<todo>.*?))?\.?",
    re.DOTALL,
)
_CANDIDATES = re.compile(
    r"\s*(?P<kind>Did you mean|Candidate (?:bindings|tables|Entries)):? ?:? ?"
    r"(?P<names>.+?)\??\s*(?:\n\n|$)",
    re.DOTALL,
)
_INNER = re.compile(r"\"?(__rs_catalog)\"?\.(?:\w+\.)?|__rs_\w+")
_PATH = re.compile(r"(?<![\w/])(?:/[\w.@+-]+){2,}/?(?:\(\d+\))?")
_TRACE = re.compile(r"\n\s*(?:At:|Traceback \(most recent call last\)).*", re.DOTALL)
_TELLS_A_NAME = ("relation ", "function ", "schema ", "type ", "database ", "unrecognized ")


def pg_error(
    error: BaseException,
    text: str,
    edits: Sequence[Edit] = (),
    *,
    visible: Callable[[str], bool] | None = None,
) -> PgError:
    """The error to send.

    Args:
        error: what was raised.
        text: the statement as the user wrote it.
        edits: those made before DuckDB read it.
        visible: whether the user may know of a table or function; names that he may not, or all
            if it is not given, are not proposed to him.

    >>> import duckdb
    >>> try:
    ...     _ = duckdb.execute("select * from sale")
    ... except duckdb.Error as e:
    ...     told = pg_error(e, "select * from sale")
    >>> told.sqlstate, told.message, told.position
    ('42P01', 'relation "sale" does not exist', 15)
    """
    if isinstance(error, PgError):
        return error
    if isinstance(error, RetailSQLError):
        return _own(type(error).__name__, str(error), text, edits)
    name = type(error).__name__
    if isinstance(error, MemoryError):
        return PgError("53200", "out of memory")
    if isinstance(error, RecursionError):
        return PgError("54001", "stack depth limit exceeded")
    if isinstance(error, (KeyboardInterrupt,)) or name == "InterruptException":
        return PgError("57014", "canceling statement due to user request")
    if not type(error).__module__.startswith(("duckdb", "_duckdb")):
        _LOG.error("Internal error", exc_info=error)
        return PgError("XX000", f"internal error ({name})")
    return _engine(name, str(error), text, edits, visible)


def _engine(
    name: str,
    message: str,
    text: str,
    edits: Sequence[Edit],
    visible: Callable[[str], bool] | None,
) -> PgError:
    """An error of DuckDB."""
    udf = _UDF.search(message)
    if udf:
        return _raised_in_udf(udf[1], _TRACE.sub("", udf[2]), text, edits)
    place = position(message, text, edits)
    body = in_words(_CLASS.sub("", without_place(message))).strip()
    if name == "OutOfMemoryException":
        return PgError("53200", "out of memory", detail=clean(_first(body)))
    if name in ("InternalException", "FatalException"):
        return PgError("XX000", "internal error of the engine", detail=clean(_first(body)))
    if name in ("IOException", "HTTPException"):
        return PgError(patterns.STATES[name], clean(_first(body)))
    if name == "PermissionException":
        return PgError("42501", "this is not allowed here", position=place)
    for pattern in patterns.PATTERNS:
        found = pattern.seen.match(body)
        if found:
            told = _matched(pattern, found, body, place, visible)
            return worded(told, text)
    state = patterns.STATES.get(name, "XX000")
    return PgError(state, clean(_first(body)), hint=_hint("", "", body, visible), position=place)


def _matched(
    pattern: patterns.Pattern,
    found: re.Match[str],
    body: str,
    place: int | None,
    visible: Callable[[str], bool] | None,
) -> PgError:
    groups = {k: _typed(v or "") if k in "abt" else v for k, v in found.groupdict().items()}
    said = pattern.said.format(all=_first(body), **groups) if pattern.said else _first(body)
    if "call" in groups:
        said = _call(said)
    said = _conversion(said)
    own = pattern.hint.format(**groups)
    told = clean(said).replace("column a model function.", "column ")
    if pattern.state == "22003" and not said.startswith("value "):
        place = None  # PostgreSQL finds it when it computes, and tells a place only for literals
    return PgError(pattern.state, told, hint=_hint(said, own, body, visible), position=place)


def _conversion(said: str) -> str:
    """``Could not convert string 'a' to INT32`` in PostgreSQL's words."""
    found = re.match(
        r"Could not convert string ['\"](.*)['\"] to ([A-Z]+\d*)(?:\(.*?\))?(?: when casting.*)?$",
        said,
    )
    if found is None:
        return said
    return f'invalid input syntax for type {_typed(found[2])}: "{found[1]}"'


def _call(said: str) -> str:
    """A call with DuckDB's types, with PostgreSQL's."""
    return re.sub(r"\b[A-Z][A-Z0-9_]+(?: WITH TIME ZONE)?\b", lambda m: _typed(m[0]), said)


def _typed(name: str) -> str:
    bare = re.sub(r"\(.*\)", "", name)
    return patterns.TYPES.get(bare, name)


def _first(body: str) -> str:
    """The first line, as a sentence within another: no mark at its end."""
    line = body.split("\n", 1)[0].strip()
    line = re.split(r" Use TRY\(|, or SET |\. You might want| Either add", line)[0]
    return line.rstrip("!.")


def _hint(said: str, own: str, body: str, visible: Callable[[str], bool] | None) -> str | None:
    """DuckDB's candidates, as far as the user may know them."""
    found = _CANDIDATES.search(body)
    if own or found is None:
        return own or None
    names = re.findall(r'"([^"]+)"', found["names"])
    if found["kind"] == "Did you mean" and said.startswith(_TELLS_A_NAME):
        names = [name for name in names if visible is not None and visible(name)]
    names = [name for name in names if not name.startswith(("__", "pg_"))]
    if not names:
        return None
    return "Did you mean: " + ", ".join(names[:5]) + "?"


def _raised_in_udf(name: str, message: str, text: str, edits: Sequence[Edit]) -> PgError:
    """An error that a Python function raised; DuckDB hands on its class's name and its text."""
    if name in patterns.OWN or name == "RetailSQLError":
        return _own(name, message.strip(), text, ())
    told = re.match(r"([0-9A-Z]{5}): (.*?)\.?$", message.strip(), re.DOTALL)
    if name == "PgError" and told:
        return PgError(told[1], clean(told[2]))
    if name in ("KeyboardInterrupt", "StoppedError"):
        return PgError("57014", "canceling statement due to user request")
    return PgError("39000", f"a model function failed ({name})")


def _own(name: str, message: str, text: str, edits: Sequence[Edit]) -> PgError:
    """One of our own errors: fact, seen, wanted, what to do."""
    found = _PARTS.fullmatch(message.strip())
    if found is None:  # cannot be: the first part takes any text
        return PgError(patterns.OWN.get(name, "XX000"), clean(message))
    parts = (("Seen", found["seen"]), ("Wanted", found["wanted"]))
    detail = " ".join(f"{label}: {clean(part, keep=True)}." for label, part in parts if part)
    todo = found["todo"]
    return PgError(
        patterns.OWN.get(name, "22023"),
        clean(found["fact"]),
        detail=detail or None,
        hint=clean(todo, keep=True) + "." if todo else None,
        position=position(message, text, edits) if name == "StatementError" else None,
    )


def clean(text: str, *, keep: bool = False) -> str:
    r"""A text without names that are inside the engine and without paths of this machine.

    Args:
        text: what was said.
        keep: keep its lines apart; else it becomes one line.

    >>> clean("cannot call __rs_predict_1 of /srv/data/shop.duckdb\nnow")
    'cannot call a model function of (a file) now'
    """
    text = _TRACE.sub("", text)
    text = _INNER.sub(lambda m: "" if m[1] else "a model function", text)
    text = _PATH.sub("(a file)", text)
    return text if keep else " ".join(text.split())
