"""Calls of functions.

A model's function ``<model>_<verb>`` over a row reads the columns in the model's signature, of all
that the row has; a macro is what its body is; any other function is made of all its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from retailsql.runner.lineage.catalog import Macro, Model
from retailsql.runner.lineage.names import Scope
from retailsql.runner.lineage.origin import Found, Lost, ModelCall, together

if TYPE_CHECKING:
    from retailsql.runner.lineage.query import Work

_DEEPEST = 30
HIDDEN = "__rs_"
"""How the hidden function behind a model's macros begins."""


def call(node: exp.Expr, scope: Scope, work: Work) -> Found:
    """A function that is not sqlglot's own, without a schema in front."""
    return _called([], node, scope, work)


def qualified_call(node: exp.Dot, scope: Scope, work: Work) -> Found | None:
    """``schema.f(x)``; None for a field, and for ``column.method(x)``."""
    call = node.expression
    front = _path(node.this)
    if not isinstance(call, exp.Func) or front is None or scope.has(front[0]):
        return None
    return _called(front, call, scope, work)


def _path(node: exp.Expr) -> list[str] | None:
    """The names of ``database.schema`` before a function."""
    if isinstance(node, exp.Identifier):
        return [node.name]
    if isinstance(node, exp.Column):
        return [part.name for part in node.parts]
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        front = _path(node.this)
        return None if front is None else [*front, node.expression.name]
    return None


def _called(front: Sequence[str], node: exp.Expr, scope: Scope, work: Work) -> Found:
    if isinstance(node, exp.Anonymous):
        if work.model is not None and node.name.lower().startswith(HIDDEN):
            found = _arguments(node, scope, work)
            return model_value(work.model, node, found, work)
        model = work.catalog.model_of(front, node.name)
        if model is not None:
            return _model_call(model, node, scope, work)
        forms = work.catalog.macro_of(front, node.name)
        if forms:
            return _macro_call(forms, node, scope, work)
    return _arguments(node, scope, work)


def _arguments(node: exp.Expr, scope: Scope, work: Work) -> Found:
    return together(work.origins(child, scope) for child in node.iter_expressions())


def _model_call(model: Model, node: exp.Anonymous, scope: Scope, work: Work) -> Found:
    """A score, made of the features that the signature names where a whole row is given."""
    arguments = node.expressions
    row = None
    if len(arguments) == 1 and model.features is not None:
        row = work.origins(arguments[0], scope)
    if row is not None and row.fields is not None and model.features is not None:
        found = together(_feature(model, row, f, node, work) for f in model.features)
    else:
        found = _arguments(node, scope, work)
    return model_value(model, node, found, work, model.verb(node.name))


def model_value(
    model: Model, node: exp.Expr, found: Found, work: Work, verb: str = "predict"
) -> Found:
    """What a model makes of values."""
    place, words = work.text.place(node), work.text.called or work.text.words(node)
    made = ModelCall(model.name, verb, words, place, found.value, model.note)
    return Found(frozenset([made]), found.filters, found.steps)


def _feature(model: Model, row: Found, feature: str, node: exp.Expr, work: Work) -> Found:
    found = row.fields.get(feature) if row.fields is not None else None
    if found is not None:
        return Found(found.value, found.filters)  # its steps are its own way, not the score's
    why = f"the row given to {node.name} has no column {feature!r}, which model {model.name} takes"
    return Found(frozenset([Lost(why, work.text.place(node))]))


def _macro_call(forms: Sequence[Macro], node: exp.Anonymous, scope: Scope, work: Work) -> Found:
    """The body of a macro with its arguments in place of its parameters."""
    if work.depth > _DEEPEST:
        why = f"macros inside of macros, more than {_DEEPEST} deep"
        return Found(frozenset([Lost(why, work.text.place(node))]))
    form = next((f for f in forms if f.fits(argument_names(node.expressions))), None)
    tree = form.tree() if form is not None else None
    if form is None or tree is None:
        return _arguments(node, scope, work)
    given = bind(form, node.expressions, scope, work)
    return work.called(node).origins(tree, scope.with_local(given))


def argument_names(arguments: Sequence[exp.Expr]) -> list[str | None]:
    """The names of a call's arguments; None for those by position."""
    return [
        a.this.name.lower() if isinstance(a, exp.PropertyEQ | exp.Kwarg) else None
        for a in arguments
    ]


def bind(
    form: Macro, arguments: Sequence[exp.Expr], scope: Scope, work: Work
) -> Mapping[str, Found]:
    """What a macro's parameters are made of; those left out have a constant for default."""
    given = {name.lower(): Found() for name in form.parameters}
    for position, (argument, name) in enumerate(
        zip(arguments, argument_names(arguments), strict=True)
    ):
        key = name if name is not None else form.parameters[position].lower()
        given[key] = work.origins(argument, scope)
    return given
