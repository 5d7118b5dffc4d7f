"""Watches the threads of a burst: one that died is started again, one that hangs is left behind."""

import threading
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from datetime import datetime, timedelta
from typing import Final

from plantpulse.errors import DeviceTimedOut, InternalError
from plantpulse.logs import log
from plantpulse.tags.buffer import Buffer
from plantpulse.tags.polling import Poller
from plantpulse.tags.rising import Rising
from plantpulse.tags.slots import EPOCH, count_between, slot_at_or_after
from plantpulse.tags.tag import Group
from plantpulse.tags.tally import Tally

GRACE_S: Final = 1.0  # after its deadline, before a call counts as hanging
STOPPING_S: Final = 2.0  # for the cycle that is under way when a group is to stop
MOST_LEFT: Final = 20  # threads of this process that did not come back; each is a connection and some memory

StartPoller = Callable[[datetime, Rising], Poller]

_left: list[threading.Thread] = []


def left_behind() -> int:
    """Return how many threads of this process hang in a device's driver."""
    _left[:] = [thread for thread in _left if thread.is_alive()]
    return len(_left)


@dataclass(slots=True, eq=False)
class _Worker:
    """A thread and what it runs; one that is left says no more when it is done."""

    poller: Poller
    thread: threading.Thread = field(init=False)
    is_done: bool = field(default=False, init=False)
    is_left: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name=f"tags-{self.poller.group.name}", daemon=True)

    def _run(self) -> None:
        try:
            self.poller.run()
            self.is_done |= not self.is_left
        except Exception as error:
            log("ERROR", "the thread of a group died", group=self.poller.group.name, error=repr(error))


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a station goes on with: a group as it is now, the limit of its queue, its turn's first slot."""

    group: Group
    limit: int
    first_slot: datetime
    make: StartPoller


