"""Scripts in BigQuery's dialect: names, statements that make things, ML parts, procedures."""

# A table reads best with one entry a line.
# ruff: noqa: E501
from __future__ import annotations

from datetime import date

import duckdb
import pytest
from click.testing import CliRunner

from retailsql.cli import cli
from retailsql.dialect.bigquery.translate import translate
from retailsql.errors import StatementError


@pytest.fixture
def shop(con):
    """A session with dataset ``shop``, a table of orders in it and a model that scores them."""
    con.run_script(
        """CREATE SCHEMA IF NOT EXISTS `acme-1.shop` OPTIONS (location = 'EU');
        CREATE OR REPLACE TABLE `acme-1.shop.orders` (id INT64, day DATE, spend FLOAT64, sku STRING)
        PARTITION BY day CLUSTER BY sku OPTIONS (description = "all orders");
        INSERT `acme-1.shop.orders` (id, day, spend, sku)
        SELECT i, DATE_ADD(DATE '2024-01-01', INTERVAL i DAY), i * 1.5, CONCAT('s', MOD(i, 3))
        FROM UNNEST(GENERATE_ARRAY(1, 60)) AS i""",
        "bigquery",
    )
    return con


def rows(con, text, **more):
    return con.run_script(text, "bigquery", **more).fetchall()


def test_a_project_is_dropped_and_a_dataset_is_a_schema(shop):
    assert rows(shop, "SELECT COUNT(*) FROM `acme-1.shop.orders` WHERE `sku` = 's0'") == [(20,)]
    assert rows(shop, "SELECT COUNT(*) FROM acme-1.shop.orders AS o WHERE o.id < 3") == [(2,)]


def test_an_attached_database_of_the_projects_name_is_used(shop):
    shop.execute("ATTACH ':memory:' AS acme; CREATE SCHEMA acme.shop")
    shop.execute("CREATE TABLE acme.shop.orders AS SELECT 7 AS id")
    assert rows(shop, "SELECT id FROM `acme.shop.orders`") == [(7,)]


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE `p.missing.t` AS SELECT 1 AS a",
        "CREATE MODEL `p.missing.m` OPTIONS(model_type='linear_reg') AS SELECT 1 AS label",
    ],
)
def test_a_missing_dataset_is_an_error_that_says_how_to_make_it(con, text):
    with pytest.raises(StatementError, match=r"CREATE SCHEMA missing"):
        con.run_script(text, "bigquery")


def test_statements_that_change_rows(shop):
    found = rows(
        shop,
        """UPDATE shop.orders SET spend = 0 WHERE id = 1;
        DELETE shop.orders WHERE id > 3;
        MERGE shop.orders AS t USING (SELECT 2 AS id, DATE '2024-01-03' AS day, 9.5 AS spend, 'z' AS sku
                                      UNION ALL SELECT 99, NULL, 1, 'n') AS n
        ON t.id = n.id WHEN MATCHED THEN UPDATE SET spend = n.spend WHEN NOT MATCHED THEN INSERT ROW;
        SELECT id, spend FROM shop.orders ORDER BY id""",
    )
    assert found == [(1, 0.0), (2, 9.5), (3, 4.5), (99, 1.0)]


def test_what_duckdb_lacks_is_left_out_with_a_finding(con):
    con.run_script(
        "SELECT 1;\nCREATE TEMP TABLE t PARTITION BY d AS SELECT CURRENT_DATE() AS d; SELECT 2",
        "bigquery",
    )
    (found,) = con.findings
    assert found.text == (
        "<sql>:2:1: warning RS501: PARTITION BY has no effect in DuckDB and is left out. "
        "Fix: Nothing, if that is what you want."
    )


def test_functions_of_a_script_and_of_the_user(con):
    con.execute("CREATE MACRO churn_score(a) AS a / 10.0")
    text = """CREATE TEMP FUNCTION half(x FLOAT64) RETURNS INT64 AS (CAST(x / 2 AS INT64));
    SELECT half(5), churn_score(5)"""
    assert rows(con, text) == [(3, 0.5)]


