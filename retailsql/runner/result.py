"""What became of a file or a test, and of a whole build."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from retailsql.errors import ProjectError
from retailsql.runner.check.result import TestResult
from retailsql.runner.standing import Standing

Status = Literal["start", "ok", "unchanged", "warned", "failed", "skipped"]
TESTS = frozenset({"test", "unit test", "source"})
"""Kinds of results that are no files but checks of them."""


@dataclass(frozen=True)
class NodeResult:
    """What became of one file, or of one test.

    Args:
        name: of the node, or of the test.
        kind: table, view, incremental, seed, model, score; ``test`` or ``unit test``; ``source``:
            a look at how fresh a source is.
        status: ``start`` (only seen by the callback); ``ok``; ``unchanged``: it is there already,
            of the same SQL and the same input; ``warned``: a test found rows, and its severity is
            warn, or a source is older than ``warn_after``; ``failed``; ``skipped``: something it
            needs has failed, or no ``train`` was given.
        seconds: how long it took.
        rows: rows of a table or a source; rows a test found wrong; None for others.
        detail: what training returned; ``age`` in seconds of the newest row of a source;
            ``again``: this test has warned of just the same before.
        error: why it failed; its message names file and line.
        reason: why it was skipped, what a test found; empty for others.
        test: what came of the test, with examples; None for files.
    """

    name: str
    kind: str
    status: Status
    seconds: float = 0.0
    rows: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    error: ProjectError | None = None
    reason: str = ""
    test: TestResult | None = None


@dataclass(frozen=True)
class Report:
    """All results of a build, in the order in which they came.

    Args:
        results: files and tests.
        seconds: from the start to the end.
        models: how the trained models among them stand.

    >>> report = Report((NodeResult("a", "view", "ok"), NodeResult("b", "table", "failed")), 1.0)
    >>> report.exit_status, report.counts, [r.name for r in report.failed]
    (1, {'ok': 1, 'failed': 1}, ['b'])
    """

    results: tuple[NodeResult, ...]
    seconds: float
    models: tuple[Standing, ...] = ()

    def __iter__(self) -> Iterator[NodeResult]:
        return iter(self.results)

    @property
    def files(self) -> list[NodeResult]:
        """Without the tests."""
        return [r for r in self.results if r.kind not in TESTS]

    @property
    def tests(self) -> list[NodeResult]:
        """Data tests, unit tests, and looks at sources."""
        return [r for r in self.results if r.kind in TESTS]

    @property
    def failed(self) -> list[NodeResult]:
        """What failed itself, not what was skipped for it."""
        return [r for r in self.results if r.status == "failed"]

    @property
    def counts(self) -> dict[str, int]:
        """Results by status."""
        return dict(Counter(r.status for r in self.results))

    @property
    def exit_status(self) -> int:
        """0 if nothing failed, else 1; a warning is no failure."""
        return 1 if self.failed else 0
