"""What an expression is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sqlglot import exp

from retailsql.runner.lineage.functions import call, qualified_call
from retailsql.runner.lineage.names import Scope, fields
from retailsql.runner.lineage.origin import NOTHING, Fields, Found, Lost, Rows, together

if TYPE_CHECKING:
    from retailsql.runner.lineage.query import Work


def origins(node: exp.Expr, scope: Scope, work: Work) -> Found:
    """What an expression is made of, in the scope it stands in."""
    rule = next((r for kind, r in _RULES if isinstance(node, kind)), _children)
    return rule(node, scope, work)


def all_origins(nodes: Iterable[exp.Expr], scope: Scope, work: Work) -> Found:
    """The same of several."""
    return together(origins(node, scope, work) for node in nodes)


def _children(node: exp.Expr, scope: Scope, work: Work) -> Found:
    return all_origins(node.iter_expressions(), scope, work)


def parts_of(column: exp.Column) -> list[str]:
    """The names of a dotted name, in order."""
    return [part.name for part in column.parts]


def _column(node: exp.Expr, scope: Scope, work: Work) -> Found:
    assert isinstance(node, exp.Column)
    if isinstance(node.this, exp.Star):  # count(t.*)
        source = scope.source([p.name for p in node.parts[:-1]])
        return source.relation.row if source else Found()
    return name(parts_of(node), node, scope, work)


def name(parts: list[str], node: exp.Expr, scope: Scope, work: Work) -> Found:
    """What a dotted name is made of; lost, and said so, if nothing has it."""
    place = work.text.place(node)
    found = scope.resolve(parts, place)
    if found is not None:
        return found
    words = ".".join(parts)
    return Found(frozenset([Lost(f"no table in sight is known to have {words!r}", place)]))


def _identifier(node: exp.Expr, scope: Scope, work: Work) -> Found:
    """A bare name that sqlglot did not take for a column: in a lambda, or before ``.method()``."""
    return name([node.name], node, scope, work) if scope.has(node.name) else Found()


def _dot(node: exp.Expr, scope: Scope, work: Work) -> Found:
    assert isinstance(node, exp.Dot)
    found = qualified_call(node, scope, work)
    if found is not None:
        return found
    inner = origins(node.this, scope, work)
    if isinstance(node.expression, exp.Identifier):
        return fields(inner, [node.expression.name])
    if isinstance(node.expression, exp.Star):
        return inner
    return together([inner, origins(node.expression, scope, work)])


def _bracket(node: exp.Expr, scope: Scope, work: Work) -> Found:
    """``s['field']`` is one field; a position in a list may be any."""
    assert isinstance(node, exp.Bracket)
    inner = origins(node.this, scope, work)
    keys = node.expressions
    if len(keys) == 1 and isinstance(keys[0], exp.Literal) and keys[0].is_string:
        return fields(inner, [keys[0].name])
    return together([inner, all_origins(keys, scope, work)])


def _struct_extract(node: exp.Expr, scope: Scope, work: Work) -> Found:
    key = node.args.get("expression")
    inner = origins(node.this, scope, work)
    if isinstance(key, exp.Literal) and key.is_string:
        return fields(inner, [key.name])
    return inner


def _struct(node: exp.Expr, scope: Scope, work: Work) -> Found:
    known: dict[str, Found] = {}
    loose = []
    for item in node.expressions:
        if isinstance(item, exp.PropertyEQ | exp.Kwarg):
            known[item.this.name.lower()] = origins(item.expression, scope, work)
        else:
            loose.append(origins(item, scope, work))
    whole = together([*known.values(), *loose])
    return Found(whole.value, whole.filters, whole.steps, Fields(known) if not loose else None)


def _aliased(node: exp.Expr, scope: Scope, work: Work) -> Found:
    return origins(node.this, scope, work)


def _named_argument(node: exp.Expr, scope: Scope, work: Work) -> Found:
    return origins(node.expression, scope, work)


def _lambda(node: exp.Expr, scope: Scope, work: Work) -> Found:
    """Its parameters are elements of the list beside it, which is counted there."""
    names = {p.name.lower(): Found() for p in node.expressions}
    return origins(node.this, scope.with_local(names), work)


def _comprehension(node: exp.Expr, scope: Scope, work: Work) -> Found:
    items = origins(node.args["iterator"], scope, work)
    names = [node.expression, node.args.get("position")]
    inner = scope.with_local({n.name.lower(): Found() for n in names if n is not None})
    condition = node.args.get("condition")
    told = [node.this, *([condition] if condition is not None else [])]
    return together([items, all_origins(told, inner, work)])


def _query(node: exp.Expr, scope: Scope, work: Work) -> Found:
    """A scalar subquery, IN (SELECT ...), ANY (SELECT ...), ARRAY(SELECT ...)."""
    relation = work.relation(node, scope)
    row = relation.row
    only = relation.columns[0].found if len(relation.columns) == 1 else None
    inner = only.fields if only is not None and relation.rest is None else None
    steps = together(c.found for c in relation.columns).steps
    return Found(row.value, row.filters | relation.filters, steps, inner)


def _exists(node: exp.Expr, scope: Scope, work: Work) -> Found:
    """EXISTS is computed from the conditions alone."""
    if not isinstance(node.this, exp.Query):
        return _children(node, scope, work)
    decides = work.relation(node.this, scope).filters
    rows = frozenset(o for o in decides if isinstance(o, Rows))
    return Found(decides - rows, rows)


def _window(node: exp.Expr, scope: Scope, work: Work) -> Found:
    named = node.args.get("alias")
    base = scope.windows.get(named.name.lower()) if isinstance(named, exp.Identifier) else None
    kept = [c for c in node.iter_expressions() if c is not named]
    return together([all_origins(kept, scope, work), base or Found()])


def _count(node: exp.Expr, scope: Scope, work: Work) -> Found:
    """``count(*)`` is made of no column; what decides the rows is its filter."""
    if node.this is not None and not isinstance(node.this, exp.Star):
        return _children(node, scope, work)
    return Found(filters=NOTHING.union(*(s.relation.filters for s in scope.sources)))


def _columns(node: exp.Expr, scope: Scope, work: Work) -> Found:
    """COLUMNS(...) inside an expression: the one chosen now, or all of them unpacked."""
    return work.chosen(node, scope)


def _position(node: exp.Expr, scope: Scope, work: Work) -> Found:
    """``#2``: the second column after FROM."""
    n = int(node.this.name) if isinstance(node.this, exp.Literal) else 0
    columns = [out for _, out in scope.star()]
    if 0 < n <= len(columns):
        return columns[n - 1].found
    return Found(frozenset([Lost(f"#{n}: not so many columns are known", work.text.place(node))]))


