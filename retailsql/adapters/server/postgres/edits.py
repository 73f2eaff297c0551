"""The user's statement in PostgreSQL's dialect -> the places DuckDB must read otherwise.

The text is edited in place, never written anew: what no rule knows stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from retailsql.adapters.server.postgres import (
    beside_numbers,
    between,
    calls,
    extents,
    from_calls,
    joined,
    likes,
    literals,
    matches,
    operands,
    records_of_json,
    searches,
    select_lists,
    text_casts,
    ties,
    whole_rows,
)
from retailsql.adapters.server.postgres.orders import null_orders
from retailsql.adapters.server.postgres.renamed import OPERATORS
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit, PgError, apply
from retailsql.dialect.tokens import tokenize

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_ORDER: Final = "ORDER BY "
_TILDES = {"~": "TILDE", "~*": "IRLIKE"}
_BEFORE_UNARY = frozenset(
    [
        "(", ",", "[", "=", "<", ">", "<=", ">=", "<>", "!=", "+", "-", "*", "/", "%", "||", "|",
        "&", "SELECT", "WHERE", "AND", "OR", "NOT", "ON", "WHEN", "THEN", "ELSE", "BY", "CASE",
        "RETURNING", "DISTINCT", "ALL", "IN", "LIKE", "HAVING", "BETWEEN",
    ]
)  # fmt: skip
_LOCKS = (("UPDATE",), ("SHARE",), ("NO", "KEY", "UPDATE"), ("KEY", "SHARE"))
_CLOCKS = frozenset(["CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "CURRENT_TIME", "LOCALTIME"])


def edits(text: str, tokens: Sequence[Token]) -> list[Edit]:
    """What to change in one statement.

    Args:
        text: the statement.
        tokens: its tokens.

    Raises:
        PgError: 0A000, SELECT INTO.

    >>> from retailsql.adapters.server.records import apply
    >>> from retailsql.dialect.tokens import tokenize
    >>> sql = "select x::numeric from t where s ~ 'a' for update"
    >>> apply(sql, edits(sql, tokenize(sql)))
    "select x::DECIMAL(38,10) from t where s @~ 'a' "
    """
    out, tokens = _unqualified(tokens)
    scan = Scan(text, tokens)
    for i in scan.telling():
        _refuse_into(scan, i)
        out += from_calls.one_row(scan, i)
        out += (
            _of_word(scan, i) or _match(scan, i) or _lock(scan, i) or _clock(scan, i)
            or _sample(scan, i) or _collation(scan, i) or literals.escaped(scan, i)
            or literals.array(scan, i) or literals.any_of(scan, i) or literals.read(scan, i)
            or text_casts.edits(scan, i)
            or likes.like_any(scan, i) or likes.like(scan, i)
            or operands.overlaps(scan, i) or likes.similar(scan, i) or literals.path(scan, i)
            or beside_numbers.edits(scan, i) or whole_rows.edits(scan, i) or matches.rows(scan, i)
            or calls.type_name(scan, i) or calls.guarded(scan, i)
            or calls.function(scan, i)
        )  # fmt: skip
    out += select_lists.edits(scan)
    out += null_orders(tokens)
    return _apart(out)


def _mended(keys: str) -> str:
    """Sort keys, edited."""
    text = _ORDER + keys
    return apply(text, edits(text, tokenize(text) or [])).removeprefix(_ORDER)


def guards_alone(text: str, tokens: Sequence[Token]) -> list[Edit]:
    """The guards of :func:`edits` and nothing else: for what is DuckDB's own SQL and stays so.

    Args:
        text: a query.
        tokens: its tokens.

    >>> from retailsql.adapters.server.records import apply
    >>> from retailsql.dialect.tokens import tokenize
    >>> sql = "select list_distinct(l), x::numeric from t where s ~ 'a'"
    >>> apply(sql, guards_alone(sql, tokenize(sql)))
    "select __pg_list_distinct(l), x::numeric from t where s ~ 'a'"
    """
    scan = Scan(text, tokens)
    return _apart([
        edit
        for i in scan.telling()
        for edit in calls.guarded(scan, i, own=True) or likes.like(scan, i, own=True)
    ])  # fmt: skip


def _unqualified(tokens: Sequence[Token]) -> tuple[list[Edit], Sequence[Token]]:
    """``pg_catalog.f(x)`` is ``f(x)``: no rule need know of it."""
    found = [
        i
        for i, token in enumerate(tokens[:-3])
        if token.text.lower() == "pg_catalog"
        and tokens[i + 1].text == "."
        and tokens[i + 3].text == "("
        and tokens[i + 2].text.isidentifier()
        and (i == 0 or (tokens[i - 1].text != "." and tokens[i - 1].text.upper() != "INTO"))
    ]
    gone = {at for i in found for at in (i, i + 1)}
    left = [token for i, token in enumerate(tokens) if i not in gone] if gone else tokens
    return [Edit(tokens[i].start, tokens[i + 2].start, "") for i in found], left


def _apart(found: list[Edit]) -> list[Edit]:
    """Edits in order, without those inside others."""
    out: list[Edit] = []
    for edit in sorted(found):
        twice = bool(out) and edit == out[-1] and edit.start < edit.end
        if not twice and (not out or edit.start >= out[-1].end):
            out.append(edit)
    return out


def _match(scan: Scan, i: int) -> list[Edit]:
    """``~`` and its like are searches in PostgreSQL and full matches in DuckDB."""
    token = scan.tokens[i]
    if token.token_type.name not in _TILDES.values() or i == 0:
        return []
    before = scan.tokens[i - 1]
    start = token.start
    if before.token_type.name == "NOT" and before.text == "!" and before.end + 1 == token.start:
        start = before.start
    elif scan.word(i - 1) == "." or scan.word(i - 2) == "OPERATOR":
        return []  # OPERATOR(pg_catalog.~) is the catalog's
    elif scan.word(i - 1) in _BEFORE_UNARY or scan.text[start - 1 : start] == "@":
        return []
    ours = OPERATORS[scan.text[start : token.end + 1]]
    return [Edit(start, token.end + 1, ours.replace("@", "@" + searches.mark(scan, i + 1)))]


def _of_word(scan: Scan, i: int) -> list[Edit]:
    """The rules of single words."""
    rule = _RULES.get(scan.word(i))
    return rule(scan, i) if rule else []


def _key_of_json(scan: Scan, i: int) -> list[Edit]:
    """``j ? 'a'``, ``j ?| array['a']`` and ``j ?& array['a']``: DuckDB's ? is a parameter."""
    if scan.word(i) != "?":
        return []
    token = scan.tokens[i]
    behind = scan.text[token.end + 1 : token.end + 2]
    mark = behind if behind in ("|", "&") and behind else ""
    sign = Edit(token.start, token.end + 1 + len(mark), OPERATORS["?" + mark])
    first = extents.begin(scan, i, extents.ARROWS)
    if first is None or extents.ARROWS.isdisjoint(map(scan.word, range(first, i))):
        return [sign]
    start = scan.tokens[first].start  # DuckDB's arrows bind less than other operators
    return [Edit(start, start, "("), sign._replace(new=f") {sign.new}")]


