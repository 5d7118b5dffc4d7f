"""One morning report of one plant, step by step: which days, reading them, the commits.

The newest day comes first, so that the present never waits for the past. Days and the run's state are one
transaction; earlier commits happen only if there are too many summaries for one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from plantpulse.errors import TransientError
from plantpulse.morning_report.day import (
    ProductionDay,
    days_between,
    days_due,
    is_edge_shown_twice,
    last_ended,
    production_day,
)
from plantpulse.morning_report.day_reader import DayReader
from plantpulse.morning_report.stops import ReasonMinutes
from plantpulse.morning_report.summaries import DayReadings, Summary, summarise
from plantpulse.morning_report.wording import word
from plantpulse.plant.oee import describe_rates, is_rate_doubtful
from plantpulse.plant.plant_model import CostRates, parse_cost_rates, parse_plant_model
from plantpulse.plant.text import normalise_key, with_keys
from plantpulse.runs import FinalStatus, Json, Run, RunReport, readable, require_fence
from plantpulse.settings import MorningReportSettings, PlantSettings
from plantpulse.source.answers import REGISTERED_NAMES, Answers, Source
from plantpulse.source.query_files import load_queries

PREVIEWED: Final = 20
SUMMARIES_A_COMMIT: Final = 10_000
RESERVED_S: Final = 10.0  # time to read one more day


class Store(Protocol):
    """What a morning report needs from Supabase."""

    def claim_run(self, claim: Mapping[str, Json]) -> dict[str, Json]: ...
    def commit_morning_report(self, fence: str, commit: Mapping[str, Json]) -> dict[str, Json]: ...
    def fail_run(self, fence: str, failure: Mapping[str, Json]) -> dict[str, Json]: ...
    def end_dry_run(self, fence: str) -> dict[str, Json]: ...


@dataclass(slots=True)
class MorningRun:
    """The state of one report.

    `planned_assets`: ids of assets that ever had a shift target. `left`: dates still to read, newest first.
    `doubtful_rates`: the highest performance of assets that performed better than their ideal rates allow, by
    name.
    """

    run: Run
    report: MorningReportSettings
    store: Store
    reader: DayReader
    rates: Mapping[int, CostRates]
    names: Mapping[str, str]
    reported: frozenset[date]
    planned_assets: frozenset[int]
    planned_reasons: frozenset[str]
    left: Sequence[date] = ()
    preview: list[Json] = field(default_factory=list)
    doubtful_rates: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, run: Run, plant: PlantSettings, report: MorningReportSettings, store: Store) -> "MorningRun":
        """Return the report of a claimed run. Raises: ConfigurationError (query files, plant model)."""
        zone = ZoneInfo(plant.time_zone)
        answers = Answers(load_queries(plant.queries_dir), report.row_limit, run.progress, zone)
        model = parse_plant_model(run.brought.get("plant_model", {}).get("parts", {}))
        with readable("the dates of earlier reports"):
            reported = frozenset(date.fromisoformat(one) for one in run.brought.get("report_dates", ()))
        return cls(
            run=run,
            report=report,
            store=store,
            reader=DayReader(answers, model, zone),
            rates=parse_cost_rates(run.brought.get("cost_centers")),
            planned_reasons=frozenset(map(normalise_key, plant.planned_reason_codes)),
            names=run.brought.get("asset_names", {}),
            reported=reported,
            planned_assets=frozenset(run.brought.get("planned_assets", ())),
        )

    @property
    def answers(self) -> Answers:
        """The record of SQL Server's answers."""
        return self.reader.answers

    def read_days(self, source: Source) -> list[dict[str, Json]]:
        """Read the due days and return those still to commit.

        Days are left for the next morning if the run has no time for them or the source stops answering.
        """
        self.left = self._due()
        total = len(self.left)
        pending: list[dict[str, Json]] = []
        is_any_read = False
        while self.left and (not is_any_read or self.run.budget.seconds_left_to_read() > RESERVED_S):
            self.run.progress.reach(total - len(self.left), "days", total=total)
            try:
                day = self._read_day(source, self.left[0])
            except TransientError:
                if not is_any_read:
                    raise
                break
            is_any_read, self.left = True, self.left[1:]
            if day and pending and _size(pending) + _size([day]) > SUMMARIES_A_COMMIT:
                self._commit_part(pending)
                pending = []
            pending += [day] if day else []
        return pending

    def commit(self, days: Sequence[Mapping[str, Json]]) -> RunReport:
        """Commit days and run in one transaction; a dry run only shows them. Raises: FenceRefused."""
        progress = self.run.progress
        progress.count("assets_unknown", len(self.reader.unknown_assets))
        if self.doubtful_rates:
            progress.warn("ideal_rate_too_low", describe_rates(self.doubtful_rates))
        status: FinalStatus = "partial" if self._is_partial() else "succeeded"
        if self.run.plan.is_dry_run:
            return replace(self.run.report(status), preview=self._preview(days))
        with progress.timed("commit"):
            end = {
                "status": status,
                "days": days,
                "unknown_assets": with_keys(self._names_to_register()),
                "rejected_records": self.answers.rejected,
                "report": (report := self.run.report(status)).as_json(),
                "alerts": self.run.alerts(report),
            }
            answer = require_fence(self.store.commit_morning_report(self.run.fence, end))
        committed = RunReport.from_json(answer["report"])
        return replace(committed, timings_ms={**committed.timings_ms, **progress.timings_ms})

    def _due(self) -> Sequence[date]:
        """Return the dates to report: the requested ones, else those of the morning."""
        window, starts_at = self.run.plan.require_window(), self._starts_at
        newest = self._newest
        if self.run.plan.slot is None:
            first = last_ended(window.start, starts_at, self.reader.zone)
            return [newest, *days_between(first, newest)][:-1]
        due = days_due(
            newest, self.reported, look_back=self.report.look_back_days, catch_up=self.report.catch_up_days
        )
        if due.given_up:
            self.answers.is_incomplete = True
            told = f"{due.given_up} days were missed for longer than {self.report.catch_up_days} days"
            self.run.progress.warn("days_given_up", told)
        return due.dates

    @property
    def _newest(self) -> date:
        return last_ended(self.run.plan.require_window().until, self._starts_at, self.reader.zone)

    @property
    def _starts_at(self) -> time:
        return time.fromisoformat(self.report.day_starts_at)

    def _read_day(self, source: Source, at: date) -> dict[str, Json] | None:
        """Return a day for the commit; None if it cannot be reported."""
        day = production_day(at, self._starts_at, self.reader.zone)
        readings = self.reader.read(source, day, is_new=at not in self.reported)
        if readings is None:
            self.run.progress.warn(
                "day_not_reported", f"{at}: not all rows were read, so nothing was written"
            )
            return None
        if is_edge_shown_twice(day, self.reader.zone):
            told = (
                f"{at} begins or ends in an hour that the clock shows twice; its rows may count on both days"
            )
            self.run.progress.warn("day_edge_ambiguous", told)
        with self.run.progress.timed("evaluate"):
            return self._judge(day, readings)

    def _judge(self, day: ProductionDay, readings: DayReadings) -> dict[str, Json]:
        progress = self.run.progress
        model, zone = self.reader.model, self.reader.zone
        found = summarise(
            model,
            self.rates,
            readings,
            day,
            zone,
            planned_assets=self.planned_assets,
            planned_reasons=self.planned_reasons,
        )
        progress.count("days_reported", 1)
        if found.data == "missing":
            self.answers.is_incomplete = True
            progress.count("days_without_data", 1)
            progress.warn("no_data", f"{day.date}: no output, downtime or quality came from the plant")
        if found.data == "closed":
            progress.count("days_closed", 1)
        rows = [self._row(summary, day.date) for summary in found.summaries]
        told = {"report_date": day.date.isoformat(), "summaries": rows}
        is_mailed = self.run.plan.slot is not None and day.date == self._newest and found.data != "closed"
        return told | {"mail_to": list(self.report.send_to)} if is_mailed and self.report.send_to else told

    def _row(self, summary: Summary, day: date) -> dict[str, Any]:
        name = self.names.get(str(summary.asset_id), f"Asset {summary.asset_id}")
        closed_for = self.reader.model.closed_days.reason(summary.asset_id, day)
        if is_rate_doubtful(summary.performance):
            self.doubtful_rates[name] = max(summary.performance, self.doubtful_rates.get(name, 0.0))
        return {
            **summary._asdict(),
            "downtime_reasons": [self._reason(one) for one in summary.downtime_reasons],
            "shifts": [shift._asdict() for shift in summary.shifts],
            "top_downtime_reason": summary.top_downtime_reason,
            "summary_text": word(summary, name, day, closed_for=closed_for),
        }

    def _reason(self, one: ReasonMinutes) -> dict[str, Any]:
        return one._asdict() | ({"is_planned": True} if one.is_one_of(self.planned_reasons) else {})

    def _commit_part(self, days: Sequence[Mapping[str, Json]]) -> None:
        if self.run.plan.is_dry_run:
            self.preview += days
            return
        with self.run.progress.timed("commit"):
            part = {"status": "partial", "is_final": False, "days": days}
            answer = require_fence(self.store.commit_morning_report(self.run.fence, part))
        for name, number in answer["summaries"].items():
            self.run.progress.count(f"summaries_{name}", number)

    def _is_partial(self) -> bool:
        """Say whether something is missing from this report; the warnings say what."""
        progress, limit = self.run.progress, self.report.rejected_share_for_partial
        if self.left:
            told = f"{len(self.left)} days, from {self.left[-1]} to {self.left[0]}, were not read in time"
            progress.warn("days_left", told)
        share = self.answers.rejected_share()
        if share > limit:
            told = f"{progress.counts['rejected']} rows were malformed, more than {limit:.0%} of all"
            progress.warn("rows_rejected", told)
        return self.answers.is_incomplete or bool(self.left) or share > limit

    def _names_to_register(self) -> list[str]:
        return sorted(self.reader.unknown_assets.values())[:REGISTERED_NAMES]

    def _preview(self, days: Sequence[Mapping[str, Json]]) -> Json:
        """Return the first rows that a dry run would write."""
        rows = [
            {"report_date": day["report_date"], **row}
            for day in (*self.preview, *days)
            for row in day["summaries"]
        ]
        return {
            "summaries": rows[:PREVIEWED],
            "rejected_records": self.answers.rejected[:PREVIEWED],
            "unknown_assets": self._names_to_register()[:PREVIEWED],
        }


def _size(days: Sequence[Mapping[str, Json]]) -> int:
    return sum(len(day["summaries"]) for day in days)
