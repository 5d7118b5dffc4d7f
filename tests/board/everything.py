"""A plant of which every page has something of everything, known and unknown, open and over.

Its rows are written as the functions write them, at half past ten on 11 March 2026 in Brussels.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg.types.json import Jsonb

from tests.database.board.stories import BELOW, NOT_PLANNED, QUARTER, RESOLVED, Story, slots, stop
from tests.database.conftest import Connection

NOW: Final = datetime(2026, 3, 11, 9, 49, tzinfo=UTC)
AS_OF: Final = datetime(2026, 3, 11, 9, 45, tzinfo=UTC)
_EARLY: Final = ("Early", datetime(2026, 3, 11, 5, tzinfo=UTC), datetime(2026, 3, 11, 13, tzinfo=UTC))
_SEEN: Final[dict[str, Any]] = {
    "is_acknowledged": True,
    "acknowledged_at": NOW - timedelta(hours=1),
    "acknowledged_by_name": "ada",
}


def tell(database: Connection) -> int:
    """Write all of it; return the id of the machine that stands."""
    story = Story(database)
    story.card()
    _machines(story)
    _runs(story)
    _incidents(story)
    _reports(story)
    _alerts(database)
    _series(database)
    _tags(database)
    return story.numbers["Press 4"]


def _machines(story: Story) -> None:
    quarters = slots(AS_OF - timedelta(hours=3), AS_OF)
    safety_stop = stop("Safety stop", AS_OF - timedelta(minutes=20), None)
    tip_dressing = stop("Tip dressing", AS_OF - timedelta(minutes=45), AS_OF - timedelta(minutes=36))
    for name, ago in (("Press 4", 0), ("Weld B2", 0), ("Base coat", 0), ("Oven 2", 3), ("Fill", 0)):
        story.machine(name, None if name == "Fill" else "Stamping")
        known = quarters[: len(quarters) - ago]
        story.made(name, [one for one in known[:-2] if one != quarters[4]], shift=_EARLY)
        now = {
            "Press 4": {
                **BELOW,
                "stopped_since": AS_OF - timedelta(minutes=20),
                "stops": [tip_dressing, safety_stop],
                "labor_headcount": 2,
                "downtime_minutes": 20,
                "oee_current": 0,
            },
            "Weld B2": {**BELOW, "stops": [tip_dressing], "downtime_minutes": 9},
            "Base coat": BELOW,
            "Fill": NOT_PLANNED,
        }.get(name, {})
        story.made(name, known[-2:], **{"shift": _EARLY} | now)


def _runs(story: Story) -> None:
    bad = {
        "status": "failed",
        "error_code": "source_unavailable",
        "is_retryable": True,
        "error_message": "away",
    }
    story.polled(AS_OF - timedelta(hours=9), snapshots_until=None, safety_until=None, **bad)
    story.polled(AS_OF - timedelta(hours=8))
    partial = Jsonb({"warnings": [{"code": "rows_rejected", "message": "7"}]})
    story.polled(AS_OF - timedelta(hours=2), status="partial", report=partial)
    story.polled(AS_OF)
    story.polled(AS_OF, pipeline="morning_report", snapshots_until=None, safety_until=None, **bad)
    of_no_plant = {"plant": "(no plant)", "snapshots_until": None, "safety_until": None}
    story.polled(AS_OF - timedelta(hours=1), pipeline="energy_actuals", **of_no_plant)
    for name, state, due in (
        ("health", "running", None),
        ("live_pulse", "running", NOW + timedelta(minutes=11)),
        ("morning_report", "late", NOW - timedelta(hours=1)),
        ("energy_actuals", "late", NOW - timedelta(minutes=34)),
    ):
        is_of_plant = name in ("live_pulse", "morning_report")
        _add(
            story.database,
            "pipeline_states",
            pipeline=name,
            plant=story.plant if is_of_plant else "(no plant)",
            state=state,
            due_at=due,
            late_at=due,
            next_at=due,
            interval_minutes=15,
            judged_at=NOW - timedelta(minutes=1),
        )
        if is_of_plant:
            since = NOW - timedelta(days=5)
            _add(
                story.database,
                "watched_pipelines",
                pipeline=name,
                plant=story.plant,
                watched_since=since,
                is_stopped=False,
            )


def _incidents(story: Story) -> None:
    story.incident("Press 4", NOW - timedelta(minutes=26), downtime_minutes=26, details="Gate 2")
    story.incident("Press 4", NOW - timedelta(hours=5), "high", **_SEEN)
    story.incident("Weld B2", NOW - timedelta(days=1), downtime_minutes=4, details="Cleaned", **RESOLVED)


def _reports(story: Story) -> None:
    figures = {
        "target_output": 1440,
        "actual_output": 1214,
        "oee_percentage": 61,
        "availability_percentage": 84,
        "performance_percentage": 74,
        "quality_percentage": 98,
        "planned_minutes": 900,
        "downtime_minutes": 71,
        "planned_stop_minutes": 20,
        "unexplained_minutes": 31,
        "waste_count": 12,
        "downtime_loss": 4310,
        "scrap_loss": 120,
        "speed_loss": 0,
        "financial_loss": 4430,
        "top_downtime_reason": "Tip dressing",
        "downtime_reasons": Jsonb(
            [{"reason": "Tip dressing", "minutes": 51}, {"reason": None, "minutes": 20, "is_planned": True}]
        ),
        "summary_text": "Weld B2 made 1,214 of 1,440 units.",
    }
    for ago in (1, 2, 8):
        day = NOW - timedelta(days=ago)
        made = day.replace(hour=5, minute=0) + timedelta(days=1)
        row = {"report_date": day.date(), "created_at": made, "updated_at": made + timedelta(hours=3)}
        for name in ("Weld B2", "Press 4"):
            known = figures if name == "Weld B2" else {"target_output": 1440}
            _add(story.database, "daily_summaries", asset_id=story.numbers[name], **row, **known)
    _add(
        story.database, "assets", plant=story.plant, name="PRESS_99", source_name="PRESS_99", is_mapped=False
    )


def _alerts(database: Connection) -> None:
    at = NOW - timedelta(minutes=50)
    common = {"plant": "northfield", "opened_at": at, "observed_at": at, "last_seen_at": NOW}
    _add(database, "alerts", rule="overdue", scope="live_pulse", severity="critical", **common)
    seen = common | _SEEN
    number = _add(
        database, "alerts", rule="no_output", scope="live_pulse", severity="warning", subject="W", **seen
    )
    _add(database, "alerts", rule="run_failed", scope="cleanup", severity="warning", **seen, resolved_at=NOW)
    for what in ("opened", "acknowledged"):
        _add(database, "alert_history", alert_id=number, at=at, what=what)
    ends_at = NOW + timedelta(hours=3)
    silence = {
        "starts_at": at,
        "ends_at": ends_at,
        "why": "New die",
        "created_by_name": "ada",
        "created_at": at,
    }
    _add(database, "silences", plant="northfield", rule="no_output", **silence)
    _add(database, "silences", plant="northfield", fingerprint="live_pulse/northfield/x", **silence)


def _series(database: Connection) -> None:
    for number, key in enumerate(("BE/load", "BE/wind")):
        series = {"subject": "BE", "source": "entsoe", "unit": "MW", "time_zone": "Europe/Brussels"}
        kind = key.rsplit("/", 1)[1]
        made = {"known_at": NOW, "created_at": NOW, "group": key, "kind": kind}
        series_id = _add(database, "series", key=key, **series, **made)
        for quarter in range(4 - 4 * number):
            at = AS_OF - quarter * QUARTER
            value = None if quarter == 2 else 9100.5
            _add(database, "series_points", series_id=series_id, at=at, minutes=15, value=value, known_at=NOW)
        if number == 0:
            _quality(database, series_id)
    at = NOW - timedelta(hours=3)
    gap = {"group": "BE/load", "starts_at": at, "ends_at": at + timedelta(hours=1), "found_at": NOW}
    _add(database, "gaps", **gap, attempts=2, next_attempt_at=NOW + timedelta(minutes=20))
    stale = {"plant": "(no plant)", "subject": "BE/wind", "severity": "warning", "scope": "series_gaps"}
    seen = {"opened_at": at, "observed_at": at, "last_seen_at": NOW}
    _add(database, "alerts", rule="series_stale", **stale, **seen)


def _quality(database: Connection, series_id: int) -> None:
    minutes = {"due_minutes": 1440, "covered_minutes": 1440, "timely_minutes": 1411}
    shares = {"completeness": 1, "timeliness": 0.98, "accuracy": 1}
    _add(
        database,
        "series_quality",
        series_id=series_id,
        day=NOW.date() - timedelta(days=1),
        points=96,
        invalid=0,
        suspect=0,
        computed_at=NOW,
        first_computed_at=NOW,
        **minutes,
        **shares,
    )


def _tags(database: Connection) -> None:
    for name, mode in (
        ("Press", "fixed"),
        ("Weld", "fixed"),
        ("Scale", "handshake"),
    ):
        group_id = _add(
            database,
            "tag_groups",
            plant="northfield",
            name=name,
            mode=mode,
            address="modbus://10.20.0.5",
        )
        for tag, data_type, unit in (("Temperature", "float32", "°C"), ("Closed", "bool", None)):
            _add(
                database, "tags", group_id=group_id, name=tag, address="hr:1", data_type=data_type, unit=unit
            )
        if name == "Scale":
            continue
        _tag_state(database, group_id, is_failing=name == "Weld")
        for second in range(-90, 0, 10):
            slot = {"group_id": group_id, "slot": NOW + timedelta(seconds=second)}
            _add(database, "tag_samples", **slot, values=[None if second == -20 else 21.5, 1.0], read_ms=9)
    command = {"kind": "stop", "requested_by_name": "ada", "requested_at": NOW - timedelta(hours=2)}
    told = {"heard_at": NOW - timedelta(hours=2), "done_at": NOW - timedelta(hours=2)}
    _add(database, "tag_commands", plant="northfield", group_id=group_id, **command, **told)


def _tag_state(database: Connection, group_id: int, *, is_failing: bool) -> None:
    error = {"last_error_code": "device_timed_out", "last_error": "away", "last_error_at": NOW}
    database.execute("delete from public.tag_states where group_id = %s", (group_id,))
    _add(
        database,
        "tag_states",
        group_id=group_id,
        runner="cloud",
        state="failing" if is_failing else "polling",
        flushed_at=NOW,
        last_poll_at=NOW,
        last_good_at=NOW,
        queue_length=3,
        queue_highest=5,
        queue_limit=600,
        jitter_ms=1.5,
        read_ms=9.2,
        failing_since=NOW if is_failing else None,
        **(error if is_failing else {}),
    )
    _add(
        database,
        "tag_leases",
        group_id=group_id,
        holder="00000000-0000-4000-8000-000000000001",
        runner="cloud",
        first_slot=NOW - timedelta(seconds=30),
        claimed_at=NOW - timedelta(seconds=30),
        began_at=NOW - timedelta(seconds=30),
        expires_at=NOW + timedelta(seconds=60),
    )


def _add(database: Connection, table: str, **row: Any) -> int:
    """Insert a row; return its id, or 0 where the table has none."""
    names, marks = ", ".join(f'"{name}"' for name in row), ", ".join(f"%({name})s" for name in row)
    query = f"insert into public.{table} as made ({names}) values ({marks})"
    query += " returning to_jsonb(made) -> 'id' as id"
    found = database.execute(query.encode(), row).fetchone()
    number: int = (found and found["id"]) or 0
    return number
