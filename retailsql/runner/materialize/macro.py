"""A macro of the project that both engines call, called by itself.

Only pure ones can be: what they need is handed to them, and they ask no database.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from retailsql.errors import ProjectError
from retailsql.runner.project import shipped_project

FOLDER = "macros/retailsql"


def call_macro(project: Path, file: str, name: str, *args: object, **named: object) -> str:
    """What a macro returns.

    Args:
        project: the folder of the project; where it lacks the file, that of retailsql is taken.
        file: under ``macros/retailsql``.
        name: of the macro.
        args: its arguments.
        named: its named arguments.

    Raises:
        ProjectError: there is no such macro in the file.
    """
    path = macro_file(project, file)
    macro: Any = getattr(_read(path, path.stat().st_mtime_ns).module, name, None)
    if macro is None:
        raise ProjectError(
            f"{FOLDER}/{file}:1: there is no macro {name}", todo="take it from a new project: "
            "retailsql init, or delete the file to use the one of retailsql",
        )  # fmt: skip
    return str(macro(*args, **named)).strip()


def macro_file(project: Path, file: str) -> Path:
    """The file of macros that counts: the project's own, or else the one of retailsql."""
    own = project / FOLDER / file
    return own if own.is_file() else shipped_project() / FOLDER / file


@lru_cache(maxsize=16)
def _read(path: Path, changed: int) -> Template:
    """The file as a template; read again when it has changed."""
    env = Environment(
        loader=FileSystemLoader(path.parent),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.do"],
        autoescape=False,  # SQL, not HTML
    )
    return env.get_template(path.name)
