"""The retail vocabulary: its three tables, their columns, and what cannot be made without them."""

from __future__ import annotations

from collections.abc import Mapping

VOCABULARY: Mapping[str, tuple[str, ...]] = {
    "order_lines": (
        "order_id", "line_no", "customer_id", "product_id", "store_id", "ordered_at", "quantity",
        "unit_price", "on_promotion",
    ),
    "customers": ("customer_id", "country", "joined_on"),
    "products": ("product_id", "description", "category", "brand"),
}  # fmt: skip
"""Table -> its columns, as ``vars`` of ``dbt_project.yml`` map them. Customers and products
may have ``known_from`` besides: the time from which a row was known."""

NEEDED = ("product_id", "ordered_at", "quantity", "unit_price")
"""Without these staging keeps no order line."""

LOOKED_FOR: Mapping[str, tuple[str, ...]] = {
    "order_lines": (
        *VOCABULARY["order_lines"], "amount", "discount", "status", "hour",
        "country", "joined_on", "description", "category", "brand",
    ),
    "orders": ("order_id", "customer_id", "store_id", "ordered_at", "status", "hour", "country"),
    "customers": (*VOCABULARY["customers"], "known_from"),
    "products": (*VOCABULARY["products"], "known_from"),
}  # fmt: skip
"""What a file may be -> the words looked for in it. ``orders``, one row per order without its
products, is no table of the vocabulary: it is joined to the lines."""

NEED_CUSTOMERS = "churn+ fct_purchases+"
"""Files of the project, as --exclude names them, that fail where no order line has a customer."""

WITHOUT: Mapping[str, tuple[str, str]] = {
    "order_id": (
        "NULL",
        "no order numbers: what a customer buys on one day is taken for one order",
    ),
    "line_no": ("NULL", ""),
    "customer_id": ("NULL", "no customers: churn scores and offers cannot be made"),
    "product_id": (
        "'everything'",
        "no products: offers and prices cannot be made, demand only of the shop as a whole",
    ),
    "store_id": ("NULL", "no stores: all lines are of one"),
    "ordered_at": ("NULL", "no time of the order: nothing can be made, all is as of a day"),
    "quantity": ("1", "no quantity: every line counts as one piece"),
    "unit_price": (
        "1",
        "no price: every piece counts as 1, so that money means pieces; prices cannot be made",
    ),
    "on_promotion": ("NULL", "no promotions: prices and demand are learned without them"),
    "country": ("NULL", "no country"),
    "joined_on": ("NULL", "no day on which customers joined"),
    "description": ("NULL", "no descriptions of products"),
    "category": ("NULL", "no categories: the market of a product is everything sold"),
    "brand": ("NULL", "no brands"),
    "known_from": ("NULL", ""),
}
"""Word -> (what stands for it where there is none, what that means)."""
