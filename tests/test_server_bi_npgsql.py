"""Npgsql, the driver of Power BI, cannot run here: its conversations are played word by word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.server_support.bi_tools import ask
from tests.test_server_bi_tools import columns, plain
from tests.test_server_statement_log import kin

pytest.importorskip("scramp")
pytestmark = pytest.mark.timeout(60)

PARTS = {
    head: body.strip()
    for head, _, body in (
        part.partition("\n")
        for part in re.split(
            r"(?m)^-- @ ",
            (Path(__file__).parent / "server_support" / "bi_npgsql.sql").read_text(),
        )[1:]
    )
}
TEXT, BINARY = 0, 1
# The types of columns that the door can announce: encoding/types.py.
SCALARS = (16, 17, 20, 21, 23, 25, 114, 700, 701, 1082, 1083, 1114, 1184, 1186, 1266, 1562, 1700,
           2950)  # fmt: skip
ARRAYS = (199, 1000, 1001, 1005, 1007, 1009, 1016, 1021, 1022, 1115, 1182, 1183, 1185, 1187, 1231,
          1270, 1563, 2951)  # fmt: skip


@pytest.fixture(params=["tester", "reader"])
def both(request, real, door):
    """A connection to PostgreSQL, and one to the door, as Npgsql begins it."""
    from tests.server_support.replay import Player

    players = [
        Player(target, {"client_encoding": "UTF8"})
        for target in (real, door._replace(user=request.param))
    ]
    yield players
    for player in players:
        player.close()


def batch(form, *texts):
    """Statements that Npgsql sends at once, and not prepared."""
    sent = []
    for text in texts:
        sent += [["P", "", text, []], ["B", "", "", [], [], [form]], ["D", "P", ""], ["E", "", 0]]
    return [*sent, ["S"]]


def load_4_0(player):
    """Its types, by 4.0: one batch, ``AllResultTypesAreUnknown``."""
    texts = [PARTS[f"4.0 {part}"] for part in ("types", "composites", "enums")]
    types, composites, enums = ask(player, batch(TEXT, *texts))
    rows = [(r[0], r[1], int(r[2]), r[5], int(r[6] or 0), r[4]) for r in types.rows]
    assert [row[7] for row in types.rows] == sorted(row[7] for row in types.rows)
    return [types, composites, enums], rows


def load_8_0(player):
    """Its types, by 8.0: one simple query of four statements."""
    version, types, composites, enums = ask(player, [["Q", PARTS["8.0"] + "\n"]])
    assert version.rows[0][0].startswith("PostgreSQL 15")
    rows = [(r[0], r[2], int(r[1]), r[3], int(r[5] or 0), r[5]) for r in types.rows]
    return [types, composites, enums], rows


def kept(rows):
    """As its loop reads them: an array, range or domain before its element is skipped."""
    known, found = set(), []
    for schema, name, oid, kind, element, base in rows:
        assert kind in "abcdempr", name
        needed = {"a": element, "r": element, "m": element, "d": int(base or 0)}.get(kind)
        if needed is None or needed in known:
            known.add(oid)
            if name == "_oidvector":  # 4.0 orders it beside its element, so either may come first
                continue
            found.append((schema, name, plain(str(oid)), kind, plain(str(element))))
    return known, sorted(found)


@pytest.mark.parametrize("load", [load_4_0, load_8_0])
def test_npgsql_loads_the_types_that_postgresql_has(load, both):
    (theirs, their_rows), (ours, our_rows) = (load(player) for player in both)
    for their, our in zip(theirs, ours, strict=True):
        assert not our.error
        assert columns(our) == columns(their)
    assert kept(our_rows)[1] == kept(their_rows)[1]
    assert [one.rows for one in ours[1:]] == [one.rows for one in theirs[1:]] == [[], []]


@pytest.mark.parametrize("load", [load_4_0, load_8_0])
def test_npgsql_knows_every_type_of_a_column(load, both):
    known, _ = kept(load(both[1])[1])
    assert not {*SCALARS, *ARRAYS} - known


def test_npgsql_reads_results_in_binary(both):
    sent = batch(BINARY, "SELECT id, line, placed, total FROM sales.orders ORDER BY id LIMIT 3",
                 "SELECT id, amount, name, moment FROM sales.many ORDER BY id LIMIT 3")  # fmt: skip
    theirs, ours = (player.step(sent, False) for player in both)
    assert [kin(one) for one in ours] == [kin(one) for one in theirs]


@pytest.mark.parametrize("part", ["reset", "reset of one with prepared statements"])
def test_npgsql_gives_a_connection_back(part, both):
    """The reset goes before the next query of the pool, in the same packet."""
    first = batch(BINARY, "SET application_name = 'mashup'")
    again = [["Q", PARTS[part]], *batch(BINARY, "SELECT current_setting('application_name') AS n")]
    said = []
    for player in both:
        ask(player, first)
        player.step(again[:1], False)
        said.append([player.step(again[1:], False)])
    assert said[1] == said[0]


def test_npgsql_asks_for_the_columns_only(both):
    """``CommandBehavior.SchemaOnly``: Parse and Describe, no Execute."""
    sent = [["P", "", "SELECT * FROM sales.orders", []], ["D", "S", ""], ["S"]]
    theirs, ours = (ask(player, sent) for player in both)
    assert ours == theirs


def test_power_bi_begins(both):
    """A batch of its first questions, each behind a reset, with binary results."""
    for text in ("select character_set_name from INFORMATION_SCHEMA.character_sets",
                 "select \"$Table\".\"id\" as \"id\" from \"sales\".\"orders\" \"$Table\" "
                 "order by \"$Table\".\"id\" limit 3"):  # fmt: skip
        theirs, ours = (
            [player.step([["Q", PARTS["reset"]]], False), ask(player, batch(BINARY, text))]
            for player in both
        )
        assert ours == theirs
