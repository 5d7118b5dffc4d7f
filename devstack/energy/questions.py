"""What ENTSO-E's platform is asked, which of it it understands, and what it refuses.

Since September 2026 most items are given for a month at most ('P1M'), prices for a year. Before it was a year
for all. Sources of the words: recorded replies, and what users of entsoe-py, entsoe-apy and entsoeapi quote
in public. For an unknown area, two areas and doubled parameters no words were found: these are made up.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final
from zoneinfo import ZoneInfo

from devstack.energy.areas import AREAS, Area
from devstack.energy.documents import (
    LOAD_AND_GENERATION,
    PRICES_OF_IMBALANCE,
    PUBLICATION,
    VOLUMES_OF_IMBALANCE,
    Shape,
)
from devstack.energy.exchange import Request

_LOAD: Final = "outBiddingZone_Domain"
_GENERATION: Final = "in_Domain"
_BALANCING: Final = "controlArea_Domain"
_DOMAINS: Final = {_BALANCING: (_BALANCING, "area_Domain"), _LOAD: (_LOAD,), _GENERATION: (_GENERATION,)}


@dataclass(frozen=True, slots=True)
class Item:
    """One data item: what it is asked by, and the kinds of series in its reply.

    `name` and `article` are the platform's own, which its messages use. `months` is the longest span since
    September 2026, `months_before` the one before.
    """

    document: str
    process: str
    kinds: tuple[str, ...]
    domain: str
    name: str
    article: str
    months: int = 1
    months_before: int = 12

    @property
    def shape(self) -> Shape:
        """Return the kind of document that it comes in."""
        return _SHAPES.get(self.document, LOAD_AND_GENERATION)


_SHAPES: Final = {"A44": PUBLICATION, "A85": PRICES_OF_IMBALANCE, "A86": VOLUMES_OF_IMBALANCE}
_NO_PROCESS: Final = frozenset(_SHAPES)
ITEMS: Final = (
    Item("A44", "", ("day_ahead_price",), _GENERATION, "ENERGY_PRICES", "12.1.D", 12),
    Item("A65", "A16", ("load",), _LOAD, "ACTUAL_TOTAL_LOAD_R3", "6.1.A"),
    Item("A65", "A01", ("load_forecast",), _LOAD, "DAY_AHEAD_TOTAL_LOAD_FORECAST_R3", "6.1.B"),
    Item("A65", "A33", ("weekly_load_forecast",), _LOAD, "YEAR_AHEAD_TOTAL_LOAD_FORECAST_R3", "6.1.E", 12),
    Item(
        "A75",
        "A16",
        ("generation", "pumping"),
        _GENERATION,
        "AGGREGATED_GENERATION_PER_TYPE_R3",
        "16.1.BC",
        1,
        3,
    ),
    Item("A69", "A01", ("wind_solar_forecast",), _GENERATION, "WIND_SOLAR_FORECAST_R3", "14.1.D"),
    Item("A71", "A01", ("generation_forecast",), _GENERATION, "AGGREGATED_GENERATION_FORECAST_R3", "14.1.C"),
    Item("A85", "", ("imbalance_price",), _BALANCING, "IMBALANCE_PRICES_R3", "17.1.G", 12),
    Item("A86", "", ("imbalance_volume",), _BALANCING, "TOTAL_IMBALANCE_VOLUMES_R3", "17.1.H"),
)


class Spans(Enum):
    """The longest spans that are given: those since September 2026, or those of the documentation before."""

    NOW = "now"
    BEFORE = "before"


class Refused(Exception):
    """The platform gives no data; the text is its own."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request that was understood."""

    item: Item
    area: Area
    eic: str
    start: datetime
    until: datetime
    request: Request


_EIC_LENGTH: Final = 16
_NOWHERE: Final = Area("", ZoneInfo("UTC"), (), (), (), 0, 60, {})
SECOND: Final = "%Y-%m-%dT%H:%M:%SZ"
_BAD_INTERVAL: Final = "Delivered time interval is not valid for this Data item."


def understand(request: Request, spans: Spans) -> Question:
    """Raises: Refused."""
    names = [name for name, _ in request.parameters]
    if len(names) != len(set(names)):
        raise Refused("Duplicated parameters are not allowed.")
    kind, process = request.get("documentType"), request.get("processType")
    for item in ITEMS:
        if item.document == kind and (item.process == process or kind in _NO_PROCESS):
            start, until = _time(request, "periodStart"), _time(request, "periodEnd")
            eic = next((eic for name in _DOMAINS[item.domain] if (eic := request.get(name))), "")
            question = Question(item, _area(item, eic), eic, start, until, request)
            _check(question, item.months if spans is Spans.NOW else item.months_before)
            return question
    raise Refused(
        f"The combination of [DocumentType={kind},ProcessType={process}] is not valid, or the requested data "
        "is not allowed to be fetched via this service."
    )


def _time(request: Request, name: str) -> datetime:
    try:
        return datetime.strptime(request.get(name), "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        raise Refused(_BAD_INTERVAL) from None


def _area(item: Item, eic: str) -> Area:
    for area in AREAS.values():
        if eic in _eics(item, area):
            return area
    if len(eic) != _EIC_LENGTH:
        raise Refused(f"The value '{eic}' of {item.domain} is not a valid EIC.")
    return _NOWHERE


def _eics(item: Item, area: Area) -> tuple[str, ...]:
    if item.document == "A44":
        return area.price_eics
    return area.balancing_eics if item.domain == _BALANCING else area.load_eics


def _check(question: Question, months: int) -> None:
    """Refuse what the platform refuses: a span that is reversed or too long, two areas at once."""
    item, start, until = question.item, question.start, question.until
    if until <= start:
        raise Refused(_BAD_INTERVAL)
    if until > _months_after(start, months):
        longest = "P1Y" if months == 12 else f"P{months}M"
        raise Refused(
            f"Provided time interval ({start:{SECOND}} - {until:{SECOND}}) is larger than maximum allowed "
            f"period '{longest}' for '{item.name}:XML' export."
        )
    if item.document == "A44" and question.request.get("out_Domain") != question.eic:
        raise Refused("in_Domain and out_Domain must be the same for Data item ENERGY_PRICES.")


def _months_after(at: datetime, months: int) -> datetime:
    years, month = divmod(at.month - 1 + months, 12)
    year, month = at.year + years, month + 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))
