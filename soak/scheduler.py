"""The cloud's scheduler, imitated: it delivers each slot, mostly once and mostly in time.

It tries again after an answer that asks for it, or after none at all, as both clouds' do.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from soak.boundaries import Boundaries
from soak.timeline import Process

RETRIES: Final = 2
_ANSWERED_WITHIN_S: Final = 150.0
_IN_FLIGHT_S: Final = 3_600.0  # longer than anything that a process sent is on its way
_IN_TIME: Final = timedelta(seconds=1)
_LATE_S: Final = (30.0, 1_800.0)
_VERY_LATE_S: Final = (1_800.0, 90_000.0)

Call = Callable[[datetime], int]


@dataclass(frozen=True, slots=True)
class Line:
    """What one line of the scheduler calls, and when. `call` takes the slot and returns an HTTP status."""

    pipeline: str
    plant: str
    slots: Callable[[datetime, datetime], Iterator[datetime]]
    call: Call

    def name_at(self, slot: datetime) -> str:
        """Return the name of a delivery."""
        return f"{self.pipeline} {self.plant} {slot:%Y-%m-%dT%H:%M}"


@dataclass(slots=True)
class Scheduler:
    """The scheduler of one world. `ticks` counts the calls that reached a function.

    `faulty` are the processes that met a fault. `after` is called, by pipeline, behind calls that met none,
    with the time of the call and of its answer.
    """

    boundaries: Boundaries
    ticks: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)
    after: dict[str, Callable[[datetime, datetime], None]] = field(default_factory=dict)

    def run(self, line: Line, start: datetime, until: datetime) -> None:
        """Deliver every slot of a span when its time comes."""
        for slot in line.slots(start, until):
            self.boundaries.timeline.at(slot, partial(self._due, line, slot))

    def _due(self, line: Line, slot: datetime) -> None:
        name, draws = line.name_at(slot), self.boundaries.draws
        timeline = self.boundaries.timeline
        after_s = draws.between(0.1, 4.0, f"{name} after")
        match self.boundaries.faults.at("delivery", name, timeline.now):
            case "never":
                return
            case "late":
                after_s = draws.between(*_LATE_S, f"{name} late")
            case "very late":
                after_s = draws.between(*_VERY_LATE_S, f"{name} late")
            case "twice":
                latest_s = 120 if draws.share(f"{name} overlaps") < 0.7 else 4_000
                again_s = draws.between(0, latest_s, f"{name} again")
                timeline.after(again_s, lambda: self._deliver(line, slot, f"{name} again", RETRIES))
        timeline.after(after_s, lambda: self._deliver(line, slot, name, RETRIES))

    def _deliver(self, line: Line, slot: datetime, name: str, retries: int) -> None:
        answered, timeline = list[int](), self.boundaries.timeline
        began_at, after = timeline.now, self.after.get(line.pipeline)

        def work() -> None:
            try:
                answered.append(line.call(slot))
            finally:
                if process.is_faulty:
                    self.faulty.add(name)
            if not process.is_faulty:
                self.boundaries.ledger.called[line.pipeline, line.plant] = slot, began_at
                if after:
                    after(began_at, timeline.now)

        process = Process(timeline, name, work)
        process.skew = self._skew(name)
        process.is_faulty = abs(process.skew) > _IN_TIME

        def look() -> None:
            status = answered[0] if answered else 0
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if retries and status not in range(200, 300):
                self._deliver(line, slot, f"{name} retry {retries}", retries - 1)

        self.ticks += 1
        process.start()
        timeline.after(_ANSWERED_WITHIN_S, look)
        timeline.after(_IN_FLIGHT_S, lambda: self.boundaries.ledger.end_of(name))

    def _skew(self, name: str) -> timedelta:
        draws, now = self.boundaries.draws, self.boundaries.timeline.now
        fault = self.boundaries.faults.at("clock", f"{name} clock", now)
        if fault is None:
            return timedelta(seconds=draws.between(-0.2, 0.2, f"{name} skew"))
        seconds = draws.between(1, 2_000, f"{name} skew")
        return timedelta(seconds=seconds if fault == "ahead" else -seconds)


def every(interval: timedelta) -> Callable[[datetime, datetime], Iterator[datetime]]:
    """Return the slots of a grid since midnight UTC."""

    def slots(start: datetime, until: datetime) -> Iterator[datetime]:
        slot = start.replace(hour=0, minute=0, second=0, microsecond=0)
        while slot < until:
            if slot >= start:
                yield slot
            slot += interval

    return slots


def daily(at: time, zone: ZoneInfo) -> Callable[[datetime, datetime], Iterator[datetime]]:
    """Return the slots of a time of each local day."""

    def slots(start: datetime, until: datetime) -> Iterator[datetime]:
        day: date = start.astimezone(zone).date()
        while True:
            slot = datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
            if slot >= until:
                return
            if slot >= start:
                yield slot
            day += timedelta(days=1)

    return slots
