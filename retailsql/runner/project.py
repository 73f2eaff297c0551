"""A folder of SQL files, read and rendered: what a dbt project says, without dbt.

The folder is a dbt project and stays one: only what dbt's own Jinja also understands is offered.

    sql/
      dbt_project.yml             name, vars, folders, configuration of folders
      profiles.yml                the database; may be missing
      models/**/*.sql             table, view, incremental, score, as configured; else a view
      models/**/*.yml             sources, descriptions, data tests, unit tests, exposures
      training/*.sql              config(materialized='model', model_type=..., ...): CREATE MODEL
      queries/*.sql               run by name, never materialised (dbt calls them analyses)
      seeds/*.csv                 small tables
      macros/*.sql                {% macro %}s, {% test %}s, known in every file
      tests/*.sql                 singular tests
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from retailsql.errors import ProjectError, nearest
from retailsql.runner.node import Node, Project, Source
from retailsql.runner.read.data_tests import read_data_tests
from retailsql.runner.read.exposures import read_exposures
from retailsql.runner.read.files import Folder, lend_macros, list_files
from retailsql.runner.read.nodes import Reader, read_nodes
from retailsql.runner.read.offered import Var
from retailsql.runner.read.profiles import Profile, read_profile
from retailsql.runner.read.properties import check_names, read_properties
from retailsql.runner.read.relation import Relation
from retailsql.runner.read.sources import read_sources, relation_of
from retailsql.runner.read.unit_tests import read_unit_tests
from retailsql.runner.read.world import World
from retailsql.runner.read.yml_jinja import YmlJinja
from retailsql.runner.render import Renderer
from retailsql.runner.settings import FILE as SETTINGS
from retailsql.runner.settings import Settings, read_settings


def load_project(
    path: str | Path = "sql",
    vars: Mapping[str, Any] | None = None,
    *,
    schema: str | None = None,
    target: str | None = None,
) -> Project:
    """Read and render every file of a project; no database is opened.

    Args:
        path: the folder that holds ``dbt_project.yml``.
        vars: values that replace those of ``dbt_project.yml``.
        schema: schema in which tables and views are made; None for that of profiles.yml, or else
            ``main``.
        target: the target of profiles.yml; None for the one the profile chooses.

    Raises:
        ProjectError: no project there, two files of one name, a wrong ``ref``, ``source`` or
            ``var``, Jinja or YAML that cannot be read, something of dbt that this runner does not
            do; the message names file and line.
    """
    reader, sources, profile = _open(Path(path), vars or {}, schema, target)
    settings, properties, renderer = reader.settings, reader.properties, reader.renderer
    nodes = read_nodes(reader)
    project = Project(
        settings.name, settings.root, renderer.world.schema, nodes.made, nodes.queries,
        renderer.world.variables, sources, database=profile.database,
    )  # fmt: skip
    tests = read_data_tests(reader, project, nodes.disabled)
    units = read_unit_tests(reader, project, nodes.disabled)
    exposures = read_exposures(properties, reader.jinja, project, nodes.disabled)
    _no_unread(vars or {}, renderer.asked)
    return replace(project, tests=tests, unit_tests=units, exposures=exposures)


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


def _open(
    root: Path, given: Mapping[str, Any], schema: str | None, target: str | None
) -> tuple[Reader, dict[tuple[str, str], Source], Profile]:
    """Everything but the nodes."""
    settings = read_settings(root)
    profile = read_profile(settings, given, target)
    folder = list_files(settings)
    properties = read_properties(root, folder)
    check_names(properties, folder)
    where = schema or profile.schema
    variables = {**settings.vars, **given}
    asked: set[str] = set()
    words = profile.target(where)
    jinja = YmlJinja({"var": Var(variables, asked), "target": words, "project_name": settings.name})
    sources = read_sources(properties, jinja)
    world = _world(settings, folder, where, words, variables, sources)
    renderer = Renderer(world, asked)
    own = Var(given, asked, f"give it with --vars: in {SETTINGS} its own vars are not known yet")
    ours = YmlJinja({"var": own, "target": words, "project_name": settings.name})
    return Reader(settings, folder, properties, jinja, ours, renderer), sources, profile


def _world(
    settings: Settings,
    folder: Folder,
    schema: str,
    target: Mapping[str, Any],
    variables: Mapping[str, Any],
    sources: Mapping[tuple[str, str], Source],
) -> World:
    names = (*folder.models, *folder.seeds)
    database = str(target["database"])
    lent = lend_macros(folder, shipped_project(), settings.root)
    return World(
        settings.name, schema, database,
        {name: Relation.of(schema, name, database) for name in names},
        {key: relation_of(source) for key, source in sources.items()},
        variables, target, folder.text, tuple(folder.macros), lent,
    )  # fmt: skip


def _no_unread(given: Mapping[str, Any], asked: set[str]) -> None:
    if unread := sorted(set(given) - asked):
        raise ProjectError(
            f"No file of the project reads a variable {unread[0]!r}",
            wanted=nearest(unread[0], asked), todo="correct the name",
        )  # fmt: skip
