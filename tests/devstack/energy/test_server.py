"""The server: troubles, limits, the ledger, and what was recorded."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from devstack.energy import TOKEN, Clock, Plan, Publisher, Recorded, StandIn, Trouble
from devstack.energy.faults import TroubleKind
from tests.patience import ENDS_S

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LOAD = {
    "documentType": "A65",
    "processType": "A16",
    "outBiddingZone_Domain": "10YNL----------L",
    "periodStart": "202611280000",
    "periodEnd": "202611290000",
}
SPOT = {"api_key": TOKEN, "facets[series][]": "RWTC", "data[0]": "value", "start": "2026-11-01"}


def trouble(kind: TroubleKind, publisher: str = "entsoe", times: int | None = None) -> Trouble:
    return Trouble(publisher, kind, NOW - timedelta(hours=1), NOW + timedelta(hours=1), times)


def ask(client: httpx.Client) -> httpx.Response:
    return client.get("/api", params=LOAD)


@pytest.mark.parametrize(
    ("kind", "status", "content_type", "words"),
    [
        ("ban", 429, "text/plain", "Max allowed requests per minute"),
        ("unavailable", 503, "text/html", "<h1>503 Service Temporarily Unavailable</h1>"),
        ("html", 200, "text/html", "<html>"),
        ("unauthorized", 401, "text/html", "Missing or invalid security token"),
        ("no_data", 200, "text/xml", "<text>No matching data found</text>"),
    ],
)
def test_a_trouble_is_answered_as_a_real_host_would(
    client: httpx.Client, stand_in: StandIn, kind: TroubleKind, status: int, content_type: str, words: str
) -> None:
    stand_in.trouble([trouble(kind, times=1)])

    met, later = ask(client), ask(client)

    assert (met.status_code, met.headers["Content-Type"]) == (status, content_type)
    assert words in met.text
    assert (later.status_code, "GL_MarketDocument" in later.text) == (200, True)
    assert [asked.status for asked in stand_in.ledger.requests()] == [status, 200]


def test_a_ban_says_how_long_it_lasts(client: httpx.Client, stand_in: StandIn) -> None:
    stand_in.trouble([trouble("ban")])

    assert ask(client).headers["Retry-After"] == "600"


def test_a_truncated_reply_is_no_xml(client: httpx.Client, stand_in: StandIn) -> None:
    whole = ask(client).content
    stand_in.trouble([trouble("truncated")])

    part = ask(client).content

    assert part == whole[: len(part)]
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(part)  # noqa: S314 - the stand-in's own


def test_a_cut_connection_has_no_reply(client: httpx.Client, stand_in: StandIn) -> None:
    stand_in.trouble([trouble("reset", times=1)])

    with pytest.raises(httpx.RemoteProtocolError):
        ask(client)

    assert ask(client).status_code == 200
    assert [asked.status for asked in stand_in.ledger.requests()] == [0, 200]


def test_a_stall_lasts_until_the_client_leaves(client: httpx.Client, stand_in: StandIn) -> None:
    stand_in.trouble([trouble("stall", times=1)])

    with pytest.raises(httpx.ReadTimeout):
        client.get("/api", params=LOAD, timeout=0.2)

    assert ask(client).status_code == 200


def test_who_is_stalled_is_let_go_when_the_server_stops(publisher: Publisher) -> None:
    stand_in = StandIn(publisher, Clock(NOW)).start()
    stand_in.trouble([trouble("stall")])
    ended = threading.Event()

    def wait() -> None:
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{stand_in.url}/api", params=LOAD, trust_env=False, timeout=ENDS_S)
        ended.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not stand_in.ledger.requests():
        waiting.join(0.01)
    stand_in.stop()

    assert ended.wait(ENDS_S)
    waiting.join()


def test_eia_may_echo_the_key(client: httpx.Client, stand_in: StandIn) -> None:
    stand_in.trouble([trouble("key_echoed", "eia", times=1)])

    echoed, plain = (client.get("/v2/petroleum/pri/spt/data", params=SPOT) for _ in range(2))

    assert echoed.json()["request"]["params"]["api_key"] == TOKEN
    assert TOKEN not in plain.text
    assert echoed.json()["response"] == plain.json()["response"]


def test_the_request_over_400_in_a_minute_bans_for_ten_minutes(client: httpx.Client, clock: Clock) -> None:
    few = {**LOAD, "periodStart": "202611282300"}
    statuses = [client.get("/api", params=few).status_code for _ in range(401)]
    banned = ask(client)
    clock.set(NOW + timedelta(minutes=9, seconds=59))
    still_banned = ask(client)
    clock.set(NOW + timedelta(minutes=10, seconds=1))

    assert statuses == [200] * 400 + [429]
    assert (banned.status_code, banned.headers["Retry-After"]) == (429, "600")
    assert (still_banned.status_code, still_banned.headers["Retry-After"]) == (429, "1")
    assert ask(client).status_code == 200


def test_requests_in_other_minutes_are_not_too_many(client: httpx.Client, clock: Clock) -> None:
    few = {**LOAD, "periodStart": "202611282300"}
    for minute in range(3):
        clock.set(NOW + timedelta(minutes=minute))
        assert {client.get("/api", params=few).status_code for _ in range(200)} == {200}


def test_the_request_over_120_in_a_minute_is_refused_by_fred(client: httpx.Client, clock: Clock) -> None:
    asked = {"series_id": "DHHNGSP", "api_key": TOKEN, "file_type": "json", "observation_start": "2026-11-01"}

    replies = [client.get("/fred/series/observations", params=asked) for _ in range(121)]
    clock.set(NOW + timedelta(minutes=1))

    assert [reply.status_code for reply in replies] == [200] * 120 + [429]
    assert replies[-1].json() == {
        "error_code": 429,
        "error_message": "Too Many Requests.  Exceeded Rate Limit",
    }
    assert client.get("/fred/series/observations", params=asked).status_code == 200


def test_the_ledger_says_what_was_asked_when(client: httpx.Client, stand_in: StandIn, clock: Clock) -> None:
    ask(client)
    clock.set(NOW + timedelta(minutes=1))
    ask(client)
    ask(client)
    client.get("/v2/petroleum/pri/spt/data", params=SPOT)

    asked = stand_in.ledger.requests("entsoe")
    assert [one.at for one in asked] == [NOW, *[NOW + timedelta(minutes=1)] * 2]
    assert asked[0].path == "/api"
    assert asked[0].parameters == LOAD
    assert stand_in.ledger.most_in_a_minute("entsoe") == 2
    assert stand_in.ledger.most_in_a_minute("eia") == 1
    assert stand_in.ledger.most_in_a_minute("yahoo") == 0
    assert len(stand_in.ledger.requests()) == 4


def test_xml_is_compressed_for_who_takes_it(client: httpx.Client) -> None:
    compressed = ask(client)
    plain = client.get("/api", params=LOAD, headers={"Accept-Encoding": "identity"})

    assert compressed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert compressed.content == plain.content


def test_other_paths_are_nobodys(client: httpx.Client, stand_in: StandIn) -> None:
    assert client.get("/").status_code == 404
    assert stand_in.ledger.requests() == []


def test_it_listens_on_loopback_alone(stand_in: StandIn) -> None:
    assert stand_in.url.startswith("http://127.0.0.1:")


RECORDED_XML = b"""<?xml version="1.0" encoding="utf-8"?>
<GL_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-6:generationloaddocument:3:0">
  <type>A65</type>
  <process.processType>A16</process.processType>
  <time_Period.timeInterval><start>2026-11-28T00:00Z</start><end>2026-11-29T00:00Z</end></time_Period.timeInterval>
  <TimeSeries>
    <outBiddingZone_Domain.mRID codingScheme="A01">10YNL----------L</outBiddingZone_Domain.mRID>
  </TimeSeries>
