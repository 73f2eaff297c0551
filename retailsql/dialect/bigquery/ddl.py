"""CREATE, DROP, DELETE, MERGE, names of tables: what DuckDB lacks is left out with a note."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from retailsql.dialect.bigquery.casts import duckdb_type
from retailsql.dialect.bigquery.kinds import type_kind
from retailsql.dialect.bigquery.names import Catalog
from retailsql.dialect.bigquery.typed_query import typed_query
from retailsql.dialect.bigquery.wildcards import expand
from retailsql.errors import StatementError
from retailsql.registry.names import quote, split_name

_DROPPED = {
    "PartitionedByProperty": "PARTITION BY", "ClusterProperty": "CLUSTER BY",
    "Cluster": "CLUSTER BY", "Property": "OPTIONS", "LocationProperty": "OPTIONS",
}  # fmt: skip
RefuseNode = Callable[[Any, str], Callable[..., StatementError]]


class Statements:
    """Mends of one statement's head.

    Args:
        catalog: what is in the database.
        refuse: makes the error about a node.
        note: takes the sentences about what was left out.
    """

    def __init__(
        self, catalog: Catalog, refuse: RefuseNode, note: Callable[[Any, str], None]
    ) -> None:
        self._catalog, self._refuse, self._note = catalog, refuse, note

    def mend(self, root: Any) -> Any:
        """The statement as DuckDB takes it."""
        from sqlglot import exp

        if isinstance(root, exp.Create):
            self._create(root)
        elif isinstance(root, exp.Delete):
            tables = root.args.get("tables")
            if tables and not root.this:
                root.set("this", tables[0])
                root.set("tables", None)
        elif isinstance(root, exp.Drop):
            self._drop(root)
        elif isinstance(root, exp.Merge):
            self._merge(root)
        self._types(root)
        typed_query(root)
        self._tables(root)
        return root

    def _create(self, root: Any) -> None:
        kind = (root.args.get("kind") or "").upper()
        if kind == "FUNCTION":
            self._function(root)
            return
        if kind not in ("TABLE", "VIEW", "SCHEMA"):
            raise self._refuse(root, f"CREATE {kind} is not translated")()
        if root.args.get("clone") or root.args.get("shallow"):
            raise self._refuse(root, "CREATE TABLE ... CLONE is not translated")()
        self._properties(root)
        for column in root.find_all(*_column_types()):
            kept = [c for c in column.args.get("constraints") or [] if not _is_options(c)]
            column.set("constraints", kept)

    def _properties(self, root: Any) -> None:
        from sqlglot import exp

        properties = root.args.get("properties")
        kept = []
        for item in properties.expressions if properties else []:
            name = type(item).__name__
            if isinstance(item, exp.TemporaryProperty):
                kept.append(item)
            elif name in _DROPPED:
                self._note(root, f"{_DROPPED[name]} has no effect in DuckDB and is left out")
            else:
                raise self._refuse(root, "This part of CREATE is not translated")(
                    seen=item.sql("bigquery")
                )
        root.set("properties", exp.Properties(expressions=kept) if kept else None)

    def _function(self, root: Any) -> None:
        """CREATE FUNCTION f(x) AS (expression): a macro, its result cast where RETURNS says so."""
        from sqlglot import exp

        temporary, returns = False, None
        properties = root.args.get("properties")
        for item in properties.expressions if properties else []:
            if isinstance(item, exp.TemporaryProperty):
                temporary = True
            elif isinstance(item, exp.ReturnsProperty) and not item.args.get("is_table"):
                returns = item.this
            elif type(item).__name__ not in ("Property",):
                raise self._refuse(root, "Only functions in SQL are translated")(
                    seen=item.sql("bigquery"), todo="write the body as AS (expression)"
                )
        body, head = root.expression, root.this
        if body is None or isinstance(body, exp.Literal | exp.RawString):
            raise self._refuse(root, "Only functions in SQL are translated")(
                todo="write the body as AS (expression)"
            )
        if isinstance(returns, exp.DataType):
            inner = body.this if isinstance(body, exp.Paren) else body
            root.set("expression", exp.Paren(this=exp.Cast(this=inner.copy(), to=returns.copy())))
        root.meta["parameters"] = {
            e.name.lower(): type_kind(e.args["kind"]) if e.args.get("kind") else None
            for e in head.expressions
        }
        names = [exp.to_identifier(e.name) for e in head.expressions]
        head.set("expressions", names)
        made = exp.Properties(expressions=[exp.TemporaryProperty()]) if temporary else None
        root.set("properties", made)
        root.meta["macro"] = True

    def _drop(self, root: Any) -> None:
        kind = (root.args.get("kind") or "").upper()
        if kind not in ("TABLE", "VIEW", "SCHEMA", "FUNCTION"):
            raise self._refuse(root, f"DROP {kind} is not translated")()
        if kind == "FUNCTION":
            root.set("kind", "MACRO")

    def _merge(self, root: Any) -> None:
        """WHEN NOT MATCHED THEN INSERT ROW: DuckDB has no word for ROW, and needs none."""
        from sqlglot import exp

        for insert in root.find_all(exp.Insert):
            if isinstance(insert.this, exp.Var) and insert.this.name.upper() == "ROW":
                insert.set("this", None)

    def _types(self, root: Any) -> None:
        """Types of columns; those in casts are said where the cast is."""
        from sqlglot import exp

        for column in list(root.find_all(exp.ColumnDef)):
            kind = column.args.get("kind")
            if isinstance(kind, exp.DataType) and not column.find_ancestor(exp.DataType):
                declared = type_kind(kind)
                if declared in ("timestamp", "datetime"):
                    root.meta.setdefault("declared", {})[column.name.lower()] = declared
                text = duckdb_type(kind, lambda fact, c=column, **w: self._refuse(c, fact)(**w))
                column.set("kind", exp.Var(this=text))

    def _tables(self, root: Any) -> None:
        from sqlglot import exp

        made = root.this if isinstance(root, exp.Create) else None
        made = made.this if isinstance(made, exp.Schema | exp.UserDefinedFunction) else made
        ctes = {c.alias.lower() for c in root.find_all(exp.CTE)}
        for table in list(root.find_all(exp.Table)):
            if _is_array_of_outer(table):
                _unnest(table)
                continue
            is_schema = root.args.get("kind") in ("SCHEMA", "schema") and table is root.this
            if is_schema:
                self._schema(table)
            else:
                self._table(table, table is made, ctes)

    def _schema(self, table: Any) -> None:
        from sqlglot import exp

        parts = [p for i in table.parts for p in split_name(f"`{i.name}`")]
        if len(parts) == 2 and parts[0].lower() not in self._catalog.databases:
            parts = parts[1:]
        for key in ("db", "catalog"):
            table.set(key, None)
        table.set("this", exp.to_identifier(parts[-1], quoted=True))
        if len(parts) == 2:
            table.set("db", exp.to_identifier(parts[0], quoted=True))

    def _table(self, table: Any, made: bool, ctes: set[str]) -> None:
        from sqlglot import exp

        if not isinstance(table.this, exp.Identifier | exp.Dot):
            if isinstance(table.this, exp.Anonymous):
                return  # a table function of the user's
            raise self._refuse(table, "This table is not translated")(seen=table.sql("bigquery"))
        parts = [p for i in table.parts for p in split_name(f"`{i.name}`")]
        joined = ".".join(parts)
        if any(p.upper() == "INFORMATION_SCHEMA" for p in parts[:-1]) or parts[0].startswith(
            "region-"
        ):
            raise self._refuse(table, "BigQuery's INFORMATION_SCHEMA is not translated")(
                seen=joined, todo="use DuckDB's duckdb_tables(), duckdb_columns()"
            )
        if len(parts) == 1 and parts[0].lower() in ctes:
            return
        where, missing = self._catalog.place(parts)
        if len(parts) > 3:
            raise self._refuse(table, "A table's name has up to three parts")(seen=joined)
        if missing is not None:
            raise self.no_schema(table, joined, missing, made)
        if parts[-1].endswith("*"):
            refuse = self._refuse(table, "No table has a name that fits the wildcard")
            expand(table, where, self._catalog.tables, refuse)
            return
        quoted = len(parts) > 1 or table.this.args.get("quoted")
        _place(table, where, bool(quoted))

    def no_schema(self, node: Any, name: str, schema: str, made: bool) -> StatementError:
        """The error about a dataset that is not there."""
        fact = f"There is no schema {schema!r}"
        todo = f"run CREATE SCHEMA {schema} first"
        if not made:
            todo = f"{todo}, and load the table {name.split('.')[-1]!r} into it"
        error: StatementError = self._refuse(node, fact)(seen=name, todo=todo)
        return error


def _is_array_of_outer(table: Any) -> bool:
    """True for ``FROM t.items`` in a subquery of a query whose FROM holds t."""
    from sqlglot import exp

    first = table.parts[0].name.lower() if len(table.parts) > 1 else None
    select = table.find_ancestor(exp.Select)
    while first is not None and select is not None:
        select = select.find_ancestor(exp.Select)
        source = select.args.get("from_") if select is not None else None
        joins = (select.args.get("joins") or []) if select is not None else []
        for item in [source, *joins]:
            if item is not None and item.this.alias_or_name.lower() == first:
                return True
    return False


def _unnest(table: Any) -> None:
    from sqlglot import exp

    alias = table.alias or table.parts[-1].name
    array = exp.column(table.parts[-1].copy(), *reversed([p.copy() for p in table.parts[:-1]]))
    name = exp.TableAlias(columns=[exp.to_identifier(alias)])
    table.replace(exp.Unnest(expressions=[array], alias=name, offset=False))


def _place(table: Any, parts: list[str], quoted: bool) -> None:
    from sqlglot import exp

    for key, part in zip(("this", "db", "catalog"), reversed([*parts]), strict=False):
        table.set(key, exp.to_identifier(part, quoted=quoted))
    for key in ("this", "db", "catalog")[len(parts) :]:
        table.set(key, None)


def _column_types() -> tuple[type, ...]:
    from sqlglot import exp

    return (exp.ColumnDef,)


def _is_options(constraint: Any) -> bool:
    kind = constraint.args.get("kind")
    return type(kind).__name__ in ("CommentColumnConstraint", "Properties", "Property")


def model_name(parts: list[str]) -> str:
    """A model's name, quoted."""
    return ".".join(p if p.isidentifier() else quote(p) for p in parts)
