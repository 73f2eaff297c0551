"""``dbt_project.yml``: what the project is called, where its files are, what it configures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retailsql.errors import ProjectError, nearest
from retailsql.runner.node import Place
from retailsql.runner.not_supported import refuse
from retailsql.runner.read.line_map import plain
from retailsql.runner.read.yml import YMap, check_keys, load, mapping, words

FILE = "dbt_project.yml"

FOLDERS: Mapping[str, tuple[str, ...]] = {
    "model-paths": ("models", "training"),
    "seed-paths": ("seeds",),
    "test-paths": ("tests",),
    "analysis-paths": ("analyses", "queries"),
    "macro-paths": ("macros",),
}
"""Where files are if the project does not say; training and queries are names of retailsql's."""

_KEYS = (
    *FOLDERS, "name", "version", "config-version", "profile", "vars", "models", "seeds",
    "data_tests", "tests", "analyses", "docs-paths", "asset-paths",
    "target-path", "clean-targets", "log-path", "packages-install-path", "require-dbt-version",
    "query-comment", "quoting", "flags", "dbt-cloud", "restrict-access", "validation", "macros",
)  # fmt: skip
_NOT_DONE = (
    "on-run-start", "on-run-end", "snapshots", "semantic-models", "saved-queries", "metrics",
    "functions", "dispatch",
    "sources", "unit_tests", "exposures",
)  # fmt: skip
_QUIET = ("snapshot-paths", "function-paths")  # the folder may be named; a file in it is refused


@dataclass(frozen=True)
class Settings:
    """What ``dbt_project.yml`` says.

    Args:
        root: the project's folder.
        name: the project's name.
        content: the file.
        vars: its variables, those under the project's own name first.
        folders: ``model-paths`` and so on -> folders.
    """

    root: Path
    name: str
    content: YMap
    vars: Mapping[str, Any]
    folders: Mapping[str, Sequence[str]]

    @property
    def profile(self) -> str:
        """The name in profiles.yml."""
        return str(self.content.get("profile", self.name))


def read_settings(root: Path) -> Settings:
    """Read ``dbt_project.yml``: at least a name; ``vars`` is a mapping.

    Raises:
        ProjectError: there is none, or it cannot be read; the message names the line.
    """
    file = root / FILE
    if not file.is_file():
        raise ProjectError(
            f"There is no SQL project in {str(root)!r}", wanted=f"a folder with {FILE}",
            todo=f"give the folder that holds {FILE}; a new project's needs one line, "
            "name: my_shop",
        )  # fmt: skip
    content = mapping(load(file, FILE), Place(FILE), "the file", "name: my_shop")
    for key in _NOT_DONE:
        if content.get(key):
            refuse(key, content.at(key))
    check_keys(content, (*_KEYS, *_NOT_DONE, *_QUIET), FILE)
    if not isinstance(content.get("name"), str):
        raise ProjectError("dbt_project.yml has no name", todo="write one: name: my_shop")
    _no_packages(root)
    name: str = content["name"]
    place = content.at("vars")
    given = mapping(content.get("vars"), place, "vars", "vars: {churn_days: 60}")
    own = given.get(name)
    values = {k: v for k, v in given.items() if k != name or not isinstance(v, dict)}
    if isinstance(own, dict):
        values.update(own)
    folders = {
        key: tuple(words(content.get(key), content.at(key), key)) or default
        for key, default in FOLDERS.items()
    }
    for key in _QUIET:
        for folder in words(content.get(key), content.at(key), key) or [key.split("-")[0] + "s"]:
            for found in sorted((root / folder).rglob("*.sql")):
                refuse(key, Place(found.relative_to(root).as_posix()))
    return Settings(root, name, content, plain(values), folders)


def folder_configs(
    settings: Settings, kind: str, fqn: Sequence[str], value: Callable[[Any, Place], Any]
) -> list[dict[str, Any]]:
    """What ``models:`` (or ``seeds:`` ...) of dbt_project.yml configures for one file, outer first.

    Args:
        settings: of the project.
        kind: ``models``, ``seeds``, ``data_tests`` ...
        fqn: project, folders, name.
        value: renders a value.

    Raises:
        ProjectError: it configures another project, or has a wrong shape.
    """
    level: Any = settings.content.get(kind)
    if level is None:
        return []
    place = settings.content.at(kind)
    found = []
    for i, part in enumerate((None, *fqn)):
        if part is not None:
            level = level.get(part)
            if level is None:
                break
        level = mapping(level, place, f"{kind} of {FILE}", "{my_shop: {+materialized: table}}")
        if i == 0:
            _one_project(level, settings.name, kind)
        found.append(_own(level, value))
    return found


def _own(level: YMap, value: Callable[[Any, Place], Any]) -> dict[str, Any]:
    """The configuration of one level: keys with a plus, and keys that are no folders."""
    own = {}
    for key, given in level.items():
        if not isinstance(key, str):  # on, off, yes and no are truth values in YAML
            raise ProjectError(
                f"{level.at(key)}: a setting or folder is called {key!r}, which is no text",
                todo="put the name between quotes",
            )
        if str(key).startswith("+"):
            own[str(key)[1:].strip()] = value(given, level.at(key))
        elif not isinstance(given, dict):
            own[str(key)] = value(given, level.at(key))
    return own


def _one_project(level: YMap, name: str, kind: str) -> None:
    for key, given in level.items():
        if isinstance(given, dict) and not str(key).startswith("+") and key != name:
            raise ProjectError(
                f"{level.at(key)}: {kind} configures {key!r}, which is not this project",
                wanted=nearest(str(key), [name]),
                todo=f"put it under {kind}: {name}:, with a + before the names of settings",
            )


def _no_packages(root: Path) -> None:
    for file in ("packages.yml", "dependencies.yml"):
        path = root / file
        if path.is_file():
            content = mapping(load(path, file), Place(file), "the file", "packages: []")
            for key in ("packages", "projects"):
                if content.get(key):
                    refuse("packages", content.at(key))
