"""Who may do what: every table and every function, as each role, over the Data API."""

from collections.abc import Callable
from typing import Any

import pytest

from plantpulse.schedules.pipelines import ALL_PLANTS, NO_PLANT
from tests.database.alerting import channel, firing, look
from tests.database.api import USERS, Api, outcome
from tests.database.conftest import Connection
from tests.database.protocol import (
    SLOT,
    claim,
    commit,
    completion,
    event,
    failure,
    fence,
    report_commit,
)

DENIED = "42501"

# What select, insert, update and delete come to. `nothing`: allowed, but no row is there for this role.
NO_ACCESS = (DENIED, DENIED, DENIED, DENIED)
SEES_NOTHING = ("nothing", DENIED, DENIED, DENIED)
READS = ("rows", DENIED, DENIED, DENIED)
EVERYTHING = ("rows", "rows", "rows", "rows")
SIGNS_NOTHING = ("nothing", DENIED, "nothing", DENIED)
READS_SIGNS_NOTHING = ("rows", DENIED, "nothing", DENIED)
READS_AND_SIGNS = ("rows", DENIED, "rows", DENIED)
READS_SILENCES = ("rows", DENIED, "nothing", DENIED)
SILENCES = ("rows", "rows", "rows", DENIED)
EDITS_NOTHING = ("nothing", DENIED, "nothing", DENIED)
READS_EDITS_NOTHING = ("rows", DENIED, "nothing", DENIED)
EDITS = ("rows", "rows", "rows", DENIED)
COMMANDS = ("rows", "rows", DENIED, DENIED)

