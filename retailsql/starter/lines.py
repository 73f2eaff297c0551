"""The order lines of a file: an expression for each column of the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from retailsql.starter import choose
from retailsql.starter.checks import cancel_prefix, cancelled_values, determines
from retailsql.starter.choose import doubt, missing, share
from retailsql.starter.facts import Facts
from retailsql.starter.match import Match
from retailsql.starter.money import quantity, unit_price
from retailsql.starter.proposal import Choice
from retailsql.starter.vocabulary import VOCABULARY


@dataclass(frozen=True)
class Lines:
    """Choices for the order lines.

    Args:
        choices: word -> choice, for every column of order_lines.
        where: conditions on the rows, with the reason; joined by AND.
        sure_where: False if one of them is a guess.
    """

    choices: Mapping[str, Choice]
    where: tuple[tuple[str, str], ...]
    sure_where: bool = True


def choose_lines(con: Any, found: Mapping[str, Match]) -> Lines:
    """Expressions for the columns of order_lines.

    Args:
        con: the connection that holds the sample.
        found: word -> column, of a file of order lines.
    """
    found = _customer_that_returns(con, found)
    chosen: dict[str, Choice] = {}
    for word in ("line_no", "customer_id", "product_id", "store_id"):
        chosen[word] = choose.key(con, found[word]) if word in found else missing(word)
    chosen["ordered_at"] = _ordered_at(con, found)
    chosen["order_id"] = _order_id(con, found, chosen)
    chosen["quantity"] = quantity(con, found)
    chosen["unit_price"] = unit_price(con, found, chosen["quantity"])
    chosen["on_promotion"] = _on_promotion(con, found)
    chosen["customer_id"] = _customer(con, found, chosen["customer_id"])
    ordered = {word: chosen[word] for word in VOCABULARY["order_lines"]}
    where, sure = _where(con, found, chosen["quantity"])
    return Lines(ordered, where, sure)


def _customer_that_returns(con: Any, found: Mapping[str, Match]) -> Mapping[str, Match]:
    """Where no customer ever comes back and a rival does, the rival is the customer.

    Olist gives each order a customer_id of its own beside the customer_unique_id.
    """
    customer, order = found.get("customer_id"), found.get("order_id")
    if customer is None or order is None or customer.rival is None:
        return found
    rival = customer.rival
    if determines(con, customer.facts, order.facts) < 0.999:
        return found
    if customer.rival_score < 0.7 or determines(con, rival, order.facts) > 0.999:
        return found
    swapped = Match("customer_id", rival, customer.rival_score)
    return {**found, "customer_id": swapped}


def _customer(con: Any, found: Mapping[str, Match], choice: Choice) -> Choice:
    match, order = found.get("customer_id"), found.get("order_id")
    if match is None:
        return choice
    if match.facts.filled < 0.98:
        choice = choose.say(
            choice, f"{share(1 - match.facts.filled)} of the lines have none: guests"
        )
    if order is None:
        return choice
    if determines(con, match.facts, order.facts) > 0.999:
        return doubt(choice, "nobody comes back: it may be a number of the order, not of a person")
    if determines(con, order.facts, match.facts) < 0.95:
        return doubt(choice, "orders have several of them")
    return choice


def _ordered_at(con: Any, found: Mapping[str, Match]) -> Choice:
    match = found.get("ordered_at")
    if match is None or match.facts.time is None:
        return missing("ordered_at")
    reader = match.facts.time
    choice = choose.from_reader(con, match, reader)
    hour = found.get("hour")
    if hour is not None and not reader.time_of_day:
        # A date and a time of day in two columns are one moment.
        day = f"CAST({reader.sql} AS DATE)"
        sql = f"{day} + coalesce(TRY_CAST({hour.facts.sql} AS TIME), TIME '00:00')"
        choice = replace(choice, sql=sql, columns=(*choice.columns, hour.facts.name))
    elif not reader.time_of_day:
        choice = choose.say(choice, "days without a time of day")
    return choice


def _order_id(con: Any, found: Mapping[str, Match], chosen: Mapping[str, Choice]) -> Choice:
    match = found.get("order_id")
    if match is not None:
        choice = choose.key(con, match)
        if match.facts.variety > 0.98 and match.facts.rows > 50:
            choice = doubt(choice, "never repeats: it may be a number of the line")
        when = found.get("ordered_at")
        if when is not None and determines(con, match.facts, when.facts) < 0.9:
            choice = doubt(choice, "some orders have several times: it may not be an order")
        return choice
    choice = missing("order_id")
    return choice if chosen["customer_id"].missing else doubt(choice, "")


def _on_promotion(con: Any, found: Mapping[str, Match]) -> Choice:
    match = found.get("on_promotion")
    if match is not None and match.facts.yes is not None:
        return choose.from_reader(con, match, match.facts.yes)
    if match is not None and match.score >= 0.4:
        reader = match.facts.number
        assert reader is not None
        choice = choose.judged(con, match, f"{reader.sql} > 0", "above 0 is on promotion")
        return doubt(choice, "a number, not yes or no")
    cut = found.get("discount")
    if cut is None or cut.facts.number is None:
        return missing("on_promotion")
    sql = f"coalesce({_number(cut.facts)}, 0) <> 0"
    choice = choose.judged(con, cut, sql, "a line with a discount was on promotion")
    return replace(choice, word="on_promotion")


def _number(facts: Facts) -> str:
    """The column as a number in an expression."""
    assert facts.number is not None
    sql = facts.number.sql
    return f"TRY_CAST({sql} AS DOUBLE)" if facts.type == "VARCHAR" and sql == facts.sql else sql


def _where(
    con: Any, found: Mapping[str, Match], pieces: Choice
) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Conditions that leave out what is no sale."""
    where: list[tuple[str, str]] = []
    sure = True
    order, count, status = (found.get(w) for w in ("order_id", "quantity", "status"))
    if order is not None and order.facts.type == "VARCHAR":
        letter, part = cancel_prefix(con, order.facts)
        if letter:
            text = f"upper(left({order.facts.sql}, 1)) <> '{letter}'"
            where.append((text, f"{share(part)} of the lines: order numbers with {letter}"))
            sure = letter in ("C", "S", "R", "G")
    if count is not None and count.facts.negative > 0:
        words = f"{share(count.facts.negative)} of the lines are below 0: returns"
        where.append((f"{pieces.sql} > 0", words))
    if status is not None:
        facts = status.facts
        if facts.kind == "time":
            where.append((f"{facts.sql} IS NULL", f"orders with {facts.name} were not kept"))
        elif facts.kind == "bool" and facts.yes is not None:
            where.append((f"NOT coalesce({facts.yes.sql}, false)", f"{facts.name}: not kept"))
        elif gone := cancelled_values(con, facts):
            listed = ", ".join("'" + str(v).replace("'", "''") + "'" for v in gone)
            where.append(
                (f"coalesce({facts.sql}, '') NOT IN ({listed})", f"{facts.name}: not kept")
            )
    return tuple(where), sure
