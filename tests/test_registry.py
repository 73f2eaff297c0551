"""Models are rows: versions, deployments, several files, other processes, transactions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import duckdb
import pytest

import retailsql
from retailsql.errors import (
    CorruptModelError,
    DatabaseOpenError,
    ModelNotFoundError,
    RegistryError,
    SignatureError,
)
from retailsql.functions import scorers
from tests.conftest import ROOT

ABC = {"a": "DOUBLE", "b": "DOUBLE", "c": "DOUBLE"}
ONE = "SELECT m_predict(a := 1, b := 1, c := 0)"


def run_python(code: str) -> str:
    """What another process prints."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def two_versions(con, tiny):
    """Model ``m``: version 1 has bias 0.25, version 2 has bias 9."""
    retailsql.import_onnx(con, "m", tiny("line"), inputs=ABC)
    retailsql.import_onnx(con, "m", tiny("line_bias_9"), inputs=ABC)


def test_a_new_version_is_deployed_and_can_be_rolled_back(con, tiny):
    two_versions(con, tiny)
    assert con.execute(ONE).fetchall() == [(10.0,)]
    assert con.execute("ALTER MODEL m ROLLBACK").fetchall() == [("m", 1)]
    assert con.execute(ONE).fetchall() == [(1.25,)]
    con.execute("ALTER MODEL m SET OPTIONS(deployed_version = 2)")
    assert con.execute(ONE).fetchall() == [(10.0,)]
    log = con.execute("SELECT version, action FROM retailsql.deployments").fetchall()
    assert log == [(1, "deploy"), (2, "deploy"), (1, "rollback"), (2, "deploy")]


def test_show_models_lists_every_version(con, tiny):
    two_versions(con, tiny)
    rows = con.execute("SHOW MODELS").fetchall()
    assert [(r[1], r[2], r[3]) for r in rows] == [("m", 1, False), ("m", 2, True)]


def test_drop_version_and_drop_model(con, tiny):
    two_versions(con, tiny)
    with pytest.raises(RegistryError, match="deployed one"):
        con.execute("DROP MODEL m VERSION 2")
    con.execute("DROP MODEL m VERSION 1")
    with pytest.raises(ModelNotFoundError, match="no version before 2"):
        con.execute("ALTER MODEL m ROLLBACK")
    con.execute("DROP MODEL m")
    assert con.execute("SELECT count(*) FROM retailsql.versions").fetchall() == [(0,)]
    with pytest.raises(ModelNotFoundError):
        con.execute(ONE)
    con.execute("DROP MODEL IF EXISTS m")


def test_what_a_version_holds(con, tiny):
    """Bytes with SHA-256, signature, profile, certificate, libraries and format are all there."""
    retailsql.import_onnx(con, "m", tiny("line"), inputs=ABC)
    row = con.execute(
        "SELECT artefact, artefact_sha256 = sha256(artefact), signature, certificate, libraries,"
        " format FROM retailsql.versions"
    ).fetchall()[0]
    assert bytes(row[0]) == tiny("line")
    assert row[1] is True
    assert [f["name"] for f in json.loads(row[2])["features"]] == ["a", "b", "c"]
    certificate = json.loads(row[3])
    assert certificate["rows"] == 64
    assert certificate["max_abs_diff"] == 0.0
    assert json.loads(row[4])["duckdb"] == duckdb.__version__
    assert row[5] == 1


def test_another_process_scores_the_same_bits(tmp_path, tiny):
    """Written, closed, opened elsewhere, read-only too: the same score to the last bit."""
    path = tmp_path / "shop.duckdb"
    with retailsql.connect(path) as con:
        retailsql.import_onnx(con, "odds", tiny("odds"), inputs={"a": "DOUBLE", "b": "DOUBLE"})
        con.execute("CREATE TABLE t AS SELECT sin(i) AS a, cos(i) AS b FROM range(5000) r(i)")
        query = "SELECT hash(list(odds_score(t) ORDER BY a, b)) FROM t"
        here = str(con.execute(query).fetchall()[0][0])
    for how in ("", ", read_only=True"):
        code = f"import retailsql; c = retailsql.connect({str(path)!r}{how}); "
        assert run_python(code + f"print(c.execute({query!r}).fetchall()[0][0])") == here


