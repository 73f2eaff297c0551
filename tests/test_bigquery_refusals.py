"""What cannot be translated with the same meaning is refused, at its line and column."""

# A table reads best with one entry a line.
# ruff: noqa: E501
from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsql.dialect.bigquery.script import read_script
from retailsql.dialect.bigquery.table import FUNCTIONS
from retailsql.dialect.bigquery.translate import translate
from retailsql.errors import StatementError

REFUSED = [
    ("SELECT\n  foo(x) FROM t", r"The function foo is not translated at line 2, column 3"),
    ("SELECT SOUNDEX(x) FROM t", r"SOUNDEX is not translated at line 1, column 8"),
    ("SELECT a,\n TO_JSON_STRING(t) FROM t", "know the type of its argument at line 2, column 2"),
    ("SELECT JSON_VALUE(x, '$..a') FROM t", "This JSON path is not translated at line 1, column 8"),
    ("SELECT INSTR(x, 'a', -1) FROM t", "INSTR is translated from a position above 0"),
    ("SELECT NORMALIZE(x, NFKC) FROM t", "NORMALIZE is translated for NFC only"),
    ("SELECT FORMAT('%t', x) FROM t", "%t is not translated for this value"),
    ("SELECT ROUNDD(x) FROM t", "Wanted: ROUND"),
    ("SELECT HLL_COUNT.INIT(x) FROM t", "not translated"),
    ("SELECT NET.HOST(x) FROM t", "not translated"),
    ("SELECT ST_AREA(a) FROM t", "not translated at line 1, column 8"),
    ("SELECT * FROM `p.d.events_*`", "No table has a name that fits the wildcard at line 1, column 15"),
    ("SELECT * FROM d.INFORMATION_SCHEMA.TABLES", "INFORMATION_SCHEMA is not translated"),
    ("EXPORT DATA OPTIONS(uri='gs://b/*') AS SELECT 1", "EXPORT DATA is not translated"),
    ("SELECT * FROM t FOR SYSTEM_TIME AS OF TIMESTAMP '2024-01-01'", "not translated"),
    ("CREATE TEMP FUNCTION f(x INT64) RETURNS INT64 LANGUAGE js AS 'return x'", "Only functions in SQL"),
    ("CREATE MATERIALIZED VIEW d.v AS SELECT 1", "not translated"),
    ("SELECT REGEXP_EXTRACT(s, p) FROM t", "literal regular expression only at line 1, column 8"),
    ("SELECT FORMAT_DATE('%E9Z', d) FROM t", "element of a format"),
    ("SELECT FORMAT('%d') ", "fewer values"),
    ("SELECT PARSE_DATE('%m-%d', s) FROM t", "with a year only"),
    ("SELECT CAST(x AS BIGNUMERIC) FROM t", "type is not translated"),
    ("SELECT CAST(x AS STRING FORMAT 'YYYY') FROM t", "CAST with FORMAT"),
    ("SELECT DATE_DIFF(a, b, WEEK(FUNDAY)) FROM t", "A week begins on a day"),
    ("SELECT TIMESTAMP_DIFF(a, b, MONTH) FROM t", "takes no such part"),
    ("SELECT DATE_DIFF(a, b) FROM t", "another number of arguments"),
    ("SELECT TIMESTAMP 'noon'", "no timestamp"),
    ("SELECT 'abc", "not closed at line 1, column 8"),
    ("SELECT 1 /* open", "not closed at line 1, column 10"),
    ("SELECT 'a' 'b'", "Two strings"),
    (r"SELECT '\q'", "escape that is none"),
    ("SELECT FROM WHERE", "line 1"),
    ("SELECT (1 FROM t", "cannot be read at line 1"),
    ("CREATE MODEL m OPTIONS(a=1) AS", "query is missing"),
    ("SELECT * FROM ML.PREDICT(MODEL m, (SELECT foo(x) FROM t))", "foo is not translated at line 1, column 43"),
    ("SELECT SUM(x LIMIT 3) FROM t", "not translated|takes no"),
    ("SELECT ROW_NUMBER() FROM t", r"wants OVER"),
    ("FROM t |> WHERE x > 1", "Pipe syntax is not translated at line 1, column 8"),
    ("GRANT SELECT ON t TO u", "not translated|cannot be read"),
    ("SELECT INTERVAL '1-2' YEAR TO MONTH", "IntervalSpan. is not translated"),
    ("SELECT a[OFFSET(1), 2] FROM t", "line 1"),
    ("LOAD DATA INTO t FROM FILES (format='CSV')", "LOAD DATA is not translated"),
    ("SELECT " + "(" * 3000 + "1" + ")" * 3000, "nested too deeply"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=[t[:60] for t, _ in REFUSED])
def test_refusals_say_what_and_where(text, words):
    with pytest.raises(StatementError, match=words):
        translate(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("IF TRUE THEN SELECT 1", "not closed by END"),
        ("DECLARE", "Expected a name"),
        ("WHILE TRUE SELECT 1", "Expected DO|missing"),
        ("BEGIN SELECT 1", "not closed by END"),
        ("SET x 1", "Expected ="),
        ("FOR r IN (SELECT 1) DO SELECT 1;", "not closed by END"),
        ("x: SELECT 1", "line 1"),
        ("SELECT @@row_count", "system variable is not translated at line 1, column 8"),
        ("CALL nothing()", "no procedure 'nothing' at line 1, column 1"),
        ("SET x = 1", "no variable 'x'"),
        ("BREAK", "outside a loop"),
        ("SELECT @x", "parameter has no value"),
    ],
)
def test_malformed_scripts_are_refused(con, text, words):
    with pytest.raises(StatementError, match=words):
        con.run_script(text, "bigquery")


