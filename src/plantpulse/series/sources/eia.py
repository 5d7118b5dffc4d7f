"""Prices of the U.S. Energy Information Administration, from version 2 of its API.

It leaves the values out unless they are asked for by name, writes them as text, and gives 5,000 rows a
request at most, so they are sorted and read page by page. The key can only be in the URL, and some versions
of the API repeat it in the reply.

Source: https://www.eia.gov/opendata/documentation.php
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from plantpulse.errors import PublisherRefused
from plantpulse.runs import Json
from plantpulse.series.points import Series
from plantpulse.series.publisher import Ask, Reply, Span
from plantpulse.series.sources.commodities import Commodity, asked_commodity
from plantpulse.series.sources.documents import Malformed, day, document_of, member, number, whole
from plantpulse.series.sources.http import Http, HttpReply
from plantpulse.series.sources.periods import Calendar, Frequency, ends_at
from plantpulse.series.sources.replies import Reading, Row, reading_of, refusal, reply, understood
from plantpulse.settings import Secret

NAME: Final = "eia"
REQUESTS_A_MINUTE: Final = 120  # it asks for less than 9,000 an hour and 5 a second
ROWS_A_PAGE: Final = 5000
MOST_BYTES: Final = 16_000_000

# Withheld, not available, not applicable, no data reported.
_MISSING: Final = frozenset({"", "-", "--", "W", "NA", "N/A", "Q"})
_UNITS: Final = {"$/BBL": "USD/bbl", "$/MMBTU": "USD/MMBtu", "$/GAL": "USD/gal"}
_KEY_CODE: Final = re.compile(r"API_KEY_[A-Z_]{1,40}")
_QUARTER: Final = re.compile(r"([0-9]{4})-Q([1-4])")


class _Page(NamedTuple):
    """`rows` is how many it had, `total` how many there are in all."""

    reading: Reading
    rows: int
    total: int


class Eia:
    """EIA as a source of commodity prices; `http` stays the caller's to close."""

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
        commodity, symbol = asked_commodity(self._commodities, ask, NAME)
        series = commodity.series(NAME)
        calendar = Calendar(commodity.frequency, "last day", ZoneInfo(commodity.time_zone))
        read, total, since, latest = 0, 1, ask.span.start, None
        while read < total:
            got = self._ask(symbol, commodity.frequency, calendar.days(ask.span), read)
            understand = partial(_page, symbol=symbol, series=series, calendar=calendar, latest=latest)
            page, ms = understood(self._http, got, symbol, understand)
            read, total, points = read + page.rows, page.total, page.reading.points
            latest = points[-1].at if points else latest
            until = ask.span.until if read >= total else ends_at(points[-1]) if points else since
            yield reply(ask, Span(since, until), series, page.reading, got, processing_ms=ms)
            since = until

    def _ask(self, symbol: str, frequency: Frequency, days: tuple[date, date], offset: int) -> HttpReply:
        route, _, series = symbol.rpartition(":")
        start, end = (_written(one, frequency) for one in days)
        params = {
            "api_key": self._key,
            "frequency": frequency,
            "data[0]": "value",
            "facets[series][]": series,
            "start": start,
            "end": end,
            "sort[0][column]": "period",
            "sort[0][direction]": "asc",
            "offset": str(offset),
            "length": str(ROWS_A_PAGE),
        }
        got = self._http.get(f"/v2/{quote(route)}/data/", params, most_bytes=MOST_BYTES)
        if got.status != HTTPStatus.OK:
            raise self._refusal(got, symbol)
        return got

    def _refusal(self, got: HttpReply, symbol: str) -> PublisherRefused:
        said = _said(got.content)
        if code := next(filter(_KEY_CODE.fullmatch, said), None):
            return PublisherRefused(f"EIA does not accept the key ({code}): check EIA_API_KEY")
        if got.status == HTTPStatus.NOT_FOUND:
            return PublisherRefused(
                f"EIA has no {symbol}: check the route and the series", is_of_question=True
            )
        return refusal(self._http, got, symbol, said)


def _page(content: bytes, symbol: str, series: Series, calendar: Calendar, latest: datetime | None) -> _Page:
    """Return what a page says. Raises: Malformed."""
    response = member(document_of(content), "response", dict)
    rows, total = member(response, "data", list), whole(response.get("total"))
    if not rows and total:
        raise Malformed(f"it has none of its {total} rows")
    if response.get("frequency", calendar.frequency) != calendar.frequency:
        raise Malformed(f"its rows are not {calendar.frequency}")
    for row in rows:
        _check(row, symbol.rpartition(":")[2], series.unit)
    reading = reading_of(
        [Row(row.get("period"), row["value"]) for row in rows],
        series,
        calendar,
        day_of=lambda name: _named(name, calendar.frequency),
        value_of=_value,
        latest=latest,
    )
    return _Page(reading, len(rows), total)


def _check(row: Json, symbol: str, unit: str) -> None:
    """Raises: Malformed if a row is of another series or unit, or has no value at all."""
    if member(row, "series", str) != symbol:
        raise Malformed("it has rows of another series")
    if "value" not in row:
        raise Malformed("it has rows without a value")
    written = row.get("units")
    if isinstance(written, str) and _UNITS.get(written.upper(), unit) != unit:
        raise Malformed(f"its unit is {written}, and {unit} is set")


def _value(written: Json) -> Decimal | None:
    is_missing = written is None or (isinstance(written, str) and written in _MISSING)
    return None if is_missing else number(written)


def _named(written: Json, frequency: Frequency) -> date:
    """Return the day that names a period: 2026-08-03, 2026-08, 2026-Q3 or 2026. Raises: ValueError."""
    if not isinstance(written, str):
        raise ValueError("its period is no text")
    if frequency == "monthly":
        return day(f"{written}-01")
    if frequency == "annual":
        return day(f"{written}-01-01")
    if frequency == "quarterly":
        parts = _QUARTER.fullmatch(written)
        if parts is None:
            raise ValueError("its period is no quarter")
        return date(int(parts[1]), 3 * int(parts[2]) - 2, 1)
    return day(written)


def _written(named: date, frequency: Frequency) -> str:
    """Return a period as EIA writes it."""
    if frequency == "quarterly":
        return f"{named.year:04}-Q{(named.month + 2) // 3}"
    return named.isoformat()[: {"monthly": 7, "annual": 4}.get(frequency)]


def _said(content: bytes) -> Sequence[str]:
    """Return code and message of an answer that is no success; nothing if it is not EIA's own."""
    try:
        error = document_of(content).get("error")
    except Malformed:
        return ()
    words = [error.get("code"), error.get("message")] if isinstance(error, dict) else [error]
    return [word for word in words if isinstance(word, str)]
