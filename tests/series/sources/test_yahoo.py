"""Prices of Yahoo: recorded charts, days by the exchange's clock, refusals, and charts that say nothing."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from plantpulse.errors import PublisherBusy, PublisherRefused, UnreadableReply
from plantpulse.series.points import Point
from plantpulse.series.publisher import Ask, Reply
from plantpulse.series.sources.commodities import Commodity
from plantpulse.series.sources.http import Http
from plantpulse.series.sources.periods import Frequency
from plantpulse.series.sources.yahoo import Price, Yahoo
from tests.series.sources.asking import NOW, REPLIES, answering, opened, prices, saying, utc
from tests.series.sources.publisher import answer, publishing

WTI = Commodity("WTI", "USD/bbl", {"yahoo": "CL=F"})
NOVEMBER = prices("yahoo", "WTI", utc(2026, 11, 1, 4), utc(2026, 12, 1, 5))
Chart = dict[str, Any]


def yahoo(http: Http, commodity: Commodity = WTI, price: Price = "adjusted close") -> Yahoo:
    return Yahoo(http, (commodity,), price=price)


def collected(
    content: bytes, commodity: Commodity = WTI, ask: Ask = NOVEMBER, price: Price = "adjusted close"
) -> Reply:
    with saying(content, name="Yahoo") as http:
        [reply] = yahoo(http, commodity, price).collect(ask)
    return reply


def points(reply: Reply) -> list[Point]:
    return [point for block in reply.blocks for point in block.points()]


def recorded(name: str) -> bytes:
    [path] = (REPLIES / "yahoo").glob(f"chart-{name}-*.json")
    return path.read_bytes()


def everything(subject: str) -> Ask:
    return prices("yahoo", subject, utc(2000, 1, 1), utc(2026, 11, 30))


def chart(*rows: tuple[object, object], without: str = "", meta: Chart | None = None) -> bytes:
    described = {
        "symbol": "CL=F",
        "currency": "USD",
        "exchangeTimezoneName": "America/New_York",
        "dataGranularity": "1d",
        **(meta or {}),
    }
    values = [value for _, value in rows]
    result = {
        "meta": described,
        "timestamp": [timestamp for timestamp, _ in rows],
        "indicators": {"quote": [{"close": values}], "adjclose": [{"adjclose": values}]},
    }
    result.pop(without, None)
    return json.dumps({"chart": {"result": [result], "error": None}}).encode()


def at(instant: datetime) -> int:
    return round(instant.timestamp())


def test_the_known_answer_of_a_future() -> None:
    gold = Commodity("Gold", "USD/ozt", {"yahoo": "GC=F"})

    reply = collected(recorded("GC_F"), gold, everything("Gold"))

    assert points(reply) == [Point(utc(2020, 1, 2, 5), 1440, Decimal("1524.5"))]
    assert reply.blocks[0].series.key == "Gold/price/yahoo"


APPLE = Commodity("Apple", "USD", {"yahoo": "AAPL"})


def test_the_known_answer_of_closes() -> None:
    found = points(collected(recorded("AAPL-2020"), APPLE, everything("Apple"), price="close"))

    assert (len(found), found[0].at, found[-1].at) == (49, utc(2020, 8, 31, 4), utc(2020, 11, 6, 5))
    assert round(sum(point.value or Decimal(0) for point in found), 2) == Decimal("5679.64")
    assert str(found[0].value) == "129.0399932861328"  # as it was written


def test_the_adjusted_close_is_read_unless_somebody_wants_the_close() -> None:
    found = points(collected(recorded("AAPL-2020"), APPLE, everything("Apple")))

    assert len(found) == 49
    assert round(sum(point.value or Decimal(0) for point in found), 2) == Decimal("5538.41")


@pytest.mark.parametrize(
    ("name", "symbol", "unit", "zone", "first"),
    [
        ("0P000071W8.TO", "0P000071W8.TO", "CAD", "America/Toronto", utc(2020, 1, 2, 5)),
        ("BTC-USD", "BTC-USD", "USD", "UTC", utc(2020, 1, 1)),
        ("EURUSD_X", "EURUSD=X", "USD/EUR", "Europe/London", utc(2020, 1, 1)),
        ("WSU.DE", "WSU.DE", "EUR", "Europe/Berlin", utc(2023, 8, 3, 22)),
    ],
)
def test_a_day_is_that_of_the_exchange(name: str, symbol: str, unit: str, zone: str, first: datetime) -> None:
    commodity = Commodity("it", unit, {"yahoo": symbol}, time_zone=zone)

    reply = collected(recorded(name), commodity, everything("it"))

    assert points(reply)[0].at == first
    assert reply.unread == []


def test_an_evening_in_new_york_is_no_next_day() -> None:
    """21:30 UTC and 00:30 UTC are one day in New York; a chart by UTC would have two."""
    found = points(collected(chart((at(utc(2026, 11, 3, 21, 30)), 1), (at(utc(2026, 11, 5, 0, 30)), 2))))

    assert [point.at for point in found] == [utc(2026, 11, 3, 5), utc(2026, 11, 4, 5)]


def test_days_have_23_and_25_hours_when_the_clock_changes() -> None:
    ask = prices("yahoo", "WTI", utc(2026, 3, 1), utc(2026, 11, 20))
    content = chart((at(utc(2026, 3, 8, 5)), 1), (at(utc(2026, 11, 1, 4)), 2), (at(utc(2026, 11, 2, 5)), 3))

    assert [(point.at, point.minutes) for point in points(collected(content, ask=ask))] == [
        (utc(2026, 3, 8, 5), 1380),
        (utc(2026, 11, 1, 4), 1500),
        (utc(2026, 11, 2, 5), 1440),
    ]


def test_a_chart_without_values_has_no_timestamps_and_is_empty() -> None:
    recorded_empty = recorded("AAPL-2025").replace(b'"dataGranularity": "1m"', b'"dataGranularity": "1d"')

    reply = collected(recorded_empty, APPLE, everything("Apple"))

    assert (reply.blocks, reply.unread) == ([], [])


def test_values_without_timestamps_are_unreadable() -> None:
    with pytest.raises(UnreadableReply, match="its timestamp is missing"):
        collected(chart((at(utc(2026, 11, 3, 5)), 1), without="timestamp"))


def test_a_null_is_a_value_that_was_published_as_missing() -> None:
    found = points(collected(chart((at(utc(2026, 11, 3, 5)), None), (at(utc(2026, 11, 4, 5)), 61.5))))

    assert [point.value for point in found] == [None, Decimal("61.5")]


def test_a_day_that_is_not_over_is_left_out() -> None:
    """It is 01:00 in New York on the 30th."""
    content = chart((at(utc(2026, 11, 29, 5)), 61), (at(utc(2026, 11, 30, 5)), 62))

    assert [point.at for point in points(collected(content))] == [utc(2026, 11, 29, 5)]
    assert utc(2026, 11, 30, 5) < NOW < utc(2026, 12, 1, 5)


def test_a_live_quote_beside_the_days_own_price_makes_both_unsure() -> None:
    content = chart(
        (at(utc(2026, 11, 5, 5)), 60), (at(utc(2026, 11, 6, 5)), 61), (at(utc(2026, 11, 6, 21, 59)), 61.25)
    )

    reply = collected(content)

    assert [point.at for point in points(reply)] == [utc(2026, 11, 5, 5)]
    assert [unread.series for unread in reply.unread] == ["WTI/price/yahoo"]


@pytest.mark.parametrize("timestamp", ["1577941200", 1577941200.5, None, True, 10**17, -(10**17)])
def test_a_timestamp_that_is_none_is_named_and_the_others_stay(timestamp: object) -> None:
    reply = collected(chart((timestamp, 1), (at(utc(2026, 11, 4, 5)), 61.5)))

    assert [point.value for point in points(reply)] == [Decimal("61.5")]
    assert len(reply.unread) == 1


@pytest.mark.parametrize("value", ["", "n/a", True, [], {}, 10**30])
def test_a_value_that_is_none_is_named_and_the_others_stay(value: object) -> None:
    reply = collected(chart((at(utc(2026, 11, 3, 5)), value), (at(utc(2026, 11, 4, 5)), 61.5)))

    assert [point.value for point in points(reply)] == [Decimal("61.5")]
    assert len(reply.unread) == 1


FRAME = json.loads(chart((at(utc(2026, 11, 3, 5)), 61.5)))["chart"]["result"][0]


def framed(**changes: object) -> bytes:
    return json.dumps({"chart": {"result": [{**FRAME, **changes}], "error": None}}).encode()


WRONG: dict[str, bytes] = {
    "nothing": b"",
    "HTML": b"<html>Will be right back...</html>",
    "text": b"Too Many Requests\r\n",
    "NaN": chart((at(utc(2026, 11, 3, 5)), float("nan"))),
    "two values of one name": b'{"chart": {}, "chart": {}}',
    "deep nesting": b'{"chart":' + b"[" * 200_000,
    "no chart": b"{}",
    "no result": b'{"chart": {"result": null, "error": null}}',
    "two results": json.dumps({"chart": {"result": [FRAME, FRAME]}}).encode(),
    "another symbol": chart(meta={"symbol": "BZ=F"}),
    "another currency": chart(meta={"currency": "USX"}),
    "another exchange": chart(meta={"exchangeTimezoneName": "Europe/London"}),
    "other intervals": chart(meta={"dataGranularity": "1mo"}),
    "no currency": chart(meta={"currency": None}),
    "no meta": framed(meta=[]),
    "fewer values": framed(timestamp=[1, 2]),
    "more values": framed(timestamp=[]),
    "timestamps that are no list": framed(timestamp=1),
    "no indicators": framed(indicators=None),
    "no adjusted closes": framed(indicators={"quote": [{"close": [1]}]}),
    "no order": chart((at(utc(2026, 11, 4, 5)), 1), (at(utc(2026, 11, 3, 5)), 2)),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_a_chart_that_is_none_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableReply, match="Yahoo's reply about CL=F cannot be read"):
        collected(content)


def test_a_chart_that_breaks_off_at_any_byte_is_unreadable() -> None:
    whole = chart((at(utc(2026, 11, 3, 5)), 61.5), (at(utc(2026, 11, 4, 5)), 62.25))
    left = (httpx.Response(200, content=whole[:length]) for length in range(len(whole)))

    with answering(lambda _: next(left)) as http:
        for _ in whole:
            with pytest.raises(UnreadableReply):
                list(yahoo(http).collect(NOVEMBER))


@pytest.mark.parametrize(
    ("frequency", "interval", "begin", "end"),
    [
        ("daily", "1d", utc(2026, 11, 5, 5), utc(2026, 11, 11, 5)),
        ("weekly", "1wk", utc(2026, 10, 30, 4), utc(2026, 11, 11, 5)),
        ("monthly", "1mo", utc(2026, 11, 1, 4), utc(2026, 11, 2, 5)),
        ("quarterly", "3mo", utc(2026, 10, 1, 4), utc(2026, 10, 2, 4)),
    ],
)
def test_a_span_is_asked_for_in_whole_periods(
    frequency: Frequency, interval: str, begin: datetime, end: datetime
) -> None:
    commodity = Commodity("WTI", "USD/bbl", {"yahoo": "CL=F"}, frequency=frequency)
    said = answer(chart(meta={"dataGranularity": interval}))

    with publishing(said) as publisher, opened(publisher.url) as http:
        list(
            yahoo(http, commodity).collect(prices("yahoo", "WTI", utc(2026, 11, 5, 12), utc(2026, 11, 11, 5)))
        )

    [target] = publisher.targets()
    assert target.startswith("/v8/finance/chart/CL%3DF?")
    assert dict(httpx.URL(target).params) == {
        "period1": str(at(begin)),
        "period2": str(at(end)),
        "interval": interval,
        "includePrePost": "false",
    }


def test_weeks_begin_on_their_first_day() -> None:
    weekly = Commodity("WTI", "USD/bbl", {"yahoo": "CL=F"}, frequency="weekly")
    content = chart((at(utc(2026, 11, 2, 5)), 61), meta={"dataGranularity": "1wk"})

    assert points(collected(content, weekly)) == [Point(utc(2026, 11, 2, 5), 7 * 1440, Decimal(61))]


def refused(content: bytes, status: int) -> str:
    with saying(content, status, "Yahoo") as http, pytest.raises(PublisherRefused) as refusal:
        list(yahoo(http).collect(NOVEMBER))
    return str(refusal.value)


def said(code: str, description: str) -> bytes:
    error = {"code": code, "description": description}
    return json.dumps({"chart": {"result": None, "error": error}}).encode()


def test_an_unknown_symbol_is_named() -> None:
    content = said("Not Found", "No data found, symbol may be delisted")

    assert refused(content, 404) == "yahoo has no CL=F: check the symbol"


@pytest.mark.parametrize("status", [401, 422])
def test_a_refusal_is_told_in_yahoos_own_words(status: int) -> None:
    assert refused(said("Unauthorized", "Invalid Crumb"), status) == (
        f"Yahoo refuses to answer about CL=F ({status}): Invalid Crumb"
    )


def test_a_time_before_the_first_price_has_no_data() -> None:
    content = said("Bad Request", "Data doesn't exist for startDate = 1577836800, endDate = 1577923200")

    with saying(content, 400) as http:
        [reply] = yahoo(http).collect(NOVEMBER)

    assert (reply.blocks, reply.unread, reply.asked) == ([], [], NOVEMBER)


def test_a_ban_comes_as_plain_text() -> None:
    banned = answer(b"Too Many Requests\r\n", "429 Too Many Requests", {"Content-Type": "text/plain"})

    with (
        publishing(banned) as publisher,
        opened(publisher.url) as http,
        pytest.raises(PublisherBusy),
    ):
        list(yahoo(http).collect(NOVEMBER))
    assert len(publisher.requests) == 1


def test_yahoo_has_no_years() -> None:
    annual = Commodity("WTI", "USD/bbl", {"yahoo": "CL=F"}, frequency="annual")

    with pytest.raises(PublisherRefused, match="no annual prices"):
        collected(chart(), annual)


def test_a_source_says_its_name() -> None:
    with saying(b"") as http:
        assert yahoo(http).name == "yahoo"
