"""The fault proxy in front of a server that answers each line with its number."""

import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from devstack.fault_proxy import Direction, End, FaultProxy, Loss, Wound
from tests.patience import ENDS_S

SILENCE_S = 0.2


class _Counting(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            served.append(line)
            self.wfile.write(b"answer %d\n" % len(served))


served: list[bytes] = []


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    served.clear()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Counting) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        with FaultProxy("127.0.0.1", server.server_address[1]) as running:
            yield running
        server.shutdown()
        thread.join()


def call(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), ENDS_S)


def ask(client: socket.socket, line: bytes) -> bytes:
    client.sendall(line)
    return client.recv(100)


def test_bytes_go_both_ways_while_nothing_is_wrong(proxy: FaultProxy) -> None:
    with call(proxy) as client:
        answers = [ask(client, b"one\n"), ask(client, b"two\n")]

        assert proxy.open_connections == 1

    assert answers == [b"answer 1\n", b"answer 2\n"]
    assert proxy.requests(b"one") == 1
    assert proxy.wait_until_idle()


def test_refusing_resets_what_is_open_and_heals_on_the_same_port(proxy: FaultProxy) -> None:
    with call(proxy) as client:
        ask(client, b"one\n")
        proxy.refuse()
        with pytest.raises(ConnectionResetError):
            client.recv(100)

    with pytest.raises(ConnectionRefusedError):
        call(proxy)
    proxy.heal()
    with call(proxy) as client:
        assert ask(client, b"two\n") == b"answer 2\n"


def test_silence_accepts_and_never_answers(proxy: FaultProxy) -> None:
    proxy.be_silent()

    with call(proxy) as client:
        client.settimeout(SILENCE_S)
        with pytest.raises(TimeoutError):
            ask(client, b"one\n")

    assert served == []


def test_a_connection_that_suffered_does_not_outlive_the_fault(proxy: FaultProxy) -> None:
    with call(proxy) as client:
        ask(client, b"one\n")
        proxy.be_silent()
        client.sendall(b"two\n")
        proxy.heal()
        with pytest.raises(ConnectionResetError):
            client.recv(100)

    assert proxy.open_connections == 0


@pytest.mark.parametrize(("count", "seen"), [(12, b"ans"), (18, b"answer 2\n")])
def test_a_reply_is_cut_after_so_many_bytes(proxy: FaultProxy, count: int, seen: bytes) -> None:
    proxy.cut_after(count, Direction.TO_CLIENT)

    with call(proxy) as client:
        first, second = ask(client, b"one\n"), ask(client, b"two\n")
        with pytest.raises(ConnectionResetError):
            ask(client, b"three\n")

    assert (first, second) == (b"answer 1\n", seen)


def test_a_request_is_cut_after_so_many_bytes(proxy: FaultProxy) -> None:
    proxy.cut_after(6, Direction.TO_SERVER)

    with call(proxy) as client:
        ask(client, b"one\n")
        with pytest.raises(ConnectionResetError):
            ask(client, b"two\n")

    assert served in ([b"one\n"], [b"one\n", b"tw"])


@pytest.mark.parametrize(
    ("place", "first", "second"),
    [(0, b"Bnswer 1\n", b"answer 2\n"), (8, b"answer 1)", b"bnswer 2\n"), (17, b"answer 1\n", b"answer 2)")],
)
def test_noise_alters_bytes_from_one_place_on_and_goes_over_to_the_next_block(
    proxy: FaultProxy, place: int, first: bytes, second: bytes
) -> None:
    proxy.wound(Wound(Direction.TO_CLIENT, place, noise=b"\x23\x03" if place else b"\x23"))

    with call(proxy) as client:
        answers = ask(client, b"one\n"), ask(client, b"two\n")

    assert answers == (first, second)
    assert proxy.passed_on == [
        (Direction.TO_SERVER, 4), (Direction.TO_CLIENT, 9), (Direction.TO_SERVER, 4), (Direction.TO_CLIENT, 9)
    ]  # fmt: skip


def test_noise_in_a_request_reaches_the_server(proxy: FaultProxy) -> None:
    proxy.wound(Wound(Direction.TO_SERVER, 2, noise=b"\x01"))

    with call(proxy) as client:
        ask(client, b"one\n")

    assert served == [b"ond\n"]


def test_a_connection_is_closed_at_a_byte_and_what_came_before_it_arrives(proxy: FaultProxy) -> None:
    proxy.wound(Wound(Direction.TO_CLIENT, 3, end=End.CLOSED))

    with call(proxy) as client:
        answers = ask(client, b"one\n"), client.recv(100)

    assert answers == (b"ans", b"")


def test_a_connection_stalls_at_a_byte_for_both_sides(proxy: FaultProxy) -> None:
    proxy.wound(Wound(Direction.TO_CLIENT, 3, end=End.STALLED))

    with call(proxy) as client:
        begun = ask(client, b"one\n")
        client.settimeout(SILENCE_S)
        with pytest.raises(TimeoutError):
            ask(client, b"two\n")

    assert begun == b"ans"
    assert served == [b"one\n"]
    assert proxy.wait_until_idle()


def test_a_lost_reply_belongs_to_a_request_that_was_carried_out(proxy: FaultProxy) -> None:
    proxy.lose_replies(b"two", times=1)

    with call(proxy) as client:
        ask(client, b"one\n")
        with pytest.raises(ConnectionResetError):
            ask(client, b"two\n")
    with call(proxy) as client:
        again = ask(client, b"two\n")

    assert served == [b"one\n", b"two\n", b"two\n"]
    assert again == b"answer 3\n"


def test_a_held_reply_is_told_when_it_is_there(proxy: FaultProxy) -> None:
    proxy.lose_replies(b"one", loss=Loss.HELD)

    with call(proxy) as client:
        client.sendall(b"one\n")

        assert proxy.is_held.wait(ENDS_S)
        client.settimeout(SILENCE_S)
        with pytest.raises(TimeoutError):
            client.recv(100)

    assert served == [b"one\n"]


def test_a_delay_reaches_the_client_late_but_whole(proxy: FaultProxy) -> None:
    proxy.delay(0.1)

    with call(proxy) as client:
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            ask(client, b"one\n")
        client.settimeout(ENDS_S)
        assert client.recv(100) == b"answer 1\n"


def test_a_server_that_is_down_is_down_behind_the_proxy_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with FaultProxy("127.0.0.1", port) as proxy:
        # The reset may come while the caller still connects.
        with pytest.raises(ConnectionResetError), call(proxy) as client:
            client.recv(100)

        assert proxy.wait_until_idle()
