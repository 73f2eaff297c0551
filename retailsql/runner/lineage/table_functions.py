"""Functions after FROM: files that are read, ranges, unnest, table macros, query_table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from retailsql.registry.names import split_name
from retailsql.runner.lineage import tables
from retailsql.runner.lineage.catalog import Model
from retailsql.runner.lineage.functions import argument_names, bind, model_value
from retailsql.runner.lineage.names import Scope
from retailsql.runner.lineage.origin import Found, Origin, Out, Ref, Relation, Rows, together

if TYPE_CHECKING:
    from retailsql.runner.lineage.query import Work

_COMPUTED = {"range", "generate_series", "repeat", "repeat_row", "json_each", "json_tree"}
"""Table functions whose rows come from their arguments and from nowhere else."""


def function(node: exp.Table, scope: Scope, work: Work) -> tuple[str, Relation]:
    """A table function: its name, and what its columns are made of."""
    call = node.this
    front = [part.name for part in node.parts[:-1] if isinstance(part, exp.Identifier)]
    name = _name(call)
    arguments = [a for a in call.iter_expressions() if not isinstance(a, exp.Identifier)]
    if name == "unnest":
        return name, _made(name, arguments, scope, work)
    if name in ("query_table", "query"):
        return name, _named(name, node, arguments, work, scope)
    forms = work.catalog.macro_of(front, name, table=True)
    form = next((f for f in forms if f.fits(argument_names(arguments))), None)
    tree = form.tree() if form is not None else None
    if form is not None and tree is not None:
        given = bind(form, arguments, scope, work)
        literals = _literals(form.parameters, arguments)
        model = work.catalog.model_of(front, name)
        inner = work.called(call, model)
        found = inner.relation(_filled(tree, literals), scope.with_local(given))
        return name, found if model is None else _of_model(found, model, node, work)
    if name in _COMPUTED:
        return name, _made(name, arguments, scope, work)
    text = tables.bare(node)
    return name, work.base([text], text)


def _of_model(relation: Relation, model: Model, node: exp.Table, work: Work) -> Relation:
    """A model's table function: what it reads of the registry is the model."""

    def of(found: Found) -> Found:
        kept = frozenset(o for o in found.value if not _registry(o))
        if kept == found.value:
            return found
        made = model_value(model, node.this, replace(found, value=kept), work, verb)
        return replace(made, steps=found.steps)

    verb = model.verb(_name(node.this))
    columns = tuple(Out(c.name, of(c.found)) for c in relation.columns)
    filters = frozenset(o for o in relation.filters if not _registry(o))
    return replace(relation, columns=columns, filters=filters)


def _registry(origin: Origin) -> bool:
    if not isinstance(origin, Ref | Rows) or origin.table.node:
        return False
    return split_name(origin.table.name)[-2:-1] == ["retailsql"]


def _name(call: exp.Expr) -> str:
    if isinstance(call, exp.GenerateSeries):
        return "range" if call.args.get("is_end_exclusive") else "generate_series"
    if isinstance(call, exp.Anonymous):
        return call.name.lower()
    return call.sql_name().lower() if isinstance(call, exp.Func) else type(call).__name__.lower()


def _made(name: str, arguments: list[exp.Expr], scope: Scope, work: Work) -> Relation:
    """Rows computed from the arguments."""
    value = together(work.origins(a, scope) for a in arguments)
    single = name in ("range", "generate_series", "unnest", "repeat")
    columns = (Out(name, value),) if single else ()
    return Relation(columns, value.all, None if single else lambda column: value)


def _named(
    name: str, node: exp.Table, arguments: list[exp.Expr], work: Work, scope: Scope
) -> Relation:
    """``query_table('orders')``: the table of that name."""
    first = arguments[0] if len(arguments) == 1 else None
    if name == "query_table" and isinstance(first, exp.Literal) and first.is_string:
        table = exp.to_table(first.name, dialect="duckdb")
        return tables.from_item(table, scope, work).relation
    why = f"{name}() names its table by something that is computed"
    mark = Found(work.lost(why, node))
    return Relation((), mark.value, lambda column: mark)


def _literals(parameters: tuple[str, ...], arguments: list[exp.Expr]) -> dict[str, exp.Expr]:
    """Arguments that are constants: a table macro may name its table by one."""
    names = argument_names(arguments)
    pairs = zip(arguments, names, strict=True)
    found: dict[str, exp.Expr] = {}
    for i, (argument, name) in enumerate(pairs):
        value = argument.expression if name is not None else argument
        if isinstance(value, exp.Literal):
            found[name or parameters[i].lower()] = value
    return found


def _filled(tree: exp.Expr, literals: dict[str, exp.Expr]) -> exp.Expr:
    """The body of a macro with constants in place of its parameters."""
    for column in list(tree.find_all(exp.Column)):
        value = literals.get(column.name.lower()) if not column.table else None
        if value is not None and column is not tree:
            column.replace(value.copy())
    return tree


def unnest(node: exp.Unnest, scope: Scope, work: Work) -> Relation:
    """UNNEST after FROM: one column, that of its list; a struct unfolds into its fields."""
    parts = [work.origins(e, scope) for e in node.expressions]
    alias = node.args.get("alias")
    name = alias.name if alias is not None and len(parts) == 1 else ""
    columns = [Out(name or "unnest", part) for part in parts]
    row = Relation(tuple(columns)).row
    return Relation(tuple(columns), row.all, lambda name: Found(row.value, row.filters))
