"""Publishers that answer what a test says, and a store that keeps what it is given."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from plantpulse.runs import Budget, Progress, Run, RunPlan
from plantpulse.schedules.pipelines import NO_PLANT
from plantpulse.series.points import Block, Series
from plantpulse.series.publisher import Ask, Reply, Source
from plantpulse.settings import SeriesSettings, Settings
from plantpulse.settings.validation import validated

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
Answer = Callable[[Ask], Iterator[Reply]]


def settings_of(**tree: Any) -> Settings:
    return validated(Settings, {"plants": {}, "series": {}, **tree})


def load_of(subject: str, *values: str, start: datetime = NOW) -> Block:
    series = Series("load", subject, None, "entsoe", "MW", "Europe/Berlin", f"{subject}/load")
    return Block(series, start, 15, tuple(Decimal(value) for value in values))


def reply_to(ask: Ask, *blocks: Block) -> Reply:
    return Reply(ask, blocks, (), NOW, api_ms=120, processing_ms=8, requests=1, size=2048)


@dataclass
class Publisher:
    """A publisher. `asked` is what it was asked, in order."""

    name: str
    answer: Answer
    asked: list[Ask] = field(default_factory=list)

    def collect(self, ask: Ask) -> Iterator[Reply]:
        self.asked.append(ask)
        yield from self.answer(ask)


@dataclass
class Kept:
    """A store that keeps its calls and answers like Supabase."""

    calls: list[tuple[str, Any]] = field(default_factory=list)
    gaps: list[list[dict[str, Any]]] = field(default_factory=list)
    tried: list[dict[str, Any]] = field(default_factory=list)
    blocks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    reports: list[Mapping[str, Any]] = field(default_factory=list)

    def commit_series(self, fence: str, commit: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append(("commit", commit))
        points = sum(len(block["values"]) for batch in commit["batches"] for block in batch["blocks"])
        report = (commit["completion"] or {}).get("report")
        return {"answer": "committed", "points": {"read": points, "new": points}, "report": report}

    def watch_series_gaps(self, fence: str, looks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        self.calls.append(("look", looks))
        return {
            "answer": "committed",
            "opened": 0,
            "filled": 0,
            "gaps": self.gaps.pop(0),
            "tried": self.tried,
        }

    def series_as_known(self, key: str, start: datetime, until: datetime) -> dict[str, Any]:
        return {"blocks": self.blocks.get(key, [])}

    def series_first_known(self, key: str, start: datetime, until: datetime) -> dict[str, Any]:
        points = [point for block in self.blocks.get(key, []) for point in starts_of(block)]
        known = [at.timestamp() + 3600 for at in points]
        return {
            "created_at": "2020-01-01T00:00:00+00:00",
            "at": [int(at.timestamp()) for at in points],
            "known_at": known,
        }

    def series_report_input(self, since: date) -> dict[str, Any]:
        return {"quality": [], "gaps": []}

    def collection_rates(self, start: datetime, until: datetime, *, by: Sequence[str]) -> dict[str, Any]:
        return {"rates": []}

    def keep_series_reports(self, fence: str, reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        self.reports += reports
        return {"answer": "kept"}

    def collection_history(self, asks: Sequence[Mapping[str, Any]], at: datetime) -> dict[str, Any]:
        self.calls.append(("history", asks))
        weeks = [at - timedelta(weeks=week) for week in range(8, 0, -1)]
        past = {
            "started_at": [one.isoformat() for one in weeks],
            "points_read": [96] * 8,
            "api_ms": [120] * 8,
        }
        return {"history": [{**ask, **past} for ask in asks]}

    def claim_run(self, claim: Mapping[str, Any]) -> dict[str, Any]:
        raise AssertionError("a run is claimed by the service")

    def fail_run(self, fence: str, failure: Mapping[str, Any]) -> dict[str, Any]:
        raise AssertionError("a run is failed by the service")

    def end_dry_run(self, fence: str) -> dict[str, Any]:
        raise AssertionError("a dry run is ended by the service")

    @property
    def commits(self) -> list[Mapping[str, Any]]:
        """What was committed, in order."""
        return [call for name, call in self.calls if name == "commit"]


def starts_of(block: Mapping[str, Any]) -> list[datetime]:
    """Return the starts of a block's intervals."""
    start = datetime.fromisoformat(block["start"])
    return [start + timedelta(minutes=block["minutes"] * number) for number in range(len(block["values"]))]


def opening(*publishers: Source) -> Callable[..., AbstractContextManager[Mapping[str, Source]]]:
    """Return what opens these publishers."""

    def open_sources(
        _settings: SeriesSettings, /, **_more: object
    ) -> AbstractContextManager[Mapping[str, Source]]:
        return nullcontext({one.name: one for one in publishers})

    return open_sources


def run_of(
    pipeline: str,
    *,
    asks: Mapping[str, Any] | None = None,
    brought: Sequence[Mapping[str, Any]] = (),
    monotonic: Callable[[], float] = time.monotonic,
    is_dry_run: bool = False,
) -> Run:
    """Return a claimed run; `brought` are the series that are stored."""
    asks = asks or {"collect": {"mode": "incremental", "subject": None, "kind": None}}
    plan = RunPlan(pipeline, NO_PLANT, "schedule", NOW, NOW, lease_s=60, asks=asks, is_dry_run=is_dry_run)
    return Run(
        plan,
        fence="f",
        run_id=None if is_dry_run else 7,
        attempt=1,
        started_at=NOW,
        budget=Budget.start(300, 300, monotonic),
        progress=Progress(),
        brought={"series": list(brought)},
    )


def stored(key: str, until: datetime, **more: Any) -> dict[str, Any]:
    """Return a series as the claim brings it."""
    subject, kind, *part = key.split("/")
    return {
        "key": key,
        "kind": kind,
        "subject": subject,
        "part": part[0] if part else None,
        "source": "entsoe",
        "group": key,
        "time_zone": "Europe/Berlin",
        "minutes": 15,
        "first_at": (until - timedelta(days=60)).isoformat(),
        "until": until.isoformat(),
    } | more
