"""SQL over the list of numbers that a clusterer's or reducer's hidden function returns.

=========  =========================================  ==========================================
kind       the list                                   ``signature.options``
=========  =========================================  ==========================================
clusterer  distance to each centroid                  radii: of each cluster; distance_type
reducer    the row in fewer dimensions, then losses   outputs: how many of the first; prefix: their
                                                      names; losses: names of the rest; width
=========  =========================================  ==========================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from retailsql.functions.calls import ROW, Call
from retailsql.registry.names import quote
from retailsql.signature import Signature

SCORE = "__rs_list"
"""Column that holds the list, computed once per row and taken apart outside."""
MOST_NEAREST = 5
NEAREST_TYPE = "STRUCT(CENTROID_ID BIGINT, DISTANCE DOUBLE)[]"


def nearest_centroid(score: str) -> str:
    """The number of the nearest centroid, from 1; the first of two equally near."""
    return f"CAST(list_position({score}, list_min({score})) AS BIGINT)"


def nearest_distances(score: str) -> str:
    """Up to five centroids with their distances, the nearest first, as BigQuery ML returns them."""
    pairs = f"list_transform({score}, lambda __rs_x, i: {{'d': __rs_x, 'i': i}})"
    return (
        f"CAST(list_transform(list_sort({pairs})[1:{MOST_NEAREST}], "
        f"lambda __rs_x: {{'CENTROID_ID': __rs_x.i, 'DISTANCE': __rs_x.d}}) AS {NEAREST_TYPE})"
    )


def latent(signature: Signature, score: str) -> str:
    """A reducer's list without the losses behind it."""
    return f"{score}[1:{signature.options['outputs']}]"


def loss(signature: Signature, name: str, score: str = SCORE) -> str:
    """One of a reducer's losses."""
    options = signature.options
    return f"{score}[{options['outputs'] + options['losses'].index(name) + 1}]"


def list_outputs(signature: Signature, score: str = SCORE) -> dict[str, str]:
    """Output column -> SQL, for the table form and ML.PREDICT."""
    if signature.kind == "clusterer":
        return {
            "CENTROID_ID": nearest_centroid(score),
            "NEAREST_CENTROIDS_DISTANCE": nearest_distances(score),
        }
    prefix, n = signature.options["prefix"], signature.options["outputs"]
    return {f"{prefix}{i}": f"{score}[{i}]" for i in range(1, n + 1)}


def list_query(
    call: Call,
    relation: str,
    outputs: Mapping[str, str],
    outputs_first: bool = True,
    features: bool = True,
    of: Callable[[str], str] | None = None,
) -> str:
    """A SELECT of a relation's columns and of outputs made of the model's list.

    A column of the relation that has an output's name makes the WHERE clause's bare reference
    ambiguous, which is the error wanted; otherwise the one-row join is planned away.

    Args:
        call: the model.
        relation: SQL that may stand after FROM; stands in the result once.
        outputs: output column -> SQL over :data:`SCORE`.
        outputs_first: the outputs before the input columns, as BigQuery ML has them.
        features: False leaves out the columns the model reads, and passes on the others only.
        of: SQL made of the list, to be :data:`SCORE` in its place.
    """
    hidden = [] if features else [quote(f.name) for f in call.signature.inputs]
    rest = f"__rs_in.* EXCLUDE ({', '.join([SCORE, *hidden])})"
    columns = [f"{sql} AS {quote(name)}" for name, sql in outputs.items()]
    columns.insert(len(columns) if outputs_first else 0, rest)
    guard = ", ".join(f"1 AS {quote(name)}" for name in outputs)
    clash = " AND ".join(f"{quote(name)} IS NOT NULL" for name in outputs)
    return (
        f"SELECT {', '.join(columns)} FROM {scored(call, relation, of)} "
        f"CROSS JOIN (SELECT {guard}) AS __rs_output_names WHERE {clash}"
    )


def scored(call: Call, relation: str, of: Callable[[str], str] | None = None) -> str:
    """The relation with the list, or SQL made of it, beside its columns; to stand after FROM."""
    score = call.over_row(ROW) if of is None else of(call.over_row(ROW))
    return f"(SELECT {ROW}.*, {score} AS {SCORE} FROM {relation} AS {ROW}) AS __rs_in"


def list_forms(call: Call) -> dict[str, tuple[str, str, str]]:
    """Verb -> the public function over a row ``r``, over named arguments, over a table's name."""
    signature = call.signature
    table = list_query(call, "query_table(source)", list_outputs(signature), outputs_first=False)
    row, named = call.over_row("r"), call.over_names()
    if signature.kind == "reducer":
        return {"predict": (latent(signature, row), latent(signature, named), table)}
    # In a lambda the list stands once, and is computed once.
    ids = [
        f"list_transform([{s}], lambda __rs_s: {nearest_centroid('__rs_s')})[1]"
        for s in (row, named)
    ]
    return {
        "predict": (ids[0], ids[1], table),
        "distance": (f"list_min({row})", f"list_min({named})", table),
    }
