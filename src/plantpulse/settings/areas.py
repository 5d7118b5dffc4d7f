"""Areas by name, with their Energy Identification Codes.

Pure. A country, its bidding zone and its control area can have codes of their own, so that one area may be
asked under several codes. Source of the codes: ENTSO-E's list of approved Y codes ("Areas" in the guide of
its API); each ends with a check character.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal

from plantpulse.late_dataclasses import dataclass

Role = Literal["price", "load", "balancing", "generation"]

_FORM: Final = re.compile(r"[0-9]{2}[A-Z][0-9A-Z-]{12}[0-9A-Z]")
_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"


@dataclass(frozen=True, slots=True)
class Area:
    """One area. `eic` is its code; `price_eic`, `load_eic`, `balancing_eic` stand where others are asked.

    Days, weeks, months and years of the area begin by `time_zone`.
    """

    name: str
    eic: str
    price_eic: str | None = None
    load_eic: str | None = None
    time_zone: str = "Europe/Brussels"
    balancing_eic: str | None = None

    def code_for(self, role: Role) -> str:
        """Return the code under which the platform publishes prices, load, balancing or generation."""
        other = {"price": self.price_eic, "load": self.load_eic, "balancing": self.balancing_eic}.get(role)
        return other or self.eic


def is_eic(code: str) -> bool:
    """Whether a code has the form and the check character of an area's EIC.

    Source: ENTSO-E, "The Energy Identification Coding Scheme (EIC) Reference Manual", check character.
    """
    if not _FORM.fullmatch(code):
        return False
    total = sum(
        _LETTERS.index(letter) * weight for letter, weight in zip(code, range(16, 1, -1), strict=False)
    )
    return _LETTERS[36 - (total - 1) % 37] == code[-1]


# Prices: Germany and Luxembourg are one bidding zone. Balancing: Germany's four control areas are one
# scheduling area, and have one imbalance price since 22 June 2022.
_ALL: Final = (
    Area(
        "DE",
        "10Y1001A1001A83F",
        price_eic="10Y1001A1001A82H",
        time_zone="Europe/Berlin",
        balancing_eic="10YCB-GERMANY--8",
    ),
    Area("DE-LU", "10Y1001A1001A82H", time_zone="Europe/Berlin"),
    Area("FR", "10YFR-RTE------C", time_zone="Europe/Paris"),
    Area("NL", "10YNL----------L", time_zone="Europe/Amsterdam"),
    Area("AT", "10YAT-APG------L", time_zone="Europe/Vienna"),
    Area("BE", "10YBE----------2", time_zone="Europe/Brussels"),
    Area("LU", "10YLU-CEGEDEL-NQ", price_eic="10Y1001A1001A82H", time_zone="Europe/Luxembourg"),
    Area("CH", "10YCH-SWISSGRIDZ", time_zone="Europe/Zurich"),
    Area("CZ", "10YCZ-CEPS-----N", time_zone="Europe/Prague"),
    Area("PL", "10YPL-AREA-----S", time_zone="Europe/Warsaw"),
    Area("SK", "10YSK-SEPS-----K", time_zone="Europe/Bratislava"),
    Area("HU", "10YHU-MAVIR----U", time_zone="Europe/Budapest"),
    Area("SI", "10YSI-ELES-----O", time_zone="Europe/Ljubljana"),
    Area("HR", "10YHR-HEP------M", time_zone="Europe/Zagreb"),
    Area("RO", "10YRO-TEL------P", time_zone="Europe/Bucharest"),
    Area("BG", "10YCA-BULGARIA-R", time_zone="Europe/Sofia"),
    Area("GR", "10YGR-HTSO-----Y", time_zone="Europe/Athens"),
    Area("RS", "10YCS-SERBIATSOV", time_zone="Europe/Belgrade"),
    Area("ME", "10YCS-CG-TSO---S", time_zone="Europe/Podgorica"),
    Area("MK", "10YMK-MEPSO----8", time_zone="Europe/Skopje"),
    Area("BA", "10YBA-JPCC-----D", time_zone="Europe/Sarajevo"),
    Area("DK1", "10YDK-1--------W", time_zone="Europe/Copenhagen"),
    Area("DK2", "10YDK-2--------M", time_zone="Europe/Copenhagen"),
    Area("NO1", "10YNO-1--------2", time_zone="Europe/Oslo"),
    Area("NO2", "10YNO-2--------T", time_zone="Europe/Oslo"),
    Area("NO3", "10YNO-3--------J", time_zone="Europe/Oslo"),
    Area("NO4", "10YNO-4--------9", time_zone="Europe/Oslo"),
    Area("NO5", "10Y1001A1001A48H", time_zone="Europe/Oslo"),
    Area("SE1", "10Y1001A1001A44P", time_zone="Europe/Stockholm"),
    Area("SE2", "10Y1001A1001A45N", time_zone="Europe/Stockholm"),
    Area("SE3", "10Y1001A1001A46L", time_zone="Europe/Stockholm"),
    Area("SE4", "10Y1001A1001A47J", time_zone="Europe/Stockholm"),
    Area("FI", "10YFI-1--------U", time_zone="Europe/Helsinki"),
    Area("EE", "10Y1001A1001A39I", time_zone="Europe/Tallinn"),
    Area("LV", "10YLV-1001A00074", time_zone="Europe/Riga"),
    Area("LT", "10YLT-1001A0008Q", time_zone="Europe/Vilnius"),
    Area("ES", "10YES-REE------0", time_zone="Europe/Madrid"),
    Area("PT", "10YPT-REN------W", time_zone="Europe/Lisbon"),
    Area("IT", "10YIT-GRTN-----B", time_zone="Europe/Rome"),  # load and generation: prices are of zones
    Area("IT-North", "10Y1001A1001A73I", time_zone="Europe/Rome"),
    Area("IT-Centre-North", "10Y1001A1001A70O", time_zone="Europe/Rome"),
    Area("IT-Centre-South", "10Y1001A1001A71M", time_zone="Europe/Rome"),
    Area("IT-South", "10Y1001A1001A788", time_zone="Europe/Rome"),
    Area("IT-Calabria", "10Y1001C--00096J", time_zone="Europe/Rome"),
    Area("IT-Sicily", "10Y1001A1001A75E", time_zone="Europe/Rome"),
    Area("IT-Sardinia", "10Y1001A1001A74G", time_zone="Europe/Rome"),
    Area("IE-SEM", "10Y1001A1001A59C", time_zone="Europe/Dublin"),
    Area("GB", "10YGB----------A", time_zone="Europe/London"),  # nothing after June 2021
)

AREAS: Final[Mapping[str, Area]] = {area.name: area for area in _ALL}
