"""A folder of SQL files, read and rendered: ref, source, var, config, this and macros.

The folder is a dbt project and stays one: only what dbt's own Jinja also understands is offered.

    sql/
      dbt_project.yml             name, vars
      models/**/*.sql             table or view, as config(materialized=...) says; else a view
      models/**/*.yml             sources
      training/*.sql              config(materialized='model', model_type=..., ...): CREATE MODEL
      queries/*.sql               run by name, never materialised (dbt calls them analyses)
      macros/*.sql                {% macro %}s, known in every file
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from retailsql.errors import ProjectError, nearest
from retailsql.runner.render import Renderer

Kind = Literal["table", "view", "model", "query"]
KINDS: tuple[Kind, ...] = ("table", "view", "model")
FOLDERS = ("models", "training", "queries")


@dataclass(frozen=True)
class Node:
    """One SQL file, rendered.

    Args:
        name: the file's name without ``.sql``.
        file: its path inside the project.
        kind: table, view, model (a training file) or query.
        sql: the SQL, Jinja done.
        options: what ``config()`` said, without ``materialized``.
        needs: names of the files it refers to.
    """

    name: str
    file: str
    kind: Kind
    sql: str
    options: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Project:
    """A project, rendered and ready to run.

    Args:
        name: from ``dbt_project.yml``.
        path: the folder.
        schema: where tables and views are made.
        nodes: models and training files by name.
        queries: queries by name.
        vars: the variables it was rendered with.
    """

    name: str
    path: Path
    schema: str
    nodes: Mapping[str, Node]
    queries: Mapping[str, Node]
    vars: Mapping[str, Any]


def load_project(
    path: str | Path = "sql", vars: Mapping[str, Any] | None = None, *, schema: str = "main"
) -> Project:
    """Read and render every SQL file of a project.

    Args:
        path: the folder that holds ``dbt_project.yml``.
        vars: values that replace those of ``dbt_project.yml``.
        schema: schema in which tables and views are made.

    Raises:
        ProjectError: no project there, two files of one name, a wrong ``ref``, ``source`` or
            ``var``, or Jinja that cannot be read; the message names file and line.
    """
    root = Path(path)
    settings = _settings(root)
    values = {**(settings.get("vars") or {}), **(vars or {})}
    files = _files(root)
    renderer = Renderer(root, _sources(root), values, schema)
    nodes: dict[str, Node] = {}
    queries: dict[str, Node] = {}
    for name, file in files.items():
        query = file.parts[0] == "queries"
        known = [n for n, f in files.items() if f.parts[0] != "queries"]
        done = renderer.render(file, known)
        options = dict(done.config)
        kind: Kind = "query" if query else options.pop("materialized", "view")
        if not query and kind not in KINDS:
            raise ProjectError(
                f"{file}: config(materialized=...) has a value this runner does not know",
                seen=kind, wanted=", ".join(KINDS),
            )  # fmt: skip
        node = Node(name, str(file), kind, done.sql, options, done.needs)
        (queries if query else nodes)[name] = node
    return Project(str(settings["name"]), root, schema, nodes, queries, values)


def _settings(root: Path) -> dict[str, Any]:
    """What ``dbt_project.yml`` says."""
    file = root / "dbt_project.yml"
    if not file.is_file():
        raise ProjectError(
            f"There is no SQL project in {str(root)!r}", wanted="a folder with dbt_project.yml",
            todo="give the folder, or run `retailsql init` to make one",
        )  # fmt: skip
    settings = _yaml(file)
    if not isinstance(settings, dict) or "name" not in settings:
        raise ProjectError("dbt_project.yml has no name", todo="write one: name: my_shop")
    return settings


def _yaml(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ProjectError(f"{file.name} is not YAML", seen=str(error)) from error


def _files(root: Path) -> dict[str, Path]:
    """Every SQL file by name, paths relative to the project."""
    found: dict[str, Path] = {}
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.sql")):
            file = path.relative_to(root)
            if file.stem in found:
                raise ProjectError(
                    f"Two files are called {file.stem!r}",
                    seen=f"{found[file.stem]} and {file}",
                    todo="rename one: ref() finds files by name alone",
                )
            found[file.stem] = file
    return found


def _sources(root: Path) -> dict[tuple[str, str], str]:
    """``(source, table)`` to the relation it stands for, from all yml files under models/."""
    found: dict[tuple[str, str], str] = {}
    for path in sorted((root / "models").rglob("*.y*ml")):
        for source in (_yaml(path) or {}).get("sources") or []:
            schema = source.get("schema", source["name"])
            for table in source.get("tables") or []:
                relation = f"{schema}.{table.get('identifier', table['name'])}"
                found[source["name"], table["name"]] = relation
    return found


def find(name: str, known: Mapping[str, Node], what: str) -> Node:
    """The node of that name.

    Raises:
        ProjectError: there is none; the message has the nearest names.
    """
    if name not in known:
        raise ProjectError(f"The project has no {what} {name!r}", wanted=nearest(name, known))
    return known[name]


def default_project() -> Path:
    """The project that comes with retailsql: in the package, or beside it in a checkout.

    Raises:
        ProjectError: it is in neither place.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "sql", package.parent / "sql"):
        if (folder / "dbt_project.yml").is_file():
            return folder
    raise ProjectError(
        "The SQL project of retailsql is missing from its installation",
        todo="pip install --force-reinstall retailsql",
    )
