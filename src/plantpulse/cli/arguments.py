"""Arguments of several commands: ids, instants and how far back to look. Pure except for the clock."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import click

_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_AGO: Final = re.compile(r"(\d{1,5})([mhd])")
ID: Final = click.IntRange(1, 2**63 - 1)  # what a bigint holds


class Since(click.ParamType[datetime]):
    """How far back to look: a span such as 30m, 24h or 7d, or an instant."""

    name = "since"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the value in the help."""
        return "30m|24h|7d|TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the instant that a text means."""
        if isinstance(value, datetime):
            return value
        try:
            return parse_since(str(value), ctx.obj.now() if ctx and ctx.obj else datetime.now(UTC))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Day(click.ParamType[date]):
    """A calendar day."""

    name = "date"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the value in the help."""
        return "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day that a text means."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value).strip())
        except ValueError:
            self.fail(f"{value!r} is not a date such as 2026-03-10", param, ctx)


class Instant(click.ParamType[datetime]):
    """An instant; without an offset it is in UTC."""

    name = "instant"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the value in the help."""
        return "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the instant that a text means."""
        try:
            return value if isinstance(value, datetime) else _instant(str(value))
        except ValueError:
            self.fail(f"{value!r} is not an ISO 8601 time such as 2026-03-11T14:00Z", param, ctx)


class Span(click.ParamType[timedelta]):
    """A length of time, such as 30m, 2h or 7d."""

    name = "span"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the value in the help."""
        return "30m|2h|7d"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the length that a text means."""
        if isinstance(value, timedelta):
            return value
        found = _AGO.fullmatch(str(value).strip())
        if not found:
            self.fail(f"{value!r} is not a span such as 30m, 2h or 7d", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


def parse_since(text: str, now: datetime) -> datetime:
    """Return the instant that a text means: `24h` before now, or an ISO date or time.

    An instant without an offset is in UTC. Raises: ValueError that says what is allowed.
    """
    if found := _AGO.fullmatch(text.strip()):
        return now - int(found[1]) * _UNITS[found[2]]
    try:
        return _instant(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a span (30m, 24h, 7d) nor an ISO 8601 time") from None


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text.strip())
    try:
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError("is beyond the calendar") from None
