"""What tests share: a session, the tiny models, the real data."""

from __future__ import annotations

import importlib.util
import os

# Before scikit-learn is loaded: two test workers with two OpenMP threads each, on two cores, wait
# for each other ten times longer than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import pytest

import retailsql
from tests.server_support.postgres15 import pg, postgres15  # noqa: F401
from tests.server_support.targets import door, real  # noqa: F401

# Doctests import every module: the plugin cannot be without dbt, the driver of Superset's test is
# for Superset's own environment.
collect_ignore = ["server_support/superset_drive.py"]
if not importlib.util.find_spec("dbt"):
    collect_ignore.append("../retailsql/adapters/dbt.py")

ROOT = Path(__file__).resolve().parent.parent
MODELS = Path(__file__).parent / "models"


@pytest.fixture
def con():
    """A session on an empty database in memory."""
    with retailsql.connect() as session:
        yield session


@pytest.fixture
def tiny():
    """The bytes of a tiny model by name."""
    return lambda name: (MODELS / f"{name}.onnx").read_bytes()


@pytest.fixture
def line(con, tiny):
    """A session with model ``line`` (2a - b + 0.5c + 0.25) and a table ``t`` of three rows."""
    inputs = {"a": "DOUBLE", "b": "DOUBLE", "c": "DOUBLE"}
    retailsql.import_onnx(con, "line", tiny("line"), inputs=inputs)
    con.execute(
        "CREATE TABLE t AS FROM (VALUES (1, 2.5, 4.0), (3, NULL, 1), (NULL, NULL, NULL)) v(a, b, c)"
    )
    return con


def shared(*parts: str) -> Path:
    """A file of the real data; skips the test where it is missing."""
    root = Path(os.environ.get("RETAILSQL_DATA", ROOT.parent / "shared" / "data"))
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"real data is missing: {'/'.join(parts)} (set RETAILSQL_DATA to its folder)")
    return path
