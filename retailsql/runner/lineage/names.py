"""What a name means where it stands, as DuckDB binds it.

In this order: a lambda's parameter; a column of a table after FROM; an alias of the SELECT list; a
table's alias, which is the whole row; the same again in the query around. Behind a column or an
alias come fields of a struct.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from retailsql.runner.lineage.origin import Found, Lost, Out, Relation, together
from retailsql.runner.node import Place


@dataclass(frozen=True)
class Source:
    """A relation after FROM.

    Args:
        parts: its name in lower case: an alias, or database, schema and table.
        relation: what it is.
        hidden: columns that ``*`` leaves out because a join's USING has merged them.
        plain: it has no alias, so that its schema may stand before its name.
    """

    parts: tuple[str, ...]
    relation: Relation
    hidden: frozenset[str] = frozenset()
    plain: bool = False


@dataclass(frozen=True)
class Scope:
    """The names in sight of an expression.

    Args:
        sources: what stands after FROM.
        merged: columns that USING has merged.
        aliases: of the SELECT list, so far.
        windows: what named windows read.
        local: parameters of lambdas, comprehensions and macros.
        ctes: WITH clauses in sight.
        outer: the query around.
    """

    sources: list[Source] = field(default_factory=list)
    merged: dict[str, Found] = field(default_factory=dict)
    aliases: dict[str, Found] = field(default_factory=dict)
    windows: dict[str, Found] = field(default_factory=dict)
    local: Mapping[str, Found] = field(default_factory=dict)
    ctes: Mapping[str, Relation] = field(default_factory=dict)
    outer: Scope | None = None

    def inside(self, ctes: Mapping[str, Relation] | None = None) -> Scope:
        """The scope of a query that stands in this one."""
        return Scope(ctes=self.ctes if ctes is None else ctes, outer=self)

    def with_local(self, names: Mapping[str, Found]) -> Scope:
        """The same with parameters of a lambda or macro."""
        return replace(self, local={**self.local, **names})

    def resolve(self, parts: Sequence[str], place: Place) -> Found | None:
        """What a dotted name is made of; None if nothing in sight has it."""
        name = parts[0].lower()
        if name in self.local:
            return fields(self.local[name], parts[1:])
        found = self._exact(parts)
        if found is not None:
            return found
        open_ended = [s for s in self.sources if s.relation.rest is not None]
        outside = self.outer.resolve(parts, place) if self.outer is not None else None
        if not open_ended or (outside is not None and len(parts) > 1):
            return outside
        guesses = [f for s in open_ended if (f := s.relation.get(parts[0])) is not None]
        if len(guesses) == 1 and outside is None:
            return fields(guesses[0], parts[1:])
        why = (
            f"{'.'.join(parts)} may be of {len(guesses) + (outside is not None)} tables whose "
            "columns are not all known"
        )
        told = [*guesses, *([outside] if outside else []), Found(frozenset([Lost(why, place)]))]
        return together(told)

    def _exact(self, parts: Sequence[str]) -> Found | None:
        """The same among columns that are known, and tables named in front."""
        lower = [p.lower() for p in parts]
        for n in (3, 2, 1):
            for source in self.sources:
                if len(lower) > n and _named(source, lower[:n]):
                    found = source.relation.get(parts[n])
                    if found is not None:
                        return fields(found, parts[n + 1 :])
        name = lower[0]
        if name in self.merged:
            return fields(self.merged[name], parts[1:])
        held = [f for s in self.sources if (f := s.relation.by_name.get(name)) is not None]
        if held:
            return fields(held[0] if len(held) == 1 else together(held), parts[1:])
        if name in self.aliases:
            return fields(self.aliases[name], parts[1:])
        if len(lower) == 1:
            return next((s.relation.row for s in self.sources if _named(s, lower)), None)
        for n in (3, 2):  # database.schema.t.column, where only t stands after FROM
            for source in self.sources:
                if len(lower) > n and source.plain and lower[n - 1] == source.parts[-1]:
                    found = source.relation.get(parts[n])
                    if found is not None:
                        return fields(found, parts[n + 1 :])
        return None

    def has(self, name: str) -> bool:
        """True if a column, an alias or a table in sight bears the name."""
        known = name.lower() in self.local or self._exact([name]) is not None
        return known or (self.outer is not None and self.outer.has(name))

    def source(self, parts: Sequence[str]) -> Source | None:
        """The relation in front of ``.*``."""
        lower = [p.lower() for p in parts]
        found = next((s for s in self.sources if _named(s, lower)), None)
        return found or (self.outer.source(parts) if self.outer is not None else None)

    def star(self) -> Iterator[tuple[Source, Out]]:
        """The columns of ``*`` with the tables they are of."""
        for source in self.sources:
            for out in source.relation.columns:
                name = out.name.lower()
                if name not in source.hidden:
                    yield source, Out(out.name, self.merged.get(name, out.found))


def _named(source: Source, lower: Sequence[str]) -> bool:
    """True if a relation is meant by a name of one to three parts."""
    return list(source.parts[-len(lower) :]) == list(lower)


def fields(found: Found, path: Sequence[str]) -> Found:
    """A field inside of a struct; the whole struct where its fields are not known."""
    for name in path:
        inner = found.fields.get(name) if found.fields is not None else None
        if inner is None:
            return Found(found.value, found.filters, found.steps)
        found = inner
    return found
