"""The driver's socket, looked at and ended from outside: nothing of it is left open."""

import os
import socket
from collections.abc import Iterator

import pytest

from plantpulse.source.sockets import Line, duplicate_of
from plantpulse.source.wire import is_answered_in_plain_text

HOST = "127.0.0.1"


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, Line]]:
    """A connection to a server that is silent, and the line under it."""
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        line = Line(HOST, port)
        with socket.create_connection((HOST, port)) as client, server.accept()[0]:
            line.note(client.fileno())
            yield client, line
        line.let_go()


def open_descriptors() -> int:
    return len(os.listdir("/dev/fd"))


def test_a_socket_that_was_taken_away_is_looked_at_without_a_descriptor_being_lost(
    connection: tuple[socket.socket, Line],
) -> None:
    client, line = connection
    before = open_descriptors()

    line.take_away()
    for _ in range(3):
        line.look()
        line.shut_down()
        line.take_away()

    assert open_descriptors() == before
    with pytest.raises(OSError, match="Socket operation on non-socket"):
        client.recv(1)


def test_what_is_no_socket_answers_nothing_in_plain_text_and_costs_no_descriptor() -> None:
    reader, writer = os.pipe()
    before = open_descriptors()
    try:
        assert not is_answered_in_plain_text(writer)
        assert open_descriptors() == before
    finally:
        os.close(reader)
        os.close(writer)


def test_another_socket_with_the_same_descriptor_is_left_alone(
    connection: tuple[socket.socket, Line],
) -> None:
    client, _ = connection
    inode = os.fstat(client.fileno()).st_ino

    with duplicate_of(client.fileno(), inode) as duplicate:
        assert duplicate.getpeername() == client.getpeername()
    with pytest.raises(OSError, match="another's"), duplicate_of(client.fileno(), inode + 1):
        pass