def test_a_users_function_in_a_dataset_takes_a_row(con):
    con.execute(
        "CREATE SCHEMA s; CREATE MACRO s.twice(r) AS r.a * 2; CREATE TABLE v AS SELECT 3 AS a"
    )
    result = con.run_script("SELECT s.twice(t) FROM v AS t", "bigquery")
    assert (result.columns, result.fetchall()) == (["f0_"], [(6,)])


def test_ml_parts_inside_bigquerys_dialect(shop, tiny):
    import retailsql

    inputs = {"a": "DOUBLE", "b": "DOUBLE", "c": "DOUBLE"}
    shop.execute("USE shop")
    retailsql.import_onnx(shop, "line", tiny("line"), inputs=inputs)
    text = """SELECT id, ROUND(predicted_label, 2) AS p
    FROM ML.PREDICT(MODEL `acme-1.shop.line`, (
      SELECT * EXCEPT (day, sku), SAFE_DIVIDE(spend, 0) AS c, IF(id > 1, 1, 0) AS a, spend AS b
      FROM `acme-1.shop.orders` WHERE day < DATE_ADD('2024-01-01', INTERVAL 2 DAY)))"""
    described = shop.run_script(text.replace("ROUND(predicted_label, 2) AS p", "*"), "bigquery")
    assert "id" in described.columns


def test_a_model_is_trained_on_a_translated_query():
    text = """CREATE OR REPLACE MODEL `p.d.m`
    TRANSFORM (ML.STANDARD_SCALER(SAFE_DIVIDE(x, 2)) OVER () AS x, EXTRACT(DAYOFWEEK FROM d) AS w, y)
    OPTIONS (model_type = "linear_reg", input_label_cols = ["y"], l2_reg = 0.5) AS
    SELECT * EXCEPT (z) FROM `p.d.t` WHERE MOD(ABS(FARM_FINGERPRINT(k)), 10) < 8"""
    assert translate(text) == (
        "CREATE OR REPLACE MODEL d.m TRANSFORM(ML.STANDARD_SCALER(((x) / (CASE 2 WHEN 0 THEN NULL "
        "ELSE 2 END))) OVER () AS x, (dayofweek(d) + 1) AS w, y) OPTIONS(model_type = 'linear_reg', "
        'input_label_cols = [\'y\'], l2_reg = 0.5) AS SELECT * EXCLUDE (z) FROM "d"."t" WHERE '
        "((abs(__rs_farm_fingerprint(k))) % (10)) < 8"
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("DROP MODEL IF EXISTS `p.d.m`", "DROP MODEL IF EXISTS d.m"),
        ("EXPORT MODEL `p.d.m` OPTIONS(URI=\"f/m.onnx\")", "EXPORT MODEL d.m OPTIONS(URI='f/m.onnx')"),
        (
            "CREATE MODEL d.m OPTIONS(model_type='arima_plus') AS (training_data AS (SELECT 1/x AS y FROM t), "
            "custom_holiday AS (SELECT DATE '2024-01-01' AS d))",
            "CREATE MODEL d.m OPTIONS(model_type='arima_plus') AS (training_data AS (SELECT 1 / (CASE x "
            "WHEN 0 THEN CAST('division by zero' AS DOUBLE) ELSE x END) AS y FROM t), custom_holiday AS "
            "(SELECT CAST('2024-01-01' AS DATE) AS d))",
        ),
        (
            "SELECT * FROM ML.FORECAST(MODEL `p.d.m`, STRUCT(30 AS horizon, 0.9 AS confidence_level)) AS f",
            "SELECT * FROM ML.FORECAST(MODEL d.m, STRUCT(30 AS horizon, 0.9 AS confidence_level)) AS f",
        ),
        (
            "SELECT x FROM ML.EVALUATE(MODEL m, TABLE `p.d.t`) JOIN ML.ROC_CURVE(MODEL m, (SELECT 1.5 AS a)) USING (x)",
            'SELECT x FROM ML.EVALUATE(MODEL m, (SELECT * FROM "d"."t")) JOIN '
            "ML.ROC_CURVE(MODEL m, (SELECT 1.5e0 AS a)) USING (x)",
        ),
        (
            "SELECT ML.BUCKETIZE(x, [1, 5]) AS b FROM ML.PREDICT(MODEL m, (SELECT * FROM ML.TRANSFORM(MODEL n, (SELECT 1 AS a))))",
            "SELECT ML.BUCKETIZE(x, [1, 5]) AS b FROM ML.PREDICT(MODEL m, (SELECT * FROM "
            "ML.TRANSFORM(MODEL n, (SELECT 1 AS a))))",
        ),
    ],
)  # fmt: skip
def test_ml_statements_stay_ml_statements(text, wanted):
    assert translate(text) == wanted


