"""When a scheduler calls which function."""

from datetime import timedelta
from itertools import pairwise, product
from pathlib import Path

import pytest

from plantpulse.deployment.calls import Call, cron_lines, lines_in_turn
from plantpulse.schedules.pipelines import ALL_PLANTS, HEALTH, NO_PLANT, pipelines_of, shown_plant
from plantpulse.schedules.schedules import DailyAt, Every, OnDays, Together
from plantpulse.settings import config
from tests.unit.deployment.conftest import Deploy

DIVISORS = [minutes for minutes in range(1, 1441) if 1440 % minutes == 0]


def minutes_of_day(cron: str) -> list[int]:
    """Return the minutes after midnight that a cron line of fixed minutes and hours stands for."""
    minutes, hours, *rest = cron.split()
    assert rest == ["*", "*", "*"]
    return [hour * 60 + minute for hour, minute in product(_field(hours, 24), _field(minutes, 60))]


def _field(text: str, limit: int) -> list[int]:
    return list(range(limit)) if text == "*" else [int(part) for part in text.split(",")]


@pytest.mark.parametrize("every_minutes", DIVISORS)
def test_a_plant_is_called_at_every_slot_of_its_grid_and_never_else(every_minutes: int) -> None:
    lines = cron_lines(Every.minutes(every_minutes))

    assert sorted(minute for line, _ in lines for minute in minutes_of_day(line)) == list(
        range(0, 1440, every_minutes)
    )
    assert all(len(line) < 240 for line, _ in lines)  # EventBridge takes 256 with its own


def test_a_schedule_takes_as_few_lines_as_cron_can_say_it_in() -> None:
    assert cron_lines(Every.minutes(1)) == [("* * * * *", "Etc/UTC")]
    assert cron_lines(Every.minutes(15)) == [("0,15,30,45 * * * *", "Etc/UTC")]
    assert [line for line, _ in cron_lines(Every.minutes(45))] == [
        "0,45 0,3,6,9,12,15,18,21 * * *",
        "15 2,5,8,11,14,17,20,23 * * *",
        "30 1,4,7,10,13,16,19,22 * * *",
    ]
    daily = DailyAt.local_time("16:05", "Europe/Lisbon")
    assert cron_lines(daily) == [("5 16 * * *", "Europe/Lisbon")]
    assert cron_lines(OnDays(daily, "monday")) == [("5 16 * * MON", "Europe/Lisbon")]
    assert cron_lines(OnDays(daily, "first")) == [("5 16 1 * *", "Europe/Lisbon")]
    assert cron_lines(Together((Every.minutes(720), daily))) == [
        ("0 0,12 * * *", "Etc/UTC"),
        ("5 16 * * *", "Europe/Lisbon"),
    ]


def test_a_schedule_says_whom_it_calls_and_when(deploy: Deploy) -> None:
    deployment = deploy(
        "plants:\n"
        "  berlin: {time_zone: W. Europe Standard Time, sql_server: {host: h, user: u, database: d}}\n"
        "live_pulse: {every_minutes: 45, window_minutes: 45}\n"
    )

    assert sorted(deployment.schedules) == [
        *("cleanup", "health", "live_pulse-berlin", "live_pulse-berlin-2", "live_pulse-berlin-3"),
        "morning_report-berlin",
    ]
    assert deployment.schedules["live_pulse-berlin-2"] == Call(
        function="live_pulse",
        plant="berlin",
        cron="15 2,5,8,11,14,17,20,23 * * *",
        time_zone="Etc/UTC",
        interval_minutes=45,
        runs_on_startup=False,
        deadline_s=90,
    )
    assert deployment.schedules["live_pulse-berlin"].runs_on_startup
    report = deployment.schedules["morning_report-berlin"]
    assert (report.cron, report.time_zone, report.interval_minutes) == ("0 6 * * *", "Europe/Berlin", 1440)
    assert (deployment.schedules["cleanup"].plant, deployment.schedules["health"].cron) == (None, "* * * * *")


def test_a_plants_own_clock_may_be_utc(deploy: Deploy) -> None:
    deployment = deploy("plants: {north: {time_zone: UTC}}")

    assert deployment.schedules["morning_report-north"].time_zone == "Etc/UTC"


@pytest.mark.parametrize(
    ("server", "own", "starts"),
    [
        ("{host: h, user: u, database: d}", "{}", True),
        ("{host: h, user: u, database: d}", "{run_on_startup: no}", False),
        ("{host: h, user: u}", "{}", False),
    ],
)
def test_a_deployment_polls_at_once_where_there_is_something_to_poll(
    server: str, own: str, starts: bool, deploy: Deploy
) -> None:
    deployment = deploy(f"plants: {{north: {{time_zone: UTC, sql_server: {server}, live_pulse: {own}}}}}")

    started = [name for name, call in deployment.schedules.items() if call.runs_on_startup]

    assert started == (["live_pulse-north"] if starts else [])


