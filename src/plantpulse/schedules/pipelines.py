"""The registry of pipelines: which there are, when each runs, and what its function needs.

Pure. Health, the command line and the deployment read this table; a new pipeline is one entry in it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from plantpulse.late_dataclasses import dataclass
from plantpulse.schedules.schedules import DailyAt, Every, OnDays, Schedule, Together
from plantpulse.schedules.stagger import delay_s, offset_of, offset_of_day
from plantpulse.settings import EnergyForecastsSettings, PlantSettings, Settings
from plantpulse.settings.tags import BURST_S

# A run of a pipeline without a plant has one of these keys in place of the plant's. No plant can have them.
# The key decides who may read the run (docs/decisions/0059).
ALL_PLANTS: Final = "(all plants)"  # it works on the data of every plant: members of all plants
NO_PLANT: Final = "(no plant)"  # its data is no plant's: members of any plant
_MINUTE: Final = timedelta(minutes=1)
_ENDING_S: Final = 60  # what a burst needs at most to stop and to send its last samples


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline of a plant, as its runs are recorded, when it is due and how long one may take.

    `missing_settings`: the settings that its SQL Server lacks. `keeps_snapshots`: the age of its data is that
    of its snapshots, not of its runs. `runs_on_startup`: a deployment starts it at once. `offset`: how long
    after a slot the scheduler calls. `delay_s`: the second of that minute in which the work begins, where
    plants are many. `overlap_s`: a run goes on until the next one relieves it, so two of them are at work for
    a while; while Supabase answers it ends within so many seconds all the same. 0: none does so.
    """

    name: str
    plant: str
    schedule: Schedule
    timeout_s: int
    is_enabled: bool = True
    missing_settings: Sequence[str] = ()
    keeps_snapshots: bool = False
    runs_on_startup: bool = False
    offset: timedelta = timedelta(0)
    delay_s: int = 0
    overlap_s: int = 0

    @property
    def shown_plant(self) -> str | None:
        """Return the plant's key; None for a pipeline of no plant."""
        return shown_plant(self.plant)

    def next_call(self, now: datetime) -> datetime | None:
        """Return when the scheduler calls next (UTC); None if the pipeline is switched off."""
        return self.schedule.next_slot(now - self.offset) + self.offset if self.is_enabled else None


@dataclass(frozen=True, slots=True)
class RegisteredFunction:
    """A function that is deployed, and what it needs where it runs.

    `calls` returns the pipelines that a scheduler calls it for. `job` is the class of its job (module:class),
    which the command line runs. `reads_plant`: it needs the plants' network and their SQL Servers' passwords.
    `reads_devices`: it needs the plants' network and the devices' credentials. `asks_publishers`: it needs
    their keys. `takes_users`: people may call it with users' tokens. `keeps_runs`: its work is recorded as
    runs, and its log line has an outcome.
    """

    name: str
    purpose: str
    memory_mb: int
    calls: Callable[[Settings], Iterable[Pipeline]]
    job: str | None = None
    reads_plant: bool = False
    reads_devices: bool = False
    asks_publishers: bool = False
    takes_users: bool = False
    keeps_runs: bool = True


def pipelines_of(settings: Settings) -> tuple[Pipeline, ...]:
    """Return the pipelines, kind by kind; plants are in the order of plantpulse.yaml."""
    return tuple(pipeline for function in PIPELINES for pipeline in function.calls(settings))


def shown_plant(plant: str | None) -> str | None:
    """Return a run's plant as people see it; None for a run of no plant."""
    return None if plant in (ALL_PLANTS, NO_PLANT) else plant


def title_of(pipeline: str, plant: str | None) -> str:
    """Return what a pipeline is called in a sentence: "live_pulse of north", or "cleanup"."""
    shown = shown_plant(plant)
    return f"{pipeline} of {shown}" if shown else pipeline


