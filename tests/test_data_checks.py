"""ML.DESCRIBE_DATA and ML.VALIDATE_DATA_DRIFT against known answers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.spatial.distance import jensenshannon

from retailsql.dialect.verbs.table import verbs_called
from retailsql.errors import ModelNotFoundError, StatementError

DRIFT = ["input", "metric", "threshold", "value", "is_anomaly"]


def divergence(p, q):
    """Base 2, of counts."""
    return jensenshannon(np.asarray(p, float), np.asarray(q, float), base=2) ** 2


def drift(con, base, study, settings=""):
    rows = con.sql(f"FROM ML.VALIDATE_DATA_DRIFT({base}, {study}{settings})").fetchall()
    return {row[0]: row[1:] for row in rows}


@pytest.fixture
def rows(con):
    """Ten rows of every kind of column, NULLs among them."""
    con.execute(
        """CREATE TABLE t AS SELECT i::INTEGER AS i, i / 4 AS d,
           CASE WHEN i % 3 > 0 THEN 'c' || (i % 4) END AS c, i % 2 = 0 AS b,
           DATE '2024-01-01' + i::INTEGER AS day, 1.50::DECIMAL(9, 2) AS price,
           [i, i + 1]::INTEGER[] AS many, ['u', 'v', 'u'] AS words,
           [{'index': i, 'value': i * 1.5}] AS sparse, {'x': i, 'y': 'y' || i} AS s
           FROM range(10) r(i)"""
    )
    return con


def described(con, rows, settings=""):
    relation = con.sql(f"FROM ML.DESCRIBE_DATA({rows}{settings})")
    return {r[0]: dict(zip(relation.columns, r)) for r in relation.fetchall()}


def test_describe_has_the_documented_columns(rows):
    """In the documented order, with the documented types; one row a column, structs taken apart."""
    relation = rows.sql("FROM ML.DESCRIBE_DATA(TABLE t)")
    (verb,) = verbs_called("DESCRIBE_DATA")
    assert relation.columns == list(verb.columns)
    assert [str(t) for t in relation.types] == list(verb.columns.values())
    names = ["i", "d", "c", "b", "day", "price", "many", "words", "sparse", "s.x", "s.y"]
    assert [r[0] for r in relation.fetchall()] == names


def test_describe_numbers(rows):
    """Worked out by hand; of n quantiles the bounds are told, n + 1 values."""
    told = described(rows, "TABLE t", ", STRUCT(4 AS num_quantiles)")["i"]
    assert told.pop("stdev") == pytest.approx(np.std(range(10), ddof=1))
    expected = {
        "name": "i", "num_rows": 10, "num_nulls": 0, "num_zeros": 1, "min": "0", "max": "9",
        "mean": 4.5, "median": 4.5, "quantiles": [0, 2, 4, 7, 9], "num_values": 10,
    }  # fmt: skip
    assert told == {**dict.fromkeys(told), **expected}
    price = described(rows, "TABLE t")["price"]
    assert (price["min"], price["quantiles"]) == ("1.5", [1.5, 1.5, 1.5])
    big = "(SELECT 9007199254740993::BIGINT AS x)"
    assert described(rows, big)["x"]["max"] == "9007199254740993"


def test_describe_categories(rows):
    """Everything that is no number; NULL is counted as NULL and is no value."""
    told = described(rows, "TABLE t", ", STRUCT(2 AS top_k)")
    expected = {
        "name": "c", "num_rows": 10, "num_nulls": 4, "min": "c0", "max": "c3", "unique": 4,
        "avg_string_length": 2.0, "num_values": 6,
        "top_values": [{"value": "c0", "count": 2}, {"value": "c1", "count": 2}],
    }  # fmt: skip
    assert told["c"] == {**dict.fromkeys(told["c"]), **expected}
    assert told["b"]["top_values"] == [
        {"value": "false", "count": 5}, {"value": "true", "count": 5},
    ]  # fmt: skip
    assert (told["day"]["min"], told["day"]["mean"]) == ("2024-01-01", None)


def test_describe_arrays(rows):
    """Statistics of the elements, and of the lengths; sparse vectors have a dimension."""
    told = described(rows, "TABLE t", ", STRUCT(1 AS num_array_length_quantiles)")
    many = told["many"]
    assert (many["num_values"], many["num_zeros"], many["min"], many["max"]) == (20, 1, "0", "10")
    lengths = ("min_array_length", "max_array_length", "avg_array_length", "total_array_length")
    assert [many[n] for n in lengths] == [2, 2, 2.0, 20]
    assert many["array_length_quantiles"] == [2, 2]
    assert many["dimension"] is None
    assert told["words"]["top_values"] == [{"value": "u", "count": 20}]
    assert (told["sparse"]["dimension"], told["sparse"]["mean"]) == (10, 6.75)


def test_describe_of_no_rows_and_of_parameters(rows):
    """No rows give zeros and NULLs; a parameter in the rows stays one."""
    told = described(rows, "(FROM t WHERE i > 100)")
    assert (told["i"]["num_rows"], told["i"]["min"], told["c"]["unique"]) == (0, None, 0)
    sql = "SELECT num_rows FROM ML.DESCRIBE_DATA((SELECT i FROM t WHERE i > ?))"
    assert rows.execute(sql, [5]).fetchall() == [(4,)]


def test_a_column_of_no_use_is_refused_by_name(rows):
    with pytest.raises(StatementError, match="'m'.*EXCLUDE"):
        rows.sql("FROM ML.DESCRIBE_DATA((SELECT MAP {'a': 1} AS m))")


def test_drift_by_hand(con):
    """L-infinity and divergence of two small tables, worked out from their counts."""
    con.execute(
        "CREATE TABLE old AS SELECT unnest(['a', 'a', 'b', NULL]) AS c, unnest([1, 2, 3, 4]) AS n"
    )
    con.execute(
        "CREATE TABLE new AS SELECT unnest(['a', 'c', 'c', 'c']) AS c, unnest([1, 1, 1, 9]) AS n"
    )
    relation = con.sql("FROM ML.VALIDATE_DATA_DRIFT(TABLE old, TABLE new)")
    assert relation.columns == DRIFT
    types = ["VARCHAR", "VARCHAR", "DOUBLE", "DOUBLE", "BOOLEAN"]
    assert [str(t) for t in relation.types] == types
    c, n = relation.fetchall()
    assert c == ("c", "L_INFTY", 0.3, 0.75, True)
    assert n[1] == "JENSEN_SHANNON_DIVERGENCE"
    halves = drift(
        con, "TABLE old", "TABLE new", ", STRUCT(2 AS num_quantiles_histogram_buckets, "
        "'JENSEN_SHANNON_DIVERGENCE' AS categorical_metric_type)",
    )  # fmt: skip
    assert halves["c"][2] == pytest.approx(divergence([2, 1, 0], [1, 0, 3]))
    assert halves["n"][2] == pytest.approx(divergence([1, 1, 2, 0], [3, 0, 0, 1]))


def test_drift_of_the_same_rows_is_none_and_of_disjoint_ones_is_all(rows):
    assert {v[2] for v in drift(rows, "TABLE t", "TABLE t").values()} == {0.0}
    other = "(SELECT 'z' AS c, -5.0 AS d, [99] AS many, NULL::BOOLEAN AS b FROM range(3))"
    told = drift(rows, "TABLE t", other)
    assert {k: v[2] for k, v in told.items()} == {"d": 1.0, "c": 1.0, "b": 1.0, "many": 1.0}
    assert all(v[3] for v in told.values())


def test_drift_thresholds_and_types_that_differ(rows):
    """A column's own threshold wins; what is of two types has a distance but no divergence."""
    own = drift(
        rows, "TABLE t", "(SELECT i + 3 AS i, c FROM t)",
        ", STRUCT([('I', 0.01)] AS thresholds, 0.9 AS categorical_default_threshold)",
    )  # fmt: skip
    assert own["i"][1] == 0.01
    assert own["i"][3]
    assert own["c"][1] == 0.9
    mixed = "(SELECT i::VARCHAR AS i, d FROM t)"
    assert drift(rows, "TABLE t", mixed)["i"][:1] == ("L_INFTY",)
    js = ", STRUCT('jensen_shannon_divergence' AS categorical_metric_type)"
    assert list(drift(rows, "TABLE t", mixed, js)) == ["d"]
    for wrong in ("[('k', 0.1)]", "[('i', 1.0)]", "['i']"):
        with pytest.raises(StatementError, match="thresholds"):
            drift(rows, "TABLE t", "TABLE t", f", STRUCT({wrong} AS thresholds)")
    with pytest.raises(StatementError, match="two sets of rows"):
        rows.sql("FROM ML.VALIDATE_DATA_DRIFT(TABLE t)")
    with pytest.raises(StatementError, match="share no column"):
        drift(rows, "TABLE t", "(SELECT 1 AS other)")


