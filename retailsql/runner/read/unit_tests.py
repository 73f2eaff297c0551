"""Unit tests: the node's SQL with names in place of what it reads, and rows for these names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from retailsql.errors import ProjectError, nearest
from retailsql.runner.node import Node, Place, Project, UnitTest
from retailsql.runner.read.config import enabled_of
from retailsql.runner.read.exposures import depends
from retailsql.runner.read.fixture import csv_rows, read_rows, select_rows
from retailsql.runner.read.line_map import lines
from retailsql.runner.read.nodes import Reader
from retailsql.runner.read.offered import RefusedError, Var
from retailsql.runner.read.properties import describe
from retailsql.runner.read.relation import Relation, quoted
from retailsql.runner.read.yml import YList, YMap, check_keys, mapping, read_text, refuse, tags_of

_OVERRIDES = ("macros", "vars", "env_vars")
_Key = str | tuple[str, str]
"""A node's name, ``(source, table)``, or ``this``."""


@dataclass
class _Inputs:
    """What a unit test gives."""

    names: dict[_Key, str] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)


def read_unit_tests(
    reader: Reader, project: Project, disabled: Mapping[str, str]
) -> tuple[UnitTest, ...]:
    """All unit tests; those of models that are turned off are left out.

    Raises:
        ProjectError: an unknown model, an input that is not given, rows of another shape.
    """
    found = []
    for raw in reader.properties.of("unit_tests"):
        entry = reader.jinja.value(raw, raw.place)
        config = mapping(entry.get("config"), entry.at("config"), "config", "{enabled: true}")
        if entry.get("model") in disabled or not enabled_of(config, entry.place):
            continue
        found.append(_unit_test(reader, project, disabled, entry))
    return tuple(found)


def _unit_test(
    reader: Reader, project: Project, disabled: Mapping[str, str], entry: YMap
) -> UnitTest:
    node = _tested(project, entry)
    inputs = _inputs(reader, project, disabled, entry, node)
    rendered = _render(reader, entry, node, inputs)
    expect = mapping(entry.get("expect"), entry.at("expect"), "expect", "{rows: [{a: 1}]}")
    settings = reader.settings
    what = f"expect of {entry['name']}"
    rows = read_rows(expect, settings.root, settings.folders["test-paths"], what)
    sql = "".join(rendered)
    return UnitTest(
        entry["name"], node.name, inputs.rows, sql,
        rows or "", entry.place, describe(entry, reader.jinja, reader.properties.docs),
        lines(rendered), frozenset(inputs.written), tuple(tags_of(entry)),
    )  # fmt: skip


def _tested(project: Project, entry: YMap) -> Node:
    name = entry.get("model")
    node = project.nodes.get(str(name))
    if node is None:
        raise ProjectError(
            f"{entry.at('model')}: the unit test {entry['name']!r} is of {name!r}, which no file "
            "makes", wanted=nearest(str(name), project.nodes),
        )  # fmt: skip
    if node.kind not in ("table", "view", "incremental", "score"):
        raise ProjectError(
            f"{entry.at('model')}: a {node.kind} has no unit tests", seen=node.name,
            wanted="a table, a view, an incremental or a score file",
        )  # fmt: skip
    return node


def _inputs(
    reader: Reader, project: Project, disabled: Mapping[str, str], entry: YMap, node: Node
) -> _Inputs:
    given = entry.get("given")
    if given is None:
        given = YList(entry.place.file, entry.place.line)
    if not isinstance(given, YList) or not all(isinstance(g, YMap) for g in given):
        refuse(
            entry.at("given"), "given is not a list of inputs", given, "[{input: ref('a'), ...}]"
        )
    found = _Inputs()
    settings = reader.settings
    for one in given:
        place = one.at("input")
        text = str(one.get("input", "")).strip()
        key: _Key = "this" if text == "this" else depends(text, place, project, disabled)
        if key in found.names:
            raise ProjectError(f"{place}: {text} is given twice", todo="put its rows together")
        name = _name(key, node)
        rows: str | None
        if one.get("rows") is None and "fixture" not in one and key in reader.folder.seeds:
            file = reader.folder.seeds[str(key)]
            rows = select_rows(csv_rows(read_text(settings.root / file, file)), place)
        else:
            what = f"input {text}"
            rows = read_rows(one, settings.root, settings.folders["test-paths"], what)
        found.names[key] = name
        found.rows[name] = rows or ""
        if one.get("format") == "sql":
            found.written.add(name)
    return found


