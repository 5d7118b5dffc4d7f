"""A connection to a machine: whole answers, in time, and only to what was asked."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from threading import Thread
from time import monotonic

import pytest

from plantpulse.errors import DeviceTimedOut, DeviceUnavailable
from plantpulse.tags.stream import Stream
from tests.patience import ENDS_S, SHORT_S


def soon() -> float:
    return monotonic() + SHORT_S


def late() -> float:
    return monotonic() + ENDS_S


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server


@pytest.fixture
def stream(listener: socket.socket) -> Iterator[Stream]:
    with closing(Stream(*listener.getsockname())) as connected:
        connected.connect(late())
        yield connected


@pytest.fixture
def device(listener: socket.socket, stream: Stream) -> Iterator[socket.socket]:
    accepted, _ = listener.accept()
    with closing(accepted):
        yield accepted


def test_an_answer_in_pieces_is_put_together(stream: Stream, device: socket.socket) -> None:
    stream.send(b"?", late())
    for piece in (b"a", b"ns", b"wer"):
        device.sendall(piece)

    assert stream.receive(6, late()) == b"answer"


def test_the_deadline_is_that_of_the_whole_answer(stream: Stream, device: socket.socket) -> None:
    def drip() -> None:
        with suppress(OSError):
            while True:
                device.sendall(b".")

    dripping = Thread(target=drip)
    dripping.start()

    with pytest.raises(DeviceTimedOut, match="did not answer in time"):
        stream.receive(10**12, soon())
    dripping.join(ENDS_S)

    assert not dripping.is_alive()


def test_a_silent_device_times_out(stream: Stream, device: socket.socket) -> None:
    with pytest.raises(DeviceTimedOut, match=r"the device at 127\.0\.0\.1:\d+ did not answer in time"):
        stream.receive(1, soon())


def test_what_nobody_asked_for_ends_the_connection(stream: Stream, device: socket.socket) -> None:
    device.sendall(b"the late answer to an earlier question")
    _wait_for_bytes(stream)

    with pytest.raises(DeviceUnavailable, match="nobody asked for"):
        stream.send(b"?", late())
    with pytest.raises(DeviceUnavailable, match="was closed"):
        stream.receive(1, late())


def test_a_device_that_has_gone_is_noticed_before_it_is_asked(stream: Stream, device: socket.socket) -> None:
    device.close()
    _wait_for_bytes(stream)

    with pytest.raises(DeviceUnavailable, match="closed the connection"):
        stream.send(b"?", late())


def test_a_device_that_goes_in_the_middle_of_an_answer(stream: Stream, device: socket.socket) -> None:
    device.sendall(b"ans")
    device.close()

    with pytest.raises(DeviceUnavailable, match="closed the connection"):
        stream.receive(6, late())


def test_nobody_listens(listener: socket.socket) -> None:
    host, port = listener.getsockname()
    listener.close()

    with pytest.raises(DeviceUnavailable, match=f"{host}:{port} cannot be reached: Connection refused"):
        Stream(host, port).connect(late())


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 70])
def test_a_host_without_an_address(host: str) -> None:
    with pytest.raises(DeviceUnavailable, match="has no address"):
        Stream(host, 1).connect(late())


def test_a_passed_deadline_asks_nothing(stream: Stream, device: socket.socket) -> None:
    with pytest.raises(DeviceTimedOut):
        stream.send(b"?", monotonic() - 1)

    assert device.recv(1) == b""


def test_another_thread_may_close_it(stream: Stream, device: socket.socket) -> None:
    failures: list[Exception] = []

    def wait() -> None:
        try:
            stream.receive(1, late())
        except DeviceUnavailable as error:
            failures.append(error)

    waiting = Thread(target=wait)
    waiting.start()
    stream.close()
    stream.close()
    waiting.join(ENDS_S)

    assert [type(one) for one in failures] == [DeviceUnavailable]
    assert "was closed" in str(failures[0])
    assert device.recv(1) == b""


def test_a_closed_one_is_not_connected_again(listener: socket.socket) -> None:
    stream = Stream(*listener.getsockname())
    stream.close()

    with pytest.raises(DeviceUnavailable, match="was closed"):
        stream.connect(late())


def test_ipv6() -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        # A machine without IPv6 cannot show it.
        pytest.skip("there is no IPv6 here")
    with closing(listener), closing(Stream("::1", listener.getsockname()[1])) as stream:
        stream.connect(late())
        accepted, _ = listener.accept()
        with closing(accepted):
            accepted.sendall(b"six")

            assert stream.receive(3, late()) == b"six"
            assert stream.device.startswith("the device at [::1]:")


def _wait_for_bytes(stream: Stream) -> None:
    """Wait until what the device did has arrived here."""
    connection = stream._connected()
    connection.settimeout(ENDS_S)
    connection.recv(1, socket.MSG_PEEK)
