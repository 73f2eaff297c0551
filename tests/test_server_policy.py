"""What the policy passes and refuses, beyond the fixed list of hostile statements."""

from __future__ import annotations

import time

import duckdb
import pytest

from retailsql.adapters.server import catalog, policy, postgres
from retailsql.adapters.server.policy import reviewed, shim
from retailsql.adapters.server.policy.names import read_text_name
from retailsql.adapters.server.policy.serialize import places, search_path
from retailsql.adapters.server.records import Grant, PgError, Rights, apply
from retailsql.dialect.tokens import tokenize
from retailsql.functions.equip import equip
from tests.conftest import MODELS
from tests.server_support.granted import ANNA, BEN, cursor_of, make_warehouse, open_warehouse


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("policy") / "shop.duckdb"
    make_warehouse(path, (MODELS / "line.onnx").read_bytes())
    return path


@pytest.fixture(scope="module")
def cursor(file):
    with open_warehouse(file) as root, cursor_of(root) as cursor:
        yield cursor


def passes(con, text, rights=ANNA, **more):
    return policy.check(con, text, tokenize(text), text, rights, spliced=False, **more)


def refused(con, text, rights=ANNA, **more):
    with pytest.raises(PgError) as caught:
        passes(con, text, rights, **more)
    return caught.value


def test_what_was_read_and_called_is_told(cursor):
    told = passes(cursor, "SELECT line_score(a, b, c) FROM raw.t JOIN SALES.Orders ON a = id")
    assert told == policy.Checked(False, told.tables, ("main.line",))
    assert set(told.tables) == {"raw.t", "sales.orders"}


def test_tables_by_text_are_told_too(cursor):
    assert passes(cursor, "FROM line_predict('raw.t')").tables == ("raw.t",)


def test_errors_point_at_the_name(cursor):
    assert refused(cursor, "SELECT 1 FROM sales.costs").position == 15
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


WRITES = [
    "INSERT INTO raw.t (a) SELECT a FROM raw.t",
    "INSERT INTO raw.t (a) VALUES (1), ($1)",
    "INSERT INTO raw.t BY NAME SELECT 1 AS a;",
    "UPDATE raw.t SET a = 1 WHERE b > 2",
    "UPDATE raw.t SET a = o.amount FROM sales.orders o WHERE o.id = t.a",
    "DELETE FROM raw.t USING sales.orders o WHERE o.id = t.a",
    "WITH x AS (SELECT 1 AS a) INSERT INTO raw.t (a) FROM x",
    "WITH x AS (DELETE FROM raw.t RETURNING a) SELECT * FROM x",
    "TRUNCATE raw.t",
    "CREATE TABLE raw.new AS SELECT * FROM sales.orders",
    "CREATE OR REPLACE TABLE raw.new AS FROM line_predict('raw.t')",
    "CREATE TABLE IF NOT EXISTS shop.raw.new (id INT PRIMARY KEY, s VARCHAR(20) NOT NULL,"
    " n DECIMAL(10, 2) DEFAULT 0, d DATE DEFAULT CURRENT_DATE, UNIQUE (id, s))",
    "CREATE VIEW raw.v AS SELECT a FROM raw.t",
    "CREATE VIEW raw.v (x) AS SELECT a FROM raw.t",
    "DROP TABLE IF EXISTS raw.t CASCADE",
    "DROP VIEW raw.known",
    "ALTER TABLE raw.t ADD COLUMN z INTEGER DEFAULT 5",
    "ALTER TABLE raw.t RENAME COLUMN a TO z",
    "ALTER TABLE raw.t RENAME TO u",
    "ALTER TABLE raw.t DROP COLUMN c",
    "ALTER TABLE raw.t ALTER COLUMN a SET NOT NULL",
    "EXPLAIN DELETE FROM raw.t",
]