def test_two_shops_with_models_of_one_name(tmp_path, tiny):
    """Both are called in one query, on a plain DuckDB connection."""
    for shop, model in (("a", "line"), ("b", "line_bias_9")):
        with retailsql.connect(tmp_path / f"{shop}.duckdb") as con:
            retailsql.import_onnx(con, "churn", tiny(model), inputs=ABC)
            con.execute("CREATE TABLE c AS SELECT 1 AS a, 1 AS b, 0 AS c")
    con = duckdb.connect()
    con.execute(f"ATTACH '{tmp_path}/a.duckdb' AS shop_a (READ_ONLY)")
    con.execute(f"ATTACH '{tmp_path}/b.duckdb' AS shop_b")
    retailsql.attach(con)
    both = "SELECT shop_a.churn_score(x), shop_b.churn_score(x) FROM shop_a.c AS x"
    assert con.execute(both).fetchall() == [(1.25, 10.0)]
    con.close()


def test_a_session_sees_what_it_attaches(tmp_path, tiny):
    with retailsql.connect(tmp_path / "a.duckdb") as con:
        retailsql.import_onnx(con, "m", tiny("line"), inputs=ABC)
    with retailsql.connect() as con:
        con.execute(f"ATTACH '{tmp_path}/a.duckdb' AS shop")
        assert con.execute(ONE.replace("m_p", "shop.m_p")).fetchall() == [(1.25,)]
        rows = con.execute("FROM ML.PREDICT(MODEL shop.m, (SELECT 1 AS a, 1 AS b, 0 AS c))")
        assert rows.fetchall() == [(1.25, 1, 1, 0)]


def test_a_file_called_retailsql(tmp_path, tiny):
    """``retailsql.models`` would be ambiguous there; three-part names are not."""
    with retailsql.connect(tmp_path / "retailsql.duckdb") as con:
        retailsql.import_onnx(con, "m", tiny("line"), inputs=ABC)
        assert con.execute(ONE).fetchall() == [(1.25,)]


def test_models_in_schemas(con, tiny):
    con.execute("CREATE SCHEMA sales")
    retailsql.import_onnx(con, "sales.m", tiny("line"), inputs=ABC)
    assert con.execute(ONE.replace("m_p", "sales.m_p")).fetchall() == [(1.25,)]
    assert con.execute("SHOW MODELS").fetchall()[0][1] == "sales.m"


def made_elsewhere(path, *names):
    """A database made by another process: models of ``line.onnx``, ``bias9`` of that name."""
    folder = str(ROOT / "tests" / "models")
    run_python(
        f"import retailsql; con = retailsql.connect({str(path)!r})\n"
        f"for name in {names!r}:\n"
        f"    file = {folder!r} + ('/line_bias_9.onnx' if name == 'bias9' else '/line.onnx')\n"
        f"    retailsql.import_onnx(con, name, file, inputs={ABC!r})\n"
        "con.close()"
    )


def test_attach_of_fifty_models_opens_none(tmp_path):
    """No ONNX session until a function is called; the benchmark holds the 100 ms."""
    path = tmp_path / "many.duckdb"
    made_elsewhere(path, *(f"many{i}" for i in range(50)))
    con = duckdb.connect(str(path))
    retailsql.attach(con)
    many = [s for s in scorers._SCORERS.values() if s.label.startswith("many")]
    assert len(many) == 50
    assert not any(s.is_open for s in many)
    con.execute("SELECT many7_predict(a := 1, b := 1, c := 0)").fetchall()
    assert [s.label for s in many if s.is_open] == ["many7"]
    con.close()


def test_rollback_removes_the_model_whole(con, tiny):
    con.execute("CREATE TABLE t AS SELECT 1 AS a, 1 AS b, 0 AS c")
    con.execute("BEGIN")
    con.execute("SELECT count(*) FROM t").fetchall()
    retailsql.import_onnx(con, "m", tiny("line"), inputs=ABC)
    assert con.execute("SELECT m_predict(t) FROM t").fetchall() == [(1.25,)]
    con.execute("ROLLBACK")
    assert con.execute("SHOW MODELS").fetchall() == []
    with pytest.raises(ModelNotFoundError):
        con.execute("SELECT m_predict(t) FROM t")
    con.execute("BEGIN")  # and the very same model can be made again, and kept
    retailsql.import_onnx(con, "m", tiny("line"), inputs=ABC)
    con.execute("COMMIT")
    assert con.execute("SELECT m_predict(t) FROM t").fetchall() == [(1.25,)]


