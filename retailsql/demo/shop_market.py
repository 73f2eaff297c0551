"""The market of the made-up shop: goods, stores, weekly prices and promotions, and their effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from retailsql.demo.shop_names import CATEGORIES, STORES

Floats = np.ndarray[Any, np.dtype[np.float64]]

UPLIFT = 1.5
"""A promotion multiplies sales by this, beside what its lower price does."""
PROMOTION_SHARE = 0.08
"""Share of product weeks on promotion."""
DISCOUNTS = (0.10, 0.20, 0.30)
ADJUSTMENT = 0.5
"""Share of the gap to the market that a store's price closes in a week."""
MISTAKE = 0.06
"""Standard deviation of what a store's price misses the market by, each week, in logarithms."""
WEEKDAYS = np.array([0.80, 0.85, 0.95, 1.00, 1.25, 1.50, 0.65])
"""Visits by day of the week, Monday first; the mean is 1."""


@dataclass(frozen=True)
class Market:
    """Goods, stores, prices. Weeks begin on Monday; ``first_day`` is in week 0.

    Args:
        first_day: first day of the history.
        week_of_day: shape (days,), week number of each day.
        open_day: shape (days,), 0 on 25 December and 1 January.
        traffic: shape (days,), visits by weekday and time of year, about 1 on average.
        category: shape (products,), index into ``CATEGORIES``.
        brand: shape (products,), index into ``brand_names``.
        elasticity: shape (brands,), the truth.
        brand_names: "Alba", ..., of each category in turn.
        popularity: shape (products,), the mean is 1.
        level: shape (stores,), the price level of each store's market.
        price: shape (weeks, stores, products), euros.
        promotion: shape (weeks, products), the discount, 0 for none.
        effect: shape (weeks, stores, products), popularity x price x promotion x season.
    """

    first_day: np.datetime64
    week_of_day: np.ndarray[Any, Any]
    open_day: np.ndarray[Any, Any]
    traffic: Floats
    category: np.ndarray[Any, Any]
    brand: np.ndarray[Any, Any]
    elasticity: Floats
    brand_names: list[str]
    popularity: Floats
    level: Floats
    price: Floats
    promotion: Floats
    effect: Floats

    @property
    def weeks(self) -> int:
        """Number of weeks, the first and last perhaps not full."""
        return len(self.price)

    @property
    def products(self) -> int:
        """Number of products."""
        return len(self.category)

    @property
    def product_ids(self) -> list[str]:
        """Identifiers, ``P0001`` onwards."""
        return [f"P{i:04d}" for i in range(1, self.products + 1)]

    @property
    def store_ids(self) -> list[str]:
        """Identifiers: the stores' cities."""
        return [city for city, _ in STORES[: len(self.level)]]

    def product_table(self) -> pa.Table:
        """``raw.products``."""
        goods = [CATEGORIES[c].goods for c in self.category]
        brands = [self.brand_names[b] for b in self.brand]
        text = [
            f"{brand} {words[i // 24 % len(words)]} no. {i // 24 // len(words) + 1}"
            for i, (brand, words) in enumerate(zip(brands, goods, strict=True))
        ]
        return pa.table(
            {
                "product_id": self.product_ids,
                "description": text,
                "category": [CATEGORIES[c].name for c in self.category],
                "brand": brands,
            }
        )

    def truth_tables(self) -> dict[str, pa.Table]:
        """What the data were made with: elasticities, weekdays, store levels, promotion uplift."""
        names = [c.name for c in CATEGORIES for _ in c.brands]
        return {
            "truth_brands": pa.table(
                {"category": names, "brand": self.brand_names, "elasticity": self.elasticity}
            ),
            "truth_weekdays": pa.table({"isodow": list(range(1, 8)), "traffic": WEEKDAYS}),
            "truth_stores": pa.table({"store_id": self.store_ids, "price_level": self.level}),
            "truth_numbers": pa.table({"name": ["promotion_uplift"], "value": [UPLIFT]}),
        }


