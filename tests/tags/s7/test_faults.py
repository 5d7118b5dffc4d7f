"""Controllers and networks that misbehave: each has a stated outcome, and none a wrong value."""

import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

import pytest

from devstack.fault_proxy import FaultProxy
from devstack.processes import Children
from plantpulse.errors import DeviceRefused, DeviceTimedOut, DeviceUnavailable
from plantpulse.tags.link import Link
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import Tag
from tests.patience import ENDS_S, PATIENT_S, SHORT_S
from tests.tags.s7.controllers import AREAS, link_to, read
from tests.tags.servers.snap7_server import Controller

TAGS = [Tag("counter", "DB1.DBD12", "uint32"), Tag("flag", "M1.5", "bool"), Tag("small", "DB7.DBB3", "uint8")]
GOOD = [Reading(4294967295), Reading(True), Reading(3)]
FIRST = TAGS[:1]  # its reply has 29 bytes


def test_a_reply_in_several_packets_is_whole(proxy: FaultProxy) -> None:
    link = link_to(proxy.port)
    proxy.change_replies(_in_two_packets)

    for _ in range(3):
        assert read(link, TAGS) == GOOD
    link.close()


def _in_two_packets(reply: bytes) -> bytes:
    message = reply[7:]
    first, second = message[:15], message[15:]
    return _packet(first, 0) + _packet(second, 0x80)


def _packet(part: bytes, end: int) -> bytes:
    return b"\x03\x00" + (7 + len(part)).to_bytes(2) + b"\x02\xf0" + bytes([end]) + part


def test_a_silent_controller_is_waited_for_until_the_deadline(proxy: FaultProxy) -> None:
    link = link_to(proxy.port)
    proxy.be_silent()

    with pytest.raises(DeviceTimedOut, match=f"the device at 127.0.0.1:{proxy.port} did not answer in time"):
        read(link, TAGS, within_s=SHORT_S)
    link.close()
    with pytest.raises(DeviceTimedOut, match="did not answer in time"):
        link_to(proxy.port, within_s=SHORT_S)


def test_a_deadline_that_has_passed_asks_nothing(proxy: FaultProxy) -> None:
    link = link_to(proxy.port)
    before = proxy.requests(b"")

    with pytest.raises(DeviceTimedOut):
        read(link, TAGS, within_s=-1)

    assert proxy.requests(b"") == before
    link.close()


def test_a_late_reply_is_never_the_next_answer(proxy: FaultProxy) -> None:
    link, is_late = link_to(proxy.port), threading.Event()
    proxy.change_replies(lambda reply: reply if is_late.wait(ENDS_S) else b"")
    with pytest.raises(DeviceTimedOut):
        read(link, TAGS, within_s=SHORT_S / 4)

    is_late.set()

    with pytest.raises(DeviceUnavailable):
        read(link, FIRST)
    link.close()
    again = link_to(proxy.port)
    assert read(again, FIRST) == GOOD[:1]
    again.close()


def test_a_controller_that_repeats_its_previous_answer_has_no_value(proxy: FaultProxy) -> None:
    link, previous = link_to(proxy.port), [b""]

    def repeat(reply: bytes) -> bytes:
        previous[0] = previous[0] or reply
        return previous[0]

    proxy.change_replies(repeat)

    assert read(link, FIRST) == GOOD[:1]
    with pytest.raises(DeviceUnavailable, match="answered another question"):
        read(link, FIRST)
    with pytest.raises(DeviceUnavailable, match="was closed"):
        read(link, FIRST)
    link.close()


def test_an_answer_that_comes_twice_is_used_once(proxy: FaultProxy) -> None:
    link = link_to(proxy.port)
    proxy.change_replies(lambda reply: reply * 2)

    assert read(link, FIRST) == GOOD[:1]
    with pytest.raises(DeviceUnavailable):
        read(link, FIRST)
    link.close()


