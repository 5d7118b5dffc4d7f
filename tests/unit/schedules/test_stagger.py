"""Plants are spread over the first minutes after a slot, and many of them within their minute."""

from collections import Counter
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from plantpulse.schedules.schedules import DailyAt
from plantpulse.schedules.stagger import delay_s, offset_of, offset_of_day

PLANTS = [f"plant_{number}" for number in range(100)]


def minutes(every_minutes: int) -> Counter[int]:
    return Counter(offset_of(plant, PLANTS, every_minutes) // timedelta(minutes=1) for plant in PLANTS)


@pytest.mark.parametrize(
    ("every_minutes", "offsets"),
    [(1, {0}), (5, {0}), (10, {0, 1}), (15, {0, 1, 2}), (30, {0, 1, 2, 3, 4}), (1440, {0, 1, 2, 3, 4})],
)
def test_an_offset_is_a_small_part_of_the_interval(every_minutes: int, offsets: set[int]) -> None:
    assert set(minutes(every_minutes)) == offsets


def test_no_minute_has_most_of_the_plants() -> None:
    assert max(minutes(15).values()) <= 45
    assert max(minutes(30).values()) <= 30


def test_an_offset_is_the_same_in_every_process_and_with_other_plants() -> None:
    told = [offset_of("berlin", plants, 15) for plants in (["berlin", "adelaide"], ["berlin", *PLANTS])]

    assert told == [timedelta(minutes=2)] * 2


def test_a_single_plant_is_polled_at_the_slot() -> None:
    assert offset_of("berlin", ["berlin"], 15) == timedelta(0)


def test_many_plants_are_spread_over_the_first_seconds_of_each_minute() -> None:
    seconds = {
        minute: Counter(
            delay_s(plant, PLANTS)
            for plant in PLANTS
            if offset_of(plant, PLANTS, 15) == timedelta(minutes=minute)
        )
        for minute in range(3)
    }

    for spread in seconds.values():
        assert set(spread) <= set(range(1, 21))
        assert len(spread) >= 12
        assert max(spread.values()) <= 7


def test_ten_plants_wait_for_nothing() -> None:
    assert {delay_s(plant, PLANTS[:10]) for plant in PLANTS[:10]} == {0}
    assert 0 not in {delay_s(plant, PLANTS[:11]) for plant in PLANTS[:11]}


def test_a_second_is_the_same_in_every_process_and_with_other_plants() -> None:
    assert [delay_s("berlin", [*some, "berlin"]) for some in (PLANTS, PLANTS[:20])] == [3, 3]


def mornings(at: str) -> Counter[int]:
    return Counter(
        offset_of_day(plant, PLANTS, time.fromisoformat(at)) // timedelta(minutes=1) for plant in PLANTS
    )


def test_many_plants_report_in_five_different_minutes() -> None:
    assert set(mornings("06:00")) == {0, 1, 2, 3, 4}
    assert max(mornings("06:00").values()) <= 30


@pytest.mark.parametrize(
    ("at", "offsets"), [("05:27", {0, 1, 2}), ("05:29", {0}), ("23:58", {0, 1}), ("23:59", {0})]
)
def test_a_report_begins_in_the_half_hour_that_it_is_due_in(at: str, offsets: set[int]) -> None:
    assert set(mornings(at)) == offsets


def test_ten_plants_report_at_the_minute_itself() -> None:
    at = time(6)

    assert {offset_of_day(plant, PLANTS[:10], at) for plant in PLANTS[:10]} == {timedelta(0)}
    assert len({offset_of_day(plant, PLANTS[:11], at) for plant in PLANTS[:11]}) > 1


def test_a_morning_is_the_same_in_every_process_and_with_other_plants() -> None:
    told = [offset_of_day("berlin", [*some, "berlin"], time(6)) for some in (PLANTS, PLANTS[:20])]

    assert told == [timedelta(minutes=4)] * 2


@pytest.mark.parametrize("at", ["01:29", "01:58", "02:00", "02:26", "02:59", "03:00"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Chicago", "Australia/Lord_Howe", "Asia/Kolkata"])
def test_a_later_line_of_cron_is_as_much_later_on_each_day_of_a_year(zone: str, at: str) -> None:
    slot = DailyAt.local_time(at, zone)
    offsets = {offset_of_day(plant, PLANTS, slot.at) for plant in PLANTS}

    for offset in offsets:
        minutes = slot.at.minute + offset // timedelta(minutes=1)
        line = DailyAt(slot.at.replace(minute=minutes), ZoneInfo(zone))
        days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
        assert {line.slot_on(day) - slot.slot_on(day) for day in days} == {offset}
