"""RS4xx: training rows that differ from run to run, and splits that flatter.

What is looked at is the text of the training query itself; a table that was made at random before
is beyond it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from retailsql.dialect.lint.scratch import Columns
from retailsql.dialect.lint.statement import Statement
from retailsql.errors import nearest

_RANDOM_SPLITS = ("AUTO_SPLIT", "RANDOM", "CROSS_VALIDATION")
_RANDOM_CALLS = {"GEN_RANDOM_UUID", "UUID", "RANDOM", "SETSEED", "UUIDV4", "UUIDV7"}


@dataclass
class Training:
    """A CREATE MODEL, as the rules see it.

    Args:
        statement: the whole of it.
        options: by their names in lower case.
        offset: of the query in the statement.
        tree: of the query, or None where sqlglot cannot read it.
        columns: of the query's rows, or None where DuckDB cannot bind it.
        kind: classifier, regressor, ...; None if it is none that learns a label.
        labels: label columns.
        others: columns that are no features, in lower case.
    """

    statement: Statement
    options: Mapping[str, Any]
    offset: int
    tree: exp.Expr | None
    columns: Columns | None
    kind: str | None
    labels: list[str] = field(default_factory=list)
    others: set[str] = field(default_factory=set)

    def add(self, code: str, node: exp.Expr | None, sentence: str, fix: str) -> None:
        """Note a finding at a node of the tree."""
        self.statement.add_at(code, self.offset + position(node), sentence, fix)


def position(node: exp.Expr | None) -> int:
    """The smallest offset noted below a node, 0 if there is none."""
    if node is None:
        return 0
    starts = [n.meta["start"] for n in node.walk() if "start" in n.meta]
    return min(starts, default=0)


def check_training(training: Training) -> None:
    """All rules of this file."""
    _check_split(training)
    if training.tree is None:
        return
    _check_samples(training, training.tree)
    _check_limits(training, training.tree)
    _check_order(training, training.tree)


def _check_split(training: Training) -> None:
    """RS403, RS404."""
    if training.kind not in ("classifier", "regressor") or training.columns is None:
        return
    method = str(training.options.get("data_split_method", "AUTO_SPLIT")).upper()
    column = training.options.get("data_split_col")
    names = {c.lower(): c for c in training.columns}
    if method in ("SEQ", "CUSTOM") and column is None:
        training.add(
            "RS404", None, f"data_split_method = '{method}' needs a column to split by.",
            "Add OPTIONS(data_split_col = ...), a column of the training query.",
        )  # fmt: skip
    elif column is not None and str(column).lower() not in names:
        training.add(
            "RS404", None, f"The training query has no column {column!r} to split by.",
            f"Add it to the SELECT; the nearest is {nearest(str(column), training.columns)}.",
        )  # fmt: skip
    labels = {x.lower() for x in training.labels}
    times = [
        c for c, t in training.columns.items()
        if t.startswith(("DATE", "TIMESTAMP")) and c.lower() not in labels | training.others
    ]  # fmt: skip
    time = next((c for c in times if _is_axis(training, c)), None)
    if method in _RANDOM_SPLITS and time is not None:
        training.add(
            "RS403", _named(training, time),
            f"The rows follow a time, {time}, and are split at random: the model is judged on "
            "days whose neighbours it has learned.",
            f"OPTIONS(data_split_method = 'SEQ', data_split_col = '{time}') judges it on the "
            "newest rows.",
        )  # fmt: skip


def _is_axis(training: Training, column: str) -> bool:
    """True if the query groups or orders by a date: one row per day, or per customer and day. A
    date that is merely there, such as a customer's first day, is a feature like any other.
    """
    if training.tree is None:
        return False
    for clause in training.tree.find_all(exp.Group, exp.Order):
        if clause.args.get("all") and isinstance(clause.parent, exp.Select):
            item = next((i for i in clause.parent.selects if i.alias_or_name == column), None)
            if item is not None and item.find(exp.AggFunc) is None:
                return True
        names = {c.name.lower() for c in clause.find_all(exp.Column)}
        if column.lower() in names:
            return True
    return False


def _named(training: Training, column: str) -> exp.Expr | None:
    """The item of the outermost SELECT that bears a name."""
    tree = training.tree
    for item in tree.selects if isinstance(tree, exp.Query) else []:
        if item.alias_or_name.lower() == column.lower():
            return item
    return None


def _check_samples(training: Training, tree: exp.Expr) -> None:
    """RS401."""
    for sample in tree.find_all(exp.TableSample):
        if sample.args.get("seed") is None:
            owner = sample.parent.this if sample.parent is not None else sample
            training.add(
                "RS401", owner if isinstance(owner, exp.Expr) else sample,
                "The sample has no seed: every training sees other rows.",
                "Write a seed, USING SAMPLE 10% (bernoulli, 42) or REPEATABLE (42).",
            )  # fmt: skip
    for call in tree.find_all(exp.Rand, exp.Uuid, exp.Anonymous):
        if isinstance(call, exp.Anonymous) and call.name.upper() not in _RANDOM_CALLS:
            continue
        if isinstance(call.parent, exp.Window):
            continue
        training.add(
            "RS401", call, "The training query draws random numbers: every training sees others.",
            "Use a hash of a key instead, such as hash(customer_id) % 10 = 0.",
        )  # fmt: skip


def _check_limits(training: Training, tree: exp.Expr) -> None:
    """RS402."""
    for select in tree.find_all(exp.Select):
        if select.args.get("limit") and not select.args.get("order") and not _one_row(select):
            training.add(
                "RS402", select.args["limit"],
                "LIMIT without ORDER BY: which rows are trained on is left to chance.",
                "Add an ORDER BY with a unique key, or a sample with a seed.",
            )  # fmt: skip
    for window in tree.find_all(exp.Window):
        if isinstance(window.this, exp.RowNumber) and not window.args.get("order"):
            if window.args.get("alias") is not None:
                continue
            training.add(
                "RS402", window, "row_number() without ORDER BY numbers the rows in any order.",
                "Order it by a unique key: row_number() OVER (ORDER BY ...).",
            )  # fmt: skip


def _one_row(select: exp.Select) -> bool:
    return not select.args.get("group") and any(
        isinstance(item.unalias(), exp.AggFunc) for item in select.selects
    )


def _check_order(training: Training, tree: exp.Expr) -> None:
    """RS405: rows that no ORDER BY puts in order, out of something that has none."""
    if training.kind is None or not isinstance(tree, exp.Query) or tree.args.get("order"):
        return
    why = _unordered(tree)
    if why is not None:
        training.add(
            "RS405", tree, f"The training rows come from {why} and are not ordered: with several "
            "threads their order, and with it the split, differs from run to run.",
            "End the training query with ORDER BY and a unique key.",
        )  # fmt: skip


def _unordered(tree: exp.Expr) -> str | None:
    if isinstance(tree, exp.SetOperation):
        return "a set operation"
    if not isinstance(tree, exp.Select):
        return None
    if tree.args.get("group"):
        return "a GROUP BY"
    if tree.args.get("distinct"):
        return "a DISTINCT"
    if tree.args.get("joins"):
        return "a join"
    if next(tree.find_all(exp.Window), None) is not None:
        return "a window"
    return None
