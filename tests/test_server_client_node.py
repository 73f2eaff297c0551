"""node's ``pg``, ``pg-cursor`` and ``pg-query-stream`` see the door as PostgreSQL 15.

They are in ``server_support/node/node_modules`` (``npm ci`` there, or install_clients.sh), or in
the folder that RETAILSQL_NODE names.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server_support.answers import same

NODE = Path(__file__).parent / "server_support" / "node"
FOLDER = Path(os.environ.get("RETAILSQL_NODE", NODE)).resolve()
pytestmark = [
    pytest.mark.timeout(90),
    pytest.mark.skipif(not shutil.which("node"), reason="node is not installed"),
    pytest.mark.skipif(
        not (FOLDER / "node_modules" / "pg-query-stream").exists(),
        reason="npm packages are absent (tests/server_support/install_clients.sh)",
    ),
]
NAMES = re.findall(r"^(?:add\('|check\.)(\w+)", (NODE / "checks.js").read_text(), re.MULTILINE)


def run(target):
    """The answer of every check by its name."""
    done = subprocess.run(
        ["node", str(NODE / "checks.js")], capture_output=True, text=True, timeout=60,
        encoding="utf-8", env={**target.environment(), "NODE_FOLDER": str(FOLDER)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def at_postgresql(real):
    return run(real)


@pytest.fixture(scope="module")
def at_the_door(door):
    return run(door)


@pytest.mark.parametrize("name", NAMES)
def test_node_sees_what_it_sees_at_postgresql(name, at_postgresql, at_the_door):
    real = at_postgresql[name]
    assert not (isinstance(real, list) and real[:1] == ["raised"]), real
    same("node", name, real, at_the_door.get(name))
