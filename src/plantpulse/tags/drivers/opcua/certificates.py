"""Certificates of a secured channel: ours from a secret, the server's as the address trusts it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from asyncua import ua
from asyncua.client.client import _first_cert_from_chain
from asyncua.crypto import security_policies
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from plantpulse.tags.drivers.opcua.refusals import NoSafeWay
from plantpulse.tags.drivers.opcua.security import Security
from plantpulse.tags.link import Credentials

_POLICIES: Final[dict[str, type[security_policies.SecurityPolicy]]] = {
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128Sha256RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256Sha256RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Our certificate with its key, and the application's URI that is in it."""

    certificate: x509.Certificate
    private_key: rsa.RSAPrivateKey
    uri: str


def identity_in(credentials: Credentials | None, now: datetime) -> Identity:
    """Return who we are to servers. Raises: NoSafeWay without the content of either."""
    if credentials is None or credentials.certificate is None or credentials.private_key is None:
        raise NoSafeWay(
            "a secured channel needs a certificate of ours: add certificate and private_key to the "
            "credentials that the group names"
        )
    try:
        certificate = x509.load_pem_x509_certificate(credentials.certificate.encode())
        private_key = load_pem_private_key(credentials.private_key.encode(), None)
    except (ValueError, TypeError):  # TypeError: the key has a password
        raise NoSafeWay(
            "certificate and private_key of the credentials must be PEM, without a password"
        ) from None
    if not isinstance(private_key, rsa.RSAPrivateKey) or private_key.public_key() != certificate.public_key():
        raise NoSafeWay("private_key of the credentials must be the RSA key of their certificate")
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise NoSafeWay(
            "our certificate, of the credentials that the group names, is valid from "
            f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d} only"
        )
    return Identity(certificate, private_key, _uri_in(certificate))


def trusted_certificate(offered: Sequence[ua.EndpointDescription], wanted: Security) -> bytes:
    """Return the certificate (DER) of the wanted endpoint, if it is the trusted one. Raises: NoSafeWay."""
    policy, mode = _POLICIES[wanted.policy].URI, ua.MessageSecurityMode[wanted.mode]
    for one in offered:
        if one.SecurityPolicyUri == policy and one.SecurityMode == mode and one.ServerCertificate:
            certificate: bytes = _first_cert_from_chain(one.ServerCertificate)
            require_trusted(
                certificate, wanted.trusted, f"add &trust={_fingerprint(certificate)} to the address"
            )
            return certificate
    kinds = sorted({_shown(one) for one in offered})
    raise NoSafeWay(
        f"it does not offer {wanted.policy} with {wanted.mode}, but {', '.join(kinds) or 'nothing'}"
    )


def policy_for(wanted: Security, server: bytes, identity: Identity) -> security_policies.SecurityPolicy:
    """Return what signs and encrypts a channel. Raises: NoSafeWay for a server whose certificate is none."""
    policy: Any = _POLICIES[wanted.policy]
    try:
        peer = x509.load_der_x509_certificate(server)
    except ValueError:
        raise NoSafeWay("what it calls its certificate is none") from None
    made: security_policies.SecurityPolicy = policy(
        peer, identity.certificate, identity.private_key, ua.MessageSecurityMode[wanted.mode]
    )
    return made


def now_utc() -> datetime:
    """Return the time by which our certificate is judged."""
    return datetime.now(UTC)


def require_trusted_session(certificate: bytes | None, trusted: str | None) -> None:
    """Raises: NoSafeWay unless a server showed the trusted certificate when it made a session.

    Without security nothing proves that it has the key, but only who has it can read a password.
    """
    if not certificate:
        raise NoSafeWay("it shows no certificate, so it cannot be the server that the address trusts")
    require_trusted(
        certificate,
        trusted,
        f"add ?trust={_fingerprint(certificate)} to the address; or add ?security=none, and the password is "
        "sent to whoever answers",
    )


def require_trusted(certificate: bytes, trusted: str | None, advice: str) -> None:
    """Raises: NoSafeWay unless a certificate is the trusted one; with the advice if there is none."""
    if trusted is None:
        raise NoSafeWay(
            "its certificate is not trusted yet. Compare its SHA-256 fingerprint with the one that the "
            f"server shows, and {advice}"
        )
    if (fingerprint := _fingerprint(certificate)) != trusted:
        raise NoSafeWay(
            "its certificate is not the one that the address trusts: "
            f"its SHA-256 fingerprint is {fingerprint}"
        )


def _fingerprint(certificate: bytes) -> str:
    return hashlib.sha256(certificate).hexdigest()


def _uri_in(certificate: x509.Certificate) -> str:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return names.get_values_for_type(x509.UniformResourceIdentifier)[0]
    except (x509.ExtensionNotFound, IndexError, ValueError):
        raise NoSafeWay(
            "our certificate names no application: servers want a URI in its subjectAltName, "
            "such as URI:urn:plantpulse:tags"
        ) from None


def _shown(endpoint: ua.EndpointDescription) -> str:
    policy = (endpoint.SecurityPolicyUri or "").partition("#")[2][:40] or "?"
    mode = endpoint.SecurityMode.name
    return "no security" if mode == "None_" else f"{policy} with {mode}"
