"""Yahoo's charts: /v8/finance/chart/<symbol> with period1 and period2, days only.

As recorded: there is no `timestamp` when there is nothing, a close may be null, numbers have the digits that
32 bits leave of them, and a day is told as the instant at which it begins at the exchange.
"""

import json
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote

from devstack.energy.commodities import COMMODITIES, Commodity, as_float32
from devstack.energy.days import NEW_YORK, instant, seconds
from devstack.energy.exchange import Reply, Request
from devstack.energy.publisher import Published, Publisher

_JSON: Final = "application/json;charset=utf-8"
_RANGES: Final = ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"]


def answer(publisher: Publisher, request: Request, now: datetime) -> Reply:
    """Return Yahoo's answer."""
    symbol = unquote(request.path.rpartition("/")[2])
    named = [commodity for commodity in COMMODITIES.values() if commodity.yahoo_symbol == symbol]
    if not named:
        return _error(404, "Not Found", "No data found, symbol may be delisted")
    try:
        start, until = instant(int(request.get("period1"))), instant(int(request.get("period2")))
    except ValueError:
        return _error(422, "Unprocessable Entity", "Invalid input - period1, period2")
    if start >= until:
        return _error(400, "Bad Request", "Invalid input - start date cannot be after end date.")
    key = f"{named[0].name}/price/yahoo"
    points = [point for point in publisher.points(key, start, until, now) if point.at >= start]
    before = [point for point in publisher.points(key, start - timedelta(days=9), start, now) if point.value]
    result = {"meta": _meta(named[0], before[-1:], request.get("interval", "1d"), now), **_values(points)}
    return _reply({"chart": {"result": [result], "error": None}})


def _values(points: list[Published]) -> dict[str, Any]:
    if not points:
        return {"indicators": {"quote": [{}]}}
    closes = [None if point.value is None else float(point.value) for point in points]
    quote = {
        "open": [_beside(close, 0.996) for close in closes],
        "volume": [None if close is None else 200_000 for close in closes],
        "close": closes,
        "low": [_beside(close, 0.99) for close in closes],
        "high": [_beside(close, 1.01) for close in closes],
    }
    stamps = [seconds(point.at) for point in points]
    return {"timestamp": stamps, "indicators": {"quote": [quote], "adjclose": [{"adjclose": closes}]}}


def _beside(close: float | None, factor: float) -> float | None:
    return None if close is None else as_float32(round(close * factor, 2))


def _meta(commodity: Commodity, before: list[Published], interval: str, now: datetime) -> dict[str, Any]:
    exchange, full_name, short_name = commodity.yahoo_names
    local = now.astimezone(NEW_YORK)
    offset = local.utcoffset() or timedelta()
    zone, offset_s = local.tzname(), int(offset.total_seconds())
    close = float(before[0].value) if before and before[0].value is not None else None
    return {
        "currency": "USD",
        "symbol": commodity.yahoo_symbol,
        "exchangeName": exchange,
        "fullExchangeName": full_name,
        "instrumentType": "FUTURE",
        "firstTradeDate": 967608000,
        "regularMarketTime": seconds(now),
        "hasPrePostMarketData": False,
        "gmtoffset": offset_s,
        "timezone": zone,
        "exchangeTimezoneName": "America/New_York",
        "regularMarketPrice": close,
        "shortName": short_name,
        "chartPreviousClose": close,
        "priceHint": 2,
        "currentTradingPeriod": _periods(local, zone, offset_s),
        "dataGranularity": interval,
        "range": "",
        "validRanges": _RANGES,
    }


def _periods(local: datetime, zone: str | None, offset_s: int) -> dict[str, Any]:
    """Return the trading hours of today: a future is traded all day but for its last minute."""
    start = seconds(local.replace(hour=0, minute=0, second=0, microsecond=0))
    end = start + 86_340
    spans = {"pre": (start, start), "regular": (start, end), "post": (end, end)}
    return {
        name: {"timezone": zone, "start": first, "end": last, "gmtoffset": offset_s}
        for name, (first, last) in spans.items()
    }


def _reply(content: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(content, separators=(",", ":")).encode(), _JSON, status)


def _error(status: int, code: str, description: str) -> Reply:
    error = {"code": code, "description": description}
    return _reply({"chart": {"result": None, "error": error}}, status)