MATRIX = [
    ("plant_members", "anon", NO_ACCESS),
    ("plant_members", "stranger", SEES_NOTHING),
    ("plant_members", "viewer", READS),
    ("plant_members", "operator", READS),
    ("plant_members", "manager", READS),
    ("plant_members", "service_role", EVERYTHING),
    ("cost_centers", "anon", NO_ACCESS),
    ("cost_centers", "stranger", SEES_NOTHING),
    ("cost_centers", "viewer", READS),
    ("cost_centers", "operator", READS),
    ("cost_centers", "manager", READS),
    ("cost_centers", "service_role", EVERYTHING),
    ("assets", "anon", NO_ACCESS),
    ("assets", "stranger", SEES_NOTHING),
    ("assets", "viewer", READS),
    ("assets", "operator", READS),
    ("assets", "manager", READS),
    ("assets", "service_role", EVERYTHING),
    ("shift_targets", "anon", NO_ACCESS),
    ("shift_targets", "stranger", SEES_NOTHING),
    ("shift_targets", "viewer", READS),
    ("shift_targets", "operator", READS),
    ("shift_targets", "manager", READS),
    ("shift_targets", "service_role", EVERYTHING),
    ("closed_days", "anon", NO_ACCESS),
    ("closed_days", "stranger", SEES_NOTHING),
    ("closed_days", "viewer", READS),
    ("closed_days", "operator", READS),
    ("closed_days", "manager", READS),
    ("closed_days", "service_role", EVERYTHING),
    ("dry_runs", "anon", NO_ACCESS),
    ("dry_runs", "stranger", NO_ACCESS),
    ("dry_runs", "viewer", NO_ACCESS),
    ("dry_runs", "operator", NO_ACCESS),
    ("dry_runs", "manager", NO_ACCESS),
    ("dry_runs", "service_role", EVERYTHING),
    ("report_mails", "anon", NO_ACCESS),
    ("report_mails", "stranger", SEES_NOTHING),
    ("report_mails", "viewer", SEES_NOTHING),
    ("report_mails", "operator", SEES_NOTHING),
    ("report_mails", "manager", READS),
    ("report_mails", "service_role", EVERYTHING),
    ("product_rates", "anon", NO_ACCESS),
    ("product_rates", "stranger", SEES_NOTHING),
    ("product_rates", "viewer", READS),
    ("product_rates", "operator", READS),
    ("product_rates", "manager", READS),
    ("product_rates", "service_role", EVERYTHING),
    ("plants", "anon", NO_ACCESS),
    ("plants", "stranger", SEES_NOTHING),
    ("plants", "viewer", READS),
    ("plants", "operator", READS),
    ("plants", "manager", READS),
    ("plants", "neighbour", READS),
    ("plants", "director", READS),
    ("plants", "service_role", EVERYTHING),
    ("pipeline_runs", "anon", NO_ACCESS),
    ("pipeline_runs", "stranger", SEES_NOTHING),
    ("pipeline_runs", "viewer", READS),
    ("pipeline_runs", "operator", READS),
    ("pipeline_runs", "manager", READS),
    ("pipeline_runs", "service_role", EVERYTHING),
    ("live_snapshots", "anon", NO_ACCESS),
    ("live_snapshots", "stranger", SEES_NOTHING),
    ("live_snapshots", "viewer", READS),
    ("live_snapshots", "operator", READS),
    ("live_snapshots", "manager", READS),
    ("live_snapshots", "service_role", EVERYTHING),
    ("safety_events", "anon", NO_ACCESS),
    ("safety_events", "stranger", SIGNS_NOTHING),
    ("safety_events", "viewer", READS_SIGNS_NOTHING),
    ("safety_events", "operator", READS_AND_SIGNS),
    ("safety_events", "manager", READS_AND_SIGNS),
    ("safety_events", "service_role", EVERYTHING),
    ("daily_summaries", "anon", NO_ACCESS),
    ("daily_summaries", "stranger", SEES_NOTHING),
    ("daily_summaries", "viewer", READS),
    ("daily_summaries", "operator", READS),
    ("daily_summaries", "manager", READS),
    ("daily_summaries", "service_role", EVERYTHING),
    ("rejected_records", "anon", NO_ACCESS),
    ("rejected_records", "stranger", SEES_NOTHING),
    ("rejected_records", "viewer", SEES_NOTHING),
    ("rejected_records", "operator", SEES_NOTHING),
    ("rejected_records", "manager", READS),
    ("rejected_records", "service_role", EVERYTHING),
    ("watched_pipelines", "anon", NO_ACCESS),
    ("watched_pipelines", "stranger", SEES_NOTHING),
    ("watched_pipelines", "viewer", READS),
    ("watched_pipelines", "operator", READS),
    ("watched_pipelines", "manager", READS),
    ("watched_pipelines", "service_role", EVERYTHING),
    ("pipeline_states", "anon", NO_ACCESS),
    ("pipeline_states", "stranger", SEES_NOTHING),
    ("pipeline_states", "viewer", READS),
    ("pipeline_states", "operator", READS),
    ("pipeline_states", "manager", READS),
    ("pipeline_states", "neighbour", READS),
    ("pipeline_states", "director", READS),
    ("pipeline_states", "service_role", EVERYTHING),
    ("alerts", "anon", NO_ACCESS),
    ("alerts", "stranger", SIGNS_NOTHING),
    ("alerts", "viewer", READS_SIGNS_NOTHING),
    ("alerts", "operator", READS_AND_SIGNS),
    ("alerts", "manager", READS_AND_SIGNS),
    ("alerts", "neighbour", READS_SIGNS_NOTHING),
    ("alerts", "director", READS_AND_SIGNS),
    ("alerts", "service_role", EVERYTHING),
    ("alert_history", "anon", NO_ACCESS),
    ("alert_history", "stranger", SEES_NOTHING),
    ("alert_history", "viewer", READS),
    ("alert_history", "operator", READS),
    ("alert_history", "manager", READS),
    ("alert_history", "service_role", EVERYTHING),
    ("silences", "anon", NO_ACCESS),
    ("silences", "stranger", SIGNS_NOTHING),
    ("silences", "viewer", READS_SILENCES),
    ("silences", "operator", SILENCES),
    ("silences", "manager", SILENCES),
    ("silences", "neighbour", READS_SILENCES),
    ("silences", "director", SILENCES),
    ("silences", "service_role", EVERYTHING),
    ("alert_channels", "anon", NO_ACCESS),
    ("alert_channels", "stranger", SEES_NOTHING),
    ("alert_channels", "viewer", SEES_NOTHING),
    ("alert_channels", "manager", SEES_NOTHING),
    ("alert_channels", "director", READS),
    ("alert_channels", "service_role", EVERYTHING),
    ("notifications", "anon", NO_ACCESS),
    ("notifications", "stranger", SEES_NOTHING),
    ("notifications", "viewer", SEES_NOTHING),
    ("notifications", "manager", SEES_NOTHING),
    ("notifications", "director", READS),
    ("notifications", "service_role", EVERYTHING),
    ("series", "anon", NO_ACCESS),
    ("series", "stranger", SEES_NOTHING),
    ("series", "viewer", READS),
    ("series", "operator", READS),
    ("series", "manager", READS),
    ("series", "neighbour", READS),
    ("series", "director", READS),
    ("series", "service_role", EVERYTHING),
    ("series_points", "anon", NO_ACCESS),
    ("series_points", "stranger", SEES_NOTHING),
    ("series_points", "viewer", READS),
    ("series_points", "operator", READS),
    ("series_points", "manager", READS),
    ("series_points", "neighbour", READS),
    ("series_points", "director", READS),
    ("series_points", "service_role", EVERYTHING),
    ("series_revisions", "anon", NO_ACCESS),
    ("series_revisions", "stranger", SEES_NOTHING),
    ("series_revisions", "viewer", READS),
    ("series_revisions", "operator", READS),
    ("series_revisions", "manager", READS),
    ("series_revisions", "neighbour", READS),
    ("series_revisions", "director", READS),
    ("series_revisions", "service_role", EVERYTHING),
    ("series_readings", "anon", NO_ACCESS),
    ("series_readings", "stranger", SEES_NOTHING),
    ("series_readings", "viewer", READS),
    ("series_readings", "operator", READS),
    ("series_readings", "manager", READS),
    ("series_readings", "neighbour", READS),
    ("series_readings", "director", READS),
    ("series_readings", "service_role", EVERYTHING),
    ("collections", "anon", NO_ACCESS),
    ("collections", "stranger", SEES_NOTHING),
    ("collections", "viewer", READS),
    ("collections", "operator", READS),
    ("collections", "manager", READS),
    ("collections", "neighbour", READS),
    ("collections", "director", READS),
    ("collections", "service_role", EVERYTHING),
    ("failed_batches", "anon", NO_ACCESS),
    ("failed_batches", "stranger", SEES_NOTHING),
    ("failed_batches", "viewer", READS),
    ("failed_batches", "operator", READS),
    ("failed_batches", "manager", READS),
    ("failed_batches", "neighbour", READS),
    ("failed_batches", "director", READS),
    ("failed_batches", "service_role", EVERYTHING),
    ("gaps", "anon", NO_ACCESS),
    ("gaps", "stranger", SEES_NOTHING),
    ("gaps", "viewer", READS),
    ("gaps", "operator", READS),
    ("gaps", "manager", READS),
    ("gaps", "neighbour", READS),
    ("gaps", "director", READS),
    ("gaps", "service_role", EVERYTHING),
    ("series_flags", "anon", NO_ACCESS),
    ("series_flags", "stranger", SEES_NOTHING),
    ("series_flags", "viewer", READS),
    ("series_flags", "operator", READS),
    ("series_flags", "manager", READS),
    ("series_flags", "neighbour", READS),
    ("series_flags", "director", READS),
    ("series_flags", "service_role", EVERYTHING),
    ("series_reports", "anon", NO_ACCESS),
    ("series_reports", "stranger", SEES_NOTHING),
    ("series_reports", "viewer", READS),
    ("series_reports", "operator", READS),
    ("series_reports", "manager", READS),
    ("series_reports", "neighbour", READS),
    ("series_reports", "director", READS),
    ("series_reports", "service_role", EVERYTHING),
    ("series_quality", "anon", NO_ACCESS),
    ("series_quality", "stranger", SEES_NOTHING),
    ("series_quality", "viewer", READS),
    ("series_quality", "operator", READS),
    ("series_quality", "manager", READS),
    ("series_quality", "neighbour", READS),
    ("series_quality", "director", READS),
    ("series_quality", "service_role", EVERYTHING),
    ("tag_groups", "anon", NO_ACCESS),
    ("tag_groups", "stranger", EDITS_NOTHING),
    ("tag_groups", "viewer", READS_EDITS_NOTHING),
    ("tag_groups", "operator", READS_EDITS_NOTHING),
    ("tag_groups", "manager", EDITS),
    ("tag_groups", "neighbour", READS_EDITS_NOTHING),
    ("tag_groups", "director", EDITS),
    ("tag_groups", "service_role", EVERYTHING),
    ("tags", "anon", NO_ACCESS),
    ("tags", "stranger", EDITS_NOTHING),
    ("tags", "viewer", READS_EDITS_NOTHING),
    ("tags", "operator", READS_EDITS_NOTHING),
    ("tags", "manager", EDITS),
    ("tags", "neighbour", READS_EDITS_NOTHING),
    ("tags", "director", EDITS),
    ("tags", "service_role", EVERYTHING),
    ("tag_leases", "anon", NO_ACCESS),
    ("tag_leases", "stranger", SEES_NOTHING),
    ("tag_leases", "viewer", READS),
    ("tag_leases", "operator", READS),
    ("tag_leases", "manager", READS),
    ("tag_leases", "neighbour", READS),
    ("tag_leases", "director", READS),
    ("tag_leases", "service_role", EVERYTHING),
    ("tag_samples", "anon", NO_ACCESS),
    ("tag_samples", "stranger", SEES_NOTHING),
    ("tag_samples", "viewer", READS),
    ("tag_samples", "operator", READS),
    ("tag_samples", "manager", READS),
    ("tag_samples", "neighbour", READS),
    ("tag_samples", "director", READS),
    ("tag_samples", "service_role", EVERYTHING),
    ("tag_minutes", "anon", NO_ACCESS),
    ("tag_minutes", "stranger", SEES_NOTHING),
    ("tag_minutes", "viewer", READS),
    ("tag_minutes", "operator", READS),
    ("tag_minutes", "manager", READS),
    ("tag_minutes", "neighbour", READS),
    ("tag_minutes", "director", READS),
    ("tag_minutes", "service_role", EVERYTHING),
    ("tag_lost_slots", "anon", NO_ACCESS),
    ("tag_lost_slots", "stranger", SEES_NOTHING),
    ("tag_lost_slots", "viewer", READS),
    ("tag_lost_slots", "operator", READS),
    ("tag_lost_slots", "manager", READS),
    ("tag_lost_slots", "neighbour", READS),
    ("tag_lost_slots", "director", READS),
    ("tag_lost_slots", "service_role", EVERYTHING),
    ("tag_states", "anon", NO_ACCESS),
    ("tag_states", "stranger", SEES_NOTHING),
    ("tag_states", "viewer", READS),
    ("tag_states", "operator", READS),
    ("tag_states", "manager", READS),
    ("tag_states", "neighbour", READS),
    ("tag_states", "director", READS),
    ("tag_states", "service_role", EVERYTHING),
    ("tag_commands", "anon", NO_ACCESS),
    ("tag_commands", "stranger", SEES_NOTHING),
    ("tag_commands", "viewer", READS),
    ("tag_commands", "operator", COMMANDS),
    ("tag_commands", "manager", COMMANDS),
    ("tag_commands", "neighbour", READS),
    ("tag_commands", "director", COMMANDS),
    ("tag_commands", "service_role", EVERYTHING),
    ("tag_triggers", "anon", NO_ACCESS),
    ("tag_triggers", "stranger", SEES_NOTHING),
    ("tag_triggers", "viewer", READS),
    ("tag_triggers", "operator", READS),
    ("tag_triggers", "manager", READS),
    ("tag_triggers", "neighbour", READS),
    ("tag_triggers", "director", READS),
    ("tag_triggers", "service_role", EVERYTHING),
]

