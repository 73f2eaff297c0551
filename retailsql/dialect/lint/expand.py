"""Trees of queries by sqlglot, views and macros put in. They are read, never run."""

from __future__ import annotations

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from retailsql.dialect.lint.scratch import Macro, Scratch
from retailsql.dialect.lint.uses import find_uses
from retailsql.dialect.tokens import Walk, tokenize

MOST_NODES = 60_000
"""A tree that grows beyond this is left alone: no finding rather than a long wait."""
_DEEPEST = 20


def parse(query: str) -> exp.Expr | None:
    """The tree of a query, or None where sqlglot cannot read it. Offsets in it are the query's.

    >>> parse("SELECT a FROM ML.PREDICT(MODEL m, TABLE t)").sql()
    'SELECT a FROM t'
    """
    try:
        tree = parse_one(_without_ml(query), read="duckdb")
    except (SqlglotError, RecursionError):
        return None
    return tree if isinstance(tree, exp.Query) else None


def _without_ml(query: str) -> str:
    """The query with each ML call blanked to its rows, no character moved."""
    if "ML" not in query.upper():
        return query
    text = list(query)
    walk = Walk(query, tokenize(query) or [])
    for use in find_uses(walk):
        if not use.ml:
            continue
        begin, end = walk.tokens[use.start].start, walk.tokens[use.stop - 1].end + 1
        kept = [
            (start + (walk.sub(start, stop).peek() == "TABLE"), stop)
            for start, stop in use.arguments
            if walk.sub(start, stop).peek() in ("TABLE", "(")
        ]
        spans = [(walk.tokens[a].start, walk.tokens[b - 1].end + 1) for a, b in kept[:1] if b > a]
        keep = spans[0] if spans else (end, end)
        for i in range(begin, end):
            if not keep[0] <= i < keep[1] and text[i] != "\n":
                text[i] = " "
        if not spans:
            rows = "(SELECT 0)"
            text[begin : begin + len(rows)] = rows
    return "".join(text)


def expand(tree: exp.Expr, scratch: Scratch) -> exp.Expr | None:
    """A copy of the tree with views, tables that the text makes, and macros put in.

    Returns:
        None if it grows too large or something in it cannot be read.
    """
    tree = tree.copy()
    for _ in range(_DEEPEST):
        try:
            changed = _relations(tree, scratch) + _macros(tree, scratch)
        except (SqlglotError, RecursionError):
            return None
        if not changed:
            return tree
        if sum(1 for _ in tree.walk()) > MOST_NODES:
            return None
    return None


def _relations(tree: exp.Expr, scratch: Scratch) -> int:
    """Put definitions in place of the tables that have one; how many were."""
    changed = 0
    for table in list(tree.find_all(exp.Table)):
        name = table.name.lower()
        body: exp.Expr | None = None
        if isinstance(table.this, exp.Anonymous):
            forms = [m for m in scratch.macros.get(table.this.name.lower(), []) if m.table]
            body = _applied(forms, table.this.expressions) if forms else None
        elif isinstance(table.this, exp.Identifier) and name in scratch.definitions:
            if not table.db and is_cte(table, name):
                continue
            body = parse(scratch.definitions[name])
        if body is None:
            continue
        alias = table.alias or table.name
        for node in body.walk():
            node.meta.clear()
        joins = table.args.get("joins")
        subquery = exp.Subquery(
            this=body, alias=exp.TableAlias(this=exp.to_identifier(alias)), joins=joins
        )
        table.replace(subquery)
        changed += 1
    return changed


def is_cte(table: exp.Expr, name: str) -> bool:
    """True if a WITH clause in sight defines the name."""
    node: exp.Expr | None = table
    inside = None
    while node is not None:
        if isinstance(node, exp.CTE):
            inside = node
        elif isinstance(node, exp.Query):
            for cte in node.ctes:
                if cte is inside:
                    break
                if cte.alias.lower() == name:
                    return True
        node = node.parent
    return False


def _macros(tree: exp.Expr, scratch: Scratch) -> int:
    """Put bodies in place of calls of scalar macros; how many were."""
    changed = 0
    for call in list(tree.find_all(exp.Anonymous)):
        forms = [m for m in scratch.macros.get(call.name.lower(), []) if not m.table]
        if not forms or isinstance(call.parent, exp.Table) or "__rs_" in forms[0].body:
            continue
        body = _applied(forms, call.expressions)
        if body is not None:
            for node in body.walk():
                node.meta.clear()
            call.replace(exp.Paren(this=body))
            changed += 1
    return changed


def _applied(forms: list[Macro], arguments: list[exp.Expr]) -> exp.Expr | None:
    """A macro's body with its parameters replaced."""
    form = next((m for m in forms if len(m.parameters) == len(arguments)), forms[0])
    given: dict[str, exp.Expr] = {}
    for name, item in zip(form.parameters, arguments, strict=False):
        named = isinstance(item, exp.PropertyEQ | exp.Kwarg)
        given[(item.this.name if named else name).lower()] = item.expression if named else item
    body = parse_one(form.body, read="duckdb")
    for column in list(body.find_all(exp.Column)):
        found = given.get((column.table or column.name).lower())
        if found is None:
            continue
        value = found
        if not column.table:
            new: exp.Expr = value.copy()
            new = new if isinstance(new, exp.Column | exp.Literal) else exp.Paren(this=new)
        elif isinstance(value, exp.Column) and not value.table:
            new = exp.column(column.name, table=value.name)
        else:
            continue
        if column is body:
            return new
        column.replace(new)
    return body