# Offsets in a reply: packet 0 to 3, data 4 to 6, header 7 to 18, function 19, items 20, status 21 to 24.
FRAMES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "another version": (lambda f: b"\x02" + f[1:], "does not speak ISO on TCP"),
    "a length that is too short": (lambda f: f[:2] + b"\x00\x06" + f[4:], "does not speak ISO on TCP"),
    "an end of the connection": (lambda f: f[:5] + b"\x80" + f[6:], "ended the connection"),
    "another protocol": (lambda f: f[:7] + b"\x72" + f[8:], "does not speak S7"),
    "a question": (lambda f: f[:8] + b"\x01" + f[9:], "does not speak S7"),
    "another number": (lambda f: f[:12] + bytes([f[12] ^ 1]) + f[13:], "answered another question"),
    "more parameters": (lambda f: f[:14] + b"\x03" + f[15:], "with another length than it says"),
    "more data": (lambda f: f[:16] + b"\x09" + f[17:], "with another length than it says"),
    "another function": (lambda f: f[:19] + b"\x05" + f[20:], "answered with another function"),
    "two items": (lambda f: f[:20] + b"\x02" + f[21:], "answered for another number of items"),
    "another kind of data": (lambda f: f[:22] + b"\x0b" + f[23:], "a kind of data that is not known"),
    "fewer bytes": (lambda f: f[:24] + b"\x10" + f[25:], "answered with another number of bytes than 4"),
    "more bytes": (lambda f: f[:24] + b"\x28" + f[25:], "answered with another number of bytes than 4"),
    "bytes instead of bits": (lambda f: f[:22] + b"\x09" + f[23:], "another number of bytes than 4"),
    "a web page": (lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak ISO on TCP"),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_reply_that_does_not_belong_to_the_question_is_no_value(proxy: FaultProxy, name: str) -> None:
    change, words = FRAMES[name]
    link = link_to(proxy.port)
    proxy.change_replies(change)

    with pytest.raises(DeviceUnavailable, match=words):
        read(link, FIRST)

    proxy.heal()
    with pytest.raises(DeviceUnavailable):
        read(link, FIRST)
    link.close()


@pytest.mark.parametrize(
    ("status", "quality"),
    [
        (0x01, Quality.DEVICE_FAILURE),
        (0x03, Quality.REFUSED),
        (0x05, Quality.NO_SUCH_ADDRESS),
        (0x06, Quality.NOT_READABLE),
        (0x0A, Quality.NO_SUCH_ADDRESS),
    ],
)
def test_an_item_that_the_controller_refuses_is_the_only_one(
    proxy: FaultProxy, status: int, quality: Quality
) -> None:
    link = link_to(proxy.port)
    # Some controllers name a length where there is no data.
    refused = bytes([status]) + b"\x00\x00\x04"
    proxy.change_replies(lambda f: _with_data(f, refused + f[29:]))

    assert read(link, TAGS) == [Reading(None, quality), *GOOD[1:]]
    link.close()


def _with_data(reply: bytes, data: bytes) -> bytes:
    whole = reply[:15] + len(data).to_bytes(2) + reply[17:21] + data
    return whole[:2] + len(whole).to_bytes(2) + whole[4:]


@pytest.mark.parametrize(
    ("error", "quality"),
    [(b"\x81\x04", Quality.REFUSED), (b"\xd6\x02", Quality.REFUSED), (b"\x83\x04", Quality.DEVICE_FAILURE)],
)
def test_a_question_that_is_refused_as_a_whole_has_no_value(
    proxy: FaultProxy, error: bytes, quality: Quality
) -> None:
    link = link_to(proxy.port)
    proxy.change_replies(lambda f: f[:2] + b"\x00\x13" + f[4:8] + b"\x02" + f[9:13] + bytes(4) + error)

    assert read(link, TAGS) == [Reading(None, quality)] * 3

    proxy.orders.change = None
    assert read(link, TAGS) == GOOD
    link.close()


def test_a_write_that_the_controller_does_not_confirm_has_failed(proxy: FaultProxy) -> None:
    bit = Tag("acknowledge", "DB9.DBX4.0", "bool")
    for change, error, words in (
        (lambda f: f[:-1] + b"\x05", DeviceRefused, "did not set DB9.DBX4.0: error 0x5 of S7"),
        (lambda f: f[:-1] + b"\x01", DeviceRefused, "did not set DB9.DBX4.0: error 0x1 of S7"),
        (lambda f: f[:20] + b"\x02" + f[21:], DeviceUnavailable, "did not confirm what was written"),
    ):
        link = link_to(proxy.port)
        proxy.change_replies(change)

        with pytest.raises(error, match=words):
            link.write(bit, False, monotonic() + PATIENT_S)

        link.close()
        proxy.heal()


def test_a_controller_without_a_connection_left_says_what_to_look_at() -> None:
    with Children() as children:
        controller = Controller(children, AREAS, connections=1)
        first = _first_link(controller)

        with pytest.raises(DeviceUnavailable, match="another than 0/1, or it has no connection left"):
            link_to(controller.port)

        assert read(first, TAGS) == GOOD
        first.close()


def _first_link(controller: Controller) -> Link:
    """Return a link, once the controller has noticed that who looked whether it listens has gone."""
    ends_at_s = monotonic() + ENDS_S
    while monotonic() < ends_at_s:
        with suppress(DeviceUnavailable):
            return link_to(controller.port)
    raise AssertionError("no connection became free")


def test_a_module_that_is_not_there_says_what_to_look_at(proxy: FaultProxy) -> None:
    proxy.change_replies(lambda reply: reply[:5] + b"\x80" + reply[6:])

    with pytest.raises(DeviceUnavailable, match="refused the connection: its rack or slot may be another"):
        link_to(proxy.port, "/0/2")
