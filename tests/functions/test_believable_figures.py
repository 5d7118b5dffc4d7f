"""Figures that no manager would believe, from the SQL Server wire to rows in Supabase."""

from typing import Any

import pytest

from tests.functions.conftest import Floor, World


def told(report: dict[str, Any], code: str) -> list[str]:
    """Return the messages of a report's warnings of a code."""
    return [warning["message"] for warning in report["warnings"] if warning["code"] == code]


@pytest.mark.parametrize(
    ("scale", "figures", "message"),
    [
        (
            "percent",
            (0.85, 0.7, 0),
            "every OEE that the plant reports lies between 0.7 and 0.85: "
            "they look like fractions, but oee_scale is percent",
        ),
        (
            "fraction",
            (7.2, 85, 0),  # 85 would be 8,500 %: refused, and yet a sign
            "every OEE that the plant reports lies between 7.2 and 85: "
            "they look like percent, but oee_scale is fraction",
        ),
        ("percent", (0.85, 70, 0), None),
        ("fraction", (0.85, 1.1, 0), None),
    ],
)
def test_a_plant_of_which_every_oee_says_that_the_scale_is_wrong_is_told_so(
    world: World, floor: Floor, scale: str, figures: tuple[float, ...], message: str | None
) -> None:
    world.settings = {"oee_scale": scale}
    for asset, figure in zip(("PRESS-01", "PAINT-01", "OLD-01"), figures, strict=True):
        floor.oee(asset, figure, "11:50:00")

    _, report = world.tick()

    assert told(report, "oee_scale_doubtful") == ([message] if message else [])


def test_the_scale_of_a_span_is_judged_by_all_its_slots(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 1, "06:00:00")
    floor.oee("PRESS-01", 0.85, "11:50:00")
    floor.oee("PRESS-01", 70, "08:20:00")

    _, report = world.ask(**{"from": "2026-03-11T08:00", "until": "2026-03-11T12:00"})

    assert told(report, "oee_scale_doubtful") == []


def press_now(world: World) -> dict[str, Any]:
    """Return the figures of PRESS-01's only snapshot; it makes 150 units an hour at best."""
    (found,) = world.rows(
        """
        select s.output_actual::float as actual, s.unplanned_output::float as unplanned,
               s.is_planned_in_part as is_in_part, s.oee_current::float as oee, s.oee_source
        from public.live_snapshots as s
        join public.assets as a on a.id = s.asset_id
        where a.source_name = 'PRESS-01'
        """
    )
    return found


def test_units_made_through_a_break_enter_no_factor(world: World, floor: Floor) -> None:
    world.store.execute(
        """update public.shift_targets set breaks = '[{"starts_at": "11:35", "ends_at": "12:00"}]'"""
    )
    for at in ("11:32:00", "11:44:00", "11:59:59"):
        floor.output("PRESS-01", 24, at)
    floor.quality("PRESS-01", 72, 0, "11:59:59")

    _, report = world.tick()

    # Five minutes are planned: a third of the first quarter's 48 units, 16, are more than the 12.5 of the
    # ideal rate. All 72 units would have been 576 %.
    assert press_now(world) == {
        "actual": 72,
        "unplanned": 56,
        "is_in_part": True,
        "oee": 100,
        "oee_source": "computed",
    }
    assert told(report, "ideal_rate_too_low") == [
        "performance above 110%: PRESS-01 128.0%; ideal_units_per_hour is too low, "
        "or stops are booked while the asset runs"
    ]


def test_overtime_enters_no_factor(world: World, floor: Floor) -> None:
    world.store.execute("update public.shift_targets set ends_at = '11:45', target_output = 690")
    floor.output("PRESS-01", 30, "11:40:00")
    floor.output("PRESS-01", 45, "11:50:00")
    floor.quality("PRESS-01", 74, 1, "11:59:59")

    _, report = world.tick()

    # 30 of the 37.5 that a quarter of an hour allows are 80 %, 74 of 75 are good; all 75 would be 200 %.
    assert press_now(world) == {
        "actual": 75,
        "unplanned": 45,
        "is_in_part": False,
        "oee": 78.9333,
        "oee_source": "computed",
    }
    assert told(report, "ideal_rate_too_low") == []


def test_the_highest_performance_of_a_span_is_said_once(world: World, floor: Floor) -> None:
    for units, at in ((1, "05:59:00"), (75, "08:10:00"), (90, "09:10:00")):
        floor.output("PRESS-01", units, at)

    _, report = world.ask(**{"from": "2026-03-11T08:00", "until": "2026-03-11T10:00"})

    # 90 of the 75 that half an hour allows.
    assert told(report, "ideal_rate_too_low") == [
        "performance above 110%: PRESS-01 120.0%; ideal_units_per_hour is too low, "
        "or stops are booked while the asset runs"
    ]
