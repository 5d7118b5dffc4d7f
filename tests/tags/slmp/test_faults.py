"""Controllers and networks that misbehave: each has a stated outcome, and none a wrong value."""

from collections.abc import Callable
from contextlib import suppress
from time import monotonic

import pytest

from devstack.fault_proxy import FaultProxy
from plantpulse.errors import DeviceRefused, DeviceTimedOut, DeviceUnavailable
from plantpulse.tags.link import Link
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import Tag
from tests.patience import ENDS_S, PATIENT_S, SHORT_S
from tests.tags.servers.aslmp_server import Controller
from tests.tags.slmp.controllers import link_to, read

Start = Callable[..., Controller]

TAGS = [Tag("counter", "D4", "uint32"), Tag("scattered", "D2010", "uint16"), Tag("flag", "M0", "bool")]
GOOD = [Reading(4294967295), Reading(2010), Reading(True)]
FIRST = TAGS[:1]  # its reply in a 3E frame has 15 bytes: header 0 to 8, end code 9 and 10, data
# As long as the answer to an echo, which is what a controller that is one answer behind would send.
FIVE_WORDS = [Tag("text", "D60", "string", length=10)]
FRAMES = ["3e", "4e"]


@pytest.mark.parametrize("frame", FRAMES)
def test_a_controller_that_is_one_answer_behind_has_no_value(start: Start, frame: str) -> None:
    controller = start(frame=frame, stale_reply=True)

    for tags in (FIRST, FIVE_WORDS, TAGS):
        link = link_to(controller.port, f"?series=iqf&frame={frame}")
        with pytest.raises(DeviceUnavailable):
            read(link, tags)
        with pytest.raises(DeviceUnavailable, match="was closed"):
            read(link, tags)
        link.close()


@pytest.mark.parametrize("frame", FRAMES)
def test_a_write_to_a_controller_that_is_one_answer_behind_has_failed(start: Start, frame: str) -> None:
    link = link_to(start(frame=frame, stale_reply=True).port, f"?series=iqf&frame={frame}")

    with pytest.raises(DeviceUnavailable):
        link.write(Tag("acknowledge", "M10", "bool"), True, monotonic() + PATIENT_S)
    link.close()


def test_an_answer_with_another_serial_number_is_none(start: Start) -> None:
    controller = start(frame="4e", wrong_serial_echo=True)

    with pytest.raises(DeviceUnavailable, match="answered another question"):
        link_to(controller.port, "?series=iqf&frame=4e")


@pytest.mark.parametrize("frame", FRAMES)
def test_an_answer_that_comes_too_late_is_never_the_next_one(start: Start, frame: str) -> None:
    options = f"?series=iqf&frame={frame}"
    controller = start(frame=frame, late_reply_s=SHORT_S / 2)
    link = link_to(controller.port, options)

    with pytest.raises(DeviceTimedOut):
        read(link, TAGS, within_s=SHORT_S / 10)
    with pytest.raises(DeviceUnavailable, match="was closed"):
        read(link, TAGS)
    link.close()

    again = link_to(controller.port, options)
    assert read(again, TAGS) == GOOD
    again.close()


@pytest.mark.parametrize("piece", [1, 9, 11, 100])
def test_an_answer_in_pieces_is_whole(start: Start, piece: int) -> None:
    link = link_to(start(segment_at=piece, segment_gap_s=0.0001).port)
    tags = [*TAGS, *(Tag(f"t{at}", f"D{at}", "uint16") for at in range(1000, 1100))]

    assert read(link, tags) == [*GOOD, *(Reading(at) for at in range(1000, 1100))]
    link.close()


def test_a_controller_with_one_connection_keeps_it_for_the_first(start: Start) -> None:
    controller = start(single_connection=True)
    first = link_to(controller.port)

    with pytest.raises(DeviceUnavailable, match="somebody else may have its connection"):
        link_to(controller.port)

    assert read(first, TAGS) == GOOD
    first.close()
    again = _link_soon(controller)
    assert read(again, TAGS) == GOOD
    again.close()


def _link_soon(controller: Controller) -> Link:
    """Return a link, once the controller has noticed that the one before has gone."""
    ends_at_s = monotonic() + ENDS_S
    while monotonic() < ends_at_s:
        with suppress(DeviceUnavailable):
            return link_to(controller.port)
    raise AssertionError("no connection became free")


def test_the_measured_faults_of_an_fx5u_cost_no_value(start: Start) -> None:
    controller = start(
        coalesce_requests=True,
        single_connection=True,
        silence_on_wrong_encoding=True,
        overstated_length_hangs=True,
    )
    link = link_to(controller.port)

    for _ in range(3):
        assert read(link, TAGS) == GOOD
    link.close()


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


def test_a_controller_that_repeats_its_previous_answer_has_no_value(proxy: FaultProxy) -> None:
    link, previous = link_to(proxy.port), [b""]

    def repeat(reply: bytes) -> bytes:
        previous[0] = previous[0] or reply
        return previous[0]

    proxy.change_replies(repeat)

    with pytest.raises(DeviceUnavailable, match="answered another question"):
        read(link, FIRST)
    with pytest.raises(DeviceUnavailable, match="was closed"):
        read(link, FIRST)
    link.close()


