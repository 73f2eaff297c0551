"""One client, from the accepted socket to its end: greeting, login, messages, farewell."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from typing import NamedTuple

from retailsql.adapters.server.protocols import Backend, Login
from retailsql.adapters.server.records import PgError
from retailsql.adapters.server.wire import messages, replies
from retailsql.adapters.server.wire.authenticate import Authenticator
from retailsql.adapters.server.wire.cancel import Keys
from retailsql.adapters.server.wire.crowd import Crowd
from retailsql.adapters.server.wire.dialog import Dialog, internal, shutting_down
from retailsql.adapters.server.wire.greet import greet
from retailsql.adapters.server.wire.limits import WireLimits
from retailsql.adapters.server.wire.startup import CancelRequest, Hello
from retailsql.adapters.server.wire.stream import ClientGoneError, Stream
from retailsql.adapters.server.wire.tls import Tls
from retailsql.adapters.server.wire.watcher import Watcher

_LOG = logging.getLogger(__name__)
_LINGER = 0.5  # seconds a client has to read why it was refused
# Names no client can send: the pid, for pg_backend_pid(), and what SHOW tells of the server.
PID_PARAMETER, PORT_PARAMETER, TLS_PARAMETER = "_pq_.pid", "_pq_.port", "_pq_.ssl"


class Shared(NamedTuple):
    """What all connections of a listener have in common."""

    login: Login
    tls: Callable[[], Tls | None]  # of the connections that come now
    require_tls: bool
    limits: WireLimits
    authenticator: Authenticator
    keys: Keys
    watcher: Watcher
    crowd: Crowd[Connection]
    stopping: threading.Event
    wake: int  # a descriptor that can be read from when the server stops


class Connection:
    """A client.

    Args:
        shared: what it has in common with others.
        sock: accepted.
        address: the client's, without port.
        port: the client's.
    """

    def __init__(self, shared: Shared, sock: socket.socket, address: str, port: int) -> None:
        self.shared, self.address, self.peer = shared, address, f"{address}:{port}"
        self.tls = shared.tls()
        self.stream = Stream(sock, shared.limits, self._stopped)
        self.pid = shared.keys.new_pid()
        self.user = ""
        self.gone = False
        self.backend: Backend | None = None
        self.thread = threading.Thread(
            target=self.run, name=f"retailsql-client-{self.pid}", daemon=True
        )

    @property
    def sock(self) -> socket.socket:
        """The socket, which becomes another one with TLS."""
        return self.stream.sock

    # -- from other threads --------------------------------------------------------------------

    def cancel(self) -> None:
        """Stop what runs now."""
        backend = self.backend
        if backend is None:
            return
        try:
            backend.cancel()
        except Exception:  # noqa: BLE001 - the thread that cancels serves others too
            _LOG.exception("Connection %d could not be cancelled", self.pid)

    def vanished(self) -> None:
        """The client is gone while its statement runs."""
        self.gone = True
        self.cancel()

    def end(self, gently: bool) -> None:
        """The server stops; the thread says so to its client, if it is gently."""
        if gently:
            self.stream.hush()
        else:
            self.stream.cut()
        self.cancel()

    def abandon(self) -> None:
        """Its thread cannot be started."""
        self._close(0.0, "")

    # -- the thread ----------------------------------------------------------------------------

    def run(self) -> None:
        """Serve the client until it leaves."""
        linger, why = 0.0, ""
        try:
            self._serve()
        except ClientGoneError as error:
            why = error.fact
            if self.shared.stopping.is_set():
                linger = self._farewell(shutting_down())
        except PgError as error:
            why = error.message
            linger = self._farewell(error)
        except Exception as error:  # noqa: BLE001 - one client must not end the others' server
            why = "internal error"
            linger = self._farewell(internal(error))
        finally:
            self._close(linger, why)

    def _serve(self) -> None:
        shared = self.shared
        stream, limits = self.stream, shared.limits
        wish = greet(stream, self.tls, shared.require_tls, limits.login_bytes)
        if isinstance(wish, CancelRequest):
            self._cancel_other(wish)
            return
        dialog = self._login(wish)
        sizes = messages.sizes(limits.login_bytes, limits.message_bytes)
        while True:
            if not stream.wait(_least(limits.idle_seconds, dialog.idle_seconds), shared.wake):
                raise dialog.too_idle()
            kind, content = stream.message(sizes)
            shared.watcher.add(self)
            try:
                if not dialog.take(kind, content):
                    return
            finally:
                shared.watcher.remove(self)
            if self.gone:  # what it sent ahead is not run for nobody
                raise ClientGoneError("The client left while its statement ran")

    def _stopped(self) -> bool:
        """Has the statement whose answer is sent been stopped?"""
        return self.backend is not None and self.backend.cancelled

    def _login(self, hello: Hello) -> Dialog:
        shared, stream = self.shared, self.stream
        if shared.crowd.full():
            self._no_place(hello.user)
        secure = isinstance(stream.sock, ssl.SSLSocket)
        binding = self.tls.binding if self.tls is not None and secure else None
        shared.authenticator.check(stream, hello.user, self.address, binding)
        if not shared.crowd.admit(self):
            self._no_place(hello.user)
        parameters = {
            **hello.parameters, PID_PARAMETER: str(self.pid),
            PORT_PARAMETER: str(stream.sock.getsockname()[1]),
            TLS_PARAMETER: "off" if self.tls is None else "on",
        }  # fmt: skip
        try:
            backend = shared.login.session(hello.user, parameters, self.peer)
        except PgError as error:
            error.severity = "FATAL"
            shared.login.told("login refused", hello.user, self.peer, error.message)
            raise
        self.user, self.backend = hello.user, backend
        shared.login.told("login", hello.user, self.peer)
        key = shared.keys.add(self.pid, hello.key_bytes, self.cancel)
        dialog = Dialog(backend, stream, shared.stopping.is_set)
        dialog.settings()
        stream.write(replies.key_data(self.pid, key))
        dialog.ready()
        stream.logged_in()
        return dialog

    def _no_place(self, user: str) -> None:
        message = "sorry, too many clients already"
        self.shared.authenticator.refusals.told(user, self.address, message)
        raise PgError("53300", message, severity="FATAL")

    def _cancel_other(self, wish: CancelRequest) -> None:
        """Wrong keys count as wrong passwords: four bytes could be guessed in time."""
        throttle = self.shared.authenticator.throttle
        if throttle.refused(self.address):
            return
        if not self.shared.keys.cancel(wish.pid, wish.key):
            throttle.failed(self.address, "")

    def _farewell(self, error: PgError) -> float:
        error.severity = "FATAL"
        with contextlib.suppress(ClientGoneError):
            self.stream.write(replies.error(error))
            self.stream.flush()
        return _LINGER

    def _close(self, linger: float, why: str) -> None:
        shared = self.shared
        shared.keys.forget(self.pid)
        shared.watcher.remove(self)
        try:
            if self.backend is not None:
                self.backend.close()
                shared.login.told("disconnect", self.user, self.peer, why)
        except Exception:  # noqa: BLE001 - the socket must be closed in any case
            _LOG.exception("Connection %d did not end cleanly", self.pid)
        finally:
            self.stream.close(linger)
            shared.crowd.leave(self)


def _least(*limits: float | None) -> float | None:
    return min((limit for limit in limits if limit is not None), default=None)
