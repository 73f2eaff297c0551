"""The SQL that applies a model's TRANSFORM by itself: ML.TRANSFORM and ``<model>_transform``."""

from __future__ import annotations

from collections.abc import Callable

from retailsql.functions.calls import Call
from retailsql.functions.raw_types import type_check
from retailsql.functions.steps import inlined
from retailsql.registry.names import literal, quote
from retailsql.signature import Signature

ROW = "__rs_row"
_NOTHING = "__rs_nothing"


def columns_of(signature: Signature) -> list[tuple[str, bool]]:
    """The columns of a written TRANSFORM, in its order; False for those that pass by unchanged
    (the label and its like).
    """
    return [(name, made) for name, made in signature.options.get("transform", ())]


def transform_query(call: Call, relation: str) -> str:
    """The SELECT of TRANSFORM's columns over rows.

    A column that passes by, such as the label, is there if the rows have it: ``COLUMNS`` takes
    it by its name together with a column that is always there and left out in the end.

    Args:
        call: of a model with a written TRANSFORM.
        relation: SQL that may stand after FROM; it stands in the result once.
    """
    signature = call.signature
    whole = inlined(signature, _of_row)
    fits = type_check(call.function, signature, _of_row) or "true"
    columns = columns_of(signature)
    if all(made for _, made in columns):
        listed = ", ".join(f"{whole[name]} AS {quote(name)}" for name, _ in columns)
        return f"SELECT {listed} FROM {relation} AS {ROW} WHERE {fits}"
    listed = ", ".join(
        f"{whole[name]} AS {quote(name)}" if made else _passed(name, f"{_NOTHING}_{i}")
        for i, (name, made) in enumerate(columns)
    )
    helpers = [f"{_NOTHING}_{i}" for i, (_, made) in enumerate(columns) if not made]
    added = ", ".join(f"NULL AS {name}" for name in helpers)
    return (
        f"SELECT * EXCLUDE ({', '.join(helpers)}) FROM (SELECT {listed} FROM "
        f"(SELECT {added}, * FROM {relation}) AS {ROW} WHERE {fits})"
    )


def _of_row(name: str) -> str:
    return f"{ROW}.{quote(name)}"


def _passed(name: str, helper: str) -> str:
    wanted = f"({literal(name.lower())}, {literal(helper)})"
    return f"COLUMNS(lambda __rs_c: lower(__rs_c) IN {wanted})"


def transform_forms(call: Call) -> tuple[str, str, str]:
    """What ``<model>_transform`` returns: over a row ``r``, over named arguments, over a table.

    The version's name stands in each, by which the registry knows its own functions.
    """
    signature, mark = call.signature, f"{literal(call.function)} <> ''"
    row, named = (
        f"CASE WHEN {mark} AND {type_check(call.function, signature, reference) or 'true'} "
        f"THEN {_struct(signature, reference)} END"
        for reference in (lambda name: f"r.{quote(name)}", quote)
    )
    rows = transform_query(call, "query_table(source)")
    return row, named, f"SELECT * FROM ({rows}) WHERE {mark}"


def _struct(signature: Signature, reference: Callable[[str], str]) -> str:
    whole = inlined(signature, reference)
    made = ", ".join(f"{quote(n)} := {whole[n]}" for n, made in columns_of(signature) if made)
    return f"struct_pack({made})"
