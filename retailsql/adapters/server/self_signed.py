"""A certificate of one's own, for those who have none: it encrypts, but nobody vouches for it."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from retailsql.errors import MissingExtraError, ProjectError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_DAYS = 825  # what clients take at most
_RENEW = timedelta(days=30)


class Pair(NamedTuple):
    """A certificate and its key, PEM files."""

    certificate: Path
    key: Path


def self_signed(folder: Path, host: str) -> Pair:
    """The folder's certificate; made if there is none, if it ends soon or is for another host.

    Args:
        folder: where ``server.crt`` and ``server.key`` stand.
        host: that the server listens on; it and this machine's names are in the certificate.

    Raises:
        ProjectError: ``server.crt`` was not made here; it is never replaced.
        MissingExtraError: cryptography is not installed.
    """
    try:
        from cryptography import x509
    except ImportError as error:
        raise MissingExtraError.of("serve", "cryptography") from error
    pair = Pair(folder / "server.crt", folder / "server.key")
    names = _names(host)
    if pair.certificate.exists():
        try:
            found = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
        except ValueError as error:
            raise _foreign(pair) from error
        if found.issuer != found.subject or found.issuer != _subject():
            raise _foreign(pair)
        if _good(found, names) and pair.key.exists():
            return pair
    _write(pair, names)
    return pair


def fingerprint(certificate: Path) -> str:
    """The SHA-256 of a certificate, as clients show it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    return found.fingerprint(hashes.SHA256()).hex(":").upper()


def _write(pair: Pair, names: list[str]) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pair.key.unlink(missing_ok=True)  # made anew, so that its mode is this one from the start
    with os.fdopen(os.open(pair.key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret)
    pair.certificate.write_bytes(_certificate(key, names))


def _certificate(key: EllipticCurvePrivateKey, names: list[str]) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(_subject())
        .issuer_name(_subject())
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks differ
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName(list(map(_general, names))), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def _subject() -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "retailsql serve")])


def _names(host: str) -> list[str]:
    """What clients may call this server."""
    names = {"localhost", "127.0.0.1", "::1", socket.gethostname(), socket.getfqdn()}
    if host not in ("0.0.0.0", "::", "", "*"):
        names.add(host)
    return sorted(name for name in names if name.isascii())


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _good(certificate: x509.Certificate, names: list[str]) -> bool:
    """Whether it is valid for a while yet, and for these names."""
    from cryptography import x509

    try:
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    soon = datetime.now(UTC) + _RENEW
    return certificate.not_valid_after_utc > soon and set(map(_general, names)) <= set(held)


def _foreign(pair: Pair) -> ProjectError:
    return ProjectError(
        "--self-signed does not replace a certificate that it has not made",
        seen=str(pair.certificate),
        todo=f"use it: --tls-cert {pair.certificate} --tls-key {pair.key}; or move it away",
    )
