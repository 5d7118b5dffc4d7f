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
