"""How a plan is read: what is asked, in which order, and when it is left for the next read."""

from collections.abc import Sequence
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.errors import DeviceTimedOut
from plantpulse.tags.blocks import Extent
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.reader import Reader, Refusal
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.requests import Place
from plantpulse.tags.tag import Tag
from tests.unit.tags.words import Words, place, planned

ABSENT = Reading(None, Quality.NO_SUCH_ADDRESS)


BUSY = Refusal(6, Quality.DEVICE_FAILURE)
NOT_THERE = Refusal(2, Quality.NO_SUCH_ADDRESS, is_divisible=True)


class Slow:
    """A device that takes its time for each answer; a word is its own address.

    `most` questions for extents go together. `is_strict`: it refuses all of them for one.
    """

    def __init__(
        self, absent: set[int], takes_s: float = 0.1, most: int = 1, *, is_strict: bool = False
    ) -> None:
        self.absent = absent
        self.takes_s = takes_s
        self.most = most
        self.is_strict = is_strict
        self.is_busy = False
        self.now_s = 1000.0
        self.asked: list[list[tuple[int, int]]] = []

    def most_together(self, extents: Sequence[Extent[Words]]) -> int:
        return min(self.most, len(extents))

    def read(
        self, extents: Sequence[Extent[Words]], deadline_s: float
    ) -> Sequence[bytes | Refusal] | Refusal:
        self.asked.append([(one.start, one.length) for one in extents])
        self.now_s += self.takes_s
        if self.now_s > deadline_s:
            raise DeviceTimedOut("too late")
        if self.is_busy:
            return BUSY
        answers = [self._answer(range(one.start, one.end)) for one in extents]
        return NOT_THERE if self.is_strict and NOT_THERE in answers else answers

    def _answer(self, addresses: range) -> bytes | Refusal:
        if not self.absent.isdisjoint(addresses):
            return NOT_THERE
        return b"".join(at.to_bytes(2) for at in addresses)

    def reading_of(self, tag: Tag, place: Place[Words], read: Extent[Words], data: bytes) -> Reading:
        at = 2 * (place.extent.start - read.start)
        return Reading(int.from_bytes(data[at : at + 2]))

    def reader(self) -> Reader[Words]:
        return Reader(self, self.reading_of, lambda: self.now_s)


def plan(count: int) -> ReadPlan[object]:
    return plan_of(*range(count))


def plan_of(*addresses: int) -> ReadPlan[object]:
    tags = [Tag(f"t{at}", f"hr:{at}", "uint16") for at in addresses]
    return ReadPlan(tags, planned(*map(place, addresses)))


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

    assert qualities[0] == {Quality.NOT_ASKED}
    assert qualities[1] == {Quality.GOOD, Quality.NOT_ASKED}
    assert qualities[-1] == {Quality.GOOD, Quality.NO_SUCH_ADDRESS}
    assert readings == [ABSENT if at == 3 else Reading(at) for at in range(8)]
    assert device.asked[-2:] == [[(0, 3)], [(4, 4)]]


def test_what_was_planned_is_asked_even_if_time_is_short() -> None:
    device = Slow(absent=set(), takes_s=0.1)

    readings = device.reader().read(plan(300), device.now_s + 0.31)

    assert good(readings) == list(range(300))
    assert device.asked == [[(0, 125)], [(125, 125)], [(250, 50)]]


def test_the_parts_round_bad_tags_take_turns_if_there_is_no_time_for_all() -> None:
    device = Slow(absent={2, 5}, takes_s=0.3)
    reader = device.reader()
    for _ in range(12):
        reader.read(plan(8), device.now_s + 0.95)

    found = [reader.read(plan(8), device.now_s + 0.95) for _ in range(3)]

    assert [good(readings) for readings in found] == [[0, 1, 3, 4], [0, 1, 6, 7], [3, 4, 6, 7]]
    assert [readings[2] for readings in found] == [ABSENT] * 3
    assert [readings[3].quality for readings in found] == [Quality.GOOD, Quality.NOT_ASKED, Quality.GOOD]


def test_blocks_that_take_nearly_all_the_time_leave_a_search_its_turn() -> None:
    device = Slow(absent={3}, takes_s=0.1)
    reader = device.reader()
    blocks = plan_of(*range(8), *range(100, 800, 100))

    found = [reader.read(blocks, device.now_s + 0.85) for _ in range(20)]

    assert {index for readings in found[-3:] for index in good_at(readings)} == {*range(15)} - {3}
    assert all(len(good_at(readings)) >= 10 for readings in found[-3:])
    assert found[-1][3] == ABSENT


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
    assert device.asked[-2:] == [[(0, 3)], [(4, 4)]]

    device.now_s += 60
    reader.read(plan(8), device.now_s + 60)
    assert device.asked[-1] == [(3, 1)]

    assert good(reader.read(plan(8), device.now_s + 60)) == list(range(8))
    assert device.asked[-1] == [(0, 8)]


