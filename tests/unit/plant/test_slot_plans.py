"""What is planned in the interval of one slot, and which shift it belongs to."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from plantpulse.plant.plant_model import ShiftPattern, ShiftTarget
from plantpulse.plant.slot_plans import ShiftRun, SlotPlan, slot_plans
from plantpulse.schedules.slots import Window

UTC_ZONE, BRUSSELS, CHICAGO = ZoneInfo("UTC"), ZoneInfo("Europe/Brussels"), ZoneInfo("America/Chicago")
EVERY_DAY = frozenset(range(1, 8))
QUARTER = timedelta(minutes=15)


def pattern(starts_at: time, ends_at: time, *breaks: tuple[time, time]) -> ShiftPattern:
    return ShiftPattern(starts_at, ends_at, EVERY_DAY, date(2026, 1, 1), None, breaks)


EARLY, LATE = pattern(time(6), time(14)), pattern(time(14), time(22))
NIGHT = pattern(time(22), time(6))


def at(hour: int, minute: int = 0, day: int = 20) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def plan_of(*targets: ShiftTarget, interval: Window, zone: ZoneInfo = UTC_ZONE) -> SlotPlan | None:
    return slot_plans(targets, interval, zone).get(1)


def early(target: float = 320, of: ShiftPattern = EARLY, name: str = "early", asset: int = 1) -> ShiftTarget:
    return ShiftTarget(asset, name, of, target)


def test_a_slot_has_its_part_of_the_shift() -> None:
    assert plan_of(early(), interval=Window(at(8), at(8, 15))) == SlotPlan(
        10, ShiftRun("early", at(6), at(14)), 320, QUARTER
    )


@pytest.mark.parametrize("interval", [Window(at(5, 45), at(6)), Window(at(14), at(14, 15))])
def test_outside_any_shift_there_is_no_plan(interval: Window) -> None:
    assert plan_of(early(), interval=interval) is None


def test_a_slot_in_a_break_belongs_to_the_shift_and_asks_for_nothing() -> None:
    with_break = pattern(time(6), time(14), (time(10), time(10, 30)))

    plan = plan_of(early(of=with_break), interval=Window(at(10), at(10, 15)))

    assert plan == SlotPlan(0, ShiftRun("early", at(6), at(14)), 320, QUARTER)


def test_a_slot_belongs_to_the_shift_that_has_most_of_it_and_asks_for_the_units_of_both() -> None:
    odd, after = pattern(time(6), time(14, 10)), pattern(time(14, 10), time(22, 10))
    both = (early(480, odd), ShiftTarget(1, "late", after, 960))

    found = plan_of(*both, interval=Window(at(14), at(14, 15)))

    assert found
    assert found.shift == ShiftRun("early", at(6), at(14, 10))
    assert found.shift_target == 480
    assert round(found.target, 4) == round(10 * 480 / 490 + 5 * 960 / 480, 4) == 19.7959


def test_of_equal_parts_the_later_shift_counts() -> None:
    first, second = pattern(time(6), time(14, 5)), pattern(time(14, 5), time(22))
    interval = Window(at(14), at(14, 10))

    found = plan_of(ShiftTarget(1, "late", second, 10), early(of=first), interval=interval)

    assert found
    assert (found.shift.name, found.shift_target) == ("late", 10)


def test_two_targets_of_one_shift_are_one_plan() -> None:
    equal = pattern(time(6), time(14))

    plan = plan_of(early(320), early(160, of=equal), interval=Window(at(8), at(8, 15)))

    assert plan == SlotPlan(15, ShiftRun("early", at(6), at(14)), 480, QUARTER)


def test_each_asset_has_its_own_plan() -> None:
    plans = slot_plans([early(), early(640, asset=2)], Window(at(8), at(8, 15)), UTC_ZONE)

    assert {asset: plan.target for asset, plan in plans.items()} == {1: 10, 2: 20}


@pytest.mark.parametrize(
    ("zone", "evening", "hours"),
    [
        (BRUSSELS, datetime(2026, 3, 28, 21, tzinfo=UTC), 7),  # the clock skips 02:00
        (BRUSSELS, datetime(2026, 10, 24, 20, tzinfo=UTC), 9),
        (BRUSSELS, datetime(2026, 11, 20, 21, tzinfo=UTC), 8),
        (CHICAGO, datetime(2026, 3, 8, 4, tzinfo=UTC), 7),
        (CHICAGO, datetime(2026, 11, 1, 3, tzinfo=UTC), 9),
    ],
)
def test_the_slots_of_a_night_add_up_to_its_target_over_a_change_of_the_clock(
    zone: ZoneInfo, evening: datetime, hours: int
) -> None:
    edges = [evening + QUARTER * number for number in range(hours * 4 + 1)]
    night = ShiftTarget(1, "night", NIGHT, 504)

    plans = [plan_of(night, interval=Window(*pair), zone=zone) for pair in pairwise(edges)]

    assert all(plan and plan.shift == ShiftRun("night", edges[0], edges[-1]) for plan in plans)
    assert round(sum(plan.target for plan in plans if plan), 6) == 504
    assert plan_of(night, interval=Window(edges[0] - QUARTER, edges[0]), zone=zone) is None
    assert plan_of(night, interval=Window(edges[-1], edges[-1] + QUARTER), zone=zone) is None
