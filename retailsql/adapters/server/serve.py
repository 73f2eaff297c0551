"""``retailsql serve``: options and the file of users -> a door, a listener, their end."""

from __future__ import annotations

import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from retailsql.adapters.server.accounts import Accounts, Audit, amounts
from retailsql.adapters.server.accounts.secret import kept_secret
from retailsql.adapters.server.resources import (
    bound_memory,
    default_memory,
    default_threads,
    give_back,
    share_memory,
)
from retailsql.adapters.server.self_signed import Pair, self_signed
from retailsql.errors import ProjectError
from retailsql.functions.signals import heard_signals

if TYPE_CHECKING:
    from retailsql.adapters.server.wire import Listener, Tls

HOST, PORT, CONNECTIONS = "127.0.0.1", 5433, 100
_TIDY, _WORK = 5.0, 0.1
"""Seconds between two looks whether memory is to be given back, and those of the processor after
which there may be some."""
log = logging.getLogger("retailsql.server")


@dataclass(frozen=True)
class ServeOptions:
    """What the command line says; None: what the file of users says, or else the default.

    Args:
        database: the DuckDB file.
        host: to listen on.
        port: to listen on; 0: any free one.
        tls_certificate: a PEM file.
        tls_key: a PEM file.
        self_signed: make a certificate if there is none.
        insecure: serve other machines without TLS.
        audit: the file of the audit log.
        max_connections: logged in at once.
        memory_limit: of DuckDB; by default 60 % of the machine's.
        threads: of DuckDB; by default one for each processor.
    """

    database: Path
    host: str | None = None
    port: int | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    self_signed: bool = False
    insecure: bool = False
    audit: Path | None = None
    max_connections: int | None = None
    memory_limit: str | None = None
    threads: int | None = None


class Open(NamedTuple):
    """What a person types into his tool.

    Args:
        host: that clients type.
        port: the same.
        database: what the file is called.
        users: who may log in.
        writable: the file is held for writing.
        certificate: of TLS; None: there is none.
        require_tls: clients without it are refused.
        memory: that DuckDB may take; a role with a limit of its own has that on top.
        threads: that it computes with.
        reload: reads users and certificate again.
    """

    host: str
    port: int
    database: str
    users: list[str]
    writable: bool
    certificate: Path | None
    require_tls: bool
    memory: str
    threads: int
    reload: Callable[[], None]


def serve(options: ServeOptions, accounts: Accounts, opened: Callable[[Open], None]) -> None:
    """Serve until SIGINT or SIGTERM; SIGHUP reads users and certificate again.

    Must be called in the main thread, as signals arrive there.

    Args:
        options: see :class:`ServeOptions`.
        accounts: who may come in.
        opened: is told what to type, once clients can connect.

    Raises:
        ProjectError: an option cannot be used, or the address.
        DatabaseOpenError: the database cannot be opened.
        MissingExtraError: a package of the extra ``serve`` is missing.
    """
    share_memory()
    with _signals() as signals, running(options, accounts) as told:
        bound_memory(threads=_connections(options, accounts))
        opened(told)
        while (number := _next(signals)) == signal.SIGHUP:
            told.reload()
        # The next one ends the process at once, should this end take too long.
        signal.signal(number, signal.SIG_DFL)
        log.info("stopping")