BAD_WRITES = [
    ("INSERT INTO sales.orders VALUES (1, 2)", "42501"),
    ("INSERT INTO raw.t (a) SELECT cost FROM sales.costs", "42501"),
    ("INSERT INTO raw.t (a) VALUES ((SELECT max(cost) FROM sales.costs))", "42501"),
    ("INSERT INTO raw.t (s) SELECT content FROM read_text('/etc/passwd')", "42501"),
    ("INSERT INTO raw.t (s) VALUES (getvariable('rs_user'))", "42501"),
    ("INSERT INTO raw.t (a) VALUES (1) RETURNING (SELECT max(cost) FROM sales.costs)", "42501"),
    ("INSERT INTO raw.t (a) VALUES (1) ON CONFLICT DO UPDATE SET a = (FROM sales.costs)", "42501"),
    ("UPDATE raw.t SET a = (SELECT max(cost) FROM sales.costs)", "42501"),
    ("UPDATE raw.t SET a = 1 WHERE a IN (FROM sales.costs)", "42501"),
    ("UPDATE sales.costs SET cost = 1", "42501"),
    ("DELETE FROM raw.t USING sales.costs WHERE true", "42501"),
    ("WITH x AS (DELETE FROM sales.orders RETURNING *) SELECT 1", "42501"),
    ("INSERT INTO retailsql.models VALUES ('main', 'x', 1)", "42501"),
    ("UPDATE retailsql.versions SET artefact = ''", "42501"),
    ("CREATE TABLE sales.x AS SELECT 1", "42501"),
    ("CREATE TABLE x AS SELECT 1", "42501"),
    ("CREATE TABLE retailsql.x AS SELECT 1", "42501"),
    ("CREATE TABLE memory.raw.x AS SELECT 1", "42501"),
    ("CREATE TABLE raw.__rs_x AS SELECT 1", "42501"),
    ("CREATE TABLE raw.x AS SELECT * FROM sales.costs", "42501"),
    ("CREATE TABLE raw.x AS WITH y AS (DELETE FROM raw.t RETURNING *) FROM y", "0A000"),
    ("CREATE TABLE raw.x AS SELECT * FROM read_csv('/etc/passwd')", "42501"),
    ("CREATE VIEW raw.v AS SELECT * FROM secret.pay", "42501"),
    ("CREATE VIEW raw.v AS SELECT hush_score(1.0, 2.0, 3.0)", "42501"),
    ("CREATE TABLE raw.x (a INT CHECK (line_score(a, a, a) > 1))", "42501"),
    ("CREATE TABLE raw.x (a INT DEFAULT (getvariable('x')))", "42501"),
    ("CREATE TABLE raw.x (a INT DEFAULT nextval('secret.numbers'))", "42501"),
    ("CREATE TABLE raw.x (a INT DEFAULT random())", "42501"),
    ("CREATE TABLE raw.x (a INT DEFAULT 1 + line_score(1, 2, 3))", "42501"),
    ("CREATE TABLE raw.x (a INT, b INT GENERATED ALWAYS AS (a + 1))", "42501"),
    ("CREATE TABLE raw.x (a INT /* ) */ DEFAULT getvariable('x'))", "42501"),
    ("CREATE TABLE raw.x (a INT REFERENCES sales.costs (cost))", "42501"),
    ("ALTER TABLE raw.t ADD COLUMN z INT DEFAULT (SELECT max(cost) FROM sales.costs)", "42501"),
    ("ALTER TABLE raw.t ALTER COLUMN a TYPE VARCHAR USING getvariable('rs_user')", "42501"),
    ("ALTER TABLE raw.t ALTER a SET DEFAULT random()", "42501"),
    ("ALTER TABLE sales.orders ADD COLUMN z INT", "42501"),
    ("ALTER TABLE raw.t SET SCHEMA sales", ("42501", "42601")),
    ("ALTER VIEW sales.orders RENAME TO x", "42501"),
    ("DROP TABLE sales.orders", "42501"),
    ("DROP TABLE retailsql.models", "42501"),
    ("DROP TABLE raw.t, sales.orders", ("42501", "0A000")),
    ("DROP SCHEMA raw CASCADE", "42501"),
    ("CREATE SCHEMA mine", "42501"),
    ("CREATE MACRO raw.f() AS getvariable('rs_user')", "42501"),
    ("CREATE TEMP TABLE x AS SELECT 1", "42501"),
    ("CREATE TRIGGER x AFTER INSERT ON raw.t FOR EACH STATEMENT SELECT 1", ("42501", "42601")),
    ("CREATE INDEX i ON raw.t (a)", "42501"),
    ("CREATE LOCAL TEMPORARY TABLE x (a INT)", ("42501", "42601")),
    ("CREATE TYPE raw.x AS ENUM ('a')", "42501"),
    ("CREATE TABLE raw.x AS SELECT 1; DROP TABLE sales.costs", "42601"),
    ("DELETE FROM raw.t; DELETE FROM sales.costs", "42601"),
    ("MERGE INTO raw.t USING sales.orders o ON t.a = o.id WHEN MATCHED THEN DELETE", "0A000"),
    ("COPY raw.t FROM '/etc/passwd'", "42501"),
    ("ATTACH '/tmp/x' AS y", "42501"),
    ("COMMENT ON TABLE sales.orders IS 'x'", "42501"),
    ("COMMENT ON COLUMN sales.orders.id IS 'x'", "42501"),
    ("COMMENT ON TABLE retailsql.models IS 'x'", "42501"),
    ("COMMENT ON SCHEMA raw IS 'x'", "0A000"),
    ("COMMENT ON TABLE raw.t IS $a$x$b$ || version()", ("42501", "42601")),
    ("DROP TABLE raw.nothing", "42P01"),
    ("UPDATE EXTENSIONS", ("42501", "42601")),
]  # fmt: skip


