"""A span of the past that a person asks for: its slots, and why it may be refused.

Pure. A time may have an offset, or follow the plant's clock. The slots are those of the schedule's grid from
the first time to the last, both included: a person who reads 06:00 to 14:00 in the snapshots means both.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.errors import InvalidRequest
from plantpulse.plant.local_time import resolve_local
from plantpulse.schedules.slots import slot_at_or_before


class Span(NamedTuple):
    """From the first instant to the last, both included; aware UTC."""

    start: datetime
    until: datetime


class SpanLimits(NamedTuple):
    """The limits of a span: no longer than `longest`, no older than snapshots are kept."""

    longest: timedelta
    kept_for: timedelta


def parse_span(start: str | None, until: str | None, zone: ZoneInfo) -> Span | None:
    """Return the requested span; None without one. Raises: InvalidRequest with the field."""
    if start is None and until is None:
        return None
    if start is None or until is None:
        raise InvalidRequest("a span needs its start and its end", field="from" if start is None else "until")
    return Span(_instant(start, zone, "from"), _instant(until, zone, "until"))


def slots_of_span(span: Span, now: datetime, every: timedelta, limits: SpanLimits) -> Sequence[datetime]:
    """Return the slots of the span, newest first, at least one. Raises: InvalidRequest with the field."""
    _check(span, now, limits)
    slots: list[datetime] = []
    slot = slot_at_or_before(span.until, every)
    while slot >= span.start:
        slots.append(slot)
        slot -= every
    if not slots:
        minutes = every // timedelta(minutes=1)
        raise InvalidRequest(f"no slot lies in the span: there is one every {minutes} minutes", field="from")
    return slots


def told_of_doubt(slots: Sequence[datetime]) -> str:
    """Return why slots were left as they are in which, and before which, the source shows no output."""
    first, last = min(slots).isoformat(), max(slots).isoformat()
    why = "SQL Server shows no output in them, and none before"
    return f"the slots from {first} until {last} are left as they are: {why}"


def told_of_rest(slots: Sequence[datetime]) -> str:
    """Return how to continue with slots that the run had no time for."""
    return f"ask for the slots from {min(slots).isoformat()} until {max(slots).isoformat()} to go on"


def _check(span: Span, now: datetime, limits: SpanLimits) -> None:
    if span.until < span.start:
        raise InvalidRequest("must not lie before the start of the span", field="until")
    if span.until > now:
        raise InvalidRequest("must not lie in the future", field="until")
    if span.until - span.start > limits.longest:
        raise InvalidRequest(f"at most {_hours(limits.longest)} can be asked for at once", field="from")
    if span.start < now - limits.kept_for:
        kept = _hours(limits.kept_for)
        raise InvalidRequest(
            f"snapshots are kept for {kept}: older ones would be removed again", field="from"
        )


def _hours(length: timedelta) -> str:
    return f"{length // timedelta(hours=1)} hours"


def _instant(text: str, zone: ZoneInfo, field: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
        resolved = resolve_local(at, zone)
    except (ValueError, OverflowError):
        told = "must be an ISO 8601 time: 2026-03-11T06:00 by the plant's clock, or with an offset"
        raise InvalidRequest(told, field=field) from None
    if resolved.is_ambiguous:
        raise InvalidRequest("the plant's clock showed this time twice: give it with an offset", field=field)
    if resolved.is_nonexistent:
        raise InvalidRequest("the plant's clock jumped over this time", field=field)
    return resolved.at
