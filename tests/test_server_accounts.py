"""The file of users: what is read of it, what is refused; verifiers."""

# ruff: noqa: F401, F811 - fixtures are imported by name

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

tomlkit = pytest.importorskip("tomlkit")
pytest.importorskip("scramp")

from retailsql.adapters.server.accounts import Accounts, ServerOptions, verifiers
from retailsql.adapters.server.accounts.document import read_document
from retailsql.adapters.server.accounts.grants import read_grant, write_grant
from retailsql.adapters.server.records import Grant, Limits, PgError, Rights
from retailsql.errors import ProjectError
from tests.conftest import ROOT
from tests.server_support.users_file import (
    ADMIN,
    FILE,
    SALES,
    VERIFIER,
    add_user,
    path,
    statement,
)

KEYS = st.sampled_from(
    ["analyst", "anna", "grants", "roles", "verifier", "admin", "sessions", "time_limit",
     "memory_limit", "row_limit", "port", "audit", "threads", "tls_key", "host"],
)  # fmt: skip


def test_rights_are_the_union_and_the_widest_limits(path):
    accounts = Accounts.open(path)
    rights = accounts.rights("anna")
    assert rights.grants == {
        Grant("read", "schema", "main"), Grant("score", "model", "main", "churn"),
        Grant("train", "schema", "main"),
    }  # fmt: skip
    assert rights.limits == Limits(1000, 3600.0, None, None)  # trainer sets no sessions
    assert (rights.roles, rights.admin) == (("analyst", "trainer"), False)
    assert accounts.rights("root") == Rights("root", (), frozenset(), Limits(), True)
    assert accounts.needs_write
    assert accounts.verifier("anna") == VERIFIER
    assert accounts.verifier("nobody") is None
    assert (accounts.server.port, accounts.server.audit) == (5433, path.parent / "log/audit.jsonl")


def test_of_two_limits_of_memory_the_wider_holds(path):
    text = FILE.replace('"train on schema main"', "").replace(
        "sessions = 5", 'memory_limit = "1GB"'
    )
    path.write_text(text.replace("row_limit = 10\n", 'memory_limit = "512MB"\n'))
    assert Accounts.open(path).rights("anna").limits.memory == "1GB"


def test_rights_of_nobody_end_the_connection(path):
    with pytest.raises(PgError) as error:
        Accounts.open(path).rights("nobody")
    assert (error.value.sqlstate, error.value.severity) == ("28000", "FATAL")


def test_single_user_reads_and_scores_and_no_more():
    for name in ("analyst", "anna"):
        rights = Accounts.single(name, "rosebud").rights(name)
        assert {(g.privilege, g.kind) for g in rights.grants} == {
            ("read", "database"), ("score", "database"),
        }  # fmt: skip
        assert not rights.admin
    with pytest.raises(PgError) as error:
        Accounts.single("anna", "x").grant(statement(SALES), ADMIN)
    assert error.value.sqlstate == "F0000"


MISTAKES = {
    "[roles.a]\ngrants = ['raed on schema main']": ("line 2", "privilege 'raed'", "Wanted: read"),
    "[roles.a]\ngrants = ['read on model churn']": ("line 2", "database, schema, table"),
    "[roles.a]\ngrants = ['read on schema']": ("line 2", "names it"),
    "[roles.a]\ngrants = ['read']": ("line 2", "Seen: 'read'", "Wanted:"),
    "[roles.a]\ngrants = 'read on database'": ("line 2", 'a list: ["a", "b"]'),
    "[roles.a]\n\ntime_limt = '3s'": ("line 3", "time_limt", "time_limit"),
    "[roles.a]\ntime_limit = 30": ("line 2", "Seen: 30", '"quotes"'),
    "[roles.a]\ntime_limit = '30 sec'": ("line 2", "30s, 5min"),
    "[roles.a]\nmemory_limit = '1 gigabyte'": ("line 2", "1GB"),
    "[roles.a]\nsessions = true": ("line 2", "Seen: True", "above 0"),
    "[roles.a]\nrow_limit = 0": ("line 2", "above 0"),
    "[users.a]\nroles = ['b']": ("line 1", "no verifier", "retailsql user password a"),
    f"[roles.bee]\n[users.a]\nverifier = '{VERIFIER}'\nroles = ['be']": ("line 4", "Wanted: bee"),
    "[users.a]\nverifier = 'rosebud'": ("line 2", "no verifier", "retailsql user password"),
    f"[users.pg_a]\nverifier = '{VERIFIER}'": ("line 1", "PostgreSQL's own"),
    f"[roles.a]\n[users.a]\nverifier = '{VERIFIER}'": ("line 2", "one name"),
    "[server]\nport = 70000": ("line 2", "0 to 65535"),
    "[server]\ntls_key = 'k.pem'": ("line 1", "belong together"),
    "[servers]\nport = 1": ("line 1", "'servers'", "server"),
    "roles = 3": ("line 1", "[roles.NAME]"),
    "users.a = 3": ("line 1", "[users.a]"),
    "server = 3": ("line 1", "[server]"),
    "[roles.a\n": ("is not TOML", "line 1"),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_each_mistake_is_told_with_its_place(text):
    with pytest.raises(ProjectError) as error:
        read_document(text, Path("users.toml"))
    said = str(error.value)
    assert "users.toml" in said
    for words in MISTAKES[text]:
        assert words in said, said
    assert "rosebud" not in said


VALUES = st.recursive(
    st.booleans() | st.integers(-5, 70_000) | st.text(max_size=5) | st.floats(allow_nan=False)
    | st.sampled_from(["30s", "1GB", "read on database", "analyst", VERIFIER]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["server", "roles", "users", "x"]), VALUES, max_size=4))
