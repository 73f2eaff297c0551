"""sql/ as a dbt project: everything described and tested, and dbt itself builds it."""

import csv
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest
import yaml

from retailsql.demo.online_retail import PRODUCT_CODE, load_online_retail
from retailsql.demo.shop import ShopSize, make_shop
from tests.conftest import shared
from tests.test_sql_tests import MISTAKES

SQL = Path(__file__).parents[1] / "sql"
MODELS = sorted(
    f for folder in ("staging", "features") for f in (SQL / "models" / folder).glob("*.sql")
)
GENERIC = {
    m
    for f in (SQL / "macros").rglob("*.sql")
    for m in re.findall(r"{%-? *test +(\w+)", f.read_text("utf-8"))
} | {"unique", "not_null", "accepted_values", "relationships"}


def _yml(section):
    """Every entry of a section of the yml files under models/ and seeds/."""
    files = [*(SQL / "models").rglob("*.yml"), *(SQL / "seeds").rglob("*.yml")]
    return [e for f in files for e in yaml.safe_load(f.read_text("utf-8")).get(section, [])]


DESCRIBED = {m["name"]: m for m in _yml("models")}


def _tests(entry):
    """Data tests of a model and of its columns: (column or None, name, arguments)."""
    for column, holder in [(None, entry), *((c["name"], c) for c in entry.get("columns", []))]:
        for test in holder.get("data_tests", []):
            name = test if isinstance(test, str) else next(iter(test))
            given = {} if isinstance(test, str) else test[name].get("arguments", {})
            yield column, name, given


@pytest.mark.parametrize("name", [f.stem for f in MODELS])
def test_every_model_is_described_typed_and_tested(name):
    """A description, an enforced contract with every column described, and data tests."""
    model = DESCRIBED[name]
    assert model["description"].strip()
    assert model["config"]["contract"]["enforced"] is True
    for column in model["columns"]:
        assert column["data_type"], column
        assert column["description"].strip(), column
    tests = list(_tests(model))
    assert {t for _, t, _ in tests} <= GENERIC
    assert "not_null" in {t for _, t, _ in tests}


@pytest.mark.parametrize("name", [f.stem for f in MODELS if f.parent.name == "features"])
def test_every_feature_model_is_held_to_the_cutoff(name):
    assert "no_rows_after_cutoff" in {t for _, t, _ in _tests(DESCRIBED[name])}


def test_nothing_is_described_that_is_not_there():
    files = {f.stem for f in (SQL / "models").rglob("*.sql")}
    files |= {f.stem for f in (SQL / "training").glob("*.sql")}
    assert set(DESCRIBED) <= files
    assert {u["model"] for u in _yml("unit_tests")} <= files
    seeds = {f.stem for f in (SQL / "seeds").glob("*.csv")}
    assert {s["name"] for s in _yml("seeds")} == seeds


def test_every_feature_model_has_a_unit_test():
    tested = {u["model"] for u in _yml("unit_tests")}
    assert {f.stem for f in MODELS} <= tested


def test_every_query_has_an_exposure():
    """Who uses it is written down, and what it needs is what its file refers to."""
    exposures = {e["name"]: e for e in _yml("exposures") if e["type"] == "analysis"}
    queries = {f.stem: f.read_text("utf-8") for f in (SQL / "queries").glob("*.sql")}
    assert set(exposures) == set(queries)
    for name, text in queries.items():
        reads = set(re.findall(r"(?:ref|fn)\('(\w+)'", text))
        assert {f"ref('{r}')" for r in reads} <= set(exposures[name]["depends_on"]), name


def test_every_docs_block_is_used_and_there():
    blocks = re.findall(r"{% docs (\w+) %}", (SQL / "models" / "_docs.md").read_text("utf-8"))
    text = "".join(f.read_text("utf-8") for f in SQL.rglob("*.yml"))
    used = set(re.findall(r"""doc\(["'](\w+)["']\)""", text))
    assert used <= set(blocks)
    assert set(blocks) - used <= {"__overview__"}


def _non_products():
    with (SQL / "seeds" / "non_products.csv").open(encoding="utf-8") as file:
        return {row["code"] for row in csv.DictReader(file)}