# A row to insert, a change to make and the row to delete, per table. The fixture has made row 1 of
# northfield and row 2 of southfield in every table; asset 3 has no history, so that it may be deleted.
INSERTS: dict[str, dict[str, Any]] = {
    "plant_members": {"user_id": USERS["stranger"], "plant": "northfield", "role": "manager"},
    "cost_centers": {"plant": "northfield", "name": "Paint", "standard_hourly_rate": 90},
    "assets": {"plant": "northfield", "name": "Lathe", "source_name": "LATHE-09"},
    "shift_targets": {
        "asset_id": 1,
        "shift_name": "late",
        "starts_at": "14:00",
        "ends_at": "22:00",
        "target_output": 400,
    },
    "closed_days": {"plant": "northfield", "date": "2026-12-26", "name": "St. Stephen's Day"},
    "dry_runs": {
        "pipeline": "morning_report",
        "plant": "northfield",
        "fence": fence(9),
        "started_at": SLOT,
        "lease_expires_at": "2026-11-22T06:01:30Z",
    },
    "report_mails": {
        "plant": "northfield",
        "report_date": "2026-11-22",
        "channel": "managers",
        "due_at": SLOT,
    },
    "product_rates": {"asset_id": 1, "product": "Shaft 12", "ideal_units_per_hour": 60},
    "plants": {
        "plant": "westfield",
        "name": "Westfield",
        "time_zone": "UTC",
        "slot_minutes": 15,
        "window_minutes": 30,
    },
    "pipeline_runs": {
        "pipeline": "live_pulse",
        "plant": "northfield",
        "trigger": "manual",
        "fence": fence(9),
        "started_at": SLOT,
        "lease_expires_at": "2026-11-22T06:01:30Z",
    },
    "live_snapshots": {
        "asset_id": 1,
        "snapshot_timestamp": "2026-11-22T07:00:00Z",
        "window_start": "2026-11-22T06:30:00Z",
        "output_actual": 1,
        "output_target": 1,
        "status": "on_target",
    },
    "safety_events": {
        "plant": "northfield",
        "asset_id": 1,
        "event_timestamp": "2026-11-22T07:00:00Z",
        "source_timestamp": "2026-11-22T01:00:00",
        "reason_code": "Lockout",
    },
    "daily_summaries": {
        "asset_id": 1,
        "report_date": "2026-11-22",
        "actual_output": 1,
        "target_output": 1,
        "downtime_minutes": 0,
        "waste_count": 0,
    },
    "rejected_records": {"run_id": 1, "plant": "northfield", "query": "oee", "reason": "no asset", "row": {}},
    "watched_pipelines": {
        "pipeline": "cleanup",
        "plant": "northfield",
        "watched_since": SLOT,
        "is_stopped": False,
    },
    "pipeline_states": {
        "pipeline": "cleanup",
        "plant": "northfield",
        "state": "late",
        "judged_at": SLOT,
    },
    "alerts": {
        "rule": "stuck",
        "plant": "northfield",
        "scope": "live_pulse",
        "severity": "warning",
        "opened_at": SLOT,
        "observed_at": SLOT,
        "last_seen_at": SLOT,
    },
    "alert_history": {"alert_id": 1, "at": SLOT, "what": "worse"},
    "silences": {"plant": "northfield", "ends_at": "2026-11-22T07:00:00Z", "starts_at": SLOT, "why": "works"},
    "alert_channels": {"name": "chat", "first_seen_at": SLOT},
    "notifications": {"alert_id": 1, "channel": "chat"},
    "series": {
        "key": "FR/load",
        "kind": "load",
        "subject": "FR",
        "source": "entsoe",
        "unit": "MW",
        "time_zone": "Europe/Paris",
        "group": "FR/load",
        "created_at": SLOT,
    },
    "series_points": {"series_id": 1, "at": SLOT, "minutes": 60, "value": 6, "known_at": SLOT},
    "series_revisions": {
        "series_id": 1,
        "at": SLOT,
        "minutes": 60,
        "value": 6,
        "known_at": SLOT,
        "superseded_at": "2026-11-22T07:00:00Z",
    },
    "series_readings": {
        "series_id": 1,
        "known_at": SLOT,
        "starts_at": SLOT,
        "until": "2026-11-22T07:00:00Z",
        "stored_at": SLOT,
    },
    "collections": {
        "run_id": 2,
        "pipeline": "energy_actuals",
        "source": "entsoe",
        "kind": "load",
        "subject": "DE",
        "asked_from": SLOT,
        "asked_until": SLOT,
        "started_at": SLOT,
        "ended_at": SLOT,
        "status": "empty",
    },
    "failed_batches": {
        "run_id": 2,
        "source": "entsoe",
        "kind": "load",
        "subject": "FR",
        "asked_from": SLOT,
        "asked_until": SLOT,
        "code": "unreadable_reply",
        "message": "HTML",
        "failed_at": SLOT,
    },
    "gaps": {"group": "DE/load", "starts_at": SLOT, "ends_at": "2026-11-22T07:00:00Z", "found_at": SLOT},
    "series_flags": {"series_id": 1, "at": SLOT, "reason": "flat", "flagged_at": SLOT},
    "series_quality": {
        "series_id": 1,
        "day": "2026-11-22",
        "due_minutes": 60,
        "covered_minutes": 60,
        "timely_minutes": 60,
        "points": 1,
        "invalid": 0,
        "suspect": 0,
        "computed_at": SLOT,
        "first_computed_at": SLOT,
    },
    "series_reports": {
        "day": "2026-11-22",
        "period": "day",
        "subject": "FR",
        "kind": "load",
        "figures": {},
        "created_at": SLOT,
    },
    "tag_groups": {"plant": "northfield", "name": "Oven", "address": "modbus://10.20.0.9"},
    "tags": {"group_id": 1, "name": "Pressure", "address": "hr:7", "data_type": "uint16"},
    "tag_leases": {
        "group_id": 1,
        "holder": fence(9),
        "runner": "cloud",
        "first_slot": SLOT,
        "claimed_at": SLOT,
        "expires_at": SLOT,
    },
    "tag_samples": {"group_id": 1, "slot": "2026-11-22T07:00:00Z", "values": [1.5]},
    "tag_minutes": {"group_id": 1, "rows": 1, "minute": "2026-11-22T07:00:00Z", "means": [1.5]},
    "tag_lost_slots": {"group_id": 1, "slot": "2026-11-22T07:00:00Z", "counted_at": SLOT},
    "tag_states": {"group_id": 3},
    "tag_commands": {"plant": "northfield", "group_id": 1, "kind": "start"},
    "tag_triggers": {"token": fence(9), "group_id": 1, "requested_at": SLOT},
}
UPDATES: dict[str, dict[str, Any]] = {
    "plant_members": {"role": "manager"},
    "cost_centers": {"standard_hourly_rate": 1},
    "assets": {"name": "Renamed"},
    "shift_targets": {"target_output": 1},
    "closed_days": {"name": "Holiday"},
    "dry_runs": {"lease_expires_at": SLOT},
    "report_mails": {"attempts": 1},
    "product_rates": {"ideal_units_per_hour": 61},
    "plants": {"name": "Renamed"},
    "pipeline_runs": {"code_version": "0.0.0"},
    "live_snapshots": {"output_actual": 0},
    "safety_events": {"is_acknowledged": True},
    "daily_summaries": {"summary_text": "All well."},
    "rejected_records": {"reason": "nothing"},
    "watched_pipelines": {"is_stopped": True},
    "pipeline_states": {"state": "down"},
    "alerts": {"is_acknowledged": True},
    "alert_history": {"what": "worse"},
    "silences": {"ends_at": SLOT},
    "alert_channels": {"failures": 1},
    "notifications": {"attempts": 1},
    "series": {"source": "eia"},
    "series_points": {"value": 7},
    "series_revisions": {"value": 7},
    "series_readings": {"stored_at": SLOT},
    "collections": {"requests": 2},
    "failed_batches": {"attempts": 2},
    "gaps": {"attempts": 2},
    "series_flags": {"value": 7},
    "series_quality": {"suspect": 1},
    "series_reports": {"figures": {"points": 1}},
    "tag_groups": {"interval_ms": 2000},
    "tags": {"unit": "bar"},
    "tag_leases": {"expires_at": SLOT},
    "tag_samples": {"quality": 1},
    "tag_minutes": {"rows": 2},
    "tag_lost_slots": {"counted_at": SLOT},
    "tag_states": {"success_count": 9},
    "tag_commands": {"done_at": SLOT},
    "tag_triggers": {"outcome": "failed"},
}
DELETES = {
    "plant_members": {"plant": "eq.northfield"},
    "cost_centers": {"id": "eq.1"},
    "assets": {"id": "eq.3"},
    "shift_targets": {"id": "eq.1"},
    "closed_days": {"id": "eq.1"},
    "dry_runs": {"plant": "eq.northfield"},
    "report_mails": {"id": "eq.1"},
    "product_rates": {"id": "eq.1"},
    "plants": {"plant": "eq.northfield"},
    "pipeline_runs": {"id": "eq.1"},
    "live_snapshots": {"id": "eq.1"},
    "safety_events": {"id": "eq.1"},
    "daily_summaries": {"id": "eq.1"},
    "rejected_records": {"id": "eq.1"},
    "watched_pipelines": {"plant": "eq.northfield"},
    "pipeline_states": {"plant": "eq.northfield"},
    "alerts": {"id": "eq.1"},
    "alert_history": {"id": "eq.1"},
    "silences": {"id": "eq.1"},
    "alert_channels": {"name": "eq.mail"},
    "notifications": {"id": "eq.1"},
    "series": {"id": "eq.2"},
    "series_points": {"series_id": "eq.1"},
    "series_revisions": {"series_id": "eq.1"},
    "series_readings": {"id": "eq.1"},
    "collections": {"id": "eq.1"},
    "failed_batches": {"id": "eq.1"},
    "gaps": {"id": "eq.1"},
    "series_flags": {"id": "eq.1"},
    "series_quality": {"id": "eq.1"},
    "series_reports": {"id": "eq.1"},
    "tag_groups": {"id": "eq.3"},
    "tags": {"id": "eq.1"},
    "tag_leases": {"group_id": "eq.1"},
    "tag_samples": {"group_id": "eq.1"},
    "tag_minutes": {"group_id": "eq.1"},
    "tag_lost_slots": {"group_id": "eq.1"},
    "tag_states": {"group_id": "eq.1"},
    "tag_commands": {"id": "eq.1"},
    "tag_triggers": {"id": "eq.1"},
}
OF_NORTHFIELD = ("plant_members", "watched_pipelines", "pipeline_states", "dry_runs")  # tables without an id
GROUP_TABLES = ["tag_leases", "tag_samples", "tag_minutes", "tag_lost_slots", "tag_states", "tag_triggers"]
FIRST_ROWS = {
    **{table: {"id": "eq.1"} for table in DELETES},
    **{table: {"plant": "eq.northfield"} for table in OF_NORTHFIELD},
    "alert_channels": {"name": "eq.mail"},
    "plants": {"plant": "eq.northfield"},
    "series_points": {"series_id": "eq.1"},
    "series_revisions": {"series_id": "eq.1"},
    **{table: {"group_id": "eq.1"} for table in GROUP_TABLES if table != "tag_triggers"},
}


