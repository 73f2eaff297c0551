"""GRANT and REVOKE through a session: SQLSTATEs beside PostgreSQL's, what is told, what is kept."""

from __future__ import annotations

import re

import duckdb
import pytest

from retailsql.adapters.server.records import Grant
from tests.server_sessions import READER, ask, enter, make_door
from tests.server_support.postgres15 import running

psycopg = pytest.importorskip("psycopg")

# Each with what PostgreSQL 15 answers to a superuser; ours, where that is another one.
SAME = {
    "GRANT SELECT ON raw.t TO anna": "",
    "GRANT SELECT ON raw.t, raw.t TO anna, anna": "",
    "GRANT SELECT, SELECT ON TABLE raw.t TO ANNA": "",
    "GRANT ALL PRIVILEGES ON ALL TABLES IN SCHEMA raw TO anna": "",
    "GRANT USAGE ON SCHEMA raw TO anna": "",
    "GRANT CONNECT ON DATABASE shop TO anna": "",
    "GRANT CONNECT ON DATABASE nix TO anna": "3D000",
    "REVOKE SELECT ON raw.t FROM anna": "",
    "REVOKE SELECT ON raw.t FROM anna CASCADE": "",
    "REVOKE ALL ON SCHEMA raw FROM anna RESTRICT": "",
    "GRANT SELECT ON raw.t TO nobody": "42704",
    "GRANT SELECT ON raw.t TO anna, nobody": "42704",
    "GRANT USAGE ON SCHEMA raw TO nobody": "42704",
    "REVOKE SELECT ON raw.t FROM nobody": "42704",
    "GRANT EXECUTE ON TABLE raw.t TO anna": "0LP01",
    "GRANT xyz ON raw.t TO anna": "42601",
    "GRANT SELECT raw.t TO anna": "42601",
    "GRANT SELECT ON raw.t": "42601",
    "GRANT SELECT ON raw.t FROM anna": "42601",
    "REVOKE SELECT ON raw.t TO anna": "42601",
    "GRANT SELECT ON a.b.c.d TO anna": "42601",
    "GRANT": "42601",
}
OTHERWISE = {
    # A right may be given before a nightly build makes the table; a notice tells.
    "GRANT SELECT ON raw.nothing TO anna": ("42P01", ""),
    "GRANT SELECT ON nix.t TO anna": ("3F000", ""),
    "GRANT SELECT ON SCHEMA raw TO anna": ("0LP01", ""),
    "GRANT SELECT ON shop.raw.t TO anna": ("0A000", ""),
    "GRANT SELECT ON nix.raw.t TO anna": ("0A000", "3D000"),
    "GRANT SELECT ON raw.t TO PUBLIC": ("", "0A000"),
    "GRANT SELECT ON raw.t TO CURRENT_USER": ("", "0A000"),
    "GRANT SELECT (a) ON raw.t TO anna": ("", "0A000"),
    "GRANT INSERT ON raw.t TO anna": ("", "0A000"),
    "GRANT CREATE ON SCHEMA raw TO anna": ("", "0A000"),
    "GRANT SELECT ON raw.t TO anna WITH GRANT OPTION": ("", "0A000"),
    "REVOKE GRANT OPTION FOR SELECT ON raw.t FROM anna": ("", "0A000"),
    "GRANT anna TO root": ("", "0A000"),
    "REVOKE anna FROM root": ("", "0A000"),
    "GRANT EXECUTE ON FUNCTION lower(text) TO anna": ("", "42883"),
}


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grants")
    with duckdb.connect(str(folder / "shop.duckdb")) as con:
        con.execute("CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT 1 AS a")
    made = make_door(
        folder / "shop.duckdb", folder, anna=["score on database"],
        root={"grants": READER, "admin": True},
    )  # fmt: skip
    yield made
    made.close()


@pytest.fixture
def root(door):
    session = enter(door, "root")
    yield session
    session.close()


@pytest.fixture(scope="module")
def postgres():
    """A PostgreSQL of its own: roles are not of one database."""
    with running() as server, psycopg.connect(server.dsn, autocommit=True) as con:
        for text in (
            "CREATE DATABASE shop",
            "CREATE SCHEMA raw",
            "CREATE TABLE raw.t (a INT)",
            "CREATE ROLE anna",
            "CREATE ROLE root",
        ):
            con.execute(text)
        yield con


@pytest.mark.parametrize("text", SAME)
def test_the_answer_is_that_told_here(root, text):
    error = ask(root, text).error
    assert (error.sqlstate if error else "") == SAME[text]


@pytest.mark.parametrize("text", OTHERWISE)
def test_the_answer_is_another_one_for_a_reason(root, text):
    error = ask(root, text).error
    assert (error.sqlstate if error else "") == OTHERWISE[text][1]


@pytest.mark.parametrize("text", [*SAME, *OTHERWISE])
def test_what_postgresql_answers_is_told_rightly(postgres, text):
    said = postgres.pgconn.exec_(text.encode())
    state = said.error_field(psycopg.pq.DiagnosticField.SQLSTATE) or b""
    assert state.decode() == (SAME[text] if text in SAME else OTHERWISE[text][0])


