"""Words for the made-up shop: categories, brands, goods, stores. No person is named."""

from __future__ import annotations

from typing import NamedTuple


class Category(NamedTuple):
    """One category of the made-up shop.

    Args:
        name: its name.
        price: typical price of its goods, euros.
        elasticity: own-price elasticity around which its brands lie.
        season: share by which sales rise in the best week of the year.
        peak: that week, 0 to 51.
        brands: three brand names.
        goods: words that descriptions are made of.
    """

    name: str
    price: float
    elasticity: float
    season: float
    peak: int
    brands: tuple[str, str, str]
    goods: tuple[str, ...]


CATEGORIES = (
    Category("coffee", 6.5, -1.9, 0.15, 48, ("Alba", "Moka", "Own Label"),
             ("espresso beans", "filter coffee", "decaf", "capsules", "instant")),
    Category("tea", 4.0, -1.6, 0.30, 2, ("Kyra", "Leaf", "Own Label"),
             ("green tea", "black tea", "rooibos", "mint tea", "chai")),
    Category("chocolate", 3.0, -2.4, 0.45, 50, ("Noir", "Suissa", "Own Label"),
             ("dark bar", "milk bar", "pralines", "cocoa", "truffles")),
    Category("biscuits", 2.5, -2.8, 0.10, 46, ("Crispo", "Grand Mill", "Own Label"),
             ("butter biscuits", "wafers", "oat cookies", "crackers", "rusks")),
    Category("wine", 9.5, -2.1, 0.25, 51, ("Clos Bleu", "Terra", "Own Label"),
             ("red", "white", "rose", "sparkling", "organic red")),
    Category("garden", 14.0, -1.4, 0.60, 20, ("Verda", "Spade", "Own Label"),
             ("seeds", "gloves", "planter", "compost", "watering can")),
    Category("candles", 7.5, -2.6, 0.40, 49, ("Lumen", "Wick", "Own Label"),
             ("pillar candle", "tea lights", "lantern", "scented jar", "taper set")),
    Category("paper", 5.0, -3.2, 0.20, 35, ("Folio", "Quill", "Own Label"),
             ("notebook", "gift wrap", "cards", "pens", "folders")),
)  # fmt: skip
"""The eight categories. "Own Label" is a brand in each: brands are told apart by category too."""

STORES = (
    ("Paris", "France"), ("Lyon", "France"), ("Brussels", "Belgium"), ("Berlin", "Germany"),
    ("Madrid", "Spain"), ("Milan", "Italy"), ("Vienna", "Austria"), ("Lisbon", "Portugal"),
    ("Lille", "France"), ("Hamburg", "Germany"),
)  # fmt: skip
"""City and country of each store, most visited first."""
