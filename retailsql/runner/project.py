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
from pathlib import Path
from typing import Any

from retailsql.errors import ProjectError, nearest
from retailsql.runner.node import KINDS, Kind, Node, Project
from retailsql.runner.render import Renderer
from retailsql.runner.settings import read_settings, read_sources

FOLDERS = ("models", "training", "queries")


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
            ``var``, Jinja or YAML that cannot be read; the message names file and line.
    """
    root = Path(path)
    settings = read_settings(root)
    values = {**settings["vars"], **(vars or {})}
    files = _files(root)
    renderer = Renderer(root, read_sources(root), values, schema)
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
    if unread := sorted(set(vars or {}) - renderer.asked):
        raise ProjectError(
            f"No file of the project reads a variable {unread[0]!r}",
            wanted=nearest(unread[0], renderer.asked),
            todo="correct the name",
        )
    return Project(str(settings["name"]), root, schema, nodes, queries, values)


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


def find(name: str, known: Mapping[str, Node], what: str) -> Node:
    """The node of that name.

    Raises:
        ProjectError: there is none; the message has the nearest names.
    """
    if name not in known:
        raise ProjectError(f"The project has no {what} {name!r}", wanted=nearest(name, known))
    return known[name]


def default_project() -> Path:
    """The project of the present folder, or else the one that comes with retailsql."""
    return Path() if Path("dbt_project.yml").is_file() else shipped_project()


def shipped_project() -> Path:
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