def _name(key: _Key, node: Node) -> str:
    """The name that stands for an input in the SQL; the one that dbt gives it."""
    if isinstance(key, tuple):
        return quoted("__dbt__cte__" + "__".join(key))
    return quoted("__dbt__cte__" + (node.name if key == "this" else key))


def _render(reader: Reader, entry: YMap, node: Node, inputs: _Inputs) -> str:
    """The node's SQL, reading what is given."""
    place = entry.at("given")

    def given(key: _Key, said: str) -> Relation:
        if key not in inputs.names:
            raise RefusedError(
                f"the unit test {entry['name']!r} at {place} gives no rows for {said}",
                todo=f"add to given: - input: {said}, rows: []",
            )
        name = inputs.names[key]
        return Relation(name, identifier=key if isinstance(key, str) else key[1])

    renderer = reader.renderer
    scope = renderer.names
    ref, source = scope["ref"], scope["source"]

    def given_ref(*names: str, **versions: Any) -> Relation:
        ref(*names, **versions)  # says what is wrong with it
        return given(names[-1], f"ref({names[-1]!r})")

    def given_source(one: str, table: str) -> Relation:
        source(one, table)
        return given((one, table), f"source({one!r}, {table!r})")

    names: dict[str, Any] = {"ref": given_ref, "source": given_source}
    names["builtins"] = dict(names)
    incremental = _override(reader, entry, names)
    if node.again is not None and incremental is None:
        raise ProjectError(
            f"{entry.place}: {node.name} asks is_incremental(), and the unit test does not say",
            todo="overrides: {macros: {is_incremental: false}}",
        )
    this = given("this", "this") if "this" in inputs.names else renderer.this(node.name)
    with renderer.replaced(names):
        # config() of the file is known by now
        done = renderer.render(node.file, this, dict(node.options), bool(incremental))
    return done.sql


def _override(reader: Reader, entry: YMap, names: dict[str, Any]) -> bool | None:
    """Put the overrides among ``names``; what is_incremental is to be."""
    place = entry.at("overrides")
    said = mapping(entry.get("overrides"), place, "overrides", "{vars: {cutoff: '2026-01-01'}}")
    check_keys(said, _OVERRIDES, "overrides")
    variables = mapping(said.get("vars"), place, "vars", "{cutoff: '2026-01-01'}")
    if variables:
        var = Var({**reader.renderer.world.variables, **variables}, reader.renderer.asked)
        names["var"], var.render = var, reader.renderer.render_text
    env = mapping(said.get("env_vars"), place, "env_vars", "{HOME: here}")
    if env:
        real = reader.renderer.names["env_var"]
        names["env_var"] = lambda name, *default: (
            str(env[name]) if name in env else real(name, *default)
        )
    incremental = None
    for name, value in mapping(
        said.get("macros"), place, "macros", "{is_incremental: true}"
    ).items():
        bare = name.rpartition(".")[2]
        if bare == "is_incremental":
            incremental = _truth(value, said.at("macros"))
        elif bare in reader.renderer.macros:
            names[bare] = _always(value)
        else:
            known = ["is_incremental", *reader.renderer.macros]
            raise ProjectError(
                f"{said.at('macros')}: there is no macro {name!r}", wanted=nearest(bare, known)
            )
    return incremental


def _truth(value: Any, place: Place) -> bool:
    if not isinstance(value, bool):
        refuse(place, "is_incremental is neither true nor false", value, "is_incremental: true")
    return value


def _always(value: Any) -> Any:
    return lambda *args, **kwargs: value
