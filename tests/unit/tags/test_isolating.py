"""A tag that a device does not answer costs its group some slots, and then itself alone."""

from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantpulse.tags.gathering import MOST_READS
from plantpulse.tags.isolating import Isolation
from plantpulse.tags.readings import NOT_ASKED, TIMED_OUT, Reading
from tests.unit.tags.plc import at, group_of, polling, since_noon


@dataclass
class Asked:
    """An isolation that is used as a line does, with its clock, and a device that takes time to answer.

    A read has 0.8 s, as in a slot of a second.
    """

    count: int
    answer_s: float = 0.0
    now_s: float = 0.0
    isolation: Isolation = field(init=False)

    def __post_init__(self) -> None:
        self.isolation = Isolation(self.count, lambda: self.now_s)

    def read(
        self, silent: set[int] | None = None, now_s: float | None = None, *, hangs: bool = False
    ) -> set[int]:
        """Read, and return the tags that were answered."""
        self.now_s = self.now_s if now_s is None else now_s
        deadline_s, found = self.now_s + 0.8, set[int]()
        for part in self.isolation.parts(deadline_s):
            if hangs or (silent or set()) & set(part) or self.now_s + self.answer_s > deadline_s:
                self.isolation.fail(part)
                break
            self.now_s += self.answer_s
            self.isolation.answer(part)
            found |= set(part)
        return found

    def parts(self, now_s: float = 0.0) -> list[tuple[int, ...]]:
        """Return what a read would ask for if nothing came of it."""
        self.now_s = now_s
        return list(self.isolation.parts(now_s + 0.8))


def test_the_others_are_read_again_within_slots() -> None:
    asked = Asked(100)

    found = [len(asked.read({37})) for _ in range(12)]

    assert found == [0, 0, 0, 0, 50, 75, 75, 94, 97, 99, 99, 99]


def test_all_tags_are_asked_together_as_long_as_that_goes_well() -> None:
    asked = Asked(3)

    assert asked.parts() == [(0, 1, 2)]
    for _ in range(2):
        asked.isolation.fail((0, 1, 2))
    asked.isolation.answer((0, 1, 2))
    for _ in range(2):
        asked.isolation.fail((0, 1, 2))

    assert asked.parts() == [(0, 1, 2)]


def test_a_device_that_hung_is_read_whole_as_soon_as_it_is_back() -> None:
    for slots in range(1, 60):
        asked = Asked(8)
        for _ in range(slots):
            assert asked.read(hangs=True) == set()

        assert asked.read() == set(range(8))
        assert asked.parts() == [tuple(range(8))]


@pytest.mark.parametrize("answer_s", [0.1, 0.3, 0.45, 0.7, 0.8])
def test_a_slow_device_that_hung_is_read_whole_again_after_some_turns(answer_s: float) -> None:
    for slots in range(1, 60):
        asked = Asked(8, answer_s)
        for slot in range(slots):
            assert asked.read(None, slot, hangs=True) == set()

        found = [asked.read(None, slots + turn) for turn in range(10)]

        assert all(found)  # none is lost: what there is no time for waits for its turn
        assert found[-1] == set(range(8))
        assert asked.parts() == [tuple(range(8))]


def test_a_part_for_which_a_read_has_no_time_is_the_first_of_the_next_one() -> None:
    asked = Asked(4, 0.45)
    for slot in range(3):
        asked.read(None, slot, hangs=True)

    assert [asked.read(None, slot) for slot in (3, 4, 5)] == [{0, 1}, {2, 3}, {0, 1, 2, 3}]


@pytest.mark.parametrize("answer_s", [0.1, 0.3, 0.45, 0.7])
def test_a_silent_tag_of_a_slow_device_is_found_and_the_others_are_read(answer_s: float) -> None:
    asked = Asked(8, answer_s)

    found = [asked.read({3}, slot) for slot in range(40)]

    assert found[30:] == [{0, 1, 2, 4, 5, 6, 7}] * 10
    assert asked.isolation.silent == {3}


def test_a_slow_device_is_asked_for_a_silent_tag_once_a_minute_first_and_alone() -> None:
    asked = Asked(2, 0.45)
    for slot in range(30):
        asked.read({1}, slot)

    parts = {slot: asked.parts(slot) for slot in range(30, 41)}
    found = {slot: asked.read({1} if slot < 150 else set(), slot) for slot in range(100, 230)}

    assert set(map(tuple, parts.values())) == {((0,),)}
    assert [slot for slot, tags in found.items() if not tags] == [101]
    assert [slot for slot, tags in found.items() if tags == {0, 1}][:2] == [163, 164]


def test_a_device_that_hangs_while_its_parts_are_tried_has_no_silent_tag_for_longer_than_a_minute() -> None:
    asked = Asked(8, 0.45)
    for slot in range(12):
        asked.read(None, slot, hangs=slot in (0, 1, 2, 4, 6, 10))  # when 5 is asked for
    assert asked.isolation.silent == {5}

    found = [asked.read(None, slot) for slot in range(12, 90)]

    assert all(found)
    assert found[-10:] == [set(range(8))] * 10


