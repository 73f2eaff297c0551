"""Sessions: set_config, pids, NULLs in ORDER BY, plans kept, the audit of what never ran."""

import json

import duckdb
import pytest

pytest.importorskip("scramp")
from retailsql.adapters.server import resources
from retailsql.adapters.server.accounts.secret import kept_secret
from retailsql.adapters.server.records import PgError
from tests.server_sessions import READER, WRITER, Extended, ask, enter, make_door, make_file


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    folder = tmp_path_factory.mktemp("door")
    path = make_file(folder / "shop.duckdb")
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE gaps AS SELECT * FROM (VALUES (1), (NULL), (2)) v(x)")
        con.execute("CREATE VIEW top AS SELECT x FROM gaps ORDER BY x DESC LIMIT 1")
        con.execute("CREATE TABLE raw.inner_one (a INTEGER); CREATE SCHEMA hidden")
        con.execute("CREATE MACRO hidden.secret_sum(a) AS a + 1")
    made = make_door(
        path, folder, folder / "audit.log", anna=READER, will=WRITER,
        narrow=["read on schema raw"], admin={"grants": READER, "admin": True},
    )  # fmt: skip
    made.log = folder / "audit.log"
    yield made
    made.close()
    made._audit.close()


@pytest.fixture
def anna(door):
    session = enter(door, **{"_pq_.pid": "4711"})
    yield session
    session.close()


def test_the_pid_is_the_one_that_the_wire_has_told(anna):
    assert ask(anna, "SELECT pg_backend_pid()").rows == [("4711",)]


def test_set_config_sets_and_tells_the_new_value(anna):
    found = ask(anna, "SELECT set_config('statement_timeout', '5000', false)")
    assert (found.rows, found.names) == ([("5s",)], [["set_config"]])
    assert ask(anna, "SHOW statement_timeout").rows == [("5s",)]
    ask(anna, "SELECT pg_catalog.set_config('search_path', 'raw', false), 1 AS other")
    assert ask(anna, "SELECT a FROM inner_one").state == "00000"
    assert ask(anna, "SELECT current_schemas(false)").rows == [("{raw}",)]
    assert ask(anna, "SELECT set_config('server_version', '9', false)").state == "55P02"
    assert ask(anna, "SELECT lower(set_config('a.b', 'c', false))").state == "0A000"


def test_set_config_takes_parameters_and_may_be_local(anna):
    told = Extended(anna).run("SELECT set_config($1,$2,$3::bool)", ["app.user", "x", "f"])
    assert told == ([("x",)], "SELECT 1")
    anna.sync()
    ask(anna, "BEGIN")
    ask(anna, "SELECT set_config('app.user', 'y', true)")
    assert ask(anna, "SHOW app.user").rows == [("y",)]
    ask(anna, "COMMIT")
    assert ask(anna, "SHOW app.user").rows == [("x",)]


def test_parameters_with_nothing_between_are_parameters(anna):
    assert Extended(anna).run("SELECT ($1::int+$2::int),$3", [1, 2, "c"])[0] == [("3", "c")]


def test_null_is_first_behind_desc_but_views_of_the_file_stay_as_they_are(anna):
    assert ask(anna, "SELECT x FROM gaps ORDER BY x DESC").rows == [(None,), ("2",), ("1",)]
    assert ask(anna, "SELECT x FROM gaps ORDER BY x").rows == [("1",), ("2",), (None,)]
    assert ask(anna, "SELECT x FROM gaps ORDER BY x DESC NULLS LAST LIMIT 1").rows == [("2",)]
    assert ask(anna, "SELECT * FROM top").rows == [("2",)]


@pytest.mark.parametrize(
    ("text", "todo"),
    [
        ("ALTER USER anna PASSWORD 'x'", "retailsql user password anna"),
        ("CREATE USER bob", "retailsql user add bob"),
        ("DROP USER IF EXISTS bob", "retailsql user remove bob"),
        ("CREATE ROLE sales", "[roles.sales]"),
    ],
)
def test_users_are_made_elsewhere_and_the_hint_says_how(anna, text, todo):
    found = ask(anna, text)
    assert found.state == "0A000"
    assert todo in found.error.hint


def test_a_kept_plan_is_made_anew_when_something_has_changed(anna, door):
    will = enter(door, "will")
    ask(will, "CREATE TABLE moving AS SELECT 1 AS a")
    for _ in range(2):
        assert ask(anna, "SELECT * FROM moving").names == [["a"]]
    ask(will, "DROP TABLE moving")
    assert ask(anna, "SELECT * FROM moving").state == "42P01"
    ask(will, "CREATE TABLE moving AS SELECT 1 AS b")
    assert ask(anna, "SELECT * FROM moving").names == [["b"]]
    will.close()


def test_a_kept_plan_follows_the_settings(anna):
    assert ask(anna, "SELECT '2024-01-01 00:00+00'::timestamptz::text").rows[0][0].endswith("+00")
    ask(anna, "SET TimeZone = 'Asia/Tokyo'")
    assert ask(anna, "SELECT '2024-01-01 00:00+00'::timestamptz::text").rows[0][0].endswith("+09")


def test_a_value_that_cannot_be_bound_is_audited_with_its_code(anna, door):
    with pytest.raises(PgError, match="invalid"):
        Extended(anna).run("SELECT $1::int + 41", ["x"])
    anna.fail()
    anna.sync()
    last = json.loads(door.log.read_text().splitlines()[-1])
    assert (last["statement"], last["sqlstate"]) == ("SELECT $1::int + 41", "22P02")


def test_a_parameter_without_a_value_is_told_with_its_place(anna):
    found = ask(anna, "SELECT 1, $1::int")
    assert (found.state, found.error.position) == ("42P02", 11)


def test_the_place_of_a_name_with_a_schema_is_where_the_schema_stands(anna):
    assert ask(anna, "SELECT * FROM raw.nothing").error.position == 15


def test_no_hidden_name_is_proposed(door):
    narrow = enter(door, "narrow")
    hint = ask(narrow, "SELECT secret_su(1)").error.hint or ""
    assert "secret_sum" not in hint
    narrow.close()


def test_the_secret_stays_from_start_to_start(tmp_path):
    users = tmp_path / "users.toml"
    first = kept_secret(users)
    assert kept_secret(users) == first
    kept = tmp_path / "users.toml.secret"
    assert kept.stat().st_mode & 0o077 == 0
    kept.write_text("broken")
    assert kept_secret(users) != first
    assert kept_secret(None) != kept_secret(None)


def test_the_default_memory_is_a_part_of_the_machines(monkeypatch, tmp_path):
    limit = tmp_path / "memory.max"
    limit.write_text("1000000000\n")
    monkeypatch.setattr(resources, "_LIMITS", (str(limit),))
    assert resources.default_memory() == "600MB"
    limit.write_text("max\n")
    assert resources.machine_memory() > 1_000_000_000


def test_a_session_that_ends_lets_the_result_go_that_it_was_sending(door):
    session = enter(door)
    answers = session.simple("SELECT * FROM range(10000000)")
    next(answers), next(answers)
    (stream,) = (s for s in session._ctx.work.generation.streams if s._ctx is session._ctx)
    assert stream.open
    session.close()  # the listener's client is gone, and the generator is garbage
    assert not stream.open
