"""The customers and the products: of a file of their own, or out of the order lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from retailsql.starter import choose
from retailsql.starter.checks import determines
from retailsql.starter.choose import doubt, missing, share
from retailsql.starter.lines import Lines
from retailsql.starter.match import Match
from retailsql.starter.proposal import Choice, TableChoice


def own_table(con: Any, table: str, relation: str, found: Mapping[str, Match],
              words: tuple[str, ...], why: str) -> TableChoice:  # fmt: skip
    """Customers or products of a file of their own."""
    chosen: list[Choice] = []
    for word in (*words, *(["known_from"] if "known_from" in found else [])):
        match = found.get(word)
        if match is None:
            chosen.append(missing(word))
        elif word in ("joined_on", "known_from") and match.facts.time is not None:
            chosen.append(choose.from_reader(con, match, match.facts.time))
        elif word.endswith("_id"):
            chosen.append(choose.key(con, match))
        else:
            chosen.append(choose.plain(con, match))
    return TableChoice(table, relation, tuple(chosen), why=why)


def customers_of_lines(
    con: Any, relation: str, found: Mapping[str, Match], lines: Lines
) -> TableChoice:
    """Customers out of the order lines: staging keeps the newest row of each that was known."""
    who, when = lines.choices["customer_id"], lines.choices["ordered_at"]
    where, person = found.get("country"), found.get("customer_id")
    country = missing("country")
    if where is not None:
        country = choose.plain(con, where)
        if person is not None and determines(con, person.facts, where.facts) < 0.9:
            country = doubt(country, "customers have several of them")
    if who.missing:
        return TableChoice("customers", relation, (who, country, missing("joined_on")))
    joined = missing("joined_on")
    if not when.missing:
        sql = f"min({when.sql}) OVER (PARTITION BY {who.sql})"
        joined = Choice("joined_on", sql, when.columns, when.sure, "the day of the first order")
    choices = [_again(who), country, joined, *_known_from(when)]
    conditions = [test for test, _ in lines.where] + [f"{who.sql} IS NOT NULL"]
    return TableChoice(
        "customers", relation, tuple(choices), " AND ".join(conditions),
        why="out of the order lines, no file of its own",
    )  # fmt: skip


def _again(choice: Choice) -> Choice:
    """A choice of the order lines that stands in another table too."""
    return replace(choice, why="" if choice.sure else f"as {choice.word} of order_lines", other="")


def _known_from(when: Choice) -> list[Choice]:
    """A row of the order lines was known from the order on."""
    return [] if when.missing else [replace(_again(when), word="known_from")]


def products_of_lines(
    con: Any, relation: str, found: Mapping[str, Match], lines: Lines
) -> TableChoice:
    """Products out of the order lines: staging keeps the newest row of each that was known."""
    what = lines.choices["product_id"]
    product = found.get("product_id")
    chosen = [_again(what)]
    for word in ("description", "category", "brand"):
        match = found.get(word)
        if match is None or product is None:
            chosen.append(missing(word))
            continue
        choice = choose.plain(con, match)
        one = determines(con, product.facts, match.facts)
        if one < 0.5:
            words = f"only {share(one)} of the lines have products with a single one"
            choice = doubt(choice, words)
        elif one < 0.999:
            choice = choose.say(choice, f"{share(1 - one)} of the lines have products with several")
        chosen.append(choice)
    chosen += _known_from(lines.choices["ordered_at"])
    return TableChoice(
        "products", relation, tuple(chosen), " AND ".join(test for test, _ in lines.where),
        why="out of the order lines, no file of its own",
    )  # fmt: skip
