"""The kinds of nodes of DuckDB's tree that are known here; any other is refused.

A node of class FUNCTION, a table reference or a query has rules of its own in ``tree.py``; the
others hold nothing but further nodes.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


EXPRESSIONS = _words("""
BETWEEN CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT DEFAULT FUNCTION LAMBDA
LAMBDA_REF OPERATOR PARAMETER POSITIONAL_REFERENCE STAR SUBQUERY TYPE WINDOW
""")
"""Classes of expressions."""

QUERIES = frozenset(["SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE"])
"""Nodes of queries that only read."""

WRITES = {
    "INSERT_QUERY_NODE": "INSERT",
    "UPDATE_QUERY_NODE": "UPDATE",
    "DELETE_QUERY_NODE": "DELETE",
    "MERGE_QUERY_NODE": "MERGE",
    "COPY_QUERY_NODE": "COPY",
}
"""Nodes that write, and the word for them."""

RELATIONS = _words("BASE_TABLE TABLE_FUNCTION SUBQUERY JOIN EMPTY EXPRESSION_LIST PIVOT SHOW_REF")
"""What may stand after FROM."""

MODIFIERS = _words("""
LIMIT_MODIFIER ORDER_MODIFIER DISTINCT_MODIFIER LIMIT_PERCENT_MODIFIER
ORDER_DEFAULT ASCENDING DESCENDING
""")
"""What may follow a query, and the directions of its order."""

DATA = frozenset(["literal", "type_info", "sample"])
"""Keys whose values hold no nodes."""
