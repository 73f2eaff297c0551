"""A fixed list of hostile statements: all refused with the right SQLSTATE, and nothing changed."""

from __future__ import annotations

import hashlib

import pytest

from retailsql.adapters.server import policy
from retailsql.adapters.server.policy.limits import check_size
from retailsql.adapters.server.records import PgError
from retailsql.dialect.splice import splice
from retailsql.dialect.statements import Query, holds_ml_call
from retailsql.dialect.tokens import Walk, tokenize
from tests.server_sessions import within
from tests.server_support.granted import ANNA, BEN, CARL, cursor_of, make_warehouse, open_warehouse
from tests.server_support.hostile import HOSTILE
from tests.server_support.hostile_newer import BLIND, WRITER
from tests.server_support.ordinary import ORDINARY


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    from tests.conftest import MODELS

    path = tmp_path_factory.mktemp("policy") / "shop.duckdb"
    make_warehouse(path, (MODELS / "line.onnx").read_bytes())
    return path


@pytest.fixture(scope="module")
def root(file):
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    with open_warehouse(file) as root:
        yield root
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


@pytest.fixture(scope="module")
def cursor(root):
    with cursor_of(root) as cursor:
        yield cursor


def checked(cursor, text, rights=ANNA):
    """What the backend does with a statement before it runs it."""
    check_size(text)
    tokens = tokenize(text) if len(text) < 10_000 else None
    final, spliced = text, False
    if tokens and "ML." in text and holds_ml_call(Query(text, tokens)):
        catalog = policy.GrantedCatalog(cursor, rights, text)
        final, spliced = splice(Walk(text, tokens), catalog), True
    checked = policy.check(cursor, text, tokens, final, rights, spliced=spliced)
    return checked, final


def test_the_list_is_as_long_as_promised():
    assert len(HOSTILE) >= 150
    assert len({text for text, _ in HOSTILE}) == len(HOSTILE)
    assert len(ORDINARY) >= 150


@pytest.mark.parametrize(("text", "state"), HOSTILE, ids=lambda v: str(v)[:60])
def test_refused(cursor, text, state):
    with pytest.raises(PgError) as caught:
        checked(cursor, text)
    assert caught.value.sqlstate == state, caught.value


@pytest.mark.parametrize(
    ("rights", "text", "state"),
    [(BEN, *one) for one in WRITER] + [(CARL, *one) for one in BLIND],
    ids=lambda v: str(v)[:60] if isinstance(v, str) else v.user,
)
def test_writers_are_refused_what_is_not_theirs(cursor, rights, text, state):
    with pytest.raises(PgError) as caught:
        checked(cursor, text, rights)
    assert caught.value.sqlstate == state, caught.value


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE raw.x (\"it's\" INT DEFAULT 1, \"a(\" VARCHAR DEFAULT 'it''s (b)')",
        'CREATE TABLE raw.x ("check" INT NOT NULL, "a--b" DECIMAL(10, 2) DEFAULT 1.5)',
        "ALTER TABLE raw.t ADD COLUMN x VARCHAR DEFAULT 'a(b'",
        "CREATE VIEW raw.x AS SELECT * FROM sales.orders",
    ],
)
def test_writers_may_do_what_is_theirs(cursor, text):
    assert checked(cursor, text, BEN)[0].writes


@pytest.mark.parametrize("text", ORDINARY, ids=lambda text: text[:60])
def test_ordinary_statements_pass_and_run(cursor, text):
    result, final = checked(cursor, text)
    assert not result.writes
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    try:
        values = {"1": 1} if "$1" in text else None
        cursor.execute(final, values).fetchall()
    finally:
        cursor.execute("ROLLBACK")


ELSEWHERE = "shop.secret,shop.main,__rs_catalog.main"
"""A search path with a schema in front that anna may not read."""


@pytest.mark.parametrize(
    "text",
    [
        "SELECT raw.most()",
        "SELECT * FROM raw.any_rows()",
        "SELECT * FROM raw.paid",
        "SELECT 1 WHERE EXISTS (FROM raw.paid)",
        "SELECT shop.raw.most()",
    ],
)
def test_bodies_are_not_read_by_a_search_path_of_schemas_that_are_hidden(cursor, text):
    """DuckDB would look the names in them up there: secret.pay for pay."""
    assert policy.check(cursor, text, None, text, ANNA, spliced=False)
    with pytest.raises(PgError) as caught:
        policy.check(cursor, text, None, text, ANNA, spliced=False, path=ELSEWHERE)
    assert caught.value.sqlstate == "42501"


def test_a_long_statement_is_refused_before_it_is_read():
    from retailsql.adapters.server.backend.script import split

    text = "SELECT 1 WHERE 1 IN (" + "1, " * 500_000 + "1)"

    def refused():
        with pytest.raises(PgError, match="too long"):
            split(text)

    within(0.05, refused)
