"""What takes long to plan, where nobody can interrupt it: refused at once, or quick."""

import pytest

pytest.importorskip("scramp")
from retailsql.adapters.server import catalog
from retailsql.adapters.server.records import PgError
from tests.server_sessions import ask, door_on, within

door, anna, will = door_on("CREATE TABLE t AS FROM (VALUES (1, 'ab'), (3, 'x')) v(a, s)")


def many(form, n, between=", "):
    return between.join(form.format(i=i, before=i - 1) for i in range(1, n + 1))


REFUSED = {
    "columns": ("54011", f"SELECT {many('a', 1665)} FROM t"),
    "windows": ("54001", f"SELECT {many('sum(a) OVER (ORDER BY a + {i})', 257)} FROM t"),
    "conditions": ("54001", f"SELECT 1 FROM t WHERE {many('a <> {i}', 801, ' AND ')}"),
    "pairs": ("54001", f"SELECT 1 FROM t WHERE {many('(a = {i} AND a < 9)', 751, ' OR ')}"),
    "exists": (
        "54001",
        "SELECT 1 FROM t WHERE "
        + many("EXISTS (SELECT 1 FROM t x WHERE x.a = t.a + {i})", 100, " AND "),
    ),
    "joins": (
        "54001",
        f"SELECT 1 FROM t t0 {many('JOIN t t{i} ON t{i}.a = t{before}.a', 200, ' ')}",
    ),
    "stars": ("54011", "SELECT x.*, x.* FROM (" * 16 + "SELECT * FROM t" + ") x" * 16),
    "stars behind WITH": (
        "54011",
        "WITH c0 AS (SELECT * FROM t), "
        + many("c{i} AS (SELECT * FROM c{before} x, c{before} y)", 16)
        + " SELECT * FROM c16",
    ),
    "a mode that moves": (
        "54001",
        "SELECT mode(s) OVER (ORDER BY a ROWS BETWEEN 1001 PRECEDING AND CURRENT ROW) FROM t",
    ),
    "a mode that grows": ("54001", "SELECT mode(s) OVER (ORDER BY a) FROM t"),
    "a deviation that moves": (
        "54001",
        "SELECT mad(a) OVER (ORDER BY a RANGE BETWEEN 5 PRECEDING AND 5 FOLLOWING) FROM t",
    ),
    "a histogram but for one": (
        "54001",
        "SELECT histogram(s) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED "
        "FOLLOWING EXCLUDE CURRENT ROW) FROM t",
    ),
    "samples": ("0A000", "SELECT reservoir_quantile(a, 0.5) OVER () FROM t"),
    "paths": (
        "54000",
        "SELECT json_extract('{}', list_transform(range(100000), lambda z: '$.a' || z))",
    ),
    "a variant": ("0A000", "SELECT '1'::json::variant"),
    "distinct values that move": (
        "54001",
        "SELECT sum(DISTINCT a) OVER (ORDER BY a RANGE 9 PRECEDING EXCLUDE CURRENT ROW) FROM t",
    ),
    "lookups": ("54001", "SELECT " + many("'int4'::regtype", 40)),
    "rights": ("54001", "SELECT " + many("has_table_privilege('t', 'select')", 20)),
    "values": ("54001", f"SELECT 1 FROM t WHERE a IN ({many('{i}', 70_000, ',')})"),
    "a name": ("54001", "SELECT " + "a." * 5_000 + "a"),
    "digits": ("22003", "SELECT " + "1" * 900_000),
    "digits in a list": ("22003", f"SELECT 1 IN ({many('{i}', 200)}, {'1' * 900_000})"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_engine_plans_by_the_square_is_refused(anna, what):
    state, text = REFUSED[what]
    assert within(3, lambda: ask(anna, text)).state == state


PLANNED = {
    "columns": f"SELECT {many('a', 1664)} FROM t",
    "windows": f"SELECT {many('sum(a + {i}) OVER (ORDER BY a)', 600)} FROM t",
    "modes": "SELECT mode(s) OVER (PARTITION BY a), entropy(s) OVER (), mad(a) OVER (ORDER BY a "
    "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING), "
    "sum(DISTINCT a) OVER (ORDER BY a RANGE 9 PRECEDING), "
    "mode(s) OVER (ORDER BY a ROWS BETWEEN 9 PRECEDING AND 1000 FOLLOWING) FROM t",
    "sums": f"SELECT {many('sum(a + {i})', 1000)} FROM t",
    "functions": f"SELECT {many('round(a + {i}, 2)', 800)} FROM t",
    "pairs": f"SELECT 1 FROM t WHERE {many('(a = {i} AND a < 9)', 750, ' OR ')}",
    "exists": "SELECT 1 FROM t WHERE "
    + many("EXISTS (SELECT 1 FROM t x WHERE x.a = t.a + {i})", 20, " AND "),
    "joins": f"SELECT 1 FROM t t0 {many('JOIN t t{i} ON t{i}.a = t{before}.a', 60, ' ')}",
    "dates": "SELECT 1 FROM t WHERE DATE '2024-01-01' IN ("
    + many("DATE '2024-01-02'", 16_000, ",")
    + ")",
    "lookups": "SELECT " + many("'int4'::regtype", 30),
    "values": f"SELECT count(*) FROM (VALUES {many('({i}, NULL)', 20_000)}) v(a, b)",
    "stars": "SELECT x.*, y.* FROM (SELECT * FROM t a JOIN t b ON a.a = b.a) x, t y",
}


@pytest.mark.parametrize("what", PLANNED)
def test_what_people_write_is_planned_in_moderate_time(anna, what):
    assert within(5, lambda: ask(anna, PLANNED[what])).error is None


def test_a_writer_may_insert_many_rows(will):
    ask(will, "CREATE TABLE main.big (a int, b text)")
    rows = many("({i}, 'it''s {i}')", 40_000)
    found = ask(will, f"INSERT INTO main.big VALUES {rows}")
    assert found.tags == ["INSERT 0 40000"]
    assert ask(will, "SELECT count(DISTINCT b), max(a) FROM main.big").rows == [("40000", "40000")]


def test_views_that_double_are_refused_when_made_and_when_read(door, will, anna):
    ask(will, "CREATE TABLE main.d_0 AS SELECT 1 AS a")
    states = [
        ask(
            will,
            f"CREATE VIEW main.d_{i} AS SELECT x.a FROM main.d_{i - 1} x "
            f"CROSS JOIN main.d_{i - 1} y",
        ).state
        for i in range(1, 9)
    ]
    assert states == ["00000"] * 6 + ["54001", "42P01"]
    assert ask(anna, "SELECT * FROM d_6").rows == [("1",)]
    assert ask(anna, "SELECT 1 FROM d_6, d_6 y").state == "54001"
    copies = "WITH q AS NOT MATERIALIZED (FROM d_5) SELECT 1 FROM q q0" + many(", q q{i}", 8, "")
    assert ask(anna, copies).state == "54001"
    three = "SELECT x.a FROM main.d_0 x, main.d_0 y, main.d_0 z, main.d_0 w"
    ask(will, f"CREATE OR REPLACE VIEW main.d_1 AS {three}")
    assert ask(will, "SELECT * FROM main.d_6").state == "54001"


def test_a_view_cannot_read_itself(will):
    ask(will, "CREATE VIEW main.one AS SELECT 1 AS x")
    ask(will, "CREATE VIEW main.two AS SELECT * FROM main.one")
    assert ask(will, "CREATE OR REPLACE VIEW main.one AS SELECT * FROM main.two").state == "42P17"
    assert ask(will, "CREATE OR REPLACE VIEW main.one AS SELECT 2 AS x").error is None
    assert ask(will, "SELECT * FROM main.two").rows == [("2",)]


def test_a_time_limit_that_passes_while_planning_takes_effect_behind_the_step(anna):
    ask(anna, "SET statement_timeout = 20")
    found = ask(anna, PLANNED["values"])
    assert found.state == "57014"


def test_an_unknown_column_of_a_values_list(anna):
    found = ask(anna, "SELECT t.grp FROM (VALUES (1, 2)) t(a, b)")
    assert (found.state, found.error.message) == ("42703", "column t.grp does not exist")


def test_names_of_the_catalog_are_edited_in_linear_time():
    text = "SELECT " + many("'pg_class'::regclass", 4_000)

    def refused():
        with pytest.raises(PgError, match="lookups"):
            catalog.after(text, [])

    within(4, refused)  # the square took half a minute
