"""psql's backslash commands, \\copy, \\gdesc and errors: as PostgreSQL prints them."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.server_support.answers import compare
from tests.server_support.targets import Target

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(not shutil.which("psql"), reason="psql is not installed"),
]

# Each is one run of psql: the lines are its standard input.
SCRIPTS = {
    "select_aligned": "SELECT * FROM sales.customers ORDER BY id;",
    "select_expanded": "\\x on\nSELECT * FROM kinds ORDER BY id;",
    "select_csv": "\\pset format csv\nSELECT * FROM kinds ORDER BY id;",
    "select_unaligned": "\\a\n\\t\n\\pset null '(null)'\nSELECT * FROM kinds ORDER BY id;",
    "several_statements": "SELECT 1 AS a\\; SELECT 2 AS b;\nSELECT 3; SELECT 4;",
    "d": "\\d",
    "d_kinds": "\\d kinds",
    "d_nothing": "\\d nothing",
    "d_customers": "\\d sales.customers",
    "d_orders": "\\d sales.orders",
    "d_view": "\\d sales.spent",
    "d_plus_kinds": "\\d+ kinds",
    "d_plus_customers": "\\d+ sales.customers",
    "d_missing": "\\d no_such_table",
    "d_pattern": "\\d sales.c*",
    "d_index": "\\d sales.orders_customer",
    "dt": "\\dt",
    "dt_sales": "\\dt sales.*",
    "dt_all": "\\dt *.c*",
    "dt_plus": "\\pset columns 40\n\\dt nothing",
    "dn": "\\dn",
    "dv": "\\dv sales.*",
    "dv_none": "\\dv",
    "di": "\\di sales.orders_customer",
    "df_none": "\\df no_such_function",
    "df_abs": "\\df pg_catalog.abs",
    "du": "\\du tester",
    "l": "\\l shop",
    "dd": "\\dd",
    "dT": "\\dT int4",
    "dT_plus": "\\dT+ json",
    "dp": "\\dp nothing",
    "ds": "\\ds",
    "dm": "\\dm",
    "dE": "\\dE",
    "dx": "\\dx no_such_extension",
    "dO": "\\dO no_such_collation",
    "do": "\\do no_such_operator",
    "dc": "\\dc no_such_conversion",
    "dD": "\\dD",
    "db": "\\db pg_default",
    "dy": "\\dy",
    "des": "\\des",
    "drds": "\\drds nobody",
    "dRp": "\\dRp",
    "sv": "\\sv no_such_view",
    "sf": "\\sf no_such_function",
    "gdesc": "SELECT * FROM kinds \\gdesc\n"
    "SELECT count(*), 1 AS one, sum(total) FROM sales.orders \\gdesc",
    "gdesc_error": "SELECT nocolumn FROM kinds \\gdesc",
    "gset": "SELECT id AS got, name FROM sales.customers WHERE id = 2 \\gset\n\\echo :got :name",
    "gexec": "SELECT 'SELECT ' || id FROM kinds ORDER BY id \\gexec",
    "gx": "SELECT * FROM sales.customers WHERE id = 1 \\gx",
    "bind": "PREPARE p AS SELECT $1::int + 1;\nEXECUTE p (4);\nDEALLOCATE p;",
    "crosstabview": "SELECT customer_id, line, count(*) FROM sales.orders "
    "GROUP BY 1, 2 ORDER BY 1 \\crosstabview",
    "copy_to": "\\copy (SELECT id, words FROM kinds ORDER BY id) TO STDOUT",
    "copy_csv": "\\copy (SELECT * FROM kinds ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER)",
    "copy_table": "\\copy sales.customers TO STDOUT CSV",
    "copy_statement": "COPY (SELECT 1, 'a\tb') TO STDOUT;",
    "copy_from": "\\copy nothing FROM STDIN\n1\tx\n\\.\nSELECT 1;",
    "variables": "\\set who 'Anna'\n\\set n 2\nSELECT :n + 1 AS sum, :'who' AS who, :\"who\";",
    "variables_in_filter": "\\set n 2\nSELECT name FROM sales.customers WHERE id = :n;",
    "cursor": "\\set FETCH_COUNT 1000\n\\t\n\\a\nSELECT count(*), sum(id) FROM sales.many;\n"
    "SELECT id FROM sales.many WHERE id < 3 ORDER BY id;",
    "transaction": "BEGIN;\nSELECT 1 / 0;\nSELECT 1;\nROLLBACK;\nSELECT 2;",
    "on_error_rollback": "\\set ON_ERROR_ROLLBACK on\nBEGIN;\nSELECT 1 / 0;\nSELECT 1;\nCOMMIT;",
    "error_variables": "SELECT * FROM nowhere;\n\\echo :SQLSTATE :ERROR :LAST_ERROR_MESSAGE\n"
    "SELECT 1;\n\\echo :SQLSTATE :ROW_COUNT",
    "error_relation": "SELECT *\nFROM nowhere\nWHERE true;",
    "error_column": "SELECT id,\n  nocolumn\nFROM kinds;",
    "error_syntax": "SELECT 1 +;\nSELEC 1;\nSELECT 'ü' FROM FROM kinds;",
    "error_function": "SELECT 'ü', nofunction(1);",
    "error_value": "SELECT 'x'::integer;\nSELECT '2024-13-01'::date;\nSELECT 1 / 0;",
    "error_verbose": "\\set VERBOSITY verbose\n\\set SHOW_CONTEXT never\n"
    "SELECT nocolumn FROM kinds;",
    "errverbose": "SELECT * FROM nowhere;\n\\errverbose",
    "prompt": "\\conninfo",
    "encoding": "\\encoding",
    "timing": "\\timing on\nSELECT 1;",
    "show": "SHOW server_encoding;\nSHOW TimeZone;\nSHOW search_path;\n"
    "SET search_path = sales;\nSHOW search_path;\n\\dt",
    "set_zone": "SET TimeZone = 'Europe/Berlin';\nSELECT instant FROM kinds ORDER BY id;",
    "warnings": "COMMIT;\nROLLBACK;",
    "explain": "EXPLAIN SELECT 1;",
    "write": "INSERT INTO nothing VALUES (1);\nSELECT 1;",
    "values": "VALUES (1, 'a'), (2, NULL);\nTABLE nothing;",
    "unicode": "SELECT '日本' AS \"列\", 'é' AS e;",
}  # fmt: skip


def psql(target: Target, *arguments: str, text: str | None = None) -> list[object]:
    done = subprocess.run(
        ["psql", "-X", *arguments], input=text, capture_output=True, text=True, timeout=30,
        env=target.environment(),
    )  # fmt: skip
    return [done.returncode, *(clean(out, target) for out in (done.stdout, done.stderr))]


def clean(out: str, target: Target) -> list[str]:
    """Lines, without what must differ: times, the port, the line of PostgreSQL's own source."""
    out = re.sub(r"Time: [\d.]+ ms", "Time: # ms", out).replace(str(target.port), "PORT")
    return re.sub(r"(LOCATION: ).*", r"\1#", out).splitlines()


