"""ENTSO-E's transparency platform: what is asked under /api, and its answer.

No data is an acknowledgement with 200, a refusal one with 400. Prices come for whole local days, a TimeSeries
for each auction and day, at most 100 of them; with `offset` the rest is had in parts.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from devstack.energy.areas import SOLAR
from devstack.energy.catalogue import ENTRIES, Entry
from devstack.energy.days import days_between, instant, local_day, seconds
from devstack.energy.documents import (
    Heading,
    TimeSeries,
    acknowledgement,
    document,
    domain,
    element,
)
from devstack.energy.draws import drawn
from devstack.energy.exchange import TOKEN_HEADER, XML, Reply, Request
from devstack.energy.publisher import Publisher, Run
from devstack.energy.questions import SECOND, Question, Refused, Spans, understand

MOST_DOCUMENTS: Final = 100


def answer(
    publisher: Publisher, request: Request, now: datetime, tokens: frozenset[str], spans: Spans = Spans.NOW
) -> Reply:
    """Return the platform's answer."""
    if (request.headers.get(TOKEN_HEADER) or request.get("securityToken")) not in tokens:
        return _UNAUTHORIZED
    id_ = f"{drawn(0, now, request.text).getrandbits(128):032x}"
    try:
        question = understand(request, spans)
        series = _series(publisher, question, now)
        if not series:
            return _xml(acknowledgement(id_, now, _no_data(question)), "no data")
        return _document(id_, question, series, now)
    except Refused as refused:
        return _xml(acknowledgement(id_, now, str(refused)), "refused", 400)


def nothing(request: Request, now: datetime) -> Reply:
    """Return the answer for which there is no data, whatever is published."""
    text = "No matching data found"
    return _xml(acknowledgement(f"{drawn(0, now, request.text).getrandbits(128):032x}", now, text), "no data")


def _series(publisher: Publisher, question: Question, now: datetime) -> list[TimeSeries]:
    """Return what is published by now of what was asked. Raises: Refused when it is too much."""
    if question.item.document == "A44":
        return _prices(publisher, question, now)
    wanted = question.request.get("psrType")
    series: list[TimeSeries] = []
    for entry in ENTRIES.values():
        if entry.subject == question.area.code and entry.kind in question.item.kinds:
            runs = publisher.runs(entry.key, question.start, question.until, now)
            if runs and wanted in ("", entry.part):
                series.append(_time_series(question, entry, runs))
    return sorted(series, key=lambda one: _OUT in one.before)  # pumping comes last


def _prices(publisher: Publisher, question: Question, now: datetime) -> list[TimeSeries]:
    wanted = question.request.get("classificationSequence_AttributeInstanceComponent.position")
    zone = question.area.zone
    series: list[TimeSeries] = []
    for day in days_between(zone, seconds(question.start), seconds(question.until)):
        span = local_day(zone, day)
        for sequence in ("1", "2") if question.area.has_two_auctions else ("1",):
            key = f"{question.area.code}/day_ahead_price/{sequence}"
            if wanted in ("", sequence) and key in ENTRIES:
                runs = publisher.runs(key, instant(span.start), instant(span.end), now)
                series += [_time_series(question, ENTRIES[key], runs)] if runs else []
    return _portion(series, question.request.get("offset"))


def _portion(series: list[TimeSeries], offset: str) -> list[TimeSeries]:
    if offset.isdecimal():
        return series[int(offset) :][:MOST_DOCUMENTS]
    if len(series) > MOST_DOCUMENTS:
        raise Refused(
            f"The number of instances ({len(series)}) exceeds the allowed maximum ({MOST_DOCUMENTS}) "
            "for data item ENERGY_PRICES."
        )
    return series


