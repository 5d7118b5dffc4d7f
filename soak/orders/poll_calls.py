"""What a poll sends: its claim, an incident, a commit with one asset's snapshot, a failure."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from soak.orders.rewinding import Call

PLANT: Final = "north"
QUARTER: Final = timedelta(minutes=15)
LEASE_S: Final = 90

Arguments = Mapping[str, Any]


def called(function: str, arguments: Arguments, now: datetime, *, kept_as: str = "") -> Call:
    """Return a call that arrives at an instant."""
    return Call(function, json.dumps({**arguments, "p_now": now.isoformat()}), kept_as)


def claim_of(fence: str, slot: datetime) -> Arguments:
    """Return the claim of a slot by a scheduler's delivery."""
    claim: dict[str, Any] = {
        "pipeline": "live_pulse",
        "plant": PLANT,
        "trigger": "schedule",
        "slot": slot.isoformat(),
        "fence": fence,
        "idempotency_key": None,
        "requested_by": None,
        "lease_s": LEASE_S,
        "window_start": (slot - 2 * QUARTER).isoformat(),
        "window_until": slot.isoformat(),
        "code_version": "soak",
        "is_dry_run": False,
        "wants": [],
    }
    return {"p_claim": claim}


def incident_of(fence: str) -> Arguments:
    """Return what records the incident, which every poll sees."""
    event = {
        "source_id": "7",
        "source_asset": "PRESS-01",
        "asset_key": "press-01",
        "event_timestamp": "2026-03-11T16:40:00+00:00",
        "source_timestamp": "2026-03-11T11:40:00",
        "reason_code": "Safety Issue",
        "reason_key": "safety issue",
        "severity": "critical",
        "downtime_minutes": 12,
        "details": None,
    }
    return {"p_fence": fence, "p_events": [event], "p_alert_severity": "critical"}


def failure_of(fence: str) -> Arguments:
    """Return what records that a poll has failed."""
    error = {"code": "source_unavailable", "message": "it was away", "is_retryable": True}
    return {
        "p_fence": fence,
        "p_failure": {"error": error, "report": {"pipeline": "live_pulse"}, "alerts": []},
    }


def part_of(fence: str, slot: datetime, missed: datetime, snapshot: Arguments) -> Arguments:
    """Return the commit of a slot that was missed, by the poll of a later one."""
    return _commit(fence, slot, missed, snapshot, is_final=False)


def commit_of(fence: str, slot: datetime, snapshot: Arguments, seen: Sequence[Arguments] = ()) -> Arguments:
    """Return the commit that ends a poll, with what it saw for alerts."""
    return _commit(fence, slot, slot, snapshot, is_final=True, seen=seen)


def snapshot_of(asset_id: int, output: int) -> Arguments:
    """Return an asset's snapshot with nothing but its output."""
    return {
        "asset_id": asset_id,
        "output_actual": output,
        "slot_output": output,
        "output_target": 0,
        "variance_percent": None,
        "status": "on_target",
        "oee_current": None,
        "oee_source": None,
        "downtime_minutes": 0,
        "good_count": None,
        "reject_count": None,
        "labor_headcount": None,
        "unplanned_output": None,
        "is_planned_in_part": False,
    }


def _commit(
    fence: str,
    slot: datetime,
    written: datetime,
    snapshot: Arguments,
    *,
    is_final: bool,
    seen: Sequence[Arguments] = (),
) -> Arguments:
    of_slot = {
        "snapshot_timestamp": written.isoformat(),
        "window_start": (written - 2 * QUARTER).isoformat(),
        "is_catch_up": not is_final,
        "is_time_ambiguous": False,
        "snapshots": [snapshot],
    }
    commit: dict[str, Any] = {
        "status": "succeeded" if is_final else "partial",
        "is_final": is_final,
        "snapshots_until": slot.isoformat(),
        "safety_until": slot.isoformat(),
        "slots": [of_slot],
        "unknown_assets": [],
        "rejected_records": [],
        "report": {"pipeline": "live_pulse", "trigger": "schedule", "outcome": "succeeded"},
        "alerts": list(seen),
    }
    return {"p_fence": fence, "p_commit": commit}
