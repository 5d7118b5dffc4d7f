"""Tags of every area and type, from two servers that nobody here wrote."""

import struct
from collections.abc import Callable, Iterator
from time import monotonic

import pytest
from pymodbus.constants import ExcCodes

from plantpulse.errors import DeviceRefused, DeviceUnavailable
from plantpulse.tags.readings import Quality, Reading, Value
from plantpulse.tags.tag import Tag
from tests.tags.modbus.conftest import PATIENT_S, Line
from tests.tags.servers.modbus_serial import Tables, modbus_serial
from tests.tags.servers.pymodbus_server import PymodbusDevice, serving

Connect = Callable[..., Line]


def words(raw: bytes, at: int) -> dict[int, int]:
    count = len(raw) // 2
    return dict(zip(range(at, at + count), struct.unpack(f">{count}H", raw), strict=True))


HOLDING = {
    **words(struct.pack(">HhiIqfd", 65535, -2, -70000, 4294967295, 2**53 + 1, 12.3, -0.001), 0),
    **words(struct.pack("<f", 12.3), 50),
    **words("Los 4711\0\0".encode("ascii"), 60),
    **words(b"oL s74\x001", 70),
    **words(struct.pack(">f", float("nan")), 80),
    **words(b"\xff\xfe", 90),
    100: 0b1000_0000_0010_0001,
}
INPUTS = {0: 1, 107: 30108}
COILS = {0: True, 1: False, 2: True, 9: True}
DISCRETE = {0: False, 7: True}

TAGS: dict[str, tuple[Tag, Value]] = {
    "all ones": (Tag("a", "40001", "uint16"), 65535),
    "negative": (Tag("a", "40002", "int16"), -2),
    "long": (Tag("a", "hr:2", "int32"), -70000),
    "counter": (Tag("a", "400005", "uint32"), 4294967295),
    "beyond 2^53": (Tag("a", "hr:6", "int64"), 9007199254740993),
    "float": (Tag("a", "40011", "float32"), 12.3),
    "double": (Tag("a", "hr:12", "float64"), -0.001),
    "little-endian float": (Tag("a", "hr:50", "float32", order="dcba"), 12.3),
    "scaled": (Tag("a", "hr:1", "int16", scale=0.1, offset=20), 19.8),
    "low byte": (Tag("a", "hr:100", "uint8"), 0b0010_0001),
    "text": (Tag("a", "hr:60", "string", length=10), "Los 4711"),
    "odd text": (Tag("a", "hr:60", "string", length=5), "Los 4"),
    "text low byte first": (Tag("a", "hr:70", "string", length=8, order="badc"), "Los 471"),
    "first bit": (Tag("a", "hr:100.0", "bool"), True),
    "second bit": (Tag("a", "hr:100.1", "bool"), False),
    "last bit": (Tag("a", "40101.15", "bool"), True),
    "input": (Tag("a", "30108", "uint16"), 30108),
    "coil": (Tag("a", "00001", "bool"), True),
    "coil that is off": (Tag("a", "co:1", "bool"), False),
    "tenth coil": (Tag("a", "co:9", "bool"), True),
    "discrete input": (Tag("a", "10008", "bool"), True),
    "discrete input that is off": (Tag("a", "di:0", "bool"), False),
}


