"""Proposes what the columns of a shop's own files mean in the retail vocabulary, and says what is
not sure.

    files, tables ─▶ sample ─▶ facts ─▶ kinds ─▶ join ─▶ lines, people_and_goods ─▶ verify
                                names ──▶ match

Nothing is guessed silently: what a name alone, or values alone, suggest is marked, with the reason
and the second-best column. The same data gives the same proposal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from retailsql.errors import ProjectError
from retailsql.starter.choose import share
from retailsql.starter.facts import Facts, columns_of
from retailsql.starter.join import joined_relation
from retailsql.starter.kinds import Kind, kind_of
from retailsql.starter.lines import Lines, choose_lines
from retailsql.starter.people_and_goods import (
    customers_of_lines,
    own_table,
    products_of_lines,
)
from retailsql.starter.proposal import Proposal, TableChoice
from retailsql.starter.sample import TABLE, sampled
from retailsql.starter.unused import unused_columns
from retailsql.starter.verify import proved_keys, verified
from retailsql.starter.vocabulary import NEED_CUSTOMERS, VOCABULARY


@dataclass(frozen=True)
class Seen:
    """A relation and what it was taken for."""

    relation: str
    rows: int
    columns: tuple[Facts, ...]
    kind: Kind


def propose(con: Any, relation: str | Sequence[str]) -> Proposal:
    """Propose a mapping of a relation, or of several that belong together.

    Args:
        con: a DuckDB connection or a Session; only temp tables are made in it.
        relation: what stands after FROM: ``'sales.parquet'`` with its quotes, ``raw.sales``, ...
            Of several one must hold order lines; orders, customers and products are joined to it
            or stand for tables of their own.

    Raises:
        ProjectError: a relation cannot be read or has no rows, or none holds order lines.

    >>> import duckdb
    >>> con = duckdb.connect()
    >>> _ = con.execute('''CREATE TABLE sales AS SELECT 'R' || i // 3 AS "Receipt No", 'P' || i % 7
    ...   AS SKU, TIMESTAMP '2024-01-01' + to_hours(i // 3) AS sold_at, 1 + i % 4 AS qty,
    ...   2.5 + i % 7 AS unit_price FROM range(300) AS r(i)''')
    >>> [(c.word, c.sql) for c in propose(con, "sales")["order_lines"].choices if not c.missing][:2]
    [('order_id', '"Receipt No"'), ('product_id', 'SKU')]
    """
    relations = [relation] if isinstance(relation, str) else list(relation)
    seen = [_look(con, r) for r in relations]
    lines = _lines_of(seen)
    relation, joins = joined_relation(lines, seen)
    if joins:
        lines = _look(con, relation)
    tables, copies = _tables(con, lines, seen)
    checked, uncovered = proved_keys(con, tables)
    notes = [*joins, *copies, *uncovered, *_unused(seen, checked, lines)]
    if checked[0]["customer_id"].missing:
        notes.append(
            "without customers churn and fct_purchases fail, and what is made of them: leave them"
            f" out with --exclude {NEED_CUSTOMERS}"
        )
    notes += unused_columns([(s.relation, s.columns) for s in seen], checked)
    return Proposal(
        checked, tuple(_missing(checked)), tuple(notes), {s.relation: s.rows for s in seen}
    )


def _look(con: Any, relation: str) -> Seen:
    with sampled(con, relation) as sample:
        columns = columns_of(con, sample)
        return Seen(relation, sample.rows, tuple(columns), kind_of(columns))


def _lines_of(seen: Sequence[Seen]) -> Seen:
    """The relation that holds order lines.

    Raises:
        ProjectError: none does; the message says what was found in each.
    """
    candidates = [s for s in seen if s.kind.kind == "order_lines"]
    if not candidates:
        candidates = [s for s in seen if s.kind.kind == "orders"]
    if candidates:
        return max(candidates, key=lambda s: sum(m.score for m in s.kind.found.values()))
    told = "; ".join(f"{s.relation}: {s.kind.kind}, {s.kind.why}" for s in seen)
    raise ProjectError(
        "No order lines were found", seen=told,
        wanted="a file with one row per product bought: product, time, quantity, price, customer",
        todo="give the file that holds them, or write the mapping by hand (dbt_project.yml, vars)",
    )  # fmt: skip


def _tables(con: Any, lines: Seen, seen: Sequence[Seen]) -> tuple[list[TableChoice], list[str]]:
    """The three tables of the vocabulary, and a note on rows that come twice."""
    with sampled(con, lines.relation):
        found = lines.kind.found
        chosen: Lines = choose_lines(con, found)
        order_lines = TableChoice(
            "order_lines", lines.relation, tuple(chosen.choices.values()),
            " AND ".join(f"{test}" for test, _ in chosen.where),
            "; ".join(why for _, why in chosen.where), chosen.sure_where, lines.kind.why,
        )  # fmt: skip
        order_lines = verified(con, order_lines)
        chosen = replace(chosen, choices={c.word: c for c in order_lines.choices})
        customers = customers_of_lines(con, lines.relation, found, chosen)
        products = products_of_lines(con, lines.relation, found, chosen)
        copies = _copies(con, lines)
    for kind in ("customers", "products"):
        own = _own(con, kind, seen)
        if own is not None:
            customers, products = (own, products) if kind == "customers" else (customers, own)
    return [order_lines, customers, products], copies


def _own(con: Any, kind: str, seen: Sequence[Seen]) -> TableChoice | None:
    """Customers or products of a file of their own; None if none says anything of them."""
    key = VOCABULARY[kind][0]
    own = [s for s in seen if s.kind.kind == kind and set(s.kind.found) - {key}]
    if not own:
        return None
    best = max(own, key=lambda s: sum(m.score for m in s.kind.found.values()))
    with sampled(con, best.relation):
        found, why = best.kind.found, best.kind.why
        table = own_table(con, kind, best.relation, found, VOCABULARY[kind], why)
    return verified(con, table)


def _copies(con: Any, lines: Seen) -> list[str]:
    """In words, that rows come twice, column for column, where no line number tells them apart."""
    if "line_no" in lines.kind.found:
        return []
    query = f"SELECT 1 - (SELECT count(*) FROM (SELECT DISTINCT * EXCLUDE (row) FROM {TABLE}))"
    copies = con.execute(f"{query} / (SELECT count(*) FROM {TABLE})").fetchone()[0]
    if copies < 0.0005:
        return []
    return [
        f"{share(copies)} of the rows are exact copies of another and all are kept; if they are"
        f" mistakes, write from: (SELECT DISTINCT * FROM {lines.relation})"
    ]


def _missing(tables: Sequence[TableChoice]) -> list[str]:
    """What they do not have and what that means, each once."""
    told = []
    for table in tables:
        for choice in table.choices:
            if choice.missing and choice.why and choice.why not in told:
                told.append(choice.why)
    return told


def _unused(seen: Sequence[Seen], tables: Sequence[TableChoice], lines: Seen) -> list[str]:
    """Relations that stand nowhere in the mapping."""
    used = {t.relation for t in tables}
    return [
        f"{s.relation} is not used: taken for {s.kind.kind}, {s.kind.why}"
        for s in seen if s.relation not in used and s.relation not in lines.relation
    ]  # fmt: skip
