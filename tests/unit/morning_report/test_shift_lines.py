"""The shifts of an asset's day, against figures worked by hand."""

from datetime import date

from plantpulse.plant.plant_model import ShiftTarget
from tests.unit.morning_report.test_summaries import (
    EARLY,
    OVEN,
    PRESS,
    made,
    only,
    pattern,
    stopped,
    summarised,
)

LATE = pattern("14:00", "22:00")
NIGHT = pattern("22:00", "06:00", days=frozenset({1, 2, 3, 4, 5, 6, 7}))
THREE = (
    ShiftTarget(1, "early", EARLY, 960),
    ShiftTarget(1, "late", LATE, 900),
    ShiftTarget(1, "night", NIGHT, 800),
)
SLOW_PRESS = PRESS._replace(ideal_units_per_hour=150)


def test_each_shift_has_its_own_minutes_units_and_stops() -> None:
    summary = only(
        summarised(
            made(100, at="05:45"),  # the night's, until six
            made(900, at="07:00"),
            made(10, at="09:00"),  # in the break of the early shift: of no shift
            made(450, at="15:00"),
            stopped("Jam", "2026-03-10T13:30", 60),  # half an hour each of early and late
            stopped("Jam", "2026-03-10T23:00", 90),  # an hour of it on this day
            assets=(SLOW_PRESS,),
            targets=THREE,
        )
    )

    # name, planned, target, output, stops, planned stops, unexplained
    # The night: 00:00 to 06:00 and 22:00 to 24:00, 8 of 8 hours; 480 - 60 - 40 for 100 units at 150 an hour.
    # The early shift: 465 - 30 - 360 for 900. The late one: 480 - 30 - 180 for 450.
    assert summary.shifts == [
        ("night", 480, 800, 100, 60, 0, 380),
        ("early", 465, 960, 900, 30, 0, 75),
        ("late", 480, 900, 450, 30, 0, 270),
    ]
    assert summary.planned_minutes == 1425
    assert summary.unexplained_minutes == 725  # as all three together
    assert (summary.actual_output, summary.unplanned_output) == (1460, 10)


def test_an_asset_without_a_rate_has_no_unexplained_minutes_in_a_shift_that_made_something() -> None:
    summary = only(
        summarised(
            made(5, OVEN, at="15:00"),
            assets=(OVEN,),
            targets=(ShiftTarget(2, "early", EARLY, 960), ShiftTarget(2, "late", LATE, 0)),
        )
    )

    assert summary.shifts == [("early", 465, 960, 0, 0, 0, 465), ("late", 480, 0, 5, 0, 0, None)]


def test_targets_of_one_name_are_one_shift() -> None:
    targets = (ShiftTarget(1, "Day", EARLY, 100), ShiftTarget(1, " day", LATE, 50))

    summary = only(summarised(made(10), assets=(SLOW_PRESS,), targets=targets))

    assert summary.shifts == [("Day", 945, 150, 10, 0, 0, 941)]


def test_a_day_without_shifts_has_no_lines() -> None:
    assert only(summarised(made(10), day=date(2026, 3, 15))).shifts == []
    assert only(summarised(made(10), targets=())).shifts == []
