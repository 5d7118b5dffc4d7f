"""Prices of FRED, the Federal Reserve Bank of St. Louis, as they are now and as they were known before.

A value that is missing is a full stop, and the key can only be in the URL. A vintage is what was published on
one day. FRED ignores a wrong name of a parameter without a word, so vintages are asked for as real-time
periods, of which one request may span 2,000 vintages.

Source: https://fred.stlouisfed.org/docs/api/fred/series_observations.html
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from plantpulse.errors import PublisherRefused, UnreadableReply
from plantpulse.runs import Json
from plantpulse.series.points import Block, Series, blocks_of
from plantpulse.series.publisher import Ask, Reply, Span
from plantpulse.series.sources.commodities import Commodity, asked_commodity
from plantpulse.series.sources.documents import Malformed, day, document_of, member, number, whole
from plantpulse.series.sources.http import Http, HttpReply
from plantpulse.series.sources.periods import ONE_DAY, Calendar, ends_at
from plantpulse.series.sources.replies import Reading, Row, reading_of, refusal, reply, understood, within
from plantpulse.series.sources.vintages import Value, Version, news
from plantpulse.settings import Secret

NAME: Final = "fred"
REQUESTS_A_MINUTE: Final = 120  # more than two a second are answered with 429
ROWS_A_PAGE: Final = 10_000
VINTAGES_A_REQUEST: Final = 1000  # more than 2,000 are refused
MOST_BYTES: Final = 8_000_000
ST_LOUIS: Final = ZoneInfo("America/Chicago")
ALWAYS: Final = {"realtime_start": "1776-07-04", "realtime_end": "9999-12-31"}
MISSING: Final = "."

Result = TypeVar("Result")


class _Page(NamedTuple):
    """What a page says, how many rows it had, and how many there are in all."""

    reading: Reading
    rows: int
    total: int


@dataclass(frozen=True, slots=True)
class _Asked:
    """What does not change from page to page."""

    symbol: str
    series: Series
    calendar: Calendar
    params: Mapping[str, str]


class Fred:
    """FRED as a source of commodity prices; `http` stays the caller's to close."""

    def __init__(self, http: Http, key: Secret, commodities: Iterable[Commodity]) -> None:
        self._http = http
        self._key = key
        self._commodities = {commodity.name: commodity for commodity in commodities}

    @property
    def name(self) -> str:
        """Return the name in series and settings."""
        return NAME

    def collect(self, ask: Ask) -> Iterator[Reply]:
        """Yield a reply for each page. Raises: as `Source.collect` says, and OutOfTime."""
        asked = self._asked(ask)
        read, total, since, latest = 0, 1, ask.span.start, None
        while read < total:
            got = self._get("series/observations", asked, asked.params, read)
            page, ms = understood(self._http, got, asked.symbol, partial(_page, asked=asked, latest=latest))
            read, total, points = read + page.rows, page.total, page.reading.points
            latest = points[-1].at if points else latest
            until = ask.span.until if read >= total else ends_at(points[-1]) if points else since
            yield reply(ask, Span(since, until), asked.series, page.reading, got, processing_ms=ms)
            since = until

    def history(self, ask: Ask) -> Iterator[tuple[datetime, Sequence[Block]]]:
        """Yield when something new of a span was known, and what was new; the oldest comes first.

        FRED tells the day of a publication and no time of day. So a value counts as known at the end of that
        day in St. Louis, or now if that is earlier. A value that was taken back is None.
        Raises: as `collect` does.
        """
        asked = self._asked(ask)
        known: dict[date, Value] = {}
        vintages, _ = self._all("series/vintagedates", asked, ALWAYS, _vintages)
        for first in range(0, len(vintages), VINTAGES_A_REQUEST):
            later = vintages[first + VINTAGES_A_REQUEST :]
            since, until = vintages[first], later[0] - ONE_DAY if later else date.max
            period = {"realtime_start": since.isoformat(), "realtime_end": until.isoformat()}
            read = partial(_versions, calendar=asked.calendar)
            versions, received_at = self._all("series/observations", asked, {**asked.params, **period}, read)
            if len({(version.named, version.since) for version in versions}) < len(versions):
                raise UnreadableReply(f"{self._http.name} has two values of one day for {asked.symbol}")
            for on, values in news(versions, since, until, known):
                points = [asked.calendar.point(*one) for one in sorted(values.items())]
                if points := within(ask.span, points):
                    yield min(_end_of(on), received_at), list(blocks_of(asked.series, points))

    def _asked(self, ask: Ask) -> _Asked:
        commodity, symbol = asked_commodity(self._commodities, ask, NAME)
        calendar = Calendar(commodity.frequency, "last day", ZoneInfo(commodity.time_zone))
        first, last = calendar.days(ask.span)
        params = {"observation_start": first.isoformat(), "observation_end": last.isoformat()}
        return _Asked(symbol, commodity.series(NAME), calendar, params)

    def _all(
        self,
        path: str,
        asked: _Asked,
        params: Mapping[str, str],
        read: Callable[[bytes], tuple[list[Result], int]],
    ) -> tuple[list[Result], datetime]:
        """Return the rows of all pages, and when the last of them came."""
        rows: list[Result] = []
        total, received_at = 1, None
        while received_at is None or len(rows) < total:
            got = self._get(path, asked, params, len(rows))
            (page, total), _ = understood(self._http, got, asked.symbol, read)
            rows += page
            received_at = got.received_at
        return rows, received_at

    def _get(self, path: str, asked: _Asked, params: Mapping[str, str], offset: int) -> HttpReply:
        sent: dict[str, str | Secret] = {
            "series_id": asked.symbol,
            "api_key": self._key,
            "file_type": "json",
            "sort_order": "asc",
            "limit": str(ROWS_A_PAGE),
            "offset": str(offset),
            **params,
        }
        got = self._http.get(f"/fred/{path}", sent, most_bytes=MOST_BYTES)
        if got.status == HTTPStatus.OK:
            return got
        said = _said(got.content)
        if "api_key" in said:
            raise PublisherRefused(f"FRED does not accept the key ({got.status}): check FRED_API_KEY")
        raise refusal(self._http, got, asked.symbol, [said])


