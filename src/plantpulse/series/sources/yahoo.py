"""Prices of Yahoo Finance, from the interface of its own charts.

Nobody promises this interface, and Yahoo's terms forbid automated use without permission: it is off unless
somebody switches it on (docs/series.md). The adjusted close is read; of a future it is the close.

A timestamp is when trading began, by UTC: its day is that of the exchange's clock. A day that is not over
has a price that still moves, and is left out. Without any value there are no timestamps at all.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from http import HTTPStatus
from typing import Final, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from plantpulse.errors import PublisherRefused
from plantpulse.runs import Json
from plantpulse.series.points import Series
from plantpulse.series.publisher import Ask, Reply, Span
from plantpulse.series.sources.commodities import Commodity, asked_commodity
from plantpulse.series.sources.documents import Malformed, document_of, first, member, number
from plantpulse.series.sources.http import Http, HttpReply
from plantpulse.series.sources.periods import ONE_DAY, Calendar, Frequency, ends_at
from plantpulse.series.sources.replies import Reading, Row, reading_of, refusal, reply, understood

NAME: Final = "yahoo"
REQUESTS_A_MINUTE: Final = 30
MOST_BYTES: Final = 8_000_000

Price = Literal["adjusted close", "close"]

_INTERVALS: Final[Mapping[Frequency, str]] = {
    "daily": "1d",
    "weekly": "1wk",
    "monthly": "1mo",
    "quarterly": "3mo",
}
NOTHING_THERE: Final = "Data doesn't exist for startDate"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the reply has to be about."""

    symbol: str
    interval: str
    series: Series
    calendar: Calendar
    price: Price


class Yahoo:
    """Yahoo as a source of commodity prices; `http` stays the caller's to close."""

    def __init__(
        self, http: Http, commodities: Iterable[Commodity], *, price: Price = "adjusted close"
    ) -> None:
        self._http = http
        self._price = price
        self._commodities = {commodity.name: commodity for commodity in commodities}

    @property
    def name(self) -> str:
        """Return the name in series and settings."""
        return NAME

    def collect(self, ask: Ask) -> Iterator[Reply]:
        """Yield one reply. Raises: as `Source.collect` says, and OutOfTime."""
        asked = self._asked(ask)
        got = self._get(asked, ask.span)
        if got.status == HTTPStatus.OK:
            reading, ms = understood(self._http, got, asked.symbol, partial(_read, asked=asked))
        elif _said(got.content).startswith(NOTHING_THERE):
            reading, ms = Reading(), 0
        else:
            raise self._refusal(got, asked.symbol)
        is_over = [point for point in reading.points if ends_at(point) <= got.received_at]
        reading = Reading(is_over, reading.unread)
        yield reply(ask, ask.span, asked.series, reading, got, processing_ms=ms)

    def _asked(self, ask: Ask) -> _Asked:
        commodity, symbol = asked_commodity(self._commodities, ask, NAME)
        interval = _INTERVALS.get(commodity.frequency)
        if interval is None:
            raise PublisherRefused(
                f"yahoo has no {commodity.frequency} prices, as {commodity.name} has them",
                is_of_question=True,
            )
        calendar = Calendar(commodity.frequency, "first day", ZoneInfo(commodity.time_zone))
        return _Asked(symbol, interval, commodity.series(NAME), calendar, self._price)

    def _get(self, asked: _Asked, span: Span) -> HttpReply:
        first_day, last_day = asked.calendar.days(span)
        begin, end = asked.calendar.midnight(first_day), asked.calendar.midnight(last_day + ONE_DAY)
        params = {
            "period1": str(round(begin.timestamp())),
            "period2": str(round(end.timestamp())),
            "interval": asked.interval,
            "includePrePost": "false",
        }
        path = f"/v8/finance/chart/{quote(asked.symbol, safe='')}"
        return self._http.get(path, params, most_bytes=MOST_BYTES)

    def _refusal(self, got: HttpReply, symbol: str) -> PublisherRefused:
        if got.status == HTTPStatus.NOT_FOUND:
            return PublisherRefused(f"yahoo has no {symbol}: check the symbol", is_of_question=True)
        return refusal(self._http, got, symbol, [_said(got.content)])


def _read(content: bytes, asked: _Asked) -> Reading:
    """Return what a chart says. Raises: Malformed."""
    result = first(member(document_of(content), "chart", dict), "result")
    zone = _zone(member(result, "meta", dict), asked)
    values = _values(member(result, "indicators", dict), asked.price, is_empty="timestamp" not in result)
    timestamps = member(result, "timestamp", list) if values else []
    if len(timestamps) != len(values):
        raise Malformed(f"it has {len(timestamps)} timestamps and {len(values)} values")
    return reading_of(
        map(Row, timestamps, values),
        asked.series,
        asked.calendar,
        day_of=lambda name: _day(name, zone),
        value_of=lambda written: None if written is None else number(written),
    )


def _zone(meta: dict[str, Json], asked: _Asked) -> ZoneInfo:
    """Return the exchange's clock. Raises: Malformed if the chart is another one than was asked for."""
    wanted = {
        "symbol": asked.symbol,
        "dataGranularity": asked.interval,
        "currency": asked.series.unit.partition("/")[0],
        "exchangeTimezoneName": asked.series.time_zone,
    }
    for name, value in wanted.items():
        if (found := member(meta, name, str)) != value:
            raise Malformed(f"its {name} is {found}, and {value} was expected")
    return asked.calendar.zone


def _values(indicators: dict[str, Json], price: Price, *, is_empty: bool) -> list[Json]:
    """Return the values, which are nowhere if there is no timestamp. Raises: Malformed."""
    closes = first(indicators, "quote")
    if is_empty and not closes.get("close"):
        return []
    if price == "close":
        return member(closes, "close", list)
    return member(first(indicators, "adjclose"), "adjclose", list)


def _day(timestamp: Json, zone: ZoneInfo) -> date:
    """Return the exchange's day of an instant. Raises: ValueError."""
    if not isinstance(timestamp, int) or isinstance(timestamp, bool):
        raise ValueError("its timestamp is no whole number")
    try:
        return datetime.fromtimestamp(timestamp, zone).date()
    except (OverflowError, OSError):
        raise ValueError("its timestamp is beyond the calendar") from None


def _said(content: bytes) -> str:
    """Return what an answer that is no success says; nothing if it is not the chart's own."""
    try:
        error = member(member(document_of(content), "chart", dict), "error", dict)
    except Malformed:
        return ""
    return str(error.get("description") or error.get("code") or "")
