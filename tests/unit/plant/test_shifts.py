"""How much of a shift's target falls into a window."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.plant.intervals import minutes
from plantpulse.plant.plant_model import ShiftPattern, ShiftTarget
from plantpulse.plant.shifts import (
    PlannedTime,
    Workload,
    output_target,
    shift_share,
    working_spans,
    workloads,
)
from plantpulse.schedules.slots import Window

CHICAGO = ZoneInfo("America/Chicago")
BERLIN = ZoneInfo("Europe/Berlin")
ADELAIDE = ZoneInfo("Australia/Adelaide")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
UTC_ZONE = ZoneInfo("UTC")

EVERY_DAY = frozenset(range(1, 8))
FRIDAY = date(2026, 11, 20)


def shift(
    starts_at: time,
    ends_at: time,
    *,
    breaks: tuple[tuple[time, time], ...] = (),
    days: frozenset[int] = EVERY_DAY,
    valid_from: date = date(2026, 1, 1),
    valid_until: date | None = None,
) -> ShiftPattern:
    return ShiftPattern(starts_at, ends_at, days, valid_from, valid_until, breaks)


def target(pattern: ShiftPattern, output: float = 480, asset_id: int = 1) -> ShiftTarget:
    return ShiftTarget(asset_id, "a shift", pattern, output)


def utc(day: int, hour: int, minute: int = 0, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def half_hour_from(start: datetime) -> Window:
    return Window(start, start + timedelta(minutes=30))


EARLY = shift(time(6), time(14))
NIGHT = shift(time(22), time(6))


def test_a_window_inside_a_shift_gets_its_share_of_the_target() -> None:
    # 30 of 480 minutes.
    assert output_target([target(EARLY)], half_hour_from(utc(20, 8)), UTC_ZONE) == 30.0


def test_a_window_outside_any_shift_has_no_target() -> None:
    assert output_target([target(EARLY)], half_hour_from(utc(20, 14)), UTC_ZONE) == 0.0
    assert output_target([], half_hour_from(utc(20, 8)), UTC_ZONE) == 0.0


def test_shifts_are_told_by_the_plants_clock() -> None:
    # 06:00 in Kathmandu is 00:15 UTC.
    assert output_target([target(EARLY)], half_hour_from(utc(20, 0, 0)), KATHMANDU) == 15.0


def test_a_window_over_a_shift_change_gets_a_part_of_both() -> None:
    targets = [target(EARLY, 480), target(shift(time(14), time(22)), 960)]

    assert output_target(targets, half_hour_from(utc(20, 13, 45)), UTC_ZONE) == 15.0 + 30.0


def test_overlapping_shifts_add_up_but_their_time_counts_once() -> None:
    targets = [target(EARLY, 480), target(shift(time(13), time(21)), 960)]

    loads = workloads(targets, half_hour_from(utc(20, 13, 15)), UTC_ZONE)

    assert loads == {1: Workload(30.0 + 60.0, PlannedTime(((utc(20, 13, 15), utc(20, 13, 45)),), 30.0))}


def test_a_break_takes_its_minutes_out_of_window_and_shift() -> None:
    pattern = shift(time(6), time(14), breaks=((time(9), time(9, 15)), (time(12), time(12, 45))))

    share = shift_share(pattern, half_hour_from(utc(20, 9)), UTC_ZONE)

    # 15 of 420 minutes.
    assert share.fraction == pytest.approx(15 / 420, abs=1e-15)
    assert share.planned == PlannedTime(((utc(20, 9, 15), utc(20, 9, 30)),), 15.0)


def test_a_window_inside_a_break_has_no_target() -> None:
    pattern = shift(time(6), time(14), breaks=((time(9), time(9, 45)),))

    assert output_target([target(pattern)], half_hour_from(utc(20, 9, 10)), UTC_ZONE) == 0.0


def test_overlapping_breaks_are_one_break() -> None:
    pattern = shift(time(6), time(14), breaks=((time(9), time(9, 30)), (time(9, 15), time(10))))

    assert minutes(working_spans(pattern, FRIDAY, UTC_ZONE)) == 420.0


@pytest.mark.parametrize(
    ("pattern", "working"),
    [
        pytest.param(shift(time(22), time(6), breaks=((time(2), time(2, 30)),)), 450.0, id="after midnight"),
        pytest.param(
            shift(time(22), time(6), breaks=((time(23, 50), time(0, 20)),)), 450.0, id="over midnight"
        ),
        pytest.param(
            shift(time(0), time(8), breaks=((time(23, 50), time(0, 20)),)), 460.0, id="over the start"
        ),
        pytest.param(
            shift(time(6), time(14), breaks=((time(13, 50), time(14, 30)),)), 470.0, id="over the end"
        ),
        pytest.param(shift(time(6), time(14), breaks=((time(15), time(16)),)), 480.0, id="outside"),
        pytest.param(shift(time(6), time(14), breaks=((time(9), time(9)),)), 480.0, id="of no length"),
        pytest.param(
            shift(time(6), time(6), breaks=((time(5, 50), time(6, 10)),)), 1420.0, id="round the clock"
        ),
    ],
)
def test_breaks_count_where_they_lie_inside_the_shift(pattern: ShiftPattern, working: float) -> None:
    assert minutes(working_spans(pattern, FRIDAY, UTC_ZONE)) == working


def test_a_shift_that_is_all_break_asks_for_nothing() -> None:
    pattern = shift(time(6), time(7), breaks=((time(6), time(7)),))

    assert output_target([target(pattern)], half_hour_from(utc(20, 6)), UTC_ZONE) == 0.0


def test_a_shift_over_midnight_belongs_to_the_day_on_which_it_starts() -> None:
    friday_night = shift(time(22), time(6), days=frozenset({5}))

    def target_at(start: datetime) -> float:
        return output_target([target(friday_night)], half_hour_from(start), UTC_ZONE)

    assert target_at(utc(20, 5)) == 0.0  # Friday morning ends Thursday's night
    assert target_at(utc(20, 23)) == 30.0
    assert target_at(utc(21, 5)) == 30.0  # Saturday morning ends Friday's
    assert target_at(utc(21, 23)) == 0.0


def test_a_shift_is_worked_from_its_first_day_and_no_more_on_the_day_it_ends() -> None:
    pattern = shift(time(22), time(6), valid_from=FRIDAY, valid_until=date(2026, 11, 21))

    def target_at(start: datetime) -> float:
        return output_target([target(pattern)], half_hour_from(start), UTC_ZONE)

    assert target_at(utc(20, 5)) == 0.0
    assert target_at(utc(20, 22)) == 30.0
    assert target_at(utc(21, 5)) == 30.0
    assert target_at(utc(21, 22)) == 0.0


def test_a_shift_that_ends_when_it_starts_lasts_a_day() -> None:
    pattern = shift(time(6), time(6))

    assert minutes(working_spans(pattern, FRIDAY, UTC_ZONE)) == 1440.0
    assert output_target([target(pattern, 1440)], half_hour_from(utc(20, 5, 45)), UTC_ZONE) == 30.0


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        pytest.param(CHICAGO, date(2026, 3, 7), 7, id="Chicago, spring"),
        pytest.param(CHICAGO, date(2026, 10, 31), 9, id="Chicago, autumn"),
        pytest.param(BERLIN, date(2026, 3, 28), 7, id="Berlin, spring"),
        pytest.param(BERLIN, date(2026, 10, 24), 9, id="Berlin, autumn"),
        pytest.param(ADELAIDE, date(2026, 10, 3), 7, id="Adelaide, spring"),
        pytest.param(ADELAIDE, date(2026, 4, 4), 9, id="Adelaide, autumn"),
        pytest.param(KATHMANDU, date(2026, 3, 28), 8, id="Kathmandu, never"),
    ],
)
def test_a_night_shift_over_the_clock_change_lasts_as_long_as_it_does(
    zone: ZoneInfo, day: date, hours: int
) -> None:
    assert minutes(working_spans(NIGHT, day, zone)) == hours * 60.0


def test_the_target_of_a_longer_night_is_spread_over_all_of_it() -> None:
    # The autumn night of Chicago: 540 minutes, of which the repeated half hour is 30.
    assert output_target([target(NIGHT, 540)], half_hour_from(utc(1, 7)), CHICAGO) == 30.0


def test_a_break_in_the_repeated_hour_is_taken_once_and_keeps_its_length() -> None:
    pattern = shift(time(22), time(6), breaks=((time(1, 30), time(2)),))

    assert minutes(working_spans(pattern, date(2026, 10, 31), CHICAGO)) == 9 * 60 - 30


def test_assets_outside_any_shift_have_no_workload() -> None:
    targets = [target(EARLY, 480, asset_id=1), target(NIGHT, 480, asset_id=2)]

    assert list(workloads(targets, half_hour_from(utc(20, 8)), UTC_ZONE)) == [1]


clock_times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 10, 15, 30, 45, 59]))
patterns = st.builds(
    shift,
    clock_times,
    clock_times,
    breaks=st.lists(st.tuples(clock_times, clock_times), max_size=3).map(tuple),
)
zones = st.sampled_from([CHICAGO, BERLIN, ADELAIDE, KATHMANDU])
days = st.dates(date(2026, 1, 2), date(2026, 12, 30)) | st.sampled_from(
    [date(2026, 3, 7), date(2026, 10, 31), date(2026, 3, 28), date(2026, 10, 24), date(2026, 4, 4)]
)


@given(pattern=patterns, zone=zones, day=days, length=st.sampled_from([15, 30, 60, 7]))
def test_the_targets_of_consecutive_windows_add_up_to_the_shifts(
    pattern: ShiftPattern, zone: ZoneInfo, day: date, length: int
) -> None:
    once = pattern._replace(valid_from=day, valid_until=day + timedelta(days=1))
    working = minutes(working_spans(once, day, zone))
    midnight = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    step = timedelta(minutes=length)
    starts = [midnight + number * step for number in range(51 * 60 // length)]

    total = sum(output_target([target(once, 800)], Window(start, start + step), zone) for start in starts)

    assert total == pytest.approx(800 if working else 0, abs=1e-6)


@given(chosen=st.lists(patterns, min_size=1, max_size=4), zone=zones, day=days, hour=st.integers(0, 23))
def test_an_assets_workload_is_the_sum_of_its_shifts_and_never_more_time_than_the_window(
    chosen: list[ShiftPattern], zone: ZoneInfo, day: date, hour: int
) -> None:
    window = half_hour_from(datetime.combine(day, time(hour), tzinfo=UTC))
    targets = [target(pattern, 100.0) for pattern in chosen]

    load = workloads(targets, window, zone).get(1, Workload(0.0, PlannedTime((), 0.0)))

    assert load.output_target == pytest.approx(output_target(targets, window, zone))
    assert 0 <= load.planned.minutes <= 30
    assert load.planned.minutes == minutes(load.planned.spans)