def _rows(content: bytes, name: str) -> tuple[list[Json], int]:
    """Return the rows of a page, and how many there are in all. Raises: Malformed."""
    document = document_of(content)
    rows, total = member(document, name, list), whole(document.get("count"))
    if not rows and total:
        raise Malformed(f"it has none of its {total} rows")
    return rows, total


def _page(content: bytes, asked: _Asked, latest: datetime | None) -> _Page:
    """Return what a page says. Raises: Malformed."""
    rows, total = _rows(content, "observations")
    reading = reading_of(
        [Row(member(row, "date", str), member(row, "value", str)) for row in rows],
        asked.series,
        asked.calendar,
        day_of=day,
        value_of=_value,
        latest=latest,
    )
    return _Page(reading, len(rows), total)


def _vintages(content: bytes) -> tuple[list[date], int]:
    """Return the days of publication of a page. Raises: Malformed."""
    rows, total = _rows(content, "vintage_dates")
    return [_certain(day, row) for row in rows], total


def _versions(content: bytes, calendar: Calendar) -> tuple[list[Version], int]:
    """Return the versions of a page; each has to be sure. Raises: Malformed."""
    rows, total = _rows(content, "observations")
    return [_version(row, calendar) for row in rows], total


def _version(row: Json, calendar: Calendar) -> Version:
    named, since, until = (
        _certain(day, member(row, name, str)) for name in ("date", "realtime_start", "realtime_end")
    )
    _certain(calendar.period, named)
    return Version(named, _certain(_value, member(row, "value", str)), since, until)


def _certain(read: Callable[[Any], Result], written: Json) -> Result:
    """Return what something written says. Raises: Malformed if it says nothing sure."""
    try:
        return read(written)
    except (ValueError, TypeError) as error:
        raise Malformed(f"{written}: {error}") from None


def _value(written: str) -> Value:
    return None if written == MISSING else number(written)


def _end_of(on: date) -> datetime:
    """Return the end of a day in St. Louis."""
    return datetime.combine(on + ONE_DAY, time(), tzinfo=ST_LOUIS).astimezone(UTC)


def _said(content: bytes) -> str:
    """Return the message of an answer that is no success; nothing if it is not FRED's own."""
    try:
        message = document_of(content).get("error_message")
    except Malformed:
        return ""
    return message if isinstance(message, str) else ""
