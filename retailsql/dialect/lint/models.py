"""The models a statement may name: those of the database, and those the text makes before it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.dialect.lint.scratch import Columns, Scratch
from retailsql.dialect.lookup import Catalog
from retailsql.errors import ModelNotFoundError, RetailSQLError, SignatureError, nearest
from retailsql.functions import hidden
from retailsql.functions.calls import Call
from retailsql.functions.macros import macros
from retailsql.functions.scorers import LazyScorer
from retailsql.registry import store
from retailsql.registry.names import ModelName, resolve
from retailsql.registry.store import StoredVersion
from retailsql.signature import Feature, Graph, ModelKind, Signature

UNTRAINED = 0
"""The version of a model that the text makes and nobody has trained."""


class UnknownShapeError(RetailSQLError):
    """The model will exist when the statement runs, but what it takes is not known yet."""


class Models(Catalog):
    """What the splicer asks, answered from the scratch database.

    Args:
        con: the person's connection, or None.
        scratch: where the functions are made.
    """

    def __init__(self, con: DuckDBPyConnection | None, scratch: Scratch) -> None:
        super().__init__(scratch.con)
        self.told = None if con is None else Catalog(con)
        self.scratch, self._ready = scratch, set[ModelName]()
        self.held: dict[ModelName, StoredVersion | None] = {}
        for database in store.databases(con) if con is not None else []:
            for stored in store.versions(con, database, deployed=True, strict=False):  # type: ignore[arg-type]
                self.held[stored.name] = stored

    def find(self, name: str) -> StoredVersion | None:
        """The version a name means; None if its shape is not known.

        Raises:
            RetailSQLError: no such model, or no such schema.
        """
        target = resolve(self.con, name)
        if target not in self.held:
            raise ModelNotFoundError(
                f"There is no model {target.text!r}",
                wanted=nearest(target.text, [n.text for n in self.held]),
                todo="correct the name, or make it: CREATE MODEL ...",
            )
        return self.held[target]

    def model(self, name: str) -> StoredVersion:
        """See :meth:`Catalog.model`; the functions are made in the scratch database."""
        stored = self.find(name)
        if stored is None:
            raise UnknownShapeError(f"What model {name} takes is known once it is trained")
        try:
            store.ensure(self.con, stored.name.database)  # some functions read its tables
            self.make_ready(stored)
        except duckdb.Error as error:
            self.held[stored.name] = None
            raise UnknownShapeError(f"The functions of model {name} cannot be made") from error
        return stored

    def has_report(self, stored: StoredVersion, report: str) -> bool:
        """As the database has it. A model yet to be made is taken to hold any but those of trials,
        on which the columns of a result depend.
        """
        if self.told is None or stored.version == UNTRAINED:
            return report != "trial_info"
        return self.told.has_report(stored, report)

    def has_held_out(self, stored: StoredVersion) -> bool:
        """As above."""
        if self.told is None or stored.version == UNTRAINED:
            return True
        return self.told.has_held_out(stored)

    def report(self, stored: StoredVersion, report: str) -> list[dict[str, Any]]:
        """See :meth:`Catalog.report`."""
        return [] if self.told is None else self.told.report(stored, report)

    def make_ready(self, stored: StoredVersion) -> None:
        """Make the hidden function and the macros of a model, where its calls can bind."""
        if stored.name in self._ready:
            return
        self._ready.add(stored.name)
        call = Call(stored.name.name, stored.content_hash, stored.signature)
        if hidden.has_hidden(stored.signature):
            hidden.ensure_explain(self.con)
            scorer = LazyScorer(stored.name.name, stored.content_hash, stored.signature)
            hidden.create(self.con, scorer)
        for statements in macros(stored.name, call).values():
            for statement in statements:
                self.con.execute(statement)

    def make_ready_called(self, words: set[str]) -> None:
        """Make ready every model one of whose functions a text may call."""
        for name, stored in self.held.items():
            if stored is not None and any(w.startswith(f"{name.name}_") for w in words):
                try:
                    self.make_ready(stored)
                except (duckdb.Error, RetailSQLError):
                    self.held[name] = None  # of a newer retailsql, or a clash: not judged

    def declare(self, name: str, kind: ModelKind | None, told: Mapping[str, Any]) -> None:
        """A model that the text makes.

        Args:
            name: as written.
            kind: None if what it takes cannot be known before training.
            told: ``columns`` (of the training query), ``label`` and ``others`` (no features).
        """
        try:
            target = resolve(self.con, name)
        except RetailSQLError:
            return
        self._ready.discard(target)
        self.held[target] = None if kind is None else _pretend(target, kind, **told)

    def forget(self, name: str) -> None:
        """A model that the text drops."""
        try:
            self.held.pop(resolve(self.con, name), None)
        except RetailSQLError:
            return


class Deployed(Models):
    """The models of a connection, each looked up when it is named; nothing is made.

    Args:
        con: the person's connection.
    """

    def __init__(self, con: DuckDBPyConnection) -> None:
        Catalog.__init__(self, con)
        self.told = Catalog(con)
        self.scratch, self.held = Scratch(None, ()), {}

    def find(self, name: str) -> StoredVersion:
        """See :meth:`Models.find`."""
        target = resolve(self.con, name)
        stored = self.held.get(target)
        if stored is None:
            stored = self.held[target] = store.find(self.con, target)
        return stored


def _pretend(
    name: ModelName, kind: ModelKind, columns: Columns, label: str, others: set[str]
) -> StoredVersion | None:
    """A version that nobody has trained yet: its columns, and no numbers."""
    features = []
    for column, sql_type in columns.items():
        if column.lower() in others or column.lower() == label.lower():
            continue
        feature = Feature(column, sql_type)
        text = sql_type.upper().startswith(("VARCHAR", "ENUM"))
        features.append(Feature(column, sql_type, "category", categories=()) if text else feature)
    label_type = next((t for c, t in columns.items() if c.lower() == label.lower()), "DOUBLE")
    n = len(features)
    graph = Graph(tuple(f"f{i}" for i in range(n)), ("double",) * n, "y")
    signature = Signature(
        kind, tuple(features), graph, label, label_type,
        classes=("0", "1") if kind == "classifier" else (),
        positive_class="1" if kind == "classifier" else None,
    )  # fmt: skip
    try:
        text_of = signature.to_json()
        [f.kind for f in features]
    except SignatureError:
        return None
    content_hash = hashlib.sha256(f"lint{text_of}".encode()).hexdigest()[:12]
    return StoredVersion(name, UNTRAINED, True, content_hash, "", signature, None, None)
