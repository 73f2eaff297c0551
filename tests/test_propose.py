"""The proposed mapping: what is found in shops of other words, languages and systems."""

from __future__ import annotations

import pytest

from retailsql.starter.names import name_score, tokens
from retailsql.starter.propose import propose
from retailsql.starter.synonyms import SYNONYMS
from tests.own_shops import base_shop, of_csv, same_as_base, theirs, unsure


@pytest.fixture(scope="module")
def shop():
    with base_shop() as con:
        yield con


# ── names ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("InvoiceNo", "order_id"), ("Rechnungs-Nr.", "order_id"), ("VBELN", "order_id"),
        ("ZAMÓWIENIE", "order_id"), ("Kundennummer", "customer_id"), ("customerID", "customer_id"),
        ("household_key", "customer_id"), ("Código Cliente", "customer_id"),
        ("Artikel-Nr", "product_id"), ("StockCode", "product_id"), ("Lineitem sku", "product_id"),
        ("Bestelldatum", "ordered_at"), ("order_purchase_timestamp", "ordered_at"),
        ("Quantità", "quantity"), ("qty_ordered", "quantity"), ("Stück", "quantity"),
        ("Prix Unitaire", "unit_price"), ("Einzelpreis", "unit_price"), ("row_total", "amount"),
        ("Ländercode", "country"), ("Warengruppe", "category"), ("Marque", "brand"),
        ("Produktbezeichnung", "description"), ("Kunde seit", "joined_on"),
    ],
)  # fmt: skip
def test_a_name_is_known_in_its_language(name, word):
    """And means that word more than any other."""
    scores = {w: name_score(name, w) for w in SYNONYMS}
    assert scores[word] >= 0.85
    assert max(scores, key=scores.get) == word


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("delivery_date", "ordered_at"), ("birth_date", "ordered_at"), ("order_status", "order_id"),
        ("customer_name", "customer_id"), ("product_weight_g", "product_id"),
        ("shipping_price", "unit_price"), ("qty_refunded", "quantity"), ("company", "product_id"),
        ("compare_at_price", "unit_price"), ("customer_city", "customer_id"),
    ],
)  # fmt: skip
def test_a_word_beside_another_may_change_its_meaning(name, word):
    assert name_score(name, word) == 0


def test_case_signs_accents_and_camel_case_do_not_matter():
    assert tokens("Order ID") == tokens("order_id") == tokens("orderId") == tokens("ORDER-ID")
    assert name_score("orderid", "order_id") == name_score("ORDERID", "order_id") == 1


def test_the_vocabulary_itself_is_found_without_a_doubt(shop):
    tables = ["raw.order_lines", "raw.customers", "raw.products"]
    proposal = propose(shop, tables)
    assert proposal.unsure == ()
    for table in proposal.tables:
        assert all(c.sql == c.word for c in table.choices), table
    assert [t.relation for t in proposal.tables] == tables
    assert proposal.missing == ()


GERMAN = """
    SELECT order_id AS "Belegnummer", line_no AS "Position", customer_id AS "Kundennummer",
           product_id AS "Artikelnummer", store_id AS "Filiale",
           strftime(ordered_at, '%d.%m.%Y %H:%M:%S') AS "Bestelldatum", quantity AS "Menge",
           replace(CAST(CAST(unit_price AS DECIMAL(12, 2)) AS VARCHAR), '.', ',') AS "Einzelpreis",
           CASE WHEN on_promotion THEN 'ja' ELSE 'nein' END AS "Aktion",
           description AS "Artikelbezeichnung", category AS "Warengruppe", brand AS "Marke",
           country AS "Land"
    FROM base"""


