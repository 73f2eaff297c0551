"""Models behind the grants: those of ML.X(...), and the right to make them."""

from __future__ import annotations

from difflib import get_close_matches

from duckdb import DuckDBPyConnection

from retailsql.adapters.server.policy.known import known
from retailsql.adapters.server.policy.names import fold
from retailsql.adapters.server.policy.rights import denied, may, require
from retailsql.adapters.server.policy.shim import DOOR, Shim
from retailsql.adapters.server.policy.statement import check, check_words
from retailsql.adapters.server.records import PgError, Rights
from retailsql.dialect.lookup import Catalog
from retailsql.dialect.with_queries import describable
from retailsql.errors import ModelNotFoundError
from retailsql.registry.names import ModelName, resolve
from retailsql.registry.store import StoredVersion


class GrantedCatalog(Catalog):
    """A connection's models and tables, as far as a person may use them.

    Args:
        con: where the models are.
        rights: of the person.
        text: his statement; refused here if it names what is hidden, before anything is bound.
        shim: the catalog's database.

    Attributes:
        models: that were asked for, as ``schema.name``.
    """

    def __init__(
        self,
        con: DuckDBPyConnection,
        rights: Rights,
        text: str = "",
        shim: Shim = DOOR,
    ) -> None:
        super().__init__(con)
        check_words(text)
        self.rights, self.shim = rights, shim
        self.models: list[str] = []

    def model(self, name: str) -> StoredVersion:
        """The deployed version of a model.

        Raises:
            PgError: 42501 no right to score with it, 42704 there is none.
        """
        found = resolved(self.con, name)
        require(self.rights, "score", found.schema, found.name, "model")
        try:
            stored = super().model(name)
        except ModelNotFoundError as error:
            raise no_model(self.con, self.rights, found.text) from error
        self.models.append(f"{found.schema}.{found.name}")
        return stored

    def describe(self, relation: str, before: str = "") -> dict[str, str]:
        """Column -> type of what may stand after FROM, if the person may read it.

        Raises:
            PgError: 42501 and the like, as for a statement of its own.
        """
        query = describable(before, f"FROM {relation} AS __rs_described")
        # What a call inside this one became may be hidden; the person's words were checked above.
        check(self.con, "", None, query, self.rights, spliced=True, shim=self.shim)
        return super().describe(relation, before)


def resolved(con: DuckDBPyConnection, name: str) -> ModelName:
    """Database, schema and name of a model, which need not exist.

    Raises:
        PgError: 42602 it is no name of a model, 3F000 no such schema.
    """
    try:
        return resolve(con, name)
    except ModelNotFoundError as error:
        raise PgError("3F000", f"there is no schema for model {name}") from error


def no_model(con: DuckDBPyConnection, rights: Rights, name: str) -> PgError:
    """42704, with the nearest of those models that the person may know of."""
    models = {f.model for every in known(con).functions.values() for f in every if f.model}
    mine = {
        model if fold(schema) == "main" else f"{schema}.{model}"
        for schema, model in models
        if may_see_model(rights, schema, model)
    }
    close = get_close_matches(name, sorted(mine))
    hint = f"Did you mean: {', '.join(close)}?" if close else None
    return PgError("42704", f'model "{name}" does not exist', hint=hint)


def may_see_model(rights: Rights, schema: str, name: str) -> bool:
    """True if a list of models may show it.

    >>> may_see_model(Rights("anna"), "main", "churn")
    False
    """
    return may(rights, "score", schema, name, "model") or may(
        rights, "train", schema, name, "model"
    )


def require_train(con: DuckDBPyConnection, rights: Rights, name: str) -> ModelName:
    """The model that CREATE, ALTER or DROP MODEL names, if the person may make it.

    The queries of CREATE MODEL must pass :func:`check` as well: it reads with his rights.

    Raises:
        PgError: 42501, 42602, 3F000.
    """
    found = resolved(con, name)
    if not may(rights, "train", found.schema, found.name, "model"):
        raise denied("model", found.text, "train")
    return found
