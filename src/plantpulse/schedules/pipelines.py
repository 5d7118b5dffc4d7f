"""The registry of pipelines: which there are, when each runs, and what its function needs.

Pure. Health, the command line and the deployment read this table; a new pipeline is one entry in it.
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
    """A pipeline of a plant, as its runs are recorded, when it is due and how long one may take.

    `missing_settings` names what its source lacks. `keeps_snapshots`: its data reaches as far as the
    snapshots it wrote, not as far as it ran. `runs_on_startup`: a deployment starts it at once.
    """

    name: str
    plant: str
    schedule: Schedule
    timeout_s: int
    is_enabled: bool = True
    missing_settings: Sequence[str] = ()
    keeps_snapshots: bool = False
    runs_on_startup: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A function that is deployed, and what it needs where it runs.

    `calls` lists what a scheduler calls it for. `reads_plant`: it needs the plants' network and passwords.
    `keeps_runs`: its work is recorded as runs, and its log line has an outcome.
    """

    name: str
    purpose: str
    memory_mb: int
    calls: Callable[[Settings], Iterable[Pipeline]]
    reads_plant: bool = False
    keeps_runs: bool = True


def pipelines_of(settings: Settings) -> tuple[Pipeline, ...]:
    """Return the pipelines, kind by kind; plants are in the order of plantpulse.yaml."""
    return tuple(pipeline for function in PIPELINES for pipeline in function.calls(settings))


def _live_pulse(settings: Settings) -> Iterator[Pipeline]:
    for plant, known in settings.plants.items():
        own = settings.live_pulse_of(plant)
        yield Pipeline(
            name="live_pulse",
            plant=plant,
            schedule=Every.minutes(own.every_minutes),
            timeout_s=own.timeout_s,
            is_enabled=settings.is_polled(plant),
            missing_settings=_lacking(known),
            keeps_snapshots=True,
            runs_on_startup=own.run_on_startup and known.sql_server is not None,
        )


def _morning_report(settings: Settings) -> Iterator[Pipeline]:
    for plant, known in settings.plants.items():
        own = settings.morning_report_of(plant)
        yield Pipeline(
            name="morning_report",
            plant=plant,
            schedule=DailyAt.local_time(own.at, known.time_zone),
            timeout_s=own.timeout_s,
            is_enabled=settings.is_reported(plant),
            missing_settings=_lacking(known),
        )


def _cleanup(settings: Settings) -> Iterator[Pipeline]:
    own = settings.cleanup
    yield Pipeline("cleanup", ALL_PLANTS, Every.minutes(own.every_minutes), own.timeout_s)


def _health(settings: Settings) -> Iterator[Pipeline]:
    yield Pipeline("health", ALL_PLANTS, Every.minutes(1), settings.health.timeout_s)


def _lacking(plant: PlantSettings) -> tuple[str, ...]:
    """Return what is missing of a SQL Server's settings, save the password: only who polls is given that."""
    return tuple(name for name in plant.missing_settings if not name.startswith("MSSQL_PASSWORD"))


PIPELINES: Final = (
    Function(
        name="live_pulse",
        purpose="Polls each plant's SQL Server and keeps snapshots and safety events",
        memory_mb=512,
        calls=_live_pulse,
        reads_plant=True,
    ),
    Function(
        name="morning_report",
        purpose="Sums up each plant's day before, every morning by the plant's own clock",
        memory_mb=512,
        calls=_morning_report,
        reads_plant=True,
    ),
    Function(
        name="cleanup",
        purpose="Removes what is older than its retention",
        memory_mb=256,
        calls=_cleanup,
    ),
)

# The one function that is no pipeline: it is called like one, but keeps no run that somebody would watch.
HEALTH: Final = Function(
    name="health",
    purpose="Finds late, missing and stuck runs and sends what is due",
    memory_mb=256,
    calls=_health,
    keeps_runs=False,
)

FUNCTIONS: Final = (*PIPELINES, HEALTH)
