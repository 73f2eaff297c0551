"""The files of a project's folder, by what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from retailsql.errors import ProjectError
from retailsql.runner.node import Place
from retailsql.runner.not_supported import refuse
from retailsql.runner.read.yml import read_text
from retailsql.runner.settings import Settings

LENT = "retailsql: "
"""Begins the names of macro files that come with retailsql."""


@dataclass
class Folder:
    """Names of files, as paths inside the project.

    Args:
        models: name -> file.
        model_folders: name -> the model path that the file is under.
        seeds: name -> file.
        seed_folders: name -> the seed path that the file is under.
        queries: name -> file.
        tests: singular tests, name -> file.
        macros: macro files.
        yml: yml files that describe things.
        docs: markdown files.
        text: every SQL file -> what reads it.
    """

    models: dict[str, str] = field(default_factory=dict)
    model_folders: dict[str, str] = field(default_factory=dict)
    seeds: dict[str, str] = field(default_factory=dict)
    seed_folders: dict[str, str] = field(default_factory=dict)
    queries: dict[str, str] = field(default_factory=dict)
    tests: dict[str, str] = field(default_factory=dict)
    macros: list[str] = field(default_factory=list)
    yml: list[str] = field(default_factory=list)
    docs: list[str] = field(default_factory=list)
    text: dict[str, Callable[[], str]] = field(default_factory=dict)


def list_files(settings: Settings) -> Folder:
    """Every file of the project.

    Raises:
        ProjectError: two files of one name, or a file the light runner cannot run.
    """
    found = Folder()
    taken: dict[str, str] = {}
    for folder, file in _walk(settings, "model-paths", (".sql", ".py")):
        if file.endswith(".py"):
            refuse("python", Place(file))
        if " " in Path(file).stem:
            raise ProjectError(
                f"{file}: the name of a model holds a blank, which dbt refuses", todo="rename it"
            )
        found.models[_name(file, taken)] = file
        found.model_folders[Path(file).stem] = folder
    for folder, file in _walk(settings, "seed-paths", (".csv",)):
        found.seeds[_name(file, taken)] = file
        found.seed_folders[Path(file).stem] = folder
    for _, file in _walk(settings, "analysis-paths", (".sql",)):
        found.queries[_name(file, taken)] = file
    own: dict[str, str] = {}
    for folder, file in _walk(settings, "test-paths", (".sql",)):
        inside = Path(file).relative_to(folder).parts[0]
        if inside == "generic":
            found.macros.append(file)
        elif inside != "fixtures":
            found.tests[_name(file, own)] = file
    found.macros += [file for _, file in _walk(settings, "macro-paths", (".sql",))]
    seen: set[str] = set()
    for key in settings.folders:
        for _, file in _walk(settings, key, (".yml", ".yaml", ".md")):
            if file not in seen:
                seen.add(file)
                (found.docs if file.endswith(".md") else found.yml).append(file)
    sql = (found.models, found.queries, found.tests)
    for file in [*(f for names in sql for f in names.values()), *found.macros]:
        found.text[file] = partial(read_text, settings.root / file, file)
    return found


def lend_macros(found: Folder, shipped: Path, root: Path) -> tuple[str, ...]:
    """Add the macros that come with retailsql; the names of their files."""
    folder = shipped / "macros" / "retailsql"
    if shipped.resolve() == root.resolve():
        return ()
    names = []
    for path in sorted(folder.rglob("*.sql")):
        name = LENT + path.relative_to(shipped).as_posix()
        found.text[name] = partial(read_text, path, name)
        names.append(name)
    return tuple(names)


def _walk(settings: Settings, key: str, endings: Sequence[str]) -> Iterator[tuple[str, str]]:
    """``(folder, file)`` of every file with one of the endings; as in dbt not of .x, #x, ~x, nor
    of SQL files with nothing in them.
    """
    for folder in settings.folders[key]:
        for path in sorted((settings.root / folder).rglob("*")):
            wanted = path.suffix.lower() in endings and path.name[0] not in ".#~" and path.is_file()
            if wanted and not (path.suffix.lower() == ".sql" and _blank(path)):
                yield folder, path.relative_to(settings.root).as_posix()


def _blank(path: Path) -> bool:
    return path.stat().st_size < 1000 and not path.read_bytes().strip()


def _name(file: str, taken: dict[str, str]) -> str:
    name = Path(file).stem
    if name.lower() in taken:  # DuckDB compares names without case
        raise ProjectError(
            f"Two files are called {name!r}", seen=f"{taken[name.lower()]} and {file}",
            todo="rename one: ref() finds files by name alone",
        )  # fmt: skip
    taken[name.lower()] = file
    return name