SCRIPTS = [
    ("DECLARE n, m INT64 DEFAULT 3; SET n = n + 1; SELECT n, m", [(4, 3)]),
    ("DECLARE d DEFAULT DATE '2024-01-31'; SELECT DATE_ADD(d, INTERVAL 1 MONTH)", [(date(2024, 2, 29),)]),
    ("DECLARE s STRING DEFAULT \"it's\"; IF s LIKE '%s' THEN SELECT 'y'; ELSE SELECT 'n'; END IF", [("y",)]),
    ("DECLARE n INT64 DEFAULT 5; IF n = 1 THEN SELECT 'a'; ELSEIF (n = 5) THEN SELECT 'b'; END IF", [("b",)]),
    ("DECLARE i INT64 DEFAULT 0; WHILE i < 9 DO SET i = i + 2; END WHILE; SELECT i", [(10,)]),
    ("DECLARE i INT64 DEFAULT 0; LOOP SET i = i + 1; IF i > 4 THEN LEAVE; END IF; END LOOP; SELECT i", [(5,)]),
    ("DECLARE i INT64 DEFAULT 0; REPEAT SET i = i + 1; UNTIL i >= 3 END REPEAT; SELECT i", [(3,)]),
    ("DECLARE a ARRAY<STRING> DEFAULT ['x', \"y'z\"]; SELECT e FROM UNNEST(a) AS e ORDER BY e", [("x",), ("y'z",)]),
    ("DECLARE a, b INT64; SET (a, b) = (1, 2); SELECT a, b", [(1, 2)]),
    ("DECLARE a, b INT64; SET (a, b) = (SELECT AS STRUCT 3, 4); SELECT a, b", [(3, 4)]),
    ("DECLARE n INT64; SET n = (SELECT COUNT(*) FROM UNNEST([1, 2])); SELECT n", [(2,)]),
    ("EXECUTE IMMEDIATE 'SELECT ? + @y' USING 1 AS y", StatementError),
    ("EXECUTE IMMEDIATE 'SELECT @x * @x' USING 3 AS x", [(9,)]),
    ("EXECUTE IMMEDIATE FORMAT('SELECT %d', 3)", [(3,)]),
    ("DECLARE r INT64; EXECUTE IMMEDIATE 'SELECT ? + ?' INTO r USING 3, 4; SELECT r", [(7,)]),
    ("BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SELECT 'caught'; END", [("caught",)]),
    ("BEGIN DECLARE x INT64 DEFAULT 1; SELECT x; END", [(1,)]),
    ("BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SELECT @@error.message LIKE '%division by zero%'; END", [(True,)]),
    ("BEGIN RAISE USING MESSAGE = 'mine'; EXCEPTION WHEN ERROR THEN SELECT @@error.message LIKE '%mine%'; END", [(True,)]),
    ("DECLARE n INT64 DEFAULT 2; CASE WHEN n = 1 THEN SELECT 'a'; WHEN n = 2 THEN SELECT 'b'; ELSE SELECT 'c'; END CASE",
     [("b",)]),
    ("DECLARE n INT64 DEFAULT 7; CASE n + 1 WHEN 1 THEN SELECT 'a'; ELSE SELECT CASE WHEN n > 3 THEN 'big' END; END CASE",
     [("big",)]),
    ("DECLARE s STRING DEFAULT ''; FOR r IN (SELECT x, CONCAT(\"n'\", x) AS k FROM UNNEST([3, 1, 2]) AS x ORDER BY x) "
     "DO IF r.x = 2 THEN CONTINUE; END IF; SET s = s || r.k; END FOR; SELECT s", [("n'1n'3",)]),
    ("FOR r IN (SELECT 1 AS a FROM UNNEST([1]) WHERE FALSE) DO SELECT 1 / 0; END FOR; SELECT 'none'", [("none",)]),
    ("DECLARE i INT64 DEFAULT 0; outer_loop: LOOP LOOP SET i = i + 1; IF i > 5 THEN LEAVE outer_loop; END IF; END LOOP; "
     "END LOOP outer_loop; SELECT i", [(6,)]),
    ("b: BEGIN SELECT 1; LEAVE b; SELECT 1 / 0; END b; SELECT 3", [(3,)]),
    ("ASSERT (SELECT COUNT(*) FROM UNNEST([1])) = 1 AS 'one'; SELECT 'ok'", [("ok",)]),
    ("ASSERT NULL AS 'never'", StatementError),
    ("CREATE TEMP TABLE st AS SELECT 1 AS a; SELECT a FROM _SESSION.st", [(1,)]),
    ("DECLARE t TIMESTAMP DEFAULT TIMESTAMP '2024-01-01'; DECLARE d DATETIME DEFAULT DATETIME '2024-01-01 00:00:00'; "
     "SELECT CAST(t AS STRING), CAST(d AS STRING)", [("2024-01-01 00:00:00+00", "2024-01-01 00:00:00")]),
    ("CREATE PROCEDURE p.twice(x INT64, OUT y INT64) BEGIN SET y = 2 * x; END; "
     "DECLARE z INT64; CALL p.twice(21, z); SELECT z", [(42,)]),
    ("CREATE PROCEDURE pp(n INT64) BEGIN IF n > 2 THEN SELECT 'big'; RETURN; END IF; SELECT 'small'; END; CALL pp(3)",
     [("big",)]),
    ("CREATE TEMP TABLE q AS SELECT 1 AS a; BEGIN TRANSACTION; INSERT q VALUES (2); ROLLBACK TRANSACTION; "
     "SELECT COUNT(*) FROM q", [(1,)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), SCRIPTS, ids=[t for t, _ in SCRIPTS])
def test_scripts(con, text, wanted):
    if wanted is StatementError:
        with pytest.raises(StatementError):
            con.run_script(text, "bigquery")
    else:
        assert rows(con, text) == wanted


def test_parameters_are_values_of_python(con):
    assert rows(con, "SELECT @a || @b", parameters={"a": "it's", "B": "x"}) == [("it'sx",)]
    assert rows(con, "SELECT ? + 1, ?", parameters=[1, date(2024, 1, 1)]) == [(2, date(2024, 1, 1))]
    text = "DECLARE x INT64 DEFAULT ?; SET x = x + @k; SELECT x"
    assert rows(con, text.replace("?", "@j"), parameters={"j": 2, "k": 3}) == [(5,)]
    assert rows(con, "SELECT ?; SELECT ? - 1", parameters=[10, 5]) == [(4,)]


def test_a_name_that_is_a_variable_and_a_column_is_the_column(con):
    text = """DECLARE n, m INT64 DEFAULT 2; CREATE TEMP TABLE t AS SELECT 1 AS n;
    WITH u AS (SELECT n AS k FROM t WHERE n < m)
    SELECT k, (SELECT MAX(n) FROM UNNEST([5]) AS n), n FROM u"""
    assert rows(con, text) == [(1, 5, 2)]
    assert rows(con, "DECLARE n INT64 DEFAULT 9; SELECT 1 AS n ORDER BY n") == [(1,)]


def test_an_endless_loop_ends(con, monkeypatch):
    monkeypatch.setattr("retailsql.dialect.bigquery.interpret.MOST_STEPS", 50)
    with pytest.raises(StatementError, match="takes over 50 steps"):
        con.run_script("LOOP SELECT 1; END LOOP", "bigquery")


def test_duckdbs_dialect_is_untouched(con):
    result = con.run_script(
        "CREATE TABLE t AS SELECT 1.5 AS a; SELECT a FROM t WHERE a > ?", parameters=[1]
    )
    assert result.columns == ["a"]
    assert str(result.types[0]) == "DECIMAL(2,1)"
    assert con.run_script("SELECT 7 // 2 AS x").fetchall() == [(3,)]
    with pytest.raises(StatementError, match="no such dialect"):
        con.run_script("SELECT 1", "mysql")


def test_the_last_result_can_be_fetched_and_was_carried_out(con):
    result = con.run_script("SELECT RAND() AS r", "bigquery")
    assert result.columns == ["r"]
    assert result.fetchall() == result.fetchall()
    with pytest.raises(duckdb.Error):
        con.run_script("SELECT 1 / x FROM (SELECT 0 AS x)", "bigquery")


def test_an_error_of_duckdbs_says_in_which_statement(con):
    with pytest.raises(duckdb.Error) as caught:
        con.run_script("SELECT 1;\nSELECT nothing FROM (SELECT 1 AS a)", "bigquery")
    assert "In the statement at line 2, column 1" in caught.value.__notes__[0]


def test_times_are_utc_whatever_the_sessions_zone(con):
    con.execute(
        "SET TimeZone = 'Asia/Tokyo'; CREATE TABLE z AS SELECT TIMESTAMPTZ '2024-01-01 23:00:00+00' AS t"
    )
    assert rows(con, "SELECT EXTRACT(HOUR FROM t) FROM z") == [(23,)]
    assert con.execute("SELECT current_setting('TimeZone')").fetchone() == ("Asia/Tokyo",)


def test_the_command_line_runs_a_file_in_bigquerys_dialect(tmp_path):
    file = tmp_path / "q.sql"
    file.write_text(
        "DECLARE n INT64 DEFAULT 2;\nSELECT n / 4 AS x;\nSELECT EXTRACT(DAYOFWEEK FROM DATE '2024-05-05') AS w"
    )
    done = CliRunner().invoke(cli, ["sql", "--dialect", "bigquery", "--csv", str(file)])
    assert done.output.split() == ["x", "0.5", "w", "1"]


THR = "DECLARE thr FLOAT64 DEFAULT 0.1; SET thr = 0.4; "


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (THR + "EXECUTE IMMEDIATE 'SELECT ? + 1' USING thr", [(1.4,)]),
        (THR + "EXECUTE IMMEDIATE 'SELECT @t + 1' USING thr AS t", [(1.4,)]),
        (THR + "DECLARE n FLOAT64; EXECUTE IMMEDIATE 'SELECT ? * ?' INTO n USING thr, 2; SELECT n", [(0.8,)]),
        ("DECLARE q STRING DEFAULT 'SELECT 5'; EXECUTE IMMEDIATE q", [(5,)]),
        (THR + "SELECT (SELECT thr FROM UNNEST([1])) + thr", [(0.8,)]),
    ],
)  # fmt: skip
def test_a_bare_variable_is_a_value_of_a_dynamic_statement(con, text, wanted):
    assert rows(con, text) == wanted


