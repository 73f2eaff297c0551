"""What a tester who wants to break it tries: odd names, odd rows, odd arguments, odd databases.

Each case broke something once. A mistake is told in retailsql's words, never in SQL that a call
was spliced into (``__rs_``), and nothing half done is left behind.
"""

from __future__ import annotations

import duckdb
import pytest

import retailsql
from retailsql.dialect.with_queries import describable
from retailsql.errors import (
    ImportModelError,
    RegistryError,
    RetailSQLError,
    SignatureError,
    StatementError,
    TrainingError,
)

ROWS = """
CREATE TABLE t AS
SELECT i, i % 17 AS a, i % 5 AS x, i % 7 AS e, ['u', 'v', 'w'][1 + i % 3] AS c,
       (i % 17 + (i * 7) % 5) > 9 AS lab, 2.0 * (i % 17) + (i * 7) % 5 AS val
FROM range(60) AS r(i)
"""
MODELS = (
    "CREATE MODEL yes_no OPTIONS(model_type = 'LOGISTIC_REG', input_label_cols = ['lab']) "
    "AS SELECT a, c, lab FROM t",
    "CREATE MODEL number OPTIONS(model_type = 'LINEAR_REG', input_label_cols = ['val']) "
    "AS SELECT a, c, val FROM t",
    "CREATE MODEL groups OPTIONS(model_type = 'KMEANS', num_clusters = 2) AS SELECT a, x, e FROM t",
    "CREATE MODEL space OPTIONS(model_type = 'PCA', num_principal_components = 1) "
    "AS SELECT a, x FROM t",
    "CREATE MODEL prep TRANSFORM(ML.MIN_MAX_SCALER(a) OVER () AS a) "
    "OPTIONS(model_type = 'TRANSFORM_ONLY') AS SELECT a, x FROM t",
    "CREATE MODEL taste OPTIONS(model_type = 'MATRIX_FACTORIZATION', user_col = 'who', "
    "item_col = 'item', rating_col = 'stars', num_factors = 2) "
    "AS SELECT i % 12 AS who, i % 7 AS item, 1 + i % 5 AS stars FROM t",
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A file with the table and a model of each quick kind."""
    file = tmp_path_factory.mktemp("adversarial") / "base.duckdb"
    with retailsql.connect(file) as con:
        con.execute(ROWS)
        for statement in MODELS:
            con.execute(statement)
    return file


@pytest.fixture(scope="module")
def base(path):
    """A session that only reads it."""
    with retailsql.connect(path) as con:
        yield con


def refusal(con, sql: str) -> str:
    """What a statement is refused with; it names nothing of the inside."""
    with pytest.raises((RetailSQLError, duckdb.Error)) as caught:
        con.execute(sql).fetchall()
    words = str(caught.value)
    assert "__rs_" not in words
    if isinstance(caught.value, StatementError):
        assert "line 1, column" in words, words
    return words


NAMED = "WITH n AS (SELECT * FROM t WHERE i < 30)"


@pytest.mark.parametrize(
    "call",
    [
        "ML.DESCRIBE_DATA(TABLE n)",
        "ML.VALIDATE_DATA_DRIFT(TABLE n, (SELECT * FROM n))",
        "ML.VALIDATE_DATA_SKEW(MODEL yes_no, TABLE n)",
        "ML.CONFUSION_MATRIX(MODEL yes_no, (SELECT * FROM n))",
        "ML.ROC_CURVE(MODEL yes_no, TABLE n)",
        "ML.EVALUATE(MODEL yes_no, TABLE n)",
        "ML.EVALUATE(MODEL groups, TABLE n)",
        "ML.RECOMMEND(MODEL taste, (SELECT DISTINCT i % 12 AS who FROM n))",
        "ML.DESCRIBE_DATA((SELECT * FROM ML.PREDICT(MODEL number, TABLE n)))",
    ],
)
def test_rows_of_a_named_query(base, call):
    """A query named by WITH is a table for every function, also where its columns are asked for."""
    assert base.execute(f"{NAMED} SELECT * FROM {call}").fetchall()


@pytest.mark.parametrize(
    ("before", "columns"),
    [
        ("WITH t AS (SELECT 1 AS z) SELECT * FROM (", ["z"]),
        ("WITH u AS (SELECT 1 AS z), t AS (FROM u) SELECT * FROM (", ["z"]),
        ("WITH u(z) AS NOT MATERIALIZED (SELECT 1), t AS (FROM u), v AS (", ["z"]),
        ("SELECT * FROM (WITH t AS (SELECT 1 AS z) FROM t), (", ["i"]),
        ("WITH t AS (SELECT 1 AS z) SELECT (WITH t AS (SELECT z AS y FROM t) FROM ", ["y"]),
        ("WITH RECURSIVE t AS (SELECT 1 AS z UNION ALL SELECT z + 1 FROM t WHERE z < 3) ", ["z"]),
        ("SELECT TIMESTAMP WITH TIME ZONE '2024-01-01', ", ["i"]),
    ],
)
def test_the_queries_in_sight(base, before, columns):
    """Inner names come before outer ones, and those of closed brackets are gone."""
    told = base.execute(f"DESCRIBE {describable(before, 'FROM t')}").fetchall()
    assert [row[0] for row in told][:1] == columns


@pytest.mark.parametrize(
    "name", ["x", "e", "s", "i", "v", "h", "label", "score", "a b", 'q"q', "é"]
)
def test_columns_called_like_our_own(con, name):
    """No column's name is taken for a variable of the SQL a call stands for."""
    column = '"' + name.replace('"', '""') + '"'
    con.execute(
        f"CREATE TABLE odd AS SELECT k % 5 AS {column}, k % 3 AS other, [k, 1] AS many, "
        "CAST(k % 4 AS VARCHAR) AS word FROM range(30) AS r(k)"
    )
    con.execute(
        "CREATE MODEL m OPTIONS(model_type = 'KMEANS', num_clusters = 2) "
        f"AS SELECT {column}, other FROM odd"
    )
    for call in (
        "ML.PREDICT(MODEL m, TABLE odd)", "ML.DESCRIBE_DATA(TABLE odd)",
        "ML.VALIDATE_DATA_DRIFT(TABLE odd, TABLE odd)", "ML.CENTROIDS(MODEL m)",
        "ML.DETECT_ANOMALIES(MODEL m, STRUCT(0.1 AS contamination), TABLE odd)",
    ):  # fmt: skip
        assert con.execute(f"SELECT * FROM {call}").fetchall()
    assert con.execute("SELECT m_predict(o), m_distance(o) FROM odd AS o").fetchall()


@pytest.mark.parametrize(
    ("call", "fact"),
    [
        ("ML.PREDICT(MODEL yes_no, )", "is empty"),
        ("ML.PREDICT(MODEL yes_no, TABLE)", "Expected a name"),
        ("ML.PREDICT(MODEL yes_no, TABLE t u)", "Did not expect more"),
        ("ML.PREDICT(MODEL yes_no, TABLE t WHERE a > 1)", "Did not expect more"),
        ("ML.PREDICT(MODEL yes_no, (SELECT 1) UNION (SELECT 2))", "Did not expect more"),
        ("ML.PREDICT(MODEL yes_no, ())", "reads the rows of a query"),
        ("ML.PREDICT(MODEL yes_no, (DELETE FROM t RETURNING *))", "reads the rows of a query"),
        ("ML.PREDICT(yes_no, TABLE t)", "takes a model first"),
        ("ML.PREDICT()", "takes a model first"),
    ],
)
def test_wrong_arguments_are_told_with_their_place(base, call, fact):
    words = refusal(base, f"SELECT * FROM {call}")
    assert fact in words
    assert "line 1, column" in words


@pytest.mark.parametrize(
    "call",
    [
        "ML.PREDICT(MODEL yes_no, TABLE nowhere)",
        "ML.EVALUATE(MODEL groups, TABLE nowhere)",
        "ML.EVALUATE(MODEL taste, TABLE nowhere)",
        "ML.EVALUATE(MODEL taste, (SELECT 1 AS who, 2 AS item))",
        "ML.TRANSFORM(MODEL prep, (SELECT 1 AS z))",
        "ML.PREDICT(MODEL yes_no, TABLE range(3))",
        "ML.PREDICT(MODEL groups, (SELECT *, 1 AS CENTROID_ID FROM t))",
        "ML.DETECT_ANOMALIES(MODEL groups, STRUCT(0.1 AS contamination), "
        "(SELECT *, 1 AS is_anomaly FROM t))",
        "ML.PREDICT(MODEL space, (SELECT *, 1 AS principal_component_1 FROM t))",
        "ML.EXPLAIN_PREDICT(MODEL yes_no, (SELECT *, 1 AS probability FROM t))",
        "ML.PREDICT(MODEL yes_no, TABLE t), (SELECT ML.PREDICT(MODEL yes_no, TABLE t))",
    ],
)
def test_errors_show_none_of_the_spliced_sql(base, call):
    assert refusal(base, f"SELECT * FROM {call}")


def test_a_column_called_like_its_table(con):
    """``t`` is then the column; the message says so instead of DuckDB's 'cannot extract'."""
    con.execute(
        "CREATE TABLE t AS SELECT k % 5 AS t, k % 3 AS u, k * 1.0 AS y FROM range(30) AS r(k)"
    )
    con.execute(
        "CREATE MODEL m OPTIONS(model_type = 'LINEAR_REG', input_label_cols = ['y']) AS FROM t"
    )
    with pytest.raises(SignatureError, match="another alias"):
        con.execute("SELECT m_score(t) FROM t")
    assert con.execute("SELECT m_score(r) FROM t AS r").fetchall()


def test_three_columns_of_one_name_are_refused(con):
    """Also of one letter: Python holds such texts once, and 'is not' does not tell them apart."""
    con.execute(ROWS)
    with pytest.raises(TrainingError, match="the same name"):
        con.execute(
            "CREATE MODEL m OPTIONS(model_type = 'KMEANS', num_clusters = 2) "
            "AS SELECT a, i, a FROM t"
        )


@pytest.mark.parametrize(
    "option",
    ["l2_reg", "max_iterations", "seed", "num_folds", "fit_intercept",
     "data_split_eval_fraction", "input_label_cols"],
)  # fmt: skip
def test_an_option_of_null_is_as_if_left_out(con, option):
    con.execute(ROWS)
    sql = "CREATE MODEL {} OPTIONS(model_type = 'LINEAR_REG'{}) AS SELECT a, val AS label FROM t"
    told = [con.execute(sql.format(name, more)).fetchall()[0][1:] for name, more in
            (("without", ""), ("of_null", f", {option} = NULL"))]  # fmt: skip
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        ("model_type = 'LINEAR_REG', seed = 99999999999999999999", "Option seed is too large"),
        ("model_type = 'LINEAR_REG', nonsense = NULL", "no option 'nonsense'"),
        ("model_type = 'KMEANS', , num_clusters = 2", "An option is empty at line 1"),
    ],
)
def test_wrong_options_leave_nothing(con, options, fact):
    con.execute(ROWS)
    with pytest.raises(RetailSQLError, match=fact):
        con.execute(f"CREATE MODEL m OPTIONS({options}) AS SELECT a, val AS label FROM t")
    assert con.execute("SHOW MODELS").fetchall() == []


