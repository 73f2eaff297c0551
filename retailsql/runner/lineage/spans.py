"""The words of the person's own SQL that an expression stands in, and the file and line of it.

sqlglot knows where names, functions and literals stand, not where an expression ends; items of a
SELECT list are cut out by their commas and brackets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from retailsql.dialect.tokens import tokenize
from retailsql.runner.node import Place

_OPEN = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}
_CLOSE = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}
_ENDS = {
    TokenType.FROM, TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.QUALIFY,
    TokenType.ORDER_BY, TokenType.LIMIT, TokenType.OFFSET, TokenType.UNION, TokenType.EXCEPT,
    TokenType.INTERSECT, TokenType.WINDOW, TokenType.SEMICOLON, TokenType.SELECT,
}  # fmt: skip


@dataclass(frozen=True)
class Text:
    """The SQL of one file after Jinja.

    Args:
        sql: the SQL; empty where only a macro's body is known.
        lines: place of every line of it; empty if they are not known.
        file: the file, for when they are not.
        at: where everything stands, for the body of a macro.
        called: the words by which that macro was called.
    """

    sql: str
    lines: Sequence[Place]
    file: str
    at: Place | None = None
    called: str = ""

    def place(self, node: exp.Expr | int) -> Place:
        """File and line of an expression, or of a line of the SQL counted from 1."""
        if self.at is not None:
            return self.at
        line = node if isinstance(node, int) else self._line(node)
        if 0 < line <= len(self.lines):
            return self.lines[line - 1]
        return Place(self.file)

    def item_place(self, node: exp.Expr) -> Place:
        """File and line in which the SELECT item begins that an expression stands in."""
        item = self._item(node) if self.at is None else None
        return self.place(node if item is None else self.sql.count("\n", 0, item[0]) + 1)

    def words(self, node: exp.Expr) -> str:
        """An expression that is no item: a call as written, all else as sqlglot writes it."""
        text = self.call(node) if isinstance(node, exp.Func) and "start" in node.meta else None
        text = text or node.sql("duckdb", comments=False)
        return " ".join(_without_comments(text).split())

    def _line(self, node: exp.Expr) -> int:
        span = self.span(node)
        return self.sql.count("\n", 0, span[0]) + 1 if span else 0

    def of(self, node: exp.Expr) -> str:
        """The SELECT item, or the words, in which an expression stands, on one line."""
        item = self._item(node) if self.at is None else None
        if item is None and self.called:
            return self.called
        if item is None:
            text = node.unalias().sql("duckdb", comments=False)
        else:
            text = self.sql[slice(*_without_alias(node, *item))]
        words = " ".join(_without_comments(text).split())
        return words.removesuffix(" AS").removesuffix(" as").removeprefix(": ")

    def span(self, node: exp.Expr) -> tuple[int, int] | None:
        """From the first to the last character of what is known of an expression."""
        # FROM t without SELECT has a star that stands nowhere
        if self.at is not None:
            return None
        marks = [
            n.meta
            for n in node.walk()
            if "start" in n.meta
            and not (isinstance(n, exp.Star) and self.sql[n.meta["start"]] != "*")
        ]
        if not marks:
            return None
        return min(m["start"] for m in marks), max(m["end"] for m in marks) + 1

    def call(self, node: exp.Expr) -> str | None:
        """A call from its name to its closing bracket, as written."""
        span = self.span(node)
        if span is None:
            return None
        tokens = self._tokens
        first = next((i for i, t in enumerate(tokens) if t.start >= span[0]), None)
        deep, seen = 0, False
        for token in tokens[first:] if first is not None else []:
            deep += (token.token_type in _OPEN) - (token.token_type in _CLOSE)
            seen = seen or deep > 0
            if seen and deep <= 0:
                return self.sql[span[0] : token.end + 1]
        return None

    def _item(self, node: exp.Expr) -> tuple[int, int] | None:
        span = self.span(node)
        if span is None:
            return None
        around = [s for s in self._items if s[0] <= span[0] and span[1] <= s[1]]
        if not around:
            return None
        return min(around, key=lambda s: s[1] - s[0])

    @cached_property
    def _tokens(self) -> list[Token]:
        return tokenize(self.sql) or []

    @cached_property
    def _items(self) -> list[tuple[int, int]]:
        """Every item of every SELECT list: from its first character to its last."""
        return [
            item
            for i, token in enumerate(self._tokens)
            if token.token_type == TokenType.SELECT
            for item in self._list(i + 1)
        ]

    def _list(self, start: int) -> Iterator[tuple[int, int]]:
        """The items of the SELECT list whose first token is ``start``."""
        deep, first = 0, None
        before: Token | None = None
        for token in self._tokens[start:]:
            kind = token.token_type
            if deep == 0 and first is None and kind in (TokenType.DISTINCT, TokenType.ALL):
                continue
            ends = kind in _ENDS and not _is_distinct_from(before, kind)
            if deep == 0 and (kind == TokenType.COMMA or kind in _CLOSE or ends):
                if first is not None and before is not None:
                    yield first, before.end + 1
                first = None
                if kind != TokenType.COMMA:
                    return
            elif first is None:
                first = token.start
            deep += (kind in _OPEN) - (kind in _CLOSE)
            before = token
        if first is not None and before is not None:
            yield first, before.end + 1


def _without_alias(node: exp.Expr, begin: int, end: int) -> tuple[int, int]:
    """The part of an item that is not its name, which stands behind it or, with a colon, before."""
    alias = node.args.get("alias") if isinstance(node, exp.Alias) else None
    if not isinstance(alias, exp.Expr) or "start" not in alias.meta:
        return begin, end
    if alias.meta["start"] == begin:
        return alias.meta["end"] + 1, end
    return begin, alias.meta["start"]


def _is_distinct_from(before: Token | None, kind: TokenType) -> bool:
    """True for the FROM of ``a IS DISTINCT FROM b``, and the EXCEPT of ``* EXCEPT (a)``."""
    if before is None:
        return False
    if kind == TokenType.EXCEPT:
        return before.token_type == TokenType.STAR
    return kind == TokenType.FROM and before.token_type == TokenType.DISTINCT


def _without_comments(text: str) -> str:
    """SQL without ``--`` comments at the ends of its lines.

    >>> _without_comments("a + 1 -- more")
    'a + 1 '
    """
    lines = []
    for line in text.splitlines():
        cut = line.find("--")
        quoted = line[:cut].count("'") % 2 if cut >= 0 else 0
        lines.append(line if cut < 0 or quoted else line[:cut])
    return "\n".join(lines)
