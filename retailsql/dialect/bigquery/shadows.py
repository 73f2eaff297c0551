"""``UNNEST(t.hits) AS hits``: the alias hides the array it was made of, and has to be told from it.

In BigQuery the name of an item of FROM wins over a column; DuckDB finds such a name ambiguous.
"""

from __future__ import annotations

from typing import Any


def mend_shadows(root: Any) -> None:
    """Give an UNNEST whose alias is its array's own name another one, wherever it is meant."""
    from sqlglot import exp

    for unnest in list(root.find_all(exp.Unnest)):
        select = unnest.find_ancestor(exp.Select)
        alias = unnest.args.get("alias")
        array = unnest.expressions[0] if len(unnest.expressions) == 1 else None
        if select is None or alias is None or not isinstance(array, exp.Column):
            continue
        held = alias.columns[0] if alias.columns else alias.this
        if held is None or held.name.lower() != array.name.lower():
            continue
        name = held.name
        made = f"__rs_{name}"
        _rename(select, unnest, name, made)
        held.replace(exp.to_identifier(made))


def _rename(select: Any, unnest: Any, name: str, made: str) -> None:
    from sqlglot import exp

    for column in list(select.find_all(exp.Column)):
        first = column.parts[0]
        if first.name.lower() != name.lower() or _hidden(column, select, unnest, name):
            continue
        first.replace(exp.to_identifier(made))
        if column.parent is select and column.arg_key == "expressions" and len(column.parts) == 1:
            column.replace(exp.alias_(column.copy(), name))


def _hidden(column: Any, select: Any, unnest: Any, name: str) -> bool:
    """True where the name means something else: in the UNNEST itself, before it, or further in."""
    from sqlglot import exp

    node = column.parent
    while node is not None and node is not select:
        if node is unnest or (isinstance(node, exp.From) and node.parent is select):
            return True
        inner = isinstance(node, exp.Select) and any(
            item.alias_or_name.lower() == name.lower()
            for item in node.find_all(exp.Table, exp.Unnest, exp.Subquery)
            if item.find_ancestor(exp.Select) is node
        )
        if inner:
            return True
        node = node.parent
    return False
