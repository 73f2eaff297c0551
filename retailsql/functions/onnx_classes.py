"""The classes of an imported classifier: their names, their SQL type, the positive one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from retailsql.errors import ImportModelError
from retailsql.signature import Label


def read_classes(
    given: Any, keys: list[Label] | None, width: int, label_type: str, labelled: bool
) -> list[Label]:
    """The classes of an imported graph, in the order of its probabilities.

    Args:
        given: what the user says: a list or an array, or None.
        keys: the classes a ZipMap names, or None if the output is no ZipMap.
        width: how many probabilities there are; two for a single one.
        label_type: ONNX type of the first output.
        labelled: True if the first output is a label.

    Raises:
        ImportModelError: they are not told, do not fit, or are not distinct.

    >>> read_classes(np.array([0.0, 1.0]), None, 2, "tensor(float)", False)
    [0, 1]
    """
    if given is None:
        if keys is None and labelled and label_type == "tensor(string)":
            raise ImportModelError(
                "The classes are text, and the graph does not tell which",
                todo="pass classes=[...] in the order of the probabilities (model.classes_)",
            )
        return keys or list(range(width))
    if isinstance(given, str | bytes) or not np.iterable(given):
        raise ImportModelError(
            "classes is not a list of classes", seen=repr(given), wanted="classes=['no', 'yes']"
        )
    classes = [_class(c) for c in given]
    if len(classes) != width:
        raise ImportModelError(
            "The number of classes is not that of the graph's probabilities",
            seen=len(classes), wanted=width,
        )  # fmt: skip
    if min(len(set(classes)), len(set(map(str, classes)))) < len(classes):  # True is 1, 1 is '1'
        raise ImportModelError(
            "classes names a class twice", seen=", ".join(map(repr, classes)),
            wanted="each class once, in the order of the probabilities (model.classes_)",
        )  # fmt: skip
    if keys is not None and set(classes) != set(keys):
        raise ImportModelError(
            "The classes are not those the graph names", seen=", ".join(map(repr, classes)),
            wanted=", ".join(map(repr, keys)), todo="leave classes out",
        )  # fmt: skip
    return classes


def _class(value: Any) -> Label:
    """A class as a plain Python value; a whole float (scikit-learn's 0.0 and 1.0) as an integer."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) or (isinstance(value, int) and -(2**63) <= value < 2**63):
        return value
    raise ImportModelError(
        "classes holds a value that no column of labels has",
        seen=repr(value), wanted="text, booleans or whole numbers of 64 bits",
    )  # fmt: skip


def label_type_of(classes: Sequence[Label]) -> str:
    """The SQL type of a label.

    >>> label_type_of([0, 1]), label_type_of([0, "other"])
    ('BIGINT', 'VARCHAR')
    """
    if all(isinstance(c, bool) for c in classes):
        return "BOOLEAN"
    return "BIGINT" if all(isinstance(c, int) for c in classes) else "VARCHAR"


def find_positive(classes: Sequence[Label], wanted: Any) -> Label | None:
    """The positive class of two: true, 1, 'yes', or the one asked for.

    Raises:
        ImportModelError: the one asked for is none of two classes.
    """
    if wanted is not None:
        wanted = _class(wanted)
        if wanted not in classes or len(classes) != 2:
            raise ImportModelError(
                "positive_class is none of two classes", seen=repr(wanted),
                wanted=", ".join(map(repr, classes)),
            )  # fmt: skip
        return classes[classes.index(wanted)]
    if len(classes) != 2:
        return None
    return next((c for c in classes if str(c).lower() in ("true", "1", "yes")), None)
