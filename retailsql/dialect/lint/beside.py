"""RS201 where no table is known: a feature computed from the label in the very same SELECT."""

from __future__ import annotations

from sqlglot import exp

from retailsql.dialect.lint.training import Training

_CLOSED = (exp.AggFunc, exp.Window, exp.Query, exp.Subquery, exp.Filter)
"""What may leave out the row itself; only the lineage can tell."""


def computed_from_label(training: Training) -> list[tuple[str, exp.Expr]]:
    """Features of the outermost SELECT that name the label, or hold the expression it is.

    Args:
        training: with its tree; no names need to be known.

    Returns:
        Name and item of each.
    """
    tree = training.tree
    if not isinstance(tree, exp.Select) or len(training.labels) != 1:
        return []
    label = training.labels[0].lower()
    own = [item for item in tree.selects if item.alias_or_name.lower() == label]
    if len(own) > 1 or not (own or tree.is_star):
        return []
    answer = own[0].unalias() if own else exp.column(label)
    computed = not isinstance(answer, exp.Column | exp.Literal)
    found = []
    for item in tree.selects:
        name = item.alias_or_name.lower()
        if item in own or item.is_star or name in training.others or name == label:
            continue
        if _holds(item.unalias(), answer, label, computed):
            found.append((name, item))
    return found


def _holds(item: exp.Expr, answer: exp.Expr, label: str, computed: bool) -> bool:
    if isinstance(item, _CLOSED):
        return False
    if isinstance(item, exp.Column):
        if isinstance(answer, exp.Column) and item.name.lower() == answer.name.lower():
            return item.table.lower() == answer.table.lower()
        return item.name.lower() == label and not item.table
    whole = computed and answer.find(*_CLOSED) is None and answer.find(exp.Column)
    if whole and _text(item) == _text(answer):
        return True
    return any(_holds(part, answer, label, computed) for part in item.iter_expressions())


def _text(node: exp.Expr) -> str:
    return node.sql("duckdb", normalize=True, comments=False).lower()