@dataclass(slots=True, eq=False)
class Station:
    """A group in a burst: its queue, its counts, and the thread that reads it.

    `make` returns the poller of a thread that begins with a slot. With `most_left` threads of this process
    left behind no other is started, the first one neither: the slots are missed until one of them ends.
    """

    group: Group
    buffer: Buffer
    tally: Tally
    first_slot: datetime
    make: StartPoller
    rising: InitVar[Rising]
    most_left: int = MOST_LEFT
    _worker: _Worker = field(init=False)
    _renewal: Renewal | None = field(default=None, init=False)
    _until: datetime | None = field(default=None, init=False)
    _is_stopped: bool = field(default=False, init=False)
    _over_s: float | None = field(default=None, init=False)
    _is_broken_off: bool = field(default=False, init=False)
    _is_waiting: bool = field(default=False, init=False)
    _missed: datetime = field(default=EPOCH, init=False)  # the newest slot that had no thread

    def __post_init__(self, rising: Rising) -> None:
        self._worker = _Worker(self.make(self.first_slot, rising))

    def start(self) -> None:
        """Begin to read, if a thread may be started."""
        self._is_waiting = left_behind() >= self.most_left
        if not self._is_waiting:
            self._worker.thread.start()

    @property
    def is_stopping(self) -> bool:
        """Say whether it was told to stop, now or later."""
        return self._until is not None

    @property
    def is_done(self) -> bool:
        """Say whether nothing more comes from its thread, and no other follows it."""
        return self._worker.is_done and self._renewal is None

    @property
    def is_changing(self) -> bool:
        """Say whether its thread is about to end, for one that goes on with a changed group."""
        return self._renewal is not None and not self._is_waiting

    def stop_before(self, slot: datetime) -> None:
        """Let this slot and later ones to somebody else."""
        self._worker.poller.stop_before(slot)
        self._until = min(slot, self._until or slot)

    def stop(self) -> None:
        """Stop after the cycle that is under way."""
        self._is_stopped, self._renewal = True, None
        self._worker.poller.stop()
        self._until = self._worker.poller.until

    def abandon(self) -> None:
        """Stop without waiting for the thread, which counts as left behind until it has ended."""
        self.stop()
        if self._worker.thread.is_alive():
            self._worker.poller.leave()
            self._worker.poller.cycle.line.break_off()
            _left.append(self._worker.thread)

    def renew(self, renewal: Renewal) -> None:
        """Go on with a group that was changed, after the cycle that is under way."""
        self._renewal = renewal
        self._worker.poller.stop()

    def confirm(self, slot: datetime) -> None:
        """Hear that a slot's sample is stored."""
        if self.group.trigger_tag:
            self._worker.poller.confirm(slot)

    def lose(self, slot: datetime) -> None:
        """Hear that a slot's sample will not be stored."""
        if self.group.trigger_tag:
            self._worker.poller.lose(slot)

    def go_alone(self) -> None:
        """Hear that no other burst writes to the machine any more."""
        self._worker.poller.cycle.rising.is_alone = True

    def look(self, now: datetime, now_s: float) -> None:
        """See to the thread: break off what hangs, start again what died."""
        if self.is_done:
            return
        is_to_end = self._is_stopped or (self._until is not None and self._until <= now)
        if self._is_waiting and is_to_end:
            self._miss(now)
            self._worker.is_done, self._renewal = True, None
        elif self._is_waiting or self._worker.is_done or not self._worker.thread.is_alive():
            self._begin_anew(now)
        elif is_to_end or self._renewal:
            self._look_at_end(now_s)
        elif self._is_hanging(now_s, GRACE_S):
            self._part_from_it(now)
        else:
            self._is_broken_off = False

    def _look_at_end(self, now_s: float) -> None:
        """Give a thread that is to stop a moment: an attempt to connect is ended, a read may finish."""
        poller = self._worker.poller
        if self._over_s is None:
            self._over_s = now_s
            if not poller.cycle.line.is_connected:
                poller.cycle.line.break_off()
        elif self._is_broken_off and now_s - self._over_s > 2 * STOPPING_S:
            self._leave()
            self._worker.is_done = True
        elif now_s - self._over_s > STOPPING_S:
            self._is_broken_off = True
            poller.cycle.line.break_off()

    def _is_hanging(self, now_s: float, grace_s: float) -> bool:
        until_s = self._worker.poller.cycle.line.busy_until_s
        return until_s is not None and now_s > until_s + grace_s

    def _part_from_it(self, now: datetime) -> None:
        """Close the connection of a thread that hangs; if that does not help, go on without it."""
        if not self._is_broken_off:
            self._is_broken_off = True
            self._worker.poller.cycle.line.break_off()
            return
        self._leave()
        told = "the driver did not come back from a call after its connection was closed"
        self.tally.fail(DeviceTimedOut(told), now, slots=0)
        self._begin_anew(now)

    def _leave(self) -> None:
        self._worker.is_left = True
        self._worker.poller.leave()
        _left.append(self._worker.thread)
        log(
            "ERROR",
            "a thread hangs in a driver and is left behind",
            group=self.group.name,
            left=left_behind(),
        )

    def _begin_anew(self, now: datetime) -> None:
        """Go on in a new thread, unless too many hang already; the slots between are missed."""
        self._is_waiting = left_behind() >= self.most_left
        if self._is_waiting:
            self._miss(now)
            return
        first_slot = self._last + self.group.interval
        if self._renewal:
            first_slot = self._change(self._renewal, self._last, now)
        rising = self._worker.poller.cycle.rising.anew(waits=self.group.acknowledge_tag is not None)
        self._is_broken_off, self._over_s = False, None
        self._worker = _Worker(self.make(first_slot, rising))
        if self._until:
            self._worker.poller.stop_before(self._until)
        self._worker.thread.start()

    @property
    def _last(self) -> datetime:
        """Return the newest slot that was dealt with."""
        return max(self._worker.poller.last, self._missed)

    def _miss(self, now: datetime) -> None:
        """Count slots that are over and had no thread, from the first one on that is this burst's."""
        first, interval = self._last + self.group.interval, self.group.interval
        if now < first and not self.tally.has_begun:
            return
        if over := count_between(first, min(now, self._until or now), interval):
            self.tally.miss(over)
            self._missed = first + (over - 1) * interval
        told = f"{self.most_left} threads hang in drivers: no other is started until one of them ends"
        self.tally.fail(InternalError(told), now, slots=0)

    def _change(self, renewal: Renewal, last: datetime, now: datetime) -> datetime:
        """Take over a changed group, and return its first slot: none is read twice, and none left out.

        With another interval the slots before now are nobody's.
        """
        is_as_often = renewal.group.interval == self.group.interval
        after = last + self.group.interval if is_as_often else max(now, last + timedelta.resolution)
        self._renewal, self.group, self.make = None, renewal.group, renewal.make
        self.tally.group, self.buffer.limit = renewal.group, renewal.limit
        return max(slot_at_or_after(after, self.group.interval), renewal.first_slot)
