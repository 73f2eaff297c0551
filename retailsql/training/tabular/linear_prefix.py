"""What two options of linear models change in the encoding: fit_intercept, and dummy categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from retailsql.training.tabular.prefix import Lookup, Prefix


def adapted(prefix: Prefix, options: Mapping[str, Any]) -> Prefix:
    """The encoding as these options want it; the same one by default.

    Args:
        prefix: a fitted encoding.
        options: all options; ``fit_intercept`` and ``category_encoding_method`` are looked at.
    """
    if not options.get("fit_intercept", True):
        prefix = without_center(prefix)
    if options.get("category_encoding_method") == "DUMMY_ENCODING":
        prefix = with_dummies(prefix)
    return prefix


def without_center(prefix: Prefix) -> Prefix:
    """Numbers scaled but not centred: a sum of theirs without a constant goes through the origin.

    NULL still becomes the mean.
    """
    fill = prefix.fill + (prefix.center * prefix.scale).astype(np.float32)
    return replace(prefix, center=np.zeros_like(prefix.center), fill=fill)


def with_dummies(prefix: Prefix) -> Prefix:
    """No column for the most frequent category: the others are told apart from it.

    An unseen category is then as the most frequent one.
    """
    tables = [
        Lookup(k.position, np.ascontiguousarray(k.table[:, 1:])) if k.width > 1 else k
        for k in prefix.lookups
    ]
    return replace(prefix, lookups=tuple(tables))
