"""From a column that was matched to a word, to the expression that stands for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from retailsql.starter.checks import determines
from retailsql.starter.facts import Facts
from retailsql.starter.match import NEAR, SURE, Match
from retailsql.starter.names import name_score
from retailsql.starter.proposal import Choice
from retailsql.starter.readers import Reader
from retailsql.starter.vocabulary import NEEDED, WITHOUT


def missing(word: str, why: str = "") -> Choice:
    """The choice where they have no such column."""
    sql, means = WITHOUT[word]
    return Choice(word, sql, sure=word not in NEEDED, why=why or means)


def share(part: float) -> str:
    """A share in words.

    >>> share(0.0004), share(0.123)
    ('0.04 %', '12.3 %')
    """
    return f"{100 * part:.2f} %" if part < 0.01 else f"{100 * part:.1f} %"


def plain(con: Any, match: Match) -> Choice:
    """A column taken as it is."""
    return judged(con, match, match.facts.sql)


def key(con: Any, match: Match) -> Choice:
    """An identifier: numbers that were stored with a point lose it."""
    facts = match.facts
    if facts.type in ("DOUBLE", "FLOAT") and facts.kind == "whole":
        return judged(con, match, f"CAST({facts.sql} AS BIGINT)", "a whole number stored as 17.0")
    if facts.type == "VARCHAR" and facts.example.endswith(".0") and facts.letters == 0:
        sql = rf"regexp_replace({facts.sql}, '\.0$', '')"
        return judged(con, match, sql, "a whole number written as 17.0")
    return judged(con, match, facts.sql)


def from_reader(con: Any, match: Match, reader: Reader) -> Choice:
    """A column that has to be read in a certain way."""
    choice = judged(con, match, reader.sql, reader.how)
    if reader.doubt:
        choice = doubt(choice, reader.doubt)
    return choice


def judged(con: Any, match: Match, sql: str, how: str = "") -> Choice:
    """A choice whose sureness is that of its match."""
    facts = match.facts
    choice = Choice(match.word, sql, (facts.name,), why=how)
    if match.score < SURE:
        choice = doubt(choice, _why_weak(match))
    rival = match.rival
    if rival is not None and match.rival_score > match.score - NEAR:
        choice = replace(choice, other=rival.name)
        if not _the_same(con, facts, rival):
            choice = doubt(choice, f"{rival.name} may be meant as well")
    elif rival is not None and not choice.sure:
        choice = replace(choice, other=rival.name)
    if facts.filled < 0.5:
        choice = _say(choice, f"empty in {share(1 - facts.filled)} of the rows")
    return choice


def _why_weak(match: Match) -> str:
    if name_score(match.facts.name, match.word) >= SURE:
        return f"{match.facts.name} is named like it, but its values are not like it"
    if match.score <= 0.35:
        return f"the name {match.facts.name} says nothing: guessed from its values alone"
    return f"the name {match.facts.name} may mean something else"


def _the_same(con: Any, one: Facts, other: Facts) -> bool:
    """Whether two columns say the same, so that either will do."""
    return determines(con, one, other) > 0.999 and determines(con, other, one) > 0.999


def doubt(choice: Choice, why: str) -> Choice:
    """The choice with something that speaks against it."""
    return replace(_say(choice, why), sure=False)


def _say(choice: Choice, words: str) -> Choice:
    return replace(choice, why="; ".join(w for w in (choice.why, words) if w))


def say(choice: Choice, words: str) -> Choice:
    """The choice with a remark that does not speak against it."""
    return _say(choice, words)