@pytest.fixture
def churn(con):
    con.execute(
        "CREATE TABLE t AS SELECT i % 7 AS a, (i * 13 % 7 + i % 2 > 4)::INT AS y FROM range(200) r(i)"
    )
    con.execute(
        "CREATE MODEL churn OPTIONS(model_type='logistic_reg', input_label_cols=['y']) AS FROM t"
    ).fetchall()
    return con


EVALUATE = (
    "SELECT precision, recall FROM ML.EVALUATE(MODEL churn, TABLE t, STRUCT({} AS threshold))"
)


@pytest.mark.parametrize(
    ("script", "given"),
    [
        ("DECLARE thr FLOAT64 DEFAULT 0.3; " + EVALUATE.format("thr"), None),
        ("DECLARE n INT64 DEFAULT 3; " + EVALUATE.format("n / 10"), None),
        (f"EXECUTE IMMEDIATE '{EVALUATE.format('?')}' USING 0.3", None),
        (f"EXECUTE IMMEDIATE '{EVALUATE.format('@thr')}' USING 0.3 AS thr", None),
        (EVALUATE.format("?"), [0.3]),
        (f"FOR r IN (SELECT 0.3 AS v) DO {EVALUATE.format('r.v')}; END FOR", None),
    ],
)
def test_a_setting_takes_a_value_that_the_script_knows(churn, script, given):
    wanted = churn.execute(EVALUATE.format("0.3")).fetchall()
    assert wanted != churn.execute(EVALUATE.format("0.7")).fetchall()
    assert rows(churn, script, parameters=given) == wanted


