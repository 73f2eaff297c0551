"""``ML.RECOMMEND`` of item-to-item recommenders."""

from __future__ import annotations

from retailsql.dialect.histories import stored_histories, stored_keys
from retailsql.dialect.settings import Setting
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.predict import call_of
from retailsql.dialect.verbs.verb import Verb
from retailsql.registry.names import literal, quote
from retailsql.registry.store import StoredVersion

TOP_K = Setting("top_k", "int", "a whole number from 1, such as 10", low=1)
EXCLUDE_SEEN = Setting("exclude_seen", "bool", "true or false")


def _recommend(call: MLCall, stored: StoredVersion) -> str:
    options = stored.signature.options
    user, item = quote(options["user_col"]), quote(stored.signature.label)
    if call.relation is None:
        keys = stored_keys([options["user_col"]], options)
        source = f"SELECT {keys} FROM {stored_histories(stored)}"
    else:
        source = f"SELECT DISTINCT {user} FROM {call.relation} AS __rs_users"
    k, seen = call.settings.get("top_k", 10), literal(call.settings.get("exclude_seen", True))
    return (
        f"SELECT {user}, __rs_r.item_id AS {item}, "
        f"__rs_r.score AS predicted_rating_confidence, __rs_r.rank AS rank FROM "
        f"(SELECT {user}, unnest({call_of(stored).function}({user}, {k}, {seen})) AS __rs_r "
        f"FROM ({source}) AS __rs_users)"
    )


VERBS = (
    Verb(
        "RECOMMEND", ("recommender",),
        "The best items for each customer given, or for every one known.",
        {
            "<user_col>": "<type of user_col>",
            "<item_col>": "<type of item_col>",
            "predicted_rating_confidence": "DOUBLE",
            "rank": "INTEGER",
        },
        _recommend, rows="may", settings=(TOP_K, EXCLUDE_SEEN),
    ),
)  # fmt: skip
