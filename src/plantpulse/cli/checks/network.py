"""The network links: a name that resolves, a port that answers, a certificate to trust."""

import socket
import ssl
import time
from typing import Final

from plantpulse.cli.checks.findings import Found

PATIENCE_S: Final = 5.0


def look_up(host: str, port: int, setting: str) -> Found:
    """Find a host's addresses."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return Found(
            f"{host} cannot be resolved ({_reason(error)})",
            f"check {setting}, and the name server or VPN of this machine",
            is_wrong=True,
        )
    addresses = sorted({str(address[0]) for *_, address in found})
    return Found(f"{host} is {', '.join(addresses[:3])}")


def knock(host: str, port: int, setting: str) -> Found:
    """Open a connection and close it."""
    started_s = time.monotonic()
    try:
        socket.create_connection((host, port), PATIENCE_S).close()
    except ConnectionRefusedError:
        return Found(
            f"port {port} of {host} is closed",
            f"check {setting}, the server (does it run and listen on TCP?) and its firewall",
            is_wrong=True,
        )
    except OSError as error:
        return Found(
            f"port {port} of {host} does not answer ({_reason(error)})",
            "open the firewall: it drops the packets, or there is no route from here",
            is_wrong=True,
        )
    return Found(f"port {port} answers in {(time.monotonic() - started_s) * 1000:.0f} ms")


def shake_hands(host: str, port: int, trust: ssl.SSLContext) -> Found:
    """Start TLS with an HTTPS server and verify its certificate with `trust`."""
    try:
        with (
            socket.create_connection((host, port), PATIENCE_S) as connection,
            trust.wrap_socket(connection, server_hostname=host) as tls,
        ):
            return Found(f"{tls.version()}, certificate verified")
    except ssl.SSLCertVerificationError as error:
        return Found(
            f"the certificate of {host} is refused: {error.verify_message}",
            "something between here and Supabase answers instead (a proxy?), or a clock is wrong",
            is_wrong=True,
        )
    except OSError as error:
        message = f"no TLS with {host}: {_reason(error)}"
        return Found(message, "check SUPABASE_URL and any proxy before it", is_wrong=True)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer"
    return getattr(error, "strerror", None) or getattr(error, "reason", None) or type(error).__name__
