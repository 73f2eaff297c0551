"""``profiles.yml``: which database and which schema."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retailsql.errors import ProjectError, nearest
from retailsql.runner.node import Place
from retailsql.runner.not_supported import refuse_keys
from retailsql.runner.read.yml import YMap, load, mapping
from retailsql.runner.read.yml_jinja import YmlJinja
from retailsql.runner.settings import Settings

FILE = "profiles.yml"


@dataclass(frozen=True)
class Profile:
    """The chosen target.

    Args:
        name: of the target.
        profile: of the profile.
        database: the DuckDB file; None for one in memory, or if no profiles.yml is there.
        schema: where tables are made.
        threads: how many nodes dbt runs at once.
    """

    name: str = "default"
    profile: str = ""
    database: Path | None = None
    schema: str = "main"
    threads: int = 1

    def target(self, schema: str) -> dict[str, Any]:
        """What ``target`` is in Jinja."""
        return {
            "name": self.name, "target_name": self.name, "profile_name": self.profile,
            "schema": schema, "type": "duckdb", "threads": self.threads,
            "database": self.database.stem if self.database else "memory",
            "path": str(self.database) if self.database else ":memory:",
        }  # fmt: skip


def read_profile(settings: Settings, variables: Mapping[str, Any], target: str | None) -> Profile:
    """The target that ``profiles.yml`` of the project's folder, or DBT_PROFILES_DIR, names.

    Args:
        settings: of the project.
        variables: given on the command line.
        target: its name; None for the profile's own choice.

    Raises:
        ProjectError: it cannot be read, lacks the profile or the target, or is not for DuckDB.
    """
    folder = Path(os.environ.get("DBT_PROFILES_DIR") or settings.root)
    path = folder / FILE
    if not path.is_file():
        if target is not None:
            raise ProjectError(
                f"There is no {FILE}, and so no target {target!r}", seen=str(folder),
                todo=f"write {FILE} beside dbt_project.yml, or leave --target out",
            )  # fmt: skip
        return Profile(profile=settings.profile)
    name, chosen, place = _chosen(
        path, settings.profile, YmlJinja({"var": _vars(variables)}), target
    )
    refuse_keys(chosen, ("attach", "secrets", "remote"), place)
    file = str(chosen.get("path", ":memory:"))
    # a path is meant from the folder dbt runs in, which is the project's
    database = None if ":memory:" in file else (settings.root / file).resolve()
    schema = str(chosen.get("schema", "main"))
    return Profile(name, settings.profile, database, schema, int(chosen.get("threads", 1)))


def _chosen(
    path: Path, profile_name: str, jinja: YmlJinja, target: str | None
) -> tuple[str, YMap, Place]:
    """Name, content and place of the target."""
    top = mapping(load(path, FILE), Place(FILE), "the file", "my_shop: {target: dev, outputs: ...}")
    if profile_name not in top:
        raise ProjectError(
            f"{FILE} has no profile {profile_name!r}",
            wanted=nearest(profile_name, [str(k) for k in top if k != "config"]),
            todo="name one of these under profile: in dbt_project.yml",
        )
    place = top.at(profile_name)
    profile = mapping(top[profile_name], place, "the profile", "{target: dev, outputs: {}}")
    outputs = mapping(profile.get("outputs"), place, "outputs", "{dev: {type: duckdb}}")
    name = target or str(jinja.value(profile.get("target", "default"), profile.at("target")))
    if name not in outputs:
        raise ProjectError(
            f"{place}: the profile has no target {name!r}", wanted=nearest(name, outputs)
        )
    chosen = jinja.value(
        mapping(outputs[name], outputs.at(name), "the target", "{type: duckdb, path: shop.duckdb}"),
        outputs.at(name),
    )
    if chosen.get("type") != "duckdb":
        raise ProjectError(
            f"{outputs.at(name)}: the target is not a DuckDB database", seen=chosen.get("type"),
            wanted="type: duckdb",
        )  # fmt: skip
    return name, chosen, outputs.at(name)


def _vars(variables: Mapping[str, Any]) -> Any:
    from retailsql.runner.read.offered import Var

    return Var(variables, set())