@contextmanager
def running(options: ServeOptions, accounts: Accounts) -> Iterator[Open]:
    """The door, open for as long as the block lasts; needs no signals and no main thread.

    Args:
        options: see :class:`ServeOptions`.
        accounts: who may come in.

    Raises:
        ProjectError: as for :func:`serve`, with its other errors.
    """
    from retailsql.adapters.server.door import Door
    from retailsql.adapters.server.wire import Listener

    told = accounts.server
    host = options.host or told.host or HOST
    if options.memory_limit is not None:
        amounts.size(options.memory_limit)
    memory = options.memory_limit or told.memory_limit or default_memory()
    threads = options.threads or told.threads or default_threads()
    pair = _certificate(options, accounts, host)
    require_tls = _requires_tls(options, accounts, host, pair)
    tls = _tls(pair)
    with ExitStack() as stack:
        audit = Audit(options.audit or told.audit, told.audit_size, told.audit_files)
        stack.callback(audit.close)
        door = Door(options.database, accounts, audit, memory=memory, threads=threads)
        stack.callback(door.close)
        port = next(p for p in (options.port, told.port, PORT) if p is not None)
        listener = Listener(
            door, host, port, tls=tls, require_tls=require_tls,
            iterations=lambda: accounts.iterations, secret=kept_secret(accounts.path),
            max_connections=_connections(options, accounts),
        )  # fmt: skip
        stack.enter_context(listener)
        if not accounts.users:
            log.warning("nobody can log in yet: retailsql user add NAME --users %s", accounts.path)
        yield Open(
            _reached(host), listener.address[1], door.warehouse.name, sorted(accounts.users),
            accounts.needs_write, pair.certificate if pair else None, require_tls,
            memory or "DuckDB's own limit", threads,
            lambda: _reload(options, accounts, host, listener),
        )  # fmt: skip


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if not host:
        return False  # all addresses
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ProjectError(
            "There is no such host", seen=f"{host!r}: {error}",
            todo="give --host an address or a name of this machine",
        ) from error  # fmt: skip
    return all(ip_address(str(each[4][0]).partition("%")[0]).is_loopback for each in found)


def _reached(host: str) -> str:
    """What clients type for a host: where all addresses are listened on, this machine's name."""
    return socket.gethostname() if host in ("", "0.0.0.0", "::") else host


def _certificate(options: ServeOptions, accounts: Accounts, host: str) -> Pair | None:
    """The certificate to use: of the command line, made, or of the file; None: there is none."""
    if (options.tls_certificate is None) != (options.tls_key is None):
        raise ProjectError("--tls-cert and --tls-key belong together", todo="give both, or none")
    if options.tls_certificate is not None and options.tls_key is not None:
        if options.self_signed:
            raise ProjectError("--self-signed and --tls-cert exclude each other", todo="give one")
        return Pair(options.tls_certificate, options.tls_key)
    if options.self_signed:
        return self_signed((accounts.path or options.database).resolve().parent, host)
    told = accounts.server
    if told.tls_certificate is not None and told.tls_key is not None:
        return Pair(told.tls_certificate, told.tls_key)
    return None


def _requires_tls(options: ServeOptions, accounts: Accounts, host: str, pair: Pair | None) -> bool:
    """Whether a client without TLS is refused: always so where others can listen in."""
    told = accounts.server.require_tls
    if pair is None:
        if told:
            raise ProjectError(
                "require_tls needs a certificate", todo="tls_certificate and tls_key, --self-signed"
            )
        if not options.insecure and not is_loopback(host):
            raise ProjectError(
                "Other machines are not served without TLS", seen=f"--host {host}",
                todo="--self-signed, or --tls-cert with --tls-key; or, where nobody listens in, "
                "--insecure",
            )  # fmt: skip
        return False
    return told or not (options.insecure or is_loopback(host))


def _tls(pair: Pair | None) -> Tls | None:
    from retailsql.adapters.server import wire

    return None if pair is None else wire.load(pair.certificate, pair.key)


def _reload(options: ServeOptions, accounts: Accounts, host: str, listener: Listener) -> None:
    accounts.reload()
    try:
        if (tls := _tls(_certificate(options, accounts, host))) is not None:
            listener.renew(tls)
            log.info("the certificate has been read again")
    except ProjectError as error:
        log.error("%s; the one of before is used on", error)


def _connections(options: ServeOptions, accounts: Accounts) -> int:
    return options.max_connections or accounts.server.max_connections or CONNECTIONS


def _next(signals: socket.socket) -> int:
    """The next signal; while there is none the memory of what has ended is given back."""
    signals.settimeout(_TIDY)
    worked = time.process_time()
    while True:
        try:
            return signals.recv(1)[0]
        except TimeoutError:
            now = time.process_time()
            if now - worked > _WORK:
                give_back()
                worked = time.process_time()


@contextmanager
def _signals() -> Iterator[socket.socket]:
    """Tells of SIGINT, SIGTERM and SIGHUP; they are as they were before at the end."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda number, frame: None) for number in numbers}
    try:
        with heard_signals() as heard:
            yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
