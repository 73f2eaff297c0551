"""``ML.VALIDATE_DATA_DRIFT`` and ``ML.VALIDATE_DATA_SKEW``: how far two sets of rows are apart.

Each column becomes two histograms of its values that are not NULL: of a category its values, of a
number the buckets between the quantiles of the base (ten buckets, unless said otherwise) and what
lies outside its range. They are compared as shares p and q, as TensorFlow Data Validation does:

    L_INFTY                     max |p - q|
    JENSEN_SHANNON_DIVERGENCE   (sum p log2(p / m) + sum q log2(q / m)) / 2,  m = (p + q) / 2

Both lie between 0 and 1. A column that is all NULL on one side only is as far off as can be: 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from retailsql.dialect.settings import Setting, refuse
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.drift_base import stored_base
from retailsql.dialect.verbs.leaves import ROW, Leaf, leaves
from retailsql.dialect.verbs.verb import Verb
from retailsql.errors import nearest
from retailsql.registry.names import literal
from retailsql.registry.store import StoredVersion

COLUMNS = {
    "input": "VARCHAR",
    "metric": "VARCHAR",
    "threshold": "DOUBLE",
    "value": "DOUBLE",
    "is_anomaly": "BOOLEAN",
}
L_INFTY, DIVERGENCE = "L_INFTY", "JENSEN_SHANNON_DIVERGENCE"
_THRESHOLD = "a number from 0 to below 1, such as 0.3"
_BUCKETS = "a whole number from 1 to 1000"
SETTINGS = (
    Setting("categorical_default_threshold", "float", _THRESHOLD, high=1, below=True),
    Setting(
        "categorical_metric_type", "str", f"'{L_INFTY}' or '{DIVERGENCE}'",
        choices=(L_INFTY, DIVERGENCE),
    ),
    Setting("numerical_default_threshold", "float", _THRESHOLD, high=1, below=True),
    Setting("numerical_metric_type", "str", f"'{DIVERGENCE}'", choices=(DIVERGENCE,)),
    Setting("thresholds", "list", "[('column', 0.1), ...]"),
)  # fmt: skip
LINK = Setting("enable_visualization_link", "bool", "true or false")
DRIFT_SETTINGS = (
    *SETTINGS,
    Setting("num_quantiles_histogram_buckets", "int", _BUCKETS, low=1, high=1000),
    Setting("num_histogram_buckets", "int", f"{_BUCKETS}: it has no effect", low=1, high=1000),
    Setting(
        "num_values_histogram_buckets", "int", f"{_BUCKETS}: it has no effect", low=1, high=1000
    ),
    Setting(
        "num_rank_histogram_buckets",
        "int",
        "a whole number from 1 to 10000: it has no effect",
        low=1,
        high=10_000,
    ),
)


@dataclass(frozen=True)
class Compared:
    """One column as it is compared.

    Args:
        name: of the column.
        metric: L_INFTY or JENSEN_SHANNON_DIVERGENCE.
        number: True if it is compared by buckets.
        base: SQL of a MAP(VARCHAR, DOUBLE), bucket or value -> count, over the aliases ``__rs_b``
            and ``__rs_edges``; or of a literal.
        study: the same over ``__rs_s``.
    """

    name: str
    metric: str
    number: bool
    base: str
    study: str


def _drift(call: MLCall) -> str:
    buckets = call.settings.get("num_quantiles_histogram_buckets", 10)
    base, study = leaves(call, 0), {leaf.name.lower(): leaf for leaf in leaves(call, 1)}
    pairs = [(leaf, study[leaf.name.lower()]) for leaf in base if leaf.name.lower() in study]
    compared: list[Compared] = []
    edges: list[str] = []
    for at, (old, new) in enumerate(pairs):
        numbers = old.kind == new.kind == "number"
        metric = DIVERGENCE if numbers else _metric(call)
        if old.kind != new.kind and metric != L_INFTY:
            continue  # as BigQuery documents: what is of two types has no divergence
        cut = f"k{at}" if numbers else None
        if cut:
            edges.append(f"{_edges(f'__rs_b.c{at}', old, buckets)} AS {cut}")
        compared.append(
            Compared(
                old.name, metric, numbers, _histogram("__rs_b", at, old, cut),
                _histogram("__rs_s", at, new, cut),
            )
        )  # fmt: skip
    if not compared:
        raise call.error(
            "The two sets of rows share no column", seen=", ".join(leaf.name for leaf in base),
            wanted="columns of the same names in both",
        )  # fmt: skip
    return (
        f"WITH __rs_b AS MATERIALIZED ({_selected(call.relations[0], [p[0] for p in pairs])}), "
        f"__rs_s AS MATERIALIZED ({_selected(call.relations[1], [p[1] for p in pairs])}), "
        f"__rs_edges AS MATERIALIZED (SELECT {', '.join(edges) or 'count(*) AS none'} "
        "FROM __rs_b), "
        f"__rs_base AS (SELECT [{', '.join(c.base for c in compared)}] AS maps "
        "FROM __rs_b CROSS JOIN __rs_edges), "
        f"__rs_study AS (SELECT [{', '.join(c.study for c in compared)}] AS maps "
        f"FROM __rs_s CROSS JOIN __rs_edges), {_judged(call, compared)}"
    )


def _skew(call: MLCall, stored: StoredVersion) -> str:
    there = {leaf.name.lower(): leaf for leaf in leaves(call)}
    chosen: list[Leaf] = []
    compared: list[Compared] = []
    edges: list[str] = []
    for column in stored_base(call, stored):
        leaf = there.get(column.name.lower())
        numbers = column.edges is not None
        metric = DIVERGENCE if numbers else _metric(call)
        if leaf is None or (numbers and leaf.kind != "number"):
            continue
        if not numbers and leaf.kind == "number" and metric != L_INFTY:
            continue
        at = len(chosen)
        cut = f"k{at}" if numbers else None
        if cut:
            edges.append(f"{column.edges} AS {cut}")
        chosen.append(leaf)
        study = _histogram("__rs_s", at, leaf, cut)
        compared.append(Compared(column.name, metric, numbers, column.counts, column.pooled(study)))
    if not compared:
        raise call.error(
            f"The rows have no column that model {stored.name.text!r} was trained on",
            seen=", ".join(leaf.name for leaf in there.values()),
            wanted=", ".join(f.name for f in stored.signature.inputs),
        )
    return (
        f"WITH __rs_edges AS MATERIALIZED (SELECT {', '.join(edges) or '1 AS none'}), "
        f"__rs_base AS (SELECT [{', '.join(c.base for c in compared)}] AS maps), "
        f"__rs_study AS (SELECT [{', '.join(c.study for c in compared)}] AS maps "
        f"FROM ({_selected(call.relations[0], chosen)}) AS __rs_s CROSS JOIN __rs_edges), "
        f"{_judged(call, compared)}"
    )


def _metric(call: MLCall) -> str:
    return str(call.settings.get("categorical_metric_type", L_INFTY)).upper()


def _selected(relation: str, chosen: Iterable[Leaf]) -> str:
    """The columns that are compared, as c0, c1, ..."""
    columns = ", ".join(f"{leaf.sql} AS c{at}" for at, leaf in enumerate(chosen))
    return f"SELECT {columns} FROM {relation} AS {ROW}"


def _elements(column: str) -> str:
    return f"flatten(list({column}) FILTER ({column} IS NOT NULL))"


def _edges(column: str, leaf: Leaf, buckets: int) -> str:
    """The quantiles from the smallest value to the largest, each once."""
    shares = [i / buckets for i in range(buckets + 1)]
    if leaf.array:
        items = _elements(column)
        cuts = ", ".join(f"list_aggregate({items}, 'quantile_disc', {s!r})" for s in shares)
        found = f"[{cuts}]::DOUBLE[]"
    else:
        found = f"quantile_disc({column}, {shares!r})"
    return f"coalesce(list_sort(list_distinct({found})), []::DOUBLE[])"


def _histogram(table: str, at: int, leaf: Leaf, cut: str | None) -> str:
    """Value or bucket -> count of what is not NULL, as an aggregate."""
    column = f"{table}.c{at}"
    if leaf.array:
        items = f"list_filter({_elements(column)}, lambda x: x IS NOT NULL)"
        # The rows are one list here, so of the edges, the same in every row, any will do.
        edges = f"any_value(__rs_edges.{cut})" if cut else None
        keys = f"list_transform({items}, lambda x: {_bucket('x', edges)})"
        made = f"list_histogram({keys})"
    else:
        key = _bucket(column, f"__rs_edges.{cut}" if cut else None)
        made = f"histogram({key}) FILTER ({column} IS NOT NULL)"
    return f"CAST({made} AS MAP(VARCHAR, DOUBLE))"


def _bucket(value: str, edges: str | None) -> str:
    """The value as text, or how many edges lie below it; -1 below the base's smallest."""
    if edges is None:
        return f"CAST({value} AS VARCHAR)"
    below = f"len(list_filter({edges}, lambda e: e < {value}))"
    return f"CAST(CASE WHEN {value} < {edges}[1] THEN -1 ELSE {below} END AS VARCHAR)"


