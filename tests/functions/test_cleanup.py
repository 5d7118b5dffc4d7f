"""Cleanup from an invocation to rows that are gone, and what it must leave alone."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from devstack.access import SupabaseAccess
from devstack.fault_proxy import FaultProxy
from plantpulse.cleanup import Pace
from plantpulse.errors import StoreUnavailable
from plantpulse.settings import Secret, SupabaseSettings
from tests.functions.conftest import NOON_IN_CHICAGO, World
from tests.functions.house import HOUR, NOON, House


@pytest.fixture
def house(supabase: SupabaseAccess) -> Iterator[House]:
    with supabase.connect() as store:
        yield House(supabase, store)


def test_what_has_outlived_its_retention_is_removed_and_counted(house: House) -> None:
    house.add_snapshots(0, 24, 25, 48)
    house.add_snapshots(23, 30, plant="gone")
    house.add_runs(120, 100, 89, 1)

    status, report = house.tick()

    assert (status, report["outcome"], report["finished"]) == (200, "succeeded", True)
    assert (report["pipeline"], report["slot"]) == ("cleanup", "2026-03-11T12:00:00+00:00")
    assert "plant" not in report
    assert report["counts"] == {
        "batches": 14,
        "live_snapshots_removed": 4,
        "rejected_records_removed": 0,
        "report_mails_removed": 0,
        "alerts_removed": 0,
        "silences_removed": 0,
        "collections_removed": 0,
        "failed_batches_removed": 0,
        "gaps_removed": 0,
        "series_readings_removed": 0,
        "tag_samples_removed": 0,
        "tag_minutes_removed": 0,
        "tag_commands_removed": 0,
        "tag_triggers_removed": 0,
        "pipeline_runs_removed": 2,
    }
    assert report["window"] is None
    assert report["timings_ms"].keys() == {
        "claim",
        "live_snapshots",
        "rejected_records",
        "report_mails",
        "alerts",
        "silences",
        "collections",
        "failed_batches",
        "gaps",
        "series_readings",
        "tag_samples",
        "tag_minutes",
        "tag_commands",
        "tag_triggers",
        "pipeline_runs",
        "longest_batch",
    }
    assert house.snapshots() == [NOON - 23 * HOUR, NOON]
    assert [row["slot"] for row in house.runs("live_pulse")] == [
        NOON - timedelta(days=89),
        NOON - timedelta(days=1),
    ]
    [run] = house.runs("cleanup")
    assert (run["status"], run["counts"], run["window_start"]) == ("succeeded", report["counts"], None)
    assert run["report"]["finished"] is True


def test_nothing_to_remove_is_a_success(house: House) -> None:
    status, report = house.tick()

    assert (status, report["outcome"], report["finished"]) == (200, "succeeded", True)
    assert report["counts"]["live_snapshots_removed"] == 0


def test_a_slot_that_is_delivered_again_changes_nothing(house: House) -> None:
    house.add_snapshots(25)
    house.tick()
    house.add_snapshots(26)
    before = house.runs("cleanup")

    status, report = house.tick()

    assert (status, report["outcome"]) == (200, "duplicate")
    assert (house.runs("cleanup"), house.snapshots()) == (before, [NOON - 26 * HOUR])


def test_one_run_removes_all_that_missed_slots_have_left(house: House) -> None:
    house.add_snapshots(*range(25, 125))

    _, report = house.tick()

    assert (report["counts"]["live_snapshots_removed"], house.snapshots()) == (100, [])


def test_a_late_delivery_runs_under_its_own_slot(house: House) -> None:
    house.add_snapshots(25)
    house.now += 5 * HOUR

    status, report = house.tick()

    assert (status, report["trigger"], report["outcome"]) == (200, "schedule", "succeeded")
    assert house.snapshots() == []


def test_retentions_are_settings(house: House) -> None:
    house.cleanup = {"snapshot_retention_hours": 48, "run_retention_days": 8}
    house.add_snapshots(47, 49)
    house.add_runs(10, 9, 7)

    house.tick()

    assert house.snapshots() == [NOON - 47 * HOUR]
    assert [row["slot"] for row in house.runs("live_pulse")] == [NOON - timedelta(days=7)]


def test_alerts_go_with_all_that_was_told_of_them_400_days_after_their_end(house: House) -> None:
    house.store.execute(
        """
        insert into public.alerts (
          rule, plant, scope, subject, severity, opened_at, observed_at, last_seen_at, resolved_at
        )
        select 'overdue', 'north', 'live_pulse', subject, 'warning', begun, begun, begun, ended
        from (
          values
            ('old', timestamptz '2025-01-01', timestamptz '2025-02-01'),
            ('long', '2025-01-01', '2025-02-11'),
            ('open', '2025-01-01', null)
        ) as one (subject, begun, ended);

        insert into public.alert_history (alert_id, at, what)
        select id, opened_at, 'opened' from public.alerts;
        insert into public.notifications (alert_id, channel) select id, 'mail' from public.alerts;

        insert into public.silences (starts_at, ends_at, why, created_by_name)
        select ended - interval '1 day', ended, 'maintenance', 'ada'
        from (values (timestamptz '2025-02-01'), ('2025-02-11'), ('2026-12-01')) as one (ended)
        """
    )

    _, report = house.tick()
    _, again = house.ask()

    assert (report["counts"]["alerts_removed"], report["counts"]["silences_removed"]) == (1, 1)
    assert (again["counts"]["alerts_removed"], again["counts"]["silences_removed"]) == (0, 0)
    kept = house.rows("select id, subject from public.alerts order by id")
    assert [row["subject"] for row in kept] == ["long", "open"]
    for told in ("alert_history", "notifications"):
        assert [row["alert_id"] for row in house.rows(f"select alert_id from public.{told} order by 1")] == [
            2,
            3,
        ]
    assert [row["id"] for row in house.rows("select id from public.silences order by id")] == [2, 3]


def test_the_retention_of_alerts_is_a_setting(house: House) -> None:
    house.cleanup = {"alert_retention_days": 8}
    house.store.execute(
        """
        insert into public.silences (starts_at, ends_at, why, created_by_name)
        select ended - interval '1 day', ended, 'maintenance', 'ada'
        from (values (timestamptz '2026-03-03 11:00+00'), ('2026-03-03 13:00+00')) as one (ended)
        """
    )

    house.tick()

    assert [row["id"] for row in house.rows("select id from public.silences")] == [2]


def test_a_dry_run_counts_and_changes_nothing(house: House) -> None:
    house.pace = Pace(first=2, least=1, most=2)
    house.add_snapshots(0, 25, 26, 27)
    house.add_runs(120, 100, 1)

    status, report = house.ask(dry_run=True)

    assert (status, report["outcome"], report["is_dry_run"], report["run_id"]) == (
        200,
        "succeeded",
        True,
        None,
    )
    assert (report["counts"]["live_snapshots_expired"], report["counts"]["pipeline_runs_expired"]) == (3, 2)
    assert len(house.snapshots()) == 4
    assert (len(house.runs("live_pulse")), house.runs("cleanup")) == (3, [])


def test_safety_events_and_summaries_stay_for_ever_with_their_runs(house: House) -> None:
    house.add_snapshots(0)
    house.add_runs(300, 200, 100, 1)
    house.store.execute(
        """
        insert into public.safety_events (
          plant, asset_id, event_timestamp, source_timestamp, reason_code, run_id
        )
        select 'north', 1, at, at, 'Safety Issue', 1 from (select timestamp '2025-01-01') as one (at);

        insert into public.daily_summaries (
          asset_id, report_date, actual_output, target_output, downtime_minutes, waste_count, run_id
        )
        values (1, '2025-01-01', 100, 110, 12, 3, 2)
        """
    )
    events, summaries = "select * from public.safety_events", "select * from public.daily_summaries"
    before = (house.rows(events), house.rows(summaries))

    _, report = house.tick()

    assert report["counts"]["pipeline_runs_removed"] == 1
    assert (house.rows(events), house.rows(summaries)) == before
    assert [row["id"] for row in house.runs("live_pulse")] == [1, 2, 4]


def test_a_second_cleanup_beside_the_first_is_busy(house: House) -> None:
    with house.service().open_store(
        SupabaseSettings(url=house.supabase.url, secret_key=Secret(house.supabase.secret_key)),
        seconds_left=lambda: 60.0,
        clock=lambda: house.now,
    ) as store:
        claimed = store.claim_run(
            {
                "pipeline": "cleanup",
                "plant": "(all plants)",
                "trigger": "manual",
                "fence": "00000000-0000-4000-9000-000000000001",
                "lease_s": 150,
            }
        )
    house.add_snapshots(25)

    manual, scheduled = house.ask(), house.tick()

    assert claimed["answer"] == "claimed"
    assert (manual[0], manual[1]["outcome"]) == (409, "busy")
    assert (scheduled[0], scheduled[1]["outcome"]) == (200, "busy")
    assert len(house.snapshots()) == 1


@pytest.mark.parametrize("parameters", [{"plant": "north"}, {"dry_run": 1}, {"hours": 2}])
def test_a_request_that_is_not_understood_changes_nothing(house: House, parameters: dict[str, Any]) -> None:
    house.add_snapshots(25)

    status, body = house.ask(**parameters)

    assert (status, body["error"]["code"], body["error"]["field"]) == (
        400,
        "invalid_request",
        next(iter(parameters)),
    )
    assert (len(house.snapshots()), house.runs("cleanup")) == (1, [])


def test_an_event_is_answered_with_the_report(house: House) -> None:
    house.add_snapshots(25)

    report = house.service().event({"scheduled_time": "2026-03-11T12:00:00Z"})

    assert (report["outcome"], report["counts"]["live_snapshots_removed"]) == ("succeeded", 1)
    json.dumps(report)


@pytest.fixture
def broken(house: House) -> Iterator[FaultProxy]:
    """The network before Supabase, which a test can break."""
    with FaultProxy("127.0.0.1", int(house.supabase.url.rpartition(":")[2])) as proxy:
        house.url = f"http://127.0.0.1:{proxy.port}"
        yield proxy


def test_without_supabase_a_scheduler_is_asked_to_try_again(house: House, broken: FaultProxy) -> None:
    house.add_snapshots(25)
    broken.refuse()

    status, body = house.tick()
    with pytest.raises(StoreUnavailable):
        house.service().event({"scheduled_time": "2026-03-11T12:00:00Z"})
    broken.heal()
    later = house.tick()

    assert (status, body["error"]["code"]) == (503, "store_unavailable")
    assert (later[0], later[1]["outcome"], house.snapshots()) == (200, "succeeded", [])


@pytest.mark.parametrize("call", [b"/rpc/claim_run", b"/rpc/remove_expired", b"/rpc/complete_run"])
def test_a_reply_that_is_lost_changes_nothing(house: House, broken: FaultProxy, call: bytes) -> None:
    house.add_snapshots(0, 25, 26)
    broken.lose_replies(call)

    status, report = house.tick()

    assert (status, report["outcome"], house.snapshots()) == (200, "succeeded", [NOON])
    assert [run["status"] for run in house.runs("cleanup")] == ["succeeded"]


def test_a_supabase_that_goes_away_meanwhile_leaves_a_run_that_failed_and_can_be_tried_again(
    house: House, broken: FaultProxy
) -> None:
    house.add_snapshots(25)
    broken.lose_replies(b"/rpc/remove_expired", times=3)

    failed = house.tick()
    again = house.tick()

    assert (failed[0], failed[1]["outcome"], failed[1]["error"]["code"]) == (
        503,
        "failed",
        "store_unavailable",
    )
    assert (again[0], again[1]["outcome"], again[1]["attempt"]) == (200, "succeeded", 2)


@contextmanager
def deletes_slow_from(store: psycopg.Connection[DictRow], rows: int) -> Iterator[None]:
    """Let every statement that deletes so many snapshots take ten seconds."""
    store.execute(
        f"""
        create function public.dawdle() returns trigger language plpgsql as $$
        begin
          if (select count(*) from gone) >= {rows} then
            perform pg_sleep(10);
          end if;
          return null;
        end;
        $$;

        create trigger dawdle after delete on public.live_snapshots
        referencing old table as gone for each statement execute function public.dawdle()
        """.encode()
    )
    try:
        yield
    finally:
        store.execute("drop function public.dawdle cascade")


def test_a_batch_that_postgres_cuts_off_is_followed_by_smaller_ones(house: House) -> None:
    house.pace = Pace(first=400)
    house.add_snapshots(*(24 + number / 60 for number in range(1, 301)))

    with deletes_slow_from(house.store, 250):
        status, report = house.tick()

    assert (status, report["outcome"], report["finished"]) == (200, "succeeded", True)
    assert report["counts"] == {
        "batches": 16,
        "batches_timed_out": 1,
        "live_snapshots_removed": 300,
        "rejected_records_removed": 0,
        "report_mails_removed": 0,
        "alerts_removed": 0,
        "silences_removed": 0,
        "collections_removed": 0,
        "failed_batches_removed": 0,
        "gaps_removed": 0,
        "series_readings_removed": 0,
        "tag_samples_removed": 0,
        "tag_minutes_removed": 0,
        "tag_commands_removed": 0,
        "tag_triggers_removed": 0,
        "pipeline_runs_removed": 0,
    }
    # Cut off by remove_expired's own time-out, half the role's.
    assert 4000 <= report["timings_ms"]["live_snapshots"] < 8000
    assert house.snapshots() == []


def test_a_table_that_an_index_is_built_on_fails_for_now_and_says_so(house: House) -> None:
    house.pace = Pace(first=100)
    house.add_snapshots(25)

    with house.store.transaction():
        house.store.execute("lock table public.live_snapshots in share mode")
        status, report = house.tick()

    assert (status, report["outcome"], report["error"]["code"]) == (503, "failed", "store_unavailable")
    assert "57014" in report["error"]["message"]
    assert len(house.snapshots()) == 1


def test_a_poll_after_half_a_year_of_rest_still_knows_where_it_stopped(world: World, house: House) -> None:
    world.tick()
    house.now = NOON_IN_CHICAGO + timedelta(days=180)

    _, cleaned = house.ask()
    world.now += timedelta(days=180)
    _, polled = world.tick(NOON_IN_CHICAGO + timedelta(days=180))

    assert cleaned["counts"]["live_snapshots_removed"] == 2
    assert cleaned["counts"]["pipeline_runs_removed"] == 0
    assert "slots_given_up" in [warning["code"] for warning in polled["warnings"]]
