"""How large batches are, in which order tables are cleared, and when a cleanup stops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from plantpulse.cleanup import Cleanup, Pace
from plantpulse.entry.invocations import Invocation
from plantpulse.errors import ConfigurationError, InvalidRequest, StatementTimedOut, StoreUnavailable
from plantpulse.runs import Budget, Progress, Run, RunReport
from plantpulse.settings import CleanupSettings, PlantSettings, Settings
from plantpulse.settings.validation import validated

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SETTINGS = Settings(plants={"north": PlantSettings(time_zone="UTC"), "south": PlantSettings(time_zone="UTC")})
SNAPSHOTS, REJECTED, MAILS, RUNS = "live_snapshots", "rejected_records", "report_mails", "pipeline_runs"
ALERTS, SILENCES = "alerts", "silences"
SAMPLES, OF_TAGS = "tag_samples", ["tag_minutes", "tag_commands", "tag_triggers"]
OF_SERIES = ["collections", "failed_batches", "gaps", "series_readings"]


@pytest.mark.parametrize(
    ("rows", "took_s", "following"),
    [
        (5_000, 0.1, 10_000),
        (40_000, 0.1, 50_000),
        (50_000, 0.1, 50_000),
        (5_000, 0.5, 5_000),
        (5_000, 1.0, 5_000),
        (5_000, 1.1, 2_500),
        (150, 3.0, 100),
        (100, 3.0, 100),
    ],
)
def test_a_fast_batch_is_followed_by_a_larger_one_and_a_slow_one_by_a_smaller_one(
    rows: int, took_s: float, following: int
) -> None:
    assert Pace().after(rows, took_s) == following


@dataclass
class Table:
    """Rows that have expired, and how long a batch of so many takes."""

    rows: int
    seconds_a_row: float = 0.0
    seconds_a_batch: float = 0.0


@dataclass
class MemoryStore:
    """Removes rows from its tables; a statement that is too large or takes four seconds times out."""

    tables: dict[str, Table] = field(default_factory=dict)
    largest_batch: int = 1_000_000
    now_s: float = 0.0
    asked: list[tuple[str, int]] = field(default_factory=list)
    batches: list[Mapping[str, Any]] = field(default_factory=list)
    completions: list[Mapping[str, Any]] = field(default_factory=list)

    def claim_run(self, claim: Mapping[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def fail_run(self, fence: str, failure: Mapping[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def end_dry_run(self, fence: str) -> dict[str, Any]:
        raise NotImplementedError

    def remove_expired(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        self.batches.append(batch)
        self.asked.append((batch["table"], batch["limit"]))
        table = self.tables.get(batch["table"], Table(0))
        looked_at = min(table.rows, batch["limit"])
        took_s = table.seconds_a_batch + looked_at * table.seconds_a_row
        self.now_s += min(took_s, 4.0)
        if took_s > 4 or looked_at > self.largest_batch:
            raise StatementTimedOut("canceling statement due to statement timeout")
        table.rows -= looked_at
        resume_after = {"at": "then", "id": table.rows} if looked_at == batch["limit"] else None
        removed = 0 if batch["is_dry_run"] else looked_at
        return {"expired": looked_at, "removed": removed, "resume_after": resume_after}

    def complete_run(self, fence: str, completion: Mapping[str, Any]) -> dict[str, Any]:
        self.completions.append(completion)
        return {"answer": "committed", "report": completion["report"]}


def clean_up(store: MemoryStore, pace: Pace | None = None, **parameters: Any) -> RunReport:
    pipeline = Cleanup(pace or Pace())
    plan = pipeline.plan(Invocation(parameters), SETTINGS, NOON)
    budget = Budget.start(120, 120, monotonic=lambda: store.now_s)
    return pipeline.work(Run(plan, "f", 7, 1, NOON, budget, Progress()), SETTINGS, store)


def sizes(store: MemoryStore, table: str) -> Sequence[int]:
    return [limit for name, limit in store.asked if name == table]


def test_nothing_to_do_is_one_look_at_each_table() -> None:
    store = MemoryStore()

    report = clean_up(store)

    assert (report.outcome, report.finished) == ("succeeded", True)
    assert [name for name, _ in store.asked] == [
        SNAPSHOTS, SAMPLES, REJECTED, MAILS, ALERTS, SILENCES, *OF_SERIES, *OF_TAGS, RUNS,
    ]  # fmt: skip
    assert report.counts == {
        "batches": 14,
        "live_snapshots_removed": 0,
        "tag_samples_removed": 0,
        "rejected_records_removed": 0,
        "report_mails_removed": 0,
        "alerts_removed": 0,
        "silences_removed": 0,
        "collections_removed": 0,
        "failed_batches_removed": 0,
        "gaps_removed": 0,
        "series_readings_removed": 0,
        "tag_minutes_removed": 0,
        "tag_commands_removed": 0,
        "tag_triggers_removed": 0,
        "pipeline_runs_removed": 0,
    }
    assert [batch["keep_hours"] for batch in store.batches] == [
        24, 24, 720, 2160, 9600, 9600, 9600, 9600, 9600, 720, 8760, 720, 720, 2160,
    ]  # fmt: skip


def test_summaries_are_removed_only_if_the_settings_say_after_how_long() -> None:
    kept_for_a_year = validated(CleanupSettings, {"daily_summary_retention_days": 365}).keep_hours()

    assert "daily_summaries" not in CleanupSettings().keep_hours()
    assert kept_for_a_year["daily_summaries"] == 8760
    assert list(kept_for_a_year)[-1] == "pipeline_runs"


def test_values_and_quality_of_series_are_removed_only_if_the_settings_say_after_how_long() -> None:
    named = {"series_retention_days": 3650, "series_quality_retention_days": 400}
    kept_for_years = validated(CleanupSettings, named).keep_hours()

    optional = ("series_points", "series_revisions", "series_flags", "series_quality", "series_reports")
    assert not set(optional) & CleanupSettings().keep_hours().keys()
    assert [kept_for_years[table] for table in optional] == [87600, 87600, 9600, 9600, 9600]
    assert list(kept_for_years)[-1] == "pipeline_runs"


def test_batches_grow_while_they_are_fast_up_to_the_most() -> None:
    store = MemoryStore({SNAPSHOTS: Table(200_000)})

    report = clean_up(store)

    assert sizes(store, SNAPSHOTS) == [5_000, 10_000, 20_000, 40_000, 50_000, 50_000, 50_000]
    assert (report.counts["live_snapshots_removed"], report.finished) == (200_000, True)


def test_the_longest_batch_is_told() -> None:
    store = MemoryStore({SNAPSHOTS: Table(200_000, seconds_a_row=0.00001), RUNS: Table(4, seconds_a_row=0.1)})

    report = clean_up(store)

    assert report.timings_ms["longest_batch"] == 500


def test_the_next_batch_begins_where_the_last_one_ended() -> None:
    store = MemoryStore({SNAPSHOTS: Table(12_000)})

    clean_up(store)

    asked = [batch["resume_after"] for batch in store.batches if batch["table"] == SNAPSHOTS]
    assert asked == [None, {"at": "then", "id": 7_000}]


def test_a_batch_that_times_out_is_halved_and_begins_at_the_same_place() -> None:
    store = MemoryStore({SNAPSHOTS: Table(9_000, seconds_a_row=0.0005)})

    report = clean_up(store, Pace(first=20_000))

    assert sizes(store, SNAPSHOTS) == [20_000, 10_000, 5_000, 2_500, 1_250, 1_250]
    asked = [batch["resume_after"] for batch in store.batches if batch["table"] == SNAPSHOTS]
    assert asked[:4] == [None, None, None, {"at": "then", "id": 4_000}]
    assert (report.counts["batches_timed_out"], report.counts["live_snapshots_removed"]) == (2, 9_000)
    assert (report.outcome, report.finished) == ("succeeded", True)


def test_batches_never_grow_back_to_what_timed_out() -> None:
    store = MemoryStore({SNAPSHOTS: Table(60_000)}, largest_batch=9_000)

    report = clean_up(store)

    assert sizes(store, SNAPSHOTS) == [5_000, 10_000, *(5_000,) * 12]
    assert report.counts["batches_timed_out"] == 1


def test_a_smallest_batch_that_times_out_is_an_error_that_may_pass() -> None:
    store = MemoryStore({SNAPSHOTS: Table(1_000, seconds_a_batch=5.0)})

    with pytest.raises(StatementTimedOut) as raised:
        clean_up(store, Pace(first=400))

    assert sizes(store, SNAPSHOTS) == [400, 200, 100]
    assert isinstance(raised.value, StoreUnavailable)
    assert store.completions == []


def test_out_of_time_it_says_so_and_is_no_failure() -> None:
    store = MemoryStore({SNAPSHOTS: Table(10_000_000, seconds_a_row=0.0001), RUNS: Table(30)})

    report = clean_up(store)

    assert (report.outcome, report.finished) == ("partial", False)
    assert report.error is None
    assert [warning["code"] for warning in report.warnings] == ["cleanup_unfinished"]
    assert report.warnings[0]["message"] == "expired rows are left for the next run in live_snapshots"
    assert report.counts["pipeline_runs_removed"] == 30
    assert 100 < store.now_s < 110
    assert [completion["status"] for completion in store.completions] == ["partial"]
    assert report.as_json()["finished"] is False


def test_tables_take_turns_so_that_none_waits_for_a_larger_one() -> None:
    store = MemoryStore({SNAPSHOTS: Table(100), RUNS: Table(50)})

    clean_up(store, Pace(first=20, most=20))

    assert [name for name, _ in store.asked] == [
        SNAPSHOTS,
        SAMPLES,
        REJECTED,
        MAILS,
        ALERTS,
        SILENCES,
        *OF_SERIES,
        *OF_TAGS,
        RUNS,
        *(SNAPSHOTS, RUNS) * 2,
        *(SNAPSHOTS,) * 3,
    ]


def test_a_dry_run_counts_what_has_expired_and_ends_no_run() -> None:
    store = MemoryStore({SNAPSHOTS: Table(7_000), RUNS: Table(3)})

    report = clean_up(store, dry_run=True)

    assert {batch["is_dry_run"] for batch in store.batches} == {True}
    assert report.counts == {
        "batches": 15,
        "live_snapshots_expired": 7_000,
        "tag_samples_expired": 0,
        "rejected_records_expired": 0,
        "report_mails_expired": 0,
        "alerts_expired": 0,
        "silences_expired": 0,
        "collections_expired": 0,
        "failed_batches_expired": 0,
        "gaps_expired": 0,
        "series_readings_expired": 0,
        "tag_minutes_expired": 0,
        "tag_commands_expired": 0,
        "tag_triggers_expired": 0,
        "pipeline_runs_expired": 3,
    }
    assert (report.status, report.finished, store.completions) == (None, True, [])


def plan_of(scheduled_time: str | None, **parameters: Any) -> tuple[str, datetime | None]:
    plan = Cleanup().plan(Invocation(parameters, scheduled_time=scheduled_time), SETTINGS, NOON)
    return plan.trigger, plan.slot


@pytest.mark.parametrize(
    ("scheduled_time", "trigger", "hour"),
    [
        ("2026-01-01T12:00:00Z", "schedule", 12),
        ("2026-01-01T03:00:00Z", "schedule", 3),  # late, and as good as any
        ("2026-01-01T13:00:00Z", "manual", None),  # a run to come must not be taken away
        ("2025-12-31T11:00:00Z", "manual", None),
        ("2026-01-01T11:30:00Z", "manual", None),
        ("soon", "manual", None),
        (None, "manual", None),
    ],
)
def test_a_slot_is_an_hour_of_the_last_day(
    scheduled_time: str | None, trigger: str, hour: int | None
) -> None:
    slot = datetime(2026, 1, 1, hour, tzinfo=UTC) if hour else None

    assert plan_of(scheduled_time) == (trigger, slot)


def test_a_dry_run_takes_no_slot() -> None:
    assert plan_of("2026-01-01T12:00:00Z", dry_run=True) == ("manual", None)


def test_a_run_is_for_all_plants_and_has_no_window() -> None:
    plan = Cleanup().plan(Invocation({}, idempotency_key="k"), SETTINGS, NOON)

    assert (plan.plant, plan.window, plan.lease_s, plan.idempotency_key) == ("(all plants)", None, 150, "k")


@pytest.mark.parametrize(
    ("parameters", "place"), [({"plant": "north"}, "plant"), ({"dry_run": "yes"}, "dry_run")]
)
def test_what_a_cleanup_does_not_know_is_refused(parameters: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        plan_of(None, **parameters)

    assert raised.value.field == place


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"every_minutes": 7}, "every_minutes must divide a day"),
        ({"snapshot_retention_hours": 0}, "snapshot_retention_hours: must be a whole number from 1 to 87600"),
        ({"run_retention_days": 7}, "run_retention_days: must be a whole number from 8 to 3650"),
        (
            {"rejected_record_retention_days": 0},
            "rejected_record_retention_days: must be a whole number from 1",
        ),
        (
            {"daily_summary_retention_days": 34},
            "daily_summary_retention_days: must be a whole number from 35 to 3650",
        ),
        ({"timeout_s": 10}, "timeout_s: must be a whole number from 30 to 900"),
    ],
)
def test_a_retention_that_would_take_away_what_is_needed_is_refused(
    change: dict[str, int], told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        validated(CleanupSettings, change)
