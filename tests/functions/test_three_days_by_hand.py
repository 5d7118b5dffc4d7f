"""Three days of a press, worked on paper, against the Morning Report on the real stack.

The plant is in Chicago, where the clock goes from two to three on Sunday, 8 March 2026. The night shift
(22:00 to 06:00, 800 units, a break from 01:00 to 01:30) crosses midnight, the early shift (06:00 to 14:00,
960 units) does not. An ordinary night has 450 working minutes, that of the change 390: one of its hours
never was.

              of the night before    early    of the night begun     planned    target
    Saturday  330 of 450 = 586.6667  480=960  120 of 390 = 246.1538  930        1792.8205
    Sunday    270 of 390 = 553.8462  480=960  120 of 450 = 213.3333  870        1727.1795
    Monday    330 of 450 = 586.6667  480=960  120 of 450 = 213.3333  930        1760
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.functions.mornings import Mornings, Week, week, world

__all__ = ["week", "world"]

SUNDAY_AT_SIX = datetime(2026, 3, 8, 11, tzinfo=UTC)

# The press makes 150 an hour at best; an hour of standstill costs 120, a scrapped unit 2.50.
SATURDAY = {
    "planned": 930,
    "target": 1792.8205,
    "downtime": 70,  # No Material 13:20 to 14:00, when the shift ends; Jam from 23:30 to midnight
    "reasons": [
        {"reason": "No Material", "minutes": 40, "is_planned": True},
        {"reason": "Jam", "minutes": 30},
    ],
    "actual": 1500,
    "waste": 20,
    "availability": 92.4731,  # 860 of 930
    "performance": 69.7674,  # 1500 of 860 minutes at 2.5 = 2150
    "quality": 98.6667,  # 1480 of 1500
    "oee": 63.6559,  # 1480 of 930 minutes at 2.5 = 2325
    "loss": 190,  # 70 minutes = 140, 20 units = 50
    "stop_loss": 140,
    "scrap_loss": 50,
    "good": 1480,
    "planned_stops": 40,  # No Material, which the plant's settings call planned
    "unexplained": 260,  # 930 - 70 - 600, which 1500 units take at 2.5 a minute
    "speed_loss": 520,
    # All units were made in the night, above the ideal rate: they explain its 420 minutes without a stop and
    # no more.
    "shifts": [
        {
            "shift": "night",
            "planned_minutes": 450,
            "target_output": 832.8205,
            "output": 1500,
            "downtime_minutes": 30,
            "planned_stop_minutes": 0,
            "unexplained_minutes": 0,
        },
        {
            "shift": "early",
            "planned_minutes": 480,
            "target_output": 960,
            "output": 0,
            "downtime_minutes": 40,
            "planned_stop_minutes": 40,
            "unexplained_minutes": 440,
        },
    ],
}
SUNDAY = {
    "planned": 870,
    "target": 1727.1795,
    "downtime": 105,  # Jam to 00:30; Oil leak 90 minutes from 01:15, of which 15 are in the break
    "reasons": [{"reason": "Oil leak", "minutes": 75}, {"reason": "Jam", "minutes": 30}],
    "actual": 1400,
    "waste": 10,
    "availability": 87.931,  # 765 of 870
    "performance": 73.2026,  # 1400 of 765 minutes at 2.5 = 1912.5
    "quality": 99.2857,  # 1390 of 1400
    "oee": 63.908,  # 1390 of 870 minutes at 2.5 = 2175
    "loss": 235,  # 105 minutes = 210, 10 units = 25
    "stop_loss": 210,
    "scrap_loss": 25,
    "planned_stops": 0,
    "unexplained": 205,  # 870 - 105 - 560, which 1400 units take
    "speed_loss": 410,
    "text": (
        "Press 1 made 1,400 of 1,727.2 planned units on Sunday, 8 March 2026, OEE 63.9% (availability 87.9%, "
        "performance 73.2%, quality 99.3%). It stood still for 105 minutes, 75 of them because of "
        '"Oil leak", and scrapped 10 units, at a cost of $235.00. '
        "Nothing explains 205 minutes of its planned time, at a cost of $410.00."
    ),
}
MONDAY_AS_IT_SEEMED = {
    "planned": 930,
    "target": 1760,
    "downtime": 240,  # Fire, open since 12:00: to the end of the early shift, and again from 22:00
    "reasons": [{"reason": "Fire", "minutes": 240}],
    "actual": 1200,
    "waste": 30,
    "availability": 74.1935,  # 690 of 930
    "performance": 69.5652,  # 1200 of 690 minutes at 2.5 = 1725
    "quality": 97.5,  # 1170 of 1200
    "oee": 50.3226,  # 1170 of 2325
    "loss": 555,  # 240 minutes = 480, 30 units = 75
}
MONDAY_AS_IT_WAS = MONDAY_AS_IT_SEEMED | {
    "downtime": 60,  # the fire was out at one
    "reasons": [{"reason": "Fire", "minutes": 60}],
    "actual": 1230,  # and 30 units were entered late
    "availability": 93.5484,  # 870 of 930
    "performance": 56.5517,  # 1230 of 870 minutes at 2.5 = 2175
    "oee": 51.5806,  # 1230 of 2325, 97.5 % of them good
    "loss": 195,  # 60 minutes = 120, 30 units = 75
}


@pytest.fixture
def three_days(world: Mornings, week: Week) -> Week:
    """What happened on the floor, by the plant's clock."""
    world.now = SUNDAY_AT_SIX + timedelta(seconds=20)
    world.settings["planned_reason_codes"] = [" no  material", "Setup"]
    world.store.execute(
        """
        insert into public.shift_targets
          (asset_id, shift_name, starts_at, ends_at, days_of_week, valid_from, target_output, breaks)
        select id, 'night', '22:00', '06:00', '{1,2,3,4,5,6,7}', '2026-01-01', 800,
          '[{"starts_at": "01:00", "ends_at": "01:30"}]'
        from public.assets where source_name = 'PRESS-01'
        """
    )
    for units, at in (
        (700, "2026-03-07T00:00:00"),
        (800, "2026-03-07T23:59:59"),
        (600, "2026-03-08T00:00:00"),
        (800, "2026-03-08T23:59:59"),
        (1200, "2026-03-09T00:00:00"),
    ):
        week.output("PRESS-01", units, at)
    week.downtime("PRESS-01", "No Material", 70, "2026-03-07T13:20:00")
    week.downtime("PRESS-01", "Tooling", 40, "2026-03-07T13:40:00")  # within the one before: paid for once
    week.downtime("PRESS-01", "Jam", 60, "2026-03-07T23:30:00")
    week.downtime("PRESS-01", "Oil leak", 90, "2026-03-08T01:15:00")
    week.downtime("PRESS-01", "Fire", None, "2026-03-09T12:00:00")
    week.quality("PRESS-01", 1480, 20, "2026-03-07T23:00:00")
    week.quality("PRESS-01", 1390, 10, "2026-03-08T13:00:00")
    week.quality("PRESS-01", 1170, 30, "2026-03-09T13:00:00")
    return week


