"""Models through the door: calls, the linter's notices, CREATE MODEL and who may."""

import duckdb
import pytest

pytest.importorskip("scramp")
import retailsql
from retailsql.adapters.server.records import PgError
from tests.server_sessions import READER, WRITER, Extended, ask, enter, make_door, within

TRAIN = [*READER, "train on database"]


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """A file with model ``line`` (2a - b + 0.5c + 0.25), a table ``t``, and rows to train on."""
    from tests.conftest import MODELS

    folder = tmp_path_factory.mktemp("ml")
    with retailsql.connect(folder / "shop.duckdb") as con:
        inputs = {"a": "DOUBLE", "b": "DOUBLE", "c": "DOUBLE"}
        retailsql.import_onnx(con, "line", (MODELS / "line.onnx").read_bytes(), inputs=inputs)
        con.execute("CREATE TABLE t AS FROM (VALUES (1, 2.5, 4.0), (3, 0, 1)) v(a, b, c)")
        con.execute("CREATE TABLE rows AS SELECT i AS x, 3.0 * i + 1 AS label FROM range(400) r(i)")
    made = make_door(
        folder / "shop.duckdb", folder, anna=READER, tara=TRAIN, will=WRITER,
        scorer=["score on model line", "read on table t"], poor=["read on table t"],
        lena=["train on model lin"],
        half=["train on database", "score on database", "read on table t"],
    )  # fmt: skip
    yield made
    made.close()


@pytest.fixture
def session(door):
    opened = []

    def enter_as(user):
        opened.append(enter(door, user))
        return opened[-1]

    yield enter_as
    for one in opened:
        one.close()


def test_functions_and_ml_predict_score_alike(session):
    anna = session("anna")
    rows = ask(anna, "SELECT line_predict(t) FROM t ORDER BY a").rows
    assert rows == [("1.75",), ("6.75",)]
    found = ask(anna, "SELECT predicted_label FROM ML.PREDICT(MODEL line, TABLE t) ORDER BY a")
    assert found.error is None
    assert found.rows == rows


def test_ml_predict_takes_parameters_and_is_described(session):
    anna = session("anna")
    text = "SELECT a FROM ML.PREDICT(MODEL line, (SELECT * FROM t WHERE a > $1)) ORDER BY a"
    assert Extended(anna).run(text, [1]) == ([("3",)], "SELECT 1")
    anna.sync()


def test_grants_decide_about_models(session):
    call = "SELECT line_predict(t) FROM t"
    ml = "SELECT * FROM ML.PREDICT(MODEL line, TABLE t)"
    assert [ask(session("scorer"), q).state for q in (call, ml)] == ["00000", "00000"]
    assert [ask(session("poor"), q).state for q in (call, ml)] == ["42501", "42501"]
    train = "CREATE MODEL m OPTIONS(model_type='linear_reg') AS SELECT * FROM rows"
    assert ask(session("anna"), train).state == "42501"
    assert ask(session("half"), train).state == "42501"
    assert ask(session("half"), "DROP MODEL nothing_there").state == "42704"


def test_models_that_touch_files_of_the_server_are_refused(session):
    tara = session("tara")
    onnx = "CREATE MODEL m OPTIONS(model_type='ONNX', model_path='/tmp/m.onnx')"
    assert ask(tara, onnx).state == "42501"
    assert ask(tara, "EXPORT MODEL line OPTIONS(uri='/tmp/m.onnx')").state == "42501"


def test_show_models_lists_what_one_may_use(session):
    found = ask(session("anna"), "SHOW MODELS")
    at = found.names[0].index("model")
    assert [row[at] for row in found.rows] == ["line"]
    assert found.tags == ["SHOW"]
    assert ask(session("poor"), "SHOW MODELS").rows == []


def test_the_linter_speaks_in_notices(session):
    found = ask(session("anna"), "SELECT line_predict(b, a, c) FROM t")
    assert [n.message[:5] for n in found.notices] == ["RS301"]