def test_options_in_any_form(con):
    """Quoted names, any case, any order."""
    con.execute(ROWS)
    con.execute(
        "CREATE MODEL m OPTIONS(NUM_Clusters = 2, \"model_type\" = 'kmeans') AS SELECT a FROM t"
    )
    assert con.execute("SELECT count(*) FROM ML.CENTROIDS(MODEL m)").fetchall() == [(2,)]


def test_queries_that_nothing_reads_are_refused(con):
    con.execute(ROWS)
    with pytest.raises(TrainingError, match="takes no queries beside"):
        con.execute(
            "CREATE MODEL m OPTIONS(model_type = 'KMEANS', num_clusters = 2) "
            "AS (training_data AS (SELECT a FROM t), custom_holiday AS (SELECT 1))"
        )
    with pytest.raises(StatementError, match="exclude each other at line 1"):
        con.execute(
            "CREATE OR REPLACE MODEL IF NOT EXISTS m OPTIONS(model_type = 'KMEANS') AS FROM t"
        )


@pytest.mark.parametrize("model", ["yes_no", "number", "groups", "space"])
def test_export_and_import_give_the_same_rows(base, tmp_path, model):
    base.execute(f"EXPORT MODEL {model} OPTIONS(uri = '{tmp_path}/m.onnx')")
    with retailsql.connect() as other:
        other.execute(ROWS)
        other.execute(f"CREATE MODEL m OPTIONS(model_type='ONNX', model_path='{tmp_path}/m.onnx')")
        sql = "SELECT * FROM ML.PREDICT(MODEL {}, TABLE t) ORDER BY i"
        assert (
            other.execute(sql.format("m")).fetchall() == base.execute(sql.format(model)).fetchall()
        )


