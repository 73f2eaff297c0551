"""Users, roles and grants in one TOML file, verifiers of passwords, the audit log.

    document   the file, read and checked           edit    the file, changed under a lock
    accounts   the file as the running server sees it: rights, limits, GRANT and REVOKE
    verifiers  what is kept of a password           audit   who did what, without passwords

>>> sorted(Accounts.single("analyst", "rosebud").users)
['analyst']
"""

from retailsql.adapters.server.accounts.accounts import Accounts, GrantStatement
from retailsql.adapters.server.accounts.audit import Audit
from retailsql.adapters.server.accounts.document import ServerOptions

__all__ = ["Accounts", "Audit", "GrantStatement", "ServerOptions"]
