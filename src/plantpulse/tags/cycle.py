"""What is done in one slot of a group: its tags are read, or its trigger tag is looked at."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from plantpulse.errors import (
    DeviceRefused,
    DeviceTimedOut,
    DeviceUnavailable,
    InternalError,
    NotConfigured,
    PlantpulseError,
)
from plantpulse.tags.acknowledging import Acknowledging
from plantpulse.tags.buffer import Buffer, Sample
from plantpulse.tags.gathering import Gathering
from plantpulse.tags.line import Line, tried
from plantpulse.tags.readings import Quality, Reading, refusal_of_all
from plantpulse.tags.rising import RISES, Bits, Look, Rising
from plantpulse.tags.slots import SlotClock
from plantpulse.tags.tag import Group
from plantpulse.tags.tally import Tally

READ_PART: Final = 0.8  # of the interval: the rest is for a new connection
LONGEST_READ_S: Final = 10.0
LONGEST_GAP: Final = 1.5  # intervals between two looks; a bit may drop and rise again in a longer one
_MOST_MS: Final = 32_767


@dataclass(slots=True, eq=False)
class Cycle:
    """The work of one group's thread, slot by slot; when it is done is decided by `polling`.

    `tell_rise` is called when there is a sample that a machine waits for.
    """

    group: Group
    line: Line
    clock: SlotClock
    buffer: Buffer
    tally: Tally
    rising: Rising = field(default_factory=Rising)
    tell_rise: Callable[[], None] = lambda: None
    monotonic: Callable[[], float] = time.monotonic
    owed: Acknowledging = field(init=False)
    _gathering: Gathering = field(default_factory=Gathering, init=False)
    _is_left: bool = field(default=False, init=False)
    _looked_s: float | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self.owed = Acknowledging(self.group, self.line, self.clock, self.tally, self.rising, self.monotonic)

    def serve(self, slot: datetime) -> None:
        """Read what belongs to a slot that has begun."""
        if self.group.trigger_tag:
            self._look(slot)
        else:
            self._read(slot)

    def connect(self) -> PlantpulseError | None:
        """Connect to the device; return why that failed."""
        return tried(self.line.connect)

    def prove(self, deadline_s: float) -> bool:
        """Say whether the device answers on its connection; without an answer that is dropped."""
        return not isinstance(tried(lambda: self.line.prove(deadline_s)), PlantpulseError)

    def fail(self, slots: Sequence[datetime], error: PlantpulseError, quality: Quality) -> None:
        """Keep slots that could not be read."""
        self.tally.fail(error, slots[0], slots=len(slots))
        self._put_bad(slots, quality)

    def wait(self, slots: Sequence[datetime]) -> None:
        """Keep slots that passed while a connection was made that now stands."""
        self.tally.wait(len(slots))
        self._put_bad(slots, Quality.NOT_CONNECTED)

    def leave(self) -> None:
        """Keep nothing more of this thread."""
        with self._lock:
            self._is_left = True

    def acknowledge(self) -> None:
        """Set the acknowledge tag, if that is owed to the machine."""
        self.owed.hear()
        self._forget_after_gap()
        if not self._is_left and not self.owed.attempt(self._longest_s()):
            self._forget()

    def watch(self) -> None:
        """Look whether a machine that waits has gone on, if an interval has passed since the last look."""
        if self.line.is_connected and self._is_unseen_for(1):
            now_s = self.monotonic()
            bits = self._bits(now := self.clock.at(now_s), now_s + self._longest_s())
            if bits and (look := self.rising.judge(bits)) not in RISES:
                self.rising.take(look, now, bits)

    @property
    def is_settled(self) -> bool:
        """Say whether the machine waits for nothing that can still be written."""
        return self._is_left or self.owed.is_settled

    @property
    def is_gathering(self) -> bool:
        """Say whether a rise is read in part; then the connection must stay, because it knows the rest."""
        return self._gathering.slot is not None

    def _read(self, slot: datetime) -> None:
        """Read all tags, and keep the sample of the slot."""
        began_s = self.monotonic()
        readings = self._readings(slot, self._deadline_s(slot))
        if not readings:
            return
        read_ms = self._ms_since(began_s)
        if error := refusal_of_all(readings):
            each_its_own = readings if len({one.quality for one in readings}) > 1 else ()
            self.tally.fail(error, slot)
            self._put(Sample(slot, readings[0].quality, each_its_own, read_ms))
            return
        self._put(Sample(slot, Quality.GOOD, readings, read_ms))
        self._count(slot, began_s)

    def _readings(self, slot: datetime, deadline_s: float) -> Sequence[Reading]:
        """Return what the device answered; nothing if it did not, which is kept."""
        readings = tried(lambda: self.line.read(deadline_s))
        if isinstance(readings, PlantpulseError):
            self.fail([slot], readings, quality_of(readings))
            return ()
        return readings

    def _look(self, slot: datetime) -> None:
        """Look at the trigger tag, and read the others if it rose."""
        began_s = self.monotonic()
        self.owed.hear()
        self._forget_after_gap()
        if seen := self._seen(slot):
            self._take(slot, began_s, *seen)

    def _seen(self, slot: datetime) -> tuple[Look, Bits] | None:
        """Return what a look means, after what it asks for was read; None if there is more to read."""
        bits = self._bits(slot, self._deadline_s(slot))
        if bits and self.rising.judge(bits) is Look.RISE and not self.rising.was_low:
            # One look may see the trigger before the machine clears both bits, and the other bit after it.
            bits = self._bits(slot, self.monotonic() + self._longest_s())
        if bits is None:
            return None
        look = self.rising.judge(bits)
        if look not in RISES:
            return look, bits
        if error := self.owed.hindrance:
            self.tally.fail(error, slot)
            return None
        # The machine holds its values until they are acknowledged: the next slot reads what this one left.
        after = self._gather(slot)
        return (look if after.is_high else Look.FALL, after) if after else None

    def _take(self, slot: datetime, began_s: float, look: Look, bits: Bits) -> None:
        """Keep what was read of a rise, and note what the look means."""
        if rose_in := self._gathering.slot:  # all of a rise, or what came before the machine dropped its bit
            if error := refusal_of_all(self._gathering.known):
                self.tally.fail(error, slot)
                self._gathering.begin_anew()
                return
            readings, is_doubtful = self._gathering.take(), self.rising.is_doubtful
            self._put(Sample(rose_in, Quality.GOOD, readings, self._ms_since(began_s), is_doubtful))
            self.owed.begin_part()
        self.rising.take(look, rose_in or slot, bits)
        if self.owed.refusal and self.rising.is_owed:
            self.tally.fail(self.owed.refusal, slot)
        else:
            self._count(slot, began_s)
        if self.rising.level is not None:
            self.tally.see(self.rising.level, slot)
        if rose_in and self.rising.unstored == rose_in:
            self.tell_rise()

    def _bits(self, slot: datetime, deadline_s: float) -> Bits | None:
        """Return what a look sees; after one that fails, nothing is known of the trigger any more."""
        seen = tried(lambda: self.line.look(deadline_s))
        if isinstance(seen, PlantpulseError) or seen[0].value is None:
            error = seen if isinstance(seen, PlantpulseError) else _without_value(seen[0].quality)
            self.fail([slot], error, quality_of(error))
            self._forget()
            return None
        self._looked_s = self.monotonic()
        taken = seen[1].value if len(seen) > 1 else None
        return Bits(bool(seen[0].value), None if taken is None else bool(taken))

    def _forget_after_gap(self) -> None:
        """Begin anew with the trigger, if slots passed since the last look without another one."""
        if self._is_unseen_for(LONGEST_GAP):
            self._forget()

    def _is_unseen_for(self, intervals: float) -> bool:
        longest_s = intervals * self.group.interval.total_seconds()
        return self._looked_s is not None and self.monotonic() - self._looked_s > longest_s

    def _forget(self) -> None:
        """Begin anew with the trigger, and with what is read: the machine may be at another part."""
        self.rising.forget()
        self._gathering.begin_anew()

    def _gather(self, slot: datetime) -> Bits | None:
        """Read the tags of a rise, and return what a look sees after it; None if more is to be read.

        A machine that drops its bit while it is read may have changed its values by then.
        """
        readings = self._readings(slot, self.monotonic() + self._longest_s())
        if not readings:
            self._gathering.begin_anew()
            return None
        if not self.line.is_connected:  # a tag that was silent before was asked again, and still is
            self._forget()
            self.tally.fail(DeviceTimedOut("a tag of a rise is not answered: it is read again"), slot)
            return None
        bits = self._bits(slot, self.monotonic() + self._longest_s())
        if bits is None:
            return None
        left = self._gathering.add(slot, readings if bits.is_high else [one.doubted() for one in readings])
        if left and bits.is_high:
            told = f"{left} of {len(readings)} tags of a rise are not read yet: it is not acknowledged before"
            self.tally.fail(DeviceTimedOut(told), slot)
            return None
        return bits

    def _count(self, slot: datetime, began_s: float) -> None:
        late_ms = _ms(began_s - self.clock.monotonic_of(slot))
        self.tally.read(slot, late_ms, self._ms_since(began_s))

    def _put_bad(self, slots: Sequence[datetime], quality: Quality) -> None:
        """Keep slots without values. A handshake group has samples of its rises alone."""
        if not self.group.trigger_tag:
            for slot in slots:
                self._put(Sample(slot, quality))

    def _put(self, sample: Sample) -> None:
        with self._lock:
            if not self._is_left:
                self.buffer.put(self.group, sample)

    def _longest_s(self) -> float:
        return min(self.group.interval.total_seconds() * READ_PART, LONGEST_READ_S)

    def _deadline_s(self, slot: datetime) -> float:
        return self.clock.monotonic_of(slot) + self._longest_s()

    def _ms_since(self, began_s: float) -> int:
        return _ms(self.monotonic() - began_s)


def quality_of(error: PlantpulseError, *, is_connected: bool = True) -> Quality:
    """Return the quality of a slot that an error kept from being read."""
    if isinstance(error, DeviceRefused | NotConfigured):
        return Quality.REFUSED
    if isinstance(error, InternalError):
        return Quality.DEVICE_FAILURE
    is_late = is_connected and isinstance(error, DeviceTimedOut)
    return Quality.TIMED_OUT if is_late else Quality.NOT_CONNECTED


def _without_value(quality: Quality) -> DeviceUnavailable:
    return DeviceUnavailable(f"the trigger tag has no value: {quality.words}")


def _ms(seconds: float) -> int:
    return max(0, min(_MOST_MS, round(seconds * 1000)))