def test_a_factorizer_cannot_be_imported(base, tmp_path):
    """Its items are rows of its database."""
    base.execute(f"EXPORT MODEL taste OPTIONS(uri = '{tmp_path}/m.onnx')")
    with retailsql.connect() as other, pytest.raises(ImportModelError, match="stored rows"):
        other.execute(f"CREATE MODEL m OPTIONS(model_type='ONNX', model_path='{tmp_path}/m.onnx')")


@pytest.mark.parametrize("database", ['"my ""d.b"', '"select"', '"a b"."c.d"'])
def test_beside_a_database_called_retailsql(con, database):
    """DuckDB finds ``retailsql`` in the text of a view ambiguous then; models must not care."""
    con.execute(ROWS)
    first = database.split('"."')[0]
    con.execute(f"ATTACH ':memory:' AS {first + ('' if first.endswith(chr(34)) else chr(34))}")
    if first != database:
        con.execute(f"CREATE SCHEMA {database}")
    con.execute("ATTACH ':memory:' AS retailsql")
    for place in (database, "retailsql.main"):
        con.execute(
            f"CREATE MODEL {place}.m OPTIONS(model_type = 'KMEANS', num_clusters = 2) "
            "AS SELECT a FROM t"
        )
        sql = f"SELECT count(*) FROM ML.PREDICT(MODEL {place}.m, TABLE t)"
        assert con.execute(sql).fetchall() == [(60,)]
        assert con.execute(f"SELECT {place}.m_predict(r) FROM t AS r").fetchall()
    assert len(con.execute("SHOW MODELS").fetchall()) == 2