@pytest.fixture
def two_plants(database: Connection, members: None) -> None:
    """Row 1 of northfield and row 2 of southfield in every table of plants but plant_members."""
    database.execute(
        """
        insert into public.cost_centers (plant, name, standard_hourly_rate)
        values ('northfield', 'Pressing', 120), ('southfield', 'Sawing', 60);

        insert into public.assets (plant, name, source_name)
        values
          ('northfield', 'Press', 'PRESS-01'),
          ('southfield', 'Saw', 'SAW-01'),
          ('northfield', 'Spare', 'SPARE');

        insert into public.shift_targets (asset_id, shift_name, starts_at, ends_at, target_output)
        values (1, 'early', '06:00', '14:00', 800), (2, 'early', '06:00', '14:00', 100);

        insert into public.closed_days (plant, asset_id, date, name)
        values ('northfield', null, '2026-12-25', 'Christmas'), ('southfield', 2, '2026-12-25', 'Repairs');
        insert into public.report_mails (plant, report_date, channel, due_at)
        select plant, '2026-11-21', 'managers', now() from unnest(array['northfield', 'southfield']) as plant;

        insert into public.product_rates (asset_id, product, ideal_units_per_hour)
        values (1, 'Gear 40', 300), (2, 'Plank', 20);

        insert into public.plants (plant, name, time_zone, slot_minutes, window_minutes)
        select plant, initcap(plant), 'UTC', 15, 30 from unnest(array['northfield', 'southfield']) as plant;

        insert into public.pipeline_runs (
          pipeline, plant, trigger, fence, started_at, lease_expires_at, status, finished_at
        )
        select
          'live_pulse', plant, 'manual', gen_random_uuid(), now(), now() + interval '90 s', 'succeeded', now()
        from unnest(array['northfield', 'southfield']) as plant;

        insert into public.dry_runs (pipeline, plant, fence, started_at, lease_expires_at)
        select 'live_pulse', plant, gen_random_uuid(), now(), now() + interval '90 s'
        from unnest(array['northfield', 'southfield']) as plant;

        insert into public.live_snapshots (
          asset_id, snapshot_timestamp, window_start, output_actual, output_target, status
        )
        select asset_id, '2026-11-22 06:00+00', '2026-11-22 05:30+00', 5, 5, 'on_target'
        from unnest(array[1, 2]) as asset_id;

        insert into public.safety_events (plant, asset_id, event_timestamp, source_timestamp, reason_code)
        values
          ('northfield', 1, '2026-11-22 06:00+00', '2026-11-22 00:00', 'Safety Issue'),
          ('southfield', 2, '2026-11-22 06:00+00', '2026-11-22 00:00', 'Safety Issue');

        insert into public.daily_summaries (
          asset_id, report_date, actual_output, target_output, downtime_minutes, waste_count
        )
        select asset_id, '2026-11-21', 100, 110, 12, 3
        from unnest(array[1, 2]) as asset_id;

        insert into public.rejected_records (run_id, plant, query, reason, "row")
        values (1, 'northfield', 'output', 'negative', '{}'), (2, 'southfield', 'output', 'negative', '{}');

        insert into public.watched_pipelines (pipeline, plant, watched_since, is_stopped)
        select 'live_pulse', plant, now(), false
        from unnest(array['northfield', 'southfield']) as plant;

        insert into public.pipeline_states (pipeline, plant, state, judged_at)
        select 'live_pulse', plant, 'running', now()
        from unnest(array['northfield', 'southfield']) as plant;

        insert into public.alerts (rule, plant, scope, severity, opened_at, observed_at, last_seen_at)
        select 'overdue', plant, 'live_pulse', 'warning', at, at, at
        from unnest(array['northfield', 'southfield']) as plant
        cross join (select timestamptz '2026-11-22 06:00+00') as one (at);

        insert into public.alert_history (alert_id, at, what)
        select alert_id, '2026-11-22 06:00+00', 'opened' from unnest(array[1, 2]) as alert_id;

        insert into public.silences (plant, starts_at, ends_at, why, created_by_name)
        select plant, '2026-11-22 06:00+00', '2026-11-22 08:00+00', 'maintenance', 'ada'
        from unnest(array['northfield', 'southfield']) as plant;

        insert into public.alert_channels (name, first_seen_at) values ('mail', now());

        insert into public.notifications (alert_id, channel, left_recipients)
        select alert_id, 'mail', '{late@plant.example}' from unnest(array[1, 2]) as alert_id;

        insert into public.series (key, kind, subject, source, unit, time_zone, "group", created_at)
        select subject || '/load', 'load', subject, 'entsoe', 'MW', 'Europe/Berlin', subject || '/load', now()
        from unnest(array['DE', 'NL']) as subject;

        insert into public.series_points (series_id, at, minutes, value, known_at)
        values (1, '2026-11-21 06:00+00', 60, 5, '2026-11-22 06:00+00');

        insert into public.series_revisions (series_id, at, minutes, value, known_at, superseded_at)
        values (1, '2026-11-21 06:00+00', 60, 4, '2026-11-21 06:00+00', '2026-11-22 06:00+00');

        insert into public.series_readings (series_id, known_at, starts_at, until, stored_at)
        values (1, '2026-11-21 06:00+00', '2026-11-21 06:00+00', '2026-11-21 07:00+00', now());

        insert into public.collections (
          run_id, pipeline, source, kind, subject, asked_from, asked_until, started_at, ended_at, status
        )
        select 1, 'energy_actuals', 'entsoe', 'load', 'DE', at, at, at, at, 'succeeded'
        from (select timestamptz '2026-11-21 06:00+00') as one (at);

        insert into public.failed_batches (
          run_id, source, kind, subject, asked_from, asked_until, code, message, failed_at
        )
        select 1, 'entsoe', 'load', 'DE', at, at, 'unreadable_reply', 'HTML', at
        from (select timestamptz '2026-11-21 06:00+00') as one (at);

        insert into public.gaps ("group", starts_at, ends_at, found_at)
        values ('DE/load', '2026-11-21 07:00+00', '2026-11-21 08:00+00', now());

        insert into public.series_flags (series_id, at, reason, flagged_at)
        values (1, '2026-11-21 06:00+00', 'flat', now());

        insert into public.series_quality (
          series_id, day, due_minutes, covered_minutes, timely_minutes, points, invalid, suspect,
          computed_at, first_computed_at
        )
        values (1, '2026-11-21', 60, 60, 60, 1, 0, 0, now(), now());

        insert into public.series_reports (day, period, subject, kind, figures, created_at)
        values ('2026-11-21', 'day', 'DE', 'load', '{}', now());

        insert into public.tag_groups (plant, name, address)
        values
          ('northfield', 'Press', 'modbus://10.20.0.5'),
          ('southfield', 'Saw', 's7://10.30.0.5/0/1'),
          ('northfield', 'Spare', 'modbus://10.20.0.6');

        insert into public.tags (group_id, name, address, data_type)
        select group_id, 'Temperature', 'hr:1', 'int16' from unnest(array[1, 2]) as group_id;

        insert into public.tag_leases (group_id, holder, runner, first_slot, claimed_at, expires_at)
        select group_id, gen_random_uuid(), 'cloud', at, at, at
        from unnest(array[1, 2]) as group_id
        cross join (select timestamptz '2026-11-22 06:00+00') as one (at);

        insert into public.tag_samples (group_id, slot, "values")
        select group_id, '2026-11-22 06:00+00', '{20}' from unnest(array[1, 2]) as group_id;

        insert into public.tag_minutes (group_id, rows, minute, means)
        select group_id, 1, '2026-11-22 06:00+00', '{20}' from unnest(array[1, 2]) as group_id;

        insert into public.tag_lost_slots (group_id, slot, counted_at)
        select group_id, '2026-11-22 06:00+00', now() from unnest(array[1, 2]) as group_id;

        insert into public.tag_states (group_id) values (1), (2);

        insert into public.tag_commands (plant, group_id, kind, requested_by_name)
        values ('northfield', 1, 'stop', 'ada'), ('southfield', 2, 'stop', 'ada');

        insert into public.tag_triggers (token, group_id, requested_at)
        select gen_random_uuid(), group_id, now() from unnest(array[1, 2]) as group_id;
        """
    )


