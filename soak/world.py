"""The functions as they are deployed, over simulated boundaries: services, settings, warm instances."""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from plantpulse.alerts.switch import pinging
from plantpulse.alerts.urgent import telling
from plantpulse.cleanup import Cleanup
from plantpulse.entry.service import Response, Service
from plantpulse.health.service import HealthService
from plantpulse.health.watch import Watch
from plantpulse.live_pulse.job import LivePulse
from plantpulse.morning_report.job import MorningReport
from plantpulse.runs import Budget, RunPlan
from plantpulse.series.backfill_job import SeriesBackfill
from plantpulse.series.gap_job import SeriesGaps
from plantpulse.series.jobs import EnergyActuals, EnergyForecasts
from plantpulse.settings import (
    ChannelSettings,
    PlantSettings,
    Secret,
    Settings,
    SqlServerSettings,
    SupabaseSettings,
)
from plantpulse.settings.validation import validated
from plantpulse.tags.job import TagBursts
from soak.boundaries import Boundaries
from soak.bursts import bursts_in
from soak.cell import Cell
from soak.channels import Channels
from soak.computer import Computer
from soak.coverage import Asked
from soak.device import Floor
from soak.edge import runner_in
from soak.ledger import ALL_PLANTS
from soak.market import BRUSSELS, KINDS, Market
from soak.plant import Plant
from soak.publisher import NAME, Publishers
from soak.scheduler import Line, daily, every
from soak.sessions import OpenStore
from soak.sizes import Size
from soak.source import Server

PULSE: Final = timedelta(minutes=15)
CLEANUP: Final = timedelta(hours=1)
LOOK: Final = timedelta(minutes=5)  # of health, which production calls every minute
ASKED: Final = timedelta(hours=3)  # by people, who want to see the newest figures
SPANS: Final = timedelta(hours=4)
LONGEST_AGO_H: Final = 26.0  # slots are settled after two days
LONGEST_SPAN_H: Final = 8.0
_CLOCKS_DIFFER: Final = timedelta(seconds=5)
BY_HAND: Final = "by hand:"
POLLED: Final = "north"  # the plant with machine tags
AT_EDGE: Final = "south"  # and the one with a computer that polls them
MORNING: Final = time(6)
ACTUALS: Final = timedelta(minutes=30)
FORECASTS: Final = timedelta(hours=6)
GAPS: Final = timedelta(hours=4)
BACKFILL: Final = time(2)
KEPT_H: Final = 96
TAGS_KEPT_H: Final = 24 * 60  # longer than any seed: what became of a sample is known at the end alone

_NAMES: Final = {
    EnergyActuals: "energy_actuals",
    EnergyForecasts: "energy_forecasts",
    SeriesGaps: "series_gaps",
    SeriesBackfill: "series_backfill",
}
_SERIES: Final = {
    NAME: {"key": Secret("soak")},
    "areas": {subject: {"kinds": kinds} for subject, kinds in KINDS.items()},
    "commodities": {},
    "first_look_back_days": 5,
    "look_back_days": 1,
    "nightly_look_back_days": 7,
    "monthly_look_back_days": 9,
}

Answer = Callable[["Request"], Response]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a web framework hands it over."""

    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"
    path: str = "/"

    @property
    def stream(self) -> io.BytesIO:
        return io.BytesIO(self.body)


@dataclass(frozen=True, slots=True)
class InSimulatedTime:
    """A job with a budget of simulated seconds; everything else is the job's own."""

    job: Any
    boundaries: Boundaries

    def start_budget(self, plan: RunPlan, settings: Settings) -> Budget:
        """Return the time of a run, which simulated time uses up."""
        monotonic = self.boundaries.timeline.seconds
        budget: Budget = self.job.start_budget(plan, settings)
        return replace(budget, monotonic=monotonic, started_s=monotonic())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.job, name)


@dataclass(slots=True)
class Function:
    """One deployed function: its warm instances, each with one call at a time."""

    new_instance: Callable[[], Answer]
    _idle: list[Answer] = field(default_factory=list)

    def call(self, slot: datetime | None, body: Mapping[str, Any]) -> int:
        """Answer a scheduler's call with an HTTP status, or a person's, which has no slot.

        An instance whose process dies is gone.
        """
        instance = self._idle.pop() if self._idle else self.new_instance()
        headers = {"X-CloudScheduler-ScheduleTime": slot.isoformat()} if slot else {}
        _, status, _ = instance(Request(headers, json.dumps(body).encode()))
        self._idle.append(instance)
        return status