def test_the_list_is_made_once_it_can_be(con):
    """The view that a database called retailsql was in the way of comes with the next model."""
    con.execute(ROWS)
    con.execute("ATTACH ':memory:' AS retailsql")
    model = "CREATE MODEL {} OPTIONS(model_type = 'KMEANS', num_clusters = 2) AS SELECT a FROM t"
    con.execute(model.format("m"))
    con.execute("DETACH retailsql")
    con.execute(model.format("n"))
    assert con.execute("SELECT model FROM retailsql.model_versions").fetchall() == [("m",), ("n",)]


@pytest.mark.parametrize("database", ["temp", "system"])
def test_duckdbs_own_databases_keep_no_models(con, database):
    con.execute(ROWS)
    with pytest.raises(RegistryError, match="DuckDB's own"):
        con.execute(
            f"CREATE MODEL {database}.m OPTIONS(model_type = 'KMEANS', num_clusters = 2) "
            "AS SELECT a FROM t"
        )


def test_notes_of_a_read_only_database(path, base):
    base.execute("CHECKPOINT")
    with retailsql.connect() as con:
        copy = path.with_name("copy.duckdb")
        copy.write_bytes(path.read_bytes())
        con.execute(f"ATTACH '{copy}' AS ro (READ_ONLY)")
        with pytest.raises(RegistryError, match="for reading only"):
            con.execute("ALTER MODEL ro.groups SET OPTIONS(description = 'x')")


