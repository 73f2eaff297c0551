"""`retailsql init`: a new project that both engines run, and nothing left behind if it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from retailsql.demo.shop import ShopSize, make_shop
from retailsql.errors import ProjectError
from retailsql.runner.build import build
from retailsql.runner.project import load_project, shipped_project
from retailsql.session import connect
from retailsql.starter import write_project
from retailsql.starter.write_mapping import CHECK
from retailsql.starter.write_project import init_project
from tests.conftest import shared

SMALL = "small"
TABLES = "+customer_features"


def make_tables(folder):
    """Staging and customer features by the light runner; how many rows they have."""
    project = load_project(folder)
    with connect(project.database) as con:
        report = build(con, project, TABLES, tests=False)
        assert report.exit_status == 0, report
        counted = f"SELECT count(*) FROM {project.schema}.customer_features"
        return con.execute(counted).fetchall()[0][0]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A shop's lines as csv and its goods as parquet, in a folder beside the projects."""
    folder = tmp_path_factory.mktemp("files")
    with duckdb.connect() as con:
        make_shop(ShopSize(60, 24, 2, 480), 0).load(con)
        con.execute(
            "COPY (SELECT order_id AS receipt_no, customer_id AS member_id, product_id AS sku,"
            " ordered_at AS sold_at, quantity AS qty, unit_price AS price FROM raw.order_lines)"
            f" TO '{folder / 'sales.csv'}'"
        )
        con.execute(
            "COPY (SELECT product_id AS sku, description AS title, category AS department"
            f" FROM raw.products) TO '{folder / 'goods.parquet'}'"
        )
    return folder


# ── the demo shop ─────────────────────────────────────────────────────────────────────────────────


def test_without_options_it_is_the_demo_shop_and_its_tables_are_made_at_once(tmp_path):
    folder = tmp_path / "My Shop-2"
    started = init_project(folder, size=SMALL)
    assert started.name == "my_shop_2"
    assert dict(started.loaded)["raw.order_lines"] > 30_000
    assert make_tables(folder) > 300
    assert sorted(started.files) == sorted(
        f.relative_to(folder).as_posix() for f in folder.rglob("*")
        if f.is_file() and not f.name.endswith(".wal")
    )  # fmt: skip


