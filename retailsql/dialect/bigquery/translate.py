"""One statement: BigQuery's text in, DuckDB's text out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from retailsql.dialect.bigquery import check, scope
from retailsql.dialect.bigquery.blocks import Blocks
from retailsql.dialect.bigquery.calls import mark_calls, marked
from retailsql.dialect.bigquery.casts import duckdb_type
from retailsql.dialect.bigquery.columns import Scope
from retailsql.dialect.bigquery.ddl import Statements
from retailsql.dialect.bigquery.kinds import kind_of, mark, type_kind
from retailsql.dialect.bigquery.known import Columns
from retailsql.dialect.bigquery.lexing import read_tokens, refuse, renamed
from retailsql.dialect.bigquery.ml import Parts
from retailsql.dialect.bigquery.models import Models, select_token
from retailsql.dialect.bigquery.names import Catalog
from retailsql.dialect.bigquery.parsing import generate, parse
from retailsql.dialect.bigquery.pivots import mend_pivots
from retailsql.dialect.bigquery.render import Renderer
from retailsql.dialect.bigquery.shadows import mend_shadows
from retailsql.dialect.bigquery.table import FUNCTIONS
from retailsql.dialect.bigquery.variables import ERROR, NAMED, POSITION
from retailsql.dialect.tokens import Walk
from retailsql.errors import StatementError, nearest
from retailsql.registry.names import quote

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

Rename = Callable[[Any], None]
_MESSAGE = ["@", f"{NAMED}error", "."]
_QUERY = ("SELECT", "WITH", "(", "FROM")


@dataclass
class Translated:
    """A statement as DuckDB, or this project's ML layer, takes it.

    Args:
        sql: one statement.
        notes: what was left out or taken to be so, each with its offset in the script.
        start: where the statement begins in the script.
    """

    sql: str
    notes: list[tuple[str, int]] = field(default_factory=list)
    start: int = 0


def _flavoured(columns: Columns | None) -> dict[str, str]:
    kinds = {n: k.kind for n, k in (columns or {}).items()}
    return {n: k for n, k in kinds.items() if k in ("timestamp", "datetime")}


def translate(text: str, catalog: Catalog | None = None) -> str:
    """A text in BigQuery's dialect, one or more plain statements, in DuckDB's.

    Args:
        text: without DECLARE, IF and the like (those :mod:`script` carries out).
        catalog: what is in the database; None: unknown, names are taken as they are.

    Raises:
        StatementError: something cannot be read, or not be translated with the same meaning;
            names line and column.

    >>> translate("SELECT SAFE_DIVIDE(a, b) AS r FROM `p.d.t` LIMIT 1")
    'SELECT ((a) / (CASE b WHEN 0 THEN NULL ELSE b END)) AS r FROM "d"."t" LIMIT 1'
    """
    tokens = read_tokens(text)
    translator = Translator(text, catalog or Catalog())
    return ";\n".join(translator.statement(part).sql for part in split(tokens))


def split(tokens: Sequence[Token]) -> list[list[Token]]:
    """The tokens of each statement."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.token_type.name == "SEMICOLON":
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


