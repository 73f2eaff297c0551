"""The made-up shop: five raw tables drawn from a process whose truth is known.

Every line of an order is a Poisson event whose rate is a product of known effects, so nothing is
lost to rounding or normalising and a correct method recovers the truth:

    rate(customer, product, store, day) = visits(customer, day) x taste(customer, product)
        x (price / usual price) ^ elasticity(brand) x uplift ^ promotion x season(category, week)

    visits(customer, day) = rate(customer) x weekday(day) x year(day), while the customer stays

The truth is written beside the data, in ``raw.truth_*``, so that tests can compare.
No network, no clock: the same size and seed give the same bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.demo.shop_market import Market, make_market
from retailsql.demo.shop_people import People, draw_visits, make_people
from retailsql.errors import RetailSQLError, nearest

LAST_DAY = dt.date(2025, 6, 30)
"""The last day of every made-up shop; fixed, so that a demo never depends on today."""


@dataclass(frozen=True)
class ShopSize:
    """How large a shop to make.

    Args:
        customers: people who ever join.
        products: goods, at least 24 (three brands in eight categories).
        stores: 1 to 10.
        days: length of the history, at least 480 (what churn snapshots need).

    >>> ShopSize(10, 24, 1, 480).days
    480
    """

    customers: int
    products: int
    stores: int
    days: int


SIZES: Mapping[str, ShopSize] = {
    "small": ShopSize(400, 48, 3, 560),
    "default": ShopSize(3_000, 200, 5, 730),
    "large": ShopSize(20_000, 1_000, 10, 1_095),
}
"""Named sizes: about 30 thousand, 350 thousand and 4 million order lines."""


@dataclass(frozen=True)
class Shop:
    """A made-up shop in memory.

    Args:
        size: what was asked for.
        seed: the seed it was drawn with.
        tables: table name in schema ``raw`` -> rows; the truth tables are among them.
    """

    size: ShopSize
    seed: int
    tables: Mapping[str, pa.Table]

    def load(self, con: Any) -> None:
        """Write every table into schema ``raw`` of ``con``, replacing what is there.

        Args:
            con: a DuckDB connection or a Session.
        """
        con.execute("CREATE SCHEMA IF NOT EXISTS raw")
        for name, table in self.tables.items():
            con.register("__shop_rows", table)
            con.execute(f"CREATE OR REPLACE TABLE raw.{name} AS FROM __shop_rows")
            con.unregister("__shop_rows")


def make_shop(size: str | ShopSize = "default", seed: int = 0) -> Shop:
    """Draw a shop.

    Args:
        size: ``small``, ``default``, ``large`` or numbers of your own.
        seed: another seed, another shop of the same kind.

    Raises:
        RetailSQLError: the size has no such name, or its numbers are too small.

    >>> shop = make_shop(ShopSize(20, 24, 2, 480), seed=1)
    >>> shop.tables["order_lines"].column_names[:3]
    ['order_id', 'line_no', 'customer_id']
    """
    size = _checked(size)
    rng = np.random.default_rng(seed)
    first = np.datetime64(LAST_DAY) - np.timedelta64(size.days - 1, "D")
    market = make_market(rng, size.products, size.stores, size.days, first)
    people = make_people(rng, size.customers, size.days, market)
    lines = _draw_lines(rng, people, market)
    tables = {
        "customers": people.table(first),
        "products": market.product_table(),
        "order_lines": _line_table(rng, lines, people, market),
        **market.truth_tables(),
        "truth_customers": people.truth_table(first),
    }
    return Shop(size, seed, tables)


def _checked(size: str | ShopSize) -> ShopSize:
    """The size asked for, refused with a reason where the process could not be drawn."""
    if isinstance(size, str):
        if size not in SIZES:
            raise RetailSQLError(
                f"The made-up shop has no size {size!r}", wanted=nearest(size, SIZES)
            )
        return SIZES[size]
    least = ShopSize(1, 24, 1, 480)
    for name in ("customers", "products", "stores", "days"):
        if getattr(size, name) < getattr(least, name):
            raise RetailSQLError(
                f"The made-up shop needs more {name}", seen=getattr(size, name),
                wanted=f"at least {getattr(least, name)}",
            )  # fmt: skip
    return replace(size, stores=min(size.stores, 10))


@dataclass(frozen=True)
class _Lines:
    """Order lines as arrays, one entry per (visit, product)."""

    visit: np.ndarray[Any, Any]
    product: np.ndarray[Any, Any]
    quantity: np.ndarray[Any, Any]
    customer: np.ndarray[Any, Any]
    store: np.ndarray[Any, Any]
    day: np.ndarray[Any, Any]


def _draw_lines(rng: np.random.Generator, people: People, market: Market) -> _Lines:
    """What is bought on every visit: cluster taste plus the customer's own favourites."""
    visits = draw_visits(rng, people, market)
    week = market.week_of_day[visits.day]
    found: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]] = []
    order = np.argsort(week, kind="stable")
    starts = np.searchsorted(week[order], np.arange(market.weeks + 1))
    for w in range(market.weeks):
        rows = order[starts[w] : starts[w + 1]]
        effect = market.effect[w]  # (stores, products)
        store = visits.store[rows]
        # 1. Taste shared by a cluster: one table of rates per (cluster, store), drawn by inversion.
        rates = people.cluster_taste[:, None, :] * effect[None, :, :]
        rates = rates.reshape(-1, rates.shape[-1])
        group = people.cluster[visits.customer[rows]] * effect.shape[0] + store
        n = rng.poisson(rates.sum(axis=1)[group])
        visit = np.repeat(np.arange(len(rows)), n)
        cdf = np.cumsum(rates, axis=1) / rates.sum(axis=1, keepdims=True)
        flat = (cdf + np.arange(len(cdf))[:, None]).ravel()
        at = np.searchsorted(flat, group[visit] + rng.random(len(visit)), side="right")
        product = np.minimum(at - group[visit] * rates.shape[1], rates.shape[1] - 1)
        found.append((rows[visit], product))
        # 2. Habit: each favourite of the customer is a small Poisson rate of its own.
        liked = people.favourites[visits.customer[rows]]
        times = rng.poisson(people.habit * effect[store[:, None], liked])
        v, f = np.nonzero(times)
        times = times[v, f]
        found.append((np.repeat(rows[v], times), np.repeat(liked[v, f], times)))
    visit = np.concatenate([v for v, _ in found])
    product = np.concatenate([p for _, p in found])
    # One line per product and order, as a till prints it.
    keys, units = np.unique(visit * market.products + product, return_counts=True)
    visit, product = np.divmod(keys, market.products)
    quantity = units + rng.poisson(0.25 * units)
    return _Lines(
        visit, product, quantity, visits.customer[visit], visits.store[visit], visits.day[visit]
    )


