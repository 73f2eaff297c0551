"""Online Retail as published comes in, and every line set aside is counted."""

import datetime as dt
import os
from pathlib import Path

import duckdb
import pytest

from retailsql.demo.online_retail import load_online_retail
from retailsql.errors import MissingExtraError, ProjectError

SHARED = Path(os.environ.get("RETAILSQL_DATA", Path(__file__).parents[2] / "shared" / "data"))
REAL = SHARED / "online_retail_2010_2011" / "online_retail_2010_2011.parquet"

HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
LINES = """
536365,85123A,WHITE HANGER,6,12/1/2010 8:26,2.55,17850,United Kingdom
536365,85123A,WHITE HANGER,6,12/1/2010 8:26,2.55,17850,United Kingdom
536365,85123a,WHITE HANGER ,2,12/1/2010 8:26,2.55,17850,United Kingdom
536370,POST,POSTAGE,3,12/1/2010 8:45,18,12583,France
C536379,22632,HAND WARMER,-1,12/13/2010 9:41,1.85,14527,United Kingdom
536400,22632,HAND WARMER,-4,12/13/2010 9:41,1.85,14527,United Kingdom
536401,22632,HAND WARMER,4,12/13/2010 9:41,0,14527,United Kingdom
536402,22632,HAND WARMER,four,12/13/2010 9:41,1.85,14527,United Kingdom
536403,22632,,4,12/14/2010 10:00,1.85,,United Kingdom
536404,22632,"HAND WARMER, RED",5,12/15/2010 10:00,1.85,12583.0,France
""".strip()


@pytest.fixture
def con():
    con = duckdb.connect()
    yield con
    con.close()


def _file(tmp_path, head=HEAD, lines=LINES, name="retail.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(f"{head}\n{lines}\n".encode(encoding))
    return path


def test_small_file_by_hand(con, tmp_path):
    """Ten lines: one of each reason, four sales."""
    report = load_online_retail(con, _file(tmp_path))
    assert report.rows() == [
        ("lines in the file", 10),
        ("set aside: exact duplicates", -1),
        ("set aside: cancellations", -1),
        ("set aside: codes that are no product", -1),
        ("set aside: unreadable number or date", -1),
        ("set aside: quantity not positive", -1),
        ("set aside: price not positive", -1),
        ("kept: sales of products", 4),
        ("of these without a customer (in sales and prices only)", -1),
        ("for customer features", 3),
    ]
    lines = con.execute("FROM raw.order_lines ORDER BY ordered_at, line_no").fetchall()
    assert lines[0] == (
        "536365", 1, "17850", "85123A", "United Kingdom",
        dt.datetime(2010, 12, 1, 8, 26), 6, 2.55, None,
    )  # fmt: skip
    assert [r[2] for r in lines] == ["17850", "17850", None, "12583"]
    assert con.execute("FROM raw.customers").fetchall() == [
        ("12583", "France", dt.date(2010, 12, 15)),
        ("17850", "United Kingdom", dt.date(2010, 12, 1)),
    ]
    assert con.execute("SELECT product_id, description FROM raw.products").fetchall() == [
        ("22632", "HAND WARMER, RED"),
        ("85123A", "WHITE HANGER"),
    ]
    temporary = "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '%or%' AND temporary"
    assert con.execute(temporary).fetchone() == (0,)


@pytest.mark.parametrize(
    ("stamp", "when"),
    [
        ("12/13/2010 9:41", dt.datetime(2010, 12, 13, 9, 41)),
        ("13/12/2010 09:41", dt.datetime(2010, 12, 13, 9, 41)),
        ("12/13/10 9:41", dt.datetime(2010, 12, 13, 9, 41)),
        ("2010-12-13 09:41:00", dt.datetime(2010, 12, 13, 9, 41)),
        ("2010-12-13T09:41:00", dt.datetime(2010, 12, 13, 9, 41)),
        ("13.12.2010 09:41", dt.datetime(2010, 12, 13, 9, 41)),
    ],
)
def test_date_formats(con, tmp_path, stamp, when):
    line = f"536365,85123A,X,6,{stamp},2.55,17850,France"
    load_online_retail(con, _file(tmp_path, lines=line))
    assert con.execute("SELECT ordered_at FROM raw.order_lines").fetchall() == [(when,)]


def test_sequel_names_and_latin1(con, tmp_path):
    """Online Retail II's column names; a Latin-1 pound sign, as the csv in circulation has it."""
    head = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
    line = "489434,79323P,VOUCHER £5,12,2009-12-01 07:45:00,6.75,13085.0,EIRE"
    load_online_retail(con, _file(tmp_path, head, line, encoding="latin-1"))
    assert con.execute("SELECT description FROM raw.products").fetchall() == [("VOUCHER £5",)]


def test_xlsx_with_two_sheets(con, tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is of the extra train")
    book = openpyxl.Workbook()
    for k, sheet in enumerate((book.active, book.create_sheet("2"))):
        sheet.append(HEAD.split(","))
        sheet.append(
            [536365 + k, 22632, "WARMER", 6, dt.datetime(2010, 12, 1 + k), 2.5, 17850.0, "UK"]
        )
    book.save(tmp_path / "retail.xlsx")
    report = load_online_retail(con, tmp_path / "retail.xlsx")
    assert (report.read, report.kept, report.without_customer) == (2, 2, 0)
    assert con.execute("SELECT DISTINCT customer_id FROM raw.order_lines").fetchall() == [
        ("17850",)
    ]


def test_missing_openpyxl_names_the_command(con, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    (tmp_path / "retail.xlsx").write_bytes(b"")
    with pytest.raises(MissingExtraError, match=r"pip install 'retailsql\[train\]'"):
        load_online_retail(con, tmp_path / "retail.xlsx")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"head": HEAD.replace("UnitPrice", "Cost")}, "no column 'UnitPrice'.*Seen: InvoiceNo"),
        ({"lines": "1,22632,X,1,yesterday,1,1,France"}, "InvoiceDate.*'yesterday'"),
        ({"name": "retail.ods"}, "of a kind that is not read"),
    ],
)
def test_refusals(con, tmp_path, change, words):
    with pytest.raises(ProjectError, match=words):
        load_online_retail(con, _file(tmp_path, **change))


def test_no_such_file(con, tmp_path):
    with pytest.raises(ProjectError, match="There is no file"):
        load_online_retail(con, tmp_path / "nothing.csv")


@pytest.mark.skipif(not REAL.exists(), reason=f"{REAL} is missing")
def test_the_real_file(con):
    """541,909 lines become 391,150 for customer features (quality.md, trap 13)."""
    con.execute("SET threads = 1")
    report = load_online_retail(con, REAL)
    assert dict(report.rows()) == {
        "lines in the file": 541_909,
        "set aside: exact duplicates": -5_268,
        "set aside: cancellations": -9_251,
        "set aside: codes that are no product": -2_361,
        "set aside: unreadable number or date": 0,
        "set aside: quantity not positive": -1_336,
        "set aside: price not positive": -1_156,
        "kept: sales of products": 522_537,
        "of these without a customer (in sales and prices only)": -131_387,
        "for customer features": 391_150,
    }
    rows = [n for _, n in report.rows()]
    assert sum(rows[:7]) == rows[7]
