"""The hidden functions ``__rs_<model>_<hash>``: ONNX Runtime behind Arrow UDFs.

A hidden function is named by the content of its model, so that two files, or two versions, never
collide, and an equal model is loaded once. It is instance-wide, not stored in any file, and opens
no ONNX session until it is called.
"""

from __future__ import annotations

import atexit
import inspect
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection
from duckdb.func import FunctionNullHandling, PythonUDFType

from retailsql.errors import RegistryError, RetailSQLError
from retailsql.registry import store
from retailsql.scoring.onnx_session import open_graph, verify
from retailsql.signature import Feature, Signature

FORECAST_TYPE = 'STRUCT(step INTEGER, "value" DOUBLE, "lower" DOUBLE, "upper" DOUBLE)[]'


def hidden_name(model: str, content_hash: str) -> str:
    """The name of a model's hidden function.

    >>> hidden_name("churn", "0a1b2c3d4e5f")
    '__rs_churn_0a1b2c3d4e5f'
    """
    return f"__rs_{model}_{content_hash}"


@dataclass
class Source:
    """Where the bytes of a hidden function can be read.

    The connection is held weakly: a function must not keep a database open, and its file locked,
    that its user has closed.
    """

    connection: weakref.ref[DuckDBPyConnection]
    database: str


class LazyScorer:
    """A model's scorer, opened at the first call and shared by all threads.

    Args:
        label: the model's name, for messages.
        content_hash: which version.
        signature: how to score it.
    """

    def __init__(self, label: str, content_hash: str, signature: Signature) -> None:
        self.label, self.content_hash, self.signature = label, content_hash, signature
        self.function = hidden_name(label, content_hash)
        self.sources: list[Source] = []
        self._artefact: bytes | None = None
        self._histories: pa.Table | None = None
        self._scorer: Any = None
        self._lock = threading.Lock()

    def hold(self, artefact: bytes, histories: pa.Table | None) -> None:
        """Keep bytes that no other connection can read yet: their transaction is still open."""
        self._artefact, self._histories = artefact, histories

    def add_source(self, con: DuckDBPyConnection, database: str) -> None:
        """Note one more place to read from; the newest few are kept, the newest is asked first."""
        self.sources = [Source(weakref.ref(con), database), *self.sources[:7]]

    @property
    def is_open(self) -> bool:
        """True once the ONNX session has been made."""
        return self._scorer is not None

    def get(self) -> Any:
        """The scorer of the model's kind."""
        if self._scorer is None:
            with self._lock:
                if self._scorer is None:
                    self._scorer = self._open()
        return self._scorer

    def _open(self) -> Any:
        if self._artefact is not None:
            artefact, self._artefact = self._artefact, None
        else:
            artefact, expected = self._read(store.load_artefact)
            verify(artefact, expected, self.label)
        session = open_graph(artefact)
        match self.signature.kind:
            case "forecaster":
                from retailsql.scoring.forecast import ForecastScorer

                return ForecastScorer(session, self.signature)
            case "recommender":
                from retailsql.scoring.recommend import RecommendScorer

                return RecommendScorer(session, self.signature, self._load_histories)
            case _:
                from retailsql.scoring.rows import RowScorer

                return RowScorer(session, self.signature)

    def _load_histories(self) -> pa.Table:
        if self._histories is not None:
            return self._histories
        return self._read(store.load_histories)

    def _read(self, load: Callable[[DuckDBPyConnection, str, str], Any]) -> Any:
        """Read from the first source that can still be read."""
        failure: duckdb.Error | RetailSQLError | None = None
        for source in self.sources:
            con = source.connection()
            if con is None:
                continue
            try:
                with con.cursor() as cursor:
                    return load(cursor, source.database, self.content_hash)
            except (duckdb.Error, RetailSQLError) as error:
                failure = error
        raise RegistryError(
            f"The stored bytes of model {self.label} cannot be read",
            seen=failure,
            todo="attach the database again: retailsql.attach(con)",
        ) from failure


_SCORERS: weakref.WeakValueDictionary[str, LazyScorer] = weakref.WeakValueDictionary()
_USERS: weakref.WeakKeyDictionary[DuckDBPyConnection, dict[str, LazyScorer]] = (
    weakref.WeakKeyDictionary()
)
"""Connection -> the scorers it uses. A scorer lives as long as a connection that asked for it."""
_LENDERS: weakref.WeakKeyDictionary[DuckDBPyConnection, DuckDBPyConnection] = (
    weakref.WeakKeyDictionary()
)
"""Cursor of a Session -> the connection the Session began with."""
_MADE_IN_TRANSACTION: weakref.WeakKeyDictionary[DuckDBPyConnection, dict[str, LazyScorer]] = (
    weakref.WeakKeyDictionary()
)
_CALLABLES: dict[str, tuple[Callable[..., pa.Array], Any, str]] = {}
"""The Python function behind each hidden name, kept for good: DuckDB holds no reference of its own
once the connection that created it is closed, and would call whatever lies at that address."""
_LOCK = threading.Lock()


