"""The customers of the made-up shop: when they come, what they like, when they leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from retailsql.demo.shop_market import Market
from retailsql.demo.shop_names import CATEGORIES, STORES

Array = np.ndarray[Any, Any]

CLUSTERS = 8
FAVOURITES = 6
LINES = 3.0
"""Lines of an average visit that come from taste; habit adds about ``FAVOURITES * HABIT``."""
HABIT = 0.25
GUEST_SHARE = 0.05
"""Share of orders without a customer: guests at the till."""
FADE_DAYS = 45
"""Before leaving, visits become rarer over this many days."""


@dataclass(frozen=True)
class People:
    """The customers.

    Args:
        ids: ``C00001`` onwards.
        joined: shape (customers,), day number of joining; may be before day 0.
        left: shape (customers,), day number of leaving; beyond the last day if still there.
        rate: shape (customers,), visits a day on an average day.
        home: shape (customers,), the store usually visited.
        cluster: shape (customers,), taste.
        cluster_taste: shape (clusters, products), lines a visit at usual prices, before popularity.
        favourites: shape (customers, FAVOURITES), products bought out of habit.
        habit: lines a visit for each favourite of popularity 1.
        guest_share: share of orders without a customer.
    """

    ids: list[str]
    joined: Array
    left: Array
    rate: Array
    home: Array
    cluster: Array
    cluster_taste: Array
    favourites: Array
    habit: float = HABIT
    guest_share: float = GUEST_SHARE

    def table(self, first: np.datetime64) -> pa.Table:
        """``raw.customers``."""
        return pa.table(
            {
                "customer_id": self.ids,
                "country": [STORES[s][1] for s in self.home],
                "joined_on": pa.array((first + self.joined).astype("datetime64[D]")),
            }
        )

    def truth_table(self, first: np.datetime64) -> pa.Table:
        """``raw.truth_customers``: taste, visits a day, and the day of leaving (NULL: never)."""
        days = (first + self.left).astype("datetime64[D]")
        gone = self.left < np.iinfo(np.int32).max
        return pa.table(
            {
                "customer_id": self.ids,
                "taste": self.cluster.astype(np.int32),
                "visits_a_day": self.rate,
                "left_on": pa.array(np.where(gone, days, np.datetime64("NaT")), mask=~gone),
            }
        )


@dataclass(frozen=True)
class Visits:
    """One entry per visit: who, where, on which day."""

    customer: Array
    store: Array
    day: Array


def make_people(rng: np.random.Generator, customers: int, days: int, market: Market) -> People:
    """Draw the customers.

    Args:
        rng: the source of chance.
        customers: how many ever join.
        days: length of the history.
        market: the goods they choose from.
    """
    old = rng.random(customers) < 0.5
    joined = np.where(
        old, -rng.integers(0, 720, customers), rng.integers(0, max(days - 30, 1), customers)
    )
    # Two kinds of customer: loyal ones rarely leave, the others have a short stay on average.
    loyal = rng.random(customers) < 0.45
    stay = rng.exponential(np.where(loyal, 2_500, 260), customers).astype(int) + 20
    start = np.maximum(joined, 0)  # those who left before the history began are not in the file
    left = start + stay
    left = np.where(left > days, np.iinfo(np.int32).max, left)
    rate = rng.gamma(np.where(loyal, 2.5, 1.6), 0.032, customers) + 0.008
    share = 1 / np.arange(2, len(market.level) + 2)
    home = rng.choice(len(share), customers, p=share / share.sum())
    cluster = rng.integers(0, CLUSTERS, customers)
    taste = _taste(rng, market)
    favourites = np.empty((customers, FAVOURITES), dtype=np.int64)
    for k in range(CLUSTERS):
        who = np.flatnonzero(cluster == k)
        p = taste[k] * market.popularity
        favourites[who] = _distinct(rng, p / p.sum(), len(who))
    return People(
        [f"C{i:05d}" for i in range(1, customers + 1)],
        joined, left, rate, home, cluster, taste, favourites,
    )  # fmt: skip


def _taste(rng: np.random.Generator, market: Market) -> Array:
    """Lines a visit, shape (clusters, products): each cluster leans to two or three categories."""
    lean = rng.gamma(0.5, 1.0, (CLUSTERS, len(CATEGORIES))) + 0.05
    item = rng.gamma(0.6, 1.0, (CLUSTERS, market.products)) + 0.02
    taste = lean[:, market.category] * item
    return np.asarray(LINES * taste / (taste * market.popularity).sum(axis=1, keepdims=True))


def _distinct(rng: np.random.Generator, p: Array, rows: int) -> Array:
    """``FAVOURITES`` different products per row, drawn with weights ``p`` (Gumbel top-k)."""
    keys = np.log(p) + rng.gumbel(size=(rows, len(p)))
    return np.argpartition(-keys, FAVOURITES, axis=1)[:, :FAVOURITES]


def draw_visits(rng: np.random.Generator, people: People, market: Market) -> Visits:
    """Who comes on which day, to which store: one Bernoulli draw per customer and day.

    Args:
        rng: the source of chance.
        people: the customers.
        market: its traffic and opening days.
    """
    customer: list[Array] = []
    day: list[Array] = []
    for d, traffic in enumerate(market.traffic * market.open_day):
        here = np.flatnonzero((people.joined <= d) & (people.left > d))
        fade = np.clip((people.left[here] - d) / FADE_DAYS, 0.25, 1)
        came = here[rng.random(len(here)) < people.rate[here] * traffic * fade]
        customer.append(came)
        day.append(np.full(len(came), d))
    who = np.concatenate(customer)
    elsewhere = rng.random(len(who)) < 0.12
    store = np.where(elsewhere, rng.integers(0, len(market.level), len(who)), people.home[who])
    return Visits(who, store, np.concatenate(day))
