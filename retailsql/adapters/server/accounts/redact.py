"""Passwords are taken out of a statement before it is written anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

SECRET = frozenset({"PASSWORD", "PASSWD", "SECRET", "ENCRYPTION_KEY"})
_BETWEEN = frozenset({"=", "(", "TO", "AS"})  # may stand between the word and its text
# Each alternative takes in all it can reach, so the whole is read once, however hostile it is.
# A text or comment that is never closed ends with the statement.
_TOKEN = re.compile(
    r"(?P<gap>\s+|--[^\n]*)"
    r"|(?P<comment>/\*)"
    r"|(?P<text>[eE]'(?:\\.|''|[^'\\])*(?:'|\Z)"
    r"|(?:[uU]&|[nNbBxX])?'(?:''|[^'])*(?:'|\Z)"
    r"|\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z))"
    r'|(?P<word>"(?:""|[^"])*(?:"|\Z)|\w+)'
    r"|(?P<sign>.)",
    re.DOTALL,
)
_MAY_HOLD = re.compile(r"passw|secret|encryption_key|://|scram-sha", re.IGNORECASE)
_COMMENT = re.compile(r"/\*|\*/")
# What stands inside texts and messages: connection strings, addresses, verifiers.
_INSIDE = re.compile(
    r"(?P<start>\b(?:password|passwd)\s*=\s*)(?:''(?:[^']|'(?!'))*+''|[^\s&;'\"]++)"
    r"|(?P<address>://[^\s/@:'\"]*+:)[^\s/@'\"]++(?=@)"
    r"|(?P<scram>SCRAM-SHA-256\$)[\w+/=:$]++",
    re.IGNORECASE,
)


def redact(statement: str) -> str:
    """The statement with each password as ``***``; all else stays: nothing hides behind one.

    >>> redact("ALTER USER anna WITH PASSWORD 'rosebud' -- hm")
    "ALTER USER anna WITH PASSWORD '***' -- hm"
    >>> redact("ATTACH 'postgres://h/d?user=a&password=b&x=1'")
    "ATTACH 'postgres://h/d?user=a&password=***&x=1'"
    """
    if not _MAY_HOLD.search(statement):
        return statement  # nearly all: taking one apart costs more than checking it
    out, secret = [], False
    for kind, text in _tokens(statement):
        if kind == "text":
            # Texts one behind the other are one, so `secret` stays.
            out.append("'***'" if secret else text)
            continue
        out.append(text)
        if kind in ("word", "sign"):
            word = text.strip('"').upper()
            secret = word in SECRET or (secret and word in _BETWEEN)
    return _INSIDE.sub(_starred, "".join(out))


def _tokens(statement: str) -> Iterator[tuple[str, str]]:
    """The pieces of a statement with their kinds; together they are the statement."""
    at = 0
    while at < len(statement):
        found = _TOKEN.match(statement, at)
        assert found is not None  # `.` takes whatever is left
        end = found.end()
        if found.lastgroup == "comment":
            end = _comment_end(statement, end)
        kind = next(k for k in ("gap", "comment", "text", "word", "sign") if found[k] is not None)
        yield kind, statement[at:end]
        at = end


def _comment_end(statement: str, at: int) -> int:
    """Where a comment ends that began before ``at``: comments nest."""
    depth = 1
    for found in _COMMENT.finditer(statement, at):
        depth += 1 if found[0] == "/*" else -1
        if depth == 0:
            return found.end()
    return len(statement)


def _starred(found: re.Match[str]) -> str:
    return (found["start"] or found["address"] or found["scram"] or "") + "***"