def _time_series(question: Question, entry: Entry, runs: Sequence[Run]) -> TimeSeries:
    part = entry.part or ""
    match question.item.document:
        case "A44":
            return TimeSeries(_price_elements(question, part), runs)
        case "A85":
            category = element("imbalance_Price.category", part)
            return TimeSeries(f"{_OF_BALANCING}{_EUROS}", runs, after_value=category)
        case "A86":
            direction = element("flowDirection.direction", part)
            return TimeSeries(f"{_OF_BALANCING}{direction}{element(_UNIT, 'MWH')}", runs)
    business, aggregation, way = _POWER[entry.kind]
    if entry.kind == "weekly_load_forecast":
        business = {"min": "A60", "max": "A61"}[part]
    elif entry.kind == "wind_solar_forecast":
        business = "A94" if part == SOLAR else "A93"
    before = element("businessType", business) + element("objectAggregation", aggregation)
    has_type = aggregation == "A08"
    psr = f"<MktPSRType>\n{element('psrType', part)}</MktPSRType>\n" if has_type else ""
    return TimeSeries(before + domain(way, question.eic) + element(_UNIT, "MAW"), runs, psr)


def _price_elements(question: Question, sequence: str) -> str:
    position = element("classificationSequence_AttributeInstanceComponent.position", sequence)
    return "".join(
        (
            element("auction.type", "A01"),
            element("businessType", "A62"),
            domain("in_Domain", question.eic),
            domain("out_Domain", question.eic),
            element("contract_MarketAgreement.type", "A01"),
            _EUROS,
            position if question.area.has_two_auctions else "",
        )
    )


def _document(id_: str, question: Question, series: list[TimeSeries], now: datetime) -> Reply:
    item = question.item
    name = {"A85": "area_Domain", "A86": "controlArea_Domain"}.get(item.document)
    status = "<docStatus><value>A02</value></docStatus>\n"
    heading = Heading(
        id_, item.document, item.process or "A16", now, status + domain(name, question.eic) if name else ""
    )
    text = document(item.shape, heading, series)
    span = f"{question.start:%Y%m%d%H%M}-{question.until:%Y%m%d%H%M}"
    return _zip(f"001-{item.name}_{span}.xml", text) if name else _xml(text, f"{item.name}_{span}")


def _no_data(question: Question) -> str:
    eics = ", ".join((question.eic,) * (2 if question.item.document == "A44" else 1))
    item = question.item
    about = f"Data item {item.name.removesuffix('_R3')} [{item.article}] ({eics})"
    interval = f"{question.start:{SECOND}}/{question.until:{SECOND}}"
    return f"No matching data found for {about} and interval {interval}."


def _xml(text: str, name: str, status: int = 200) -> Reply:
    return Reply(text.encode(), XML, status, {"Content-Disposition": f'inline; filename="{name}.xml"'})


def _zip(name: str, text: str) -> Reply:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    headers = {"Content-Disposition": f'attachment; filename="{name.removesuffix(".xml")}.zip"'}
    return Reply(packed.getvalue(), "application/zip", 200, headers)


_UNIT: Final = "quantity_Measure_Unit.name"
_OUT: Final = "outBiddingZone_Domain"
_OF_BALANCING: Final = element("businessType", "A19")
_EUROS: Final = element("currency_Unit.name", "EUR") + element("price_Measure_Unit.name", "MWH")
# Business type, aggregation and side of the series of load and generation.
_POWER: Final[Mapping[str, tuple[str, str, str]]] = {
    "load": ("A04", "A01", _OUT),
    "load_forecast": ("A04", "A01", _OUT),
    "weekly_load_forecast": ("A60", "A01", _OUT),
    "generation": ("A01", "A08", "inBiddingZone_Domain"),
    "pumping": ("A01", "A08", _OUT),
    "wind_solar_forecast": ("A93", "A08", "inBiddingZone_Domain"),
    "generation_forecast": ("A01", "A01", "inBiddingZone_Domain"),
}
_UNAUTHORIZED: Final = Reply(
    b'<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.0 Transitional//EN" '
    b'"http://www.w3.org/TR/REC-html40/loose.dtd">\n<html>\n<head>\n'
    b'<meta http-equiv="Content-Type" content="text/html; charset=UTF-8">\n<title>Error</title>\n'
    b"</head>\n<body>Unauthorized. Missing or invalid security token</body>\n</html>\n",
    "text/html",
    401,
)