def test_drift_as_google_writes_it(rows):
    """Thresholds as STRUCT('name', 0.1), and a MODEL behind, which adds a link into a console."""
    rows.execute("CREATE MODEL line OPTIONS(model_type='LINEAR_REG', input_label_cols=['d']) AS "
                 "SELECT i, d FROM t")  # fmt: skip
    study = "(SELECT i + 3 AS i, c FROM t)"
    said = ", STRUCT(0.2 AS categorical_default_threshold, {} AS thresholds)"
    plain = drift(rows, "TABLE t", study, said.format("[('i', 0.15), ('c', 0.25)]"))
    struct = said.format("[STRUCT('i', 0.15), STRUCT('c', 0.25)]")
    assert drift(rows, "TABLE t", study, struct) == plain
    linked = drift(rows, "TABLE t", study, f"{struct}, MODEL line")
    assert linked == {name: (*told, None) for name, told in plain.items()}
    call = f"ML.VALIDATE_DATA_DRIFT(TABLE t, {study}{struct}, MODEL line)"
    assert rows.sql(f"FROM {call}").columns == [*DRIFT, "visualization_link"]
    with pytest.raises(ModelNotFoundError, match="lin"):
        drift(rows, "TABLE t", study, ", MODEL lina")
    with pytest.raises(StatementError, match="takes no MODEL|does not take"):
        rows.sql("FROM ML.DESCRIBE_DATA(TABLE t, MODEL line)")


