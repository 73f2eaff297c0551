"""``retailsql serve`` and ``retailsql user`` as a person starts them."""

from __future__ import annotations

import importlib.util
import json
import os
import pty
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

import retailsql
from retailsql.adapters.server.accounts import Accounts
from retailsql.adapters.server.accounts.edit import NEW_FILE
from retailsql.cli import cli
from retailsql.errors import RetailSQLError
from tests.conftest import ROOT
from tests.server_support.users_file import add_user

pytest.importorskip("tomlkit")
pytest.importorskip("scramp")
psycopg = pytest.importorskip("psycopg")

COMMAND = [sys.executable, "-m", "retailsql.cli"]
needs_door = pytest.mark.skipif(
    importlib.util.find_spec("retailsql.adapters.server.door") is None, reason="no door.py yet"
)


def environment(password: str | None = None) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "RETAILSQL_"))}
    kept |= {"PYTHONPATH": str(ROOT), "COLUMNS": "60", "NO_COLOR": "1"}
    return kept if password is None else {**kept, "RETAILSQL_PASSWORD": password}


def run(folder: Path, *arguments: str, password: str | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment(password), capture_output=True,
        text=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of two tables and users of two kinds."""
    folder = tmp_path_factory.mktemp("serve")
    with retailsql.connect(str(folder / "shop.duckdb")) as con:
        con.execute("CREATE TABLE sales AS SELECT range AS id, range * 2 AS units FROM range(10)")
        con.execute("CREATE SCHEMA hr; CREATE TABLE hr.pay AS SELECT 1 AS euro")
    for name, more in (("anna", ["--grant", "read on schema main"]), ("boss", ["--admin"])):
        done = run(folder, "user", "add", name, *more, password=f"{name}'s password")
        assert done.returncode == 0, done.stderr
    return folder


class Served:
    """A running ``retailsql serve``."""

    def __init__(self, process: subprocess.Popen, port: int, said: str) -> None:
        self.process, self.port, self.said = process, port, said

    def connect(self, user: str = "anna", **more: object):
        given = {
            "host": "127.0.0.1", "port": self.port, "dbname": "shop", "user": user,
            "password": f"{user}'s password", "connect_timeout": 10, "autocommit": True,
        }  # fmt: skip
        return psycopg.connect(**(given | more))


@contextmanager
def serving(
    folder: Path, *options: str, password: str | None = None, status: int = 0
) -> Iterator[Served]:
    process = subprocess.Popen(
        [*COMMAND, "serve", "shop.duckdb", "--port", "0", *options], cwd=folder, text=True,
        env=environment(password), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        said = ""
        while "psql" not in said:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            said += line
        yield Served(process, int(re.search(r"Port\s+(\d+)", said)[1]), said)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == status, process.stderr.read()
    finally:
        process.kill()
        process.communicate()


# retailsql user -------------------------------------------------------------------------------


def test_users_are_added_listed_changed_and_removed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def user(*arguments: str, password: str = "rosebud") -> str:
        monkeypatch.setenv("RETAILSQL_PASSWORD", password)
        done = CliRunner().invoke(cli, ["user", *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    user("add", "anna", "--role", "analyst")
    file = tmp_path / "users.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    assert "SCRAM-SHA-256$4096:" in text
    assert "rosebud" not in text
    user("add", "ben", "--admin", "--grant", "READ on Schema s")
    assert [line.split("\t") for line in user("list").splitlines()] == [
        ["user", "admin", "roles", "may", "limits"],
        ["anna", "", "analyst", "read on database, score on database", "300 s"],
        ["ben", "admin", "", "read on schema s", ""],
    ]
    before = file.read_text()
    user("password", "anna", password="other")
    assert file.read_text() != before
    user("remove", "ben")
    assert [line.split("\t")[0] for line in user("list").splitlines()] == ["user", "anna"]


def test_a_person_sees_the_users_as_a_table(tmp_path, monkeypatch):
    """Also on a narrow screen nothing is cut off, and no name is taken for rich's own marks."""
    path = tmp_path / "users.toml"
    path.write_text(NEW_FILE + 'row_limit = 100000\nmemory_limit = "1GB"\nsessions = 5\n')
    add_user(path, "[b]anna", "x", ["analyst"], ["read on schema warehouse_of_2026"])
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("FORCE_COLOR", "1")
    done = CliRunner().invoke(cli, ["user", "list", "--users", str(path)], catch_exceptions=False)
    said = re.sub(r"\x1b\[[\d;]*m", "", done.output)
    assert max(map(len, said.splitlines())) <= 60
    cells = ["".join(cell) for cell in zip(*(
        [part.strip() for part in line.split("│")[1:-1]] for line in said.splitlines()
        if line.startswith("│")
    ), strict=True)]  # fmt: skip
    assert cells[0] == "[b]anna"
    for words in ("read on schema", "warehouse_of_2026", "score on database"):
        assert words.replace(" ", "") in cells[3].replace(" ", "")
    assert cells[4].replace(" ", "") == "100,000rows300s1GBsessions:5"


@pytest.mark.parametrize(
    ("arguments", "password", "words"),
    [
        (["add", "anna"], None, "RETAILSQL_PASSWORD"),
        (["add", "anna"], "", "RETAILSQL_PASSWORD"),
        (["add", "anna", "--role", "analist"], "x", "--role analist. Wanted: analyst"),
        (["add", "anna", "--grant", "reed on database", "--grant", "raed"], "x", "'raed'"),
        (["add", "anna", "--grant", "raed on database"], "x", "'raed'"),
        (["remove", "anna"], None, "no file of users"),
        (["password", "anna"], None, "retailsql user add"),
        (["list"], None, "retailsql user add"),
        (["add", "anna", "--password", "x"], None, "No such option"),
        (["add", "anna", "--users", "no/such/users.toml"], "x", "its folder must be there"),
        (["list", "--users", "."], None, "is a directory"),
    ],
)
def test_a_mistake_is_told_in_words_and_makes_no_file(
    tmp_path, monkeypatch, arguments, password, words
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RETAILSQL_PASSWORD", raising=False)
    if password is not None:
        monkeypatch.setenv("RETAILSQL_PASSWORD", password)
    done = CliRunner().invoke(cli, ["user", *arguments])
    assert done.exit_code != 0
    assert words in done.output + str(done.exception)
    assert not (tmp_path / "users.toml").exists()


def test_a_mistake_shows_no_traceback(tmp_path):
    done = run(tmp_path, "user", "add", "anna")
    assert (done.returncode, done.stderr.startswith("error: There is no password")) == (1, True)


def test_a_password_is_asked_for_twice_and_not_shown(tmp_path):
    main, other = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "user", "add", "anna"], cwd=tmp_path, env=environment(), stdin=other,
        stdout=other, stderr=other, start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(other)
    shown, sent, end = b"", 0, time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        if select.select([main], [], [], 0.1)[0]:
            try:
                shown += os.read(main, 1000)
            except OSError:  # the other end is closed
                break
        if shown.count(b": ") > sent and sent < 2:
            sent += 1
            os.write(main, b"rosebud\n")
    assert process.wait(10) == 0, shown
    os.close(main)
    assert b"rosebud" not in shown
    assert "anna" in (tmp_path / "users.toml").read_text()


# retailsql serve ------------------------------------------------------------------------------


@needs_door
def test_one_user_without_a_file(shop):
    with serving(shop, "--user", "analyst", password="rosebud") as served:
        environ = Path(f"/proc/{served.process.pid}/cmdline")
        if environ.exists():
            assert b"rosebud" not in environ.read_bytes()
        with served.connect("analyst", password="rosebud") as con:
            assert con.execute("SELECT sum(units)::int FROM sales").fetchone() == (90,)
            assert con.execute("SELECT euro FROM hr.pay").fetchone() == (1,)
            with pytest.raises(psycopg.Error) as error:
                con.execute("DELETE FROM sales")
            assert error.value.sqlstate in ("42501", "25006")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            served.connect("analyst", password="Rosebud")
        assert re.search(r"Database\s+shop", served.said)
        assert "rosebud" not in served.said


@needs_door
def test_users_of_a_file_grants_and_the_audit_log(shop, tmp_path):
    with serving(shop, "--users", "users.toml", "--audit", str(tmp_path / "a.jsonl")) as served:
        with served.connect() as anna, served.connect("boss") as boss:
            with pytest.raises(psycopg.Error) as error:
                anna.execute("SELECT * FROM hr.pay")
            assert error.value.sqlstate in ("42501", "42P01")
            boss.execute("GRANT read ON SCHEMA hr TO anna")
            assert anna.execute("SELECT euro FROM hr.pay").fetchall() == [(1,)]
            boss.execute("REVOKE read ON SCHEMA hr FROM anna")
            with pytest.raises(psycopg.Error):
                anna.execute("SELECT * FROM hr.pay")
            with pytest.raises(psycopg.Error) as error:
                anna.execute("GRANT read ON SCHEMA hr TO anna")
            assert error.value.sqlstate == "42501"
        with pytest.raises(psycopg.OperationalError):
            served.connect(password="wrong")
    log = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    events = {(line["event"], line["user"]) for line in log}
    assert {("login", "anna"), ("login", "boss"), ("login refused", "anna")} <= events
    read = [x for x in log if x.get("statement") == "SELECT * FROM hr.pay"]
    assert [x["sqlstate"] != "00000" for x in read] == [True, True]
    good = [x for x in log if x.get("statement") == "SELECT euro FROM hr.pay"]
    assert [(x["rows"], x["sqlstate"], x["seconds"] < 10) for x in good] == [(1, "00000", True)]


@needs_door
def test_a_user_added_while_it_runs_and_hang_up(shop):
    with serving(shop, "--users", "users.toml") as served:
        run(shop, "user", "add", "new", password="new's password")
        served.process.send_signal(signal.SIGHUP)
        with served.connect("new") as con:
            assert con.execute("SELECT 1").fetchone() == (1,)
            run(shop, "user", "remove", "new")
            with pytest.raises(psycopg.Error):
                con.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError):
            served.connect("new")


