"""One poll of one plant, step by step: safety, the due slots, the commits.

`job` calls the steps in that order, and the order is the guarantee. Safety is read and recorded before
everything else, in its own call, so that no later failure can lose an incident. The present slot comes before
the past ones. Snapshots and the run's state are one transaction.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from plantpulse.alerts.judging import safety_severity
from plantpulse.late_dataclasses import dataclass, field, replace
from plantpulse.live_pulse.catch_up import (
    batches,
    commits,
    older_slots,
    parse_coverage,
    range_of,
    slots_a_commit,
)
from plantpulse.live_pulse.plant_card import plant_card
from plantpulse.live_pulse.preview import PREVIEWED, PREVIEWED_SLOTS, preview
from plantpulse.live_pulse.safety import SafetyEvent, parse_safety
from plantpulse.live_pulse.safety_codes import safety_codes
from plantpulse.live_pulse.seen import seen_in_slot
from plantpulse.live_pulse.slot_batch import SlotSnapshots
from plantpulse.live_pulse.slot_reader import SlotReader
from plantpulse.live_pulse.slot_times import SlotTimes
from plantpulse.live_pulse.spans import told_of_doubt, told_of_rest
from plantpulse.logs import log
from plantpulse.plant.local_time import local_bounds
from plantpulse.plant.oee import describe_rates
from plantpulse.plant.oee_scale import doubt_of_scale
from plantpulse.plant.plant_model import PlantModel
from plantpulse.plant.text import with_keys
from plantpulse.runs import FinalStatus, Json, Run, RunReport, readable, require_fence, span_of
from plantpulse.schedules.slots import Window
from plantpulse.settings import LivePulseSettings, PlantSettings, Settings
from plantpulse.source.answers import REGISTERED_NAMES, Answers, Source
from plantpulse.source.query_files import load_queries

EVENTS_A_CALL: Final = 5_000
RESERVED_S: Final = 15.0  # time to read and commit one more batch
SPAN_BATCH: Final = 8  # slots of a span, each with three more queries, that are read together


class Store(Protocol):
    """What a poll needs from Supabase."""

    def claim_run(self, claim: Mapping[str, Json]) -> dict[str, Json]: ...
    def record_safety_events(
        self, fence: str, events: Sequence[Mapping[str, Json]], alert_severity: str | None
    ) -> dict[str, Json]: ...
    def commit_live_pulse(self, fence: str, commit: Mapping[str, Json]) -> dict[str, Json]: ...
    def fail_run(self, fence: str, failure: Mapping[str, Json]) -> dict[str, Json]: ...
    def end_dry_run(self, fence: str) -> dict[str, Json]: ...


@dataclass(slots=True)
class Poll:
    """The state of one poll.

    `left`: older slots not written yet, newest first. `told`: ids of the safety events that are logged.
    `shown`: slots that a dry run has read so far. `safety_severity`: that of the alert of an incident.
    `card`: what pages must know of the plant.
    """

    run: Run
    plant: PlantSettings
    pulse: LivePulseSettings
    store: Store
    reader: SlotReader
    safety_severity: str | None = None
    card: Mapping[str, Json] | None = None
    left: Sequence[datetime] = ()
    safety_events: list[SafetyEvent] = field(default_factory=list)
    safety_until: datetime | None = None
    told: set[int] = field(default_factory=set)
    is_slot_read: bool = False
    shown: list[SlotSnapshots] = field(default_factory=list)

    @classmethod
    def of(cls, run: Run, settings: Settings, store: Store, model: PlantModel) -> "Poll":
        """Return the poll of a claimed run. Raises: ConfigurationError (query files)."""
        plant, pulse = settings.plants[run.plan.plant], settings.live_pulse_of(run.plan.plant)
        zone = ZoneInfo(plant.time_zone)
        answers = Answers(load_queries(plant.queries_dir), pulse.row_limit, run.progress, zone)
        with readable("how far earlier runs got"):
            coverage = parse_coverage(run.brought)
        times = SlotTimes(run.plan, plant, pulse, read_at=run.started_at)
        reader = SlotReader(times, answers, model, coverage)
        severity = safety_severity(settings.alerts_of(run.plan.plant))
        return cls(run, plant, pulse, store, reader, severity, plant_card(run.plan.plant, settings))

    @property
    def answers(self) -> Answers:
        """The record of SQL Server's answers."""
        return self.reader.answers

    def record_safety(self, source: Source) -> None:
        """Read the safety events of the look-back and record them at once, page by page if there are many."""
        look_back = self._safety_look_back()
        codes = safety_codes(
            self.answers, source, look_back, self.reader.times.zone, self.plant.safety_reason_codes
        )
        page = look_back
        while True:
            events, is_cut_off = self._read_safety(source, page, codes)
            self._record(events)
            if not is_cut_off:
                self.safety_until = look_back.until
                return
            self.safety_until = _covered(events, look_back)
            if self.safety_until is None or self.safety_until <= page.start:
                self.answers.is_incomplete = True
                self.run.progress.warn(
                    "safety_cut_off", "there are more safety events at one time than row_limit allows"
                )
                return
            page = Window(self.safety_until, look_back.until)

    def read_slots(self, source: Source) -> list[SlotSnapshots]:
        """Read the due slots and return those still to commit.

        If they do not fit into one commit, earlier batches are committed before, the present slot first.
        Slots that the run has no time for are left for the next run.
        """
        slot, self.left = self._due()
        assets, again = len(self.reader.model.assets), self.reader.looked_at_again(self.left)
        waiting, pending = deque(batches(slot, self.left, assets, again)), list[SlotSnapshots]()
        while waiting:
            if self.is_slot_read and self.run.budget.seconds_left_to_read() < RESERVED_S:
                break
            if pending:
                self._commit_part(pending)
                pending = []
            batch = waiting.popleft()
            read = self.reader.read(source, batch)
            if read is not None:
                pending = self._keep(batch, read)
            elif len(batch) > 1:
                waiting.extendleft([one] for one in reversed(batch))
            else:
                return []
        return pending

    def read_span(self, source: Source) -> list[SlotSnapshots]:
        """Read the slots that a person asks for, newest first, and return those still to commit.

        Slots that the run has no time for are left, and the report says where to continue.
        """
        self.left = self.run.plan.slots
        self.reader.evidence.is_kept_before(source, self.run.plan.require_window().start)
        size, total = min(SPAN_BATCH, slots_a_commit(len(self.reader.model.assets))), len(self.left)
        pending = list[SlotSnapshots]()
        while self.left and not (self.is_slot_read and self.run.budget.seconds_left_to_read() < RESERVED_S):
            self.run.progress.reach(total - len(self.left), "slots", total=total)
            read = self.reader.read(source, self.left[:size])
            if read is None and size == 1:
                break
            if read is None:
                size = 1
                continue
            self.is_slot_read, self.left = True, self.left[size:]
            *full, pending = commits([*pending, *read])
            for part in full:
                self._commit_part(part)
        return pending

    def commit(self, slots: Sequence[SlotSnapshots]) -> RunReport:
        """Commit data and run in one transaction; a dry run only shows them. Raises: FenceRefused."""
        progress = self.run.progress
        self._warn_of_figures()
        status: FinalStatus = "partial" if self._is_partial() else "succeeded"
        report = self.run.report(status)
        if self.run.plan.slots:
            report = replace(report, remaining=span_of(self.left))
        if self.run.plan.is_dry_run:
            read, unknown = [*self.shown, *slots], self.reader.unknown_assets
            return replace(report, preview=preview(read, self.safety_events, self.answers.rejected, unknown))
        with progress.timed("commit"):
            commit = self._commit(slots) | {"status": status, "report": report.as_json(), "plant": self.card}
            self._note_slot(slots)
            commit["alerts"] = self.run.alerts(report)
            answer = require_fence(self.store.commit_live_pulse(self.run.fence, commit))
        committed = RunReport.from_json(answer["report"])
        return replace(committed, timings_ms={**committed.timings_ms, **progress.timings_ms})

    def _due(self) -> tuple[datetime, Sequence[datetime]]:
        """Return the slot of this poll (or the instant of a manual one) and the older slots to write."""
        plan = self.run.plan
        if plan.slot is None:
            return plan.at, ()
        longest = timedelta(hours=self.pulse.catch_up_hours)
        older = older_slots(plan.slot, self.reader.coverage, every=self.reader.times.every, longest=longest)
        if older.given_up:
            self.answers.is_incomplete = True
            told = f"{older.given_up} slots were missed for longer than {self.pulse.catch_up_hours} h"
            self.run.progress.warn("slots_given_up", told)
        return plan.slot, older.slots

    def _keep(self, batch: Sequence[datetime], read: Sequence[SlotSnapshots]) -> list[SlotSnapshots]:
        """Return the slots of a batch still to commit, at most one commit; the others are committed here."""
        self.is_slot_read = True
        later, pending = {one.at for one in read}, list[SlotSnapshots]()
        for part in commits(read):
            if pending:
                self._commit_part(pending)
            pending = part
            later -= {one.at for one in part}
            self.left = [one for one in self.left if one not in batch or one in later]
        return pending

    def _commit_part(self, slots: Sequence[SlotSnapshots]) -> None:
        if self.run.plan.is_dry_run:
            self.shown += slots[: PREVIEWED_SLOTS - len(self.shown)]
            return
        with self.run.progress.timed("commit"):
            part = self._commit(slots) | {"is_final": False, "status": "partial"}
            part["alerts"] = self._alerts_of_slot(slots)
            answer = require_fence(self.store.commit_live_pulse(self.run.fence, part))
        for name, number in answer["snapshots"].items():
            self.run.progress.count(f"snapshots_{name}", number)
        self.answers.rejected = []

    def _alerts_of_slot(self, slots: Sequence[SlotSnapshots]) -> Sequence[Json]:
        """Return what the present slot changes of the alerts, if it is among the slots."""
        self._note_slot(slots)
        alerts = self.run.alerts(None) if self.run.progress.seen else ()
        self.run.progress.seen.clear()
        return alerts

    def _note_slot(self, slots: Sequence[SlotSnapshots]) -> None:
        """Note what rules look at, if the present slot is among the slots."""
        present = next((slot for slot in slots if slot.at == self.run.plan.slot), None)
        if present:
            unknown = sorted(self.reader.unknown_assets)
            self.run.progress.seen |= seen_in_slot(present, self.reader, unknown, self.run.brought)

    def _commit(self, slots: Sequence[SlotSnapshots]) -> dict[str, Json]:
        """Return what a part of a commit and the last commit have in common.

        A span that a person asks for moves no watermark of the slots: the next scheduled run begins where it
        would have begun.
        """
        self.reader.seals |= {slot.at: slot.seal for slot in slots if slot.seal}
        left = range_of(self.left) if self.is_slot_read and self.run.plan.slot else None
        covered = self.run.plan.slot if self.is_slot_read else None
        return {
            "snapshots_until": covered.isoformat() if covered else None,
            "catch_up_from": left.oldest.isoformat() if left else None,
            "catch_up_until": left.newest.isoformat() if left else None,
            "safety_until": self.safety_until.isoformat() if self.safety_until else None,
            "slot_seals": {at.isoformat(): seal for at, seal in self.reader.seals.items()} or None,
            "slots": [slot.as_json() for slot in slots if slot.snapshots],
            "unknown_assets": with_keys(sorted(self.reader.unknown_assets)[:REGISTERED_NAMES]),
            "rejected_records": self.answers.rejected,
        }

    def _is_partial(self) -> bool:
        """Say whether something is missing from this poll; the warnings say what."""
        progress, limit = self.run.progress, self.pulse.rejected_share_for_partial
        if self.run.plan.slots:
            self._warn_of_span()
        elif self.left and self.is_slot_read:
            progress.warn("catch_up_unfinished", f"{len(self.left)} missed slots are left for the next poll")
        share = self.answers.rejected_share()
        if share > limit:
            told = f"{progress.counts['rejected']} rows were malformed, more than {limit:.0%} of all"
            progress.warn("rows_rejected", told)
        return self.answers.is_incomplete or bool(self.left) or share > limit

    def _warn_of_figures(self) -> None:
        """Say what nobody would believe of the figures, though every row was right."""
        if doubt := doubt_of_scale(self.reader.oee_figures, self.plant.oee_scale):
            self.run.progress.warn("oee_scale_doubtful", doubt.message)
        if rates := self.reader.doubtful_rates:
            self.run.progress.warn("ideal_rate_too_low", describe_rates(rates))

    def _warn_of_span(self) -> None:
        """Warn of the slots of a span that were not filled, and say why."""
        if self.reader.doubtful:
            self.answers.is_incomplete = True
            self.run.progress.warn("source_has_no_rows", told_of_doubt(self.reader.doubtful))
        if self.left:
            self.run.progress.warn("span_unfinished", told_of_rest(self.left))

    def _safety_look_back(self) -> Window:
        """Return the span of safety events to read, including that of requested slots.

        It looks back from where earlier runs stopped, not from now: somebody may have typed a reason code
        after the last poll before an outage, for a stop hours before it.
        """
        until = max(self.run.started_at.replace(microsecond=0), self.run.plan.require_window().until)
        read_until = min(until, self.reader.coverage.safety_until or until)
        start = read_until - timedelta(hours=self.pulse.safety_look_back_hours)
        return Window(min(start, self.run.plan.require_window().start), until)

    def _read_safety(
        self, source: Source, page: Window, codes: str | None
    ) -> tuple[Sequence[SafetyEvent], bool]:
        """Return the safety events of a page, oldest first, and whether there are more."""
        if codes is None:
            self.run.progress.count("safety_rows", 0)
            return (), False
        bounds, zone = local_bounds(page, self.reader.times.zone), self.reader.times.zone
        found = self.answers.ask(source, "safety", bounds, reason_codes=codes, is_paged=True)
        severities = self.plant.safety_reason_codes
        parsed = parse_safety(found.rows, zone=zone, severities=severities, polled_at=page.until)
        return self.answers.keep(parsed), found.is_truncated

    def _record(self, events: Sequence[SafetyEvent]) -> None:
        self.safety_events.extend(events[:PREVIEWED])
        if self.run.plan.is_dry_run:
            return
        for start in range(0, len(events), EVENTS_A_CALL):
            self._record_call(events[start : start + EVENTS_A_CALL])

    def _record_call(self, events: Sequence[SafetyEvent]) -> None:
        with self.run.progress.timed("safety"):
            answer = self.store.record_safety_events(
                self.run.fence, [event.as_json() for event in events], self.safety_severity
            )
        if answer.get("alerts_opened") and self.safety_severity == "critical":
            self.run.progress.is_urgent = True
        # Pages overlap, and a call is repeated if its reply was lost: the same event may come twice.
        news = [event for event in answer["new_events"] if event["safety_event_id"] not in self.told]
        self.told.update(event["safety_event_id"] for event in news)
        self.run.progress.count("safety_recorded", len(news))
        self.run.progress.count("safety_updated", answer["updated"])
        for event in news:
            log("WARNING", "safety event", plant=self.run.plan.plant, run_id=self.run.run_id, event=event)


def _covered(events: Sequence[SafetyEvent], look_back: Window) -> datetime | None:
    """Return how far a cut-off result reaches, as rows come oldest first (safety.sql). None: unknown."""
    known = [event.event_timestamp for event in events if event.is_time_known]
    return min(max(known), look_back.until) if known else None
