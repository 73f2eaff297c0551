"""Edits that begin or end at the same place, in views, and where a name has two meanings."""

import pytest

pytest.importorskip("scramp")
from tests.server_sessions import ask, door_on

door, anna, will = door_on(
    "CREATE TABLE t AS SELECT i AS a, 13 - i AS b, i * 0.5::DOUBLE AS x, "
    "DATE '2024-01-01' + i AS d, INTERVAL (i) DAY AS w, ['p', 'q'] AS l, "
    '\'{"k": {"c": 1}}\'::JSON AS j '
    "FROM (SELECT i::INTEGER AS i FROM range(1, 13) r(i))"
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a BETWEEN SYMMETRIC b * '2' AND a * '1'", "t"),
        ("x || 's' BETWEEN SYMMETRIC '1' AND '0'", "t"),
        ("x || '' LIKE ANY (ARRAY['0.%'])", "t"),
        ("x || '' NOT LIKE ALL (ARRAY['0.%', '1%'])", "f"),
        ("w / '2'", "12:00:00"),
        ("w / 2 BETWEEN SYMMETRIC w AND w / 4", "t"),
        ("(SELECT w / 2 || ' ' || (n / 2 + d) FROM generate_series(4, 4) g(n))",
         "12:00:00 2024-01-04"),
        ("j -> 'k' ? 'c'", "t"),
        ("round(x, a - b + 12)", "0.5"),
    ],
)  # fmt: skip
def test_edits_that_meet_are_put_into_each_other_rightly(anna, text, wanted):
    found = ask(anna, f"SELECT {text} FROM t WHERE a = 1")
    assert (found.error, found.rows) == (None, [(wanted,)])


def test_eight_digits_beside_a_date_are_no_number_of_days(anna):
    assert ask(anna, "SELECT d - '20240101' FROM t").state == "42725"
    assert ask(anna, "SELECT 1 + '20240101'").rows == [("20240102",)]


@pytest.mark.parametrize("named", ["-a AS a", "-a a", '-a AS "a"'])
def test_ties_are_of_what_the_select_list_calls_so(anna, named):
    text = f"SELECT {named}, b FROM t ORDER BY a FETCH FIRST 2 ROWS WITH TIES"
    assert ask(anna, text).rows == [("-12", "1"), ("-11", "2")]


def test_views_hold_no_function_of_this_server(will):
    text = (
        "CREATE VIEW main.v AS SELECT array_length(l, 1) AS n, array_to_string(l, ',') AS s, "
        "date_trunc('century', d) AS c, 's' || x AS t FROM main.t"
    )
    assert ask(will, text).error is None
    assert "__" not in ask(will, "SELECT pg_get_viewdef('main.v'::regclass)").rows[0][0]
    for query in ("SELECT w / 2 AS h FROM main.t", "SELECT sum(w) AS h FROM main.t",
                  "SELECT d + n AS h FROM main.t, generate_series(1, 2) g(n)"):  # fmt: skip
        assert ask(will, query).error is None
        assert ask(will, f"CREATE VIEW main.h AS {query}").state == "42883"