def _nothing(node: exp.Expr, scope: Scope, work: Work) -> Found:
    return Found(NOTHING)


def _chain(node: exp.Expr, scope: Scope, work: Work) -> Found:
    """``a + b + c``, ``a AND b AND c``: made SQL has thousands, too many to go down one by one."""
    kind, operands, left = type(node), [], node
    while type(left) is kind:
        operands.append(left.expression)
        left = left.this
    return all_origins([left, *reversed(operands)], scope, work)


_Rule = Callable[[exp.Expr, Scope, "Work"], Found]
_RULES: tuple[tuple[type | tuple[type, ...], _Rule], ...] = (
    (exp.Column, _column),
    ((exp.Literal, exp.DataType, exp.Var, exp.Placeholder, exp.Star), _nothing),
    (exp.Identifier, _identifier),
    (exp.Exists, _exists),
    (exp.Columns, _columns),
    ((exp.Query, exp.Pivot, exp.Values), _query),
    (exp.Dot, _dot),
    (exp.Bracket, _bracket),
    (exp.StructExtract, _struct_extract),
    (exp.Struct, _struct),
    ((exp.PropertyEQ, exp.Kwarg), _named_argument),
    (exp.Alias, _aliased),
    (exp.Lambda, _lambda),
    (exp.Comprehension, _comprehension),
    (exp.Window, _window),
    (exp.Count, _count),
    (exp.PositionalColumn, _position),
    (exp.Anonymous, call),
    ((exp.And, exp.Or, exp.Add, exp.Mul, exp.DPipe), _chain),
)
"""Which rule reads which kind of expression; all others are made of what stands in them."""
