"""How schedules are named and chosen."""

import pytest

from plantpulse.clouds.schedules import Schedule, chosen, first_of_each
from plantpulse.errors import InvalidRequest


def named(name: str) -> Schedule:
    return Schedule(name, "* * * * *", "Etc/UTC", True, None)


ALL = [named(name) for name in ("health", "live_pulse-north", "live_pulse-north-2", "live_pulse-south_2")]


@pytest.mark.parametrize(
    ("name", "pipeline", "plant"),
    [
        ("health", "health", None),
        ("live_pulse-north", "live_pulse", "north"),
        ("live_pulse-north-2", "live_pulse", "north"),
        ("morning_report-north_2", "morning_report", "north_2"),
        ("cleanup-2", "cleanup", None),
        ("energy_forecasts-2", "energy_forecasts", None),
        ("By Hand", "By Hand", None),
    ],
)
def test_a_name_tells_pipeline_and_plant(name: str, pipeline: str, plant: str | None) -> None:
    assert (named(name).pipeline, named(name).plant) == (pipeline, plant)


def test_schedules_are_chosen_by_pipeline_and_plant() -> None:
    def names(**by: str | None) -> list[str]:
        return [s.name for s in chosen(ALL, **{"pipeline": None, "plant": None} | by)]

    assert names() == ["health", "live_pulse-north", "live_pulse-north-2", "live_pulse-south_2"]
    assert names(plant="north") == ["live_pulse-north", "live_pulse-north-2"]
    assert names(pipeline="health") == ["health"]


def test_a_choice_of_nothing_names_what_there_is() -> None:
    with pytest.raises(InvalidRequest) as refused:
        chosen(ALL, pipeline="health", plant="north")

    assert str(refused.value) == (
        "there is no such schedule; "
        "known schedules: health, live_pulse-north, live_pulse-north-2, live_pulse-south_2"
    )


def test_a_plant_whose_times_take_two_lines_is_run_once() -> None:
    assert [s.name for s in first_of_each(ALL)] == ["health", "live_pulse-north", "live_pulse-south_2"]
