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


def parse_since(text: str, now: datetime) -> datetime:
    """Return the instant that a text means: `24h` before now, or an ISO date or time.

    An instant without an offset is in UTC. Raises: ValueError that says what is allowed.
    """
    if found := _AGO.fullmatch(text.strip()):
        return now - int(found[1]) * _UNITS[found[2]]
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is neither a span (30m, 24h, 7d) nor an ISO 8601 time") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