def test_an_option_takes_a_value_that_the_script_knows(churn):
    text = """DECLARE label STRING DEFAULT 'y'; DECLARE k FLOAT64 DEFAULT 0.1;
    CREATE MODEL m OPTIONS(model_type = 'logistic_reg', input_label_cols = [label], l2_reg = k * 2,
                           description = CONCAT('l2 ', 'weak')) AS SELECT * FROM t;
    SHOW MODELS"""
    shown = churn.run_script(text, "bigquery").df().set_index("model")
    assert shown.loc["m", "model_type"] == "LOGISTIC_REG"
    text = text.replace("MODEL m ", "MODEL m3 ").replace("[label]", "nothing")
    with pytest.raises(StatementError, match="Seen: nothing") as caught:
        churn.run_script(text, "bigquery")
    column = text.splitlines()[1].index("nothing") + 1
    assert f"line 2, column {column}." in str(caught.value)


def test_a_parameter_of_duckdbs_in_a_setting_is_told_to_be_written_in(churn):
    with pytest.raises(StatementError, match="settings are literals; write the value in") as caught:
        churn.execute(EVALUATE.format("?"), [0.3])
    assert "Seen: ?" in str(caught.value)
    text = EVALUATE.format("?")
    with pytest.raises(
        StatementError, match=f"has no value at line 1, column {text.index('?') + 1}"
    ):
        churn.run_script(text, "bigquery")


