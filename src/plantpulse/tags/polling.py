"""Polls one group, in a thread of its own: waits for a slot, has it read, and goes on.

A slot that is over before it can be read is missed and counted; it is never read late as if on time. What a
device does to its thread does nothing to the other groups.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from plantpulse.errors import DeviceUnavailable, PlantpulseError
from plantpulse.tags.acknowledging import REFUSED_S
from plantpulse.tags.cycle import Cycle, quality_of
from plantpulse.tags.slots import (
    count_between,
    next_slot,
    slot_at_or_after,
    slot_at_or_before,
    slots_between,
)
from plantpulse.tags.tag import Group

LATEST_PART: Final = 0.5  # of the interval: a read that begins later is of no slot
HELD: Final = timedelta(seconds=30)  # a device is let go between reads that are further apart
PACE_S: Final = (1.0, 5.0)  # between two attempts to connect: the interval, within these
PROOF_S: Final = 2.0  # before the first slot a connection is tried, or half an interval before a short one
_PROOF_ENDS: Final = 0.2  # of that time are left for another connection
SETTLING_S: Final = 3.0  # for the acknowledgement of what was read last
_GLANCE_S: Final = 0.2
_MOST_PASSED: Final = 1000  # slots in an attempt to connect: in more than that the process stood still


@dataclass(slots=True, eq=False)
class Poller:
    """Reads one group from its first slot on, until it is told to stop.

    `pause` waits so many seconds, or until `wake` is set. `last` is the newest slot that was dealt with.
    `read_s` is how long a read took in the burst before, in seconds; 0 if nobody knows.
    """

    cycle: Cycle
    first_slot: datetime
    monotonic: Callable[[], float] = time.monotonic
    pause: Callable[[float], object] | None = None
    read_s: float = 0.0
    wake: threading.Event = field(default_factory=threading.Event, init=False)
    last: datetime = field(init=False)
    until: datetime | None = field(default=None, init=False)
    _error: PlantpulseError = field(init=False)
    _has_polled: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.last = self.first_slot - self._interval
        self._error = DeviceUnavailable("the device is not connected yet")

    def run(self) -> None:
        """Read slot after slot, until told to stop. Raises nothing that a device does."""
        try:
            while (slot := self._next_slot()) is not None:
                if self.cycle.line.is_connected:
                    self._serve(slot)
                else:
                    self._connect_for(slot)
            self._settle()
        finally:
            self.cycle.line.drop()

    def stop_before(self, slot: datetime) -> None:
        """Let this slot and later ones alone; they are another's."""
        self.until = min(slot, self.until or slot)
        self.wake.set()

    def stop(self) -> None:
        """Stop now; a cycle that has begun is completed."""
        self.stop_before(self.last + self._interval)

    def leave(self) -> None:
        """Abandon this thread: it hangs in a call."""
        self.cycle.leave()
        self.stop()

    def confirm(self, slot: datetime) -> None:
        """Hear that the sample of a slot is stored."""
        self.cycle.owed.confirm(slot)
        self.wake.set()

    def lose(self, slot: datetime) -> None:
        """Hear that the sample of a slot will not be stored."""
        self.cycle.owed.lose(slot)

    @property
    def group(self) -> Group:
        """Return the group that it reads."""
        return self.cycle.group

    @property
    def _interval(self) -> timedelta:
        return self.cycle.group.interval

    def _now(self) -> datetime:
        return self.cycle.clock.at(self.monotonic())

    def _s(self, slot: datetime) -> float:
        return self.cycle.clock.monotonic_of(slot)

    def _is_others(self, slot: datetime) -> bool:
        return self.until is not None and slot >= self.until

    def _own(self, first: datetime, until: datetime) -> tuple[datetime, datetime]:
        """Return a span without the slots of others, and without those that the clock leapt over."""
        begun = slot_at_or_after(self.cycle.clock.leapt_to, self._interval)
        return max(first, begun), min(until, self.until or until)

    def _next_slot(self) -> datetime | None:
        """Return the slot to read next, and count those that are over; None after the last one."""
        slot = next_slot(self.last, self._now(), self._interval)
        first, until = self._own(self.last + self._interval, slot)
        if over := count_between(first, until, self._interval):
            self.cycle.tally.miss(over)
            self.last = first + (over - 1) * self._interval
        return None if self._is_others(slot) else slot

    def _serve(self, slot: datetime) -> None:
        """Have a slot read when it comes, unless the connection is lost before: then a new one reads it."""
        if not self._has_polled and not self._prove_before(slot):
            return
        if not self._wait_until(self._s(slot), slot):
            return
        self.last, self._has_polled = slot, True
        if self._is_late(slot):
            self.cycle.tally.miss(1)
            return
        self.cycle.serve(slot)
        self._let_go()

    def _let_go(self) -> None:
        """Drop a connection that nothing needs before the next slot, if that is far."""
        if self._interval > HELD and self.cycle.is_settled and not self.cycle.is_gathering:
            self.cycle.line.drop()

    def _prove_before(self, slot: datetime) -> bool:
        """Try the connection just before a burst's first slot, when the burst before has let the device go.

        A device that has no second connection may accept it all the same, to close or ignore it. Then another
        one is made in time. A slow device is not tried: if it answers one question after the other, its first
        slot would wait for the answer that nobody wants.
        """
        ends_s = self._s(slot)
        long_s = min(PROOF_S, self._interval.total_seconds() / 2)
        latest_s = ends_s - _PROOF_ENDS * long_s
        if 2 * self.read_s > long_s or self.monotonic() >= latest_s:
            return True
        return self._wait_until(ends_s - long_s, slot) and self.cycle.prove(latest_s)

    def _connect_for(self, slot: datetime) -> None:
        """Try to connect before a slot; the slots that pass meanwhile have no connection."""
        line = self.cycle.line
        begin_s = max(self._s(slot) - line.connect_timeout_s, line.tried_s + self._pace_s())
        if not self._has_polled:  # the device is free by then
            begin_s = min(begin_s, self._s(slot))
        if begin_s > self._s(slot):
            if self._wait_until(self._s(slot), slot):
                self._note_passed(slot, slot + self._interval, self._error)
            return
        if not self._wait_until(begin_s, slot):
            return
        if error := self.cycle.connect():
            self._error = error
            self._note_passed(slot, self._now() + timedelta.resolution, error)
        else:
            self._begin_with(slot)

    def _begin_with(self, slot: datetime) -> None:
        """Go on with a connection that now stands; the newest slot may still be read."""
        newest = slot_at_or_before(self._now(), self._interval)
        is_in_time = newest >= slot and not self._is_late(newest)
        self._note_passed(slot, newest if is_in_time else newest + self._interval, None)
        if is_in_time and not self._is_others(newest):
            self._serve(newest)

    def _note_passed(self, first: datetime, until: datetime, error: PlantpulseError | None) -> None:
        """Keep slots that passed without a connection."""
        first, until = self._own(first, until)
        if (beyond := count_between(first, until, self._interval) - _MOST_PASSED) > 0:
            self.cycle.tally.miss(beyond)
            first += beyond * self._interval
        passed = slots_between(first, until, self._interval)
        if not passed:
            return
        self.last, self._has_polled = passed[-1], True
        if error:
            self.cycle.fail(passed, error, quality_of(error, is_connected=False))
        else:
            self.cycle.wait(passed)

    def _pace_s(self) -> float:
        """Return the time between two attempts; it is short while the burst before may hold the device."""
        interval_s, (shortest_s, longest_s) = self._interval.total_seconds(), PACE_S
        if not self._has_polled:
            return min(shortest_s, interval_s / 2)
        return max(shortest_s, min(longest_s, interval_s))

    def _is_late(self, slot: datetime) -> bool:
        return self._now() - slot > LATEST_PART * self._interval

    def _wait_until(self, at_s: float, slot: datetime) -> bool:
        """Wait for a time, and say whether the slot is still to be read then.

        An acknowledgement may end the connection, and with it the waiting.
        """
        was_connected = self.cycle.line.is_connected
        while not self._is_others(slot):
            if self.monotonic() >= at_s:
                return True
            self._acknowledge()
            if self.cycle.line.is_connected is not was_connected:
                return False
            self._pause(min(REFUSED_S, max(0.0, at_s - self.monotonic())))
        return False

    def _acknowledge(self) -> None:
        """Set the acknowledge tag, if that is owed; after it the device may be let go until the next slot."""
        was_settled = self.cycle.is_settled
        self.cycle.acknowledge()
        if not was_settled:
            self._let_go()

    def _settle(self) -> None:
        """Give the last acknowledgement a moment: what was read is on its way to Supabase."""
        ends_s = self.monotonic() + SETTLING_S
        while self.monotonic() < ends_s:
            self.cycle.acknowledge()
            if self.cycle.is_settled:
                return
            self._pause(_GLANCE_S)
            self.cycle.watch()

    def _pause(self, seconds: float) -> None:
        if self.pause:
            self.pause(seconds)
            return
        self.wake.wait(seconds)
        self.wake.clear()
