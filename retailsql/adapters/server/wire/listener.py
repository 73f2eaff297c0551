"""The listening socket: a thread that accepts, a thread for each client, and an orderly end."""

from __future__ import annotations

import errno
import logging
import secrets
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import NamedTuple, Self

from retailsql.adapters.server.protocols import Login
from retailsql.adapters.server.threads import begin
from retailsql.adapters.server.wire.authenticate import Authenticator
from retailsql.adapters.server.wire.cancel import Keys
from retailsql.adapters.server.wire.connection import Connection, Shared
from retailsql.adapters.server.wire.crowd import Crowd
from retailsql.adapters.server.wire.limits import WireLimits
from retailsql.adapters.server.wire.throttle import Throttle
from retailsql.adapters.server.wire.tls import ALPN, Tls
from retailsql.adapters.server.wire.watcher import Watcher
from retailsql.errors import ProjectError

_LOG = logging.getLogger(__name__)
_PATIENCE = 10.0  # seconds that a statement which does not stop may hold up the end of the server
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}


class Listener:
    """Serves PostgreSQL's protocol on one address.

    Args:
        login: checks who clients are and makes their sessions.
        host: to listen on; ``127.0.0.1`` keeps it to this machine.
        port: to listen on; 0: any free one, see :attr:`address`.
        tls: of ``tls.load``, or a context alone (then without channel binding).
        require_tls: refuse clients without TLS.
        max_connections: logged in at once; None: as the limits say.
        limits: all other numbers.
        throttle: counts wrong passwords; None: with its defaults.
        secret: see ``Authenticator``; None: a new one for each start.
        iterations: see ``Authenticator``.
    """

    def __init__(
        self,
        login: Login,
        host: str = "127.0.0.1",
        port: int = 5433,
        *,
        tls: Tls | ssl.SSLContext | None = None,
        require_tls: bool = False,
        max_connections: int | None = None,
        limits: WireLimits | None = None,
        throttle: Throttle | None = None,
        secret: bytes | None = None,
        iterations: Callable[[], Sequence[int]] = lambda: (4096,),
    ) -> None:
        limits = limits or WireLimits()
        if max_connections is not None:
            limits = replace(limits, connections=max_connections)
        if isinstance(tls, ssl.SSLContext):
            tls.set_alpn_protocols([ALPN])
            tls = Tls(tls, None)
        self.host, self.port, self.limits = host, port, limits
        self._tls, self._require_tls = tls, require_tls
        self._authenticator = Authenticator(
            login,
            throttle or Throttle(),
            secret or secrets.token_bytes(32),
            iterations,
            limits.login_bytes,
        )
        self._socket: socket.socket | None = None
        self._running: _Running | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that clients connect to; after :meth:`start`."""
        assert self._socket is not None, "the listener is not started"
        name = self._socket.getsockname()
        return str(name[0]), int(name[1])

    def renew(self, tls: Tls) -> None:
        """Serve the next connections with another certificate; those that are open keep theirs.

        A context of its own, as OpenSSL's may not be changed while threads use it.
        """
        self._tls = tls

    def start(self) -> Self:
        """Listen, and serve in threads.

        Raises:
            ProjectError: the address cannot be used.
        """
        self._socket = _bound(self.host, self.port)
        self._socket.setblocking(False)
        wake = socket.socketpair()
        shared = self._share(wake[0].fileno())
        shared.watcher.start()
        thread = threading.Thread(
            target=_listen, args=(self._socket, shared), name="retailsql-listener", daemon=True
        )
        self._running = _Running(self._socket, wake, shared, thread)
        thread.start()
        return self

    def _share(self, wake: int) -> Shared:
        return Shared(
            self._authenticator.login,
            lambda: self._tls,
            self._require_tls,
            self.limits,
            self._authenticator,
            Keys(),
            Watcher(self.limits.watch_seconds),
            Crowd(self.limits.connections, self.limits.waiting),
            threading.Event(),
            wake,
        )

    def stop(self) -> None:
        """End all: no new clients, statements cancelled, 57P01 told, threads joined."""
        if self._running is None:
            return
        running, self._running = self._running, None
        running.shared.stopping.set()
        running.wake[1].send(b"x")  # never read, so it wakes all who wait
        running.thread.join()
        running.socket.close()
        _end_clients(running.shared)
        running.shared.watcher.stop()
        self._authenticator.refusals.flush()
        for one in running.wake:
            one.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _bound(host: str, port: int) -> socket.socket:
    try:
        if not 0 <= port <= 65535:  # getaddrinfo would take the lower sixteen bits
            raise OSError("a port is a number from 0 to 65535")
        family, _, _, _, where = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server((where[0], where[1]), family=family, backlog=128)
    except (OSError, UnicodeError) as error:
        wrong_host = (
            isinstance(error, socket.gaierror | UnicodeError)
            or error.errno == errno.EADDRNOTAVAIL
        )  # fmt: skip
        todo = "choose another port with --port, or end what uses it"
        if wrong_host:
            todo = "give --host an address or a name of this machine"
        raise ProjectError(
            f"{host}:{port} cannot be listened on", seen=str(error), todo=todo
        ) from error


class _Running(NamedTuple):
    """What a started listener holds."""

    socket: socket.socket
    wake: tuple[socket.socket, socket.socket]
    shared: Shared
    thread: threading.Thread


def _listen(listening: socket.socket, shared: Shared) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(listening, selectors.EVENT_READ)
        selector.register(shared.wake, selectors.EVENT_READ)
        while True:
            selector.select()
            if shared.stopping.is_set():
                return
            try:
                _accept(listening, shared)
            except MemoryError:  # one statement holds all there is; the next client may have some
                shared.stopping.wait(0.2)


def _accept(listening: socket.socket, shared: Shared) -> None:
    try:
        sock, peer = listening.accept()
    except (BlockingIOError, ConnectionAbortedError):
        return
    except OSError as error:
        # No descriptors are left: others must end first.
        _LOG.error("A client cannot be accepted: %s", error)
        shared.stopping.wait(0.2)
        return
    client = Connection(shared, sock, str(peer[0]), int(peer[1]))
    try:
        _set_options(sock)
        overdue = shared.crowd.arrive(client)
        if overdue is not None:
            overdue.stream.cut()
        begin(client.thread)
    except (OSError, RuntimeError, MemoryError) as error:
        _LOG.error("A client cannot be served: %s", error)
        client.abandon()


def _end_clients(shared: Shared) -> None:
    begin, patience = time.monotonic(), shared.limits.stop_seconds
    seen: set[threading.Thread] = set()
    while clients := shared.crowd.all():
        passed = time.monotonic() - begin
        if passed > patience + _PATIENCE:
            _LOG.error("%d clients could not be ended", len(clients))
            return
        for client in clients:
            # Again and again: a statement may begin between a look and a cancel.
            client.end(gently=passed <= patience)
            seen.add(client.thread)
        for client in clients:
            client.thread.join(0.02)
    for thread in seen:
        thread.join()


def _set_options(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
