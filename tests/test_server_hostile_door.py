"""The hostile list once more, through the real door, by a real client."""

from __future__ import annotations

import hashlib

import pytest

from tests.conftest import MODELS
from tests.server_support.granted import ANNA, make_warehouse
from tests.server_support.hostile import DOOR, DOOR_SIMPLE, HOSTILE
from tests.server_support.ordinary import ORDINARY
from tests.server_support.targets import PASSWORD
from tests.server_support.users_file import add_user

psycopg = pytest.importorskip("psycopg")


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """anna's connection; the file's bytes must be the same at the end."""
    from retailsql.adapters.server.accounts import Accounts, Audit
    from retailsql.adapters.server.door import Door
    from retailsql.adapters.server.wire import Listener

    folder = tmp_path_factory.mktemp("hostile")
    database, users = folder / "shop.duckdb", folder / "users.toml"
    make_warehouse(database, (MODELS / "line.onnx").read_bytes())
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    users.write_text("[server]\n")
    users.chmod(0o600)
    told = [
        f"{g.privilege} on {g.kind} {g.schema}" + ("" if g.name == "*" else f".{g.name}")
        for g in sorted(ANNA.grants)
    ]
    add_user(users, "anna", PASSWORD, grants=told)
    accounts = Accounts.open(users)
    audit = Audit(folder / "audit.jsonl")
    door = Door(database, accounts, audit)
    with Listener(door, "127.0.0.1", 0) as listener:
        host, port = listener.address
        where = {"host": host, "port": port, "dbname": "shop"}
        with psycopg.connect(**where, user="anna", password=PASSWORD, autocommit=True) as client:
            yield client
    door.close()
    audit.close()
    assert hashlib.sha256(database.read_bytes()).hexdigest() == before
    left = {path.name for path in folder.iterdir()}
    assert left == {"shop.duckdb", "users.toml", "audit.jsonl"} | {n for n in left if "lock" in n}


def answer(client, text, *, simple):
    """The SQLSTATE of a statement, or None."""
    if simple:
        result = client.pgconn.exec_(text.encode())
    else:
        result = client.pgconn.exec_params(text.encode(), None)
    state = result.error_field(psycopg.pq.DiagnosticField.SQLSTATE)
    return state.decode() if state else None


@pytest.mark.parametrize("simple", [True, False], ids=["simple", "extended"])
def test_all_are_refused_and_the_session_lives(client, simple):
    wrong = []
    for text, state in HOSTILE:
        if "\0" in text:
            continue  # no client sends it
        wanted = DOOR.get(text, DOOR_SIMPLE.get(text, state) if simple else state)
        told = answer(client, text, simple=simple)
        if told != wanted:
            wrong.append((text[:90], told, wanted))
    assert wrong == []
    assert client.execute("SELECT 1").fetchone() == (1,)


def test_ordinary_statements_are_answered(client):
    wrong = {}
    for text in ORDINARY:
        try:
            client.execute(text.replace("$1", "%s"), [1] if "$1" in text else None)
        except psycopg.Error as error:
            wrong[text] = str(error).split("\n")[0]
    assert wrong == {}
