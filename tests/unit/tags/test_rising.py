"""The trigger tag: what a look means, and what is written to the machine."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from plantpulse.errors import DeviceRefused
from plantpulse.tags.buffer import Sample
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.rising import Bits, Look, Rising
from plantpulse.tags.tag import Tag
from plantpulse.tags.tally import Counts, Failure
from tests.unit.tags.plc import GONE, READY, TAKEN, Polling, at, group_of, polling, since_noon

HIGH, LOW = Bits(is_high=True), Bits(is_high=False)
WAITING, ANSWERED = Bits(is_high=True, is_taken=False), Bits(is_high=True, is_taken=True)


@pytest.mark.parametrize(
    ("level", "is_high", "look"),
    [
        (False, True, Look.RISE),
        (True, True, Look.NOTHING),
        (True, False, Look.FALL),
        (False, False, Look.NOTHING),
        (None, True, Look.DOUBTFUL),
        (None, False, Look.FALL),
    ],
)
def test_only_a_bit_that_was_low_can_rise(level: bool | None, is_high: bool, look: Look) -> None:
    assert Rising(level=level).judge(Bits(is_high)) is look


def test_a_bit_of_unknown_age_that_nobody_acknowledges_is_only_learnt() -> None:
    rising = Rising(is_learning=True)

    look = rising.judge(HIGH)
    rising.take(look, at(1), HIGH)

    assert look is Look.NOTHING
    assert rising.judge(LOW) is Look.FALL


def test_a_bit_that_stands_high_when_a_burst_begins_is_left_to_the_one_before_as_long_as_that_may_write() -> (
    None
):
    rising = Rising(waits=True)

    look = rising.judge(WAITING)
    rising.take(look, at(1), WAITING)

    assert (look, rising.level) == (Look.OTHERS, None)
    rising.is_alone = True
    assert rising.judge(WAITING) is Look.RISE


def test_what_another_burst_has_acknowledged_is_no_rise_and_the_next_part_is_one() -> None:
    rising = Rising(waits=True, is_alone=True)

    look = rising.judge(ANSWERED)
    rising.take(look, at(1), ANSWERED)

    assert (look, rising.is_settled) == (Look.TAKEN, True)
    assert rising.judge(ANSWERED) is Look.NOTHING
    assert rising.judge(WAITING) is Look.RISE


def test_nothing_is_acknowledged_before_it_is_stored() -> None:
    rising = Rising(waits=True, level=False)
    rising.take(Look.RISE, at(5), WAITING)

    assert (rising.is_owed, rising.is_settled) == (False, False)
    rising.store(at(4))
    assert not rising.is_owed
    rising.store(at(5))
    assert rising.is_owed
    rising.write()
    assert rising.is_settled


def test_a_part_that_came_between_two_looks_is_told_by_the_acknowledgement_that_was_cleared() -> None:
    rising = Rising(waits=True, level=False)
    rising.take(Look.RISE, at(5), WAITING)
    rising.store(at(5))
    rising.write()

    assert rising.judge(ANSWERED) is Look.NOTHING
    assert rising.judge(WAITING) is Look.RISE
    assert rising.judge(HIGH) is Look.NOTHING  # an acknowledgement that cannot be read tells nothing


def test_a_machine_that_drops_its_bit_early_is_not_acknowledged_any_more() -> None:
    rising = Rising(waits=True, level=False)
    rising.take(Look.RISE, at(5), WAITING)
    rising.take(Look.FALL, at(6), LOW)
    rising.store(at(5))

    assert not rising.is_owed


def test_a_bit_that_nobody_has_watched_may_have_risen_again() -> None:
    rising = Rising(waits=True, level=False, is_alone=True)
    rising.take(Look.RISE, at(5), WAITING)
    rising.forget()

    rising.store(at(5))
    assert not rising.is_owed
    assert rising.judge(WAITING) is Look.RISE


def test_a_rise_whose_sample_is_lost_is_a_rise_again() -> None:
    rising = Rising(level=False)
    rising.take(Look.RISE, at(5), HIGH)

    rising.lose(at(4))
    assert rising.judge(HIGH) is Look.NOTHING
    rising.lose(at(5))
    assert rising.judge(HIGH) is Look.RISE


def handshake(*, acknowledges: bool = True, **plc: Any) -> Polling:
    group = group_of(mode="handshake", trigger_tag=READY, acknowledge_tag=TAKEN if acknowledges else None)
    return polling(group, rising=Rising(acknowledges, level=False, is_alone=True), **plc)


def raise_bit(polled: Polling, seconds: float) -> None:
    polled.time.plan(seconds, lambda: setattr(polled.plc, "bit", True))


def drop_bit(polled: Polling, seconds: float) -> None:
    polled.time.plan(seconds, lambda: setattr(polled.plc, "bit", False))


def test_the_tags_are_read_once_for_each_rise() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)
    drop_bit(polled, 3.5)
    raise_bit(polled, 4.5)

    assert polled.until(7) == [(2, "GOOD"), (5, "GOOD")]
    assert polled.plc.asked_at == [2.01, 5.01]


def next_part(polled: Polling, seconds: float) -> None:
    """Have the machine clear both bits, and raise its trigger for the next part at once."""

    def clear_and_raise() -> None:
        polled.plc.bit, polled.plc.taken = True, False

    polled.time.plan(seconds, clear_and_raise)


def test_the_acknowledgement_follows_when_the_sample_is_stored_and_the_machine_clears_it() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: polled.poller.confirm(at(2)))
    drop_bit(polled, 4.5)

    polled.until(7)

    assert polled.plc.written == [("taken", True, 2.5)]


def test_nothing_is_written_to_a_machine_that_raises_nothing() -> None:
    polled = polling(
        group_of(mode="handshake", trigger_tag=READY, acknowledge_tag=TAKEN), rising=Rising(True)
    )

    polled.until(7)

    assert polled.plc.written == []


def test_a_part_that_the_machine_has_ready_before_the_next_look_is_read() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)
    polled.time.plan(2.2, lambda: polled.poller.confirm(at(2)))
    next_part(polled, 2.4)
    polled.time.plan(3.2, lambda: polled.poller.confirm(at(3)))

    assert polled.until(5) == [(2, "GOOD"), (3, "GOOD")]
    assert polled.plc.written == [("taken", True, 2.2), ("taken", True, 3.2)]


def test_bits_that_are_cleared_in_the_middle_of_a_look_are_no_rise() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: polled.poller.confirm(at(2)))
    ask = polled.plc.read

    def clear_in_the_middle(plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        is_taken, (*readings,) = polled.plc.taken, ask(plan, deadline_s)
        if is_taken:
            polled.plc.bit = polled.plc.taken = False
            readings[1] = Reading(False)
        return readings

    polled.plc.read = clear_in_the_middle  # type: ignore[method-assign] # a played fault

    assert polled.until(5) == [(2, "GOOD")]


def test_a_part_that_comes_while_the_connection_is_lost_is_read_before_it_is_acknowledged() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: setattr(polled.plc, "breaks", GONE))
    # The machine is switched off and on again, and is at its next part when the first one is stored.
    polled.time.plan(3.5, lambda: setattr(polled.plc, "breaks", None))
    polled.time.plan(3.6, lambda: polled.poller.confirm(at(2)))
    polled.time.plan(4.5, lambda: polled.poller.confirm(at(4)))

    assert polled.until(6) == [(2, "GOOD"), (4, "GOOD")]
    assert polled.plc.written == [("taken", True, 4.5)]


def test_a_part_that_comes_in_slots_that_are_missed_is_read_before_it_is_acknowledged() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: polled.time.pause(2.2))
    polled.time.plan(4.75, lambda: polled.poller.confirm(at(2)))
    polled.time.plan(5.5, lambda: polled.poller.confirm(at(5)))

    assert polled.until(7) == [(2, "GOOD"), (5, "GOOD")]
    assert polled.plc.written == [("taken", True, 5.5)]


def test_a_write_that_fails_at_us_and_not_at_the_machine_is_not_repeated() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: polled.poller.confirm(at(2)))

    def answer_lost(tag: Tag, value: bool, deadline_s: float) -> None:
        polled.plc.written.append((tag.name, value, 2.5))
        polled.plc.taken = value
        raise GONE

    polled.plc.write = answer_lost  # type: ignore[method-assign] # a played fault

    assert polled.until(5) == [(2, "GOOD")]
    assert polled.plc.written == [("taken", True, 2.5)]


def test_a_rise_whose_sample_is_lost_is_read_again() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: polled.poller.lose(at(2)))
    polled.time.plan(3.5, lambda: polled.poller.confirm(at(3)))

    assert polled.until(5) == [(2, "GOOD"), (3, "GOOD")]
    assert polled.plc.written == [("taken", True, 3.5)]


def test_a_sample_that_supabase_does_not_have_yet_is_not_acknowledged() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)

    polled.until(5)

    assert polled.plc.written == []


def test_a_group_without_an_acknowledge_tag_writes_nothing() -> None:
    polled = handshake(acknowledges=False)
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: polled.poller.confirm(at(2)))
    drop_bit(polled, 3.5)

    assert polled.until(6) == [(2, "GOOD")]
    assert polled.plc.written == []


def test_a_rise_whose_read_fails_is_read_in_the_next_slot() -> None:
    polled = handshake()
    polled.plc.read_s = [0.01, 0.01, 5.0, 0.01]  # two looks, and the read of the rise
    raise_bit(polled, 1.5)

    assert polled.until(5) == [(3, "GOOD")]


def test_a_rise_whose_values_nobody_may_read_is_not_acknowledged() -> None:
    polled = handshake(values=[Reading(None, Quality.REFUSED)] * 2)
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: polled.poller.confirm(at(2)))

    assert polled.until(5) == []
    assert polled.plc.written == []
    assert polled.tally.take().is_failing


@pytest.mark.parametrize("other", [Quality.NO_SUCH_ADDRESS, Quality.DEVICE_FAILURE])
def test_a_rise_of_which_no_tag_has_a_value_is_not_acknowledged(other: Quality) -> None:
    polled = handshake(values=[Reading(None, Quality.NO_SUCH_ADDRESS), Reading(None, other)])
    raise_bit(polled, 1.5)
    for slot in (2, 6, 7):
        polled.time.plan(8.5, partial(polled.poller.confirm, at(slot)))

    assert polled.until(9) == []
    assert polled.plc.written == []
    assert polled.tally.take().is_failing


def test_a_rise_is_read_when_its_tags_have_values_at_last() -> None:
    polled = handshake(values=[ABSENT, ABSENT])
    raise_bit(polled, 1.5)
    polled.time.plan(3.5, lambda: setattr(polled.plc, "values", [ABSENT, Reading(20)]))

    sample = the_one_until(polled, 6)

    assert (since_noon(sample.slot), sample.readings) == (4, [ABSENT, Reading(20)])


def test_a_bit_that_cannot_be_read_is_an_error_and_no_sample() -> None:
    polled = handshake()
    polled.time.plan(1.5, lambda: setattr(polled.plc, "bit", None))

    assert polled.until(4) == []
    counts = polled.tally.take()
    assert (counts.errors, counts.failure and counts.failure.message) == (
        2,
        "the trigger tag has no value: good",
    )


def test_a_dead_device_of_a_handshake_group_leaves_no_samples() -> None:
    polled = handshake(refuses=GONE)

    assert polled.until(4) == []
    assert polled.tally.take().errors == 3


def test_the_level_of_each_look_is_told() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)

    polled.until(4)

    counts = polled.tally.take()
    assert (counts.level, counts.level_slot) == (True, at(3))


def test_the_thread_waits_a_moment_for_the_acknowledgement_of_its_last_sample() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)
    polled.time.plan(3.5, lambda: polled.poller.confirm(at(2)))

    polled.until(3)

    assert polled.plc.written == [("taken", True, 3.5)]


def test_the_thread_does_not_wait_for_ever() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)

    polled.until(3)

    assert polled.plc.written == []
    assert 5 <= polled.plc._since_noon() <= 5.3


def test_a_write_that_fails_is_repeated_with_a_new_connection() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)
    polled.time.plan(2.4, lambda: setattr(polled.plc, "breaks", GONE))
    polled.time.plan(2.5, lambda: polled.poller.confirm(at(2)))
    polled.time.plan(2.6, lambda: setattr(polled.plc, "breaks", None))
    polled.time.plan(3.5, lambda: polled.poller.confirm(at(3)))

    assert polled.until(5) == [(2, "GOOD"), (3, "GOOD")]
    assert [(name, value) for name, value, _ in polled.plc.written] == [("taken", True)]


def test_a_part_whose_acknowledgement_is_refused_is_stored_once_and_acknowledged_again_and_again() -> None:
    polled = handshake()
    write, tried_at = polled.plc.write, list[float]()

    def refuse(tag: Tag, value: bool, deadline_s: float) -> None:
        tried_at.append(polled.plc._since_noon())
        raise DeviceRefused("10.20.0.5:502 did not set co:1: exception 2 of Modbus")

    polled.plc.write = refuse  # type: ignore[method-assign] # a played fault
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: polled.poller.confirm(at(2)))
    counted: list[Counts] = []
    polled.time.plan(20.5, lambda: counted.append(polled.tally.take()))
    polled.time.plan(20.6, lambda: setattr(polled.plc, "write", write))

    assert polled.until(26) == [(2, "GOOD")]
    assert tried_at == [2.5, 8.01, 13.01, 18.01]
    assert polled.plc.written == [("taken", True, 23.01)]
    assert polled.plc.connected_at == [0]  # a refusal is an answer
    assert (counted[0].polls, counted[0].errors, counted[0].is_failing) == (2, 18, True)
    assert counted[0].failure == Failure(
        "device_refused", "10.20.0.5:502 did not set co:1: exception 2 of Modbus", at(20)
    )
    assert not polled.tally.take().is_failing


def test_a_part_is_not_stored_in_each_slot_when_each_acknowledgement_loses_the_connection() -> None:
    polled = handshake()
    polled.poller.cycle.tell_rise = lambda: polled.poller.confirm(
        polled.poller.cycle.rising.unstored or at(0)
    )
    polled.plc.write = partial(lose, polled)  # type: ignore[method-assign] # a played fault
    counted: list[Counts] = []
    polled.time.plan(29.5, lambda: counted.append(polled.tally.take()))
    raise_bit(polled, 1.5)

    assert [slot for slot, _ in polled.until(31)] == [2, 3, 9, 15, 21, 27]
    assert (counted[0].is_failing, counted[0].failure) == (
        True,
        Failure("device_unavailable", str(GONE), at(29)),
    )


def lose(polled: Polling, tag: Tag, value: bool, deadline_s: float) -> None:
    raise GONE


def test_a_part_of_which_the_acknowledgement_was_lost_holds_back_no_other_one() -> None:
    polled = handshake()
    polled.poller.cycle.tell_rise = lambda: polled.poller.confirm(
        polled.poller.cycle.rising.unstored or at(0)
    )
    write = polled.plc.write
    polled.plc.write = partial(lose, polled)  # type: ignore[method-assign] # a played fault
    raise_bit(polled, 1.5)
    drop_bit(polled, 3.5)
    polled.time.plan(3.6, lambda: setattr(polled.plc, "write", write))
    raise_bit(polled, 4.5)

    assert [slot for slot, _ in polled.until(7)] == [2, 3, 5]
    assert polled.plc.written == [("taken", True, 5.03)]


def test_a_part_that_is_refused_does_not_hold_back_the_next_one() -> None:
    polled = handshake()
    write = polled.plc.write

    def refuse(tag: Tag, value: bool, deadline_s: float) -> None:
        raise DeviceRefused("it did not set it")

    polled.plc.write = refuse  # type: ignore[method-assign] # a played fault
    raise_bit(polled, 1.5)
    polled.time.plan(3.2, lambda: polled.poller.confirm(at(2)))
    drop_bit(polled, 3.5)
    polled.time.plan(3.6, lambda: setattr(polled.plc, "write", write))
    raise_bit(polled, 4.5)
    polled.time.plan(5.5, lambda: polled.poller.confirm(at(5)))

    assert polled.until(7) == [(2, "GOOD"), (5, "GOOD")]
    assert polled.plc.written == [("taken", True, 5.5)]


def test_a_thread_that_was_left_behind_acknowledges_nothing() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)

    def confirm_and_leave() -> None:
        polled.poller.confirm(at(2))
        polled.poller.leave()

    polled.time.plan(2.5, confirm_and_leave)

    polled.until(5)

    assert polled.plc.written == []


def test_a_device_that_is_read_seldom_is_acknowledged_at_once_and_let_go_after_it() -> None:
    polled = seldom()
    polled.time.plan(62.5, lambda: polled.poller.confirm(at(60)))

    assert polled.until(121) == [(60, "GOOD")]
    assert polled.plc.written == [("taken", True, 62.5)]
    assert polled.plc.connected_at == [50, 110]
    assert polled.plc.closed == 2


def test_a_device_that_is_read_seldom_and_refuses_is_asked_every_five_seconds() -> None:
    polled, tried_at = seldom(), list[float]()

    def refuse(tag: Tag, value: bool, deadline_s: float) -> None:
        tried_at.append(polled.plc._since_noon())
        raise DeviceRefused("it is busy")

    polled.plc.write = refuse  # type: ignore[method-assign] # a played fault
    polled.time.plan(62.5, lambda: polled.poller.confirm(at(60)))

    assert polled.until(121) == [(60, "GOOD")]
    assert tried_at[:4] == [62.5, 67.5, 72.5, 77.5]
    assert polled.plc.connected_at == [50]


def seldom() -> Polling:
    """Return a group that is looked at once a minute, with a part that is ready."""
    group = group_of(
        mode="handshake", interval=timedelta(minutes=1), trigger_tag=READY, acknowledge_tag=TAKEN
    )
    return polling(group, first=60, rising=Rising(True, level=False, is_alone=True), bit=True)


def test_a_machine_that_gives_up_after_a_refusal_is_not_acknowledged_any_more() -> None:
    polled = handshake()
    write = polled.plc.write

    def refuse(tag: Tag, value: bool, deadline_s: float) -> None:
        raise DeviceRefused("it did not set it")

    polled.plc.write = refuse  # type: ignore[method-assign] # a played fault
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: polled.poller.confirm(at(2)))
    drop_bit(polled, 4.5)
    polled.time.plan(4.6, lambda: setattr(polled.plc, "write", write))
    raise_bit(polled, 9.5)

    assert polled.until(12) == [(2, "GOOD"), (10, "GOOD")]
    assert polled.plc.written == []


def test_a_write_that_fails_costs_the_next_slot_nothing() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: polled.poller.confirm(at(2)))
    write = polled.plc.write

    def fail_once(tag: Tag, value: bool, deadline_s: float) -> None:
        polled.plc.write = write  # type: ignore[method-assign] # a played fault
        raise GONE

    # This one controller loses the connection when it is written to.
    polled.plc.write = fail_once  # type: ignore[method-assign] # a played fault
    polled.time.plan(3.5, lambda: polled.poller.confirm(at(3)))
    polled.until(5)

    counts = polled.tally.take()
    assert (counts.polls, counts.errors, counts.missed, counts.level_slot) == (4, 0, 0, at(4))
    assert polled.plc.connected_at == [0, 2.5]
    assert polled.plc.written == [("taken", True, 3.5)]


def test_a_bit_that_stands_high_at_the_first_look_is_a_doubtful_rise() -> None:
    group = group_of(mode="handshake", trigger_tag=READY, acknowledge_tag=TAKEN)
    polled = polling(group, bit=True)
    polled.poller.stop_before(at(2))

    polled.poller.run()

    (sample,) = polled.samples()
    assert (since_noon(sample.slot), sample.quality, sample.is_doubtful) == (1, Quality.GOOD, True)


NOT_ASKED = Reading(None, Quality.NOT_ASKED)
NOT_NOW = Reading(None, Quality.DEVICE_FAILURE)
ABSENT = Reading(None, Quality.NO_SUCH_ADDRESS)


def the_one_until(polled: Polling, seconds: float) -> Sample:
    polled.poller.stop_before(at(seconds))
    polled.poller.run()
    (sample,) = polled.samples()
    return sample


def test_a_rise_is_not_acknowledged_before_all_of_it_was_read() -> None:
    polled = handshake(values=[Reading(10), NOT_ASKED])
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: polled.poller.confirm(at(2)))
    polled.time.plan(3.5, lambda: setattr(polled.plc, "values", [NOT_ASKED, Reading(20)]))
    polled.time.plan(4.5, lambda: polled.poller.confirm(at(2)))

    sample = the_one_until(polled, 6)

    assert (since_noon(sample.slot), sample.readings) == (2, [Reading(10), Reading(20)])
    assert polled.plc.asked_at == [2.01, 3.01, 4.01]
    assert polled.plc.written == [("taken", True, 4.5)]


def test_a_rise_that_is_read_in_part_is_told_as_trouble_until_the_rest_is_read() -> None:
    polled = handshake(values=[Reading(10), NOT_ASKED])
    raise_bit(polled, 1.5)

    polled.until(4)

    counts = polled.tally.take()
    assert (counts.errors, counts.is_failing) == (2, True)
    assert counts.failure is not None
    assert counts.failure.message == "1 of 2 tags of a rise are not read yet: it is not acknowledged before"


@pytest.mark.parametrize("bad", [Quality.NO_SUCH_ADDRESS, Quality.REFUSED, Quality.NOT_READABLE])
def test_a_tag_that_is_bad_in_the_device_keeps_no_machine_waiting(bad: Quality) -> None:
    polled = handshake(values=[Reading(10), Reading(None, bad)])
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: polled.poller.confirm(at(2)))

    assert polled.until(4) == [(2, "GOOD")]
    assert polled.plc.written == [("taken", True, 2.5)]


def test_a_tag_that_cannot_be_read_now_is_waited_for_in_one_rise_and_not_in_the_next_ones() -> None:
    polled = handshake(values=[Reading(10), NOT_NOW])
    raise_bit(polled, 1.5)
    drop_bit(polled, 7.5)
    raise_bit(polled, 8.5)

    assert polled.until(11) == [(2, "GOOD"), (9, "GOOD")]
    assert polled.plc.asked_at == [2.01, 3.01, 4.01, 5.01, 6.01, 9.01]


def test_a_tag_that_was_bad_once_in_a_rise_that_ended_early_is_waited_for_in_the_next_one() -> None:
    polled = handshake(values=[Reading(10), NOT_NOW])
    raise_bit(polled, 1.5)
    drop_bit(polled, 2.5)
    raise_bit(polled, 4.5)

    assert polled.until(11) == [(2, "GOOD"), (5, "GOOD")]
    assert polled.plc.asked_at == [2.01, 5.01, 6.01, 7.01, 8.01, 9.01]


def test_what_cannot_be_read_at_first_and_then_can_is_part_of_the_rise() -> None:
    polled = handshake(values=[Reading(10), NOT_NOW])
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: setattr(polled.plc, "values", [NOT_NOW, Reading(20)]))

    sample = the_one_until(polled, 5)

    assert sample.readings == [Reading(10), Reading(20)]


def test_what_was_read_before_a_look_that_failed_may_be_of_another_part() -> None:
    polled = handshake(values=[Reading(1), NOT_ASKED])
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: setattr(polled.plc, "breaks", GONE))
    # The machine was switched off, and has its next part ready.
    polled.time.plan(3.5, lambda: setattr(polled.plc, "breaks", None))
    polled.time.plan(3.6, lambda: setattr(polled.plc, "values", [NOT_ASKED, Reading(2)]))
    polled.time.plan(4.5, lambda: setattr(polled.plc, "values", [Reading(2), NOT_ASKED]))

    sample = the_one_until(polled, 7)

    assert (since_noon(sample.slot), sample.readings) == (4, [Reading(2), Reading(2)])


def test_what_was_read_before_a_read_that_failed_may_be_of_another_part() -> None:
    polled = handshake(values=[Reading(1), NOT_ASKED])
    polled.plc.read_s = [0.01] * 4 + [
        0.01,
        5.0,
        0.01,
    ]  # the looks and the read of two slots; then a read fails
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: setattr(polled.plc, "values", [NOT_ASKED, Reading(2)]))
    polled.time.plan(4.5, lambda: setattr(polled.plc, "values", [Reading(2), NOT_ASKED]))

    sample = the_one_until(polled, 7)

    assert (since_noon(sample.slot), sample.readings) == (4, [Reading(2), Reading(2)])


def test_values_that_were_read_while_the_machine_dropped_its_bit_are_doubtful_and_not_acknowledged() -> None:
    polled = handshake()
    polled.plc.read_s = [0.01, 0.01, 0.3, 0.01]
    raise_bit(polled, 1.5)
    drop_bit(polled, 2.1)
    polled.time.plan(2.5, lambda: polled.poller.confirm(at(2)))
    take, plans = polled.plc._take, polled.time

    def take_and_happen(times: list[float], deadline_s: float, told: str) -> None:
        take(times, deadline_s, told)
        plans.pause(0)

    polled.plc._take = take_and_happen  # type: ignore[method-assign] # a played fault

    sample = the_one_until(polled, 5)

    assert sample.readings == [Reading(10, Quality.UNCERTAIN), Reading(20, Quality.UNCERTAIN)]
    assert polled.plc.written == []


def test_a_part_that_another_burst_acknowledges_while_it_is_read_is_not_acknowledged_again() -> None:
    polled = handshake()
    raise_bit(polled, 1.5)
    polled.time.plan(2.5, lambda: polled.poller.confirm(at(2)))
    ask = polled.plc.read

    def read_and_be_taken(plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        readings = ask(plan, deadline_s)
        polled.plc.taken = polled.plc.taken or plan.tags[0] != READY
        return readings

    polled.plc.read = read_and_be_taken  # type: ignore[method-assign] # a played fault

    assert polled.until(5) == [(2, "GOOD")]
    assert polled.plc.written == []


def test_a_slow_device_has_time_for_the_look_after_its_read() -> None:
    polled = handshake()
    polled.plc.read_s = [0.3, 0.3, 0.45, 0.3]
    raise_bit(polled, 1.5)
    polled.time.plan(3.2, lambda: polled.poller.confirm(at(2)))

    assert polled.until(5) == [(2, "GOOD")]
    assert [name for name, *_ in polled.plc.written] == ["taken"]


def test_what_was_read_of_a_rise_is_kept_if_the_machine_drops_its_bit_before_the_rest() -> None:
    polled = handshake(values=[Reading(10), NOT_ASKED])
    raise_bit(polled, 1.5)
    drop_bit(polled, 3.5)

    sample = the_one_until(polled, 6)

    assert (since_noon(sample.slot), sample.readings) == (2, [Reading(10), NOT_ASKED])
    assert polled.plc.written == []


def test_a_doubtful_rise_that_is_read_in_part_has_the_slot_of_its_first_look() -> None:
    group = group_of(mode="handshake", trigger_tag=READY, acknowledge_tag=TAKEN)
    polled = polling(group, bit=True, values=[ABSENT, NOT_ASKED])
    polled.time.plan(2.5, lambda: setattr(polled.plc, "values", [ABSENT, Reading(20)]))

    sample = the_one_until(polled, 5)

    assert (since_noon(sample.slot), sample.is_doubtful) == (1, True)
    assert sample.readings == [ABSENT, Reading(20)]


def test_a_device_that_is_read_seldom_is_not_let_go_while_a_rise_is_read_in_part() -> None:
    group = group_of(
        mode="handshake", interval=timedelta(minutes=1), trigger_tag=READY, acknowledge_tag=TAKEN
    )
    polled = polling(group, first=60, bit=True, values=[Reading(10), NOT_ASKED])
    polled.time.plan(150, lambda: setattr(polled.plc, "values", [NOT_ASKED, Reading(20)]))

    sample = the_one_until(polled, 200)

    assert polled.plc.connected_at == [50]
    assert sample.readings == [Reading(10), Reading(20)]
