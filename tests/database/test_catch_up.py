"""Commits in parts, what they leave for later, and the fingerprints that spare the next run work."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from devstack.access import SupabaseAccess
from plantpulse.live_pulse.catch_up import fingerprint
from plantpulse.live_pulse.snapshots import Snapshot
from tests.database.api import Api
from tests.database.protocol import (
    CLAIMED_AT,
    COMMITTED_AT,
    LEASE_EXPIRES_AT,
    NEXT_SLOT,
    SLOT,
    claim,
    commit,
    fence,
    snapshot,
)

One = Callable[..., dict[str, Any]]

# What this transaction has read of the table, whichever way.
ROWS_READ = """
  select seq_tup_read + idx_tup_fetch as number
  from pg_stat_xact_user_tables
  where relname = 'live_snapshots'
"""


@pytest.fixture
def press(assets: dict[str, int]) -> int:
    return assets["PRESS-01"]


def part(*snapshots: dict[str, Any], **changes: Any) -> dict[str, Any]:
    left = {"catch_up_from": "2026-11-22T04:00:00Z", "catch_up_until": "2026-11-22T05:00:00Z"}
    return commit(*snapshots, is_final=False, **left | changes)


def send(service: Api, number: int, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = service.call(
        "commit_live_pulse", p_fence=fence(number), p_commit=body, p_now=COMMITTED_AT
    )
    return answer


def test_a_part_writes_its_rows_and_lets_the_run_go_on(service: Api, press: int, one: One) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)

    answer = send(service, 1, part(snapshot(press)))

    assert (answer["answer"], answer["report"]) == ("committed", None)
    assert answer["snapshots"] == {"written": 1, "updated": 0, "unchanged": 0}
    run = one(
        "select status, snapshots_until::text, catch_up_from is not null as is_left from public.pipeline_runs"
    )
    assert run["status"] == "running"
    assert run["is_left"] is True


def test_a_part_sent_again_changes_nothing(service: Api, press: int) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    send(service, 1, part(snapshot(press)))

    answer = send(service, 1, part(snapshot(press)))

    assert answer["snapshots"] == {"written": 0, "updated": 0, "unchanged": 1}


def test_the_last_commit_adds_to_what_the_parts_wrote(service: Api, press: int) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    send(service, 1, part(snapshot(press)))
    report = {"counts": {"snapshots_written": 1, "snapshots_updated": 0, "snapshots_unchanged": 4}}

    answer = send(service, 1, commit(snapshot(press, output_actual=51), report=report))

    assert answer["report"]["counts"] == {
        "snapshots_written": 1,
        "snapshots_updated": 1,
        "snapshots_unchanged": 4,
    }


def test_a_claim_hears_what_a_dead_run_had_written_and_left(service: Api, press: int) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    send(service, 1, part(snapshot(press)))

    answer = service.call("claim_run", p_claim=claim(2, slot=NEXT_SLOT), p_now=LEASE_EXPIRES_AT)

    assert answer["answer"] == "claimed"
    assert answer["snapshots_until"] == SLOT
    assert answer["catch_up_from"] == "2026-11-22T04:00:00+00:00"
    assert answer["catch_up_until"] == "2026-11-22T05:00:00+00:00"


def test_a_part_after_a_take_over_is_refused(service: Api, press: int, count: Callable[[str], int]) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    service.call("claim_run", p_claim=claim(2), p_now=LEASE_EXPIRES_AT)

    answer = send(service, 1, part(snapshot(press)))

    assert answer["answer"] == "fenced"
    assert count("live_snapshots") == 0


def test_what_is_read_afterwards_corrects_output_and_leaves_the_rest(
    service: Api, press: int, one: One
) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    send(service, 1, commit(snapshot(press)))
    service.call("claim_run", p_claim=claim(2, slot=NEXT_SLOT))
    unknown = {"oee_current": None, "oee_source": None, "good_count": None, "labor_headcount": None}
    late = commit(snapshot(press, output_actual=55, downtime_minutes=3, **unknown))
    late["slots"][0]["is_catch_up"] = True

    send(service, 2, late)

    row = one(
        "select output_actual::int, downtime_minutes::int, oee_current::float, good_count::int, is_catch_up"
        " from public.live_snapshots"
    )
    assert row == {
        "output_actual": 55,
        "downtime_minutes": 3,
        "oee_current": 81.5,
        "good_count": 48,
        "is_catch_up": False,
    }


def test_the_fingerprint_of_stored_rows_is_the_polls_own(service: Api, assets: dict[str, int]) -> None:
    rows = [
        Snapshot(
            assets["PRESS-01"],
            63.1234,
            34,
            60.5,
            4.3,
            "on_target",
            80.0,
            "reported",
            5.25,
            60,
            3,
            4,
            0,
            False,
        ),
        Snapshot(
            assets["OVEN-02"], 0, None, 0, None, "on_target", None, None, None, None, None, None, None, False
        ),
    ]
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    send(service, 1, commit(*(row.as_json() for row in rows)))

    answer = service.call("claim_run", p_claim=claim(2, slot=NEXT_SLOT, recent_slots=[SLOT, NEXT_SLOT]))

    assert answer["fingerprints"] == {SLOT: fingerprint(rows)}


def test_another_plants_rows_are_in_no_fingerprint(service: Api, press: int) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    send(service, 1, commit(snapshot(press)))

    answer = service.call("claim_run", p_claim=claim(2, plant="southfield", recent_slots=[SLOT]))

    assert answer["fingerprints"] == {}
    assert answer["snapshots_until"] is None


def test_a_range_left_is_whole_and_in_order(service: Api, press: int) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)

    refused = service.refusal(
        "commit_live_pulse",
        p_fence=fence(1),
        p_commit=part(snapshot(press), catch_up_from="2026-11-22T06:00:00Z"),
        p_now=COMMITTED_AT,
    )

    assert refused == "23514"


def test_fingerprints_of_a_few_slots_are_not_looked_for_in_the_whole_table(
    supabase: SupabaseAccess, assets: dict[str, int]
) -> None:
    with supabase.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(
            """
            insert into public.live_snapshots (
              asset_id, snapshot_timestamp, window_start, output_actual, output_target, status
            )
            select asset.id, at, at - interval '30 min', 5, 5, 'on_target'
            from generate_series('2026-01-01'::timestamptz, '2026-03-01', interval '15 min') as at
            cross join public.assets as asset
            """
        )
        connection.execute("analyze public.live_snapshots")
        before = connection.execute(ROWS_READ).fetchone()
        connection.execute(
            "select public.slot_fingerprints('northfield', %s)",
            (Jsonb(["2026-02-28T23:30:00Z", "2026-02-28T23:45:00Z", "2026-03-01T00:00:00Z"]),),
        )
        after = connection.execute(ROWS_READ).fetchone()

    assert before is not None
    assert after is not None
    assert after["number"] - before["number"] < 100


SEALS = {"2026-11-22T06:00:00+00:00": "a seal"}


@pytest.mark.parametrize("is_final", [True, False])
def test_a_claim_brings_the_seals_of_the_run_that_got_furthest(
    service: Api, press: int, is_final: bool
) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    send(service, 1, commit(snapshot(press), is_final=is_final, slot_seals=SEALS))

    answer = service.call("claim_run", p_claim=claim(2, slot=NEXT_SLOT), p_now=LEASE_EXPIRES_AT)

    assert answer["slot_seals"] == SEALS


@pytest.mark.parametrize("changes", [{}, {"slot_seals": None}])
def test_a_run_without_sums_has_the_next_one_read_everything(
    service: Api, press: int, changes: dict[str, Any]
) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    send(service, 1, part(snapshot(press), slot_seals=SEALS))
    send(service, 1, commit(snapshot(press), **changes))

    answer = service.call("claim_run", p_claim=claim(2, slot=NEXT_SLOT))

    assert answer["slot_seals"] is None


def test_a_run_that_lost_its_lease_leaves_no_seals(service: Api, press: int, one: One) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    service.call("claim_run", p_claim=claim(2), p_now=LEASE_EXPIRES_AT)

    send(service, 1, commit(snapshot(press), slot_seals=SEALS))

    assert (
        one("select count(*) as number from public.pipeline_runs where slot_seals is not null")["number"] == 0
    )


def test_seals_are_an_object(service: Api, press: int) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)

    body = commit(snapshot(press), slot_seals=["a seal"])
    code = service.refusal("commit_live_pulse", p_fence=fence(1), p_commit=body, p_now=COMMITTED_AT)

    assert code == "23514"


def test_rows_that_the_source_summed_up_count_like_rows_that_were_read(service: Api, press: int) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    counts = {"output_rows": 3, "summed_rows": 4}
    send(service, 1, commit(snapshot(press), report={"counts": counts}))

    answer = service.call("claim_run", p_claim=claim(2, slot=NEXT_SLOT, rows_at=[SLOT]))

    assert answer["rows_before"] == [7]
