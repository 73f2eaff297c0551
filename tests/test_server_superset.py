"""Apache Superset 6.1 on the door, in a real browser: schemas, SQL Lab, a dataset, two charts.

Superset lives in an environment of its own (``make superset``), named by RETAILSQL_SUPERSET.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import retailsql

ROOT = Path(__file__).resolve().parent.parent
SUPERSET = Path(os.environ.get("RETAILSQL_SUPERSET", ROOT / ".superset"))
CONFIG = """
import os
SECRET_KEY = "only for a test on loopback"
SQLALCHEMY_DATABASE_URI = "sqlite:///" + os.path.join(os.environ["SUPERSET_HOME"], "superset.db")
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (SUPERSET / "bin" / "superset").exists(), reason="no Superset: run `make superset`"
    ),
    pytest.mark.skipif(not shutil.which("chromedriver"), reason="Debian's chromium-driver missing"),
]


def free_port() -> int:
    with closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(ready, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "the server did not start"
        time.sleep(0.3)


def listens(port: int) -> bool:
    with closing(socket.socket()) as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def healthy(port: int) -> bool:
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).status == 200
    except OSError:
        return False


@contextmanager
def running(command: list[str], log: Path, env: dict[str, str]):
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=env)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def warehouse(path: Path, model: bytes) -> None:
    """1,000 customers, and a model of three inputs called churn."""
    with retailsql.connect(path) as con:
        con.execute(
            "CREATE TABLE customer_features AS SELECT 'c' || i AS customer_id, i % 90 AS a, "
            "i % 7 AS b, i / 1000.0 AS c, "
            "TIMESTAMP '2024-01-01' + i % 120 * INTERVAL 1 DAY AS as_of FROM range(1000) t(i)"
        )
        inputs = {"a": "DOUBLE", "b": "DOUBLE", "c": "DOUBLE"}
        retailsql.import_onnx(con, "churn", model, inputs=inputs)


@pytest.mark.timeout(400)
def test_superset_reads_scores_and_draws_them(tmp_path, tiny):
    warehouse(tmp_path / "shop.duckdb", tiny("line"))
    with retailsql.connect(tmp_path / "shop.duckdb", read_only=True) as con:
        truth = con.sql(
            "SELECT customer_id, round(avg(churn_score(r)), 6) FROM customer_features r "
            "WHERE as_of >= DATE '2024-02-01' AND as_of < DATE '2024-03-01' GROUP BY 1"
        ).fetchall()
    port, web = free_port(), free_port()
    (tmp_path / "superset_config.py").write_text(CONFIG)
    env = {
        **os.environ, "SUPERSET_HOME": str(tmp_path), "FLASK_APP": "superset.app:create_app",
        "SUPERSET_CONFIG_PATH": str(tmp_path / "superset_config.py"),
        "RETAILSQL_PASSWORD": "seven apples",
    }  # fmt: skip
    superset = str(SUPERSET / "bin" / "superset")
    admin = ["fab", "create-admin", "--username", "admin", "--firstname", "a", "--lastname", "b",
             "--email", "a@example.org", "--password", "admin"]  # fmt: skip
    for step in (["db", "upgrade"], admin, ["init"]):
        subprocess.run([superset, *step], env=env, check=True, capture_output=True)
    door = [sys.executable, "-m", "retailsql.cli", "serve", str(tmp_path / "shop.duckdb"),
            "--port", str(port), "--user", "analyst"]  # fmt: skip
    with (
        running(door, tmp_path / "door.log", env),
        running([superset, "run", "-p", str(web), "--with-threads"], tmp_path / "web.log", env),
    ):
        until(lambda: listens(port), 30)
        until(lambda: healthy(web), 60)
        uri = f"postgresql://analyst:seven%20apples@127.0.0.1:{port}/shop"
        program = ROOT / "tests" / "server_support" / "superset_drive.py"
        drive = [str(SUPERSET / "bin" / "python"), str(program), f"http://127.0.0.1:{web}", uri,
                 str(tmp_path), "main"]  # fmt: skip
        done = subprocess.run(drive, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr + done.stdout
    seen = json.loads(done.stdout)
    assert "main" in seen["schemas"]
    assert "customer_features" in seen["tables"]
    assert "c0" in seen["sql_lab"]
    assert seen["columns"]["as_of"] == ["DATETIME", True]
    assert seen["columns"]["score"] == ["FLOAT", False]
    shown = dict(truth)
    rows = seen["table"]["text"].split(" | ")[0].split("\n")[2:]
    assert len(rows) == 200
    for customer, score in zip(rows[::2], rows[1::2]):
        assert float(score) == pytest.approx(shown[customer], abs=0.006)  # two decimals are drawn
    assert seen["echarts_timeseries_line"]["pictures"] >= 1
    assert not [a for a in seen["echarts_timeseries_line"]["alerts"] if a]
