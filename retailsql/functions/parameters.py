"""The SQL type under which a function takes a column."""

from __future__ import annotations

from retailsql.signature import Feature, Signature


def parameter_type(feature: Feature, signature: Signature) -> str:
    """The SQL type under which the hidden function takes a feature. Whole numbers and decimals
    are taken as DOUBLE, unless the graph wants them whole.
    """
    match feature.kind:
        case "number":
            graph = signature.graph
            at = 0 if graph.matrix else signature.features.index(feature)
            return "BIGINT" if graph.dtypes[at] in ("int64", "int32") else "DOUBLE"
        case "boolean":
            return "BOOLEAN"
        case "date":
            return "DATE"
        case "timestamp":  # from one to the other, DuckDB shifts by the session's time zone
            zoned = feature.sql_type.upper() in ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")
            return "TIMESTAMP WITH TIME ZONE" if zoned else "TIMESTAMP"
        case _:
            return "VARCHAR"


def input_type(feature: Feature, signature: Signature) -> str:
    """The SQL type under which a public function takes a column. What a TRANSFORM reads keeps its
    own type: ``x // 7`` of a whole number is not that of a DOUBLE.
    """
    return feature.sql_type if signature.steps else parameter_type(feature, signature)
