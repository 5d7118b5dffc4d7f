"""When a pipeline is due: every N minutes, at a local time of some days, or both.

Pure; every instant is aware UTC. A slot is the time that is due, and the name under which a scheduled run is
claimed. The cloud's scheduler is set up from the same settings, so both use the same instants. Truth about
zones: the tz database, through `zoneinfo`.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal, Protocol, Self
from zoneinfo import ZoneInfo

from plantpulse.late_dataclasses import dataclass
from plantpulse.schedules import slots

# A local day lasts 23 to 25 hours, and a zone may skip a whole day: this many days contain a slot each way.
_INSTANT: Final = timedelta(microseconds=1)
_DAYS_AROUND: Final = tuple(timedelta(days=days) for days in range(-2, 3))


class Schedule(Protocol):
    """The slots of a pipeline, without an end in either direction."""

    def slot_at_or_before(self, at: datetime) -> datetime:
        """Return the latest slot that is not after the instant."""
        ...

    def next_slot(self, at: datetime) -> datetime:
        """Return the first slot after the instant; for a slot, the next one."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """Every `interval` since UTC midnight; it must divide a day. Clock changes do not affect it."""

    interval: timedelta

    @classmethod
    def minutes(cls, every_minutes: int) -> Self:
        """Return the schedule of `every_minutes`. Raises: ConfigurationError."""
        return cls(slots.grid_interval(every_minutes))

    def slot_at_or_before(self, at: datetime) -> datetime:
        """Return the latest slot that is not after the instant."""
        return slots.slot_at_or_before(at, self.interval)

    def next_slot(self, at: datetime) -> datetime:
        """Return the first slot after the instant; for a slot, the next one."""
        return slots.next_slot(at, self.interval)


@dataclass(frozen=True, slots=True)
class DailyAt:
    """Once every local day, at a time of the zone's clock.

    If the clock skips the time on a day, the slot is as long after midnight as on any other day: 02:30 is
    then shown as 03:30. If the clock shows it twice, the slot is the first time.
    """

    at: time
    zone: ZoneInfo

    @classmethod
    def local_time(cls, at: str, time_zone: str) -> Self:
        """Return the schedule of `at: "06:00"`, in the zone with this IANA name."""
        return cls(time.fromisoformat(at), ZoneInfo(time_zone))

    def slot_on(self, day: date) -> datetime:
        """Return the slot of a local day."""
        return _slot_on(day, self.at, self.zone)

    def slot_at_or_before(self, at: datetime) -> datetime:
        """Return the latest slot that is not after the instant."""
        return next(slot for slot in reversed(self._slots_around(at)) if slot <= at)

    def next_slot(self, at: datetime) -> datetime:
        """Return the first slot after the instant; for a slot, the next one."""
        return next(slot for slot in self._slots_around(at) if slot > at)

    def _slots_around(self, at: datetime) -> tuple[datetime, ...]:
        """Return the slots of the days around an instant, the earliest first."""
        return _slots_around(at.astimezone(self.zone).date(), self.at, self.zone)


# Health asks for the same days of one schedule for a thousand plants. Its parts are hashed sooner than it.
@lru_cache(maxsize=1000)
def _slots_around(today: date, at: time, zone: ZoneInfo) -> tuple[datetime, ...]:
    return tuple(_slot_on(today + days, at, zone) for days in _DAYS_AROUND)


def _slot_on(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at.replace(fold=0), tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class OnDays:
    """At a local time, but only on Mondays, or only on the first day of each month."""

    daily: DailyAt
    on: Literal["monday", "first"]

    def slot_at_or_before(self, at: datetime) -> datetime:
        """Return the latest slot that is not after the instant."""
        slot = self.daily.slot_at_or_before(at)
        while not self._is_due(slot):
            slot = self.daily.slot_at_or_before(slot - _INSTANT)
        return slot

    def next_slot(self, at: datetime) -> datetime:
        """Return the first slot after the instant; for a slot, the next one."""
        slot = self.daily.next_slot(at)
        while not self._is_due(slot):
            slot = self.daily.next_slot(slot)
        return slot

    def _is_due(self, slot: datetime) -> bool:
        day = slot.astimezone(self.daily.zone).date()
        return day.weekday() == 0 if self.on == "monday" else day.day == 1


@dataclass(frozen=True, slots=True)
class Together:
    """Several schedules at once: a slot of any of them is a slot."""

    schedules: tuple["Schedule", ...]

    def slot_at_or_before(self, at: datetime) -> datetime:
        """Return the latest slot that is not after the instant."""
        return max(one.slot_at_or_before(at) for one in self.schedules)

    def next_slot(self, at: datetime) -> datetime:
        """Return the first slot after the instant; for a slot, the next one."""
        return min(one.next_slot(at) for one in self.schedules)


def is_slot(schedule: Schedule, at: datetime) -> bool:
    """Say whether a run is due at exactly this instant."""
    return schedule.slot_at_or_before(at) == at


def scheduled_slot(
    schedule: Schedule,
    scheduled_at: datetime | None,
    now: datetime,
    *,
    catch_up: timedelta,
    tolerance: timedelta,
    offset: timedelta = timedelta(0),
) -> datetime | None:
    """Return the slot of a scheduler's time, in UTC; None means that the run counts as manual.

    It must be a slot or `offset` after one, at most `catch_up` old and at most `tolerance` ahead.
    A "run now" may send the time of a future run, and must not take that run's slot. A time without a UTC
    offset is no slot.
    """
    if scheduled_at is None or scheduled_at.tzinfo is None:
        return None
    # Before anything is computed: a time near the ends of the calendar has no UTC, and no neighbours.
    if not now - catch_up <= scheduled_at <= now + tolerance:
        return None
    slots = (scheduled_at.astimezone(UTC), scheduled_at.astimezone(UTC) - offset)
    return next((slot for slot in slots if is_slot(schedule, slot)), None)