def test_drift_takes_parameters_in_both_sets(rows):
    sql = (
        "SELECT value > 0 FROM ML.VALIDATE_DATA_DRIFT((SELECT i FROM t WHERE i < ?), "
        "(SELECT i FROM t WHERE i >= ?))"
    )
    assert rows.execute(sql, [5, 3]).fetchall() == [(True,)]


def checked(con, n, shift, columns=100, seed=0):
    """Share of columns found anomalous: normal numbers and five categories, n rows a side."""
    rng = np.random.default_rng(seed)
    tables = {}
    for name, moved in (("old", 0.0), ("new", shift)):
        numbers = {f"n{k}": rng.normal(moved, 1, n) for k in range(columns)}
        cuts = np.array([-0.84, -0.25, 0.25, 0.84])
        words = {
            f"c{k}": pa.array(np.digitize(rng.normal(moved, 1, n), cuts).astype(str).tolist())
            for k in range(columns)
        }
        tables[name] = pa.table({**numbers, **words})
        con.register(name, tables[name])
    told = drift(con, "TABLE old", "TABLE new")
    kinds = {k: [told[f"{k}{i}"] for i in range(columns)] for k in "nc"}
    return {k: np.mean([t[3] for t in rows]) for k, rows in kinds.items()}


@pytest.mark.parametrize("n", [100, 1000, 10_000])
def test_the_default_threshold_never_cries_wolf_and_sleeps_through_small_drift(con, n):
    """0.3 is for gross changes: no false alarm from 100 rows on, and no alarm for a shift of 0.3
    standard deviations; one of 2 is never missed. (At 100 rows a divergence is about 0.04 and
    an L-infinity 0.09 without any shift, at 10,000 rows 0.0004 and 0.007.)
    """
    few = 60 if n < 10_000 else 15
    assert checked(con, n, 0.0, few) == {"n": 0.0, "c": 0.0}
    assert checked(con, n, 0.3, few) == {"n": 0.0, "c": 0.0}
    assert checked(con, n, 2.0, few) == {"n": 1.0, "c": 1.0}
