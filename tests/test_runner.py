"""The light runner: what it renders, in which order, and what it says when something is wrong."""

from pathlib import Path

import duckdb
import pytest

import retailsql
from retailsql.demo.shop import ShopSize, make_shop
from retailsql.errors import ProjectError, TrainingError
from retailsql.runner import made
from retailsql.runner.graph import order, select
from retailsql.runner.project import load_project
from retailsql.runner.run import run, run_query

ROOT = Path(__file__).parents[1]


@pytest.fixture
def con():
    con = duckdb.connect()
    con.execute("CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT range AS x FROM range(5)")
    yield con
    con.close()


@pytest.fixture
def write(tmp_path):
    """Write files of a project; the first call adds what every project has."""

    def write(files):
        base = {
            "dbt_project.yml": "name: p\nvars: {least: 2}\n",
            "models/_sources.yml": "sources: [{name: raw, tables: [{name: t}]}]",
        }
        for name, text in {**base, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return write


CHAIN = {
    "models/c.sql": "{{ config(materialized='table') }} SELECT * FROM {{ ref('b') }} -- {{ this }}",
    "models/b.sql": "SELECT x FROM {{ ref('a') }} WHERE x >= {{ var('least') }}",
    "models/deep/a.sql": "SELECT x FROM {{ source('raw', 't') }} WHERE {{ big('x') }}",
    "macros/big.sql": "{% macro big(c) %}{{ c }} < {{ limit() }}{% endmacro %}",
    "macros/limit.sql": "{% macro limit() %}{{ var('limit', 100) }}{% endmacro %}",
    "training/m.sql": "{{ config(materialized='model', model_type='LINEAR_REG',"
    " exclude_cols=['x']) }} SELECT x FROM {{ ref('c') }}",
    "queries/q.sql": "SELECT max(x) AS top FROM {{ ref('c') }}",
}


def test_runs_in_order_and_trains(con, write):
    """Files run after what they need; options go to training as given."""
    seen, events = [], []

    def train(con, name, options, query, replace):
        rows = con.execute(query).fetchall()
        seen.append((name, options, len(rows), replace))
        return {"model": name}

    project = load_project(write(CHAIN))
    results = run(con, project, train=train, on_event=events.append)
    assert [(r.name, r.kind, r.status, r.rows) for r in results] == [
        ("a", "view", "ok", None), ("b", "view", "ok", None), ("c", "table", "ok", 3),
        ("m", "model", "ok", None),
    ]  # fmt: skip
    assert seen == [("m", {"model_type": "LINEAR_REG", "exclude_cols": ["x"]}, 3, True)]
    assert results[-1].detail == {"model": "m"}
    assert [e.status for e in events] == ["start", "ok"] * 4
    assert run_query(con, project, "q").rows == [(4,)]
    assert run_query(con, project, "q").columns == ("top",)


def test_without_train_training_is_skipped(con, write):
    results = run(con, load_project(write(CHAIN)))
    assert results[-1].status == "skipped"


def test_vars_and_schema(con, write):
    """Variables given replace those of the file; macros see each other, and the variables."""
    project = load_project(write(CHAIN), {"least": 1, "limit": 3}, schema="mart")
    run(con, project)
    assert con.execute("SELECT list(x ORDER BY x) FROM mart.c").fetchone() == ([1, 2],)


@pytest.mark.parametrize(
    ("term", "names"),
    [
        ("b", "b"), ("+b", "a b"), ("b+", "b c m"), ("+b+", "a b c m"), ("a c", "a c"),
        (["m"], "m"), (None, "a b c m"),
    ],
)  # fmt: skip
def test_selection(write, term, names):
    nodes = load_project(write(CHAIN)).nodes
    assert [n.name for n in select(nodes, term)] == names.split()


def test_a_table_takes_the_place_of_a_view_and_back(con, write):
    run(con, load_project(write({"models/a.sql": "SELECT 1 AS x"})))
    run(
        con,
        load_project(write({"models/a.sql": "{{ config(materialized='table') }} SELECT 2 AS x"})),
    )
    assert con.execute("FROM a").fetchone() == (2,)
    run(con, load_project(write({"models/a.sql": "SELECT 3 AS x"})))
    assert con.execute("FROM a").fetchone() == (3,)


@pytest.mark.parametrize("kind", ["table", "view"])
@pytest.mark.parametrize("own", ["TABLE A AS SELECT 7 AS x", "VIEW a AS SELECT 7 AS x"])
def test_what_no_run_made_is_never_replaced(con, write, own, kind):
    """Nor dropped, in whatever case its name is; and nothing of the project is run."""
    con.execute(f"CREATE {own}")
    head = f"{{{{ config(materialized='{kind}') }}}} "
    project = load_project(
        write({"models/a.sql": head + "SELECT x FROM {{ ref('b') }}", "models/b.sql": "SELECT 1 x"})
    )
    words = r"models/a.sql would replace the (table|view) main.[aA], which.*rename it or drop it"
    with pytest.raises(ProjectError, match=words) as caught:
        run(con, project)
    assert con.execute("FROM a").fetchall() == [(7,)]
    assert "b" not in made.relations(con, "main")
    run(con, project, select="b")  # what is not chosen is not in the way
    run(con, load_project(project.path, schema="mart"))
    con.execute(str(caught.value).rstrip(".").rpartition(": ")[2])  # the statement it advises
    run(con, project)
    assert con.execute("FROM a").fetchall() == [(1,)]


def test_marks(con, write):
    """They are set again after CREATE OR REPLACE, name the file, and go when a person replaces."""
    project = load_project(write(CHAIN))
    for _ in range(2):
        run(con, project)
        held = made.relations(con, "main")
        assert {r.name: (r.kind, r.comment.partition(" (")[0]) for r in held.values()} == {
            "a": ("VIEW", "made by retailsql run: models/deep/a.sql"),
            "b": ("VIEW", "made by retailsql run: models/b.sql"),
            "c": ("TABLE", "made by retailsql run: models/c.sql"),
        }
    con.execute("CREATE OR REPLACE TABLE c AS SELECT 'mine' AS x")
    with pytest.raises(ProjectError, match="models/c.sql would replace the table main.c"):
        run(con, project)
    assert con.execute("FROM c").fetchall() == [("mine",)]


def test_a_name_taken_while_running_is_respected(con, write):
    """Another session makes a table of that name after the run has begun."""
    project = load_project(write(CHAIN))

    def other(event):
        if event.name == "c" and event.status == "start":
            con.execute("CREATE TABLE c AS SELECT 'mine' AS x")

    with pytest.raises(ProjectError, match=r"^models/c.sql would replace"):
        run(con, project, on_event=other)
    assert con.execute("FROM c").fetchall() == [("mine",)]


def test_a_schema_of_another_database(con, write):
    con.execute("ATTACH ':memory:' AS shop; CREATE TABLE shop.main.c AS SELECT 7 AS x")
    con.execute("CREATE SCHEMA shop.raw; CREATE TABLE shop.raw.t AS FROM raw.t")
    with pytest.raises(ProjectError, match="table shop.main.c"):
        run(con, load_project(write(CHAIN), schema="shop.main"))
    con.execute("DROP TABLE shop.main.c")
    for _ in range(2):
        run(con, load_project(write(CHAIN), schema="shop.main"))
    assert con.execute("SELECT count(*) FROM shop.main.c").fetchone() == (3,)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, duckdb.InterruptException])
