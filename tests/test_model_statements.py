"""CREATE MODEL of an ONNX file, EXPORT MODEL, ALTER MODEL and the forms around them, in SQL."""

from __future__ import annotations

import json

import duckdb
import pytest

import retailsql
from retailsql.errors import ImportModelError, ModelNotFoundError, StatementError
from tests.conftest import MODELS

IMPORT = f"OPTIONS(model_type = 'ONNX', model_path = '{MODELS / 'line.onnx'}')"


class TestImport:
    def test_a_matrix_is_named_by_input(self, con):
        """INPUT(...) gives the columns of the matrix in their order: 2a - b + 0.5c + 0.25."""
        con.execute(f"CREATE MODEL line INPUT(a DOUBLE, b DOUBLE, c DOUBLE) {IMPORT}")
        found = con.execute(
            "SELECT predicted_label FROM ML.PREDICT(MODEL line, (SELECT 4 AS c, 2.5 AS b, 1 AS a))"
        ).fetchall()
        assert found == [(2 - 2.5 + 2 + 0.25,)]

    def test_output_chooses_the_score(self, con):
        con.execute(
            "CREATE MODEL odds INPUT(a INT, b DOUBLE) OUTPUT(label BIGINT, probs DOUBLE[]) "
            f"OPTIONS(model_type = 'onnx', model_path = '{MODELS / 'odds.onnx'}', label = 'bought')"
        )
        row = con.execute("FROM ML.PREDICT(MODEL odds, (SELECT 1 AS a, 1 AS b))").fetchone()
        assert row[0] == 1
        assert [p["label"] for p in row[1]] == [1, 0]

    @pytest.mark.parametrize(
        ("sql", "error", "words"),
        [
            ("CREATE MODEL m OPTIONS(model_type='ONNX')", ImportModelError, "model_path"),
            (f"CREATE MODEL m TRANSFORM(a) {IMPORT}", ImportModelError, "no TRANSFORM"),
            ("CREATE MODEL m OPTIONS(model_type='ONNX', model_path='no.onnx')", ImportModelError,
             "no such ONNX file"),
            (f"CREATE MODEL m {IMPORT[:-1]}, l2_reg = 1)", ImportModelError, "no option 'l2_reg'"),
            (f"CREATE MODEL m INPUT(a) {IMPORT}", StatementError, "has no type at line 1"),
            (f"CREATE MODEL m INPUT(a NONSENSE) {IMPORT}", ImportModelError, "does not know"),
            ("CREATE MODEL m REMOTE WITH CONNECTION x OPTIONS(a=1)", StatementError, "offline"),
        ],
    )  # fmt: skip
    def test_what_is_refused(self, con, sql, error, words):
        """Nothing is registered, and the session goes on."""
        with pytest.raises(error, match=words):
            con.execute(sql)
        assert con.execute("SHOW MODELS").fetchall() == []