def test_drift_is_the_same_number_every_time(con):
    """Its sum is taken in one order, whatever the threads do."""
    con.execute("CREATE TABLE n AS SELECT (k * 7919) % 101 / 7.0 AS v FROM range(5000) AS r(k)")
    con.execute("SET threads = 4")
    call = "ML.VALIDATE_DATA_DRIFT(TABLE n, (SELECT v * 1.1 AS v FROM n))"
    told = {con.execute(f"SELECT value FROM {call}").fetchall()[0][0] for _ in range(8)}
    assert len(told) == 1


def left_behind(con, model: str) -> int:
    """Rows about a model in every table of the registry but the log of deployments."""
    n = 0
    tables = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'retailsql'"
    for (table,) in con.execute(tables).fetchall():
        columns = [row[0] for row in con.execute(f"DESCRIBE retailsql.{table}").fetchall()]
        if table == "deployments":
            continue
        where = (
            f"model_name = '{model}'" if "model_name" in columns
            else "content_hash NOT IN (SELECT content_hash FROM retailsql.versions)"
        )  # fmt: skip
        n += con.execute(f"SELECT count(*) FROM retailsql.{table} WHERE {where}").fetchall()[0][0]
    return n


def test_a_model_of_many_kinds_is_gone_whole(con):
    """CREATE OR REPLACE with another kind, versions of equal content, notes, rollback, DROP."""
    con.execute(ROWS)
    public = (
        "SELECT DISTINCT function_name FROM duckdb_functions() "
        "WHERE starts_with(function_name, 'm_')"
    )
    seen = []
    for statement in (*MODELS, MODELS[2]):
        name = statement.split()[2]
        con.execute(statement.replace(f"MODEL {name}", "OR REPLACE MODEL m", 1))
        seen.append({f for (f,) in con.execute(public).fetchall()})
    assert seen[0] == seen[1] == {"m_score", "m_predict", "m_explain"}
    assert seen[2] == seen[6] == {"m_predict", "m_distance"}
    assert seen[4] == {"m_transform"}
    con.execute("ALTER MODEL m SET OPTIONS(description = 'x', deployed_version = 3)")
    con.execute("DROP MODEL m VERSION 7")  # of the same content as 3
    assert con.execute("SELECT count(*) FROM ML.PREDICT(MODEL m, TABLE t)").fetchall() == [(60,)]
    con.execute("ALTER MODEL m ROLLBACK")
    assert {f for (f,) in con.execute(public).fetchall()} == seen[1]
    con.execute("DROP MODEL m")
    assert left_behind(con, "m") == 0
    assert con.execute(public).fetchall() == []


@pytest.mark.parametrize("statement", MODELS, ids=[s.split()[2] for s in MODELS])
def test_a_rollback_leaves_nothing(con, statement):
    con.execute(ROWS)
    name = statement.split()[2]
    con.execute("BEGIN")
    con.execute(statement)
    con.execute("ROLLBACK")
    assert con.execute("SELECT count(*) FROM duckdb_schemas() WHERE schema_name = 'retailsql'"
                       ).fetchall() == [(0,)]  # fmt: skip
    con.execute(statement)
    with pytest.raises(duckdb.Error):
        con.execute("BEGIN; SELECT error('aborted')")
    with pytest.raises(duckdb.TransactionException, match="aborted"):
        con.execute(f"DROP MODEL {name}")
    con.execute("ROLLBACK")
    con.execute(f"DROP MODEL {name}")
    assert left_behind(con, name) == 0
