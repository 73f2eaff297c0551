"""``ML.CONFUSION_MATRIX``: rows are true labels, columns predicted ones."""

from __future__ import annotations

import re

from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.judged import (
    binary_threshold,
    class_text,
    judged_rows,
    positive_place,
)
from retailsql.dialect.verbs.predict import THRESHOLD
from retailsql.dialect.verbs.trials import TRIAL_ID, trial_column
from retailsql.dialect.verbs.verb import Verb
from retailsql.registry.names import quote
from retailsql.registry.store import StoredVersion
from retailsql.signature import Label


def class_columns(classes: tuple[Label, ...]) -> list[str]:
    """A column name for each class: the class where it is a name, else what makes one of it.

    >>> class_columns((0, 1)), class_columns((False, True)), class_columns(("a b", "a-b", "ok"))
    (['_0', '_1'], ['false', 'true'], ['a_b', 'a_b_1', 'ok'])
    """
    names: list[str] = []
    taken = {"expected_label"}
    for value in classes:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        base = re.sub(r"[^A-Za-z0-9_]", "_", text)
        base = base if re.match(r"[A-Za-z_]", base) else f"_{base}"
        name, i = base, 0
        while name.lower() in taken:
            i += 1
            name = f"{base}_{i}"
        taken.add(name.lower())
        names.append(name)
    return names


def _confusion(call: MLCall, stored: StoredVersion) -> str:
    signature = stored.signature
    threshold = binary_threshold(call, stored)
    trial_column(call, stored)  # refuses another; documented: expected_label is always the first
    place = positive_place(signature)
    said = "list_position(scores, list_max(scores))"
    if place is not None:
        said = f"CASE WHEN scores[{place}] > {threshold!r} THEN {place} ELSE {3 - place} END"
    classes = sorted(signature.classes)
    places = [signature.classes.index(c) + 1 for c in classes]
    columns = ", ".join(
        f"count(*) FILTER (__rs_said = {k}) AS {quote(name)}"
        for k, name in zip(places, class_columns(tuple(classes)), strict=True)
    )
    order = ", ".join(class_text(signature, c) for c in classes)
    return (
        f"SELECT any_value(expected) AS expected_label, {columns} FROM "
        f"(SELECT label, expected, {said} AS __rs_said FROM ({judged_rows(call, stored)})) "
        f"GROUP BY label ORDER BY list_position([{order}], label) NULLS LAST, label"
    )


VERBS = (
    Verb(
        "CONFUSION_MATRIX", ("classifier",),
        "How many rows of each class were predicted as each, on the rows of the evaluation or on "
        "new ones, but those without a label or of NULLs alone. A class that is no name, such as "
        "0, has the column _0.",
        {"expected_label": "<type of label>", "<class>": "BIGINT", "...": ""},
        _confusion, rows="may", settings=(THRESHOLD, TRIAL_ID),
    ),
)  # fmt: skip