@needs_door
def test_self_signed_tls(shop):
    with serving(shop, "--users", "users.toml", "--self-signed") as served:
        ca = str(shop / "server.crt")
        with served.connect(sslmode="verify-full", sslrootcert=ca, host="localhost") as con:
            assert con.pgconn.ssl_in_use
            assert con.execute("SELECT 1").fetchone() == (1,)
            assert con.execute("SHOW ssl").fetchone() == ("on",)
            assert con.execute("SHOW port").fetchone() == (str(con.info.port),)
        with served.connect(sslmode="disable") as con:  # loopback: it may
            assert not con.pgconn.ssl_in_use
        shown = re.search(r"SHA-256\s+([0-9A-F:]{95})", served.said)
        assert shown, served.said
    assert stat.S_IMODE((shop / "server.key").stat().st_mode) == 0o600
    before = (shop / "server.crt").read_bytes()
    with serving(shop, "--users", "users.toml", "--self-signed", "--host", "0.0.0.0") as served:
        assert (shop / "server.crt").read_bytes() == before
        with pytest.raises(psycopg.OperationalError, match="(?i)ssl|tls|encrypt"):
            served.connect(sslmode="disable")
        served.connect(sslmode="require").close()


def test_a_certificate_that_was_not_made_here_is_kept(tmp_path):
    pytest.importorskip("cryptography")
    from retailsql.adapters.server.self_signed import self_signed
    from retailsql.errors import ProjectError

    (tmp_path / "server.crt").write_text("mine")
    with pytest.raises(ProjectError, match="server.crt"):
        self_signed(tmp_path, "127.0.0.1")
    assert (tmp_path / "server.crt").read_text() == "mine"
    (tmp_path / "server.crt").unlink()
    first = self_signed(tmp_path, "127.0.0.1").certificate.read_bytes()
    assert self_signed(tmp_path, "127.0.0.1").certificate.read_bytes() == first
    assert self_signed(tmp_path, "shop.example").certificate.read_bytes() != first  # another name