def _judged(call: MLCall, compared: list[Compared]) -> str:
    """The rest of the query: histograms to shares, shares to one number a column."""
    own = _thresholds(call, [c.name for c in compared])
    linked = call.registered is not None or call.settings.get(LINK.name)
    link = ", CAST(NULL AS VARCHAR) AS visualization_link" if linked else ""
    numeric = call.settings.get("numerical_default_threshold", 0.3)
    other = call.settings.get("categorical_default_threshold", 0.3)
    told = ", ".join(
        f"({at}, {literal(c.name)}, {literal(c.metric)}, "
        f"{own.get(c.name, numeric if c.number else other)!r}::DOUBLE)"
        for at, c in enumerate(compared)
    )
    return f"""
        __rs_told(place, input, metric, threshold) AS (VALUES {told}),
        __rs_entries AS (
            SELECT place, unnest(map_entries(m)) AS e, old FROM (
                SELECT unnest(maps) AS m, generate_subscripts(maps, 1) - 1 AS place, 1.0 AS old
                FROM __rs_base
                UNION ALL
                SELECT unnest(maps) AS m, generate_subscripts(maps, 1) - 1 AS place, 0.0 AS old
                FROM __rs_study
            )
        ), __rs_counts AS (
            SELECT place, e.key AS k, sum(e.value * old) AS a, sum(e.value * (1 - old)) AS b
            FROM __rs_entries GROUP BY ALL
        ), __rs_shares AS (
            SELECT place, k, coalesce(a / nullif(sum(a) OVER w, 0), 0) AS p,
                   coalesce(b / nullif(sum(b) OVER w, 0), 0) AS q
            FROM __rs_counts WINDOW w AS (PARTITION BY place)
        ), __rs_apart AS (
            SELECT place, max(abs(p - q)) AS l_infty,
                   sum(CASE WHEN p > 0 THEN p * log2(2 * p / (p + q)) ELSE 0 END
                       + CASE WHEN q > 0 THEN q * log2(2 * q / (p + q)) ELSE 0 END
                       ORDER BY k) / 2 AS js,
                   sum(p) > 0.5 AND sum(q) > 0.5 AS two_sided
            FROM __rs_shares GROUP BY place
        ), __rs_values AS (
            SELECT *, CASE WHEN two_sided IS NULL THEN 0.0 WHEN NOT two_sided THEN 1.0
                           WHEN metric = '{L_INFTY}' THEN least(l_infty, 1.0)
                           ELSE greatest(0.0, least(js, 1.0)) END AS apart
            FROM __rs_told LEFT JOIN __rs_apart USING (place)
        )
        SELECT input, metric, threshold, apart AS "value", apart > threshold AS is_anomaly{link}
        FROM __rs_values ORDER BY place"""


