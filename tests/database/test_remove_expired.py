"""Removing what has outlived its retention: bounded, repeatable, in nobody's way, never what is needed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from devstack.access import SupabaseAccess
from plantpulse.schedules.pipelines import ALL_PLANTS
from plantpulse.settings import CleanupSettings
from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import CLAIMED_AT, COMMITTED_AT, claim, commit, completion, fence, snapshot
from tests.patience import ENDS_S

Count = Callable[[str], int]
One = Callable[..., dict[str, Any]]

NOW = "2026-11-22T06:00:00+00:00"
REMOVE = "select public.remove_expired(%s, %s) as answer"
COMMIT = "select public.commit_live_pulse(%s, %s, %s) as answer"


def batch(**changes: Any) -> dict[str, Any]:
    """Return a batch that may remove every snapshot older than a day."""
    return {
        "table": "live_snapshots",
        "keep_hours": 24,
        "limit": 1000,
        "resume_after": None,
        "is_dry_run": False,
        **changes,
    }


def remove(service: Api, **changes: Any) -> dict[str, Any]:
    answer: dict[str, Any] = service.call("remove_expired", p_batch=batch(**changes), p_now=NOW)
    return answer


def add_snapshots(database: Connection, asset_id: int, *instants: str) -> None:
    for instant in instants:
        database.execute(
            """
            insert into public.live_snapshots (
              asset_id, snapshot_timestamp, window_start, output_actual, output_target, status
            )
            values (%(asset)s, %(at)s, %(at)s::timestamptz - interval '30 min', 5, 5, 'on_target')
            """,
            {"asset": asset_id, "at": instant},
        )


def add_run(database: Connection, started_at: str, **changes: Any) -> int:
    """Enter a run that ended well and return its id."""
    values: dict[str, Any] = {
        "pipeline": "live_pulse",
        "plant": "northfield",
        "trigger": "schedule",
        "slot": started_at,
        "status": "succeeded",
        "started_at": started_at,
        "snapshots_until": None,
        "safety_until": None,
        **changes,
    }
    row = database.execute(
        """
        insert into public.pipeline_runs (
          pipeline, plant, trigger, slot, status, fence, started_at, lease_expires_at, finished_at,
          snapshots_until, safety_until, error_code, error_message, is_retryable
        )
        select
          %(pipeline)s, %(plant)s, %(trigger)s, %(slot)s, %(status)s, gen_random_uuid(), %(started_at)s,
          %(started_at)s::timestamptz + interval '90 s',
          case when %(status)s <> 'running' then %(started_at)s::timestamptz end,
          %(snapshots_until)s, %(safety_until)s, failed.code, failed.code, failed.is_retryable
        from (
          select
            case when %(status)s = 'failed' then 'store_unavailable' end as code,
            case when %(status)s = 'failed' then true end as is_retryable
        ) as failed
        returning id
        """,
        values,
    ).fetchone()
    assert row is not None
    number: int = row["id"]
    return number


def ids_of(database: Connection, table: str) -> list[int]:
    rows = database.execute(f"select id from public.{table} order by id".encode()).fetchall()
    return [row["id"] for row in rows]


def test_snapshots_past_their_retention_go_and_all_others_stay(
    service: Api, database: Connection, assets: dict[str, int]
) -> None:
    for asset in ("PRESS-01", "SAW-01"):
        add_snapshots(
            database,
            assets[asset],
            "2026-11-20T06:00:00+00:00",
            "2026-11-21T05:59:59+00:00",
            "2026-11-21T06:00:00+00:00",
            "2026-11-22T06:00:00+00:00",
        )

    answer = remove(service)

    assert answer == {"expired": 4, "removed": 4, "resume_after": None}
    assert ids_of(database, "live_snapshots") == [3, 4, 7, 8]


def test_nothing_to_remove_is_no_error(service: Api) -> None:
    for table in CleanupSettings().keep_hours():
        assert remove(service, table=table) == {"expired": 0, "removed": 0, "resume_after": None}


def test_a_batch_removes_no_more_than_its_limit_the_oldest_first(
    service: Api, database: Connection, assets: dict[str, int]
) -> None:
    days = [f"2026-11-{day:02}T06:00:00+00:00" for day in (5, 3, 1, 2, 4)]
    add_snapshots(database, assets["PRESS-01"], *days)

    first = remove(service, limit=2)
    left = ids_of(database, "live_snapshots")
    second = remove(service, limit=2, resume_after=first["resume_after"])
    third = remove(service, limit=2, resume_after=second["resume_after"])

    assert (first["removed"], left) == (2, [1, 2, 5])
    assert first["resume_after"] == {"at": "2026-11-02T06:00:00+00:00", "id": 4}
    assert (second["removed"], third) == (2, {"expired": 1, "removed": 1, "resume_after": None})
    assert ids_of(database, "live_snapshots") == []


def test_a_batch_that_is_sent_again_changes_nothing_more(
    service: Api, database: Connection, assets: dict[str, int]
) -> None:
    add_snapshots(database, assets["PRESS-01"], "2026-11-20T06:00:00+00:00", "2026-11-22T06:00:00+00:00")

    first = remove(service)
    second = remove(service)

    assert (first["removed"], second["removed"]) == (1, 0)
    assert ids_of(database, "live_snapshots") == [2]


def test_a_dry_run_counts_and_locks_and_removes_nothing(
    supabase: SupabaseAccess, service: Api, database: Connection, assets: dict[str, int]
) -> None:
    days = [f"2026-11-0{day}T06:00:00+00:00" for day in (1, 2, 3)]
    add_snapshots(database, assets["PRESS-01"], *days)

    with supabase.connect() as dry, dry.transaction():
        row = dry.execute(REMOVE, (Jsonb(batch(is_dry_run=True, limit=2)), NOW)).fetchone()
        removed = remove(service)

    assert row is not None
    assert (row["answer"]["expired"], row["answer"]["removed"]) == (2, 0)
    assert row["answer"]["resume_after"] == {"at": "2026-11-02T06:00:00+00:00", "id": 2}
    assert removed["removed"] == 3


def test_rejected_records_past_their_retention_go(service: Api, database: Connection) -> None:
    run = add_run(database, "2026-11-22T05:00:00Z")
    for instant in ("2026-10-01T06:00:00Z", "2026-11-22T05:00:00Z"):
        database.execute(
            """
            insert into public.rejected_records (run_id, plant, query, reason, "row", created_at)
            values (%s, 'northfield', 'output', 'negative', '{}', %s)
            """,
            (run, instant),
        )

    answer = remove(service, table="rejected_records", keep_hours=720)

    assert (answer["removed"], ids_of(database, "rejected_records")) == (1, [2])


def add_summaries(database: Connection, asset_id: int, *days: str) -> None:
    for day in days:
        database.execute(
            """
            insert into public.daily_summaries (asset_id, report_date, actual_output, target_output)
            values (%s, %s, 100, 110)
            """,
            (asset_id, day),
        )


def test_summaries_past_their_retention_go_batch_by_batch(
    service: Api, database: Connection, assets: dict[str, int]
) -> None:
    for asset in ("PRESS-01", "SAW-01"):
        add_summaries(database, assets[asset], "2026-10-12", "2026-10-10", "2026-10-11", "2026-11-21")

    first = remove(service, table="daily_summaries", keep_hours=42 * 24, limit=3)
    left = ids_of(database, "daily_summaries")
    second = remove(
        service,
        table="daily_summaries",
        keep_hours=42 * 24,
        limit=3,
        resume_after=first["resume_after"],
    )

    assert (first["removed"], left) == (3, [1, 4, 5, 7, 8])
    assert second == {"expired": 1, "removed": 1, "resume_after": None}
    # 42 days before now is 11 October 06:00: the 12th has not expired.
    assert ids_of(database, "daily_summaries") == [1, 4, 5, 8]


def test_a_run_goes_once_its_summaries_have_gone(
    service: Api, database: Connection, assets: dict[str, int]
) -> None:
    add_run(database, OLDER, pipeline="morning_report")
    add_run(database, OLD, pipeline="morning_report")
    add_summaries(database, assets["PRESS-01"], "2026-01-01")
    database.execute("update public.daily_summaries set run_id = 1")
    before = remove_runs(service)["removed"]

    remove(service, table="daily_summaries", keep_hours=35 * 24)

    assert (before, remove_runs(service)["removed"]) == (0, 1)


def remove_runs(service: Api, **changes: Any) -> dict[str, Any]:
    return remove(service, table="pipeline_runs", keep_hours=2160, **changes)


OLD = "2026-01-01T06:00:00+00:00"
OLDER = "2026-01-01T05:45:00+00:00"
OLDEST = "2026-01-01T05:30:00+00:00"


def test_old_runs_go_and_young_ones_stay(service: Api, database: Connection) -> None:
    add_run(database, OLDER)
    add_run(database, OLD)
    add_run(database, "2026-08-24T06:00:00Z")
    add_run(database, "2026-11-22T05:00:00Z")

    answer = remove_runs(service)

    assert answer == {"expired": 2, "removed": 2, "resume_after": None}
    assert ids_of(database, "pipeline_runs") == [3, 4]


def test_the_newest_run_of_each_status_stays_whatever_its_age(service: Api, database: Connection) -> None:
    for status in ("succeeded", "partial", "failed", "abandoned"):
        add_run(database, OLDER, status=status, trigger="manual", slot=None)
        add_run(database, OLD, status=status, trigger="manual", slot=None)
    add_run(database, OLD, plant="southfield")
    add_run(database, OLD, pipeline="cleanup", plant=ALL_PLANTS)

    answer = remove_runs(service)

    assert answer["removed"] == 4
    assert ids_of(database, "pipeline_runs") == [2, 4, 6, 8, 9, 10]


def test_the_run_of_the_newest_slot_stays_though_an_older_slot_was_run_after_it(
    service: Api, database: Connection
) -> None:
    add_run(database, OLDEST, slot=OLDEST)
    add_run(database, OLDER, slot=OLD)
    add_run(database, OLD, slot=OLDER)

    remove_runs(service)

    assert ids_of(database, "pipeline_runs") == [2, 3]


def test_of_runs_that_started_together_one_stays(service: Api, database: Connection) -> None:
    for _ in range(3):
        add_run(database, OLD, trigger="manual", slot=None)

    remove_runs(service)

    assert ids_of(database, "pipeline_runs") == [3]


def test_a_running_run_stays_whatever_its_age(service: Api, database: Connection) -> None:
    add_run(database, OLDER, status="running")

    assert remove_runs(service)["removed"] == 0


def test_what_the_newest_watermarks_stand_on_stays(service: Api, database: Connection) -> None:
    add_run(database, OLDEST, snapshots_until=OLDEST, safety_until=OLDEST)
    add_run(database, OLDEST, snapshots_until=OLD, slot=OLDER)
    add_run(database, OLDER, safety_until=OLD, slot=None, trigger="manual")
    # The newest run, and that of the newest slot, so that the watermarks alone keep those before.
    add_run(database, OLD)
    add_run(database, OLDER, snapshots_until=OLDER, safety_until=OLDER, plant="southfield")
    before = service.call("claim_run", p_claim=claim(1, is_dry_run=True))

    answer = remove_runs(service)

    assert answer["removed"] == 1
    assert ids_of(database, "pipeline_runs") == [2, 3, 4, 5]
    after = service.call("claim_run", p_claim=claim(1, is_dry_run=True))
    assert (after["snapshots_until"], after["safety_until"]) == (OLD, OLD)
    assert (after["snapshots_until"], after["safety_until"]) == (
        before["snapshots_until"],
        before["safety_until"],
    )


def test_of_two_runs_with_one_watermark_the_one_that_a_claim_reads_stays(
    service: Api, database: Connection
) -> None:
    add_run(database, OLDER, snapshots_until=OLD)
    second = add_run(database, OLDEST, snapshots_until=OLD)
    database.execute(
        "update public.pipeline_runs set catch_up_from = %s, catch_up_until = %s where id = %s",
        (OLDEST, OLDER, second),
    )
    add_run(database, OLD)

    remove_runs(service)

    assert ids_of(database, "pipeline_runs") == [2, 3]
    claimed = service.call("claim_run", p_claim=claim(1, is_dry_run=True))
    assert (claimed["catch_up_from"], claimed["catch_up_until"]) == (OLDEST, OLDER)


@pytest.mark.parametrize("table", ["live_snapshots", "safety_events", "rejected_records", "daily_summaries"])
def test_a_run_that_a_row_refers_to_stays_and_the_row_is_not_touched(
    service: Api, database: Connection, one: One, assets: dict[str, int], table: str
) -> None:
    run = add_run(database, OLDER)
    add_run(database, OLD)
    press, at = assets["PRESS-01"], "2026-11-22T05:00:00Z"
    values: dict[str, tuple[str, tuple[Any, ...]]] = {
        "live_snapshots": (
            "asset_id, snapshot_timestamp, window_start, output_actual, output_target, status",
            (press, at, OLD, 5, 5, "on_target"),
        ),
        "safety_events": (
            "plant, asset_id, event_timestamp, source_timestamp, reason_code",
            ("northfield", press, at, at, "Safety Issue"),
        ),
        "daily_summaries": (
            "asset_id, report_date, actual_output, target_output, downtime_minutes, waste_count",
            (press, "2026-01-01", 100, 110, 12, 3),
        ),
        "rejected_records": (
            'plant, query, reason, "row"',
            ("northfield", "output", "negative", Jsonb({})),
        ),
    }
    columns, row = values[table]
    places = ", ".join(["%s"] * (len(row) + 1))
    database.execute(
        f"insert into public.{table} (run_id, {columns}) values ({places})".encode(), (run, *row)
    )
    before = one(f"select *, xmax::text from public.{table}")

    answer = remove_runs(service)

    assert (answer["expired"], answer["removed"]) == (0, 0)
    assert ids_of(database, "pipeline_runs") == [1, 2]
    assert one(f"select *, xmax::text from public.{table}") == before


def test_everything_that_refers_to_runs_is_known_to_keep_them(database: Connection, one: One) -> None:
    referring = database.execute(
        """
        select conrelid::regclass::text as name
        from pg_constraint
        where contype = 'f' and confrelid = 'public.pipeline_runs'::regclass
        """
    ).fetchall()

    known = one("select prosrc from pg_proc where proname = 'needed_runs'")["prosrc"]

    assert len(referring) >= 3
    assert [row["name"] for row in referring if f"public.{row['name']} as" not in known] == []


def test_what_refers_to_runs_is_looked_up_and_not_read_to_its_end(
    supabase: SupabaseAccess, database: Connection, assets: dict[str, int]
) -> None:
    for minute in range(50):
        add_run(database, f"2026-01-01T05:{minute:02}:00Z")
    database.execute(
        """
        insert into public.live_snapshots (
          asset_id, snapshot_timestamp, window_start, output_actual, output_target, status, run_id
        )
        select %s, at, at - interval '30 min', 5, 5, 'on_target', 50
        from generate_series('2026-11-01'::timestamptz, '2026-11-22', '10 min') as at
        """,
        (assets["PRESS-01"],),
    )
    # What it knows now makes the planner believe that a snapshot of any run is met at once.
    database.execute("analyze public.live_snapshots")
    scans = """
      select conrelid::regclass::text as name, pg_stat_get_xact_numscans(conrelid) as times
      from pg_constraint
      where contype = 'f' and confrelid = 'public.pipeline_runs'::regclass
      order by name
    """

    with database.transaction():
        # What earlier transactions did may still be counted here: Postgres hands counts on once a second.
        before = {scan["name"]: scan["times"] for scan in database.execute(scans).fetchall()}
        rows = database.execute(
            "select distinct public.needed_runs(array(select id from public.pipeline_runs)) as id"
        ).fetchall()
        after = database.execute(scans).fetchall()

    assert [row["id"] for row in rows] == [50]
    assert {scan["name"]: scan["times"] - before[scan["name"]] for scan in after} == {
        "daily_summaries": 0,
        "live_snapshots": 0,
        "rejected_records": 0,
        "safety_events": 0,
    }


def test_runs_that_are_kept_are_passed_over_once_and_not_again(service: Api, database: Connection) -> None:
    for minute in range(5):
        add_run(database, f"2026-01-01T0{minute}:00:00Z", plant=f"plant_{minute}")
    add_run(database, OLDER)
    add_run(database, OLD)

    first = remove_runs(service, limit=5)
    second = remove_runs(service, limit=5, resume_after=first["resume_after"])

    assert (first["removed"], first["resume_after"]["id"]) == (0, 5)
    assert second == {"expired": 1, "removed": 1, "resume_after": None}


def test_a_slot_of_which_only_the_last_attempt_is_left_is_attempted_again(
    service: Api, database: Connection
) -> None:
    add_run(database, OLDER, status="failed", slot=OLD)
    last = add_run(database, OLD, status="failed", slot=OLDEST)
    database.execute("update public.pipeline_runs set attempt = 2, slot = %s where id = %s", (OLD, last))
    remove_runs(service)

    claimed = service.call("claim_run", p_claim=claim(1, slot=OLD), p_now=OLD)

    assert (claimed["answer"], claimed["run"]["attempt"]) == ("claimed", 3)


@pytest.mark.parametrize(
    ("changes", "sqlstate"),
    [
        ({"table": "safety_events"}, "22023"),
        ({"table": "assets"}, "22023"),
        ({"table": "live_snapshots; drop table public.assets"}, "22023"),
        ({"table": None}, "22023"),
        ({"keep_hours": None}, "22023"),
        ({"keep_hours": 0}, "22023"),
        ({"keep_hours": -24}, "22023"),
        ({"keep_hours": "a day"}, "22P02"),
        ({"limit": None}, "22023"),
        ({"limit": 0}, "22023"),
        ({"limit": 100_001}, "22023"),
        ({"limit": "all"}, "22P02"),
        ({"resume_after": {"at": "noon", "id": 1}}, "22007"),
        ({"is_dry_run": "perhaps"}, "22P02"),
    ],
)
def test_a_batch_that_is_not_one_is_refused_and_nothing_is_removed(
    service: Api, database: Connection, assets: dict[str, int], changes: dict[str, Any], sqlstate: str
) -> None:
    add_snapshots(database, assets["PRESS-01"], "2026-11-01T06:00:00Z")

    refused = service.refusal("remove_expired", p_batch=batch(**changes), p_now=NOW)

    assert refused == sqlstate
    assert ids_of(database, "live_snapshots") == [1]
    assert ids_of(database, "assets") == [1, 2, 3]


def test_two_at_once_share_the_work_and_neither_waits(
    supabase: SupabaseAccess, service: Api, database: Connection, assets: dict[str, int]
) -> None:
    add_snapshots(database, assets["PRESS-01"], *(f"2026-11-0{day}T06:00:00Z" for day in (1, 2, 3)))

    with supabase.connect() as other, other.transaction():
        row = other.execute(REMOVE, (Jsonb(batch(limit=2)), NOW)).fetchone()
        beside = remove(service)

    assert row is not None
    assert row["answer"]["removed"] == 2
    assert (beside["expired"], beside["removed"]) == (3, 1)
    assert ids_of(database, "live_snapshots") == []


def test_of_many_at_once_each_row_is_removed_by_one(
    service: Api, database: Connection, assets: dict[str, int]
) -> None:
    database.execute(
        """
        insert into public.live_snapshots (
          asset_id, snapshot_timestamp, window_start, output_actual, output_target, status
        )
        select %s, at, at - interval '30 min', 5, 5, 'on_target'
        from generate_series('2026-01-01'::timestamptz, '2026-01-11', interval '5 min') as at
        """,
        (assets["PRESS-01"],),
    )
    sweepers = 4
    barrier = Barrier(sweepers)

    def sweep(_: int) -> int:
        barrier.wait(timeout=ENDS_S)
        removed: int = 0
        after = None
        while True:
            answer = remove(service, limit=100, resume_after=after)
            removed, after = removed + int(answer["removed"]), answer["resume_after"]
            if after is None:
                return removed

    with ThreadPoolExecutor(sweepers) as pool:
        removed = list(pool.map(sweep, range(sweepers)))

    assert sum(removed) == 2881
    assert ids_of(database, "live_snapshots") == []


def test_a_poll_commits_beside_a_batch_that_has_not_ended(
    supabase: SupabaseAccess, service: Api, database: Connection, assets: dict[str, int], count: Count
) -> None:
    old = add_run(database, OLDER)
    add_run(database, OLD)
    add_snapshots(database, assets["PRESS-01"], "2026-11-01T06:00:00Z")
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)

    with supabase.connect() as cleanup, supabase.connect() as poll:
        poll.execute("set lock_timeout = '1ms'")  # whatever it would have to wait for is an error
        with cleanup.transaction():
            for changes in ({}, {"table": "pipeline_runs"}):
                cleanup.execute(REMOVE, (Jsonb(batch(**changes)), NOW))
            body = Jsonb(commit(snapshot(assets["PRESS-01"]), snapshot(assets["OVEN-02"])))
            row = poll.execute(COMMIT, (fence(1), body, COMMITTED_AT)).fetchone()

    assert row is not None
    assert row["answer"]["answer"] == "committed"
    assert count("live_snapshots") == 2
    assert old not in ids_of(database, "pipeline_runs")


def test_a_batch_passes_over_what_a_poll_has_not_committed_yet(
    supabase: SupabaseAccess, database: Connection, service: Api, assets: dict[str, int]
) -> None:
    late_slot = "2026-11-20T06:00:00+00:00"
    add_snapshots(database, assets["PRESS-01"], late_slot, "2026-11-20T06:15:00Z")
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    body = commit(snapshot(assets["PRESS-01"], output_actual=7))
    body["slots"][0] |= {"snapshot_timestamp": late_slot, "window_start": OLD}

    with supabase.connect() as poll, supabase.connect() as cleanup:
        cleanup.execute("set lock_timeout = '1ms'")
        with poll.transaction():
            poll.execute(COMMIT, (fence(1), Jsonb(body), COMMITTED_AT))
            row = cleanup.execute(REMOVE, (Jsonb(batch()), NOW)).fetchone()

    assert row is not None
    assert row["answer"] == {"expired": 2, "removed": 1, "resume_after": None}
    assert ids_of(database, "live_snapshots") == [1]


@pytest.mark.usefixtures("members")
def test_runs_for_all_plants_are_seen_by_members_of_all_plants_alone(
    api_of: Callable[[str], Api], service: Api
) -> None:
    service.call("claim_run", p_claim=claim(1, pipeline="cleanup", plant=ALL_PLANTS))
    service.call("complete_run", p_fence=fence(1), p_completion=completion())

    assert api_of("director").select("pipeline_runs") == "rows"
    for user in ("viewer", "manager", "neighbour", "stranger"):
        assert api_of(user).select("pipeline_runs") == "nothing"


def test_every_table_with_a_retention_expires(service: Api) -> None:
    settings = CleanupSettings(
        daily_summary_retention_days=35, series_quality_retention_days=35, series_retention_days=400
    )
    for table, keep_hours in settings.keep_hours().items():
        assert remove(service, table=table, keep_hours=keep_hours)["removed"] == 0
