"""TRANSFORM: frozen statistics, kept as SQL, the same in training, ML.TRANSFORM and the scores."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import retailsql
from retailsql.errors import StatementError, TrainingError
from retailsql.functions.steps import features_made, inlined
from retailsql.registry import store
from retailsql.registry.names import resolve
from retailsql.signature import Signature
from retailsql.training.transform.references import read_expression, scope_of

ROWS = """
CREATE TABLE t AS SELECT i AS id, i % 10 AS a,
    CASE WHEN i % 7 = 0 THEN NULL ELSE i * 37 % 101 END AS b,
    ['x', 'y', 'z'][1 + i % 3] AS c, DATE '2024-01-01' + CAST(i % 300 AS INTEGER) AS d,
    {'p': i % 5, 'q': ['u', 'v'][1 + i % 2]} AS s, [i % 3, i % 4] AS l,
    CASE WHEN i % 11 > 0 THEN [['r', 'g'][1 + i % 2], 'k'] END AS tags,
    [{'index': i % 4, 'value': 2.0}] AS sparse,
    (i % 10) * 2.0 + CASE WHEN i % 3 = 0 THEN 10 ELSE 0 END + i % 5 AS y
FROM range(200) r(i)
"""
CLAUSE = """
    ML.STANDARD_SCALER(a) OVER () AS a_scaled,
    ML.BUCKETIZE(ML.IMPUTER(b, 'median') OVER (), [20, 60]) AS bucket,
    ML.STANDARD_SCALER(ML.IMPUTER(b, 'mean') OVER ()) OVER () AS b_scaled,
    ML.QUANTILE_BUCKETIZE(b, 4) OVER () AS quarter,
    ML.ONE_HOT_ENCODER(c) OVER () AS hot,
    ML.LABEL_ENCODER(c, 2, 1) OVER () AS code,
    ML.FEATURE_CROSS(STRUCT(c, s.q AS q)) AS crossed,
    ML.POLYNOMIAL_EXPAND(STRUCT(a, s.p AS p)) AS poly,
    ML.HASH_BUCKETIZE(c, 7) AS hashed,
    extract(month FROM d) AS mon, upper(s.q) AS q, coalesce(list_sum(l), 0) AS total,
    y
