"""Data tests: those that yml files ask for, and the files under tests/."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from retailsql.errors import ProjectError, nearest
from retailsql.runner.node import DataTest, Place, Project
from retailsql.runner.not_supported import refuse
from retailsql.runner.read import config as configs
from retailsql.runner.read.builtin_tests import BUILTIN
from retailsql.runner.read.line_map import lines, of_value, plain
from retailsql.runner.read.nodes import Reader, check_enabled, yml_config
from retailsql.runner.read.offered import RefusedError
from retailsql.runner.read.properties import TESTS
from retailsql.runner.read.relation import Relation, quoted
from retailsql.runner.read.test_entry import TestEntry, read_entry
from retailsql.runner.read.world import Rendered
from retailsql.runner.read.yml import YMap, words
from retailsql.runner.settings import folder_configs

_FUNCTION = re.compile(r"^\s*(env_var|ref|var|source|doc)\s*\(.+\)\s*$", re.DOTALL)
_NOT_DONE = ("fail_calc", "store_failures_as", "alias", "schema", "database", "sql_header")
_PLAIN_IF = re.compile(r"^\s*(!=|<>|>)\s*0\s*$")


@dataclass(frozen=True)
class _Asked:
    """A test of a yml file: what it is on."""

    entry: TestEntry
    owner: str  # model, seed, or source.table
    node: str  # empty for a source
    source: tuple[str, str] | None
    column: str
    tags: tuple[str, ...]

    @property
    def shown(self) -> str:
        """The column as it counts in the test's name: dbt gives quotes of the yml file a place."""
        return self.column if self.entry.quoted else self.column.strip('"')


def read_data_tests(
    reader: Reader, project: Project, disabled: Mapping[str, str]
) -> tuple[DataTest, ...]:
    """All data tests.

    Raises:
        ProjectError: an unknown test, wrong arguments, two tests of one name.
    """
    found: dict[str, DataTest] = {}
    for asked in _asked(reader, project):
        test = _generic(reader, asked, disabled)
        if test is not None:
            _add(found, test)
    for name, file in reader.folder.tests.items():
        single = _singular(reader, name, file, disabled)
        if single is not None:
            _add(found, single)
    return tuple(found.values())


def _add(found: dict[str, DataTest], test: DataTest) -> None:
    if test.name in found:
        raise ProjectError(
            f"{test.place}: two tests are called {test.name!r}",
            seen=f"the other is at {found[test.name].place}",
            todo="give one of them a name: name: orders_id_is_unique_this_year",
        )
    found[test.name] = test


def _asked(reader: Reader, project: Project) -> Iterator[_Asked]:
    """Every test of every yml file, on what it is."""
    for kind in ("models", "seeds"):
        for entry in reader.properties.of(kind):
            name = entry["name"]
            if name in project.nodes:
                for test in _of(entry):
                    yield _Asked(test[0], name, name, None, test[1], test[2])
    for source in reader.properties.of("sources"):
        for table in source.get("tables") or []:
            key = (source["name"], table["name"])
            if key in project.sources:
                for test in _of(table):
                    yield _Asked(test[0], "_".join(key), "", key, test[1], test[2])


def _of(holder: YMap) -> Iterator[tuple[TestEntry, str, tuple[str, ...]]]:
    """``(test, column, tags of the column)`` of a model or a table of a source."""
    for key in TESTS:
        for entry in read_entry(holder, key):
            yield entry, "", ()
    for column in holder.get("columns") or []:
        name = str(column["name"])
        name = quoted(name) if not column.get("quote") else '"' + name.strip('"') + '"'
        config = column.get("config") or {}
        tags = words(column.get("tags"), column.at("tags"), "tags")
        tags += words(config.get("tags"), column.at("config"), "tags")
        for key in TESTS:
            for entry in read_entry(column, key):
                yield replace(entry, quoted=bool(column.get("quote"))), name, tuple(tags)


def _generic(reader: Reader, asked: _Asked, disabled: Mapping[str, str]) -> DataTest | None:
    entry = asked.entry
    place = entry.place
    arguments = dict(entry.arguments)
    if asked.column:
        arguments["column_name"] = asked.column
    name = entry.name or _test_name(asked, arguments)
    outer = _outer(reader, place.file, name)
    own = {"tags": list(asked.tags)}, reader.jinja.value(entry.config, place)
    config = configs.merge([*outer, *own], place)
    if not configs.enabled_of(config, place):
        return None
    work = _work(reader, asked, arguments, config)
    this = reader.renderer.this(asked.node or asked.owner)
    done = reader.renderer.collect(place.file, this, config, work)
    config = configs.merge([*outer, done.config, *own], place)  # config() in {% test %}: a default
    return _test(done, config, name, entry.test, asked.node, place, disabled)


def _outer(reader: Reader, file: str, name: str) -> list[dict[str, Any]]:
    """What dbt_project.yml configures for the tests of a file's folder."""
    key = next((k for k in TESTS if k in reader.settings.content), TESTS[0])
    fqn = (reader.settings.name, *PurePosixPath(file).parts[1:-1], name)
    return folder_configs(reader.settings, key, fqn, reader.settings_jinja.value)


