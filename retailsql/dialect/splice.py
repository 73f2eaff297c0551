"""Turn ``ML.NAME(...)`` into subqueries, in place.

A call is replaced by a bracketed SELECT over hidden functions and stored rows; its own subquery is
put into it as written, once, so that parameters keep their number and order.
"""

from __future__ import annotations

import re

from retailsql.dialect.lookup import Catalog
from retailsql.dialect.scalars.expand import expand_scalars
from retailsql.dialect.settings import read_settings
from retailsql.dialect.tokens import Walk, tokenize
from retailsql.dialect.values import read_struct
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.table import NAMES, WITHOUT_MODEL, verbs_called
from retailsql.dialect.verbs.verb import KIND_WORDS, Verb
from retailsql.errors import nearest
from retailsql.registry.store import StoredVersion


def find_call(walk: Walk) -> tuple[int, str] | None:
    """Token position and verb of the first ML call, or None.

    ``ML.NAME(MODEL ...`` is one, whatever the name; ``ML.DESCRIBE_DATA(TABLE t`` and its like are,
    where the name is known. ``ml.predict(x)`` is a function of the user's own and left alone.
    """
    for i in range(len(walk.tokens) - 4):
        walk.at = i
        if walk.peek() == "ML" and (i == 0 or walk.tokens[i - 1].text != "."):
            dot, name, bracket, first = (walk.peek(k) for k in range(1, 5))
            rows = name in WITHOUT_MODEL and first in ("TABLE", "(")
            if (dot, bracket) == (".", "(") and (first == "MODEL" or rows):
                return i, name
    return None


def splice(walk: Walk, catalog: Catalog, prefix: str = "") -> str:
    """The statement's text with every ML call replaced.

    Args:
        walk: over all tokens of the statement (or of a part of it).
        catalog: finds models.
        prefix: of a part of a statement, the text of the statement up to it.

    Raises:
        StatementError: a call is malformed, or of a function or kind that does not fit.
    """
    out: list[str] = []
    rest = walk

    def taken(name: str) -> bool:
        return catalog.has_function("ml", name)

    while rest.tokens:
        found = find_call(rest)
        if found is None:
            break
        at, verb = found
        if at:
            before = Walk(rest.sql, rest.tokens[:at])
            out.append(expand_scalars(before, taken))
            out.append(rest.sql[rest.tokens[at - 1].end + 1 : rest.tokens[at].start])
        text, stop = _expand(rest, at, verb, catalog, prefix + "".join(out))
        out.append(text)
        tail = rest.tokens[stop:]
        if not tail:
            return "".join(out)
        out.append(rest.sql[rest.tokens[stop - 1].end + 1 : tail[0].start])
        rest = Walk(rest.sql, tail)
    out.append(expand_scalars(rest, taken))
    return "".join(out)


def _expand(walk: Walk, at: int, name: str, catalog: Catalog, before: str) -> tuple[str, int]:
    """The SQL of the call at a token position, and the position behind it."""
    walk.at = at
    if name not in NAMES:
        raise walk.error(
            f"There is no function ML.{name}", seen=f"ML.{name}",
            wanted=nearest(name, sorted(NAMES)),
        )  # fmt: skip
    walk.at = at + 3
    arguments = walk.split(*walk.group())
    stop = walk.at
    call = MLCall(name, walk.sub(at, stop), catalog, before=before)
    if walk.sub(*arguments[0]).peek() == "MODEL":
        first = walk.sub(*arguments.pop(0))
        first.expect("MODEL")
        call.model = first.name()
        if not first.done:
            raise first.error("Did not expect more behind the model's name", wanted=", or )")
    for start, end in arguments:
        _read_argument(call, walk, start, end, catalog)
    if call.model is None:
        verb = next(v for v in verbs_called(name) if not v.kinds)
        _check(call, verb)
        return f"({_dividing(call, verb.expand(call))})", stop
    stored = catalog.model(call.model)
    verb = _verb_for(call, stored)
    _check(call, verb)
    return f"({_dividing(call, verb.expand(call, stored))})", stop


def _dividing(call: MLCall, sql: str) -> str:
    """The SQL of a call in a session where 7 / 2 is 3: there, too, it must divide as it does in
    others; the caller's own rows are the caller's affair.
    """
    if "/" not in sql or not call.catalog.integer_division:
        return sql
    rows = "|".join(re.escape(relation) for relation in call.relations if "/" in relation)
    parts = re.split(f"({rows})", sql) if rows else [sql]
    return "".join(part if at % 2 else true_division(part) for at, part in enumerate(parts))


def true_division(sql: str) -> str:
    """The same SQL, or a part of it, with no division of two integers; types and values stay.

    >>> true_division("SELECT x / 7 AS w, x // 7 AS d, '/' AS s")
    "SELECT x / 1.0 / 7 AS w, x // 7 AS d, '/' AS s"
    """
    ends = [token.end + 1 for token in tokenize(sql) or () if token.token_type.name == "SLASH"]
    for end in reversed(ends):
        sql = f"{sql[:end]} 1.0 /{sql[end:]}"
    return sql


