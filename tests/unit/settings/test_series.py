"""Series in plantpulse.yaml: what is collected, from whom, with which keys, and what is refused."""

import json
from pathlib import Path

import pytest

from bundle.carried import carry
from plantpulse.errors import ConfigurationError
from plantpulse.settings import Secret, SeriesSettings, Settings, config


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(text: str, **environ: str) -> Settings:
    Path("plantpulse.yaml").write_text(f"plants: {{}}\n{text}", encoding="utf-8")
    return config.load({"PLANTPULSE_CONFIG": "plantpulse.yaml"} | environ)


def series_of(text: str, **environ: str) -> SeriesSettings:
    return load(text, **environ).require_series()


def refusal_of(text: str, **environ: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load(text, **environ)
    return str(refused.value)


def test_without_the_section_nothing_is_collected() -> None:
    settings = load("", ENTSOE_TOKEN="a key")

    assert settings.series is None
    with pytest.raises(ConfigurationError, match="no series are collected: write a section `series`"):
        settings.require_series()


def test_an_empty_section_collects_three_areas_and_three_commodities() -> None:
    series = series_of("series: {}")

    assert list(series.areas) == ["DE", "FR", "NL"]
    assert list(series.commodities) == ["WTI", "Brent", "Henry Hub"]
    assert series.commodity("Henry Hub").symbol("eia") == "natural-gas/pri/fut:RNGWHHD"
    assert series.publishers_of_prices == ("eia", "fred")
    assert series.address("entsoe") == "https://web-api.tp.entsoe.eu/api"


def test_a_known_commodity_keeps_what_is_not_written_of_it() -> None:
    series = series_of("series: {commodities: {WTI: {eia: other:X}, Coal: {unit: USD/t, fred: PCOALAUUSDM}}}")

    assert (series.commodity("WTI").eia, series.commodity("WTI").fred) == ("other:X", "DCOILWTICO")
    assert series.commodity("WTI").unit == "USD/bbl"
    assert series.commodity("Coal").symbol("eia") is None


def test_yahoo_is_asked_only_where_it_is_written() -> None:
    assert series_of("series: {yahoo: {}}").publishers_of_prices == ("eia", "fred", "yahoo")
    assert series_of("series: {eia: {enabled: false}}").publishers_of_prices == ("fred",)


@pytest.mark.parametrize(
    ("text", "energy", "prices"),
    [
        ("series: {}", True, True),
        ("series: {areas: {}}", False, True),
        ("series: {commodities: {}}", True, False),
        ("series: {entsoe: {enabled: false}}", False, True),
        ("series: {eia: {enabled: false}, fred: {enabled: false}}", True, False),
    ],
)
def test_what_is_left_out_is_not_collected(text: str, energy: bool, prices: bool) -> None:
    series = series_of(text)

    assert (series.has_energy, series.has_prices) == (energy, prices)


def test_keys_come_from_the_environment_one_by_one_or_together() -> None:
    together = json.dumps({"entsoe": "t-1", "eia": "e-1", "gone": "x"})
    series = series_of("series: {fred: {enabled: false}}", SERIES_KEYS=together, EIA_API_KEY=" e-2\n")

    assert series.key("entsoe") == Secret("t-1")
    assert series.key("eia") == Secret("e-2")
    assert series.key("fred") is None
    assert series.key("yahoo") is None
    assert series.keys_needed == ("entsoe", "eia")


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"entsoe": 5}'])
def test_keys_together_are_an_object_of_texts_and_are_never_shown(text: str) -> None:
    told = refusal_of("series: {}", SERIES_KEYS=text)

    assert told.startswith("SERIES_KEYS: must be a JSON object of keys by publisher")
    assert text not in told


def test_no_key_stands_in_the_file() -> None:
    told = refusal_of("series: {entsoe: {key: hunter2}}")

    assert told == "series.entsoe.key: no secret belongs here; set ENTSOE_TOKEN"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("series: {areas: {'D/E': {}}}", "the name of an area or a commodity has 1 to 40 characters"),
        ("series: {areas: {XX: {eic: DE}}}", "must be an energy identification code with 16 characters"),
        ("series: {areas: {DE: {kinds: [loads]}}}", "series.areas.DE.kinds"),
        ("series: {commodities: {Coal: {fred: X}}}", "commodities.Coal.unit: must be set"),
        ("series: {entsoe: {url: 'http://example.com'}}", "with https and without a user"),
        ("series: {entsoe: {url: 'https://me:pw@example.com'}}", "with https and without a user"),
        ("series: {entsoe: {url: 'https://example.com:99999'}}", "with https and without a user"),
        ("energy_actuals: {every_minutes: 7}", "every_minutes must divide a day"),
        ("energy_actuals: {every_minutes: 240}", "energy_actuals.every_minutes"),
        ("series_gaps: {every_minutes: 30}", "series_gaps.every_minutes"),
        ("commodity_prices: {every: fortnight}", "commodity_prices.every"),
        ("commodity_prices: {at: 6:00}", "commodity_prices.at"),
        ("series_backfill: {time_zone: Mars/Olympus}", "must be an IANA time zone"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(text: str, told: str) -> None:
    assert told in refusal_of(text)


def test_an_address_without_tls_is_for_this_machine_alone() -> None:
    assert (
        series_of("series: {eia: {url: 'http://127.0.0.1:8080'}}").address("eia") == "http://127.0.0.1:8080"
    )


def test_a_bundle_carries_them_without_keys(tmp_path: Path) -> None:
    written = load(
        "series: {areas: {FR: {}}, yahoo: {}}\nenergy_actuals: {every_minutes: 15}", EIA_API_KEY="k"
    )
    bundle = tmp_path / "bundle"
    bundle.mkdir()

    carry(Path("plantpulse.yaml").resolve(), bundle)
    carried = config.load({"PLANTPULSE_CONFIG": str(bundle / "plantpulse.json"), "EIA_API_KEY": "k"})

    assert carried == written
    assert '"key"' not in (bundle / "plantpulse.json").read_text(encoding="utf-8")
