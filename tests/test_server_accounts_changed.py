"""The file of users, changed: by GRANT and REVOKE, by many at once, or not at all."""

# ruff: noqa: F401, F811 - fixtures are imported by name

from __future__ import annotations

import multiprocessing
import os
import stat
import threading
from pathlib import Path

import pytest

pytest.importorskip("tomlkit")
pytest.importorskip("scramp")

from retailsql.adapters.server.accounts import Accounts, edit, verifiers
from retailsql.adapters.server.accounts.document import read_document
from retailsql.adapters.server.accounts.secret import kept_secret
from retailsql.adapters.server.records import Grant, PgError, Rights
from retailsql.errors import NameTakenError, ProjectError
from tests.server_support.users_file import (
    ADMIN,
    FILE,
    SALES,
    VERIFIER,
    add_user,
    path,
    remove_user,
    statement,
)

# What people write, each with a role `analyst` that reads all, and a user `anna`.
WRITTEN = {
    "ends of lines of Windows": FILE.replace("\n", "\r\n"),
    "a mark before it": f"\ufeff{FILE}",
    "no end of the last line": FILE.rstrip(),
    "one table after the other": f"""[users.anna]\nverifier = "{VERIFIER}"\n[roles.analyst]
sessions = 3\n[users.ben]\nverifier = "{VERIFIER}"\n[roles.two]\nsessions = 3\n""",
    "tables in lines": f"""[roles]\nanalyst = {{sessions = 3}}\n
[users]\nanna = {{ verifier = "{VERIFIER}", roles = ["analyst"] }}\n""",
    "tables within": f"""[roles]\n  [roles.analyst]\n  sessions = 3
[users]\n  [users.anna]\n  verifier = "{VERIFIER}"\n""",
    "comments in the list": f"""[roles.analyst]\ngrants = [\n  # first\n  'read on database', # it
  # last\n]\nsessions = 3\n[users.anna]\nverifier = '''{VERIFIER}'''\n""",
}


@pytest.mark.parametrize("how", WRITTEN)
def test_however_it_is_written_a_change_is_that_change_and_no_other(path, how):
    path.write_bytes(WRITTEN[how].encode())
    accounts = Accounts.open(path)
    before = accounts._document
    new = (SALES, Grant("train", "model", "main", "m"))
    accounts.grant(statement(*new, to=("analyst", "anna")), ADMIN)
    add_user(path, "new", "x", ["analyst"], ["read on schema z"])
    assert accounts.rights("new").grants >= {*new, Grant("read", "schema", "z")}
    assert set(accounts.rights("anna").grants) >= set(new)
    remove_user(path, "new")
    accounts.revoke(statement(*new, to=("analyst", "anna")), ADMIN)
    assert accounts._document == before
    assert Accounts.open(path)._document == before
    accounts.revoke(statement(*before.roles["analyst"].grants), ADMIN)
    assert not accounts._document.roles["analyst"].grants
    assert "grants = []" not in path.read_text()
    for line in WRITTEN[how].splitlines(keepends=True):
        if line.startswith("#"):
            assert line.encode() in path.read_bytes()


def test_a_change_that_tomlkit_would_lose_is_refused(path):
    text = (
        f'roles.analyst.sessions = 3\nusers.anna.verifier = "{VERIFIER}"\n'
        'users.anna.roles = ["analyst"]\n'
    )
    path.write_text(text)
    with pytest.raises(ProjectError, match=r"users\.toml cannot be changed.*\[users\.NAME\]"):
        add_user(path, "new", "x")
    assert path.read_text() == text


def test_grant_is_written_beside_the_comments(path):
    accounts = Accounts.open(path)
    accounts.grant(statement(SALES, Grant("read", "schema", "MAIN"), to=("ANALYST", "root")), ADMIN)
    text = path.read_text()
    assert "# who may come in" in text
    assert "# loopback only" in text
    assert "# all of it" in text
    assert SALES in accounts.rights("anna").grants
    # MAIN is main: the role has it already, the user not.
    assert len(accounts.rights("anna").grants) == 4
    assert accounts.rights("root").grants == {SALES, Grant("read", "schema", "MAIN")}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    accounts.revoke(statement(Grant("read", "schema", "Main"), SALES), ADMIN)
    assert {g.privilege for g in accounts.rights("anna").grants} == {"score", "train"}
    assert "# who may come in" in path.read_text()
    assert Accounts.open(path).rights("anna") == accounts.rights("anna")