def test_a_tag_that_stays_missing_is_asked_for_once_a_minute() -> None:
    device = Slow(absent={3}, takes_s=0.0)
    reader = device.reader()

    for _ in range(601):
        reader.read(plan(8), device.now_s + 0.5)
        device.now_s += 1

    assert device.asked.count([(3, 1)]) == 1 + 10


def test_a_device_that_had_none_of_the_tags_is_asked_for_one_in_each_read() -> None:
    device = Slow(absent={0, 1, 2})
    reader = device.reader()
    reader.read(plan(3), device.now_s + 60)
    device.asked.clear()

    assert [reader.read(plan(3), device.now_s + 60) for _ in range(3)] == [[ABSENT] * 3] * 3
    assert device.asked == [[(0, 1)], [(1, 1)], [(2, 1)]]
    device.absent.clear()
    reader.read(plan(3), device.now_s + 60)

    assert good(reader.read(plan(3), device.now_s + 60)) == [0, 1, 2]


def test_a_device_that_hangs_is_noticed_even_if_it_had_none_of_the_tags() -> None:
    device = Slow(absent={0})
    reader = device.reader()
    reader.read(plan(1), device.now_s + 60)
    device.takes_s = 5

    with pytest.raises(DeviceTimedOut):
        reader.read(plan(1), device.now_s + 0.8)


def test_no_time_is_taken_for_a_missing_tag_where_there_is_none() -> None:
    device = Slow(absent={3})
    reader = device.reader()
    reader.read(plan(8), device.now_s + 60)
    device.now_s += 120
    device.asked.clear()

    reader.read(plan(8), device.now_s + 0.35)

    assert device.asked == [[(0, 3)], [(4, 4)]]


SCATTERED = (0, 10, 20, 30, 40)


def test_what_fits_is_asked_in_one_question() -> None:
    device = Slow(absent=set(), most=3)

    readings = device.reader().read(plan_of(*SCATTERED), device.now_s + 60)

    assert readings == [Reading(at) for at in SCATTERED]
    assert device.asked == [[(0, 1), (10, 1), (20, 1)], [(30, 1), (40, 1)]]


def test_one_that_is_refused_among_several_costs_no_other_question() -> None:
    device = Slow(absent={10}, most=5)
    reader = device.reader()

    for _ in range(2):
        readings = reader.read(plan_of(*SCATTERED), device.now_s + 60)
        assert readings == [ABSENT if at == 10 else Reading(at) for at in SCATTERED]

    assert [len(asked) for asked in device.asked] == [5, 4]


def test_a_device_that_refuses_all_for_one_is_asked_until_the_one_is_known() -> None:
    device = Slow(absent={10}, most=5, is_strict=True)
    reader = device.reader()

    readings = reader.read(plan_of(*SCATTERED), device.now_s + 60)
    assert readings == [ABSENT if at == 10 else Reading(at) for at in SCATTERED]
    device.asked.clear()
    reader.read(plan_of(*SCATTERED), device.now_s + 60)

    assert device.asked == [[(0, 1), (20, 1), (30, 1), (40, 1)]]


def test_a_device_that_answers_only_one_at_a_time_is_asked_so_from_then_on() -> None:
    device = OneAtATime(absent=set(), most=10)
    reader, scattered = device.reader(), range(0, 100, 10)
    reader.read(plan_of(*scattered), device.now_s + 60)
    device.asked.clear()

    readings = reader.read(plan_of(*scattered), device.now_s + 60)

    assert readings == [Reading(at) for at in scattered]
    assert sorted(device.asked) == [[(at, 1)] for at in scattered]


def test_the_search_among_several_goes_on_with_the_next_read_if_time_is_up() -> None:
    device = Slow(absent={10}, most=5, is_strict=True)
    reader = device.reader()
    reads = 0

    while (readings := reader.read(plan_of(*SCATTERED), device.now_s + 0.25)) != [
        ABSENT if at == 10 else Reading(at) for at in SCATTERED
    ]:
        assert all(reading.value in (None, at) for at, reading in zip(SCATTERED, readings, strict=True))
        reads += 1

    assert reads == 5
    reader.read(plan_of(*SCATTERED), device.now_s + 0.25)
    assert device.asked[-1] == [(0, 1), (20, 1), (30, 1), (40, 1)]


def test_a_tag_that_a_device_loses_later_is_looked_for_as_long_as_there_is_time() -> None:
    device = Slow(absent=set(), most=5, is_strict=True)
    reader = device.reader()
    assert good_among(reader.read(plan_of(*SCATTERED), device.now_s + 0.25)) == [0, 10, 20, 30, 40]

    device.absent = {10}
    found = [good_among(reader.read(plan_of(*SCATTERED), device.now_s + 0.25)) for _ in range(8)]

    assert found[0] == []
    assert found[-1] == [0, 20, 30, 40]


