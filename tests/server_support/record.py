"""Write statement_log/ anew: ``python -m tests.server_support.record`` (needs PostgreSQL 15).

Every client's checks are run against PostgreSQL through the recorder. Left out is what depends on
time (cancel, time limits) and what is said a second time in the same words.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.server_support.postgres15 import running
from tests.server_support.recorder import recording
from tests.server_support.targets import Target, load

LOG = Path(__file__).with_name("statement_log")
TIMED = {"cancel", "timeouts", "statement_timeout", "query_timeout", "refused_logins",
         "copy_left_in_the_middle", "two_connections", "wrong_database", "wrong_user",
         "many_statements", "pool", "meta_plain_answers", "pipeline_with_an_error"}  # fmt: skip
MOST_LETTERS = 20_000  # of one conversation


def checks():
    """Client, check, and how to run it."""
    for client in ("psycopg", "psycopg_session", "psycopg2", "asyncpg", "odbc"):
        module = importlib.import_module(f"tests.test_server_client_{client}")
        for function in module.CHECKS:
            yield client, function.__name__, function
    alchemy = importlib.import_module("tests.test_server_client_sqlalchemy")
    for function in alchemy.CHECKS:
        for driver in alchemy.DRIVERS:
            name = f"{function.__name__} {driver.partition('+')[2]}"
            yield "sqlalchemy", name, lambda t, f=function, d=driver: f(t, d)
    psql = importlib.import_module("tests.test_server_client_psql")
    for name, text in psql.SCRIPTS.items():
        yield "psql", name, lambda t, text=text: psql.psql(t, "-f", "-", text=text)
    node = importlib.import_module("tests.test_server_client_node")
    yield "node", "all", node.run
    jdbc = importlib.import_module("tests.test_server_client_jdbc")
    with tempfile.TemporaryDirectory() as folder:
        sources = map(str, sorted(jdbc.JAVA.glob("*.java")))
        command = ["javac", "-encoding", "UTF-8", "-cp", jdbc.JAR, "-d", folder, *sources]
        subprocess.run(command, check=True)
        yield "jdbc", "all", lambda t: jdbc.run(folder, t)


def write(target: Target) -> None:
    LOG.mkdir(exist_ok=True)
    lines: dict[str, list[str]] = {}
    seen: set[str] = set()
    for client, check, run in checks():
        if check.split()[0] in TIMED:
            continue
        with recording(target) as (proxied, conversations):
            run(proxied)
            time.sleep(0.05)
        for number, one in enumerate(conversations):
            steps = one.steps()
            text = json.dumps(steps, ensure_ascii=False)
            if not steps or text in seen or len(text) > MOST_LETTERS or timed(text):
                continue
            seen.add(text)
            startup = {k: v for k, v in one.startup.items() if k not in ("user", "database")}
            line = {"check": f"{check} {number}", "startup": startup, "steps": steps}
            lines.setdefault(client, []).append(json.dumps(line, ensure_ascii=False))
    for client, kept in lines.items():
        (LOG / f"{client}.jsonl").write_text("\n".join(kept) + "\n")


def timed(text: str) -> bool:
    return "sales.many c" in text or "random()" in text


if __name__ == "__main__":
    with running() as server:
        write(load(server))
    sys.exit(0)
