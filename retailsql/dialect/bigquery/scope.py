"""Mends on the names inside one SELECT: aliases in GROUP BY, and what UNNEST brings into sight."""

from __future__ import annotations

from typing import Any


def mend_aliases(root: Any) -> None:
    """GROUP BY, HAVING and ORDER BY mean the alias where a column has the same name.

    DuckDB prefers the column, so that ``SELECT upper(a) AS a ... GROUP BY a`` would make other
    groups. https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#using_aliases
    """
    from sqlglot import exp

    for select in list(root.find_all(exp.Select)):
        made = {
            e.alias.lower(): e.this
            for e in select.expressions
            if isinstance(e, exp.Alias) and not isinstance(e.this, exp.Column)
        }
        # An alias that is another column: SELECT a AS b, b AS a.
        made |= {
            e.alias.lower(): e.this
            for e in select.expressions
            if isinstance(e, exp.Alias)
            and isinstance(e.this, exp.Column)
            and e.this.name.lower() != e.alias.lower()
        }
        if not made:
            continue
        _mend_group(select, made)
        for clause in (select.args.get("having"), select.args.get("order")):
            if clause is not None and not select.args.get("distinct"):
                _mend_inside(clause, made)


def _mend_group(select: Any, made: dict[str, Any]) -> None:
    from sqlglot import exp

    group = select.args.get("group")
    for key in list(group.expressions) if group else []:
        if isinstance(key, exp.Column) and not key.table and key.name.lower() in made:
            value = made[key.name.lower()]
            if value.find(exp.Select) is not None:
                _by_number(select, key)  # DuckDB does not see that two subqueries are the same
                continue
            # A bare literal would be taken for the number of a column.
            if not value.find(exp.Window) and not isinstance(value, exp.Literal):
                key.replace(exp.Paren(this=value.copy()))


def _by_number(select: Any, key: Any) -> None:
    """Name a column of the list by its number, where no star hides which that is."""
    from sqlglot import exp

    for number, item in enumerate(select.expressions, 1):
        if item.is_star:
            return
        if item.alias.lower() == key.name.lower():
            key.replace(exp.Literal.number(number))
            return


def _mend_inside(clause: Any, made: dict[str, Any]) -> None:
    """Bare names, but not those inside a function or subquery of their own scope."""
    from sqlglot import exp

    for column in list(clause.find_all(exp.Column)):
        if column.table or column.name.lower() not in made:
            continue
        whole = isinstance(clause, exp.Order) and isinstance(column.parent, exp.Ordered)
        if whole or _in_own_scope(column, clause):
            continue
        column.replace(exp.Paren(this=made[column.name.lower()].copy()))


def _in_own_scope(column: Any, clause: Any) -> bool:
    """True inside an aggregate, a window or a subquery: there FROM's columns are meant."""
    from sqlglot import exp

    from retailsql.dialect.bigquery.calls import marked
    from retailsql.dialect.bigquery.table import FUNCTIONS

    node = column.parent
    while node is not None and node is not clause:
        if isinstance(node, exp.Select | exp.Window | exp.Filter):
            return True
        found = marked(node) if isinstance(node, exp.Anonymous) else None
        if found and found[2].upper() in FUNCTIONS and FUNCTIONS[found[2].upper()].aggregate:
            return True
        node = node.parent
    return False


def mend_unnest(root: Any) -> None:
    """Note at each UNNEST in a FROM whether its elements are named whole.

    ``UNNEST(a) AS x`` shows x and, where the elements are structs, their fields. DuckDB can do
    either: without types at hand, what is named decides.
    """
    from sqlglot import exp

    for unnest in root.find_all(exp.Unnest):
        alias = unnest.args.get("alias")
        names = [c.name for c in alias.columns] if alias else []
        name = (names or [alias.name if alias else ""])[0]
        unnest.meta["name"] = name
        scope = unnest.find_ancestor(exp.Select, exp.Update, exp.Merge) or root
        unnest.meta["whole"] = bool(name) and any(
            not c.table and c.name.lower() == name.lower() for c in scope.find_all(exp.Column)
        )


def render_unnest(unnest: Any, array: str, number: int) -> str:
    """The FROM item that stands for an UNNEST: LATERAL (SELECT unnest(...))."""
    from retailsql.registry.names import quote

    name, offset = unnest.meta["name"], unnest.args.get("offset")
    depth = "" if unnest.meta["whole"] else ", max_depth := 2"
    shown = f" AS {quote(name)}" if name else ""
    each = f"unnest(__rs_array{depth}){shown}"
    if offset:
        place = offset.name if hasattr(offset, "name") else "offset"
        each += f", unnest(range(len(__rs_array))) AS {quote(place)}"
    alias = quote(name) if name else f"__rs_unnest_{number}"
    return f"(SELECT {each} FROM (SELECT {array} AS __rs_array)) AS {alias}"


def name_columns(root: Any) -> None:
    """Name the columns of a query; those of a union are those of its first SELECT."""
    from sqlglot import exp

    query = root
    while isinstance(query, exp.SetOperation | exp.Subquery):
        query = query.this
    if isinstance(query, exp.Select) and not query.args.get("kind"):
        name_unnamed(query)


def name_unnamed(select: Any) -> None:
    """BigQuery calls the columns without a name f0_, f1_ and so on."""
    from sqlglot import exp

    count = 0
    for item in list(select.expressions):
        if isinstance(item, exp.Alias | exp.Column | exp.Star):
            continue
        if isinstance(item, exp.Dot) and not isinstance(item.expression, exp.Anonymous):
            item.replace(exp.alias_(item.copy(), item.expression.name))
            continue
        item.replace(exp.alias_(item.copy(), f"f{count}_"))
        count += 1


def mend_structs(root: Any) -> None:
    """``[STRUCT(1 AS a), (2)]``: what follows has the first one's field names."""
    from sqlglot import exp

    for array in list(root.find_all(exp.Array)):
        first = array.expressions[0] if array.expressions else None
        if not isinstance(first, exp.Struct):
            continue
        names = [field_name(e, i) for i, e in enumerate(first.expressions)]
        for item in array.expressions[1:]:
            if not isinstance(item, exp.Struct | exp.Tuple) or len(item.expressions) != len(names):
                continue
            fields = [
                exp.PropertyEQ(
                    this=exp.to_identifier(name),
                    expression=(e.expression if isinstance(e, exp.PropertyEQ) else e).copy(),
                )
                for name, e in zip(names, item.expressions, strict=True)
            ]
            item.replace(exp.Struct(expressions=fields))


def field_name(node: Any, i: int) -> str:
    """The name of a field of STRUCT(...): its alias, its column's name, or its place."""
    from sqlglot import exp

    if isinstance(node, exp.PropertyEQ):
        return str(node.this.name)
    if isinstance(node, exp.Alias):
        return str(node.alias)
    if isinstance(node, exp.Column):
        return str(node.name)
    return str(node.expression.name) if isinstance(node, exp.Dot) else f"_{i}"