def _thresholds(call: MLCall, names: list[str]) -> Mapping[str, float]:
    """The thresholds of single columns.

    Raises:
        StatementError: not of the form [('column', 0.1)], or of a column that is not compared.
    """
    known = {name.lower(): name for name in names}
    found: dict[str, float] = {}
    for pair in call.settings.get("thresholds", []):
        good = isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str)
        number = pair[1] if good else None
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < 1:
            raise refuse(
                call.fields["thresholds"],
                f"Setting thresholds of ML.{call.verb} has a wrong value",
                "[('column', 0.1), ...] with numbers from 0 to below 1",
            )  # fmt: skip
        if pair[0].lower() not in known:
            raise refuse(
                call.fields["thresholds"], f"Column {pair[0]!r} of thresholds is not compared",
                nearest(pair[0], names), "correct the name, or leave it out",
            )  # fmt: skip
        found[known[pair[0].lower()]] = float(number)
    return found


VERBS = (
    Verb(
        "VALIDATE_DATA_DRIFT", (),
        "How far the columns of two sets of rows are apart, and whether that is above a threshold. "
        "With a MODEL behind them also visualization_link, NULL: there is no console to link to.",
        COLUMNS, _drift, rows="two", settings=DRIFT_SETTINGS,
    ),
    Verb(
        "VALIDATE_DATA_SKEW", ("classifier", "regressor", "clusterer", "reducer"),
        "How far the rows' columns are from those that the model was trained on, those before "
        "TRANSFORM. With enable_visualization_link also that column, NULL.",
        COLUMNS, _skew, rows="must", settings=(*SETTINGS, LINK),
    ),
)  # fmt: skip
