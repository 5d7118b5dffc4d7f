"""Oil and gas: what they are called where, and what they cost on a day.

Pure. A spot price is a walk made of waves, the same for whoever publishes it; Yahoo's futures lie a little
beside it. WTI was settled at -36.98 on 2020-04-20, here too.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from devstack.energy.days import DAY_S, NEW_YORK, midnight
from devstack.energy.draws import season, stream_of, wave

NEGATIVE_OIL: Final = {("WTI", date(2020, 4, 20)): -36.98, ("WTI", date(2020, 4, 21)): 8.91}


@dataclass(frozen=True, slots=True)
class Commodity:
    """One commodity, and the names of its series at EIA, FRED and Yahoo."""

    name: str
    mean_usd: float
    eia_route: str
    eia_series: str
    eia_facts: Mapping[str, str]
    fred_series: str
    fred_title: str
    yahoo_symbol: str
    yahoo_names: tuple[str, str, str]


COMMODITIES: Final[Mapping[str, Commodity]] = {
    commodity.name: commodity
    for commodity in (
        Commodity(
            "WTI",
            72,
            "petroleum/pri/spt",
            "RWTC",
            {
                "duoarea": "YCUOK",
                "area-name": "NA",
                "product": "EPCWTI",
                "product-name": "WTI Crude Oil",
                "process": "PF4",
                "process-name": "Spot Price FOB",
                "series": "RWTC",
                "series-description": "Cushing, OK WTI Spot Price FOB (Dollars per Barrel)",
                "units": "$/BBL",
            },
            "DCOILWTICO",
            "Crude Oil Prices: West Texas Intermediate (WTI) - Cushing, Oklahoma",
            "CL=F",
            ("NYM", "NY Mercantile", "Crude Oil"),
        ),
        Commodity(
            "Brent",
            76,
            "petroleum/pri/spt",
            "RBRTE",
            {
                "duoarea": "ZEU",
                "area-name": "NA",
                "product": "EPCBRENT",
                "product-name": "UK Brent Crude Oil",
                "process": "PF4",
                "process-name": "Spot Price FOB",
                "series": "RBRTE",
                "series-description": "Europe Brent Spot Price FOB (Dollars per Barrel)",
                "units": "$/BBL",
            },
            "DCOILBRENTEU",
            "Crude Oil Prices: Brent - Europe",
            "BZ=F",
            ("NYM", "NY Mercantile", "Brent Crude Oil Last Day Financ"),
        ),
        Commodity(
            "Henry Hub",
            2.9,
            "natural-gas/pri/fut",
            "RNGWHHD",
            {
                "duoarea": "RGC",
                "area-name": "NA",
                "product": "EPG0",
                "product-name": "Natural Gas",
                "process": "PS0",
                "process-name": "Spot Price",
                "series": "RNGWHHD",
                "series-description": "Henry Hub Natural Gas Spot Price (Dollars per Million Btu)",
                "units": "$/MMBTU",
            },
            "DHHNGSP",
            "Henry Hub Natural Gas Spot Price",
            "NG=F",
            ("NYM", "NY Mercantile", "Natural Gas"),
        ),
    )
}


def spot_cents(seed: int, commodity: Commodity, day: date) -> int:
    """Return the spot price of a day in cents."""
    known = NEGATIVE_OIL.get((commodity.name, day))
    if known is not None:
        return round(known * 100)
    at = midnight(NEW_YORK, day)
    world, own = stream_of(seed, "oil"), stream_of(seed, commodity.name)
    slow = 0.18 * wave(world, at, 400 * DAY_S) + 0.1 * wave(own, at, 90 * DAY_S)
    quick = 0.05 * wave(own, at, 9 * DAY_S) + 0.015 * wave(own, at + 7 * DAY_S, DAY_S)
    winter = 0.2 * season(at) if commodity.name == "Henry Hub" else 0
    return round(100 * commodity.mean_usd * (1 + slow + quick + winter))


def future_usd(seed: int, commodity: Commodity, day: date) -> float:
    """Return the settlement of the next future, with the digits that a 32-bit number leaves of it."""
    beside = wave(stream_of(seed, commodity.name, "future"), midnight(NEW_YORK, day), 3 * DAY_S)
    settled = spot_cents(seed, commodity, day) / 100 * (1 + 0.012 * beside)
    return as_float32(round(settled, 3 if commodity.name == "Henry Hub" else 2))


def as_float32(number: float) -> float:
    """Return the number as Yahoo tells it: through 32 bits and back."""
    return float(struct.unpack("<f", struct.pack("<f", number))[0])
