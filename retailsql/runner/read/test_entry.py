"""One entry under ``data_tests:``, in each of the forms that dbt reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from retailsql.errors import ProjectError
from retailsql.runner.node import Place
from retailsql.runner.not_supported import refuse as refuse_name
from retailsql.runner.read.yml import YList, YMap, mapping, refuse

CONFIG = (
    "severity", "tags", "enabled", "where", "limit", "warn_if", "error_if", "fail_calc",
    "store_failures", "store_failures_as", "meta", "database", "schema", "alias",
)  # fmt: skip
"""Keys that also count as configuration when they stand beside the arguments."""


@dataclass(frozen=True)
class TestEntry:
    """A test as a yml file asks for it.

    Args:
        test: unique, not_null, ... or one of the project's own.
        arguments: as written.
        config: severity, where and so on.
        name: given by the user; empty for dbt's.
        place: its line.
        quoted: it is on a column with ``quote: true``.
    """

    __test__ = False  # pytest: not a class of tests

    test: str
    arguments: Mapping[str, Any]
    config: YMap
    name: str
    place: Place
    quoted: bool = False


def read_entry(holder: YMap, key: str) -> list[TestEntry]:
    """All entries under a key: ``unique``, ``{unique: {config: ...}}``, ``{test_name: unique}``.

    Raises:
        ProjectError: an entry of another shape.
    """
    given = holder.get(key)
    if given is None:
        return []
    if not isinstance(given, YList):
        refuse(holder.at(key), f"{key} is not a list", given, "[unique, not_null]")
    return [_entry(e, given.at(i)) for i, e in enumerate(given)]


def _entry(given: Any, place: Place) -> TestEntry:
    example = "not_null, or {accepted_values: {arguments: {values: [a, b]}}}"
    if isinstance(given, str):
        return _named(given, YMap(place.file, place.line), place)
    if isinstance(given, YMap) and isinstance(given.get("test_name"), str):
        return _named(given["test_name"], given, place)
    if not (isinstance(given, YMap) and len(given) == 1):
        refuse(place, "a data test is neither a name nor a name with arguments", given, example)
    ((test, body),) = given.items()
    if not isinstance(test, str):
        refuse(place, "the name of a data test is no text", test, example)
    return _named(test, mapping(body, place, f"the data test {test}", example), place)


def _named(test: str, body: YMap, place: Place) -> TestEntry:
    namespace, dot, name = test.rpartition(".")
    if dot and namespace != "dbt":
        refuse_name("packages", place, test)
    arguments: dict[str, Any] = {}
    config = YMap(place.file, place.line)
    inner = mapping(body.get("config"), body.at("config"), "config", "{severity: warn}")
    for holder, keys in ((body, CONFIG), (inner, tuple(inner))):
        for key in keys:
            if key in holder:
                if key in config:
                    raise ProjectError(
                        f"{holder.at(key)}: {key} is there twice", todo="keep it under config:"
                    )
                config[key], config.lines[key] = holder[key], holder.at(key).line
    skip = (*CONFIG, "config", "name", "description", "test_name", "arguments")
    arguments |= {k: v for k, v in body.items() if k not in skip}
    more = mapping(body.get("arguments"), body.at("arguments"), "arguments", "{values: [a, b]}")
    arguments |= more
    if "model" in arguments:
        raise ProjectError(
            f"{body.at('model')}: a data test is on its model already", todo="take 'model' out"
        )
    return TestEntry(name, arguments, config, str(body.get("name") or ""), place)
