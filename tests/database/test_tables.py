"""What the tables themselves refuse, and what every one of them has: comments, indexes, policies."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.database.api import USERS, Api
from tests.database.conftest import Connection
from tests.database.protocol import SLOT, fence

Count = Callable[[str], int]

ASSET = {"plant": "northfield", "name": "Press", "source_name": "PRESS-01"}
COST_CENTER = {"plant": "northfield", "name": "Pressing", "standard_hourly_rate": 120}
MEMBER = {"user_id": USERS["viewer"], "plant": "northfield", "role": "viewer"}
TARGET = {
    "asset_id": 1,
    "shift_name": "early",
    "starts_at": "06:00",
    "ends_at": "14:00",
    "target_output": 800,
}
RUN = {
    "pipeline": "live_pulse",
    "plant": "northfield",
    "trigger": "schedule",
    "slot": SLOT,
    "fence": fence(1),
    "started_at": SLOT,
    "lease_expires_at": "2026-11-22T06:01:30Z",
}
SNAPSHOT = {
    "asset_id": 1,
    "snapshot_timestamp": SLOT,
    "window_start": "2026-11-22T05:30:00Z",
    "output_actual": 5,
    "output_target": 5,
    "status": "on_target",
}
EVENT = {
    "plant": "northfield",
    "asset_id": 1,
    "source_asset": "PRESS-01",
    "event_timestamp": SLOT,
    "source_timestamp": "2026-11-22T00:00:00",
    "reason_code": "Safety Issue",
}
SUMMARY = {
    "asset_id": 1,
    "report_date": "2026-11-21",
    "actual_output": 100,
    "target_output": 110,
    "downtime_minutes": 12,
    "waste_count": 3,
}
REJECT = {"run_id": 1, "plant": "northfield", "query": "output", "reason": "negative", "row": {}}

ROWS: dict[str, dict[str, Any]] = {
    "plant_members": MEMBER,
    "cost_centers": COST_CENTER,
    "assets": ASSET,
    "shift_targets": TARGET,
    "pipeline_runs": RUN,
    "live_snapshots": SNAPSHOT,
    "safety_events": EVENT,
    "daily_summaries": SUMMARY,
    "rejected_records": REJECT,
}


@pytest.fixture
def one_of_each(service: Api, database: Connection) -> None:
    """A user, and row 1 in every table."""
    database.execute("insert into auth.users (id) values (%s)", (USERS["viewer"],))
    for table, row in ROWS.items():
        assert service.insert(table, row) == "rows"


@pytest.mark.usefixtures("one_of_each")
@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ("plant_members", {"user_id": USERS["stranger"]}),
        ("assets", {"source_name": "NEW", "cost_center_id": 99}),
        ("shift_targets", {"asset_id": 99}),
        ("live_snapshots", {"asset_id": 99}),
        ("live_snapshots", {"snapshot_timestamp": "2026-11-22T07:00:00Z", "run_id": 99}),
        ("safety_events", {"asset_id": 99, "source_id": "1"}),
        ("safety_events", {"source_id": "1", "run_id": 99}),
        ("daily_summaries", {"asset_id": 99}),
        ("daily_summaries", {"report_date": "2026-11-20", "run_id": 99}),
        ("rejected_records", {"run_id": 99}),
    ],
)
def test_orphans_are_refused(service: Api, count: Count, table: str, changes: dict[str, Any]) -> None:
    assert service.insert(table, {**ROWS[table], **changes}) == "23503"
    assert count(table) == 1


@pytest.mark.usefixtures("one_of_each")
def test_a_cost_center_or_event_of_another_plant_is_an_orphan_too(service: Api) -> None:
    asset = {"plant": "southfield", "name": "Saw", "source_name": "SAW-01", "cost_center_id": 1}

    assert service.insert("assets", asset) == "23503"
    assert service.insert("safety_events", {**EVENT, "plant": "southfield"}) == "23503"


@pytest.mark.usefixtures("one_of_each")
@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ("plant_members", {"role": "manager"}),
        ("cost_centers", {"standard_hourly_rate": 1}),
        ("assets", {"name": "Other"}),
        ("assets", {"source_name": " press-01 "}),
        ("shift_targets", {"target_output": 1}),
        ("pipeline_runs", {"slot": "2026-11-22T06:15:00Z"}),
        ("pipeline_runs", {"fence": fence(2), "slot": "2026-11-22T06:15:00Z"}),
        ("live_snapshots", {"output_actual": 6}),
        ("safety_events", {"details": "more"}),
        ("safety_events", {"source_asset": "press-01", "reason_code": "SAFETY  ISSUE"}),
        ("daily_summaries", {"actual_output": 1}),
    ],
)
def test_a_second_row_for_the_same_thing_is_refused(
    service: Api, count: Count, table: str, changes: dict[str, Any]
) -> None:
    assert service.insert(table, {**ROWS[table], **changes}) == "23505"
    assert count(table) == 1


@pytest.mark.usefixtures("one_of_each")
@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ("plant_members", {"role": "owner"}),
        ("plant_members", {"plant": " "}),
        ("cost_centers", {"plant": "*"}),
        ("cost_centers", {"name": " "}),
        ("cost_centers", {"standard_hourly_rate": -1}),
        ("cost_centers", {"scrap_unit_cost": -1}),
        ("assets", {"plant": "*"}),
        ("assets", {"source_name": "  "}),
        ("assets", {"source_name": "x" * 201}),
        ("assets", {"ideal_units_per_hour": 0}),
        ("assets", {"ideal_units_per_hour": "NaN"}),
        ("shift_targets", {"ends_at": "06:00"}),
        ("shift_targets", {"ends_at": "24:00"}),
        ("shift_targets", {"starts_at": "06:00:30"}),
        ("shift_targets", {"days_of_week": []}),
        ("shift_targets", {"days_of_week": [0]}),
        ("shift_targets", {"days_of_week": [8]}),
        ("shift_targets", {"days_of_week": [None]}),
        ("shift_targets", {"valid_from": "2026-01-01", "valid_until": "2026-01-01"}),
        ("shift_targets", {"target_output": -1}),
        ("shift_targets", {"breaks": {"starts_at": "09:00", "ends_at": "09:15"}}),
        ("shift_targets", {"breaks": [9]}),
        ("shift_targets", {"breaks": [{"starts_at": "09:00"}]}),
        ("shift_targets", {"breaks": [{"starts_at": "9:00", "ends_at": "09:15"}]}),
        ("shift_targets", {"breaks": [{"starts_at": "09:00", "ends_at": "24:00"}]}),
        ("shift_targets", {"breaks": [{"starts_at": "09:00", "ends_at": "09:00"}]}),
        ("shift_targets", {"breaks": [{"starts_at": 9, "ends_at": "09:15"}]}),
        ("pipeline_runs", {"status": "crashed"}),
        ("pipeline_runs", {"trigger": "cron"}),
        ("pipeline_runs", {"slot": None}),
        ("pipeline_runs", {"attempt": 0}),
        ("pipeline_runs", {"finished_at": SLOT}),
        ("pipeline_runs", {"status": "succeeded"}),
        ("pipeline_runs", {"status": "failed", "finished_at": SLOT}),
        ("pipeline_runs", {"lease_expires_at": SLOT}),
        ("pipeline_runs", {"window_start": SLOT, "window_until": SLOT}),
        ("pipeline_runs", {"counts": []}),
        ("live_snapshots", {"window_start": SLOT}),
        ("live_snapshots", {"output_actual": -1}),
        ("live_snapshots", {"status": "ahead"}),
        ("live_snapshots", {"oee_current": 80}),
        ("safety_events", {"severity": "fatal"}),
        ("safety_events", {"source_id": ""}),
        ("safety_events", {"reason_code": " "}),
        ("safety_events", {"downtime_minutes": -1}),
        ("safety_events", {"is_acknowledged": True}),
        ("safety_events", {"acknowledged_by": USERS["viewer"]}),
        ("safety_events", {"is_acknowledged": True, "acknowledged_at": SLOT}),
        ("safety_events", {"is_resolved": True, "resolved_at": SLOT}),
        ("daily_summaries", {"oee_percentage": -1}),
        ("daily_summaries", {"waste_count": -1}),
        ("daily_summaries", {"financial_loss": "Infinity"}),
        ("daily_summaries", {"planned_minutes": -1}),
        ("daily_summaries", {"downtime_reasons": {"Jam": 45}}),
        ("rejected_records", {"reason": ""}),
    ],
)
def test_values_that_cannot_be_are_refused(
    service: Api, count: Count, table: str, changes: dict[str, Any]
) -> None:
    assert service.insert(table, {**ROWS[table], **changes}) == "23514"
    assert count(table) == 1


def test_figures_beyond_any_fixed_precision_are_kept(
    service: Api, one: Callable[..., dict[str, Any]]
) -> None:
    service.insert("assets", ASSET)

    service.insert("live_snapshots", {**SNAPSHOT, "output_actual": 10**20, "variance_percent": 1999999999.5})

    row = one("select output_variance, variance_percent::text as percent from public.live_snapshots")
    assert row == {"output_variance": 10**20 - 5, "percent": "1999999999.5"}


@pytest.mark.usefixtures("one_of_each")
@pytest.mark.parametrize("history", ["safety_events", "daily_summaries"])
def test_an_asset_with_history_cannot_be_deleted(
    service: Api, database: Connection, count: Count, history: str
) -> None:
    other = "daily_summaries" if history == "safety_events" else "safety_events"
    database.execute(f"delete from public.{other}".encode())

    # Postgres 18 calls this a restrict violation, older ones a foreign key violation.
    assert service.delete("assets", id="eq.1") in {"23001", "23503"}
    assert count("assets") == 1
    assert count(history) == 1
    assert count("live_snapshots") == 1


@pytest.mark.usefixtures("one_of_each")
def test_an_asset_without_history_takes_its_snapshots_and_targets_along(service: Api, count: Count) -> None:
    service.delete("safety_events", id="eq.1")
    service.delete("daily_summaries", id="eq.1")

    assert service.delete("assets", id="eq.1") == "rows"
    assert count("live_snapshots") == 0
    assert count("shift_targets") == 0


@pytest.mark.usefixtures("one_of_each")
def test_a_run_that_is_cleaned_up_leaves_what_it_wrote(
    service: Api, database: Connection, count: Count
) -> None:
    database.execute("update public.safety_events set run_id = 1")

    assert service.delete("pipeline_runs", id="eq.1") == "rows"
    assert count("rejected_records") == 0
    assert count("safety_events") == 1
    assert count("live_snapshots") == 1


def test_output_variance_cannot_be_written(database: Connection) -> None:
    database.execute("insert into public.assets (plant, name, source_name) values ('p', 'n', 's')")

    with pytest.raises(psycopg.errors.GeneratedAlways):
        database.execute(
            """
            insert into public.live_snapshots (
              asset_id, snapshot_timestamp, window_start,
              output_actual, output_target, status, output_variance
            )
            values (1, now(), now() - interval '30 min', 1, 1, 'on_target', 5)
            """
        )


def test_everything_in_public_has_a_comment(database: Connection) -> None:
    rows = database.execute(
        """
        select c.relname || coalesce('.' || a.attname, '') as name
        from pg_class as c
        left join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace
        and c.relkind in ('r', 'p', 'v', 'm')
        and (
          coalesce(col_description(c.oid, a.attnum), '') = ''
          or coalesce(obj_description(c.oid, 'pg_class'), '') = ''
        )
        union all
        select p.oid::regprocedure::text
        from pg_proc as p
        where p.pronamespace = 'public'::regnamespace
        and coalesce(obj_description(p.oid, 'pg_proc'), '') = ''
        """
    ).fetchall()

    assert rows == []


def test_every_foreign_key_has_an_index(database: Connection) -> None:
    rows = database.execute(
        """
        select fk.conname as name
        from pg_constraint as fk
        where fk.contype = 'f'
        and fk.connamespace = 'public'::regnamespace
        and not exists (
          select
          from pg_index as i
          where i.indrelid = fk.conrelid
          and i.indpred is null
          and (i.indkey::smallint[])[0:cardinality(fk.conkey) - 1] = fk.conkey
        )
        """
    ).fetchall()

    assert rows == []


def test_every_table_is_under_row_level_security_with_a_policy(database: Connection) -> None:
    rows = database.execute(
        """
        select c.relname as name
        from pg_class as c
        where c.relnamespace = 'public'::regnamespace
        and c.relkind = 'r'
        and (not c.relrowsecurity or not exists (select from pg_policy as p where p.polrelid = c.oid))
        """
    ).fetchall()

    assert rows == []
