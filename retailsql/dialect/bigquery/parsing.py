"""sqlglot's parser and generator, their errors said in ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from retailsql.dialect.bigquery.calls import unmarked
from retailsql.dialect.bigquery.lexing import refuse
from retailsql.errors import StatementError

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


def parse(text: str, tokens: Sequence[Token]) -> Any:
    """The tree of one statement.

    Raises:
        StatementError: it cannot be read; names line and column.
    """
    import logging

    from sqlglot.dialects.bigquery import BigQuery
    from sqlglot.errors import ErrorLevel, ParseError

    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        parser = BigQuery().parser(error_level=ErrorLevel.IMMEDIATE)
        trees = parser.parse(list(tokens), text)
    except ParseError as error:
        raise _unparsed(text, tokens, error) from error
    except (AttributeError, TypeError, ValueError, IndexError, KeyError) as error:
        # The parser's own slips on malformed text.
        raise refuse(
            text, tokens[0].start, "The statement cannot be read", seen=str(error)
        ) from error
    if len(trees) != 1 or trees[0] is None:
        raise refuse(text, tokens[0].start, "The statement cannot be read")
    return trees[0]


def _unparsed(text: str, tokens: Sequence[Token], error: Any) -> StatementError:
    details = error.errors[0] if error.errors else {}
    line, column = details.get("line"), details.get("col")
    at = next((t for t in tokens if (t.line, t.col) == (line, column)), tokens[-1])
    words = unmarked(str(details.get("description") or error))
    return refuse(
        text, at.start, "The statement cannot be read",
        seen=text[at.start : at.end + 1], wanted=words.rstrip("."),
    )  # fmt: skip


def generate(root: Any, text: str, start: int) -> str:
    """DuckDB's text of a mended tree.

    Raises:
        StatementError: DuckDB has no way to say it.
    """
    from sqlglot.errors import ErrorLevel, UnsupportedError

    try:
        sql = str(
            root.sql(
                "duckdb", comments=False, normalize_functions=False,
                unsupported_level=ErrorLevel.RAISE,
            )
        )  # fmt: skip
    except UnsupportedError as error:
        raise refuse(text, start, "The statement is not translated", seen=str(error)) from error
    if root.meta.get("macro"):
        return sql.replace(" FUNCTION ", " MACRO ", 1)
    return sql
