"""Sources: what stands behind ``source('raw', 'orders')``, and how old it may be."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Any

from retailsql.errors import ProjectError
from retailsql.runner.node import Freshness, Place, Source
from retailsql.runner.not_supported import refuse
from retailsql.runner.read.config import enabled_of
from retailsql.runner.read.properties import Properties, columns, describe
from retailsql.runner.read.relation import Relation, quoted
from retailsql.runner.read.yml import YMap, mapping, named, tags_of
from retailsql.runner.read.yml import refuse as wrong
from retailsql.runner.read.yml_jinja import YmlJinja

_SECONDS = {"minute": 60.0, "hour": 3600.0, "day": 86400.0}


def read_sources(properties: Properties, jinja: YmlJinja) -> dict[tuple[str, str], Source]:
    """All sources by ``(source, table)``.

    Raises:
        ProjectError: a wrong shape; the message names the line.
    """
    found: dict[tuple[str, str], Source] = {}
    for raw in properties.of("sources"):
        source = jinja.value(raw, raw.place)
        for table in named(source.get("tables"), source.at("tables"), "tables"):
            made = _source(source, table, properties, jinja)
            key = (source["name"], table["name"])
            if key in found:
                raise ProjectError(
                    f"{table.at('name')}: the source {'.'.join(key)} is declared twice",
                    seen=f"first at {found[key].place}", todo="keep one of them",
                )  # fmt: skip
            if made is not None:
                found[made.source, made.table] = made
    return found


def relation_of(source: Source) -> Relation:
    """What ``source()`` returns."""
    if "(" in source.relation or source.relation.startswith("'"):
        return Relation(source.relation, identifier=source.table)
    schema, _, identifier = source.relation.rpartition(".")
    return Relation(source.relation, "", schema, identifier.strip('"'))


def _source(source: YMap, table: YMap, properties: Properties, jinja: YmlJinja) -> Source | None:
    config = {**_config(source), **_config(table)}
    if not enabled_of(config, table.place):
        return None
    place = table.at("name")
    tags = dict.fromkeys([*tags_of(source), *tags_of(table)])
    return Source(
        source["name"], table["name"], _relation(source, table), place,
        _freshness(source, table), describe(table, jinja, properties.docs),
        columns(table, jinja, properties.docs), tuple(tags),
    )  # fmt: skip


def _relation(source: YMap, table: YMap) -> str:
    """The text after FROM, as dbt-duckdb makes it."""
    schema = str(source.get("schema") or source["name"])
    identifier = str(table.get("identifier") or table["name"])
    meta: dict[str, Any] = {}
    for holder in (source, table):
        meta |= _meta(holder) | {k: v for k, v in _config(holder).items() if k != "meta"}
    if "plugin" in meta:
        refuse("plugin", table.at("name"), meta["plugin"])
    if "external_location" in meta:
        known = {
            "name": table["name"], "identifier": identifier, "schema": schema,
            "database": source.get("database"), **meta,
        }  # fmt: skip
        place = table.at("name")
        text = _filled(str(meta["external_location"]), str(meta.get("formatter", "newstyle")),
                       known, place)  # fmt: skip
        bare = "(" not in text and not text.startswith("'")
        return f"'{text}'" if bare else text
    parts = [str(source["database"])] if source.get("database") else []
    return ".".join(quoted(part) for part in (*parts, schema, identifier))


def _filled(text: str, formatter: str, known: Mapping[str, Any], place: Place) -> str:
    """``{name}`` and its like in an external location."""
    try:
        if formatter == "newstyle":
            return text.format_map(known)
        if formatter == "oldstyle":
            return text % known
        if formatter == "template":
            return Template(text).substitute(known)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise ProjectError(
            f"{place}: external_location has a placeholder with no value",
            seen=f"{text}: {error}",
            todo="if the braces are SQL's own: config: meta: formatter: template ($name then)",
        ) from error
    return wrong(place, "formatter has another value", formatter, "newstyle, oldstyle or template")


def _meta(holder: YMap) -> dict[str, Any]:
    own = mapping(holder.get("meta"), holder.at("meta"), "meta", "{owner: me}")
    inner = _config(holder).get("meta")
    return {**own, **mapping(inner, holder.at("config"), "meta", "{owner: me}")}


def _config(holder: YMap) -> YMap:
    return mapping(holder.get("config"), holder.at("config"), "config", "{enabled: true}")


def _freshness(source: YMap, table: YMap) -> Freshness | None:
    """How old a table may be: its own words over those of its source; null turns it off."""
    merged: dict[str, Any] | None = {}
    loaded_at, place = "", table.at("name")
    for holder in (source, table):
        for level in (holder, _config(holder)):
            if "loaded_at_query" in level:
                refuse("loaded_at_query", level.at("loaded_at_query"))
            if level.get("loaded_at_field"):
                loaded_at = str(level["loaded_at_field"])
            if "freshness" in level:
                place = level.at("freshness")
                given = level["freshness"]
                merged = None if given is None else {
                    **(merged or {}),
                    **mapping(given, place, "freshness", "{warn_after: {count: 1, period: day}}"),
                }  # fmt: skip
    if not merged:
        return None
    for key in merged:
        if key not in ("warn_after", "error_after", "filter"):
            wrong(place, f"freshness has no {key!r}", key, "warn_after, error_after, filter")
    warn, error = (_seconds(merged.get(k), k, place) for k in ("warn_after", "error_after"))
    if warn is None and error is None:
        return None
    if not loaded_at:
        raise ProjectError(
            f"{place}: freshness without a column that says when a row was loaded",
            todo="write loaded_at_field: the column, or SQL that makes a timestamp of it",
        )
    return Freshness(loaded_at, warn, error, str(merged.get("filter") or ""))


def _seconds(given: Any, what: str, place: Place) -> float | None:
    if given is None or given == {}:
        return None
    example = "{count: 12, period: hour}"
    if not isinstance(given, dict):
        wrong(place, f"{what} is not a count and a period", given, example)
    count, period = given.get("count"), given.get("period")
    number = isinstance(count, int | float) and not isinstance(count, bool)
    if number and period in _SECONDS:
        return float(str(count)) * _SECONDS[period]
    return wrong(place, f"{what} is not a count and a period", dict(given), example)
