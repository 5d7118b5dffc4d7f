"""The platform as a source, against a publisher on loopback."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from plantpulse.errors import (
    InvalidRequest,
    PublisherBusy,
    PublisherRefused,
    PublisherUnavailable,
    UnreadableReply,
)
from plantpulse.retry import Pacing
from plantpulse.series.publisher import Ask, Source, Span
from plantpulse.series.sources.entsoe.source import REQUESTS_A_MINUTE, Entsoe
from plantpulse.series.sources.http import Http
from plantpulse.settings import Secret
from plantpulse.settings.areas import AREAS
from tests.series.entsoe.built import document, load, period, point, recorded, series
from tests.series.sources.publisher import Answer, Publisher, answer, publishing

TOKEN = "11c6a1f4-6c38-4a3c-b8ab-9d3c8cf0b8c7"
NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
XML = {"Content-Type": "text/xml"}
ACK = "urn:iec62325.351:tc57wg16:451-1:acknowledgementdocument:7:0"
TOO_LONG = (
    "Provided time interval (a - b) is larger than maximum allowed period 'P1M' for "
    "'AGGREGATED_GENERATION_PER_TYPE_R3:XML' export."
)
TOO_MANY = "The number of instances (149) exceeds the allowed maximum (100) for data item ENERGY_PRICES."


def xml(content: bytes, status: str = "200 OK") -> bytes:
    return answer(content, status, XML)


def acknowledgement(reason: str) -> bytes:
    root = "Acknowledgement_MarketDocument"
    text = f"<Reason><code>999</code><text>{reason}</text></Reason>"
    return f'<{root} xmlns="{ACK}">{text}</{root}>'.encode()


def refusal(reason: str, status: str = "400 Bad Request") -> bytes:
    return xml(acknowledgement(reason), status)


NOTHING = xml(recorded("ack_no_data_HTTP200_NL"))


@contextmanager
def entsoe(*answers: Answer) -> Iterator[tuple[Entsoe, Publisher]]:
    with publishing(*answers) as publisher:
        http = Http(
            "ENTSO-E",
            f"{publisher.url}/api",
            [Secret(TOKEN)],
            lambda: 900.0,
            lambda: NOW,
            Pacing(sleep=lambda _: None, jitter=lambda: 0.0),
        )
        with http:
            yield Entsoe(http, Secret(TOKEN), AREAS), publisher


def ask(kind: str, area: str, start: str, until: str) -> Ask:
    return Ask("entsoe", kind, area, Span(datetime.fromisoformat(start), datetime.fromisoformat(until)))


A_DAY = ask("load", "NL", "2024-09-01T22:00Z", "2024-09-02T22:00Z")


def queries(publisher: Publisher) -> list[dict[str, str]]:
    found = [parse_qs(urlsplit(target).query) for target in publisher.targets()]
    return [{name: value for name, [value] in query.items()} for query in found]


def spans(publisher: Publisher) -> list[str]:
    return [f"{query['periodStart']} {query['periodEnd']}" for query in queries(publisher)]


def test_a_day_of_load_is_one_request_and_one_reply() -> None:
    content = recorded("a65_A16_NL")

    with entsoe(xml(content)) as (source, publisher):
        [reply] = source.collect(A_DAY)

    assert queries(publisher) == [
        {
            "documentType": "A65",
            "processType": "A16",
            "outBiddingZone_Domain": "10YNL----------L",
            "periodStart": "202409012200",
            "periodEnd": "202409022200",
        }
    ]
    assert reply.asked == A_DAY
    assert sum(len(block.values) for block in reply.blocks) == 96
    assert (reply.unread, reply.received_at, reply.requests, reply.size) == ([], NOW, 1, len(content))
    assert (reply.api_ms >= 0, reply.processing_ms >= 0) == (True, True)


def test_the_token_goes_as_a_header_and_never_in_the_address() -> None:
    with entsoe(xml(recorded("a65_A16_NL"))) as (source, publisher):
        list(source.collect(A_DAY))

    [request] = publisher.requests
    assert f"security_token: {TOKEN}" in request.lower()
    assert TOKEN not in publisher.targets()[0]


@pytest.mark.parametrize(
    ("kind", "area", "expected"),
    [
        (
            "day_ahead_price",
            "DE",
            "documentType=A44 in_Domain=10Y1001A1001A82H out_Domain=10Y1001A1001A82H "
            "contract_MarketAgreement.type=A01",
        ),
        ("load", "DE", "documentType=A65 processType=A16 outBiddingZone_Domain=10Y1001A1001A83F"),
        ("load_forecast", "FR", "documentType=A65 processType=A01 outBiddingZone_Domain=10YFR-RTE------C"),
        (
            "weekly_load_forecast",
            "NL",
            "documentType=A65 processType=A33 outBiddingZone_Domain=10YNL----------L",
        ),
        ("generation", "DE", "documentType=A75 processType=A16 in_Domain=10Y1001A1001A83F"),
        ("pumping", "FR", "documentType=A75 processType=A16 in_Domain=10YFR-RTE------C"),
        ("wind_solar_forecast", "NL", "documentType=A69 processType=A01 in_Domain=10YNL----------L"),
        ("generation_forecast", "NL", "documentType=A71 processType=A01 in_Domain=10YNL----------L"),
        ("imbalance_price", "AT", "documentType=A85 controlArea_Domain=10YAT-APG------L"),
        ("imbalance_volume", "DE", "documentType=A86 controlArea_Domain=10YCB-GERMANY--8"),
    ],
)
def test_each_kind_is_asked_for_as_the_guide_says(kind: str, area: str, expected: str) -> None:
    with entsoe(NOTHING) as (source, publisher):
        list(source.collect(ask(kind, area, "2024-01-01T00:00Z", "2024-01-02T00:00Z")))

    [query] = queries(publisher)
    assert (query.pop("periodStart"), query.pop("periodEnd")) == ("202401010000", "202401020000")
    assert query == dict(pair.split("=") for pair in expected.split())


@pytest.mark.parametrize(
    ("name", "kind", "area", "count"),
    [
        ("a44_AT", "day_ahead_price", "AT", 24),
        ("a75_A16_FR", "generation", "FR", 288),
        ("a85", "imbalance_price", "AT", 768),
        ("a86", "imbalance_volume", "AT", 96),
    ],
)
def test_recorded_replies_come_through(name: str, kind: str, area: str, count: int) -> None:
    with entsoe(answer(recorded(name))) as (source, _):
        [reply] = source.collect(ask(kind, area, "2024-01-01T00:00Z", "2024-01-02T00:00Z"))

    assert sum(len(block.values) for block in reply.blocks) == count


@pytest.mark.parametrize("reply", ["NL", "flowbased", "null_interval"])
def test_no_data_is_a_reply_without_blocks(reply: str) -> None:
    with entsoe(xml(recorded(f"ack_no_data_HTTP200_{reply}"))) as (source, _):
        [nothing] = source.collect(A_DAY)

    assert (nothing.blocks, nothing.unread, nothing.requests) == ([], [], 1)


def test_no_data_with_a_refusing_status_is_no_data_as_well() -> None:
    with entsoe(refusal("No matching data found for Data item LOAD")) as (source, _):
        [nothing] = source.collect(A_DAY)

    assert nothing.blocks == []


def test_an_empty_span_asks_nothing() -> None:
    with entsoe(NOTHING) as (source, publisher):
        assert list(source.collect(ask("load", "NL", "2024-01-02T00:00Z", "2024-01-01T00:00Z"))) == []

    assert publisher.requests == []


def test_a_long_span_is_asked_part_after_part() -> None:
    with entsoe(NOTHING) as (source, publisher):
        replies = list(source.collect(ask("load", "NL", "2021-12-31T23:00Z", "2024-06-30T22:00Z")))

    assert spans(publisher) == [
        "202112312300 202212312300",
        "202212312300 202312312300",
        "202312312300 202406302200",
    ]
    assert [reply.asked.span.until for reply in replies[:-1]] == [
        reply.asked.span.start for reply in replies[1:]
    ]


@pytest.mark.parametrize(
    ("kind", "parts"), [("day_ahead_price", 8), ("generation", 4), ("load", 2), ("imbalance_price", 2)]
)
def test_a_leap_year_is_as_many_parts_as_the_limits_need(kind: str, parts: int) -> None:
    with entsoe(NOTHING) as (source, publisher):
        list(source.collect(ask(kind, "NL", "2023-12-31T23:00Z", "2024-12-31T23:00Z")))

    assert len(publisher.requests) == parts


def test_what_was_yielded_before_an_error_stays() -> None:
    with entsoe(xml(recorded("a65_A16_NL")), refusal("Something is wrong")) as (source, _):
        replies = source.collect(ask("load", "NL", "2023-01-01T00:00Z", "2024-09-01T00:00Z"))
        first = next(replies)

        with pytest.raises(PublisherRefused):
            next(replies)

    assert len(first.blocks) == 1


def test_a_limit_that_the_platform_names_is_kept_from_then_on() -> None:
    with entsoe(refusal(TOO_LONG), NOTHING) as (source, publisher):
        replies = list(source.collect(ask("generation", "NL", "2023-12-31T23:00Z", "2024-03-31T22:00Z")))
        list(source.collect(ask("generation", "FR", "2023-12-31T23:00Z", "2024-02-29T23:00Z")))

    assert spans(publisher)[:5] == [
        "202312312300 202403312200",
        "202312312300 202401282300",
        "202401282300 202402252300",
        "202402252300 202403242300",
        "202403242300 202403312200",
    ]
    assert len(spans(publisher)) == 5 + 3
    assert [reply.requests for reply in replies] == [2, 1, 1, 1]
    assert replies[0].size > replies[1].size


def test_a_limit_without_a_period_halves_the_part() -> None:
    with entsoe(refusal(TOO_MANY), refusal(TOO_MANY), NOTHING) as (source, publisher):
        list(source.collect(ask("day_ahead_price", "NL", "2024-01-31T23:00Z", "2024-02-10T23:00Z")))

    assert spans(publisher) == [
        "202401312300 202402102300",
        "202401312300 202402052300",
        "202401312300 202402022300",
        "202402022300 202402042300",
        "202402042300 202402062300",
        "202402062300 202402082300",
        "202402082300 202402102300",
    ]


def test_a_limit_of_one_kind_is_none_of_another() -> None:
    with entsoe(refusal(TOO_LONG), NOTHING) as (source, publisher):
        list(source.collect(ask("generation", "NL", "2023-12-31T23:00Z", "2024-02-29T23:00Z")))
        asked = len(publisher.requests)
        list(source.collect(ask("load", "NL", "2023-12-31T23:00Z", "2024-02-29T23:00Z")))

    assert len(publisher.requests) == asked + 1


def test_a_day_that_is_still_too_much_is_refused() -> None:
    with (
        entsoe(refusal(TOO_MANY)) as (source, publisher),
        pytest.raises(PublisherRefused, match="exceeds the allowed"),
    ):
        list(source.collect(A_DAY))

    assert len(publisher.requests) == 1


def test_a_reply_of_prices_that_may_have_been_cut_is_asked_in_shorter_parts() -> None:
    """The guide promises at most 100 time series, and does not say that a longer reply is refused."""
    day = (
        "<TimeSeries><currency_Unit.name>EUR</currency_Unit.name><price_Measure_Unit.name>MWH</price_Measure_Unit.name>"
        f"{period(point(1, 5)).replace('quantity', 'price.amount')}</TimeSeries>"
    )
    namespace = "urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3"
    head = f'<Publication_MarketDocument xmlns="{namespace}"><type>A44</type>'

    def reply(count: int) -> bytes:
        return xml(f"{head}{day * count}</Publication_MarketDocument>".encode())

    with entsoe(reply(100), reply(99)) as (source, publisher):
        replies = list(source.collect(ask("day_ahead_price", "NL", "2024-01-31T23:00Z", "2024-02-10T23:00Z")))

    assert spans(publisher) == [
        "202401312300 202402102300",
        "202401312300 202402052300",
        "202402052300 202402102300",
    ]
    assert len(replies) == 2


def test_any_number_of_time_series_of_load_is_whole() -> None:
    hours = [
        series(period(point(1, 5), start=f"2024-09-02T{h:02}:00Z", end=f"2024-09-02T{h:02}:30Z"))
        for h in range(20)
    ]

    with entsoe(xml(document(*hours * 6))) as (source, publisher):
        list(source.collect(A_DAY))

    assert len(publisher.requests) == 1


def test_a_refusal_says_why_on_one_line() -> None:
    reason = "Delivered Area EIC\n  10YNL----------L\tis not valid for\x07 this area."

    with (
        entsoe(refusal(reason.replace("\x07", ""))) as (source, _),
        pytest.raises(PublisherRefused) as refused,
    ):
        list(source.collect(A_DAY))

    assert str(refused.value) == (
        "ENTSO-E refuses load of NL from 2024-09-01T22:00Z to 2024-09-02T22:00Z: "
        "Delivered Area EIC 10YNL----------L is not valid for this area."
    )
    assert refused.value.is_of_question


def test_a_refusal_with_a_good_status_is_a_refusal() -> None:
    with entsoe(refusal("Unexpected error", "200 OK")) as (source, _), pytest.raises(PublisherRefused):
        list(source.collect(A_DAY))


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
@pytest.mark.parametrize(
    "body", [b"", b"<html>No</html>", acknowledgement(f"Invalid security token {TOKEN}")]
)
def test_a_refused_token_names_its_variable_and_never_itself(status: str, body: bytes) -> None:
    with entsoe(xml(body, status)) as (source, _), pytest.raises(PublisherRefused) as refused:
        list(source.collect(A_DAY))

    assert "ENTSOE_TOKEN" in str(refused.value)
    assert not refused.value.is_of_question
    assert status[:3] in str(refused.value)
    assert TOKEN not in "".join(traceback.format_exception(refused.value))


def test_a_token_that_a_refusal_repeats_is_not_passed_on() -> None:
    with (
        entsoe(refusal(f"Bad request with securityToken={TOKEN}")) as (source, _),
        pytest.raises(PublisherRefused) as refused,
    ):
        list(source.collect(A_DAY))

    assert TOKEN not in "".join(traceback.format_exception(refused.value))
    assert "Bad request with securityToken=**********" in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        f"<a>{TOKEN}</a>".encode(),
        f"<{'a' * 5}{TOKEN}/>".encode(),
        load((1, 5)).replace(b"A65", TOKEN.encode()),
        load((1, 5), start=TOKEN),
    ],
)
def test_a_token_in_a_reply_that_cannot_be_read_is_not_passed_on(content: bytes) -> None:
    with entsoe(xml(content)) as (source, _), pytest.raises(UnreadableReply) as error:
        list(source.collect(A_DAY))

    assert TOKEN not in "".join(traceback.format_exception(error.value))
    assert TOKEN not in error.value.reply
    assert error.value.reply
    assert (error.value.__cause__, error.value.__context__) == (None, None)


def test_a_token_in_what_is_unread_is_not_passed_on() -> None:
    with entsoe(xml(load((1, TOKEN)))) as (source, _):
        [reply] = source.collect(A_DAY)

    assert [unread.reason for unread in reply.unread] == ["the value at 2024-01-01T00:00Z is **********"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE html><html><body>Down</body></html>", "is an HTML page"),
        (recorded("a65_A16_NL")[:5000], "is no well-formed XML"),
        (b"", "is no well-formed XML"),
        (b"PK\x03\x04 broken", "the zip cannot be read"),
        (recorded("a75_A16_FR"), "is of the type A75, not A65 as asked"),
    ],
)
def test_a_reply_that_is_none_names_what_was_asked(content: bytes, words: str) -> None:
    with entsoe(xml(content)) as (source, _), pytest.raises(UnreadableReply) as error:
        list(source.collect(A_DAY))

    assert str(error.value).startswith("ENTSO-E's reply about A65 of NL (HTTP 200) cannot be read: ")
    assert words in str(error.value)


def test_data_with_a_refusing_status_is_not_taken() -> None:
    with (
        entsoe(xml(recorded("a65_A16_NL"), "400 Bad Request")) as (source, _),
        pytest.raises(UnreadableReply),
    ):
        list(source.collect(A_DAY))


def test_a_ban_ends_at_once() -> None:
    with (
        entsoe(answer(b"Max allowed requests", "429 Too Many Requests", {"Retry-After": "600"})) as (
            source,
            publisher,
        ),
        pytest.raises(PublisherBusy),
    ):
        list(source.collect(A_DAY))

    assert len(publisher.requests) == 1


def test_a_platform_that_is_down_is_tried_three_times() -> None:
    with (
        entsoe(answer(b"", "503 Service Unavailable")) as (source, publisher),
        pytest.raises(PublisherUnavailable),
    ):
        list(source.collect(A_DAY))

    assert len(publisher.requests) == 3


def test_tries_that_failed_are_counted_with_the_reply() -> None:
    down = answer(b"", "503 Service Unavailable")

    with entsoe(down, down, xml(recorded("a65_A16_NL"))) as (source, _):
        [reply] = source.collect(A_DAY)

    assert reply.requests == 3


def test_an_unknown_area_is_an_invalid_request_and_asks_nothing() -> None:
    with (
        entsoe(NOTHING) as (source, publisher),
        pytest.raises(InvalidRequest, match="the area XX is unknown") as error,
    ):
        list(source.collect(ask("load", "XX", "2024-01-01T00:00Z", "2024-01-02T00:00Z")))

    assert error.value.field == "subject"
    assert publisher.requests == []


def test_an_unknown_kind_is_an_invalid_request_and_asks_nothing() -> None:
    with (
        entsoe(NOTHING) as (source, publisher),
        pytest.raises(InvalidRequest, match="publishes no price") as error,
    ):
        list(source.collect(ask("price", "NL", "2024-01-01T00:00Z", "2024-01-02T00:00Z")))

    assert error.value.field == "kind"
    assert publisher.requests == []


def test_the_platform_is_a_source_and_leaves_room_below_its_ban() -> None:
    with entsoe(NOTHING) as (source, _):
        as_source: Source = source

    assert as_source.name == "entsoe"
    assert REQUESTS_A_MINUTE < 400