def test_german_csv_with_text_dates_and_decimal_commas(shop, tmp_path):
    proposal = propose(shop, of_csv(shop, tmp_path, GERMAN, delimiter=";"))
    assert unsure(proposal) == set()
    assert "'%d.%m.%Y %H:%M:%S'" in proposal["order_lines"]["ordered_at"].sql
    same_as_base(shop, proposal, (
        "order_id", "line_no", "customer_id", "product_id", "store_id", "ordered_at", "quantity",
        "unit_price", "on_promotion",
    ))  # fmt: skip
    goods = theirs(proposal["products"])
    assert (goods["description"], goods["category"], goods["brand"]) == (
        "Artikelbezeichnung", "Warengruppe", "Marke",
    )  # fmt: skip
    assert theirs(proposal["customers"])["country"] == "Land"


SHOPIFY = """
    SELECT '#' || CAST(substr(order_id, 2) AS INTEGER) AS "Name",
           customer_id || '@example.com' AS "Email", 'paid' AS "Financial Status",
           strftime(ordered_at, '%Y-%m-%d %H:%M:%S +0100') AS "Paid at",
           'fulfilled' AS "Fulfillment Status", 'EUR' AS "Currency",
           sum(quantity * unit_price) OVER (PARTITION BY order_id) AS "Subtotal", 4.9 AS "Shipping",
           sum(quantity * unit_price) OVER (PARTITION BY order_id) + 4.9 AS "Total",
           strftime(ordered_at, '%Y-%m-%d %H:%M:%S +0100') AS "Created at",
           quantity AS "Lineitem quantity", description AS "Lineitem name",
           unit_price AS "Lineitem price", NULL AS "Lineitem compare at price",
           product_id AS "Lineitem sku",
           CASE WHEN on_promotion THEN unit_price / 4 ELSE 0 END AS "Lineitem discount",
           country AS "Shipping Country", brand AS "Vendor",
           CASE WHEN line_no = 1 THEN 1000000 + line_no + hash(order_id) % 1000000 END AS "Id"
    FROM base"""


def test_shopify_export(shop, tmp_path):
    """The order is its name (#1001), the customer an e-mail address, offsets are left out."""
    proposal = propose(shop, of_csv(shop, tmp_path, SHOPIFY))
    assert theirs(proposal["order_lines"]) == {
        "order_id": "Name", "customer_id": "Email", "product_id": "Lineitem sku",
        "ordered_at": "Created at", "quantity": "Lineitem quantity",
        "unit_price": "Lineitem price", "on_promotion": "Lineitem discount",
    }  # fmt: skip
    same_as_base(shop, proposal, ("ordered_at", "product_id", "quantity", "on_promotion"))
    assert theirs(proposal["products"])["description"] == "Lineitem name"
    assert theirs(proposal["products"])["brand"] == "Vendor"
    assert theirs(proposal["customers"])["country"] == "Shipping Country"


SAP = """
    SELECT substr(order_id, 2) AS VBELN, line_no * 10 AS POSNR,
           '00' || substr(customer_id, 2) AS KUNNR, product_id AS MATNR, store_id AS WERKS,
           strftime(ordered_at, '%Y%m%d') AS ERDAT, quantity AS KWMENG,
           CAST(quantity * unit_price AS DECIMAL(12, 2)) AS NETWR, description AS ARKTX,
           category AS MATKL
    FROM base"""


def test_sap_with_line_sums_and_days_as_numbers(shop, tmp_path):
    """NETWR is the sum of a line: the price of one piece is worked out. Zeros stay before ids."""
    proposal = propose(shop, of_csv(shop, tmp_path, SAP))
    lines = proposal["order_lines"]
    assert unsure(proposal) == set()
    assert theirs(lines) == {
        "order_id": "VBELN", "line_no": "POSNR", "customer_id": "KUNNR", "product_id": "MATNR",
        "store_id": "WERKS", "ordered_at": "ERDAT", "quantity": "KWMENG", "unit_price": "NETWR",
    }  # fmt: skip
    assert lines["unit_price"].columns == ("NETWR", "KWMENG")
    same_as_base(shop, proposal, ("product_id", "store_id", "quantity", "unit_price"))
    query = f"SELECT min(customer_id) FROM ({proposal.query('order_lines')})"
    assert shop.execute(query).fetchall()[0][0].startswith("00")