@pytest.mark.usefixtures("two_plants")
@pytest.mark.parametrize(("table", "role", "expected"), MATRIX)
def test_each_role_may_do_to_a_table_what_the_matrix_says(
    api_of: Callable[[str], Api], table: str, role: str, expected: tuple[str, str, str, str]
) -> None:
    api = api_of(role)
    # The service writes in somebody's name; a user's name is written by the database.
    is_service = role == "service_role"
    signature = {"acknowledged_by_name": "night watch"} if is_service else {}
    changes = {**UPDATES[table], **(signature if table in ("safety_events", "alerts") else {})}
    creator = {"created_by_name": "night watch"} if is_service and table == "silences" else {}

    came_to = (
        api.select(table) if is_service or table != "notifications" else _select(api, table, NOT_RECIPIENTS),
        api.insert(table, {**INSERTS[table], **creator}),
        api.update(table, changes, **FIRST_ROWS[table]),
        api.delete(table, **DELETES[table]),
    )

    assert came_to == expected


NOT_RECIPIENTS = "id,alert_id,channel,told,told_at,claimed_at,is_perhaps_told,is_perhaps_over,error"


def _select(api: Api, table: str, columns: str) -> str:
    return outcome(api.client.get(f"/{table}", params={"select": columns}, headers={"Prefer": "count=exact"}))


