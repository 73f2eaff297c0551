"""`retailsql init`: writes the shipped project to a new folder, with data or a mapping to data.

Everything is made in a folder inside the new one and moved into place at the end, so that a
failure, or Ctrl-C, leaves nothing behind.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retailsql.demo.online_retail import load_online_retail
from retailsql.demo.shop import make_shop
from retailsql.errors import ProjectError
from retailsql.runner.project import load_project, shipped_project
from retailsql.session import connect
from retailsql.starter import templates
from retailsql.starter.proposal import Proposal
from retailsql.starter.propose_sources import check_vocabulary, own_tables, propose_sources
from retailsql.starter.started import Started
from retailsql.starter.write_mapping import rename_project, scalar, write_mapping

Say = Callable[[str, float], None]
"""Called with words and the share done."""

FOLDERS = ("models", "macros", "seeds", "tests", "training", "queries")
"""Folders of the shipped project that a new one gets."""
_SKIPPED = ("target", "logs", "dbt_packages", "__pycache__")
_MAY_BE_THERE = (".git", ".DS_Store")
DATABASE = "shop.duckdb"


@dataclass(frozen=True)
class _Filled:
    """What the data part of a new project came to."""

    what: str
    database: str = DATABASE
    schema: str = "main"
    loaded: tuple[tuple[str, int], ...] = ()
    proposal: Proposal | None = None
    notes: tuple[str, ...] = ()


def init_project(
    folder: str | Path,
    data: str | Path | None = None,
    sources: Sequence[str] = (),
    db: str | Path | None = None,
    size: str = "default",
    seed: int = 0,
    say: Say | None = None,
) -> Started:
    """Write a project in which ``retailsql build`` and ``dbt build --profiles-dir .`` work at once.

    Without ``data``, ``sources`` and ``db`` it is the demo shop, in ``shop.duckdb``.

    Args:
        folder: a new or empty folder; ``.git`` may be in it.
        data: an Online Retail file (csv, xlsx, parquet), loaded into ``shop.duckdb``.
        sources: their own files (csv, parquet, json, patterns) or tables of ``db``. Nothing is
            loaded: ``vars`` in ``dbt_project.yml`` maps them, as :func:`propose` proposes.
        db: a DuckDB file that is there; profiles.yml points to it. Without ``sources`` it holds
            ``raw.order_lines``, ``raw.customers`` and ``raw.products``.
        size: of the demo shop: small, default or large.
        seed: of the demo shop.
        say: called while it works.

    Raises:
        ProjectError: the folder is not empty, a file or table is not there or cannot be read, or
            no order lines are found in them. Nothing is left behind.
    """
    tell = say or (lambda words, share: None)
    if data is not None and (sources or db is not None):
        raise ProjectError(
            "--data loads an Online Retail file into a database of its own",
            seen="--from" if sources else "--db", todo="leave one of them out",
        )  # fmt: skip
    target = Path(folder)
    with _new_folder(target) as work:
        name = _write(work, target, tell)
        if sources or db is not None:
            filled = _own(work, target, sources, db, tell)
        else:
            filled = _load(work, data, size, seed, tell)
        return _finish(work, target, name, filled, tell)


def _write(work: Path, target: Path, tell: Say) -> str:
    """The shipped files under the new project's name."""
    tell("writing the project", 0.1)
    name = project_name(target)
    copy_project(work, name)
    return name


def _finish(work: Path, target: Path, name: str, filled: _Filled, tell: Say) -> Started:
    """The project's own files; what does not load is not handed over."""
    _write_own_files(work, name, filled)
    tell("reading the project", 0.9)
    load_project(work)
    files = sorted(f.relative_to(work).as_posix() for f in work.rglob("*") if f.is_file())
    return Started(
        target, name, tuple(files), filled.database, filled.schema, filled.loaded,
        filled.proposal, filled.notes,
    )  # fmt: skip


def project_name(folder: Path) -> str:
    """A name that dbt allows, from the folder's.

    >>> project_name(Path("shops/My Shop-2")), project_name(Path("2024"))
    ('my_shop_2', 'shop_2024')
    """
    plain = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
    if not plain or plain[0].isdigit() or plain in ("dbt", "dbt_duckdb", "duckdb"):
        return f"shop_{plain}".rstrip("_")
    return plain


def copy_project(work: Path, name: str) -> None:
    """Copy the shipped project under another name, comments and all."""
    shipped = shipped_project()
    for top in FOLDERS:
        if (shipped / top).is_dir():
            ignore = shutil.ignore_patterns(*_SKIPPED, ".*", "*.py", "*.pyc")
            shutil.copytree(shipped / top, work / top, ignore=ignore)
    text = (shipped / "dbt_project.yml").read_text(encoding="utf-8")
    (work / "dbt_project.yml").write_text(rename_project(text, name), encoding="utf-8")