def test_a_connection_that_is_lost_now_and_then_forgets_no_silent_tag() -> None:
    asked = Asked(8)
    for _ in range(20):
        asked.read({3})

    assert [len(asked.read({3}, hangs=number % 3 == 0)) for number in range(6)] == [0, 7, 7, 0, 7, 7]


def test_a_tag_that_was_silent_is_asked_for_each_minute() -> None:
    asked = Asked(2)
    for _ in range(20):
        asked.read({1})
    assert asked.parts(59.0) == [(0,)]

    assert asked.read({1}, 60.0) == {0}
    assert [asked.read(set(), 100.0) for _ in range(10)] == [{0}] * 10
    assert asked.read(set(), 120.0) == {0, 1}
    assert asked.parts(121.0) == [(0, 1)]


def test_the_reads_of_a_rise_have_room_between_two_questions_for_a_silent_tag() -> None:
    assert MOST_READS * 2 <= 10
    asked = Asked(2)
    for _ in range(20):
        asked.read({1})

    is_asked = [(1,) in asked.parts(minute * 60.0) for minute in range(1, 23)]

    assert is_asked == [True, *[False] * 10, True, *[False] * 10]


@given(
    st.integers(2, 40),
    st.sets(st.integers(0, 39), min_size=1, max_size=5),
    st.sampled_from([0.0, 0.05, 0.15, 0.3, 0.45, 0.7]),
)
def test_every_tag_that_the_device_answers_is_read_in_the_end(
    number: int, silent: set[int], answer_s: float
) -> None:
    asked, answered = Asked(number, answer_s), set(range(number)) - silent

    for _ in range(300):
        asked.read(silent)

    found = [asked.read(silent) for _ in range(2)]  # one of them may ask for the silent tags
    assert answered in found


@pytest.mark.parametrize("answer_s", [0.1, 0.3, 0.45, 0.7])
def test_a_tag_that_recovers_is_read_again_while_another_one_stays_silent(answer_s: float) -> None:
    asked = Asked(8, answer_s)
    for slot in range(60):
        asked.read({3, 5}, slot)
    assert asked.isolation.silent == {3, 5}

    found = [asked.read({5}, slot) for slot in range(60, 240)]

    assert any(3 in tags for tags in found)
    assert [tags for tags in found[-30:] if tags] == [{0, 1, 2, 3, 4, 6, 7}] * sum(map(bool, found[-30:]))
    assert sum(not tags for tags in found) <= 4  # while a silent tag has its turn


@settings(max_examples=40)
@given(
    st.randoms(use_true_random=False), st.integers(2, 30), st.sampled_from([0.0, 0.1, 0.19, 0.25, 0.35, 0.6])
)
def test_whatever_was_silent_every_tag_that_the_device_answers_now_is_read_within_minutes(
    drawn: Random, number: int, answer_s: float
) -> None:
    asked, silent = Asked(number, answer_s), set[int]()
    for slot in range(drawn.randint(20, 300)):
        if drawn.random() < 0.05:
            silent = set(drawn.sample(range(number), drawn.randint(0, min(number - 1, 3))))
        asked.answer_s = answer_s + (drawn.random() * 0.1 if drawn.random() < 0.2 else 0)  # a hiccup
        asked.read(silent, slot, hangs=drawn.random() < 0.05)
    asked.answer_s, silent = answer_s, set(drawn.sample(range(number), drawn.randint(0, 1)))

    found = [asked.read(silent, slot) for slot in range(300, 700)]

    good = set(range(number)) - silent
    assert [tags for tags in found[-20:] if tags not in (good, set())] == []
    assert good in found[-20:]


def test_a_group_with_a_silent_tag_is_polled_without_it() -> None:
    polled = polling(group_of(), first=1, silent={"state"})
    polled.poller.stop_before(at(9))

    polled.poller.run()

    samples = polled.samples()
    assert [(since_noon(one.slot), one.quality.name) for one in samples] == [
        *((slot, "TIMED_OUT") for slot in (1, 2, 3)), *((slot, "GOOD") for slot in (4, 5, 6, 7, 8)),
    ]  # fmt: skip
    assert [one.readings for one in samples[3:]] == [[Reading(10), TIMED_OUT]] * 5


def test_a_slow_group_is_polled_whole_again_after_its_device_hung() -> None:
    polled = polling(group_of(), first=1, read_s=[0.45, 9, 9, 9, 0.45])
    polled.poller.stop_before(at(9))

    polled.poller.run()

    readings = [(since_noon(one.slot), one.quality.name, list(one.readings)) for one in polled.samples()]
    assert readings == [
        (1, "GOOD", [Reading(10), Reading(20)]),
        *((slot, "TIMED_OUT", []) for slot in (2, 3, 4)),
        (5, "GOOD", [Reading(10), NOT_ASKED]),
        (6, "GOOD", [NOT_ASKED, Reading(20)]),
        *((slot, "GOOD", [Reading(10), Reading(20)]) for slot in (7, 8)),
    ]
