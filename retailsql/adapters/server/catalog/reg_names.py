"""What the numbers of types and functions are called in text; in binary they stay numbers."""

from __future__ import annotations

import re
from functools import lru_cache

from retailsql.adapters.server.catalog.names import sql_file

_REGPROC, _REGTYPES = 24, 2211
_ROW = re.compile(r"\((\d+),\s*'(\w+)',\s*11,")
_WORD = re.compile(r"\('(\w+)', '([^']+)'\)")


@lru_cache(maxsize=1)
def reg_names() -> dict[int, dict[int, str]]:
    """PostgreSQL's number of a type, of regproc and regtype[] -> number of a thing -> its name.

    >>> reg_names()[24][750], reg_names()[2211][1022]
    ('array_in', 'double precision[]')
    """
    functions = {int(n): name for n, name in _ROW.findall(sql_file("functions_of_types.sql"))}
    words = dict(_WORD.findall(sql_file("type_names.sql").partition("words(")[2]))
    types = {}
    for number, name in _ROW.findall(sql_file("types.sql")):
        element = name.removeprefix("_")
        types[int(number)] = words.get(element, element) + "[]" * (element != name)
    return {_REGPROC: {0: "-", **functions}, _REGTYPES: {0: "-", **types}}
