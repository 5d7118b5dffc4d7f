"""The run protocol in Python: what a plan claims, and how a run without data of its own ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from plantpulse.errors import FenceRefused, InternalError
from plantpulse.runs import Budget, Progress, Run, RunPlan, complete, report_of_plan
from plantpulse.schedules.slots import Window

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
HALF_PAST = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)


@dataclass
class Ender:
    """Answers as it is told and remembers what it was sent."""

    answer: dict[str, Any]
    sent: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def complete_run(self, fence: str, completion: Mapping[str, Any]) -> dict[str, Any]:
        self.sent.append((fence, completion))
        return self.answer


def plan(**changes: Any) -> RunPlan:
    values = {"pipeline": "sweep", "plant": "north", "trigger": "schedule", "slot": NOON, "at": NOON}
    return RunPlan(**{**values, "lease_s": 90, **changes})


def run(**changes: Any) -> Run:
    progress = Progress(counts={"swept": 2})
    return Run(plan(**changes), "f", 7, 1, NOON, Budget.start(60, 45), progress)


def test_a_plan_without_a_window_claims_none() -> None:
    claim = plan().as_claim("f")

    assert (claim["window_start"], claim["window_until"]) == (None, None)
    assert report_of_plan(plan(), outcome="busy").as_json()["window"] is None
    with pytest.raises(InternalError, match="a run of sweep has no window"):
        plan().require_window()


def test_a_plan_claims_its_window() -> None:
    planned = plan(window=Window(NOON, HALF_PAST))

    claim = planned.as_claim("f")

    assert claim["window_start"] == "2026-01-01T12:00:00+00:00"
    assert claim["window_until"] == "2026-01-01T12:30:00+00:00"
    assert report_of_plan(planned, outcome="busy").as_json()["window"] == {
        "start": "2026-01-01T12:00:00+00:00",
        "until": "2026-01-01T12:30:00+00:00",
    }


def test_a_completed_run_reports_what_was_recorded() -> None:
    stored = {
        "pipeline": "sweep",
        "plant": "north",
        "trigger": "schedule",
        "outcome": "partial",
        "attempt": 4,
    }
    store = Ender({"answer": "committed", "report": stored})

    report = complete(run(), "partial", store)

    assert (report.outcome, report.attempt) == ("partial", 4)
    [(fence, completion)] = store.sent
    assert (fence, completion["status"]) == ("f", "partial")
    assert completion["report"]["counts"] == {"swept": 2}


def test_a_run_that_was_taken_over_is_not_completed() -> None:
    with pytest.raises(FenceRefused):
        complete(run(), "succeeded", Ender({"answer": "fenced", "report": None}))


def test_a_dry_run_is_completed_without_a_call() -> None:
    store = Ender({"answer": "committed", "report": {}})

    report = complete(run(is_dry_run=True), "succeeded", store)

    assert store.sent == []
    assert (report.outcome, report.status, report.counts) == ("succeeded", None, {"swept": 2})
