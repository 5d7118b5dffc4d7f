"""Certificates made on the fly, for servers that speak TLS in tests."""

import ssl
from datetime import datetime

import trustme

from devstack.sqlserver import Tls

ADDRESS, NAME = "127.0.0.1", "localhost"


def certified(
    authority: trustme.CA, *names: str, not_after: datetime | None = None, is_required: bool = False
) -> Tls:
    """What a server needs to show a certificate of `authority` for these names (or IP addresses)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, not_after=not_after).configure_cert(context)
    return Tls(context, is_required=is_required)
