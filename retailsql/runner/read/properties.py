"""The yml files that describe models, seeds, sources, tests: collected, names and keys checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from retailsql.errors import ProjectError, nearest
from retailsql.runner.node import Column, Place
from retailsql.runner.not_supported import refuse
from retailsql.runner.read.files import Folder
from retailsql.runner.read.yml import YMap, check_keys, load, mapping, named, read_text
from retailsql.runner.read.yml_jinja import YmlJinja

TESTS = ("data_tests", "tests")
_COMMON = ("name", "description", "config", "meta", "docs", "tags")
KEYS: Mapping[str, tuple[str, ...]] = {
    "models": (*_COMMON, *TESTS, "columns", "access", "deprecation_date", "constraints"),
    "seeds": (*_COMMON, *TESTS, "columns"),
    "analyses": (*_COMMON, "columns"),
    "macros": (*_COMMON, "arguments"),
    "data_tests": _COMMON,
    "sources": (
        *_COMMON, "schema", "database", "tables", "freshness", "loaded_at_field", "loader",
        "quoting", "overrides",
    ),
    "exposures": (*_COMMON, "type", "label", "url", "maturity", "owner", "depends_on", "enabled"),
    "unit_tests": (
        "name", "model", "description", "given", "expect", "overrides", "config", "meta", "tags",
    ),
}  # fmt: skip
"""Lists of a yml file, and the keys of their entries."""

TABLE_KEYS = (
    *_COMMON, *TESTS, "columns", "identifier", "freshness", "loaded_at_field", "quoting",
    "external", "loader",
)  # fmt: skip
COLUMN_KEYS = (
    "name", "description", "data_type", "quote", "config", "meta", "tags", "constraints",
    "policy_tags", *TESTS,
)  # fmt: skip
_TOP_NOT_DONE = (
    "snapshots", "metrics", "semantic_models", "saved_queries", "groups", "functions",
)  # fmt: skip
_DOC = re.compile(r"{%-?\s*docs\s+(\w+)\s*-?%}(.*?){%-?\s*enddocs\s*-?%}", re.DOTALL)


@dataclass
class Properties:
    """Entries of all yml files by kind, each with file and line.

    Args:
        entries: kind (``models``, ``sources`` ...) -> entries in the order of the files.
        docs: text of the ``{% docs %}`` blocks.
    """

    entries: dict[str, list[YMap]] = field(default_factory=dict)
    docs: dict[str, str] = field(default_factory=dict)

    def of(self, kind: str) -> list[YMap]:
        """All entries of a kind."""
        return self.entries.get(kind, [])

    def by_name(self, kind: str) -> dict[str, YMap]:
        """Entries of a kind by name."""
        return {e["name"]: e for e in self.of(kind)}


def read_properties(root: Path, folder: Folder) -> Properties:
    """Read all yml files.

    Raises:
        ProjectError: a wrong shape, an unknown key, two entries of one name.
    """
    found = Properties()
    for file in folder.yml:
        content = mapping(
            load(root / file, file), Place(file), "the file", "models: [{name: fct_orders}]"
        )
        for key in _TOP_NOT_DONE:
            if content.get(key):
                refuse(key, content.at(key))
        check_keys(content, (*KEYS, *_TOP_NOT_DONE, "version"), file)
        for kind in KEYS:
            for entry in named(content.get(kind), content.at(kind), kind):
                _check_entry(kind, entry)
                found.entries.setdefault(kind, []).append(entry)
    for file in folder.docs:
        for name, text in _DOC.findall(read_text(root / file, file)):
            found.docs[name] = docs_text(text, file)
    for kind in KEYS:
        if kind != "sources":  # a source may be written in parts; its tables are looked at later
            _unique(kind, found.of(kind))
    return found


def check_names(properties: Properties, folder: Folder) -> None:
    """Every model, seed and query that is described must be a file.

    Raises:
        ProjectError: there is no such file; the message has the nearest name.
    """
    for kind, names in (
        ("models", folder.models), ("seeds", folder.seeds), ("analyses", folder.queries),
    ):  # fmt: skip
        for entry in properties.of(kind):
            if entry["name"] not in names:
                raise ProjectError(
                    f"{entry.at('name')}: {kind} describes {entry['name']!r}, which no file makes",
                    wanted=nearest(entry["name"], names),
                )


def docs_text(text: str, file: str) -> str:
    """The text of a docs block: Jinja in it is rendered without any names, as dbt does."""
    if "{" not in text:
        return text.strip()
    try:
        return SandboxedEnvironment(autoescape=False).from_string(text).render().strip()
    except TemplateError as error:
        raise ProjectError(
            f"{file}: Jinja cannot read a docs block", seen=str(error),
            todo="put braces that are to stay between {% raw %} and {% endraw %}",
        ) from error  # fmt: skip


def describe(entry: YMap, jinja: YmlJinja, docs: Mapping[str, str]) -> str:
    """The description of an entry, ``doc()`` filled in."""
    text = entry.get("description")
    if text is None:
        return ""

    def doc(*names: str) -> str:
        if names[-1] not in docs:
            raise ProjectError(
                f"{entry.at('description')}: doc({names[-1]!r}) names no docs block",
                wanted=nearest(names[-1], docs),
                todo="write {% docs name %}...{% enddocs %} into an .md file beside the models",
            )
        return docs[names[-1]]

    return str(jinja.text(str(text), entry.at("description"), {"doc": doc})).strip()


def columns(
    entry: YMap, jinja: YmlJinja, docs: Mapping[str, str], contract: bool = False
) -> tuple[Column, ...]:
    """The columns that an entry describes.

    Args:
        entry: of a model, a seed or a table of a source.
        jinja: renders values.
        docs: docs blocks.
        contract: every column needs its type.

    Raises:
        ProjectError: two of one name, or a type is missing.
    """
    found: dict[str, Column] = {}
    for column in named(entry.get("columns"), entry.at("columns"), "columns"):
        name, place = str(jinja.value(column["name"], column.at("name"))), column.at("name")
        if name.lower() in found:
            raise ProjectError(f"{place}: the column {name!r} is described twice", todo="keep one")
        kind = str(jinja.value(column.get("data_type") or "", column.at("data_type")))
        if contract and not kind:
            raise ProjectError(
                f"{place}: the contract needs the type of column {name!r}",
                todo="write data_type: INTEGER, or what it is",
            )
        found[name.lower()] = Column(
            name, kind, describe(column, jinja, docs), place, contract and _not_null(column)
        )
    if contract and not found:
        raise ProjectError(
            f"{entry.place}: the contract of {entry['name']} has no columns",
            todo="describe every column with its data_type",
        )
    if contract:
        _no_other_constraints(entry)
    return tuple(found.values())


def _not_null(column: YMap) -> bool:
    found = False
    for constraint in column.get("constraints") or []:
        kind = constraint.get("type") if isinstance(constraint, dict) else constraint
        if kind != "not_null":
            refuse("constraints", column.at("constraints"), kind)
        found = True
    return found


def _no_other_constraints(entry: YMap) -> None:
    """``constraints`` of the whole model: not_null of named columns is left, and refused too."""
    if entry.get("constraints"):
        refuse("constraints", entry.at("constraints"))


def _check_entry(kind: str, entry: YMap) -> None:
    what = f"an entry of {kind}"
    for key in ("versions", "latest_version", "group", "loaded_at_query", "time_spine"):
        if key in entry:
            refuse(key, entry.at(key))
    check_keys(entry, KEYS[kind], what)
    _both(entry)
    inside = named(entry.get("tables"), entry.at("tables"), f"tables of {entry['name']}")
    for table in inside:
        if "loaded_at_query" in table:
            refuse("loaded_at_query", table.at("loaded_at_query"))
        check_keys(table, TABLE_KEYS, "a table of a source")
        _both(table)
    for holder in (entry, *inside):
        for column in named(holder.get("columns"), holder.at("columns"), "columns"):
            check_keys(column, COLUMN_KEYS, "a column")
            _both(column)


def _both(entry: YMap) -> None:
    if all(key in entry for key in TESTS):
        raise ProjectError(
            f"{entry.at('tests')}: both tests and data_tests", todo="keep data_tests"
        )


def _unique(kind: str, entries: Iterable[YMap]) -> None:
    seen: dict[Any, YMap] = {}
    for entry in entries:
        key = (entry["name"], entry.get("model"))
        if key in seen:
            raise ProjectError(
                f"{entry.at('name')}: {kind} has {entry['name']!r} twice",
                seen=f"first at {seen[key].at('name')}", todo="put both into one entry",
            )  # fmt: skip
        seen[key] = entry