def of_each_plant(
    name: str,
    schedule: Callable[[Any, PlantSettings], Schedule],
    *,
    keeps_snapshots: bool = False,
    needs_sql_server: bool = True,
    is_staggered: bool = False,
    overlap_s: int = 0,
) -> Callable[[Settings], Iterator[Pipeline]]:
    """Return the calls of a pipeline that each plant with its section has; the section has its name.

    `is_staggered`: its job takes a scheduler's time for the slot that is an offset before (`offset_of`,
    `offset_of_day`), and many plants do not begin in the same second (`delay_s`).
    """

    def calls(settings: Settings) -> Iterator[Pipeline]:
        for plant, known in settings.plants.items():
            own = settings.of(plant, name)
            if own is None:
                continue
            due = schedule(own, known)
            yield Pipeline(
                name=name,
                plant=plant,
                schedule=due,
                timeout_s=own.timeout_s,
                is_enabled=settings.is_on_schedule(plant, name)
                and getattr(own, "runs_on", "cloud") == "cloud",
                missing_settings=_lacking(known) if needs_sql_server else (),
                keeps_snapshots=keeps_snapshots,
                runs_on_startup=getattr(own, "run_on_startup", False) and known.sql_server is not None,
                offset=_offset(due, plant, settings.plants) if is_staggered else timedelta(0),
                delay_s=delay_s(plant, settings.plants) if is_staggered else 0,
                overlap_s=overlap_s,
            )

    return calls


def of_no_plant(
    name: str,
    schedule: Callable[[Any], Schedule],
    *,
    stands_for: str = NO_PLANT,
    wanted: Callable[[Settings], bool] = lambda _settings: True,
) -> Callable[[Settings], Iterator[Pipeline]]:
    """Return the one call of a pipeline that is of no plant; its section of the settings has its name.

    There is none where it is not `wanted`.
    """

    def calls(settings: Settings) -> Iterator[Pipeline]:
        if not wanted(settings):
            return
        own = getattr(settings, name)
        yield Pipeline(name, stands_for, schedule(own), own.timeout_s, getattr(own, "enabled", True))

    return calls


def on_grid(own: Any, _plant: PlantSettings | None = None) -> Schedule:
    """Return the schedule of a section with `every_minutes`."""
    return Every.minutes(own.every_minutes)


def every_minute(_own: Any, _plant: PlantSettings | None = None) -> Schedule:
    """Return the schedule of what is called every minute, whatever its section says."""
    return Every.minutes(1)


def every_morning(own: Any, plant: PlantSettings) -> Schedule:
    """Return the schedule of a section with `at`, by the plant's own clock."""
    return DailyAt.local_time(own.at, plant.time_zone)


def on_some_days(own: Any) -> Schedule:
    """Return the schedule of a section with `at`, `time_zone` and, unless it is each day, `every`."""
    daily = DailyAt.local_time(own.at, own.time_zone)
    every = getattr(own, "every", "day")
    return daily if every == "day" else OnDays(daily, "monday" if every == "week" else "first")


def with_prices(own: EnergyForecastsSettings) -> Schedule:
    """Return the schedule of forecasts: a grid, and the time at which day-ahead prices are due."""
    grid = Every.minutes(own.every_minutes)
    if own.prices_at is None:
        return grid
    return Together((grid, DailyAt.local_time(own.prices_at, "Europe/Brussels")))


def collects_prices(settings: Settings) -> bool:
    """Say whether prices of commodities are collected."""
    return settings.series is not None and settings.series.has_prices


def collects_energy(settings: Settings) -> bool:
    """Say whether energy data is collected."""
    return settings.series is not None and settings.series.has_energy


def collects_series(settings: Settings) -> bool:
    """Say whether any series is collected."""
    return collects_prices(settings) or collects_energy(settings)


