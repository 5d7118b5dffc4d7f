"""When a pipeline is due, across both changes of the clock."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.errors import ConfigurationError
from plantpulse.schedules.schedules import (
    DailyAt,
    Every,
    OnDays,
    Schedule,
    Together,
    is_slot,
    scheduled_slot,
)

QUARTER = Every.minutes(15)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def daily(at: str, zone: str) -> DailyAt:
    return DailyAt.local_time(at, zone)


def days_of(schedule: Schedule, start: str, count: int) -> list[str]:
    """Return the slots after an instant as a clock in UTC shows them."""
    slots = [schedule.next_slot(utc(start))]
    while len(slots) < count:
        slots.append(schedule.next_slot(slots[-1]))
    return [f"{slot:%m-%d %H:%M}" for slot in slots]


def test_an_interval_counts_from_utc_midnight() -> None:
    assert QUARTER.slot_at_or_before(utc("2026-11-20T06:31")) == utc("2026-11-20T06:30")
    assert QUARTER.slot_at_or_before(utc("2026-11-20T06:30")) == utc("2026-11-20T06:30")
    assert QUARTER.next_slot(utc("2026-11-20T06:30")) == utc("2026-11-20T06:45")


def test_an_interval_knows_no_change_of_the_clock() -> None:
    berlin_jumps = "2026-03-29T00:50"

    assert days_of(QUARTER, berlin_jumps, 3) == ["03-29 01:00", "03-29 01:15", "03-29 01:30"]


def test_a_daily_time_is_a_local_one() -> None:
    chicago = daily("06:00", "America/Chicago")

    assert chicago.slot_at_or_before(utc("2026-11-20T11:59")) == utc("2026-11-19T12:00")
    assert chicago.slot_at_or_before(utc("2026-11-20T12:00")) == utc("2026-11-20T12:00")
    assert chicago.next_slot(utc("2026-11-20T12:00")) == utc("2026-11-21T12:00")


# Berlin, Chicago: clocks change at night. Lord Howe: by half an hour. Beirut: at midnight. Apia: southern
# summer. Kolkata: never.
@pytest.mark.parametrize(
    ("zone", "start", "told"),
    [
        ("Europe/Berlin", "2026-03-27T12:00", ["03-28 05:00", "03-29 04:00", "03-30 04:00"]),
        ("Europe/Berlin", "2026-10-23T12:00", ["10-24 04:00", "10-25 05:00", "10-26 05:00"]),
        ("America/Chicago", "2026-03-06T18:00", ["03-07 12:00", "03-08 11:00", "03-09 11:00"]),
        ("America/Chicago", "2026-10-30T18:00", ["10-31 11:00", "11-01 12:00", "11-02 12:00"]),
        ("Australia/Lord_Howe", "2026-04-03T00:00", ["04-03 19:00", "04-04 19:30", "04-05 19:30"]),
        ("Australia/Lord_Howe", "2026-10-02T00:00", ["10-02 19:30", "10-03 19:00", "10-04 19:00"]),
        ("Asia/Kolkata", "2026-03-27T12:00", ["03-28 00:30", "03-29 00:30", "03-30 00:30"]),
    ],
)
def test_a_morning_stays_a_morning_when_the_clock_is_changed(zone: str, start: str, told: list[str]) -> None:
    assert days_of(daily("06:00", zone), start, 3) == told


@pytest.mark.parametrize(
    ("zone", "at", "start", "told"),
    [
        # 02:30 is not shown on 29 March: clocks then show 03:30.
        ("Europe/Berlin", "02:30", "2026-03-28T00:00", ["03-28 01:30", "03-29 01:30", "03-30 00:30"]),
        ("America/Chicago", "02:30", "2026-03-07T00:00", ["03-07 08:30", "03-08 08:30", "03-09 07:30"]),
        ("Australia/Lord_Howe", "02:15", "2026-10-02T00:00", ["10-02 15:45", "10-03 15:45", "10-04 15:15"]),
        # Midnight itself is left out: the day begins at 01:00.
        ("Asia/Beirut", "00:00", "2026-03-27T12:00", ["03-27 22:00", "03-28 22:00", "03-29 21:00"]),
    ],
)
def test_a_time_that_is_not_shown_is_due_as_long_after_midnight_as_ever(
    zone: str, at: str, start: str, told: list[str]
) -> None:
    assert days_of(daily(at, zone), start, 3) == told


@pytest.mark.parametrize(
    ("zone", "at", "start", "told"),
    [
        ("Europe/Berlin", "02:30", "2026-10-24T12:00", ["10-25 00:30", "10-26 01:30"]),
        ("America/Chicago", "01:30", "2026-10-31T12:00", ["11-01 06:30", "11-02 07:30"]),
        ("Australia/Lord_Howe", "01:45", "2026-04-04T00:00", ["04-04 14:45", "04-05 15:15"]),
        # The hour before midnight comes twice, and the day with it.
        ("Asia/Beirut", "23:30", "2026-10-24T12:00", ["10-24 20:30", "10-25 21:30"]),
    ],
)
def test_a_time_that_is_shown_twice_is_due_the_first_time(
    zone: str, at: str, start: str, told: list[str]
) -> None:
    assert days_of(daily(at, zone), start, 2) == told


def test_the_second_showing_of_a_time_is_no_slot() -> None:
    berlin = daily("02:30", "Europe/Berlin")

    assert is_slot(berlin, utc("2026-10-25T00:30"))
    assert not is_slot(berlin, utc("2026-10-25T01:30"))
    assert berlin.slot_at_or_before(utc("2026-10-25T01:45")) == utc("2026-10-25T00:30")


def test_a_day_that_a_zone_left_out_has_no_slot() -> None:
    apia = daily("06:00", "Pacific/Apia")  # went from Thursday, 29 December 2011 to Saturday

    assert days_of(apia, "2011-12-29T00:00", 3) == ["12-29 16:00", "12-30 16:00", "12-31 16:00"]


ZONES = ["Europe/Berlin", "America/Chicago", "Australia/Lord_Howe", "Asia/Beirut", "America/St_Johns", "UTC"]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", ["00:00", "01:30", "02:30", "06:00", "23:59"])
def test_a_year_has_one_slot_for_every_local_day(zone: str, at: str) -> None:
    schedule = daily(at, zone)
    slot, days = schedule.slot_on(date(2025, 12, 31)), []

    for _ in range(365):
        slot = schedule.next_slot(slot)
        days.append(slot.astimezone(ZoneInfo(zone)).date())

    assert days == [date(2026, 1, 1) + timedelta(days=day) for day in range(365)]


instants = st.timedeltas(timedelta(0), timedelta(days=7305)).map(lambda passed: utc("2015-01-01") + passed)
schedules = st.one_of(
    st.sampled_from([1, 5, 15, 60, 1440]).map(lambda minutes: Every(timedelta(minutes=minutes))),
    st.builds(
        DailyAt,
        st.times().map(lambda at: at.replace(second=0, microsecond=0)),
        st.sampled_from([ZoneInfo(z) for z in ZONES]),
    ),
)


@given(schedule=schedules, at=instants)
def test_the_slots_round_an_instant_are_neighbours(schedule: Schedule, at: datetime) -> None:
    before, after = schedule.slot_at_or_before(at), schedule.next_slot(at)

    assert before <= at < after
    assert schedule.next_slot(before) == after
    assert schedule.slot_at_or_before(after - timedelta.resolution) == before
    assert is_slot(schedule, before)
    assert is_slot(schedule, after)


def test_an_interval_that_does_not_divide_a_day_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="must divide a day"):
        Every.minutes(7)


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, second, tzinfo=UTC)


JUST_AFTER_NOON = at(12, 0, 5)


def slot_for(
    scheduled_at: datetime | None, now: datetime = JUST_AFTER_NOON, schedule: Schedule = QUARTER
) -> datetime | None:
    return scheduled_slot(
        schedule, scheduled_at, now, catch_up=timedelta(hours=24), tolerance=timedelta(seconds=60)
    )


def test_a_slot_that_is_due_is_scheduled() -> None:
    assert slot_for(at(12)) == at(12)


def test_a_slot_with_another_offset_is_the_same_slot_in_utc() -> None:
    slot = slot_for(datetime(2026, 11, 20, 6, tzinfo=timezone(timedelta(hours=-6))))

    assert slot == at(12)
    assert slot is not None
    assert slot.tzinfo is UTC


@pytest.mark.parametrize(
    "scheduled_at",
    [
        pytest.param(None, id="no time"),
        pytest.param(at(12, 0, 1), id="a second off the grid"),
        pytest.param(at(11, 50), id="between two slots"),
        pytest.param(at(12, 15), id="the next run's time"),
        pytest.param(datetime(2026, 11, 19, 12, 0, tzinfo=UTC), id="older than the catch-up"),
        pytest.param(datetime(2026, 11, 20, 12, 0), id="naive"),  # noqa: DTZ001 - what is tested
        pytest.param(datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), id="before the calendar"),
        pytest.param(datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))), id="after the calendar"),
    ],
)
def test_every_other_time_makes_a_manual_run(scheduled_at: datetime | None) -> None:
    assert slot_for(scheduled_at) is None


def test_the_bounds_of_what_is_timely_are_included() -> None:
    assert slot_for(at(12), now=at(11, 59, 0)) == at(12)
    assert slot_for(at(12), now=at(11, 58, 59)) is None
    assert slot_for(at(12), now=at(12) + timedelta(hours=24)) == at(12)
    assert slot_for(at(12), now=at(12) + timedelta(hours=24, seconds=1)) is None


def test_a_daily_slot_is_scheduled_at_its_local_time_alone() -> None:
    chicago = daily("06:00", "America/Chicago")

    assert slot_for(at(12), schedule=chicago) == at(12)
    assert slot_for(at(11), schedule=chicago) is None


@pytest.mark.parametrize("minute", [15, 17])
def test_a_plants_offset_after_a_slot_is_that_slot(minute: int) -> None:
    at = datetime(2026, 11, 26, 10, minute, tzinfo=UTC)

    slot = scheduled_slot(
        Every.minutes(15),
        at,
        at,
        catch_up=timedelta(hours=1),
        tolerance=timedelta(0),
        offset=timedelta(minutes=2),
    )

    assert slot == datetime(2026, 11, 26, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize("minute", [14, 16, 18])
def test_no_other_time_near_a_slot_is_that_slot(minute: int) -> None:
    at = datetime(2026, 11, 26, 10, minute, tzinfo=UTC)

    slot = scheduled_slot(
        Every.minutes(15),
        at,
        at,
        catch_up=timedelta(hours=1),
        tolerance=timedelta(0),
        offset=timedelta(minutes=2),
    )

    assert slot is None


MONDAYS = OnDays(daily("02:30", "Europe/Berlin"), "monday")


def test_mondays_follow_the_local_clock_and_no_other_day_is_due() -> None:
    assert days_of(MONDAYS, "2026-03-20T00:00", 3) == ["03-23 01:30", "03-30 00:30", "04-06 00:30"]
    assert MONDAYS.slot_at_or_before(utc("2026-03-22T12:00")) == utc("2026-03-16T01:30")
    assert not is_slot(MONDAYS, utc("2026-03-24T01:30"))


def test_the_first_of_a_month_is_the_first_of_the_zone() -> None:
    """Half an hour after midnight in Tokyo it is still the last of the month in UTC."""
    firsts = OnDays(daily("00:30", "Asia/Tokyo"), "first")

    assert days_of(firsts, "2026-02-10T00:00", 2) == ["02-28 15:30", "03-31 15:30"]
    assert firsts.slot_at_or_before(utc("2026-03-31T15:29")) == utc("2026-02-28T15:30")


@given(
    st.integers(0, 10 * 366 * 1440).map(lambda minutes: utc("2020-01-01T00:00") + timedelta(minutes=minutes))
)
def test_a_slot_before_and_one_after_leave_none_out(at: datetime) -> None:
    both = Together((Every.minutes(360), daily("14:05", "Europe/Brussels")))
    for schedule in (MONDAYS, both):
        before, after = schedule.slot_at_or_before(at), schedule.next_slot(at)
        assert before <= at < after
        assert schedule.next_slot(before) == after
        assert is_slot(schedule, before)


def test_together_a_slot_of_any_is_due() -> None:
    both = Together((Every.minutes(360), daily("14:05", "Europe/Brussels")))

    assert days_of(both, "2026-07-01T05:00", 4) == [
        "07-01 06:00",
        "07-01 12:00",
        "07-01 12:05",
        "07-01 18:00",
    ]
