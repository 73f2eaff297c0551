"""TRANSFORM(...): the training rows go through it, and it goes into the signature as SQL.

    list ─► statistics frozen ─► items ─► raw columns found ─► steps ─► nested columns made plain
                                                         └─► checked: same types, same values

The training SELECT runs once, into a temporary table: statistics, checks and training see the very
same rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from retailsql.dialect.lookup import Catalog
from retailsql.errors import TrainingError
from retailsql.functions.steps import inlined
from retailsql.registry.names import quote
from retailsql.signature import Feature, Graph, Signature, Step
from retailsql.training.read_rows import cannot_run
from retailsql.training.transform.check import checked_types
from retailsql.training.transform.frozen import frozen_text
from retailsql.training.transform.nested_columns import Flattener, is_nested
from retailsql.training.transform.select_list import Item, read_items

ROWS = 'temp.main."__rs_training_rows"'
CLAUSE = "transform"
"""The signature's option that lists the columns of a written TRANSFORM, for ML.TRANSFORM: ``true``
for one that was made, ``false`` for one that passes by: the label and its like."""
ROLES = ("input_label_cols", "data_split_col", "baseline_col", "baseline_group_cols",
         "exclude_cols")  # fmt: skip
"""Options that name columns which are no features."""
WITHOUT_ROWS = frozenset(["LSTM", "ITEM_KNN", "MATRIX_FACTORIZATION", "ARIMA_PLUS",
                          "ARIMA_PLUS_XREG"])  # fmt: skip
"""Model types that are not a function of one row's features."""
WITHOUT_LABEL = frozenset(["KMEANS", "PCA", "AUTOENCODER", "TRANSFORM_ONLY"])
"""Model types for which a column called ``label`` is a column like others."""


@dataclass(frozen=True)
class Transformed:
    """A TRANSFORM, frozen.

    Args:
        query: the SELECT of the transformed training rows.
        raw: the raw columns it reads.
        steps: the columns it makes; see ``functions.steps``.
        columns: name -> whether it was made, of the columns that ML.TRANSFORM returns; empty for
            an implied TRANSFORM, which nobody wrote.
    """

    query: str
    raw: tuple[Feature, ...]
    steps: tuple[Step, ...]
    columns: Mapping[str, bool]

    def signed(self, signature: Signature) -> Signature:
        """A family's signature, its features made of raw columns; what no feature and no column
        of ML.TRANSFORM needs is left out.
        """
        kept = {f.name for f in signature.features} | {
            n for n, made in self.columns.items() if made
        }
        made = inlined(replace(signature, raw=self.raw, steps=self.steps), quote)
        missing = [f.name for f in signature.features if f.name not in made]
        if missing:
            raise TrainingError("A feature is no column of TRANSFORM", seen=", ".join(missing))
        raw, steps = _used(self.raw, self.steps, kept)
        options = dict(signature.options)
        if self.columns:
            options[CLAUSE] = [[name, made] for name, made in self.columns.items()]
        return replace(signature, raw=raw, steps=steps, options=options)


def _used(
    raw: Sequence[Feature], steps: Sequence[Step], kept: set[str]
) -> tuple[tuple[Feature, ...], tuple[Step, ...]]:
    """Only the raw columns and steps that the kept columns are made of, positions moved."""
    n = len(raw)
    needed: set[int] = set()
    for i in reversed(range(len(steps))):
        if steps[i].name in kept or n + i in needed:
            needed |= {n + i, *(p for p in steps[i].parts if isinstance(p, int))}
    places = {old: new for new, old in enumerate(sorted(needed))}
    left = [
        Step(s.name, tuple(places[p] if isinstance(p, int) else p for p in s.parts))
        for i, s in enumerate(steps)
        if n + i in needed
    ]
    return tuple(f for i, f in enumerate(raw) if i in needed), tuple(left)


@contextmanager
def transformed(
    con: DuckDBPyConnection,
    query: str,
    parameters: object,
    clause: str | None,
    options: Mapping[str, Any],
    model_type: str,
) -> Iterator[Transformed | None]:
    """The training rows' TRANSFORM, written or implied; None if there is none.

    Args:
        con: the caller's connection.
        query: the training SELECT, ML functions in it spliced.
        parameters: of the query.
        clause: what stands in the brackets of TRANSFORM.
        options: of the statement.
        model_type: upper case.

    Raises:
        TrainingError, StatementError: TRANSFORM cannot be read, or is no function of its row.
    """
    if model_type in WITHOUT_ROWS:
        if clause is not None:
            raise TrainingError(
                f"TRANSFORM is not for model_type {model_type}", wanted="a model of rows",
                todo="write its expressions into the training SELECT",
            )  # fmt: skip
        yield None
        return
    if model_type == "TRANSFORM_ONLY" and clause is None:
        raise TrainingError(
            "A TRANSFORM_ONLY model is its TRANSFORM, and there is none",
            wanted="CREATE MODEL name TRANSFORM(...) OPTIONS(model_type = 'TRANSFORM_ONLY') AS ...",
        )
    roles = _roles(options, model_type)
    if clause is None and not _has_nested(con, query, parameters, roles):
        yield None
        return
    _create_rows(con, query, parameters)
    try:
        yield _Freezer(con, roles, model_type != "TRANSFORM_ONLY").freeze(clause)
    finally:
        con.execute(f"DROP TABLE IF EXISTS {ROWS}").fetchall()


