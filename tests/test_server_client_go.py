"""Go's lib/pq and pgx, the drivers of Grafana's data source, see the door as PostgreSQL 15.

The drivers are Debian's (install_clients.sh), in the folder that RETAILSQL_GO names or there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server_fake import USERS
from tests.server_fixtures import certificate, login, patient, plain, secure  # noqa: F401
from tests.server_support.answers import same
from tests.server_support.targets import Target

GO = Path(__file__).parent / "server_support" / "go"
PATH = Path(os.environ.get("RETAILSQL_GO", "/usr/share/gocode"))
pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not shutil.which("go"), reason="Go is not installed"),
    pytest.mark.skipif(
        not (
            (PATH / "src/github.com/lib/pq").exists() and (PATH / "src/github.com/jackc").exists()
        ),
        reason="lib/pq or pgx is absent (tests/server_support/install_clients.sh)",
    ),
]
NAMES = [
    f"{kind}_{name}"
    for kind in ("pq", "pgx")
    for name in re.findall(rf'{kind}Check\("(\w+)"', (GO / f"{kind}.go").read_text())
] + re.findall(r'\badd\("(\w+[a-z])"', (GO / "pq.go").read_text())


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """The checks, compiled: no network, no module."""
    made = tmp_path_factory.mktemp("go") / "checks"
    told = {**os.environ, "GO111MODULE": "off", "GOPATH": str(PATH), "GOFLAGS": ""}
    done = subprocess.run(
        ["go", "build", "-p", "1", "-o", str(made), "."], cwd=GO, env=told, capture_output=True,
        text=True, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return made


def run(program, target, *which):
    """The answer of every check by its name."""
    done = subprocess.run(
        [str(program), *which], capture_output=True, text=True, timeout=60, encoding="utf-8",
        env=target.environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def at_postgresql(program, real):
    return run(program, real, "p")


@pytest.fixture(scope="module")
def at_the_door(program, door):
    return run(program, door, "p")


@pytest.mark.parametrize("name", NAMES)
def test_go_sees_what_it_sees_at_postgresql(name, at_postgresql, at_the_door):
    real = at_postgresql[name]
    assert not (isinstance(real, list) and real[:1] == ["raised"]), real
    same("go", name, real, at_the_door.get(name))


def test_no_check_is_forgotten(at_postgresql):
    assert sorted(at_postgresql) == sorted(NAMES)


def target(listener):
    host, port = listener.address
    return Target(host, port, "anna", USERS["anna"], "shop")


def test_modes_of_tls(program, plain, secure, certificate):  # noqa: F811
    """``verify-full`` names the machine, and knows the certificate only if it is told."""
    without, with_ = run(program, target(plain), "tls"), run(program, target(secure), "tls")
    for driver in ("pq", "pgx"):
        assert without[f"tls_{driver}_disable"] == with_[f"tls_{driver}_disable"] == "connected"
        assert without[f"tls_{driver}_require"] == "no TLS"
        assert with_[f"tls_{driver}_require"] == "connected"
        assert "connected" not in (with_[f"tls_{driver}_verify-full"])
    known = target(secure)._replace(host="localhost")
    told = {**known.environment(), "PGSSLROOTCERT": str(certificate[0])}
    done = subprocess.run([str(program), "tls"], capture_output=True, text=True, env=told)
    found = dict(json.loads(line) for line in done.stdout.splitlines())
    assert {found["tls_pq_verify-full"], found["tls_pgx_verify-full"]} == {"connected"}
