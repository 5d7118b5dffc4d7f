"""Which addresses a publisher may have: https, or plain HTTP on this machine. Pure."""

from ipaddress import ip_address

import httpx

from plantpulse.errors import ConfigurationError


def checked_address(name: str, base_url: str) -> httpx.URL:
    """Return the address of the publisher `name`. Raises: ConfigurationError, which does not quote it."""
    words = "must be an address such as https://api.example.com"
    try:
        url = httpx.URL(base_url)
    except (ValueError, httpx.InvalidURL):
        url = httpx.URL("")
    if url.scheme == "http" and url.host and not is_loopback(url.host):
        words = "must begin with https://: only this machine itself is asked without TLS"
    elif _is_plain(url):
        return url
    raise ConfigurationError(f"the URL of {name} {words}")


def _is_plain(url: httpx.URL) -> bool:
    """Whether there is nothing in it but scheme, host, port and path."""
    is_reachable = bool(url.host) and url.port != 0 and (url.port or 0) < 65536
    return (
        url.scheme in {"http", "https"} and is_reachable and not (url.userinfo or url.query or url.fragment)
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
