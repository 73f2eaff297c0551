"""Every error of retailsql.

    RetailSQLError
    ├── DatabaseOpenError       the database cannot be opened
    ├── StatementError          an ML statement cannot be read (carries line and column)
    ├── ModelNotFoundError      no model, or no version, of that name
    ├── NameTakenError          a name is in use, or not allowed
    ├── SignatureError          columns do not fit what the model takes
    ├── TrainingError           the data or the options cannot be trained on
    ├── ImportModelError        an ONNX file is refused
    ├── CorruptModelError       stored bytes are not those that were registered
    ├── ScoringError            a value cannot be scored
    ├── RegistryError           the registry cannot be read or written
    ├── ProjectError            a file of a project, or of data, cannot be used
    └── MissingExtraError       a package of an extra is not installed

Each message holds up to four parts: the fact, the value seen, the value wanted, and what to do.
They are joined into one text because DuckDB hands on nothing of an exception but its message.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RetailSQLError(Exception):
    """The root of all errors of retailsql.

    Args:
        fact: what is wrong, one sentence without a full stop.
        seen: the value that was found.
        wanted: the value that would have been right.
        todo: what the reader can do about it.

    >>> print(RetailSQLError("No model is called 'chrun'", wanted="churn", todo="check the name"))
    No model is called 'chrun'. Wanted: churn. What to do: check the name.
    """

    def __init__(
        self, fact: str, *, seen: object = None, wanted: object = None, todo: str | None = None
    ) -> None:
        self.fact, self.seen, self.wanted, self.todo = fact, seen, wanted, todo
        parts = [fact]
        if seen is not None:
            parts.append(f"Seen: {seen}")
        if wanted is not None:
            parts.append(f"Wanted: {wanted}")
        if todo is not None:
            parts.append(f"What to do: {todo}")
        super().__init__(". ".join(part.rstrip(".") for part in parts) + ".")


class DatabaseOpenError(RetailSQLError):
    """A database file cannot be opened."""


class StatementError(RetailSQLError):
    """An ML statement cannot be read; the fact names line and column."""


class ModelNotFoundError(RetailSQLError):
    """There is no model, or no version, of that name."""


class NameTakenError(RetailSQLError):
    """A name is in use by something retailsql did not make, or is not allowed."""


class SignatureError(RetailSQLError):
    """The columns given do not fit the columns a model takes."""


class TrainingError(RetailSQLError):
    """The data or the options cannot be trained on; nothing was registered."""


class ImportModelError(RetailSQLError):
    """An ONNX file is refused; nothing was registered."""


class CorruptModelError(RetailSQLError):
    """The stored bytes of a model are not those that were registered."""


class ScoringError(RetailSQLError):
    """A value cannot be scored."""


class RegistryError(RetailSQLError):
    """The registry cannot be read or written."""


class ProjectError(RetailSQLError):
    """A file of a project, or a data file, cannot be used."""


class MissingExtraError(RetailSQLError):
    """A package that belongs to an extra is not installed.

    >>> print(MissingExtraError.of("train", "sklearn"))
    The package 'sklearn' is not installed. What to do: pip install 'retailsql[train]'.
    """

    @classmethod
    def of(cls, extra: str, package: str) -> MissingExtraError:
        """The error for one missing ``package`` of one ``extra``."""
        return cls(
            f"The package {package!r} is not installed", todo=f"pip install 'retailsql[{extra}]'"
        )


def nearest(name: str, known: Iterable[str], n: int = 3) -> str:
    """The known names nearest to ``name``, as text for a message.

    >>> nearest("chrun", ["churn", "price"])
    'churn'
    >>> nearest("x", [])
    '(there are none)'
    """
    known = sorted(set(known))
    if not known:
        return "(there are none)"
    lower = {k.lower(): k for k in known}
    close = difflib.get_close_matches(name.lower(), lower, n=n, cutoff=0.5)
    return ", ".join([lower[c] for c in close] or known[:10])
