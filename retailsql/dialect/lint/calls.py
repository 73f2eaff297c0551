"""RS301, RS303, RS304: features by position, and scores kept where other processes meet them."""

from __future__ import annotations

from retailsql.dialect.lint.features import stored_of
from retailsql.dialect.lint.source import Piece
from retailsql.dialect.lint.statement import Statement
from retailsql.dialect.lint.uses import ROW_VERBS, Use


def check_positions(statement: Statement) -> None:
    """RS301: ``m_score(3, 20.5)``."""
    for use in statement.uses:
        if use.ml or use.verb not in ROW_VERBS or not by_position(statement.piece, use):
            continue
        stored = stored_of(statement, use)
        if stored is None or len(use.arguments) > len(stored.signature.inputs):
            continue
        names = [f.name for f in stored.signature.inputs]
        texts = [statement.text(*part) for part in use.arguments]
        named = ", ".join(
            text if ":=" in text or "=>" in text else f"{name} := {text}"
            for name, text in zip(names, texts, strict=False)
        )
        statement.add(
            "RS301", use.name_at,
            f"{use.called} is given its features by position: two that are swapped score silently.",
            f"Name them, {use.called}({named}), or give the row: {use.called}(t) with the alias t.",
        )  # fmt: skip


def by_position(piece: Piece, use: Use) -> bool:
    """True if a feature is given without its name; one argument alone is a row, unless it is a
    number.
    """
    if len(use.arguments) == 1:
        start, stop = use.arguments[0]
        return stop - start == 1 and piece.tokens[start].token_type.name == "NUMBER"
    signs = [
        piece.tokens[start + 1].text if start + 1 < stop else "" for start, stop in use.arguments
    ]
    return bool(signs) and any(sign not in (":=", "=>") for sign in signs)


def suspicious(piece: Piece, uses: list[Use]) -> bool:
    """True if a rule of this file may have something to say: a quick look before the models are
    read.
    """
    if piece.tokens[0].text.upper() in ("CREATE", "ALTER"):
        return bool(uses)
    return any(not u.ml and u.verb in ROW_VERBS and by_position(piece, u) for u in uses)


def check_kept(statement: Statement) -> None:
    """RS303, RS304: a view, a constraint, a default, an index, a generated column."""
    words, uses = statement.words, statement.uses
    if not uses:
        return
    head = [w for w in words[:6] if w not in ("OR", "REPLACE", "UNIQUE")]
    use = next((u for u in uses if u.ml or stored_of(statement, u) is not None), None)
    if use is None or "TEMP" in head[:2] or "TEMPORARY" in head[:2]:
        return
    if head[:2] == ["CREATE", "VIEW"]:
        statement.add(
            "RS303", use.name_at,
            f"The view keeps {use.called}: it fails in every process that has not called "
            "retailsql.attach, a BI tool for instance, and when the model gets a new version.",
            "Keep the scores in a table, CREATE TABLE ... AS SELECT, and make it again when the "
            "rows change.",
        )  # fmt: skip
    elif place := _place(statement, use, head):
        statement.add(
            "RS304", use.name_at,
            f"{place} keeps {use.called}: other processes cannot write to the table any more.",
            "Keep the score in a column of its own, filled by UPDATE or by CREATE TABLE AS.",
        )  # fmt: skip


def _place(statement: Statement, use: Use, head: list[str]) -> str | None:
    if head[:2] == ["CREATE", "INDEX"]:
        return "An index"
    if head[:1] == ["ALTER"]:
        before = statement.words[: use.start]
        return next((f"A {w}" for w in ("DEFAULT", "CHECK") if w in before), None)
    if head[:2] != ["CREATE", "TABLE"] or statement.query is not None:
        return None
    opened = statement.context.parent[use.start]
    while opened >= 0:
        word = statement.words[opened - 1] if opened else ""
        if word in ("CHECK", "AS", "DEFAULT"):
            return "A generated column" if word == "AS" else f"A {word}"
        opened = statement.context.parent[opened]
    return "A DEFAULT" if "DEFAULT" in statement.words[: use.start] else None
