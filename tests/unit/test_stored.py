"""Documents of Supabase's with the right keys and values of another kind: an error that names the part."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from plantpulse import database
from plantpulse.entry.guard import guarded
from plantpulse.errors import StoreRefused
from plantpulse.live_pulse.catch_up import parse_coverage
from plantpulse.runs import Budget, Progress, RunPlan, RunReport, answer_without_work, begin, readable
from tests.answering import answering, as_json

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
PLAN = RunPlan("sweep", "north", "schedule", slot=NOON, at=NOON, lease_s=90)
REPORT: dict[str, Any] = {
    "pipeline": "sweep",
    "plant": "north",
    "trigger": "schedule",
    "outcome": "partial",
    "run_id": 3,
    "counts": {"rows": 2},
    "timings_ms": {"read": 5},
    "warnings": [{"code": "late", "message": "it was late"}],
    "window": {"start": "2026-01-01T11:30:00+00:00", "until": "2026-01-01T12:00:00+00:00"},
    "error": {"code": "out_of_time", "message": "no time", "is_retryable": True},
}
ODD: list[object] = ["text", 5, 1.5, True, [], [1], {}, {"a": []}]


@pytest.mark.parametrize("stored", [None, "text", 5, True, [], [REPORT]])
def test_a_report_that_is_no_object_is_named(stored: object) -> None:
    with pytest.raises(StoreRefused, match="report of a run in Supabase cannot be read: it is no object"):
        RunReport.from_json(stored)


@pytest.mark.parametrize("field", ["pipeline", "trigger", "outcome"])
def test_a_report_without_what_every_report_has_is_named(field: str) -> None:
    with pytest.raises(StoreRefused, match="it has no pipeline"):
        RunReport.from_json({})
    with pytest.raises(StoreRefused, match=f"it has no {field}"):
        RunReport.from_json(REPORT | {field: None})


MALFORMED = [
    ("pipeline", {}),
    ("plant", 5),
    ("outcome", ["partial"]),
    ("run_id", "three"),
    ("attempt", True),
    ("is_dry_run", "no"),
    ("counts", []),
    ("counts", {"rows": "two"}),
    ("timings_ms", {"read": None}),
    ("warnings", {}),
    ("warnings", ["late"]),
    ("warnings", [{"code": "late"}]),
    ("window", "noon"),
    ("window", {"start": 5}),
    ("span", []),
    ("error", "no time"),
    ("error", {"code": "out_of_time"}),
    ("error", {"code": "x", "message": "y", "is_retryable": "perhaps"}),
    ("source", []),
    ("preview", 1),
]


@pytest.mark.parametrize(("field", "value"), MALFORMED)
def test_a_field_of_another_kind_is_named(field: str, value: object) -> None:
    with pytest.raises(StoreRefused, match=f"its {field} is malformed; correct public.pipeline_runs"):
        RunReport.from_json(REPORT | {field: value})


def test_a_right_report_is_read_whatever_else_is_in_it() -> None:
    report = RunReport.from_json(REPORT | {"of_a_later_version": [1], "slot": None})

    assert (report.counts, report.warnings, report.is_retryable) == ({"rows": 2}, REPORT["warnings"], True)


@pytest.mark.parametrize("field", sorted(RunReport.__slots__))
@pytest.mark.parametrize("value", ODD)
def test_whatever_a_field_has_it_is_read_or_refused(field: str, value: object) -> None:
    answer = {"answer": "duplicate", "report": REPORT | {field: value}}

    report = guarded(lambda: answer_without_work(PLAN, answer))

    if isinstance(report, RunReport):
        assert report.as_json()["outcome"] == "duplicate"
        assert {"code", "message"} <= set(report.error or {"code": "", "message": ""})
        assert isinstance(report.is_retryable, bool)
    else:
        assert isinstance(report, StoreRefused)
        assert f"its {field} is malformed" in str(report)


@pytest.mark.parametrize("run", [None, "running", [], {}, {"run_id": 1}])
def test_a_run_that_is_in_the_way_or_claimed_and_cannot_be_read_is_named(run: object) -> None:
    with pytest.raises(StoreRefused, match="the run that is in the way in Supabase cannot be read"):
        answer_without_work(PLAN, {"answer": "busy", "run": run})
    with pytest.raises(StoreRefused, match="the claimed run in Supabase cannot be read"):
        begin(PLAN, {"run": run}, "f", Budget.start(60, 45), Progress(), is_cold_start=False)


@pytest.mark.parametrize(
    "part",
    [
        {"fingerprints": []},
        {"fingerprints": {"soon": "x"}},
        {"slot_seals": {"soon": "x"}},
        {"snapshots_until": 5},
        {"safety_until": "soon"},
    ],
)
def test_coverage_that_cannot_be_read_is_named(part: dict[str, Any]) -> None:
    with (
        pytest.raises(StoreRefused, match="how far earlier runs got in Supabase"),
        readable("how far earlier runs got"),
    ):
        parse_coverage(part)


def told(body: Any, call: Callable[[database.Supabase], Any]) -> Any:
    with (
        answering(lambda _: as_json(body)) as project,
        database.Supabase(project, seconds_left=lambda: 60.0) as store,
    ):
        return call(store)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("answer", {}),
        ("run", "running"),
        ("report", []),
        ("plant_model", []),
        ("plant_model", "none"),
        ("planned_assets", 5),
        ("asset_names", []),
        ("report_dates", {}),
        ("fingerprints", [1]),
        ("slot_seals", [1]),
        ("snapshots", 7),
        ("new_events", [1]),
        ("updated", "many"),
        ("pipelines", {}),
    ],
)
def test_a_part_of_an_answer_of_another_kind_is_named(part: str, value: object) -> None:
    with pytest.raises(StoreRefused, match=f"answer to claim_run has a malformed {part}: check SUPABASE_URL"):
        told({"answer": "claimed", part: value}, lambda store: store.claim_run({}))


def test_a_part_that_is_null_is_none() -> None:
    assert told({"answer": "fenced", "report": None}, lambda store: store.fail_run("f", {})) == {
        "answer": "fenced",
        "report": None,
    }