def test_the_shipped_files_are_copied_as_they_are_under_another_name(tmp_path):
    """dbt_project.yml differs in the name alone; sql/README.md, the reference, stays at home."""
    started = init_project(tmp_path / "corner", size=SMALL)
    shipped = shipped_project()
    for file in started.files:
        if file.partition("/")[0] in write_project.FOLDERS:
            assert (tmp_path / "corner" / file).read_bytes() == (shipped / file).read_bytes(), file
    missing = [
        f for top in write_project.FOLDERS for f in (shipped / top).rglob("*")
        if f.is_file() and f.suffix in (".sql", ".yml", ".csv", ".md")
        and f.relative_to(shipped).as_posix() not in started.files
    ]  # fmt: skip
    assert missing == []
    ours = (shipped / "dbt_project.yml").read_text(encoding="utf-8").splitlines()
    theirs = (tmp_path / "corner" / "dbt_project.yml").read_text(encoding="utf-8").splitlines()
    changed = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
    assert [b.strip() for _, b in changed] == ["name: corner", "profile: corner", "corner:"]
    readme = (tmp_path / "corner" / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# corner\n")
    assert "retailsql build" in readme


def test_profiles_are_those_of_dbt_duckdb_with_the_plugin(tmp_path):
    init_project(tmp_path / "corner", size=SMALL)
    profile = yaml.safe_load((tmp_path / "corner" / "profiles.yml").read_text(encoding="utf-8"))
    target = profile["corner"]["outputs"]["dev"]
    assert (target["type"], target["path"]) == ("duckdb", "shop.duckdb")
    assert target["plugins"] == [{"module": "retailsql.adapters.dbt"}]


@pytest.mark.slow
def test_dbt_reads_the_project_without_a_warning(tmp_path):
    """Inside the folder: dbt build --profiles-dir . (here staging and one feature)."""
    dbt = shutil.which("dbt", path=str(Path(sys.executable).parent))
    if dbt is None:
        pytest.skip("dbt is not installed")
    folder = tmp_path / "corner"
    init_project(folder, size=SMALL)
    done = subprocess.run(
        [dbt, "--warn-error", "build", "--profiles-dir", ".", "--select", TABLES,
         "--indirect-selection", "cautious"],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
             "DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path / "logs")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.slow
def test_online_retail_is_loaded(tmp_path):
    file = shared("online_retail_2010_2011", "online_retail_2010_2011.parquet")
    started = init_project(tmp_path / "gifts", data=file)
    assert dict(started.loaded)["for customer features"] == 391_150
    assert "online_retail_2010_2011" in (tmp_path / "gifts" / "README.md").read_text()
    with duckdb.connect(str(tmp_path / "gifts" / "shop.duckdb"), read_only=True) as con:
        assert con.execute("SELECT count(*) FROM raw.order_lines").fetchall()[0][0] > 500_000


# ── their own files and tables ────────────────────────────────────────────────────────────────────


def test_their_files_are_mapped_not_loaded(files, tmp_path, monkeypatch):
    """A csv and a parquet file, given as seen from here, read as seen from the project."""
    monkeypatch.chdir(files)
    folder = tmp_path / "mine"
    started = init_project(folder, sources=["sales.csv", "goods.parquet"])
    content = yaml.safe_load((folder / "dbt_project.yml").read_text(encoding="utf-8"))
    lines, goods = content["vars"]["order_lines"], content["vars"]["products"]
    relative = Path(os.path.relpath(files, folder)).as_posix()
    assert f"'{relative}/sales.csv'" in lines["from"]
    assert goods["from"] == f"'{relative}/goods.parquet'"
    assert lines["columns"]["order_id"] == "receipt_no"
    assert started.loaded == ()
    with duckdb.connect(str(folder / "shop.duckdb"), read_only=True) as con:
        assert con.execute("SELECT count(*) FROM duckdb_tables() WHERE schema_name <> 'retailsql'"
                           ).fetchall() == [(0,)]  # fmt: skip
    monkeypatch.chdir(folder)
    assert make_tables(Path()) > 40


def test_what_is_unsure_is_marked_in_the_file_and_told(files, tmp_path):
    """A price that is a sum, in a file of made-up names."""
    with duckdb.connect() as con:
        con.execute(
            "COPY (SELECT receipt_no, member_id, sku, sold_at, qty, price * qty AS price"
            f" FROM '{files / 'sales.csv'}') TO '{tmp_path / 'odd.parquet'}'"
        )
    started = init_project(tmp_path / "odd", sources=[str(tmp_path / "odd.parquet")])
    text = (tmp_path / "odd" / "dbt_project.yml").read_text(encoding="utf-8")
    assert f"# {CHECK}: grows with qty" in text
    rows = {word: (theirs, sure) for word, theirs, sure, _ in started.mapping_rows}
    assert rows["order_lines.unit_price"] == ("price / nullif(qty, 0)", CHECK)
    assert rows["order_lines.order_id"] == ("receipt_no", "yes")
    assert rows["order_lines.store_id"][1] == "none"
    assert any("look at the line marked CHECK" in why for _, why in started.next_commands)
    assert "marked CHECK" in (tmp_path / "odd" / "README.md").read_text(encoding="utf-8")


def test_a_table_of_their_database_is_mapped_and_the_profile_points_to_it(files, tmp_path):
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute(f"CREATE SCHEMA shop; CREATE TABLE shop.sales AS FROM '{files / 'sales.csv'}'")
    started = init_project(tmp_path / "mine", sources=["shop.sales"], db=file)
    assert started.database == "../warehouse.duckdb"
    assert (started.schema, started.notes) == ("main", ())
    assert started.proposal["order_lines"].relation == "shop.sales"
    assert make_tables(tmp_path / "mine") > 40


def test_tables_of_theirs_are_never_in_the_way(files, tmp_path):
    """A table that is called like one of ours: ours go into a schema of their own."""
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute(f"CREATE TABLE sales AS FROM '{files / 'sales.csv'}'")
        con.execute("CREATE TABLE customer_features AS SELECT 42 AS mine")
    started = init_project(tmp_path / "mine", sources=["sales"], db=file)
    assert started.schema == "retail"
    assert "customer_features" in started.notes[0]
    assert make_tables(tmp_path / "mine") > 40
    with duckdb.connect(str(file), read_only=True) as con:
        assert con.execute("FROM main.customer_features").fetchall() == [(42,)]


# ── refusals ──────────────────────────────────────────────────────────────────────────────────────


def test_a_folder_that_is_not_empty_is_refused_and_stays_as_it_is(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ProjectError, match="not empty.*notes.txt"):
        init_project(tmp_path, size=SMALL)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_an_empty_folder_and_one_with_git_are_taken(tmp_path):
    (tmp_path / "shop" / ".git").mkdir(parents=True)
    init_project(tmp_path / "shop", size=SMALL)
    assert (tmp_path / "shop" / ".git").is_dir()
    assert (tmp_path / "shop" / "dbt_project.yml").is_file()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sources": ["nowhere.csv"]}, "There is no file 'nowhere.csv'"),
        ({"sources": ["nowhere"]}, "no file and no table 'nowhere'"),
        ({"sources": ["book.xlsx"]}, "There is no file"),
        ({"data": "nowhere.parquet"}, "There is no file"),
        ({"db": "nowhere.duckdb"}, "There is no database"),
        ({"data": "a.csv", "sources": ["b.csv"]}, "leave one of them out"),
    ],
)
def test_what_is_not_there_is_refused_and_nothing_is_left(tmp_path, options, words):
    with pytest.raises(ProjectError, match=words):
        init_project(tmp_path / "a" / "b", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_the_vocabulary_is_refused_without_from(tmp_path):
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute("CREATE TABLE sales AS SELECT 1 AS a")
    with pytest.raises(ProjectError, match="no table raw.order_lines.*main.sales"):
        init_project(tmp_path / "mine", db=file)
    assert not (tmp_path / "mine").exists()


def test_a_failure_half_way_leaves_nothing_behind(tmp_path, monkeypatch):
    """Also Ctrl-C, after the files were written, in a folder that was there before."""
    (tmp_path / "shop").mkdir()

    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(write_project, "load_project", interrupted)
    with pytest.raises(KeyboardInterrupt):
        init_project(tmp_path / "shop", size=SMALL)
    assert list((tmp_path / "shop").iterdir()) == []
    with pytest.raises(KeyboardInterrupt):
        init_project(tmp_path / "new" / "shop", size=SMALL)
    assert not (tmp_path / "new").exists()
