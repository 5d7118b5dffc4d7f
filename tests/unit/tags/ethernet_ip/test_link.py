"""Which bytes a link takes for the answer to its request."""

import socket
import struct
from collections.abc import Iterator
from time import monotonic

import pytest

from plantpulse.errors import DeviceUnavailable
from plantpulse.tags.drivers.ethernet_ip import DRIVER
from plantpulse.tags.drivers.ethernet_ip.link import EthernetIpLink
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.readings import Reading
from plantpulse.tags.tag import Tag
from tests.patience import PATIENT_S

ENDPOINT = Endpoint("enip", "127.0.0.1", 44818)
FIRST = 1  # pylogix begins to count here
SEVEN = b"\x8a\x00\x00\x00\x01\x00\x04\x00\xcc\x00\x00\x00\xc4\x00\x07\x00\x00\x00"


@pytest.fixture
def wire() -> Iterator[tuple[EthernetIpLink, socket.socket]]:
    """A link that is signed in, and the other end of its connection."""
    link = EthernetIpLink(ENDPOINT)
    link._plc.conn.Socket.close()
    link._plc.conn.Socket, far = socket.socketpair()
    link._plc.conn.SocketConnected = True
    link._plc.conn.ConnectionSize = 500
    with far:
        yield link, far
    link.close()


def reply(sequence: int, body: bytes = SEVEN, status: int = 0, command: int = 0x70) -> bytes:
    """Return a packet with an answer in it."""
    items = struct.pack("<IHHHHIHHH", 0, 0, 2, 0xA1, 4, 1, 0xB1, 2 + len(body), sequence) + body
    return struct.pack("<HHIIQI", command, len(items), 1, status, 0, 0) + items


def read(link: EthernetIpLink) -> object:
    plan = DRIVER.plan([Tag("a", "Parts", "int32")], ENDPOINT)
    return link.read(plan, monotonic() + PATIENT_S)


def test_the_answer_to_this_request_is_a_value(wire: tuple[EthernetIpLink, socket.socket]) -> None:
    link, far = wire
    far.sendall(reply(FIRST))

    assert read(link) == [Reading(7)]


@pytest.mark.parametrize(
    ("bytes_sent", "words"),
    [
        (reply(FIRST + 1), "answers another request"),
        (reply(FIRST, b"\xcc" + SEVEN[1:]), "answers another request"),
        (reply(FIRST, command=0x6F), "no answer to a request for tags"),
        (reply(FIRST, status=0x64), "status 0x64 of EtherNet/IP"),
        (reply(FIRST, SEVEN[:6]), "too short"),
        (reply(FIRST)[:-1], "closed the connection"),
        (reply(FIRST)[:3], "closed the connection"),
        (b"", "closed the connection"),
    ],
)
def test_anything_else_is_none_and_ends_the_link(
    wire: tuple[EthernetIpLink, socket.socket], bytes_sent: bytes, words: str
) -> None:
    link, far = wire
    far.sendall(bytes_sent)
    far.shutdown(socket.SHUT_WR)

    with pytest.raises(DeviceUnavailable, match=words):
        read(link)
    with pytest.raises(DeviceUnavailable, match="is not connected"):
        read(link)
