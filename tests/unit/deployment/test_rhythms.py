"""What an absence of success is measured by."""

import pytest

from plantpulse.deployment.rhythms import Rhythm
from tests.unit.deployment.conftest import Deploy


def test_plants_that_are_polled_equally_often_are_watched_together(deploy: Deploy) -> None:
    deployment = deploy(
        "plants:\n"
        "  south: {time_zone: UTC}\n"
        "  north: {time_zone: UTC}\n"
        "  east: {time_zone: UTC, live_pulse: {every_minutes: 5}}\n"
        "  west: {time_zone: UTC, enabled: false}\n"
    )

    assert deployment.rhythms == {
        "live_pulse-5": Rhythm("live_pulse", 5, ["east"]),
        "live_pulse-15": Rhythm("live_pulse", 15, ["north", "south"]),
        "morning_report-1440": Rhythm("morning_report", 1440, ["east", "north", "south"]),
        "cleanup-60": Rhythm("cleanup", 60, ()),
        "health-1": Rhythm("health", 1, ()),
    }


@pytest.mark.parametrize(
    ("every_minutes", "shares"),
    [(15, [40, 1]), (480, [40, 1]), (720, [8, 8, 8, 8, 8, 1])],
)
def test_an_alarm_watches_as_many_plants_as_it_holds(
    every_minutes: int, shares: list[int], deploy: Deploy
) -> None:
    plants = "".join(f"  plant_{number:02}: {{time_zone: UTC}}\n" for number in range(41))
    section = f"live_pulse: {{every_minutes: {every_minutes}, window_minutes: {every_minutes}}}"

    deployment = deploy(f"plants:\n{plants}{section}")

    polls = {name: one for name, one in deployment.rhythms.items() if one.function == "live_pulse"}
    assert [len(one.plants) for one in polls.values()] == shares
    assert list(polls)[:2] == [f"live_pulse-{every_minutes}", f"live_pulse-{every_minutes}-2"]
    assert [plant for one in polls.values() for plant in one.plants][-1] == "plant_40"
