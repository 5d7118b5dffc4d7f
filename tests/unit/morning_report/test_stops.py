"""Downtime of a day: what counts, and for which reason."""

from datetime import UTC, datetime

import pytest

from plantpulse.morning_report.stops import Downtime, count_downtime, stops_by_asset
from plantpulse.plant.intervals import Span
from plantpulse.plant.readings import DowntimeReading
from plantpulse.schedules.slots import Window


def at(hour: int, minute: int = 0, day: int = 10) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


DAY = Window(at(0), at(0, day=11))
EARLY_SHIFT = [(at(6), at(9)), (at(9, 15), at(14))]


def stop(reason: str | None, start: datetime, end: datetime | None, asset: str = "press") -> DowntimeReading:
    return DowntimeReading(asset.upper(), asset, reason, start, end)


def counted(*readings: DowntimeReading, planned: list[Span] | None = None) -> Downtime:
    return count_downtime(stops_by_asset(readings, DAY).get("press", ()), DAY, planned)


def test_an_asset_without_stops_has_no_downtime() -> None:
    assert counted() == (0.0, ())
    assert counted(stop("Jam", at(8), at(9), asset="oven")) == (0.0, ())


def test_minutes_are_told_by_reason_the_most_first() -> None:
    downtime = counted(
        stop("Jam", at(7), at(7, 10)), stop("No Material", at(8), at(8, 30)), stop("Jam", at(10), at(10, 5))
    )

    assert downtime == (45.0, (("No Material", 30.0), ("Jam", 15.0)))


def test_reasons_as_long_as_each_other_come_by_the_alphabet() -> None:
    downtime = counted(stop("Setup", at(7), at(7, 10)), stop("jam", at(8), at(8, 10)))

    assert [reason for reason, _ in downtime.reasons] == ["jam", "Setup"]


def test_spellings_of_one_reason_are_one_told_as_it_was_first() -> None:
    downtime = counted(stop("  no  MATERIAL ", at(9), at(9, 5)), stop("No Material", at(8), at(8, 30)))

    assert downtime == (35.0, (("No Material", 35.0),))


def test_a_stop_without_a_reason_counts_as_one() -> None:
    assert counted(stop(None, at(8), at(8, 20)), stop("   ", at(9), at(9, 1))) == (21.0, ((None, 21.0),))


def test_time_in_which_stops_overlap_counts_once_for_the_one_that_began_first() -> None:
    downtime = counted(stop("Jam", at(8, 20), at(9)), stop("No Power", at(8), at(8, 30)))

    assert downtime == (60.0, (("Jam", 30.0), ("No Power", 30.0)))


def test_a_stop_inside_another_adds_nothing() -> None:
    downtime = counted(stop("Cleaning", at(8, 10), at(8, 20)), stop("No Power", at(8), at(9)))

    assert downtime == (60.0, (("No Power", 60.0),))


@pytest.mark.parametrize("turn", [1, -1])
def test_of_stops_that_began_at_once_the_longest_counts_in_whichever_order_they_come(turn: int) -> None:
    stops = [stop("Jam", at(8), at(8, 10)), stop("No Power", at(8), at(9))]

    assert counted(*stops[::turn]) == (60.0, (("No Power", 60.0),))


def test_only_the_planned_time_counts() -> None:
    downtime = counted(stop("No Power", at(5), at(9, 30)), planned=EARLY_SHIFT)

    assert downtime == (195.0, (("No Power", 195.0),))


def test_a_stop_outside_the_planned_time_is_none() -> None:
    assert counted(stop("No Power", at(20), at(23)), planned=EARLY_SHIFT) == (0.0, ())


def test_a_reason_hidden_behind_another_outside_the_plan_still_gives_way_to_it() -> None:
    downtime = counted(stop("No Power", at(5), at(7)), stop("Jam", at(6, 30), at(7, 30)), planned=EARLY_SHIFT)

    assert downtime == (90.0, (("No Power", 60.0), ("Jam", 30.0)))


def test_a_stop_is_clipped_to_the_day() -> None:
    downtime = counted(stop("Overnight", at(22, day=9), at(1)), stop("Late", at(23, 30), at(2, day=11)))

    assert downtime == (90.0, (("Overnight", 60.0), ("Late", 30.0)))


def test_an_open_stop_lasts_to_the_end_of_the_day() -> None:
    assert counted(stop("No Power", at(23), None)).minutes == 60.0
    assert counted(stop("No Power", at(23, day=9), None)).minutes == 1440.0


def test_stops_that_do_not_reach_into_the_day_are_not_there() -> None:
    readings = [stop("Old", at(1, day=9), at(2, day=9)), stop("Touching", at(23, day=9), at(0))]

    assert stops_by_asset(readings, DAY) == {}


def test_a_reason_of_any_length_is_kept_short() -> None:
    (reason, _), *_ = counted(stop("x" * 900, at(8), at(9))).reasons

    assert reason is not None
    assert len(reason) == 200
