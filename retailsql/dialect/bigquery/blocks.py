"""Renders a tree query by query: first what a SELECT reads, so that its columns have types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from duckdb import sqltype

from retailsql.dialect.bigquery.columns import Scope, Source
from retailsql.dialect.bigquery.kinds import kind_of, mark, noted
from retailsql.dialect.bigquery.known import Columns, Known, Oracle
from retailsql.dialect.bigquery.nodes import sql_of
from retailsql.dialect.bigquery.tables import Ctes, Tables, narrow
from retailsql.dialect.bigquery.walks import is_date_part, output_names, own_nodes

Resolve = Callable[[Any, Scope], Any]


class Renders(Protocol):
    """What renders a part of a tree, leaves first."""

    scope: Scope

    def part(self, node: Any) -> Any:
        """The part as it stands in the tree now."""


class Blocks:
    """Renders one statement.

    Args:
        renderer: renders the parts.
        oracle: knows the types of expressions.
        tables: knows the columns of tables.
        put_back: a text with the ML parts in their places.
        resolve: makes a name that is no column a variable's value, or leaves it.
    """

    def __init__(
        self,
        renderer: Renders,
        oracle: Oracle,
        tables: Tables,
        put_back: Callable[[str], str],
        resolve: Resolve,
    ) -> None:
        self._renderer, self._oracle, self._put_back = renderer, oracle, put_back
        self._tables, self._resolve = tables, resolve
        self.output: Columns | None = None

    def run(self, root: Any) -> Any:
        """The rendered tree; ``output`` holds the columns of its query where it makes a table."""
        from sqlglot import exp

        scope = Scope()
        if isinstance(root, exp.Query):
            return self._query(root, None, {})
        if isinstance(root, exp.Create | exp.Insert) and isinstance(root.expression, exp.Query):
            made = self._query(root.expression, None, {})
            self.output = self._tables.columns(made, {}) if isinstance(root, exp.Create) else None
        if root.meta.get("parameters"):
            columns = {n: Known(kind) for n, kind in root.meta["parameters"].items()}
            scope.sources.append(Source("", columns))
        if isinstance(root, exp.Update | exp.Delete | exp.Merge):
            for item in (root.this, root.args.get("using"), root.args.get("from_")):
                item = item.this if isinstance(item, exp.From) else item
                if isinstance(item, exp.Expression):
                    scope.sources += self._sources(item, scope, {})
        self._expressions([root], scope, {}, {})
        return self._render(root, scope)

    def _query(self, query: Any, outer: Scope | None, ctes: Ctes) -> Any:
        from sqlglot import exp

        ctes = self._with(query, outer, ctes)
        if isinstance(query, exp.Select):
            return self._select(query, Scope(outer=outer), ctes)
        if isinstance(query, exp.SetOperation):
            for side in (query.this, query.expression):
                self._query(side, outer, ctes)
            scope = Scope(outer=outer)
            self._expressions([query], scope, ctes, output_names(query))
            return self._done(self._render(query, scope))
        if isinstance(query, exp.Subquery):
            self._query(query.this, outer, ctes)
            self._expressions([query], Scope(outer=outer), ctes, {})
        return self._done(self._render(query, Scope(outer=outer)))

    def _with(self, query: Any, outer: Scope | None, ctes: Ctes) -> Ctes:
        from sqlglot import exp

        with_ = query.args.get("with_")
        if with_ is None:
            return ctes
        ctes = dict(ctes)
        for cte in with_.expressions:
            name = cte.alias.lower()
            if with_.args.get("recursive") and isinstance(cte.this, exp.SetOperation):
                left = self._query(cte.this.this, outer, ctes)
                ctes[name] = self._tables.columns(left, ctes)
                self._query(cte.this.expression, outer, ctes)
                self._done(self._render(cte.this, Scope(outer=outer)))
                continue
            ctes[name] = self._tables.columns(self._query(cte.this, outer, ctes), ctes)
        self._done(with_)
        return ctes

    def _select(self, select: Any, scope: Scope, ctes: Ctes) -> Any:
        from sqlglot import exp

        items = [select.args.get("from_"), *(select.args.get("joins") or [])]
        items += select.args.get("laterals") or []
        for item in items:
            if item is not None:
                held = item.this if isinstance(item, exp.From | exp.Join) else item
                scope.sources += self._sources(held, scope, ctes)
        self._expressions(select.expressions, scope, ctes, {})
        aliases: dict[str, Known] = {}
        for item in list(select.expressions):
            made = self._render(item, scope)
            name = made.alias_or_name.lower() if isinstance(made, exp.Expression) else ""
            if name:
                aliases[name] = Known(kind_of(made), noted(made).type)
            self._done(mark(made, kind_of(made)))
        rest = [v for k, v in select.args.items() if k not in ("expressions", "with_")]
        flat = [n for v in rest for n in (v if isinstance(v, list) else [v])]
        self._expressions([n for n in flat if isinstance(n, exp.Expression)], scope, ctes, aliases)
        kinds = self._passed(select, scope)
        made = self._render(select, scope)
        made.meta["kinds"] = kinds
        return self._done(made)

    def _passed(self, select: Any, scope: Scope) -> dict[str, str]:
        """By column, whether it is a timestamp or a datetime, where that is known."""
        from sqlglot import exp

        found: dict[str, str] = {}
        for item in select.expressions:
            if item.is_star:
                for source in scope.sources:
                    for name, known in (source.columns or {}).items():
                        if known.kind in ("timestamp", "datetime"):
                            found.setdefault(name, known.kind)
            elif isinstance(item, exp.Alias | exp.Column):
                kind = kind_of(item)
                if kind in ("timestamp", "datetime"):
                    found[item.alias_or_name.lower()] = kind
        return found

    def _sources(self, item: Any, scope: Scope, ctes: Ctes) -> list[Source]:
        from sqlglot import exp

        name = item.alias_or_name.lower() if isinstance(item, exp.Expression) else ""
        if isinstance(item, exp.Unnest):
            return [self._unnest(item, scope, ctes)]
        if isinstance(item, exp.Subquery) and isinstance(item.this, exp.Query):
            made = self._query(item.this, scope.outer, ctes)
            columns = self._tables.columns(made, ctes)
            if item.args.get("pivots"):
                columns = self._pivoted(item, Source(name, columns), scope, ctes)
            self._done(self._render(item, scope))
            return [Source(item.alias.lower(), columns)]
        found = []
        if isinstance(item, exp.Table):
            own = Source(name, self._tables.table(item, ctes))
            if item.args.get("pivots"):
                own = Source(name, self._pivoted(item, own, scope, ctes))
            found = [own]
        elif isinstance(item, exp.Subquery | exp.Paren):
            found = self._sources(item.this, scope, ctes)
        else:
            found = [Source(name, self._tables.described(sql_of(item), ctes))]
        for join in item.args.get("joins") or []:
            found += self._sources(join.this, Scope([*scope.sources, *found], scope.outer), ctes)
        return found

    def _pivoted(self, item: Any, own: Source, scope: Scope, ctes: Ctes) -> Columns | None:
        inner = Scope([own], scope.outer)
        self._expressions(item.args["pivots"], inner, ctes, {})
        for pivot in item.args["pivots"]:
            self._done(self._render(pivot, inner))
        bare = item.copy()
        bare.set("joins", None)
        columns = self._tables.described(sql_of(bare), ctes)
        wide = [k.name for k in (columns or {}).values() if str(k.type) == "HUGEINT"]
        if not wide or columns is None:
            return columns
        narrow(item, wide)
        int64 = sqltype("BIGINT")
        return {n: Known("int", int64, k.name) if k.name in wide else k for n, k in columns.items()}

    def _unnest(self, unnest: Any, scope: Scope, ctes: Ctes) -> Source:
        self._expressions([unnest], scope, ctes, {})
        name, offset = unnest.meta.get("name", ""), unnest.args.get("offset")
        array = unnest.expressions[0] if unnest.expressions else None
        rendered = self._render(array, scope) if array is not None else None
        held = self._known(rendered, scope) if rendered is not None else Known()
        element, columns = held.element, dict[str, Known]()
        if held.type is None and self._oracle.there:
            self._render(unnest, scope)
            return Source(name.lower(), None)
        if element.kind == "struct" and element.type is not None:
            columns = {n.lower(): element.field(n) for n, _ in element.type.children}
        if name and (element.kind != "struct" or unnest.meta.get("whole")):
            columns = {name.lower(): element, **columns}
        if offset:
            columns[(offset.name if hasattr(offset, "name") else "offset").lower()] = Known("int")
        if not self._oracle.there:
            self._render(unnest, scope)
            return Source(name.lower(), None)
        columns = {
            n: Known("int", sqltype("BIGINT")) if k == Known("int") else k
            for n, k in columns.items()
        }
        self._render(unnest, scope)
        return Source(name.lower(), columns)

    def _expressions(
        self, nodes: list[Any], scope: Scope, ctes: Ctes, aliases: dict[str, Known]
    ) -> None:
        """Mark the columns in some expressions, and render the queries in them."""
        from sqlglot import exp

        for node in nodes:
            queries: list[Any] = []
            columns: list[Any] = []
            for inner in own_nodes(node):
                if isinstance(inner, exp.Column):
                    columns.append(inner)
                elif isinstance(inner, exp.Select | exp.SetOperation) and inner is not node:
                    queries.append(inner)
            for column in columns:
                self._mark(column, scope, aliases)
            for query in queries:
                if not query.meta.get("done"):
                    self._query(query, scope, ctes)

    def _mark(self, column: Any, scope: Scope, aliases: dict[str, Known]) -> None:
        if column.is_star or is_date_part(column):
            return
        parts = [p.name for p in column.parts]
        found = scope.find(parts)
        if found is None and len(parts) == 1:
            found = aliases.get(parts[0].lower())
        if found is not None:
            mark(column, found.kind)
            if found.type is not None:
                column.meta["known"] = found
            if len(parts) == 1 and scope.named(parts[0]) and found.kind == "struct":
                column.meta["row"] = True
        else:
            self._resolve(column, scope)

    def _render(self, node: Any, scope: Scope) -> Any:
        held, self._renderer.scope = self._renderer.scope, scope
        try:
            return self._renderer.part(node)
        finally:
            self._renderer.scope = held

    def _known(self, node: Any, scope: Scope) -> Known:
        if noted(node).type is not None:
            return noted(node)
        return scope.value(self._put_back(sql_of(node)), self._oracle)

    def _done(self, node: Any) -> Any:
        node.meta["done"] = True
        return node
