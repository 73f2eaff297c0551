"""The rows a call gets: WITH clauses in sight, and the source behind an alias. By tokens alone,
so that ML calls and everything DuckDB alone understands may stand in them.
"""

from __future__ import annotations

from dataclasses import dataclass

from retailsql.dialect.lookup import Catalog
from retailsql.dialect.splice import splice
from retailsql.dialect.tokens import CLOSE, OPEN, Walk, is_quoted

_ENDS = frozenset({
    "WHERE", "GROUP", "HAVING", "WINDOW", "QUALIFY", "ORDER", "LIMIT", "OFFSET", "UNION", "EXCEPT",
    "INTERSECT", "SELECT", "USING", "SAMPLE", "TABLESAMPLE",
})  # fmt: skip
_JOINS = frozenset({
    "JOIN", "ON", "USING", "LEFT", "RIGHT", "FULL", "INNER", "OUTER", "CROSS", "NATURAL", "ASOF",
    "SEMI", "ANTI", "POSITIONAL", "LATERAL", ",", ")", "]",
})  # fmt: skip


@dataclass(frozen=True)
class Cte:
    """One part of a WITH clause, by token positions."""

    name: str
    head: int
    body: tuple[int, int]
    stop: int  # of the region in which it can be named


@dataclass(frozen=True)
class Source:
    """One source of a FROM clause: its own tokens, and where its alias ends."""

    start: int
    stop: int
    alias: str
    end: int


class Context:
    """The brackets and WITH clauses of a statement.

    Args:
        walk: over all of its tokens.
    """

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        # sqlglot has ORDER BY and GROUP BY as one token
        self.words = [
            "" if is_quoted(t) else (t.text.upper().split() or [""])[0] for t in walk.tokens
        ]
        self.close, self.parent = self._brackets()
        self.ctes = [cte for i, w in enumerate(self.words) if w == "WITH" for cte in self._with(i)]

    def _brackets(self) -> tuple[dict[int, int], list[int]]:
        """Closing position of every bracket, and the bracket around every token (-1: none)."""
        close: dict[int, int] = {}
        parent: list[int] = []
        stack: list[int] = []
        for i, word in enumerate(self.words):
            if word in CLOSE and stack:
                close[stack.pop()] = i
            parent.append(stack[-1] if stack else -1)
            if word in OPEN:
                stack.append(i)
        return close, parent

    def group(self, at: int) -> tuple[int, int]:
        """The token range inside the brackets around a position; the whole without any."""
        opened = self.parent[at]
        if opened < 0:
            return 0, len(self.words)
        return opened + 1, self.close.get(opened, len(self.words))

    def _with(self, at: int) -> list[Cte]:
        found: list[Cte] = []
        i = at + 1 + (self._word(at + 1) == "RECURSIVE")
        stop = self.group(at)[1]
        while i < stop:
            head, name = i, self.walk.tokens[i].text
            i += 1
            if self._word(i) == "(" and i in self.close:
                i = self.close[i] + 1
            if self._word(i) == "USING":  # USING KEY (...)
                i = self.close.get(i + 2, stop) + 1
            if self._word(i) != "AS":
                return found
            i += 1 + (self._word(i + 1) == "NOT")
            i += self._word(i) == "MATERIALIZED"
            if self._word(i) != "(" or i not in self.close:
                return found
            body = (i, self.close[i] + 1)
            found.append(Cte(name, head, body, stop))
            i = body[1]
            if self._word(i) != ",":
                return found
            i += 1
        return found

    def _word(self, i: int) -> str:
        return self.words[i] if i < len(self.words) else ""

    def prefix(self, at: int, catalog: Catalog) -> str:
        """The WITH clause in sight at a position, spliced; empty if there is none."""
        seen = [c for c in self.ctes if c.body[1] <= at < c.stop]
        latest = {c.name.lower(): c for c in seen}
        kept = [c for c in seen if latest[c.name.lower()] is c]
        if not kept:
            return ""
        parts = [
            self.walk.slice(c.head, c.body[0]) + " " + splice(self.walk.sub(*c.body), catalog)
            for c in kept
        ]
        return f"WITH RECURSIVE {', '.join(parts)} "

    def prefix_names(self, at: int) -> list[str]:
        """The names of WITH clauses in sight at a position."""
        return [c.name for c in self.ctes if c.body[1] <= at < c.stop]

    def source(self, at: int, alias: str) -> Source | None:
        """The source that an alias means at a position: of the nearest FROM around it."""
        while True:
            start, stop = self.group(at)
            for source in self.sources(start, stop, at):
                if source.alias.lower() == alias.lower():
                    return source
            if start == 0:
                return None
            at = start - 1

    def sources(self, start: int, stop: int, at: int) -> list[Source]:
        """The sources of the SELECT that a position belongs to, among the tokens of a group."""
        start, stop = self.branch(start, stop, at)
        level = self.parent[start] if start < len(self.parent) else -1
        found: list[Source] = []
        i, inside = start, False
        while i < stop:
            word = self.words[i] if self.parent[i] == level else ""
            if word == "FROM" or (inside and (word.endswith("JOIN") or word == ",")):
                inside = True
                source = self._source(i + 1, stop)
                if source is not None:
                    found.append(source)
                    i = source.end
                    continue
            elif word in _ENDS:
                inside = False
            i += 1
        return found

    def branch(self, start: int, stop: int, at: int) -> tuple[int, int]:
        """The part of a group between two UNIONs that holds a position."""
        level = self.parent[start] if start < len(self.parent) else -1
        cuts = [
            i for i in range(start, stop)
            if self.parent[i] == level and self.words[i] in ("UNION", "EXCEPT", "INTERSECT")
        ]  # fmt: skip
        return max([start, *(c + 1 for c in cuts if c < at)]), min(
            [stop, *(c for c in cuts if c > at)]
        )

    def _source(self, i: int, stop: int) -> Source | None:
        """One source and its alias, from its first token on."""
        start = i
        if self._word(i) == "LATERAL":
            i += 1
        if self._word(i) == "(" and i in self.close:
            i = self.close[i] + 1
        else:
            while i < stop and (
                self._word(i) in (".", "`") or i == start or self._word(i - 1) == "."
            ):
                i += 1
            if self._word(i) == "(" and i in self.close:
                i = self.close[i] + 1
        end = i
        if i < stop and self._word(i) == "AS":
            i += 1
        if i < stop and self.parent[i] == self.parent[start] and self._names(i):
            return Source(start, end, self.walk.tokens[i].text, i + 1)
        return Source(start, end, self.walk.tokens[end - 1].text, end) if end > start else None

    def _names(self, i: int) -> bool:
        word = self.words[i]
        return word == "" or (word[:1].isidentifier() and word not in _ENDS | _JOINS)
