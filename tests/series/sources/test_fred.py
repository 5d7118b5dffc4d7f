"""Prices of FRED: recorded replies, vintages, refusals, and replies that say nothing."""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from plantpulse.errors import PublisherBusy, PublisherRefused, UnreadableReply
from plantpulse.series.points import Block, Point
from plantpulse.series.publisher import Ask, Reply, Span
from plantpulse.series.sources.commodities import Commodity
from plantpulse.series.sources.fred import REQUESTS_A_MINUTE, Fred
from plantpulse.series.sources.http import Http
from plantpulse.settings import Secret
from tests.series.sources.asking import KEY, NOW, REPLIES, Waits, answering, opened, prices, saying, utc
from tests.series.sources.publisher import answer, publishing

GDP = Commodity("GDP", "USD", {"fred": "GDP"}, frequency="quarterly")  # the recorded replies are about it
WTI = Commodity("WTI", "USD/bbl", {"fred": "DCOILWTICO"})
RECORDED = (REPLIES / "fred" / "observations_GDP_2024-10-30.json").read_bytes()
ALWAYS = prices("fred", "GDP", utc(1900, 1, 1), utc(2026, 11, 30))
AUGUST = prices("fred", "WTI", utc(2026, 8, 1, 4), utc(2026, 9, 1, 4))
Row = dict[str, Any]


def fred(http: Http) -> Fred:
    return Fred(http, Secret(KEY), (GDP, WTI))


def collected(content: bytes, ask: Ask = ALWAYS) -> list[Reply]:
    with saying(content, name="FRED") as http:
        return list(fred(http).collect(ask))


def points(blocks: Sequence[Block]) -> list[Point]:
    return [point for block in blocks for point in block.points()]


def row(day: str, value: object, since: str = "2026-11-30", until: str = "2026-11-30") -> Row:
    return {"realtime_start": since, "realtime_end": until, "date": day, "value": value}


def document(*rows: object, count: object = None, name: str = "observations") -> bytes:
    return json.dumps({"count": len(rows) if count is None else count, name: rows}).encode()


def test_the_known_answer() -> None:
    [reply] = collected(RECORDED)
    found = points(reply.blocks)
    values = [point.value for point in found]

    assert (len(values), values.count(None)) == (315, 4)
    assert sum(value for value in values if value is not None) == Decimal("2295120.247")
    assert [point.at for point in (found[0], found[-1])] == [utc(1946, 1, 1, 5), utc(2024, 7, 1, 4)]
    assert found[0].value is None
    assert found[-1].minutes == 92 * 1440
    assert (reply.unread, reply.blocks[0].series.key) == ([], "GDP/price/fred")


def test_a_full_stop_is_a_value_that_was_published_as_missing() -> None:
    content = document(row("2026-08-03", "61.5"), row("2026-08-04", "."), row("2026-08-05", "-36.98"))

    assert [point.value for point in points(collected(content, AUGUST)[0].blocks)] == [
        Decimal("61.5"),
        None,
        Decimal("-36.98"),
    ]


def test_observations_are_asked_for_by_their_dates() -> None:
    with publishing(answer(document())) as publisher, opened(publisher.url) as http:
        [reply] = fred(http).collect(AUGUST)

    url = httpx.URL(publisher.targets()[0])
    assert url.path == "/fred/series/observations"
    assert dict(url.params) == {
        "series_id": "DCOILWTICO",
        "api_key": KEY,
        "file_type": "json",
        "sort_order": "asc",
        "limit": "10000",
        "offset": "0",
        "observation_start": "2026-08-01",
        "observation_end": "2026-08-31",
    }
    assert (reply.blocks, reply.asked, reply.received_at) == ([], AUGUST, NOW)


def test_pages_are_read_to_the_last_row() -> None:
    days = [row(f"2026-08-0{day}", f"6{day}") for day in (3, 4, 5, 6, 7)]
    pages = iter([document(*days[:2], count=5), document(*days[2:4], count=5), document(*days[4:], count=5)])
    offsets: list[str] = []

    def say(request: httpx.Request) -> httpx.Response:
        offsets.append(request.url.params["offset"])
        return httpx.Response(200, content=next(pages))

    with answering(say) as http:
        replies = list(fred(http).collect(AUGUST))

    assert offsets == ["0", "2", "4"]
    assert [reply.asked.span for reply in replies] == [
        Span(utc(2026, 8, 1, 4), utc(2026, 8, 5, 4)),
        Span(utc(2026, 8, 5, 4), utc(2026, 8, 7, 4)),
        Span(utc(2026, 8, 7, 4), utc(2026, 9, 1, 4)),
    ]
    assert [str(point.value) for reply in replies for point in points(reply.blocks)] == [
        "63",
        "64",
        "65",
        "66",
        "67",
    ]


