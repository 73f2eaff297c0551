"""What the policy passes and refuses, beyond the fixed list of hostile statements."""

# ruff: noqa: F401, F811 - fixtures are imported by name

from __future__ import annotations

import duckdb
import pytest

from retailsql.adapters.server import catalog, policy, postgres
from retailsql.adapters.server.policy import reviewed, shim
from retailsql.adapters.server.policy.names import read_text_name
from retailsql.adapters.server.policy.serialize import places, search_path
from retailsql.adapters.server.records import Grant, PgError, Rights, apply
from retailsql.dialect.tokens import tokenize
from retailsql.functions.equip import equip
from tests.server_sessions import within
from tests.server_support.granted import ANNA, cursor, file, passes, refused


def test_what_was_read_and_called_is_told(cursor):
    told = passes(cursor, "SELECT line_score(a, b, c) FROM raw.t JOIN SALES.Orders ON a = id")
    assert told == policy.Checked(False, told.tables, ("main.line",))
    assert set(told.tables) == {"raw.t", "sales.orders"}


def test_tables_by_text_are_told_too(cursor):
    assert passes(cursor, "FROM line_predict('raw.t')").tables == ("raw.t",)


def test_errors_point_at_the_name(cursor):
    assert refused(cursor, "SELECT 1 FROM sales.costs").position == 15
    assert refused(cursor, "SELECT 1 FROM sales.costs").hint == "ask for the right: read"
    assert refused(cursor, "SELECT 1 FROM raw.nothing").position == 15
    assert refused(cursor, "SELECT 1, getvariable('x')").position == 11
    assert refused(cursor, "SELECT 1 FRM raw.t WHERE").sqlstate == "42601"


def test_only_what_one_may_use_is_proposed(cursor):
    assert refused(cursor, "FROM sales.ordrs").hint == "Did you mean: orders?"
    assert "costs" not in str(refused(cursor, "FROM sales.cots").hint)  # not hers to read
    assert "costs" not in str(refused(cursor, "FROM sales.cost").hint)
    assert "line_score" in str(refused(cursor, "SELECT line_scor(a) FROM raw.t").hint)
    assert "line" not in str(refused(cursor, "SELECT line_scor(1)", Rights("nobody")).hint)
    assert "main.t" in str(refused(cursor, "FROM public.t").hint)


def test_the_words_are_postgresqls(cursor):
    said = {
        "FROM sales.costs": "permission denied for table costs",
        "FROM secret.pay": "permission denied for schema secret",
        "FROM secret.no": "permission denied for schema secret",
        "FROM raw.no": 'relation "raw.no" does not exist',
        "FROM no.no": 'relation "no.no" does not exist',
        "DELETE FROM raw.t": "cannot execute DELETE in a read-only transaction",
        "CREATE TABLE raw.x (a INT)": "cannot execute CREATE TABLE in a read-only transaction",
        "SELECT no(1)": "function no does not exist",
    }
    assert {text: refused(cursor, text).message for text in said} == said


def test_nobody_has_rights_by_default(cursor):
    nobody = Rights("nobody")
    assert passes(cursor, "SELECT 1", nobody).tables == ()
    assert refused(cursor, "FROM raw.t", nobody).sqlstate == "42501"
    assert refused(cursor, "SELECT line_score(1.0, 2.0, 3.0)", nobody).sqlstate == "42501"


def test_all_rights_reach_all_but_the_registry(cursor):
    every = frozenset(Grant(p, "database") for p in ("read", "score", "train", "write"))
    boss = Rights("boss", grants=every, admin=True)
    for text in ("FROM secret.pay", "SELECT secret.wage(1)", "SELECT hush_score(1.0, 2.0, 3.0)"):
        passes(cursor, text, boss)
    for text in ("FROM retailsql.versions", "DELETE FROM retailsql.models", "DROP VIEW main.x",
                 "SELECT getvariable('rs_user')", "DROP TABLE retailsql.models"):  # fmt: skip
        assert refused(cursor, text, boss).sqlstate in ("42501", "42P01")


