"""The demo never touches what is not its own, and goes on where it was stopped."""

import duckdb
import pytest

import retailsql
from retailsql.demo import tour
from retailsql.demo.shop import ShopSize, make_shop
from retailsql.errors import ProjectError

TINY = ShopSize(120, 24, 2, 500)


@pytest.fixture
def quick(monkeypatch):
    """The demo without what takes long: a tiny shop, no training, no queries."""
    monkeypatch.setattr(tour, "make_shop", lambda size, seed: make_shop(TINY, seed))
    monkeypatch.setattr(tour, "TASKS", ())

    def build(con, project, tell):
        return tour.build(con, project, train=lambda *args, full_refresh: {}, tests=False)

    monkeypatch.setattr(tour, "_build", build)


def everything(path):
    """All tables and views of a file with their SQL, and the rows of each."""
    with duckdb.connect(str(path)) as con:
        held = con.execute(
            "SELECT schema_name, table_name, sql FROM duckdb_tables() UNION ALL "
            "SELECT schema_name, view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL"
        ).fetchall()
        rows = [con.execute(f'FROM "{s}"."{t}"').fetchall() for s, t, _ in held if s != "retailsql"]
        return held, rows


@pytest.mark.parametrize(
    ("own", "seen"),
    [
        ("CREATE TABLE fct_purchases AS SELECT 'mine' AS x", "main.fct_purchases"),
        ("CREATE TABLE Stg_Products AS SELECT 'mine' AS x", "main.Stg_Products"),
        ("CREATE VIEW fct_sales_daily AS SELECT 'mine' AS x", "main.fct_sales_daily"),
        ("CREATE SCHEMA raw; CREATE VIEW raw.order_lines AS SELECT 'mine' x", "raw.order_lines"),
        ("CREATE SCHEMA raw; CREATE TABLE raw.demo AS SELECT 'mine' AS x", "raw.demo"),
    ],
)
def test_a_file_of_the_users_is_refused_untouched(tmp_path, quick, own, seen):
    """Whatever has a name that the demo would take, table or view, in any case."""
    path = tmp_path / "mine.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(own)
    before = everything(path)
    words = f"something else than this demo.*Seen: {seen}.*give a file that does not exist"
    with pytest.raises(ProjectError, match=words):
        tour.take_tour(path, size="small")
    assert everything(path) == before


def test_a_model_of_the_users_is_refused(tmp_path, quick, tiny):
    """Their churn would have got a next version, deployed."""
    path = tmp_path / "mine.duckdb"
    inputs = {"a": "DOUBLE", "b": "DOUBLE", "c": "DOUBLE"}
    with retailsql.connect(path) as con:
        retailsql.import_onnx(con, "churn", tiny("line"), inputs=inputs)
    with pytest.raises(ProjectError, match="Seen: model churn"):
        tour.take_tour(path, size="small")
    assert "raw" not in {schema for schema, *_ in everything(path)[0]}


def test_other_tables_are_not_in_the_way(tmp_path, quick):
    path = tmp_path / "mine.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE diary AS SELECT 'mine' AS x")
    tour.take_tour(path, size="small")
    with duckdb.connect(str(path)) as con:
        assert con.execute("FROM diary").fetchall() == [("mine",)]


def test_a_demo_that_was_stopped_goes_on(tmp_path, quick, monkeypatch):
    """raw.demo says that the tables are the demo's; another shop in the same file is refused."""
    path = tmp_path / "demo.duckdb"

    def stopped(con, project, tell):
        tour.build(con, project, "+fct_sales_weekly", tests=False)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tour, "_build", stopped)
        with pytest.raises(KeyboardInterrupt):
            tour.take_tour(path, size="small")
    assert not tour.take_tour(path, size="small").reused
    with pytest.raises(ProjectError, match="Seen: shop small, seed 0. Wanted: shop small, seed 1"):
        tour.take_tour(path, size="small", seed=1)


def test_what_the_user_put_into_the_demos_file_stays(tmp_path, quick):
    """The demo made the file, but not this table: the run refuses it."""
    path = tmp_path / "demo.duckdb"
    tour.take_tour(path, size="small")
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE OR REPLACE TABLE fct_purchases AS SELECT 'mine' AS x")
    before = everything(path)
    with pytest.raises(ProjectError, match="would replace the table main.fct_purchases"):
        tour.take_tour(path, size="small")
    assert everything(path) == before
