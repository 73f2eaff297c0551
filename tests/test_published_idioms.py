"""Idioms of scripts that people publish for BigQuery ML; the statements here are our own."""

from __future__ import annotations

import pytest

import retailsql
from retailsql.errors import StatementError


@pytest.fixture
def con():
    with retailsql.connect() as session:
        session.execute("CREATE SCHEMA shop")
        yield session


def rows(con, script):
    return con.run_script(script, "bigquery").fetchall()


@pytest.fixture
def days(con):
    """Three tables named by day, one more than the wildcard means, the last with a new column."""
    con.execute("""
        CREATE TABLE shop.visits_20240101 AS
            SELECT 1 AS visitor, [{'sku': 'a'}, {'sku': 'b'}] AS hits;
        CREATE TABLE shop.visits_20240102 AS SELECT 2 AS visitor, [{'sku': 'a'}] AS hits;
        CREATE TABLE shop.visits_20240103 AS
            SELECT 3 AS visitor, [{'sku': 'c'}] AS hits, 'web' AS channel;
        CREATE TABLE shop.other_20240101 AS SELECT 9 AS visitor;
    """)
    return con


def test_a_wildcard_is_all_tables_whose_names_begin_so(days):
    assert rows(days, "SELECT visitor, channel FROM `p.shop.visits_*` ORDER BY 1") == [
        (1, None), (2, None), (3, "web"),
    ]  # fmt: skip


def test_table_suffix_chooses_among_them_and_star_does_not_show_it(days):
    script = """
        SELECT v.*, v._TABLE_SUFFIX AS day FROM `p.shop.visits_2024*` AS v
        WHERE _TABLE_SUFFIX BETWEEN '0102' AND '0103' ORDER BY visitor
    """
    result = days.run_script(script, "bigquery")
    assert result.columns == ["visitor", "hits", "channel", "day"]
    assert [(row[0], row[3]) for row in result.fetchall()] == [(2, "0102"), (3, "0103")]


def test_a_wildcard_that_no_table_fits_is_an_error_with_its_place(days):
    with pytest.raises(StatementError, match=r"fits the wildcard at line 1, column 1\d"):
        days.run_script("SELECT * FROM `p.shop.clicks_*`", "bigquery")


def test_an_unnest_may_have_the_name_of_its_array(days):
    script = """
        SELECT visitor, hits.sku FROM `shop.visits_*`, UNNEST(hits) AS hits
        WHERE hits.sku != 'b' GROUP BY visitor, hits.sku ORDER BY 1
    """
    result = days.run_script(script, "bigquery")
    assert result.columns == ["visitor", "sku"]
    assert result.fetchall() == [(1, "a"), (2, "a"), (3, "c")]


def test_group_by_may_name_a_subquery_over_the_row(days):
    script = """
        SELECT (SELECT MAX(h.sku) FROM UNNEST(v.hits) AS h) AS last_sku, COUNT(*) AS n
        FROM `shop.visits_*` AS v GROUP BY last_sku ORDER BY last_sku
    """
    assert rows(days, script) == [("a", 1), ("b", 1), ("c", 1)]


def test_columns_and_a_query_make_one_table(con):
    con.run_script(
        "CREATE TABLE shop.fares (fare FLOAT64 NOT NULL, zone STRING) AS SELECT 3, "
        "CAST(7 AS STRING)",
        "bigquery",
    )
    found = con.sql("SELECT fare, typeof(fare), zone, typeof(zone) FROM shop.fares").fetchall()
    assert found == [(3.0, "DOUBLE", "7", "VARCHAR")]


def test_distance_is_that_on_the_sphere(con):
    """A quarter of a great circle; and two cities 343 to 344 km apart."""
    ((quarter, cities, missing),) = rows(
        con,
        """SELECT ST_DISTANCE(ST_GEOGPOINT(0, 0), ST_GEOGPOINT(90, 0)),
        ST_DISTANCE(ST_GEOGPOINT(-0.1276, 51.5072), ST_GEOGPOINT(2.3522, 48.8566)) / 1000,
        ST_DISTANCE(ST_GEOGPOINT(NULL, 1), ST_GEOGPOINT(2, 3))""",
    )
    assert quarter == pytest.approx(6371010 * 3.141592653589793 / 2)
    assert 343 < cities < 344
    assert missing is None


def test_a_model_name_may_hold_dashes(con):
    con.execute("CREATE TABLE shop.t AS SELECT i AS a, 3 * i AS label FROM range(40) t(i)")
    script = """
        CREATE MODEL shop.`Price-model` OPTIONS(model_type = 'linear_reg') AS SELECT * FROM shop.t;
        SELECT predicted_label FROM ML.PREDICT(MODEL `p.shop.Price-model`, (SELECT 10 AS a));
    """
    ((predicted,),) = rows(con, script)
    assert predicted == pytest.approx(30, abs=1)


def test_two_names_that_would_be_one_are_an_error(con):
    with pytest.raises(StatementError, match="Two models would have one name"):
        con.run_script("DROP MODEL IF EXISTS `a-b`; DROP MODEL IF EXISTS `a_b`", "bigquery")


