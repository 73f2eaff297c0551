"""``ML.TRANSFORM``: the columns that a model's TRANSFORM makes of rows."""

from __future__ import annotations

from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.predict import call_of
from retailsql.dialect.verbs.verb import Verb
from retailsql.functions.transformer import transform_query
from retailsql.registry.store import StoredVersion


def _transform(call: MLCall, stored: StoredVersion) -> str:
    assert call.relation is not None
    if not stored.signature.options.get("transform"):
        raise call.error(
            f"Model {stored.name.text!r} has no TRANSFORM", seen=stored.name.text,
            wanted="a model made with CREATE MODEL name TRANSFORM(...) OPTIONS(...) AS SELECT ...",
            todo="its features are the columns of the rows as they are",
        )  # fmt: skip
    return transform_query(call_of(stored), call.relation)


VERBS = (
    Verb(
        "TRANSFORM", ("classifier", "regressor", "clusterer", "reducer", "transformer"),
        "The columns of the model's TRANSFORM, with the statistics of its training rows.",
        {"<column of TRANSFORM>": "<its type>"}, _transform, rows="must",
    ),
)  # fmt: skip
