import zoneinfo

import pytest

from plantpulse.settings.areas import AREAS, Area, is_eic

# Source: the guide of ENTSO-E's API, appendix "Areas".
PUBLISHED = {
    "FR": "10YFR-RTE------C",
    "NL": "10YNL----------L",
    "AT": "10YAT-APG------L",
    "BE": "10YBE----------2",
    "CZ": "10YCZ-CEPS-----N",
    "CH": "10YCH-SWISSGRIDZ",
    "PL": "10YPL-AREA-----S",
    "DK1": "10YDK-1--------W",
    "DK2": "10YDK-2--------M",
    "NO1": "10YNO-1--------2",
    "NO5": "10Y1001A1001A48H",
    "SE1": "10Y1001A1001A44P",
    "SE4": "10Y1001A1001A47J",
    "FI": "10YFI-1--------U",
    "ES": "10YES-REE------0",
    "PT": "10YPT-REN------W",
    "IT-North": "10Y1001A1001A73I",
    "IT-Sicily": "10Y1001A1001A75E",
    "GB": "10YGB----------A",
}


@pytest.mark.parametrize(("name", "code"), PUBLISHED.items())
def test_an_area_has_the_published_code(name: str, code: str) -> None:
    assert AREAS[name].eic == code


def test_prices_of_germany_are_those_of_its_bidding_zone() -> None:
    germany = AREAS["DE"]

    assert germany.code_for("price") == "10Y1001A1001A82H"
    assert germany.code_for("load") == "10Y1001A1001A83F"
    assert germany.code_for("generation") == "10Y1001A1001A83F"
    assert germany.code_for("balancing") == "10YCB-GERMANY--8"


def test_an_area_without_further_codes_is_asked_under_its_own() -> None:
    area = Area("NL", "10YNL----------L", time_zone="Europe/Amsterdam")

    assert {area.code_for("price"), area.code_for("load"), area.code_for("balancing")} == {"10YNL----------L"}


def test_every_code_in_the_table_ends_with_its_check_character() -> None:
    codes = {
        code
        for area in AREAS.values()
        for code in (area.eic, area.code_for("price"), area.code_for("balancing"))
    }

    assert len(codes) == 49
    assert [code for code in codes if not is_eic(code)] == []


def test_every_time_zone_in_the_table_exists() -> None:
    assert {area.time_zone for area in AREAS.values()} <= zoneinfo.available_timezones()


@pytest.mark.parametrize(
    "code",
    [
        "",
        "10YNL----------M",
        "10YNL----------l",
        "10YNL---------L",
        "NL",
        "10YNL----------LL",
        "1OYNL----------L",
    ],
)
def test_what_is_mistyped_is_no_code(code: str) -> None:
    assert not is_eic(code)