def _line_table(
    rng: np.random.Generator, lines: _Lines, people: People, market: Market
) -> pa.Table:
    """Order lines in the raw vocabulary, in order of time."""
    visits = int(lines.visit.max()) + 1
    hour = rng.triangular(8.5, 17.5, 20.5, visits)
    guest = rng.random(visits) < people.guest_share
    stamp = (market.first_day + lines.day).astype("datetime64[s]")
    stamp = stamp + (hour[lines.visit] * 3600).astype("timedelta64[s]")
    order = np.lexsort((lines.product, lines.visit, stamp))
    visit, product = lines.visit[order], lines.product[order]
    new = np.r_[True, visit[1:] != visit[:-1]]
    number = np.cumsum(new)
    line_no = np.arange(len(visit)) - np.flatnonzero(new)[number - 1] + 1
    week, store = market.week_of_day[lines.day[order]], lines.store[order]
    customers = pa.array(people.ids).take(pa.array(lines.customer[order]))
    masked = pc.if_else(pa.array(guest[visit]), pa.scalar(None, pa.string()), customers)
    return pa.table(
        {
            "order_id": pa.array([f"O{i:07d}" for i in range(1, number[-1] + 1)]).take(
                pa.array(number - 1)
            ),
            "line_no": pa.array(line_no, pa.int32()),
            "customer_id": masked,
            "product_id": pa.array(market.product_ids).take(pa.array(product)),
            "store_id": pa.array(market.store_ids).take(pa.array(store)),
            "ordered_at": pa.array(stamp[order].astype("datetime64[us]")),
            "quantity": pa.array(lines.quantity[order], pa.int32()),
            "unit_price": pa.array(market.price[week, store, product]),
            "on_promotion": pa.array(market.promotion[week, product] > 0),
        }
    )