BAD = (
    "SELECT 1;\n\n/* a */ SELECT *\nFROM ML.EVALUATE(MODEL churn, TABLE t, STRUCT(2 AS threshold))"
)


@pytest.mark.parametrize(
    "run",
    [
        lambda con: con.execute(BAD),
        lambda con: con.sql(BAD),
        lambda con: con.run_script(BAD),
        lambda con: con.run_script(BAD, "bigquery"),
        lambda con: con.execute(BAD + "; SELECT 2"),
    ],
)
def test_an_error_names_the_place_in_the_whole_script(churn, run):
    with pytest.raises(StatementError, match="at line 4, column 47") as caught:
        run(churn)
    assert caught.value.__notes__[0].startswith("In the statement at line 3, column 9")


@pytest.mark.parametrize("run", ["execute", "sql", "run_script"])
def test_an_error_of_duckdbs_in_its_own_dialect_says_in_which_statement(con, run):
    with pytest.raises(duckdb.Error) as caught:
        getattr(con, run)("SELECT ';';\n SELECT nothing FROM range(3); SELECT 3")
    assert caught.value.__notes__ == ["In the statement at line 2, column 2"]


def test_a_training_query_and_a_forgotten_model_are_placed_too(churn):
    text = "SELECT 1;\nCREATE MODEL x OPTIONS(model_type='linear_reg') AS\n SELECT * FROM ML.PREDICT(MODEL churn,\n  TABLE t, STRUCT(1 AS zz))"
    with pytest.raises(StatementError, match="line 4, column 19"):
        churn.execute(text)
    for dialect in ("duckdb", "bigquery"):
        with pytest.raises(
            StatementError, match=r"line 2, column 26.*MODEL churn, \.\.\..*write MODEL churn"
        ):
            churn.run_script("SELECT 1;\nSELECT * FROM ML.PREDICT(churn, TABLE t)", dialect)