def _work(
    reader: Reader, asked: _Asked, arguments: Mapping[str, Any], config: Mapping[str, Any]
) -> Callable[[], str]:
    """What renders the SQL of a generic test."""
    renderer, place = reader.renderer, asked.entry.place

    def work() -> str:
        try:
            scope = renderer.names
            on = scope["source"](*asked.source) if asked.source else scope["ref"](asked.node)
            given = {k: _argument(reader, k, v, place) for k, v in arguments.items()}
            model = _where(on, config)
            return of_value(_call(reader, asked.entry.test, model, given), place.file, place.line)
        except RefusedError as error:
            raise ProjectError(
                f"{place}: {error.fact}", seen=error.seen, wanted=error.wanted, todo=error.todo
            ) from error

    return work


def _call(reader: Reader, test: str, model: str, given: Mapping[str, Any]) -> str:
    """The SQL of a test: the project's own if it has one of the name."""
    macro = reader.renderer.macros.get(f"test_{test}")
    if macro is not None:
        wanted = macro.arguments
    elif test in BUILTIN:
        wanted = tuple(inspect.signature(BUILTIN[test]).parameters)
    else:
        own = [m.removeprefix("test_") for m in reader.renderer.macros if m.startswith("test_")]
        raise RefusedError(
            f"there is no data test {test!r}", wanted=nearest(test, [*BUILTIN, *own]),
            todo="correct the name, or write {% test " + test + "(model) %} under macros/",
        )  # fmt: skip
    for key in given:
        if key not in wanted:
            raise RefusedError(
                f"the data test {test!r} takes no {key!r}",
                wanted=nearest(key, [w for w in wanted if w != "model"]),
            )
    if macro is not None:
        return str(macro(model=model, **given))
    try:
        return BUILTIN[test](model, **given)
    except TypeError as error:
        needed = ", ".join(w for w in wanted if w not in ("model", "quote"))
        raise RefusedError(
            f"the data test {test!r} lacks an argument", seen=str(error), wanted=needed,
            todo="give it under arguments:",
        ) from error  # fmt: skip


def _argument(reader: Reader, key: str, value: Any, place: Place) -> Any:
    """An argument of a test: texts that are calls, or hold Jinja, are worked out, as dbt does."""
    if isinstance(value, str) and key != "column_name":
        text = f"{{{{ {value} }}}}" if _FUNCTION.match(value) else value
        names = reader.renderer.names
        return reader.jinja.text(text, place, {k: names[k] for k in ("ref", "source")})
    if isinstance(value, dict):
        return {k: _argument(reader, "", v, place) for k, v in value.items()}
    if isinstance(value, list):
        return [_argument(reader, "", v, place) for v in value]
    return value


def _where(on: Relation, config: Mapping[str, Any]) -> str:
    where = config.get("where")
    return f"(SELECT * FROM {on} WHERE {where}) AS dbt_subquery" if where else on


def _test_name(asked: _Asked, arguments: Mapping[str, Any]) -> str:
    """The name that dbt gives: the test, what it is on, and the arguments in alphabetical order."""
    parts: list[str] = []
    for key in sorted(arguments):
        value = arguments[key]
        if key == "column_name" and asked.column:
            value = asked.shown
        several = value.values() if isinstance(value, dict) else value
        parts += [str(v) for v in (several if isinstance(value, dict | list) else [value])]
    clean = "__".join(re.sub("[^0-9a-zA-Z_]+", "_", part) for part in parts)
    kind = ("source_" if asked.source else "") + asked.entry.test
    return f"{kind}_{asked.owner}_{clean}"


def _singular(reader: Reader, name: str, file: str, disabled: Mapping[str, str]) -> DataTest | None:
    place = Place(file)
    entry = reader.properties.by_name("data_tests").get(name)
    before = configs.merge(_outer(reader, file, name), place)
    if entry is not None:
        before = configs.merge([before, yml_config(entry, reader.jinja)], place)
    done = reader.renderer.render(file, reader.renderer.this(name), before)
    config = configs.merge([before, done.config], place)
    if not configs.enabled_of(config, place):
        return None
    return _test(done, config, name, "singular", "", place, disabled)


def _test(
    done: Rendered, config: Mapping[str, Any], name: str, kind: str, of: str, place: Place,
    disabled: Mapping[str, str],
) -> DataTest:  # fmt: skip
    check_enabled(done.needs, disabled)
    warn = _check_config(config, place)
    sql = done.sql
    held = lines(sql)
    if config.get("limit"):
        sql = f"SELECT * FROM (\n{sql}\n) LIMIT {int(config['limit'])}"
        held = (place, *held, place) if held else ()
    return DataTest(
        name, kind, of, plain(sql), place, tuple(done.needs), tuple(done.sources), warn, held,
        tuple(dict.fromkeys(config.get("tags", []))),
    )  # fmt: skip


def _check_config(config: Mapping[str, Any], place: Place) -> bool:
    """Whether it only warns; refuses what is not done."""
    for key in _NOT_DONE:
        if config.get(key) not in (None, "count(*)"):
            refuse(key, place, f"{key}: {config[key]}")
    if config.get("store_failures"):
        refuse("store_failures", place)
    for key in ("warn_if", "error_if"):
        if key in config and not _PLAIN_IF.match(str(config[key])):
            refuse(key, place, f"{key}: {config[key]}")
    severity = str(config.get("severity", "error")).lower()
    if severity not in ("warn", "error"):
        raise ProjectError(
            f"{place}: severity is neither warn nor error", seen=config["severity"],
            wanted="severity: warn",
        )  # fmt: skip
    return severity == "warn"
