"""Order lines whose customer or time stands in another file: the two, joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from retailsql.starter.facts import Facts
from retailsql.starter.match import Match, score

if TYPE_CHECKING:
    from retailsql.starter.propose import Seen

_BROUGHT = ("customer_id", "ordered_at", "store_id", "status", "hour", "country")


def joined_relation(lines: Seen, seen: Sequence[Seen]) -> tuple[str, list[str]]:
    """The relation of the order lines with what only the orders, or the customers, have.

    Args:
        lines: the relation of the order lines.
        seen: all relations given.

    Returns:
        the relation, and in words what was joined (empty if nothing was).
    """
    heads = [s for s in seen if s.kind.kind == "orders" and s is not lines]
    if not heads or "order_id" not in lines.kind.found:
        return lines.relation, []
    head = max(heads, key=lambda s: len(s.kind.found))
    own, key = lines.kind.found["order_id"].facts, head.kind.found["order_id"].facts
    taken = {c.name.lower() for c in lines.columns}
    brought = [m.facts for w, m in head.kind.found.items() if w in _BROUGHT and _lacks(lines, m)]
    if not brought:
        return lines.relation, []
    columns = ["line.*", *(_as(f"head.{c.sql}", c, taken) for c in brought)]
    joins = [f"FROM {lines.relation} AS line",
             f"LEFT JOIN {head.relation} AS head ON head.{key.sql} = line.{own.sql}"]  # fmt: skip
    told = [f"lines and orders are joined on {own.name} = {key.name}"]
    person = _person(seen, head)
    if person is not None:
        table, link, better, of_head = person
        columns.append(_as(f"person.{better.sql}", better, taken))
        joins.append(f"LEFT JOIN {table} AS person ON person.{link.sql} = head.{of_head.sql}")
        told.append(f"customers are told by {better.name}, joined on {of_head.name} = {link.name}")
    return f"(SELECT {', '.join(columns)} {' '.join(joins)})", told


def _lacks(lines: Seen, match: Match) -> bool:
    """Whether the lines have nothing better for this word."""
    own = lines.kind.found.get(match.word)
    return own is None or own.score < match.score


def _as(column: str, facts: Facts, taken: set[str]) -> str:
    """The column under a name that the lines do not have."""
    if facts.name.lower() not in taken:
        taken.add(facts.name.lower())
        return column
    return f'{column} AS "order_{facts.name}"'


def _person(seen: Sequence[Seen], head: Seen) -> tuple[str, Facts, Facts, Facts] | None:
    """A file of customers that has a second number for a person, one that comes back.

    Returns:
        relation, its key, the number that comes back, the orders' column for the key.
    """
    of_head = head.kind.found.get("customer_id")
    if of_head is None or of_head.facts.variety < 0.98:
        return None
    for s in seen:
        link = s.kind.found.get("customer_id")
        if s.kind.kind != "customers" or link is None:
            continue
        for c in s.columns:
            if c.name != link.facts.name and score(c, "customer_id", "order_lines") >= 0.7:
                return s.relation, link.facts, c, of_head.facts
    return None