def test_whatever_stands_in_the_file_the_answer_is_users_or_words(tree):
    with contextlib.suppress(ProjectError):
        document = read_document(tomlkit.dumps(tree), Path("users.toml"))
        for name in document.users:
            assert Accounts(document).rights(name).user == name


def test_all_mistakes_are_told_at_once():
    with pytest.raises(ProjectError) as error:
        read_document("[roles.a]\nsessions = 0\nrow_limit = -1", Path("users.toml"))
    assert len(error.value.__notes__) == 1


@pytest.mark.parametrize(
    "grant",
    [
        Grant("read", "database"), Grant("write", "schema", "my schema"),
        Grant("train", "schema", "*"), Grant("score", "model", "main", "churn"),
        Grant("score", "model", "sales", "*"), Grant("read", "table", 'a"b', "c.d"),
        Grant("read", "table", "main", "größe"), Grant("read", "table", "main", "2024"),
    ],
)  # fmt: skip
def test_a_grant_written_and_read_is_the_same(grant):
    assert read_grant(write_grant(grant)) == grant


def test_a_changed_file_holds_at_the_next_question(path):
    accounts = Accounts.open(path)
    assert SALES not in accounts.rights("anna").grants
    path.write_text(FILE.replace('"read on schema main", ', '"read on schema sales", '))
    assert SALES in accounts.rights("anna").grants


def test_a_broken_file_leaves_the_users_of_before_and_is_told_once(path, caplog):
    accounts = Accounts.open(path)
    path.write_text("[roles.a]\nsessions = 0")
    with caplog.at_level(logging.ERROR, "retailsql.server"):
        for _ in range(3):
            assert accounts.verifier("anna") == VERIFIER
        assert [r.getMessage().count("above 0") for r in caplog.records] == [1]
        caplog.clear()
        for _ in range(2):  # SIGHUP tells it again
            assert not accounts.reload()
    assert [r.getMessage().count("above 0") for r in caplog.records] == [1, 1]
    path.write_text("")  # as an editor leaves it for a moment
    assert accounts.verifier("anna") == VERIFIER
    path.unlink()
    assert accounts.rights("anna").roles == ("analyst", "trainer")
    path.write_text(FILE.replace("users.anna", "users.berta"))
    assert accounts.verifier("anna") is None


BROKEN = {
    b"[roles.a]\ngrants = [ 'read on database'": "at end of document",
    b"[roles.a]\n\n# gr\xf6\xdfe\n": "line 3: this is not UTF-8 text. Seen: byte 0xf6",
    b"[roles.a]\nsessions = 1\n[roles.a]\n": "line 3",
    b"\xff\xfe[\0r\0": "line 1: this is not UTF-8",
    b"[roles.a]\nsessions = 1\0": "line 2",
    b"x = " + b"[" * 5000: "is not TOML",
}


@pytest.mark.parametrize("data", BROKEN, ids=lambda data: str(data[:30]))
def test_a_file_that_is_no_text_is_told_and_the_rights_of_before_stay(path, data, caplog):
    accounts = Accounts.open(path)
    before = accounts.rights("anna")
    path.write_bytes(data)
    assert accounts.rights("anna") == before
    assert "users.toml" in caplog.text
    assert BROKEN[data] in caplog.text
    for change in (lambda: add_user(path, "n", "p"), lambda: Accounts.open(path)):
        with pytest.raises(ProjectError):
            change()
    with pytest.raises(PgError):
        accounts.grant(statement(SALES), ADMIN)
    assert path.read_bytes() == data


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to(path)])
def test_no_file_in_its_place_leaves_the_rights_of_before(path, make, caplog):
    accounts = Accounts.open(path)
    before = accounts.rights("anna")
    path.unlink()
    make(path)
    assert accounts.rights("anna") == before
    assert caplog.text.count("cannot be read") == 1
    assert accounts.verifier("anna") == VERIFIER
    assert caplog.text.count("cannot be read") == 1