def test_read_is_not_score_and_score_is_not_read(cursor):
    reader = Rights("r", grants=frozenset({Grant("read", "database")}))
    scorer = Rights("s", grants=frozenset({Grant("score", "database")}))
    assert refused(cursor, "SELECT line_score(1.0, 2.0, 3.0)", reader).sqlstate == "42501"
    assert passes(cursor, "SELECT line_score(1.0, 2.0, 3.0)", scorer).models == ("main.line",)
    assert refused(cursor, "FROM raw.t", scorer).sqlstate == "42501"
    assert refused(cursor, "SELECT raw.twice(1)", scorer).sqlstate == "42501"


def test_the_search_path_of_the_session_counts(cursor):
    path = "shop.raw,shop.main"
    assert passes(cursor, "FROM t", path=path).tables == ("raw.t",)
    assert refused(cursor, "FROM costs", path="shop.sales").sqlstate == "42501"
    assert refused(cursor, "FROM pay", path="shop.secret").sqlstate == "42P01"
    assert refused(cursor, "FROM t", path="shop.main").sqlstate == "42P01"
    assert refused(cursor, "SELECT wage(1)", path="shop.secret").sqlstate == "42501"


def test_search_paths_are_read_as_duckdb_writes_them():
    assert places('shop."my schema","a,b".main')[:2] == [("shop", "my schema"), ("a,b", "main")]
    con = duckdb.connect()
    assert places(search_path(con)) == [("memory", "main")]
    con.execute("CREATE SCHEMA raw; SET search_path = 'raw'")
    assert places(search_path(con)) == [("memory", "raw"), ("memory", "main")]


@pytest.mark.parametrize("text", ["a", "a.b", '"a"."b"', 'a."b""c"', "a.b.c", "MAIN.x"])
def test_names_in_texts_are_read_as_duckdb_reads_them(text):
    con = duckdb.connect()
    with pytest.raises(duckdb.CatalogException) as caught:
        con.execute(f"FROM query_table('{text}_')" if '"' not in text else
                    "FROM query_table('" + text + "')")  # fmt: skip
    assert read_text_name(text)[-1].strip('"') in str(caught.value)


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", '"a', 'a"b.c', '"a"b', "a.b.c.d"])
def test_unsure_names_are_no_names(text):
    assert read_text_name(text) is None


def test_every_built_in_function_was_reviewed():
    """A new DuckDB's functions are refused until somebody has put them into one of the lists."""
    sql = "SELECT DISTINCT function_name, function_type FROM duckdb_functions()"
    scalars = reviewed.SCALARS | reviewed.REFUSED_SCALARS | reviewed.WINDOWS
    tables = reviewed.TABLES | reviewed.CHECKED_TABLES | reviewed.REFUSED_TABLES
    new = {
        name
        for name, kind in duckdb.connect().execute(sql).fetchall()
        if kind != "pragma"
        and name not in (tables if kind in ("table", "table_macro") else scalars)
        and not name.startswith(reviewed.REFUSED_PREFIXES)
    }
    assert new == set()


def test_no_function_is_both_allowed_and_refused():
    assert not reviewed.SCALARS & reviewed.REFUSED_SCALARS
    assert not reviewed.TABLES & reviewed.REFUSED_TABLES


def test_the_shim_is_the_catalogs():
    assert shim.DOOR.name == catalog.SHIM
    assert frozenset(catalog.PUBLIC) == shim.DOOR.public


@pytest.fixture(scope="module")
def behind_the_door(file):
    """A cursor of an instance with the catalog, and PostgreSQL's functions."""
    root = duckdb.connect(":memory:")
    root.execute(f"ATTACH '{file}' AS shop (READ_ONLY)")
    equip(root)
    catalog.install(root, "shop")
    postgres.install(root, catalog.SHIM)
    catalog.set_rights(root, [ANNA])
    with root, root.cursor() as cursor:
        cursor.execute(f"SET search_path = '{catalog.search_path('shop')}'")
        cursor.execute("SET VARIABLE rs_user = 'anna'")
        yield cursor