def test_names_that_only_python_takes_for_one_are_two(path):
    """DuckDB folds A to Z alone: STRASSE is not straße, and the sign of kelvin is no k."""
    accounts = Accounts.open(path)
    given = [Grant("read", "table", "main", name) for name in ("strasse", "straße", "k", "\u212a")]
    accounts.grant(statement(*given, Grant("read", "table", "MAIN", "STRASSE")), ADMIN)
    assert set(given) <= accounts.rights("anna").grants
    assert len(accounts.rights("anna").grants) == 3 + 4
    wide = Grant("read", "schema", "main")
    [told] = accounts.revoke(statement(wide, given[0]), ADMIN)
    assert "straße" in told
    assert "strasse" not in told
    assert set(given[1:]) <= accounts.rights("anna").grants


def test_revoke_tells_what_is_kept_by_wider_grants(tmp_path):
    path = tmp_path / "users.toml"
    path.write_text(
        '[roles.analyst]\ngrants = ["score on database", "read on schema sales"]\n'
        f'[users.anna]\nverifier = "{VERIFIER}"\nroles = ["analyst"]\n'
        'grants = ["read on table sales.orders"]\n'
    )
    accounts = Accounts.open(path)
    churn = Grant("score", "model", "main", "churn")
    assert accounts.revoke(statement(churn), ADMIN) == [
        "analyst keeps 'score on model churn', by 'score on database'"
    ]
    orders = Grant("read", "table", "Sales", "orders")
    assert accounts.revoke(statement(orders, to=("anna",)), ADMIN) == [
        "anna keeps 'read on table Sales.orders', by 'read on schema sales' of role analyst"
    ]
    churn = Grant("score", "model", "main", "churn")
    accounts.grant(statement(churn, orders, to=("anna",)), ADMIN)
    taken = Grant("read", "schema", "sales"), Grant("score", "model", "main", "*")
    assert accounts.revoke(statement(*taken, to=("anna",)), ADMIN) == [
        "anna keeps 'read on schema sales', by 'read on schema sales' of role analyst",
        "anna keeps 'score on model *', by 'score on database' of role analyst",
    ]
    assert accounts.revoke(statement(taken[0]), ADMIN) == []
    assert accounts.revoke(statement(taken[0], to=("anna",)), ADMIN) == [
        "anna keeps 'read on table Sales.orders': revoke each as granted"
    ]
    accounts.revoke(statement(orders, churn, to=("anna",)), ADMIN)
    wide = Grant("read", "schema", "sales", "*"), Grant("score", "database", "*", "*")
    assert accounts.revoke(statement(*wide), ADMIN) == []
    assert not accounts.rights("anna").grants


LIMITED = f"""[roles.quick]\ngrants = ["read on database"]\nmemory_limit = "1GB"
[roles.builder]\ngrants = ["train on schema main"]
[users.kim]\nverifier = "{VERIFIER}"\nroles = ["quick"]
[users.lea]\nverifier = "{VERIFIER}"\n"""


@pytest.mark.parametrize("to", ["lea", "quick"])
def test_no_right_to_write_beside_a_limit_of_memory(path, to):
    """As the server could not be started with it."""
    path.write_text(LIMITED)
    accounts = Accounts.open(path)
    with pytest.raises(PgError, match="memory limit") as error:
        accounts.grant(statement(Grant("write", "schema", "main"), to=(to,)), ADMIN)
    assert "role 'quick' (user 'kim')" in str(error.value.detail)
    assert f"'write on schema main' of {'user' if to == 'lea' else 'role'} {to!r}" in str(
        error.value.detail
    )
    for how in ({"grants": ["write on database"]}, {"roles": ["builder"]}):
        with pytest.raises(ProjectError, match="memory limit.*'wim'"):
            add_user(path, "wim", "x", **how)
    assert path.read_text() == LIMITED
    broken = LIMITED + 'roles = ["builder"]\n'
    path.write_text(broken)
    with pytest.raises(ProjectError, match=r"'quick' \(user 'kim'\), and .*'builder' \(user 'lea'"):
        Accounts.open(path)
    assert accounts.rights("lea").roles == ()  # as for any mistake, those of before stay
    remove_user(path, "lea")
    assert "kim" in Accounts.open(path).users


def test_grant_by_no_admin_or_to_nobody_changes_nothing(path):
    accounts = Accounts.open(path)
    for to, by, code in (("analyst", Rights("anna"), "42501"), ("analist", ADMIN, "42704")):
        with pytest.raises(PgError) as error:
            accounts.grant(statement(SALES, to=(to,)), by)
        assert error.value.sqlstate == code
    assert "analyst" in str(error.value.hint)
    assert path.read_text() == FILE


def test_grant_into_a_broken_file_is_refused(path):
    accounts = Accounts.open(path)
    path.write_text(FILE + "\n[nonsense]\n")
    with pytest.raises(PgError) as error:
        accounts.grant(statement(SALES), ADMIN)
    assert error.value.sqlstate == "F0000"
    assert SALES not in accounts.rights("anna").grants
    assert path.read_text() == FILE + "\n[nonsense]\n"


