"""A client proves who he is: SASL messages around an exchange of ``scram``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from retailsql.adapters.server.protocols import Login
from retailsql.adapters.server.records import PgError
from retailsql.adapters.server.wire import replies
from retailsql.adapters.server.wire.messages import Body
from retailsql.adapters.server.wire.refusals import Refusals
from retailsql.adapters.server.wire.scram import Exchange, Verifier
from retailsql.adapters.server.wire.stream import Stream
from retailsql.adapters.server.wire.throttle import Throttle

_LOG = logging.getLogger(__name__)
_PASSWORD = ord("p")


class Authenticator:
    """Checks passwords of all connections.

    Args:
        login: knows the verifiers.
        throttle: counts failures.
        secret: of the salts shown for users who do not exist. If it changes between two starts,
            such a user's salt changes too, and that tells him from one who exists.
        iterations: tells the counts in the accounts' verifiers; such a user is shown one of them.
        max_bytes: of a message.
    """

    def __init__(
        self,
        login: Login,
        throttle: Throttle,
        secret: bytes,
        iterations: Callable[[], Sequence[int]],
        max_bytes: int,
    ) -> None:
        self.login, self.throttle, self.secret = login, throttle, secret
        self.iterations, self.max_bytes = iterations, max_bytes
        self.refusals = Refusals(login.told)

    def check(self, stream: Stream, user: str, address: str, binding: bytes | None) -> None:
        """Return if the client knows the user's password.

        Raises:
            PgError: FATAL 28P01 wrong password or no such user, which look alike; 28000 too many
                wrong ones; 08P01 not SASL.
        """
        self._not_too_often(user, address)
        verifier, known = self._verifier(user)
        exchange = Exchange(verifier, binding)
        stream.write(replies.sasl(exchange.mechanisms))
        stream.flush()
        try:
            proof = self._dialog(stream, exchange)
        except PgError as error:
            self.throttle.failed(address, user)
            error.severity = "FATAL"
            self.login.told("login refused", user, address, error.message)
            raise
        if proof is None or not known:
            stream.pause(self.throttle.failed(address, user))
            message = f'password authentication failed for user "{user}"'
            self.login.told("login refused", user, address, message)
            raise PgError("28P01", message, severity="FATAL")
        # Once more: of many guesses sent at the same time only the first are answered.
        self._not_too_often(user, address)
        stream.write(replies.sasl_final(proof) + replies.AUTHENTICATION_OK)

    def _not_too_often(self, user: str, address: str) -> None:
        if self.throttle.refused(address, user):
            message = "too many failed logins, try again in a minute"
            self.refusals.told(user, address, message)
            raise PgError("28000", message, severity="FATAL")

    def _dialog(self, stream: Stream, exchange: Exchange) -> bytes | None:
        body = Body(self._answer(stream))
        mechanism, size = body.text(), body.int32()
        first = body.take(size) if size >= 0 else b""
        body.end()
        stream.write(replies.sasl_continue(exchange.first(mechanism, first)))
        stream.flush()
        return exchange.final(self._answer(stream))

    def _answer(self, stream: Stream) -> bytes:
        return stream.message({_PASSWORD: self.max_bytes})[1]

    def _verifier(self, user: str) -> tuple[Verifier, bool]:
        text = self.login.verifier(user)
        if text is not None:
            try:
                return Verifier.of(text), True
            except ValueError:
                _LOG.error("The stored verifier of user %r cannot be read", user)
        return Verifier.mock(user, self.secret, self.iterations()), False