@pytest.mark.usefixtures("two_plants")
@pytest.mark.parametrize("column", ["left_recipients", "lease"])
def test_nobody_but_the_service_reads_recipients_and_leases(
    api_of: Callable[[str], Api], service: Api, column: str
) -> None:
    assert _select(api_of("director"), "notifications", column) == DENIED
    assert _select(service, "notifications", column) == "rows"


@pytest.mark.usefixtures("two_plants")
def test_the_history_of_alerts_is_seen_by_plant(api_of: Callable[[str], Api]) -> None:
    def alerts_seen_by(role: str) -> list[int]:
        return [row["alert_id"] for row in api_of(role).rows("alert_history", order="id")]

    assert alerts_seen_by("viewer") == [1]
    assert alerts_seen_by("neighbour") == [2]
    assert alerts_seen_by("director") == [1, 2]


@pytest.mark.usefixtures("two_plants")
def test_only_who_operates_a_plant_acknowledges_its_alerts(
    api_of: Callable[[str], Api], database: Connection
) -> None:
    for role in ("viewer", "neighbour", "stranger"):
        assert api_of(role).update("alerts", {"is_acknowledged": True}, id="eq.1") == "nothing"
    assert api_of("operator").update("alerts", {"severity": "info"}, id="eq.1") == DENIED
    assert api_of("operator").update("alerts", {"acknowledged_by_name": "bob"}, id="eq.1") == DENIED
    assert api_of("operator").update("alerts", {"is_acknowledged": True}, id="eq.1") == "rows"

    rows = database.execute("select acknowledged_by from public.alerts order by id").fetchall()
    assert [row["acknowledged_by"] and str(row["acknowledged_by"]) for row in rows] == [
        USERS["operator"],
        None,
    ]


@pytest.mark.usefixtures("two_plants")
def test_only_members_of_all_plants_silence_all_plants(
    api_of: Callable[[str], Api], database: Connection
) -> None:
    silence = {"ends_at": "2026-11-22T07:00:00Z", "starts_at": SLOT, "why": "works"}

    for plant in (None, "southfield", "(no plant)"):
        assert api_of("operator").insert("silences", {**silence, "plant": plant}) == DENIED
    assert api_of("director").insert("silences", {**silence, "plant": None}) == "rows"
    assert api_of("operator").insert("silences", {**silence, "plant": "northfield"}) == "rows"
    assert api_of("operator").update("silences", {"ends_at": SLOT}, plant="is.null") == "nothing"

    rows = database.execute(
        "select created_by::text from public.silences order by id desc limit 2"
    ).fetchall()
    assert [row["created_by"] for row in rows] == [USERS["operator"], USERS["director"]]
    assert len(api_of("viewer").rows("silences", plant="is.null")) == 1
    assert api_of("stranger").rows("silences") == []


@pytest.mark.usefixtures("two_plants")
@pytest.mark.parametrize("forged", [{"created_by": USERS["manager"]}, {"created_by_name": "the manager"}])
def test_nobody_silences_in_another_ones_name(api_of: Callable[[str], Api], forged: dict[str, str]) -> None:
    row = {**INSERTS["silences"], **forged}

    assert api_of("operator").insert("silences", row) == DENIED


@pytest.mark.usefixtures("two_plants")
@pytest.mark.parametrize("changes", [{"why": " "}, {"ends_at": "2027-11-22T07:00:00Z"}, {"plant": " "}])
def test_a_silence_says_why_and_ends_within_90_days(service: Api, changes: dict[str, str]) -> None:
    row = {**INSERTS["silences"], "created_by_name": "ada", **changes}

    assert service.insert("silences", row) == "23514"


def test_the_matrix_names_every_table(database: Connection) -> None:
    rows = database.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()

    assert {row["tablename"] for row in rows} == {table for table, _, _ in MATRIX}


@pytest.mark.usefixtures("two_plants")
@pytest.mark.parametrize("table", ["tags", *GROUP_TABLES])
def test_what_is_of_a_group_is_seen_by_plant(api_of: Callable[[str], Api], table: str) -> None:
    def groups_seen_by(role: str) -> list[int]:
        return [row["group_id"] for row in api_of(role).rows(table, order="group_id")]

    assert groups_seen_by("viewer") == [1]
    assert groups_seen_by("neighbour") == [2]
    assert groups_seen_by("director") == [1, 2]


PLANT_TABLES = [
    "cost_centers",
    "closed_days",
    "pipeline_runs",
    "safety_events",
    "rejected_records",
    "report_mails",
    "alerts",
    "silences",
    "tag_commands",
]
ASSET_TABLES = ["shift_targets", "product_rates", "live_snapshots", "daily_summaries"]


@pytest.mark.usefixtures("two_plants")
@pytest.mark.parametrize("table", [*PLANT_TABLES, *ASSET_TABLES])
def test_a_member_of_one_plant_sees_nothing_of_another(api_of: Callable[[str], Api], table: str) -> None:
    assert [row["id"] for row in api_of("manager").rows(table)] == [1]
    assert [row["id"] for row in api_of("neighbour").rows(table)] == [2]


@pytest.mark.usefixtures("two_plants")
@pytest.mark.parametrize("table", [*PLANT_TABLES, *ASSET_TABLES])
def test_a_member_of_all_plants_sees_all(api_of: Callable[[str], Api], table: str) -> None:
    rows = api_of("director").rows(table, order="id")

    assert [row["id"] for row in rows] == [1, 2]


@pytest.mark.usefixtures("two_plants")
def test_assets_are_seen_by_plant(api_of: Callable[[str], Api]) -> None:
    def names_seen_by(role: str) -> list[str]:
        return [row["source_name"] for row in api_of(role).rows("assets", order="id")]

    assert names_seen_by("viewer") == ["PRESS-01", "SPARE"]
    assert names_seen_by("neighbour") == ["SAW-01"]
    assert names_seen_by("director") == ["PRESS-01", "SAW-01", "SPARE"]


