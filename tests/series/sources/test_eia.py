"""Prices of EIA: recorded replies, pages, periods of each length, refusals, and replies that say nothing."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from plantpulse.errors import PublisherBusy, PublisherRefused, PublisherUnavailable, UnreadableReply
from plantpulse.series.points import Point
from plantpulse.series.publisher import Ask, Reply, Span
from plantpulse.series.sources.commodities import Commodity
from plantpulse.series.sources.eia import Eia
from plantpulse.series.sources.http import Http
from plantpulse.series.sources.periods import Frequency
from plantpulse.settings import Secret
from tests.series.sources.asking import KEY, NOW, REPLIES, answering, opened, prices, saying, utc
from tests.series.sources.publisher import answer, publishing

HENRY_HUB = Commodity("Henry Hub", "USD/MMBtu", {"eia": "natural-gas/pri/fut:RNGWHHD"})
WTI = Commodity("WTI", "USD/bbl", {"eia": "petroleum/pri/spt:RWTC", "fred": "DCOILWTICO"})
RECORDED = (REPLIES / "eia" / "v2.1.14_natural-gas_pri_fut_RNGWHHD_daily_2026-08.json").read_bytes()
AUGUST = prices("eia", "Henry Hub", utc(2026, 8, 1, 4), utc(2026, 9, 1, 4))
Row = dict[str, Any]


def eia(http: Http, *commodities: Commodity) -> Eia:
    return Eia(http, Secret(KEY), commodities or (HENRY_HUB, WTI))


def collected(content: bytes, ask: Ask = AUGUST, *commodities: Commodity) -> list[Reply]:
    with saying(content) as http:
        return list(eia(http, *commodities).collect(ask))


def points(replies: list[Reply]) -> list[Point]:
    return [point for reply in replies for block in reply.blocks for point in block.points()]


def row(period: str, value: object, **others: object) -> Row:
    return {"period": period, "series": "RWTC", "value": value, "units": "$/BBL", **others}


def document(*rows: Row, total: object = None, frequency: str = "daily") -> bytes:
    response = {"total": str(len(rows)) if total is None else total, "frequency": frequency, "data": rows}
    return json.dumps({"response": response, "request": {"params": {"api_key": KEY}}}).encode()


def wti(*rows: Row, frequency: Frequency = "daily") -> list[Point]:
    """The points of rows, collected for all time."""
    ask = prices("eia", "WTI", utc(1986, 1, 1), utc(2026, 11, 30))
    commodity = Commodity("WTI", "USD/bbl", WTI.symbols, frequency=frequency)
    return points(collected(document(*rows, frequency=frequency), ask, commodity))


def test_the_known_answer() -> None:
    [reply] = collected(RECORDED)
    values = [point.value for point in points([reply]) if point.value is not None]

    assert [block.series.key for block in reply.blocks] == 5 * ["Henry Hub/price/eia"]
    assert (len(values), sum(values), min(values), max(values)) == (
        21,
        Decimal("58.49"),
        Decimal("2.56"),
        Decimal("2.94"),
    )
    assert points([reply])[0] == Point(utc(2026, 8, 3, 4), 1440, Decimal("2.81"))
    assert points([reply])[-1] == Point(utc(2026, 8, 31, 4), 1440, Decimal("2.9"))
    assert str(points([reply])[2].value) == "2.6"  # as it was written
    assert reply.unread == []


def test_a_series_says_what_it_is() -> None:
    series = collected(RECORDED)[0].blocks[0].series

    assert (series.kind, series.subject, series.part, series.source) == ("price", "Henry Hub", "eia", "eia")
    assert (series.unit, series.time_zone, series.group) == (
        "USD/MMBtu",
        "America/New_York",
        "Henry Hub/price/eia",
    )


def test_a_reply_says_what_it_cost() -> None:
    with publishing(answer(b"", "503 No"), answer(RECORDED)) as publisher, opened(publisher.url) as http:
        [reply] = eia(http).collect(AUGUST)

    assert (reply.asked, reply.received_at, reply.requests, reply.size) == (AUGUST, NOW, 2, len(RECORDED))


def test_the_values_are_asked_for_by_name_and_in_order() -> None:
    with publishing(answer(RECORDED)) as publisher, opened(publisher.url) as http:
        list(eia(http).collect(AUGUST))

    [target] = publisher.targets()
    url = httpx.URL(target)
    assert url.path == "/v2/natural-gas/pri/fut/data/"
    assert dict(url.params) == {
        "api_key": KEY,
        "frequency": "daily",
        "data[0]": "value",
        "facets[series][]": "RNGWHHD",
        "start": "2026-08-01",
        "end": "2026-08-31",
        "sort[0][column]": "period",
        "sort[0][direction]": "asc",
        "offset": "0",
        "length": "5000",
    }


def paged(*pages: bytes) -> tuple[Callable[[httpx.Request], httpx.Response], list[str]]:
    """Answers one page after the other, and the offsets that were asked for."""
    offsets: list[str] = []
    left: Iterator[bytes] = iter(pages)

    def say(request: httpx.Request) -> httpx.Response:
        offsets.append(request.url.params["offset"])
        return httpx.Response(200, content=next(left))

    return say, offsets


DAYS = [row(f"2026-08-{day:02}", f"60.{day:02}") for day in (3, 4, 5, 6, 7, 10, 11)]


def test_pages_are_read_to_the_last_row() -> None:
    say, offsets = paged(
        document(*DAYS[:3], total="7"), document(*DAYS[3:6], total="7"), document(*DAYS[6:], total="7")
    )
    ask = prices("eia", "WTI", utc(2026, 8, 1, 4), utc(2026, 9, 1, 4))

    with answering(say) as http:
        replies = list(eia(http).collect(ask))

    assert offsets == ["0", "3", "6"]
    assert [point.value for point in points(replies)] == [Decimal(one["value"]) for one in DAYS]
    assert [reply.asked.span for reply in replies] == [
        Span(utc(2026, 8, 1, 4), utc(2026, 8, 6, 4)),
        Span(utc(2026, 8, 6, 4), utc(2026, 8, 11, 4)),
        Span(utc(2026, 8, 11, 4), utc(2026, 9, 1, 4)),
    ]


@pytest.mark.parametrize(
    "second", [document(total="7"), document(*DAYS[:3], total="7"), document(*DAYS[2:4], total="7")]
)
def test_pages_that_lead_nowhere_end_with_what_was_read_before(second: bytes) -> None:
    say, offsets = paged(document(*DAYS[:3], total="7"), second)
    ask = prices("eia", "WTI", utc(2026, 8, 1, 4), utc(2026, 9, 1, 4))

    with answering(say) as http:
        replies = eia(http).collect(ask)
        first = next(replies)
        with pytest.raises(UnreadableReply, match="EIA's reply about petroleum/pri/spt:RWTC"):
            next(replies)

    assert len(points([first])) == 3
    assert offsets == ["0", "3"]


def test_nothing_published_is_an_empty_reply() -> None:
    [reply] = collected(document(total=0))

    assert (reply.blocks, reply.unread, reply.asked) == ([], [], AUGUST)


def test_a_price_below_zero_is_a_price() -> None:
    assert wti(row("2020-04-20", "-36.98")) == [Point(utc(2020, 4, 20, 4), 1440, Decimal("-36.98"))]


def test_days_have_23_and_25_hours_when_the_clock_changes() -> None:
    changing = wti(
        row("2026-03-08", "1"), row("2026-03-09", "2"), row("2026-11-01", "3"), row("2026-11-02", "4")
    )

    assert [(point.at, point.minutes) for point in changing] == [
        (utc(2026, 3, 8, 5), 1380),
        (utc(2026, 3, 9, 4), 1440),
        (utc(2026, 11, 1, 4), 1500),
        (utc(2026, 11, 2, 5), 1440),
    ]


@pytest.mark.parametrize(
    ("frequency", "period", "at", "until"),
    [
        ("weekly", "2026-03-13", utc(2026, 3, 7, 5), utc(2026, 3, 14, 4)),  # it ends with this Friday
        ("monthly", "2026-02", utc(2026, 2, 1, 5), utc(2026, 3, 1, 5)),
        ("monthly", "2026-03", utc(2026, 3, 1, 5), utc(2026, 4, 1, 4)),
        ("monthly", "2025-12", utc(2025, 12, 1, 5), utc(2026, 1, 1, 5)),
        ("quarterly", "2026-Q3", utc(2026, 7, 1, 4), utc(2026, 10, 1, 4)),
        ("quarterly", "2025-Q4", utc(2025, 10, 1, 4), utc(2026, 1, 1, 5)),
        ("annual", "2024", utc(2024, 1, 1, 5), utc(2025, 1, 1, 5)),
    ],
)
def test_a_period_has_its_real_length(
    frequency: Frequency, period: str, at: datetime, until: datetime
) -> None:
    assert wti(row(period, "61.5"), frequency=frequency) == [
        Point(at, (until - at) // timedelta(minutes=1), Decimal("61.5"))
    ]


@pytest.mark.parametrize(
    ("frequency", "start", "end"),
    [
        ("daily", "2026-08-05", "2026-08-12"),
        ("weekly", "2026-08-05", "2026-08-18"),
        ("monthly", "2026-08", "2026-08"),
        ("quarterly", "2026-Q3", "2026-Q3"),
        ("annual", "2026", "2026"),
    ],
)
def test_a_span_is_asked_for_in_whole_periods(frequency: Frequency, start: str, end: str) -> None:
    commodity = Commodity("WTI", "USD/bbl", WTI.symbols, frequency=frequency)
    asked: list[httpx.URL] = []

    def say(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, content=document(frequency=frequency))

    with answering(say) as http:
        list(eia(http, commodity).collect(prices("eia", "WTI", utc(2026, 8, 5, 12), utc(2026, 8, 13, 4))))

    assert (asked[0].params["start"], asked[0].params["end"]) == (start, end)


def test_a_publisher_that_does_not_heed_the_span_brings_only_what_is_in_it() -> None:
    ask = prices("eia", "WTI", utc(2026, 8, 4, 12), utc(2026, 8, 6, 4))

    assert [point.at for point in points(collected(document(*DAYS), ask))] == [
        utc(2026, 8, 4, 4),
        utc(2026, 8, 5, 4),
    ]


@pytest.mark.parametrize("written", [None, "NA", "--", "W", ""])
def test_a_value_that_was_published_as_missing_is_none(written: object) -> None:
    assert [point.value for point in wti(row("2026-08-03", written), row("2026-08-04", "2"))] == [
        None,
        Decimal(2),
    ]


@pytest.mark.parametrize("written", [61.5, 61, "61.50", -3])
def test_a_number_may_be_written_as_one(written: object) -> None:
    assert [str(point.value) for point in wti(row("2026-08-03", written))] == [str(written)]


@pytest.mark.parametrize(
    "doubtful",
    [
        row("2026-02-30", "1"),
        row("2026-13-01", "1"),
        row("20260803", "1"),
        row("2026-W32-1", "1"),
        row("0000-01-01", "1"),
        row("9999-12-31", "1"),
        row("٢٠٢٦-08-03", "1"),
        row("2026-08-03\n", "1"),
        row("2026-08", "1"),
        row("2026-08-03", "61,50"),
        row("2026-08-03", "1_000"),
        row("2026-08-03", "NaN"),
        row("2026-08-03", "Infinity"),
        row("2026-08-03", "1e3"),
        row("2026-08-03", "٦١"),
        row("2026-08-03", "9" * 5000),
        row("2026-08-03", True),
        row("2026-08-03", {"amount": 1}),
        row("2026-08-03", [1]),
        {**row("2026-08-03", "1"), "period": None},
        {**row("2026-08-03", "1"), "period": 20260803},
    ],
)
def test_a_row_that_says_nothing_sure_is_named_and_the_others_stay(doubtful: Row) -> None:
    ask = prices("eia", "WTI", utc(1986, 1, 1), utc(2026, 11, 30))

    [reply] = collected(document(doubtful, row("2026-08-04", "62")), ask)

    assert points([reply]) == [Point(utc(2026, 8, 4, 4), 1440, Decimal(62))]
    [unread] = reply.unread
    assert unread.series == "WTI/price/eia"
    assert unread.reason.isprintable()


def test_two_values_of_one_day_are_both_unsure() -> None:
    ask = prices("eia", "WTI", utc(2026, 8, 1), utc(2026, 9, 1))
    rows = row("2026-08-03", "1"), row("2026-08-04", "2"), row("2026-08-04", "3"), row("2026-08-05", "4")

    [reply] = collected(document(*rows), ask)

    assert [point.value for point in points([reply])] == [Decimal(1), Decimal(4)]
    assert [unread.reason for unread in reply.unread] == ["2026-08-04T04:00:00+00:00: two values, 2 and 3"]


def test_the_same_row_twice_is_one_value() -> None:
    assert len(wti(row("2026-08-03", "1"), row("2026-08-03", "1"))) == 1


WRONG: dict[str, bytes] = {
    "nothing": b"",
    "HTML": b"<!DOCTYPE html><html><body>Under maintenance</body></html>",
    "a list": b"[]",
    "a text": b'"no"',
    "not UTF-8": b'{"response": "\xff"}',
    "with a mark of order": b"\xef\xbb\xbf" + RECORDED,
    "NaN": RECORDED.replace(b'"2.81"', b"NaN"),
    "infinity": RECORDED.replace(b'"2.81"', b"-Infinity"),
    "two values of one name": RECORDED.replace(b'"value":"2.81"', b'"value":"2.81","value":"2.82"'),
    "a huge number": RECORDED.replace(b'"2.81"', b"9" * 5000),
    "a huge exponent": RECORDED.replace(b'"2.81"', b"1e99999999999999999999"),
    "deep nesting": b'{"response":' + b"[" * 200_000,
    "deep nesting to its end": b'{"response":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
    "no response": b"{}",
    "an error with 200": b'{"error": "busy", "code": 200}',
    "no total": RECORDED.replace(b'"total":"21"', b'"sum":"21"'),
    "a total that is no count": RECORDED.replace(b'"total":"21"', b'"total":"many"'),
    "a total below zero": RECORDED.replace(b'"total":"21"', b'"total":-1'),
    "rows that are no list": b'{"response":{"total":"1","data":{}}}',
    "rows that are no objects": b'{"response":{"total":"1","data":["2026-08-03"]}}',
    "no rows where there are some": b'{"response":{"total":"21","data":[]}}',
    "rows of another series": RECORDED.replace(b"RNGWHHD", b"RNGC1", 1),
    "rows in another unit": RECORDED.replace(b"$\\/MMBTU", b"$\\/BBL", 1),
    "rows without values": RECORDED.replace(b'"value"', b'"price"', 1),
    "rows of weeks": RECORDED.replace(b'"frequency":"daily"', b'"frequency":"weekly"', 1),
    "rows in no order": RECORDED.replace(b'"2026-08-04"', b'"2026-08-30"'),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_a_reply_that_is_none_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableReply, match="EIA's reply about natural-gas/pri/fut:RNGWHHD cannot be read"):
        collected(content)


def test_a_reply_that_breaks_off_at_any_byte_is_unreadable() -> None:
    whole = document(row("2026-08-03", "61.5"), row("2026-08-04", "62.25"))
    ask = prices("eia", "WTI", utc(2026, 8, 1), utc(2026, 9, 1))
    left = (httpx.Response(200, content=whole[:length]) for length in range(len(whole)))

    with answering(lambda _: next(left)) as http:
        for _ in whole:
            with pytest.raises(UnreadableReply):
                list(eia(http).collect(ask))


def test_a_key_that_the_reply_repeats_is_not_kept() -> None:
    content = document(row("2026-08-03", "1"))[:-1]
    assert json.dumps(KEY).encode() in content

    with pytest.raises(UnreadableReply) as unreadable:
        collected(content, prices("eia", "WTI", utc(2026, 8, 1), utc(2026, 9, 1)))

    assert '"api_key": "**********"' in unreadable.value.reply
    assert KEY not in unreadable.value.reply
    assert json.dumps(KEY)[1:-1] not in unreadable.value.reply


def refused(content: bytes, status: int) -> str:
    with saying(content, status) as http, pytest.raises(PublisherRefused) as refusal:
        list(eia(http).collect(AUGUST))
    return str(refusal.value)


def test_a_key_that_is_missing_or_wrong_is_named_and_never_shown() -> None:
    missing = (REPLIES / "eia" / "error_403_API_KEY_MISSING.json").read_bytes()
    invalid = json.dumps({"error": {"code": "API_KEY_INVALID", "message": f"No: {KEY}"}}).encode()

    assert refused(missing, 403) == "EIA does not accept the key (API_KEY_MISSING): check EIA_API_KEY"
    assert refused(invalid, 403) == "EIA does not accept the key (API_KEY_INVALID): check EIA_API_KEY"


def test_an_unknown_route_is_named() -> None:
    content = (REPLIES / "eia" / "error_404.json").read_bytes()

    assert refused(content, 404) == "EIA has no natural-gas/pri/fut:RNGWHHD: check the route and the series"


def test_a_refusal_is_told_in_eias_own_words() -> None:
    content = json.dumps({"error": f"Invalid frequency 'x' provided by {KEY}.", "code": 400}).encode()

    assert refused(content, 400) == (
        "EIA refuses to answer about natural-gas/pri/fut:RNGWHHD (400): "
        "Invalid frequency 'x' provided by **********."
    )


def test_a_wall_before_eia_says_nothing_about_the_key() -> None:
    words = refused(b"<html>Access denied</html>", 403)

    assert words.endswith("(403): it gives no reason")
    assert "EIA_API_KEY" not in words


def test_a_key_that_has_been_used_too_often_ends_it() -> None:
    with saying(b'{"error": {"code": "OVER_RATE_LIMIT"}}', 429) as http, pytest.raises(PublisherBusy):
        list(eia(http).collect(AUGUST))


def test_a_page_of_maintenance_is_no_answer() -> None:
    with saying(b"<html></html>", 503) as http, pytest.raises(PublisherUnavailable):
        list(eia(http).collect(AUGUST))


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (prices("eia", "Gold", utc(2026, 8, 1), utc(2026, 9, 1)), "eia has no price of Gold"),
        (Ask("eia", "load", "WTI", AUGUST.span), "eia has no load of WTI"),
        (prices("eia", "WTI", utc(2026, 9, 1), utc(2026, 8, 1)), "ends before it begins"),
        (prices("eia", "WTI", utc(2026, 9, 1), utc(2026, 9, 1)), "ends before it begins"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(ask: Ask, words: str) -> None:
    with publishing(answer(RECORDED)) as publisher, opened(publisher.url) as http:
        with pytest.raises(PublisherRefused, match=words):
            list(eia(http).collect(ask))
        assert publisher.requests == []


def test_a_source_says_its_name() -> None:
    with saying(b"") as http:
        assert eia(http).name == "eia"


@pytest.mark.parametrize(("status", "is_of_question"), [(400, True), (404, True), (403, False), (410, False)])
def test_a_symbol_that_it_does_not_have_is_told_from_a_door_that_is_shut(
    status: int, is_of_question: bool
) -> None:
    with saying(b"{}", status) as http, pytest.raises(PublisherRefused) as refusal:
        list(eia(http).collect(AUGUST))

    assert refusal.value.is_of_question is is_of_question
