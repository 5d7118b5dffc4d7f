"""Marks stand at round values and round local times, also where the clock is changed."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from plantpulse.cli.axes import odd_days, times_axis, values_axis

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def labels(start: str, until: str, most: int, zone: ZoneInfo = BERLIN) -> list[str]:
    return [mark.label for mark in times_axis(at(start), at(until), zone, most)]


@pytest.mark.parametrize(
    ("lowest", "highest", "shown"),
    [
        (-19.64, 143.3, ["0", "50", "100", "150"]),
        (-500, 4000, ["0", "1,000", "2,000", "3,000", "4,000"]),
        (61.2, 61.9, ["61.2", "61.4", "61.6", "61.8"]),
        (0.0001, 0.0004, ["0.0001", "0.0002", "0.0003", "0.0004"]),
        (42, 42, ["38", "40", "42", "44", "46"]),
        (0, 0, ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
        (-36.98, -36.98, ["-40", "-38", "-36", "-34"]),
    ],
)
def test_values_have_round_marks_and_all_values_have_room(
    lowest: float, highest: float, shown: list[str]
) -> None:
    axis = values_axis(lowest, highest, 6)

    assert axis.labels() == shown
    assert 0 < axis.share(lowest) <= axis.share(highest) < 1


def test_hours_are_local_and_the_midnight_has_the_day() -> None:
    marks = times_axis(at("2026-11-28T00:00+01:00"), at("2026-11-29T06:00+01:00"), BERLIN, 6)

    assert [(mark.label, mark.below) for mark in marks] == [
        ("00:00", "Sat 11-28"), ("06:00", ""), ("12:00", ""), ("18:00", ""), ("00:00", "Sun 11-29"),
        ("06:00", ""),
    ]  # fmt: skip


def test_the_hour_that_the_clock_shows_twice_has_two_marks() -> None:
    assert labels("2026-10-25T00:00+02:00", "2026-10-25T05:00+01:00", 9) == [
        "00:00", "01:00", "02:00", "02:00", "03:00", "04:00", "05:00",
    ]  # fmt: skip


def test_the_hour_that_is_left_out_has_none_and_the_rest_stands_where_it_is() -> None:
    marks = times_axis(at("2026-03-29T00:00+01:00"), at("2026-03-30T00:00+02:00"), BERLIN, 9)

    assert [mark.label for mark in marks] == [
        "00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "00:00",
    ]  # fmt: skip
    assert (marks[1].at - marks[0].at).total_seconds() == 2 * 3600


def test_longer_spans_have_days_mondays_months_and_years() -> None:
    assert labels("2026-11-01T00:00+01:00", "2026-11-20T00:00+01:00", 5) == ["11-02", "11-09", "11-16"]
    assert labels("2026-01-01T00:00+01:00", "2026-12-31T00:00+01:00", 3) == ["2026-01", "2026-07"]
    assert labels("2016-01-01T00:00+01:00", "2026-01-01T00:00+01:00", 6) == [
        "2016-01", "2018-01", "2020-01", "2022-01", "2024-01", "2026-01",
    ]  # fmt: skip


def test_a_zone_with_half_hours_has_marks_at_its_own_full_hours() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")

    marks = times_axis(at("2026-11-28T00:00+05:30"), at("2026-11-28T04:00+05:30"), kolkata, 5)

    assert [mark.at.minute for mark in marks] == [30, 30, 30, 30, 30]
    assert [mark.label for mark in marks] == ["00:00", "01:00", "02:00", "03:00", "04:00"]


def test_days_of_23_and_25_hours_are_named() -> None:
    year = at("2026-01-01T00:00+01:00"), at("2027-01-01T00:00+01:00")

    assert odd_days(*year, BERLIN) == [(date(2026, 3, 29), 23.0), (date(2026, 10, 25), 25.0)]
    assert odd_days(*year, ZoneInfo("UTC")) == []
