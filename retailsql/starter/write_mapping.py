"""Puts a mapping into the text of ``dbt_project.yml``: blocks of ``vars`` are replaced, every other
line, comments above all, stays as it is.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping

import yaml

from retailsql.errors import ProjectError
from retailsql.starter.proposal import Choice, Proposal, TableChoice
from retailsql.starter.vocabulary import VOCABULARY

CHECK = "CHECK"
"""Stands in the comment of every line that a person should look at."""
_WIDTH = 100


def write_mapping(text: str, proposal: Proposal) -> str:
    """The text of ``dbt_project.yml`` with the proposal's mapping in ``vars``.

    Args:
        text: of a ``dbt_project.yml``.
        proposal: to write; what is not sure is marked with :data:`CHECK` and the reason.

    Raises:
        ProjectError: the result would not say what the proposal says (the file has a shape that
            cannot be edited as text).
    """
    lines = text.splitlines()
    for table in VOCABULARY:
        lines = _replaced(lines, table, table_block(proposal[table]))
    if proposal.missing or proposal.notes:
        lines = _before(lines, f"  {next(iter(VOCABULARY))}:", _told(proposal))
    done = "\n".join(lines) + "\n"
    read = (yaml.safe_load(done) or {}).get("vars") or {}
    if any(read.get(table) != given for table, given in proposal.mapping().items()):
        raise ProjectError(
            "The mapping cannot be written into dbt_project.yml", seen="vars in an unknown shape",
            todo="write it by hand under vars: order_lines, customers, products",
        )  # fmt: skip
    return done


def rename_project(text: str, name: str) -> str:
    r"""The text of ``dbt_project.yml`` with another project name, wherever the old one stands.

    >>> rename_project("name: old # a shop\nprofile: old\n", "mine")
    'name: mine # a shop\nprofile: mine\n'
    """
    old = str(yaml.safe_load(text)["name"])
    return re.sub(rf"(?<![\w-]){re.escape(old)}(?![\w-])", name, text)


def table_block(table: TableChoice) -> list[str]:
    """One table of the mapping as lines of YAML, from its comment on, not indented."""
    head = _comment(f"{table.table}: {table.why}") if table.why else []
    lines = [*head, f"{table.table}:", f"  from: {scalar(table.relation)}"]
    if table.where:
        if table.why_where:
            mark = "" if table.sure_where else f"{CHECK}: "
            lines += [f"  {line}" for line in _comment(f"{mark}{table.why_where}")]
        lines.append(f"  where: {scalar(table.where)}")
    lines.append("  columns:")
    pad = max(len(c.word) for c in table.choices) + 2
    for choice in table.choices:
        lines += [f"    {line}" for line in _column(choice, pad)]
    return lines


def _column(choice: Choice, pad: int) -> list[str]:
    """A column's line, its comment behind it or, if that is long, above it."""
    line = f"{choice.word}:".ljust(pad) + ("NULL" if choice.left_out else scalar(choice.sql))
    told = remark(choice)
    if not told:
        return [line]
    if len(line.ljust(29)) + len(told) + 8 <= _WIDTH:
        return [f"{line.ljust(29)}  # {told}"]
    return [*_comment(told, _WIDTH - 8), line]


def remark(choice: Choice) -> str:
    """What is to be said of a choice, marked if a person should look at it."""
    other = f"; second best: {choice.other}" if choice.other and not choice.sure else ""
    return f"{'' if choice.sure else CHECK + ': '}{choice.why}{other}" if choice.why else ""


def scalar(value: str) -> str:
    r"""A text as YAML: plain where YAML reads it back as it is, else in double quotes.

    >>> scalar("InvoiceNo"), scalar("NULL"), scalar("strptime(d, '%d.%m.%Y')")
    ('InvoiceNo', '"NULL"', '"strptime(d, \'%d.%m.%Y\')"')
    """
    if re.fullmatch(r"[A-Za-z_][\w.]*", value) and yaml.safe_load(value) == value:
        return value
    if '"' in value and not re.search(r"['\n]", value):
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)


def _comment(text: str, width: int = _WIDTH - 4) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, width - 2, break_long_words=False)]


def _told(proposal: Proposal) -> list[str]:
    """What is missing, and notes, as a comment above the mapping."""
    lines = ["  # What your data has not:"] if proposal.missing else []
    for words in proposal.missing:
        lines += [f"  {line}" for line in _comment(f"- {words}")]
    for words in proposal.notes:
        lines += [f"  {line}" for line in _comment(f"Note: {words}")]
    return lines


def _replaced(lines: list[str], table: str, new: list[str]) -> list[str]:
    """The lines with the block of one table in ``vars`` replaced, or added if there is none.

    A column's comment stays where there is nothing of its own to say of it.
    """
    block = [f"  {line}" for line in new]
    start = next((i for i, line in enumerate(lines) if line.rstrip() == f"  {table}:"), None)
    if start is None:
        at = next((i for i, line in enumerate(lines) if line.split("#")[0].rstrip() == "vars:"), -1)
        if at < 0:
            return [*lines, "", "vars:", *block]
        return [*lines[: at + 1], *block, "", *lines[at + 1 :]]
    end = start + 1
    while end < len(lines) and not re.match(r" {0,2}\S", lines[end]):
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    kept = {m[1]: m[2] for m in map(_COMMENTED.match, lines[start:end]) if m}
    return [*lines[:start], *(_with_comment(line, kept) for line in block), *lines[end:]]


_COMMENTED = re.compile(r" {6}(\w+): .*?\s(# .*)$")


def _with_comment(line: str, kept: Mapping[str, str]) -> str:
    """A column's line with the comment that it had, if it has none and there is room."""
    column = re.match(r" {6}(\w+):", line)
    if column is None or "  # " in line or column[1] not in kept:
        return line
    longer = f"{line.ljust(35)} {kept[column[1]]}"
    return longer if len(longer) <= _WIDTH + 10 else line


def _before(lines: list[str], mark: str, block: list[str]) -> list[str]:
    """The lines with a block before the comment that leads to the line ``mark``."""
    at = lines.index(mark)
    while lines[at - 1].lstrip().startswith("#"):
        at -= 1
    return [*lines[:at], *block, *lines[at:]]
