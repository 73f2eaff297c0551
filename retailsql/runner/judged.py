"""What came of a test, as the results of a build tell it."""

from __future__ import annotations

from retailsql.errors import ProjectError
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
