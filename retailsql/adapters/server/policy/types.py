"""May this person know the type a name means? The values of an ENUM stand in its type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from retailsql.adapters.server.policy.context import Asked
from retailsql.adapters.server.policy.known import Place
from retailsql.adapters.server.policy.names import Path, fold, shown
from retailsql.adapters.server.policy.rights import knows_schema
from retailsql.adapters.server.records import PgError

if TYPE_CHECKING:
    from retailsql.adapters.server.policy.tree import FunctionUse

TAKE_TYPES = frozenset(["from_json", "from_json_strict", "json_transform", "json_transform_strict"])
"""Functions whose second argument is a text that names types."""


def check_type(asked: Asked, path: Path) -> None:
    """Refuse a type of a schema that this person has no right in, as if there were none.

    Raises:
        PgError: 42704.
    """
    for place in asked.names.types.get(fold(path[-1]), ()):
        if not _may_know(asked, place) and _may_mean(asked, path, place):
            raise _missing(path)


def check_type_text(asked: Asked, use: FunctionUse) -> None:
    """Refuse a structure of JSON that names such a type.

    Raises:
        PgError: 42704; 0A000 the text is not written out, and there are such types.
    """
    if not _hidden(asked):
        return
    for argument in use.arguments[1:]:
        node = argument["expression"]
        if node.get("class") != "CONSTANT" or node["literal"]["kind"] != "STRING":
            raise PgError("0A000", f"{use.path[-1]} takes its structure as plain text here")
        text = node["literal"]["text"]
        if "\\" in text:
            raise PgError("0A000", f"{use.path[-1]} takes no escapes in its structure here")
        check_type_words(asked, text)


def check_type_words(asked: Asked, text: str) -> None:
    """Refuse a text with such a type's name in it.

    Raises:
        PgError: 42704.
    """
    low = fold(text)
    for name in _hidden(asked):
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", low):
            raise _missing((name,))


def _hidden(asked: Asked) -> set[str]:
    types = asked.names.types
    return {name for name in types if not all(_may_know(asked, p) for p in types[name])}


def _may_know(asked: Asked, place: Place) -> bool:
    return fold(place.database) != asked.database or knows_schema(asked.rights, place.schema)


def _may_mean(asked: Asked, path: Path, place: Place) -> bool:
    """Whether the name may be that type's."""
    if len(path) > 1:
        return fold(path[-2]) in (fold(place.schema), fold(place.database))
    return (fold(place.database), fold(place.schema)) in asked.path


def _missing(path: Path) -> PgError:
    return PgError("42704", f'type "{shown(path)}" does not exist')
