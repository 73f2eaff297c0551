"""Quantity and price of a line: pieces, sums, cents, and what one piece costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from retailsql.starter import choose
from retailsql.starter.checks import is_product, looks_like_cents, total_or_unit
from retailsql.starter.choose import doubt, missing, share
from retailsql.starter.facts import Facts
from retailsql.starter.match import Match
from retailsql.starter.names import tokens
from retailsql.starter.proposal import Choice

_CENTS = frozenset(tokens("cent cents pence minor ct centimes centavos centesimi centimos grosze"))
_UNIT = frozenset(tokens("unit each einzelpreis stueckpreis unitaire unitario piece pu netpr"))


def quantity(con: Any, found: Mapping[str, Match]) -> Choice:
    """Pieces of a line."""
    match = found.get("quantity")
    if match is None or match.facts.number is None:
        return missing("quantity")
    choice = choose.from_reader(con, match, match.facts.number)
    if match.facts.kind == "number":
        choice = doubt(choice, "has fractions, perhaps weights: staging rounds them")
    return replace(choice, sql=_typed(match.facts, "INTEGER"))


def unit_price(con: Any, found: Mapping[str, Match], pieces: Choice) -> Choice:
    """What one piece cost: a price, or a sum over the pieces.

    The values decide which it is where they can, else the name does.
    """
    price, amount, count = (found.get(w) for w in ("unit_price", "amount", "quantity"))
    if price is None and amount is None:
        return missing("unit_price")
    product = found["product_id"].facts if "product_id" in found else None
    if price is not None:
        choice = _money(con, price)
        if count is None:
            return choice
        if amount is not None and is_product(con, amount.facts, count.facts, price.facts) > 0.9:
            said = f"{amount.facts.name} is {count.facts.name} times {price.facts.name}"
            return choose.say(replace(choice, sure=choice.sure or price.score >= 0.5), said)
        measured = total_or_unit(con, price.facts, count.facts, product)
        if measured == "total":
            if _UNIT & set(tokens(price.facts.name)):
                return doubt(choice, "grows with the quantity: it may be of the whole line")
            over = _over(choice, pieces)
            return doubt(over, f"grows with {count.facts.name}: taken for the sum of the line")
        return choice
    assert amount is not None
    choice = replace(_money(con, amount), word="unit_price")
    if count is None:
        return doubt(choice, f"no quantity: {amount.facts.name} is taken for one piece")
    measured = total_or_unit(con, amount.facts, count.facts, product)
    if measured == "unit":
        why = f"named like a sum, but does not grow with {count.facts.name}: taken as one piece's"
        return doubt(choice, why)
    over = _over(choice, pieces)
    if measured == "open":
        return doubt(over, f"taken for the sum of a line; {_open(product)}")
    return choose.say(over, f"the sum of a line: grows with {count.facts.name}")


def _open(product: Facts | None) -> str:
    if product is None:
        return "without products the values cannot tell it from the price of one piece"
    return "the values do not tell it from the price of one piece"


def _over(choice: Choice, pieces: Choice) -> Choice:
    """A sum, over the pieces."""
    sql = f"{choice.sql} / nullif({pieces.sql}, 0)"
    return replace(choice, sql=sql, columns=(*choice.columns, *pieces.columns))


def _money(con: Any, match: Match) -> Choice:
    """A sum of money in whole units of the currency."""
    facts = match.facts
    assert facts.number is not None
    choice = choose.from_reader(con, match, facts.number)
    sql = _typed(facts, "DECIMAL(18, 4)")
    named = bool(_CENTS & set(tokens(facts.name)))
    if facts.kind == "whole" and (named or looks_like_cents(con, facts)):
        choice = choose.say(choice, "whole numbers in cents")
        if not named:
            choice = doubt(choice, "the name does not say cents, the values look like it")
        sql = f"{sql} / 100"
    if facts.positive < 0.99:
        choice = choose.say(choice, f"{share(1 - facts.positive)} not above 0: staging drops them")
    return replace(choice, sql=sql)


def _typed(facts: Facts, type_: str) -> str:
    """The number, cast where it is kept as text."""
    assert facts.number is not None
    reader = facts.number
    if facts.type != "VARCHAR" or reader.sql != facts.sql:
        return reader.sql
    cast = "TRY_CAST" if reader.unread else "CAST"
    if type_ == "INTEGER" and facts.kind == "number":
        type_ = "DOUBLE"
    return f"{cast}({reader.sql} AS {type_})"
