"""One file of a project, done whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import duckdb

from retailsql.errors import ProjectError, RetailSQLError
from retailsql.functions.connection import raw
from retailsql.functions.transaction import own_transaction
from retailsql.runner.engine_error import refused
from retailsql.runner.node import Node

T = TypeVar("T")


def whole(con: Any, node: Node, work: Callable[[], T]) -> T:
    """Do ``work`` whole or not at all; in a transaction of the caller's if one is open.

    Raises:
        ProjectError: the engine or a model refused it; the message names the file.
        KeyboardInterrupt, duckdb.InterruptException: as they came.
    """
    try:
        with own_transaction(raw(con)):
            return work()
    except (duckdb.InterruptException, ProjectError):
        raise  # stopped from outside, or already said with the file's name
    except (duckdb.Error, RetailSQLError) as error:
        raise refused(node, error) from error
