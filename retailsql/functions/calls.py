"""The SQL that calls a hidden function: one place, used by macros and ML statements alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from retailsql.functions.parameters import parameter_type
from retailsql.functions.raw_types import type_check
from retailsql.functions.scorers import TOP, hidden_name
from retailsql.functions.steps import features_made
from retailsql.registry.names import literal, quote
from retailsql.signature import Label, Signature

ROW = "__rs_row"
"""Alias of the rows to score, unlikely to be a column's name (which would shadow the row)."""


@dataclass(frozen=True)
class Call:
    """Calls of one model's hidden function.

    Args:
        model: the model's name without schema.
        content_hash: which version.
        signature: what it takes.
    """

    model: str
    content_hash: str
    signature: Signature

    @property
    def function(self) -> str:
        """The hidden function's name."""
        return hidden_name(self.model, self.content_hash)

    @property
    def top(self) -> str:
        """A factorizer's second hidden function, which lists a user's best items."""
        return f"{self.function}{TOP}"

    def over_row(self, alias: str) -> str:
        """The raw score of a row: features bound by name."""
        return self._call(lambda name: f"{alias}.{quote(name)}")

    def over_names(self) -> str:
        """The raw score of parameters that are named like the features."""
        return self._call(quote)

    def _call(self, reference: Callable[[str], str]) -> str:
        signature = self.signature
        if not signature.steps:
            return f"{self.function}({', '.join(reference(f.name) for f in signature.features)})"
        made = features_made(signature, reference)
        columns = ", ".join(
            f"CAST({sql} AS {parameter_type(f, signature)})"
            for sql, f in zip(made.columns, signature.features, strict=True)
        )
        # Made of nothing, a column may still be something: coalesce(x, 0), 'unknown', a bucket.
        nothing = " AND ".join(f"{reference(raw.name)} IS NULL" for raw in signature.raw)
        fits = type_check(self.function, signature, reference)
        when = f"NOT ({nothing})" if fits is None else f"{fits} AND NOT ({nothing})"
        return f"CASE WHEN {when} THEN {made.around(f'{self.function}({columns})')} END"

    def label(self, score: str, threshold: float = 0.5) -> str:
        """The predicted label, from the raw score; NULL where that is NULL."""
        signature = self.signature
        if signature.kind in ("regressor", "factorizer"):
            return score
        if signature.binary:
            positive = signature.positive_class
            negative = next(c for c in signature.classes if c != positive)
            return (
                f"CASE WHEN {score} > {threshold!r} THEN {self._class(positive)} "
                f"WHEN {score} IS NOT NULL THEN {self._class(negative)} END"
            )
        classes = ", ".join(map(self._class, signature.classes))
        return f"[{classes}][list_position({score}, list_max({score}))]"

    def probabilities(self, score: str) -> str:
        """``[{label, prob}, ...]``, the most probable first, as BigQuery ML returns it."""
        signature = self.signature
        if signature.binary:
            positive = signature.positive_class
            negative = next(c for c in signature.classes if c != positive)
            yes = _pair(self._class(positive), score)
            no = _pair(self._class(negative), f"1 - {score}")
            return (
                f"CASE WHEN {score} > 0.5 THEN [{yes}, {no}] "
                f"WHEN {score} IS NOT NULL THEN [{no}, {yes}] END"
            )
        pairs = ", ".join(
            f"{{'prob': {score}[{i}], 'label': {self._class(c)}}}"
            for i, c in enumerate(signature.classes, 1)
        )
        return (
            f"CASE WHEN {score} IS NOT NULL THEN list_transform("
            f"list_sort([{pairs}], 'DESC'), "
            f"lambda __rs_x: {_pair('__rs_x.label', '__rs_x.prob')}) END"
        )

    def _class(self, value: Label | None) -> str:
        return f"CAST({literal(value)} AS {self.signature.label_type})"

    def outputs(self, score: str, threshold: float = 0.5) -> dict[str, str]:
        """Output column -> SQL, for the table form and ML.PREDICT."""
        name = f"predicted_{self.signature.label}"
        if self.signature.options.get("feedback_type") == "IMPLICIT":
            name += "_confidence"
        columns = {name: self.label(score, threshold)}
        if self.signature.kind == "classifier":
            columns[f"{name}_probs"] = self.probabilities(score)
        return columns


def _pair(label: str, prob: str) -> str:
    return f"{{'label': {label}, 'prob': {prob}}}"


def predict_query(call: Call, relation: str, outputs_first: bool, threshold: float = 0.5) -> str:
    """A SELECT of all columns of a relation and the model's outputs.

    A column of the relation that has an output's name makes the WHERE clause's bare reference
    ambiguous, which is the error wanted; otherwise the one-row join is planned away.

    Args:
        call: the model.
        relation: SQL that may stand after FROM.
        outputs_first: the outputs before the input columns, as BigQuery ML has them.
        threshold: probability over which a binary classifier predicts the positive class.
    """
    outputs = call.outputs(call.over_row(ROW), threshold)
    columns = [f"{sql} AS {quote(name)}" for name, sql in outputs.items()]
    columns.insert(len(columns) if outputs_first else 0, f"{ROW}.*")
    guard = ", ".join(f"1 AS {quote(name)}" for name in outputs)
    clash = " AND ".join(f"{quote(name)} IS NOT NULL" for name in outputs)
    return (
        f"SELECT {', '.join(columns)} FROM {relation} AS {ROW} "
        f"CROSS JOIN (SELECT {guard}) AS __rs_output_names WHERE {clash}"
    )
