"""``SELECT set_config(name, value, local)``: SET as drivers and tools write it in a query."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from retailsql.adapters.server.backend.query import Query
from retailsql.adapters.server.backend.result import Plan, Result
from retailsql.adapters.server.backend.script import Part, split
from retailsql.adapters.server.records import Edit, Field, PgError, apply
from retailsql.dialect.tokens import Walk, is_string

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

    from retailsql.adapters.server.backend.context import Context

_WORD = "set_config"
_PLACE = re.compile(r"\$\s*(\d+)")
_TRUE = frozenset({"true", "t", "on", "yes", "y", "1"})


@dataclass
class Setting:
    """A query that changes settings before it runs.

    Args:
        ctx: of the session.
        query: with ``current_setting`` in place of each call, so that it tells the new values.
        calls: of each, its three arguments as they are written.
    """

    ctx: Context
    query: Query
    calls: list[tuple[str, str, str]]
    fields: list[Field] | None = field(init=False)
    parameters: list[int] = field(init=False)
    targets: list[DuckDBPyType | None] = field(init=False)

    def __post_init__(self) -> None:
        self.fields, self.parameters = self.query.fields, self.query.parameters
        self.targets = self.query.targets

    def run(self, values: Sequence[Any]) -> Result:
        """Change the settings, then tell them."""
        for name, value, local in self.calls:
            told = [_value(each, values) for each in (name, value, local)]
            if told[0] is None or told[2] is None:
                raise PgError("22004", "set_config needs a name, and whether it is local")
            self._set(told[0], told[1], told[2].lower() in _TRUE)
        return self.query.run(values)

    def _set(self, name: str, value: str | None, local: bool) -> None:
        if local and not self.ctx.block.inside:
            return  # over before anybody could read it
        if value is None:
            self.ctx.settings.reset(name, local)
        else:
            self.ctx.settings.set(name, value, local)


def plan(ctx: Context, part: Part, oids: Sequence[int]) -> Plan | None:
    """The plan of a SELECT that calls set_config in its list; None: it calls it nowhere.

    Raises:
        PgError: 0A000 a call that is no column of its own, or whose arguments are no constants.
    """
    if _WORD not in part.text.lower():
        return None
    edits, calls = _calls(part)
    if not calls:
        return None
    query = Query(ctx, split(apply(part.text, edits))[0], oids)
    return Setting(ctx, query, calls)


def _calls(part: Part) -> tuple[list[Edit], list[tuple[str, str, str]]]:
    edits, calls = [], []
    walk, depth = part.walk(), 0
    for i, token in enumerate(part.tokens):
        word = "" if is_string(token) else token.text.lower()
        depth += (word == "(") - (word == ")")
        if word != _WORD or i + 1 >= len(part.tokens) or part.tokens[i + 1].text != "(":
            continue
        first = i - 2 if i >= 2 and part.tokens[i - 1].text == "." else i
        before = part.tokens[first - 1].text.upper() if first else ""
        walk.at = i + 1
        spans = walk.split(*walk.group())
        arguments = [walk.slice(*span).strip() for span in spans]
        plain = len(spans) == 3 and all(_constant(walk.sub(*span)) for span in spans)
        if depth or before not in ("SELECT", ",") or part.words[0] != "SELECT" or not plain:
            raise PgError(
                "0A000", "set_config is supported only as a column of its own, with constants",
                position=token.start + 1, hint="SET name = value",
            )  # fmt: skip
        name, value, local = arguments
        # All three stay in the text, so that its parameters do.
        told = (
            f"coalesce(pg_catalog.current_setting(({name})::text), ({value})::text, "
            f"({local})::boolean::text)"
        )
        if walk.done or walk.peek() in (",", "FROM", "WHERE"):
            told += f" AS {_WORD}"
        edits.append(Edit(part.tokens[first].start, part.tokens[walk.at - 1].end + 1, told))
        calls.append((name, value, local))
    return edits, calls


def _constant(walk: Walk) -> bool:
    """True for one literal, NULL, a boolean or a parameter, with or without a cast."""
    texts = [token.text.upper() for token in walk.tokens[walk.at :]]
    if len(texts) > 2 and texts[-2] == "::":
        texts = texts[:-2]
    if texts[:1] == ["$"]:
        return len(texts) == 2 and texts[1].isdigit()
    return len(texts) == 1


def _value(written: str, values: Sequence[Any]) -> str | None:
    if (place := _PLACE.match(written)) is not None:
        found = values[int(place[1]) - 1]
        return None if found is None else str(found)
    first = split(written)[0].tokens[0]
    return None if first.text.upper() == "NULL" and not is_string(first) else str(first.text)
