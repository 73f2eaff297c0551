"""The preprocessing functions alone in a SELECT: documented examples, edges, untouched text."""

from __future__ import annotations

import duckdb
import farmhash
import pytest

import retailsql
from retailsql.dialect.scalars.table import SCALARS
from retailsql.errors import StatementError
from retailsql.functions.farm_fingerprint import farm_fingerprint


@pytest.fixture(scope="module")
def con():
    with retailsql.connect() as session:
        yield session


def column(con, call: str, values: str) -> list[object]:
    """The results of a call over f, in the order of the values."""
    rows = f"SELECT f, i FROM (SELECT unnest({values}) AS f, generate_subscripts({values}, 1) AS i)"
    return [r[0] for r in con.sql(f"SELECT {call} FROM ({rows}) ORDER BY i").fetchall()]


def one(con, sql: str) -> object:
    return con.sql(f"SELECT {sql}").fetchall()[0][0]


@pytest.mark.parametrize(
    ("call", "values", "wanted"),
    [
        ("ML.STANDARD_SCALER(f) OVER ()", "[1, 2, 3, 4, 5]",
         [-1.2649110640673518, -0.6324555320336759, 0.0, 0.6324555320336759, 1.2649110640673518]),
        ("ML.MIN_MAX_SCALER(f) OVER()", "[1, 2, 3, 4, 5]", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("ML.MAX_ABS_SCALER(f) OVER ()", "[NULL, -3, 1, 2, 3, 4, 5]",
         [None, -0.6, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ("ML.ROBUST_SCALER(f) OVER ()", "[NULL, -3, 1, 2, 3, 4, 5]",
         [None, -1.6666666666666667, -0.3333333333333333, 0.0, 0.3333333333333333,
          0.6666666666666666, 1.0]),
        ("ML.IMPUTER(f, 'mean') OVER ()", "[NULL, -3, -3, -3, 1, 2, 3, 4, 5]",
         [0.75, -3.0, -3.0, -3.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        ("ML.IMPUTER(f, 'most_frequent') OVER ()",
         "[NULL, NULL, NULL, NULL, 'a', 'a', 'b', 'b', 'c', 'c', 'c']",
         ["c", "c", "c", "c", "a", "a", "b", "b", "c", "c", "c"]),
        ("ML.QUANTILE_BUCKETIZE(f, 3) OVER ()", "[1, 2, 3, 4, 5]",
         ["bin_1", "bin_2", "bin_2", "bin_3", "bin_3"]),
        ("ML.LABEL_ENCODER(f, 2, 2) OVER ()", "[NULL, 'a', 'b', 'b', 'c', 'c', 'c', 'd', 'd']",
         [0, 0, 1, 1, 2, 2, 2, 0, 0]),
        ("ML.HASH_BUCKETIZE(f, 3)", "['a', 'b', 'c', 'd']", [0, 1, 1, 2]),
    ],
)  # fmt: skip
def test_a_column_gives_what_the_reference_shows(con, call, values, wanted):
    """Values printed in Google's reference for these very inputs."""
    assert column(con, call, values) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        ("ML.BUCKETIZE(2.5, [1, 2, 3])", "bin_3"),
        ("ML.BUCKETIZE(2.5, [1, 2, 3], TRUE)", "bin_2"),
        ("ML.BUCKETIZE(2.5, [1, 2, 3], FALSE, 'bucket_ranges')", "[2, 3)"),
        ('ML.BUCKETIZE(2.5, [1, 2, 3], FALSE, "bucket_ranges_json")',
         '{"start": "2", "end": "3"}'),
        ("ML.FEATURE_CROSS(STRUCT('a' AS f1, 'b' AS f2, 'c' AS f3))",
         {"f1_f2": "a_b", "f1_f3": "a_c", "f2_f3": "b_c"}),
        ("ML.POLYNOMIAL_EXPAND(STRUCT(2 AS f1, 3 AS f2))",
         {"f1": 2.0, "f1_f1": 4.0, "f1_f2": 6.0, "f2": 3.0, "f2_f2": 9.0}),
        ("ML.NGRAMS(['a', 'b', 'c'], [2, 3], '#')", ["a#b", "a#b#c", "b#c"]),
        ("ML.NORMALIZER([4.0, 1.0, 2.0, 2.0, 0.0])", [0.8, 0.2, 0.4, 0.4, 0.0]),
    ],
)  # fmt: skip
def test_a_value_gives_what_the_reference_shows(con, call, wanted):
    """Order of the struct's fields and of the n-grams too."""
    got = one(con, call)
    assert got == wanted
    if isinstance(wanted, dict):
        assert list(got) == list(wanted)


def test_multi_hot_counts_a_category_once_an_array(con):
    """As in the reference: d stands twice, but in one array, so a and b come before it."""
    got = column(
        con, "ML.MULTI_HOT_ENCODER(f, 3, 1) OVER ()",
        "[['a', 'b', 'b', 'c', NULL], ['c', 'c', 'd', 'd', NULL]]",
    )  # fmt: skip
    assert [[p["index"] for p in row] for row in got] == [[1, 2, 3, 0], [3, 0]]
    assert {p["value"] for row in got for p in row} == {1.0}


def test_one_hot_drops_the_most_frequent_by_value(con):
    """Dummy encoding: the dropped category keeps its index and has the value 0."""
    values = "[NULL, 'a', 'b', 'b', 'c', 'c', 'c', 'd', 'd']"
    got = column(con, "ML.ONE_HOT_ENCODER(f, 'most_frequent', 3, 2) OVER ()", values)
    pairs = [(row[0]["index"], row[0]["value"]) for row in got]
    assert pairs == [(0, 1), (0, 1), (1, 1), (1, 1), (2, 0), (2, 0), (2, 0), (3, 1), (3, 1)]
    assert {len(row) for row in got} == {1}


def test_categories_seen_fewer_than_five_times_have_no_place_by_default(con):
    """frequency_threshold is 5 unless given."""
    values = "['a', 'a', 'a', 'a', 'a', 'b', 'b', 'b', 'b']"
    assert column(con, "ML.LABEL_ENCODER(f) OVER ()", values) == [1] * 5 + [0] * 4


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        ("ML.STANDARD_SCALER(f) OVER ()", [0.0, 0.0, None]),
        ("ML.MIN_MAX_SCALER(f) OVER ()", [0.0, 0.0, None]),
        ("ML.ROBUST_SCALER(f) OVER ()", [0.0, 0.0, None]),
        ("ML.MAX_ABS_SCALER(f) OVER ()", [1.0, 1.0, None]),
        ("ML.QUANTILE_BUCKETIZE(f, 4) OVER ()", ["bin_2", "bin_2", None]),
        ("ML.IMPUTER(f, 'median') OVER ()", [7.0, 7.0, 7.0]),
        ("ML.BUCKETIZE(f, [7])", ["bin_2", "bin_2", None]),
    ],
)
def test_a_constant_column_is_shifted_and_null_stays_null(con, call, wanted):
    """Nothing is divided by a spread of 0."""
    assert column(con, call, "[7, 7, NULL]") == wanted


def test_a_column_of_nulls_gives_nulls(con):
    """Every statistic is NULL, no error."""
    for name in ("STANDARD_SCALER", "MIN_MAX_SCALER", "MAX_ABS_SCALER", "ROBUST_SCALER"):
        call = f"ML.{name}(CAST(f AS DOUBLE)) OVER ()"
        assert column(con, call, "[NULL, NULL]") == [None, None]
    assert column(con, "ML.LABEL_ENCODER(f) OVER ()", "[NULL, NULL]") == [0, 0]


def test_quantile_ranges_name_open_ends(con):
    """As documented: -inf and +inf, and JSON's words for them."""
    ranges = column(con, "ML.QUANTILE_BUCKETIZE(f, 3, 'bucket_ranges') OVER ()", "[1, 2, 3, 4, 5]")
    assert ranges == ["(-inf, 2)", "[2, 4)", "[2, 4)", "[4, +inf)", "[4, +inf)"]
    jsons = column(con, "ML.QUANTILE_BUCKETIZE(f, 2, 'bucket_ranges_json') OVER ()", "[1.5, 2.5]")
    assert jsons == ['{"start": "1.5", "end": "Infinity"}'] * 2


def test_polynomial_of_degree_three_has_every_product_once(con):
    """(n + d)! / (n! d!) - 1 of them."""
    got = one(con, "ML.POLYNOMIAL_EXPAND(STRUCT(2 AS a, 3 AS b, 5 AS c), 3)")
    assert len(got) == 19
    assert (got["a_b_c"], got["a_a_b"], got["c_c_c"]) == (30.0, 12.0, 125.0)


def test_crosses_of_degree_three_hold_the_pairs_too(con):
    """No single features, none crossed with itself."""
    got = one(con, "ML.FEATURE_CROSS({'a': 'x', 'b': 'y', 'c': 'z'}, 3)")
    assert got == {"a_b": "x_y", "a_b_c": "x_y_z", "a_c": "x_z", "b_c": "y_z"}


@pytest.mark.parametrize(
    ("p", "wanted"),
    [("1", [0.25, -0.75]), ("0.0", [0.5, -1.5]), ("CAST('+INF' AS FLOAT64)", [1 / 3, -1.0])],
)
def test_normalizer_takes_every_norm_of_the_reference(con, p, wanted):
    """p is 0, from 1, or infinite."""
    assert one(con, f"ML.NORMALIZER([1, -3], {p})") == pytest.approx(wanted)


def test_a_zero_vector_stays_one(con):
    """Its norm is 0."""
    assert one(con, "ML.NORMALIZER([0.0, 0.0])") == [0.0, 0.0]


def test_calls_stand_inside_each_other_and_keep_the_text_around(con):
    """Only the call is replaced; strings and comments that look like one are not."""
    sql = """SELECT ML.BUCKETIZE(ML.IMPUTER(x, 'mean') OVER (), [1, 2]) AS b, -- ML.NGRAMS(1)
             'ML.NGRAMS(x)' AS s, "ML.NGRAMS(x)"
             FROM (VALUES (1, 0), (NULL, 0)) t(x, "ML.NGRAMS(x)")"""
    assert con.sql(sql).fetchall() == [("bin_2", "ML.NGRAMS(x)", 0)] * 2
    assert con.sql("SELECT list_transform([1, 5], lambda e: ML.BUCKETIZE(e, [2]))").fetchall() == [
        (["bin_1", "bin_2"],)
    ]


def test_the_statistics_are_of_the_whole_select(con):
    """OVER () with a WHERE: of the rows that are left, as any window."""
    sql = "SELECT ML.MIN_MAX_SCALER(x) OVER () FROM range(10) t(x) WHERE x < 3 ORDER BY x"
    assert [r[0] for r in con.sql(sql).fetchall()] == [0.0, 0.5, 1.0]


def test_a_function_of_the_users_own_stays_his():
    """Schema ml, with a function of that name."""
    with retailsql.connect() as con:
        con.execute("CREATE SCHEMA ml; CREATE MACRO ml.ngrams(x, n) AS 'mine'")
        assert con.sql("SELECT ml.ngrams(1, 2)").fetchall() == [("mine",)]
        assert con.sql("SELECT ML.BUCKETIZE(1, [2])").fetchall() == [("bin_1",)]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("ML.STANDARD_SCALER(1)", "write OVER"),
        ("ML.STANDARD_SCALER(1) OVER (PARTITION BY 1)", "leave OVER's brackets empty"),
        ("ML.BUCKETIZE(1, [2]) OVER ()", "own row only"),
        ("ML.STANDARD_SCALAR(1) OVER ()", "ML.STANDARD_SCALER"),
        ("ML.BUCKETIZE(1)", "wrong number of arguments"),
        ("ML.BUCKETIZE(1, [3, 2])", "array_split_points has a wrong value"),
        ("ML.BUCKETIZE(1, [3, x])", "is no literal"),
        ("ML.BUCKETIZE(1, [2], FALSE, 'names')", "'bucket_ranges'"),
        ("ML.QUANTILE_BUCKETIZE(1, 0) OVER ()", "whole number from 1"),
        ("ML.ROBUST_SCALER(1, [75, 25]) OVER ()", "quantile_range"),
        ("ML.IMPUTER(1, 'mode') OVER ()", "'most_frequent'"),
        ("ML.NORMALIZER([1], 0.5)", "p has a wrong value"),
        ("ML.ONE_HOT_ENCODER('a', 'none', 1000000) OVER ()", "999,999"),
        ("ML.HASH_BUCKETIZE('a', -1)", "hash_bucket_size"),
        ("ML.NGRAMS(['a'], [3, 2])", "range has a wrong value"),
        ("ML.FEATURE_CROSS(STRUCT('a' AS f1))", "two features"),
        ("ML.FEATURE_CROSS(STRUCT('a' AS f1, 'b' AS F1))", "stands twice"),
        ("ML.FEATURE_CROSS(STRUCT('a', 'b'))", "has no name"),
        ("ML.FEATURE_CROSS('a')", "no struct"),
        ("ML.POLYNOMIAL_EXPAND(STRUCT(1 AS a), 5)", "whole number from 1 to 4"),
        ("ML.STANDARD_SCALER(1 + ?) OVER ()", "Wanted: $1"),
        ("ML.STANDARD_SCALER(ML.IMPUTER(1, 'mean') OVER ()) OVER ()", "in a subquery"),
    ],
)
def test_a_wrong_call_says_what_is_right(con, sql, words):
    """With line and column."""
    with pytest.raises(StatementError, match=r"line 1, column \d+") as caught:
        con.sql(f"SELECT {sql}")
    assert words in str(caught.value)


