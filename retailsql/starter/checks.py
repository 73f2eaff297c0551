"""Questions to the sample that need two columns: is one determined, total or unit?"""

from __future__ import annotations

from typing import Any, Literal

from retailsql.starter.facts import Facts
from retailsql.starter.sample import TABLE


def determines(con: Any, one: Facts, other: Facts, *, day: bool = False) -> float:
    """Share of the rows whose value of ``one`` goes with a single value of ``other``.

    Args:
        con: the connection that holds the sample.
        one: the column that may determine.
        other: the column that may be determined; NULLs in it say nothing.
        day: compare the days of ``other``, a time that is a time already.
    """
    value = f"CAST({other.at} AS DATE)" if day else other.at
    share = con.execute(
        f"SELECT sum(n) FILTER (WHERE different <= 1) / sum(n) FROM (SELECT count(*) AS n,"
        f" count(DISTINCT {value}) AS different FROM {TABLE} WHERE {one.at} IS NOT NULL"
        f" GROUP BY {one.at})"
    ).fetchone()[0]
    return float(share) if share is not None else 0.0


def as_number(facts: Facts) -> str:
    """The column of the sample as a DOUBLE; NULL where it cannot be read."""
    assert facts.number is not None
    sql = facts.number.sql.replace(facts.sql, facts.at)
    return f"TRY_CAST({sql} AS DOUBLE)"


def is_product(con: Any, amount: Facts, quantity: Facts, price: Facts) -> float:
    """Share of the rows in which ``amount`` is ``quantity`` times ``price``, to a cent a piece.

    Only rows with a quantity other than 1 are asked; 0 if there are none.
    """
    a, q, p = as_number(amount), as_number(quantity), as_number(price)
    share = con.execute(
        f"SELECT avg(CAST(abs({a} - {q} * {p}) <= 0.011 * abs({q}) + 0.001 * abs({a})"
        f" AS INTEGER)) FROM {TABLE} WHERE {q} > 0 AND {q} <> 1 AND {p} > 0"
    ).fetchone()[0]
    return float(share or 0.0)


Measure = Literal["total", "unit", "open"]


def total_or_unit(con: Any, money: Facts, quantity: Facts, product: Facts | None) -> Measure:
    """Whether a sum of money is of the whole line or of one piece.

    Of one product, whichever of the two varies less, the sum or the sum over the quantity, is its
    price. ``open`` if neither varies clearly less, or too few products are sold in several
    quantities.

    Args:
        con: the connection that holds the sample.
        money: the sum.
        quantity: pieces.
        product: what is sold; None takes all rows as one product.
    """
    m, q = as_number(money), as_number(quantity)
    by = product.at if product else "1"
    row = con.execute(
        f"WITH t AS (SELECT {by} AS p, ln({m}) AS total, ln({m} / {q}) AS unit, {q} AS q"
        f" FROM {TABLE} WHERE {m} > 0 AND {q} > 0),"
        " v AS (SELECT var_pop(total) AS total, var_pop(unit) AS unit, count(*) AS n FROM t"
        " GROUP BY p HAVING count(DISTINCT q) > 1)"
        " SELECT sum(n * total), sum(n * unit), sum(n) FROM v"
    ).fetchone()
    total, unit, n = (float(v or 0.0) for v in row)
    if n < 30:
        return "open"
    if unit < 0.7 * total:
        return "total"
    return "unit" if total < 0.7 * unit else "open"


def looks_like_cents(con: Any, money: Facts) -> bool:
    """Whether whole numbers are prices in cents: large, and many end as prices do."""
    if money.kind != "whole" or money.middle < 50:
        return False
    v = f"CAST({as_number(money)} AS BIGINT)"
    ends = con.execute(
        f"SELECT avg(CAST(abs({v}) % 100 IN (99, 95, 49, 90, 89, 79, 50, 98, 0) AS INTEGER))"
        f" FROM {TABLE} WHERE {v} <> 0"
    ).fetchone()[0]
    return float(ends or 0.0) > 0.3


def cancel_prefix(con: Any, order: Facts) -> tuple[str, float]:
    """A letter before a small share of the order numbers, where most begin with a figure.

    Returns:
        the letter, or '', and the share of rows.
    """
    letter, share, figures = con.execute(
        f"WITH t AS (SELECT upper(left(trim(CAST({order.at} AS VARCHAR)), 1)) AS f FROM {TABLE})"
        " SELECT mode(f) FILTER (WHERE f BETWEEN 'A' AND 'Z'),"
        " avg(CAST(f BETWEEN 'A' AND 'Z' AS INTEGER)), avg(CAST(f BETWEEN '0' AND '9' AS INTEGER))"
        " FROM t"
    ).fetchone()
    if letter is None or not 0 < share < 0.2 or figures < 0.8:
        return "", 0.0
    return str(letter), float(share)


_CANCELLED = (
    "cancel", "void", "refund", "storn", "return", "annul", "anulad", "anullat", "unavailable",
    "cancelad", "geannuleerd", "anulowan", "failed", "retour",
)  # fmt: skip


def cancelled_values(con: Any, status: Facts) -> list[str]:
    """Values of a status that say an order was not kept."""
    rows = con.execute(
        f"SELECT DISTINCT {status.at} AS v FROM {TABLE} WHERE {status.at} IS NOT NULL ORDER BY v"
    ).fetchall()
    # "partially_refunded" and "returnable" orders were sales: only values that begin so.
    return [v for (v,) in rows if str(v).lower().startswith(_CANCELLED)]
