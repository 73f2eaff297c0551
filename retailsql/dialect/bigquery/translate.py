"""One statement: BigQuery's text in, DuckDB's text out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from retailsql.dialect.bigquery import check, scope
from retailsql.dialect.bigquery.blocks import Blocks
from retailsql.dialect.bigquery.calls import mark_calls, marked
from retailsql.dialect.bigquery.casts import duckdb_type
from retailsql.dialect.bigquery.constants import Constants
from retailsql.dialect.bigquery.ddl import Statements
from retailsql.dialect.bigquery.kinds import kind_of, type_kind
from retailsql.dialect.bigquery.lexing import read_tokens, refuse
from retailsql.dialect.bigquery.made import flavoured, made_function, made_table
from retailsql.dialect.bigquery.ml import Parts
from retailsql.dialect.bigquery.models import Models, select_token
from retailsql.dialect.bigquery.names import Catalog
from retailsql.dialect.bigquery.parsing import generate, parse
from retailsql.dialect.bigquery.pivots import mend_pivots
from retailsql.dialect.bigquery.render import Renderer
from retailsql.dialect.bigquery.resolve import ScriptNames, Variable
from retailsql.dialect.bigquery.shadows import mend_shadows
from retailsql.dialect.bigquery.tables import Tables
from retailsql.dialect.tokens import Walk
from retailsql.errors import StatementError

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

Rename = Callable[[Any], None]
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
        compute: the value of an expression in DuckDB's dialect, for settings of ML functions.
    """

    def __init__(
        self,
        text: str,
        catalog: Catalog,
        variable: Variable | None = None,
        compute: Callable[[str, Sequence[Token]], Any] | None = None,
    ) -> None:
        self.text, self.catalog = text, catalog
        self._variable, self._compute = variable, compute
        self._names = ScriptNames(text, variable, lambda: self.catalog.columns, self._refuse)
        self._constants = Constants(text, self._is_variable, self._constant)
        self._models = Models(text, lambda: self.catalog, self._sql, self._constants)
        self.functions: set[str] = set()
        self._notes: list[tuple[str, int]] = []
        self.flavours: dict[str, dict[str, str]] = {}
        self._fallback = 0
        self.kind: str | None = None

    def statement(self, tokens: Sequence[Token]) -> Translated:
        """One statement.

        Raises:
            StatementError: it cannot be translated; names line and column.
        """
        self._fallback = tokens[0].start
        tokens = self._names.parameters(tokens)
        try:
            sql = self._statement(tokens)
        except RecursionError as error:
            raise refuse(
                self.text, tokens[0].start, "The statement is nested too deeply",
                todo="move parts of it into WITH",
            ) from error  # fmt: skip
        return Translated(sql, self.take_notes(), tokens[0].start)

    def take_notes(self) -> list[tuple[str, int]]:
        """What was left out or taken to be so since this was last asked."""
        taken, self._notes = self._notes, []
        return taken

    def expression(self, tokens: Sequence[Token]) -> str:
        """One expression of a script.

        Raises:
            StatementError: it cannot be translated; names line and column.
        """
        if not tokens:
            raise refuse(self.text, self._fallback, "An expression is missing")
        self._fallback = tokens[0].start
        return self._select([select_token(tokens[0]), *self._names.parameters(tokens)])

    def query(self, tokens: Sequence[Token]) -> str:
        """The query of ``FOR row IN (query)``.

        Raises:
            StatementError: it cannot be translated; names line and column.
        """
        return self._sql(self._names.parameters(tokens), top=True)

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
        if [t.text.upper() for t in tokens] == ["SHOW", "MODELS"]:
            return "SHOW MODELS"
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
        return self._sql(tokens, bare=True).removeprefix("SELECT ")

    def _sql(self, tokens: Sequence[Token], top: bool = False, bare: bool = False) -> str:
        if not tokens:
            raise refuse(self.text, self._fallback, "A query is missing", wanted="SELECT ...")
        from sqlglot import exp

        parts = Parts(self.text, self._sql, self._models.name, self._constants.fill)
        root = parse(self.text, self._marked(parts.take_out(tokens)))
        made = {made_function(root)} - {None}
        users = {*self.functions, *(n for n in made if n)}
        check.refuse_unverified(root, self._refuse, lambda node: self.text[self._offset(node) :])
        self._names.begin()
        root = self._mended(root, top)
        oracle = self.catalog.oracle
        is_users = lambda name: name in users or self.catalog.functions(name)  # noqa: E731
        renderer = Renderer(
            self._refuse, parts.names_function, is_users, oracle, parts.put_back, self._note
        )
        resolve = partial(self._names.resolve, root, bare)
        tables = Tables(oracle, parts.put_back, self._flavour)
        blocks = Blocks(renderer, oracle, tables, parts.put_back, resolve)
        made_kinds = made_table(root)
        root = blocks.run(root)
        if top and made_kinds is not None:
            name, kinds = made_kinds
            self.flavours[name] = {**kinds, **flavoured(blocks.output)}
        shown = root.expressions if isinstance(root, exp.Select) else []
        self.kind = kind_of(shown[0]) if shown else None
        self.functions = users
        return parts.put_back(generate(root, self.text, self._fallback))

    def _is_variable(self, name: str) -> bool:
        return self._variable is not None and self._variable(name) is not None

    def _constant(self, tokens: Sequence[Token]) -> Any:
        """The value of what stands in place of a literal in STRUCT(...) or OPTIONS(...)."""
        if self._compute is None:
            raise refuse(
                self.text, tokens[0].start, "Expected a literal",
                seen=self.text[tokens[0].start : tokens[-1].end + 1],
                todo="settings are literals; write the value in",
            )  # fmt: skip
        at, kind = self._fallback, self.kind
        try:
            return self._compute(self.expression(tokens), tokens)
        finally:
            self._fallback, self.kind = at, kind

    def _mended(self, root: Any, top: bool) -> Any:
        """The tree with everything in it that needs no types as DuckDB has it."""
        from sqlglot import exp

        root = Statements(self.catalog, self._refuse, self._note).mend(root)
        mend_pivots(root, self._refuse)
        for sample in root.find_all(exp.TableSample):
            self._note(sample, "TABLESAMPLE draws other rows than BigQuery, which takes blocks")
        scope.mend_structs(root)
        mend_shadows(root)
        scope.mend_aliases(root)
        scope.mend_unnest(root)
        if top:
            scope.name_columns(root)
        return root

    def _marked(self, tokens: Sequence[Token]) -> list[Token]:
        users = lambda name: name in self.functions or self.catalog.functions(name)  # noqa: E731
        return mark_calls(self.text, tokens, users)

    def _flavour(self, table: str) -> dict[str, str]:
        return self.flavours.get(table, {})

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