class Translator:
    """Translates statements of one script.

    Args:
        text: the whole script, for places in errors.
        catalog: what is in the database now.
        variable: the SQL and kind of a script's variable, or None if there is none of that name.
    """

    def __init__(
        self,
        text: str,
        catalog: Catalog,
        variable: Callable[[str], tuple[str, str | None] | None] | None = None,
    ) -> None:
        self.text, self.catalog = text, catalog
        self._variable = variable
        self._models = Models(text, lambda: self.catalog, self._sql)
        self.functions: set[str] = set()
        self._notes: list[tuple[str, int]] = []
        self.flavours: dict[str, dict[str, str]] = {}
        self._taken: set[str] | None = None
        self._fallback = 0
        self._placeholders: list[int] | None = None
        self.kind: str | None = None

    def statement(self, tokens: Sequence[Token]) -> Translated:
        """One statement.

        Raises:
            StatementError: it cannot be translated; names line and column.
        """
        self._notes, self._fallback = [], tokens[0].start
        tokens = self._parameters(tokens)
        try:
            sql = self._statement(tokens)
        except RecursionError as error:
            raise refuse(
                self.text, tokens[0].start, "The statement is nested too deeply",
                todo="move parts of it into WITH",
            ) from error  # fmt: skip
        return Translated(sql, self._notes, tokens[0].start)

    def expression(self, tokens: Sequence[Token]) -> str:
        """One expression of a script.

        Raises:
            StatementError: it cannot be translated; names line and column.
        """
        if not tokens:
            raise refuse(self.text, self._fallback, "An expression is missing")
        self._fallback = tokens[0].start
        return self._select([select_token(tokens[0]), *self._parameters(tokens)])

    def query(self, tokens: Sequence[Token]) -> str:
        """The query of ``FOR row IN (query)``.

        Raises:
            StatementError: it cannot be translated; names line and column.
        """
        return self._sql(self._parameters(tokens), top=True)

    def type(self, tokens: Sequence[Token]) -> str:
        """A type, as DuckDB has it."""
        from sqlglot.dialects.bigquery import BigQuery
        from sqlglot.errors import ParseError

        start = tokens[0].start
        written = self.text[start : tokens[-1].end + 1]
        self.kind = None
        try:
            from sqlglot import exp

            node = exp.DataType.build(written, dialect=BigQuery())
        except ParseError as error:
            raise refuse(self.text, start, "There is no such type", seen=written) from error
        self.kind = type_kind(node)
        return duckdb_type(node, lambda fact, **words: refuse(self.text, start, fact, **words))

    def _statement(self, tokens: Sequence[Token]) -> str:
        walk = Walk(self.text, tokens)
        for head in (("CREATE", "MODEL"), ("CREATE", "OR", "REPLACE", "MODEL")):
            if walk.take(*head):
                return self._models.create(walk, " ".join(head))
        for word in ("TEMP", "TEMPORARY"):
            heads = ("CREATE", word, "MODEL"), ("CREATE", "OR", "REPLACE", word, "MODEL")
            if any(walk.take(*head) for head in heads):
                words = "A temporary model is kept here; drop it when it is not needed any more"
                self._notes.append((words, tokens[0].start))
                return self._models.create(walk, "CREATE OR REPLACE MODEL")
        for head in (("DROP", "MODEL"), ("ALTER", "MODEL"), ("EXPORT", "MODEL")):
            if walk.take(*head):
                return self._models.about(walk, " ".join(head))
        self._refuse_heads(walk)
        return self._sql(tokens, top=True)

    def _refuse_heads(self, walk: Walk) -> None:
        first, second = walk.peek(), walk.peek(1)
        if (first, second) in (("EXPORT", "DATA"), ("LOAD", "DATA")):
            raise walk.error(
                f"{first} DATA is not translated", seen=f"{first} DATA",
                todo="use COPY in DuckDB's dialect",
            )  # fmt: skip
        pipe = next((t for t in walk.tokens if t.token_type.name == "PIPE_GT"), None)
        if pipe is not None:
            raise refuse(self.text, pipe.start, "Pipe syntax is not translated", seen="|>")
        if first == "ASSERT":
            raise walk.error("ASSERT is not translated")

    def _select(self, tokens: Sequence[Token]) -> str:
        """A select list, behind a SELECT that was put before it."""
        sql = self._sql(tokens)
        return sql.removeprefix("SELECT ")

    def _sql(self, tokens: Sequence[Token], top: bool = False) -> str:
        if not tokens:
            raise refuse(self.text, self._fallback, "A query is missing", wanted="SELECT ...")
        from sqlglot import exp

        parts = Parts(self.text, self._sql, self._models.name)
        root = parse(self.text, self._marked(parts.take_out(tokens)))
        made = {self._made_function(root)} - {None}
        users = {*self.functions, *(n for n in made if n)}
        self._check(root, parts)
        self._taken = None
        root = Statements(self.catalog, self._refuse, self._note).mend(root)
        mend_pivots(root, self._refuse)
        for sample in root.find_all(exp.TableSample):
            self._note(sample, "TABLESAMPLE draws other rows than BigQuery, which takes blocks")
        scope.mend_structs(root)
        mend_shadows(root)
        scope.mend_aliases(root)
        scope.mend_unnest(root)
        if top:
            self._name_columns(root)
        is_users = lambda name: name in users or self.catalog.functions(name)  # noqa: E731
        oracle = self.catalog.oracle
        renderer = Renderer(
            self._refuse, parts.names_function, is_users, oracle, parts.put_back, self._note
        )
        resolve = partial(self._resolve, root)
        blocks = Blocks(renderer, oracle, parts.put_back, resolve, self._flavour)
        made_kinds = self._made_kinds(root)
        root = blocks.run(root)
        if top and made_kinds is not None:
            name, kinds = made_kinds
            self.flavours[name] = {**kinds, **_flavoured(blocks.output)}
        shown = root.expressions if isinstance(root, exp.Select) else []
        self.kind = kind_of(shown[0]) if shown else None
        self.functions = users
        return parts.put_back(generate(root, self.text, self._fallback))

    def _parameters(self, tokens: Sequence[Token]) -> list[Token]:
        """``?`` and ``@name`` as names, for which a script knows values."""
        if self._variable is None:
            return list(tokens)
        out: list[Token] = []
        for token in tokens:
            if token.token_type.name == "PLACEHOLDER" and token.text == "?":
                out.append(renamed(token, f"{POSITION}{self._number(token)}"))
            elif token.text == "message" and [t.text for t in out[-3:]] == _MESSAGE:
                out[-3:] = [renamed(token, ERROR)]
            elif out and out[-1].text == "@" and token.text.isidentifier():
                out[-1] = renamed(token, f"{NAMED}{token.text.lower()}")
            else:
                out.append(token)
        self._refuse_system(out)
        return out

    def _number(self, token: Token) -> int:
        """Which placeholder of the whole script this one is."""
        if self._placeholders is None:
            marks = (t for t in read_tokens(self.text) if t.token_type.name == "PLACEHOLDER")
            self._placeholders = [t.start for t in marks]
        return self._placeholders.index(token.start)

    def _refuse_system(self, tokens: Sequence[Token]) -> None:
        for a, b in pairwise(tokens):
            if a.text == "@" and (b.text == "@" or b.text.startswith(NAMED)):
                raise refuse(
                    self.text, a.start, "This system variable is not translated",
                    wanted="@@error.message",
                )  # fmt: skip

    def _marked(self, tokens: Sequence[Token]) -> list[Token]:
        users = lambda name: name in self.functions or self.catalog.functions(name)  # noqa: E731
        return mark_calls(self.text, tokens, users)

    def _name_columns(self, root: Any) -> None:
        from sqlglot import exp

        query = root
        while isinstance(query, exp.SetOperation | exp.Subquery):
            query = query.this
        if isinstance(query, exp.Select) and not query.args.get("kind"):
            scope.name_unnamed(query)

    def _made_function(self, root: Any) -> str | None:
        from sqlglot import exp

        if isinstance(root, exp.Create) and str(root.args.get("kind")).upper() == "FUNCTION":
            head = root.find(exp.UserDefinedFunction)
            return str(head.this.name.lower()) if head else None
        return None

    def _check(self, root: Any, parts: Parts) -> None:
        from sqlglot import exp

        node = check.unverified(root)
        if node is None:
            return
        name = check.original_name(node)
        if isinstance(node, exp.Func):
            written = re.match(r"\w+(?:\.\w+)*(?=\s*\()", self.text[self._offset(node) :])
            name = written[0].upper() if written else name
        if isinstance(node, exp.Command):
            raise self._refuse(node, "This statement is not translated")(
                seen=self.text[self._fallback : self._fallback + 40].splitlines()[0]
            )
        if isinstance(node, exp.Func):
            raise self._refuse(node, f"The function {name} is not translated")(
                wanted=nearest(name.upper(), FUNCTIONS)
            )
        raise self._refuse(node, f"This part of a statement ({name}) is not translated")(
            seen=node.sql("bigquery", comments=False)[:80]
        )

    def _resolve(self, root: Any, column: Any, scope: Scope) -> None:
        """A name that is no column here but a variable or parameter of the script.

        Where it is not known which columns there are, a name that may be one is refused.
        """
        from sqlglot import exp

        first, *rest = [p.name for p in column.parts]
        found = self._variable(first) if self._variable is not None else None
        if found is None:
            if first.startswith((POSITION, NAMED)):
                raise self._refuse(column, "This parameter has no value")()
            return
        if rest and scope.named(first):
            return
        if not scope.complete and first.lower() in self._names_taken(root):
            raise self._refuse(column, f"{first!r} is a variable and a column too")(
                todo="give one of the two another name"
            )
        fields = "".join(f".{quote(name)}" for name in rest)
        made = exp.Var(this=f"({found[0]}){fields}") if rest else exp.Var(this=found[0])
        mark(made, None if rest else found[1])
        listed = isinstance(column.parent, exp.Select) and column.arg_key == "expressions"
        named = listed and not first.startswith("__rs_")
        column.replace(exp.alias_(made, [first, *rest][-1], quoted=True) if named else made)

    def _names_taken(self, root: Any) -> set[str]:
        """Names that are columns, or may be."""
        from sqlglot import exp

        if self._taken is None:
            self._taken = {a.alias.lower() for a in root.find_all(exp.Alias, exp.CTE)}
            tables = {t.name.lower() for t in root.find_all(exp.Table)}
            self._taken |= self.catalog.columns(tables)
        return self._taken

    def _flavour(self, table: str) -> dict[str, str]:
        return self.flavours.get(table, {})

    def _made_kinds(self, root: Any) -> tuple[str, dict[str, str]] | None:
        """The table a statement makes, and which columns it declares as timestamp or datetime."""
        from sqlglot import exp

        table = root.this if isinstance(root, exp.Create) else None
        table = table.this if isinstance(table, exp.Schema) else table
        if not isinstance(table, exp.Table):
            return None
        return table.name.lower(), root.meta.get("declared", {})

    def _note(self, node: Any, words: str) -> None:
        if words not in {held for held, _ in self._notes}:
            at = self._fallback if node.parent is None else self._offset(node)
            self._notes.append((words, at))

    def _refuse(self, node: Any, fact: str) -> Callable[..., StatementError]:
        offset = self._offset(node)
        return lambda **words: refuse(self.text, offset, fact, **words)

    def _offset(self, node: Any) -> int:
        """Where a node stands: by itself, by what is in it, or by what it is in."""
        from sqlglot import exp

        near = node
        while near is not None:
            for inner in near.walk():
                found = marked(inner) if isinstance(inner, exp.Anonymous) else None
                if found:
                    return found[0]
                if "start" in inner.meta:
                    return int(inner.meta["start"])
            near = near.parent
        return self._fallback
