"""What may be asked of a pipeline that collects series, and which span that means.

Pure. Dates are whole days of the publisher's clock, both included.
"""

import datetime as dt
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from plantpulse.entry.dates import Date
from plantpulse.entry.requests import Request, parameter
from plantpulse.errors import InvalidRequest
from plantpulse.late_dataclasses import dataclass
from plantpulse.series.publisher import Span
from plantpulse.settings.section import Prepared

Mode = Literal["incremental", "full_refresh", "backfill"]
MODES: Final[tuple[Mode, ...]] = ("incremental", "full_refresh", "backfill")
FULL_REFRESH: Final = dt.timedelta(days=3653)  # ten years
EARLIEST: Final = dt.date(1900, 1, 1)
LATEST_AHEAD: Final = dt.timedelta(days=400)  # weekly forecasts reach to the end of the next year


def _mode(value: Any) -> Mode:
    text = str(value).replace("-", "_")
    for mode in MODES:
        if mode == text:
            return mode
    raise ValueError(f"must be one of {', '.join(MODES)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRequest(Request):
    """What all pipelines that collect series may be asked."""

    mode: Annotated[Mode, Prepared(_mode)] = parameter(
        "incremental",
        description="incremental (from the newest value on, the default), full_refresh (ten years), or "
        "backfill (the days --from to --until).",
        metavar="MODE",
    )
    from_date: Date = parameter(
        None,
        description="With backfill: the first day.",
        metavar="DATE",
        option="from",
    )
    until_date: Date = parameter(
        None,
        description="With backfill: the last day, included.",
        metavar="DATE",
        option="until",
    )
    dry_run: bool = parameter(False, description="Ask and check, but store nothing.")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyRequest(SeriesRequest):
    """Collect energy data of all areas, or of one."""

    area: str | None = parameter(None, description="Only this area, such as DE.", metavar="AREA")
    kind: str | None = parameter(None, description="Only series of this kind.", metavar="KIND")

    @property
    def subject(self) -> str | None:
        """Return the area."""
        return self.area


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualsRequest(EnergyRequest):
    """Collect loads, generation and imbalances of all areas, or of one, from ENTSO-E."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastsRequest(EnergyRequest):
    """Collect forecasts and day-ahead prices of all areas, or of one, from ENTSO-E."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesRequest(SeriesRequest):
    """Collect prices of all commodities, or of one, from EIA, FRED and Yahoo."""

    commodity: str | None = parameter(None, description="Only this commodity, such as WTI.", metavar="NAME")

    @property
    def subject(self) -> str | None:
        """Return the commodity."""
        return self.commodity

    @property
    def kind(self) -> str | None:
        """Return None: prices are the only kind."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepRequest(Request):
    """Look after series that are there already."""

    dry_run: bool = parameter(False, description="Look, but store nothing.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is to collect. `span` is None for an incremental run: each series has its own."""

    mode: Mode
    span: Span | None
    subject: str | None
    kind: str | None


def wanted(request: EnergyRequest | PricesRequest, zone: ZoneInfo, now: dt.datetime) -> Wanted:
    """Return what a request asks for. Raises: InvalidRequest that names the field and the reason."""
    span = _span(request, zone, now)
    return Wanted(request.mode, span, request.subject, request.kind)


def _span(request: SeriesRequest, zone: ZoneInfo, now: dt.datetime) -> Span | None:
    first, last = request.from_date, request.until_date
    if request.mode != "backfill":
        if first or last:
            field = "from_date" if first else "until_date"
            raise InvalidRequest("a span of days needs mode backfill", field=field)
        if request.mode == "incremental":
            return None
        return Span(now - FULL_REFRESH, now + dt.timedelta(days=3))
    if first is None or last is None:
        missing = "until_date" if first else "from_date"
        raise InvalidRequest("a backfill needs its first and its last day", field=missing)
    return _span_of_days(first, last, zone, now)


def _span_of_days(first: dt.date, last: dt.date, zone: ZoneInfo, now: dt.datetime) -> Span:
    if last < first:
        raise InvalidRequest("must not be before the first day", field="until_date")
    if first < EARLIEST:
        raise InvalidRequest(f"must not be before {EARLIEST}", field="from_date")
    if last > (now + LATEST_AHEAD).date():
        raise InvalidRequest("is too far in the future: nothing is published for it", field="until_date")
    return Span(_midnight(first, zone), _midnight(last + dt.timedelta(days=1), zone))


def _midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=zone).astimezone(dt.UTC)
