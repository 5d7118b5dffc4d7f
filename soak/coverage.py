"""Which slots and days the runs have covered, and when each was read last. Nothing here imports `plantpulse`.

Source: docs/architecture.md and docs/morning-report.md. A poll writes its own slot, those that were missed
within the catch-up, and the last two before them again. A report writes the days that it has read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

_NEAR: Final = timedelta(hours=12)
_MIDNIGHT: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Asked(NamedTuple):
    """A span of the past that somebody asks for, both ends included."""

    start: datetime
    until: datetime


class Reading(NamedTuple):
    """When the plant's output and its stops were read."""

    output_at: datetime
    stops_at: datetime


@dataclass(slots=True)
class Slots:
    """The slots of a plant that polls have covered, each with its last reading.

    `filled` counts the slots of spans. `left_out`: slots of spans that were answered as filled, and are not.
    `by_chance`: slots in whose very second somebody polled by hand last, which says nothing of `slot_output`.
    """

    every: timedelta
    longest: timedelta
    zone: ZoneInfo
    read: dict[datetime, Reading] = field(default_factory=dict)
    newest: datetime | None = None
    filled: int = 0
    left_out: set[datetime] = field(default_factory=set)
    by_chance: set[datetime] = field(default_factory=set)

    def cover(self, slot: datetime, reading: Reading) -> None:
        """Note the commit of a scheduled poll."""
        newest = self.newest
        self._note(slot, reading)
        if newest is None or slot <= newest:
            self.newest = newest or slot
            return
        has_gap = slot > newest + self.every
        for again in (newest, newest - self.every):
            # Behind a gap a poll looks no longer whether it was written: also where it was before the first.
            if (again in self.read or has_gap) and again >= slot - self.longest:
                self._note(again, reading)
        missed = max(newest + self.every, slot - self.longest)
        while missed < slot:
            self._note(missed, reading)
            missed += self.every
        self.newest = slot

    def fill(self, slot: datetime, reading: Reading) -> None:
        """Note that a slot of a span was read again: no other slot is touched."""
        self._note(slot, reading)
        self.filled += 1

    def poll_by_hand(self, slot: datetime, reading: Reading) -> None:
        """Note a poll by hand in the very second of a slot."""
        self.read[slot] = reading
        self.by_chance.add(slot)

    def _note(self, slot: datetime, reading: Reading) -> None:
        self.read[slot] = reading
        self.by_chance.discard(slot)

    def is_slot(self, at: datetime) -> bool:
        """Say whether an instant is a slot of the schedule."""
        return not (at - _MIDNIGHT) % self.every

    def end_span(self, asked: Asked, since: datetime) -> None:
        """Note that a span was answered as filled; slots before `since` are nobody's."""
        slot = asked.until - (asked.until - _MIDNIGHT) % self.every
        while slot >= max(asked.start, since):
            self.left_out |= set() if slot in self.read else {slot}
            slot -= self.every

    def local_window(self, slot: datetime, length: timedelta) -> tuple[datetime, datetime] | None:
        """Return what a slot's window is by the plant's clock; None near a change of that."""
        around = [(slot + hours).astimezone(self.zone).utcoffset() for hours in (-_NEAR, _NEAR)]
        until = slot.astimezone(self.zone).replace(tzinfo=None)
        return (until - length, until) if around[0] == around[1] else None

    def forget(self, before: datetime) -> None:
        """Forget slots that are settled."""
        self.read = {slot: reading for slot, reading in self.read.items() if slot >= before}


@dataclass(slots=True)
class Days:
    """The production days of a plant that reports have covered, each with its last reading.

    `reporter` is the process of the last report: one that lost its source leaves days for the next morning.
    """

    read: dict[date, Reading] = field(default_factory=dict)
    reporter: str = ""

    def cover(self, days: Mapping[date, Reading], reporter: str) -> None:
        """Note the commit of a report."""
        self.read.update(days)
        self.reporter = reporter
