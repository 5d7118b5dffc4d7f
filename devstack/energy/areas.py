"""The areas for which the stand-in has data: codes, zone, size, and which plants stand there.

Plain facts, rounded: capacities in MW are near those of 2025. The codes are ENTSO-E's (EIC). DE has three:
the bidding zone DE-LU has prices, the country load and generation, the scheduling area the imbalance. The
zone answers for all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

PUMPED: Final = "B10"
SOLAR: Final = "B16"
WIND_OFFSHORE: Final = "B18"
WIND_ONSHORE: Final = "B19"
FORECAST_TYPES: Final = (SOLAR, WIND_OFFSHORE, WIND_ONSHORE)


@dataclass(frozen=True, eq=False, slots=True)
class Area:
    """One area. `mean_load_mw` is the mean of a year; `minutes` how long an interval of its series is."""

    code: str
    zone: ZoneInfo
    price_eics: tuple[str, ...]
    load_eics: tuple[str, ...]
    balancing_eics: tuple[str, ...]
    mean_load_mw: int
    minutes: int
    capacities_mw: Mapping[str, int]
    has_two_auctions: bool = False
    has_whole_mw: bool = False


_BERLIN = ("10Y1001A1001A83F", "10Y1001A1001A82H")

AREAS: Final[Mapping[str, Area]] = {
    area.code: area
    for area in (
        Area(
            "DE",
            ZoneInfo("Europe/Berlin"),
            ("10Y1001A1001A82H",),
            _BERLIN,
            ("10YCB-GERMANY--8", "10Y1001A1001A82H"),
            54_000,
            15,
            {
                "B01": 5_000,
                "B02": 15_000,
                "B04": 30_000,
                "B05": 14_000,
                "B10": 9_000,
                "B11": 3_500,
                "B16": 75_000,
                "B18": 9_000,
                "B19": 62_000,
            },
            has_two_auctions=True,
        ),
        Area(
            "FR",
            ZoneInfo("Europe/Paris"),
            ("10YFR-RTE------C",),
            ("10YFR-RTE------C",),
            ("10YFR-RTE------C",),
            50_000,
            60,
            {
                "B01": 400,
                "B04": 11_000,
                "B05": 1_000,
                "B06": 2_000,
                "B10": 5_000,
                "B11": 7_500,
                "B12": 8_000,
                "B14": 55_000,
                "B16": 22_000,
                "B18": 1_500,
                "B19": 22_000,
            },
            has_whole_mw=True,
        ),
        Area(
            "NL",
            ZoneInfo("Europe/Amsterdam"),
            ("10YNL----------L",),
            ("10YNL----------L",),
            ("10YNL----------L",),
            12_500,
            15,
            {"B01": 600, "B04": 15_000, "B05": 4_000, "B14": 480, "B16": 24_000, "B18": 4_700, "B19": 6_900},
        ),
        Area(
            "AT",
            ZoneInfo("Europe/Vienna"),
            ("10YAT-APG------L",),
            ("10YAT-APG------L",),
            ("10YAT-APG------L",),
            7_000,
            15,
            {"B01": 450, "B04": 3_500, "B10": 3_400, "B11": 5_600, "B12": 2_500, "B16": 6_500, "B19": 3_900},
            has_two_auctions=True,
        ),
        Area(
            "CZ",
            ZoneInfo("Europe/Prague"),
            ("10YCZ-CEPS-----N",),
            ("10YCZ-CEPS-----N",),
            ("10YCZ-CEPS-----N",),
            7_300,
            60,
            {"B02": 7_000, "B04": 2_000, "B10": 1_150, "B14": 4_050, "B16": 4_000, "B19": 340},
        ),
        Area(
            "IE",
            ZoneInfo("Europe/Dublin"),
            ("10Y1001A1001A59C",),
            ("10Y1001A1001A59C",),
            ("10Y1001A1001A59C",),
            4_500,
            30,
            {"B04": 4_500, "B16": 1_500, "B19": 6_000},
        ),
    )
}
