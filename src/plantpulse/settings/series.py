"""Which series are collected, from whom, and when. Pure.

Without a section `series` nothing is collected, and no function is deployed for it. A publisher's key comes
from the environment.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from plantpulse.late_dataclasses import dataclass, fields, replace
from plantpulse.settings.areas import AREAS, Area, is_eic
from plantpulse.settings.plant import TimeZoneName
from plantpulse.settings.section import (
    Checked,
    Prepared,
    Secret,
    Section,
    Whole,
    setting,
)
from plantpulse.settings.web_addresses import web_address

PublisherName = Literal["entsoe", "eia", "fred", "yahoo"]
PUBLISHERS: Final[tuple[PublisherName, ...]] = ("entsoe", "eia", "fred", "yahoo")
# What a publisher's key is called by itself; Yahoo has none.
KEY_VARIABLES: Final[Mapping[str, str]] = {
    "entsoe": "ENTSOE_TOKEN",
    "eia": "EIA_API_KEY",
    "fred": "FRED_API_KEY",
}
EnergyKind = Literal[
    "day_ahead_price",
    "load",
    "load_forecast",
    "weekly_load_forecast",
    "generation",
    "generation_forecast",
    "wind_solar_forecast",
    "imbalance_price",
    "imbalance_volume",
]
_USUAL_KINDS: Final[tuple[EnergyKind, ...]] = (
    "day_ahead_price",
    "load",
    "load_forecast",
    "generation",
    "generation_forecast",
    "wind_solar_forecast",
)


def _subject(name: object) -> str:
    """Return the name of an area or a commodity if it can be a part of a series' name."""
    if isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9 _.-]{0,38}[A-Za-z0-9])?", name):
        return name
    raise ValueError(
        "the name of an area or a commodity has 1 to 40 characters: letters, digits, blanks, points, _ and -"
    )


Subject = Annotated[str, Prepared(_subject)]


def _eic(text: str) -> str:
    if is_eic(text):
        return text
    raise ValueError(
        "must be an energy identification code with 16 characters and the right last one, "
        "such as 10YFR-RTE------C"
    )


Eic = Annotated[str, Checked(_eic)]


_EXAMPLE: Final = "https://web-api.tp.entsoe.eu"
_complete_address: Final = web_address(_EXAMPLE)


