"""The audit log: what stands in it, what must not, and that it never stops a statement."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retailsql.adapters.server.accounts import Audit
from retailsql.adapters.server.accounts.redact import redact
from retailsql.errors import ProjectError
from tests.conftest import ROOT


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_says_who_when_what_and_how_it_ended(tmp_path):
    path = tmp_path / "audit.jsonl"
    audit = Audit(path)
    audit.write(
        "statement", user="anna", peer="127.0.0.1:5", statement="SELECT\n'é'", rows=3,
        seconds=0.0123456789, sqlstate="00000",
    )  # fmt: skip
    audit.write("login refused", user='a"b\n', peer="::1", detail="28P01")
    audit.close()
    first, second = lines(path)
    at = datetime.fromisoformat(first.pop("at"))
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60
    assert first == {
        "event": "statement", "user": "anna", "peer": "127.0.0.1:5", "statement": "SELECT\n'é'",
        "rows": 3, "seconds": 0.012346, "sqlstate": "00000",
    }  # fmt: skip
    assert second["user"] == 'a"b\n'
    assert "statement" not in second
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_is_appended_to(tmp_path):
    for _ in range(2):
        audit = Audit(tmp_path / "a")
        audit.write("login", user="anna", peer="")
        audit.close()
    assert len(lines(tmp_path / "a")) == 2


def test_it_rotates_by_size_and_keeps_so_many(tmp_path):
    audit = Audit(tmp_path / "a", size=2000, files=2)
    for number in range(100):
        audit.write("statement", user="anna", peer="", rows=number)
    audit.close()
    assert sorted(f.name for f in tmp_path.iterdir()) == ["a", "a.1", "a.2"]
    kept = [line["rows"] for name in ("a.2", "a.1", "a") for line in lines(tmp_path / name)]
    assert kept == list(range(kept[0], 100))
    assert all(f.stat().st_size <= 2000 for f in tmp_path.iterdir())
    assert {stat.S_IMODE(f.stat().st_mode) for f in tmp_path.iterdir()} == {0o600}


def test_lines_of_many_threads_are_whole(tmp_path):
    audit = Audit(tmp_path / "a", size=20_000, files=50)

    def write(name: str) -> None:
        for number in range(200):
            audit.write("statement", user=name, peer="", rows=number)

    threads = [threading.Thread(target=write, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    audit.close()
    found = [(x["user"], x["rows"]) for f in tmp_path.iterdir() for x in lines(f)]
    assert sorted(found) == sorted((str(n), r) for n in range(8) for r in range(200))


def test_a_very_long_statement_is_cut(tmp_path):
    audit = Audit(tmp_path / "a")
    audit.write("statement", user="anna", peer="", statement="x" * 1_000_000)
    audit.close()
    assert (tmp_path / "a").stat().st_size < 25_000
    assert lines(tmp_path / "a")[0]["statement"].endswith("(1000000 characters)")


def test_a_wrong_path_is_an_error_at_start(tmp_path):
    for path, why in ((tmp_path, "Is a directory"), (tmp_path / "new" / "a", "No such file")):
        with pytest.raises(ProjectError, match=f"{path}: {why}.*folder must be there"):
            Audit(path)
    assert not (tmp_path / "new").exists()


def test_no_path_no_log(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Audit(None).write("login", user="anna", peer="")
    assert list(tmp_path.iterdir()) == []


FULL = """
import resource, signal, sys
from retailsql.adapters.server.accounts import Audit
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
audit = Audit(sys.argv[1])
audit.write("login", user="first", peer="")
# A file that may not grow stands for a full disk: the write comes through in part, then fails.
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
for number in range(5):
    audit.write("statement", user="lost", peer="", rows=number)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
