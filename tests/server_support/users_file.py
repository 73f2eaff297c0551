"""A file of users, and what is granted in it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from retailsql.adapters.server.accounts import edit
from retailsql.adapters.server.records import Grant, Rights

VERIFIER = (
    "SCRAM-SHA-256$4096:r4nAx7bMRsCGzfJQyNGLAA==$FgGHPsMBzZBeTSX4PpxYDM8xcrDjtOMVTVtQ6z8PRlA="
    ":nlKJhOI5oSvCl0VwrkUlo9OCcZMHb46bKTm1cZPCvqQ="
)
FILE = f"""\
# who may come in
[server]
port = 5433
require_tls = false   # loopback only
audit = "log/audit.jsonl"

[roles.analyst]   # reads
grants = [
  "read on schema main",      # all of it
  "score on model churn",
]
row_limit = 1000
time_limit = "30s"
sessions = 5

[roles.trainer]
grants = ["train on schema main"]
time_limit = "1h"
row_limit = 10

[users.anna]
verifier = "{VERIFIER}"
roles = ["analyst", "trainer"]

[users."root"]
verifier = "{VERIFIER}"
admin = true
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "users.toml"
    file.write_text(FILE)
    file.chmod(0o600)
    return file


def statement(*grants: Grant, to: tuple[str, ...] = ("analyst",)) -> SimpleNamespace:
    return SimpleNamespace(grants=grants, grantees=to)


ADMIN = Rights("root", admin=True)
SALES = Grant("read", "schema", "sales")


def add_user(path, name, password, roles=(), grants=(), admin=False):
    """As ``retailsql user add`` does."""
    from retailsql.adapters.server.accounts.verifiers import make_verifier

    verifier = make_verifier(password)
    edit.change_file(path, lambda tree: edit.add_user(tree, name, verifier, roles, grants, admin))


def remove_user(path, name):
    """As ``retailsql user remove`` does."""
    edit.change_file(path, lambda tree: edit.remove_user(tree, name))