@pytest.mark.parametrize(
    "text",
    [
        "GRANT SELECT ON raw.t TO anna",
        "REVOKE SELECT ON raw.t FROM anna",
        "GRANT USAGE ON SCHEMA raw TO anna",
    ],
)
def test_nobody_but_an_admin_grants(door, text):
    before = door._accounts.path.read_bytes()
    session = enter(door, "anna")
    assert ask(session, text).error.sqlstate == "42501"
    session.close()
    assert door._accounts.path.read_bytes() == before


def test_one_wrong_name_and_nothing_is_granted(door, root):
    before = door._accounts.path.read_bytes()
    for text in ("GRANT READ ON raw.t TO anna, nobody", "GRANT read ON DATABASE nix TO anna",
                 "GRANT read ON raw.t, nix.raw.t TO anna"):  # fmt: skip
        assert ask(root, text).error
        assert door._accounts.path.read_bytes() == before


def test_what_changes_nothing_does_not_write_the_file(door, root):
    ask(root, "GRANT read ON SCHEMA raw TO anna")
    before = door._accounts._stamp()
    for text in ("GRANT READ ON SCHEMA RAW TO ANNA", "GRANT USAGE ON SCHEMA raw TO anna",
                 "REVOKE score ON MODEL nothing FROM root"):  # fmt: skip
        assert ask(root, text).error is None
    assert door._accounts._stamp() == before


@pytest.mark.parametrize("kind", ["train", "write"])
def test_the_first_right_to_change_the_file_is_told_to_need_a_restart(root, door, kind):
    found = ask(root, f"GRANT {kind} ON SCHEMA raw TO anna")
    [told] = found.notices
    assert (told.severity, found.tags) == ("WARNING", ["GRANT"])
    assert "restart" in told.hint
    session = enter(door, "anna")
    error = ask(session, "CREATE TABLE raw.mine (a INT)").error
    assert error.sqlstate in ("25006", "42501")
    assert kind == "train" or "restart retailsql serve" in error.hint
    session.close()
    told = ask(root, f"REVOKE {kind} ON SCHEMA raw FROM anna").notices
    assert not any("restart" in notice.message for notice in told)


def test_revoke_tells_by_what_it_is_still_held(root):
    told = ask(root, "REVOKE score ON MODEL churn FROM anna").notices
    assert [(n.severity, n.message) for n in told] == [
        ("WARNING", "anna keeps 'score on model churn', by 'score on database' of role anna_role")
    ]
    assert ask(root, "REVOKE train ON MODEL churn FROM anna").notices == []


def test_revoke_tells_what_is_narrower(root):
    ask(root, "GRANT write ON TABLE raw.t TO anna; GRANT write ON ALL TABLES IN SCHEMA raw TO anna")
    [told] = ask(root, "REVOKE write ON SCHEMA raw FROM anna").notices
    assert told.severity == "WARNING"
    for grant in ("'write on table raw.*'", "'write on table raw.t'"):
        assert grant in told.message
    ask(root, "REVOKE write ON ALL TABLES IN SCHEMA raw FROM anna; REVOKE write ON raw.t FROM anna")
    assert ask(root, "REVOKE write ON SCHEMA raw FROM anna").notices == []


@pytest.mark.parametrize(
    ("text", "words", "form"),
    [
        ("GRANT read ON DATABASE TO anna", "the name of a database", "GRANT .*DATABASE shop TO"),
        ("REVOKE read ON DATABASE FROM anna", "the name of a database", "REVOKE .*shop FROM name"),
        ("GRANT read ON SCHEMA TO anna", "the name of a schema", "GRANT .*SCHEMA s"),
        ("REVOKE reed ON SCHEMA raw FROM anna", "Expected a privilege", "REVOKE .* FROM name"),
    ],
)
def test_what_cannot_be_read_is_told_in_its_own_form(root, text, words, form):
    error = ask(root, text).error
    assert words in error.message
    assert re.match(form, error.hint)


def test_a_grant_is_not_undone_by_rollback(root, door):
    ask(root, "BEGIN; GRANT read ON TABLE raw.kept TO anna; ROLLBACK")
    kept = Grant("read", "table", "raw", "kept")
    assert kept in door._accounts.rights("anna").grants
    failed = ask(root, "BEGIN; SELECT nothing; GRANT read ON TABLE raw.lost TO anna")
    assert failed.error
    assert ask(root, "GRANT read ON TABLE raw.lost TO anna").error.sqlstate == "25P02"
    ask(root, "ROLLBACK")
    assert Grant("read", "table", "raw", "lost") not in door._accounts.rights("anna").grants


def test_names_in_quotes_are_kept_as_they_are(root, door):
    ask(root, 'GRANT read ON TABLE raw."My ""Table"".x" TO anna')
    found = {g for g in door._accounts.rights("anna").grants if g.kind == "table"}
    assert Grant("read", "table", "raw", 'My "Table".x') in found
    ask(root, 'REVOKE read ON TABLE raw."my ""table"".X" FROM anna')
    assert Grant("read", "table", "raw", 'My "Table".x') not in door._accounts.rights("anna").grants