@pytest.mark.parametrize("text", WRITES)
def test_a_writer_may_write_where_he_was_let(cursor, text):
    assert passes(cursor, text, BEN).writes
    assert refused(cursor, text).sqlstate == "25006"


@pytest.mark.parametrize(("text", "states"), BAD_WRITES)
def test_a_writer_may_not_write_elsewhere_nor_read_more(cursor, text, states):
    error = refused(cursor, text, BEN)
    assert error.sqlstate in ((states,) if isinstance(states, str) else states), error


def test_what_was_just_made_is_seen(tmp_path):
    path = tmp_path / "shop.duckdb"
    make_warehouse(path, (MODELS / "line.onnx").read_bytes())
    with open_warehouse(path, writable=True) as root, cursor_of(root) as cursor:
        assert refused(cursor, "FROM raw.later", BEN).sqlstate == "42P01"
        passes(cursor, "CREATE TABLE raw.later AS SELECT 1", BEN)
        cursor.execute("CREATE TABLE raw.later AS SELECT 1")
        assert passes(cursor, "FROM raw.later", BEN).tables == ("raw.later",)
        cursor.execute("DROP TABLE raw.later")
        policy.changed()
        assert refused(cursor, "FROM raw.later", BEN).sqlstate == "42P01"


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


GRANTS = [
    ("GRANT read, score ON SCHEMA raw TO anna",
     (Grant("read", "schema", "raw"), Grant("score", "schema", "raw")), ("anna",)),
    ("grant select on raw.t to Anna, \"Ben\"", (Grant("read", "table", "raw", "t"),),
     ("anna", "Ben")),
    ("GRANT SELECT ON TABLE t, raw.u TO a",
     (Grant("read", "table", "main", "t"), Grant("read", "table", "raw", "u")), ("a",)),
    ("GRANT EXECUTE ON FUNCTION churn_score(DOUBLE, INT) TO a;",
     (Grant("score", "model", "main", "churn"),), ("a",)),
    ("GRANT SCORE ON MODEL raw.churn TO a", (Grant("score", "model", "raw", "churn"),), ("a",)),
    ("GRANT USAGE ON SCHEMA raw TO a", (), ("a",)),
    ("GRANT read ON DATABASE shop TO a", (Grant("read", "database"),), ("a",)),
    ("GRANT SELECT ON ALL TABLES IN SCHEMA raw TO a", (Grant("read", "table", "raw", "*"),),
     ("a",)),
    ("GRANT ALL PRIVILEGES ON TABLE raw.t TO a",
     (Grant("read", "table", "raw", "t"), Grant("write", "table", "raw", "t")), ("a",)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "grants", "to"), GRANTS)
def test_grants_are_read(text, grants, to):
    assert policy.read_grant(tokenize(text), text)[:3] == (True, grants, to)


