"""EIA's API v2: /v2/<route>/data, with facets, sorting and paging, and the facts about a route.

As recorded: all values are texts, the newest comes first unless `sort` says otherwise, a page has at most
5,000 rows, and without `data[]` there are rows but no values. Only daily values are here, of the routes of
commodities.py. A key that is missing or unknown is answered 403.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from devstack.energy.commodities import COMMODITIES, Commodity
from devstack.energy.days import NEW_YORK, instant, midnight
from devstack.energy.exchange import JSON, Reply, Request
from devstack.energy.publisher import Publisher

MOST_ROWS: Final = 5_000
_FORMAT: Final = "YYYY-MM-DD"
_FIRST: Final = date(1986, 1, 2)
_VERSION: Final = {"apiVersion": "2.1.14", "ExcelAddInVersion": "2.1.0"}


def answer(
    publisher: Publisher, request: Request, now: datetime, keys: frozenset[str], *, echoes_key: bool = False
) -> Reply:
    """Return EIA's answer. `echoes_key` has the key in the body, as version 2.1.13 had it."""
    key = request.get("api_key")
    if key not in keys:
        return _keyless(key)
    route, _, last = request.path.removeprefix("/v2/").strip("/").rpartition("/")
    if last != "data":
        return _facts(f"{route}/{last}", now)
    commodities = [one for one in COMMODITIES.values() if one.eia_route == route]
    frequency = request.get("frequency", "daily")
    if not commodities:
        return _json({"error": "Not found.", "code": 404}, 404)
    if frequency != "daily":
        return _json({"error": f"Invalid frequency '{frequency}' provided.", "code": 400}, 400)
    rows = sorted(_rows(publisher, request, commodities, now), key=lambda row: row["period"])
    if request.get("sort[0][direction]", "desc") == "desc":
        rows.reverse()
    return _page(request, route, rows, key if echoes_key else None)


def _rows(
    publisher: Publisher, request: Request, commodities: list[Commodity], now: datetime
) -> Iterator[dict[str, str]]:
    wanted = request.under("facets[series]")
    start = date.fromisoformat(request.get("start") or str(_FIRST))
    end = date.fromisoformat(request.get("end") or str(now.date()))
    first, last = (midnight(NEW_YORK, day) for day in (start, end + timedelta(days=1)))
    for commodity in commodities:
        if wanted and commodity.eia_series not in wanted:
            continue
        facts = dict(commodity.eia_facts)
        units = facts.pop("units")
        for run in publisher.runs(f"{commodity.name}/price/eia", instant(first), instant(last), now):
            day = instant(run.start).astimezone(NEW_YORK).date()
            for value in run.values:
                shown = {"value": value or "", "units": units} if request.under("data") else {}
                yield {"period": str(day), **facts, **shown}
                day += timedelta(days=1)


def _page(request: Request, route: str, rows: list[dict[str, str]], key: str | None) -> Reply:
    offset = int(request.get("offset", "0"))
    length = min(int(request.get("length", str(MOST_ROWS))), MOST_ROWS)
    response: dict[str, Any] = {"total": str(len(rows)), "dateFormat": _FORMAT, "frequency": "daily"}
    if len(rows) > offset + length:
        response = {"warnings": [_INCOMPLETE], **response}
    response["data"] = rows[offset : offset + length]
    asked = {"command": f"/v2/{route}/data/", "params": _params(request, offset, length, key)}
    return _json({"response": response, "request": asked, **_VERSION})


def _params(request: Request, offset: int, length: int, key: str | None) -> dict[str, Any]:
    params: dict[str, Any] = {"api_key": key} if key else {}
    params["frequency"] = request.get("frequency", "daily")
    if request.under("data"):
        params["data"] = request.under("data")
    if request.under("facets[series]"):
        params["facets"] = {"series": request.under("facets[series]")}
    params |= {name: request.get(name) for name in ("start", "end") if request.get(name)}
    if request.get("sort[0][column]"):
        params["sort"] = [
            {"column": request.get("sort[0][column]"), "direction": request.get("sort[0][direction]", "desc")}
        ]
    return params | {"offset": str(offset), "length": str(length)}


def _facts(route: str, now: datetime) -> Reply:
    """Return what EIA says about a route: its frequencies and facets, and until when it has values."""
    route = route.strip("/")
    if route not in {commodity.eia_route for commodity in COMMODITIES.values()}:
        return _json({"error": "Not found.", "code": 404}, 404)
    facets = {"duoarea": "DuoArea", "product": "Product", "process": "Process", "series": "Series"}
    daily = {
        "id": "daily",
        "description": "One data point for each day.",
        "query": "D",
        "format": _FORMAT,
    }
    response = {
        "id": route.partition("/")[0],
        "description": "EIA survey data",
        "frequency": [daily],
        "facets": [{"id": id_, "description": text} for id_, text in facets.items()],
        "data": {"value": []},
        "startPeriod": str(_FIRST),
        "endPeriod": str(now.date()),
        "defaultDateFormat": _FORMAT,
        "defaultFrequency": "daily",
    }
    return _json({"response": response, "request": {"command": f"/v2/{route}/", "params": []}, **_VERSION})


def _keyless(key: str) -> Reply:
    code, message = ("API_KEY_INVALID", _INVALID) if key else ("API_KEY_MISSING", _MISSING)
    return _json({"error": {"code": code, "message": message}}, 403)


def _json(content: Any, status: int = 200) -> Reply:
    text = json.dumps(content, separators=(",", ":")).replace("/", "\\/")
    return Reply(text.encode(), JSON, status)


_MISSING: Final = (
    "No api_key was supplied.  Please register for one at https://www.eia.gov/opendata/register.php"
)
_INVALID: Final = "An invalid api_key was supplied.  Get one at https://www.eia.gov/opendata/register.php"
_INCOMPLETE: Final = {
    "warning": "incomplete return",
    "description": "The API can only return 5000 rows in JSON format.  Please consider constraining your "
    "request with facet, start, or end, or using offset to paginate results.",
}
