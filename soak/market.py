"""What publishers of series had, and since when: late, changed, gone again, or never.

Each series has a value an hour. Nothing here imports `plantpulse`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from soak.draws import Draws

HOUR: Final = timedelta(hours=1)
BRUSSELS: Final = ZoneInfo("Europe/Brussels")
KINDS: Final = {"DE": ("load", "day_ahead_price"), "NL": ("load",)}
_NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
_PRICES_AT: Final = time(12, 45)  # on the day before, by the clock of Brussels


class Shown(NamedTuple):
    """What a publisher shows of an hour from one instant to another."""

    seen_from: datetime
    seen_until: datetime
    value: Decimal


@dataclass(slots=True)
class Market:
    """All publishers' series, by subject and kind. Their days are made when somebody looks at them."""

    draws: Draws
    _days: dict[tuple[str, str, date], dict[datetime, tuple[Shown, ...]]] = field(default_factory=dict)

    def series(self) -> list[tuple[str, str]]:
        """Return subject and kind of each series."""
        return [(subject, kind) for subject, kinds in KINDS.items() for kind in kinds]

    def values(
        self, subject: str, kind: str, start: datetime, until: datetime, as_of: datetime
    ) -> Iterator[tuple[datetime, Decimal]]:
        """Yield the hours of a span that a publisher showed at an instant, with their values."""
        day = start.astimezone(UTC).date()
        while day <= until.astimezone(UTC).date():
            for at, versions in self._day(subject, kind, day).items():
                shown = next((one for one in versions if one.seen_from <= as_of < one.seen_until), None)
                if shown and start <= at < until:
                    yield at, shown.value
            day += timedelta(days=1)

    def shown_since(self, subject: str, kind: str, at: datetime) -> datetime | None:
        """Return since when a publisher has had an hour that it never takes back; None if it has not."""
        versions = self._day(subject, kind, at.astimezone(UTC).date())[at]
        return versions[0].seen_from if versions and versions[-1].seen_until == _NEVER else None

    def due_until(self, kind: str, now: datetime) -> datetime:
        """Return the end of what has to be published: docs/series.md."""
        if kind == "load":
            return now - HOUR
        local = now.astimezone(BRUSSELS)
        days = 2 if local.time() >= time(14) else 1
        midnight = datetime.combine(local.date() + timedelta(days=days), time(), tzinfo=BRUSSELS)
        return midnight.astimezone(UTC)

    def _day(self, subject: str, kind: str, day: date) -> dict[datetime, tuple[Shown, ...]]:
        key = subject, kind, day
        if key not in self._days:
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            hours = [midnight + hour * HOUR for hour in range(24)]
            self._days[key] = {at: tuple(self._versions(subject, kind, at)) for at in hours}
        return self._days[key]

    def _versions(self, subject: str, kind: str, at: datetime) -> Iterator[Shown]:
        name = f"{subject} {kind} {at:%Y-%m-%dT%H}"
        value, seen_from = self._value(f"{name} first"), self._published(subject, kind, at)
        fates = {"changes": 0.1, "vanishes": 0.005, "never": 0.005}
        match self.draws.kind(fates, f"{name} fate"):
            case "never":
                return
            case "changes":
                changed = seen_from + self._hours(0, 30, f"{name} changed")
                yield Shown(seen_from, changed, value)
                yield Shown(changed, _NEVER, self._value(f"{name} second"))
            case "vanishes":
                yield Shown(seen_from, seen_from + self._hours(0, 30, f"{name} gone"), value)
            case _:
                yield Shown(seen_from, _NEVER, value)

    def _published(self, subject: str, kind: str, at: datetime) -> datetime:
        """Return when an hour is published: prices a day at once, and other values hour by hour."""
        if kind == "day_ahead_price":
            day = at.astimezone(BRUSSELS).date()
            name = f"{subject} {kind} of {day}"
            usual = datetime.combine(day - timedelta(days=1), _PRICES_AT, tzinfo=BRUSSELS).astimezone(UTC)
        else:
            name = f"{subject} {kind} {at:%Y-%m-%dT%H}"
            usual = at + HOUR + self._hours(0.1, 0.9, f"{name} usual")
        match self.draws.kind({"late": 0.06, "very late": 0.01}, f"{name} lateness"):
            case "late":
                return usual + self._hours(1, 30, f"{name} late")
            case "very late":
                return usual + self._hours(30, 140, f"{name} late")
        return usual

    def _value(self, name: str) -> Decimal:
        return Decimal(self.draws.whole(100, 90_000, name)) / 100

    def _hours(self, least: float, most: float, name: str) -> timedelta:
        return timedelta(hours=self.draws.between(least, most, name))
