"""A socket as a stream of messages: buffers, time limits, TLS.

One thread owns a stream. Others may only call :meth:`Stream.hush` and :meth:`Stream.cut`.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping

from retailsql.adapters.server.records import Data, PgError
from retailsql.adapters.server.wire.limits import WireLimits
from retailsql.adapters.server.wire.patience import Patience
from retailsql.errors import RetailSQLError

_ENOUGH = 64 << 10  # buffered output is sent when it has grown to this
_BIG = 16 << 10  # output from this size on is sent without being copied
_PIECE = 1 << 20


class ClientGoneError(RetailSQLError):
    """The client cannot be read from or written to any more; nobody is left to be told."""


class Stream:
    """A client's socket.

    Args:
        sock: accepted; the stream closes it.
        limits: of time.
        stopped: has the statement whose answer is sent been stopped?
    """

    def __init__(
        self, sock: socket.socket, limits: WireLimits, stopped: Callable[[], bool]
    ) -> None:
        self.sock, self.limits, self.stopped = sock, limits, stopped
        self.stall = limits.stall_seconds
        self._deadline: float | None = time.monotonic() + limits.login_seconds
        self._in, self._out = bytearray(), bytearray()
        self._poll: select.poll | None = None

    # -- in ------------------------------------------------------------------------------------

    def peek(self) -> int:
        """The first byte, which stays unread: 0x16 begins TLS, all else PostgreSQL."""
        self._limit(self.stall)
        with _client():
            first = self.sock.recv(1, socket.MSG_PEEK)
        if not first:
            raise ClientGoneError("The client closed the connection")
        return first[0]

    def exactly(self, size: int) -> bytes:
        """So many bytes, and nothing behind them is taken from the socket before login."""
        while (missing := size - len(self._in)) > 0:
            wanted = missing if self._deadline else max(missing, _ENOUGH)
            self._fill(min(wanted, _PIECE))
        with memoryview(self._in) as view:
            data = bytes(view[:size])
        del self._in[:size]
        return data

    def message(self, sizes: Mapping[int, int]) -> tuple[int, bytes]:
        """The next message: its kind and content.

        Args:
            sizes: bytes at most of each kind there may be.

        Raises:
            PgError: FATAL 08P01, a kind or a length that cannot be.
        """
        head = self.exactly(5)
        kind, size = head[0], int.from_bytes(head[1:], "big") - 4
        if kind not in sizes:
            raise PgError("08P01", f"invalid frontend message type {kind}", severity="FATAL")
        if not 0 <= size <= sizes[kind]:
            raise PgError("08P01", "invalid message length", severity="FATAL")
        return kind, self.exactly(size)

    def wait(self, idle: float | None, wake: int) -> bool:
        """Until a message begins; False: none did in the time.

        Args:
            idle: seconds at most; None: for ever.
            wake: a descriptor that can be read from when the server stops.

        Raises:
            ClientGoneError: the client left, or the server stops.
        """
        poll = self._poller(wake)
        while not self._in:
            if not (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()):
                events = poll.poll(None if idle is None else idle * 1000)
                if not events:
                    return False
                if any(fd == wake for fd, _ in events):
                    raise ClientGoneError("The server stops")
            self._fill(_ENOUGH)
        return True

    def _poller(self, wake: int) -> select.poll:
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self.sock, select.POLLIN)
            self._poll.register(wake, select.POLLIN)
        return self._poll

    def _fill(self, size: int) -> None:
        self._limit(self.stall)
        try:
            data = self.sock.recv(size)
        except TimeoutError:
            raise ClientGoneError("The client stopped in the middle of a message") from None
        except OSError as error:
            raise ClientGoneError(f"The client cannot be read from: {error}") from error
        if not data:
            raise ClientGoneError("The client closed the connection")
        self._in += data

    # -- out -----------------------------------------------------------------------------------

    def write(self, data: Data) -> None:
        """Send now or later."""
        if len(data) >= _BIG:
            self.flush()
            self._send(memoryview(data))
            return
        self._out += data
        if len(self._out) >= _ENOUGH:
            self.flush()

    def flush(self) -> None:
        """Send what is buffered."""
        if self._out:
            out, self._out = self._out, bytearray()
            self._send(memoryview(out))

    def _send(self, rest: memoryview) -> None:
        patience = Patience(self.limits, self.stopped)
        with _client():
            while rest:
                self._limit(self.limits.watch_seconds)
                try:
                    # After a TimeoutError the same bytes come again, as TLS demands.
                    rest = rest[self.sock.send(rest[:_PIECE]) :]
                    patience.renew()
                except TimeoutError:
                    if patience.ends(self.sock.fileno()):
                        raise ClientGoneError("The client takes nothing of its answer") from None

    # -- the rest ------------------------------------------------------------------------------

    def upgrade(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        """Go on with TLS."""
        self._limit(self.stall)
        with _client():
            secure = context.wrap_socket(self.sock, server_side=True, do_handshake_on_connect=False)
            self.sock = secure
            secure.do_handshake()
        return secure

    def logged_in(self) -> None:
        """From now on a client may take its time between messages."""
        self._deadline = None

    def pause(self, seconds: float) -> None:
        """Do nothing, and notice if the client leaves (or the server stops) meanwhile."""
        end = time.monotonic() + seconds
        with _client(), contextlib.suppress(TimeoutError):
            while (left := end - time.monotonic()) > 0:
                self.sock.settimeout(left)
                if not self.sock.recv(_ENOUGH):  # what is sent meanwhile does not shorten it
                    raise ClientGoneError("The client closed the connection")

    def hush(self) -> None:
        """From any thread: the client is not listened to any more, what waits for it wakes up.

        With TLS nothing is done: a stream that ends in its middle is an attack to OpenSSL, which
        then sends nothing more, and no farewell either.
        """
        if not isinstance(self.sock, ssl.SSLSocket):
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RD)

    def cut(self) -> None:
        """From any thread: nothing is sent any more either."""
        # The method of the class above: SSLSocket.shutdown would go on without TLS.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def close(self, linger: float = 0.0) -> None:
        """Close; a client that was told why needs ``linger`` seconds to read it.

        A socket that is closed with bytes unread is reset, and a reset throws away what the
        client has not read yet.
        """
        with contextlib.suppress(OSError, ValueError):
            if isinstance(self.sock, ssl.SSLSocket):
                self.sock.settimeout(0)
                self.sock.unwrap()
        if linger:
            self._drain(linger)
        with contextlib.suppress(OSError):
            self.sock.close()

    def _drain(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        with contextlib.suppress(OSError, ValueError):
            socket.socket.shutdown(self.sock, socket.SHUT_WR)
            while (left := end - time.monotonic()) > 0:
                self.sock.settimeout(left)
                if not socket.socket.recv(self.sock, _ENOUGH):
                    return

    def _limit(self, seconds: float) -> None:
        """The next wait lasts so long at most; before login all waits together have one end."""
        if self._deadline is not None:
            seconds = self._deadline - time.monotonic()
            if seconds <= 0:
                raise ClientGoneError("The client took too long to log in")
        with _client():
            self.sock.settimeout(seconds)


@contextlib.contextmanager
def _client() -> Iterator[None]:
    """A socket's errors are the client's leaving."""
    try:
        yield
    except OSError as error:
        raise ClientGoneError(f"The client is gone: {error}") from error
