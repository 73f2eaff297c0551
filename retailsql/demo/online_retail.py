"""Online Retail, as the UCI repository publishes it, into the raw vocabulary of a shop.

Chen, Sain, Guo (2012), https://archive.ics.uci.edu/dataset/352/online+retail, and its sequel
Online Retail II (dataset 502), whose columns have other names. csv, xlsx or parquet.

Lines that are no sale of a product are set aside, and counted by reason, in this order: exact
duplicates, cancellations, codes that are no product, numbers or dates that cannot be read,
quantities and prices that are not positive. A line without a customer is a sale: it stays, with
customer_id NULL, and so counts in sales histories and prices but in no feature of a customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retailsql.demo.online_retail_files import read_as_text
from retailsql.errors import ProjectError

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "invoice": ("InvoiceNo", "Invoice"),
    "code": ("StockCode",),
    "description": ("Description",),
    "quantity": ("Quantity",),
    "stamp": ("InvoiceDate",),
    "price": ("UnitPrice", "Price"),
    "customer": ("CustomerID", "Customer ID"),
    "country": ("Country",),
}
"""Our name -> the names it has in the published files; case, spaces and ``_`` do not matter."""

DATE_FORMATS = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S.%f",
    "%m/%d/%y %H:%M", "%d/%m/%y %H:%M",  # before %Y, which reads 10 as the year 10
    "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S",
    "%d-%m-%Y %H:%M", "%d.%m.%Y %H:%M", "%Y-%m-%d",
)  # fmt: skip
"""Ways a date is written. A file has one: that which reads most of it, the first of equals."""

PRODUCT_CODE = "^([0-9]{5}|DCGS)"
"""Products have five digits and perhaps letters, or are DCGS with a number. All else is postage
(POST, DOT, C2), fees (AMAZONFEE, BANK CHARGES, CRUK), corrections (M, D, B, ADJUST), vouchers
(gift_0001_20), samples (S), tests (TEST001) and packing (PADS)."""


@dataclass(frozen=True)
class LoadReport:
    """What became of the lines of a file.

    Args:
        read: lines in the file.
        set_aside: (reason, lines) in the order of the checks; zero counts are kept.
        kept: lines in ``raw.order_lines``.
        without_customer: of these, lines without a customer.
        date_format: how dates were read.
    """

    read: int
    set_aside: tuple[tuple[str, int], ...]
    kept: int
    without_customer: int
    date_format: str

    def rows(self) -> list[tuple[str, int]]:
        """The report as a table of (reason, lines), top to bottom a sum that works out."""
        return [
            ("lines in the file", self.read),
            *((f"set aside: {reason}", -lines) for reason, lines in self.set_aside),
            ("kept: sales of products", self.kept),
            ("of these without a customer (in sales and prices only)", -self.without_customer),
            ("for customer features", self.kept - self.without_customer),
        ]


_REASONS: Sequence[tuple[str, str]] = (
    ("exact duplicates", "copy > 1"),
    ("cancellations", "upper(invoice) LIKE 'C%'"),
    ("codes that are no product",
     f"code IS NULL OR NOT regexp_matches(upper(code), '{PRODUCT_CODE}')"),
    ("unreadable number or date", "quantity IS NULL OR price IS NULL OR stamp IS NULL"),
    ("quantity not positive", "quantity <= 0"),
    ("price not positive", "price <= 0"),
)  # fmt: skip


def load_online_retail(con: Any, path: str | Path) -> LoadReport:
    """Read a file and write raw.customers, raw.products and raw.order_lines, replacing them.

    The file holds no stores, brands, categories or promotions: ``store_id`` is the country a line
    was sold to, a product's description its most frequent one, a customer's country and
    ``joined_on`` are those of the first order kept, and the rest is NULL.

    Args:
        con: a DuckDB connection or a Session.
        path: a ``.csv``, ``.xlsx`` or ``.parquet`` file (parquet: a pattern too).

    Raises:
        ProjectError: no such file, a column is missing, or dates cannot be read.
        MissingExtraError: an xlsx file, and openpyxl is not installed.
    """
    try:
        return _load(con, Path(path))
    finally:
        con.execute("DROP TABLE IF EXISTS __or_lines; DROP TABLE IF EXISTS __or_text")


def _load(con: Any, file: Path) -> LoadReport:
    """What :func:`load_online_retail` does, temp tables left behind."""
    read_as_text(con, file, "__or_text")
    _check_columns(con, file)
    form = _date_format(con, file)
    con.execute(_TYPED.replace("{form}", form))
    counts = dict(con.execute("SELECT reason, count(*) FROM __or_lines GROUP BY 1").fetchall())
    con.execute("CREATE SCHEMA IF NOT EXISTS raw")
    for statement in (_ORDER_LINES, _PRODUCTS, _CUSTOMERS):
        con.execute(statement)
    guests = con.execute("SELECT count(*) FROM raw.order_lines WHERE customer_id IS NULL")
    return LoadReport(
        read=sum(counts.values()),
        set_aside=tuple((reason, counts.get(reason, 0)) for reason, _ in _REASONS),
        kept=counts.get(None, 0),
        without_customer=guests.fetchone()[0],
        date_format=form,
    )


def _check_columns(con: Any, file: Path) -> None:
    """Rename the file's columns to ours; refuse a file that lacks one."""
    seen = [row[0] for row in con.execute("DESCRIBE __or_text").fetchall()]
    plain = {_plain(name): name for name in seen}
    for ours, names in COLUMNS.items():
        found = next((plain[_plain(n)] for n in names if _plain(n) in plain), None)
        if found is None:
            raise ProjectError(
                f"{file.name} has no column {names[0]!r}", seen=", ".join(seen),
                wanted=" or ".join(names), todo="use the file as UCI publishes it",
            )  # fmt: skip
        con.execute(f'ALTER TABLE __or_text RENAME COLUMN "{found}" TO "__{ours}"')