def lend(cursor: DuckDBPyConnection, con: DuckDBPyConnection) -> None:
    """Say that a cursor is of ``con``, so that what it registers lasts as long as ``con``."""
    _LENDERS[cursor] = _LENDERS.get(con, con)


def forget_closed() -> None:
    """Let go of the scorers of connections that have been closed since."""
    for con in list(_USERS):
        try:
            con.cursor().close()
        except duckdb.ConnectionException:
            _USERS.pop(con, None)


@atexit.register
def _close_open() -> None:
    """Close what still holds Python functions: left to the interpreter's end, DuckDB would be
    torn down after Python and report leaks.
    """
    for con in list(_USERS):
        con.close()


def lazy_scorer(
    con: DuckDBPyConnection, label: str, database: str, content_hash: str, signature: Signature
) -> LazyScorer:
    """The one scorer of a hidden function in this process, made to last as long as ``con``."""
    name, con = hidden_name(label, content_hash), _LENDERS.get(con, con)
    with _LOCK:
        scorer = _SCORERS.get(name)
        if scorer is None:
            scorer = _SCORERS[name] = LazyScorer(label, content_hash, signature)
        _USERS.setdefault(con, {})[name] = scorer
        if name not in _CALLABLES:
            _CALLABLES[name] = _udf(name, signature)
    scorer.add_source(con, database)
    return scorer


def create(con: DuckDBPyConnection, scorer: LazyScorer) -> None:
    """Create a hidden function for good, unless the instance has it.

    A cursor creates it: outside any transaction of the caller's, so that no rollback of his can
    take it back.
    """
    with con.cursor() as creator:
        _create(creator, scorer.function)


def create_in_transaction(con: DuckDBPyConnection, scorer: LazyScorer) -> None:
    """Create a hidden function inside the caller's transaction, whose catalog would not show what
    another connection creates; and remember it: should he roll back, his connection cannot make
    it again, but :func:`remake` can.
    """
    _create(con, scorer.function)
    _MADE_IN_TRANSACTION.setdefault(con, {})[scorer.function] = scorer


def remake(con: DuckDBPyConnection) -> None:
    """Give back the functions that went with a rolled-back transaction of ``con``. They are named
    by content, so one too many does no harm.
    """
    for scorer in _MADE_IN_TRANSACTION.pop(con, {}).values():
        create(con, scorer)


def _create(con: DuckDBPyConnection, name: str) -> None:
    function, parameters, result = _CALLABLES[name]
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


def _scorer(name: str) -> Any:
    lazy = _SCORERS.get(name)
    if lazy is None:
        raise RegistryError(
            f"The connection that made {name} is gone",
            todo="attach the database again: retailsql.attach(con)",
        )
    return lazy.get()


def _udf(name: str, signature: Signature) -> tuple[Callable[..., pa.Array], Any, str]:
    """The Python function of a hidden name, its parameter types (None: any), its result type."""
    match signature.kind:
        case "recommender":
            item = signature.options["item_type"]
            result = f'STRUCT(item_id {item}, score DOUBLE, "rank" INTEGER)[]'
            return (lambda *c: _scorer(name).score(*map(_one, c))), None, result
        case "forecaster":
            function = _fixed_arity(lambda *c: _scorer(name).score(*map(_one, c)), 3)
            return function, ["DOUBLE[]", "INTEGER", "DOUBLE"], FORECAST_TYPE
        case _:
            types = [parameter_type(f, signature) for f in signature.features]
            result = "DOUBLE" if signature.kind == "regressor" or signature.binary else "DOUBLE[]"
            function = _fixed_arity(
                lambda *c: _scorer(name).score(c), len(types)
            )
            return function, types, result


def parameter_type(feature: Feature, signature: Signature) -> str:
    """The SQL type under which the hidden function takes a feature. Whole numbers and decimals
    are taken as DOUBLE, unless the graph wants them whole.
    """
    match feature.kind:
        case "number":
            graph = signature.graph
            at = 0 if graph.matrix else signature.features.index(feature)
            return "BIGINT" if graph.dtypes[at] in ("int64", "int32") else "DOUBLE"
        case "boolean":
            return "BOOLEAN"
        case "date":
            return "DATE"
        case "timestamp":
            return "TIMESTAMP"
        case _:
            return "VARCHAR"


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
