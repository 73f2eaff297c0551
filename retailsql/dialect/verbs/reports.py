"""What training wrote down about a model, as typed rows."""

from __future__ import annotations

from collections.abc import Mapping

from retailsql.dialect.verbs.call import MLCall
from retailsql.errors import StatementError
from retailsql.registry.names import literal, quote
from retailsql.registry.store import StoredVersion


def report_query(
    call: MLCall, stored: StoredVersion, report: str, columns: Mapping[str, str]
) -> str:
    """The SELECT of a stored report's rows, in their order.

    Args:
        call: the call that asks for it.
        stored: whose report.
        report: its name, a key of ``Fitted.reports``.
        columns: column -> DuckDB type, in order; keys of the stored objects.

    Raises:
        StatementError: the version has none, for instance since an older retailsql trained it.
    """
    if not call.catalog.has_report(stored, report):
        raise missing_report(call, stored, report)
    kinds = ", ".join(f"{quote(name)} {kind}" for name, kind in columns.items())
    listed = ", ".join(f"__rs_r.{quote(name)} AS {quote(name)}" for name in columns)
    return (
        f"SELECT {listed} FROM (SELECT unnest(CAST(rows AS STRUCT({kinds})[])) AS __rs_r "
        f"FROM {stored.name.registry}.reports WHERE {_key(stored)} AND report = {literal(report)})"
    )


def held_out_query(call: MLCall, stored: StoredVersion) -> str:
    """The SELECT of the rows a version was evaluated on: label VARCHAR, scores DOUBLE[].

    Raises:
        StatementError: the version has none.
    """
    if not call.catalog.has_held_out(stored):
        raise missing_report(call, stored, "rows of its evaluation")
    return f"SELECT label, scores FROM {stored.name.registry}.held_out WHERE {_key(stored)}"


def missing_report(call: MLCall, stored: StoredVersion, report: str) -> StatementError:
    """The error that a version does not hold what is asked for."""
    return call.error(
        f"Model {stored.name.text!r} holds no {report.replace('_', ' ')}",
        seen=f"{stored.model_type}, version {stored.version}",
        todo="imported models and models of an older retailsql have none: train it again",
    )


def _key(stored: StoredVersion) -> str:
    return (
        f"model_schema = {literal(stored.name.schema)} AND "
        f"model_name = {literal(stored.name.name)} AND version = {stored.version}"
    )
