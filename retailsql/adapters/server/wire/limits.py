"""How much the door bears; one record, so that each number is told once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WireLimits:
    """Limits of the listener; times in seconds, sizes in bytes.

    Args:
        connections: logged in at once; one more is refused with 53300.
        waiting: not logged in yet; one more closes the oldest of them.
        login_seconds: from the connection to the end of the login, TLS included.
        login_bytes: of a message before login.
        message_bytes: of a message after it.
        stall_seconds: a client that stops in the middle of a message is left after so long.
        unread_seconds: a client that takes nothing of an answer is left after so long; people look
            at the first rows of a result before they want more.
        stopped_seconds: the same for the answer of a statement that was cancelled or is over its
            time: the client learns of it only if it reads.
        idle_seconds: between two messages; None: for ever (TCP keepalive finds dead hosts).
        watch_seconds: between two looks for clients that vanished while a statement ran, or take
            nothing of its answer.
        stop_seconds: that ``Listener.stop`` waits for a client to take its farewell.

    >>> WireLimits().connections
    200
    """

    connections: int = 200
    waiting: int = 64
    login_seconds: float = 15.0
    login_bytes: int = 10_000
    message_bytes: int = 64 << 20
    stall_seconds: float = 60.0
    unread_seconds: float = 300.0
    stopped_seconds: float = 5.0
    idle_seconds: float | None = None
    watch_seconds: float = 0.25
    stop_seconds: float = 2.0