@pytest.fixture(params=["pymodbus", "modbus-serial"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    if request.param == "pymodbus":
        with serving(PymodbusDevice(HOLDING, INPUTS, COILS, DISCRETE)) as device:
            yield device.port
    else:
        tables: Tables = {"holding": HOLDING, "inputs": INPUTS, "coils": COILS, "discrete": DISCRETE}
        with modbus_serial(tables) as port:
            yield port


def test_each_area_and_type_is_read_in_one_plan(port: int, connect: Connect) -> None:
    readings = connect(port).read(*(tag for tag, _ in TAGS.values()))

    assert dict(zip(TAGS, readings, strict=True)) == {
        name: Reading(value) for name, (_, value) in TAGS.items()
    }


def test_what_is_no_number_or_text_is_not_readable(port: int, connect: Connect) -> None:
    readings = connect(port).read(Tag("nan", "hr:80", "float32"), Tag("bytes", "hr:90", "string", length=2))

    assert readings == [Reading(None, Quality.NOT_READABLE)] * 2


def test_a_tag_that_the_device_does_not_have_is_alone_in_it(port: int, connect: Connect) -> None:
    line = connect(port)
    tags = [Tag(f"t{at}", f"hr:{at}", "uint16") for at in range(18)]

    for _ in range(3):
        readings = line.read(*tags)

        assert [reading.quality for reading in readings[:16]] == [Quality.GOOD] * 16
        assert readings[16:] == [Reading(None, Quality.NO_SUCH_ADDRESS)] * 2


def test_a_coil_is_set_and_cleared(port: int, connect: Connect) -> None:
    line, coil = connect(port), Tag("acknowledge", "co:1", "bool")

    for value in (True, False):
        line.link.write(coil, value, monotonic() + PATIENT_S)

        assert line.read(coil) == [Reading(value)]


@pytest.mark.parametrize(("address", "type_"), [("hr:0", "uint16"), ("hr:100.1", "bool"), ("di:0", "bool")])
def test_nothing_but_a_coil_is_ever_written(port: int, connect: Connect, address: str, type_: str) -> None:
    line = connect(port)
    tag = Tag.of({"name": "acknowledge", "address": address, "data_type": type_})
    before = line.read(tag)

    with pytest.raises(DeviceRefused, match=f"{address} is not a coil: only a coil can be set"):
        line.link.write(tag, True, monotonic() + PATIENT_S)

    assert line.read(tag) == before


def test_a_coil_that_the_device_does_not_have_is_refused_for_good(connect: Connect) -> None:
    with serving(PymodbusDevice(HOLDING, INPUTS, COILS, DISCRETE)) as device:
        line = connect(device.port)

        with pytest.raises(DeviceRefused, match="did not set co:500: exception 2"):
            line.link.write(Tag("acknowledge", "co:500", "bool"), True, monotonic() + PATIENT_S)


@pytest.mark.parametrize(
    ("exception", "error"),
    [
        (ExcCodes.DEVICE_BUSY, DeviceRefused),
        (ExcCodes.GATEWAY_PATH_UNAVIABLE, DeviceRefused),
        (ExcCodes.DEVICE_FAILURE, DeviceUnavailable),
        (ExcCodes.ACKNOWLEDGE, DeviceUnavailable),
        (ExcCodes.GATEWAY_NO_RESPONSE, DeviceUnavailable),
    ],
)
def test_an_exception_tells_whether_the_coil_was_not_set_for_sure(
    connect: Connect, exception: ExcCodes, error: type[Exception]
) -> None:
    with serving(PymodbusDevice(HOLDING, INPUTS, COILS, DISCRETE)) as device:
        device.failing[1] = exception

        with pytest.raises(error, match=f"did not set co:1: exception {exception.value}"):
            connect(device.port).link.write(Tag("acknowledge", "co:1", "bool"), True, monotonic() + PATIENT_S)


@pytest.mark.parametrize(
    ("exception", "quality"),
    [
        (ExcCodes.ILLEGAL_FUNCTION, Quality.NO_SUCH_ADDRESS),
        (ExcCodes.DEVICE_FAILURE, Quality.DEVICE_FAILURE),
        (ExcCodes.ACKNOWLEDGE, Quality.DEVICE_FAILURE),
        (ExcCodes.DEVICE_BUSY, Quality.DEVICE_FAILURE),
        (ExcCodes.MEMORY_PARITY_ERROR, Quality.DEVICE_FAILURE),
        (ExcCodes.GATEWAY_PATH_UNAVIABLE, Quality.NOT_CONNECTED),
        (ExcCodes.GATEWAY_NO_RESPONSE, Quality.TIMED_OUT),
    ],
)
def test_a_block_that_cannot_be_read_now_takes_no_other_with_it(
    connect: Connect, exception: ExcCodes, quality: Quality
) -> None:
    with serving(PymodbusDevice(HOLDING)) as device:
        device.failing[1] = exception
        line = connect(device.port)
        tags = [Tag("a", "hr:0", "uint16"), Tag("b", "hr:1", "int16"), Tag("c", "hr:100", "uint16")]

        readings = line.read(*tags)

        assert readings == [*[Reading(None, quality)] * 2, Reading(HOLDING[100])]
        assert device.asked == [(3, 0, 2), (3, 100, 1)]

        del device.failing[1]

        assert line.read(*tags)[:2] == [Reading(65535), Reading(-2)]


def test_a_unit_that_is_not_there_has_no_value(connect: Connect) -> None:
    with serving(PymodbusDevice(HOLDING)) as device:
        (reading,) = connect(device.port, "/9").read(Tag("a", "hr:0", "uint16"))

        assert reading == Reading(None, Quality.DEVICE_FAILURE)


def test_a_search_is_made_once_for_each_link(connect: Connect) -> None:
    registers = {at: at for at in range(100) if at != 37}
    tags = [Tag(f"t{at}", f"hr:{at}", "uint16") for at in range(100)]
    with serving(PymodbusDevice(registers)) as device:
        line = connect(device.port)
        line.read(*tags)
        device.asked.clear()

        readings = line.read(*tags)

        assert device.asked == [(3, 0, 37), (3, 38, 62)]
        assert readings[37] == Reading(None, Quality.NO_SUCH_ADDRESS)
        assert [reading.value for reading in readings if reading.value is not None] == list(
            registers.values()
        )


def test_a_device_that_reads_few_registers_at_once_loses_no_tag(connect: Connect) -> None:
    with serving(PymodbusDevice({at: at for at in range(100)})) as device:
        device.most_registers = 30
        line = connect(device.port)
        tags = [Tag(f"t{at}", f"hr:{at}", "uint16") for at in range(100)]

        assert line.read(*tags) == [Reading(at) for at in range(100)]
        device.asked.clear()
        line.read(*tags)

        assert device.asked == [(3, at, 25) for at in range(0, 100, 25)]


def test_a_request_that_is_too_long_even_alone_is_refused(connect: Connect) -> None:
    with serving(PymodbusDevice({at: at for at in range(4)})) as device:
        device.most_registers = 2

        readings = connect(device.port).read(Tag("a", "hr:0", "float64"), Tag("b", "hr:0", "uint16"))

        assert readings == [Reading(None, Quality.REFUSED), Reading(0)]


def test_a_device_on_ipv6(connect: Connect) -> None:
    with serving(PymodbusDevice({0: 7}), host="::1") as device:
        assert connect(device.port, host="[::1]").read(Tag("a", "hr:0", "uint16")) == [Reading(7)]
