"""FRED: /fred/series/observations with its real-time periods, and the dates of a series' vintages.

As recorded: a value that is published as missing is ".", and `vintage_date` is ignored without a word. A row
says from when to when its value was the one that FRED showed, cut to the real-time period that was asked for.
Output types 1 (all) and 4 (the first release alone); JSON, and XML without `file_type`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from devstack.energy.commodities import COMMODITIES, Commodity
from devstack.energy.days import NEW_YORK, instant, midnight
from devstack.energy.exchange import JSON, XML, Reply, Request
from devstack.energy.publisher import Publisher

FIRST_DAY: Final = "1776-07-04"
LAST_DAY: Final = "9999-12-31"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Row:
    """One value of one day, and in which real-time period it was shown."""

    realtime_start: str
    realtime_end: str
    date: str
    value: str


def answer(publisher: Publisher, request: Request, now: datetime, keys: frozenset[str]) -> Reply:
    """Return FRED's answer."""
    key = request.get("api_key")
    if key not in keys:
        return _refusal(_UNKNOWN_KEY if key else _NO_KEY)
    named = [one for one in COMMODITIES.values() if one.fred_series == request.get("series_id")]
    if not named:
        return _refusal("Bad Request.  The series does not exist.")
    today = str(now.astimezone(NEW_YORK).date())
    if request.path == "/fred/series/vintagedates":
        return _vintages(publisher, request, named[0], now)
    if request.path == "/fred/series":
        return _facts(request, named[0], today)
    if request.path != "/fred/series/observations":
        return Reply(b"Not Found", "text/plain", 404)
    return _observations(publisher, request, named[0], now, today)


def _observations(
    publisher: Publisher, request: Request, commodity: Commodity, now: datetime, today: str
) -> Reply:
    first = request.get("realtime_start", today)
    last = request.get("realtime_end", today)
    output = int(request.get("output_type", "1"))
    start, end = request.get("observation_start", "1600-01-01"), request.get("observation_end", LAST_DAY)
    rows = [
        row
        for row in _rows(publisher, commodity, start, end, now)
        if row.realtime_start <= last and row.realtime_end >= first
    ]
    rows = _first_releases(rows) if output == 4 else [_cut(row, first, last) for row in rows]
    if request.get("sort_order") == "desc":
        rows.reverse()
    offset, limit = int(request.get("offset", "0")), int(request.get("limit", "100000"))
    head = {
        "realtime_start": first,
        "realtime_end": last,
        "observation_start": start,
        "observation_end": end,
        "units": "lin",
        "output_type": output,
        "file_type": request.get("file_type", "xml"),
        "order_by": "observation_date",
        "sort_order": request.get("sort_order", "asc"),
        "count": len(rows),
        "offset": offset,
        "limit": limit,
    }
    return _reply(
        head, "observations", "observation", [_as_json(row) for row in rows[offset : offset + limit]]
    )


def _rows(publisher: Publisher, commodity: Commodity, start: str, end: str, now: datetime) -> Iterator[_Row]:
    """Yield what FRED has shown up to now, by day and then by release."""
    first = max(date.fromisoformat(start), date(1986, 1, 2))
    last = min(date.fromisoformat(end), now.date())
    key = f"{commodity.name}/price/fred"
    span = instant(midnight(NEW_YORK, first)), instant(midnight(NEW_YORK, last + _DAY))
    for history in publisher.histories(key, *span, now):
        shown = {_date(one.since): "." if one.value is None else f"{one.value:f}" for one in history}
        since = [*shown]
        ends = [str(following - _DAY) for following in since[1:]] + [LAST_DAY]
        for begun, ended in zip(since, ends, strict=True):
            yield _Row(str(begun), ended, str(_date(history[0].at)), shown[begun])


def _first_releases(rows: list[_Row]) -> list[_Row]:
    firsts: dict[str, _Row] = {}
    for row in rows:
        firsts.setdefault(row.date, row)
    return [*firsts.values()]


def _cut(row: _Row, first: str, last: str) -> _Row:
    return _Row(max(row.realtime_start, first), min(row.realtime_end, last), row.date, row.value)


def _vintages(publisher: Publisher, request: Request, commodity: Commodity, now: datetime) -> Reply:
    dates = sorted({row.realtime_start for row in _rows(publisher, commodity, FIRST_DAY, LAST_DAY, now)})
    head = {
        "realtime_start": FIRST_DAY,
        "realtime_end": LAST_DAY,
        "order_by": "vintage_date",
        "sort_order": "asc",
        "count": len(dates),
        "offset": 0,
        "limit": 10000,
    }
    return Reply(json.dumps({**head, "vintage_dates": dates}, separators=(",", ":")).encode(), JSON)


def _facts(request: Request, commodity: Commodity, today: str) -> Reply:
    units = commodity.eia_facts["series-description"].rpartition("(")[2].rstrip(")")
    series = {
        "id": commodity.fred_series,
        "realtime_start": today,
        "realtime_end": today,
        "title": commodity.fred_title,
        "observation_start": "1986-01-02",
        "observation_end": today,
        "frequency": "Daily",
        "frequency_short": "D",
        "units": units,
        "units_short": units,
        "seasonal_adjustment": "Not Seasonally Adjusted",
        "seasonal_adjustment_short": "NSA",
    }
    head = {"realtime_start": today, "realtime_end": today}
    return _reply({**head, "file_type": request.get("file_type", "xml")}, "seriess", "series", [series])


def _as_json(row: _Row) -> dict[str, str]:
    return {
        "realtime_start": row.realtime_start,
        "realtime_end": row.realtime_end,
        "date": row.date,
        "value": row.value,
    }


def _reply(head: dict[str, Any], plural: str, singular: str, rows: list[dict[str, str]]) -> Reply:
    if head["file_type"] == "json":
        shown = head if plural == "observations" else {n: v for n, v in head.items() if n != "file_type"}
        return Reply(json.dumps({**shown, plural: rows}, separators=(",", ":")).encode(), JSON)
    lines = [f"  <{singular} {_attributes(row)}/>" for row in rows]
    text = "\n".join(
        ('<?xml version="1.0" encoding="utf-8" ?>', f"<{plural} {_attributes(head)}>", *lines, f"</{plural}>")
    )
    return Reply(text.encode(), XML)


def _attributes(values: dict[str, Any]) -> str:
    return " ".join(f"{name}={quoteattr(str(value))}" for name, value in values.items())


def _date(at: datetime) -> date:
    return at.astimezone(NEW_YORK).date()


def _refusal(message: str) -> Reply:
    text = json.dumps({"error_code": 400, "error_message": message}, separators=(",", ":"))
    return Reply(text.encode(), JSON, 400)


_SEE: Final = "Read https://fred.stlouisfed.org/docs/api/api_key.html for more information."
_UNKNOWN_KEY: Final = f"Bad Request.  The value for variable api_key is not registered.  {_SEE}"
_NO_KEY: Final = f"Bad Request.  Variable api_key is not set.  {_SEE}"
