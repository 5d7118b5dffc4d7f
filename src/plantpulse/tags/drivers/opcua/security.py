"""How the channel to a server is secured, as its address says it. Pure.

`?security=Basic256Sha256&mode=SignAndEncrypt&trust=<SHA-256 fingerprint of the server's certificate>`.
With `trust` alone the channel has no security, and a password is encrypted for that server.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from plantpulse.tags.endpoints import Endpoint, require_known_options

# The policies that OPC 10000-7 does not call deprecated and asyncua speaks.
POLICIES: Final = ("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss")
MODES: Final = ("SignAndEncrypt", "Sign")
_BY_NAME: Final[Mapping[str, str]] = {name.casefold(): name for name in (*POLICIES, *MODES)}
_PLAIN: Final = "none"
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Security:
    """A policy, a mode, and the SHA-256 of the server's certificate in hexadecimal; None: none is trusted."""

    policy: str
    mode: str
    trusted: str | None

    @property
    def encrypts(self) -> bool:
        """Say whether nobody on the way can read along."""
        return self.mode == "SignAndEncrypt"


def security_of(endpoint: Endpoint) -> Security | None:
    """Return how a server's channel is secured; None without security. Raises: ValueError."""
    require_known_options(endpoint, {"security", "mode", "trust"})
    written = endpoint.options.get("security", _PLAIN)
    if written.casefold() == _PLAIN:
        if "mode" in endpoint.options:
            raise ValueError(f"mode needs a security, such as security={POLICIES[0]}")
        if trusted_in(endpoint) and allows_plain_password(endpoint):
            raise ValueError("security=none sends a password to whoever answers: leave it out beside trust")
        return None
    policy, mode = written.casefold(), endpoint.options.get("mode", MODES[0]).casefold()
    if _BY_NAME.get(policy) not in POLICIES:
        raise ValueError(f"security must be one of {', '.join(POLICIES)}, none")
    if _BY_NAME.get(mode) not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}")
    return Security(_BY_NAME[policy], _BY_NAME[mode], trusted_in(endpoint))


def allows_plain_password(endpoint: Endpoint) -> bool:
    """Say whether a password may go unsecured to whoever answers: only where the address says so."""
    return endpoint.options.get("security", "").casefold() == _PLAIN


def trusted_in(endpoint: Endpoint) -> str | None:
    """Return the SHA-256 of the only certificate that is trusted; None: no server is. Raises: ValueError."""
    written = endpoint.options.get("trust")
    if written is None:
        return None
    digits = written.replace(":", "").casefold()
    if not _FINGERPRINT.fullmatch(digits):
        raise ValueError(
            "trust must be the SHA-256 fingerprint of the server's certificate: 64 hexadecimal digits"
        )
    return digits