audit.write("login", user="last", peer="")
audit.close()
"""


def test_a_full_disk_is_said_once_and_stops_nothing(tmp_path):
    path = tmp_path / "a"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, cwd=ROOT,
        check=True,
    )  # fmt: skip
    assert done.stderr.count("\n") == 1, done.stderr
    assert "audit log cannot be written" in done.stderr
    text = path.read_text().splitlines()
    assert json.loads(text[0])["user"] == "first"
    assert json.loads(text[-1])["user"] == "last"  # on a line of its own, behind the cut-off one
    assert len([x for x in text if '"lost"' in x and x.endswith("}")]) == 0


@pytest.mark.skipif(os.geteuid() != 0 and not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_device_that_is_always_full(capsys):
    audit = Audit("/dev/full")
    for _ in range(3):
        audit.write("login", user="anna", peer="")
    audit.close()
    assert capsys.readouterr().err.count("audit log") == 1


SECRETS = [
    "ALTER USER anna PASSWORD 'Rosebud1'",
    "alter role anna with encrypted password'Rosebud1'",
    "CREATE USER anna WITH LOGIN PASSWORD /* 'x' */ -- y\n 'Rosebud1' VALID UNTIL 'infinity'",
    "ALTER USER anna PASSWORD E'Rose\\'Rosebud1'",
    "ALTER USER anna PASSWORD 'a''Rosebud1'",
    "ALTER USER anna PASSWORD $$Rosebud1$$",
    "ALTER USER anna PASSWORD $q$a$$Rosebud1$q$; SELECT 1",
    "ALTER USER anna PASSWORD U&'Rosebud1'",
    "ALTER USER anna PASSWORD 'Rosebud1",
    "ALTER USER anna PASSWORD $a$Rosebud1",
    "SET password = 'Rosebud1'",
    "SET password TO 'Rosebud1'",
    "CREATE SECRET s (TYPE s3, KEY_ID 'k', SECRET 'Rosebud1')",
    "ATTACH 'x.db' AS x (ENCRYPTION_KEY 'Rosebud1')",
    "ATTACH 'host=h user=u password=Rosebud1 dbname=d' AS p (TYPE postgres)",
    "ATTACH 'postgresql://h/d?user=u&password=Rosebud1'",
    "ATTACH 'postgresql://anna:Rosebud1@h/d'",
    "ALTER USER anna PASSWORD 'SCRAM-SHA-256$4096:cm9z$Rosebud1=:Rosebud1='",
    "SELECT 'SCRAM-SHA-256$4096:cm9z$Rosebud1=:Rosebud1='",
]


@pytest.mark.parametrize("statement", SECRETS)
def test_no_password_is_written(tmp_path, statement):
    audit = Audit(tmp_path / "a")
    audit.write("statement", user="anna", peer="", statement=statement, detail=statement)
    audit.close()
    assert "Rosebud1" not in (tmp_path / "a").read_text()
    assert "***" in (tmp_path / "a").read_text()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT password FROM accounts WHERE name = 'Rosebud1'",
        "SELECT 'password', 'Rosebud1'",
        "/* PASSWORD */ DELETE FROM sales WHERE x = 'Rosebud1'",
        "SELECT * FROM t WHERE password_hint = 'Rosebud1'",
    ],
)
def test_nothing_else_is_hidden(statement):
    assert redact(statement) == statement


def test_what_stands_behind_a_password_is_not_hidden():
    said = redact(
        "ALTER USER a PASSWORD 'x'; DROP TABLE sales; ALTER USER b PASSWORD $$y$$; DROP x"
    )
    assert (
        said == "ALTER USER a PASSWORD '***'; DROP TABLE sales; ALTER USER b PASSWORD '***'; DROP x"
    )


def test_redaction_is_quick_on_hostile_texts():
    """No text makes the search take more than linear time."""
    for text in ("PASSWORD " * 20_000, "PASSWORD/*" * 20_000, "PASSWORD --\n" * 20_000,
                 "PASSWORD" + " " * 200_000 + "x", "PASSWORD '" + "''" * 100_000,
                 "password=" * 20_000, "PASSWORD $a$" * 20_000):  # fmt: skip
        start = datetime.now(UTC)
        redact(text)
        assert (datetime.now(UTC) - start).total_seconds() < 1, text[:20]
    assert re.fullmatch(r"PASSWORD '\*\*\*'", redact("PASSWORD '" + "''" * 10))


def test_a_file_that_was_open_to_all_is_closed(tmp_path):
    path = tmp_path / "audit.jsonl"
    path.touch(0o644)
    Audit(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
