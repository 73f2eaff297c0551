"""Lineage of DuckDB's wider syntax: worked out by hand, and held against what DuckDB does.

Each SELECT is run. Its columns must bear the names that lineage gives them, and when the values of
one raw column are changed, every column of the result that changes must have it in its lineage.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from retailsql.runner.lineage.catalog import Catalog
from retailsql.runner.lineage.files import Files
from retailsql.runner.lineage.filters import Filters
from retailsql.runner.lineage.upstream import Upstream
from retailsql.runner.node import Node, Place, Project, Source

TABLES = """
CREATE TABLE t AS SELECT i AS id, i % 5 AS a, i * 3 % 7 AS b, 'k' || i % 3 AS c,
    {'x': i % 4, 'y': {'z': i}} AS s, [i, i + 1, i % 6] AS l,
    TIMESTAMP '2025-01-01' + to_days(i) AS ts
FROM range(1::INT, 20) AS r(i);
CREATE TABLE u AS SELECT i % 9 AS id, i * 2 AS d, i % 4 AS ab, 'k' || i % 3 AS c,
    TIMESTAMP '2025-01-01' + to_hours(i * 20) AS ts
FROM range(1::INT, 15) AS r(i);
CREATE MACRO add_up(p, q) AS p + q * 2;
CREATE MACRO scaled(p, by_ := 3) AS p * by_;
CREATE MACRO of_row(r) AS r.a + r.b;
CREATE MACRO some_rows(n) AS TABLE SELECT id, d FROM u WHERE d > n;
"""

CHANGES = {
    "t.id": "id + 100", "t.a": "a + 1", "t.b": "(b * 5 + 3) % 11", "t.c": "'k' || id % 2",
    "t.s": "{'x': s.x * 2 + 1, 'y': {'z': s.y.z + id}}", "t.l": "list_append(l, 17)",
    "t.ts": "ts + to_days(CAST(id % 3 AS INTEGER))",
    "u.id": "id % 4 + 3", "u.d": "(d * 7) % 31", "u.ab": "ab + id", "u.c": "'k' || (id + 1) % 3",
    "u.ts": "ts - to_days(CAST(id AS INTEGER))",
}  # fmt: skip
"""Raw column -> what its values are changed to."""

CASES = {
    "from first": ("FROM t", "a=t.a s=t.s"),
    "from first with select": ("FROM t SELECT a + b AS x WHERE c > 'a'", "x=t.a,t.b"),
    "exclude": ("SELECT * EXCLUDE (s, l) FROM t", "id=t.id ts=t.ts"),
    "replace": ("SELECT * EXCLUDE (s, l) REPLACE (a + b AS c) FROM t", "a=t.a c=t.a,t.b"),
    "rename": ("SELECT t.* RENAME (a AS z) FROM t", "z=t.a b=t.b"),
    "star of one table": ("SELECT u.*, t.a FROM t JOIN u ON t.id = u.id", "d=u.d a=t.a"),
    "exclude of one table": (
        "SELECT * EXCLUDE (t.c, s, l) FROM t JOIN u USING (id)", "c=u.c id=t.id d=u.d"),
    "group by all": ("SELECT c, sum(a) AS n FROM t GROUP BY ALL", "c=t.c n=t.a"),
    "count rows": ("SELECT c, count(*) AS n FROM t GROUP BY c", "c=t.c n="),
    "filter clause": (
        "SELECT count(*) FILTER (WHERE a > 2) AS n, max(b) AS m FROM t", "n=t.a m=t.b"),
    "list comprehension": ("SELECT [x + b FOR x IN l IF x > a] AS n FROM t", "n=t.a,t.b,t.l"),
    "lambda": ("SELECT list_transform(l, lambda x: x + b) AS n FROM t", "n=t.b,t.l"),
    "lambda that hides a column": (
        "SELECT list_transform(l, lambda a: a + 1) AS n FROM t", "n=t.l"),
    "nested lambdas": (
        "SELECT list_transform(l, lambda x: list_sum(list_transform(l, lambda y: x + y + a)))"
        " AS n FROM t", "n=t.a,t.l"),
    "method on a column": ("SELECT l.list_filter(lambda x: x > b) AS n FROM t", "n=t.b,t.l"),
    "unnest": ("SELECT id, unnest(l) AS e FROM t", "id=t.id e=t.l"),
    "unnest of a struct": ("SELECT id, unnest(s) FROM t", "id=t.id x=t.s y=t.s"),
    "unnest recursive": ("SELECT id, unnest(s, recursive := true) FROM t", "x=t.s z=t.s"),
    "unnest of a struct made here": (
        "SELECT unnest({'p': a, 'q': b}) FROM t", "p=t.a,t.b q=t.a,t.b"),
    "unnest after from": ("SELECT id, e FROM t, unnest(t.l) AS w(e)", "id=t.id e=t.l"),
    "struct fields": ("SELECT o.s.y.z AS n, s.x, (o.s).x AS m FROM t AS o", "n=t.s x=t.s m=t.s"),
    "fields of a struct made here": (
        "WITH p AS (SELECT {'f': a, 'g': b} AS r FROM t)"
        " SELECT r.f, r['g'] AS g, p.r.f AS h FROM p",
        "f=t.a g=t.b h=t.a"),
    "star of a struct": (
        "WITH p AS (SELECT {'f': a, 'g': b} AS r FROM t) SELECT r.* FROM p", "f=t.a g=t.b"),
    "qualify": (
        "SELECT c, a FROM t QUALIFY row_number() OVER (PARTITION BY c ORDER BY ts DESC) = 1",
        "c=t.c a=t.a"),
    "named windows": (
        "SELECT sum(a) OVER w AS n, lag(b) OVER (w ROWS BETWEEN 4 PRECEDING AND 1 PRECEDING) AS m"
        " FROM t WINDOW w AS (PARTITION BY c ORDER BY ts)", "n=t.a,t.c,t.ts m=t.b,t.c,t.ts"),
    "ignore nulls": (
        "SELECT last_value(nullif(a, 2) IGNORE NULLS) OVER (ORDER BY ts) AS n FROM t",
        "n=t.a,t.ts"),
    "asof join": (
        "SELECT t.id, u.d FROM t ASOF LEFT JOIN u ON t.c = u.c AND t.ts >= u.ts", "id=t.id d=u.d"),
    "asof join using": ("SELECT id, a, d FROM t ASOF JOIN u USING (id, ts)", "a=t.a d=u.d"),
    "using": ("SELECT id, a, d FROM t LEFT JOIN u USING (id)", "id=t.id a=t.a d=u.d"),
    "using, right": ("SELECT id, a, d FROM t RIGHT JOIN u USING (id)", "id=u.id a=t.a d=u.d"),
    "using, full": ("SELECT id, a, d FROM t FULL JOIN u USING (id)", "id=t.id,u.id a=t.a d=u.d"),
    "natural": ("SELECT * EXCLUDE (s, l) FROM t NATURAL LEFT JOIN u", "id=t.id c=t.c d=u.d"),
    "three tables": (
        "SELECT * EXCLUDE (s, l) FROM t JOIN (SELECT id, d FROM u) v USING (id)"
        " JOIN (SELECT id, ab FROM u) w USING (id)", "id=t.id d=u.d ab=u.ab"),
    "joins in brackets": (
        "SELECT j.d, t.a FROM t JOIN (u AS j JOIN u AS k ON j.id = k.id) ON t.id = j.id",
        "d=u.d a=t.a"),
    "semi and anti": (
        "SELECT a FROM t SEMI JOIN u USING (id)"
        " UNION ALL SELECT b FROM t ANTI JOIN u ON t.id = u.id",
        "a=t.a,t.b"),
    "positional": ("SELECT a, d FROM t POSITIONAL JOIN u", "a=t.a d=u.d"),
    "cross with lateral": (
        "SELECT t.a, v.n FROM t, LATERAL (SELECT max(d) + t.b AS n FROM u WHERE u.id = t.id) v",
        "a=t.a n=t.b,u.d"),
    "pivot statement": (
        "SELECT * FROM (PIVOT t ON c USING sum(a) GROUP BY b)", "b=t.b k0=t.a,t.c k1=t.a,t.c"),
    "pivot with two aggregates": (
        "WITH p AS (PIVOT t ON c IN ('k0', 'k1') USING sum(a) AS n, max(b) AS m GROUP BY id)"
        " SELECT id, k0_n + 1 AS x FROM p", "id=t.id x=t.a,t.b,t.c"),
    "pivot behind a table": (
        "SELECT * FROM t PIVOT (sum(a) FOR c IN ('k0', 'k1') GROUP BY b)", "b=t.b k0=t.a,t.c"),
    "pivot without group": (
        "PIVOT (SELECT id, c, a FROM t) ON c USING sum(a)", "id=t.id k1=t.a,t.c"),
    "unpivot": (
        "UNPIVOT (SELECT id, a, b FROM t) ON a, b INTO NAME k VALUE v", "id=t.id k= v=t.a,t.b"),
    "unpivot behind a table": (
        "FROM (SELECT id, a, b FROM t) UNPIVOT (v FOR k IN (a, b))", "id=t.id k= v=t.a,t.b"),
    "unpivot columns": (
        "UNPIVOT (SELECT id, a, b FROM t) ON COLUMNS(* EXCLUDE (id))",
        "id=t.id name= value=t.a,t.b"),
    "lateral alias": ("SELECT a + 1 AS x, x * b AS y FROM t WHERE x > 2", "x=t.a y=t.a,t.b"),
    "alias that a column hides": ("SELECT b AS a, a + 1 AS y FROM t", "a=t.b y=t.a"),
    "prefix alias": ("SELECT x: a + 1, y: b FROM t", "x=t.a y=t.b"),
    "whole row": ("SELECT hash(r) AS h FROM (SELECT a, b FROM t) AS r", "h=t.a,t.b"),
    "whole row kept": (
        "SELECT q.r.a AS n FROM (SELECT r FROM (SELECT a, b FROM t) AS r) AS q", "n=t.a"),
    "column that hides a row": ("SELECT c.a FROM (SELECT a FROM t) AS c", "a=t.a"),
    "macro": ("SELECT add_up(a, b) AS n, main.add_up(q := id, p := 1) AS m FROM t",
              "n=t.a,t.b m=t.id"),
    "macro over a row": ("SELECT of_row(r) AS n FROM t AS r", "n=t.a,t.b"),
    "table macro": ("SELECT m.d FROM some_rows(3) AS m", "d=u.d"),
    "query_table": ("SELECT a FROM query_table('t')", "a=t.a"),
    "scalar subquery": (
        "SELECT a, (SELECT max(d) FROM u WHERE u.id = t.id) AS m FROM t", "a=t.a m=u.d"),
    "not exists": (
        "SELECT a, NOT EXISTS (FROM u WHERE u.id = t.b AND u.d > 4) AS e FROM t",
        "a=t.a e=t.b,u.d,u.id"),
    "in a subquery": ("SELECT a IN (SELECT d FROM u WHERE ab > 1) AS e FROM t", "e=t.a,u.d"),
    "columns by pattern": ("SELECT COLUMNS('^[ab]$') FROM t", "a=t.a b=t.b"),
    "columns by lambda": (
        "SELECT COLUMNS(lambda k: k LIKE 'a%') + d AS \"\\0\" FROM u", "ab=u.ab,u.d"),
    "columns by list": ("SELECT max(COLUMNS(['a', 'b'])) FROM t", "a=t.a b=t.b"),
    "columns without": ("SELECT COLUMNS(* EXCLUDE (s, l, c, ts)) + 1 FROM t", "a=t.a id=t.id"),
    "columns unpacked": (
        "SELECT coalesce(*COLUMNS(['a', 'b'])) AS n FROM t", "n=t.a,t.b"),
    "star like": ("SELECT * LIKE 'a%' FROM u", "ab=u.ab"),
    "star not like": ("SELECT * NOT LIKE '%d' FROM u", "ab=u.ab c=u.c ts=u.ts"),
    "values": ("SELECT v.n, t.a FROM t JOIN (VALUES (1, 'p'), (2, 'q')) v(m, n) ON t.a = v.m",
               "n= a=t.a"),
    "range": ("SELECT a, r FROM t, range(3) AS r", "a=t.a r="),
    "range of a column": ("SELECT id, w.i FROM t, range(t.a) AS w(i)", "id=t.id i=t.a"),
    "generate_series": (
        "SELECT unnest(generate_series((SELECT min(a) FROM t), (SELECT max(b) FROM t))) AS n",
        "n=t.a,t.b"),
    "union by name": (
        "SELECT a, b AS n FROM t UNION ALL BY NAME SELECT d AS n, ab AS m FROM u",
        "a=t.a n=t.b,u.d m=u.ab"),
    "except": ("SELECT a FROM t EXCEPT SELECT ab FROM u", "a=t.a"),
    "intersect": ("(SELECT a FROM t) INTERSECT SELECT ab FROM u ORDER BY a LIMIT 3", "a=t.a"),
    "recursive": (
        "WITH RECURSIVE r(n, m) AS (SELECT a, 1 FROM t UNION ALL SELECT m + 1, n FROM r WHERE n < 9"
        " AND m < 9) SELECT n, m FROM r", "n=t.a m=t.a"),
    "with columns": ("WITH r(x, y) AS MATERIALIZED (SELECT a, b FROM t) SELECT y FROM r", "y=t.b"),
    "with that hides a table": ("WITH u AS (SELECT a AS d FROM t) SELECT d FROM u", "d=t.a"),
    "with inside of with": (
        "WITH p AS (WITH q AS (SELECT a FROM t) SELECT a + 1 AS n FROM q) SELECT n FROM p",
        "n=t.a"),
    "distinct on": ("SELECT DISTINCT ON (c) c, a FROM t ORDER BY c, ts DESC", "c=t.c a=t.a"),
    "limit": ("SELECT a AS x FROM t ORDER BY b, id LIMIT 4", "x=t.a"),
    "arg_max": ("SELECT arg_max(a, (b, id)) AS n FROM t", "n=t.a,t.b,t.id"),
    "ordered aggregate": (
        "SELECT list(a ORDER BY b DESC, id) FILTER (WHERE c > 'k0') AS n FROM t",
        "n=t.a,t.b,t.c,t.id"),
    "grouping sets": (
        "SELECT c, a, sum(b) AS n FROM t GROUP BY GROUPING SETS ((c), (a))", "c=t.c a=t.a n=t.b"),
    "positions": ("SELECT c, sum(a) AS n FROM t GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 2",
                  "c=t.c n=t.a"),
    "case": ("SELECT CASE a WHEN 1 THEN b ELSE id END AS n FROM t", "n=t.a,t.b,t.id"),
    "quoted names": ('SELECT "two words" + 1 AS "a.b" FROM (SELECT a AS "two words" FROM t)',
                     "a.b=t.a"),
    "case of names": ("SELECT A + T.B AS N FROM T", "N=t.a,t.b"),
    "qualified with the schema": ("SELECT main.t.a, memory.main.t.b FROM main.t", "a=t.a b=t.b"),
    "items without names": (
        "SELECT sum(a), count(*), CAST(max(b) AS BIGINT) FROM t",
        "sum(a)=t.a count_star()= CAST(max(b) AS BIGINT)=t.b"),
    "names of subqueries' items": (
        'SELECT "sum(a)" + 1 AS n FROM (SELECT sum(a) FROM t)', "n=t.a"),
    "sample": ("SELECT a FROM t USING SAMPLE 100%", "a=t.a"),
    "interval": ("SELECT ts + INTERVAL (a) DAY AS n, date_trunc('week', ts) AS w FROM t",
                 "n=t.a,t.ts w=t.ts"),
    "exclude without brackets": ("SELECT t.* EXCLUDE a, b AS k FROM t", "id=t.id k=t.b"),
    "both keys of using": (
        "SELECT t.id AS x, u.id AS y FROM t JOIN u USING (id)", "x=t.id y=u.id"),
    "rank that filters": (
        "SELECT a FROM (SELECT a, rank() OVER (ORDER BY b) AS r FROM t) WHERE r < 3", "a=t.a"),
    "columns of an alias": ("SELECT q, p FROM (SELECT a, b FROM t) v(p, q)", "q=t.b p=t.a"),
    "columns of a table's alias": ("SELECT p, q, b FROM t AS x(p, q)", "p=t.id q=t.a b=t.b"),
    "tuples in a subquery": (
        "SELECT (a, b) IN (SELECT d, ab FROM u) AS e FROM t", "e=t.a,t.b,u.ab,u.d"),
    "all of a subquery": ("SELECT a > ALL (SELECT d FROM u WHERE ab > 2) AS e FROM t", "e=t.a,u.d"),
    "array of a subquery": (
        "SELECT ARRAY(SELECT d FROM u WHERE u.id = t.id) AS e FROM t", "e=u.d"),
    "maps": ("SELECT MAP {c: a}[c] AS e FROM t", "e=t.a,t.c"),
    "alias that is a column too": ("SELECT s.x AS e FROM t AS s", "e=t.s"),
    "json": ("SELECT to_json(s)->'$.y'->>'z' AS e FROM t", "e=t.s"),
    "order by all": ("SELECT a, b FROM t ORDER BY ALL LIMIT 3", "a=t.a b=t.b"),
    "left join lateral": (
        "SELECT t.a, v.n FROM t LEFT JOIN LATERAL (SELECT d + t.b AS n FROM u WHERE u.id = t.id) v"
        " ON true", "a=t.a n=t.b,u.d"),
    "any of a list": ("SELECT a = ANY(l) AS e FROM t", "e=t.a,t.l"),
    "counted tuples": ("SELECT count(DISTINCT (a, b)) AS n FROM t", "n=t.a,t.b"),
    "range frame": (
        "SELECT sum(a) OVER (PARTITION BY c ORDER BY ts RANGE BETWEEN INTERVAL (b) DAY PRECEDING"
        " AND CURRENT ROW) AS n FROM t", "n=t.a,t.b,t.c,t.ts"),
    "union, limit": ("SELECT a FROM t UNION SELECT ab FROM u ORDER BY 1 LIMIT 4", "a=t.a,u.ab"),
    "recursive unnest of a list": ("SELECT unnest([s, s], recursive := true) FROM t", "z=t.s"),
    "row given out": ("WITH m AS (SELECT r FROM (SELECT a, b FROM t) r) SELECT r.b AS n FROM m",
                      "n=t.b"),
    "columns in an aggregate": (
        "SELECT c, sum(COLUMNS(* EXCLUDE (c, s, l, ts))) FROM t GROUP BY c", "c=t.c a=t.a"),
    "struct functions": (
        "SELECT struct_extract(s, 'x') AS x, struct_insert(s, k := a) AS y, s.y['z'] AS z FROM t",
        "x=t.s y=t.a,t.s z=t.s"),
    "pivot on an expression": (
        "SELECT * FROM (PIVOT t ON c || 'x' USING max(b) GROUP BY a)", "a=t.a k0x=t.b,t.c"),
    "pivot on two columns": (
        "PIVOT (SELECT id % 2 AS g, c, a FROM t) ON c, g USING sum(a)", "k0_0=t.a,t.c,t.id"),
    "subquery in a join": (
        "SELECT a, d FROM t LEFT JOIN u ON t.id = u.id AND u.d > (SELECT avg(b) FROM t)",
        "a=t.a d=u.d"),
    "having": ("SELECT c FROM t GROUP BY c HAVING sum(a) > (SELECT min(d) FROM u)", "c=t.c"),
    "having an alias": ("SELECT c, sum(a) AS n FROM t GROUP BY c HAVING n > 3", "c=t.c n=t.a"),
    "semicolon and comments": ("SELECT a -- a, not b\n  /* c */ + 1 AS n FROM t;", "n=t.a"),
    "aggregate of an aggregate": (
        "SELECT c, sum(sum(a)) OVER (ORDER BY c) AS n FROM t GROUP BY c", "c=t.c n=t.a,t.c"),
    "macro with a default": ("SELECT scaled(a) AS n, scaled(a, by_ := b) AS m FROM t",
                             "n=t.a m=t.a,t.b"),
    "column after from": ("SELECT #2 AS n FROM t", "n=t.a"),
    "values in a subquery": (
        "SELECT (SELECT v.q FROM (VALUES (t.a, t.b)) v(p, q)) AS n FROM t", "n=t.b"),
    "unnest in an expression": ("SELECT unnest(l) + a AS n FROM t", "n=t.a,t.l"),
    "unnest in a subquery": (
        "SELECT id, (SELECT sum(e) FROM unnest(l) AS w(e)) AS n FROM t", "id=t.id n=t.l"),
    "table in brackets": ("SELECT a FROM (FROM t) AS k", "a=t.a"),
    "two lists side by side": (
        "SELECT unnest(l) AS e, unnest([a, b]) AS f FROM t", "e=t.l f=t.a,t.b"),
    "not distinct from": ("SELECT a IS NOT DISTINCT FROM b AS e FROM t", "e=t.a,t.b"),
    "exists around a union": (
        "SELECT EXISTS (SELECT 1 FROM u WHERE d = a UNION ALL SELECT 1 FROM u WHERE ab = b) AS e"
        " FROM t", "e=t.a,t.b,u.ab,u.d"),
    "correlated twice": (
        "SELECT (SELECT count(*) FROM u WHERE u.id = t.a AND EXISTS (FROM t AS k WHERE k.id = u.d"
        " AND k.b = t.b)) AS n FROM t", "n="),
}  # fmt: skip


FOUND = {}
"""Lineage by SELECT: three tests ask for it."""


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as con:
        con.execute(TABLES)
        yield con


def project_of(nodes, path=Path()):
    """A project of nodes alone, over sources t and u."""
    place = Place("models/_sources.yml", 1)
    sources = {("raw", name): Source("raw", name, name, place) for name in ("t", "u")}
    return Project("p", path, "main", {n.name: n for n in nodes}, {}, {}, sources=sources)


def node(name, sql, kind="view", **more):
    lines = tuple(Place(f"models/{name}.sql", i + 1) for i in range(sql.count("\n") + 1))
    return Node(name, f"models/{name}.sql", kind, sql, lines=lines, **more)


def expected(text):
    """``a=t.a,t.b c=`` -> columns and the raw columns they are made of."""
    found, words = {}, []
    for word in text.split(" "):
        words.append(word)
        if "=" in word:
            name, _, values = " ".join(words).partition("=")
            found[name] = {v for v in values.split(",") if v}
            words = []
    return found


def lineage_of(con, sql):
    """Column -> its values, and its values and filters."""
    project = project_of([node("m", sql)])
    files = Files(Catalog(con, project), project)
    found = {}
    for out in files.relation("m").columns:
        tree = Upstream(files, training=False).of(project.nodes["m"], out.name)
        assert not tree.lost, tree.lost
        values = {f"{t}.{c}" for t, c in tree.raw}
        filters = Filters(files).of(project.nodes["m"], out.name, tree.raw)
        found[out.name] = (values, values | {f"{f.table}.{f.column}" for f in filters})
    return found


@pytest.mark.parametrize("case", CASES)
def test_values_are_those_worked_out_by_hand(con, case):
    sql, told = CASES[case]
    found = with_names(con, sql)
    for name, values in expected(told).items():
        assert found[name][0] == values, name


def with_names(con, sql):
    """The lineage of a SELECT that is a view, so that DuckDB can name what has no name."""
    if sql not in FOUND:
        con.execute(f"CREATE OR REPLACE TABLE m AS {sql}")
        FOUND[sql] = lineage_of(con, sql)
        con.execute("DROP TABLE m")
    return FOUND[sql]


@pytest.mark.parametrize("case", CASES)
def test_columns_are_those_that_duckdb_makes(con, case):
    sql, _ = CASES[case]
    con.execute(f"CREATE OR REPLACE TEMP TABLE made AS {sql}")
    names = [row[0] for row in con.execute("DESCRIBE made").fetchall()]
    assert list(with_names(con, sql)) == names


@pytest.fixture(scope="module")
def before(con):
    """What every SELECT answers as the tables are."""
    return {case: answer(con, CASES[case][0]) for case in CASES}


@pytest.mark.parametrize("raw", CHANGES)
def test_what_changes_with_a_raw_column_has_it_in_its_lineage(con, before, raw):
    """The values of one raw column are changed, and every SELECT is run again."""
    table, column = raw.split(".")
    con.execute(f"ALTER TABLE {table} RENAME TO kept")
    con.execute(f"CREATE TABLE {table} AS SELECT * REPLACE ({CHANGES[raw]} AS {column}) FROM kept")
    try:
        after = {case: answer(con, CASES[case][0]) for case in CASES}
    finally:
        con.execute(f"DROP TABLE {table}; ALTER TABLE kept RENAME TO {table}")
    changed = {
        (case, name)
        for case, columns in before.items()
        for name in columns
        if after[case].get(name) != columns[name]
    }
    assert changed
    found = {case: with_names(con, CASES[case][0]) for case in CASES}
    assert not {(case, name) for case, name in changed if raw not in found[case][name][1]}


def answer(con, sql):
    """Column -> its values, sorted, as text."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE made AS {sql}")
    result = con.execute("FROM made")
    names = [d[0] for d in result.description]
    columns = zip(*result.fetchall(), strict=True)
    return {n: sorted(map(str, c)) for n, c in zip(names, columns, strict=False)}