</GL_MarketDocument>
"""
FRED_JSON = {
    "realtime_start": "2024-10-30",
    "realtime_end": "2024-10-30",
    "output_type": 1,
    "observations": [],
}
EIA_JSON = {
    "response": {"total": "0", "data": []},
    "request": {
        "params": {"facets": {"series": ["RWTC"]}, "start": "2026-08-01", "end": "2026-08-31"},
    },
}
YAHOO_JSON = {
    "request": {"url": "https://query2.example/v8/finance/chart/GC=F?period1=1577836800&period2=1578009600"},
    "response": {"status": 200, "bodyJson": {"chart": {"result": [], "error": None}}},
}


@pytest.fixture
def recorded(tmp_path: Path, publisher: Publisher) -> Iterator[httpx.Client]:
    (tmp_path / "entsoe").mkdir()
    (tmp_path / "entsoe" / "load.xml").write_bytes(RECORDED_XML)
    (tmp_path / "observations_GDP_2024-10-30.json").write_text(json.dumps(FRED_JSON))
    (tmp_path / "eia.json").write_text(json.dumps(EIA_JSON))
    (tmp_path / "chart-GC.json").write_text(json.dumps(YAHOO_JSON))
    (tmp_path / "SOURCES.md").write_text("whose they are")
    with (
        StandIn(publisher, Clock(NOW), recorded=Recorded.read(tmp_path)) as stand_in,
        httpx.Client(
            base_url=stand_in.url, headers={"SECURITY_TOKEN": TOKEN}, trust_env=False, timeout=ENDS_S
        ) as client,
    ):
        yield client


def test_a_recorded_reply_is_served_to_its_question_alone(recorded: httpx.Client) -> None:
    assert ask(recorded).content == RECORDED_XML
    assert recorded.get("/api", params={**LOAD, "periodStart": "202611272300"}).content != RECORDED_XML
    gdp = {"series_id": "GDP", "realtime_start": "2024-10-30", "realtime_end": "2024-10-30"}
    assert recorded.get("/fred/series/observations", params=gdp).json() == FRED_JSON
    spot = {"facets[series][]": "RWTC", "start": "2026-08-01", "end": "2026-08-31"}
    assert recorded.get("/v2/petroleum/pri/spt/data", params=spot).json() == EIA_JSON
    gold = {"period1": "1577836800", "period2": "1578009600"}
    assert recorded.get("/v8/finance/chart/GC=F", params=gold).json() == {
        "chart": {"result": [], "error": None}
    }


def test_a_plan_brings_its_troubles(clock: Clock) -> None:
    with StandIn(Publisher(1, Plan(troubles=(trouble("unavailable"),))), clock) as stand_in:
        reply = httpx.get(f"{stand_in.url}/api", params=LOAD, trust_env=False, timeout=ENDS_S)

    assert reply.status_code == 503