def _offset(schedule: Schedule, plant: str, plants: Collection[str]) -> timedelta:
    """Return how long after its slots a plant is called; only what is on a grid or daily is staggered."""
    if isinstance(schedule, DailyAt):
        return offset_of_day(plant, plants, schedule.at)
    if isinstance(schedule, Every):
        return offset_of(plant, plants, schedule.interval // _MINUTE)
    return timedelta(0)


def _lacking(plant: PlantSettings) -> tuple[str, ...]:
    """Return the missing SQL Server settings; without the password, which only a polling function gets."""
    return tuple(name for name in plant.missing_settings if not name.startswith("MSSQL_PASSWORD"))


PIPELINES: Final = (
    RegisteredFunction(
        name="live_pulse",
        purpose="Polls each plant's SQL Server and keeps snapshots and safety events",
        memory_mb=512,
        calls=of_each_plant("live_pulse", on_grid, keeps_snapshots=True, is_staggered=True),
        job="plantpulse.live_pulse.job:LivePulse",
        reads_plant=True,
        takes_users=True,
    ),
    RegisteredFunction(
        name="morning_report",
        purpose="Sums up each plant's day before, every morning by the plant's own clock",
        memory_mb=512,
        calls=of_each_plant("morning_report", every_morning, is_staggered=True),
        job="plantpulse.morning_report.job:MorningReport",
        reads_plant=True,
    ),
    RegisteredFunction(
        name="cleanup",
        purpose="Removes what is older than its retention",
        memory_mb=256,
        calls=of_no_plant("cleanup", on_grid, stands_for=ALL_PLANTS),
        job="plantpulse.cleanup:Cleanup",
    ),
    RegisteredFunction(
        name="commodity_prices",
        purpose="Collects prices of commodities from EIA, FRED and Yahoo",
        memory_mb=256,
        calls=of_no_plant("commodity_prices", on_some_days, wanted=collects_prices),
        job="plantpulse.series.jobs:CommodityPrices",
        asks_publishers=True,
    ),
    RegisteredFunction(
        name="energy_actuals",
        purpose="Collects loads, generation and imbalances from ENTSO-E",
        memory_mb=256,
        calls=of_no_plant("energy_actuals", on_grid, wanted=collects_energy),
        job="plantpulse.series.jobs:EnergyActuals",
        asks_publishers=True,
    ),
    RegisteredFunction(
        name="energy_forecasts",
        purpose="Collects forecasts and day-ahead prices from ENTSO-E",
        memory_mb=256,
        calls=of_no_plant("energy_forecasts", with_prices, wanted=collects_energy),
        job="plantpulse.series.jobs:EnergyForecasts",
        asks_publishers=True,
    ),
    RegisteredFunction(
        name="series_gaps",
        purpose="Finds gaps in series and fills small ones",
        memory_mb=256,
        calls=of_no_plant("series_gaps", on_grid, wanted=collects_series),
        job="plantpulse.series.gap_job:SeriesGaps",
        asks_publishers=True,
    ),
    RegisteredFunction(
        name="series_backfill",
        purpose="Fills large gaps, collects values again, and rates the quality of each day",
        memory_mb=512,
        calls=of_no_plant("series_backfill", on_some_days, wanted=collects_series),
        job="plantpulse.series.backfill_job:SeriesBackfill",
        asks_publishers=True,
    ),
    RegisteredFunction(
        name="tags",
        purpose="Polls groups of machine tags, and reads one when it is asked to",
        memory_mb=512,
        calls=of_each_plant("tags", every_minute, needs_sql_server=False, overlap_s=BURST_S + _ENDING_S),
        job="plantpulse.tags.job:TagBursts",
        reads_devices=True,
        takes_users=True,
    ),
)

# The one function that is not a pipeline: it is called like one, but it records no runs.
HEALTH: Final = RegisteredFunction(
    name="health",
    purpose="Finds late, missing and stuck runs and sends what is due",
    memory_mb=256,
    calls=of_no_plant("health", every_minute),
    keeps_runs=False,
)

FUNCTIONS: Final = (*PIPELINES, HEALTH)
