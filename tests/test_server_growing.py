"""What only the rows tell to be large, macros in macros, long lists: refused, or quick."""

import pytest

pytest.importorskip("scramp")
from tests.server_sessions import ask, door_on, within

door, anna, will = door_on("CREATE TABLE t AS FROM (VALUES (1, 'ab'), (3, 'x')) v(a, s)")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT levenshtein(string_agg('a', ''), string_agg('b', '')) FROM range(100000)",
        "SELECT damerau_levenshtein(a, b) FROM "
        "(SELECT string_agg('a', '') a, string_agg('b', '') b FROM range(100000))",
        "SELECT sum(length(repeat('x', (900000 + i)::int))) FROM range(10000) r(i)",
        "SELECT repeat(s, 200000 * a) FROM t",
        "SELECT lpad(s, 200000 * a) FROM t",
        "SELECT rpad(s, 200000 * a, '.') FROM t",
        "SELECT repeat(repeat(s, a), a) FROM t",
    ],
)
def test_values_that_only_the_rows_tell_to_be_large_are_refused_at_once(anna, text):
    found = within(3, lambda: ask(anna, text))
    assert found.state == "54000"
    assert "__pg_" not in found.error.message


@pytest.mark.parametrize(
    "call",
    [
        "'x'.repeat(200000 * a)", "system.main.repeat(s, 200000 * a)", "\"repeat\"(s, 200000 * a)",
        "pg_catalog.repeat('x', 200000 * a)",
    ],
)  # fmt: skip
def test_the_guard_has_no_way_around_it(anna, call):
    assert ask(anna, f"SELECT {call} FROM t").state == "54000"


def test_ordinary_uses_of_these_functions_work(anna):
    text = (
        "SELECT repeat('#', a), lpad(a::text, 3, '0'), lpad(s, a), rpad(s, 2 * a, '.'), "
        "levenshtein(s, 'abc'), repeat(s, NULL), lpad(s, -1), repeat('x', 3::bigint) "
        "FROM t ORDER BY a"
    )
    assert ask(anna, text).rows == [
        ("#", "001", "a", "ab", "1", None, "", "xxx"),
        ("###", "003", "  x", "x.....", "3", None, "", "xxx"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "to_hex(" * 8 + "a" + ")" * 8 + " FROM t",
        "SELECT " + "round(" * 8 + "a" + ")" * 8 + " FROM t",
        "SELECT round(a) AS b, round(b) AS c, round(c) AS d, round(d) AS e, round(e) AS f, "
        "round(f) AS g FROM t",
        "SELECT 1 FROM t WHERE a > (SELECT " + "round(" * 8 + "a" + ")" * 8 + ")",
    ],
)
def test_macros_in_macros_are_refused_before_they_are_written_out(anna, text):
    assert within(3, lambda: ask(anna, text)).state == "54001"


def test_functions_in_functions_as_people_write_them_work(anna):
    found = ask(anna, "SELECT round(abs(round(round(a / 2.0) + 0.4))) FROM t ORDER BY a")
    assert found.error is None


def test_a_view_that_others_could_not_read_is_refused(will):
    assert (
        ask(will, "CREATE VIEW main.v AS SELECT round(a), repeat(s, a) FROM main.t").error is None
    )
    stored = ask(will, "SELECT pg_get_viewdef('main.v'::regclass)").rows[0][0]
    assert "__" not in stored
    for body in ("SELECT initcap(s) FROM main.t", "SELECT s FROM main.t WHERE s ~ 'a'",
                 "SELECT * FROM pg_class"):  # fmt: skip
        found = ask(will, f"CREATE VIEW main.w AS {body}")
        assert (found.state, "@" in found.error.message) == ("0A000", False)


def test_a_long_list_is_read_in_moderate_time(anna):
    numbers = ",".join(map(str, range(50_000)))
    texts = ",".join(f"'k{i}'" for i in range(20_000))
    among = "SELECT count(*) FROM t WHERE"
    assert within(6, lambda: ask(anna, f"{among} a IN ({numbers})")).rows == [("2",)]
    assert within(6, lambda: ask(anna, f"{among} s IN ({texts}, 'ab')")).rows == [("1",)]
