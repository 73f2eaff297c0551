"""Where the columns of a training query come from.

A column of the result is followed through SELECTs, WITH clauses, views and macros down to *atoms*:
columns of tables, aggregates, and windows that leave out the row itself. Two atoms are the same
only if they come from the same reading of a table: a second FROM of the same table, such as last
week's row joined to this week's, is another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from retailsql.dialect.lint.expand import expand
from retailsql.dialect.lint.frames import reads_own_row
from retailsql.dialect.lint.scratch import Columns, Scratch

Path = tuple[str, ...]
"""From the outermost SELECT inwards: the alias by which each level names the next."""
_TRANSPARENT = (exp.Cast, exp.TryCast, exp.Paren, exp.DateTrunc, exp.TimestampTrunc)
_AGGREGATES = {"COUNT_IF", "LIST", "MODE", "ENTROPY", "HISTOGRAM", "PRODUCT", "FAVG", "FSUM"}


@dataclass(frozen=True)
class Atom:
    """What a column is made of.

    Args:
        kind: column, aggregate, window or subquery.
        path: which reading.
        text: the column's name, or normalised SQL.
    """

    kind: str
    path: Path
    text: str


@dataclass(frozen=True)
class At:
    """An expression and the SELECT it stands in."""

    expression: exp.Expr
    scope: Scope
    path: Path


@dataclass
class Origins:
    """The lineage of a query.

    Args:
        root: its outermost scope.
        tables: the flat names of base tables -> their columns.
        names: the flat names of base tables -> the names people use.
    """

    root: Scope
    tables: dict[str, Columns]
    names: dict[str, str]
    _atoms: dict[tuple[int, Path, str], frozenset[Atom]] = field(default_factory=dict)
    _heads: dict[int, dict[str, int]] = field(default_factory=dict)
    _texts: dict[int, str] = field(default_factory=dict)
    _full: dict[tuple[int, Path], str] = field(default_factory=dict)
    _leaves: dict[tuple[int, Path], frozenset[tuple[Path, str]]] = field(default_factory=dict)

    @property
    def outputs(self) -> dict[str, list[At]]:
        """Column of the result in lower case -> its expressions, one for each side of a UNION."""
        found: dict[str, list[At]] = {}
        first = [s.alias_or_name.lower() for s in selects(self.root)]
        for scope, path in branches(self.root, ()):
            for name, item in zip(first, selects(scope), strict=False):
                found.setdefault(name, []).append(At(item.unalias(), scope, path))
        return found

    def atoms(self, at: At) -> frozenset[Atom]:
        """The atoms of an expression."""
        node, scope, path = at.expression, at.scope, at.path
        if isinstance(node, exp.Column):
            return self._of_column(node, scope, path)
        if isinstance(node, exp.Window):
            return self._of_window(node, scope, path)
        if is_aggregate(node):
            return frozenset([Atom("aggregate", path, self.text(node))])
        if isinstance(node, exp.Query | exp.Exists | exp.Subquery):
            outer = outer_columns(node, scope)
            return frozenset([Atom("subquery", path, self.text(node))]) if outer else frozenset()
        found: set[Atom] = set()
        for child in node.iter_expressions():
            found |= self.atoms(At(child, scope, path))
        return frozenset(found)

    def _of_column(self, column: exp.Column, scope: Scope, path: Path) -> frozenset[Atom]:
        key = (id(scope), path, f"{column.table}.{column.name}".lower())
        if key not in self._atoms:
            self._atoms[key] = frozenset()  # a recursive WITH ends here
            found: set[Atom] = set()
            inner = list(self.behind(column, scope, path))
            for at in inner:
                found |= self.atoms(at)
            if not inner and isinstance(scope.sources.get(column.table), exp.Table):
                found.add(Atom("column", (*path, column.table), column.name.lower()))
            self._atoms[key] = frozenset(found)
        return self._atoms[key]

    def behind(self, column: exp.Column, scope: Scope, path: Path) -> Iterator[At]:
        """The expressions that a column of a subquery or WITH clause stands for."""
        source = scope.sources.get(column.table)
        if not isinstance(source, Scope):
            return
        head = self._heads.get(id(source))
        if head is None:
            items = selects(source)
            head = {s.alias_or_name.lower(): i for i, s in reversed([*enumerate(items)])}
            self._heads[id(source)] = head
        i = head.get(column.name.lower())
        if i is None:
            return
        for inner, inner_path in branches(source, (*path, column.table)):
            items = selects(inner)
            if i < len(items):
                yield At(items[i].unalias(), inner, inner_path)

    def _of_window(self, window: exp.Window, scope: Scope, path: Path) -> frozenset[Atom]:
        if not reads_own_row(window, scope.expression):
            return frozenset([Atom("window", path, self.text(window))])
        call = window.this
        if isinstance(call, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
            call = call.this
        found: set[Atom] = set()
        for child in call.iter_expressions():
            found |= self.atoms(At(child, scope, path))
        return frozenset(found) or frozenset([Atom("window", path, self.text(window))])

    def base(self, at: At) -> tuple[Path, str, str] | None:
        """The base column that an expression is, casts and dates' parts aside: path, flat table
        and column; None if it is computed.
        """
        node, scope, path = at.expression, at.scope, at.path
        while isinstance(node, _TRANSPARENT):
            node = node.this
        if not isinstance(node, exp.Column):
            return None
        source = scope.sources.get(node.table)
        if isinstance(source, exp.Table):
            return (*path, node.table), source.name, node.name.lower()
        inner = list(self.behind(node, scope, path))
        return self.base(inner[0]) if len(inner) == 1 else None

    def leaves(self, at: At, deep: int = 0) -> frozenset[tuple[Path, str]]:
        """Every base column below an expression, aggregates and windows included."""
        key = (id(at.expression), at.path)
        if key not in self._leaves:
            self._leaves[key] = frozenset()  # a recursive WITH ends here
            found: set[tuple[Path, str]] = set()
            for column in at.expression.find_all(exp.Column) if deep < 40 else ():
                if isinstance(at.scope.sources.get(column.table), exp.Table):
                    found.add(((*at.path, column.table), column.name.lower()))
                for inner in self.behind(column, at.scope, at.path):
                    found |= self.leaves(inner, deep + 1)
            self._leaves[key] = frozenset(found)
        return self._leaves[key]

    def text(self, node: exp.Expr) -> str:
        """Normalised SQL of a node of the tree, written once."""
        if id(node) not in self._texts:
            self._texts[id(node)] = text_of(node)
        return self._texts[id(node)]

    def full_text(self, at: At, deep: int = 0) -> str:
        """The SQL of an expression with names of subqueries' columns replaced by what they are."""
        key = (id(at.expression), at.path)
        if key not in self._full:
            self._full[key] = self._full_text(at, deep)
        return self._full[key]

    def _full_text(self, at: At, deep: int) -> str:
        if deep > 20 or at.expression.find(exp.Column) is None:
            return self.text(at.expression)
        if isinstance(at.expression, exp.Column):
            inner = list(self.behind(at.expression, at.scope, at.path))
            return (
                self.full_text(inner[0], deep + 1) if len(inner) == 1 else self.text(at.expression)
            )
        node = at.expression.copy()
        for column in list(node.find_all(exp.Column)):
            inner = list(self.behind(column, at.scope, at.path))
            if len(inner) == 1:
                column.replace(exp.Var(this=self.full_text(inner[0], deep + 1)))
        return text_of(node)


