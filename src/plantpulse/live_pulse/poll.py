"""One poll of one plant, step by step: safety, the other readings, the verdict, the commit.

The steps are called by `job` in that order, and the order is the guarantee: safety is read and recorded
before everything else, in a call of its own, so that nothing that fails later can lose an incident;
snapshots and the run's end are one transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

from plantpulse.errors import SourceTableDenied, SourceTableMissing
from plantpulse.live_pulse import readings as parsing
from plantpulse.live_pulse.local_time import (
    LocalBounds,
    bucket_count,
    buckets_in,
    is_time_ambiguous,
    local_bounds,
)
from plantpulse.live_pulse.plant_model import PlantModel, parse_plant_model
from plantpulse.live_pulse.query_files import Query, load_queries
from plantpulse.live_pulse.readings import Parsed
from plantpulse.live_pulse.safety import SafetyEvent, parse_safety
from plantpulse.live_pulse.slots import Window, grid_interval, last_interval
from plantpulse.live_pulse.snapshots import Judgement, Readings, judge
from plantpulse.live_pulse.text import normalise_key
from plantpulse.logs import log
from plantpulse.runs import FinalStatus, Json, Run, RunReport, report_of_commit
from plantpulse.settings import LivePulseSettings, PlantSettings

KEPT_REJECTS: Final = 100
PREVIEWED: Final = 20
WARNED_SKEW: Final = timedelta(minutes=5)

Reading = TypeVar("Reading")


class Store(Protocol):
    """What a poll needs of Supabase."""

    def claim_run(self, claim: Mapping[str, Json]) -> dict[str, Json]: ...
    def record_safety_events(self, fence: str, events: Sequence[Mapping[str, Json]]) -> dict[str, Json]: ...
    def commit_live_pulse(self, fence: str, commit: Mapping[str, Json]) -> dict[str, Json]: ...
    def fail_run(self, fence: str, failure: Mapping[str, Json]) -> dict[str, Json]: ...


class Clock(Protocol):
    """What the server's own clock says."""

    @property
    def utc_now(self) -> datetime: ...
    @property
    def utc_offset_minutes(self) -> int: ...


class Rows(Protocol):
    """A query's rows, values in the contract's column order; truncated: as many as were asked for."""

    @property
    def rows(self) -> list[tuple[Any, ...]]: ...
    @property
    def is_truncated(self) -> bool: ...


class Source(Protocol):
    """One open connection to the plant's SQL Server."""

    @property
    def server_clock(self) -> Clock: ...
    def read(self, query: Query, parameters: Mapping[str, object]) -> Rows: ...