@contextmanager
def _new_folder(target: Path) -> Iterator[Path]:
    """A folder to work in, whose content is moved to ``target`` if all goes well.

    Raises:
        ProjectError: the target is no folder, or something is in it.
    """
    if target.exists() and not target.is_dir():
        raise ProjectError(f"{str(target)!r} is a file", wanted="the name of a new folder")
    there = sorted(p.name for p in target.iterdir()) if target.is_dir() else []
    if others := [name for name in there if name not in _MAY_BE_THERE]:
        more = f" and {len(others) - 5} more" if len(others) > 5 else ""
        raise ProjectError(
            f"The folder {str(target)!r} is not empty", seen=", ".join(others[:5]) + more,
            todo="give a new folder; a project that is there is edited in dbt_project.yml",
        )  # fmt: skip
    made = [p for p in (target, *target.parents) if not p.exists()]
    target.mkdir(parents=True, exist_ok=True)
    work = target / f".retailsql-init-{os.getpid()}"
    moved: list[Path] = []
    done = False
    try:
        work.mkdir()
        yield work
        for entry in sorted(work.iterdir()):
            moved.append(target / entry.name)
            entry.rename(target / entry.name)
        work.rmdir()
        done = True
    finally:
        if not done:
            for path in (work, *moved):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            for path in made:
                path.rmdir()


def _load(work: Path, data: str | Path | None, size: str, seed: int, tell: Say) -> _Filled:
    """Load the demo shop or an Online Retail file."""
    with connect(work / DATABASE) as con:
        if data is not None:
            tell(f"loading {Path(data).name}", 0.3)
            report = load_online_retail(con, data)
            what = templates.DATA.format(file=Path(data).name, path=DATABASE)
            return _Filled(what, loaded=tuple(report.rows()))
        tell(f"making the demo shop ({size})", 0.3)
        make_shop(size, seed).load(con)
        counts = [
            (f"raw.{table}", con.execute(f"SELECT count(*) FROM raw.{table}").fetchall()[0][0])
            for table in ("customers", "products", "order_lines")
        ]
    return _Filled(templates.DEMO.format(path=DATABASE), loaded=tuple(counts))


def _own(
    work: Path, target: Path, sources: Sequence[str], db: str | Path | None, tell: Say
) -> _Filled:
    """Map the user's own files or tables."""
    if db is not None and not Path(db).is_file():
        raise ProjectError(f"There is no database {str(db)!r}", todo="check the path after --db")
    database = DATABASE if db is None else _relative(Path(db), target)
    # What is made of files needs a database too; an empty one is there from the start.
    opened = connect(db, read_only=True) if db is not None else connect(work / DATABASE)
    with opened as con:
        schema, notes = ("main", ()) if db is None else own_tables(con, work)
        if not sources:
            check_vocabulary(con, str(db))
            return _Filled(_own_words((str(db),), None), database, schema, notes=notes)
        tell("looking at " + ", ".join(Path(s).name for s in sources), 0.4)
        proposal = propose_sources(con, sources, target)
    seed = work / "seeds" / "non_products.csv"  # its codes are another shop's: M may be a product
    seed.write_text(seed.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    file = work / "dbt_project.yml"
    file.write_text(write_mapping(file.read_text(encoding="utf-8"), proposal), encoding="utf-8")
    what = _own_words(sources, proposal)
    return _Filled(what, database, schema, proposal=proposal, notes=(*notes, *proposal.notes))


def _own_words(sources: Sequence[str], proposal: Proposal | None) -> str:
    names = ", ".join(f"`{Path(s).name}`" for s in sources)
    check = templates.CHECK if proposal is not None and proposal.unsure else ""
    return templates.OWN.format(sources=names, check=check)


def _relative(path: Path, folder: Path) -> str:
    """The path as seen from the folder; absolute where no relative one exists (Windows drives)."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def _write_own_files(work: Path, name: str, filled: _Filled) -> None:
    """profiles.yml, README.md and .gitignore."""
    texts: dict[str, Any] = {
        "profiles.yml": templates.PROFILES.format(
            name=name, path=scalar(filled.database), schema=filled.schema
        ),
        "README.md": templates.README.format(name=name, what=filled.what),
        ".gitignore": templates.GITIGNORE,
    }
    for file, text in texts.items():
        (work / file).write_text(text, encoding="utf-8")