@pytest.mark.parametrize("name", SCRIPTS)
def test_psql_prints_what_it_prints_at_postgresql(name, real, door):
    def check(target):
        if not re.search(r"\\(d|l)", SCRIPTS[name]):
            return psql(target, "-f", "-", text=SCRIPTS[name])
        # Unaligned, so that one longer name is one difference and not all lines.
        code, out, errors = psql(target, "-A", "-f", "-", text=SCRIPTS[name])
        return [code, [line.split("|") for line in out], errors]

    check.__name__ = name
    compare("psql", check, real, door)


ARGUMENTS = {
    "c": ["-A", "-c", "SELECT 1; SELECT 2", "-c", "\\dt sales.*"],
    "csv": ["--csv", "-c", "SELECT * FROM kinds ORDER BY id"],
    "tuples": ["-A", "-t", "-F", "|", "-c",
               "SELECT id, name FROM sales.many WHERE id < 4 ORDER BY id"],
    "html": ["-H", "-c", "SELECT * FROM sales.customers ORDER BY id"],
    "list": ["-A", "-t", "-l"],
    "variable": ["-v", "n=3", "-c", "SELECT 1"],
    "single_transaction": ["-1", "-c", "SELECT 1", "-c", "SELECT 2"],
    "stop_on_error": ["-v", "ON_ERROR_STOP=1", "-c", "SELECT 1 / 0", "-c", "SELECT 1"],
    "echo_queries": ["-e", "-c", "SELECT 1 AS x"],
    "wrong_database": ["-d", "nowhere", "-c", "SELECT 1"],
    "wrong_user": ["-U", "nobody_of_that_name", "-c", "SELECT 1"],
}  # fmt: skip


@pytest.mark.parametrize("name", ARGUMENTS)
def test_psql_with_arguments_prints_what_it_prints_at_postgresql(name, real, door):
    def check(target):
        return psql(target, *ARGUMENTS[name])

    check.__name__ = f"argument_{name}"
    compare("psql", check, real, door)


def test_psql_lists_the_functions_of_a_model(door):
    """``\\df *score*`` is the door's own: a model's functions with their arguments."""
    code, out, errors = psql(door, "-A", "-t", "-c", "\\df *odds_score*")
    assert (code, errors) == (0, [])
    assert any("odds_score" in line and "double precision" in line for line in out), out
    code, out, errors = psql(door, "-A", "-t", "-c", "\\sf odds_score")
    assert (code, errors) == (0, [])
    assert "FUNCTION main.odds_score(" in out[0]
    named = psql(door, "-A", "-t", "-c", "SELECT 'odds_score'::regproc")
    assert named == [0, ["odds_score"], []]
