"""Builds a project: every file that is not as it would be made now, and the tests of each.

A file that fails stops what depends on it and nothing else. Each is made whole or not at all, in a
transaction of its own; where the caller has one open, everything happens inside that one, and the
first failure, which has aborted it, ends the build.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from retailsql.errors import ProjectError
from retailsql.functions.connection import raw
from retailsql.functions.stopped import stoppable, stopped
from retailsql.functions.transaction import in_transaction
from retailsql.registry.store import check_writable
from retailsql.runner import made
from retailsql.runner.beside import files_beside
from retailsql.runner.check.data_tests import run_test
from retailsql.runner.check.freshness import check_freshness
from retailsql.runner.check.result import TestResult
from retailsql.runner.check.unit_tests import run_unit_test
from retailsql.runner.graph import select as choose
from retailsql.runner.graph import select_tests, select_unit_tests
from retailsql.runner.hidden_names import check_names
from retailsql.runner.judged import judged, judged_source
from retailsql.runner.materialize.job import Job, Made, Train
from retailsql.runner.materialize.table_of_kinds import MAKE
from retailsql.runner.node import Node, Project
from retailsql.runner.plan import Step, plan
from retailsql.runner.result import NodeResult, Report, Status
from retailsql.runner.standing import standings
from retailsql.runner.state.fingerprint import State
from retailsql.runner.state.passed import Passed
from retailsql.runner.transaction import whole
from retailsql.runner.which_connection import connection_for

OnEvent = Callable[[NodeResult], None]


def build(
    con: Any,
    project: Project,
    select: str | Iterable[str] | None = None,
    *,
    exclude: str | Iterable[str] | None = None,
    full_refresh: bool = False,
    train: Train | None = None,
    on_event: OnEvent | None = None,
    tests: bool = True,
    now: datetime | None = None,
) -> Report:
    """Make a project's tables, views, seeds, models and scores, and test each.

    First every source is looked at that these read: one that is stale, empty or missing fails.

    Only what an earlier run (or dbt) made is ever replaced or dropped, see
    :mod:`retailsql.runner.made`.

    Args:
        con: a DuckDB connection or a Session.
        project: from :func:`retailsql.runner.project.load_project`.
        select: see :func:`retailsql.runner.graph.select`; None for all.
        exclude: what to leave out of that.
        full_refresh: make everything anew, though it is there unchanged; train again.
        train: trains a model, :func:`retailsql.training.train_once.train_once`; without it training
            files are skipped.
        on_event: called at the start and the end of every file and test.
        tests: run data tests and unit tests, and look at the sources.
        now: the time that the age of sources is told from; None for the clock's.

    Returns:
        What became of each; ``report.exit_status`` is 1 if anything failed.

    Raises:
        ProjectError: a file would replace a table or view that no run made, or names mean something
            else on this connection: then nothing has been run. Or something failed inside a
            transaction of the caller's.
        RegistryError: the database is open for reading only.
        KeyboardInterrupt, duckdb.InterruptException: as they came, the present file rolled back.

    >>> import duckdb
    >>> from pathlib import Path
    >>> node = Node("a", "models/a.sql", "table", "SELECT 1 AS x")
    >>> project, con = Project("p", Path(), "main", {"a": node}, {}, {}), duckdb.connect()
    >>> [build(con, project).counts for _ in range(2)]
    [{'ok': 1}, {'unchanged': 1}]
    """
    start = time.perf_counter()
    chosen = choose(project, select, exclude)
    check_writable(raw(con), made.database(con, project.schema))
    check_names(con, project)
    made.check_free(made.relations(con, project.schema), project.schema, chosen)
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {project.schema}")
    # A test of what this build did not make would compare it with tables of another day.
    data_tests = select_tests(project, select, exclude, buildable=True) if tests else []
    units = select_unit_tests(project, select, exclude) if tests else []
    with files_beside(con, project.path), stoppable(raw(con)):
        run = _Build(con, project, full_refresh, train, on_event or (lambda event: None), now)
        for step in plan(project, chosen, data_tests, tests, units):
            run.take(step)
    return run.report(chosen, start)


def run_tests(
    con: Any,
    project: Project,
    select: str | Iterable[str] | None = None,
    *,
    exclude: str | Iterable[str] | None = None,
    on_event: OnEvent | None = None,
    now: datetime | None = None,
) -> Report:
    """Run the data tests and unit tests of what is there, look at its sources; make nothing.

    Args:
        con: a DuckDB connection or a Session.
        project: from :func:`retailsql.runner.project.load_project`.
        select: the tests of these nodes; None for all.
        exclude: what to leave out of that.
        on_event: called at the start and the end of every test.
        now: the time that the age of sources is told from; None for the clock's.
    """
    start = time.perf_counter()
    chosen, data_tests = choose(project, select, exclude), select_tests(project, select, exclude)
    units = select_unit_tests(project, select, exclude)
    check_names(con, project)
    with files_beside(con, project.path), stoppable(raw(con)):
        run = _Build(con, project, True, None, on_event or (lambda event: None), now)
        for step in plan(project, chosen, data_tests, unit_tests=units):
            if step.node is None:
                run.take(replace(step, reads=()))
    return run.report(chosen, start)


class _Build:
    """One build on its way: what was done, and what may not be done any more."""

    def __init__(
        self, con: Any, project: Project, full_refresh: bool, train: Train | None, tell: OnEvent,
        now: datetime | None,
    ) -> None:  # fmt: skip
        self._con, self._project, self._train, self._tell = con, project, train, tell
        self._full_refresh, self._now = full_refresh, now
        self._theirs = in_transaction(raw(con))
        self._state = State(con, project)
        self._passed = Passed(raw(con), project.schema)
        self._stopped: dict[object, str] = {}
        """Nodes and sources that nothing may be made of, and why."""
        self._results: list[NodeResult] = []

    def take(self, step: Step) -> None:
        """Do one step, or say why it is not done."""
        kind = step.kind
        reason = next((self._stopped[k] for k in step.reads if k in self._stopped), None)
        if reason is not None:
            self._skip(step, reason)
            return
        if step.node is not None and step.node.kind == "model" and self._train is None:
            self._untrained(step)
            return
        if step.test is not None and (missing := self._not_made(step)):
            self._add(NodeResult(step.name, kind, "skipped", reason=f"{missing} has not been made"))
            return
        self._tell(NodeResult(step.name, kind, "start"))
        start = time.perf_counter()
        try:
            result = self._do(step, start)
        except RuntimeError as error:
            if stopped(error):
                raise KeyboardInterrupt from error
            raise
        except ProjectError as error:
            if self._theirs:
                raise
            took = time.perf_counter() - start
            result = NodeResult(step.name, kind, "failed", took, error=error)
        if result.status == "failed":
            for key in step.stops:
                self._stopped.setdefault(key, f"{step.name} failed")
        self._add(result)

    def _do(self, step: Step, start: float) -> NodeResult:
        if step.source is not None:  # never unchanged: it gets older by itself
            con = connection_for(self._con, step.source.relation)
            return judged_source(check_freshness(con, step.source, self._now))
        return self._node(step.node, start) if step.node else self._test(step, start)

    def _node(self, node: Node, start: float) -> NodeResult:
        """Make a node unless it is there unchanged."""
        state = self._state
        now = state.of(node)
        same = not self._full_refresh and state.unchanged(node, now)
        if same and (node.kind != "model" or state.told(node)):  # its description: a note, too
            if not state.told(node):  # a new description is no reason to make the table again
                held = state.relations[node.name.lower()]
                words = made.comment(node, held.fingerprint)
                self._whole(node, partial(self._mark, node, held.kind, words))
                state.done(node, words, held.kind)
            return NodeResult(node.name, node.kind, "unchanged", time.perf_counter() - start)
        done, words = self._whole(node, partial(self._make, node, now))
        state.done(node, words, done.kind)
        if node.kind == "model" and not done.kind:
            self._stopped[node.name] = f"no version of {node.name} is deployed"
        same = node.kind == "model" and done.detail.get("status") == "unchanged"
        took = time.perf_counter() - start
        status: Status = "unchanged" if same else "ok"
        return NodeResult(node.name, node.kind, status, took, done.rows, done.detail)

    def _make(self, node: Node, now: str | None) -> tuple[Made, str]:
        """Make a node and say on it of what."""
        schema = self._project.schema
        held = made.relations(self._con, schema)  # again: another session may have been faster
        made.check_free(held, schema, [node])
        self._check_needs(node, held)
        before = held.get(node.name.lower())
        anew = node.options.get("full_refresh")  # what the file says comes before the command line
        if anew is None:  # scores are kept row by row, and so would one changed by hand be
            touched = node.kind == "score" and self._state.touched(before)
            anew = self._full_refresh or touched
        job = Job(self._con, self._project, node, before, bool(anew), self._train)
        done = MAKE[node.kind](job)
        words = ""
        if done.kind:
            words = self._state.words(node, now, done.kind)
            self._mark(node, done.kind, words)
        return done, words

    def _mark(self, node: Node, kind: str, words: str) -> None:
        made.mark(self._con, self._project.schema, node, kind, words)

    def _whole(self, node: Node, work: Callable[[], Any]) -> Any:
        return whole(self._con, node, work)

    def _not_made(self, step: Step) -> str | None:
        """A node that a test reads, and that neither this build nor one before it has made."""
        names = (n for n in step.reads if isinstance(n, str))
        return next((n for n in names if n.lower() not in self._state.relations), None)

    def _check_needs(self, node: Node, held: dict[str, made.Relation]) -> None:
        """What was not chosen must be there."""
        for name in node.needs:
            need = self._project.nodes[name]
            there = name.lower() in (self._state.versions if need.kind == "model" else held)
            if not there and not (need.kind == "model" and self._train is not None):
                raise ProjectError(
                    f"{node.refs.get(name, f'{node.file}:1')}: ref({name!r}) has not been made",
                    seen=f"there is no {made.relation(self._project.schema, name)}",
                    todo=f"make it too: --select +{node.name}",
                )

    def _untrained(self, step: Step) -> None:
        """Without a trainer what needs the model can still use the version that is deployed."""
        node = step.node
        assert node is not None
        reason = "no trainer was given"
        if node.name.lower() not in self._state.versions:
            self._stopped[node.name] = f"{node.name} is not trained"
        self._add(NodeResult(node.name, node.kind, "skipped", reason=reason))

    def _test(self, step: Step, start: float) -> NodeResult:
        """Run a data test or a unit test, unless it has passed on just that."""
        key, now = f"{step.kind} {step.name}", None
        if step.unit_test is not None:
            now = self._state.of_unit(step.unit_test)
        elif step.test is not None:
            now = self._state.of_test(step.test)
        if not self._full_refresh and self._passed.has(key, now):
            return NodeResult(step.name, step.kind, "unchanged", time.perf_counter() - start)
        result = judged(self._run_test(step))
        self._passed.note(key, now, result.status == "ok")
        again = self._passed.again(key, now, result.status == "warned") and not self._full_refresh
        return replace(result, detail={"again": True} if again else {})

    def _run_test(self, step: Step) -> TestResult:
        if step.unit_test is not None:
            con = connection_for(self._con, step.unit_test.sql)
            return run_unit_test(con, step.unit_test, self._project)
        assert step.test is not None
        return run_test(connection_for(self._con, step.test.sql), step.test)

    def _skip(self, step: Step, reason: str) -> None:
        for key in step.stops:
            self._stopped.setdefault(key, reason)
        self._add(NodeResult(step.name, step.kind, "skipped", reason=reason))

    def _add(self, result: NodeResult) -> None:
        self._tell(result)
        self._results.append(result)

    def report(self, chosen: Iterable[Node], start: float) -> Report:
        self._passed.write()
        stand = standings(raw(self._con), self._project.schema, chosen)
        return Report(tuple(self._results), time.perf_counter() - start, stand)
