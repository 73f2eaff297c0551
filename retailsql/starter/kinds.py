"""What a file holds: lines of orders, orders, customers or products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from retailsql.starter.facts import Facts
from retailsql.starter.match import Match, assign
from retailsql.starter.vocabulary import LOOKED_FOR

FileKind = Literal["order_lines", "orders", "customers", "products", "unknown"]


@dataclass(frozen=True)
class Kind:
    """What a file holds, and its columns by word.

    Args:
        kind: order_lines, orders (one row per order, no products), customers, products, unknown.
        found: word -> the column.
        why: in words.
    """

    kind: FileKind
    found: Mapping[str, Match]
    why: str


def kind_of(columns: Sequence[Facts]) -> Kind:
    """What a file with these columns holds."""
    found = {table: assign(columns, words, table) for table, words in LOOKED_FOR.items()}
    lines, orders = found["order_lines"], found["orders"]
    products, customers = found["products"], found["customers"]
    bought = {"quantity", "unit_price", "amount"} & _named(lines)
    described = {"description", "category", "brand"} & set(products)
    bought_in = {"ordered_at", "order_id"} & _named(lines)
    if _key(products, "product_id") and described and not bought_in:
        return Kind("products", products, _unique(products["product_id"], "product"))
    if _key(customers, "customer_id") and not ({"order_id", "product_id"} & _named(lines)):
        return Kind("customers", customers, _unique(customers["customer_id"], "customer"))
    has_product = lines.get("product_id") is not None
    if _key(orders, "order_id") and not has_product and {"customer_id", "ordered_at"} & set(orders):
        return Kind("orders", orders, _unique(orders["order_id"], "order"))
    if has_product and ({"order_id", "ordered_at"} & set(lines) or bought):
        return Kind("order_lines", lines, "products are bought over and over in it")
    if "ordered_at" in lines and bought and ({"customer_id", "order_id"} & set(lines)):
        return Kind("order_lines", lines, "it has purchases with a time, but no product")
    return Kind("unknown", lines, "no columns were found that lines of orders have")


def _named(found: Mapping[str, Match]) -> set[str]:
    """Words found by their names, not only by values."""
    return {word for word, match in found.items() if match.score >= 0.4}


def _key(found: Mapping[str, Match], word: str) -> bool:
    """Whether a column of that word is there and is different in every row."""
    match = found.get(word)
    return match is not None and match.facts.variety > 0.98 and match.score >= 0.4


def _unique(match: Match, what: str) -> str:
    return f"one row per {what}: {match.facts.name} never repeats"
