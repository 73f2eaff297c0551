"""One client's session: statements in, answers out.

session      the contract        context   what its statements share
script       text -> statements  commands  first word -> plan
planning     edits, policy, bind query     a plan that DuckDB runs; asked: of the catalog, shared
prepared     statements by name  portals   what runs, rows as they are asked for
work         its connection      transactions  blocks, savepoints
running      cancel, time limit  settings  SET and SHOW
"""

from retailsql.adapters.server.backend.context import Context
from retailsql.adapters.server.backend.running import Deadlines
from retailsql.adapters.server.backend.session import Session

__all__ = ["Context", "Deadlines", "Session"]
