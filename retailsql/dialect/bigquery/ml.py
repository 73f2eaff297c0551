"""ML parts inside a BigQuery statement: taken out before sqlglot parses it, put back after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from retailsql.dialect.bigquery.lexing import renamed
from retailsql.dialect.tokens import Walk, is_string
from retailsql.registry.names import literal, quote, split_name

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

SCALARS = frozenset({
    "BUCKETIZE", "QUANTILE_BUCKETIZE", "FEATURE_CROSS", "POLYNOMIAL_EXPAND", "STANDARD_SCALER",
    "MIN_MAX_SCALER", "MAX_ABS_SCALER", "ROBUST_SCALER", "NORMALIZER", "IMPUTER",
    "ONE_HOT_ENCODER", "MULTI_HOT_ENCODER", "LABEL_ENCODER", "HASH_BUCKETIZE", "NGRAMS",
    "DISTANCE", "LP_NORM", "BAG_OF_WORDS", "TF_IDF", "CONVERT_IMAGE_TYPE", "CONVERT_COLOR_SPACE",
    "DECODE_IMAGE", "RESIZE_IMAGE", "MIN_MAX_NORMALIZER",
})  # fmt: skip
"""ML functions of a value, not of a table; which of them there are, the ML layer says."""

ModelName = Callable[[Walk], str]
Query = Callable[[Sequence["Token"]], str]
Fill = Callable[[Sequence["Token"]], list["Token"]]


class Parts:
    """The ML parts of one statement, each under a placeholder.

    Args:
        text: the whole script; the placeholders do not occur in it.
        query: translates the tokens of a query.
        model_name: reads a model's name and says it as DuckDB has it.
        fill: writes values that the script knows into STRUCT(...).
    """

    def __init__(self, text: str, query: Query, model_name: ModelName, fill: Fill) -> None:
        self._tag = "__rs_ml"
        while self._tag in text.lower():
            self._tag += "x"
        self._text, self._query, self._model_name = text, query, model_name
        self._held: dict[str, str] = {}
        self._fill = fill

    def take_out(self, tokens: Sequence[Token]) -> list[Token]:
        """Tokens with a plain name for each ML call."""
        out: list[Token] = []
        walk = Walk(self._text, tokens)
        while not walk.done:
            at = walk.at
            dotted = at > 0 and tokens[at - 1].text == "."
            called = not dotted and walk.peek() in ("ML", "AI") and walk.peek(1) == "."
            if not called or walk.peek(3) != "(":
                out.append(tokens[at])
                walk.at += 1
                continue
            name = f"{walk.peek()}.{walk.peek(2)}"
            if walk.peek(2) in SCALARS:
                out.append(renamed(tokens[at], self._hold(name)))
                walk.at += 3
                continue
            walk.at += 3
            inside = walk.group()
            out.append(renamed(tokens[at], self._hold(self._call(walk, name, *inside))))
        return out

    def _hold(self, text: str) -> str:
        key = f"{self._tag}_{len(self._held)}_"
        self._held[key] = text
        return key

    def names_function(self, name: str) -> bool:
        """True for the placeholder of an ML function of a value."""
        return name.lower() in self._held

    def put_back(self, sql: str) -> str:
        """A translated text with the ML parts in their places."""
        for key, text in self._held.items():
            sql = sql.replace(key, text)
        return sql

    def _call(self, walk: Walk, name: str, start: int, stop: int) -> str:
        arguments = [self._argument(walk.sub(*ends)) for ends in walk.split(start, stop)]
        return f"{name}({', '.join(arguments)})"

    def _argument(self, part: Walk) -> str:
        """MODEL name, TABLE name, (query), or values, whose literals alone change."""
        if part.take("MODEL"):
            name = self._model_name(part)
            if not part.done:
                raise part.error("Did not expect more behind the model's name", wanted=", or )")
            return f"MODEL {name}"
        if part.peek() == "TABLE":
            table = self._query([*_star(part.tokens[0]), *part.tokens[1:]])
            return f"(SELECT * {table[table.index('FROM') :]})"
        if part.peek() == "(" and part.peek(1) in ("SELECT", "WITH", "("):
            start, end = part.group()
            if part.done:
                return f"({self._query(part.tokens[start:end])})"
        if part.peek() in ("SELECT", "WITH"):
            return f"({self._query(part.tokens)})"
        return verbatim(self._fill(part.tokens), self._text)


def _star(token: Token) -> list[Token]:
    """The tokens ``SELECT * FROM``."""
    from sqlglot.tokenizer_core import Token as Made
    from sqlglot.tokenizer_core import TokenType

    kinds = ((TokenType.SELECT, "SELECT"), (TokenType.STAR, "*"), (TokenType.FROM, "FROM"))
    return [Made(k, t, token.line, token.col, token.start, token.end) for k, t in kinds]


def verbatim(tokens: Sequence[Token], text: str) -> str:
    """Tokens as written, but strings and quoted names in DuckDB's quotes and without comments."""
    out: list[str] = []
    end = tokens[0].start if tokens else 0
    for token in tokens:
        if token.start > end:
            out.append(" ")
        if token.token_type.name == "IDENTIFIER":
            out.append(".".join(quote(p) for p in split_name(f"`{token.text}`")))
        elif is_string(token):
            out.append(literal(token.text))
        else:
            out.append(token.text)
        end = token.end + 1
    return "".join(out)