@needs_door
def test_memory_and_threads_reach_duckdb(shop):
    from retailsql.adapters.server.accounts import Accounts, Audit
    from retailsql.adapters.server.door import Door

    accounts = Accounts.single("a", "x")
    door = Door(shop / "shop.duckdb", accounts, Audit(None), memory="300MB", threads=1)
    try:
        generation = door.warehouse.enter()
        told = "SELECT current_setting('memory_limit'), current_setting('threads')"
        assert generation.root.execute(told).fetchone() == ("286.1 MiB", 1)
        door.warehouse.leave(generation)
    finally:
        door.close()


@needs_door
def test_an_interrupt_ends_it_in_a_statement(shop):
    with serving(shop, "--users", "users.toml") as served:
        con = served.connect()
        con.pgconn.send_query(b"SELECT sum(a.id * b.range) FROM sales a, range(100000000000) b")
        time.sleep(0.5)
        start = time.monotonic()
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(20) == 0
        assert time.monotonic() - start < 10
        con.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--user NAME, or --users FILE"),
        (["--user", "a", "--users", "users.toml"], "exclude each other"),
        (["--user", "pg_a"], "PostgreSQL's own"),
        (["--user", "a", "--password", "x"], "No such option"),
        (["--users", "users.toml", "--port", "70000"], "65535"),
    ],
)
def test_arguments_that_cannot_be_are_refused_in_words(shop, monkeypatch, arguments, words):
    monkeypatch.chdir(shop)
    monkeypatch.setenv("RETAILSQL_PASSWORD", "x")
    monkeypatch.delenv("RETAILSQL_USERS", raising=False)
    done = CliRunner().invoke(cli, ["serve", "shop.duckdb", *arguments])
    assert done.exit_code != 0
    assert words in done.output + str(done.exception)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": "0.0.0.0"}, "not served without TLS"),
        ({"host": "no.such.invalid"}, "no such host"),
        ({"tls_certificate": Path("shop.duckdb")}, "belong together"),
        ({"tls_certificate": Path("a"), "tls_key": Path("b"), "self_signed": True}, "exclude"),
        ({"tls_certificate": Path("shop.duckdb"), "tls_key": Path("users.toml")}, "PEM"),
        ({"tls_certificate": Path("a.crt"), "tls_key": Path("users.toml")}, "a.crt.*--self-signed"),
        ({"audit": Path("nowhere/audit.jsonl")}, "nowhere/audit.jsonl: .*its folder must be there"),
        ({"memory_limit": "much"}, "1GB"),
    ],
)
@needs_door
def test_options_that_cannot_be_are_refused_in_words(shop, monkeypatch, options, words):
    from retailsql.adapters.server.accounts import Accounts
    from retailsql.adapters.server.serve import ServeOptions, running

    monkeypatch.chdir(shop)
    chosen = ServeOptions(Path("shop.duckdb"), port=0, **options)
    with (
        pytest.raises(RetailSQLError, match=words),
        running(chosen, Accounts.single("a", "x")),
    ):
        pass


