"""Which pipelines a deployment has, and when they are due."""

from datetime import timedelta
from typing import Any

import pytest

from plantpulse.schedules.pipelines import FUNCTIONS, NO_PLANT, Pipeline, pipelines_of
from plantpulse.schedules.schedules import DailyAt, Every, OnDays, Together
from plantpulse.settings import Settings, config
from plantpulse.settings.validation import validated


def settings(**tree: Any) -> Settings:
    return validated(Settings, {"plants": {"north": {"time_zone": "UTC"}}, **tree})


def test_what_runs_on_schedule_is_all_there() -> None:
    plants = {"north": {"time_zone": "America/Chicago"}, "south": {"time_zone": "Asia/Kolkata"}}

    found = pipelines_of(settings(plants=plants, cleanup={"every_minutes": 30}))

    assert [(one.name, one.plant) for one in found] == [
        ("live_pulse", "north"),
        ("live_pulse", "south"),
        ("morning_report", "north"),
        ("morning_report", "south"),
        ("cleanup", "(all plants)"),
    ]
    assert found[2].schedule == DailyAt.local_time("06:00", "America/Chicago")
    assert found[4].schedule == Every.minutes(30)


def test_series_are_collected_on_their_own_schedules() -> None:
    found = {
        one.name: one
        for one in pipelines_of(
            settings(series={}, commodity_prices={"every": "month"}, energy_forecasts={"prices_at": None})
        )
    }

    assert found["commodity_prices"].schedule == OnDays(
        DailyAt.local_time("06:00", "America/New_York"), "first"
    )
    assert found["energy_actuals"].schedule == Every.minutes(30)
    assert found["energy_forecasts"].schedule == Every.minutes(360)
    assert found["series_gaps"].schedule == Every.minutes(240)
    assert found["series_backfill"].schedule == DailyAt.local_time("02:00", "Europe/Brussels")
    assert {found[name].plant for name in found if "series" in name or "energy" in name} == {NO_PLANT}


def test_day_ahead_prices_have_a_time_of_their_own() -> None:
    found = {one.name: one for one in pipelines_of(settings(series={}))}

    assert found["energy_forecasts"].schedule == Together(
        (Every.minutes(360), DailyAt.local_time("14:05", "Europe/Brussels"))
    )


@pytest.mark.parametrize(
    ("series", "names"),
    [
        (None, set()),
        ({"areas": {}, "commodities": {}}, set()),
        ({"areas": {}}, {"commodity_prices", "series_gaps", "series_backfill"}),
        (
            {"commodities": {}},
            {"energy_actuals", "energy_forecasts", "series_gaps", "series_backfill"},
        ),
    ],
)
def test_what_collects_nothing_is_not_there(series: dict[str, Any] | None, names: set[str]) -> None:
    usual = {"live_pulse", "morning_report", "cleanup"}

    assert {one.name for one in pipelines_of(settings(series=series))} == usual | names


def test_a_plants_report_is_due_at_its_own_time() -> None:
    plants = {"north": {"time_zone": "Asia/Kolkata", "morning_report": {"at": "05:30"}}}

    reports = [one for one in pipelines_of(settings(plants=plants)) if one.name == "morning_report"]

    assert reports[0].schedule == DailyAt.local_time("05:30", "Asia/Kolkata")


def test_a_plant_that_is_off_has_no_report_either() -> None:
    plants = {"north": {"time_zone": "UTC", "enabled": False}}

    states = {one.name: one.is_enabled for one in pipelines_of(settings(plants=plants))}

    assert states == {"live_pulse": False, "morning_report": False, "cleanup": True}


TAGS_OF_PLANTS = {
    "north": {"time_zone": "UTC", "tags": {}},
    "south": {"time_zone": "UTC", "tags": {"runs_on": "edge"}},
    "west": {"time_zone": "UTC", "tags": {"enabled": False}},
    "east": {"time_zone": "UTC"},
}


def bursts(known: Settings) -> dict[str, Pipeline]:
    return {one.plant: one for one in pipelines_of(known) if one.name == "tags"}


def test_machine_tags_are_polled_every_minute_where_a_plant_has_them() -> None:
    found = bursts(settings(plants=TAGS_OF_PLANTS))

    assert {plant: one.is_enabled for plant, one in found.items()} == {
        "north": True,
        "south": False,
        "west": False,
    }
    assert {one.schedule for one in found.values()} == {Every.minutes(1)}
    assert all(one.overlap_s for one in found.values())
    assert found["north"].missing_settings == ()
    assert list(bursts(settings(plants=TAGS_OF_PLANTS, tags={}))) == ["north", "south", "west", "east"]


def test_no_other_pipelines_runs_overlap() -> None:
    found = pipelines_of(settings(series={}, tags={}))

    assert {one.name for one in found if one.overlap_s} == {"tags"}


def pulses(known: Settings) -> dict[str, Pipeline]:
    return {one.plant: one for one in pipelines_of(known) if one.name == "live_pulse"}


def test_every_plant_is_polled_on_its_own_grid() -> None:
    plants = {
        "north": {"time_zone": "UTC"},
        "south": {"time_zone": "UTC", "live_pulse": {"every_minutes": 5, "window_minutes": 10}},
    }

    found = pulses(settings(plants=plants))

    assert list(found) == ["north", "south"]
    assert found["north"].schedule == Every(timedelta(minutes=15))
    assert found["south"].schedule == Every(timedelta(minutes=5))


@pytest.mark.parametrize(
    ("tree", "is_enabled"),
    [
        ({}, True),
        ({"live_pulse": {"enabled": False}}, False),
        ({"plants": {"north": {"time_zone": "UTC", "enabled": False}}}, False),
        ({"plants": {"north": {"time_zone": "UTC", "live_pulse": {"enabled": False}}}}, False),
        (
            {
                "plants": {"north": {"time_zone": "UTC", "live_pulse": {"enabled": True}}},
                "live_pulse": {"enabled": False},
            },
            True,
        ),
    ],
)
def test_a_pipeline_is_switched_off_for_all_plants_or_for_one(tree: dict[str, Any], is_enabled: bool) -> None:
    assert pulses(settings(**tree))["north"].is_enabled is is_enabled


def test_what_a_source_lacks_is_named_save_its_password(tmp_path: Any) -> None:
    """Only the function that polls is given passwords."""
    file = tmp_path / "plantpulse.yaml"
    file.write_text(
        "plants:\n"
        "  north: {time_zone: UTC, sql_server: {host: sql.example, user: reader, database: mes}}\n"
        "  south: {time_zone: UTC, sql_server: {host: sql.example}}\n"
    )

    found = pulses(config.load({"PLANTPULSE_CONFIG": str(file)}))

    assert found["north"].missing_settings == ()
    assert found["south"].missing_settings == (
        "plants.south.sql_server.user",
        "plants.south.sql_server.database",
    )


def test_a_functions_calls_have_its_name() -> None:
    known = settings(series={}, tags={})

    assert [{call.name for call in function.calls(known)} for function in FUNCTIONS] == [
        {function.name} for function in FUNCTIONS
    ]
    assert "health" not in {one.name for one in pipelines_of(known)}
