"""Ctrl-C while DuckDB works: it comes back as another error, and must not pass for a fault."""

from __future__ import annotations


def stopped(error: BaseException) -> bool:
    """Whether an error means that a person has stopped the work.

    DuckDB raises a RuntimeError where Ctrl-C meets the engine, and wraps the KeyboardInterrupt
    where it meets Python code that the engine has called, such as the scoring of a model.

    >>> stopped(RuntimeError("Query interrupted")), stopped(RuntimeError("on fire"))
    (True, False)
    """
    words = str(error).strip()
    if isinstance(error, RuntimeError) and words == "Query interrupted":
        return True
    return words.endswith("while executing the UDF: KeyboardInterrupt:")