@pytest.mark.usefixtures("two_plants")
def test_watched_pipelines_are_seen_by_plant(api_of: Callable[[str], Api]) -> None:
    def plants_seen_by(role: str) -> list[str]:
        return [row["plant"] for row in api_of(role).rows("watched_pipelines", order="plant")]

    assert plants_seen_by("viewer") == ["northfield"]
    assert plants_seen_by("neighbour") == ["southfield"]
    assert plants_seen_by("director") == ["northfield", "southfield"]


@pytest.mark.usefixtures("two_plants")
@pytest.mark.parametrize("table", ["pipeline_runs", "watched_pipelines", "pipeline_states", "alerts"])
def test_what_is_of_no_plant_is_seen_by_any_member_and_what_is_of_all_by_members_of_all(
    api_of: Callable[[str], Api], database: Connection, table: str
) -> None:
    for number, plant in enumerate([ALL_PLANTS, NO_PLANT], start=7):
        row = (
            INSERTS[table] | {"plant": plant} | ({"fence": fence(number)} if table == "pipeline_runs" else {})
        )
        names = list(row)
        values = ", ".join(f"%({name})s" for name in names)
        database.execute(f"insert into public.{table} ({', '.join(names)}) values ({values})", row)

    def seen_by(role: str) -> set[str]:
        return {row["plant"] for row in api_of(role).rows(table)} - {"northfield", "southfield"}

    assert seen_by("stranger") == set()
    assert seen_by("viewer") == {NO_PLANT}
    assert seen_by("neighbour") == {NO_PLANT}
    assert seen_by("director") == {ALL_PLANTS, NO_PLANT}


@pytest.mark.usefixtures("two_plants")
def test_a_user_sees_only_their_own_membership(api_of: Callable[[str], Api]) -> None:
    rows = api_of("manager").rows("plant_members", select="user_id,plant,role")

    assert rows == [{"user_id": USERS["manager"], "plant": "northfield", "role": "manager"}]


@pytest.mark.usefixtures("two_plants")
def test_a_membership_ends_with_the_account(api_of: Callable[[str], Api], database: Connection) -> None:
    database.execute("delete from auth.users where id = %s", (USERS["viewer"],))

    assert api_of("viewer").rows("assets") == []


_IMPORT = {"p_plant": "northfield", "p_columns": [], "p_rows": [], "p_is_dry_run": False}
FUNCTIONS: dict[str, dict[str, Any]] = {
    "claim_run": {"p_claim": claim(1)},
    "record_safety_events": {"p_fence": fence(1), "p_events": [event()]},
    "commit_live_pulse": {"p_fence": fence(1), "p_commit": commit()},
    "remove_expired": {"p_batch": {"table": "live_snapshots", "keep_hours": 24, "limit": 1}},
    "commit_morning_report": {"p_fence": fence(1), "p_commit": report_commit()},
    "complete_run": {"p_fence": fence(1), "p_completion": completion()},
    "fail_run": {"p_fence": fence(1), "p_failure": failure(is_retryable=True)},
    "keep_pipeline_states": {"p_states": []},
    "pipeline_health": {"p_pipelines": [{"pipeline": "cleanup", "plant": "northfield", "is_stopped": False}]},
    "acknowledge_safety_events": {"p_event_ids": [1], "p_by": "ada"},
    "resolve_safety_events": {"p_event_ids": [1], "p_by": "ada", "p_resolution": "guard fitted"},
    "import_cost_centers": _IMPORT,
    "import_assets": _IMPORT,
    "import_shift_targets": _IMPORT,
    "import_closed_days": _IMPORT,
    "end_dry_run": {"p_fence": fence(1)},
    "import_product_rates": _IMPORT,
    "report_day": {"p_plant": "northfield", "p_date": "2026-11-21"},
    "claim_report_mails": {"p_claim": {"plants": ["northfield"], "limit": 1, "lease_s": 60}},
    "mark_report_mail": {"p_mark": {"id": 1, "outcome": "unchanged", "changes": 0}},
    "managed_plants": {"p_user_id": USERS["manager"]},
    "project_state": {},
    "doubtful_names": {},
    "pipeline_status": {"p_pipelines": [{"pipeline": "live_pulse", "plant": "northfield"}]},
    "watch_alerts": {"p_seen": [look(firing())]},
    "acknowledge_alerts": {"p_alert_ids": [1], "p_by": "ada"},
    "end_alerts": {"p_alert_ids": [1], "p_by": "ada"},
    "note_working_channel": {"p_channel": "mail", "p_by": "ada"},
    "claim_notifications": {"p_channel": channel(), "p_limit": 1},
    "mark_notifications": {
        "p_lease": fence(1),
        "p_channel": "mail",
        "p_notification_ids": [1],
        "p_result": {"key": "message"},
    },
    "failing_channels": {"p_names": ["mail"]},
    "alert_report": {"p_since": "2026-11-22T06:00:00Z", "p_until": "2026-11-29T06:00:00Z"},
    "commit_series": {"p_fence": fence(1), "p_commit": {"batches": []}},
    "watch_series_gaps": {"p_fence": fence(1), "p_looks": []},
    "collection_rates": {"p_from": SLOT, "p_until": SLOT},
    "collection_history": {"p_asks": [], "p_at": SLOT},
    "series_report_input": {"p_since": "2026-11-01"},
    "keep_series_reports": {"p_fence": fence(1), "p_reports": []},
    "series_first_known": {"p_key": "DE/load", "p_from": SLOT, "p_until": SLOT},
    "claim_tag_groups": {
        "p_claim": {"holder": fence(1), "plant": "northfield", "runner": "cloud", "lease_s": 20}
    },
    "put_tag_samples": {"p_put": {"holder": fence(1), "lease_s": 20, "rows": []}},
    "claim_tag_trigger": {"p_ask": {"plant": "northfield", "group": "Press", "id": fence(1)}},
    "commit_tag_trigger": {"p_commit": {"id": fence(1), "outcome": "failed", "result": {}}},
    "tag_list": {"p_plant": "northfield"},
    "tag_troubles": {},
}

