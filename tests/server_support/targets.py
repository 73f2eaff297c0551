"""The same shop twice: in a real PostgreSQL 15, and behind the door; fixtures ``real``, ``door``.

A client's check runs against a :class:`Target` and does not know which of the two it is.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.server_support.postgres15 import Postgres, binaries

SHOP = Path(__file__).with_name("shop.sql")
PASSWORD = "correct horse"


class Target(NamedTuple):
    """Where a client connects to."""

    host: str
    port: int
    user: str
    password: str
    database: str

    @property
    def dsn(self) -> str:
        return (
            f"host={self.host} port={self.port} user={self.user} password='{self.password}' "
            f"dbname={self.database}"
        )

    def url(self, driver: str) -> str:
        """As SQLAlchemy writes it: ``url("postgresql+psycopg")``."""
        password = self.password.replace(" ", "%20")
        return f"{driver}://{self.user}:{password}@{self.host}:{self.port}/{self.database}"

    def environment(self) -> dict[str, str]:
        """What libpq reads; nothing else of the tester's own settings gets through."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {
            **kept, "PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": self.user,
            "PGPASSWORD": self.password, "PGDATABASE": self.database, "LC_ALL": "C.UTF-8",
            "PSQLRC": os.devnull, "PAGER": "", "PGTZ": "UTC", "TZ": "UTC",
        }  # fmt: skip


def load(server: Postgres) -> Target:
    """The shop in a database of its own, and everybody who logs in may only read.

    DuckDB's first schema is ``main``, so it is here, too.
    """
    programs = binaries()
    target = Target(server.host, server.port, server.user, server.password, "shop")

    def psql(database: str, *arguments: str) -> None:
        command = [f"{programs}/psql", "-qX", "-v", "ON_ERROR_STOP=1", *arguments]
        environment = {**target.environment(), "PGDATABASE": database}
        subprocess.run(command, check=True, capture_output=True, env=environment)

    psql(server.database, "-c", "CREATE DATABASE shop", "-c", "CREATE ROLE reader LOGIN")
    psql("shop", "-c", "CREATE SCHEMA main", "-c", "DROP SCHEMA public")
    psql("shop", "-c", "SET search_path = main", "-f", str(SHOP), "-c", "ANALYZE")
    psql("shop", "-c", "ALTER DATABASE shop SET search_path = main")
    psql("shop", "-c", "ALTER DATABASE shop SET statement_timeout = '40s'")  # the door's PATIENCE
    psql("shop", "-c", "ALTER DATABASE shop SET default_transaction_read_only = on")
    return target


@pytest.fixture(scope="session")
def real(postgres15: Postgres) -> Target:
    """The shop in PostgreSQL 15."""
    return load(postgres15)


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The shop behind the door."""
    from tests.server_support.door import opened

    with opened(tmp_path_factory.mktemp("door")) as target:
        yield target