def _verb_for(call: MLCall, stored: StoredVersion) -> Verb:
    """The entry of the table for this kind of model."""
    entries = verbs_called(call.verb)
    for verb in entries:
        if verb.fits(stored):
            return verb
    wanted = [w for v in entries for w in (v.model_types or map(KIND_WORDS.__getitem__, v.kinds))]
    raise call.error(
        f"ML.{call.verb} is not for this kind of model",
        seen=f"{stored.name.text} is a {stored.signature.kind}, {stored.model_type}",
        wanted=" or ".join(dict.fromkeys(wanted)) or "no MODEL: it takes rows alone",
    )


def _check(call: MLCall, verb: Verb) -> None:
    """Check the arguments against what the function takes, and read its settings."""
    n, rows = len(call.relations), verb.rows
    model = f"MODEL {call.model}, " if call.model else ""
    form = f"ML.{verb.name}({model}TABLE name)"
    if rows == "two" and n != 2:
        raise call.error(
            f"ML.{verb.name} compares two sets of rows", seen=f"{n} given",
            wanted=f"ML.{verb.name}(TABLE base, TABLE study)",
        )  # fmt: skip
    if call.registered is not None and rows != "two":
        raise call.error(
            f"ML.{verb.name} takes no MODEL", seen=call.registered, todo="leave it out"
        )  # fmt: skip
    if rows == "must" and n == 0:
        raise call.error(f"ML.{verb.name} needs rows", wanted=form)
    if rows == "none" and n:
        raise call.error(f"ML.{verb.name} takes no rows", todo="leave TABLE or (SELECT ...) out")
    if call.values is not None and not verb.values:
        raise call.error(
            f"ML.{verb.name} does not take this argument", seen=call.values,
            wanted="TABLE name, (SELECT ...) or STRUCT(value AS name)",
        )  # fmt: skip
    call.settings = read_settings(verb.name, verb.settings, call.fields)


def _check_once(call: MLCall, part: Walk) -> None:
    """Refuse a second TABLE or (SELECT ...) where one is all a function takes."""
    if call.relations and all(verb.rows != "two" for verb in verbs_called(call.verb)):
        raise part.error(
            f"ML.{call.verb} has rows already", wanted="one TABLE name or (SELECT ...)",
            todo="leave one of the two out",
        )  # fmt: skip


def _check_rows(call: MLCall, part: Walk) -> None:
    """Refuse what is neither ``TABLE name`` nor one bracketed query."""
    wanted = "TABLE name or (SELECT ...)"
    if part.take("TABLE"):
        part.name()
        if part.peek() == "(":
            part.group()
    else:
        first = part.peek(1)
        if first in (*_NO_ROWS, ")"):
            part.at = 1
            raise part.error(f"ML.{call.verb} reads the rows of a query", wanted=wanted)
        part.group()
    if not part.done:
        raise part.error(
            f"Did not expect more behind the rows of ML.{call.verb}", wanted=wanted,
            todo="write it as one query: (SELECT ... FROM ...)",
        )  # fmt: skip
    part.at = 0


_NO_ROWS = ("ALTER", "COPY", "CREATE", "DELETE", "DROP", "INSERT", "MERGE", "SET", "UPDATE")
"""Words that begin statements which are no query."""


def _read_argument(call: MLCall, walk: Walk, start: int, end: int, catalog: Catalog) -> None:
    """One argument behind the model: rows, settings or an array."""
    part = walk.sub(start, end)
    word = part.peek()
    if part.done:
        raise call.error(
            f"An argument of ML.{call.verb} is empty", todo="leave one of its commas out"
        )
    if word == "STRUCT":
        if call.fields:
            raise part.error(
                f"ML.{call.verb} has settings already", wanted="one STRUCT(...)",
                todo="leave one of the two out",
            )  # fmt: skip
        part.expect("STRUCT")
        call.fields = read_struct(part)
    elif word in ("TABLE", "("):
        _check_once(call, part)
        _check_rows(call, part)
        rows = walk.slice(start + 1, end)
        if word == "(":
            rows = splice(part, catalog, call.before)
        call.relations.append(rows)
    elif word == "MODEL" and call.model is None and call.registered is None:
        part.expect("MODEL")
        call.registered = catalog.model(part.name()).name.text
        if not part.done:
            raise part.error("Did not expect more behind the model's name", wanted=")")
    elif word in ("[", "GENERATE_ARRAY", "GENERATE_SERIES", "RANGE") and call.values is None:
        call.values = walk.slice(start, end)
    else:
        raise part.error(
            f"ML.{call.verb} does not take this argument",
            wanted="TABLE name, (SELECT ...) or STRUCT(value AS name)",
        )
