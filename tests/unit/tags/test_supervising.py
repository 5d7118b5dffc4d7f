"""Threads that die or hang, with real threads: a test waits for what they do, never for a time."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from plantpulse.errors import DeviceUnavailable
from plantpulse.runs import utc_now
from plantpulse.tags.buffer import Buffer
from plantpulse.tags.cycle import Cycle
from plantpulse.tags.line import Line
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.polling import Poller
from plantpulse.tags.readings import Reading
from plantpulse.tags.rising import Rising
from plantpulse.tags.slots import SlotClock, next_slot
from plantpulse.tags.supervising import Renewal, StartPoller, Station, left_behind
from plantpulse.tags.tag import Group, Tag
from plantpulse.tags.tally import Tally
from tests.unit.tags.plc import NOON, READY, TAKEN, group_of

GROUP = group_of(interval=timedelta(milliseconds=200))
PRESS = group_of(
    interval=timedelta(milliseconds=200), mode="handshake", trigger_tag=READY, acknowledge_tag=TAKEN
)
LONG_AGO = NOON.replace(year=2020)
OTHER = "modbus://10.20.0.99"
LATER_S = 3600.0  # beyond every deadline, as the supervisor sees the time
WAIT_S = 60.0


@dataclass
class Stubborn:
    """A device whose read hangs: until it is closed, or until the test lets it go."""

    heeds_close: bool
    hangs: bool = True
    accepts: bool = True
    signs_in: bool = True
    is_asked: threading.Event = field(default_factory=threading.Event)
    is_answered: threading.Event = field(default_factory=threading.Event)
    is_free: threading.Event = field(default_factory=threading.Event)
    is_closed: threading.Event = field(default_factory=threading.Event)
    is_written: threading.Event = field(default_factory=threading.Event)

    @property
    def link(self) -> "Stubborn":
        return self

    @property
    def plan(self) -> ReadPlan[object]:
        return ReadPlan(GROUP.tags, ())

    def connect(self, deadline_s: float) -> None:
        if not self.accepts:
            self.is_asked.set()
            self.is_closed.wait()
            raise DeviceUnavailable("the connection was closed")

    def read(self, plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        self.is_asked.set()
        if self.hangs:
            (self.is_closed if self.heeds_close else self.is_free).wait(WAIT_S)
            if self.heeds_close:
                raise DeviceUnavailable("the connection was closed")
        self.is_answered.set()
        return [Reading(1), Reading(0)]

    def write(self, tag: Tag, value: bool, deadline_s: float) -> None:
        assert value
        self.is_written.set()

    def close(self) -> None:
        self.is_closed.set()


@dataclass
class Floor:
    """A station whose connections are, in turn, to these devices; the last one is good for all others."""

    devices: list[Stubborn]
    tally: Tally = field(default_factory=lambda: Tally(GROUP))
    group: Group = GROUP
    is_told: threading.Event = field(default_factory=threading.Event, init=False)
    most_left: int = 20
    opened: int = 0
    begun: list[tuple[str, datetime]] = field(default_factory=list)
    made: Callable[[Group], StartPoller] = field(init=False)
    station: Station = field(init=False)

    def __post_init__(self) -> None:
        clock, buffer, tally = SlotClock(utc_now(), time.monotonic()), Buffer(1000), self.tally

        def made(group: Group) -> StartPoller:
            def make(slot: datetime, rising: Rising) -> Poller:
                self.begun.append((group.address, slot))
                line = Line(group, self, 10.0)
                return Poller(Cycle(group, line, clock, buffer, tally, rising, self.is_told.set), slot)

            return make

        first = next_slot(utc_now(), utc_now(), self.group.interval)
        rising = Rising(self.group.acknowledge_tag is not None)
        self.made = made
        self.station = Station(self.group, buffer, tally, first, made(self.group), rising, self.most_left)

    def change(self, first_slot: datetime = LONG_AGO, **changed: Any) -> Group:
        """Tell the station of another device, and return the group as it is now."""
        group = replace(self.group, address=OTHER, **changed)
        self.station.renew(Renewal(group, 500, first_slot, self.made(group)))
        return group

    def open(self, group: Group, deadline_s: float) -> Stubborn:
        self.opened += 1
        return self.devices.pop(0) if len(self.devices) > 1 else self.devices[0]

    def plan(self, group: Group, tags: Sequence[Tag]) -> ReadPlan[object]:
        return ReadPlan(tags, ())

    def look_later(self) -> None:
        """Look after the thread as if the deadline of its call had long passed."""
        self.station.look(utc_now(), time.monotonic() + LATER_S)


StartFloor = Callable[..., Floor]


@pytest.fixture
def floor_of() -> Iterator[StartFloor]:
    floors: list[tuple[Floor, list[Stubborn]]] = []

    def start(*devices: Stubborn, **known: Any) -> Floor:
        floor = Floor(list(devices), **known)
        floors.append((floor, list(devices)))
        floor.station.start()
        return floor

    yield start
    for floor, devices in floors:
        floor.station.stop()
        for device in devices:
            device.is_free.set()
            device.is_closed.set()
    join_all()


def join_all() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith(("tags-", "close-")):
            thread.join(WAIT_S)
            assert not thread.is_alive()


def wait(event: threading.Event) -> None:
    assert event.wait(WAIT_S)


def test_a_call_that_hangs_is_ended_by_closing_its_connection(floor_of: StartFloor) -> None:
    hanging, healthy = Stubborn(heeds_close=True), Stubborn(heeds_close=True, hangs=False)
    floor = floor_of(hanging, healthy)
    wait(hanging.is_asked)

    floor.look_later()

    wait(hanging.is_closed)
    wait(healthy.is_answered)
    assert left_behind() == 0


def test_a_thread_that_does_not_come_back_is_left_behind_and_another_goes_on(
    floor_of: StartFloor, capsys: pytest.CaptureFixture[str]
) -> None:
    hanging, healthy = Stubborn(heeds_close=False), Stubborn(heeds_close=True, hangs=False)
    floor = floor_of(hanging, healthy)
    wait(hanging.is_asked)

    floor.look_later()
    wait(hanging.is_closed)
    assert floor.opened == 1
    floor.look_later()

    wait(healthy.is_answered)
    assert left_behind() == 1
    told = [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()]
    assert "a thread hangs in a driver and is left behind" in told
    hanging.is_free.set()
    floor.station.stop()
    join_all()
    assert left_behind() == 0


def test_what_a_thread_brings_that_was_left_behind_is_not_used(floor_of: StartFloor) -> None:
    hanging, silent = Stubborn(heeds_close=False), Stubborn(heeds_close=True)
    floor = floor_of(hanging, silent)
    wait(hanging.is_asked)
    floor.look_later()
    wait(hanging.is_closed)
    floor.look_later()
    wait(silent.is_asked)

    hanging.is_free.set()
    wait(hanging.is_answered)
    floor.station.stop()
    silent.is_closed.set()
    join_all()

    assert all(sample.quality != 0 for _, sample in floor.station.buffer.drain(1000))


def test_a_machine_that_waits_while_a_thread_hangs_is_read_again_and_acknowledged(
    floor_of: StartFloor,
) -> None:
    hanging, healthy = Stubborn(heeds_close=False, hangs=False), Stubborn(heeds_close=True, hangs=False)
    floor = floor_of(hanging, healthy, group=PRESS)
    floor.station.go_alone()
    wait(floor.is_told)  # a rise is read
    _, stored = floor.station.buffer.drain(1000)[-1]
    hanging.is_asked.clear()
    hanging.hangs = True
    wait(hanging.is_asked)

    floor.station.confirm(stored.slot)
    floor.look_later()
    wait(hanging.is_closed)
    floor.look_later()

    def is_acknowledged() -> bool:
        for _, sample in floor.station.buffer.drain(1000):
            floor.station.confirm(sample.slot)
        return healthy.is_written.is_set()

    assert any(is_acknowledged() or healthy.is_written.wait(0.05) for _ in range(round(WAIT_S / 0.05)))
    assert not hanging.is_written.is_set()


def test_no_thread_is_started_beyond_the_bound(floor_of: StartFloor) -> None:
    hanging, untouched = Stubborn(heeds_close=False), Stubborn(heeds_close=True, hangs=False)
    floor = floor_of(hanging, untouched, most_left=1)
    wait(hanging.is_asked)
    floor.look_later()
    wait(hanging.is_closed)

    floor.look_later()
    floor.look_later()

    assert floor.opened == 1
    failure = floor.station.tally.take().failure
    assert failure is not None
    assert "threads hang in drivers" in failure.message
    hanging.is_free.set()
    join_all()
    floor.look_later()
    wait(untouched.is_answered)


def test_a_group_that_waits_for_room_ends_when_it_is_told_to(floor_of: StartFloor) -> None:
    hanging, untouched = Stubborn(heeds_close=False), Stubborn(heeds_close=True, hangs=False)
    floor = floor_of(hanging, untouched, most_left=1)
    wait(hanging.is_asked)
    for _ in range(3):
        floor.look_later()

    floor.station.stop()
    floor.look_later()

    assert floor.station.is_done
    hanging.is_free.set()
    join_all()


def test_a_thread_that_died_is_started_again_and_the_slots_between_are_missed(
    floor_of: StartFloor, capsys: pytest.CaptureFixture[str]
) -> None:
    healthy = Stubborn(heeds_close=True, hangs=False)
    died = threading.Event()

    class DyingTally(Tally):
        def read(self, *counted: Any) -> None:
            if not died.is_set():
                died.set()
                raise RuntimeError("a bug of ours")
            super().read(*counted)

    floor = floor_of(healthy, tally=DyingTally(GROUP))
    wait(died)
    join_all()
    healthy.is_answered.clear()

    floor.station.look(utc_now(), time.monotonic())

    wait(healthy.is_answered)
    assert "the thread of a group died" in capsys.readouterr().out


def test_a_group_that_is_to_stop_does_not_wait_for_a_silent_device(floor_of: StartFloor) -> None:
    silent = Stubborn(heeds_close=True)
    floor = floor_of(silent)
    wait(silent.is_asked)

    floor.station.stop()
    end_s = time.monotonic() + LATER_S
    floor.station.look(utc_now() + timedelta(hours=1), end_s)
    floor.station.look(utc_now() + timedelta(hours=1), end_s + 3)

    join_all()
    assert floor.station.is_done


def test_a_group_that_is_to_stop_ends_its_attempt_to_connect_at_once(floor_of: StartFloor) -> None:
    silent = Stubborn(heeds_close=True, accepts=False)
    floor = floor_of(silent)
    wait(silent.is_asked)

    floor.station.stop()
    floor.station.look(utc_now() - timedelta(hours=1), time.monotonic())

    wait(silent.is_closed)
    join_all()
    assert floor.station.is_done


def test_a_group_that_is_to_stop_leaves_a_thread_that_hangs_for_good(floor_of: StartFloor) -> None:
    hanging = Stubborn(heeds_close=False)
    floor = floor_of(hanging)
    wait(hanging.is_asked)

    floor.station.stop()
    end_s = time.monotonic() + LATER_S
    for seconds in (0, 3, 6):
        floor.station.look(utc_now() + timedelta(hours=1), end_s + seconds)

    assert floor.station.is_done
    assert left_behind() == 1


def test_a_changed_group_goes_on_in_the_next_slot_of_the_same_station(floor_of: StartFloor) -> None:
    before, after = Stubborn(heeds_close=True, hangs=False), Stubborn(heeds_close=True, hangs=False)
    floor = floor_of(before, after)
    wait(before.is_answered)

    changed = floor.change()
    join_all()
    assert not floor.station.is_done
    floor.station.look(utc_now(), time.monotonic())
    wait(after.is_answered)
    floor.station.stop()
    join_all()

    samples = floor.station.buffer.drain(1000)
    slots = [sample.slot for _, sample in samples]
    [(_, first), (address, second)] = floor.begun
    assert address == OTHER
    assert [group for group, _ in samples] == [GROUP] * slots.index(second) + [changed] * (
        len(slots) - slots.index(second)
    )
    assert second == slots[slots.index(second) - 1] + GROUP.interval
    assert slots[0] == first
    assert (floor.station.group, floor.station.tally.group, floor.station.buffer.limit) == (
        changed,
        changed,
        500,
    )
    assert floor.station.is_done


def test_a_group_with_another_interval_goes_on_from_now_on(floor_of: StartFloor) -> None:
    device = Stubborn(heeds_close=True, hangs=False)
    floor = floor_of(device, group=replace(GROUP, interval=timedelta(hours=1)))
    floor.change(interval=timedelta(seconds=1))
    join_all()

    floor.station.look(NOON.replace(year=2036, microsecond=300_000), time.monotonic())

    assert floor.begun[-1] == (OTHER, NOON.replace(year=2036, second=1))


def test_a_group_with_a_turn_of_its_own_goes_on_when_that_begins(floor_of: StartFloor) -> None:
    device = Stubborn(heeds_close=True, hangs=False)
    floor = floor_of(device)
    floor.change(NOON.replace(year=2036))
    join_all()

    floor.station.look(utc_now(), time.monotonic())

    assert floor.begun[-1] == (OTHER, NOON.replace(year=2036))


def test_a_changed_group_does_not_wait_for_a_device_that_hangs(floor_of: StartFloor) -> None:
    hanging, healthy = Stubborn(heeds_close=False), Stubborn(heeds_close=True, hangs=False)
    floor = floor_of(hanging, healthy)
    wait(hanging.is_asked)
    floor.change()

    begun_s = time.monotonic()
    for seconds in (0, 3, 6, 6):
        floor.station.look(utc_now(), begun_s + seconds)

    wait(healthy.is_answered)
    assert left_behind() == 1
    assert not floor.station.is_done


@pytest.mark.parametrize("most_left", [20, 1])
def test_a_changed_group_that_is_to_stop_ends(floor_of: StartFloor, most_left: int) -> None:
    hanging = Stubborn(heeds_close=False)
    floor = floor_of(hanging, most_left=most_left)
    wait(hanging.is_asked)
    floor.change()
    begun_s = time.monotonic()
    for seconds in (0, 3, 6, 6):
        floor.station.look(utc_now(), begun_s + seconds)
    if most_left == 1:
        assert not floor.station.is_changing

    floor.station.stop()
    for seconds in (10, 13, 16):
        floor.station.look(utc_now() + timedelta(hours=1), begun_s + seconds)

    assert floor.station.is_done


def test_a_changed_group_stops_before_the_slot_of_its_successor(floor_of: StartFloor) -> None:
    before, after = Stubborn(heeds_close=True, hangs=False), Stubborn(heeds_close=True, hangs=False)
    floor = floor_of(before, after)
    wait(before.is_answered)
    floor.change()
    join_all()

    floor.station.stop_before(LONG_AGO)
    floor.station.look(utc_now(), time.monotonic())
    join_all()
    floor.station.look(utc_now(), time.monotonic())

    assert floor.station.is_done
    assert not after.is_asked.is_set()


def test_a_group_that_begins_with_too_many_threads_left_behind_waits_and_goes_on_by_itself(
    floor_of: StartFloor,
) -> None:
    hanging = Stubborn(heeds_close=False)
    first = floor_of(hanging, most_left=1)
    wait(hanging.is_asked)
    for _ in range(2):
        first.look_later()
    assert left_behind() == 1

    healthy = Stubborn(heeds_close=True, hangs=False)
    second = floor_of(healthy, most_left=1)
    slot = second.station.first_slot
    second.station.look(slot - GROUP.interval, time.monotonic())
    assert not second.station.tally.has_begun  # the burst before reads it yet
    for intervals in (3, 3, 5):
        second.station.look(slot + intervals * GROUP.interval, time.monotonic())

    counts = second.station.tally.take()
    assert counts.failure is not None
    assert counts.failure.message == "1 threads hang in drivers: no other is started until one of them ends"
    assert (counts.missed, counts.is_failing, second.opened) == (5, True, 0)
    hanging.is_free.set()
    join_all()
    second.look_later()
    wait(healthy.is_answered)
    assert second.begun[-1] == (GROUP.address, slot + 5 * GROUP.interval)


def test_slots_of_a_group_that_ends_without_a_thread_are_counted(floor_of: StartFloor) -> None:
    hanging = Stubborn(heeds_close=False)
    first = floor_of(hanging, most_left=1)
    wait(hanging.is_asked)
    for _ in range(2):
        first.look_later()
    second = floor_of(hanging, most_left=1)
    slot = second.station.first_slot

    second.station.stop_before(slot + 4 * GROUP.interval)
    second.station.look(slot + timedelta(hours=1), time.monotonic())

    assert second.station.is_done
    assert second.station.tally.take().missed == 4


def test_a_group_without_a_trigger_remembers_no_sample_that_was_lost(floor_of: StartFloor) -> None:
    floor = floor_of(Stubborn(heeds_close=True, hangs=False))

    for _ in range(1000):
        floor.station.lose(LONG_AGO)

    assert len(floor.station._worker.poller.cycle.owed._heard) == 0


def test_a_thread_that_nobody_waits_for_counts_as_left_behind_until_it_ends(floor_of: StartFloor) -> None:
    hanging = Stubborn(heeds_close=False)
    floor = floor_of(hanging)
    wait(hanging.is_asked)

    floor.station.abandon()

    wait(hanging.is_closed)
    assert left_behind() == 1
    hanging.is_free.set()
    join_all()
    assert left_behind() == 0
    assert floor.station.buffer.drain(1000) == []
