"""The demo: a shop in a file, features, four models, four answers. Nothing is printed here.

A second run finds in the file what the first one made and only asks the queries again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from retailsql.demo.online_retail import load_online_retail
from retailsql.demo.shop import make_shop
from retailsql.errors import ProjectError
from retailsql.evaluation.report import Evaluation
from retailsql.functions.transaction import own_transaction
from retailsql.registry import store
from retailsql.registry.names import resolve
from retailsql.runner import made
from retailsql.runner.build import build
from retailsql.runner.node import Project
from retailsql.runner.project import load_project, shipped_project
from retailsql.runner.result import NodeResult
from retailsql.runner.run import Answer, run_query
from retailsql.session import Session, connect
from retailsql.tasks import TASKS, Task

Say = Callable[[str, float], None]
"""Called with words and the share done of the present step."""


@dataclass(frozen=True)
class Tour:
    """What the demo made, ready to be drawn.

    Args:
        path: the database file.
        reused: True if everything was there already.
        load_report: (what, lines) of an Online Retail file; empty for the made-up shop.
        evaluations: model -> its evaluation.
        answers: task and the rows of its query, in the order of the tasks.
    """

    path: Path
    reused: bool
    load_report: list[tuple[str, int]] = field(default_factory=list)
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)
    answers: list[tuple[Task, Answer]] = field(default_factory=list)


def take_tour(
    path: Path, data: Path | None = None, size: str = "default", seed: int = 0,
    say: Say | None = None,
) -> Tour:  # fmt: skip
    """Build what is missing in the demo's database and ask the four queries.

    Args:
        path: the DuckDB file; made if it is not there.
        data: an Online Retail file to use instead of the made-up shop.
        size: of the made-up shop: small, default or large.
        seed: of the made-up shop.
        say: called while it works.

    Raises:
        ProjectError: the file holds something else than this demo; nothing in it was changed.
    """
    tell = say or (lambda words, share: None)
    with connect(path, progress=tell) as con:
        made_of = f"file {data.name}" if data else f"shop {size}, seed {seed}"
        project = load_project(shipped_project())
        fresh = not _made_before(con, path, made_of)
        if fresh:
            _check_empty(con, path, project)
            _load(con, made_of, data, size, seed, tell)
        reused = not fresh and _all_trained(con, project)
        if not reused:
            _build(con, project, tell)
        report = con.execute("FROM raw.load_report").fetchall()
        answers = [(task, run_query(con, project, task.query)) for task in TASKS]
        return Tour(path, reused, report, _evaluations(con), answers)


def _made_before(con: Session, path: Path, made_of: str) -> bool:
    """True if raw.demo says that this demo filled the file from the same source.

    Raises:
        ProjectError: it was filled from another source.
    """
    signed = con.execute(
        "SELECT 1 FROM duckdb_columns() WHERE database_name = current_database() "
        "AND schema_name = 'raw' AND table_name = 'demo' AND column_name = 'made_of'"
    ).fetchall()
    if not signed:
        return False
    before = [row[0] for row in con.execute("SELECT made_of FROM raw.demo").fetchall()]
    if before == [made_of]:
        return True
    raise ProjectError(
        f"{path} holds something else than this demo", seen=", ".join(map(str, before)),
        wanted=made_of, todo="give another file with --path, or delete this one",
    )  # fmt: skip


def _check_empty(con: Session, path: Path, project: Project) -> None:
    """Refuse a file in which something has a name that the demo is about to use.

    Raises:
        ProjectError: it names what is there. All of it is the user's, as raw.demo is missing.
    """
    makes = {name.lower() for name in project.nodes}
    trains = {name.lower() for name, node in project.nodes.items() if node.kind == "model"}
    here = made.relations(con, project.schema)
    held = [f"raw.{r.name}" for r in made.relations(con, "raw").values()]
    held += [f"{project.schema}.{r.name}" for name, r in here.items() if name in makes]
    database = resolve(con.connection, "churn").database
    names = {v.name.name for v in store.versions(con.connection, database)}
    held += [f"model {name}" for name in sorted(names & trains)]
    if held:
        raise ProjectError(
            f"{path} holds something else than this demo: names that the demo would take",
            seen=", ".join(held[:5]) + (f" and {len(held) - 5} more" if held[5:] else ""),
            wanted="a file of the demo's own",
            todo="give a file that does not exist yet: --path demo.duckdb",
        )  # fmt: skip


def _load(con: Session, made_of: str, data: Path | None, size: str, seed: int, tell: Say) -> None:
    """Fill schema raw, whole or not at all, and sign it."""
    with own_transaction(con.connection):
        if data:
            tell(f"reading {data.name}", 0.0)
            report = load_online_retail(con, data).rows()
        else:
            tell("making up a shop", 0.0)
            make_shop(size, seed).load(con)
            report = []
        con.execute("CREATE TABLE raw.load_report (what VARCHAR, lines BIGINT)")
        for row in report:
            con.execute("INSERT INTO raw.load_report VALUES (?, ?)", row)
        con.execute("CREATE TABLE raw.demo AS SELECT ? AS made_of", [made_of])
    tell("data is in schema raw", 1.0)


def _all_trained(con: Session, project: Project) -> bool:
    wanted = {n.name for n in project.nodes.values() if n.kind == "model"}
    database = resolve(con.connection, "churn").database
    return wanted <= {v.name.name for v in store.versions(con.connection, database, deployed=True)}


def _build(con: Session, project: Project, tell: Say) -> None:
    """Make what is not there yet, one file after the other; what fails ends the demo.

    The tests are left to ``retailsql build``: a small shop is no place to be strict about models.
    """
    from retailsql.training.train_once import train_once

    done, total = 0, len(project.nodes)

    def event(result: NodeResult) -> None:
        nonlocal done
        if result.status == "start":
            tell(f"{result.kind} {result.name}", done / total)
        else:
            done += 1

    train = partial(train_once, progress=tell)
    report = build(con, project, train=train, on_event=event, tests=False)
    for result in report.failed:
        assert result.error is not None
        raise result.error


def _evaluations(con: Session) -> dict[str, Evaluation]:
    database = resolve(con.connection, "churn").database
    return {
        v.name.name: Evaluation.from_json(v.evaluation)
        for v in store.versions(con.connection, database, deployed=True)
        if v.evaluation
    }


def summary(evaluations: Mapping[str, Evaluation]) -> list[dict[str, Any]]:
    """One row per model: its primary metric beside every trivial rule's."""
    return [
        {
            "model": name,
            "metric": e.primary,
            "value": e.metrics[e.primary],
            "baselines": {rule: m[e.primary] for rule, m in e.baselines.items()},
            "beats": e.beats_baseline,
            "split": e.split,
        }
        for name, e in evaluations.items()
    ]
