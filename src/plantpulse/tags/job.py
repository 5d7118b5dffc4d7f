"""Machine tags as a pipeline: one run is one burst of a plant, and two of them overlap at a hand-over."""

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol

from plantpulse.entry.invocations import Invocation, plant_named
from plantpulse.entry.requests import Request, parameter, parse
from plantpulse.errors import SwitchedOff
from plantpulse.late_dataclasses import dataclass, replace
from plantpulse.runs import LEASE_MARGIN_S, Budget, Json, Run, RunPlan, RunReport, require_fence
from plantpulse.schedules.schedules import Every, scheduled_slot
from plantpulse.settings import Settings
from plantpulse.settings.tags import BURST_S, TagsSettings
from plantpulse.tags import exchange
from plantpulse.tags.burst import ENDING_S, FLUSH_S, LEAD_S, Burst, stopping_on_sigterm
from plantpulse.tags.devices import Devices, devices_of
from plantpulse.tags.handshake import GroupReading, Handshake
from plantpulse.tags.tag import Group

PIPELINE: Final = "tags"
EVERY: Final = Every.minutes(1)
_ENDING_S: Final = ENDING_S + 10.0  # kept of the run's time for its end
_LATEST_DELIVERY: Final = timedelta(days=1)  # a later one counts as manual: every burst polls from now on
_TOLERANCE: Final = timedelta(seconds=60)
# What is no news: another burst polls the group, or nobody is to.
_USUAL: Final = frozenset({"relieved_already", "stopped_group"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsRequest(Request):
    """Poll the groups of machine tags of a plant, until the next burst relieves this one."""

    plant: str | None = parameter(None, description="Which plant to poll; unnecessary with a single plant.")
    dry_run: bool = parameter(
        False, description="Read each group once and show it, but claim and store nothing."
    )


class Store(exchange.Store, Protocol):
    """What a burst needs from Supabase."""

    def claim_run(self, claim: Mapping[str, Json]) -> dict[str, Json]: ...
    def fail_run(self, fence: str, failure: Mapping[str, Json]) -> dict[str, Json]: ...
    def end_dry_run(self, fence: str) -> dict[str, Json]: ...


@dataclass(frozen=True, slots=True)
class TagBursts:
    """The pipeline that the entry points run.

    `flush_s` and `lead_s` are shorter in tests; `make_burst` lives in another time there.
    """

    request: ClassVar = TagsRequest

    open_devices: Callable[[Settings, str], Devices] = devices_of
    flush_s: float = FLUSH_S
    lead_s: float = LEAD_S
    make_burst: Callable[..., Burst] = Burst

    def plan(self, invocation: Invocation, settings: Settings, now: datetime) -> RunPlan:
        """Return the plan of an invocation. Raises: InvalidRequest."""
        request = parse(TagsRequest, invocation.parameters)
        plant = plant_named(request.plant, settings.plants)
        slot = None
        if not request.dry_run:
            slot = scheduled_slot(
                EVERY, invocation.scheduled_at, now, catch_up=_LATEST_DELIVERY, tolerance=_TOLERANCE
            )
        return RunPlan(
            pipeline=PIPELINE,
            plant=plant,
            trigger="schedule" if slot else "manual",
            slot=slot,
            at=slot or now.replace(microsecond=0),
            lease_s=_timeout_s(settings, plant) + LEASE_MARGIN_S,
            asks={"overlaps": True},
            is_dry_run=request.dry_run,
            idempotency_key=None if slot or request.dry_run else invocation.idempotency_key,
        )

    def start_budget(self, plan: RunPlan, settings: Settings) -> Budget:
        """Return the time of a burst, starting now; a burst that lasts long is a burst that works."""
        timeout_s = _timeout_s(settings, plan.plant)
        return Budget.start(timeout_s, timeout_s)

    def require_configured(self, plan: RunPlan, settings: Settings) -> None:
        """Raises: NotConfigured for a plant without tags; SwitchedOff for a schedule alone."""
        own = settings.require_tags(plan.plant)
        if plan.trigger == "manual":
            return
        if not settings.is_on_schedule(plan.plant, PIPELINE):
            raise SwitchedOff(f"tags of {plan.plant} are switched off on schedule by enabled: false")
        if own.runs_on == "edge":
            raise SwitchedOff(f"tags of {plan.plant} are polled by a computer in the plant: runs_on is edge")

    def work(self, run: Run, settings: Settings, store: Store) -> RunReport:
        """Poll until relieved, and return the recorded report.

        Raises: FenceRefused; the store's errors, if groups cannot be claimed or the end cannot be told.
        """
        own = settings.require_tags(run.plan.plant)
        devices = self.open_devices(settings, run.plan.plant)
        if run.plan.is_dry_run:
            return _read_once(run, store, Handshake(devices, own.connect_timeout_s))
        burst = self.make_burst(
            run.plan.plant,
            run.fence,
            store,
            devices,
            own,
            ends_after_s=min(BURST_S, own.timeout_s - _ENDING_S),
            waits_until_s=own.timeout_s - _ENDING_S,
            flush_s=self.flush_s,
            lead_s=self.lead_s,
        )
        with _with_collector(), stopping_on_sigterm(burst):
            ended = burst.run(lambda counts: _completion(run, burst, counts))
        return RunReport.from_json(require_fence(ended.run or {})["report"])


def _timeout_s(settings: Settings, plant: str) -> int:
    own: TagsSettings = settings.of(plant, PIPELINE) or TagsSettings()
    return own.timeout_s


def _completion(run: Run, burst: Burst, counts: Mapping[str, int]) -> dict[str, Json]:
    """Return what the last flush says of the run."""
    so_far = burst.ended()
    run.progress.counts.update({"groups": len(so_far.groups), **counts})
    for name, reason in so_far.refused.items():
        if reason not in _USUAL:
            run.progress.warn("tag_group_refused", f"group {name} is not polled by this burst: {reason}")
    if counts["dropped"]:
        run.progress.warn(
            "tag_samples_dropped",
            f"{counts['dropped']} samples were dropped: the buffer was full, or Supabase refused them",
        )
    report = run.report("partial" if counts["dropped"] else "succeeded")
    return {"status": report.outcome, "report": report.as_json(), "alerts": run.alerts(report)}


def _read_once(run: Run, store: Store, handshake: Handshake) -> RunReport:
    """Read each group that a burst would poll, and return the report with what came."""
    claim = {"plant": run.plan.plant, "holder": run.fence, "lease_s": 1, "groups": None, "is_preview": True}
    groups = [Group.of(row) for row in store.claim_tag_groups(claim)["groups"]]
    deadline_s = time.monotonic() + run.budget.seconds_left_to_read()
    with run.progress.timed("poll"):
        samples = [handshake.read(group, deadline_s) for group in groups]
    bad = sum(sample.error is not None for sample in samples)
    run.progress.counts.update(groups=len(groups), samples=len(samples), good=len(samples) - bad, bad=bad)
    preview = {"groups": [_preview(sample) for sample in samples]}
    return replace(run.report("partial" if bad else "succeeded"), preview=preview)


def _preview(sample: GroupReading) -> dict[str, Json]:
    error = sample.error
    return {
        "group": sample.group.name,
        "tags": len(sample.group.tags),
        "bad": sample.bad_count,
        "took_ms": sample.took_ms,
        "error": {"code": error.code, "message": str(error)} if error else None,
    }


@contextmanager
def _with_collector() -> Iterator[None]:
    """Let the search for reference cycles go on: a burst lasts for minutes, unlike the work of other runs."""
    was_enabled = gc.isenabled()
    gc.enable()
    try:
        yield
    finally:
        if not was_enabled:
            gc.disable()
