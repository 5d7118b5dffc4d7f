"""Output told apart by the time planned for it."""

from datetime import UTC, datetime

import pytest

from plantpulse.plant.planned_output import PlannedShares, planned_shares, planned_units
from plantpulse.plant.readings import OutputReading
from plantpulse.plant.shifts import PlannedTime


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)


QUARTERS = {0: [(at(8, 45), at(9))], 1: [(at(8, 30), at(8, 45))], 2: [(at(8, 15), at(8, 30))]}
UNTIL_0840 = PlannedTime(((at(6), at(8, 20)), (at(8, 24), at(8, 40))), 156)


def test_a_bucket_counts_with_the_part_of_it_that_is_planned() -> None:
    shares = planned_shares({"press": UNTIL_0840, "saw": UNTIL_0840, "idle": PlannedTime((), 0)}, QUARTERS)

    # 08:15 to 08:30 lacks the four minutes from 08:20 on; 08:30 to 08:45 the last five.
    assert shares["press"] == ({0: 0, 1: pytest.approx(10 / 15), 2: pytest.approx(11 / 15)}, True)
    assert shares["saw"] is shares["press"]
    assert shares["idle"] == ({0: 0, 1: 0, 2: 0}, False)


def test_buckets_that_are_planned_whole_or_not_at_all_are_not_shared_out() -> None:
    until_half_past = PlannedTime(((at(6), at(8, 30)),), 150)

    assert planned_shares({"press": until_half_past}, QUARTERS)["press"] == ({0: 0, 1: 0, 2: 1}, False)


def test_units_are_shared_out_by_bucket() -> None:
    output = [
        OutputReading("PRESS", "press", 2, 30),
        OutputReading("PRESS", "press", 2, 15),
        OutputReading("PRESS", "press", 1, 7),
        OutputReading("PRESS", "press", 9, 100),
        OutputReading("STRANGER", "stranger", 1, 100),
    ]

    shares = {"press": PlannedShares({1: 1, 2: 0.2}, True), "saw": PlannedShares({1: 1}, False)}

    assert planned_units(output, shares) == {"press": 16}
