"""The pipelines that a deployment runs on schedule, of each plant or of all, from the settings.

Pure. Whoever looks at all of them (health, the command line) goes by this table; a new kind is one entry.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from plantpulse.schedules.schedules import DailyAt, Every, Schedule
from plantpulse.settings import PlantSettings, Settings

# Stands for the plant in the runs of a pipeline that runs once for all of them: no plant's key looks like it,
# and only members of all plants see its runs.
ALL_PLANTS: Final = "(all plants)"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline of a plant, as its runs are recorded, and when it is due.

    `missing_settings` names what its source lacks. `keeps_snapshots`: its data reaches as far as the
    snapshots it wrote, not as far as it ran.
    """

    name: str
    plant: str
    schedule: Schedule
    is_enabled: bool = True
    missing_settings: Sequence[str] = ()
    keeps_snapshots: bool = False


def pipelines_of(settings: Settings) -> tuple[Pipeline, ...]:
    """Return the pipelines, kind by kind; plants are in the order of plantpulse.yaml."""
    return tuple(pipeline for kind in _KINDS for pipeline in kind(settings))


def _live_pulse(settings: Settings) -> Iterator[Pipeline]:
    for plant, known in settings.plants.items():
        yield Pipeline(
            name="live_pulse",
            plant=plant,
            schedule=Every.minutes(settings.live_pulse_of(plant).every_minutes),
            is_enabled=settings.is_polled(plant),
            missing_settings=_lacking(known),
            keeps_snapshots=True,
        )


def _morning_report(settings: Settings) -> Iterator[Pipeline]:
    for plant, known in settings.plants.items():
        yield Pipeline(
            name="morning_report",
            plant=plant,
            schedule=DailyAt.local_time(settings.morning_report_of(plant).at, known.time_zone),
            is_enabled=settings.is_reported(plant),
            missing_settings=_lacking(known),
        )


def _cleanup(settings: Settings) -> Iterator[Pipeline]:
    yield Pipeline(
        name="cleanup",
        plant=ALL_PLANTS,
        schedule=Every.minutes(settings.cleanup.every_minutes),
    )


_KINDS: Final[Sequence[Callable[[Settings], Iterable[Pipeline]]]] = (_live_pulse, _morning_report, _cleanup)


def _lacking(plant: PlantSettings) -> tuple[str, ...]:
    """Return what is missing of a SQL Server's settings, save the password: only who polls is given that."""
    return tuple(name for name in plant.missing_settings if not name.startswith("MSSQL_PASSWORD"))
