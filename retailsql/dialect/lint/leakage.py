"""RS201: a feature that is the label, or is computed from all that the label is computed from.

Seen: copies under another name, arithmetic, casts and CASE over the label, windows whose frame
holds the row itself, an aggregate that the label is computed from; through WITH clauses,
subqueries, views, macros, and tables that the same text makes; and labels computed from columns
that stand among the features themselves.

Not seen: a second reading of the table joined by its key, tables made elsewhere, and columns
that only correlate with the label.
"""

from __future__ import annotations

from sqlglot import exp

from retailsql.dialect.lint.lineage import At, Atom, Origins, is_aggregate
from retailsql.dialect.lint.training import Training, position

_MADE_UP = ("RANGE", "GENERATE_SERIES", "UNNEST")


def check_leakage(training: Training, origins: Origins) -> None:
    """The rule, for the first label column."""
    outputs = origins.outputs
    labels = [name.lower() for name in training.labels]
    answers = [at for name in labels for at in outputs.get(name, [])]
    label = frozenset(a for at in answers for a in origins.atoms(at) if _counts(a, at, origins))
    if not label or len(answers) != len(labels):
        return
    bare: dict[Atom, str] = {}
    for name, items in outputs.items():
        if name in labels or name in training.others or len(items) != 1:
            continue
        atoms = origins.atoms(items[0])
        if label <= atoms or _same_rows(label, atoms, items[0], origins, answers[0]):
            tell_leak(training, name, item_of(training, name))
        elif len(atoms) == 1 and _is_bare(items[0]):
            bare[next(iter(atoms))] = name
    if len(label) > 1 and label <= set(bare):
        _tell_together(training, sorted(bare[a] for a in label))


def _counts(atom: Atom, at: At, origins: Origins) -> bool:
    """False for numbers out of nothing: rows of range() are no answer to give away."""
    if atom.kind != "column":
        return True
    scope = at.scope
    for alias in atom.path[len(at.path) :]:
        source = scope.sources.get(alias)
        if isinstance(source, exp.Table):
            return isinstance(source.this, exp.Identifier)
        if source is None:
            return True
        scope = source
    return True


def _is_bare(at: At) -> bool:
    return isinstance(at.expression, exp.Column)


def _same_rows(
    label: frozenset[Atom], atoms: frozenset[Atom], at: At, origins: Origins, answer: At
) -> bool:
    """True if both are plain aggregates of one column over the same rows: max(x) AS label, and
    sum(x) AS a feature.
    """
    if len(label) != 1 or len(atoms) != 1:
        return False
    one, other = next(iter(label)), next(iter(atoms))
    if one.kind != "aggregate" or other.kind != "aggregate" or one.path != other.path:
        return False
    mine, theirs = _aggregate(answer, origins), _aggregate(at, origins)
    if mine is None or theirs is None:
        return False
    return _plain_column(mine, origins) is not None and _plain_column(
        mine, origins
    ) == _plain_column(theirs, origins)


def _aggregate(at: At, origins: Origins) -> At | None:
    """The aggregate that an expression is at bottom."""
    for node in at.expression.walk():
        if is_aggregate(node):
            return At(node, at.scope, at.path)
        if isinstance(node, exp.Column):
            inner = list(origins.behind(node, at.scope, at.path))
            return _aggregate(inner[0], origins) if len(inner) == 1 else None
    return None


def _plain_column(at: At, origins: Origins) -> tuple[object, ...] | None:
    """Column of an aggregate such as sum(x), if it is no date: the first day says nothing of the
    last.
    """
    if not isinstance(at.expression, exp.AggFunc) or isinstance(at.expression, exp.Count):
        return None
    found = origins.base(At(at.expression.this, at.scope, at.path)) if at.expression.this else None
    if found is None:
        return None
    kind = {c.lower(): t for c, t in origins.tables.get(found[1], {}).items()}.get(found[2], "")
    return None if kind.startswith(("DATE", "TIMESTAMP")) else found


def tell_leak(training: Training, name: str, item: exp.Expr | None) -> None:
    """RS201 of one feature.

    Args:
        training: whose feature it is.
        name: of the feature.
        item: what gives it its name.
    """
    label = training.labels[0]
    training.add(
        "RS201", item,
        f"Feature {name} is computed from the label {label}, or from what {label} is computed from:"
        " the model would learn its own answer.",
        f"Leave it out of the SELECT, or name it in OPTIONS(exclude_cols = ['{name}']).",
    )  # fmt: skip


def _tell_together(training: Training, names: list[str]) -> None:
    label = training.labels[0]
    training.add(
        "RS201", item_of(training, names[0]),
        f"The label {label} is computed from {', '.join(names)}, which are all features: the model "
        "would learn its own answer.",
        "Leave out those that are not known yet when the model is asked.",
    )  # fmt: skip


def item_of(training: Training, name: str) -> exp.Expr | None:
    """The item of the SELECT that gives a column its name, or the star it comes from."""
    tree = training.tree
    star = None
    for item in tree.selects if isinstance(tree, exp.Query) else []:
        if item.alias_or_name.lower() == name:
            return item
        if item.is_star:
            star = star or item
    return star if star is not None and position(star) else tree
