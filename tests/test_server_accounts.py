"""The file of users: what is read of it, what is refused, how GRANT changes it; verifiers."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import multiprocessing
import os
import stat
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

tomlkit = pytest.importorskip("tomlkit")
scramp = pytest.importorskip("scramp")

from retailsql.adapters.server.accounts import Accounts, ServerOptions, edit, verifiers
from retailsql.adapters.server.accounts.document import read_document
from retailsql.adapters.server.accounts.grants import read_grant, write_grant
from retailsql.adapters.server.accounts.secret import kept_secret
from retailsql.adapters.server.records import Grant, Limits, PgError, Rights
from retailsql.errors import NameTakenError, ProjectError
from tests.conftest import ROOT

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
memory_limit = "1GB"
sessions = 5

[roles.trainer]
grants = ["train on schema main"]
time_limit = "1h"
row_limit = 10
memory_limit = "512MB"

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


KEYS = st.sampled_from(
    ["analyst", "anna", "grants", "roles", "verifier", "admin", "sessions", "time_limit",
     "memory_limit", "row_limit", "port", "audit", "threads", "tls_key", "host"],
)  # fmt: skip
ADMIN = Rights("root", admin=True)
SALES = Grant("read", "schema", "sales")


def test_rights_are_the_union_and_the_widest_limits(path):
    accounts = Accounts.open(path)
    rights = accounts.rights("anna")
    assert rights.grants == {
        Grant("read", "schema", "main"), Grant("score", "model", "main", "churn"),
        Grant("train", "schema", "main"),
    }  # fmt: skip
    assert rights.limits == Limits(1000, 3600.0, "1GB", None)  # trainer sets no sessions
    assert (rights.roles, rights.admin) == (("analyst", "trainer"), False)
    assert accounts.rights("root") == Rights("root", (), frozenset(), Limits(), True)
    assert accounts.needs_write
    assert accounts.verifier("anna") == VERIFIER
    assert accounts.verifier("nobody") is None
    assert (accounts.server.port, accounts.server.audit) == (5433, path.parent / "log/audit.jsonl")


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
    assert not accounts.reload()
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
    for change in (lambda: accounts.add_user("n", "p"), lambda: Accounts.open(path)):
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
    accounts.add_user("new", "x", ["analyst"], ["read on schema z"])
    assert accounts.rights("new").grants >= {*new, Grant("read", "schema", "z")}
    assert set(accounts.rights("anna").grants) >= set(new)
    accounts.remove_user("new")
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
        Accounts.open(path).add_user("new", "x")
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
    assert accounts.revoke(statement(wide, given[0]), ADMIN) == []
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
    wide = Grant("read", "schema", "sales", "*"), Grant("score", "database", "*", "*")
    assert accounts.revoke(statement(*wide), ADMIN) == []
    assert not accounts.rights("anna").grants


def test_all_grants_of_a_list_that_cannot_be_read_are_told(path):
    path.write_text(
        '[roles.a]\ngrants = ["reed on database", "read on database", "read on schma x"]\n'
    )
    with pytest.raises(ProjectError, match=r"'reed on database'.* also 'read on schma x'"):
        Accounts.open(path)


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
    accounts.add_user("zoë.b", "pass word", ["analyst"], ["read on table sales.t"], admin=True)
    rights = accounts.rights("zoë.b")
    assert rights.admin
    assert Grant("read", "table", "sales", "t") in rights.grants
    assert verifiers.matches("pass word", str(accounts.verifier("zoë.b")))
    accounts.set_password("zoë.b", "other")
    assert verifiers.matches("other", str(accounts.verifier("zoë.b")))
    assert not verifiers.matches("pass word", str(accounts.verifier("zoë.b")))
    with pytest.raises(NameTakenError):
        accounts.add_user("zoë.b", "x")
    for wrong in ({"name": "pg_x"}, {"roles": ["nobody"]}, {"grants": ["all"]}, {"password": ""}):
        with pytest.raises(ProjectError):
            accounts.add_user(**({"name": "n", "password": "p"} | wrong))
    accounts.remove_user("zoë.b")
    assert accounts.verifier("zoë.b") is None
    with pytest.raises(ProjectError, match="anna"):
        accounts.remove_user("ann")
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
    Accounts.open(path).add_user("berta", "x")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


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


def test_a_link_to_the_file_stays_one(path, tmp_path):
    link = tmp_path / "elsewhere.toml"
    link.symlink_to(path)
    Accounts.open(link).add_user("berta", "x")
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
    workers = [context.Process(target=_grant_some, args=(path, n)) for n in (0, 10)]
    workers += [context.Process(target=_add_some, args=(path,))]
    workers += [threading.Thread(target=_grant_some, args=(path, n)) for n in (20, 30)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        read_document(path.read_text(), path)
    for worker in workers:
        worker.join()
    accounts = Accounts.open(path)
    assert set(accounts.users) == {"anna", "root", *(f"u{n}" for n in range(10))}
    schemas = {g.schema for g in accounts.rights("anna").grants}
    assert schemas == {"main", *(f"s{n}" for n in range(40))}


def test_a_new_file_can_be_read(tmp_path):
    made = edit.change_file(tmp_path / "u.toml", lambda tree: None, make=True)
    assert set(made.roles) == {"analyst"}
    assert not made.users
    assert stat.S_IMODE((tmp_path / "u.toml").stat().st_mode) == 0o600


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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_makes_beside_the_file_belongs_to_its_owner(tmp_path):
    path = tmp_path / "users.toml"
    path.write_text(edit.NEW_FILE)
    os.chown(path, 65534, 65534)
    edit.change_file(path, lambda tree: None)
    kept_secret(path)
    beside = {f.name: f.stat().st_uid for f in tmp_path.iterdir()}
    assert beside == dict.fromkeys(("users.toml", ".users.toml.lock", "users.toml.secret"), 65534)