def test_create_model_trains_and_all_sessions_have_it(session, door):
    pytest.importorskip("sklearn")
    tara, anna = session("tara"), session("anna")
    assert ask(anna, "SELECT 1").state == "00000"
    made = ask(
        tara, "CREATE MODEL threefold OPTIONS(model_type='linear_reg') AS SELECT * FROM rows"
    )
    assert made.error is None
    assert made.tags == ["CREATE MODEL"]
    assert any(n.message.startswith("model threefold, version 1: ") for n in made.notices)
    (row,) = ask(anna, "SELECT round(threefold_predict(r), 1) FROM rows r WHERE x = 100").rows
    assert float(row[0]) == pytest.approx(301, abs=1)
    assert not door.warehouse.path.with_name("shop.duckdb.wal").exists()
    assert ask(anna, "DROP MODEL threefold").state == "42501"
    assert ask(tara, "DROP MODEL threefold").tags == ["DROP MODEL"]
    assert ask(anna, "SELECT threefold_predict(r) FROM rows r").state == "42883"
    assert ask(tara, "DROP MODEL IF EXISTS threefold").tags == ["DROP MODEL"]


def test_what_fails_is_told_once(session):
    pytest.importorskip("sklearn")
    tara = session("tara")
    train = "CREATE MODEL m OPTIONS(model_type='linear_reg', {}) AS SELECT * FROM rows"
    for options, words in {
        "input_label_cols=['lable']": "no column 'lable', which input_label_cols names",
        "labl='x'": "no option 'labl'",
    }.items():
        found = ask(tara, train.format(options))
        assert words in found.error.message
        assert found.notices == []


def test_a_misspelt_model_is_told_the_nearest_of_ones_own(session):
    for text in ("SELECT * FROM ML.PREDICT(MODEL lin, TABLE t)", "DROP MODEL lin"):
        error = ask(session("will"), text).error
        assert (error.sqlstate, error.message) == ("42704", 'model "lin" does not exist')
        assert error.hint == "Did you mean: line?"
    error = ask(session("lena"), "DROP MODEL lin").error
    assert error.sqlstate == "42704"
    assert "line" not in f"{error.detail}{error.hint}"


def test_a_function_that_gives_a_value_is_told_from_one_that_gives_rows(session):
    pytest.importorskip("sklearn")
    will = session("will")
    made = ask(
        will,
        "CREATE MODEL basket OPTIONS(model_type='item_knn', user_col='who', item_col='what') AS "
        "SELECT 'u' || i % 40 AS who, 'p' || hash(i) % 9 AS what FROM range(400) r(i)",
    )
    assert made.error is None
    found = ask(will, "SELECT * FROM basket_recommend('u1', 3)")
    assert found.state == "42883"
    assert "SELECT basket_recommend(...)" in found.error.hint
    assert ask(will, "SELECT count(*) FROM unnest(basket_recommend('u1', 3))").error is None
    assert ask(will, "DROP MODEL basket").error is None


def test_a_model_of_a_rolled_back_block_is_gone(session):
    pytest.importorskip("sklearn")
    tara = session("tara")
    made = ask(
        tara, "BEGIN; CREATE MODEL lost OPTIONS(model_type='linear_reg') AS SELECT * FROM rows"
    )
    assert made.error is None
    assert made.status == "T"
    assert ask(tara, "SELECT count(lost_predict(r)) FROM rows r").rows == [("400",)]
    ask(tara, "ROLLBACK")
    assert ask(tara, "SELECT lost_predict(r) FROM rows r").state == "42883"
    assert ask(tara, "SELECT 1").rows == [("1",)]


