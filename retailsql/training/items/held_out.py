"""Which purchases are held out to judge a recommender: the last days, never a random part of them.

With times, the customers are those who had bought before the cutoff and bought again after it, and
the model sees nothing from after it. Without times there is no honest future: a fifth of each
customer's items is hidden at random, and the split says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from retailsql.errors import TrainingError
from retailsql.training.items.purchases import Bools, Ints, Purchases

MAX_CUSTOMERS = 5_000
MAX_CELLS = 20_000_000
"""Bounds of the evaluation: customers, and customers x items of one dense board."""


@dataclass(frozen=True)
class HeldOut:
    """A log cut in two.

    Args:
        train: what the model may see, only items with enough buyers there.
        users: codes of the customers to judge, sorted.
        truth: (customers, items) True for what they bought in the held-out part.
        days: length of the window, days; None for the random split.
        split: the split in words.
        warnings: for the result row.
    """

    train: Purchases
    users: Ints
    truth: Bools
    days: int | None
    split: str
    warnings: tuple[str, ...] = ()

    def rows_of(self, purchases: Purchases) -> tuple[Ints, Ints]:
        """Row in ``users`` and item of every one of ``purchases`` that a judged customer made."""
        row = np.searchsorted(self.users, purchases.user)
        row[row == len(self.users)] = 0
        mine = self.users[row] == purchases.user
        return row[mine].astype(np.int64), purchases.item[mine]


def hold_out(purchases: Purchases, settings: Mapping[str, Any]) -> HeldOut:
    """Cut the log, by time if it has times.

    Args:
        purchases: the whole log.
        settings: with eval_days, min_item_users and seed.

    Raises:
        TrainingError: nobody is left to judge by either split.
    """
    split = None
    warnings: tuple[str, ...] = ()
    if purchases.at is not None:
        split = _by_time(purchases, settings)
        if split is None:
            warnings = (
                f"no customer bought both before and in the last {settings['eval_days']} days: "
                "evaluated on a random split; set OPTIONS(eval_days) to a shorter window",
            )
    split = split or _at_random(purchases, settings)
    if split is None:
        few = settings["min_item_users"]
        raise TrainingError(
            "There is too little to learn from and to judge by",
            seen=f"{len(purchases.user):,} purchases of {len(purchases.items):,} items by "
            f"{len(purchases.users):,} customers",
            wanted=f"customers with several items that at least {few} customers bought",
            todo="select more purchases, or lower OPTIONS(min_item_users)",
        )
    return HeldOut(split.train, split.users, split.truth, split.days, split.split, warnings)


def cutoff(purchases: Purchases, days: int) -> float:
    """The midnight that begins the last ``days`` whole days, in days since 1970-01-01.

    Raises:
        ValueError: the purchases have no times.
    """
    if purchases.at is None:
        raise ValueError("purchases without times have no cutoff")
    return float(np.floor(purchases.at.max()) + 1 - days)


def _by_time(purchases: Purchases, settings: Mapping[str, Any]) -> HeldOut | None:
    days = settings["eval_days"]
    start = cutoff(purchases, days)
    assert purchases.at is not None
    before = purchases.at < start
    day = date(1970, 1, 1) + timedelta(days=int(start))
    words = f"purchases from {day} on ({days} days) held out, fitted on those before"
    return _cut(purchases, before, settings, days, words)


def _at_random(purchases: Purchases, settings: Mapping[str, Any]) -> HeldOut | None:
    width = len(purchases.items)
    key = purchases.user * width + purchases.item
    pairs, place = np.unique(key, return_inverse=True)
    owner = pairs // width
    draw = np.random.default_rng(settings["seed"]).random(len(pairs))
    order = np.lexsort((draw, owner))
    counts = np.bincount(owner, minlength=len(purchases.users))
    first = np.cumsum(counts) - counts
    rank = np.empty(len(pairs), dtype=np.int64)
    rank[order] = np.arange(len(pairs)) - first[owner[order]]
    # A fifth, at least one, and nothing of customers with a single item.
    hidden = np.where(counts > 1, np.maximum(1, counts // 5), 0)
    words = (
        "a random 20 % of each customer's items held out, since the purchases have no usable "
        "times: kinder than forecasting the next purchase"
    )
    return _cut(purchases, ~(rank < hidden[owner])[place], settings, None, words)


def _cut(
    purchases: Purchases, before: Bools, settings: Mapping[str, Any], days: int | None, words: str
) -> HeldOut | None:
    """Train on ``before``, judge the rest; None if that leaves nobody or fewer than two items."""
    past = purchases.where(before)
    train = past.sold_to(settings["min_item_users"])
    code = {name: place for place, name in enumerate(train.items)}
    to_train = np.array([code.get(name, -1) for name in purchases.items], dtype=np.int64)
    later = purchases.where(~before & (to_train[purchases.item] >= 0))
    users = np.intersect1d(past.user, later.user)
    if len(train.items) < 2 or not len(users):
        return None
    most = max(1, min(MAX_CUSTOMERS, MAX_CELLS // len(train.items)))
    if len(users) > most:
        drawn = np.random.default_rng(settings["seed"]).choice(users, most, replace=False)
        words, users = f"{words}, {most:,} of {len(users):,} customers drawn", np.sort(drawn)
    words = f"{words}: {len(users):,} customers judged; the stored model is refitted on all rows"
    held = HeldOut(train, users, np.zeros((len(users), len(train.items)), bool), days, words)
    row, item = held.rows_of(later)
    held.truth[row, to_train[item]] = True
    return held