def told(world: Mornings, day: str, expected: dict[str, Any]) -> dict[str, Any]:
    """Return what the day's summary says to what is expected."""
    summary = world.summary(day=day) | world.losses(day=day)
    return {name: summary[name] for name in expected}


def test_three_days_come_out_as_on_paper_and_late_rows_correct_the_last(
    world: Mornings, three_days: Week
) -> None:
    world.morning(SUNDAY_AT_SIX)
    world.next_morning()
    world.next_morning()

    assert told(world, "2026-03-07", SATURDAY) == SATURDAY
    assert told(world, "2026-03-08", SUNDAY) == SUNDAY
    assert told(world, "2026-03-09", MONDAY_AS_IT_SEEMED) == MONDAY_AS_IT_SEEMED

    three_days.run("update downtime_records set downtime_minutes = 60 where reason_code = 'Fire'")
    three_days.output("PRESS-01", 30, "2026-03-09T08:00:00")
    world.next_morning()

    assert told(world, "2026-03-08", SUNDAY) == SUNDAY
    assert told(world, "2026-03-09", MONDAY_AS_IT_WAS) == MONDAY_AS_IT_WAS
    assert world.days() == ["2026-03-06", "2026-03-07", "2026-03-08", "2026-03-09", "2026-03-10"]
    for day in ("2026-03-06", "2026-03-10"):  # nothing came of these
        assert told(world, day, {"actual": None, "loss": None}) == {"actual": None, "loss": None}