def test_interrupted(write, kind):
    """It comes out as it was, the file is rolled back, and the same session goes on."""
    with retailsql.connect() as con:
        con.execute("CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT range AS x FROM range(5)")
        project = load_project(write(CHAIN))

        def train(con, name, options, query, replace):
            con.execute("CREATE TABLE half AS SELECT 1")
            raise kind("stopped")

        with pytest.raises(kind) as caught:
            run(con, project, train=train)
        assert type(caught.value) is kind
        assert caught.value.__cause__ is None
        assert sorted(made.relations(con, "main")) == ["a", "b", "c"]
        done = run(con, project, train=lambda *args, replace: {"model": "m"})
        assert [r.status for r in done] == ["unchanged"] * 3 + ["ok"]


def test_interrupted_after_a_model_was_registered(write):
    """Ctrl-C between registering and COMMIT: the model is gone, and can be made again."""
    graph = (Path(__file__).parent / "models" / "line.onnx").read_bytes()
    inputs = {"a": "DOUBLE", "b": "DOUBLE", "c": "DOUBLE"}
    stop = [True]

    def train(con, name, options, query, replace):
        retailsql.import_onnx(con, name, graph, inputs=inputs)
        if stop:
            raise KeyboardInterrupt
        return {}

    with retailsql.connect() as con:
        con.execute("CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT range AS x FROM range(5)")
        project = load_project(write(CHAIN))
        with pytest.raises(KeyboardInterrupt):
            run(con, project, train=train)
        assert con.execute("SHOW MODELS").fetchall() in ([], [(None,)])
        stop.clear()
        run(con, project, train=train)
        assert con.execute("SELECT m_predict(a := 1, b := 2, c := 4)").fetchall() == [(2.25,)]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"models/a.sql": "SELECT 1\n\nFROM {{ ref('ordrs') }}", "models/orders.sql": "SELECT 1"},
         r"models/a.sql:3: ref\('ordrs'\) names no model. Wanted: orders"),
        ({"models/a.sql": "\n{{ source('raw', 'tt') }}"}, r"models/a.sql:2: source.*Wanted: raw.t"),
        ({"models/a.sql": "{{ var('lest') }}"}, r"models/a.sql:1: var\('lest'\).*Wanted: least"),
        ({"models/a.sql": "SELECT\n{{ nothing }}"}, "models/a.sql:2: .*'nothing' is undefined"),
        ({"models/a.sql": "SELECT\n{% if %}"}, "models/a.sql:2: Jinja cannot read this"),
        ({"models/a.sql": "{{ f() }}",
          "macros/f.sql": "{% macro f() %}\n{{ ref('x') }}{% endmacro %}"}, "macros/f.sql:2: ref"),
        ({"models/a.sql": "{{ 1 / 0 }}"}, "models/a.sql:1: Jinja failed.*division by zero"),
        ({"models/a.sql": "SELECT 1", "training/a.sql": "SELECT 1"}, "Two files are called 'a'"),
        ({"models/a.sql": "{{ config(materialized='cube') }}"},
         "models/a.sql:1: config.*Seen: cube"),
        ({"dbt_project.yml": "vars: {}"}, "no name"),
        ({"dbt_project.yml": "a: ["}, r"dbt_project.yml:\d is not YAML"),
        ({"dbt_project.yml": "name: p\na: 2026-02-30"}, "dbt_project.yml is not YAML.*day"),
        ({"dbt_project.yml": b"name: caf\xe9"}, "dbt_project.yml:1: the file is not UTF-8"),
        ({"dbt_project.yml": "[1, 2]"}, r"dbt_project.yml:1: the file is not a mapping.*\[1, 2\]"),
        ({"dbt_project.yml": "name: p\nvars: 3"}, "dbt_project.yml:2: vars is not .*Seen: 3"),
        ({"dbt_project.yml": "name: p\nvars: [a]"}, r"dbt_project.yml:2: vars is not .*\['a'\]"),
        ({"models/x.yml": "[a]"}, r"models/x.yml:1: the file is not a mapping"),
        ({"models/x.yml": "sources: raw"}, "models/x.yml:1: sources is not a list.*'raw'"),
        ({"models/x.yml": "sources: [{schema: raw}]"}, "models/x.yml:1: sources is not a list"),
        ({"models/x.yml": "sources: [{name: raw, tables: [t]}]"},
         "models/x.yml:1: tables of raw is not a list.*Seen: 't'"),
        ({"models/a.sql": b"SELECT 1\n-- caf\xe9"}, "models/a.sql:2: the file is not UTF-8.*0xe9"),
        ({"models/a.sql": "SELECT 1", "macros/f.sql": b"{# \xe9 #}"},
         "macros/f.sql:1: the file is not UTF-8"),
    ],
)  # fmt: skip
def test_errors_name_file_and_line(write, files, words):
    with pytest.raises(ProjectError, match=words):
        load_project(write(files))