MAGENTO = """
    SELECT order_id AS increment_id, customer_id, product_id AS sku, description AS name,
           ordered_at AS created_at, ordered_at + INTERVAL 2 DAY AS updated_at,
           quantity AS qty_ordered, 0 AS qty_refunded, unit_price AS price,
           unit_price * 1.2 AS original_price, quantity * unit_price AS row_total,
           CASE WHEN on_promotion THEN 1.5 ELSE 0 END AS discount_amount,
           CASE WHEN hash(order_id) % 40 = 0 THEN 'canceled' ELSE 'complete' END AS status
    FROM base"""


def test_magento_items_with_price_total_and_cancelled_orders(shop):
    """Of price, original_price and row_total the first, proved by quantity times price."""
    shop.execute(f"CREATE OR REPLACE TABLE sales_order_item AS {MAGENTO}")
    proposal = propose(shop, "sales_order_item")
    lines = proposal["order_lines"]
    assert theirs(lines) == {
        "order_id": "increment_id", "customer_id": "customer_id", "product_id": "sku",
        "ordered_at": "created_at", "quantity": "qty_ordered", "unit_price": "price",
        "on_promotion": "discount_amount",
    }  # fmt: skip
    assert "row_total is qty_ordered times price" in lines["unit_price"].why
    assert lines.where == "coalesce(status, '') NOT IN ('canceled')"


def test_olist_orders_items_customers_and_products_in_four_files(shop, tmp_path):
    """Lines and orders are joined; the customer is the number that comes back, not the order's."""
    files = {
        "items": "SELECT md5(order_id) AS order_id, line_no AS order_item_id, product_id,"
        " store_id AS seller_id, ordered_at + INTERVAL 5 DAY AS shipping_limit_date,"
        " unit_price AS price, 9.9 AS freight_value FROM base",
        "orders": "SELECT DISTINCT md5(order_id) AS order_id, md5('c' || order_id) AS customer_id,"
        " 'delivered' AS order_status, ordered_at AS order_purchase_timestamp,"
        " ordered_at + INTERVAL 1 HOUR AS order_approved_at,"
        " ordered_at + INTERVAL 9 DAY AS order_delivered_customer_date FROM base",
        "customers": "SELECT DISTINCT md5('c' || order_id) AS customer_id,"
        " md5(customer_id) AS customer_unique_id, 'sao paulo' AS customer_city,"
        " country AS customer_state FROM base",
        "products": "SELECT DISTINCT product_id, category AS product_category_name,"
        " length(description) AS product_name_lenght, 300 AS product_weight_g FROM base",
    }
    relations = [of_csv(shop, tmp_path, query, f"{name}.csv") for name, query in files.items()]
    proposal = propose(shop, relations)
    lines = theirs(proposal["order_lines"])
    assert lines["customer_id"] == "customer_unique_id"
    assert lines["ordered_at"] == "order_purchase_timestamp"
    assert (lines["order_id"], lines["product_id"], lines["unit_price"]) == (
        "order_id", "product_id", "price",
    )  # fmt: skip
    same_as_base(shop, proposal, ("product_id", "ordered_at", "unit_price", "line_no"))
    counted = f"SELECT count(DISTINCT customer_id) FROM ({proposal.query('order_lines')})"
    people = shop.execute("SELECT count(DISTINCT customer_id) FROM base").fetchall()
    assert shop.execute(counted).fetchall() == people
    assert theirs(proposal["products"])["category"] == "product_category_name"


