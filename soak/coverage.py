"""Which slots and days the runs have covered, and when each was read last. Nothing here imports `plantpulse`.

Source: docs/architecture.md and docs/morning-report.md. A poll writes its own slot, those that were missed
within the catch-up, and the last two before them again. A report writes the days that it has read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple


class Reading(NamedTuple):
    """When the plant's output and its stops were read."""

    output_at: datetime
    stops_at: datetime


@dataclass(slots=True)
class Slots:
    """The slots of a plant that scheduled polls have covered, each with its last reading."""

    every: timedelta
    longest: timedelta
    read: dict[datetime, Reading] = field(default_factory=dict)
    newest: datetime | None = None

    def cover(self, slot: datetime, reading: Reading) -> None:
        """Note the commit of a scheduled poll."""
        newest, self.read[slot] = self.newest, reading
        if newest is None or slot <= newest:
            self.newest = newest or slot
            return
        has_gap = slot > newest + self.every
        for again in (newest, newest - self.every):
            # Behind a gap a poll looks no longer whether it was written: also where it was before the first.
            if (again in self.read or has_gap) and again >= slot - self.longest:
                self.read[again] = reading
        missed = max(newest + self.every, slot - self.longest)
        while missed < slot:
            self.read[missed] = reading
            missed += self.every
        self.newest = slot

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
