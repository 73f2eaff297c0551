"""The hidden functions ``__rs_<model>_<hash>``: ONNX Runtime behind Arrow UDFs.

A hidden function is named by the content of its model, so that two files, or two versions, never
collide, and an equal model is loaded once. It is instance-wide, not stored in any file, and opens
no ONNX session until it is called.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection
from duckdb.func import FunctionNullHandling, PythonUDFType

from retailsql.functions import scorers
from retailsql.functions.explain import EXPLAIN, RESULT
from retailsql.functions.parameters import parameter_type
from retailsql.functions.raw_types import RAW, checked_columns, never
from retailsql.functions.scorers import TOP, LazyScorer, scorer_of
from retailsql.signature import WITHOUT_GRAPH, Signature

FORECAST_TYPE = 'STRUCT(step INTEGER, "value" DOUBLE, "lower" DOUBLE, "upper" DOUBLE)[]'

_MADE_IN_TRANSACTION: weakref.WeakKeyDictionary[DuckDBPyConnection, dict[str, LazyScorer]] = (
    weakref.WeakKeyDictionary()
)
_CALLABLES: dict[str, tuple[Callable[..., pa.Array], Any, str]] = {}
"""The Python function behind each hidden name, kept for good: DuckDB holds no reference of its own
once the connection that created it is closed, and would call whatever lies at that address."""


def create(con: DuckDBPyConnection, scorer: LazyScorer) -> None:
    """Create a hidden function for good, unless the instance has it.

    A cursor creates it: outside any transaction of the caller's, so that no rollback of his can
    take it back.
    """
    with con.cursor() as creator:
        _create(creator, scorer)


def has_hidden(signature: Signature) -> bool:
    """True if a model has a hidden function: its graph's, or the one that checks the types of the
    columns its TRANSFORM reads.
    """
    return signature.kind not in WITHOUT_GRAPH or bool(checked_columns(signature))


def names(scorer: LazyScorer) -> list[str]:
    """The names of a model's hidden functions that its calls as a row need."""
    own = [scorer.function] if scorer.signature.kind not in WITHOUT_GRAPH else []
    return [*own, f"{scorer.function}{RAW}"] if checked_columns(scorer.signature) else own


def create_in_transaction(con: DuckDBPyConnection, scorer: LazyScorer) -> None:
    """Create a hidden function inside the caller's transaction, whose catalog would not show what
    another connection creates; and remember it: should he roll back, his connection cannot make
    it again, but :func:`remake` can.
    """
    _create(con, scorer)
    _MADE_IN_TRANSACTION.setdefault(con, {})[scorer.function] = scorer


def remake(con: DuckDBPyConnection) -> None:
    """Give back the functions that went with a rolled-back transaction of ``con``. They are named
    by content, so one too many does no harm.
    """
    for scorer in _MADE_IN_TRANSACTION.pop(con, {}).values():
        create(con, scorer)


def ensure_explain(con: DuckDBPyConnection, inside: bool = False) -> None:
    """Create the function that explains the scores of all models, unless the instance has it.

    Args:
        con: where it will be called.
        inside: a transaction is open, whose catalog does not show what another connection
            creates. Lost with a rollback, it is made again with the next model or attach.
    """
    sql = "SELECT 1 FROM duckdb_functions() WHERE function_name = ? LIMIT 1"
    if inside and con.execute(sql, [EXPLAIN]).fetchall():
        return
    with con.cursor() as creator:
        _put(con if inside else creator, EXPLAIN, (_explain, None, RESULT))


def _explain(*columns: pa.ChunkedArray) -> pa.Array:
    """Name of the hidden function, class, permutations, then the features."""
    name, classes, permutations, *features = map(_one, columns)
    return scorers.explain(name[0].as_py(), features, classes, permutations[0].as_py())


def _create(con: DuckDBPyConnection, scorer: LazyScorer) -> None:
    name = scorer.function
    if columns := checked_columns(scorer.signature):
        raw, types = f"{name}{RAW}", [kind for _, kind in columns]
        udf = (_fixed_arity(never, len(types)), types, "BOOLEAN")
        _put(con, raw, _CALLABLES.setdefault(raw, udf))
    if scorer.signature.kind in WITHOUT_GRAPH:
        return
    _put(con, name, _CALLABLES.setdefault(name, _udf(name, scorer.signature)))
    if scorer.signature.kind == "factorizer":
        top = f"{name}{TOP}"
        _put(con, top, _CALLABLES.setdefault(top, _top(name, scorer.signature)))


def _put(con: DuckDBPyConnection, name: str, udf: tuple[Callable[..., pa.Array], Any, str]) -> None:
    function, parameters, result = udf
    try:
        con.create_function(
            name,
            function,
            parameters,
            result,
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
        )
    except duckdb.CatalogException as error:
        if "already exists" not in str(error):
            raise


def _udf(name: str, signature: Signature) -> tuple[Callable[..., pa.Array], Any, str]:
    """The Python function of a hidden name, its parameter types (None: any), its result type."""
    match signature.kind:
        case "recommender":
            item = signature.options["item_type"]
            result = f'STRUCT(item_id {item}, score DOUBLE, "rank" INTEGER)[]'
            return (lambda *c: scorer_of(name).score(*map(_one, c))), None, result
        case "forecaster":
            function = _fixed_arity(lambda *c: scorer_of(name).score(*map(_one, c)), 3)
            return function, ["DOUBLE[]", "INTEGER", "DOUBLE"], FORECAST_TYPE
        case "factorizer":
            return (lambda *c: scorer_of(name).score(c)), None, "DOUBLE"
        case _:
            types = [parameter_type(f, signature) for f in signature.features]
            one = signature.kind == "regressor" or signature.binary
            result = "DOUBLE" if one else "DOUBLE[]"
            function = _fixed_arity(lambda *c: scorer_of(name).score(c), len(types))
            return function, types, result


def _top(name: str, signature: Signature) -> tuple[Callable[..., pa.Array], Any, str]:
    """The second function of a factorizer: a user's best items, beside the score of a pair."""
    item = signature.options["item_type"]
    result = f'STRUCT(item_id {item}, score DOUBLE, "rank" INTEGER)[]'
    return (lambda *c: scorer_of(name).top(*c)), None, result


def _one(column: pa.ChunkedArray) -> pa.Array:
    """The batch as one array; DuckDB hands it over as a chunked array of one chunk."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _fixed_arity(function: Callable[..., pa.Array], n: int) -> Callable[..., pa.Array]:
    """DuckDB reads the arity of a typed UDF from its signature and refuses ``*args``."""
    only = inspect.Parameter.POSITIONAL_ONLY

    def udf(*columns: pa.ChunkedArray) -> pa.Array:
        return function(*columns)

    udf.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(f"c{i}", only) for i in range(n)]
    )
    return udf