"""
LINEAR = "OPTIONS(model_type = 'linear_reg', input_label_cols = ['y'])"


def create(con, clause, options=LINEAR, query="SELECT * EXCLUDE (id) FROM t", name="m"):
    return con.execute(
        f"CREATE OR REPLACE MODEL {name} TRANSFORM({clause}) {options} AS {query}"
    ).fetchall()


def stored(con, name="m") -> Signature:
    return store.find(con.connection, resolve(con.connection, name)).signature


def fetch(con, sql):
    return con.sql(sql).fetchall()


@pytest.fixture(scope="module")
def shop():
    """A session with model m over table t."""
    with retailsql.connect() as con:
        con.execute(ROWS)
        create(con, CLAUSE)
        yield con


def test_scoring_takes_raw_columns_in_every_form(shop):
    """Row, named arguments, table and ML.PREDICT agree."""
    row = fetch(shop, "SELECT id, m_predict(t) FROM t ORDER BY id")
    named = "m_predict(a := a, b := b, c := c, d := d, s := s, l := l)"
    assert fetch(shop, f"SELECT id, {named} FROM t ORDER BY id") == row
    assert fetch(shop, "SELECT id, predicted_y FROM m_predict('t') ORDER BY id") == row
    predicted = "SELECT id, predicted_y FROM ML.PREDICT(MODEL m, TABLE t) ORDER BY id"
    assert fetch(shop, predicted) == row
    assert {f.name for f in stored(shop).inputs} == {"a", "b", "c", "d", "s", "l"}


def test_ml_transform_has_the_columns_of_the_clause(shop):
    """In its order, of the types DuckDB gives its expressions; the label if the rows have it."""
    got = shop.sql("SELECT * FROM ML.TRANSFORM(MODEL m, TABLE t)")
    wanted = ["a_scaled", "bucket", "b_scaled", "quarter", "hot", "code", "crossed", "poly",
              "hashed", "mon", "q", "total", "y"]  # fmt: skip
    assert got.columns == wanted
    types = dict(zip(got.columns, map(str, got.types), strict=True))
    assert types["hot"] == 'STRUCT("index" BIGINT, "value" DOUBLE)[]'
    assert types["crossed"] == "STRUCT(c_q VARCHAR)"
    assert types["poly"] == "STRUCT(a DOUBLE, a_a DOUBLE, a_p DOUBLE, p DOUBLE, p_p DOUBLE)"
    assert (types["bucket"], types["code"], types["mon"]) == ("VARCHAR", "BIGINT", "BIGINT")
    without = shop.sql("SELECT * FROM ML.TRANSFORM(MODEL m, (SELECT * EXCLUDE (y) FROM t))")
    assert without.columns == wanted[:-1]


def test_the_frozen_functions_equal_those_alone_in_a_select(shop):
    """Over the very rows of training."""
    alone = fetch(
        shop,
        """
        SELECT ML.STANDARD_SCALER(a) OVER () AS a_scaled, ML.QUANTILE_BUCKETIZE(b, 4) OVER (),
            ML.ONE_HOT_ENCODER(c) OVER (), ML.LABEL_ENCODER(c, 2, 1) OVER (),
            ML.HASH_BUCKETIZE(c, 7) FROM t ORDER BY id""",
    )
    frozen = fetch(
        shop,
        """
        SELECT a_scaled, quarter, hot, code, hashed
        FROM ML.TRANSFORM(MODEL m, (SELECT * FROM t ORDER BY id))""",
    )
    assert [r[1:] for r in frozen] == [r[1:] for r in alone]
    assert [r[0] for r in frozen] == pytest.approx([r[0] for r in alone], abs=1e-12)


def hidden_arguments(con, table="t") -> str:
    """SQL of what the hidden function of model m gets."""
    signature = stored(con)
    made = features_made(signature, lambda name: f'r."{name}"')
    packed = made.around(f"[{', '.join(f'CAST({c} AS VARCHAR)' for c in made.columns)}]")
    return f"SELECT r.id, {packed} FROM {table} AS r ORDER BY r.id"


def test_the_hidden_function_gets_what_ml_transform_shows(shop):
    """Nested columns taken apart, everything else as it is."""
    names = [f.name for f in stored(shop).features]
    plain = ["a_scaled", "bucket", "b_scaled", "quarter", "code", "hashed", "mon", "q", "total"]
    got = fetch(shop, hidden_arguments(shop))
    shown = fetch(shop, f"SELECT {', '.join(f'CAST({n} AS VARCHAR)' for n in plain)}, hot, poly "
                        "FROM ML.TRANSFORM(MODEL m, (SELECT * FROM t ORDER BY id))")  # fmt: skip
    for (_, values), row in zip(got, shown, strict=True):
        value = dict(zip(names, values, strict=True))
        assert [value[n] for n in plain] == list(row[: len(plain)])
        assert {i: float(value[f"hot_{i}"]) for i in (1, 2, 3)} == {
            i: float(i == row[-2][0]["index"]) for i in (1, 2, 3)
        }
        assert {k: float(value[f"poly_{k}"]) for k in row[-1]} == row[-1]


def test_the_statistics_do_not_move(shop):
    """Rows in another order, some of them, or beside new ones: each row's values stay."""
    before = dict(fetch(shop, hidden_arguments(shop)))
    shop.execute("CREATE TABLE more AS SELECT * FROM t ORDER BY hash(id)")
    shop.execute(
        "INSERT INTO more SELECT id + 1000, 1e6, 1e6, 'new', d, s, l, tags, sparse, y FROM t"
    )
    after = dict(fetch(shop, hidden_arguments(shop, "more")))
    some = dict(fetch(shop, hidden_arguments(shop, "(SELECT * FROM t WHERE id % 9 = 0)")))
    assert {i: after[i] for i in before} == before
    assert some == {i: before[i] for i in some}
    scores = "SELECT id, m_predict(x) FROM {} AS x WHERE id < 1000 ORDER BY id"
    assert fetch(shop, scores.format("more")) == fetch(shop, scores.format("t"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(-(10**6), 10**6) | st.none(),
    st.floats(-1e6, 1e6) | st.none(),
    st.sampled_from(["x", "y", "z", "", "new", "o'clock", None]),
    st.lists(st.integers(-9, 9), min_size=2, max_size=2) | st.none(),
)
def test_any_row_is_transformed_the_same_alone_and_in_a_table(shop, a, b, c, items):
    """The row form's values are ML.TRANSFORM's, whatever the values; NULL where all are NULL."""
    values = [a, b, c, None, None, items]
    row = (
        "SELECT CAST(? AS BIGINT) AS a, CAST(? AS DOUBLE) AS b, CAST(? AS VARCHAR) AS c, "
        "CAST(? AS DATE) AS d, CAST(? AS STRUCT(p BIGINT, q VARCHAR)) AS s, "
        "CAST(? AS BIGINT[]) AS l"
    )
    alone = shop.execute(f"SELECT * FROM ML.TRANSFORM(MODEL m, ({row}))", values).fetchall()
    signature = stored(shop)
    whole = inlined(signature, lambda name: f'r."{name}"')
    names = [n for n, made in signature.options["transform"] if made]
    rows = f"SELECT a, b, c, d, s, l FROM t UNION ALL {row}"
    both = f"SELECT {', '.join(whole[n] for n in names)} FROM ({rows}) AS r"
    assert alone[0] in shop.execute(both, values).fetchall()
    score = shop.execute(f"SELECT m_predict(r) FROM ({row}) AS r", values).fetchall()[0][0]
    assert (score is None) == all(v is None for v in values)


def test_another_process_scores_the_same(tmp_path):
    """From the file alone, in a plain DuckDB connection after attach."""
    path = tmp_path / "shop.duckdb"
    with retailsql.connect(path) as con:
        con.execute(ROWS)
        create(con, CLAUSE)
        wanted = repr(fetch(con, "SELECT id, m_predict(t) FROM t ORDER BY id"))
    code = (
        "import duckdb, retailsql, sys; con = retailsql.attach(duckdb.connect(sys.argv[1], "
        "read_only=True)); print(con.sql('SELECT id, m_predict(t) FROM t ORDER BY id').fetchall())"
        "; con.close()"
    )
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    assert run.stdout.strip() == wanted, run.stderr


def test_equal_rows_give_an_equal_model(con):
    """Also where several threads add them up, in an order of chance."""
    con.execute(
        "SET threads = 2; CREATE TABLE t AS "
        "SELECT hash(i) % 1000 / 7.0 AS x, hash(i + 1) % 13 AS k FROM range(300000) r(i)"
    )
    found = set()
    for _ in range(4):
        create(
            con, "ML.STANDARD_SCALER(x) OVER () AS x, ML.ROBUST_SCALER(k) OVER () AS k",
            "OPTIONS(model_type = 'transform_only')", "SELECT * FROM t",
        )  # fmt: skip
        found.add(store.find(con.connection, resolve(con.connection, "m")).content_hash)
    assert len(found) == 1


# --- what may stand in the list


@pytest.mark.parametrize(
    ("clause", "columns"),
    [
        ("* EXCEPT (b, s)", ["a", "y"]),
        ("* EXCLUDE b", ["a", "s", "y"]),
        ("* REPLACE (a + 1 AS a)", ["a", "b", "s", "y"]),
        ("s.*, y", ["p", "q", "y"]),
        ("s.p, A, a * 2 twice, y,", ["p", "a", "twice", "y"]),
        ('list_transform([a, b], lambda v: v + a)[1] AS "Über ""x""", \'a\' || b AS txt, y',
         ['Über "x"', "txt", "y"]),
        ("CASE WHEN a > 3 THEN s.p ELSE -1 END AS k, {'a': b}.a AS w, y", ["k", "w", "y"]),
    ],
)  # fmt: skip
def test_the_list_is_read_as_a_select_list(con, clause, columns):
    """Stars, struct fields, aliases, quoted names, lambdas, words that look like columns."""
    columns_of_t = "i AS a, i % 3 AS b, {'p': i, 'q': i % 2} AS s, i * 2 AS y"
    con.execute(f"CREATE TABLE t AS SELECT {columns_of_t} FROM range(40) r(i)")
    create(con, clause, query="SELECT * FROM t")
    got = con.sql("SELECT * FROM ML.TRANSFORM(MODEL m, TABLE t)")
    assert got.columns == columns
    assert len(fetch(con, "SELECT m_predict(t) FROM t")) == 40


def test_a_sum_in_brackets_stays_one(con):
    """What stands around an expression cannot change what belongs together."""
    con.execute("CREATE TABLE t AS SELECT i AS a, i % 3 AS b, i * 2 AS y FROM range(40) r(i)")
    create(con, "a + b AS c, y", query="SELECT * FROM t")
    assert fetch(con, "SELECT c FROM ML.TRANSFORM(MODEL m, (SELECT 3 AS a, 4 AS b))") == [(7,)]


def test_references_are_told_from_everything_that_looks_like_them(con):
    """A text, an alias, a field, a lambda's parameter and a type are no columns."""
    scope = scope_of(con.connection, ["A", "date", 'we"ird', "s"])
    text = (
        '\'a\' || CAST("date" AS DATE) || list_transform([1], lambda x: x + s.a) || "we""ird" || a'
    )
    read = read_expression(scope, text)
    assert [(text[p.start : p.stop], p.column) for p in read.places] == [
        ('"date"', "date"), ("s", "s"), ('"we""ird"', 'we"ird'), ("a", "A"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("clause", "words"),
    [
        ("random() AS r, y", "the function random"),
        ("now() AS r, y", "the function now"),
        ("current_date - d AS r, y", "current_date"),
        ("nextval('q') AS r, y", "the function nextval"),
        ("sum(a) AS r, y", "aggregate function sum"),
        ("avg(a) OVER () AS r, y", "window function"),
        ("(SELECT max(a) FROM t) AS r, y", "subquery"),
        ("mine(a) AS r, y", "mine, which is no built-in"),
        ("? AS r, y", "parameter"),
        ("a + b, y", "has no name"),
        ("aa AS r, y", "column 'aa'"),
        ("* EXCEPT (zz)", "column 'zz'"),
        ("y + 1 AS y, a", "changes column 'y'"),
        ("a AS y, b", "changes column 'y'"),
        ("a", "leaves out column 'y'"),
        ("1 AS one, y", "reads no column"),
        ("a.* , y", "no struct column"),
        ("list_transform([1], lambda a: a) AS k, y", "give the parameter another name"),
        ("upper(a, b) AS u, y", "TRANSFORM cannot be computed"),
        ("a b c, y", "no expression"),
    ],
)  # fmt: skip
def test_what_is_no_function_of_its_row_is_refused(con, clause, words):
    """A score may not depend on the clock, on chance or on other rows; the label stays as it is."""
    con.execute(ROWS)
    con.execute("CREATE MACRO mine(x) AS x; CREATE SEQUENCE q")
    with pytest.raises(TrainingError) as caught:
        create(con, clause)
    assert words in str(caught.value)
    assert fetch(con, "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '__rs%'") == [
        (0,)
    ]


def test_a_model_that_is_no_function_of_a_row_takes_no_transform(con):
    """Forecasters and recommenders."""
    con.execute(ROWS)
    with pytest.raises(TrainingError, match="TRANSFORM is not for model_type ITEM_KNN"):
        create(con, "a, c", "OPTIONS(model_type = 'item_knn', user_col = 'a', item_col = 'c')")


def test_ml_transform_of_a_model_without_one_is_an_error(con):
    """With the place and the way to get one."""
    con.execute(ROWS)
    con.execute(f"CREATE MODEL plain {LINEAR} AS SELECT a, c, y FROM t")
    with pytest.raises(StatementError, match=r"'plain' has no TRANSFORM at line 1, column 15"):
        con.sql("SELECT * FROM ML.TRANSFORM(MODEL plain, TABLE t)")


def test_a_missing_raw_column_is_named(shop):
    """Not the column that TRANSFORM makes of it."""
    with pytest.raises(retailsql.errors.SignatureError, match="needs a column 'c'"):
        shop.execute("SELECT m_predict(x) FROM (SELECT * EXCLUDE (c) FROM t) AS x")


# --- TRANSFORM_ONLY


def test_transform_only_is_its_transform(con):
    """Row, named and table form, no label, nested columns stay; versions follow each other."""
    con.execute(ROWS)
    clause = "ML.MIN_MAX_SCALER(a) OVER () AS a, c, l, ML.NGRAMS([c, c], 2) AS grams, y"
    only = "OPTIONS(model_type = 'transform_only')"
    create(con, clause, only, name="f")
    create(con, clause, only, name="f")
    row = fetch(con, "SELECT f_transform(t) FROM t ORDER BY id LIMIT 1")[0][0]
    assert row == {"a": 0.0, "c": "x", "l": [0, 0], "grams": ["x x"], "y": row["y"]}
    table = con.sql("FROM f_transform('t')")
    assert table.columns == ["a", "c", "l", "grams", "y"]
    same = "SELECT * FROM ML.TRANSFORM(MODEL f, TABLE t)"
    assert fetch(con, same) == table.fetchall()
    named = "SELECT f_transform(a := 9, c := 'k', l := [1], y := 1).a"
    assert fetch(con, named) == [(1.0,)]
    con.execute(
        f"CREATE MODEL after {LINEAR} AS SELECT * EXCLUDE (l) FROM ML.TRANSFORM(MODEL f, TABLE t)"
    )
    assert len(fetch(con, "SELECT * FROM ML.PREDICT(MODEL after, (SELECT * FROM ML.TRANSFORM("
                          "MODEL f, TABLE t)))")) == 200  # fmt: skip
    con.execute("ALTER MODEL f ROLLBACK; DROP MODEL f")
    assert fetch(
        con, "SELECT count(*) FROM duckdb_functions() WHERE function_name = 'f_transform'"
    ) == [(0,)]


def test_transform_only_without_transform_is_an_error(con):
    """There would be nothing in it."""
    con.execute(ROWS)
    with pytest.raises(TrainingError, match="is its TRANSFORM"):
        con.execute("CREATE MODEL f OPTIONS(model_type = 'transform_only') AS SELECT a FROM t")


# --- nested columns without TRANSFORM


def test_nested_columns_become_features_by_themselves(con):
    """STRUCT, ARRAY of numbers, of texts, of (index, value) pairs; scoring takes them whole."""
    con.execute(ROWS)
    con.execute(f"CREATE MODEL m {LINEAR} AS SELECT s, l, tags, sparse, a, y FROM t")
    names = [f.name for f in stored(con).features]
    assert names == [
        "s_p", "s_q", "l_1", "l_2", "tags_g", "tags_k", "tags_r", "tags_null",
        "sparse_0", "sparse_1", "sparse_2", "sparse_3", "a",
    ]  # fmt: skip
    values = dict(fetch(con, hidden_arguments(con)))
    assert values[0] == ["0", "u", "0.0", "0.0", "0.0", "0.0", "0.0", "1.0",
                         "2.0", "0.0", "0.0", "0.0", "0"]  # fmt: skip
    assert values[1][4:8] == ["1.0", "1.0", "0.0", "0.0"]
    assert len(fetch(con, "SELECT m_predict(t) FROM t WHERE m_predict(t) IS NOT NULL")) == 200
    new = "SELECT m_predict(s := {'p': 1, 'q': 'new'}, l := NULL, tags := ['new', NULL], " \
          "sparse := [{'index': 77, 'value': 1.0}], a := NULL)"  # fmt: skip
    assert fetch(con, new)[0][0] is not None
    nothing = "SELECT m_predict(s := NULL, l := NULL, tags := NULL, sparse := NULL, a := NULL)"
    assert fetch(con, nothing) == [(None,)]


def test_arrays_of_different_lengths_are_refused_with_the_lengths(con):
    """In training, and at scoring against the trained length."""
    con.execute(ROWS)
    with pytest.raises(TrainingError, match="'v' are not equally long. Seen: lengths 1, 2, 3"):
        con.execute(f"CREATE MODEL m {LINEAR} AS SELECT range(1 + id % 3) AS v, y FROM t")
    con.execute(f"CREATE MODEL m {LINEAR} AS SELECT l, y FROM t")
    with pytest.raises(Exception, match="'l' is an array of another length.* Seen: 1. Wanted: 2"):
        con.execute("SELECT m_predict(x) FROM (SELECT [1] AS l) AS x").fetchall()


def test_a_nested_column_learns_what_its_parts_would(con):
    """The same predictions as from the parts selected by hand."""
    con.execute(ROWS)
    con.execute(f"CREATE MODEL m {LINEAR} AS SELECT s, l, y FROM t")
    con.execute(
        f"CREATE MODEL n {LINEAR} AS "
        "SELECT s.p AS s_p, s.q AS s_q, l[1] AS l_1, l[2] AS l_2, y FROM t"
    )
    a = [r[0] for r in fetch(con, "SELECT m_predict(t) FROM t")]
    parts = "(SELECT s.p AS s_p, s.q AS s_q, l[1] AS l_1, l[2] AS l_2 FROM t)"
    b = [r[0] for r in fetch(con, f"SELECT n_predict(x) FROM {parts} AS x")]
    assert a == pytest.approx(b, abs=1e-5)


def test_training_in_a_transaction_leaves_nothing_behind(con):
    """Neither the model nor the temporary rows, after ROLLBACK."""
    con.execute(ROWS)
    con.begin()
    create(con, "ML.HASH_BUCKETIZE(c, 5) AS h, a, y")
    assert fetch(con, "SELECT count(m_predict(t)) FROM t") == [(200,)]
    con.rollback()
    assert fetch(con, "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '__rs%'") == [
        (0,)
    ]


def test_models_of_other_kinds_transform_too(con):
    """KMEANS and PCA: all columns are features, one called label too."""
    con.execute(ROWS)
    clause = "ML.STANDARD_SCALER(a) OVER () AS label, ML.ONE_HOT_ENCODER(c) OVER () AS hot"
    create(con, clause, "OPTIONS(model_type = 'kmeans', num_clusters = 2)")
    assert {f.name for f in stored(con).features} == {"label", "hot_1", "hot_2", "hot_3"}
    assert len(fetch(con, "SELECT * FROM ML.PREDICT(MODEL m, (SELECT a, c FROM t))")) == 200