def test_options_without_meaning_here_are_taken_with_a_warning(churn):
    text = "ALTER MODEL churn SET OPTIONS(expiration_timestamp = TIMESTAMP '2030-01-01', kms_key_name = 'k')"
    for dialect in ("duckdb", "bigquery"):
        result = churn.run_script(text, dialect)
        assert result.columns == ["model", "deployed_version", "warning"]
        assert result.fetchall() == [
            ("churn", 1, "No effect here: expiration_timestamp, kms_key_name.")
        ]
    later = "TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)"
    text = text.replace("TIMESTAMP '2030-01-01'", later)
    assert rows(churn, text)[0][1] == 1
    made = churn.execute(
        "CREATE MODEL m2 OPTIONS(model_type='logistic_reg', input_label_cols=['y'], "
        "l2_reg = NUMERIC '1', expiration_timestamp = TIMESTAMP '2030-01-01') AS FROM t"
    )
    assert "expiration_timestamp" in made.fetchone()[-1]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("DATE '2024-01-01'", "2024-01-01"), ("NUMERIC '1'", 1), ("NUMERIC '1.5'", 1.5),
        ("INTERVAL 7 DAY", "7 DAY"), ("INTERVAL '7' DAY", "'7' DAY"), ("JSON '{}'", "{}"),
    ],
)  # fmt: skip
def test_typed_literals_are_values(text, value):
    from retailsql.dialect.statements import read_script

    (read,) = read_script(f"CREATE MODEL m OPTIONS(a = {text}, b = 2) AS SELECT 1")
    assert read.options == {"a": value, "b": 2}


def test_the_command_line_tells_what_was_made_and_draws_results_only(tmp_path):
    db, file = tmp_path / "new.duckdb", tmp_path / "q.sql"
    file.write_text(
        "CREATE SCHEMA mart;\nCREATE TABLE mart.scored AS FROM range(1234);\nSET threads = 1;\n"
        "-- note\nINSERT INTO mart.scored VALUES (1);\nSELECT count(*) AS n FROM mart.scored"
    )
    done = CliRunner().invoke(cli, ["sql", "--db", str(db), "--csv", str(file)])
    assert done.stdout.split() == ["n", "1235"]
    assert done.stderr.strip().splitlines() == [
        f"{db} does not exist: a new database is made", "created schema mart",
        "created mart.scored, 1,234 rows", "inserted 1 row",
    ]  # fmt: skip
    again = CliRunner().invoke(cli, ["sql", "--db", str(db), "-c", "SELECT 1 AS Count"])
    assert again.stderr.strip() == ""
    assert "Count" in again.stdout


def test_an_error_of_a_file_names_line_and_column_of_the_file(tmp_path):
    file = tmp_path / "q.sql"
    file.write_text("-- one\nSELECT 1;\n\nSELECT *\nFROM ML.PREDICT(churn, TABLE t)")
    for dialect in ("duckdb", "bigquery"):
        done = CliRunner().invoke(cli, ["sql", "--dialect", dialect, str(file)])
        assert "line 5, column 17" in str(done.exception)
        assert done.exception.__notes__[-1] == f"In file {file}"
        assert "line 4, column 1" in done.exception.__notes__[0]
