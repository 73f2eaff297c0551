"""What the functions of a SQL text are: their text, and whether they say the same every time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from duckdb import DuckDBPyConnection

from retailsql.runner.state.uses import NOW, Uses, uses

_HIDDEN = "__rs_"
"""Hidden functions of models: named by their content, so that another model is another name."""

_FINE = frozenset({
    "range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree",
    "duckdb_keywords",
})  # fmt: skip
"""Table functions that make rows of their arguments alone."""


_EXCLUDED = re.compile(r"(?<=EXCLUDE \()[^()]*(?=\))")
"""A list of columns that DuckDB keeps as a set: it prints them in another order every time."""


Key = tuple[str, bool]
"""A function's name, and whether it is one that stands after FROM: a name can be both."""
Held = dict[Key, dict[str, list[str]]]
"""Something of every overload of a function, by the schema it is in."""


@dataclass(frozen=True)
class Functions:
    """The functions of a database that matter here.

    Args:
        changing: those that may say something else next time.
        texts: what somebody has defined: arguments and definition of every overload.
        definitions: the SQL of each of those; none for a function in Python.
    """

    changing: frozenset[str]
    texts: Held = field(default_factory=dict)
    definitions: Held = field(default_factory=dict)

    @classmethod
    def of(cls, con: DuckDBPyConnection) -> Functions:
        """Those of a connection, in one query (about 10 ms)."""
        rows = con.execute(
            "SELECT lower(function_name), internal, stability, function_type, "
            "parameters::VARCHAR, macro_definition, lower(schema_name) FROM duckdb_functions() "
            "WHERE NOT internal OR stability <> 'CONSISTENT' ORDER BY ALL"
        ).fetchall()
        changing = {row[0] for row in rows if row[2] not in (None, "CONSISTENT")}
        found = cls(frozenset(changing - {"error"} | NOW))
        for name, internal, _, kind, parameters, definition, schema in rows:
            if internal or name.startswith(_HIDDEN):
                continue
            key = (name, kind in ("table", "table_macro"))
            text = f"{name} {parameters} {_EXCLUDED.sub(_in_order, definition or '')}"
            found.texts.setdefault(key, {}).setdefault(schema, []).append(text)
            if definition:
                sql = definition if key[1] else f"SELECT {definition}"
                found.definitions.setdefault(key, {}).setdefault(schema, []).append(sql)
        return found

    def reach(self, con: DuckDBPyConnection, found: Uses) -> tuple[Uses, list[str]]:
        """All that is used, by way of macros too, and the text of every macro among it."""
        everything = Uses()
        everything.add(found)
        texts: list[str] = []
        todo = self._keys(found)
        seen: set[tuple[str, Key]] = set()
        while todo:
            schema, key = todo.pop()
            if (schema, key) in seen:
                continue
            seen.add((schema, key))
            texts += self.texts[key][schema]
            for sql in self.definitions.get(key, {}).get(schema, ()):
                inner = uses(con, sql)
                # What a model's function reads is kept in the registry under the content's hash.
                inner.tables = {t for t in inner.tables if "retailsql" not in t[:-1]}
                everything.add(inner)
                todo |= self._keys(inner)
        return everything, sorted(texts)

    def _keys(self, found: Uses) -> set[tuple[str, Key]]:
        """The functions of a text that somebody has defined, each with its schema. All of a name
        where none was written, or what stands before the dot is a column: ``x.twice()``.
        """
        keys: set[tuple[str, Key]] = set()
        for table, used in ((False, found.functions), (True, found.table_functions)):
            for schema, name in found.places:
                held = self.texts.get((name, table), {}) if name in used else {}
                keys |= {(s, (name, table)) for s in ({schema} if schema in held else held)}
        return keys

    def clear(self, found: Uses) -> bool:
        """Whether all that is read can be seen: no table function that reads what it likes."""
        known = _FINE | {name for name, table in self.texts if table}
        return found.known and found.table_functions <= known

    def steady(self, found: Uses) -> bool:
        """Whether the same input gives the same rows: no clock, no chance, nothing unknown."""
        return self.clear(found) and not found.sampled and not found.functions & self.changing


def _in_order(columns: re.Match[str]) -> str:
    return ", ".join(sorted(columns[0].split(", ")))
