"""The thread of one group, in simulated time."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from plantpulse.errors import DeviceRefused, DeviceTimedOut, DeviceUnavailable, NotConfigured, PlantpulseError
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.readings import Quality, Reading
from tests.unit.tags.plc import GONE, at, group_of, polling, since_noon


def test_each_slot_is_read_once_and_on_time() -> None:
    polled = polling(first=1)

    samples = polled.until(5)

    assert samples == [(1, "GOOD"), (2, "GOOD"), (3, "GOOD"), (4, "GOOD")]
    assert polled.plc.asked_at == [1, 2, 3, 4]
    assert polled.plc.connected_at == [0]


def test_a_sample_has_a_reading_for_each_tag_and_the_time_that_the_read_took() -> None:
    polled = polling(first=1, read_s=[0.03])
    polled.poller.stop_before(at(2))

    polled.poller.run()

    (sample,) = polled.samples()
    assert sample.readings == [Reading(10), Reading(20)]
    assert (sample.read_ms, sample.is_doubtful) == (30, False)


def test_the_burst_that_is_relieved_stops_before_the_successors_slot_and_lets_the_device_go_at_once() -> None:
    polled = polling(first=1)

    polled.until(3)

    assert polled.plc.asked_at == [1, 2]
    assert not polled.plc.is_open
    assert polled.plc._since_noon() == 2.01


def test_a_stop_completes_the_cycle_that_is_under_way() -> None:
    polled = polling(first=1)
    polled.time.plan(2.5, polled.poller.stop)

    polled.poller.run()

    assert [since_noon(one.slot) for one in polled.samples()] == [1, 2]
    assert polled.plc._since_noon() == 2.5


def test_a_later_stop_does_not_put_off_an_earlier_one() -> None:
    polled = polling(first=1)
    polled.poller.stop_before(at(3))

    assert polled.until(9) == [(1, "GOOD"), (2, "GOOD")]


def test_a_slot_that_begins_while_a_read_still_runs_is_missed_and_never_read_late() -> None:
    polled = polling(first=1, read_s=[0.01])

    def freeze() -> None:
        polled.time.now_s += 2.7  # the machine stood still from 1.5 to 4.2

    polled.time.plan(1.5, freeze)

    assert polled.until(6) == [(1, "GOOD"), (5, "GOOD")]
    assert polled.tally.take().missed == 3


def test_a_read_that_begins_a_little_late_is_of_its_slot_and_tells_how_late() -> None:
    polled = polling(first=1)
    polled.time.plan(1.9, lambda: setattr(polled.time, "now_s", 1002.3))

    # The slot of 2 s was waited for, and the wait ended late.
    samples = polled.until(4)

    assert samples == [(1, "GOOD"), (2, "GOOD"), (3, "GOOD")]
    assert polled.tally.take().jitter_ms == 300


def test_a_read_ends_before_the_next_slot_however_long_the_device_takes() -> None:
    polled = polling(first=1, read_s=[5.0])

    assert polled.until(4) == [(1, "TIMED_OUT"), (2, "TIMED_OUT"), (3, "TIMED_OUT")]
    assert polled.plc.asked_at == [1, 2, 3]


def test_after_any_error_the_connection_is_made_anew() -> None:
    polled = polling(first=1, read_s=[0.01, 5.0, 0.01])

    assert polled.until(4) == [(1, "GOOD"), (2, "TIMED_OUT"), (3, "GOOD")]
    # Noon, and as soon as the read of 2 s had timed out.
    assert polled.plc.connected_at == [0, 2.8]


@pytest.mark.parametrize(
    ("error", "quality"),
    [
        (DeviceTimedOut("late"), "TIMED_OUT"),
        (DeviceUnavailable("reset"), "NOT_CONNECTED"),
        (DeviceRefused("no"), "REFUSED"),
        (NotConfigured("no library"), "REFUSED"),
        (ZeroDivisionError("a bug"), "DEVICE_FAILURE"),
    ],
)
def test_a_slot_that_fails_is_kept_with_its_quality_and_the_next_one_is_tried(
    error: Exception, quality: str
) -> None:
    polled = polling(first=1, breaks=error)

    assert polled.until(3) == [(1, quality), (2, quality)]
    counts = polled.tally.take()
    assert (counts.polls, counts.errors, counts.is_failing) == (0, 2, True)


@pytest.mark.parametrize(
    ("quality", "code"),
    [
        (Quality.NOT_CONNECTED, "device_unavailable"),
        (Quality.TIMED_OUT, "device_timed_out"),
        (Quality.DEVICE_FAILURE, "device_unavailable"),
        (Quality.REFUSED, "device_refused"),
        (Quality.NOT_ASKED, "device_timed_out"),
        (Quality.NO_SUCH_ADDRESS, "device_refused"),
        (Quality.NOT_READABLE, "device_refused"),
    ],
)
def test_a_device_that_answers_and_lets_no_tag_be_read_fails(quality: Quality, code: str) -> None:
    polled = polling(first=1, values=[Reading(None, quality)] * 2)

    assert polled.until(3) == [(1, quality.name), (2, quality.name)]
    counts = polled.tally.take()
    assert (counts.polls, counts.errors, counts.is_failing) == (0, 2, True)
    assert counts.failure is not None
    assert counts.failure.code == code
    assert counts.failure.message.startswith("the device answers, but no tag has a value: ")
    assert polled.plc.connected_at == [0]


@pytest.mark.parametrize(
    ("qualities", "code"),
    [
        ([Quality.REFUSED, Quality.NO_SUCH_ADDRESS], "device_refused"),
        ([Quality.NO_SUCH_ADDRESS, Quality.DEVICE_FAILURE], "device_unavailable"),
    ],
)
def test_a_group_of_which_no_tag_has_a_value_fails_and_each_tag_keeps_its_reason(
    qualities: list[Quality], code: str
) -> None:
    readings = [Reading(None, quality) for quality in qualities]
    polled = polling(first=1, values=readings)
    polled.poller.stop_before(at(2))

    polled.poller.run()

    (sample,) = polled.samples()
    assert (sample.quality, sample.readings) == (qualities[0], readings)
    counts = polled.tally.take()
    assert (counts.polls, counts.errors, counts.is_failing) == (0, 1, True)
    assert counts.failure is not None
    assert counts.failure.code == code
    named = ", ".join(quality.words for quality in qualities)
    assert counts.failure.message == f"the device answers, but no tag has a value: {named}"


def test_what_is_wrong_with_a_tag_does_not_make_its_group_fail() -> None:
    readings = [Reading(10), Reading(None, Quality.REFUSED)]
    polled = polling(first=1, values=readings)
    polled.poller.stop_before(at(2))

    polled.poller.run()

    (sample,) = polled.samples()
    assert (sample.quality, sample.readings) == (Quality.GOOD, readings)
    assert polled.tally.take().is_failing is False


def test_slots_that_pass_while_a_silent_device_is_connected_to_have_no_connection() -> None:
    polled = polling(first=1, connect_s=[60.0])

    assert polled.until(13) == [(second, "NOT_CONNECTED") for second in range(1, 13)]
    assert polled.plc.connected_at == [0, 10]


def test_a_device_that_refuses_the_connection_is_tried_once_a_slot() -> None:
    polled = polling(first=1, refuses=GONE)

    samples = polled.until(6)

    assert samples == [(second, "NOT_CONNECTED") for second in range(1, 6)]
    assert polled.plc.connected_at[-3:] == [3, 4, 5]


def test_before_its_first_slot_a_successor_tries_often_because_the_predecessor_may_hold_the_device() -> None:
    polled = polling(first=5, refuses=GONE)
    polled.time.plan(4.2, lambda: setattr(polled.plc, "refuses", None))

    assert polled.until(7) == [(5, "GOOD"), (6, "GOOD")]
    assert polled.plc.connected_at[:3] == [0, 0.5, 1.0]
    counts = polled.tally.take()
    assert (counts.errors, counts.missed) == (0, 0)


@pytest.mark.parametrize(
    ("ignores", "held_until", "connected_at"),
    [
        (False, 4.2, [0, 4.5]),
        (False, 4.7, [0, 4.5, 5]),
        (True, 4.2, [0, 4.9]),
        (True, 4.7, [0, 4.9]),
    ],
)
def test_a_connection_that_a_busy_device_accepted_and_does_not_serve_is_made_anew_before_the_first_slot(
    ignores: bool, held_until: float, connected_at: list[float]
) -> None:
    polled = polling(first=5, connect_s=[0.0], signs_in=False)
    plc, read = polled.plc, polled.plc.read

    def serve(plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        if plc.connected_at[-1] >= held_until:
            return read(plan, deadline_s)
        if ignores:
            polled.time.now_s = deadline_s
            raise DeviceTimedOut("it did not answer")
        raise GONE

    plc.read = serve  # type: ignore[method-assign] # the burst before holds the only connection

    assert polled.until(7) == [(5, "GOOD"), (6, "GOOD")]
    assert plc.connected_at == connected_at
    assert polled.tally.take().errors == 0


def test_a_connection_on_which_the_device_has_answered_is_not_tried() -> None:
    polled = polling(first=5)

    polled.until(7)

    assert polled.plc.asked_at == [5, 6]


def test_a_connection_is_tried_once_before_the_first_slot_alone() -> None:
    polled = polling(first=5, signs_in=False)

    polled.until(8)

    assert polled.plc.asked_at == [4.5, 5, 6, 7]
    assert polled.plc.connected_at == [0]


def test_a_slow_device_loses_its_connection_before_the_first_slot_and_no_slot() -> None:
    polled = polling(first=5, signs_in=False, read_s=[0.6], connect_s=[0.05])

    assert polled.until(7) == [(5, "GOOD"), (6, "GOOD")]
    assert polled.plc.connected_at == [0, 4.9]


@pytest.mark.parametrize("answer_s", [0.3, 0.6, 0.7, 0.79])
def test_a_slow_device_that_answers_one_question_after_the_other_loses_no_slot_at_a_hand_over(
    answer_s: float,
) -> None:
    polled, free_at_s = polling(first=10, signs_in=False), [0.0]
    polled.poller.read_s = answer_s  # as the burst before has measured it

    def ask() -> None:
        free_at_s[0] = max(polled.time.now_s, free_at_s[0]) + answer_s

    def take(times: list[float], deadline_s: float, told: str) -> None:
        if "connection" in told:
            return
        ask()
        polled.time.now_s = min(free_at_s[0], deadline_s)
        if free_at_s[0] > deadline_s:
            raise DeviceTimedOut(told)

    polled.plc._take = take  # type: ignore[method-assign] # a gateway to a serial line
    for second in range(1, 10):
        polled.time.plan(second, ask)  # the burst before reads until then

    assert polled.until(14) == [(slot, "GOOD") for slot in (10, 11, 12, 13)]


def test_a_connection_that_stands_a_little_after_the_slot_still_reads_it() -> None:
    polled = polling(first=1, connect_s=[2.3])

    assert polled.until(4) == [(1, "NOT_CONNECTED"), (2, "GOOD"), (3, "GOOD")]
    counts = polled.tally.take()
    assert (counts.polls, counts.errors, counts.is_failing) == (2, 1, False)


def test_a_connection_that_stands_late_in_a_slot_waits_for_the_next_one() -> None:
    polled = polling(first=1, connect_s=[2.6])

    assert polled.until(4) == [(1, "NOT_CONNECTED"), (2, "NOT_CONNECTED"), (3, "GOOD")]


def test_a_recovery_needs_no_new_burst() -> None:
    polled = polling(first=1, breaks=GONE)
    polled.time.plan(2.5, lambda: setattr(polled.plc, "breaks", None))

    assert polled.until(5) == [(1, "NOT_CONNECTED"), (2, "NOT_CONNECTED"), (3, "GOOD"), (4, "GOOD")]
    assert polled.tally.take().is_failing is False


def test_a_device_that_is_read_seldom_is_let_go_between_its_reads() -> None:
    group = group_of(interval=timedelta(minutes=10))
    polled = polling(group, first=600)

    assert polled.until(1801) == [(600, "GOOD"), (1200, "GOOD"), (1800, "GOOD")]
    assert polled.plc.connected_at == [590, 1190, 1790]


def test_a_wall_clock_that_is_set_in_a_burst_changes_nothing() -> None:
    polled = polling(first=1)
    polled.time.plan(2.5, lambda: polled.poller.cycle.clock.hear(at(2.5), 1002.5, 1002.5))
    polled.time.plan(3.5, lambda: polled.poller.cycle.clock.hear(at(-60), 1003.5, 1003.5))

    assert polled.until(6) == [(second, "GOOD") for second in range(1, 6)]


@pytest.mark.parametrize(
    ("refuses", "samples", "missed", "errors"),
    [
        (None, [(1, "GOOD"), (2, "GOOD"), (864_001, "GOOD"), (864_002, "GOOD")], 2, 0),
        (GONE, [(slot, "NOT_CONNECTED") for slot in (1, 2, 864_000, 864_001, 864_002)], 0, 5),
    ],
)
def test_the_slots_that_a_clock_leaps_over_are_nobodys(
    refuses: PlantpulseError | None, samples: list[tuple[float, str]], missed: int, errors: int
) -> None:
    polled = polling(first=1, refuses=refuses)
    polled.time.plan(2.5, lambda: polled.poller.cycle.clock.hear(at(864_000), 1002.5, 1002.5))

    assert polled.until(864_003) == samples
    counts = polled.tally.take()
    assert (counts.missed, counts.errors, polled.buffer.take_dropped()) == (missed, errors, 0)


def test_the_slots_of_a_machine_that_slept_are_missed() -> None:
    polled = polling(first=1)
    polled.time.plan(2.5, lambda: polled.poller.cycle.clock.hear(at(60), 1002.5, 1002.5))

    assert polled.until(62) == [(1, "GOOD"), (2, "GOOD"), (61, "GOOD")]
    assert polled.tally.take().missed == 58


@pytest.mark.parametrize("refuses", [None, GONE])
def test_the_slots_of_a_process_that_stood_still_while_it_connected_are_missed(
    refuses: PlantpulseError | None,
) -> None:
    polled, takes_s = polling(first=1, refuses=refuses), [864_000.5]

    def stand_still(times: list[float], deadline_s: float, told: str) -> None:
        polled.time.now_s += takes_s.pop() if takes_s else 0.01

    polled.plc._take = stand_still  # type: ignore[method-assign] # for ten days
    polled.poller.stop_before(at(864_001))
    polled.poller.run()

    counts = polled.tally.take()
    assert (counts.errors, counts.missed) == ((1000, 863_000) if refuses else (1000, 862_999))
    assert len(polled.samples()) == 300


def test_trouble_is_told_when_it_begins_and_when_it_is_over_and_not_each_second(
    capsys: pytest.CaptureFixture[str],
) -> None:
    polled = polling(first=1, breaks=GONE)
    polled.time.plan(30.5, lambda: setattr(polled.plc, "breaks", None))

    polled.until(60)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["severity"], one["message"]) for one in lines] == [
        ("WARNING", "group press-1 cannot be read"),
        ("INFO", "group press-1 is read again"),
    ]
    assert lines[0] | {"next": None} == {
        "severity": "WARNING",
        "message": "group press-1 cannot be read",
        "at": "2026-12-01T12:00:01+00:00",
        "plant": "north",
        "group": "press-1",
        "kind": "modbus",
        "tags": 2,
        "code": "device_unavailable",
        "error": "the connection was lost",
        "next": None,
    }
    assert lines[1]["failed_slots"] == 30


def test_a_device_that_fails_every_other_second_is_one_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    polled = polling(first=1, read_s=[0.01, 5.0] * 20 + [0.01])

    polled.until(60)

    assert len(capsys.readouterr().out.splitlines()) == 2


def test_readings_are_kept_in_the_order_of_the_groups_tags() -> None:
    group = group_of()
    polled = polling(group, first=1)
    # This one controller answers in another order.
    polled.plc.plan_of = lambda tags: type(polled.plc).plan_of(polled.plc, tuple(reversed(tags)))  # type: ignore[method-assign]
    polled.poller.stop_before(at(2))

    polled.poller.run()

    (sample,) = polled.samples()
    assert sample.readings == [Reading(20), Reading(10)]


def test_a_driver_that_returns_too_few_readings_is_a_bug_and_no_value_of_it_is_used() -> None:
    polled = polling(first=1, values=(10,))

    assert polled.until(2) == [(1, Quality.DEVICE_FAILURE.name)]


def test_a_thread_that_was_left_behind_adds_nothing_when_it_comes_back() -> None:
    polled = polling(first=1)
    read = polled.plc.read

    def leave_and_read(plan: Any, deadline_s: float) -> Any:
        polled.poller.leave()
        return read(plan, deadline_s)

    # This one controller answers in its own way.
    polled.plc.read = leave_and_read  # type: ignore[method-assign]
    polled.poller.run()

    assert polled.samples() == []
    assert not polled.plc.is_open
