"""The variables of a script: name, DuckDB type and value, as literals of SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from retailsql.dialect.bigquery.known import kind_of_type
from retailsql.registry.names import literal

_KINDS = {
    "BIGINT": "int", "DOUBLE": "float", "VARCHAR": "string", "BOOLEAN": "bool", "DATE": "date",
    "TIMESTAMP": "datetime", "TIME": "time", "BLOB": "bytes", "INTEGER": "int",
}  # fmt: skip
Value = tuple[str, str | None, str | None]
POSITION, NAMED = "__rs_position_", "__rs_named_"
ERROR = f"{NAMED}_error_message"
"""Under which ``@@error.message`` is held while an error is handled."""
_ROW = "row"


class Variables:
    """Variables by lower-case name; inner blocks hide outer ones."""

    def __init__(self) -> None:
        self._scopes: list[dict[str, Value]] = [{}]

    @property
    def names(self) -> list[str]:
        """All names in sight."""
        return sorted({name for scope in self._scopes for name in scope})

    def declare(self, name: str, type_: str, kind: str | None = None) -> None:
        """Make a variable, NULL so far.

        Args:
            name: lower case.
            type_: DuckDB's.
            kind: where the type says too little: TIMESTAMP is a timestamp or a datetime.
        """
        self._scopes[-1][name] = (type_, None, kind or _KINDS.get(type_) or kind_of_type(type_))

    def set(self, name: str, value: str | None) -> None:
        """Give a variable a value, as text that casts to its type."""
        scope = self._holding(name)
        if scope is not None:
            type_, _, kind = scope[name]
            scope[name] = (type_, value, kind)

    def set_row(self, name: str, sql: str) -> None:
        """Make a variable that holds a row, given as SQL."""
        self._scopes[-1][name] = (_ROW, sql, "struct")

    def type(self, name: str) -> str | None:
        """The DuckDB type of a variable, or None if there is none of that name."""
        scope = self._holding(name)
        return scope[name][0] if scope else None

    def raw(self, name: str) -> str | None:
        """The value of a variable as text."""
        scope = self._holding(name)
        return scope[name][1] if scope else None

    def value(self, name: str) -> tuple[str, str | None] | None:
        """The SQL of a variable's value and its kind, or None if there is none of that name."""
        scope = self._holding(name.lower())
        if scope is None:
            return None
        type_, value, kind = scope[name.lower()]
        if type_ == _ROW:
            return value or "NULL", kind
        if value is not None and kind == "int":
            return (f"({value})" if value.startswith("-") else value), kind
        if value is not None and kind == "string":
            return literal(value), kind
        return f"CAST({literal(value)} AS {type_})", kind

    def _holding(self, name: str) -> dict[str, Value] | None:
        return next((s for s in reversed(self._scopes) if name in s), None)

    @contextmanager
    def scope(self) -> Iterator[None]:
        """A block's own variables."""
        self._scopes.append({})
        try:
            yield
        finally:
            self._scopes.pop()

    @contextmanager
    def frame(self) -> Iterator[None]:
        """A procedure's own variables; those outside are out of sight."""
        outer, self._scopes = self._scopes, [{}]
        try:
            yield
        finally:
            self._scopes = outer

    @contextmanager
    def parameters(self, given: Sequence[tuple[str, str, str | None]]) -> Iterator[None]:
        """Values of ``?`` and ``@name`` in a dynamic statement: (name or nothing, type, text)."""
        with self.scope():
            for i, (name, type_, value) in enumerate(given):
                key = NAMED + name if name else f"{POSITION}{i}"
                self.declare(key, type_.replace('"NULL"', "VARCHAR"))
                self.set(key, value)
            yield

    def give(self, con: Any, values: Sequence[Any] | Mapping[str, Any] | None) -> None:
        """Values of ``?`` or ``@name`` that a caller in Python gives."""
        named = values if isinstance(values, Mapping) else {
            f"{i}": v for i, v in enumerate(values or [])
        }  # fmt: skip
        for name, value in named.items():
            sql = "SELECT typeof(?), CAST(? AS VARCHAR)"
            ((type_, text),) = con.execute(sql, [value, value]).fetchall()
            key = (NAMED if isinstance(values, Mapping) else POSITION) + name.lower()
            self.declare(key, str(type_).replace('"NULL"', "VARCHAR"))
            self.set(key, text)
