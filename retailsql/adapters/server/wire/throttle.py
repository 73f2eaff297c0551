"""Guessing passwords is made slow: failed logins of an address are counted for a while."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

_KEYS = 10_000  # an attacker with many addresses fills this, and no more memory


class Throttle:
    """Counts failures of an address, and of a name from an address.

    The second count is the lower one: a dashboard with an old password shuts out itself, not
    the other users of its machine.

    Args:
        free: failures without a delay.
        per_user: failures of one name from one address, in the window, until it is refused.
        per_address: failures of an address, in the window, until it is refused.
        window: how long a failure counts, in seconds.
        longest: the longest delay, in seconds.
        clock: for tests.

    >>> throttle = Throttle(free=1, per_user=2)
    >>> throttle.failed("192.0.2.1", "anna"), throttle.failed("192.0.2.1", "anna")
    (0.0, 0.1)
    >>> throttle.refused("192.0.2.1", "anna"), throttle.refused("192.0.2.1", "ben")
    (True, False)
    """

    def __init__(
        self,
        *,
        free: int = 3,
        per_user: int = 10,
        per_address: int = 100,
        window: float = 60.0,
        longest: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.free, self.per_user, self.per_address = free, per_user, per_address
        self.window, self.longest, self.clock = window, longest, clock
        self._lock = threading.Lock()
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def refused(self, address: str, user: str = "") -> bool:
        """May this address not try (as this user) for now?"""
        net = network(address)
        with self._lock:
            if self._count((net, "")) >= self.per_address:
                return True
            return bool(user) and self._count((net, user)) >= self.per_user

    def failed(self, address: str, user: str) -> float:
        """Note a failure; the seconds to wait before the client is told."""
        net, now = network(address), self.clock()
        with self._lock:
            for key in {(net, ""), (net, user)}:
                times = self._failures.setdefault(key, deque(maxlen=self.per_address))
                times.append(now)
                self._failures.move_to_end(key)
            while len(self._failures) > _KEYS:
                self._failures.popitem(last=False)
            over = self._count((net, user)) - self.free
        return min(0.1 * 2 ** min(over - 1, 20), self.longest) if over > 0 else 0.0

    def _count(self, key: tuple[str, str]) -> int:
        times = self._failures.get(key)
        if times is None:
            return 0
        oldest = self.clock() - self.window
        while times and times[0] < oldest:
            times.popleft()
        if not times:
            del self._failures[key]
        return len(times)


def network(address: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 an IPv6 client may choose from.

    >>> network("2001:db8::1") == network("2001:db8::ffff")
    True
    """
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or (int(ip) >> 64))
    return str(ip)
