"""Which column a name means, and of what type it is: the tables in sight of one SELECT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from retailsql.dialect.bigquery.known import Columns, Known, Oracle, stub
from retailsql.registry.names import quote


@dataclass(frozen=True)
class Source:
    """One item of a FROM.

    Args:
        name: its alias, or its own name, in lower case; empty if it has none.
        columns: None: unknown.
    """

    name: str
    columns: Columns | None

    @property
    def row(self) -> Known:
        """The whole row, which its name alone means."""
        from duckdb import struct_type

        if not self.columns or any(c.type is None for c in self.columns.values()):
            return Known("struct")
        type_ = struct_type({c.name or n: c.type for n, c in self.columns.items()})
        return Known("struct", type_, self.name, self.columns)

    @property
    def text(self) -> str:
        """A stand-in for it, of the same types."""
        return f"({stub(self.columns or {})}) AS {quote(self.name or '__rs_nameless')}"


@dataclass
class Scope:
    """The tables in sight, the inner ones before the outer.

    Args:
        sources: of this SELECT, in order.
        outer: of the SELECT around it.
    """

    sources: list[Source] = field(default_factory=list)
    outer: Scope | None = None

    @property
    def complete(self) -> bool:
        """True if all columns in sight are known."""
        here = all(s.columns is not None for s in self.sources)
        return here and (self.outer is None or self.outer.complete)

    def find(self, parts: Sequence[str]) -> Known | None:
        """What a dotted name means; None if no column of that name is known.

        >>> scope = Scope([Source("t", {"a": Known("int")})])
        >>> scope.find(["T", "a"]).kind, scope.find(["b"])
        ('int', None)
        """
        names = [p.lower() for p in parts]
        found = self._column(names[0])
        rest = names[1:]
        if found is None:
            source = next((s for s in self.sources if s.name == names[0]), None)
            if source is not None:
                if not rest:
                    return source.row
                found, rest = (source.columns or {}).get(rest[0]), rest[1:]
        if found is None:
            return self.outer.find(parts) if self.outer is not None else None
        for name in rest:
            found = found.field(name)
        return found

    def _column(self, name: str) -> Known | None:
        """A column whose name it is; but the alias of a table wins over it if a dot follows."""
        return next(
            (s.columns[name] for s in self.sources if s.columns and name in s.columns), None
        )

    def named(self, name: str) -> Source | None:
        """The item of that name, here or further out, or None."""
        here = next((s for s in self.sources if s.name == name.lower()), None)
        return here or (self.outer.named(name) if self.outer is not None else None)

    def value(self, expression: str, oracle: Oracle) -> Known:
        """What DuckDB knows of an expression over these tables."""
        scope: Scope | None = self
        text = expression
        if not self.complete:
            return Known()
        while scope is not None and scope.outer is not None:
            if scope.sources:
                text = f"SELECT ({text}) FROM {scope._tables}"
            scope = scope.outer
        return oracle.value(text, scope._tables if scope is not None else "")

    @property
    def _tables(self) -> str:
        return ", ".join(s.text for s in self.sources if s.columns)
