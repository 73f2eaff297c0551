"""CAST and SAFE_CAST, and the names of types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from retailsql.dialect.bigquery import dates
from retailsql.dialect.bigquery.functions import fail
from retailsql.dialect.bigquery.kinds import type_kind
from retailsql.dialect.bigquery.known import Known
from retailsql.dialect.bigquery.texts import UNSURE, as_string
from retailsql.errors import StatementError

_TYPES = {
    "BIGINT": "BIGINT", "INT": "BIGINT", "SMALLINT": "BIGINT", "TINYINT": "BIGINT",
    "DOUBLE": "DOUBLE", "FLOAT": "DOUBLE", "VARCHAR": "VARCHAR", "TEXT": "VARCHAR",
    "VARBINARY": "BLOB", "BINARY": "BLOB", "BOOLEAN": "BOOLEAN", "DATE": "DATE", "TIME": "TIME",
    "DATETIME": "TIMESTAMP", "TIMESTAMP": "TIMESTAMP", "TIMESTAMPTZ": "TIMESTAMP",
    "DECIMAL": "DECIMAL(38, 9)", "JSON": "JSON", "INTERVAL": "INTERVAL",
}  # fmt: skip
Refuse = Callable[..., StatementError]
_WHOLE = r"\s*[+-]?(?:\d+|0[xX][0-9a-fA-F]+)\s*"


def duckdb_type(node: Any, refuse: Refuse) -> str:
    """A type of BigQuery's as DuckDB has it.

    Raises:
        StatementError: DuckDB has none that holds the same values.
    """
    from sqlglot import exp

    name = node.this.name if hasattr(node.this, "name") else str(node.this)
    if name in ("ARRAY", "STRUCT") and not node.expressions:
        raise refuse(f"The type {name} says nothing of what is in it", wanted=f"{name}<...>")
    if name == "ARRAY":
        return f"{duckdb_type(node.expressions[0], refuse)}[]"
    if name == "STRUCT":
        fields = [f for f in node.expressions if isinstance(f, exp.ColumnDef)]
        if len(fields) != len(node.expressions):
            raise refuse("A STRUCT type without field names is not translated")
        inner = (f"{f.this.sql('duckdb')} {duckdb_type(f.args['kind'], refuse)}" for f in fields)
        return f"STRUCT({', '.join(inner)})"
    if name == "DECIMAL" and node.expressions:
        sizes = [p.name for p in node.expressions]
        return f"DECIMAL({', '.join([*sizes, '0'][:2])})"
    if name not in _TYPES:
        raise refuse("This type is not translated", seen=node.sql("bigquery"))
    return _TYPES[name]


def cast(
    node: Any, text: str, had: Known, refuse: Refuse, note: Callable[[str], None]
) -> tuple[str, str | None]:
    """The text of a CAST or SAFE_CAST, and the kind it makes."""
    from sqlglot import exp

    if node.args.get("format"):
        raise refuse("CAST with FORMAT is not translated", todo="use FORMAT_DATE or PARSE_DATE")
    safe, kind = isinstance(node, exp.TryCast), type_kind(node.to)
    if isinstance(node.this, exp.Null):
        return f"CAST(NULL AS {duckdb_type(node.to, refuse)})", kind
    if kind == "string" and had.kind == "instant":
        note(UNSURE)
    if had.kind in ("array", "struct", "interval") and kind == "string":
        raise refuse("CAST AS STRING is not translated for this value", seen=had.kind.upper())
    made = _cast(node, text, had.kind, kind, refuse, safe)
    return (f"TRY({made})" if safe else made), kind


def _cast(
    node: Any, text: str, had: str | None, kind: str | None, refuse: Refuse, safe: bool
) -> str:
    from sqlglot import exp

    wanted = duckdb_type(node.to, refuse)
    literal_text = isinstance(node.this, exp.Literal) and node.this.is_string
    if literal_text and wanted == "TIMESTAMP" and not safe:
        return dates.literal_instant(node.this.this, refuse)
    if wanted == "VARCHAR":
        made = as_string(text, had)
        return _cut(made, node.to)
    if kind == "int":
        return _to_int(text, had)
    if wanted == "TIMESTAMP":
        return dates.instant(text, had)
    if wanted == "BOOLEAN" and had == "string":
        return _to_bool(text)
    if wanted == "BLOB":
        return text if had == "bytes" else f"encode({as_string(text, had)})"
    return f"CAST({text} AS {wanted})"


def _to_bool(text: str) -> str:
    """'true' and 'false' in any letters; DuckDB would also read 't' and '1'."""
    wrong = fail("a text that is no BOOL", "BOOLEAN")
    low = f"lower({text})"
    return (
        f"(CASE WHEN {low} = 'true' THEN true WHEN {low} = 'false' THEN false "
        f"WHEN ({text}) IS NOT NULL THEN {wrong} END)"
    )


def _cut(text: str, to: Any) -> str:
    return f"substr({text}, 1, {to.expressions[0].name})" if to.expressions else text


def _to_int(text: str, had: str | None) -> str:
    """Halves are rounded away from zero, and '2.5' is no INT64; DuckDB's CAST does neither."""
    if had in ("int", "bool"):
        return f"CAST({text} AS BIGINT)"
    if had in ("float", "decimal"):
        return f"CAST(round({text}) AS BIGINT)"
    string = f"CAST({text} AS VARCHAR)"
    bad = fail("a text that is no INT64", "BIGINT")
    strict = f"CASE WHEN NOT regexp_full_match({string}, '{_WHOLE}') THEN {bad} "
    if had == "string":
        return f"({strict}ELSE CAST(trim({string}) AS BIGINT) END)"
    return (
        f"(CASE WHEN typeof({text}) IN ('DOUBLE', 'FLOAT') "
        f"THEN CAST(round(TRY_CAST({text} AS DOUBLE)) AS BIGINT) "
        f"WHEN typeof({text}) = 'VARCHAR' THEN {strict}ELSE CAST({text} AS BIGINT) END "
        f"ELSE CAST({text} AS BIGINT) END)"
    )