def test_a_model_stored_before_its_statement_failed_is_known_to_all(session, monkeypatch):
    pytest.importorskip("sklearn")
    from retailsql import statements

    tara, will, made = session("tara"), session("will"), statements.carry_out

    def cancelled(*given):
        made(*given)
        raise PgError("57014", "canceling statement due to user request")

    assert ask(will, "SELECT late_predict(r) FROM rows r").state == "42883"
    monkeypatch.setattr(statements, "carry_out", cancelled)
    train = "CREATE MODEL late OPTIONS(model_type='linear_reg') AS SELECT * FROM rows"
    assert ask(tara, train).state == "57014"
    assert ask(will, "SELECT count(late_predict(r)), 7 / 2 FROM rows r").rows == [("400", "3")]
    assert ask(tara, "SELECT 7 / 2").rows == [("3",)]
    monkeypatch.undo()
    assert ask(tara, "DROP MODEL late").error is None


def test_what_was_written_is_in_the_file(session, door):
    will = session("will")
    ask(will, "CREATE TABLE kept AS SELECT 1 AS a")
    copy = door.warehouse.path.with_name("copy.duckdb")
    copy.write_bytes(door.warehouse.path.read_bytes())
    with duckdb.connect(str(copy), read_only=True) as con:
        assert con.execute("FROM kept").fetchall() == [(1,)]


def test_names_that_are_guarded_work_in_models_statements(session):
    tara = session("tara")
    text = (
        "SELECT list_distinct(list(round(predicted_label))), count(regexp_replace('a', 'a', $1)) "
        "FROM ML.PREDICT(MODEL line, (SELECT len(list_distinct([a, a])) AS a, b, "
        "replace(c::text, b::text, '')::double AS c FROM t WHERE b > 1 AND [a] && [1]))"
    )
    assert Extended(tara).run(text, ["x"])[0][0][1] == "1"
    tara.sync()
    query = "SELECT x, label, len(list_distinct([x, x + 1])) AS n, hex(x) = '0' AS h FROM rows"
    made = ask(tara, f"CREATE MODEL guarded OPTIONS(model_type='linear_reg') AS {query}")
    assert made.tags == ["CREATE MODEL"], made.error


def test_the_rows_of_a_training_are_read_under_guards_and_stored_is_what_was_written(session, door):
    tara = session("tara")
    slow = (
        "SELECT j AS x, j AS label, len(list_distinct(l || [j])) AS n "
        "FROM (SELECT list(hash(i)) l FROM range(100000) t(i)), range(100) r(j)"
    )
    create = "CREATE OR REPLACE MODEL slow OPTIONS(model_type='linear_reg') AS"
    ask(tara, "SET statement_timeout = '1s'")
    found = within(2.5, lambda: ask(tara, f"{create} {slow}"))
    assert found.state == "57014", found.error
    transform = "CREATE OR REPLACE MODEL slow TRANSFORM(x + n AS x, label)"
    options = "OPTIONS(model_type='linear_reg') AS"
    found = within(2.5, lambda: ask(tara, f"{transform} {options} {slow}"))
    assert found.state == "57014", found.error
    ask(tara, "RESET statement_timeout")
    huge = slow.replace("(100000)", "(600000)").replace("range(100)", "range(3)")
    found = ask(tara, f"{create} {huge}")
    assert "at most 500000" in found.error.detail
    written = (
        "SELECT x, label, len(list_distinct([x, x + 1])), replace(x::text, '9', x::text) FROM rows"
    )
    made = ask(tara, f"{create} {written};")
    assert made.tags == ["CREATE MODEL"], made.error
    copy = door.warehouse.path.with_name("trained.duckdb")
    copy.write_bytes(door.warehouse.path.read_bytes())
    with retailsql.connect(copy, read_only=True) as con:
        ((stored, signature),) = con.execute(
            "SELECT training_sql, signature::VARCHAR FROM retailsql.versions "
            "WHERE model_name = 'slow' AND version = 1"
        ).fetchall()
    assert stored == written
    assert "__pg" not in signature
    ask(tara, "DROP MODEL slow")


