"""What a poll sends to the SQL functions, with everything filled in that a test does not speak of."""

from collections.abc import Mapping
from typing import Any

SLOT = "2026-11-22T06:00:00+00:00"
NEXT_SLOT = "2026-11-22T06:15:00+00:00"
WINDOW_START = "2026-11-22T05:30:00+00:00"

CLAIMED_AT = "2026-11-22T06:00:05+00:00"
BEFORE_EXPIRY = "2026-11-22T06:01:34+00:00"
LEASE_EXPIRES_AT = "2026-11-22T06:01:35+00:00"
COMMITTED_AT = "2026-11-22T06:00:15+00:00"


def fence(number: int) -> str:
    """Return the fence that the test calls by this number."""
    return f"00000000-0000-4000-9000-{number:012}"


def claim(number: int, **changes: Any) -> dict[str, Any]:
    """Return the claim of the scheduled poll of SLOT with fence `number`."""
    return {
        "pipeline": "live_pulse",
        "plant": "northfield",
        "trigger": "schedule",
        "slot": SLOT,
        "fence": fence(number),
        "idempotency_key": None,
        "requested_by": None,
        "lease_s": 90,
        "window_start": WINDOW_START,
        "window_until": SLOT,
        "code_version": "0.1.0",
        "is_dry_run": False,
        "wants": [],
        **changes,
    }


def manual_claim(number: int, **changes: Any) -> dict[str, Any]:
    """Return the claim of a poll by hand with fence `number`."""
    return claim(number, **{"trigger": "manual", "slot": None, "requested_by": "a person", **changes})


def snapshot(asset_id: int, **changes: Any) -> dict[str, Any]:
    """Return the snapshot of an asset that is exactly on target."""
    return {
        "asset_id": asset_id,
        "output_actual": 50,
        "slot_output": 25,
        "output_target": 50,
        "variance_percent": 0,
        "status": "on_target",
        "oee_current": 81.5,
        "oee_source": "reported",
        "downtime_minutes": 1.5,
        "good_count": 48,
        "reject_count": 2,
        "labor_headcount": 3,
        "unplanned_output": 0,
        "is_planned_in_part": False,
        **changes,
    }


def commit(*snapshots: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the commit of a poll that wrote these snapshots of SLOT."""
    slot = {
        "snapshot_timestamp": SLOT,
        "window_start": WINDOW_START,
        "is_catch_up": False,
        "is_time_ambiguous": False,
        "snapshots": list(snapshots),
    }
    return {
        "status": "succeeded",
        "snapshots_until": SLOT,
        "safety_until": SLOT,
        "slots": [slot],
        "unknown_assets": [],
        "rejected_records": [],
        "report": {"pipeline": "live_pulse", "counts": {"output_rows": 3}, "timings_ms": {"read": 12}},
        **changes,
    }


def report_claim(number: int, **changes: Any) -> dict[str, Any]:
    """Return the claim of the morning report of 21 November with fence `number`."""
    report = {
        "pipeline": "morning_report",
        "slot": "2026-11-22T12:00:00+00:00",
        "window_start": "2026-11-14T06:00:00+00:00",
        "window_until": "2026-11-22T06:00:00+00:00",
    }
    return claim(number, **report | changes)


def summary(asset_id: int, **changes: Any) -> dict[str, Any]:
    """Return the summary of an asset that had one stop."""
    return {
        "asset_id": asset_id,
        "oee_percentage": 77.4194,
        "availability_percentage": 90.3226,
        "performance_percentage": 86.8571,
        "quality_percentage": 98.6842,
        "actual_output": 912,
        "target_output": 960,
        "planned_minutes": 465,
        "downtime_minutes": 45,
        "downtime_reasons": [{"reason": "Jam", "minutes": 45}],
        "top_downtime_reason": "Jam",
        "waste_count": 12,
        "financial_loss": 120,
        "unplanned_output": 0,
        "is_planned_in_part": False,
        "summary_text": "Press 1 made 912 of 960 planned units.",
        **changes,
    }


def report_commit(*summaries: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the commit of a morning report that judged these summaries of 21 November."""
    return {
        "status": "succeeded",
        "days": [{"report_date": "2026-11-21", "summaries": list(summaries)}],
        "unknown_assets": [],
        "rejected_records": [],
        "report": {"pipeline": "morning_report", "counts": {"output_rows": 3}, "timings_ms": {"read": 12}},
        **changes,
    }


def completion(**changes: Any) -> dict[str, Any]:
    """Return what a run sends that has done its work and commits nothing else."""
    report = {"pipeline": "cleanup", "counts": {"rows_removed": 3}, "timings_ms": {"remove": 12}}
    return {"status": "succeeded", "report": report, **changes}


def whole_report(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report of a row of pipeline_runs with what stands in columns beside it."""
    return {**run["report"], "counts": run["counts"], "timings_ms": run["timings_ms"]}


def failure(*, is_retryable: bool) -> dict[str, Any]:
    """Return what a poll sends when it failed."""
    code = "source_unavailable" if is_retryable else "source_login_failed"
    error = {"code": code, "message": "SQL Server said no", "is_retryable": is_retryable}
    return {"error": error, "report": {"pipeline": "live_pulse", "counts": {}, "timings_ms": {"connect": 7}}}


def event(**changes: Any) -> dict[str, Any]:
    """Return a safety event of PRESS-01 without an id of its own."""
    return {
        "source_id": None,
        "source_asset": "PRESS-01",
        "event_timestamp": "2026-11-22T05:41:00+00:00",
        "source_timestamp": "2026-11-21T23:41:00",
        "reason_code": "Safety Issue",
        "severity": "critical",
        "downtime_minutes": 12,
        "details": "light curtain broken",
        **changes,
    }