def _roles(options: Mapping[str, Any], model_type: str) -> frozenset[str]:
    """Lower-case names of the columns that options name and that are no features."""
    found: set[str] = set() if model_type in WITHOUT_LABEL else {"label"}
    if "input_label_cols" in options:
        found.discard("label")
    for option in ROLES:
        value = options.get(option)
        for name in value if isinstance(value, list | tuple) else [value]:
            if isinstance(name, str):
                found.add(name.lower())
    return frozenset(found)


def _has_nested(
    con: DuckDBPyConnection, query: str, parameters: object, roles: frozenset[str]
) -> bool:
    try:
        if _kinds(con, query) != [duckdb.StatementType.SELECT]:
            return False
        described = con.execute(f"DESCRIBE SELECT * FROM (\n{query}\n)", parameters).fetchall()
    except duckdb.Error:
        return False  # whoever reads the rows says what is wrong
    return any(
        name.lower() not in roles and (kind.endswith("]") or kind.startswith("STRUCT"))
        for name, kind, *_ in described
    )


def _kinds(con: DuckDBPyConnection, query: str) -> list[duckdb.StatementType]:
    return [statement.type for statement in con.extract_statements(query)]


def whole_rows(con: DuckDBPyConnection) -> pa.Table:
    """The rows of the training SELECT, before TRANSFORM; to be called while they are there."""
    return con.sql(f"SELECT * FROM {ROWS}").to_arrow_table()


def _create_rows(con: DuckDBPyConnection, query: str, parameters: object) -> None:
    con.execute(f"DROP TABLE IF EXISTS {ROWS}").fetchall()
    try:
        if _kinds(con, query) != [duckdb.StatementType.SELECT]:
            raise TrainingError(
                "The training query is no SELECT", seen=query.strip()[:80], wanted="one SELECT"
            )
        con.execute(f"CREATE TEMP TABLE {ROWS} AS {query}", parameters).fetchall()
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise cannot_run(con, query, error) from error


class _Freezer:
    """Makes a :class:`Transformed` of a clause and the training rows.

    Args:
        con: where the rows are.
        roles: lower-case names of columns that pass by untouched.
        plain: nested columns are made plain; a transformer's stay as they are.
    """

    def __init__(self, con: DuckDBPyConnection, roles: frozenset[str], plain: bool) -> None:
        self.con, self.roles, self.plain = con, roles, plain
        relation = con.sql(f"SELECT * FROM {ROWS}")
        self.types = dict(zip(relation.columns, relation.types, strict=True))
        self.names = list(self.types)

    def freeze(self, clause: str | None) -> Transformed:
        if clause is None:
            items = [Item(name, (i,), True) for i, name in enumerate(self.names)]
        else:
            taken = partial(Catalog(self.con).has_function, "ml")
            text = frozen_text(self.con, clause, ROWS, taken)
            items = list(read_items(self.con, text, self.types))
        passed = [item for item in items if item.name.lower() in self.roles]
        self._check_roles(items, passed, clause)
        made = [item for item in items if item not in passed]
        if not any(isinstance(p, int) for item in made for p in item.parts):
            raise TrainingError("TRANSFORM reads no column", todo="add a column to it")
        steps = [Step(item.name, item.parts) for item in made]
        types = checked_types(self.con, ROWS, self.names, steps, clause is not None)
        features = self._features(steps, types) if self.plain else [s.name for s in steps]
        columns = {i.name: i not in passed for i in items} if clause is not None else {}
        raw = tuple(Feature(name, _plain_type(kind)) for name, kind in self.types.items())
        query = self._query(steps, [*features, *(item.name for item in passed)])
        return Transformed(query, raw, tuple(steps), columns)

    def _check_roles(
        self, items: Sequence[Item], passed: Sequence[Item], clause: str | None
    ) -> None:
        """The label and its like must pass TRANSFORM under their own names, unchanged."""
        for item in passed:
            if not item.plain or self.names[_position(item)].lower() != item.name.lower():
                raise TrainingError(
                    f"TRANSFORM changes column {item.name!r}, which an option names",
                    wanted=f"{item.name} alone, no expression and no AS",
                    todo="compute it in the training SELECT",
                )
        present = {item.name.lower() for item in items}
        for name in self.names if clause is not None else []:
            if name.lower() in self.roles and name.lower() not in present:
                raise TrainingError(
                    f"TRANSFORM leaves out column {name!r}, which an option names",
                    wanted=f"TRANSFORM(..., {name})", todo=f"add {name} to its list",
                )  # fmt: skip

    def _features(self, steps: list[Step], types: Sequence[Any]) -> list[str]:
        """The plain columns to train on, nested ones replaced by what they hold."""
        flattener = Flattener(self.con, ROWS, self.names, steps)
        features: list[str] = []
        for i, kind in enumerate(types):
            features += flattener.flatten(i, kind) if is_nested(kind) else [steps[i].name]
        return features

    def _query(self, steps: Sequence[Step], names: Sequence[str]) -> str:
        """The SELECT of the columns to train on."""
        raw = tuple(Feature(name, "") for name in self.names)
        empty = Signature("transformer", (), Graph((), (), ""), raw=raw, steps=tuple(steps))
        whole = inlined(empty, quote)
        columns = ", ".join(
            f"{whole[name]} AS {quote(name)}" if name in whole else quote(name) for name in names
        )
        return f"SELECT {columns} FROM {ROWS}"


def _position(item: Item) -> int:
    return next(p for p in item.parts if isinstance(p, int))


def _plain_type(kind: Any) -> str:
    """The type under which a raw column is told; an ENUM's values may grow."""
    return "VARCHAR" if kind.id == "enum" else str(kind)