CATALOG = [
    "SELECT relname FROM pg_catalog.pg_class",
    "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace",
    "SELECT table_name FROM information_schema.tables",
    "SELECT 'raw.t'::regclass::oid",
    "SELECT current_setting('server_version_num')::int / 100",
    "SELECT version(), current_schema(), current_user, pg_backend_pid()",
    "SELECT to_char(d, 'YYYY-MM'), to_date('2026-01-01', 'YYYY-MM-DD') FROM raw.t",
    "SELECT to_timestamp('2026-01-01', 'YYYY-MM-DD')",
    "SELECT s ~ 'x' FROM raw.t",
    "SELECT pg_get_viewdef(1), obj_description(1, 'pg_class'), format_type(23, NULL)",
    "SELECT has_table_privilege('raw.t', 'SELECT'), quote_ident('a b')",
]


@pytest.mark.parametrize("text", CATALOG)
def test_catalog_and_postgresql_functions_pass(behind_the_door, text):
    tokens = tokenize(text)
    edits = catalog.edits(text, tokens)
    edits += [
        e
        for e in postgres.edits(text, tokens)
        if not any(e.start < x.end and x.start < e.end for x in edits)
    ]
    final = apply(text, edits)
    policy.check(behind_the_door, text, tokens, final, ANNA, spliced=False)


def test_the_rest_of_the_shim_is_closed(behind_the_door):
    for relation in ("private.system_relations", "main.x", "pg_part.pg_class"):
        text = f"SELECT * FROM {catalog.SHIM}.{relation}"
        assert refused(behind_the_door, text).sqlstate in ("42501", "42P01")
    assert refused(behind_the_door, "SELECT getvariable('rs_user')").sqlstate == "42501"


def test_a_revoked_right_is_gone_at_once(cursor):
    text = "SELECT a FROM raw.t -- again"
    passes(cursor, text)
    less = Rights("anna", grants=ANNA.grants - {Grant("read", "schema", "raw")})
    assert refused(cursor, text, less).sqlstate == "42501"


def test_models_behind_ml_calls(cursor):
    granted = policy.GrantedCatalog(cursor, ANNA)
    assert granted.model("line").name.name == "line"
    assert granted.models == ["main.line"]
    for name, state in (("hush", "42501"), ("nothing", "42501"), ("no.such.model", "3F000")):
        with pytest.raises(PgError) as caught:
            granted.model(name)
        assert caught.value.sqlstate == state
    with pytest.raises(PgError, match="permission denied for table costs"):
        granted.describe("sales.costs")
    assert granted.describe("raw.t")["a"] == "DECIMAL(2,1)"


def test_no_name_of_a_hidden_model_is_told(cursor):
    every = Rights("x", grants=frozenset({Grant("score", "model", "main", "hus")}))
    with pytest.raises(PgError) as caught:
        policy.GrantedCatalog(cursor, every).model("hus")
    assert caught.value.sqlstate == "42704"
    assert "hush" not in str(caught.value)


def test_training_needs_its_own_right(cursor):
    trainer = Rights("t", grants=frozenset({Grant("train", "schema", "raw")}))
    assert policy.require_train(cursor, trainer, "raw.new").schema == "raw"
    for rights, name in ((ANNA, "line"), (trainer, "line"), (trainer, "retailsql.x")):
        with pytest.raises(PgError) as caught:
            policy.require_train(cursor, rights, name)
        assert caught.value.sqlstate == "42501"


def test_checking_again_costs_next_to_nothing(cursor):
    text = "SELECT s, sum(a) FROM raw.t JOIN sales.orders ON a = id GROUP BY s"
    passes(cursor, text, path="shop.main")

    def again():
        for _ in range(100):
            policy.check(cursor, text, None, text, ANNA, spliced=False, path="shop.main")

    within(0.05, again)
