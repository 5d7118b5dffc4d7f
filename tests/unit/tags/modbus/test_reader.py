"""How a plan is read: what is asked, in which order, and when it is left for the next read."""

from collections.abc import Sequence

import pytest

from plantpulse.errors import DeviceTimedOut
from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers import driver_of
from plantpulse.tags.drivers.modbus.addresses import Area
from plantpulse.tags.drivers.modbus.device import Device
from plantpulse.tags.drivers.modbus.reader import Reader
from plantpulse.tags.drivers.modbus.values import Refusal
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import Tag

ABSENT = Reading(None, Quality.NO_SUCH_ADDRESS)


class Slow:
    """A device that takes its time for each answer; a register is its own address."""

    def __init__(self, absent: set[int], takes_s: float = 0.1) -> None:
        self.absent = absent
        self.takes_s = takes_s
        self.now_s = 1000.0
        self.asked: list[tuple[int, int]] = []

    def ask(self, extent: Extent[Area], deadline_s: float) -> bytes | Refusal:
        self.asked.append((extent.start, extent.length))
        self.now_s += self.takes_s
        if self.now_s > deadline_s:
            raise DeviceTimedOut("too late")
        addresses = range(extent.start, extent.end)
        if not self.absent.isdisjoint(addresses):
            return Refusal(2)
        return b"".join(at.to_bytes(2) for at in addresses)

    def reader(self) -> Reader:
        return Reader(Device(), self.ask, lambda: self.now_s)


def plan(count: int) -> ReadPlan[object]:
    driver = driver_of("modbus")
    tags = [Tag(f"t{at}", f"hr:{at}", "uint16") for at in range(count)]
    return driver.plan(tags, driver.parse_endpoint("modbus://10.0.0.5"))


def good(readings: Sequence[Reading]) -> list[int]:
    assert all(reading.value == at for at, reading in enumerate(readings) if not reading.quality)
    return [at for at, reading in enumerate(readings) if not reading.quality]


def test_a_search_goes_on_with_the_next_read_if_time_is_up() -> None:
    device = Slow(absent={3})
    reader = device.reader()
    qualities = []

    for _ in range(10):
        readings = reader.read(plan(8), device.now_s + 0.35)
        qualities.append({reading.quality for reading in readings})

    assert qualities[0] == {Quality.DEVICE_FAILURE}
    assert qualities[1] == {Quality.GOOD, Quality.DEVICE_FAILURE}
    assert qualities[-1] == {Quality.GOOD, Quality.NO_SUCH_ADDRESS}
    assert readings == [ABSENT if at == 3 else Reading(at) for at in range(8)]
    assert device.asked[-2:] == [(0, 3), (4, 4)]


def test_what_was_planned_is_asked_even_if_time_is_short() -> None:
    device = Slow(absent=set(), takes_s=0.1)

    readings = device.reader().read(plan(300), device.now_s + 0.31)

    assert good(readings) == list(range(300))
    assert device.asked == [(0, 125), (125, 125), (250, 50)]


def test_a_late_answer_leaves_nothing() -> None:
    device = Slow(absent=set(), takes_s=0.2)

    with pytest.raises(DeviceTimedOut):
        device.reader().read(plan(300), device.now_s + 0.5)


def test_a_tag_that_the_device_is_given_later_is_read_within_minutes() -> None:
    device = Slow(absent={3})
    reader = device.reader()
    assert good(reader.read(plan(8), device.now_s + 60)) == [0, 1, 2, 4, 5, 6, 7]
    device.absent.clear()

    device.now_s += 30
    reader.read(plan(8), device.now_s + 60)
    assert device.asked[-2:] == [(0, 3), (4, 4)]

    device.now_s += 60
    reader.read(plan(8), device.now_s + 60)
    assert device.asked[-1] == (3, 1)

    assert good(reader.read(plan(8), device.now_s + 60)) == list(range(8))
    assert device.asked[-1] == (0, 8)


def test_a_tag_that_stays_missing_is_asked_for_once_a_minute() -> None:
    device = Slow(absent={3}, takes_s=0.0)
    reader = device.reader()

    for _ in range(601):
        reader.read(plan(8), device.now_s + 0.5)
        device.now_s += 1

    assert device.asked.count((3, 1)) == 1 + 10


def test_no_time_is_taken_for_a_missing_tag_where_there_is_none() -> None:
    device = Slow(absent={3})
    reader = device.reader()
    reader.read(plan(8), device.now_s + 60)
    device.now_s += 120
    device.asked.clear()

    reader.read(plan(8), device.now_s + 0.35)

    assert device.asked == [(0, 3), (4, 4)]
