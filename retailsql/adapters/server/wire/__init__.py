"""PostgreSQL's protocol 3 on blocking sockets, a thread for each client.

    listener    accepts, and ends all
    connection  one client:  greet > authenticate > dialog
    stream      a socket: buffers, time limits, TLS           startup, messages   bytes -> records
    watcher     vanished clients        cancel, crowd, throttle, limits           replies -> bytes

It knows the records of the server, and asks a ``Login`` and its ``Backend`` for all else.
"""

from retailsql.adapters.server.wire.limits import WireLimits
from retailsql.adapters.server.wire.listener import Listener
from retailsql.adapters.server.wire.throttle import Throttle
from retailsql.adapters.server.wire.tls import Tls, load

__all__ = ["Listener", "Throttle", "Tls", "WireLimits", "load"]