def test_revokes_are_read():
    text = "REVOKE write ON SCHEMA raw FROM a CASCADE"
    told = policy.read_grant(tokenize(text), text)
    assert told == policy.GrantStatement(False, (Grant("write", "schema", "raw"),), ("a",))
    assert policy.read_grant(tokenize("SELECT 1"), "SELECT 1") is None


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("GRANT admin TO a", "0A000"),
        ("GRANT read ON SCHEMA raw", "42601"),
        ("GRANT read ON SCHEMA raw TO a b", "42601"),
        ("GRANT read ON MODEL churn TO a", "0LP01"),
        ("GRANT score ON TABLE raw.t TO a", "0LP01"),
        ("GRANT read ON SCHEMA retailsql TO a", "0LP01"),
        ('GRANT read ON SCHEMA "RetailSQL" TO a', "0LP01"),
        ("GRANT read ON retailsql.versions TO a", "0LP01"),
        ("GRANT read ON SCHEMA raw TO a WITH GRANT OPTION", "0A000"),
        ("GRANT INSERT ON raw.t TO a", "0A000"),
        ("GRANT EXECUTE ON FUNCTION lower TO a", "42883"),
        ("REVOKE read ON SCHEMA raw TO a", "42601"),
    ],
)
def test_bad_grants(text, state):
    with pytest.raises(PgError) as caught:
        policy.read_grant(tokenize(text), text)
    assert caught.value.sqlstate == state


def test_checking_again_costs_next_to_nothing(cursor):
    text = "SELECT s, sum(a) FROM raw.t JOIN sales.orders ON a = id GROUP BY s"
    passes(cursor, text, path="shop.main")
    started = time.perf_counter()
    for _ in range(100):
        policy.check(cursor, text, None, text, ANNA, spliced=False, path="shop.main")
    assert (time.perf_counter() - started) / 100 < 0.0005


def test_names_are_those_of_the_writers_own_transaction(tmp_path):
    """raw.shared was dropped: the name now means secret.shared, which he may not read."""
    from tests.conftest import MODELS
    from tests.server_support.granted import BEN, cursor_of, make_warehouse, open_warehouse

    file = tmp_path / "shop.duckdb"
    make_warehouse(file, (MODELS / "line.onnx").read_bytes())
    path = "shop.raw,shop.secret"
    with open_warehouse(file, writable=True) as root:
        root.execute("CREATE TABLE shop.raw.shared AS SELECT 1 AS a")
        root.execute("CREATE TABLE shop.secret.shared AS SELECT 2 AS a")
        with cursor_of(root) as old, cursor_of(root) as new:

            def ask(cursor, text):
                return policy.check(cursor, text, None, text, BEN, spliced=False, path=path)

            old.execute("BEGIN TRANSACTION READ ONLY")
            old.execute("SELECT a FROM shop.raw.shared").fetchall()
            assert ask(new, "DROP TABLE raw.shared").writes
            new.execute("DROP TABLE shop.raw.shared")
            assert ask(old, "FROM shared").tables == ("raw.shared",)
            old.execute("COMMIT")
            with pytest.raises(PgError) as caught:
                ask(old, "FROM shared")
            assert caught.value.sqlstate in ("42501", "42P01")


def test_a_view_names_the_schema_of_all_it_reads(tmp_path):
    """Else it means another table as soon as its own is dropped or the search path is changed."""
    from tests.conftest import MODELS
    from tests.server_support.granted import BEN, cursor_of, make_warehouse, open_warehouse

    file = tmp_path / "shop.duckdb"
    make_warehouse(file, (MODELS / "line.onnx").read_bytes())
    with open_warehouse(file, writable=True) as root, cursor_of(root) as cursor:

        def ask(text):
            return policy.check(cursor, text, None, text, BEN, spliced=False, path="shop.raw")

        for text in (
            "CREATE VIEW raw.w AS SELECT * FROM t",
            "CREATE VIEW raw.w AS SELECT * FROM query_table('t')",
            "CREATE VIEW raw.w AS SELECT twice(a) FROM raw.t",
        ):
            with pytest.raises(PgError) as caught:
                ask(text)
            assert caught.value.sqlstate == "0A000"
        assert ask("CREATE VIEW raw.w AS WITH x AS (FROM raw.t) SELECT raw.twice(a) FROM x").writes
