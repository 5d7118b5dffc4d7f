"""EIA, FRED and Yahoo: the keys of recorded replies in their order, and the values that the oracle has."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from devstack.energy import TOKEN, Clock, Publisher, StandIn
from devstack.energy.days import NEW_YORK

ROW = [
    "period",
    "duoarea",
    "area-name",
    "product",
    "product-name",
    "process",
    "process-name",
    "series",
    "series-description",
]
MIDNIGHT = datetime.min.time()
RECORDED = Path(__file__).parents[2] / "series/replies"


def eia(client: httpx.Client, route: str = "petroleum/pri/spt", **parameters: str) -> httpx.Response:
    return client.get(f"/v2/{route}/data", params={"api_key": TOKEN, **parameters})


def fred(client: httpx.Client, **parameters: str) -> Any:
    asked = {"series_id": "DCOILWTICO", "api_key": TOKEN, "file_type": "json", **parameters}
    return client.get("/fred/series/observations", params=asked).json()


def yahoo(client: httpx.Client, first: date, last: date, symbol: str = "CL=F") -> httpx.Response:
    period = [int(datetime.combine(day, MIDNIGHT, NEW_YORK).timestamp()) for day in (first, last)]
    return client.get(
        f"/v8/finance/chart/{symbol}", params={"period1": period[0], "period2": period[1], "interval": "1d"}
    )


def keys(value: Any) -> Any:
    """Return the keys of an object in order, of its first rows too."""
    if isinstance(value, dict):
        return {key: keys(inner) for key, inner in value.items()}
    return [keys(value[0])] if isinstance(value, list) and value else None


def in_order(outline: Any) -> str:
    """Return an outline as a text, so that the order of its keys counts."""
    return json.dumps(outline)


def known(publisher: Publisher, key: str, start: date, end: date, at: datetime) -> dict[str, Decimal | None]:
    first, last = (datetime.combine(day, MIDNIGHT, NEW_YORK) for day in (start, end))
    found = publisher.points(key, first, last, at)
    return {str(point.at.astimezone(NEW_YORK).date()): point.value for point in found}


def test_eia_answers_in_its_own_shape(client: httpx.Client) -> None:
    series = {"facets[series][]": "RNGWHHD", "data[0]": "value"}
    sorted_ = {"sort[0][column]": "period", "sort[0][direction]": "asc"}
    asked = {
        "frequency": "daily",
        "start": "2026-08-01",
        "end": "2026-08-31",
        "offset": "0",
        "length": "5000",
    }
    reply = eia(client, "natural-gas/pri/fut", **asked, **series, **sorted_).json()

    assert list(reply) == ["response", "request", "apiVersion", "ExcelAddInVersion"]
    assert list(reply["response"]) == ["total", "dateFormat", "frequency", "data"]
    assert list(reply["response"]["data"][0]) == [*ROW, "value", "units"]
    assert reply["request"] == {
        "command": "/v2/natural-gas/pri/fut/data/",
        "params": {
            "frequency": "daily",
            "data": ["value"],
            "facets": {"series": ["RNGWHHD"]},
            "start": "2026-08-01",
            "end": "2026-08-31",
            "sort": [{"column": "period", "direction": "asc"}],
            "offset": "0",
            "length": "5000",
        },
    }
    assert reply["response"]["total"] == "21"  # August 2026 has 21 trading days


def test_eia_has_the_keys_of_a_recorded_reply_in_their_order(client: httpx.Client) -> None:
    name = "eia/v2.1.14_natural-gas_pri_fut_RNGWHHD_daily_2026-08.json"
    recorded = json.loads((RECORDED / name).read_text())
    params = recorded["request"]["params"]
    asked = {name: params[name] for name in ("frequency", "start", "end", "offset", "length")}
    arrays = {"data[0]": "value", "facets[series][]": "RNGWHHD"}
    sorted_ = {"sort[0][column]": "period", "sort[0][direction]": "asc"}

    served = eia(client, "natural-gas/pri/fut", **asked, **arrays, **sorted_).json()

    assert in_order(keys(served)) == in_order(keys(recorded))
    assert served["request"] == recorded["request"]
    assert [row["period"] for row in served["response"]["data"]] == [
        row["period"] for row in recorded["response"]["data"]
    ]
    fixed = [{**row, "value": None} for row in recorded["response"]["data"]]
    assert [{**row, "value": None} for row in served["response"]["data"]] == fixed


@pytest.mark.parametrize(
    ("path", "key", "file"),
    [
        ("/v2/petroleum/pri/spt/data", None, "eia/error_403_API_KEY_MISSING.json"),
        ("/v2/nothing/data", TOKEN, "eia/error_404.json"),
        ("/fred/series/observations", "wrong", "fred/error_400_bad_api_key.json"),
    ],
)
def test_refusals_are_as_recorded(client: httpx.Client, path: str, key: str | None, file: str) -> None:
    reply = client.get(path, params={"api_key": key} if key else {})

    assert reply.json() == json.loads((RECORDED / file).read_text())
    assert str(reply.status_code) in file


def test_fred_has_the_keys_of_a_recorded_reply_in_their_order(client: httpx.Client) -> None:
    recorded = json.loads((RECORDED / "fred/observations_GDP_2024-10-30.json").read_text())

    served = fred(client, observation_start="2026-07-01")

    assert in_order(keys(served)) == in_order(keys(recorded))


def test_yahoo_has_the_keys_of_a_recorded_reply(client: httpx.Client) -> None:
    recorded = json.loads((RECORDED / "yahoo/chart-GC_F-2020-01-01-to-2020-01-03.json").read_text())
    # Of today's trade, which the stand-in does not tell.
    today = {
        "fiftyTwoWeekHigh",
        "fiftyTwoWeekLow",
        "regularMarketDayHigh",
        "regularMarketDayLow",
        "regularMarketVolume",
    }
    (result,) = recorded["chart"]["result"]
    result["meta"] = {name: value for name, value in result["meta"].items() if name not in today}

    served = yahoo(client, date(2026, 7, 6), date(2026, 7, 11)).json()

    assert keys(served) == keys(recorded)


def test_eia_has_the_values_of_the_oracle_the_newest_first(
    client: httpx.Client, publisher: Publisher, clock: Clock
) -> None:
    asked = {"facets[series][]": "RBRTE", "data[]": "value", "start": "2026-01-01"}
    rows = eia(client, **asked).json()["response"]["data"]

    served = {row["period"]: Decimal(row["value"]) for row in rows}
    assert served == known(publisher, "Brent/price/eia", date(2026, 1, 1), date(2026, 12, 1), clock())
    assert [*served] == sorted(served, reverse=True)


def test_eia_gives_no_values_without_data(client: httpx.Client) -> None:
    rows = eia(client, **{"facets[series][]": "RWTC", "start": "2026-08-01"}).json()["response"]["data"]

    assert list(rows[0]) == ROW


def test_eia_pages_and_warns(client: httpx.Client) -> None:
    asked = {"facets[series][]": "RWTC", "data[0]": "value", "start": "2006-01-01"}
    pages = [eia(client, **asked, offset=offset, length="9999").json() for offset in ("0", "5000")]
    rows = [row["period"] for page in pages for row in page["response"]["data"]]

    assert [page["response"].get("warnings", [{}])[0].get("warning") for page in pages] == [
        "incomplete return",
        None,
    ]
    assert [len(page["response"]["data"]) for page in pages] == [5000, len(rows) - 5000]
    assert {page["response"]["total"] for page in pages} == {str(len(rows))}
    assert rows == sorted(set(rows), reverse=True)


@pytest.mark.parametrize(
    ("path", "key", "status", "body"),
    [
        (
            "/v2/petroleum/pri/spt/data",
            None,
            403,
            {
                "error": {
                    "code": "API_KEY_MISSING",
                    "message": "No api_key was supplied.  Please register for one at "
                    "https://www.eia.gov/opendata/register.php",
                }
            },
        ),
        ("/v2/nothing/here/data", TOKEN, 404, {"error": "Not found.", "code": 404}),
        ("/v2/nothing/here", TOKEN, 404, {"error": "Not found.", "code": 404}),
    ],
)
def test_eia_refuses_as_recorded(
    client: httpx.Client, path: str, key: str | None, status: int, body: dict[str, Any]
) -> None:
    reply = client.get(path, params={"api_key": key} if key else {})

    assert (reply.status_code, reply.json()) == (status, body)


def test_eia_says_what_a_route_has(client: httpx.Client) -> None:
    facts = client.get("/v2/natural-gas/pri/fut/", params={"api_key": TOKEN}).json()["response"]

    assert list(facts) == [
        "id",
        "description",
        "frequency",
        "facets",
        "data",
        "startPeriod",
        "endPeriod",
        "defaultDateFormat",
        "defaultFrequency",
    ]
    assert [facet["id"] for facet in facts["facets"]] == ["duoarea", "product", "process", "series"]


def test_fred_answers_in_its_own_shape(client: httpx.Client) -> None:
    reply = fred(client, observation_start="2026-07-01", observation_end="2026-07-03")

    assert reply == {
        "realtime_start": "2026-11-30",
        "realtime_end": "2026-11-30",
        "observation_start": "2026-07-01",
        "observation_end": "2026-07-03",
        "units": "lin",
        "output_type": 1,
        "file_type": "json",
        "order_by": "observation_date",
        "sort_order": "asc",
        "count": 3,
        "offset": 0,
        "limit": 100000,
        "observations": reply["observations"],
    }
    today = {"realtime_start": "2026-11-30", "realtime_end": "2026-11-30"}
    assert [{**row, "value": "?"} for row in reply["observations"]] == [
        {**today, "date": f"2026-07-0{day}", "value": "?"} for day in (1, 2, 3)
    ]
    assert reply["observations"][2]["value"] == "."  # Independence Day, observed


def test_fred_has_the_values_of_the_oracle(client: httpx.Client, publisher: Publisher, clock: Clock) -> None:
    rows = fred(client, observation_start="2026-01-01")["observations"]

    served = {row["date"]: None if row["value"] == "." else Decimal(row["value"]) for row in rows}
    assert served == known(publisher, "WTI/price/fred", date(2026, 1, 1), date(2026, 12, 1), clock())


def test_fred_tells_what_was_known_at_another_time(client: httpx.Client, publisher: Publisher) -> None:
    all_releases = fred(
        client, realtime_start="1776-07-04", realtime_end="9999-12-31", observation_start="2026-01-01"
    )
    revised = next(
        (earlier, later)
        for earlier, later in zip(
            all_releases["observations"], all_releases["observations"][1:], strict=False
        )
        if earlier["date"] == later["date"]
    )
    then = fred(
        client,
        realtime_start=revised[0]["realtime_end"],
        realtime_end=revised[0]["realtime_end"],
        observation_start=revised[0]["date"],
        observation_end=revised[0]["date"],
    )["observations"]

    assert [row["value"] for row in then] == [revised[0]["value"]]
    assert revised[0]["value"] != revised[1]["value"]
    assert revised[1]["realtime_end"] == "9999-12-31"
    assert date.fromisoformat(revised[0]["realtime_end"]) < date.fromisoformat(revised[1]["realtime_start"])


def test_fred_gives_first_releases_and_ignores_a_vintage_date(client: httpx.Client) -> None:
    real_time = {
        "realtime_start": "1776-07-04",
        "realtime_end": "9999-12-31",
        "observation_start": "2026-01-01",
    }

    every = fred(client, **real_time)["observations"]
    first = fred(client, **real_time, output_type="4")["observations"]

    assert len(first) == len({row["date"] for row in every}) < len(every)
    assert all(row in every for row in first)
    since_october = {"observation_start": "2026-10-01"}
    assert fred(client, vintage_date="2020-01-01", **since_october) == fred(client, **since_october)


def test_fred_lists_the_days_of_its_releases(client: httpx.Client) -> None:
    asked = {"series_id": "DCOILWTICO", "api_key": TOKEN, "file_type": "json"}
    reply = client.get("/fred/series/vintagedates", params=asked).json()

    assert list(reply) == [
        "realtime_start",
        "realtime_end",
        "order_by",
        "sort_order",
        "count",
        "offset",
        "limit",
        "vintage_dates",
    ]
    assert reply["count"] == len(reply["vintage_dates"])
    assert date.fromisoformat(reply["vintage_dates"][-1]).strftime("%a") == "Wed"


def test_fred_answers_in_xml_unless_json_is_asked_for(client: httpx.Client) -> None:
    asked = {"series_id": "DHHNGSP", "api_key": TOKEN, "observation_start": "2026-07-01"}
    root = ElementTree.fromstring(client.get("/fred/series/observations", params=asked).content)  # noqa: S314 - the stand-in's own

    assert root.tag == "observations"
    assert root[0].attrib["date"] == "2026-07-01"


def test_fred_refuses_an_unknown_key_as_recorded(client: httpx.Client) -> None:
    reply = client.get("/fred/series/observations", params={"series_id": "DCOILWTICO", "api_key": "wrong"})

    assert reply.status_code == 400
    assert reply.json() == {
        "error_code": 400,
        "error_message": "Bad Request.  The value for variable api_key is not registered.  Read "
        "https://fred.stlouisfed.org/docs/api/api_key.html for more information.",
    }


def test_yahoo_answers_in_its_own_shape(client: httpx.Client) -> None:
    period = {"timezone": None, "start": None, "end": None, "gmtoffset": None}
    reply = yahoo(client, date(2026, 7, 6), date(2026, 7, 11)).json()

    assert keys(reply) == {
        "chart": {
            "result": [
                {
                    "meta": {
                        "currency": None,
                        "symbol": None,
                        "exchangeName": None,
                        "fullExchangeName": None,
                        "instrumentType": None,
                        "firstTradeDate": None,
                        "regularMarketTime": None,
                        "hasPrePostMarketData": None,
                        "gmtoffset": None,
                        "timezone": None,
                        "exchangeTimezoneName": None,
                        "regularMarketPrice": None,
                        "shortName": None,
                        "chartPreviousClose": None,
                        "priceHint": None,
                        "currentTradingPeriod": {"pre": period, "regular": period, "post": period},
                        "dataGranularity": None,
                        "range": None,
                        "validRanges": [None],
                    },
                    "timestamp": [None],
                    "indicators": {
                        "quote": [
                            {"open": [None], "volume": [None], "close": [None], "low": [None], "high": [None]}
                        ],
                        "adjclose": [{"adjclose": [None]}],
                    },
                }
            ],
            "error": None,
        }
    }


def test_yahoo_has_the_values_of_the_oracle(client: httpx.Client, publisher: Publisher, clock: Clock) -> None:
    (result,) = yahoo(client, date(2026, 1, 1), date(2026, 11, 30), "NG=F").json()["chart"]["result"]

    days = [datetime.fromtimestamp(at, NEW_YORK) for at in result["timestamp"]]
    closes = result["indicators"]["adjclose"][0]["adjclose"]
    assert {day.time() for day in days} == {MIDNIGHT}
    served = {
        str(day.date()): None if close is None else Decimal(repr(close))
        for day, close in zip(days, closes, strict=True)
    }
    assert served == known(publisher, "Henry Hub/price/yahoo", date(2026, 1, 1), date(2026, 11, 30), clock())


def test_yahoo_leaves_the_timestamps_away_when_there_is_nothing(client: httpx.Client) -> None:
    (result,) = yahoo(client, date(2026, 7, 4), date(2026, 7, 6)).json()["chart"]["result"]

    assert list(result) == ["meta", "indicators"]
    assert result["indicators"] == {"quote": [{}]}


def test_yahoo_sends_null_for_a_close_that_is_late(
    client: httpx.Client, publisher: Publisher, clock: Clock
) -> None:
    late = next(
        point
        for point in publisher.points(
            "WTI/price/yahoo", datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC), clock()
        )
        if publisher.history("WTI/price/yahoo", point.at)[0].value is None
    )
    clock.set(publisher.history("WTI/price/yahoo", late.at)[0].since)

    day = late.at.astimezone(NEW_YORK).date()
    (result,) = yahoo(client, day, day + timedelta(days=1)).json()["chart"]["result"]

    assert result["indicators"]["quote"][0]["close"] == [None]


def test_yahoo_knows_no_other_symbols(client: httpx.Client) -> None:
    reply = yahoo(client, date(2026, 7, 6), date(2026, 7, 11), "NOPE")

    assert reply.status_code == 404
    assert reply.json()["chart"] == {
        "result": None,
        "error": {"code": "Not Found", "description": "No data found, symbol may be delisted"},
    }


def test_a_key_is_not_in_the_ledger(client: httpx.Client, stand_in: StandIn) -> None:
    eia(client, start="2026-10-01")
    fred(client, observation_start="2026-10-01")

    assert [asked.publisher for asked in stand_in.ledger.requests()] == ["eia", "fred"]
    assert TOKEN not in json.dumps([dict(asked.parameters) for asked in stand_in.ledger.requests()])