def make_market(
    rng: np.random.Generator, products: int, stores: int, days: int, first: np.datetime64
) -> Market:
    """Draw goods, stores and their weekly prices.

    Args:
        rng: the source of chance.
        products: number of goods.
        stores: number of stores.
        days: length of the history.
        first: its first day.
    """
    day = first + np.arange(days)
    weekday = (day.astype("datetime64[D]").astype(int) + 3) % 7  # 1970-01-01 was a Thursday
    week_of_day = (np.arange(days) + weekday[0]) // 7
    weeks = int(week_of_day[-1]) + 1
    slot = np.arange(products) % (len(CATEGORIES) * 3)  # brands in turn, each about equally many
    category = slot // 3
    base = np.array([c.elasticity for c in CATEGORIES])
    elasticity = np.clip(np.repeat(base, 3) + rng.normal(0, 0.35, len(base) * 3), -4.0, -1.1)
    elasticity = np.round(elasticity, 2)
    popularity = rng.lognormal(0, 0.7, products)
    popularity /= popularity.mean()
    level: Floats = np.asarray(np.exp(rng.normal(0, 0.05, stores)).round(3), dtype=np.float64)
    usual = np.array([c.price for c in CATEGORIES])[category] * rng.lognormal(0, 0.35, products)
    promotion = rng.choice(DISCOUNTS, (weeks, products))
    promotion *= rng.random((weeks, products)) < PROMOTION_SHARE
    price = _prices(rng, usual, level, category, promotion)
    ratio = price / (usual * level[:, None])
    season = _season((first + 7 * np.arange(weeks)), category)
    effect = popularity * ratio ** elasticity[slot] * np.where(promotion > 0, UPLIFT, 1)[:, None, :]
    return Market(
        first_day=first, week_of_day=week_of_day, open_day=_open(day),
        traffic=WEEKDAYS[weekday] * (1 + 0.2 * _wave(day, 50)),
        category=category, brand=slot, elasticity=elasticity,
        brand_names=[b for c in CATEGORIES for b in c.brands], popularity=popularity,
        level=level, price=price, promotion=promotion, effect=effect * season[:, None, :],
    )  # fmt: skip


def _prices(
    rng: np.random.Generator, usual: Floats, level: Floats, category: Any, promotion: Floats
) -> Floats:
    """Weekly prices, shape (weeks, stores, products), in cents.

    Costs drift by category and product. Each week a store goes part of the way from its last price
    to its market's, with a mistake of its own: so last week's price is a good guess of this week's,
    and the other stores' prices say which way it will move.
    """
    weeks, products = promotion.shape
    stores = len(level)
    cost = np.cumsum(rng.normal(0.0004, 0.012, (weeks, int(category.max()) + 1)), axis=0)
    own = np.cumsum(rng.normal(0, 0.008, (weeks, products)), axis=0)
    target = usual * np.exp(cost[:, category] + own)
    gap = rng.normal(0, MISTAKE, (weeks, stores, products))
    for w in range(1, weeks):
        gap[w] += (1 - ADJUSTMENT) * gap[w - 1]
    regular = target[:, None, :] * level[:, None] * np.exp(gap)
    return np.asarray(np.maximum(np.round(regular * (1 - promotion[:, None, :]), 2), 0.05))


def _season(week_start: Any, category: Any) -> Floats:
    """Yearly season of each product, shape (weeks, products); the mean of a year is 1."""
    waves = [1 + c.season * _wave(week_start, c.peak) for c in CATEGORIES]
    return np.stack(waves, axis=1)[:, category]


def _wave(day: Any, peak_week: int) -> Floats:
    """A yearly cosine with its top in ``peak_week``."""
    start = day.astype("datetime64[Y]").astype("datetime64[D]")
    of_year = (day.astype("datetime64[D]") - start).astype(float) / 365.25
    return np.asarray(np.cos(2 * np.pi * (of_year - peak_week / 52)))


def _open(day: Any) -> np.ndarray[Any, Any]:
    """1 on days the shop is open: all but 25 December and 1 January."""
    text = np.datetime_as_string(day.astype("datetime64[D]"))
    return np.array([t[5:] not in ("12-25", "01-01") for t in text], dtype=float)