def test_users_are_added_changed_and_removed(path):
    accounts = Accounts.open(path)
    add_user(path, "zoë.b", "pass word", ["analyst"], ["read on table sales.t"], admin=True)
    rights = accounts.rights("zoë.b")
    assert rights.admin
    assert Grant("read", "table", "sales", "t") in rights.grants
    assert verifiers.matches("pass word", str(accounts.verifier("zoë.b")))
    verifier = verifiers.make_verifier("other")
    edit.change_file(path, lambda tree: edit.set_verifier(tree, "zoë.b", verifier))
    assert verifiers.matches("other", str(accounts.verifier("zoë.b")))
    assert not verifiers.matches("pass word", str(accounts.verifier("zoë.b")))
    with pytest.raises(NameTakenError):
        add_user(path, "zoë.b", "x")
    for wrong in ({"name": "pg_x"}, {"roles": ["nobody"]}, {"grants": ["all"]}, {"password": ""}):
        with pytest.raises(ProjectError):
            add_user(path, **({"name": "n", "password": "p"} | wrong))
    remove_user(path, "zoë.b")
    assert accounts.verifier("zoë.b") is None
    with pytest.raises(ProjectError, match="anna"):
        remove_user(path, "ann")
    assert "pass word" not in path.read_text()
    assert path.read_text().startswith("# who may come in")


def test_a_failed_write_leaves_the_old_file(path, monkeypatch):
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PgError) as error:
        Accounts.open(path).grant(statement(SALES), ADMIN)
    assert error.value.sqlstate == "58030"
    assert path.read_text() == FILE
    assert [f.name for f in path.parent.iterdir() if f.name.endswith(".lock")] == [
        ".users.toml.lock"
    ]
    assert len(list(path.parent.iterdir())) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_leaves_the_owner_as_he_was(path):
    os.chown(path, 12345, 54321)
    add_user(path, "berta", "x")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


def test_a_link_to_the_file_stays_one(path, tmp_path):
    link = tmp_path / "elsewhere.toml"
    link.symlink_to(path)
    add_user(link, "berta", "x")
    assert link.is_symlink()
    assert "berta" in path.read_text()


def _grant_some(path: Path, first: int) -> None:
    accounts = Accounts.open(path)
    for number in range(first, first + 10):
        accounts.grant(statement(Grant("read", "schema", f"s{number}")), ADMIN)


def _add_some(path: Path) -> None:
    for number in range(10):
        edit.change_file(
            path, lambda tree, name=f"u{number}": edit.add_user(tree, name, VERIFIER, (), (), False)
        )


def test_processes_and_threads_lose_no_grant(path):
    """Processes and threads grant and add users at the same time; nobody reads half a file."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_grant_some, args=(path, n)) for n in (0,)]
    workers += [context.Process(target=_add_some, args=(path,))]
    workers += [threading.Thread(target=_grant_some, args=(path, n)) for n in (10, 20)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        read_document(path.read_text(), path)
    for worker in workers:
        worker.join()
    accounts = Accounts.open(path)
    assert set(accounts.users) == {"anna", "root", *(f"u{n}" for n in range(10))}
    schemas = {g.schema for g in accounts.rights("anna").grants}
    assert schemas == {"main", *(f"s{n}" for n in range(30))}


def test_a_new_file_can_be_read(tmp_path):
    made = edit.change_file(tmp_path / "u.toml", lambda tree: None, make=True)
    assert set(made.roles) == {"analyst"}
    assert not made.users
    assert stat.S_IMODE((tmp_path / "u.toml").stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_makes_beside_the_file_belongs_to_its_owner(tmp_path):
    path = tmp_path / "users.toml"
    path.write_text(edit.NEW_FILE)
    os.chown(path, 65534, 65534)
    edit.change_file(path, lambda tree: None)
    kept_secret(path)
    beside = {f.name: f.stat().st_uid for f in tmp_path.iterdir()}
    assert beside == dict.fromkeys(("users.toml", ".users.toml.lock", "users.toml.secret"), 65534)


def test_who_comes_while_a_changed_file_is_read_waits_for_it(path, monkeypatch):
    accounts = Accounts.open(path)
    assert "ben" not in accounts.users
    reading, go_on, read = threading.Event(), threading.Event(), accounts._read

    def slowly():
        reading.set()
        assert go_on.wait(10)
        return read()

    monkeypatch.setattr(accounts, "_read", slowly)
    path.write_text(f'{path.read_text()}\n[users.ben]\nverifier = "{VERIFIER}"\n')
    found = []
    first = threading.Thread(target=lambda: found.append(set(accounts.users)))
    second = threading.Thread(target=lambda: found.append(set(accounts.users)))
    first.start()
    assert reading.wait(10)
    second.start()
    second.join(0.2)
    go_on.set()
    first.join(10)
    second.join(10)
    assert ["ben" in users for users in found] == [True, True]