def test_four_sessions_register_at_once(con, tiny):
    """All are kept, each as a version of its own."""
    models = [tiny("line"), tiny("line_bias_9")] * 2
    numbers, errors = [], []

    def work(session, data):
        try:
            numbers.append(retailsql.import_onnx(session, "m", data, inputs=ABC))
        except RegistryError as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(con.cursor(), m)) for m in models]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    held = con.execute("SELECT version FROM retailsql.versions ORDER BY 1").fetchall()
    assert [v for (v,) in held] == sorted(numbers)
    assert len(numbers) + len(errors) == 4
    assert all("at the same moment" in str(e) for e in errors)


CHANGES = {
    "artefact": "artefact = 'x'::BLOB",
    "signature": 'signature = replace(signature, \'"label": "label"\', \'"label": "other"\')',
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_is_found_out(tmp_path, what):
    """A changed BLOB or signature is an error before a score is made; other models go on."""
    path = tmp_path / "shop.duckdb"
    made_elsewhere(path, "bad" + what, "bias9")
    with duckdb.connect(str(path)) as con:
        sql = f"UPDATE retailsql.versions SET {CHANGES[what]} WHERE model_name = 'bad{what}'"
        assert con.execute(sql).fetchall() == [(1,)]
    with retailsql.connect(path) as con:
        with pytest.raises(CorruptModelError, match="registered"):
            con.execute(ONE.replace("m_p", f"bad{what}_p"))
        with pytest.raises(CorruptModelError, match="registered"):
            con.execute(f"ALTER MODEL bad{what} SET OPTIONS(deployed_version = 1)")
        assert con.execute(ONE.replace("m_p", "bias9_p")).fetchall() == [(10.0,)]


def test_a_version_of_a_newer_format_bars_nothing_else(tmp_path):
    path = tmp_path / "shop.duckdb"
    made_elsewhere(path, "newer", "good")
    with duckdb.connect(str(path)) as con:
        con.execute(
            "UPDATE retailsql.versions SET signature = "
            "replace(signature, '\"format\": 1', '\"format\": 99') WHERE model_name = 'newer'"
        )
    with retailsql.connect(path) as con:
        assert con.execute(ONE.replace("m_p", "good_p")).fetchall() == [(1.25,)]
        with pytest.raises(SignatureError, match="Seen: 99"):
            con.execute("FROM ML.PREDICT(MODEL newer, (SELECT 1 AS a, 2 AS b, 3 AS c))")


def test_tables_of_the_users_own_in_schema_retailsql(con, tiny):
    con.execute("CREATE SCHEMA retailsql; CREATE TABLE retailsql.models (x INTEGER)")
    with pytest.raises(RegistryError, match="not the registry's"):
        retailsql.import_onnx(con, "m", tiny("line"), inputs=ABC)


def test_another_session_may_close_first(tmp_path):
    """What one session of a process opened, another goes on using."""
    path = tmp_path / "shop.duckdb"
    made_elsewhere(path, "both")
    a, b = retailsql.connect(path), retailsql.connect(path)
    a.close()
    del a
    assert b.execute(ONE.replace("m_p", "both_p")).fetchall() == [(1.25,)]
    b.close()


def test_a_view_over_an_older_version(tmp_path):
    """A view over ML.PREDICT keeps the version it was made with, in another process too."""
    path = tmp_path / "shop.duckdb"
    made_elsewhere(path, "m", "m")
    with retailsql.connect(path) as con:
        row = "(SELECT 1 AS a, 1 AS b, 0 AS c)"
        con.execute(f"CREATE VIEW v AS FROM ML.PREDICT(MODEL m, {row})")
        bias9 = str(ROOT / "tests" / "models" / "line_bias_9.onnx")
        retailsql.import_onnx(con, "m", bias9, inputs=ABC)
    code = f"import retailsql; c = retailsql.connect({str(path)!r}); "
    code += f"print(*(c.execute(q).fetchall() for q in ('SELECT predicted_label FROM v', {ONE!r})))"
    assert run_python(code) == "[(1.25,)] [(10.0,)]"


def test_a_new_version_of_another_kind(con, tiny):
    """Verbs the deployed version does not have are gone; after DROP nothing is left."""
    two = {"a": "DOUBLE", "b": "DOUBLE"}
    names = (
        "SELECT DISTINCT function_name FROM duckdb_functions() "
        "WHERE function_name LIKE 'm\\_%' ESCAPE '\\' ORDER BY 1"
    )
    retailsql.import_onnx(con, "m", tiny("odds"), inputs=two)
    assert con.execute(names).fetchall() == [("m_predict",), ("m_score",)]
    retailsql.import_onnx(con, "m", tiny("three"), inputs=two, classes=["x", "y", "z"])
    assert con.execute(names).fetchall() == [("m_predict",)]
    con.execute("ALTER MODEL m ROLLBACK")
    assert con.execute(names).fetchall() == [("m_predict",), ("m_score",)]
    con.execute("DROP MODEL m")
    assert con.execute(names).fetchall() == []


def test_drop_leaves_a_macro_the_user_put_there(con, tiny):
    retailsql.import_onnx(con, "m", tiny("line"), inputs=ABC)
    con.execute("DROP MACRO m_score; CREATE MACRO m_score(x) AS 42")
    con.execute("DROP MODEL m")
    assert con.execute("SELECT m_score(1)").fetchall() == [(42,)]


def test_names_are_found_in_any_case(con, tiny):
    """As DuckDB does; and a schema that is not there is told before any work."""
    con.execute("CREATE SCHEMA Sales")
    retailsql.import_onnx(con, "sales.M", tiny("line"), inputs=ABC)
    retailsql.import_onnx(con, "MEMORY.SALES.m", tiny("line_bias_9"), inputs=ABC)
    assert con.execute("SELECT count(*) FROM retailsql.models").fetchall() == [(1,)]
    row = "(SELECT 1 AS a, 1 AS b, 0 AS c)"
    assert con.execute(f"FROM ML.PREDICT(MODEL SALES.m, {row})").fetchall()[0][0] == 10.0
    with pytest.raises(ModelNotFoundError, match="nosuch"):
        retailsql.import_onnx(con, "nosuch.m", tiny("line"), inputs=ABC)


def test_a_read_only_database_is_told_before_any_work(tmp_path, tiny):
    path = tmp_path / "shop.duckdb"
    made_elsewhere(path, "m")
    with retailsql.connect(path, read_only=True) as con:
        for sql in ("DROP MODEL m", "ALTER MODEL m SET OPTIONS(deployed_version = 1)"):
            with pytest.raises(RegistryError, match="reading only"):
                con.execute(sql)
        with pytest.raises(RegistryError, match="reading only"):
            retailsql.import_onnx(con, "n", tiny("line"), inputs=ABC)


def test_a_database_held_by_another_process(tmp_path):
    path = tmp_path / "shop.duckdb"
    duckdb.connect(str(path)).close()
    code = f"import duckdb,sys; c=duckdb.connect({str(path)!r}); print('up', flush=True); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "up\n"
    with pytest.raises(DatabaseOpenError, match=r"another process.* with read_only=True in every"):
        retailsql.connect(path)
    with pytest.raises(DatabaseOpenError, match="close it there, where it is open for writing"):
        retailsql.connect(path, read_only=True)
    other.communicate("\n")
    retailsql.connect(path).close()


def test_a_closed_session_lets_the_file_go(tmp_path, tiny):
    """No function keeps the file locked, not even one made by a cursor of a cursor."""
    path = tmp_path / "shop.duckdb"
    con = retailsql.connect(path)
    retailsql.import_onnx(con.cursor().cursor(), "m", tiny("line"), inputs=ABC)
    con.execute(ONE).fetchall()
    con.close()
    assert run_python(f"import duckdb; duckdb.connect({str(path)!r}); print('opened')") == "opened"
