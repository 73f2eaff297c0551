"""One client's session: statements in, answers out.

session      the contract        commands  first word -> plan
script       text -> statements  query     the way of a query through edits, policy and DuckDB
prepared     statements by name  portals   what runs, rows as they are asked for
work         its connection      transactions  blocks, savepoints
running      cancel, time limit  settings  SET and SHOW
"""

from retailsql.adapters.server.backend.running import Deadlines
from retailsql.adapters.server.backend.session import Session

__all__ = ["Deadlines", "Session"]