def test_no_project(tmp_path):
    with pytest.raises(ProjectError, match="no SQL project") as caught:
        load_project(tmp_path)
    assert "retailsql init" not in str(caught.value)  # there is no such command


def test_circle_names_the_files(write):
    files = {"models/a.sql": "FROM {{ ref('b') }}", "models/b.sql": "FROM {{ ref('a') }}"}
    with pytest.raises(ProjectError, match=r"circle. Seen: models/.*\.sql -> models/.*\.sql"):
        order(load_project(write(files)).nodes)


def test_unknown_names(con, write):
    project = load_project(write(CHAIN))
    with pytest.raises(ProjectError, match=r"no model 'cc'. Wanted: c"):
        run(con, project, select="cc")
    with pytest.raises(ProjectError, match=r"no query 'qq'. Wanted: q"):
        run_query(con, project, "qq")


def test_a_failing_table_leaves_the_old_one(con, write):
    """The engine's words are in the error, its error is the cause, and nothing is half-written."""
    good = "{{ config(materialized='table') }} SELECT x FROM {{ source('raw', 't') }}"
    run(con, load_project(write({"models/a.sql": good})))
    bad = good.replace("SELECT x", "SELECT error('on fire') AS x")
    with pytest.raises(ProjectError, match=r"models/a.sql:1: .*on fire") as caught:
        run(con, load_project(write({"models/a.sql": bad})))
    assert isinstance(caught.value.__cause__, duckdb.Error)
    assert con.execute("SELECT count(*) FROM a").fetchone() == (5,)
    con.execute("BEGIN")  # no transaction was left open
    con.execute("COMMIT")


