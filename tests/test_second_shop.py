"""A second shop, with other tables, columns and types, runs by editing the mapping alone."""

from __future__ import annotations

import duckdb
import pytest
import yaml

from retailsql.demo.shop import make_shop
from retailsql.runner.build import build
from retailsql.runner.project import load_project
from retailsql.starter.propose import propose
from retailsql.starter.write_mapping import write_mapping
from retailsql.starter.write_project import copy_project

FEATURES = (
    "fct_purchases", "fct_sales_daily", "fct_sales_weekly", "customer_features", "churn_training",
    "price_features", "unit_features",
)  # fmt: skip

OWN_TABLES = """
    CREATE SCHEMA kasse;
    -- Orders and lines in one table: names in German, times as text, prices in cents, no stores.
    CREATE TABLE kasse.verkaeufe AS
    SELECT 'B-' || order_id AS "Beleg-Nr", line_no AS "Zeile", customer_id AS "Kunde",
           country AS "Land", product_id AS "Art.-Nr",
           strftime(ordered_at, '%d.%m.%Y %H:%M:%S') AS "verkauft am",
           CAST(quantity AS VARCHAR) AS "Menge",
           CAST(round(unit_price * 100) AS INTEGER) AS "Preis in Cent",
           CASE WHEN on_promotion THEN 'ja' ELSE 'nein' END AS "Aktion"
    FROM raw.order_lines LEFT JOIN raw.customers USING (customer_id);
    CREATE TABLE kasse.sortiment AS
    SELECT product_id AS nummer, description AS bezeichnung, category AS warengruppe,
           brand AS marke
    FROM raw.products
"""

MAPPING = """\
  order_lines:
    from: kasse.verkaeufe
    columns:
      order_id: substr("Beleg-Nr", 3)
      line_no: '"Zeile"'
      customer_id: Kunde
      product_id: '"Art.-Nr"'
      ordered_at: strptime("verkauft am", '%d.%m.%Y %H:%M:%S')
      quantity: CAST(Menge AS INTEGER)
      unit_price: '"Preis in Cent" / 100'
      on_promotion: Aktion = 'ja'
  customers:
    from: kasse.verkaeufe
    where: Kunde IS NOT NULL
    columns:
      customer_id: Kunde
      country: Land
  products:
    from: kasse.sortiment
    columns: {product_id: nummer, description: bezeichnung, category: warengruppe, brand: marke}
"""


def edited(text, mapping):
    """dbt_project.yml with the blocks of the mapping, and nothing else, replaced."""
    lines, kept, inside = text.splitlines(), [], False
    for line in lines:
        if line.startswith("  ") and not line.startswith("   ") and line.strip():
            inside = line.strip() in ("order_lines:", "customers:", "products:")
        kept += [] if inside else [line]
        if line == "vars:":
            kept += mapping.splitlines()
    return "\n".join(kept) + "\n"


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The demo shop without its stores, in the vocabulary's own words, its features made."""
    folder = tmp_path_factory.mktemp("first")
    copy_project(folder, "first")
    con = duckdb.connect(str(folder / "shop.duckdb"))
    make_shop("small", 0).load(con)
    # A price list has whole cents, and this shop one store.
    con.execute("UPDATE raw.order_lines SET store_id = NULL, unit_price = round(unit_price, 2)")
    con.execute(OWN_TABLES)
    project = load_project(folder)
    report = build(con, project, [f"+{name}" for name in FEATURES], tests=False)
    assert report.exit_status == 0, report
    yield con
    con.close()


def features_of(con, folder, name, prepare):
    """The project of a second shop, of whose files `prepare` may edit dbt_project.yml."""
    folder.mkdir()
    copy_project(folder, name)
    file = folder / "dbt_project.yml"
    before = {f: f.read_bytes() for f in folder.rglob("*") if f.is_file() and f != file}
    file.write_text(prepare(file.read_text(encoding="utf-8")), encoding="utf-8")
    assert before == {f: f.read_bytes() for f in folder.rglob("*") if f.is_file() and f != file}
    project = load_project(folder, schema=name)
    report = build(con, project, [f"+{f}" for f in FEATURES], tests=False)
    assert report.exit_status == 0, report


def assert_same(con, schema):
    for name in FEATURES:
        ours, theirs = f"FROM main.{name}", f"FROM {schema}.{name}"
        rows = con.execute(f"SELECT count(*) {ours}").fetchall()[0][0]
        assert rows > 100, name
        assert con.execute(f"SELECT count(*) {theirs}").fetchall() == [(rows,)], name
        for one, other in ((ours, theirs), (theirs, ours)):
            assert con.execute(f"({one}) EXCEPT ALL ({other}) LIMIT 3").fetchall() == [], name


def test_features_are_the_same_row_by_row_with_another_mapping(first, tmp_path):
    """Seven feature tables, thousands of rows: no row differs, and only one file was edited."""
    features_of(first, tmp_path / "second", "second", lambda text: edited(text, MAPPING))
    assert_same(first, "second")


def test_the_proposed_mapping_makes_the_same_features(first, tmp_path):
    """What init --from proposes for these tables, written into the file, nothing corrected."""
    proposal = propose(first, ["kasse.verkaeufe", "kasse.sortiment"])
    assert proposal.unsure == ()
    features_of(first, tmp_path / "third", "third", lambda text: write_mapping(text, proposal))
    # The order's number keeps its B-: it is in no feature but as something to count.
    assert_same(first, "third")


def test_a_wrong_mapping_gives_other_features(first, tmp_path):
    """The comparison sees it: prices left in cents."""
    cents = MAPPING.replace("'\"Preis in Cent\" / 100'", "'\"Preis in Cent\"'")
    features_of(first, tmp_path / "fourth", "fourth", lambda text: edited(text, cents))
    with pytest.raises(AssertionError):
        assert_same(first, "fourth")


def test_the_edited_file_keeps_everything_but_the_mapping(tmp_path):
    """write_mapping leaves every other variable, and every comment outside the three blocks."""
    copy_project(tmp_path, "kept")
    before = (tmp_path / "dbt_project.yml").read_text(encoding="utf-8")
    with duckdb.connect() as con:
        make_shop("small", 0).load(con)
        con.execute(OWN_TABLES)
        proposal = propose(con, ["kasse.verkaeufe", "kasse.sortiment"])
    after = write_mapping(before, proposal)
    old, new = yaml.safe_load(before), yaml.safe_load(after)
    assert new["vars"] == {**old["vars"], **proposal.mapping()}
    assert {k: v for k, v in new.items() if k != "vars"} == {
        k: v for k, v in old.items() if k != "vars"
    }
    comments = [line for line in before.splitlines() if line.lstrip().startswith("#")]
    outside = [line for line in comments if not line.startswith("      ")]
    assert [line for line in outside if line not in after.splitlines()] == []
