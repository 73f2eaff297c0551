"""What came of a test, or a look at a source, as the results of a build tell it."""

from __future__ import annotations

from retailsql.errors import ProjectError
from retailsql.runner.check.freshness import FreshnessResult
from retailsql.runner.check.result import TestResult
from retailsql.runner.result import NodeResult, Status

_STATUS: dict[str, Status] = {
    "pass": "ok", "warn": "warned", "fail": "failed", "error": "failed",
}  # fmt: skip


def judged(result: TestResult) -> NodeResult:
    """A test's result as a result of the build.

    >>> from retailsql.runner.node import Place
    >>> judged(TestResult("t", "unique", "a", Place("a.yml"), "fail", 2, message="two")).status
    'failed'
    """
    status = _STATUS[result.status]
    return NodeResult(
        result.name,
        "unit test" if result.kind == "unit" else "test",
        status,
        result.seconds,
        result.failures,
        error=ProjectError(result.message.rstrip(".")) if status == "failed" else None,
        reason=result.message,
        test=result,
    )


def judged_source(result: FreshnessResult) -> NodeResult:
    """A look at a source as a result of the build.

    >>> from retailsql.runner.node import Place
    >>> place = Place("models/_sources.yml", 4)
    >>> judged_source(FreshnessResult("raw", "orders", place, "error", message="no rows")).status
    'failed'
    """
    status = _STATUS[result.status]
    return NodeResult(
        f"{result.source}.{result.table}",
        "source",
        status,
        result.seconds,
        result.rows,
        {} if result.age is None else {"age": result.age},
        ProjectError(result.message.rstrip(".")) if status == "failed" else None,
        result.message,
    )