def test_every_function_returns_the_type_it_names(con):
    """The table of functions against DuckDB's DESCRIBE."""
    calls = {
        "BUCKETIZE": "(1, [2])", "QUANTILE_BUCKETIZE": "(1, 2) OVER ()",
        "HASH_BUCKETIZE": "('a', 2)", "FEATURE_CROSS": "(STRUCT('a' AS f1, 'b' AS f2))",
        "POLYNOMIAL_EXPAND": "(STRUCT(1 AS f1))", "NGRAMS": "(['a'], 1)",
        "LABEL_ENCODER": "('a') OVER ()", "ONE_HOT_ENCODER": "('a') OVER ()",
        "MULTI_HOT_ENCODER": "(['a']) OVER ()", "STANDARD_SCALER": "(1) OVER ()",
        "MIN_MAX_SCALER": "(1) OVER ()", "MAX_ABS_SCALER": "(1) OVER ()",
        "ROBUST_SCALER": "(1) OVER ()", "NORMALIZER": "([1])", "IMPUTER": "(1, 'mean') OVER ()",
        "LP_NORM": "([1], 2)", "DISTANCE": "([1], [2])",
    }  # fmt: skip
    assert set(calls) == set(SCALARS)
    for name, arguments in calls.items():
        got = str(con.sql(f"SELECT ML.{name}{arguments}").types[0])
        wanted = SCALARS[name].returns.split(",")[0] if name == "IMPUTER" else SCALARS[name].returns
        assert got.startswith(wanted.split(", ...")[0].rstrip(")")), name


def test_fingerprints_equal_farmhash():
    """Of every length up to four blocks of 64 bytes, against the reference implementation."""
    for n in range(260):
        text = "".join(chr(33 + (i * i + n) % 500) for i in range(n))
        unsigned = farm_fingerprint(text) % 2**64
        assert unsigned == farmhash.fingerprint64(text), n


def test_hashing_works_in_a_plain_connection_that_is_attached():
    """The fingerprint is there wherever models are."""
    plain = duckdb.connect()
    retailsql.attach(plain)
    assert plain.sql("SELECT __rs_farm_fingerprint('a')").fetchall() == [(-5528939962900187677,)]
    plain.close()


def test_a_parameter_in_an_argument_keeps_its_place(con):
    """Once in the SQL where the function looks at its row, numbered where it looks at all."""
    got = con.execute("SELECT ?, ML.BUCKETIZE(?, [2]), ?", ["a", 5, "b"]).fetchall()
    assert got == [("a", "bin_2", "b")]
    assert con.execute("SELECT ML.MAX_ABS_SCALER($1) OVER ()", [-4]).fetchall() == [(-1.0,)]
