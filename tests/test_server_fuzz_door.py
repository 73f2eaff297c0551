"""What real clients said, with mistakes put in, said to the real door: no answer is a fault.

The messages are those of the statement log; the changes are those of ``test_server_fuzz``.
"""

from __future__ import annotations

import contextlib
import json
import logging
import random
from pathlib import Path

import pytest

pytest.importorskip("psycopg")
pytest.importorskip("scramp")

from tests.server_raw import Raw
from tests.server_support.conversation import message
from tests.server_support.faulty import ROWS, serving
from tests.test_server_fuzz import check_frames, everything, mutated

LOG = Path(__file__).parent / "server_support" / "statement_log"


def said() -> list[bytes]:
    """All messages of the log, once each."""
    lines = [line for path in sorted(LOG.glob("*.jsonl")) for line in path.read_text().splitlines()]
    steps = [step for line in lines for step in json.loads(line)["steps"]]
    return sorted({message(*one) for step in steps for one in step["sent"]} - {b"X\0\0\0\4"})


def fuzz(server, packets: int, seed: int) -> None:
    chance, log, sent = random.Random(seed), said(), 0
    while sent < packets:
        some = [mutated(chance, chance.choice(log)) for _ in range(chance.randrange(5, 30))]
        with Raw(server.address) as raw:
            raw.login(database="shop")
            with contextlib.suppress(OSError):
                raw.send(*some)
            check_frames(everything(raw))
        sent += len(some)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "packets", [300, pytest.param(10_000, marks=pytest.mark.slow)], ids=["some", "many"]
)
def test_mutated_statements(tmp_path, caplog, packets):
    with caplog.at_level(logging.ERROR), serving(tmp_path) as server:
        fuzz(server, packets, packets)
        assert server.count() == ROWS
    assert caplog.text == ""
