"""The proxy that the environment names for a URL, in the variables that HTTP clients share.

HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in either case. What a host in NO_PROXY means is the standard
library's answer.
"""

import os
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from plantpulse.errors import ConfigurationError
from plantpulse.late_dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and the headers that it wants of every request; they may hold a password."""

    host: str
    port: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def proxy_for(url: str, environ: Mapping[str, str] | None = None) -> Proxy | None:
    """Return the proxy for a URL; None without one. Raises: ConfigurationError for one that is not http."""
    environ = os.environ if environ is None else environ
    if not any(name.lower().endswith("_proxy") for name in environ):
        return None
    return _named(
        url, {name.lower(): value for name, value in environ.items() if name.lower().endswith("_proxy")}
    )


def _named(url: str, named: Mapping[str, str]) -> Proxy | None:
    # Few functions have a proxy, and this import takes longer than a small commit.
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # noqa: PLC0415

    split = urlsplit(url)
    address = named.get(f"{split.scheme}_proxy") or named.get("all_proxy")
    bypassed = proxy_bypass_environment(split.netloc, {"no": named.get("no_proxy", "")})
    return _proxy_at(address) if address and not bypassed else None


def _proxy_at(address: str) -> Proxy:
    split = urlsplit(address if "://" in address else f"http://{address}")
    if split.scheme != "http" or not split.hostname:
        raise ConfigurationError("the proxy of the environment must be named as http://host:port")
    return Proxy(split.hostname, split.port or 80, _credentials(split.username, split.password))


def _credentials(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    from base64 import b64encode  # noqa: PLC0415 - few proxies want a user

    told = b64encode(f"{unquote(user)}:{unquote(password or '')}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {told}"}
