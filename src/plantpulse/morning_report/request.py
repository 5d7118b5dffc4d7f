"""The parameters of the Morning Report, and which days are refused.

Pure. A range of days has its first and last date, both included, like the span of a poll.
"""

import datetime as dt
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.entry.dates import Date
from plantpulse.entry.requests import Request, parameter
from plantpulse.errors import InvalidRequest
from plantpulse.late_dataclasses import dataclass
from plantpulse.morning_report.day import last_ended
from plantpulse.settings import MorningReportSettings

_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MorningReportRequest(Request):
    """Make the report of one production day or several; an earlier report is replaced."""

    plant: str | None = None
    date: Date = parameter(
        None,
        description="The production day (default: the last finished one).",
        metavar="DATE",
    )
    from_date: Date = parameter(
        None,
        description="The first of several production days.",
        metavar="DATE",
        option="from",
    )
    until_date: Date = parameter(
        None,
        description="With --from: the last day, included.",
        metavar="DATE",
        option="until",
    )
    dry_run: bool = parameter(False, description="Read and evaluate, but write nothing.")


class Days(NamedTuple):
    """Production days by their dates, without `until`."""

    first: dt.date
    until: dt.date


def days_asked(
    request: MorningReportRequest, report: MorningReportSettings, now: dt.datetime, zone: ZoneInfo
) -> Days:
    """Return the days that a person asks for. Raises: InvalidRequest that names the field and the reason."""
    newest = last_ended(now, dt.time.fromisoformat(report.day_starts_at), zone)
    days, fields = _named(request) or (Days(newest, newest + _DAY), ("date", "date"))
    count = (days.until - days.first).days
    if count < 1:
        raise InvalidRequest("must not be before the first day", field="until_date")
    if count > report.longest_range_days:
        told = f"at most {report.longest_range_days} days at once (longest_range_days), not {count}"
        raise InvalidRequest(told, field="until_date")
    if days.until - _DAY > newest:
        raise InvalidRequest(f"the last finished day is {newest}", field=fields[1])
    oldest = newest - _DAY * (report.source_keeps_days - 1)
    if days.first < oldest:
        told = f"the source keeps no days before {oldest} (source_keeps_days)"
        raise InvalidRequest(told, field=fields[0])
    return days


def _named(request: MorningReportRequest) -> tuple[Days, tuple[str, str]] | None:
    """Return the days in the request and the fields that name them; None without any."""
    date, first, until = request.date, request.from_date, request.until_date
    if date and (first or until):
        raise InvalidRequest("ask for one day or for a range of days, not for both", field="date")
    if date:
        return _days(date, date, "date"), ("date", "date")
    if first and until:
        return _days(first, until, "until_date"), ("from_date", "until_date")
    if first or until:
        missing = "until_date" if first else "from_date"
        raise InvalidRequest("a range of days needs its first and its last day", field=missing)
    return None


def _days(first: dt.date, last: dt.date, field: str) -> Days:
    if last == dt.date.max:
        raise InvalidRequest("must be a finished day", field=field)
    return Days(first, last + _DAY)
