"""A tag that a device does not answer costs its group some slots, and then itself alone."""

from hypothesis import given
from hypothesis import strategies as st

from plantpulse.tags.gathering import MOST_READS
from plantpulse.tags.isolating import Isolation
from plantpulse.tags.readings import TIMED_OUT, Reading
from tests.unit.tags.plc import at, group_of, polling, since_noon


def read(isolation: Isolation, silent: set[int], now_s: float = 0.0, *, hangs: bool = False) -> set[int]:
    """Read as a line does, and return the tags that were answered."""
    found: set[int] = set()
    for part in isolation.parts(now_s):
        if hangs or silent & set(part):
            isolation.fail(part, now_s)
            break
        isolation.answer(part)
        found |= set(part)
    return found


def test_the_others_are_read_again_within_slots() -> None:
    isolation = Isolation(100)

    found = [len(read(isolation, {37})) for _ in range(12)]

    assert found == [0, 0, 0, 0, 50, 75, 75, 94, 97, 99, 99, 99]


def test_all_tags_are_asked_together_as_long_as_that_goes_well() -> None:
    isolation = Isolation(3)

    assert list(isolation.parts(0.0)) == [(0, 1, 2)]
    for _ in range(2):
        isolation.fail((0, 1, 2), 0.0)
    isolation.answer((0, 1, 2))
    for _ in range(2):
        isolation.fail((0, 1, 2), 0.0)

    assert list(isolation.parts(0.0)) == [(0, 1, 2)]


def test_a_device_that_hung_is_read_whole_as_soon_as_it_is_back() -> None:
    for slots in range(1, 60):
        isolation = Isolation(8)
        for _ in range(slots):
            assert read(isolation, set(), hangs=True) == set()

        assert read(isolation, set()) == set(range(8))
        assert list(isolation.parts(0.0)) == [tuple(range(8))]


def test_a_connection_that_is_lost_now_and_then_forgets_no_silent_tag() -> None:
    isolation = Isolation(8)
    for _ in range(20):
        read(isolation, {3})

    assert [len(read(isolation, {3}, hangs=number % 3 == 0)) for number in range(6)] == [0, 7, 7, 0, 7, 7]


def test_a_tag_that_was_silent_is_asked_for_each_minute() -> None:
    isolation = Isolation(2)
    for _ in range(20):
        read(isolation, {1})
    assert list(isolation.parts(59.0)) == [(0,)]

    assert read(isolation, {1}, 60.0) == {0}
    assert [read(isolation, set(), 100.0) for _ in range(10)] == [{0}] * 10
    assert read(isolation, set(), 120.0) == {0, 1}
    assert list(isolation.parts(121.0)) == [(0, 1)]


def test_the_reads_of_a_rise_have_room_between_two_questions_for_a_silent_tag() -> None:
    assert MOST_READS * 2 <= 10
    isolation = Isolation(2)
    for _ in range(20):
        read(isolation, {1})

    asked = [(1,) in list(isolation.parts(minute * 60.0)) for minute in range(1, 23)]

    assert asked == [True, *[False] * 10, True, *[False] * 10]


@given(st.integers(2, 40), st.sets(st.integers(0, 39), min_size=1, max_size=5))
def test_every_tag_that_the_device_answers_is_read_in_the_end(number: int, silent: set[int]) -> None:
    isolation, answered = Isolation(number), set(range(number)) - silent

    for _ in range(300):
        read(isolation, silent)

    assert read(isolation, silent) == answered


def test_a_group_with_a_silent_tag_is_polled_without_it() -> None:
    polled = polling(group_of(), first=1, silent={"state"})
    polled.poller.stop_before(at(9))

    polled.poller.run()

    samples = polled.samples()
    assert [(since_noon(one.slot), one.quality.name) for one in samples] == [
        *((slot, "TIMED_OUT") for slot in (1, 2, 3)), *((slot, "GOOD") for slot in (4, 5, 6, 7, 8)),
    ]  # fmt: skip
    assert [one.readings for one in samples[3:]] == [[Reading(10), TIMED_OUT]] * 5
