"""Devices and networks that misbehave: each has a stated outcome, and none a wrong value."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from time import monotonic

import pytest

from devstack.fault_proxy import Direction, FaultProxy, Loss
from plantpulse.errors import DeviceRefused, DeviceTimedOut, DeviceUnavailable
from plantpulse.tags.devices import Devices
from plantpulse.tags.line import Line as DeviceLine
from plantpulse.tags.link import Credentials
from plantpulse.tags.readings import NO_SUCH_ADDRESS, NOT_ASKED, TIMED_OUT, Reading
from plantpulse.tags.tag import Group, Tag
from tests.patience import ENDS_S
from tests.patience import SHORT_S as PATIENT_SHORT_S
from tests.tags.modbus.conftest import PATIENT_S, Line
from tests.tags.servers.pymodbus_server import PymodbusDevice, serving

Connect = Callable[..., Line]

LONG = Tag("counter", "hr:0", "uint32")  # its reply has 13 bytes
FAR = Tag("speed", "hr:50", "uint16")  # in a block of its own
VALUES = [Reading(0x0102_0304), Reading(7)]
SHORT_S = 0.2


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    device = PymodbusDevice({0: 0x0102, 1: 0x0304, 50: 7})
    with serving(device), FaultProxy("127.0.0.1", device.port) as proxy:
        yield proxy
        proxy.heal()


def test_a_reply_that_ends_at_any_byte_is_no_value(proxy: FaultProxy, connect: Connect) -> None:
    for count in range(13):
        line = connect(proxy.port)
        proxy.cut_after(count, Direction.TO_CLIENT)

        with pytest.raises(DeviceUnavailable):
            line.read(LONG)

        proxy.heal()
        assert connect(proxy.port).read(LONG, FAR) == VALUES


def test_a_second_block_that_ends_early_makes_the_first_one_no_value_either(
    proxy: FaultProxy, connect: Connect
) -> None:
    for count in range(13, 24):
        line = connect(proxy.port)
        proxy.cut_after(count, Direction.TO_CLIENT)

        with pytest.raises(DeviceUnavailable):
            line.read(LONG, FAR)

        proxy.heal()


def test_a_reply_that_comes_byte_by_byte_is_whole(proxy: FaultProxy, connect: Connect) -> None:
    line = connect(proxy.port)
    proxy.crumble()

    for _ in range(10):
        assert line.read(LONG, FAR) == VALUES


def test_a_silent_device_is_waited_for_until_the_deadline(proxy: FaultProxy, connect: Connect) -> None:
    line = connect(proxy.port)
    proxy.be_silent()

    with pytest.raises(DeviceTimedOut, match=f"the device at 127.0.0.1:{proxy.port} did not answer in time"):
        line.read(LONG, within_s=SHORT_S)


def test_a_deadline_that_has_passed_asks_nothing(proxy: FaultProxy, connect: Connect) -> None:
    line = connect(proxy.port)

    with pytest.raises(DeviceTimedOut):
        line.read(LONG, within_s=-1)

    assert proxy.requests(b"") == 0


def test_a_late_reply_is_never_the_next_answer(proxy: FaultProxy, connect: Connect) -> None:
    line, is_late = connect(proxy.port), threading.Event()
    proxy.change_replies(lambda reply: reply if is_late.wait(PATIENT_S) else b"")
    with pytest.raises(DeviceTimedOut):
        line.read(LONG, within_s=SHORT_S)

    is_late.set()

    with pytest.raises(DeviceUnavailable):
        line.read(FAR)
    assert connect(proxy.port).read(FAR) == [Reading(7)]


def test_a_device_that_repeats_its_previous_answer_has_no_value(proxy: FaultProxy, connect: Connect) -> None:
    line, previous = connect(proxy.port), [b""]

    def repeat(reply: bytes) -> bytes:
        previous[0] = previous[0] or reply
        return previous[0]

    proxy.change_replies(repeat)

    assert line.read(LONG) == VALUES[:1]
    with pytest.raises(DeviceUnavailable, match="answered another question"):
        line.read(LONG)
    with pytest.raises(DeviceUnavailable, match="was closed"):
        line.read(LONG)


def test_an_answer_that_comes_twice_is_used_once(proxy: FaultProxy, connect: Connect) -> None:
    line = connect(proxy.port)
    proxy.change_replies(lambda reply: reply * 2)

    assert line.read(LONG) == VALUES[:1]
    with pytest.raises(DeviceUnavailable):
        line.read(FAR)


FRAMES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "another transaction": (lambda f: bytes([f[0] ^ 1]) + f[1:], "answered another question"),
    "no transaction": (lambda f: b"\0\0" + f[2:], "answered another question"),
    "another protocol": (lambda f: f[:2] + b"\0\1" + f[4:], "does not speak Modbus TCP"),
    "another unit": (lambda f: f[:6] + b"\x09" + f[7:], "answered for unit 9, not 1"),
    "another function": (lambda f: f[:7] + b"\x04" + f[8:], "answered with function 4"),
    "another function's exception": (lambda f: f[:4] + b"\0\3\1\x84\2", "answered with function 132"),
    "a long exception": (lambda f: f[:4] + b"\0\4\1\x83\2\2", "answered with function 131"),
    "fewer registers": (lambda f: f[:4] + b"\0\5" + f[6:8] + b"\2" + f[9:11], "answered with 2 bytes, not 4"),
    "more registers": (lambda f: f[:4] + b"\0\x09" + f[6:8] + b"\6" + f[9:] + b"\0\0", "6 bytes, not 4"),
    "half a register": (lambda f: f[:4] + b"\0\6" + f[6:8] + b"\3" + f[9:12], "answered with 3 bytes, not 4"),
    "a wrong count of bytes": (lambda f: f[:8] + b"\2" + f[9:], "answered with 4 bytes, not 4"),
    "bytes behind the data": (lambda f: f[:4] + b"\0\x08" + f[6:] + b"\0", "answered with 5 bytes, not 4"),
    "a length that is too short": (lambda f: f[:4] + b"\0\5" + f[6:], "answered with 2 bytes, not 4"),
    "no function": (lambda f: f[:4] + b"\0\1" + f[6:7], "does not speak Modbus TCP"),
    "no data": (lambda f: f[:4] + b"\0\2" + f[6:8], "does not speak Modbus TCP"),
    "a huge length": (lambda f: f[:4] + b"\xff\xff" + f[6:], "does not speak Modbus TCP"),
    "a web page": (lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak Modbus TCP"),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_reply_that_does_not_belong_to_the_question_is_no_value(
    proxy: FaultProxy, connect: Connect, name: str
) -> None:
    change, words = FRAMES[name]
    line = connect(proxy.port)
    proxy.change_replies(change)

    with pytest.raises(DeviceUnavailable, match=words):
        line.read(LONG)

    proxy.heal()
    with pytest.raises(DeviceUnavailable):
        line.read(LONG)


def test_a_length_that_is_too_long_is_waited_for_until_the_deadline(
    proxy: FaultProxy, connect: Connect
) -> None:
    line = connect(proxy.port)
    proxy.change_replies(lambda frame: frame[:4] + b"\0\x09" + frame[6:])

    with pytest.raises(DeviceTimedOut):
        line.read(LONG, within_s=SHORT_S)


def test_a_write_that_the_device_does_not_confirm_has_failed(connect: Connect) -> None:
    coil, device = Tag("acknowledge", "co:3", "bool"), PymodbusDevice({}, coils={3: False})
    with serving(device), FaultProxy("127.0.0.1", device.port) as proxy:
        line = connect(proxy.port)
        proxy.change_replies(lambda frame: frame[:-2] + b"\0\0")

        with pytest.raises(DeviceUnavailable, match="did not confirm what was written"):
            line.link.write(coil, True, monotonic() + PATIENT_S)


def test_a_device_that_restarts_is_read_again_over_a_new_connection(
    proxy: FaultProxy, connect: Connect
) -> None:
    line = connect(proxy.port)
    assert line.read(LONG) == VALUES[:1]

    proxy.refuse()

    with pytest.raises(DeviceUnavailable):
        line.read(LONG)
    with pytest.raises(DeviceUnavailable, match="cannot be reached"):
        connect(proxy.port)

    proxy.heal()
    assert connect(proxy.port).read(LONG) == VALUES[:1]


def test_a_device_that_drops_a_second_connection_keeps_the_first(proxy: FaultProxy, connect: Connect) -> None:
    first = connect(proxy.port)
    assert first.read(LONG) == VALUES[:1]

    with closing(dropping_server()) as server:
        second = connect(server.getsockname()[1])

        with pytest.raises(DeviceUnavailable):
            second.read(LONG)

    assert first.read(LONG) == VALUES[:1]


def dropping_server() -> socket.socket:
    """Listen, and end each connection at once."""
    server = socket.create_server(("127.0.0.1", 0))

    def drop() -> None:
        with suppress(OSError):
            while True:
                server.accept()[0].close()

    threading.Thread(target=drop, daemon=True).start()
    return server


def test_a_link_that_another_thread_closes_ends_its_read(proxy: FaultProxy, connect: Connect) -> None:
    line, errors = connect(proxy.port), list[BaseException]()
    proxy.lose_replies(b"", loss=Loss.HELD)

    def read() -> None:
        try:
            line.read(LONG)
        except DeviceUnavailable as error:
            errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    assert proxy.is_held.wait(PATIENT_S)
    line.close()
    reader.join(PATIENT_S / 2)

    assert [type(error) for error in errors] == [DeviceUnavailable]


def test_closing_is_always_safe(proxy: FaultProxy) -> None:
    line = Line(proxy.port)
    line.close()
    line.close()

    with pytest.raises(DeviceUnavailable):
        line.connect()
    with pytest.raises(DeviceUnavailable):
        line.read(LONG)


def test_a_group_is_read_without_the_tag_that_its_device_does_not_answer() -> None:
    device = PymodbusDevice({0: 1, 1: 2, 2: 0xBEEF, 3: 4})
    with serving(device), FaultProxy("127.0.0.1", device.port) as proxy:
        proxy.change_replies(lambda reply: b"" if b"\xbe\xef" in reply else reply)
        expected = [Reading(1), Reading(2), TIMED_OUT, Reading(4)]
        with closing_line(group_at(proxy.port)) as line:
            ends_at_s = monotonic() + ENDS_S
            while (readings := _read_slot(line)) != expected:
                assert monotonic() < ends_at_s, readings
                assert all(
                    one in (good, TIMED_OUT, NOT_ASKED) for one, good in zip(readings, expected, strict=True)
                )


def test_an_address_that_is_none_costs_its_group_nothing() -> None:
    group = group_at(0)
    wrong = Tag("wrong", "nonsense", "uint16", position=9)
    with serving(PymodbusDevice({0: 1, 1: 2, 2: 3, 3: 4})) as device:
        address = f"modbus://127.0.0.1:{device.port}"
        with closing_line(replace(group, address=address, tags=(wrong, *group.tags))) as line:
            line.connect()
            line.prove(monotonic() + PATIENT_S)

            readings = line.read(monotonic() + PATIENT_S)

        assert readings == [NO_SUCH_ADDRESS, Reading(1), Reading(2), Reading(3), Reading(4)]
        assert device.asked == [(3, 0, 1), (3, 0, 4)]


def test_a_group_of_which_no_address_is_one_is_refused_in_words() -> None:
    group = replace(group_at(1), tags=(Tag("wrong", "nonsense", "uint16"),))
    told = "group press cannot be read: an address is"
    with closing_line(group) as line, pytest.raises(DeviceRefused, match=told):
        line.connect()


def test_a_trigger_whose_address_is_none_is_refused() -> None:
    go, done = Tag("go", "co:0", "bool"), Tag("done", "nonsense", "bool")
    group = replace(group_at(1), mode="handshake", trigger_tag=go, acknowledge_tag=done)
    told = "the trigger or the acknowledgement of press has no such address"
    with closing_line(group) as line, pytest.raises(DeviceRefused, match=told):
        line.connect()


def group_at(port: int) -> Group:
    """Return a group of four registers that lie side by side."""
    tags = tuple(Tag(f"t{at}", f"hr:{at}", "uint16", position=at + 1) for at in range(4))
    address = f"modbus://127.0.0.1:{port}/1"
    return Group(1, "north", "press", "fixed", timedelta(seconds=1), "modbus", address, tags)


@contextmanager
def closing_line(group: Group) -> Iterator[DeviceLine]:
    devices = Devices(("127.0.0.0/8",), lambda name: Credentials(name, ""))
    line = DeviceLine(group, devices, PATIENT_S)
    try:
        yield line
    finally:
        line.drop()


def _read_slot(line: DeviceLine) -> Sequence[Reading]:
    """Read as a slot does, with a new connection if there is none."""
    if not line.is_connected:
        line.connect()
    try:
        return line.read(monotonic() + PATIENT_SHORT_S)
    except DeviceTimedOut:
        return [TIMED_OUT] * 4
