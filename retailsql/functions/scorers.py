"""The scorers behind hidden functions: one per model content, opened when first called."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from retailsql.errors import CorruptModelError, RegistryError, RetailSQLError
from retailsql.registry import background, store
from retailsql.registry.version import content_hash_of, histories_digest
from retailsql.scoring.onnx_session import open_graph, verify
from retailsql.signature import Signature

TOP = "_top"
"""Behind the name of a factorizer's hidden function: its second one, which lists items."""


def hidden_name(model: str, content_hash: str) -> str:
    """The name of a model's hidden function.

    >>> hidden_name("churn", "0a1b2c3d4e5f")
    '__rs_churn_0a1b2c3d4e5f'
    """
    return f"__rs_{model}_{content_hash}"


class LazyScorer:
    """A model's scorer, opened at the first call and shared by all threads and databases.

    Args:
        label: the model's name, for messages.
        content_hash: which version.
        signature: how to score it.
    """

    def __init__(self, label: str, content_hash: str, signature: Signature) -> None:
        self.label, self.content_hash, self.signature = label, content_hash, signature
        self.function = hidden_name(label, content_hash)
        self._artefact: bytes | None = None
        self._histories: pa.Table | None = None
        self._background: background.Rows | None = None
        self._scorer: Any = None
        self._explainer: Any = None
        self._lock = threading.Lock()

    def hold(
        self,
        artefact: bytes,
        histories: pa.Table | None,
        typical: background.Rows | None = None,
    ) -> None:
        """Keep bytes that no other connection can read yet: their transaction is still open."""
        self._artefact, self._histories, self._background = artefact, histories, typical

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
            artefact = self._artefact
            if background.DIGEST not in self.signature.options:  # else explainer() asks for it
                self._artefact = None
        else:
            artefact, expected = self._read(store.load_artefact)
            check(self.label, self.content_hash, self.signature, artefact, expected)
        session = open_graph(artefact)
        match self.signature.kind:
            case "forecaster":
                from retailsql.scoring.forecast import ForecastScorer

                return ForecastScorer(session, self.signature)
            case "recommender":
                from retailsql.scoring.recommend import RecommendScorer

                return RecommendScorer(session, self.signature, self._load_histories)
            case "factorizer":
                from retailsql.scoring.factors import FactorScorer

                return FactorScorer(session, self.signature, self._load_histories)
            case _:
                from retailsql.scoring.rows import RowScorer

                return RowScorer(session, self.signature)

    def explainer(self) -> Any:
        """What explains the scorer's scores; shares its ONNX session."""
        scorer = self.get()
        if self._explainer is None:
            from retailsql.scoring.explain import Explainer

            with self._lock:
                if self._explainer is None:
                    onnx = self._artefact or self._read(store.load_artefact)[0]
                    rows = self._load_background()
                    self._explainer = Explainer(scorer, self.signature, rows, onnx)
                    self._artefact = self._background = None
        return self._explainer

    def _load_background(self) -> background.Rows:
        rows = self._background or self._read(background.load)
        found, expected = background.digest(rows), str(self.signature.options[background.DIGEST])
        if found != expected:
            raise _corrupt(self.label, "background", found, expected)
        return rows

    def _load_histories(self) -> pa.Table:
        if self._histories is not None:
            return self._histories
        histories = self._read(store.load_histories)
        expected = self.signature.options.get("histories_sha256")
        if (expected or len(histories)) and histories_digest(histories) != expected:
            raise _corrupt(self.label, "histories", histories_digest(histories), str(expected))
        return histories

    def _read(self, load: Callable[[DuckDBPyConnection, str, str], Any]) -> Any:
        """Read from the first open database that holds this version."""
        failure: duckdb.Error | RetailSQLError | None = None
        for con, database in _databases():
            try:
                with con.cursor() as cursor:
                    return load(cursor, database, self.content_hash)
            except (duckdb.Error, RetailSQLError) as error:
                failure = error
        raise RegistryError(
            f"The stored bytes of model {self.label} cannot be read",
            seen=failure or "no database of this process holds them",
            todo="attach the database again: retailsql.attach(con)",
        ) from failure


def check(
    label: str, content_hash: str, signature: Signature, artefact: bytes, expected: str
) -> None:
    """Check that stored bytes and signature are those that were registered.

    Raises:
        CorruptModelError: they are not.
    """
    verify(artefact, expected, label)
    found = content_hash_of(artefact, signature)
    if found != content_hash:
        raise _corrupt(label, "signature", found, content_hash)


def _corrupt(label: str, what: str, found: str, wanted: str) -> CorruptModelError:
    return CorruptModelError(
        f"The stored {what} of model {label} is not what was registered",
        seen=f"hash {found[:12]}",
        wanted=wanted[:12],
        todo="restore the database file from a copy, or train or import the model again",
    )


_SCORERS: dict[str, LazyScorer] = {}
_CONNECTIONS: weakref.WeakSet[DuckDBPyConnection] = weakref.WeakSet()
"""Connections that were equipped. Held weakly, and asked by cursors that are closed at once: a
function must not keep a database open, and its file locked, that its user has closed."""
_LOCK = threading.Lock()


def _databases() -> Iterator[tuple[DuckDBPyConnection, str]]:
    """Every database with a registry that an open connection reaches."""
    for con in list(_CONNECTIONS):
        try:
            with con.cursor() as cursor:
                names = store.databases(cursor)
        except duckdb.Error:
            continue  # closed since
        for name in names:
            yield con, name


def note_connection(con: DuckDBPyConnection) -> None:
    """Remember a connection, so that models can be read through it and it is closed at exit.

    If every other one has been closed, nothing can call the scorers made so far: they are let go.
    """
    with _LOCK:
        if not any(map(_is_open, list(_CONNECTIONS))):
            _SCORERS.clear()
        _CONNECTIONS.add(con)


def _is_open(con: DuckDBPyConnection) -> bool:
    try:
        con.cursor().close()
    except duckdb.ConnectionException:
        return False
    return True


def lazy_scorer(label: str, content_hash: str, signature: Signature) -> LazyScorer:
    """The one scorer of a hidden function in this process."""
    name = hidden_name(label, content_hash)
    with _LOCK:
        held = _SCORERS.get(name)
        # A scorer that has opened has proved its signature; one that has not may have been told a
        # changed one by another file.
        if held is None or not (held.is_open or held.signature == signature):
            held = _SCORERS[name] = LazyScorer(label, content_hash, signature)
        return held


def scorer_of(name: str) -> Any:
    """The opened scorer of a hidden function."""
    return _SCORERS[name].get()


def explain(name: str, columns: list[pa.Array], classes: pa.Array, permutations: int) -> pa.Array:
    """Explain a batch by the model of a hidden function."""
    return _SCORERS[name].explainer().explain(columns, classes, permutations)


@atexit.register
def _close_all() -> None:
    """Close what still holds Python functions: left to the interpreter's end, DuckDB would be
    torn down after Python and report leaks.
    """
    for con in list(_CONNECTIONS):
        con.close()
