"""Groups of plants that a function is called for equally often: one alarm watches each group for silence."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from plantpulse.deployment.calls import enabled_calls, interval_minutes
from plantpulse.schedules.pipelines import RegisteredFunction
from plantpulse.settings import Settings

# How many plants one alarm of Cloud Monitoring holds: its filter has 2048 characters, a plant's key up to 40.
# Its condition on absence covers 23 1/2 hours. A longer silence needs an expression, with a term per plant.
_PLANTS_IN_A_FILTER: Final = 40
_PLANTS_IN_AN_EXPRESSION: Final = 8
_LONGEST_FOR_A_FILTER_MINUTES: Final = 705  # two intervals are waited for


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A function, its interval and its plants; no plants: one call is for all of them."""

    function: str
    interval_minutes: int
    plants: Sequence[str]


def rhythms_of(function: RegisteredFunction, settings: Settings) -> Iterator[tuple[str, Rhythm]]:
    """Yield a function's rhythms by their names, each with as many plants as one alarm holds."""
    plants_by_interval: dict[int, list[str]] = defaultdict(list)
    for pipeline in enabled_calls(function, settings):
        plant = pipeline.shown_plant
        plants_by_interval[interval_minutes(pipeline.schedule)] += [plant] if plant else []
    for minutes, plants in plants_by_interval.items():
        for number, some in enumerate(_shares(plants, _most_plants(minutes)), start=1):
            name = f"{function.name}-{minutes}" + (f"-{number}" if number > 1 else "")
            yield name, Rhythm(function.name, minutes, some)


def _most_plants(minutes: int) -> int:
    return _PLANTS_IN_AN_EXPRESSION if minutes > _LONGEST_FOR_A_FILTER_MINUTES else _PLANTS_IN_A_FILTER


def _shares(plants: Sequence[str], most: int) -> Sequence[Sequence[str]]:
    return [plants[start : start + most] for start in range(0, len(plants), most)] or [()]
