"""Nothing passes that was not looked at: the kinds of syntax that are translated."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from retailsql.dialect.bigquery.table import FUNCTIONS
from retailsql.errors import StatementError, nearest

_NAMES = (
    "Add", "Alias", "All", "Alter", "AlterColumn", "AlterRename", "And", "Anonymous", "Any",
    "Array", "AtTimeZone", "Between", "BitwiseAnd", "BitwiseLeftShift", "BitwiseNot",
    "BitwiseOr", "BitwiseRightShift", "BitwiseXor", "Boolean", "Bracket", "CTE", "Case",
    "Cast", "Cluster", "ClusterProperty", "Column", "ColumnConstraint", "ColumnDef",
    "CommentColumnConstraint", "Constraint", "Create", "Cube", "CurrentDate",
    "CurrentDatetime", "CurrentTime", "CurrentTimestamp", "DPipe", "DataType",
    "DataTypeParam", "DefaultColumnConstraint", "Delete", "Distinct", "Div", "Dot", "Drop",
    "EQ", "Escape", "Except", "Exists", "Extract", "Filter", "From", "GT", "GTE", "Group",
    "GroupingSets", "Having", "HavingMax", "Identifier", "If", "IgnoreNulls", "In",
    "Insert", "Intersect", "Interval", "Is", "Join", "LT", "LTE", "LanguageProperty",
    "Lateral", "Like", "Limit", "Literal", "LocationProperty", "Merge", "Mul", "NEQ", "Neg",
    "Not", "NotNullColumnConstraint", "Null", "NullSafeEQ", "NullSafeNEQ", "Offset", "Or",
    "Order", "Ordered", "Parameter", "ParseJSON", "Paren", "PartitionedByProperty", "Pivot",
    "PivotAlias", "Placeholder", "PrimaryKey", "Properties", "Property", "PropertyEQ",
    "Qualify", "RenameColumn", "RespectNulls", "ReturnsProperty", "Rollback", "Rollup", "Schema",
    "Transaction", "Commit",
    "Select", "Star", "Struct", "Sub", "Subquery", "Table", "TableAlias", "TableSample",
    "TemporaryProperty", "TruncateTable", "TryCast", "Tuple", "Union", "Unnest",
    "UnpivotColumns", "Update", "UserDefinedFunction", "Values", "Var", "Week", "WeekStart",
    "When", "Whens", "Where", "Window", "WindowSpec", "With",
)  # fmt: skip


@lru_cache(maxsize=1)
def _allowed() -> frozenset[type]:
    from sqlglot import exp

    return frozenset(getattr(exp, name) for name in _NAMES)


def unverified(root: Any) -> Any:
    """The first node of a tree that no rule of ours is about, or None."""
    allowed = _allowed()
    for node in root.walk():
        if type(node) not in allowed:
            return node
    return None


def original_name(node: Any) -> str:
    """What a person wrote for a function, or the name of a kind of syntax."""
    from sqlglot import exp

    if isinstance(node, exp.Func):
        return str(node.meta.get("name") or (node.sql_names() or [type(node).__name__])[0])
    return str(type(node).__name__)


def refuse_unverified(
    root: Any,
    refuse: Callable[[Any, str], Callable[..., StatementError]],
    text_at: Callable[[Any], str],
) -> None:
    """Raise the error about the first node that no rule of ours is about.

    Args:
        root: the tree.
        refuse: makes the error about a node.
        text_at: the script from where a node stands.

    Raises:
        StatementError: there is such a node.
    """
    from sqlglot import exp

    node = unverified(root)
    if node is None:
        return
    name = original_name(node)
    if isinstance(node, exp.Command):
        seen = text_at(root)[:40].splitlines()
        raise refuse(node, "This statement is not translated")(seen=seen[0] if seen else name)
    if isinstance(node, exp.Func):
        written = re.match(r"\w+(?:\.\w+)*(?=\s*\()", text_at(node))
        name = written[0].upper() if written else name
        raise refuse(node, f"The function {name} is not translated")(
            wanted=nearest(name.upper(), FUNCTIONS)
        )
    raise refuse(node, f"This part of a statement ({name}) is not translated")(
        seen=node.sql("bigquery", comments=False)[:80]
    )
