"""SCRAM-SHA-256 (RFC 5802, 7677), the server's side, as PostgreSQL's drivers speak it.

scramp cannot be this side: it refuses the empty user name (``n=``) that every libpq sends, because
PostgreSQL takes the name from the start-up message. hmac and hashlib do the work. Passwords are
never here: a verifier can check a proof and cannot make one.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import NamedTuple

from retailsql.adapters.server.records import PgError

PLAIN, PLUS = "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"
_BINDING = "tls-server-end-point"


class Verifier(NamedTuple):
    """What is stored of a password."""

    iterations: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    @classmethod
    def of(cls, text: str) -> Verifier:
        """Read ``SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>``.

        Raises:
            ValueError: it is not one.

        >>> Verifier.of("SCRAM-SHA-256$4096:c2FsdA==$" + "A" * 43 + "=:" + "B" * 43 + "=").salt
        b'salt'
        """
        mechanism, how, keys = text.split("$")
        iterations, salt = how.split(":")
        stored, server = (b64decode(key, validate=True) for key in keys.split(":"))
        if mechanism != PLAIN or len(stored) != 32 or len(server) != 32 or int(iterations) < 1:
            raise ValueError("not a SCRAM-SHA-256 verifier")
        return cls(int(iterations), b64decode(salt, validate=True), stored, server)

    @classmethod
    def mock(cls, user: str, secret: bytes, iterations: Sequence[int]) -> Verifier:
        """One for a user who does not exist: the same salt at each try, and no proof fits.

        Args:
            user: the name.
            secret: what the salt is made of, too.
            iterations: all that verifiers have. If he had that of most, then whoever has another
                one would exist; so the name decides which.
        """
        made = hmac.digest(secret, b"salt " + user.encode(), "sha256")
        salt, count = made[:16], iterations[made[16] % len(iterations)]
        return cls(count, salt, secrets.token_bytes(32), secrets.token_bytes(32))


class Exchange:
    """One login.

    Args:
        verifier: of the user, or a mock.
        binding: hash of the server's certificate; None: channel binding is not offered.
    """

    def __init__(self, verifier: Verifier, binding: bytes | None) -> None:
        self.verifier, self.binding = verifier, binding
        self._header = self._bare = self._first = self._nonce = ""

    @property
    def mechanisms(self) -> list[str]:
        """Those a client may choose of, the best first."""
        return [PLAIN] if self.binding is None else [PLUS, PLAIN]

    def first(self, mechanism: str, data: bytes) -> bytes:
        """Answer the client's first message with salt and nonce.

        Raises:
            PgError: 08P01 the message is malformed; 28000 the client was told lies about binding.
        """
        if mechanism not in self.mechanisms:
            raise PgError("08P01", "client selected an invalid SASL authentication mechanism")
        flag, authzid, bare = _split(_decoded(data), 3)
        self._check_flag(mechanism, flag)
        if authzid:
            raise PgError("0A000", "client uses authorization identity, but it is not supported")
        self._header, self._bare = f"{flag},{authzid},", bare
        name, nonce = _split(bare, 2)
        nonce = nonce.partition(",")[0]
        if not name.startswith("n=") or not nonce.startswith("r=") or len(nonce) < 3:
            raise _malformed("user name and nonce are expected")
        self._nonce = nonce[2:] + b64encode(secrets.token_bytes(18)).decode()
        salt = b64encode(self.verifier.salt).decode()
        self._first = f"r={self._nonce},s={salt},i={self.verifier.iterations}"
        return self._first.encode()

    def final(self, data: bytes) -> bytes | None:
        """Check the client's proof: the server's own proof, or None if the password is wrong.

        Raises:
            PgError: 08P01 the message is malformed; 28000 another certificate than ours.
        """
        without, mark, proof_text = _decoded(data).rpartition(",p=")
        channel, nonce = _split(without, 2)
        if not mark or not channel.startswith("c="):
            raise _malformed("channel binding and proof are expected")
        if not hmac.compare_digest(nonce.partition(",")[0].encode(), f"r={self._nonce}".encode()):
            raise _malformed("nonce does not match")
        expected = self._header.encode()
        if self._header.startswith("p="):
            expected += self.binding or b""
        if not hmac.compare_digest(_base64(channel[2:]), expected):
            raise PgError("28000", "SCRAM channel binding check failed")
        proof = _base64(proof_text)
        if len(proof) != 32:
            raise _malformed("proof has a wrong length")
        return self._prove(f"{self._bare},{self._first},{without}".encode(), proof)

    def _prove(self, told: bytes, proof: bytes) -> bytes | None:
        signature = hmac.digest(self.verifier.stored_key, told, "sha256")
        client_key = bytes(a ^ b for a, b in zip(signature, proof, strict=True))
        stored = hashlib.sha256(client_key).digest()
        if not hmac.compare_digest(stored, self.verifier.stored_key):
            return None
        return b"v=" + b64encode(hmac.digest(self.verifier.server_key, told, "sha256"))

    def _check_flag(self, mechanism: str, flag: str) -> None:
        if flag == "y" and self.binding is not None:
            # Somebody between took our offer of channel binding out.
            raise PgError("28000", "client supports channel binding but thinks the server does not")
        bound = flag == f"p={_BINDING}"
        if bound != (mechanism == PLUS) or not (bound or flag in ("n", "y")):
            raise _malformed("channel binding does not fit the mechanism")


def _split(text: str, parts: int) -> list[str]:
    found = text.split(",", parts - 1)
    if len(found) != parts:
        raise _malformed("attributes are missing")
    return found


def _decoded(data: bytes) -> str:
    # User names may be UTF-8, and are not read from here; the bytes of them count in the proof.
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise _malformed("it is not UTF-8") from None


def _base64(text: str) -> bytes:
    try:
        return b64decode(text.encode(), validate=True)
    except (binascii.Error, ValueError):
        raise _malformed("wrong base64") from None


def _malformed(detail: str) -> PgError:
    return PgError("08P01", "malformed SCRAM message", detail=detail)