def test_a_failing_training_leaves_nothing(con, write):
    """Training's own error is in the message; what it wrote is rolled back."""

    def train(con, name, options, query, replace):
        con.execute("CREATE TABLE registry AS SELECT 1")
        raise TrainingError("The label is constant")

    project = load_project(write(CHAIN))
    with pytest.raises(ProjectError, match=r"training/m.sql:1: .*The label is constant"):
        run(con, project, train=train)
    assert con.execute("SELECT count(*) FROM c").fetchone() == (3,)
    assert con.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'registry'"
    ).fetchone() == (0,)


def test_inside_the_callers_transaction(con, write):
    """A transaction that is open stays the caller's: a ROLLBACK takes everything back."""
    con.execute("BEGIN")
    run(con, load_project(write(CHAIN)))
    con.execute("ROLLBACK")
    with pytest.raises(duckdb.CatalogException):
        con.execute("FROM c")


def test_query_error_names_the_file(con, write):
    project = load_project(write({"queries/q.sql": "SELECT nothing"}))
    with pytest.raises(ProjectError, match=r"queries/q\.sql:1: .*nothing"):
        run_query(con, project, "q")


def test_the_shops_own_project():
    """sql/ runs from raw tables to training SELECTs that return rows."""
    project = load_project(ROOT / "sql")
    trained = {}

    def train(con, name, options, query, replace):
        result = con.execute(query)
        trained[name] = (options["model_type"], [c[0] for c in result.description])
        assert result.fetchone() is not None
        return {}

    with duckdb.connect() as con:
        make_shop(ShopSize(150, 24, 2, 560), seed=2).load(con)
        run(con, project, train=train)
    assert set(trained) == {"churn", "price", "demand", "basket", "units"}
    assert set(project.queries) == {"churn_risk", "demand_next", "basket_offers", "price_check"}
    for name, node in project.nodes.items():
        if node.kind == "model":
            columns = trained[name][1]
            wanted = [v for k, v in node.options.items() if k.endswith(("_col", "_cols"))]
            flat = [c for v in wanted for c in ([v] if isinstance(v, str) else v)]
            assert set(flat) <= set(columns), name