def origins_of(tree: exp.Expr, scratch: Scratch) -> Origins | None:
    """The lineage of a query, or None where it cannot be followed: then nothing is said."""
    whole = expand(tree, scratch)
    if whole is None:
        return None
    tables, names = _flatten(whole, scratch)
    try:
        qualified = qualify(
            whole, dialect="duckdb", schema={t: dict(c) for t, c in tables.items()},
            validate_qualify_columns=False, quote_identifiers=False, identify=False,
        )  # fmt: skip
        root = build_scope(qualified)
    except (SqlglotError, RecursionError, AttributeError, KeyError, TypeError, ValueError):
        return None  # DuckDB's syntax is wider than sqlglot's optimizer knows
    return None if root is None else Origins(root, tables, names)


def _flatten(tree: exp.Expr, scratch: Scratch) -> tuple[dict[str, Columns], dict[str, str]]:
    """Give every base table a name of one part, which sqlglot's schema wants."""
    tables: dict[str, Columns] = {}
    names: dict[str, str] = {}
    flat: dict[str, str] = {}
    for table in list(tree.find_all(exp.Table)):
        if not table.db and _cte(table):
            continue
        alias, bare = table.alias or table.name, table.copy()
        for part in ("alias", "joins", "pivots", "sample"):
            bare.set(part, None)
        text = bare.sql("duckdb")
        if text not in flat:
            columns = scratch.relation_columns(text)
            if columns is None:
                continue
            flat[text] = f"rs_table_{len(flat)}"
            tables[flat[text]], names[flat[text]] = columns, text
        if isinstance(table.this, exp.Identifier):
            table.set("this", exp.to_identifier(flat[text]))
            table.set("db", None)
            table.set("catalog", None)
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    return tables, names


def _cte(table: exp.Table) -> bool:
    from retailsql.dialect.lint.expand import is_cte

    return is_cte(table, table.name.lower())


def selects(scope: Scope) -> list[exp.Expr]:
    """The items of a scope's SELECT list."""
    return list(scope.expression.selects) if isinstance(scope.expression, exp.Query) else []


def branches(scope: Scope, path: Path) -> Iterator[tuple[Scope, Path]]:
    """The SELECTs of a scope: one, or the sides of a UNION."""
    if scope.set_operation_scopes:
        for i, side in enumerate(scope.set_operation_scopes):
            yield from branches(side, (*path, f"#{i}"))
    elif isinstance(scope.expression, exp.Select):
        yield scope, path


def is_aggregate(node: exp.Expr) -> bool:
    """True for an aggregate, with its FILTER."""
    if isinstance(node, exp.Filter | exp.WithinGroup):
        return True
    if isinstance(node, exp.AggFunc):
        return not isinstance(node.parent, exp.Window)
    return isinstance(node, exp.Anonymous) and node.name.upper() in _AGGREGATES


def text_of(node: exp.Expr) -> str:
    """Normalised SQL, to compare."""
    return node.sql("duckdb", normalize=True, comments=False).lower()


def outer_columns(node: exp.Expr, scope: Scope) -> list[exp.Column]:
    """The columns inside a subquery that are of the SELECT around it."""
    own = {t.alias_or_name for t in node.find_all(exp.Table, exp.Subquery)}
    return [c for c in node.find_all(exp.Column) if c.table in scope.sources and c.table not in own]