def test_where_there_are_few_users_all_are_named(shop, monkeypatch):
    monkeypatch.chdir(shop)
    done = CliRunner().invoke(cli, ["user", "remove", "nobody"])
    assert "Wanted: anna, boss." in str(done.exception)


@needs_door
def test_where_nobody_can_log_in_it_is_told(shop, tmp_path, caplog):
    from retailsql.adapters.server.serve import ServeOptions, running

    (tmp_path / "users.toml").write_text(NEW_FILE)
    with running(
        ServeOptions(shop / "shop.duckdb", port=0), Accounts.open(tmp_path / "users.toml")
    ):
        assert "nobody can log in yet: retailsql user add NAME" in caplog.text


@needs_door
def test_no_database_and_no_free_port(shop, tmp_path):
    (tmp_path / "x.duckdb").write_text("no database")
    done = run(tmp_path, "serve", "x.duckdb", "--port", "0", "--user", "a", password="x")
    assert (done.returncode, "x.duckdb" in done.stderr) == (1, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(shop, "serve", "shop.duckdb", "--port", port, "--user", "a", password="x")
        assert (done.returncode, "--port" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


def test_a_missing_extra_is_named(tmp_path):
    """Where tomlkit or scramp is absent the commands say what to install."""
    for package in ("tomlkit", "scramp"):
        hide = (
            f"import sys; sys.modules[{package!r}] = None; from retailsql.cli import main; main()"
        )
        done = subprocess.run(
            [sys.executable, "-c", hide, "user", "add", "anna"], cwd=tmp_path,
            env=environment("x"), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert "pip install 'retailsql[serve]'" in done.stderr, done.stderr
