"""What real clients said to a real PostgreSQL 15, said to the door, has the same answers.

``server_support/record.py`` wrote the log. Compared are the messages and their order, names and
types of columns and parameters, rows (not those of the catalog), tags, SQLSTATEs and positions.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.server_support.answers import same

pytest.importorskip("scramp")
pytestmark = pytest.mark.timeout(30)

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
    expected = [keyed(step["sent"], step["answered"]) for step in said["steps"]]
    found = [keyed(s["sent"], answer) for s, answer in zip(said["steps"], answers, strict=True)]
    same(f"log {client}", said["check"], expected, found)


def keyed(sent, answered):
    """A step's answers with what was asked, so that a difference tells its statement."""
    asked = [one[1] if one[0] == "Q" else one[2] for one in sent if one[0] in "QP"]
    return {f"{'; '.join(asked)[:300]}": answered}


def test_the_log_tells_nothing_of_the_machine_that_wrote_it():
    for path in LOG.glob("*.jsonl"):
        text = path.read_text()
        for word in ("127.0.0.1", "localhost", "/tmp", "/home", "/work", "password"):
            assert word not in text, (path.name, word)