class TestExport:
    def test_the_pair_of_files_is_the_model(self, line, tmp_path):
        """Exported and imported elsewhere, it needs nothing to be said and scores the same."""
        row = line.execute(f"EXPORT MODEL line OPTIONS(uri = '{tmp_path}/out')").fetchone()
        assert row == (
            "line",
            1,
            f"{tmp_path}/out/line.onnx",
            f"{tmp_path}/out/line.signature.json",
        )
        with retailsql.connect() as other:
            other.execute(f"CREATE MODEL copy OPTIONS(model_type='ONNX', model_path='{row[2]}')")
            args = "a := 1, b := 2.5, c := 4"
            scores = [c.execute(f"SELECT {m}_predict({args})").fetchall()
                      for c, m in ((line, "line"), (other, "copy"))]  # fmt: skip
        assert scores[0] == scores[1] == [(1.75,)]

    def test_a_file_name_is_kept_and_written_over(self, line, tmp_path):
        uri = tmp_path / "score.onnx"
        for _ in range(2):
            line.execute(f"EXPORT MODEL line VERSION 1 OPTIONS(uri = '{uri}')")
        assert sorted(p.name for p in tmp_path.iterdir()) == ["score.onnx", "score.signature.json"]
        stored = line.execute("SELECT artefact FROM retailsql.versions").fetchone()[0]
        assert uri.read_bytes() == stored

    def test_a_signature_that_was_damaged_is_refused(self, line, tmp_path):
        line.execute(f"EXPORT MODEL line OPTIONS(uri = '{tmp_path}')")
        (tmp_path / "line.signature.json").write_text(json.dumps({"format": 1}))
        with pytest.raises(ImportModelError, match="signature beside"):
            line.execute(
                f"CREATE MODEL m OPTIONS(model_type='ONNX', model_path='{tmp_path}/line.onnx')"
            )

    @pytest.mark.parametrize(
        ("sql", "error", "words"),
        [
            ("EXPORT MODEL lin OPTIONS(uri = 'x')", ModelNotFoundError, "line"),
            ("EXPORT MODEL line VERSION 9 OPTIONS(uri = 'x')", ModelNotFoundError, "no version 9"),
            ("EXPORT MODEL line OPTIONS(uri = 'gs://a/b')", StatementError, "this machine"),
            ("EXPORT MODEL line OPTIONS(url = 'x')", StatementError, "takes one option"),
            ("EXPORT MODEL line", StatementError, "Expected OPTIONS"),
            ("EXPORT MODEL line OPTIONS(uri = '/proc/no/x.onnx')", StatementError, "written"),
        ],
    )
    def test_what_is_refused(self, line, sql, error, words):
        with pytest.raises(error, match=words):
            line.execute(sql)


class TestNotes:
    def test_description_is_shown_and_altered(self, line):
        """SHOW MODELS and the view carry it; NULL takes it away; versions do not change."""
        line.execute("ALTER MODEL line SET OPTIONS(description = 'a line', labels = [('a', 'b')])")
        assert _descriptions(line) == ["a line"]
        assert line.execute("SELECT description FROM retailsql.model_versions").fetchall() == [
            ("a line",)
        ]
        line.execute("ALTER MODEL line SET OPTIONS(description = NULL)")
        assert _descriptions(line) == [None]
        assert line.execute("SELECT count(*) FROM retailsql.versions").fetchall() == [(1,)]

    def test_a_description_of_the_wrong_type(self, line):
        with pytest.raises(StatementError, match="description has a value of the wrong type"):
            line.execute("ALTER MODEL line SET OPTIONS(description = 3)")

    def test_a_model_of_that_name_that_is_gone_leaves_none(self, line):
        line.execute("ALTER MODEL line SET OPTIONS(description = 'a line'); DROP MODEL line")
        assert line.execute("SELECT count(*) FROM retailsql.notes").fetchall() == [(0,)]


def _descriptions(con):
    rows = con.sql("SHOW MODELS").to_arrow_table().to_pylist()
    return [row["description"] for row in rows]


def test_a_file_of_an_older_retailsql(tmp_path, tiny):
    """Without the tables that came later it is read as before, also read-only; the first model
    written makes them.
    """
    path = tmp_path / "old.duckdb"
    with retailsql.connect(path) as con:
        retailsql.import_onnx(con, "line", tiny("line_columns"))
    with duckdb.connect(str(path)) as plain:
        plain.execute("DROP VIEW retailsql.model_versions")
        for table in ("reports", "held_out", "notes"):
            plain.execute(f"DROP TABLE retailsql.{table}")
    with retailsql.connect(path, read_only=True) as con:
        assert con.execute("SELECT line_predict(a := 3, b := 1)").fetchall() == [(5.0,)]
        assert _descriptions(con) == [None]
    with retailsql.connect(path) as con:
        con.execute("ALTER MODEL line SET OPTIONS(description = 'x')")
        assert _descriptions(con) == ["x"]
        con.execute("DROP MODEL line")


def test_several_queries_behind_as(con):
    """AS (training_data AS (...)) trains as AS SELECT does."""
    con.execute("CREATE TABLE t AS SELECT i AS a, 2 * i + 1 AS label FROM range(100) r(i)")
    con.execute(
        "CREATE MODEL m OPTIONS(model_type = 'LINEAR_REG', l2_reg = 0) "
        "AS (training_data AS (SELECT * FROM t))"
    )
    assert con.execute("SELECT m_predict(a := 10)").fetchone()[0] == pytest.approx(21, abs=0.1)
