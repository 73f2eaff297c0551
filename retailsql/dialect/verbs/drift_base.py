"""The columns a model was trained on, as its stored profile tells: the base of a skew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.reports import missing_report
from retailsql.registry.fetch import first_row
from retailsql.registry.names import literal
from retailsql.registry.store import StoredVersion

REST = "\N{REPLACEMENT CHARACTER} all other values"
"""Stands for the categories beyond those the profile counts."""


@dataclass(frozen=True)
class Base:
    """One column of training.

    Args:
        name: of the column.
        counts: SQL of a literal MAP(VARCHAR, DOUBLE): value or bucket -> rows.
        edges: SQL of the buckets' edges, DOUBLE[]; None for a category.
        listed: SQL of the counted values, VARCHAR[], if there were more than the profile counts.
    """

    name: str
    counts: str
    edges: str | None
    listed: str | None = None

    def pooled(self, histogram: str) -> str:
        """A histogram in which values beyond the counted ones are one, as they are in training."""
        if self.listed is None:
            return histogram
        few = f"lambda e: list_contains({self.listed}, e.key)"
        rest = (
            f"coalesce(list_sum(list_transform(list_filter(map_entries(h), "
            f"lambda e: NOT list_contains({self.listed}, e.key)), lambda e: e.value)), 0.0)"
        )
        pooled = (
            f"map_from_entries(list_append(list_filter(map_entries(h), {few}), "
            f"struct_pack(key := {literal(REST)}, value := {rest})))"
        )
        return f"list_transform([{histogram}], lambda h: {pooled})[1]"


def stored_base(call: MLCall, stored: StoredVersion) -> list[Base]:
    """The columns the model takes, with what training saw of them.

    Raises:
        StatementError: the version holds no profile that can be compared.
    """
    row = first_row(
        call.catalog.con,
        f"SELECT profile FROM {stored.name.registry}.versions "
        "WHERE model_schema = ? AND model_name = ? AND version = ?",
        [stored.name.schema, stored.name.name, stored.version],
    )
    profile = json.loads(row[0]) if row and row[0] else {}
    found = [_base(f.name, profile.get(f.name)) for f in stored.signature.inputs]
    known = [base for base in found if base is not None]
    if not known:
        raise missing_report(call, stored, "profile of its training rows")
    return known


def _base(name: str, told: Mapping[str, Any] | None) -> Base | None:
    """From the profile: counts of a category, or buckets of a number."""
    if not told or not ("counts" in told or "buckets" in told):
        return None
    if "counts" not in told:
        counts = {str(i): n for i, n in enumerate(told["buckets"]["counts"])}
        edges = f"{[float(e) for e in told['buckets']['edges']]!r}::DOUBLE[]"
        return Base(name, _map(counts), edges)
    rest = told.get("other", 0)
    if not rest:
        return Base(name, _map(told["counts"]), None)
    listed = f"CAST({literal(json.dumps(list(told['counts'])))}::JSON AS VARCHAR[])"
    return Base(name, _map({**told["counts"], REST: rest}), None, listed)


def _map(counts: Mapping[str, int]) -> str:
    """As one literal: a map of a thousand values would take long to parse."""
    return f"CAST({literal(json.dumps(dict(counts)))}::JSON AS MAP(VARCHAR, DOUBLE))"
