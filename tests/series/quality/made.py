"""Points for tests, written as their values."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from plantpulse.series.points import Point
from plantpulse.series.publisher import Span
from plantpulse.series.quality.days import Day, day_span, local_days

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
# A Wednesday, two and a half months away from any change of the clock.
WEDNESDAY = date(2025, 1, 15)
A_DAY = timedelta(days=1)

Value = str | float | None


def utc(text: str) -> datetime:
    """Return an instant of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def points_from(start: datetime, minutes: int, values: Iterable[Value]) -> list[Point]:
    """Return neighbouring points."""
    return [
        Point(
            start + number * timedelta(minutes=minutes), minutes, None if one is None else Decimal(str(one))
        )
        for number, one in enumerate(values)
    ]


def hours_of(day: date, values: Sequence[Value], zone: ZoneInfo = BERLIN) -> list[Point]:
    """Return hourly points from the local midnight of a day on."""
    return points_from(day_span(day, zone).start, 60, values)


def as_day(points: Sequence[Point], zone: ZoneInfo = BERLIN) -> Day:
    """Return the one day on which the points are."""
    [day] = local_days(points, zone)
    return day


def days_before(day: date, count: int, values: Sequence[Value]) -> list[Day]:
    """Return days before a day, the oldest first, that all have the same hourly values."""
    return [as_day(hours_of(day - back * A_DAY, values)) for back in range(count, 0, -1)]


def span_of(day: date, zone: ZoneInfo = BERLIN) -> Span:
    """Return a local day."""
    return day_span(day, zone)


# A calm day of prices in EUR/MWh: median 83.5, median absolute deviation 8.
CALM = [70, 68, 66, 65, 66, 70, 80, 95, 98, 92, 86, 84, 82, 80, 79, 82, 88, 97, 105, 102, 95, 88, 80, 75]