def _plain(name: str) -> str:
    return name.lower().replace(" ", "").replace("_", "").lstrip("\ufeff")


def _date_format(con: Any, file: Path) -> str:
    """The format that reads most dates.

    Raises:
        ProjectError: more than one date in a hundred is not read by it.
    """
    tries = ", ".join(f"count(try_strptime(__stamp, '{form}'))" for form in DATE_FORMATS)
    given, *read = con.execute(f"SELECT count(__stamp), {tries} FROM __or_text").fetchone()
    best = max(read)
    form = DATE_FORMATS[read.index(best)]
    if best < 0.99 * given or given == 0:
        unread = f"try_strptime(__stamp, '{form}') IS NULL"
        query = f"SELECT any_value(__stamp) FROM __or_text WHERE {unread}"
        raise ProjectError(
            f"Dates of {file.name} cannot be read: column InvoiceDate",
            seen=repr(con.execute(query).fetchone()[0]),
            wanted="dates like 2010-12-01 08:26:00 or 12/1/2010 8:26",
        )
    return form


_CASES = "\n".join(f"        WHEN {test} THEN '{reason}'" for reason, test in _REASONS)

_TYPED = f"""
CREATE OR REPLACE TEMP TABLE __or_lines AS
WITH typed AS (
    SELECT
        line, __invoice AS invoice, __code AS code, __description AS description,
        TRY_CAST(TRY_CAST(__quantity AS DOUBLE) AS INTEGER) AS quantity,
        TRY_CAST(__price AS DOUBLE) AS price,
        try_strptime(__stamp, '{{form}}') AS stamp,
        -- a column of numbers with gaps is often written as 17850.0
        regexp_replace(__customer, '\\.0$', '') AS customer, __country AS country,
        row_number() OVER (
            PARTITION BY __invoice, __code, __description, __quantity, __stamp, __price,
                         __customer, __country
            ORDER BY line
        ) AS copy
    FROM __or_text
)
SELECT *, CASE
{_CASES}
        END AS reason
FROM typed
"""

_ORDER_LINES = """
CREATE OR REPLACE TABLE raw.order_lines AS
SELECT
    invoice AS order_id,
    CAST(row_number() OVER (PARTITION BY invoice ORDER BY line) AS INTEGER) AS line_no,
    customer AS customer_id,
    upper(code) AS product_id,       -- 85123a is 85123A
    country AS store_id,
    CAST(stamp AS TIMESTAMP) AS ordered_at,
    quantity,
    price AS unit_price,
    CAST(NULL AS BOOLEAN) AS on_promotion
FROM __or_lines
WHERE reason IS NULL
ORDER BY ordered_at, order_id, line_no
"""

_PRODUCTS = """
CREATE OR REPLACE TABLE raw.products AS
WITH counted AS (
    SELECT upper(code) AS product_id, trim(description) AS description, count(*) AS n
    FROM __or_lines
    WHERE reason IS NULL
    GROUP BY ALL
)
SELECT
    product_id,
    arg_max(description, (n, description)) FILTER (WHERE description <> '') AS description,
    CAST(NULL AS VARCHAR) AS category,
    CAST(NULL AS VARCHAR) AS brand
FROM counted
GROUP BY product_id
ORDER BY product_id
"""

_CUSTOMERS = """
CREATE OR REPLACE TABLE raw.customers AS
SELECT
    customer_id,
    arg_min(store_id, (ordered_at, order_id, line_no)) AS country,
    CAST(min(ordered_at) AS DATE) AS joined_on
FROM raw.order_lines
WHERE customer_id IS NOT NULL
GROUP BY customer_id
ORDER BY customer_id
"""
