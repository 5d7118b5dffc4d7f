"""Arguments of commands about series: days and times on the clock of a series. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from plantpulse.errors import InvalidRequest

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, or a time; without an offset it is of the series' own clock."""

    at: date | datetime

    def start(self, zone: ZoneInfo) -> datetime:
        """Return the instant; of a day its first."""
        return self._instant(zone, timedelta(0))

    def end(self, zone: ZoneInfo) -> datetime:
        """Return the instant; of a day the first of the next day, so that the day is included."""
        return self._instant(zone, timedelta(days=1))

    def _instant(self, zone: ZoneInfo, days: timedelta) -> datetime:
        if isinstance(self.at, datetime):
            return (self.at if self.at.tzinfo else self.at.replace(tzinfo=zone)).astimezone(UTC)
        return datetime.combine(self.at + days, time(), tzinfo=zone).astimezone(UTC)


class MomentType(click.ParamType[Moment]):
    """A day or an ISO 8601 time."""

    name = "moment"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the value in the help."""
        return "DATE|TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Moment:
        """Return the day or time that a text means."""
        if isinstance(value, Moment):
            return value
        text = str(value).strip()
        try:
            found = date.fromisoformat(text) if _DAY.fullmatch(text) else datetime.fromisoformat(text)
        except ValueError:
            found = None
        if found is None or not EARLIEST.year <= found.year < LATEST.year:
            self.fail(f"{value!r} is neither a date such as 2026-03-10 nor an ISO 8601 time", param, ctx)
        return Moment(found)


def span_of(
    first: Moment | None, last: Moment | None, zone: ZoneInfo, otherwise: tuple[datetime, datetime]
) -> tuple[datetime, datetime]:
    """Return the span between two moments on the clock of a series, by default another one's ends.

    Raises: InvalidRequest for a reversed one.
    """
    start = first.start(zone) if first else otherwise[0]
    until = last.end(zone) if last else otherwise[1]
    if first and last and until <= start:
        raise InvalidRequest("must not be before --from", field="until")
    return start, until
