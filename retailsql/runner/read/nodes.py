"""Nodes: every model, seed and query rendered, its configuration merged, its yml entry read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retailsql.errors import ProjectError
from retailsql.runner.node import Kind, Node, Place
from retailsql.runner.read import config as configs
from retailsql.runner.read.files import Folder
from retailsql.runner.read.line_map import lines, plain
from retailsql.runner.read.properties import Properties, columns, describe
from retailsql.runner.read.world import Rendered
from retailsql.runner.read.yml import YMap, mapping
from retailsql.runner.read.yml_jinja import YmlJinja
from retailsql.runner.render import Renderer
from retailsql.runner.settings import Settings, folder_configs


@dataclass(frozen=True)
class Reader:
    """What reading nodes needs."""

    settings: Settings
    folder: Folder
    properties: Properties
    jinja: YmlJinja
    settings_jinja: YmlJinja  # of dbt_project.yml: it knows --vars alone
    renderer: Renderer


@dataclass(frozen=True)
class Nodes:
    """All nodes.

    Args:
        made: what is made, by name.
        queries: what is asked, by name.
        disabled: files that are turned off, by name.
    """

    made: dict[str, Node]
    queries: dict[str, Node]
    disabled: dict[str, str]


def read_nodes(reader: Reader) -> Nodes:
    """Render every file.

    Raises:
        ProjectError: see :func:`retailsql.runner.project.load_project`.
    """
    found = Nodes({}, {}, {})
    for section, files in (("models", reader.folder.models), ("seeds", reader.folder.seeds)):
        entries = reader.properties.by_name(section)
        for name, file in files.items():
            node = _node(reader, section, name, file, entries.get(name))
            if node is None:
                found.disabled[name] = file
            else:
                found.made[name] = node
    entries = reader.properties.by_name("analyses")
    for name, file in reader.folder.queries.items():
        query = _node(reader, "analyses", name, file, entries.get(name))
        if query is None:
            found.disabled[name] = file
        else:
            found.queries[name] = query
    for node in (*found.made.values(), *found.queries.values()):
        check_enabled(node.refs, found.disabled)
    return found


def check_enabled(refs: Mapping[str, Place], disabled: Mapping[str, str]) -> None:
    """Refuse a ref() to a file that is turned off.

    Raises:
        ProjectError: names the line of the ref() and the file.
    """
    for name, place in refs.items():
        if name in disabled:
            raise ProjectError(
                f"{place}: ref({name!r}) names a model that is turned off",
                seen=f"enabled: false for {disabled[name]}",
                todo="turn it on, or take the ref() out",
            )


def yml_config(entry: YMap, jinja: YmlJinja) -> dict[str, Any]:
    """The configuration in a yml entry: ``config:``, and ``meta`` beside it."""
    place = entry.at("config")
    if "tags" in entry:
        raise ProjectError(
            f"{entry.at('tags')}: dbt does not read tags beside config:, and says nothing",
            todo="put them into it: config: {tags: [...]}",
        )
    config = jinja.value(mapping(entry.get("config"), place, "config", "{tags: [daily]}"), place)
    beside = {"meta": jinja.value(entry["meta"], entry.at("meta"))} if "meta" in entry else {}
    return configs.merge([beside, config], place)


def _node(reader: Reader, section: str, name: str, file: str, entry: YMap | None) -> Node | None:
    folder = {"models": reader.folder.model_folders, "seeds": reader.folder.seed_folders}
    top = folder[section][name] if section in folder else file.split("/")[0]
    inside = Path(file).relative_to(top).parent.parts
    fqn = (reader.settings.name, *inside, name)
    place = Place(file) if entry is None else entry.place
    outer = folder_configs(reader.settings, section, fqn, reader.settings_jinja.value)
    own = {} if entry is None else yml_config(entry, reader.jinja)
    before = configs.merge([*outer, own], place)
    configs.check(before, place)
    text = reader.folder.text.get(file)
    # config(enabled=true) in the file itself would turn it on again
    if not configs.enabled_of(before, place) and not (text and "enabled" in text()):
        return None
    if section == "seeds":
        return _described(reader, Node(name, file, "seed", ""), before, entry, place)
    return _rendered(reader, section, name, file, before, entry)


def _rendered(
    reader: Reader,
    section: str,
    name: str,
    file: str,
    before: Mapping[str, Any],
    entry: YMap | None,
) -> Node | None:
    first = _first(reader, name, file, before)
    at = first.config_place if first.config else Place(file)
    configs.check(first.config, at)
    config = configs.merge([before, first.config], at)
    if not configs.enabled_of(config, at):
        return None
    kind: Kind = "query" if section == "analyses" else configs.kind_of(config, at)
    if kind not in ("model", "query"):
        configs.check_spelling(config, at)
    needs, sources = dict(first.needs), dict(first.sources)
    again = None
    if first.incremental and kind == "incremental":  # of others dbt says false
        this = reader.renderer.this(name)
        again = reader.renderer.render(file, this, config, incremental=True)
        needs |= {k: v for k, v in again.needs.items() if k not in needs}
        sources |= {k: v for k, v in again.sources.items() if k not in sources}
    same = again is None or again.sql == first.sql
    node = Node(
        name, file, kind, _plain(first.sql), needs=tuple(needs), sources=tuple(sources),
        again=None if same or again is None else _plain(again.sql), lines=lines(first.sql),
        lines_again=() if same or again is None else lines(again.sql), refs=needs,
    )  # fmt: skip
    return _described(reader, node, config, entry, Place(file) if entry is None else entry.place)


def _first(reader: Reader, name: str, file: str, before: Mapping[str, Any]) -> Rendered:
    """As for a first run; twice if the file reads its own configuration, which comes later."""
    this = reader.renderer.this(name)
    first = reader.renderer.render(file, this, before)
    if first.config_read:
        known = configs.merge([before, first.config], Place(file))
        first = reader.renderer.render(file, this, known)
    return first


def _described(
    reader: Reader, node: Node, config: Mapping[str, Any], entry: YMap | None, place: Place
) -> Node:
    """The node with what configuration and yml say about it."""
    at = place if entry is not None else Place(node.file)
    contract = node.kind != "query" and configs.contract_of(config, at)
    if contract and entry is None:
        raise ProjectError(
            f"{at}: the contract of {node.name} has no columns",
            todo="describe every column with its data_type in a yml file",
        )
    docs, jinja = reader.properties.docs, reader.jinja
    return Node(
        node.name, node.file, node.kind, node.sql,
        {k: plain(v) for k, v in config.items() if k not in configs.NOT_OPTIONS}, node.needs,
        node.sources, node.again, node.lines, node.lines_again, node.refs,
        tuple(dict.fromkeys(config.get("tags", []))),
        "" if entry is None else describe(entry, jinja, docs),
        () if entry is None else columns(entry, jinja, docs, contract), contract, place,
    )  # fmt: skip


def _plain(text: str) -> str:
    return "".join(text)