def _lock(scan: Scan, i: int) -> list[Edit]:
    """``FOR UPDATE OF t NOWAIT``: there is nothing to lock against."""
    if scan.word(i) != "FOR":
        return []
    size = next((len(lock) for lock in _LOCKS if scan.words(i + 1, *lock)), 0)
    if not size or scan.word(i - 1) == "SYSTEM_TIME":
        return []
    end = i + 1 + size
    if scan.word(end) == "OF":
        end += 2
        while scan.word(end) in (",", "."):
            end += 2
    if scan.word(end) == "NOWAIT":
        end += 1
    elif scan.words(end, "SKIP", "LOCKED"):
        end += 2
    return [Edit(scan.tokens[i].start, scan.tokens[end - 1].end + 1, "")]


def _clock(scan: Scan, i: int) -> list[Edit]:
    """``CURRENT_TIMESTAMP(3)``: DuckDB has it without digits."""
    if scan.word(i) not in _CLOCKS or not scan.words(i + 1, "("):
        return []
    if scan.kind(i + 2) != "NUMBER" or scan.word(i + 3) != ")":
        return []
    return [Edit(scan.tokens[i + 1].start, scan.tokens[i + 3].end + 1, "")]


def _sample(scan: Scan, i: int) -> list[Edit]:
    """``TABLESAMPLE SYSTEM (10)`` is a share of the rows; DuckDB would take ten of them."""
    told = scan.word(i) == "TABLESAMPLE" and scan.word(i + 1) in ("SYSTEM", "BERNOULLI")
    if not told or not scan.words(i + 2, "(") or not scan.words(i + 4, ")"):
        return []
    end = scan.tokens[i + 3].end + 1
    return [Edit(end, end, " PERCENT")] if scan.kind(i + 3) == "NUMBER" else []


def _collation(scan: Scan, i: int) -> list[Edit]:
    """``COLLATE "C"`` is how DuckDB compares anyway; other quoted collations it has not."""
    if scan.word(i) != "COLLATE" or scan.kind(i + 1) != "IDENTIFIER":
        return []
    return [Edit(scan.tokens[i].start, scan.tokens[i + 1].end + 1, "")]


def _refuse_into(scan: Scan, i: int) -> None:
    """``SELECT ... INTO t`` would make a table."""
    if scan.word(i) != "INTO" or scan.word(i - 1) in ("INSERT", "MERGE", "REPLACE", "IGNORE"):
        return
    if scan.word(0) in ("SELECT", "WITH") and "SELECT" in map(scan.word, range(i)):
        raise PgError(
            "0A000", "SELECT INTO is not supported here", position=scan.tokens[i].start + 1,
            hint="WITH x AS (SELECT ...) SELECT ... FROM x; or, with the right to write, "
            "CREATE TABLE x AS SELECT ...",
        )  # fmt: skip


_RULES: Final[dict[str, Callable[[Scan, int], list[Edit]]]] = {
    "BETWEEN": between.symmetric, "||": joined.edits, "?": _key_of_json,
    "FETCH": lambda scan, i: ties.edits(scan, i, _mended),
    **dict.fromkeys(records_of_json.WORDS, records_of_json.edits),
}  # fmt: skip
