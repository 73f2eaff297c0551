"""GRANT and REVOKE as they are read: which rights to whom, and what is refused."""

from __future__ import annotations

import pytest

from retailsql.adapters.server import policy
from retailsql.adapters.server.records import Grant, PgError
from retailsql.dialect.tokens import tokenize

GRANTS = [
    ("GRANT read, score ON SCHEMA raw TO anna",
     (Grant("read", "schema", "raw"), Grant("score", "schema", "raw")), ("anna",)),
    ("grant select on raw.t to Anna, \"Ben\"", (Grant("read", "table", "raw", "t"),),
     ("anna", "Ben")),
    ("GRANT SELECT ON TABLE t, raw.u TO a",
     (Grant("read", "table", "main", "t"), Grant("read", "table", "raw", "u")), ("a",)),
    ("GRANT EXECUTE ON FUNCTION churn_score(DOUBLE, INT) TO a;",
     (Grant("score", "model", "main", "churn"),), ("a",)),
    ("GRANT SCORE ON MODEL raw.churn TO a", (Grant("score", "model", "raw", "churn"),), ("a",)),
    ("GRANT USAGE ON SCHEMA raw TO a", (), ("a",)),
    ("GRANT read ON DATABASE shop TO a", (Grant("read", "database"),), ("a",)),
    ("GRANT SELECT ON ALL TABLES IN SCHEMA raw TO a", (Grant("read", "table", "raw", "*"),),
     ("a",)),
    ("GRANT ALL PRIVILEGES ON TABLE raw.t TO a",
     (Grant("read", "table", "raw", "t"), Grant("write", "table", "raw", "t")), ("a",)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "grants", "to"), GRANTS)
def test_grants_are_read(text, grants, to):
    assert policy.read_grant(tokenize(text), text)[:3] == (True, grants, to)


def test_revokes_are_read():
    text = "REVOKE write ON SCHEMA raw FROM a CASCADE"
    told = policy.read_grant(tokenize(text), text)
    assert told == policy.GrantStatement(False, (Grant("write", "schema", "raw"),), ("a",))
    assert policy.read_grant(tokenize("SELECT 1"), "SELECT 1") is None


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("GRANT admin TO a", "0A000"),
        ("GRANT read ON SCHEMA raw", "42601"),
        ("GRANT read ON SCHEMA raw TO a b", "42601"),
        ("GRANT read ON MODEL churn TO a", "0LP01"),
        ("GRANT score ON TABLE raw.t TO a", "0LP01"),
        ("GRANT read ON SCHEMA retailsql TO a", "0LP01"),
        ('GRANT read ON SCHEMA "RetailSQL" TO a', "0LP01"),
        ("GRANT read ON retailsql.versions TO a", "0LP01"),
        ("GRANT read ON SCHEMA raw TO a WITH GRANT OPTION", "0A000"),
        ("GRANT INSERT ON raw.t TO a", "0A000"),
        ("GRANT EXECUTE ON FUNCTION lower TO a", "42883"),
        ("REVOKE read ON SCHEMA raw TO a", "42601"),
    ],
)
def test_bad_grants(text, state):
    with pytest.raises(PgError) as caught:
        policy.read_grant(tokenize(text), text)
    assert caught.value.sqlstate == state
