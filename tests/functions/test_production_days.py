"""Production days on the real stack: of 23 and 25 hours, begun at another hour, and with other tables."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pymssql
import pytest

from tests.functions.mornings import Mornings, Week, warnings, week, world

__all__ = ["week", "world"]

EXAMPLE = Path(__file__).parents[2] / "examples" / "queries" / "order-based-mes"


class ChangedDay(NamedTuple):
    """A day on which a clock may be changed: the morning after it and what a night shift of 800 asks."""

    zone: str
    day: str
    morning: datetime
    planned: float
    target: float


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


# Of the night 22:00 to 06:00 a day has the six hours after midnight, more or fewer where the clock is changed
# in them, and the two before the next one.
DAYS = [
    ChangedDay("Europe/Berlin", "2026-03-29", utc(3, 30, 4), 420, 771.4286),
    ChangedDay("Europe/Berlin", "2026-10-25", utc(10, 26, 5), 540, 822.2222),
    ChangedDay("America/Chicago", "2026-03-08", utc(3, 9, 11), 420, 771.4286),
    ChangedDay("America/Chicago", "2026-11-01", utc(11, 2, 12), 540, 822.2222),
    ChangedDay("Australia/Sydney", "2026-10-04", utc(10, 4, 19), 420, 771.4286),
    ChangedDay("Australia/Sydney", "2026-04-05", utc(4, 5, 20), 540, 822.2222),
    ChangedDay("Australia/Lord_Howe", "2026-10-04", utc(10, 4, 19), 450, 786.6667),
    ChangedDay("Australia/Lord_Howe", "2026-04-05", utc(4, 5, 19, 30), 510, 811.7647),
    ChangedDay("Asia/Kolkata", "2026-10-25", utc(10, 26, 0, 30), 480, 800),
]


@pytest.mark.parametrize("changed", DAYS, ids=lambda changed: f"{changed.zone} {changed.day}")
def test_a_day_on_which_the_clock_is_changed_is_counted_whole_and_alone(
    world: Mornings, week: Week, changed: ChangedDay
) -> None:
    world.settings = {"time_zone": changed.zone}
    world.report = {"look_back_days": 0}
    world.now = changed.morning + timedelta(seconds=20)
    world.store.execute(
        "update public.shift_targets set starts_at = '22:00', ends_at = '06:00', target_output = 800"
    )
    day = changed.day
    week.output("PRESS-01", 5, f"{day}T00:00:00")
    for units in (
        10,
        20,
    ):  # the clock of an autumn night shows it twice; of a spring night, a clock nobody set
        week.output("PRESS-01", units, f"{day}T02:15:00")
    week.output("PRESS-01", 40, f"{day}T23:59:59")
    week.quality("PRESS-01", 75, 0, f"{day}T12:00:00")
    week.output("PRESS-01", 1000, f"{datetime.fromisoformat(day) + timedelta(days=1):%Y-%m-%d}T00:00:00")
    week.output("PRESS-01", 1000, f"{datetime.fromisoformat(day) - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}")
    week.downtime("PRESS-01", "Jam", 30, f"{day}T04:00:00")
    week.downtime("PRESS-01", "Jam", 15, f"{day}T23:50:00")

    status, report = world.morning(changed.morning)

    assert (status, report["outcome"], warnings(report)) == (200, "succeeded", [])
    assert report["trigger"] == "schedule"
    assert world.days() == [day]
    press = world.summary(day=day)
    assert (press["actual"], press["planned"], press["target"]) == (75, changed.planned, changed.target)
    assert (press["downtime"], press["loss"]) == (40, 80)


def test_an_open_stop_costs_all_hours_of_a_long_day(world: Mornings, week: Week) -> None:
    world.settings, world.now = {"time_zone": "Europe/Berlin"}, utc(10, 26, 5)
    world.store.execute("delete from public.shift_targets")
    week.downtime("PRESS-01", "Fire", None, "2026-10-23T08:00:00")
    week.output("PAINT-01", 1, "2026-10-25T12:00:00")

    world.morning(utc(10, 26, 5))

    press = world.summary(day="2026-10-25")
    assert (press["downtime"], press["loss"]) == (1500, 3000)


@pytest.mark.parametrize(
    ("day", "morning"),
    [("2026-03-29", utc(3, 30, 4)), ("2026-10-25", utc(10, 26, 5))],
    ids=["spring", "autumn"],
)
def test_a_stop_over_the_change_of_the_clock_is_as_long_as_it_was(
    world: Mornings, week: Week, day: str, morning: datetime
) -> None:
    world.settings, world.now = {"time_zone": "Europe/Berlin"}, morning
    world.store.execute("delete from public.shift_targets")
    week.downtime("PRESS-01", "Jam", 90, f"{day}T01:45:00")

    world.morning(morning)

    assert (world.summary(day=day)["downtime"], world.summary(day=day)["loss"]) == (90, 180)


@pytest.mark.parametrize(
    ("starts_at", "day", "morning", "began", "minutes"),
    [
        # To seven by the new clock, which a length added by the wall clock takes for six.
        ("06:00", "2026-03-29", utc(3, 30, 4), "2026-03-28T22:00:00", 480),
        ("00:00", "2026-03-30", utc(3, 31, 4), "2026-03-28T20:00:00", 28 * 60),
    ],
    ids=["the night of the change", "the day after"],
)
def test_a_stop_that_began_before_springs_change_reaches_into_the_day_in_which_it_ended(
    world: Mornings, week: Week, starts_at: str, day: str, morning: datetime, began: str, minutes: int
) -> None:
    world.settings, world.now = {"time_zone": "Europe/Berlin"}, morning
    world.report = {"day_starts_at": starts_at, "look_back_days": 0}
    world.store.execute("delete from public.shift_targets")
    week.output("PRESS-01", 5, f"{day}T12:00:00")
    week.quality("PRESS-01", 5, 0, f"{day}T12:00:00")
    week.downtime("PRESS-01", "Jam", minutes, began)

    world.morning(morning)

    assert (world.summary(day=day)["downtime"], world.summary(day=day)["loss"]) == (60, 120)


@pytest.mark.parametrize(
    ("starts_at", "first", "last", "before", "after"),
    [
        (
            "06:00",
            "2026-03-10T06:00:00",
            "2026-03-11T05:59:59",
            "2026-03-10T05:59:59",
            "2026-03-11T06:00:00",
        ),
        (
            "22:00",
            "2026-03-09T22:00:00",
            "2026-03-10T21:59:59",
            "2026-03-09T21:59:59",
            "2026-03-10T22:00:00",
        ),
    ],
)
def test_a_production_day_begins_when_the_plant_says(
    world: Mornings, week: Week, starts_at: str, first: str, last: str, before: str, after: str
) -> None:
    world.report = {"day_starts_at": starts_at, "look_back_days": 0}
    for units, at in ((1, first), (2, last), (100, before), (100, after)):
        week.output("PRESS-01", units, at)

    world.morning()

    assert world.days() == ["2026-03-10"]
    assert (world.summary()["actual"], world.summary()["target"]) == (3, 960)


def test_a_day_that_begins_in_the_repeated_hour_says_what_is_doubtful(world: Mornings, week: Week) -> None:
    world.settings, world.now = {"time_zone": "Europe/Berlin"}, utc(10, 26, 5)
    world.report = {"day_starts_at": "02:30", "look_back_days": 0}
    week.output("PRESS-01", 5, "2026-10-25T12:00:00")

    _, report = world.morning(utc(10, 26, 5))

    assert (report["outcome"], warnings(report)) == ("succeeded", ["day_edge_ambiguous"])


def test_a_plant_with_other_tables_is_reported_through_its_own_files(
    world: Mornings, mes_tables: pymssql.Connection
) -> None:
    world.settings = {"time_zone": "Europe/Berlin", "queries_dir": EXAMPLE}
    world.now = utc(3, 12, 5)
    world.store.execute(
        """
        update public.assets set source_name = 'L1/FILLER', ideal_units_per_hour = 1200
        where source_name = 'PRESS-01';
        update public.assets set source_name = 'L2/FILLER', ideal_units_per_hour = 120
        where source_name = 'PAINT-01';
        update public.shift_targets set starts_at = '14:00', ends_at = '22:00', target_output = 4800;
        """
    )

    _, report = world.morning(utc(3, 12, 5))

    assert mes_tables
    cans, kegs = world.summary("L1/FILLER", "2026-03-11"), world.summary("L2/FILLER", "2026-03-11")
    assert report["outcome"] == "partial"  # malformed rows, and no data of the day before
    assert warnings(report) == ["no_data", "ideal_rate_too_low", "rows_rejected"]
    assert (cans["actual"], cans["target"], cans["waste"]) == (
        5232,
        4800,
        24,
    )  # 218 cases of 24, one of them scrap
    assert cans["reasons"] == [
        {"reason": "Organisational", "minutes": 245},
        {"reason": "Broken link", "minutes": 6},
    ]
    assert (cans["availability"], cans["performance"], cans["quality"], cans["oee"]) == (
        47.7083,
        114.2358,
        99.5413,
        54.25,
    )
    assert "Press 1 114.2%" in report["warnings"][-2]["message"]
    assert cans["loss"] == 562  # 251 minutes at 120 an hour, 24 cans at 2.50
    assert (kegs["actual"], kegs["waste"], kegs["downtime"], kegs["oee"]) == (30, 0, 25.5, None)