@dataclass(slots=True)
class Poll:
    """What one poll knows while it goes on."""

    run: Run
    plant: PlantSettings
    pulse: LivePulseSettings
    store: Store
    queries: Mapping[str, Query]
    model: PlantModel
    rejected: list[Json] = field(default_factory=list)
    safety_events: Sequence[SafetyEvent] = ()
    safety_until: datetime | None = None
    is_incomplete: bool = False

    @classmethod
    def of(cls, run: Run, plant: PlantSettings, pulse: LivePulseSettings, store: Store) -> "Poll":
        """Return the poll of a claimed run. Raises: ConfigurationError (query files, plant model)."""
        model = parse_plant_model(run.assets, run.shift_targets)
        return cls(run, plant, pulse, store, load_queries(plant.queries_dir), model)

    @property
    def zone(self) -> ZoneInfo:
        """The plant's time zone."""
        return ZoneInfo(self.plant.time_zone)

    @property
    def window(self) -> Window:
        """The span that the snapshots describe."""
        return Window(self.run.plan.window_start, self.run.plan.window_until)

    @property
    def every(self) -> timedelta:
        """The interval between slots."""
        return grid_interval(self.pulse.every_minutes)

    def note_clock(self, clock: Clock) -> None:
        """Warn of a server whose clock is off: its rows then fall into the wrong windows."""
        skew = clock.utc_now - self.run.started_at
        if abs(skew) > WARNED_SKEW:
            told = f"the SQL Server's clock is {round(skew.total_seconds())} s off"
            self.run.progress.warn("source_clock_skew", told)

    def record_safety(self, source: Source) -> None:
        """Read the safety events of the look-back and record them at once."""
        look_back = self._safety_look_back()
        codes = "|".join(normalise_key(code) for code in self.plant.safety_reason_codes)
        bounds = local_bounds(look_back, self.zone)
        found = self._ask(source, "safety", bounds, reason_codes=f"|{codes}|")
        parsed = parse_safety(
            found.rows, zone=self.zone, severities=self.plant.safety_reason_codes, polled_at=look_back.until
        )
        self.safety_events = self._readings(parsed)
        self.safety_until = _covered(self.safety_events, look_back) if found.is_truncated else look_back.until
        if self.safety_events and not self.run.plan.is_dry_run:
            self._record(self.safety_events)

    def read(self, source: Source) -> Readings:
        """Read what the snapshots are made of. Raises: the source's errors of the required queries."""
        bounds, zone = local_bounds(self.window, self.zone), self.zone
        buckets, every_s = bucket_count(bounds, self.every), int(self.every.total_seconds())
        output = self._ask(source, "output", bounds, bucket_s=every_s)
        units = self._readings(parsing.parse_output(output.rows, bucket_count=buckets))
        stops = self._readings(parsing.parse_downtime(self._ask(source, "downtime", bounds).rows, zone=zone))
        oee = self._ask_if_there(source, "oee", bounds)
        quality = self._ask_if_there(source, "quality", bounds)
        labor = self._ask_if_there(source, "labor", bounds)
        return Readings(
            output=None if output.is_truncated else units,
            downtime=stops,
            oee=self._readings(parsing.parse_oee(oee, zone=zone, scale=self.plant.oee_scale)),
            quality=self._readings(parsing.parse_quality(quality)),
            labor=self._readings(parsing.parse_labor(labor)),
        )

    def judge(self, readings: Readings) -> Judgement:
        """Return the snapshots that the readings amount to."""
        bounds = local_bounds(self.window, self.zone)
        newest = last_interval(self.window, self.every)
        is_on_grid = self.run.plan.slot is not None
        judgement = judge(
            self.model,
            readings,
            window=self.window,
            zone=self.zone,
            window_buckets=buckets_in(self.window, bounds, self.every, self.zone),
            slot_buckets=buckets_in(newest, bounds, self.every, self.zone) if is_on_grid else None,
        )
        self.run.progress.counts.update(judgement.counts)
        return judgement

    def commit(self, judgement: Judgement) -> RunReport:
        """Commit data and run in one transaction; a dry run shows them instead. Raises: FenceRefused."""
        status: FinalStatus = "partial" if self._is_partial() else "succeeded"
        if self.run.budget.is_slow():
            self.run.progress.warn("slow_run", f"the poll took longer than {self.pulse.warn_after_s} s")
        report = self.run.report(status)
        if self.run.plan.is_dry_run:
            return replace(report, preview=self._preview(judgement))
        with self.run.progress.timed("commit"):
            answer = self.store.commit_live_pulse(self.run.fence, self._commit(judgement, report))
        committed = report_of_commit(answer)
        return replace(committed, timings_ms={**committed.timings_ms, **self.run.progress.timings_ms})

    def _safety_look_back(self) -> Window:
        """Return the span whose safety events are read: the look-back, and further after an outage."""
        until = max(self.run.started_at.replace(microsecond=0), self.window.until)
        start = until - timedelta(hours=self.pulse.safety_look_back_hours)
        return Window(min(start, self.run.safety_until or start), until)

    def _ask(self, source: Source, name: str, bounds: LocalBounds, **more: object) -> Rows:
        """Return the answer to one question, and note what is doubtful about it."""
        parameters = {"from": bounds.start, "until": bounds.until, "limit": self.pulse.row_limit, **more}
        with self.run.progress.timed("read"):
            answer = source.read(self.queries[name], parameters)
        self.run.progress.counts[f"{name}_rows"] = len(answer.rows)
        if answer.is_truncated:
            self.is_incomplete = True
            self.run.progress.warn(
                "result_truncated", f"{name}.sql: only {self.pulse.row_limit} rows were read"
            )
        return answer

    def _ask_if_there(self, source: Source, name: str, bounds: LocalBounds) -> list[tuple[Any, ...]]:
        """Return the rows of a question that a plant may have no table for; none then, with a warning."""
        try:
            return self._ask(source, name, bounds).rows
        except (SourceTableMissing, SourceTableDenied) as error:
            self.is_incomplete = True
            self.run.progress.warn("optional_query_failed", str(error))
            return []

    def _readings(self, parsed: Parsed[Reading]) -> Sequence[Reading]:
        """Return the readings; what was malformed is counted, and the first of it kept aside."""
        counts = self.run.progress.counts
        counts["rejected"] = counts.get("rejected", 0) + parsed.rejected_count
        room = KEPT_REJECTS - len(self.rejected)
        self.rejected += [rejected.as_json() for rejected in parsed.rejected[:room]]
        return parsed.readings

    def _record(self, events: Sequence[SafetyEvent]) -> None:
        with self.run.progress.timed("safety"):
            answer = self.store.record_safety_events(self.run.fence, [event.as_json() for event in events])
        counts = self.run.progress.counts
        counts["safety_recorded"], counts["safety_updated"] = answer["recorded"], answer["updated"]
        for event in answer["new_events"]:
            log("WARNING", "safety event", plant=self.run.plan.plant, run_id=self.run.run_id, event=event)

    def _is_partial(self) -> bool:
        counts = self.run.progress.counts
        rows = sum(count for name, count in counts.items() if name.endswith("_rows"))
        return self.is_incomplete or counts["rejected"] > self.pulse.rejected_share_for_partial * rows

    def _commit(self, judgement: Judgement, report: RunReport) -> Json:
        """Return the argument of commit_live_pulse."""
        plan = self.run.plan
        slot = {
            "snapshot_timestamp": (plan.slot or plan.window_until).isoformat(),
            "window_start": plan.window_start.isoformat(),
            "is_catch_up": False,
            "is_time_ambiguous": is_time_ambiguous(self.window, self.zone),
            "snapshots": [snapshot.as_json() for snapshot in judgement.snapshots],
        }
        covered = plan.slot if judgement.snapshots else None
        return {
            "status": report.status,
            "snapshots_until": covered.isoformat() if covered else None,
            "safety_until": self.safety_until.isoformat() if self.safety_until else None,
            "slots": [slot] if judgement.snapshots else [],
            "unknown_assets": list(judgement.unknown_assets),
            "rejected_records": self.rejected,
            "report": report.as_json(),
        }

    def _preview(self, judgement: Judgement) -> Json:
        """Return what a dry run would have written: the first rows of it."""
        return {
            "snapshots": [snapshot.as_json() for snapshot in judgement.snapshots[:PREVIEWED]],
            "safety_events": [event.as_json() for event in self.safety_events[:PREVIEWED]],
            "rejected_records": self.rejected[:PREVIEWED],
            "unknown_assets": list(judgement.unknown_assets[:PREVIEWED]),
        }


def _covered(events: Sequence[SafetyEvent], look_back: Window) -> datetime | None:
    """Return how far a cut-off result reaches: rows come oldest first (safety.sql). None: nobody can tell."""
    known = [event.event_timestamp for event in events if event.is_time_known]
    return min(max(known), look_back.until) if known else None
