"""Draws a build while it runs: one line per file, tests counted, what is wrong in full."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from retailsql.runner.check.freshness import spell
from retailsql.runner.result import TESTS, NodeResult, Report

MARKS = {
    "ok": ("made", "green"),
    "unchanged": ("same", "dim"),
    "warned": ("warn", "yellow"),
    "failed": ("FAIL", "bold red"),
    "skipped": ("skip", "yellow"),
}
"""Status -> the word shown, and its colour. Of a test ``ok`` is shown as ``pass``."""


class BuildLines:
    """Prints results as they come.

    Args:
        out: where.
        everything: also the tests that pass or are skipped, and what is unchanged.
    """

    def __init__(self, out: Console, everything: bool = False) -> None:
        self._out, self._all = out, everything

    def __call__(self, result: NodeResult) -> None:
        """Print one result; the start of a file prints nothing."""
        of_tests = ("ok", "skipped", "unchanged")
        quiet = result.status in (of_tests if result.kind in TESTS else ("unchanged",))
        if result.status == "start" or (quiet and not self._all):
            return
        word, colour = MARKS[result.status]
        word = "pass" if result.kind in TESTS and result.status == "ok" else word
        line = Text.assemble((f"{word:5}", colour), f"{result.kind:12}", (result.name, "bold"))
        line.append(_behind(result), "dim")
        self._out.print(line, soft_wrap=True)
        for words in _wrong(result):
            self._out.print(Text(f"      {words}"), soft_wrap=True)
        if result.test is not None and len(result.test.rows) > 1:  # one row is in the words
            self._out.print(_examples(result))


def summary(report: Report) -> Text:
    """The last line: what became of files and of tests, and how long it took.

    >>> str(summary(Report((NodeResult("a", "view", "ok"),), 1.25)))
    'files: 1 made; tests: none; 1.2 s'
    """
    files = Counter[str](r.status for r in report.files)
    tests = Counter[str](r.status for r in report.tests)
    said = [f"files: {_counted(files, 'made')}", f"tests: {_counted(tests, 'passed')}"]
    return Text("; ".join([*said, f"{report.seconds:.1f} s"]), "red" if report.failed else "")


def _counted(counts: Counter[str], ok: str) -> str:
    words = {"ok": ok, "unchanged": "unchanged", "warned": "warned", "failed": "failed",
             "skipped": "skipped"}  # fmt: skip
    return ", ".join(f"{counts[s]} {w}" for s, w in words.items() if counts[s]) or "none"


def _behind(result: NodeResult) -> str:
    """Rows, the model's metric beside its rule's, and the time."""
    said = [] if result.rows is None or result.kind in TESTS else [f"{result.rows:,} rows"]
    d = result.detail
    if d.get("metric"):
        rule = f" ({d['baseline']} {d['baseline_value']:.4g})" if d.get("baseline") else ""
        said.append(f"version {d.get('version')}, {d['metric']} {d['value']:.4g}{rule}")
    if result.status == "ok" and d.get("age", -1) >= 0:  # an old one is told below, in full
        said.append(f"its newest row is {spell(d['age'])} old")
    if result.status in ("ok", "failed") and result.kind not in TESTS:
        said.append(f"{result.seconds:.2f} s")
    return "  " + ", ".join(said) if said else ""


def _wrong(result: NodeResult) -> list[str]:
    """Why it failed, was skipped or is to be looked at."""
    words = str(result.error) if result.error else result.reason
    warning = result.detail.get("warning")
    return [*words.splitlines(), *([f"warning: {warning}"] if warning else [])]


def _examples(result: NodeResult) -> Table:
    """A few of the rows that a test found."""
    assert result.test is not None
    table = Table(*(escape(column) for column in result.test.columns), padding=(0, 1))
    for row in result.test.rows[:5]:
        table.add_row(*(Text("NULL" if v is None else str(v)) for v in row))
    return table
