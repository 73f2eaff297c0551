"""Configuration in dbt's order: dbt_project.yml, outer folders first, then yml, then the file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from retailsql.errors import ProjectError
from retailsql.runner.node import KINDS, Kind, Place
from retailsql.runner.not_supported import CONFIG, refuse
from retailsql.runner.read.yml import words

NOT_OPTIONS = frozenset((
    "materialized", "tags", "enabled", "contract", "meta", "docs", "persist_docs", "access",
    "quoting", "event_time", "deprecation_date", "description", "static_analysis",
))  # fmt: skip
"""What dbt itself takes from the configuration: no options of the node."""

_KNOWN = (
    *NOT_OPTIONS, "unique_key", "incremental_strategy", "on_schema_change", "full_refresh",
    "merge_exclude_columns", "merge_update_columns", "incremental_predicates", "column_types",
    "delimiter", "quote_columns", "scores", "keep", "severity", "where", "limit",
)  # fmt: skip


def merge(configs: Iterable[Mapping[str, Any]], place: Place) -> dict[str, Any]:
    """Later ones replace earlier ones; tags add up, meta is filled up.

    >>> merge([{"tags": "a", "x": 1}, {"tags": ["b"], "x": 2}], Place("m.sql"))
    {'tags': ['a', 'b'], 'x': 2}
    """
    made: dict[str, Any] = {}
    for config in configs:
        for key, value in config.items():
            if key == "tags":
                made["tags"] = made.get("tags", []) + words(value, place, "tags")
            elif key == "meta" and isinstance(value, dict):
                made["meta"] = {**made.get("meta", {}), **value}
            else:
                made[key] = value
    return made


def check(config: Mapping[str, Any], place: Place) -> None:
    """Refuse what is not done.

    Raises:
        ProjectError: a hook, an alias ...; it names the place.
    """
    for key in config:
        # schema: null and the like turn a setting off
        if key in CONFIG and config[key] not in (None, [], {}):
            refuse(key, place, f"{key}={config[key]!r}")


def check_spelling(config: Mapping[str, Any], place: Place) -> None:
    """Refuse a key that is nearly one that is known: dbt would ignore it silently."""
    for key in config:
        if key not in _KNOWN:
            near = difflib.get_close_matches(key, _KNOWN, 1, 0.8)
            if near:
                raise ProjectError(
                    f"{place}: there is no setting {key!r}", wanted=near[0],
                    todo="correct it, or put what is your own under meta",
                )  # fmt: skip


def kind_of(config: Mapping[str, Any], place: Place) -> Kind:
    """What a model becomes.

    Raises:
        ProjectError: ``materialized`` has a value this runner does not know.
    """
    kind = config.get("materialized", "view")
    if kind not in KINDS or kind == "seed":
        if kind in ("ephemeral", "materialized_view", "external", "table_function", "snapshot"):
            refuse(kind, place, f"materialized={kind!r}")
        raise ProjectError(
            f"{place}: config(materialized=...) has a value this runner does not know", seen=kind,
            wanted=", ".join(k for k in KINDS if k != "seed"),
        )  # fmt: skip
    checked: Kind = kind
    return checked


def contract_of(config: Mapping[str, Any], place: Place) -> bool:
    """Whether the contract is enforced."""
    contract = config.get("contract")
    if contract is None or isinstance(contract, bool):
        return bool(contract)
    if isinstance(contract, dict) and isinstance(contract.get("enforced", False), bool):
        return bool(contract.get("enforced", False))
    raise ProjectError(
        f"{place}: contract has another shape", seen=contract, wanted="contract: {enforced: true}"
    )


def enabled_of(config: Mapping[str, Any], place: Place) -> bool:
    """Whether the file counts at all."""
    enabled = config.get("enabled", True)
    if not isinstance(enabled, bool):
        raise ProjectError(
            f"{place}: enabled is neither true nor false", seen=repr(enabled),
            wanted="enabled: \"{{ var('x') | as_bool }}\"",
        )  # fmt: skip
    return enabled
