"""One simulated world: a plant, a scheduler, and the functions as they are deployed, over simulated time."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from plantpulse.entry.service import Response, Service
from plantpulse.live_pulse.job import LivePulse
from plantpulse.runs import Budget, RunPlan
from plantpulse.settings import PlantSettings, Secret, Settings, SqlServerSettings, SupabaseSettings
from plantpulse.settings.validation import validated
from soak.boundaries import Boundaries
from soak.sessions import OpenStore
from soak.source import Server
from soak.timeline import Process

PULSE: Final = timedelta(minutes=15)
RETRIES: Final = 2  # of the scheduler, after an answer that asks for it or none at all
_ANSWERED_WITHIN_S: Final = 90.0
_IN_FLIGHT_S: Final = 3_600.0  # longer than anything that it sent is on its way
Answer = Callable[["Request"], Response]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a web framework hands it over."""

    headers: Mapping[str, str]
    body: bytes = b"{}"
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

    def call(self, request: Request) -> Response:
        """Answer a call; an instance whose process dies is gone."""
        instance = self._idle.pop() if self._idle else self.new_instance()
        response = instance(request)
        self._idle.append(instance)
        return response


@dataclass(slots=True)
class World:
    """The deployment. `delivered` counts ticks: calls that reached a function."""

    boundaries: Boundaries
    open_store: OpenStore
    server: Server
    settings: Settings
    delivered: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    live_pulse: Function = field(init=False)

    def __post_init__(self) -> None:
        job = InSimulatedTime(LivePulse(connect_source=self.server.connect), self.boundaries)
        self.live_pulse = Function(lambda: self._service(job).http)

    def schedule_pulses(self, plant: str, start: datetime, until: datetime) -> None:
        """Have the scheduler deliver every slot of a span."""
        slot = start
        while slot < until:
            self._schedule(slot, lambda slot=slot: self._deliver_slot(plant, slot))  # type: ignore[misc] # as in a loop
            slot += PULSE

    def _schedule(self, slot: datetime, deliver: Callable[[], None]) -> None:
        self.boundaries.timeline.at(slot, deliver)

    def _deliver_slot(self, plant: str, slot: datetime) -> None:
        name = f"live_pulse {plant} {slot:%Y-%m-%dT%H:%M}"
        draws, timeline = self.boundaries.draws, self.boundaries.timeline
        after_s = draws.between(0.1, 4.0, f"{name} after")
        match self.boundaries.faults.at("delivery", name, timeline.now):
            case "never":
                return
            case "late":
                after_s = draws.between(30, 1_800, f"{name} late")
            case "very late":
                after_s = draws.between(1_800, 90_000, f"{name} late")
            case "twice":
                again_s = draws.between(
                    0, 120 if draws.share(f"{name} overlaps") < 0.7 else 4_000, f"{name} again"
                )
                timeline.after(again_s, lambda: self._deliver(plant, slot, f"{name} again", RETRIES))
        timeline.after(after_s, lambda: self._deliver(plant, slot, name, RETRIES))

    def _deliver(self, plant: str, slot: datetime, name: str, retries: int) -> None:
        request = Request(
            {"X-CloudScheduler-ScheduleTime": slot.isoformat()}, json.dumps({"plant": plant}).encode()
        )
        answered = list[int]()

        def work() -> None:
            _, status, _ = self.live_pulse.call(request)
            answered.append(status)

        def look() -> None:
            status = answered[0] if answered else 0
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if retries and status not in range(200, 300):
                self._deliver(plant, slot, f"{name} retry {retries}", retries - 1)

        process = Process(self.boundaries.timeline, name, work)
        process.skew = self._skew(name)
        self.delivered += 1
        process.start()
        self.boundaries.timeline.after(_ANSWERED_WITHIN_S, look)
        self.boundaries.timeline.after(_IN_FLIGHT_S, lambda: self.boundaries.ledger.end_of(name))

    def _skew(self, name: str) -> timedelta:
        draws, now = self.boundaries.draws, self.boundaries.timeline.now
        fault = self.boundaries.faults.at("clock", f"{name} clock", now)
        if fault is None:
            return timedelta(seconds=draws.between(-0.2, 0.2, f"{name} skew"))
        seconds = draws.between(1, 2_000, f"{name} skew")
        return timedelta(seconds=seconds if fault == "ahead" else -seconds)

    def _service(self, job: Any) -> Service[Any]:
        return Service(
            job,
            open_store=self.open_store,
            load_settings=lambda: self.settings,
            clock=self.boundaries.function_clock,
            end_process=lambda _error: None,
            sleep=self.boundaries.sleep,
        )


def settings_of(plants: Mapping[str, str], **sections: Any) -> Settings:
    """Return the settings of plants with their time zones."""
    return validated(
        Settings,
        {
            "plants": {
                name: validated(
                    PlantSettings,
                    {
                        "time_zone": zone,
                        "sql_server": validated(
                            SqlServerSettings,
                            {"host": "127.0.0.1", "user": "soak", "password": Secret("-"), "database": name},
                        ),
                    },
                )
                for name, zone in plants.items()
            },
            "supabase": SupabaseSettings(url="http://127.0.0.1:1", secret_key=Secret("sb_secret_soak")),
            **sections,
        },
    )
