"""The preprocessing functions against their pages of Google's reference: printed examples that
``test_preprocessing`` does not have, documented defaults, and what is different on purpose.
"""

from __future__ import annotations

import duckdb
import pytest

import retailsql


@pytest.fixture(scope="module")
def con():
    with retailsql.connect() as session:
        yield session


def column(con, call: str, values: str) -> list[object]:
    rows = f"SELECT f, i FROM (SELECT unnest({values}) AS f, generate_subscripts({values}, 1) AS i)"
    return [r[0] for r in con.sql(f"SELECT {call} FROM ({rows}) ORDER BY i").fetchall()]


TEXTS = "['a', 'a', 'a', 'a', 'a', 'a', 'b', 'b', 'b', 'b', 'b', 'c', NULL]"
NUMBERS = "[NULL, -3, 1, 2, 3, 4, 5]"


def test_quantile_ranges_as_json(con):
    """Page quantile-bucketize, all five rows."""
    got = column(con, 'ML.QUANTILE_BUCKETIZE(f, 3, "bucket_ranges_json") OVER ()', "[1,2,3,4,5]")
    low, middle, high = ("-Infinity", "2"), ("2", "4"), ("4", "Infinity")
    wanted = [low, middle, middle, high, high]
    assert got == [f'{{"start": "{start}", "end": "{end}"}}' for start, end in wanted]


def test_dummy_encoding(con):
    """Page one-hot-encoder: ten categories, each there zero times or more."""
    values = "[NULL, 'a', 'b', 'b', 'c', 'c', 'c', 'd', 'd']"
    got = column(con, "ML.ONE_HOT_ENCODER(f, 'most_frequent', 10, 0) OVER ()", values)
    wanted = [(0, 1), (1, 1), (2, 1), (2, 1), (3, 0), (3, 0), (3, 0), (4, 1), (4, 1)]
    assert [(r[0]["index"], r[0]["value"]) for r in got] == wanted


def test_norms_and_distances(con):
    """Pages lp-norm and distance; NULL of a NULL vector."""
    sql = """SELECT ML.LP_NORM(a, 2.0), ML.LP_NORM(b, 2.0), ML.DISTANCE(a, b, 'EUCLIDEAN'),
        ML.LP_NORM(a, CAST('INF' AS FLOAT64)), ML.DISTANCE(a, b, 'MANHATTAN'),
        ML.LP_NORM(c, 1.0), ML.DISTANCE(a, c), ML.DISTANCE(a, c, 'MANHATTAN')
        FROM (SELECT [4.1, .5, 1.0] AS a, [3.0, 0.0, 2.5] AS b, NULL::DOUBLE[] AS c)"""
    (got,) = con.sql(sql).fetchall()
    wanted = (4.2497058721751557, 3.905124837953327, 1.926136028425822, 4.1, 3.1)
    assert got[:5] == pytest.approx(wanted)
    assert got[5:] == (None, None, None)


@pytest.mark.parametrize("kind", ["EUCLIDEAN", "MANHATTAN", "COSINE"])
def test_distances_of_arrays_of_two_lengths_are_refused(con, kind):
    """The page: they must have the same length."""
    with pytest.raises(duckdb.InvalidInputException, match="3 and 2|'3' and right length '2'"):
        con.sql(f"SELECT ML.DISTANCE([1, 2, 3], [1, 2], '{kind}')").fetchall()


@pytest.mark.parametrize(
    ("plain", "given", "values"),
    [
        ("BUCKETIZE(f, [2, 4])", "BUCKETIZE(f, [2, 4], FALSE, 'bucket_names')", NUMBERS),
        ("QUANTILE_BUCKETIZE(f, 3) OVER ()", "QUANTILE_BUCKETIZE(f, 3, 'bucket_names') OVER ()",
         NUMBERS),
        ("ROBUST_SCALER(f) OVER ()", "ROBUST_SCALER(f, [25, 75], TRUE, TRUE) OVER ()", NUMBERS),
        ("NORMALIZER([f, 2])", "NORMALIZER([f, 2], 2.0)", NUMBERS),
        ("POLYNOMIAL_EXPAND(STRUCT(f, 2 AS g))", "POLYNOMIAL_EXPAND(STRUCT(f, 2 AS g), 2)",
         NUMBERS),
        ("DISTANCE([f, 2], [1, 1])", "DISTANCE([f, 2], [1, 1], 'EUCLIDEAN')", "[1, 2]"),
        ("FEATURE_CROSS(STRUCT(f, 'x' AS g, 'y' AS h))",
         "FEATURE_CROSS(STRUCT(f, 'x' AS g, 'y' AS h), 2)", TEXTS),
        ("NGRAMS([f, 'x', 'y'], 2)", "NGRAMS([f, 'x', 'y'], [2, 2], ' ')", TEXTS),
        ("LABEL_ENCODER(f) OVER ()", "LABEL_ENCODER(f, 32000, 5) OVER ()", TEXTS),
        ("ONE_HOT_ENCODER(f) OVER ()", "ONE_HOT_ENCODER(f, 'none', 32000, 5) OVER ()", TEXTS),
        ("MULTI_HOT_ENCODER([f]) OVER ()", "MULTI_HOT_ENCODER([f], 32000, 5) OVER ()", TEXTS),
    ],
)  # fmt: skip
def test_defaults_are_the_documented_ones(con, plain, given, values):
    """An argument left out is its documented default, in the documented place."""
    got = column(con, f"ML.{plain}", values)
    assert got == column(con, f"ML.{given}", values)
    assert len({str(v) for v in got}) > 1


@pytest.mark.parametrize(
    ("call", "documented", "ours", "why"),
    [
        ("ML.POLYNOMIAL_EXPAND(STRUCT(2 AS f))", "STRUCT(f VARCHAR, f_f VARCHAR)",
         "STRUCT(f DOUBLE, f_f DOUBLE)",
         "The page says STRUCT<STRING> and prints numbers as JSON does; they are trained on."),
        ("ML.IMPUTER(2, 'most_frequent') OVER ()", "DOUBLE", "INTEGER",
         "Texts and numbers share the function, and no text tells the type before it runs: alone "
         "in a SELECT a number keeps its own; inside TRANSFORM it becomes a DOUBLE."),
    ],
)  # fmt: skip
def test_types_that_differ_on_purpose(con, call, documented, ours, why):
    """Listed with the reason, not passed over."""
    got = str(con.sql(f"SELECT {call}").types[0]).replace('"', "")
    assert got == ours != documented
    assert why
