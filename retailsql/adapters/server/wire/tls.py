"""TLS: the context of the server, and the hash of its certificate for channel binding."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NamedTuple

from retailsql.errors import MissingExtraError, ProjectError

ALPN = "postgresql"


class Tls(NamedTuple):
    """What a listener needs for TLS.

    Args:
        context: with the certificate and its key.
        binding: hash of the certificate; None: SCRAM-SHA-256-PLUS is not offered.
    """

    context: ssl.SSLContext
    binding: bytes | None


def load(certificate: str | Path, key: str | Path) -> Tls:
    """A server's TLS from two PEM files; the certificate's chain may follow it.

    Raises:
        ProjectError: a file cannot be used.
        MissingExtraError: cryptography is not installed.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # No renegotiation: a client could ask for it again and again.
    context.options |= ssl.OP_NO_RENEGOTIATION
    missing = [str(path) for path in (certificate, key) if not Path(path).exists()]
    if missing:
        raise ProjectError(
            "The certificate or its key is not there", seen=", ".join(missing),
            todo="put it there; or start with --self-signed, which makes a pair",
        )  # fmt: skip
    try:
        context.load_cert_chain(certificate, key)
        binding = end_point(Path(certificate).read_bytes())
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ProjectError(
            "The certificate or its key cannot be used",
            seen=f"{certificate}, {key}: {error}",
            wanted="two PEM files that belong together",
        ) from error
    context.set_alpn_protocols([ALPN])
    return Tls(context, binding)


def end_point(pem: bytes) -> bytes | None:
    """The hash of a certificate as tls-server-end-point (RFC 5929) wants it.

    None for kinds of signature that name no hash (Ed25519): RFC 5929 leaves them undefined.

    Raises:
        MissingExtraError: cryptography is not installed.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
    except ImportError as error:
        raise MissingExtraError.of("serve", "cryptography") from error
    certificate = x509.load_pem_x509_certificate(pem)
    algorithm = certificate.signature_hash_algorithm
    if algorithm is None:
        return None
    if algorithm.name in ("md5", "sha1"):
        algorithm = hashes.SHA256()
    return certificate.fingerprint(algorithm)
