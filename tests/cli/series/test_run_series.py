"""`plantpulse run` of pipelines that collect series: bad input is refused before anybody is asked."""

import pytest

from tests.cli.conftest import CommandLine
from tests.cli.series.conftest import Stock

BACKFILL = ["--mode", "backfill"]
WRONG = [
    (["energy-actuals", "--area", "DEE"], "area", "there is no collected area DEE; did you mean DE?"),
    (["energy-actuals", "--area", "WTI"], "area", "there is no collected area WTI; there are: DE, FR, NL"),
    (["energy-actuals", "--kind", "lod"], "kind", "there is no collected kind lod; did you mean load?"),
    (
        ["energy-forecasts", "--kind", "load"],
        "kind",
        "there is no collected kind load; there are: day_ahead_price, generation_forecast, load_forecast, "
        "wind_solar_forecast",
    ),
    (
        ["commodity-prices", "--commodity", "brent"],
        "commodity",
        "there is no collected commodity brent; did you mean Brent?",
    ),
    (
        ["energy-actuals", "--mode", "backfil"],
        "mode",
        "must be one of incremental, full_refresh, backfill",
    ),
    (["energy-actuals", "--from", "2026-03-10"], "from", "a span of days needs mode backfill"),
    (
        ["commodity-prices", *BACKFILL, "--from", "2026-03-10"],
        "until",
        "a backfill needs its first and its last day",
    ),
    (
        ["energy-actuals", *BACKFILL, "--from", "2026-03-10", "--until", "2026-03-09"],
        "until",
        "must not be before the first day",
    ),
    (
        ["energy-actuals", *BACKFILL, "--from", "2096-03-10", "--until", "2096-03-11"],
        "until",
        "is too far in the future: nothing is published for it",
    ),
    (
        ["energy-actuals", *BACKFILL, "--from", "2026-02-30", "--until", "2026-03-09"],
        "from",
        "must be a date such as 2026-03-10",
    ),
]


@pytest.mark.parametrize(("arguments", "field", "message"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_request_names_its_option_and_what_to_do(
    desk: CommandLine, stock: Stock, arguments: list[str], field: str, message: str
) -> None:
    result = desk("run", *arguments, "--json")

    assert result.exit_code == 2
    assert result.json["error"] == {"code": "invalid_request", "message": message, "field": field}
    assert stock.store.execute("select id from public.pipeline_runs").fetchall() == []


@pytest.mark.parametrize("pipeline", ["commodity-prices", "energy-actuals", "series-gaps", "series-backfill"])
def test_without_series_in_the_settings_nothing_is_collected(desk: CommandLine, pipeline: str) -> None:
    desk.write("plantpulse.yaml", "plants: {}\n")

    result = desk("run", pipeline, "--json")

    assert (result.exit_code, result.json["outcome"]) == (3, "not_configured")


@pytest.mark.parametrize("pipeline", ["commodity-prices", "energy-actuals", "energy-forecasts"])
def test_the_help_says_what_is_collected_and_how_to_name_a_part(desk: CommandLine, pipeline: str) -> None:
    text = " ".join(desk("run", pipeline, "--help").out.split())

    assert "of all commodities" in text or "of all areas" in text
    assert "incremental (from the newest value on, the default)" in text
    assert " TEXT " not in text