@dataclass(frozen=True, slots=True)
class Shifts:
    """When machines are polled: a part of each day, because they are many calls. Times are in UTC."""

    cloud: tuple[time, time]
    edge: tuple[time, time]

    def minutes_of_cloud(self, start: datetime, until: datetime) -> Iterator[datetime]:
        """Yield when the scheduler calls."""
        begin, end = self.cloud
        return (slot for slot in every(timedelta(minutes=1))(start, until) if begin <= slot.time() < end)

    def of_edge(self, start: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield from when to when the computer in the plant is on."""
        day = start.replace(hour=0, minute=0, second=0, microsecond=0)
        while day < until:
            begin, end = (datetime.combine(day, at, tzinfo=day.tzinfo) for at in self.edge)
            if start <= begin and end + _ENDED < until:
                yield begin, end
            day += timedelta(days=1)


SHORT: Final = Shifts((time(3), time(3, 20)), (time(4), time(4, 40)))
LONG: Final = Shifts((time(0), time(3)), (time(3), time(15)))  # where there is nothing but machines
_ENDED: Final = timedelta(minutes=10)  # whatever was polled by a computer that is off


@dataclass(slots=True)
class World:
    """The deployment of some plants."""

    boundaries: Boundaries
    open_store: OpenStore
    plants: Mapping[str, Plant]
    market: Market
    cells: Mapping[str, Cell]
    shifts: Shifts
    settings: Settings
    size: Size
    computers: dict[str, Computer] = field(default_factory=dict)
    besides: list[Line] = field(default_factory=list)

    def lines(self) -> list[Line]:
        """Return what the scheduler calls; `besides` are calls that nobody is told of as late."""
        server, tell = Server(self.plants, self.boundaries), Channels(self.boundaries)
        pulse = self._function(LivePulse(connect_source=server.connect), tell)
        morning = self._function(MorningReport(connect_source=server.connect), tell)
        cleanup, health = self._function(Cleanup(), tell), Function(lambda: self._health(tell).http)
        lines = [
            Line("cleanup", ALL_PLANTS, every(CLEANUP), lambda slot: cleanup.call(slot, {})),
            Line("health", ALL_PLANTS, every(LOOK), lambda slot: health.call(slot, {})),
        ]
        for name, plant in self.plants.items():
            body = {"plant": name}
            self.besides.append(Line(f"{BY_HAND} live_pulse", name, every(ASKED), _asks(pulse, body)))
            self.besides.append(
                Line(f"{BY_HAND} a span", name, _between_polls, self._asks_for_span(pulse, name))
            )
            lines += [
                Line("live_pulse", name, every(PULSE), _calls(pulse, body)),
                Line("morning_report", name, daily(MORNING, plant.zone), _calls(morning, body)),
            ]
        if not self.size.is_whole:
            return lines
        self.besides.append(self.tags())
        return [*lines, *self._lines_of_series(tell)]

    def tags(self) -> Line:
        """Return what polls machines from the cloud."""
        floor: Any = Floor(self.boundaries, self.cells)  # it has what bursts need of devices
        bursts = TagBursts(lambda *_: floor, 10.0, 15.0, bursts_in(self.boundaries))
        polls = _calls(self._function(bursts, Channels(self.boundaries)), {"plant": POLLED})
        return Line("tags", POLLED, self.shifts.minutes_of_cloud, polls)

    def place_computer(self, folder: Path, until: datetime) -> None:
        """Have a computer poll the machines of a plant, in each day's shift that is over by then."""
        supabase, settings = self.settings.require_supabase(), self.settings.require_tags(AT_EDGE)
        uplink = replace(self.open_store, boundary="uplink")
        floor = Floor(self.boundaries, self.cells)
        run = runner_in(self.boundaries, uplink, supabase, settings, floor)
        computer = self.computers[AT_EDGE] = Computer(AT_EDGE, self.boundaries, folder, run)
        for begin, end in self.shifts.of_edge(self.boundaries.timeline.start, until):
            computer.work(begin, end)

    def _asks_for_span(self, function: Function, plant: str) -> Callable[[datetime], int]:
        """Return the call of somebody who has a part of the past read again, or looks what that would do."""

        def call(slot: datetime) -> int:
            draws, process, now = self.boundaries.draws, self.boundaries.process(), self.boundaries.now()
            name = f"span {plant} {slot:%Y-%m-%dT%H:%M}"
            start = now - timedelta(hours=draws.between(0.5, LONGEST_AGO_H, f"{name} starts"))
            until = min(
                now - _CLOCKS_DIFFER,
                start + timedelta(hours=draws.between(0.25, LONGEST_SPAN_H, f"{name} lasts")),
            )
            body = {"plant": plant, "from": start.isoformat(), "until": until.isoformat()}
            is_looked_at = draws.share(f"{name} is a dry run") < 0.1
            if not is_looked_at:
                self.boundaries.ledger.asked[process.name] = Asked(start, until)
            return function.call(None, body | {"dry_run": is_looked_at})

        return call

    def _lines_of_series(self, tell: Channels) -> Iterator[Line]:
        opened = Publishers(self.market, self.boundaries).open
        for job, slots in (
            (EnergyActuals(opened), every(ACTUALS)),
            (EnergyForecasts(opened), every(FORECASTS)),
            (SeriesGaps(opened), every(GAPS)),
            (SeriesBackfill(opened), daily(BACKFILL, BRUSSELS)),
        ):
            yield Line(_NAMES[type(job)], ALL_PLANTS, slots, _calls(self._function(job, tell), {}))

    def _function(self, job: Any, channels: Channels) -> Function:
        timed = InSimulatedTime(job, self.boundaries)
        return Function(lambda: self._service(timed, channels).http)

    def _service(self, job: Any, channels: Channels) -> Service[Any]:
        return Service(
            job,
            open_store=self.open_store,
            load_settings=lambda: self.settings,
            clock=self.boundaries.function_clock,
            end_process=lambda _error: None,
            tell_urgent=telling(channels.open, self.boundaries.function_clock),
            sleep=self.boundaries.sleep,
        )

    def _health(self, channels: Channels) -> HealthService:
        monotonic = self.boundaries.timeline.seconds
        return HealthService(
            open_store=self.open_store,
            watch=Watch(self.open_store, channels.open, pinging(channels.open), monotonic),
            load_settings=lambda: self.settings,
            clock=self.boundaries.function_clock,
            monotonic=monotonic,
        )


def _between_polls(start: datetime, until: datetime) -> Iterator[datetime]:
    """Yield when people ask for the past: not just when a poll is due, which would have to wait."""
    return (slot + timedelta(minutes=7) for slot in every(SPANS)(start, until))


def _asks(function: Function, body: Mapping[str, Any]) -> Callable[[datetime], int]:
    return lambda _: function.call(None, body)


def _calls(function: Function, body: Mapping[str, Any]) -> Callable[[datetime], int]:
    return lambda slot: function.call(slot, body)


def settings_of(plants: Mapping[str, Plant], size: Size, sections: Mapping[str, Any]) -> Settings:
    """Return the settings of a deployment; `sections` go over those of the soak."""
    ops = {"kind": "webhook", "url": "https://ops.example.com/hook", "secret": Secret("soak-soak")}
    office = {
        "kind": "email",
        "host": "mail.example.com",
        "sender": "a@example.com",
        "to": ("b@example.com",),
    }
    channels = {"ops": ops, "office": office}
    series = {"series": _SERIES, "energy_forecasts": {"prices_at": None}} if size.is_whole else {}
    return validated(
        Settings,
        {
            "plants": {name: _plant(plant, has_tags=size.is_whole) for name, plant in plants.items()},
            "supabase": SupabaseSettings(url="http://127.0.0.1:1", secret_key=Secret("sb_secret_soak")),
            "cleanup": {"snapshot_retention_hours": KEPT_H, "tag_sample_retention_hours": TAGS_KEPT_H},
            "morning_report": {"send_to": ("office",)},
            "channels": {name: validated(ChannelSettings, channels[name]) for name in size.channels},
            **series,
            **sections,
        },
    )


def _plant(plant: Plant, *, has_tags: bool) -> PlantSettings:
    server = {"host": "127.0.0.1", "user": "soak", "password": Secret("-"), "database": plant.name}
    settings = {"time_zone": str(plant.zone), "sql_server": validated(SqlServerSettings, server)}
    tags = {"runs_on": "edge" if plant.name == AT_EDGE else "cloud", "networks": ("127.0.0.0/8",)}
    return validated(PlantSettings, {**settings, **({"tags": tags} if has_tags else {})})