def test_instacart_has_no_time_and_no_price_and_that_is_said(shop):
    shop.execute("""
        CREATE OR REPLACE TABLE order_products AS SELECT hash(order_id) % 1000000007 AS order_id,
            product_id, line_no AS add_to_cart_order, 1 AS reordered FROM base;
        CREATE OR REPLACE TABLE orders AS SELECT DISTINCT hash(order_id) % 1000000007 AS order_id,
            customer_id AS user_id, 'prior' AS eval_set, dayofweek(ordered_at) AS order_dow,
            hour(ordered_at) AS order_hour_of_day, 7 AS days_since_prior_order FROM base;
        CREATE OR REPLACE TABLE goods AS SELECT DISTINCT product_id, description AS product_name,
            category AS department FROM base""")
    proposal = propose(shop, ["order_products", "orders", "goods"])
    lines = proposal["order_lines"]
    assert theirs(lines) == {
        "order_id": "order_id", "line_no": "add_to_cart_order", "customer_id": "user_id",
        "product_id": "product_id",
    }  # fmt: skip
    assert {"ordered_at", "unit_price"} <= unsure(proposal)
    assert any("nothing can be made" in words for words in proposal.missing)
    assert any("no price" in words for words in proposal.missing)
    assert theirs(proposal["products"])["description"] == "product_name"


@pytest.mark.parametrize(
    "names",
    [
        "commande, client, code_article, magasin, date_achat, quantite, prix_unitaire, en_promo",
        "id_pedido, id_cliente, codigo_producto, tienda, fecha_compra, cantidad, precio_unitario,"
        " oferta",
        "numero_ordine, codice_cliente, codice_articolo, negozio, data_vendita, quantita,"
        " prezzo_unitario, in_offerta",
        "receipt_no, loyalty_card_no, upc, outlet, sold_at, units, selling_price, promo_flag",
        "id_zamowienia, id_klienta, kod_produktu, sklep, data_sprzedazy, ilosc, cena, promocja",
        "ordernummer, klantnummer, artikelcode, winkel, besteldatum, aantal, stuksprijs,"
        " aanbieding",
    ],
    ids=["French", "Spanish", "Italian", "English", "Polish", "Dutch"],
)
def test_eight_columns_in_six_languages(shop, names):
    words = ("order_id", "customer_id", "product_id", "store_id", "ordered_at", "quantity",
             "unit_price", "on_promotion")  # fmt: skip
    listed = [n.strip() for n in names.split(",")]
    select = ", ".join(f'{w} AS "{n}"' for w, n in zip(words, listed))
    shop.execute(f"CREATE OR REPLACE TABLE foreign_shop AS SELECT {select} FROM base")
    proposal = propose(shop, "foreign_shop")
    assert theirs(proposal["order_lines"]) == dict(zip(words, listed))
    assert unsure(proposal) == set()


@pytest.mark.parametrize(
    ("sql", "form"),
    [
        ("CAST(epoch(ordered_at) AS BIGINT)", "seconds since 1970"),
        ("epoch_ms(ordered_at)", "ms since 1970"),
        ("strftime(ordered_at, '%m/%d/%Y %I:%M:%S %p')", "%I:%M:%S %p"),
        ("strftime(ordered_at, '%Y-%m-%dT%H:%M:%SZ')", "%Y-%m-%dT%H:%M:%SZ"),
        ("strftime(ordered_at, '%d-%b-%Y %H:%M:%S')", "%d-%b-%Y %H:%M:%S"),
    ],
)
def test_times_in_five_other_forms_are_read_back(shop, sql, form):
    shop.execute(
        "CREATE OR REPLACE TABLE timed AS SELECT order_id, customer_id, product_id, quantity,"
        f" unit_price, {sql} AS order_date FROM base"
    )
    proposal = propose(shop, "timed")
    choice = proposal["order_lines"]["ordered_at"]
    assert choice.sure, choice.why
    assert form in choice.why or form in choice.sql
    same_as_base(shop, proposal, ("product_id", "ordered_at"))


def test_a_date_and_a_time_in_two_columns_are_one_moment(shop):
    shop.execute(
        "CREATE OR REPLACE TABLE two AS SELECT order_id, customer_id, product_id, quantity,"
        " unit_price, strftime(ordered_at, '%d.%m.%Y') AS Datum,"
        " strftime(ordered_at, '%H:%M:%S') AS Uhrzeit FROM base"
    )
    proposal = propose(shop, "two")
    assert proposal["order_lines"]["ordered_at"].columns == ("Datum", "Uhrzeit")
    same_as_base(shop, proposal, ("product_id", "ordered_at"))
