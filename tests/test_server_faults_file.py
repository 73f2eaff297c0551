"""The database file renewed, broken or deleted under clients, through the real door."""

from __future__ import annotations

import os
import threading
import time

import pytest

psycopg = pytest.importorskip("psycopg")
pytest.importorskip("scramp")

from tests.server_raw import query
from tests.server_support.faulty import ROWS, make_file, serving

pytestmark = pytest.mark.timeout(60)


def renew(server, rows: int) -> None:
    fresh = server.path.with_name("fresh.duckdb")
    os.replace(make_file(fresh, rows), server.path)


def test_a_file_renewed_under_clients_that_read(tmp_path):
    with serving(tmp_path) as server, server.raw() as raw, server.connect() as con:
        raw.ask(query("BEGIN"))
        raw.ask(query("DECLARE c CURSOR FOR SELECT id FROM lines"))
        raw.ask(query("FETCH 10 FROM c"))
        for rows in (10, 20):  # twice in a moment
            renew(server, rows)
        assert con.execute("SELECT count(*) FROM lines").fetchone() == (20,)
        assert raw.ask(query("FETCH ALL FROM c")) == "T" + "D" * (ROWS - 10) + "CZ"
        assert raw.ask(query("COMMIT")) == "CZ"
        assert raw.ask(query("SELECT id FROM lines")) == "T" + "D" * 20 + "CZ"
        assert server.count() == 20


@pytest.mark.parametrize("broken", [b"", b"no database" * 1000, None])
def test_a_broken_file_is_not_taken(tmp_path, broken):
    with serving(tmp_path) as server, server.connect() as con:
        if broken is None:
            server.path.unlink()
        else:
            bad = tmp_path / "bad"
            bad.write_bytes(broken)
            os.replace(bad, server.path)
        assert con.execute("SELECT count(*) FROM lines").fetchone() == (ROWS,)
        assert server.count() == ROWS
        renew(server, 7)
        assert con.execute("SELECT count(*) FROM lines").fetchone() == (7,)


def test_files_renewed_again_and_again_under_load(tmp_path):
    with serving(tmp_path) as server:
        failed: list[object] = []
        over = threading.Event()

        def read() -> None:
            try:
                with server.connect() as con:
                    while not over.is_set():
                        rows = con.execute("SELECT count(*), max(id) + 1 FROM lines").fetchone()
                        failed.extend([rows] if rows[0] != rows[1] else [])
            except psycopg.Error as error:
                failed.append(error)

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for rows in range(1, 9):
            renew(server, rows)
            time.sleep(0.05)
        over.set()
        for thread in threads:
            thread.join()
        assert failed == []
        assert server.count() == 8
        assert len(server.door.warehouse._generations) == 1