def test_the_seed_takes_no_product_away():
    """None of the demo shop, none of Online Retail as it is loaded: both keep every line."""
    codes = _non_products()
    assert codes == {c.upper() for c in codes}  # staging compares with upper(product_id)
    shop = make_shop(ShopSize(20, 24, 2, 480), seed=1)
    assert not codes & set(shop.tables["products"]["product_id"].to_pylist())
    assert not [c for c in codes if re.match(PRODUCT_CODE, c)]


def test_the_seed_holds_every_code_of_online_retail_that_is_no_product():
    file = shared("online_retail_2010_2011", "online_retail_2010_2011.parquet")
    query = "SELECT DISTINCT upper(StockCode) FROM read_parquet(?) WHERE StockCode IS NOT NULL"
    seen = {row[0] for row in duckdb.execute(query, [str(file)]).fetchall()}
    assert {c for c in seen if not re.match(PRODUCT_CODE, c)} <= _non_products()


# dbt itself, where it is installed. -------------------------------------------------------------

needs_dbt = pytest.mark.skipif(
    find_spec("dbt") is None or find_spec("dbt.adapters.duckdb") is None,
    reason="dbt is of the extra dbt",
)
SELECT = [
    "--indirect-selection", "cautious",
    "--select", "path:seeds", "path:models/staging", "path:models/features", "path:tests",
]  # fmt: skip


def _dbt(tmp_path, *args, root=SQL):
    """Run dbt on a project, everything it writes kept in ``tmp_path``; returns (exit, output)."""
    (tmp_path / "profiles.yml").write_text(
        "retail_shop: {target: dev, outputs: {dev: {type: duckdb, threads: 1, path:"
        f" '{tmp_path / 'shop.duckdb'}'}}}}}}\n"
    )
    kept = {
        "DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_USE_COLORS": "false",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", *args, "--project-dir", str(root),
         "--profiles-dir", str(tmp_path)],
        env={**os.environ, **kept}, capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@needs_dbt
@pytest.mark.slow
@pytest.mark.parametrize("shop", ["demo", "online retail"])
def test_dbt_builds_with_every_test_passing(tmp_path, shop):
    """Staging and features, their data tests, unit tests and the seed; nothing is deprecated."""
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        if shop == "demo":
            make_shop("small", seed=0).load(con)
        else:
            file = shared("online_retail_2010_2011", "online_retail_2010_2011.parquet")
            load_online_retail(con, file)
    code, told = _dbt(tmp_path, "--warn-error", "build", *SELECT)
    assert code == 0, told
    assert re.search(r"PASS=\d{3} WARN=0 ERROR=0 SKIP=0", told), told


@needs_dbt
@pytest.mark.slow
def test_a_source_without_rows_stops_what_is_made_of_it(tmp_path):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        make_shop(ShopSize(20, 24, 2, 480), seed=1).load(con)
        con.execute("DELETE FROM raw.order_lines")
    code, told = _dbt(tmp_path, "build", *SELECT)
    assert code == 1
    assert "Failure in test source_has_rows_raw_order_lines_" in told
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        made = {r[0] for r in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    assert "stg_customers" in made
    assert not made & {"stg_order_lines", "customer_features", "fct_sales_daily"}


@needs_dbt
@pytest.mark.slow
def test_unit_tests_notice_mistakes_in_dbt_too(tmp_path):
    root = shutil.copytree(SQL, tmp_path / "sql")
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        make_shop(ShopSize(20, 24, 2, 480), seed=1).load(con)
    code, told = _dbt(tmp_path, "build", "--exclude-resource-type", "unit_test", *SELECT, root=root)
    assert code == 0, told
    for file, right, wrong in MISTAKES.values():
        text = (root / file).read_text("utf-8")
        assert right in text, file
        (root / file).write_text(text.replace(right, wrong), "utf-8")
    code, told = _dbt(tmp_path, "test", "--select", "test_type:unit", root=root)
    assert code == 1, told
    failed = set(re.findall(r"Failure in unit_test (\w+)", told))
    models = {u["name"]: u["model"] for u in _yml("unit_tests")}
    assert {models[name] for name in failed} == set(MISTAKES), told
