"""What a check tells of names, ports and certificates, of servers that are there and of some that are not."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import trustme

from plantpulse.cli.checks import network
from plantpulse.connections import trust


@contextmanager
def listening(context: ssl.SSLContext | None) -> Iterator[int]:
    """A server that shakes hands with one client, or, without a context, says something that is no TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                if context is None:
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    return
                context.wrap_socket(connection, server_side=True).close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost", "127.0.0.1").configure_cert(context)

    with listening(context) as port:
        found = network.shake_hands("127.0.0.1", port, trust("https"))

    assert found.state == "failed"
    assert "the certificate of 127.0.0.1 is refused" in found.message
    assert found.remedy
    assert "proxy" in found.remedy


def test_a_certificate_of_a_trusted_authority_is_green() -> None:
    authority, believing = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(believing)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    with listening(context) as port:
        found = network.shake_hands("127.0.0.1", port, believing)

    assert found.state == "ok"
    assert "certificate verified" in found.message


def test_a_server_that_speaks_no_tls_is_told() -> None:
    with listening(None) as port:
        found = network.shake_hands("127.0.0.1", port, trust("https"))

    assert found.state == "failed"
    assert "no TLS with 127.0.0.1" in found.message


def test_a_name_without_an_address_is_told_with_the_setting() -> None:
    found = network.look_up("sql.nowhere.invalid", 1433, "the host (MSSQL_HOST)")

    assert found.state == "failed"
    assert found.remedy == "check the host (MSSQL_HOST), and the name server or VPN of this machine"


@pytest.mark.parametrize("name", ["a..b", "x" * 70 + ".example", ""])
def test_what_is_no_name_is_no_crash(name: str) -> None:
    assert network.look_up(name, 1433, "x").state in {"failed", "ok"}


def test_an_open_port_answers_and_a_closed_one_is_told_as_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        answering = network.knock("127.0.0.1", port, "x")
    closed = network.knock("127.0.0.1", port, "the port (MSSQL_PORT)")

    assert answering.state == "ok"
    assert closed.message == f"port {port} of 127.0.0.1 is closed"
    assert "does it run and listen on TCP?" in (closed.remedy or "")