def test_create_model_takes_no_parameter_and_says_why(session):
    tara = session("tara")
    text = "CREATE MODEL m OPTIONS(model_type='LINEAR_REG') AS SELECT * FROM rows WHERE x > $1"
    with pytest.raises(PgError, match=r"there is no parameter \$1") as told:
        tara.prepare("", text, [])
    assert told.value.sqlstate == "42P02"
    assert told.value.position == text.index("$1") + 1
    assert "Write the value in" in told.value.hint


@pytest.mark.parametrize(
    "source",
    ["information_schema.tables", "pg_class", "pg_catalog.pg_settings", "pg_views"],
)
def test_no_model_learns_the_catalog_by_heart(session, source):
    # A model is trained on DuckDB's own SQL, and DuckDB's catalog tells of what nobody may read.
    query = f"SELECT q::VARCHAR AS name, j AS label FROM {source} q, range(9) r(j)"
    tara = session("tara")
    assert ask(tara, query).error is None
    found = ask(tara, f"CREATE MODEL spy OPTIONS(model_type='linear_reg') AS {query}")
    assert (found.state, "tables and views" in (found.error.hint or "")) == ("42501", True)


def test_ml_functions_and_trainings_divide_as_they_do_without_the_door(session, door, tmp_path):
    # 7 / 2 is 3 in what a client writes, and 3.5 in what is stored and in what ML calls become.
    pytest.importorskip("sklearn")
    will = session("will")
    features = "SELECT x % 40 AS a, x / 7 AS b, hash(x) % 5 > x % 4 AS label FROM rows"
    for text in (
        f"CREATE MODEL halves OPTIONS(model_type='logistic_reg') AS {features}",
        "CREATE MODEL steps TRANSFORM(x / 7 AS week, label) OPTIONS(model_type='linear_reg') "
        "AS SELECT x, label FROM rows",
        "CREATE VIEW main.seen AS SELECT x % 40 AS a, x / 7.0 AS b, hash(x) % 5 > x % 4 AS label "
        "FROM main.rows",
    ):
        assert ask(will, text).error is None
    assert ask(will, "SELECT 7 / 2").rows == [("3",)]
    copy = tmp_path / "shop.duckdb"
    copy.write_bytes(door.warehouse.path.read_bytes())
    asked = (
        "SELECT * FROM ML.EVALUATE(MODEL halves)",
        "SELECT * FROM ML.EVALUATE(MODEL halves, TABLE seen)",
        "SELECT * FROM ML.ROC_CURVE(MODEL halves)",
        "SELECT * FROM ML.ROC_CURVE(MODEL halves, GENERATE_ARRAY(0.1, 0.9, 0.1))",
        "SELECT * FROM ML.CONFUSION_MATRIX(MODEL halves)",
        "SELECT * FROM ML.WEIGHTS(MODEL halves) ORDER BY ALL",
        "SELECT * FROM ML.FEATURE_INFO(MODEL halves) ORDER BY ALL",
        "SELECT * FROM ML.TRANSFORM(MODEL steps, (SELECT x, label FROM rows)) ORDER BY ALL",
        "SELECT predicted_label FROM ML.PREDICT(MODEL steps, (SELECT x FROM rows)) ORDER BY ALL",
        "SELECT steps_predict(r) AS p FROM rows AS r ORDER BY ALL",
        "SELECT * FROM ML.GLOBAL_EXPLAIN(MODEL halves) ORDER BY ALL",
    )
    with retailsql.connect(copy, read_only=True) as con:
        for text in asked:
            found = Extended(will).run(
                f"SELECT md5(list(r::VARCHAR)::VARCHAR), count(*) FROM ({text}) r"
            )
            will.sync()
            wanted = con.sql(f"SELECT md5(list(r::VARCHAR)::VARCHAR), count(*) FROM ({text}) r")
            assert tuple(found[0][0]) == tuple(map(str, wanted.fetchall()[0])), text
        (direct,) = con.sql("SELECT count(DISTINCT b) AS n FROM seen").fetchall()
    for model in ("halves", "steps"):
        assert ask(will, f"DROP MODEL {model}").error is None
    assert direct == (400,)
