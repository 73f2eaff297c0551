"""Names of ours that stand in DuckDB for PostgreSQL's, where DuckDB has another thing of that name.

A macro called ``to_timestamp`` or ``~`` would be found by the warehouse's own views too and change
what they mean; so the user's text is edited to these names, and errors are edited back.
"""

from __future__ import annotations

import re
from typing import Final

PREFIX: Final = "__pg_"

#: Operators, which DuckDB would read as a full match, or not at all. Those of patterns have a
#: mark behind the @: see :mod:`.searches`.
OPERATORS: Final = {
    "~": "@~", "!~": "@!~", "~*": "@~*", "!~*": "@!~*",
    "?": "@^", "?|": "@^|", "?&": "@^&"}  # fmt: skip

_BACK: Final = {ours: theirs for theirs, ours in OPERATORS.items()}
_OURS = re.compile(
    r'(?:[\w"]+\.main\.)?\b__pg_(?:written_|quick_)?_?(\w+)|"?@[\^&]?(!?~\*?)"?|"?(@\^[|&]?)"?'
)


def in_words(message: str) -> str:
    """A message with PostgreSQL's names in place of ours.

    >>> in_words('no function matches "__pg_to_date(DATE)" or "@~"(INTEGER)')
    'no function matches "to_date(DATE)" or ~(INTEGER)'
    """
    return _OURS.sub(lambda m: m[1] or m[2] or _BACK[m[3]], message)


#: Functions that are DuckDB's own under another name. An aggregate cannot be a macro: it would
#: take neither FILTER nor OVER.
FUNCTIONS: Final = {
    "every": "bool_and",
    "json_object_agg": "json_group_object", "jsonb_object_agg": "json_group_object",
    "clock_timestamp": "now", "json_build_array": "json_array", "jsonb_build_array": "json_array",
    "json_build_object": "json_object", "jsonb_build_object": "json_object",
    "jsonb_array_length": "json_array_length",
}  # fmt: skip

#: Functions that DuckDB has too, but not so: for these numbers of arguments (empty: any) ours are
#: called.
OURS: Final[dict[str, frozenset[int]]] = {
    "to_timestamp": frozenset({2}),
    "array_to_string": frozenset({2, 3}), "date_trunc": frozenset({3}), "encode": frozenset({2}),
    "decode": frozenset({2}), "string_to_array": frozenset(), "to_hex": frozenset(),
    "array_length": frozenset(), "octet_length": frozenset(), "round": frozenset({1}),
    "sha256": frozenset(), "split_part": frozenset({3}),
}  # fmt: skip

#: What a view takes from DuckDB: its own differ only for halves, the empty, other types, centuries.
NEARLY_ALIKE: Final = frozenset(
    ["round", "array_length", "array_to_string", "date_trunc", "split_part"]
)