def test_a_page_that_comes_again_is_no_next_page() -> None:
    content = document(row("2026-08-03", "61"), row("2026-08-04", "62"), count=5)

    with saying(content) as http, pytest.raises(UnreadableReply, match="not in order"):
        list(fred(http).collect(AUGUST))


def test_no_more_than_two_requests_a_second_are_sent() -> None:
    waits = Waits()
    with (
        publishing(answer(document())) as publisher,
        opened(publisher.url, waits, requests_a_minute=REQUESTS_A_MINUTE) as http,
    ):
        for _ in range(5):
            list(fred(http).collect(AUGUST))

    assert waits == 4 * [0.5]


WRONG: dict[str, bytes] = {
    "nothing": b"",
    "HTML": b"<html>Access Denied</html>",
    "XML": b'<?xml version="1.0"?><observations count="1"/>',
    "NaN": document(row("2026-08-03", float("nan"))),
    "two values of one name": b'{"count": 1, "count": 0, "observations": []}',
    "deep nesting": b'{"observations":' + b"[" * 200_000,
    "no count": b'{"observations": []}',
    "no observations": b'{"count": 1}',
    "none of them": document(count=3),
    "a row that is no object": document("2026-08-03"),
    "a row without a date": document({"value": "1"}),
    "a row without a value": document({"date": "2026-08-03"}),
    "a value that is no text": document(row("2026-08-03", 61.5)),
    "no order": document(row("2026-08-04", "1"), row("2026-08-03", "1")),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_a_reply_that_is_none_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableReply, match="FRED's reply about DCOILWTICO cannot be read"):
        collected(content, AUGUST)


def test_a_reply_that_breaks_off_at_any_byte_is_unreadable() -> None:
    whole = document(row("2026-08-03", "61.5"), row("2026-08-04", "62.25"))
    left = (httpx.Response(200, content=whole[:length]) for length in range(len(whole)))

    with answering(lambda _: next(left)) as http:
        for _ in whole:
            with pytest.raises(UnreadableReply):
                list(fred(http).collect(AUGUST))


@pytest.mark.parametrize(
    ("day", "value"),
    [
        ("2026-02-30", "1"),
        ("2026-8-3", "1"),
        ("2026-08-03", ".."),
        ("2026-08-03", "1.5e3"),
        ("2026-08-03", ""),
    ],
)
def test_a_row_that_says_nothing_sure_is_named_and_the_others_stay(day: str, value: str) -> None:
    [reply] = collected(document(row(day, value), row("2026-08-04", "62")), AUGUST)

    assert points(reply.blocks) == [Point(utc(2026, 8, 4, 4), 1440, Decimal(62))]
    assert [unread.series for unread in reply.unread] == ["WTI/price/fred"]


def test_a_quarter_begins_where_quarters_begin() -> None:
    [reply] = collected(document(row("2026-02-01", "1"), row("2026-04-01", "2")))

    assert [point.at for point in points(reply.blocks)] == [utc(2026, 4, 1, 4)]
    assert "2026-02-01 begins no period of 3 months" in reply.unread[0].reason


def refused(content: bytes, status: int = 400) -> str:
    with saying(content, status, "FRED") as http, pytest.raises(PublisherRefused) as refusal:
        list(fred(http).collect(AUGUST))
    return str(refusal.value)


def test_a_wrong_key_is_named_and_never_shown() -> None:
    recorded = (REPLIES / "fred" / "error_400_bad_api_key.json").read_bytes()
    odd = {"error_code": 400, "error_message": f"Bad Request.  {KEY} for variable api_key is no key."}

    assert refused(recorded) == "FRED does not accept the key (400): check FRED_API_KEY"
    assert refused(json.dumps(odd).encode()) == "FRED does not accept the key (400): check FRED_API_KEY"


