"""Lint of files: those of a project are rendered first, what is found is told at their own lines.

A file is judged as the statement it stands for, after all that the project makes before it; so a
model yet to be trained and a table yet to be made are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from duckdb import DuckDBPyConnection

from retailsql.dialect.lint.finding import Finding
from retailsql.dialect.lint.in_order import lint_in_order
from retailsql.dialect.lint.options import OptionChecker
from retailsql.errors import ProjectError
from retailsql.registry.names import quote
from retailsql.runner.graph import order
from retailsql.runner.lint_text import Text, texts_of
from retailsql.runner.made import relation
from retailsql.runner.node import Place, Project
from retailsql.runner.project import load_project
from retailsql.runner.read.files import list_files
from retailsql.runner.settings import FILE, read_settings


@dataclass(frozen=True)
class Files:
    """What was asked for.

    Args:
        plain: files that lie in no project, or that it does not know.
        projects: of each project the files asked for, as paths inside it -> as they were written.
        unread: files of a project that are no SQL by themselves: macros, judged in the files that
            call them, and files that are disabled.
    """

    plain: Sequence[Path]
    projects: Sequence[tuple[Project, Mapping[str, str]]]
    unread: Sequence[Path]


def sort_files(paths: Iterable[Path]) -> Files:
    """Files by the project they belong to.

    Args:
        paths: files; of a folder with ``dbt_project.yml`` all its files.

    Raises:
        ProjectError: a folder is no project, or a project cannot be read.
    """
    plain, unread = list[Path](), list[Path]()
    asked: dict[Path, dict[str, str]] = {}
    projects: dict[Path, Project] = {}
    for path in paths:
        root = project_of(path)
        if root is None:
            if path.is_dir():
                raise ProjectError(
                    f"There is no SQL project in {str(path)!r}", wanted=f"a folder with {FILE}",
                    todo=f"give the folder that holds {FILE}, or name files",
                )  # fmt: skip
            plain.append(path)
            continue
        project = projects.get(root) or projects.setdefault(root, load_project(root))
        known = {text.file for text in _texts(project)}
        inside = path.resolve().relative_to(root).as_posix()
        if path.is_dir():
            under = "" if inside == "." else f"{inside}/"
            chosen = {f: _shown(root / f) for f in known if f.startswith(under)}
        else:
            chosen = {inside: str(path)} if inside in known else {}
            if not chosen:
                (unread if inside in list_files(read_settings(root)).text else plain).append(path)
        asked.setdefault(root, {}).update(chosen)
    return Files(plain, [(projects[r], files) for r, files in asked.items() if files], unread)


def project_of(path: Path) -> Path | None:
    """The folder of the project that a file or folder lies in: the nearest above it."""
    here = path.resolve()
    return next((f for f in (here, *here.parents) if (f / FILE).is_file()), None)


def lint_project(
    con: DuckDBPyConnection | None,
    project: Project,
    files: Mapping[str, str],
    options: OptionChecker | None = None,
) -> list[Finding]:
    """Check files of a project; nothing is run.

    Args:
        con: the database it is for; None: names of raw tables are not judged.
        project: all of it.
        files: those to tell about, as paths inside the project -> as findings call them. Findings
            in a macro they call are told at the macro's line.
        options: what training says of options; None: they are not judged.

    Returns:
        The findings, file by file, in the order of the lines.

    Raises:
        ProjectError: a seed cannot be read.
    """
    texts = [*_made_first(project), *_texts(project)]
    found = lint_in_order(con, [t.sql for t in texts], options)
    told = [
        _at_home(project, text, finding, files)
        for text, findings in zip(texts, found, strict=True)
        if text.file in files
        for finding in findings
    ]
    return sorted(dict.fromkeys(told), key=lambda f: (f.file, f.line, f.column, f.code))


def _made_first(project: Project) -> list[Text]:
    """What no file makes: the schema, and the view of each model that some file reads."""
    found = [Text("", (), f"CREATE SCHEMA IF NOT EXISTS {project.schema}")]
    read = " ".join(text.sql for text in _texts(project))
    for node in project.nodes.values():
        name = relation(project.schema, node.name)
        if node.kind == "model" and re.search(rf"{re.escape(name)}(?!\w)", read):
            types = [f"CAST(NULL AS {c.type}) AS {quote(c.name)}" for c in node.columns if c.type]
            rows = ", ".join(types) if types else "* FROM not_known"  # then nothing of it is told
            found.append(Text("", (), f"CREATE OR REPLACE VIEW {name} AS SELECT {rows}"))
    return found


def _texts(project: Project) -> list[Text]:
    """Every file in the order of a run; then queries and singular tests, which make nothing."""
    nodes = [*order(project.nodes), *project.queries.values()]
    found = [text for node in nodes for text in texts_of(project, node)]
    single = [test for test in project.tests if test.kind == "singular"]
    return found + [Text(t.place.file, (), t.sql, "", t.lines) for t in single]


def _at_home(project: Project, text: Text, found: Finding, files: Mapping[str, str]) -> Finding:
    """A finding at the line of the file it comes from."""
    place, own = text.place(project, found.line)
    column = _column(project, text, found, place) if own else 1
    name = files.get(place.file) or _shown(project.path / place.file)
    return replace(found, file=name, line=place.line, column=column, rewritten=None)


def _shown(path: Path) -> str:
    """A path as people write it: from the present folder, if it lies there."""
    full, here = path.resolve(), Path.cwd()
    return (full.relative_to(here) if full.is_relative_to(here) else full).as_posix()


def _column(project: Project, text: Text, found: Finding, place: Place) -> int:
    """The same column, where Jinja changed nothing before it; else that of the same word, or 1."""
    rendered = text.sql.split("\n")[found.line - 1]
    try:
        line = (project.path / place.file).read_text("utf-8-sig").split("\n")[place.line - 1]
    except (OSError, UnicodeDecodeError, IndexError):
        return 1
    at = found.column - 1
    if rendered[:at] == line[:at]:
        return found.column
    word = rendered[at:].split(maxsplit=1)[:1]
    return max(line.find(word[0]), 0) + 1 if word else 1