def test_a_question_that_was_refused_once_is_asked_whole_again_within_minutes() -> None:
    device = Slow(absent={10}, most=5, is_strict=True)
    reader = device.reader()
    reader.read(plan_of(*SCATTERED), device.now_s + 60)
    device.absent.add(40)  # for one read
    reader.read(plan_of(*SCATTERED), device.now_s + 0.15)
    device.absent.discard(40)
    reader.read(plan_of(*SCATTERED), device.now_s + 60)
    assert device.asked[-2:] == [[(0, 1), (20, 1)], [(30, 1), (40, 1)]]

    for _ in range(3):
        device.now_s += 60
        reader.read(plan_of(*SCATTERED), device.now_s + 60)
    device.asked.clear()
    reader.read(plan_of(*SCATTERED), device.now_s + 60)

    assert device.asked == [[(0, 1), (20, 1), (30, 1), (40, 1)]]


def test_a_block_that_was_refused_once_is_asked_whole_again_within_minutes() -> None:
    device = Slow(absent={3})
    reader = device.reader()
    reader.read(plan(8), device.now_s + 0.15)
    device.absent.clear()
    reader.read(plan(8), device.now_s + 60)
    assert device.asked[-2:] == [[(0, 4)], [(4, 4)]]

    device.now_s += 60
    reader.read(plan(8), device.now_s + 60)
    reader.read(plan(8), device.now_s + 60)

    assert device.asked[-2:] == [[(0, 8)], [(0, 8)]]


def test_a_read_that_comes_too_late_is_late_even_if_its_plan_was_divided() -> None:
    device, ticks = Slow(absent={3}), count()
    reader = Reader(device, device.reading_of, lambda: device.now_s + next(ticks) / 1e6)
    reader.read(plan(8), device.now_s + 60)

    with pytest.raises(DeviceTimedOut):
        reader.read(plan(8), device.now_s)


def test_a_device_without_time_for_that_is_asked_again_after_five_minutes() -> None:
    device = Slow(absent={3})
    reader = device.reader()
    for _ in range(10):
        reader.read(plan(8), device.now_s + 0.35)
    device.absent.clear()
    device.asked.clear()

    device.now_s += 290
    reader.read(plan(8), device.now_s + 0.35)
    assert device.asked == [[(0, 3)], [(4, 4)]]
    device.now_s += 20
    reader.read(plan(8), device.now_s + 0.35)

    assert device.asked[2] == [(3, 1)]
    assert device.asked[-1] == [(0, 8)]


def test_another_plan_of_the_link_keeps_nothing_from_being_asked_again() -> None:
    device = Slow(absent={3})
    reader = device.reader()
    reader.read(plan(8), device.now_s + 60)
    device.absent.clear()

    for _ in range(2):
        device.now_s += 60
        reader.read(plan_of(900), device.now_s + 60)
        reader.read(plan(8), device.now_s + 60)

    assert device.asked[-1] == [(0, 8)]


def good_at(readings: Sequence[Reading]) -> list[int]:
    return [index for index, reading in enumerate(readings) if not reading.quality]


def good_among(readings: Sequence[Reading]) -> list[object]:
    return [reading.value for reading in readings if not reading.quality]


def test_a_device_that_is_busy_is_asked_once() -> None:
    device = Slow(absent=set(), most=5)
    device.is_busy = True
    reader = device.reader()

    readings = reader.read(plan_of(*SCATTERED), device.now_s + 60)
    assert readings == [Reading(None, Quality.DEVICE_FAILURE)] * 5
    assert len(device.asked) == 1

    device.is_busy = False
    assert reader.read(plan_of(*SCATTERED), device.now_s + 60) == [Reading(at) for at in SCATTERED]


class OneAtATime(Slow):
    """A device that knows no question for several."""

    def read(
        self, extents: Sequence[Extent[Words]], deadline_s: float
    ) -> Sequence[bytes | Refusal] | Refusal:
        answers = super().read(extents, deadline_s)
        return NOT_THERE if len(extents) > 1 else answers


@given(
    st.lists(st.integers(0, 40), unique=True, min_size=1, max_size=8),
    st.sets(st.integers(0, 40), max_size=6),
    st.integers(1, 8),
    st.booleans(),
    st.booleans(),
)
def test_every_tag_is_known_in_the_end_and_no_value_is_ever_wrong(
    addresses: list[int], absent: set[int], most: int, is_strict: bool, knows_one_at_a_time: bool
) -> None:
    device = (OneAtATime if knows_one_at_a_time else Slow)(absent, most=most, is_strict=is_strict)
    reader = device.reader()
    expected = [ABSENT if at in absent else Reading(at) for at in addresses]

    for _ in range(30):
        readings = reader.read(plan_of(*addresses), device.now_s + 1.05)
        unknown = Reading(None, Quality.NOT_ASKED)
        assert all(one in (good, unknown) for one, good in zip(readings, expected, strict=True))

    assert readings == expected
