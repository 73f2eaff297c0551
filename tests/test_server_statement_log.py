"""What real clients said to a real PostgreSQL 15, said to the door, has the same answers.

``server_support/record.py`` wrote the log. Compared are the messages and their order, names and
types of columns and parameters, rows (not those of the catalog), tags, SQLSTATEs and positions.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.server_support.answers import same
from tests.server_support.targets import PASSWORD

pytest.importorskip("scramp")
pytestmark = pytest.mark.timeout(60)

LOG = Path(__file__).parent / "server_support" / "statement_log"
SAID = [
    pytest.param(path.stem, json.loads(line), id=f"{path.stem} {json.loads(line)['check']}")
    for path in sorted(LOG.glob("*.jsonl"))
    for line in path.read_text().splitlines()
]


@pytest.mark.parametrize(("client", "said"), SAID)
def test_the_door_answers_as_postgresql_did(client, said, door):
    from tests.server_support.replay import Player

    player = Player(door, said["startup"])
    try:
        answers = [player.step(step["sent"], step["catalog"]) for step in said["steps"]]
    finally:
        player.close()
    expected = [keyed(step, step["answered"]) for step in said["steps"]]
    found = [keyed(s, answer) for s, answer in zip(said["steps"], answers, strict=True)]
    same(f"log {client}", said["check"], expected, found)


# DuckDB has no regclass and no regproc: names are told as text, which every driver reads alike.
KIN = {2205: 25, 24: 25}


def keyed(step, answered):
    """A step's answers with what was asked, so that a difference tells its statement.

    Of a step with an error only that is compared: how far a server comes before it finds it, in
    planning or in running, is its own.
    """
    asked = [one[1] if one[0] == "Q" else one[2] for one in step["sent"] if one[0] in "QP"]
    if any(one[0] == "E" for one in answered):
        answered = [one for one in answered if one[0] in "EZ"]
    elif step["catalog"]:
        answered = [kin(one) for one in answered]
    elif any("union" in text.lower() and "order by" not in text.lower() for text in asked):
        answered = [in_some_order(one) for one in answered]
    return {f"{'; '.join(asked)[:300]}": answered}


def in_some_order(answer):
    """The rows of a UNION have no order, and here each time another."""
    return [*answer[:2], sorted(answer[2], key=str)] if answer[0] == "D" else answer


def kin(answer):
    """An answer about the catalog, its types made those that DuckDB has."""
    if answer[0] == "T":
        return ["T", [[name, KIN.get(oid, oid), form] for name, oid, _, form in answer[1]]]
    return ["t", [KIN.get(oid, oid) for oid in answer[1]]] if answer[0] == "t" else answer


SECRET = re.compile(
    r"\b\d+\.\d+\.\d+\.\d+\b|::1\b|localhost|(?<![\w*<>.])/\w[\w.-]*/|passw|scram|\bsecret\b"
    f"|{re.escape(PASSWORD)}", re.IGNORECASE,
)  # fmt: skip


@pytest.mark.parametrize("path", sorted(LOG.glob("*.jsonl")), ids=lambda path: path.stem)
def test_the_log_tells_nothing_of_the_machine_that_wrote_it(path):
    found = SECRET.search(path.read_text())
    assert found is None, found


@pytest.mark.parametrize("text", ["at 10.0.0.7", "/srv/x", "Password", "correct horse", " ::1 "])
def test_what_must_not_be_in_the_log_is_seen(text):
    assert SECRET.search(text)
