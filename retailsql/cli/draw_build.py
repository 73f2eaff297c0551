"""Draws a build while it runs: one line per file, tests counted, what is wrong in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from retailsql.runner.check.freshness import spell
from retailsql.runner.result import TESTS, NodeResult, Report
from retailsql.runner.standing import Standing

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
        everything: also the tests that pass or are skipped, what is unchanged, and warnings that
            the end tells in short: those of an earlier build, and of models below a trivial rule.
    """

    def __init__(self, out: Console, everything: bool = False) -> None:
        self._out, self._all = out, everything
        self._told: set[tuple[str, str]] = set()

    def __call__(self, result: NodeResult) -> None:
        """Print one result; the start of a file prints nothing."""
        if result.status == "start" or (_quiet(result) and not self._all):
            return
        word, colour = MARKS[result.status]
        word = "pass" if result.kind in TESTS and result.status == "ok" else word
        line = Text.assemble((f"{word:5}", colour), f"{result.kind:12}", (result.name, "bold"))
        line.append(_behind(result), "dim")
        self._out.print(line, soft_wrap=True)
        for words in self._once(result):
            self._out.print(Text(f"      {words}"), soft_wrap=True)
        if result.test is not None and len(result.test.rows) > 1:  # one row is in the words
            self._out.print(_examples(result))

    def _once(self, result: NodeResult) -> list[str]:
        """What is wrong; what is wrong with a node's SQL is not said for each of its unit tests."""
        words, test = _wrong(result), result.test
        if test is None or test.kind != "unit" or test.status != "error":
            return words
        cause = test.of, test.message.partition(" Seen: ")[2]
        if cause in self._told and not self._all:
            return ["for the same reason"]
        self._told.add(cause)
        return words


def _quiet(result: NodeResult) -> bool:
    """Whether it is only counted, or told at the end."""
    if result.kind not in TESTS:
        return result.status == "unchanged"
    if result.status == "warned":
        below = result.test is not None and result.test.kind == "beats_baseline"
        return below or bool(result.detail.get("again"))
    return result.status in ("ok", "skipped", "unchanged")


def about_models(models: Sequence[Standing]) -> list[str]:
    """Which models are no better than a trivial rule, and which have a version that waits.

    >>> about_models([Standing("price", 1, False, waiting=3)])[0]
    '1 model does not beat a trivial rule: price (retailsql models FILE shows the figures)'
    """
    below = [m.model for m in models if m.beats_baseline is False]
    said = []
    if below:
        count = "1 model does" if len(below) == 1 else f"{len(below)} models do"
        said.append(
            f"{count} not beat a trivial rule: {', '.join(below)} "
            "(retailsql models FILE shows the figures)"
        )
    # No figures: each version has its own held-out rows, and was compared on others when it came.
    return said + [
        f"{m.model}: version {m.waiting} waits, version {m.version} is used; the other way with "
        f"ALTER MODEL {m.model} SET OPTIONS(deployed_version = {m.waiting})"
        for m in models
        if m.waiting is not None
    ]


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
    if "scored" in d:
        said.append(f"{d['scored']:,} scored")
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
