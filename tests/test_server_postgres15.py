"""The scratch PostgreSQL other tests compare with: its version, its settings, its passwords."""

from __future__ import annotations

import pytest

psycopg = pytest.importorskip("psycopg")


def test_it_is_15_and_speaks_utc_and_utf8(postgres15):
    with psycopg.connect(postgres15.dsn) as con:
        assert con.info.server_version // 10000 == 15
        assert con.execute("SHOW timezone").fetchone() == ("UTC",)
        assert con.execute("SHOW server_encoding").fetchone() == ("UTF8",)


def test_a_wrong_password_is_refused(postgres15):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres15._replace(password="wrong").dsn)