def test_another_refusal_is_told_in_freds_own_words() -> None:
    message = f"Bad Request.  The series does not exist. {KEY}"

    assert refused(json.dumps({"error_code": 400, "error_message": message}).encode()) == (
        "FRED refuses to answer about DCOILWTICO (400): Bad Request. The series does not exist. **********"
    )
    assert refused(b"<html>", 403).endswith("(403): it gives no reason")


def test_a_ban_ends_it() -> None:
    with saying(b'{"error_code":429}', 429) as http, pytest.raises(PublisherBusy):
        list(fred(http).collect(AUGUST))


def test_what_is_no_commodity_is_refused() -> None:
    with saying(RECORDED) as http, pytest.raises(PublisherRefused, match="fred has no price of Gold"):
        list(fred(http).collect(prices("fred", "Gold", utc(2026, 8, 1), utc(2026, 9, 1))))


class Archive:
    """FRED as far as its history goes: versions of values, cut to the real-time period that is asked for."""

    def __init__(self, vintages: Sequence[str], versions: Sequence[Row], most_vintages: int = 2000) -> None:
        self.vintages = vintages
        self.versions = versions
        self.most_vintages = most_vintages
        self.periods: list[tuple[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        since, until = asked["realtime_start"], asked["realtime_end"]
        if request.url.path == "/fred/series/vintagedates":
            return self._page(self.vintages, "vintage_dates", int(asked["offset"]), int(asked["limit"]))
        self.periods.append((since, until))
        if sum(since <= vintage <= until for vintage in self.vintages) > self.most_vintages:
            return httpx.Response(400, json={"error_message": "exceeds the maximum number of vintage dates"})
        rows = [
            {
                **one,
                "realtime_start": max(one["realtime_start"], since),
                "realtime_end": min(one["realtime_end"], until),
            }
            for one in self.versions
            if one["realtime_start"] <= until and one["realtime_end"] >= since
        ]
        return self._page(rows, "observations", int(asked["offset"]), int(asked["limit"]))

    def _page(self, rows: Sequence[object], name: str, offset: int, limit: int) -> httpx.Response:
        page = rows[offset : offset + min(limit, 500)]
        return httpx.Response(200, content=document(*page, count=len(rows), name=name))


def as_known(history: Sequence[tuple[datetime, Sequence[Block]]], at: datetime, known_at: datetime) -> object:
    """What was known of one value at an instant, from what was new when."""
    known: dict[datetime, object] = {}
    for since, blocks in history:
        if since <= known_at:
            known.update({point.at: point.value for point in points(blocks)})
    return known.get(at, "nothing")


RECORDED_VERSIONS = json.loads(
    (REPLIES / "fred" / "observations_GDP_all_releases_TRIMMED60.json").read_bytes()
)
RECORDED_VINTAGES = json.loads((REPLIES / "fred" / "vintagedates_GDP.json").read_bytes())["vintage_dates"]


def test_the_known_answers_of_vintages() -> None:
    archive = Archive(RECORDED_VINTAGES, RECORDED_VERSIONS["observations"])

    with answering(archive) as http:
        history = list(fred(http).history(ALWAYS))

    assert [
        as_known(history, utc(1946, 1, 1, 5), utc(year, 1, 1)) for year in (1990, 1995, 1997, 1998, 2001)
    ] == [
        "nothing",
        Decimal("199.7"),
        None,
        Decimal("210.4"),
        None,
    ]
    assert [known_at for known_at, _ in history] == sorted(known_at for known_at, _ in history)


def test_a_vintage_is_known_at_the_end_of_its_day() -> None:
    """On 1992-12-22 St. Louis is six hours behind; on 1997-05-07 five."""
    with answering(Archive(RECORDED_VINTAGES, RECORDED_VERSIONS["observations"])) as http:
        history = list(fred(http).history(ALWAYS))

    known_at = [at for at, _ in history]
    assert known_at[0] == utc(1992, 12, 23, 6)
    assert utc(1997, 5, 8, 5) in known_at


def test_a_vintage_of_today_is_known_now() -> None:
    today = [row("2026-11-27", "61.5", since="2026-11-30", until="9999-12-31")]

    with answering(Archive(["2026-11-30"], today)) as http:
        [(known_at, blocks)] = fred(http).history(prices("fred", "WTI", utc(2026, 11, 1), utc(2026, 12, 1)))

    assert known_at == NOW
    assert points(blocks) == [Point(utc(2026, 11, 27, 5), 1440, Decimal("61.5"))]


def many_vintages() -> tuple[list[str], list[Row]]:
    """2,500 days of publication: each day has a new value, and corrects the one of three days before."""
    days = [(date(2015, 1, 1) + timedelta(days=number)).isoformat() for number in range(2500)]
    versions = []
    for number, day in enumerate(days):
        corrected_at = days[number + 3] if number + 3 < len(days) else None
        last = (
            (date.fromisoformat(corrected_at) - timedelta(days=1)).isoformat()
            if corrected_at
            else "9999-12-31"
        )
        versions.append(row(day, f"{number}.0", since=day, until=last))
        if corrected_at:
            versions.append(row(day, f"{number}.5", since=corrected_at, until="9999-12-31"))
    return days, versions


def test_a_long_history_is_asked_for_in_parts_and_repeats_nothing() -> None:
    days, versions = many_vintages()
    archive = Archive(days, versions)

    with answering(archive) as http:
        history = list(fred(http).history(prices("fred", "WTI", utc(2010, 1, 1), utc(2025, 1, 1))))

    parts = list(dict.fromkeys(archive.periods))
    assert [since for since, _ in parts] == [days[0], days[1000], days[2000]]
    assert [until for _, until in parts][-1] == "9999-12-31"
    assert len(history) == 2500
    assert sum(len(points(blocks)) for _, blocks in history) == len(versions) == 4997
    assert [str(point.value) for point in points(history[1000][1])] == ["997.5", "1000.0"]


def test_a_value_that_was_taken_back_is_missing_from_then_on() -> None:
    vintages = ["2026-08-04", "2026-08-05", "2026-08-06"]
    versions = [
        row("2026-08-03", "61", since="2026-08-04", until="2026-08-04"),
        row("2026-08-04", "62", since="2026-08-05", until="9999-12-31"),
    ]

    with answering(Archive(vintages, versions)) as http:
        history = list(fred(http).history(AUGUST))

    assert [(known_at, [point.value for point in points(blocks)]) for known_at, blocks in history] == [
        (utc(2026, 8, 5, 5), [Decimal(61)]),
        (utc(2026, 8, 6, 5), [None, Decimal(62)]),
    ]


def test_only_what_is_in_the_span_has_a_history() -> None:
    versions = [
        row(day, "1", since="2026-08-10", until="9999-12-31")
        for day in ("2026-07-31", "2026-08-03", "2026-09-01")
    ]

    with answering(Archive(["2026-08-10"], versions)) as http:
        [(_, blocks)] = fred(http).history(AUGUST)

    assert [point.at for point in points(blocks)] == [utc(2026, 8, 3, 4)]


def test_without_vintages_there_is_no_history() -> None:
    with answering(Archive([], [])) as http:
        assert list(fred(http).history(AUGUST)) == []


@pytest.mark.parametrize(
    "versions",
    [
        [row("2026-02-30", "1", since="2026-08-10", until="9999-12-31")],
        [row("2026-08-03", "x", since="2026-08-10", until="9999-12-31")],
        [row("2026-08-03", one, since="2026-08-10", until="9999-12-31") for one in ("1", "2")],
        [row("2026-08-03", "1", since="2026-08-1x", until="9999-12-31")],
    ],
)
def test_a_history_with_a_doubtful_version_is_unreadable(versions: list[Row]) -> None:
    with answering(Archive(["2026-08-10"], versions)) as http, pytest.raises(UnreadableReply):
        list(fred(http).history(AUGUST))


@pytest.mark.parametrize("vintages", [[20260810], ["2026-02-30"], [None]])
def test_a_vintage_that_is_no_day_is_unreadable(vintages: list[object]) -> None:
    content = document(*vintages, name="vintage_dates")

    with saying(content) as http, pytest.raises(UnreadableReply):
        list(fred(http).history(AUGUST))


def test_a_source_says_its_name() -> None:
    with saying(b"") as http:
        assert fred(http).name == "fred"


@pytest.mark.parametrize(("status", "is_of_question"), [(400, True), (404, True), (403, False), (410, False)])
def test_a_symbol_that_it_does_not_have_is_told_from_a_door_that_is_shut(
    status: int, is_of_question: bool
) -> None:
    with saying(b"{}", status, "FRED") as http, pytest.raises(PublisherRefused) as refusal:
        list(fred(http).collect(AUGUST))

    assert refusal.value.is_of_question is is_of_question