def test_a_link_that_is_turned_to_another_file_holds_at_once(path, tmp_path):
    other, link = tmp_path / "other.toml", tmp_path / "link.toml"
    other.write_text(FILE.replace("users.anna", "users.berta"))
    link.symlink_to(path)
    accounts = Accounts.open(link)
    assert "anna" in accounts.users
    turned = tmp_path / "turned"
    turned.symlink_to(other)
    os.replace(turned, link)
    assert set(accounts.users) == {"berta", "root"}


def test_all_grants_of_a_list_that_cannot_be_read_are_explained(path):
    path.write_text(
        '[roles.a]\ngrants = ["reed on database", "read on database", "read on schma x", "all"]\n'
    )
    words = r"'reed on database'.* 'read on schma x': 'read' cannot be .*; 'all': A grant cannot be"
    with pytest.raises(ProjectError, match=words):
        Accounts.open(path)


def test_settings_of_the_server_that_need_a_restart_are_told(path, caplog):
    accounts = Accounts.open(path)
    path.write_text(FILE.replace("require_tls = false", "require_tls = true\nthreads = 2"))
    with caplog.at_level(logging.INFO, "retailsql.server"):
        assert accounts.server.require_tls
        assert "[server] require_tls, threads: a change that holds after a restart" in caplog.text
        caplog.clear()
        path.write_text(FILE)
        assert not accounts.server.require_tls
    assert "2 users, 2 roles" in caplog.text
    assert "restart" not in caplog.text


def test_a_file_that_is_gone_is_told_to_be_put_back(path, caplog):
    accounts = Accounts.open(path)
    path.unlink()
    assert "anna" in accounts.users
    assert "was there and is gone" in caplog.text
    assert "user add" not in caplog.text
    with pytest.raises(ProjectError, match="user add"):
        Accounts.open(path)


def test_the_iterations_of_all_verifiers_are_told(path):
    accounts = Accounts.open(path)
    assert accounts.iterations == [4096]
    path.write_text(FILE.replace("$4096:", "$10000:", 1))
    assert accounts.iterations == [4096, 10000]
    path.write_text("# nobody yet")
    assert accounts.iterations == [4096]


def test_a_file_that_everybody_reads_is_told(path, caplog):
    path.chmod(0o644)
    Accounts.open(path)
    assert "chmod 600" in caplog.text


def test_a_verifier_tells_no_password_and_has_its_own_salt():
    one, two = verifiers.make_verifier("rosebud"), verifiers.make_verifier("rosebud")
    assert one != two
    assert verifiers.matches("rosebud", two)
    assert not verifiers.matches("Rosebud", two)
    for bad in ("\x00", "a\x07b", ""):
        with pytest.raises(ProjectError, match="password"):
            verifiers.make_verifier(bad)


# A real PostgreSQL ---------------------------------------------------------------------------


def test_postgresql_takes_our_verifier_and_we_take_its(postgres15):
    psycopg = pytest.importorskip("psycopg")
    passwords = {"plain": "rosebud", "signs": "p'a\"s$s: wörd €", "normal": "ⅣⅨ\u00a0x"}
    at = psycopg.conninfo.make_conninfo
    with psycopg.connect(postgres15.dsn, autocommit=True) as con:
        for name, password in passwords.items():
            ours = verifiers.make_verifier(password)
            con.execute(f"CREATE USER {name} PASSWORD '{ours}'")
            kept = "SELECT rolpassword FROM pg_authid WHERE rolname = %s"
            assert con.execute(kept, [name]).fetchone() == (ours,), "it was hashed again"
            psycopg.connect(at(postgres15.dsn, user=name, password=password)).close()
            with pytest.raises(psycopg.OperationalError, match="authentication failed"):
                psycopg.connect(at(postgres15.dsn, user=name, password=password + "x"))
            con.execute(f"ALTER USER {name} PASSWORD " + psycopg.sql.quote(password))
            theirs = con.execute(kept, [name]).fetchone()[0]
            assert theirs.startswith("SCRAM-SHA-256$")
            assert verifiers.matches(password, verifiers.check_verifier(theirs))
            assert not verifiers.matches(password + "x", theirs)


def test_the_file_in_the_page_for_users_can_be_read():
    page = (ROOT / "SERVE.md").read_text()
    text = page.split("```toml\n")[1].split("```")[0].replace("SCRAM-SHA-256$4096:...", VERIFIER)
    found = read_document(text, Path("users.toml"))
    assert set(found.users) == {"anna", "root"}
    named = next(line for line in page.splitlines() if "| `[server]` |" in line).split("|")[1]
    assert {name.strip(" `") for name in named.split(",")} == (
        {field.name for field in dataclasses.fields(ServerOptions)}
    )
