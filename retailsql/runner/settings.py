"""The yml files of a project: ``dbt_project.yml`` and the sources under ``models/``.

Whatever shape they have, a wrong one is a :class:`ProjectError` that names the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from retailsql.errors import ProjectError


def read_settings(root: Path) -> dict[str, Any]:
    """What ``dbt_project.yml`` says: at least a name; ``vars`` is a mapping.

    Raises:
        ProjectError: there is none, or it cannot be read.
    """
    file = root / "dbt_project.yml"
    if not file.is_file():
        raise ProjectError(
            f"There is no SQL project in {str(root)!r}", wanted="a folder with dbt_project.yml",
            todo="give the folder that holds dbt_project.yml; a new project's needs one line, "
            "name: my_shop",
        )  # fmt: skip
    settings = _mapping(_yaml(file), file.name, "the file", "name: my_shop")
    if "name" not in settings:
        raise ProjectError("dbt_project.yml has no name", todo="write one: name: my_shop")
    given = settings.get("vars")
    return {**settings, "vars": _mapping(given, file.name, "vars", "vars: {churn_days: 60}")}


def read_sources(root: Path) -> dict[tuple[str, str], str]:
    """``(source, table)`` to the relation it stands for, from all yml files under ``models/``.

    Raises:
        ProjectError: a file cannot be read, or its sources have another shape than dbt's.
    """
    found: dict[tuple[str, str], str] = {}
    for path in sorted((root / "models").rglob("*.y*ml")):
        file = str(path.relative_to(root))
        content = _mapping(_yaml(path), file, "the file", "sources: [{name: raw, tables: [...]}]")
        for source in _named(content.get("sources"), file, "sources"):
            schema = source.get("schema", source["name"])
            for table in _named(source.get("tables"), file, f"tables of {source['name']}"):
                relation = f"{schema}.{table.get('identifier', table['name'])}"
                found[source["name"], table["name"]] = relation
    return found


def _yaml(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise not_utf8(file.name, error) from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that does not exist
        raise ProjectError(f"{file.name} is not YAML", seen=str(error)) from error


def not_utf8(file: str, error: UnicodeDecodeError) -> ProjectError:
    """The error for a file that holds bytes that are not UTF-8."""
    line = error.object.count(b"\n", 0, error.start) + 1
    return ProjectError(
        f"{file}:{line}: the file is not UTF-8", seen=f"byte 0x{error.object[error.start]:02x}",
        todo="save it as UTF-8",
    )  # fmt: skip


def _mapping(value: Any, file: str, what: str, example: str) -> dict[str, Any]:
    """A mapping as it is, nothing as an empty one, all else refused."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ProjectError(
            f"{file}: {what} is not a mapping of names to values", seen=repr(value)[:80],
            wanted=example,
        )  # fmt: skip
    return value


def _named(value: Any, file: str, what: str) -> list[dict[str, Any]]:
    """A list of mappings, each with a name that is text; nothing is an empty list."""
    entries = [] if value is None else value
    if isinstance(entries, list):
        wrong = [e for e in entries if not (isinstance(e, dict) and isinstance(e.get("name"), str))]
        if not wrong:
            return entries
        value = wrong[0]
    raise ProjectError(
        f"{file}: {what} is not a list of entries with a name", seen=repr(value)[:80],
        wanted="[{name: orders}, {name: customers}]",
    )  # fmt: skip