def _address(text: str) -> str:
    """Return a publisher's address; without TLS it must be on this machine."""
    with suppress(ValueError):
        parts = urlsplit(_complete_address(text))
        if parts.scheme == "https" or parts.hostname in {"127.0.0.1", "::1", "localhost"}:
            return text
    raise ValueError(f"must be a URL such as {_EXAMPLE}, with https and without a user")


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaSettings(Section):
    """One area of the European grid. A name that plantpulse knows, such as DE, needs no further settings."""

    eic: Eic | None = setting(None, description="The area's energy identification code (EIC)")
    price_eic: Eic | None = setting(None, description="The EIC of its bidding zone, if it is another one")
    time_zone: TimeZoneName | None = setting(
        None, description="The area's time zone; needed with an EIC that plantpulse does not know"
    )
    kinds: tuple[EnergyKind, ...] | None = setting(
        None, description="What is collected of this area; nothing means what all areas have"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CommoditySettings(Section):
    """One commodity, and what each publisher calls it. WTI, Brent and Henry Hub need no further settings."""

    unit: str | None = setting(None, min_length=1, description="The unit of its price, such as USD/bbl")
    time_zone: TimeZoneName = setting(
        "America/New_York", description="The time zone of the days on which it is traded"
    )
    eia: str | None = setting(None, description="EIA's route and series, such as petroleum/pri/spt:RWTC")
    fred: str | None = setting(None, description="FRED's series, such as DCOILWTICO")
    yahoo: str | None = setting(None, description="Yahoo's symbol, such as CL=F")

    def symbol(self, publisher: str) -> str | None:
        """Return what a publisher calls it; None if that one does not have it."""
        found: str | None = getattr(self, publisher, None)
        return found

    def over(self, known: "CommoditySettings") -> "CommoditySettings":
        """Return these settings, completed by what is known of the commodity."""
        written = {one.name: value for one in fields(self) if (value := getattr(self, one.name)) is not None}
        return replace(known, **written)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherSettings(Section):
    """One publisher."""

    enabled: bool = setting(True, description="Whether it is asked")
    url: Annotated[str, Checked(_address)] | None = setting(
        None, description="The address of its API, if it is not the publisher's own"
    )
    key: Secret | None = setting(None, description="From the environment alone")


_ADDRESSES: Final[Mapping[str, str]] = {
    "entsoe": "https://web-api.tp.entsoe.eu/api",
    "eia": "https://api.eia.gov",
    "fred": "https://api.stlouisfed.org",
    "yahoo": "https://query1.finance.yahoo.com",
}
_AREAS: Final = {"DE": AreaSettings(), "FR": AreaSettings(), "NL": AreaSettings()}
_KNOWN_COMMODITIES: Final = {
    "WTI": CommoditySettings(unit="USD/bbl", eia="petroleum/pri/spt:RWTC", fred="DCOILWTICO", yahoo="CL=F"),
    "Brent": CommoditySettings(
        unit="USD/bbl", eia="petroleum/pri/spt:RBRTE", fred="DCOILBRENTEU", yahoo="BZ=F"
    ),
    "Henry Hub": CommoditySettings(
        unit="USD/MMBtu", eia="natural-gas/pri/fut:RNGWHHD", fred="DHHNGSP", yahoo="NG=F"
    ),
}


def _unknown_area(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

    close = get_close_matches(name, AREAS, n=1)
    meant = f"did you mean {close[0]}? If not, " if close else ""
    return f"there is no such area; {meant}give its eic and time_zone, or choose one of {', '.join(AREAS)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSettings(Section):
    """Which series are collected, and from whom."""

    areas: dict[Subject, AreaSettings] = setting(
        _AREAS, description="The areas whose energy data is collected; empty collects none"
    )
    kinds: tuple[EnergyKind, ...] = setting(
        _USUAL_KINDS, min_length=1, description="What is collected of every area"
    )
    commodities: dict[Subject, CommoditySettings] = setting(
        {name: CommoditySettings() for name in _KNOWN_COMMODITIES},
        description="The commodities whose prices are collected; empty collects none",
    )
    entsoe: PublisherSettings = setting(
        PublisherSettings(), description="The transparency platform of Europe's grid operators"
    )
    eia: PublisherSettings = setting(
        PublisherSettings(), description="The energy information administration of the United States"
    )
    fred: PublisherSettings = setting(
        PublisherSettings(), description="The Federal Reserve Bank of St. Louis"
    )
    yahoo: PublisherSettings | None = setting(
        None,
        description="Yahoo Finance, which is no official API; its terms forbid automated use, so it is asked "
        "only where this is written",
    )
    gate: Literal["flag", "hold"] = setting(
        "flag",
        description="What becomes of values that cannot be true: flag stores and marks them, hold keeps "
        "them back",
    )
    first_look_back_days: Whole = setting(
        30, ge=1, le=3650, description="How far back a series is collected that is not there yet, in days"
    )
    look_back_days: Whole = setting(
        3, ge=0, le=365, description="How far back of the newest value each run collects again, in days"
    )
    nightly_look_back_days: Whole = setting(
        35, ge=0, le=365, description="How far back series_backfill collects again each night, in days"
    )
    monthly_look_back_days: Whole = setting(
        396, ge=0, le=3650, description="How far back it does so on the first of each month, in days"
    )
    small_gap_hours: Whole = setting(
        24, ge=1, le=744, description="A gap up to so long is filled by the run that finds it, in hours"
    )
    give_up_after_days: Whole = setting(
        14, ge=1, le=3650, description="How long a gap is asked for again before it counts as absent, in days"
    )

    def __post_init__(self) -> None:
        """Check what unknown areas and commodities need. Raises: ValueError."""
        for name in self.areas:
            if self.area(name) is None:
                raise ValueError(f"areas.{name}: {_unknown_area(name)}")
        for name in self.commodities:
            if self.commodity(name).unit is None:
                raise ValueError(f"commodities.{name}.unit: must be set, such as USD/bbl")

    def area(self, name: str) -> Area | None:
        """Return an area's codes and clock, completed by what is known of it; None if something lacks."""
        own, known = self.areas[name], AREAS.get(name)
        if known is None and (own.eic is None or own.time_zone is None):
            return None
        basis = known or Area(name, str(own.eic))
        written = {"eic": own.eic, "price_eic": own.price_eic, "time_zone": own.time_zone}
        return replace(basis, **{place: value for place, value in written.items() if value is not None})

    def is_asked(self, publisher: str) -> bool:
        """Say whether a publisher is asked."""
        found: PublisherSettings | None = getattr(self, publisher)
        return found is not None and found.enabled

    def address(self, publisher: str) -> str:
        """Return the address of a publisher's API."""
        found: PublisherSettings | None = getattr(self, publisher)
        return (found and found.url) or _ADDRESSES[publisher]

    def key(self, publisher: str) -> Secret | None:
        """Return the key that a publisher knows us by; None without one."""
        found: PublisherSettings | None = getattr(self, publisher)
        return None if found is None else found.key

    def commodity(self, name: str) -> CommoditySettings:
        """Return a commodity's settings, completed by what is known of it."""
        own, known = self.commodities[name], _KNOWN_COMMODITIES.get(name)
        return own.over(known) if known else own

    def kinds_of(self, area: str) -> tuple[EnergyKind, ...]:
        """Return what is collected of an area."""
        own = self.areas[area].kinds
        return self.kinds if own is None else own

    @property
    def publishers_of_prices(self) -> tuple[PublisherName, ...]:
        """Return the enabled publishers that have at least one of the commodities."""
        return tuple(
            name
            for name in PUBLISHERS
            if self.is_asked(name) and any(self.commodity(one).symbol(name) for one in self.commodities)
        )

    @property
    def keys_needed(self) -> tuple[PublisherName, ...]:
        """Return the publishers that are asked and want a key."""
        asked = (("entsoe",) if self.has_energy else ()) + self.publishers_of_prices
        return tuple(name for name in PUBLISHERS if name in asked and name in KEY_VARIABLES)

    @property
    def has_energy(self) -> bool:
        """Say whether energy data is collected."""
        return self.is_asked("entsoe") and bool(self.areas)

    @property
    def has_prices(self) -> bool:
        """Say whether prices of commodities are collected."""
        return bool(self.publishers_of_prices)
