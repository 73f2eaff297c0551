"""What a model takes and returns: names, SQL types, NULL rule, categories.

A signature is stored as JSON beside the ONNX bytes and is all that is needed, with them, to score.
It fixes the *encoding*, the one way in which a SQL value becomes a number of the graph:

===========  =================================  ====================================================
kind         SQL type                           graph input: a vector of shape (rows,)
===========  =================================  ====================================================
number       DOUBLE FLOAT BIGINT INTEGER ...    double; NULL and NaN are NaN; see below
boolean      BOOLEAN                            double 0 or 1; NULL is NaN
date         DATE                               double, days since 1970-01-01; NULL is NaN
timestamp    TIMESTAMP [WITH TIME ZONE]         double, days since 1970-01-01 (UTC) with fraction
category     VARCHAR with ``categories``        int64 code: 0..n-1 as listed, n NULL, n+1 unseen
text         VARCHAR without ``categories``     string; imported graphs only
===========  =================================  ====================================================

Infinity is an error, of dates too. So is a number that the graph's type cannot hold: beyond 32 bits
for int32, beyond the largest 32-bit float for all but graphs whose scores are doubles.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from retailsql.errors import SignatureError

FORMAT = 1
"""The format number. Raise it when an old reader would score a new signature wrongly, keep
reading every older number in :meth:`Signature.from_json`, and add the old file to the tests."""

NUMBER_TYPES = (
    "DOUBLE", "FLOAT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT",
    "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT", "UHUGEINT", "DECIMAL",
)  # fmt: skip

FeatureKind = Literal["number", "boolean", "date", "timestamp", "category", "text"]
OnNull = Literal["impute", "category", "null", "error"]
OnUnseen = Literal["other", "null", "error"]
ModelKind = Literal[
    "classifier", "regressor", "forecaster", "recommender", "clusterer", "reducer", "factorizer",
    "forecast_table", "transformer",
]  # fmt: skip
WITHOUT_GRAPH = ("forecast_table", "transformer")
"""Kinds whose models are SQL and stored rows; they have no ONNX graph and no hidden function."""
Label = str | int | float | bool


@dataclass(frozen=True)
class Feature:
    """One input column of a row model.

    Args:
        name: the column's name, as in the training SELECT.
        sql_type: its DuckDB type, a key of the table above.
        on_null: what a NULL does. ``impute``: the graph fills in (see ``fill``); ``category``:
            NULL is a category of its own; ``null``: the row scores NULL; ``error``: refused.
        fill: the number the graph fills in for NULL, for people to read; the graph holds it.
        categories: the categories seen in training, in code order; None for other kinds.
        on_unseen: what a category not listed does. ``other``: its code says "none of the known";
            ``null``: the row scores NULL; ``error``: refused, naming it.

    >>> Feature("plan", "VARCHAR", "category", categories=("basic", "plus")).kind
    'category'
    """

    name: str
    sql_type: str
    on_null: OnNull = "impute"
    fill: float | None = None
    categories: tuple[str, ...] | None = None
    on_unseen: OnUnseen = "other"

    @property
    def kind(self) -> FeatureKind:
        """The kind of encoding, from the SQL type.

        Raises:
            SignatureError: the SQL type has no encoding.
        """
        base = self.sql_type.split("(")[0].upper()
        if self.sql_type.endswith("]"):
            base = "LIST"
        if base in NUMBER_TYPES:
            return "number"
        if base == "BOOLEAN":
            return "boolean"
        if base == "DATE":
            return "date"
        if base.startswith("TIMESTAMP"):
            return "timestamp"
        if base == "VARCHAR" or base == "ENUM":
            return "text" if self.categories is None else "category"
        raise SignatureError(
            f"Column {self.name!r} has a type that no model takes",
            seen=self.sql_type,
            wanted="a number, BOOLEAN, DATE, TIMESTAMP or VARCHAR",
            todo=f"cast it in the SELECT, or leave it out: * EXCLUDE ({self.name})",
        )


@dataclass(frozen=True)
class Graph:
    """How the columns meet the graph.

    Args:
        inputs: graph input names. One per feature, in feature order, or exactly one when
            ``matrix`` is set. Forecasters and recommenders name their own (see their scorers).
        dtypes: element type of each graph input: double, float, int64, int32, bool or string.
        matrix: True if one input of shape (rows, features) takes all features as columns.
        columns: True if each graph input has shape (rows, 1) and not (rows,).
        output: name of the output that holds the scores.
        zipmap: True if that output is a list of one dict per row (skl2onnx's default).
    """

    inputs: tuple[str, ...]
    dtypes: tuple[str, ...]
    output: str
    matrix: bool = False
    columns: bool = False
    zipmap: bool = False


@dataclass(frozen=True)
class Step:
    """One column that TRANSFORM makes of raw columns, its statistics frozen as literals.

    Args:
        name: the column's name.
        parts: pieces of SQL, and positions among the signature's ``raw`` where a raw column
            stands.

    >>> Step("log_spend", ("ln(1 + ", 0, ")")).sql(lambda i: f"r.column_{i}")
    'ln(1 + r.column_0)'
    """

    name: str
    parts: tuple[str | int, ...]

    def sql(self, reference: Callable[[int], str]) -> str:
        """The SQL, with each raw column written by ``reference(position)``."""
        return "".join(p if isinstance(p, str) else reference(p) for p in self.parts)


@dataclass(frozen=True)
class Signature:
    """What a model takes and returns.

    Args:
        kind: what sort of model it is.
        features: input columns of a row model's graph, in graph order; empty for kinds that take
            no rows.
        graph: how they meet the graph.
        label: name of the label column; outputs are called ``predicted_<label>``.
        label_type: SQL type of the label.
        classes: a classifier's classes, in the order of the graph's probabilities.
        positive_class: the class whose probability ``_score`` returns; None unless binary.
        options: what a kind needs besides. Forecaster: window, horizon (steps), levels
            (quantile levels of the graph's output), frequency. Recommender: items (ids as text,
            in code order), item_type, histories_as_of.
        raw: the columns a TRANSFORM reads; empty without one.
        steps: the columns it makes, in its order; each feature is one of them, by name.

    >>> s = Signature("regressor", (Feature("a", "DOUBLE"),), Graph(("a",), ("double",), "y"), "y")
    >>> Signature.from_json(s.to_json()) == s
    True
    """

    kind: ModelKind
    features: tuple[Feature, ...]
    graph: Graph
    label: str = ""
    label_type: str = "DOUBLE"
    classes: tuple[Label, ...] = ()
    positive_class: Label | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    raw: tuple[Feature, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def inputs(self) -> tuple[Feature, ...]:
        """The columns the public functions take: raw ones where there is a TRANSFORM."""
        return self.raw if self.steps else self.features

    @property
    def binary(self) -> bool:
        """True for a classifier that has a positive class."""
        return self.kind == "classifier" and self.positive_class is not None

    def to_json(self) -> str:
        """The signature as JSON, stable from run to run (it is part of the content hash)."""
        fields = asdict(self)
        for later in ("raw", "steps"):  # absent from models stored before there were any
            if not fields[later]:
                del fields[later]
        return json.dumps({"format": FORMAT, **fields}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Signature:
        """Read a stored signature.

        Raises:
            SignatureError: it was written by a newer retailsql.
        """
        data = json.loads(text)
        found = data.pop("format", None)
        if found != FORMAT:
            raise SignatureError(
                "The model was stored in a format this retailsql does not read",
                seen=found,
                wanted=FORMAT,
                todo="pip install --upgrade retailsql",
            )
        features, raw = _features(data.pop("features")), _features(data.pop("raw", []))
        steps = tuple(Step(s["name"], tuple(s["parts"])) for s in data.pop("steps", []))
        graph: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in data.pop("graph").items()
        }
        classes = tuple(data.pop("classes"))
        try:
            return cls(
                features=features, graph=Graph(**graph), classes=classes, raw=raw, steps=steps,
                **data,
            )  # fmt: skip
        except TypeError as error:
            raise SignatureError(
                "A stored signature has fields this retailsql does not know",
                seen=str(error),
                todo="pip install --upgrade retailsql",
            ) from error


def _features(rows: list[dict[str, Any]]) -> tuple[Feature, ...]:
    return tuple(Feature(**{**f, "categories": _tuple(f["categories"])}) for f in rows)


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)
