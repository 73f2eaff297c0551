"""What BI tools that cannot run here ask the catalog: the door answers as PostgreSQL 15 does.

Each statement of bi_catalog.sql is asked by one who may read all, and by one who may read schema
``sales`` alone: names and types of columns, and the rows that the tool goes by.
"""

from __future__ import annotations

import re

import pytest

from tests.server_support.bi_tools import ask, asked, messages, one_number

pytest.importorskip("scramp")
pytestmark = pytest.mark.timeout(60)

STATEMENTS = [pytest.param(one, id=f"{one.tool} {number}") for number, one in enumerate(asked())]
# Every driver reads these alike: names, and a list of any type, as text.
KIN = {19: 25, 1043: 25, 2277: 25, 2205: 25, 24: 25}


def played(target, one, players):
    """The answer of a server, over one connection to each."""
    from tests.server_support.replay import Player

    if target not in players:
        players[target] = Player(target, {"client_encoding": "UTF8"})
    player = players[target]
    (answer,) = ask(player, messages(one, lambda sql: one_number(player, sql)))
    return answer


@pytest.fixture(scope="module")
def players():
    found = {}
    yield found
    for player in found.values():
        player.close()


def compared(one, answer):
    """The columns a tool goes by, of rows in order if the statement has one; numbers of objects
    made alike. A row about a column of the system (ctid) is none of them.
    """
    assert not answer.error, answer.error
    names = [name for name, _ in answer.columns]
    if one.compared == "-":
        return []
    kept = names if one.compared == "*" else one.compared.split(",")
    places = [names.index(name) for name in kept]
    hidden = names.index("attnum") if "attnum" in names else None
    rows = [
        tuple(plain(row[place]) for place in places)
        for row in answer.rows
        if hidden is None or int(row[hidden]) > 0
    ]
    ordered = re.search(r"order by (?!\w\.oid)", one.text, re.IGNORECASE)
    return rows if ordered else sorted(rows, key=str)


def plain(value):
    return None if value is None else re.sub(r"\b\d{5,}\b", "oid", value)


def columns(answer):
    return [(name, KIN.get(kind, kind)) for name, kind in answer.columns]


@pytest.mark.parametrize("one", STATEMENTS)
def test_a_tool_is_answered_as_by_postgresql(one, real, door, players):
    theirs, ours = played(real, one, players), played(door, one, players)
    assert compared(one, ours) == compared(one, theirs)
    assert columns(ours) == columns(theirs)


# What there is in the other schema, by its names.
ELSEWHERE = re.compile(r"main|main\..*|(kinds|nothing)\w*")


@pytest.mark.parametrize("one", STATEMENTS)
def test_a_tool_of_limited_rights_sees_only_what_it_may_read(one, real, door, players):
    """PostgreSQL's own catalog shows names to everybody, and keys to those who may write."""
    theirs, ours = played(real, one, players), played(door._replace(user="reader"), one, players)
    assert columns(ours) == columns(theirs)
    expected = compared(one, theirs)
    if "from" in one.text.lower():
        expected = [row for row in expected if not any(map(ELSEWHERE.fullmatch, map(str, row)))]
    assert compared(one, ours) == expected
