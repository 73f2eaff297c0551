"""A score file: rows to score from its SELECT, scores from its config, and what the run adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from retailsql.errors import ProjectError
from retailsql.runner.lineage.names import Scope, Source
from retailsql.runner.lineage.origin import (
    Found,
    Key,
    Lost,
    ModelCall,
    Origin,
    Out,
    Ref,
    Relation,
    Step,
)
from retailsql.runner.lineage.spans import Text
from retailsql.runner.node import Node, Place, Project

if TYPE_CHECKING:
    from retailsql.runner.lineage.query import Work


def score_table(node: Node, rows: Relation, work: Work, project: Project) -> Relation:
    """The columns of the table that a score file makes.

    Args:
        node: the score file.
        rows: the columns of its SELECT.
        work: see there.
        project: for the model behind it.

    Raises:
        ProjectError: ``scores`` is no mapping, or an expression in it cannot be read.
    """
    scope = Scope([Source(("r",), rows)])
    place = node.lines[0] if node.lines else Place(node.file)
    columns = [Out(name, _kept(name, rows, work, place)) for name in _names(node)]
    scores = node.options.get("scores") or {}
    if not isinstance(scores, Mapping):
        raise ProjectError(
            f"{node.file}: config(scores=...) is no mapping of columns to expressions",
            seen=repr(scores)[:80], wanted="scores={'churn_score': fn('churn', 'score') ~ '(r)'}",
        )  # fmt: skip
    for name, text in scores.items():
        lines = [place] * (str(text).count("\n") + 1)
        inner = replace(work, text=Text(str(text), lines, node.file))
        columns.append(Out(name, _score(name, str(text), scope, inner, place)))
    whole = rows.row
    version = Found(
        frozenset(Ref(Key(m, True), "version") for m in _models(columns, node, project))
    )
    made = [
        ("model_version", version, "the version deployed"),
        ("scored_at", Found(), "the time of the run"),
        ("row_hash", Found(whole.value, whole.filters), "hash of the row and of the scores' text"),
    ]
    for name, found, words in made:
        step = Step(name, words, place)
        columns.append(Out(name, Found(found.value, found.filters, (step,))))
    return Relation(tuple(columns), rows.filters)


def _score(name: str, text: str, scope: Scope, work: Work, place: Place) -> Found:
    """What a score is made of, its expression in the config as the nearest step."""
    found = work.origins(_expression(text, work.text.file, name), scope)
    step = Step(name, " ".join(text.split()), place)
    return Found(found.value, found.filters, (step, *found.steps))


def _names(node: Node) -> Iterable[str]:
    """The key columns, then those that are kept."""
    found: list[str] = []
    for option in ("unique_key", "keep"):
        value = node.options.get(option) or []
        found += [value] if isinstance(value, str) else [str(v) for v in value]
    return dict.fromkeys(found)


def _kept(name: str, rows: Relation, work: Work, place: Place) -> Found:
    found = rows.get(name)
    if found is not None:
        return found
    return Found(frozenset([Lost(f"the SELECT has no column {name!r}", place)]))


def _expression(text: str, file: str, name: str) -> exp.Expr:
    try:
        return parse_one(text, read="duckdb")
    except (SqlglotError, RecursionError) as error:
        raise ProjectError(
            f"{file}: the expression of score {name!r} cannot be read",
            seen=text, todo="write SQL over the row r: fn('churn', 'score') ~ '(r)'",
        ) from error  # fmt: skip


def _models(columns: Iterable[Out], node: Node, project: Project) -> list[str]:
    """The models behind the scores: those called, or those that the file refers to."""
    called: list[str] = []
    todo: list[Origin] = [o for c in columns for o in c.found.value]
    while todo:
        origin = todo.pop()
        if isinstance(origin, ModelCall):
            called.append(origin.model)
            todo += origin.inputs
    needed = [n for n in node.needs if n in project.nodes and project.nodes[n].kind == "model"]
    return sorted(set(called)) or needed