SWITCHED_OFF = """
plants:
  north: {time_zone: UTC}
  south: {time_zone: UTC, enabled: off}
  east: {time_zone: UTC, morning_report: {enabled: false}}
  west: {time_zone: UTC, live_pulse: {enabled: "no"}, morning_report: {enabled: yes}}
morning_report: {enabled: false}
"""


def test_what_is_called_is_what_health_expects_to_run(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(SWITCHED_OFF)

    called = {(one.function, one.plant) for one in deployment.schedules.values()}

    assert called == {
        *(("live_pulse", "north"), ("live_pulse", "east"), ("morning_report", "west")),
        *(("cleanup", None), ("health", None)),
    }
    settings = config.load({"PLANTPULSE_CONFIG": str(tmp_path / "plantpulse.yaml")})
    watched = [one for one in pipelines_of(settings) if one.is_enabled]
    assert {(one.name, shown_plant(one.plant)) for one in watched} == called - {("health", None)}
    assert [one.plant for one in watched if one.name == "cleanup"] == [ALL_PLANTS]
    assert [one.plant for one in HEALTH.calls(settings)] == [NO_PLANT]


@pytest.mark.parametrize("every_minutes", [1, 5, 15, 30])
def test_two_schedules_in_turn_name_every_slot_once(every_minutes: int) -> None:
    turns = [minutes_of_day(line) for line in lines_in_turn(Every.minutes(every_minutes))]

    assert len(turns) == 2
    assert sorted([*turns[0], *turns[1]]) == list(range(0, 1440, every_minutes))
    steps = {later - minute for turn in turns for minute, later in pairwise(sorted(turn))}
    assert steps == {2 * every_minutes}


def test_only_calls_that_overlap_take_turns(deploy: Deploy) -> None:
    deployment = deploy("plants: {north: {time_zone: UTC, tags: {}, live_pulse: {every_minutes: 1}}}")

    turns = {
        name: [line.partition(" ")[0][:8] for line in one.turns] for name, one in deployment.schedules.items()
    }
    assert turns == {
        "cleanup": [],
        "health": [],
        "live_pulse-north": [],
        "morning_report-north": [],
        "tags-north": ["0,2,4,6,", "1,3,5,7,"],
    }
    assert deployment.schedules["tags-north"].cron == "* * * * *"


@pytest.mark.parametrize("every_minutes", [minutes for minutes in DIVISORS if minutes >= 10])
def test_with_an_offset_a_plant_is_called_so_long_after_every_slot(every_minutes: int) -> None:
    lines = cron_lines(Every.minutes(every_minutes), timedelta(minutes=1))

    assert sorted(minute for line, _ in lines for minute in minutes_of_day(line)) == list(
        range(1, 1440, every_minutes)
    )


def test_several_plants_are_called_one_after_another(deploy: Deploy) -> None:
    deployment = deploy("plants: {adelaide: {time_zone: UTC}, berlin: {time_zone: UTC}}")

    crons = {one.plant: one.cron for one in deployment.schedules.values() if one.function == "live_pulse"}
    assert crons == {"adelaide": "0,15,30,45 * * * *", "berlin": "2,17,32,47 * * * *"}
    mornings = {one.cron for one in deployment.schedules.values() if one.function == "morning_report"}
    assert mornings == {"0 6 * * *"}


def test_many_plants_are_spread_within_their_minute(deploy: Deploy) -> None:
    few, many = (
        deploy("plants: {" + ", ".join(f"plant_{one}: {{time_zone: UTC}}" for one in range(count)) + "}")
        for count in (10, 11)
    )

    assert {one.delay_s for one in few.schedules.values()} == {0}
    assert few.functions["live_pulse"].timeout_s == 75
    for function, timeout_s in (("live_pulse", 75), ("morning_report", 135)):
        seconds = {one.delay_s for one in many.schedules.values() if one.function == function}
        assert seconds <= set(range(1, 21))
        assert len(seconds) > 5
        assert many.functions[function].timeout_s == timeout_s + max(seconds)
    assert {one.delay_s for one in many.schedules.values() if one.plant is None} == {0}


def test_many_plants_report_in_different_minutes(deploy: Deploy) -> None:
    names = [f"plant_{one}" for one in range(11)]
    plants = ", ".join(f"{name}: {{time_zone: Europe/Berlin}}" for name in names)
    deployment = deploy(f"plants: {{{plants}}}\nmorning_report: {{at: '23:27'}}")

    reports = [one for one in deployment.schedules.values() if one.function == "morning_report"]
    assert {one.cron for one in reports} == {"27 23 * * *", "28 23 * * *", "29 23 * * *"}
    assert {one.time_zone for one in reports} == {"Europe/Berlin"}
