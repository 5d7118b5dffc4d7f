"""What is asked of the API for each kind of series, and to which series a part of the answer belongs.

Pure. Source of parameters and limits: ENTSO-E's "Transparency Platform Restful API" (the collection of
August 2026): each request may cover a year; a reply to A44 has at most 100 time series. The platform lowers
limits without notice: `source` learns them from its refusals.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from plantpulse.settings.areas import Role

Texts = Mapping[str, str]


class Place(NamedTuple):
    """The series of a value: kind and part; `completes` names the group that several series fill together."""

    kind: str
    part: str | None = None
    completes: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """How one kind is asked for. `domains` are the parameters that take the area's code.

    `place` says where a value belongs by the texts of its time series and its category; None when it was not
    asked for. `most_series`: with as many time series the reply may have been cut.
    """

    document: str
    process: str | None
    role: Role
    domains: tuple[str, ...]
    place: Callable[[Texts, str], Place | None]
    longest_days: int = 365
    most_series: int | None = None
    further: Texts = field(default_factory=dict)

    def parameters(self, code: str) -> dict[str, str]:
        """Return the parameters of a request, but the span."""
        process = {"processType": self.process} if self.process else {}
        return {"documentType": self.document, **process, **dict.fromkeys(self.domains, code), **self.further}


_AUCTION: Final = "classificationSequence_AttributeInstanceComponent.position"
_DAY_AHEAD: Final = "A01"


def _price(texts: Texts, _: str) -> Place | None:
    if texts.get("contract_MarketAgreement.type", _DAY_AHEAD) != _DAY_AHEAD:
        return None  # an intraday auction
    return Place("day_ahead_price", texts.get(_AUCTION, "1"))


def _weekly(texts: Texts, _: str) -> Place | None:
    part = {"A60": "min", "A61": "max"}.get(texts.get("businessType", ""))
    return Place("weekly_load_forecast", part) if part else None


def _by_type(texts: Texts, _: str) -> Place | None:
    part = texts.get("psrType")
    if not part:
        return None
    is_consumption = "outBiddingZone_Domain.mRID" in texts
    kind = "pumping" if is_consumption else "generation"
    return Place(kind, part, completes=f"generation+pumping/{part}")


def _wind_solar(texts: Texts, _: str) -> Place | None:
    part = texts.get("psrType")
    return Place("wind_solar_forecast", part) if part else None


def _generation_forecast(texts: Texts, _: str) -> Place | None:
    is_consumption = "outBiddingZone_Domain.mRID" in texts
    return Place("generation_forecast", "consumption" if is_consumption else None)


def _imbalance_price(_: Texts, category: str) -> Place | None:
    return Place("imbalance_price", category or None)


def _imbalance_volume(texts: Texts, _: str) -> Place | None:
    part = texts.get("flowDirection.direction")
    return Place("imbalance_volume", part, completes="imbalance_volume")


_IN: Final = ("in_Domain",)
_OUT: Final = ("outBiddingZone_Domain",)
_CONTROL: Final = ("controlArea_Domain",)

_GENERATION: Final = Asked("A75", "A16", "generation", _IN, _by_type, longest_days=92)

ASKED: Final[Mapping[str, Asked]] = {
    # 49 days of two auctions are 98 time series.
    "day_ahead_price": Asked(
        "A44",
        None,
        "price",
        ("in_Domain", "out_Domain"),
        _price,
        longest_days=49,
        most_series=100,
        further={"contract_MarketAgreement.type": _DAY_AHEAD},
    ),
    "load": Asked("A65", "A16", "load", _OUT, lambda *_: Place("load")),
    "load_forecast": Asked("A65", "A01", "load", _OUT, lambda *_: Place("load_forecast")),
    "weekly_load_forecast": Asked("A65", "A33", "load", _OUT, _weekly),
    "generation": _GENERATION,
    "pumping": _GENERATION,
    "wind_solar_forecast": Asked("A69", "A01", "generation", _IN, _wind_solar),
    "generation_forecast": Asked("A71", "A01", "generation", _IN, _generation_forecast),
    "imbalance_price": Asked("A85", None, "balancing", _CONTROL, _imbalance_price),
    "imbalance_volume": Asked("A86", None, "balancing", _CONTROL, _imbalance_volume),
}