def test_every_function_of_the_table_takes_arguments_or_refuses_them():
    """No entry crashes on plain columns, however many there are."""
    for name, function in FUNCTIONS.items():
        for n in range(function.low, min(function.high, function.low + 2) + 1):
            arguments = ", ".join(f"c{i}" for i in range(n))
            try:
                assert translate(f"SELECT {name}({arguments}) FROM t").startswith("SELECT ")
            except StatementError as error:
                assert "line 1, column 8" in str(error)  # noqa: PT017  (some are right)


PIECES = st.sampled_from(
    [
        "SELECT",
        "FROM",
        "WHERE",
        "GROUP",
        "BY",
        "ORDER",
        "HAVING",
        "LIMIT",
        "JOIN",
        "ON",
        "USING",
        "UNNEST",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ";",
        ".",
        "*",
        "+",
        "-",
        "/",
        "=",
        "<",
        ">",
        "|",
        "&",
        "^",
        "~",
        "?",
        "@",
        "@x",
        ":",
        "#",
        "'a'",
        '"b"',
        "`p.d.t`",
        "`x",
        "r'\\d'",
        "b'\\xff'",
        "1",
        "2.5",
        "1e9",
        "0xF",
        "NULL",
        "TRUE",
        "a",
        "b",
        "t",
        "STRUCT",
        "ARRAY",
        "<INT64>",
        "AS",
        "WITH",
        "OFFSET",
        "SAFE.",
        "SAFE_CAST",
        "CAST",
        "EXTRACT",
        "DATE",
        "DATE_DIFF",
        "WEEK(MONDAY)",
        "INTERVAL",
        "DAY",
        "IF",
        "CASE",
        "WHEN",
        "THEN",
        "ELSE",
        "END",
        "CREATE",
        "TABLE",
        "MODEL",
        "OPTIONS",
        "TRANSFORM",
        "TEMP",
        "FUNCTION",
        "INSERT",
        "INTO",
        "VALUES",
        "UPDATE",
        "SET",
        "DELETE",
        "MERGE",
        "MATCHED",
        "DROP",
        "ALTER",
        "ML.PREDICT(MODEL",
        "ML.STANDARD_SCALER(",
        "DECLARE",
        "BEGIN",
        "EXECUTE",
        "IMMEDIATE",
        "CALL",
        "LOOP",
        "WHILE",
        "DO",
        "EXCEPT",
        "REPLACE",
        "DISTINCT",
        "OVER",
        "PARTITION",
        "PIVOT",
        "FOR",
        "IN",
        "LIKE",
        "NOT",
        "AND",
        "||",
        "--",
        "/*",
        "*/",
        "\\",
        "ARRAY_AGG(",
        "STRING_AGG(",
        "IGNORE",
        "NULLS",
        "COUNT(*)",
        "FORMAT(",
        "REGEXP_EXTRACT(",
        "EXPLAIN",
        "SHOW",
        "COPY",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=20).map(" ".join))
def test_any_text_is_translated_or_refused(text):
    """No crash and no hang: StatementError alone."""
    for read in (translate, read_script):
        try:
            read(text)
        except StatementError as error:
            assert "line" in str(error)  # noqa: PT017  (most texts raise, some do not)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_characters_are_translated_or_refused(text):
    with suppress(StatementError):
        translate(text)
