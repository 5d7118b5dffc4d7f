"""Certificates made on the fly, for servers that speak TLS in tests."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
import trustme

from devstack.sqlserver import Tls
from plantpulse.connections import trust

ADDRESS, NAME = "127.0.0.1", "localhost"


def certified(
    authority: trustme.CA, *names: str, not_after: datetime | None = None, is_required: bool = False
) -> Tls:
    """What a server needs to show a certificate of `authority` for these names (or IP addresses)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, not_after=not_after).configure_cert(context)
    return Tls(context, is_required=is_required)


@contextmanager
def trusted_authority(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[trustme.CA]:
    """Make an authority that HTTP clients of this process trust until the block ends."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))
    trust.cache_clear()
    try:
        yield authority
    finally:
        trust.cache_clear()