def test_an_answer_that_comes_twice_brings_no_value(proxy: FaultProxy) -> None:
    link = link_to(proxy.port)
    proxy.change_replies(lambda reply: reply * 2)

    with pytest.raises(DeviceUnavailable):
        read(link, FIRST)
    link.close()


CHANGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a question": (lambda f: b"\x50" + f[1:], "does not speak SLMP"),
    "another frame": (lambda f: b"\xd4" + f[1:], "does not speak SLMP"),
    "another network": (lambda f: f[:2] + b"\x01" + f[3:], "answered for another station"),
    "another station": (lambda f: f[:3] + b"\x01" + f[4:], "answered for another station"),
    "another module": (lambda f: f[:4] + b"\xe0" + f[5:], "answered for another station"),
    "another drop": (lambda f: f[:6] + b"\x01" + f[7:], "answered for another station"),
    "fewer words": (lambda f: f[:7] + b"\x04" + f[8:13], "answered with 2 bytes, not 4"),
    "half a word": (lambda f: f[:7] + b"\x05" + f[8:14], "answered with 3 bytes, not 4"),
    "more words": (lambda f: f[:7] + b"\x08" + f[8:] + b"\0\0", "answered with 6 bytes, not 4"),
    "no end code": (lambda f: f[:7] + b"\x01" + f[8:10], "does not speak SLMP"),
    "a huge length": (lambda f: f[:7] + b"\xff\xff" + f[9:], "does not speak SLMP"),
    "a web page": (lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak SLMP"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_reply_that_does_not_belong_to_the_question_is_no_value(proxy: FaultProxy, name: str) -> None:
    change, expected = CHANGES[name]
    link = link_to(proxy.port)
    proxy.change_replies(change)

    with pytest.raises(DeviceUnavailable, match=expected):
        read(link, FIRST)

    proxy.heal()
    with pytest.raises(DeviceUnavailable):
        read(link, FIRST)
    link.close()


def _refusing(end_code: int, command: int = 0x0401) -> Callable[[bytes], bytes]:
    """Return what turns the answers to reads into a refusal of a command; echoes are left alone."""
    refusal = (
        end_code.to_bytes(2, "little") + b"\x00\xff\xff\x03\x00" + command.to_bytes(2, "little") + b"\0\0"
    )

    def change(reply: bytes) -> bytes:
        is_echo = reply[7] == 12
        return reply if is_echo else reply[:7] + len(refusal).to_bytes(2, "little") + refusal

    return change


@pytest.mark.parametrize(
    ("end_code", "quality"),
    [
        (0xC056, Quality.NO_SUCH_ADDRESS),
        (0x4031, Quality.NO_SUCH_ADDRESS),
        (0xC05C, Quality.NO_SUCH_ADDRESS),
        (0xC052, Quality.REFUSED),
        (0xC059, Quality.REFUSED),
        (0xC201, Quality.REFUSED),
        (0x4A01, Quality.NOT_CONNECTED),
        (0xCEE1, Quality.DEVICE_FAILURE),
    ],
)
def test_what_the_controller_refuses_has_its_quality(
    proxy: FaultProxy, end_code: int, quality: Quality
) -> None:
    link = link_to(proxy.port)
    proxy.change_replies(_refusing(end_code))

    assert read(link, FIRST) == [Reading(None, quality)]
    link.close()


def test_a_refusal_of_another_command_is_the_answer_to_another_question(proxy: FaultProxy) -> None:
    link = link_to(proxy.port)
    proxy.change_replies(_refusing(0xC056, command=0x0619))

    with pytest.raises(DeviceUnavailable, match="answered another question"):
        read(link, FIRST)
    link.close()


def test_a_write_that_the_controller_does_not_confirm_has_failed(proxy: FaultProxy) -> None:
    for change, error, expected in (
        (_refusing(0xCEE1, 0x1401), DeviceRefused, "did not set M10: end code 0xcee1 of SLMP"),
        (_refusing(0x4013, 0x1401), DeviceRefused, "did not set M10: end code 0x4013 of SLMP"),
        (_refusing(0x4A01, 0x1401), DeviceRefused, "did not set M10: end code 0x4a01 of SLMP"),
        (_refusing(0xC05E, 0x1401), DeviceUnavailable, "did not set M10: end code 0xc05e of SLMP"),
        (_refusing(0xC201, 0x1401), DeviceRefused, "did not set M10: end code 0xc201 of SLMP"),
        (
            lambda f: f[:7] + b"\x04\0" + f[9:] + b"\0\0",
            DeviceUnavailable,
            "did not confirm what was written",
        ),
    ):
        link = link_to(proxy.port)
        proxy.change_replies(change)

        with pytest.raises(error, match=expected):
            link.write(Tag("acknowledge", "M10", "bool"), False, monotonic() + PATIENT_S)

        link.close()
        proxy.heal()
