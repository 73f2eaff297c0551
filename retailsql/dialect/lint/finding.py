"""What a check found: a code, a place, one sentence and a fix."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["error", "warning"]
FORMATS = ("text", "json", "github")


@dataclass(frozen=True)
class Finding:
    """One finding.

    Args:
        code: of the rule, a key of ``rules.RULES``.
        severity: error or warning.
        file: as given by the caller; empty where there is none.
        line: from 1.
        column: from 1, in characters.
        sentence: what is wrong.
        fix: what to do about it.
        rewritten: the statement mended, where a rule can do so; it returns the same rows.

    >>> print(Finding("RS301", "warning", "q.sql", 3, 8, "By position.", "Name them.").text)
    q.sql:3:8: warning RS301: By position. Fix: Name them.
    """

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    sentence: str
    fix: str
    rewritten: str | None = None

    @property
    def text(self) -> str:
        """The finding on one line, the rewritten statement below it."""
        place = f"{self.file or '<sql>'}:{self.line}:{self.column}"
        line = f"{place}: {self.severity} {self.code}: {self.sentence} Fix: {self.fix}"
        return line if self.rewritten is None else f"{line}\n{_indented(self.rewritten)}"

    @property
    def github(self) -> str:
        """The finding as a workflow command of GitHub Actions, which annotates the line.

        Escapes as https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts does.
        """
        message = f"{self.sentence} Fix: {self.fix}"
        if self.rewritten is not None:
            message += f"\n{self.rewritten}"
        place = f"line={self.line},col={self.column},title={self.code}"
        if self.file:
            place = f"file={_property(self.file)},{place}"
        return f"::{self.severity} {place}::{_data(message)}"


def to_json(findings: Sequence[Finding]) -> str:
    """The findings as a JSON array of objects with the fields of :class:`Finding`."""
    return json.dumps([asdict(f) for f in findings], indent=2)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