def test_a_temporary_model_is_made_and_said_to_stay(con):
    con.execute("CREATE TABLE shop.t AS SELECT i AS a, 3 * i AS label FROM range(40) t(i)")
    statement = "CREATE TEMP MODEL m OPTIONS(model_type = 'linear_reg') AS SELECT * FROM shop.t"
    con.run_script(statement, "bigquery")
    assert "A temporary model is kept here." in [finding.sentence for finding in con.findings]
    assert con.sql("SELECT m_predict(a := 10) > 25").fetchall() == [(True,)]


def test_a_variable_in_the_list_gives_the_column_its_name(con):
    result = con.run_script("DECLARE best INT64 DEFAULT 4; SELECT best, best + 1", "bigquery")
    assert result.columns == ["best", "f0_"]
    assert result.fetchall() == [(4, 5)]


def test_an_ai_function_is_told_to_be_missing(con):
    with pytest.raises(StatementError, match=r"There is no function AI\.FORECAST at line 1"):
        con.run_script("SELECT * FROM AI.FORECAST((SELECT 1 AS y), data_col => 'y')", "bigquery")


def test_only_onnx_files_are_imported(con):
    statement = "CREATE MODEL m OPTIONS(model_type = 'tensorflow', model_path = 'x/*')"
    with pytest.raises(StatementError, match="Only ONNX files"):
        con.run_script(statement, "bigquery")


@pytest.fixture(scope="module")
def forecasts():
    """A model under the type's old name, its order given as STRUCT(... AS ...), with a holiday."""
    with retailsql.connect() as session:
        session.execute("""
            CREATE TABLE sales AS SELECT DATE '2022-01-01' + i::INT AS day,
                50 + i % 7 + (i * 7919) % 5 AS units FROM range(420) t(i)
        """)
        made = session.run_script(
            """
            CREATE MODEL demand OPTIONS(
                model_type = 'ARIMA', time_series_timestamp_col = 'day',
                time_series_data_col = 'units', horizon = 7, auto_arima = FALSE,
                non_seasonal_order = STRUCT(1 AS p, 0 AS d, 1 AS q)
            ) AS (
                training_data AS (SELECT * FROM sales),
                custom_holiday AS (
                    SELECT 'DE' AS region, 'Sale' AS holiday_name,
                        DATE '2022-05-02' AS primary_date,
                        2 AS preholiday_days, 1 AS postholiday_days
                )
            )
            """,
            "bigquery",
        ).fetchall()
        yield session, made


def test_the_old_name_of_a_model_type_is_taken_and_said(forecasts):
    _, ((_, _, model_type, *_, warning),) = forecasts
    assert model_type == "ARIMA_PLUS"
    assert "model_type ARIMA is the old name of ARIMA_PLUS" in warning


def test_the_order_of_a_struct_with_names_is_used(forecasts):
    query = "SELECT non_seasonal_p, non_seasonal_d, non_seasonal_q FROM "
    found = forecasts[0].sql(query + "ML.ARIMA_EVALUATE(MODEL demand)").fetchall()
    assert found == [(1, 0, 1)]


def test_holiday_info_tells_what_was_modelled(forecasts):
    found = rows(forecasts[0], "SELECT * FROM ML.HOLIDAY_INFO(MODEL demand)")
    assert [(r[0], r[1], str(r[2]), r[3], r[4]) for r in found] == [
        ("DE", "Sale", "2022-05-02", 2, 1)
    ]


def test_training_info_of_a_time_series_has_three_columns(forecasts):
    result = forecasts[0].sql("SELECT * FROM ML.TRAINING_INFO(MODEL demand)")
    assert result.columns == ["training_run", "iteration", "duration_ms"]
    ((run, iteration, duration),) = result.fetchall()
    assert (run, iteration) == (0, 0)
    assert duration > 0


def test_feature_info_of_a_time_series_tells_of_its_columns(forecasts):
    query = 'SELECT input, "min", "max", null_count FROM ML.FEATURE_INFO(MODEL demand)'
    assert forecasts[0].sql(query).fetchall() == [("day", None, None, 0), ("units", 50, 60, 0)]


def test_embeddings_of_a_factorization_are_factors_and_bias(con):
    con.execute("""
        CREATE TABLE shop.ratings AS
        SELECT u AS person, p AS item, 1 + (u * 7 + p * 3) % 5 AS rating
        FROM range(20) AS a(u), range(10) AS b(p) WHERE (u + p) % 3 > 0
    """)
    script = """
        CREATE MODEL shop.taste OPTIONS(model_type = 'matrix_factorization', user_col = 'person',
            item_col = 'item', rating_col = 'rating', num_factors = 3)
        AS SELECT * FROM shop.ratings;
        SELECT w.intercept, ARRAY_LENGTH(factor_weights), e.ml_generate_embedding_result
        FROM ML.WEIGHTS(MODEL shop.taste) AS w JOIN ML.GENERATE_EMBEDDING(MODEL shop.taste) AS e
        ON w.processed_input = e.processed_input AND w.feature = e.feature;
    """
    found = rows(con, script)
    assert len(found) == 30
    assert all(n == 3 and len(e) == 4 and e[-1] == bias for bias, n, e in found)


def test_brackets_around_an_option_are_no_array_of_their_own(con):
    con.execute("CREATE TABLE shop.t AS SELECT i AS a, 3 * i AS price FROM range(40) t(i)")
    statement = "CREATE MODEL m OPTIONS(model_type = 'linear_reg', input_label_cols = (['price']))"
    ((_, _, model_type, *_),) = rows(con, f"{statement} AS SELECT * FROM shop.t")
    assert model_type == "LINEAR_REG"