# What pages call with a user's token; row level security decides what is in the answers.
FUNCTIONS_OF_USERS: dict[str, dict[str, Any]] = {
    "board": {"p_plant": "northfield"},
    "board_asset": {"p_plant": "northfield", "p_asset_id": 1},
    "board_day": {"p_plant": "northfield"},
    "board_machines": {
        "p_plant": {"plant": "northfield", "slot_minutes": 15, "window_minutes": 30},
        "p_asset_id": None,
        "p_as_of": SLOT,
        "p_now": SLOT,
        "p_slots": 32,
    },
    "board_marks": {"p_plant": "northfield", "p_now": SLOT},
    "board_plant": {"p_plant": "northfield"},
    "board_plants": {},
    "board_poll": {"p_plant": {"plant": "northfield", "slot_minutes": 15, "offset_s": 0}, "p_now": SLOT},
    "board_told": {"p_plant": "northfield", "p_asset_id": None, "p_now": SLOT},
    "stops_once": {"p_seen": []},
    "latest_snapshots": {"p_plant": None},
    "newest_runs": {"p_limit": 10, "p_plant": None},
    "newest_summaries": {"p_days": 7, "p_plant": None},
    "reads_all_plants": {},
    "snapshots_by_slot": {"p_plant": "northfield"},
    "series_as_known": {"p_key": "DE/load", "p_from": SLOT, "p_until": SLOT},
    "series_status": {},
    "signed_in_as": {},
    "board_pipelines": {"p_plant": "northfield"},
    "board_safety": {"p_plant": "northfield"},
    "board_report": {"p_plant": "northfield"},
    "report_losses": {"p_plant": "northfield", "p_day": "2026-11-21"},
    "report_totals": {"p_plant": "northfield", "p_days": ["2026-11-21"]},
    "board_alerts": {"p_plant": "northfield"},
    "board_energy": {},
    "series_blocks": {"p_series_id": 1, "p_from": SLOT, "p_until": SLOT},
    "board_tags": {"p_plant": "northfield"},
    "board_tag_history": {"p_plant": "northfield"},
    "tag_group_hour": {"p_group_id": 1, "p_now": SLOT},
    "signs_for": {"p_plant": "northfield"},
    "safety_read": {"p_plant": "northfield", "p_poll": {}},
    "is_below_target": {"p_actual": 1, "p_target": 2, "p_band": 0.05},
    "shown": {"p_text": "x", "p_longest": 1},
    "shown_facts": {"p_facts": {}},
    "fallback_key": {"p_text": "PRESS"},
    "judged_pipelines": {},
    "pipeline_summaries": {"p_pipelines": [{"pipeline": "live_pulse", "plant": "northfield"}], "p_now": SLOT},
    "run_summaries": {"p_pipelines": [{"pipeline": "live_pulse", "plant": "northfield"}], "p_now": SLOT},
    "run_strip": {
        "p_pipeline": "live_pulse",
        "p_plant": "northfield",
        "p_from": SLOT,
        "p_cell": "15 min",
        "p_cells": 96,
    },
    "tag_status": {"p_plant": "northfield"},
    "tag_values": {"p_plant": "northfield"},
    "import_tags": {"p_import": {"plant": "northfield", "groups": []}},
    "most_polled_groups": {},
    "activate_imported": {"p_plant": "northfield", "p_groups": [], "p_tags": [], "p_gone": []},
    "apply_tag_import": {
        "p_plant": "northfield",
        "p_groups": [],
        "p_tags": [],
        "p_gone": [],
        "p_now": SLOT,
    },
}
# These refuse what is not seen, so they are called with what is.
FUNCTIONS_OF_MEMBERS = {"tag_history"}
# These take a row of a table.
FUNCTIONS_OF_ROWS = {"alert_as_json", "is_polled"}


@pytest.mark.usefixtures("two_plants")
@pytest.mark.parametrize("role", ["anon", "stranger", "viewer", "operator", "manager", "director"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_nobody_but_the_service_calls_a_function(
    api_of: Callable[[str], Api], count: Callable[[str], int], function: str, role: str
) -> None:
    assert api_of(role).refusal(function, **FUNCTIONS[function]) == DENIED
    assert count("pipeline_runs") == 2
    assert count("safety_events") == 2
    assert count("watched_pipelines") == 2


def test_the_service_calls_every_function(service: Api) -> None:
    for function, arguments in FUNCTIONS.items():
        assert isinstance(service.call(function, **arguments), dict)


@pytest.mark.usefixtures("two_plants")
@pytest.mark.parametrize("role", ["stranger", "viewer", "operator", "manager", "director", "service_role"])
@pytest.mark.parametrize("function", FUNCTIONS_OF_USERS)
def test_whoever_is_signed_in_calls_what_pages_call_and_nobody_else(
    api_of: Callable[[str], Api], function: str, role: str
) -> None:
    api_of(role).call(function, **FUNCTIONS_OF_USERS[function])

    assert api_of("anon").refusal(function, **FUNCTIONS_OF_USERS[function]) == DENIED


def test_no_other_function_in_public_is_executable_by_anybody_but_the_service(database: Connection) -> None:
    rows = database.execute(
        """
        select
          p.oid::regprocedure::text as function,
          p.proname as name,
          has_function_privilege('anon', p.oid, 'execute') as anon,
          has_function_privilege('authenticated', p.oid, 'execute') as authenticated,
          p.proacl is null or exists (select from aclexplode(p.proacl) as a where a.grantee = 0) as public,
          has_function_privilege('service_role', p.oid, 'execute') as service_role,
          p.prorettype = 'trigger'::regtype as is_trigger
        from pg_proc as p
        where p.pronamespace = 'public'::regnamespace
        """
    ).fetchall()

    assert len(rows) >= len(FUNCTIONS)
    assert [row["function"] for row in rows if row["anon"] or row["public"]] == []
    assert {row["name"] for row in rows if row["authenticated"]} == {
        *FUNCTIONS_OF_USERS,
        *FUNCTIONS_OF_MEMBERS,
        *FUNCTIONS_OF_ROWS,
    }
    assert [row["function"] for row in rows if row["service_role"] == row["is_trigger"]] == []


# A person who signs an event or an alert may write neither the other one nor the history; who starts or stops
# a group of tags may not change it. Nobody from outside may send to the channels of pages.
RUN_AS_THEIR_OWNER = (
    "apply_tag_command()",
    "end_safety_alert()",
    "note_acknowledgement()",
    "note_changed_tags()",
    "refuse_eleventh_group()",
    "tell_change()",
    "tell_run()",
)


def test_functions_run_with_the_callers_rights_and_an_empty_search_path(database: Connection) -> None:
    rows = database.execute(
        """
        select p.oid::regprocedure::text as function
        from pg_proc as p
        where p.pronamespace = 'public'::regnamespace
        and (
          p.prosecdef and p.oid::regprocedure::text <> all (%s)
          or p.proconfig is null or not p.proconfig @> array['search_path=""']
        )
        """,
        (list(RUN_AS_THEIR_OWNER),),
    ).fetchall()

    assert rows == []


def test_what_runs_as_its_owner_are_triggers_that_nobody_calls(database: Connection) -> None:
    rows = database.execute(
        """
        select p.oid::regprocedure::text as function, p.proacl::text as acl
        from pg_proc as p
        where p.pronamespace = 'public'::regnamespace
        and p.prosecdef
        and p.prorettype = 'trigger'::regtype
        order by 1
        """
    ).fetchall()

    assert [row["function"] for row in rows] == sorted(RUN_AS_THEIR_OWNER)
    assert {row["acl"] for row in rows} == {"{postgres=X/postgres}"}


def test_the_service_has_no_more_than_the_four_rights_on_rows(database: Connection) -> None:
    rows = database.execute(
        """
        select c.relname as name, acl.privilege_type as right
        from pg_class as c
        cross join aclexplode(c.relacl) as acl
        where c.relnamespace = 'public'::regnamespace
        and acl.grantee in ('service_role'::regrole, 'authenticated'::regrole, 'anon'::regrole, 0)
        and acl.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
        """
    ).fetchall()

    assert rows == []
