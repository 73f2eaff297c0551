"""The PostgreSQL JDBC driver, as Metabase and DBeaver use it, sees the door as PostgreSQL 15.

``server_support/java`` is compiled here and run once against each; every check is one test.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server_support.answers import same

JAVA = Path(__file__).parent / "server_support" / "java"
JARS = ("/usr/share/java/postgresql.jar", "/usr/share/java/postgresql-jdbc/postgresql.jar")
JAR = next((jar for jar in JARS if Path(jar).exists()), None)
pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(JAR is None, reason="no JDBC driver (Debian: libpostgresql-jdbc-java)"),
    pytest.mark.skipif(not shutil.which("javac"), reason="no javac (Debian: default-jdk-headless)"),
]
SOURCES = "".join(path.read_text() for path in sorted(JAVA.glob("*.java")))
NAMES = [f"meta_{name}" for name in re.findall(r'ask\(to, "(\w+)", (?:m ->|Meta::)', SOURCES)]
NAMES += re.findall(r'ask\(to, "(\w+)", (?:c ->|Queries::)', SOURCES)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The folder of the compiled classes."""
    folder = tmp_path_factory.mktemp("java")
    sources = [str(path) for path in sorted(JAVA.glob("*.java"))]
    command = ["javac", "-encoding", "UTF-8", "-cp", JAR, "-d", str(folder), *sources]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def run(program, target):
    """The answer of every check by its name."""
    done = subprocess.run(
        ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8",
         "-Dstdout.encoding=UTF-8", "-cp", f"{program}:{JAR}", "Checks",
         f"jdbc:postgresql://{target.host}:{target.port}/{target.database}", target.user],
        capture_output=True, text=True, encoding="utf-8", timeout=100, env=target.environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def at_postgresql(program, real):
    return run(program, real)


@pytest.fixture(scope="module")
def at_the_door(program, door):
    return run(program, door)


@pytest.mark.parametrize("name", NAMES)
def test_jdbc_sees_what_it_sees_at_postgresql(name, at_postgresql, at_the_door):
    real = at_postgresql[name]
    assert not (isinstance(real, list) and real[:1] == ["raised"]), real
    same("jdbc", name, real, at_the_door.get(name))
