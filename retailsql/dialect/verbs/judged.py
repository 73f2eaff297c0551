"""The rows a classifier or regressor is judged on: those of its evaluation, or new ones.

Both are brought to one form, ``label VARCHAR, scores DOUBLE[]`` (and ``expected``, the label with
its own type), so that one piece of SQL computes a metric over either. Rows without a label, or
without a score since all features are NULL, are left out.
"""

from __future__ import annotations

from retailsql.dialect.settings import refuse
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.predict import call_of
from retailsql.dialect.verbs.reports import held_out_query
from retailsql.functions.calls import ROW
from retailsql.registry.names import literal, quote
from retailsql.registry.store import StoredVersion
from retailsql.signature import Label, Signature


def judged_rows(call: MLCall, stored: StoredVersion) -> str:
    """The SELECT of label, scores and expected.

    Raises:
        StatementError: the rows given have no label column, or the version holds no evaluation.
    """
    signature = stored.signature
    kind = signature.label_type if signature.kind == "classifier" else "DOUBLE"
    if call.relation is None:
        rows = held_out_query(call, stored)
        source = f"SELECT label, scores, CAST(label AS {kind}) AS expected FROM ({rows})"
    else:
        column = f"{ROW}.{quote(_label_column(call, stored))}"
        text = f"CAST(CAST({column} AS {kind}) AS VARCHAR)"
        scores = _scores(signature, "__rs_score")
        # MATERIALIZED: what scores a row must not run once for each place it is used at.
        source = (
            f"SELECT label, {scores} AS scores, expected FROM (SELECT {text} AS label, "
            f"{call_of(stored).over_row(ROW)} AS __rs_score, {column} AS expected "
            f"FROM {call.relation} AS {ROW})"
        )
    return f"SELECT * FROM ({source}) WHERE label IS NOT NULL AND scores IS NOT NULL"


def _label_column(call: MLCall, stored: StoredVersion) -> str:
    """The label column of the rows given, in any case."""
    label, columns = stored.signature.label, call.describe()
    for name in columns:
        if name.lower() == label.lower():
            return name
    raise call.error(
        f"The rows given have no label column {label!r}, which {stored.name.text!r} predicts",
        seen=", ".join(list(columns)[:12]),
        wanted=label,
        todo=f"add {label} to the SELECT, or leave the rows out for the saved evaluation",
    )


def _scores(signature: Signature, score: str) -> str:
    """What the hidden function returns, as a list in class order; NULL where that is NULL."""
    if signature.kind == "regressor":
        return f"CASE WHEN {score} IS NOT NULL THEN [CAST({score} AS DOUBLE)] END"
    if not signature.binary:
        return f"CAST({score} AS DOUBLE[])"
    yes, no = f"CAST({score} AS DOUBLE)", f"1 - CAST({score} AS DOUBLE)"
    pair = [no, yes] if positive_place(signature) == 2 else [yes, no]
    return f"CASE WHEN {score} IS NOT NULL THEN [{', '.join(pair)}] END"


def positive_place(signature: Signature) -> int | None:
    """Place (from 1) of the positive class in the scores; None for other than two classes.

    Two classes of which neither is known to be positive are taken as BigQuery ML takes them: the
    higher label is.
    """
    if len(signature.classes) != 2:
        return None
    if signature.positive_class is None:
        return 2
    return signature.classes.index(signature.positive_class) + 1


def class_text(signature: Signature, value: Label) -> str:
    """The SQL of a class as it stands in ``label``."""
    return f"CAST(CAST({literal(value)} AS {signature.label_type}) AS VARCHAR)"


def binary_threshold(call: MLCall, stored: StoredVersion) -> float:
    """The probability over which a row counts as positive, 0.5 if nothing is said.

    Raises:
        StatementError: one was given to a model that has none.
    """
    if "threshold" in call.fields and positive_place(stored.signature) is None:
        what = (
            "regressor" if stored.signature.kind == "regressor" else "classifier of several classes"
        )
        raise refuse(
            call.fields["threshold"],
            f"Model {stored.name.text!r} is a {what} and has no threshold",
            "a threshold for classifiers of two classes only",
            "leave it out",
        )
    return float(call.settings.get("threshold", 0.5))
