"""BigQuery's tokens, with the literals read as BigQuery reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from retailsql.errors import StatementError

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token, TokenType

_PRIVATE = 0xE000
_LITERAL = re.compile(r"([rRbB]{0,2})('''|\"\"\"|'|\")(.*)\2", re.DOTALL)
_SKIP = re.compile(
    r"--[^\n]*|\#[^\n]*|/\*.*?\*/"
    r"|'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\""
    r"|'(?!'')(?:\\.|[^\\'\n])*'|\"(?!\"\")(?:\\.|[^\\\"\n])*\"|''|\"\"|`(?:\\.|[^\\`\n])*`"
    r"|(?P<open>/\*|'''|\"\"\"|'|\"|`)",
    re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\?\"'`])|([0-3][0-7]{2})|[xX]([0-9a-fA-F]{2})"
    r"|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))",
    re.DOTALL,
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def place(text: str, offset: int) -> str:
    r"""Line and column of an offset, in words.

    >>> place("SELECT\n  x", 9)
    'line 2, column 3'
    """
    line, column = line_and_column(text, offset)
    return f"line {line}, column {column}"


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both from 1."""
    offset = max(0, min(offset, len(text)))
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def refuse(
    text: str,
    offset: int,
    fact: str,
    *,
    seen: object = None,
    wanted: object = None,
    todo: str | None = None,
) -> StatementError:
    """An error about BigQuery's text, at the line and column of an offset."""
    return StatementError(f"{fact} at {place(text, offset)}", seen=seen, wanted=wanted, todo=todo)


def read_tokens(text: str) -> list[Token]:
    """All tokens of a text; strings hold the value they mean.

    Raises:
        StatementError: a string, name or comment is not closed, or an escape is none.
    """
    from sqlglot.dialects.bigquery import BigQuery
    from sqlglot.errors import TokenError

    masked = _mask(text)
    try:
        tokens = list(BigQuery().tokenize(masked))
    except TokenError as error:
        offset = _unclosed(text)
        if offset is None:
            raise refuse(text, 0, "The text cannot be taken apart", seen=str(error)) from error
        raise refuse(
            text, offset, "A string, a name or a comment is not closed",
            seen=text[offset : offset + 20].splitlines()[0],
        ) from error  # fmt: skip
    return _literals(text, tokens)


@lru_cache(maxsize=1)
def _commands() -> re.Pattern[str]:
    """Words behind which sqlglot's tokenizer stops reading and hands over the rest as text."""
    from sqlglot.dialects.bigquery import BigQuery

    tokenizer = BigQuery.Tokenizer
    kinds = {*tokenizer.COMMANDS}
    words = {w for w, kind in tokenizer.KEYWORDS.items() if kind in kinds and w.isalpha()}
    words |= {"BEGIN", "CALL", "EXECUTE"}
    return re.compile(rf"\b(?:{'|'.join(sorted(words))})\b", re.IGNORECASE)


def _mask(text: str) -> str:
    """Hide such words: their last letter is moved to Unicode's private range, the length kept."""
    odd = re.search("[\ue000-\ue0ff\x00]", text)
    if odd:
        raise refuse(
            text, odd.start(), "A character of Unicode's private range cannot be read",
            seen=repr(odd[0]),
        )  # fmt: skip
    return _commands().sub(lambda m: m[0][:-1] + chr(_PRIVATE + ord(m[0][-1])), text)


def _unclosed(text: str) -> int | None:
    for found in _SKIP.finditer(text):
        if found["open"]:
            return found.start()
    return None


def _literals(text: str, tokens: list[Token]) -> list[Token]:
    from sqlglot.tokenizer_core import TokenType

    out: list[Token] = []
    strings = {
        TokenType.STRING, TokenType.RAW_STRING, TokenType.BYTE_STRING, TokenType.HEREDOC_STRING,
    }  # fmt: skip
    for token in tokens:
        source = text[token.start : token.end + 1]
        if token.token_type in strings:
            out = _string(text, token, out)
        elif token.token_type in (TokenType.HEX_STRING, TokenType.BIT_STRING):
            out.append(_token(token, TokenType.NUMBER, str(int(source, 0))))
        elif token.token_type is TokenType.IDENTIFIER:
            out.append(_token(token, TokenType.IDENTIFIER, source[1:-1]))
        elif source.isalpha():
            out.append(_token(token, token.token_type, source))
        else:
            out.append(token)
    return out


def _string(text: str, token: Token, out: list[Token]) -> list[Token]:
    from sqlglot.tokenizer_core import TokenType

    start = token.start
    last = out[-1] if out else None
    if last and last.end + 1 == start and last.text.lower() in ("rb", "br", "b", "r"):
        out, start = out[:-1], last.start  # rb'..', which the tokenizer takes for two tokens
    elif last and last.token_type is TokenType.STRING:
        raise refuse(text, start, "Two strings stand side by side", wanted="one string, or a || b")
    found = _LITERAL.fullmatch(text[start : token.end + 1])
    if not found:
        raise refuse(text, start, "A string cannot be read", seen=text[start : token.end + 1])
    prefix, body = found[1].lower(), found[3]
    value = body if "r" in prefix else _unescaped(text, start, body, "b" in prefix)
    if "b" not in prefix:
        return [*out, _token(token, TokenType.STRING, value, start)]
    if "r" in prefix or not value.isascii():
        raw = body.encode() if "r" in prefix else value.encode("latin-1", "strict")
    else:
        raw = value.encode()
    return [
        *out,
        _token(token, TokenType.VAR, f"__bq_{start}_0_BYTES_LITERAL", start),
        _token(token, TokenType.L_PAREN, "(", start),
        _token(token, TokenType.STRING, raw.hex(), start),
        _token(token, TokenType.R_PAREN, ")", start),
    ]


def _unescaped(text: str, start: int, body: str, in_bytes: bool) -> str:
    """The value of a string or, one character a byte, of a bytes literal."""

    def one(found: re.Match[str]) -> str:
        simple, octal, hexa, four, eight, other = found.groups()
        if simple is not None:
            return _SIMPLE.get(simple, simple)
        code = int(octal, 8) if octal else int(hexa or four or eight or "110000", 16)
        if other is not None or code > 0x10FFFF or 0xD800 <= code < 0xE000:
            raise refuse(text, start, "A string holds an escape that is none", seen=found[0])
        return chr(code)

    if not in_bytes:
        return _ESCAPE.sub(one, body)
    wide = _ESCAPE.sub(lambda m: m[0], body).encode().decode("latin-1")
    return _ESCAPE.sub(one, wide)


def _token(token: Token, kind: TokenType, text: str, start: int | None = None) -> Token:
    from sqlglot.tokenizer_core import Token as Made

    begin = token.start if start is None else start
    return Made(kind, text, token.line, token.col, begin, token.end)


def equal(a: Sequence[Token], b: Sequence[Token]) -> list[Token]:
    """The tokens ``(a) = (b)``."""
    from sqlglot.tokenizer_core import TokenType

    opens, closes = (TokenType.L_PAREN, "("), (TokenType.R_PAREN, ")")
    left = [_token(a[0], *opens), *a, _token(a[-1], *closes)]
    right = [_token(b[0], *opens), *b, _token(b[-1], *closes)]
    return [*left, _token(b[0], TokenType.EQ, "="), *right]


def renamed(token: Token, text: str) -> Token:
    """The same token as a plain name."""
    from sqlglot.tokenizer_core import TokenType

    return _token(token, TokenType.VAR, text)
