"""Claims that come at the same moment, or look at one moment and write at a later one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import psycopg
import pytest
from psycopg.types.json import Jsonb

from devstack.access import SupabaseAccess
from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import (
    CLAIMED_AT,
    COMMITTED_AT,
    LEASE_EXPIRES_AT,
    SLOT,
    claim,
    commit,
    failure,
    fence,
    manual_claim,
    snapshot,
)
from tests.patience import ENDS_S

Count = Callable[[str], int]


def test_of_20_simultaneous_deliveries_exactly_one_is_claimed(service: Api, count: Count) -> None:
    rounds, deliveries = 20, 20
    barrier = Barrier(deliveries)

    def deliver(slot: str, number: int) -> str:
        barrier.wait(timeout=ENDS_S)
        answer: str = service.call("claim_run", p_claim=claim(number, slot=slot, plant=slot))["answer"]
        return answer

    with ThreadPoolExecutor(deliveries) as pool:
        for minute in range(rounds):
            slot = f"2026-11-22T06:{minute:02}:00Z"
            answers = pool.map(lambda n, s=slot, m=minute: deliver(s, 100 * m + n), range(deliveries))

            assert sorted(answers) == ["busy"] * 19 + ["claimed"]

    assert count("pipeline_runs") == 20


def test_of_40_simultaneous_dry_runs_exactly_one_is_claimed(service: Api, count: Count) -> None:
    barrier = Barrier(40)

    def ask(number: int) -> str:
        barrier.wait(timeout=ENDS_S)
        dry_run = claim(number, is_dry_run=True)
        with service.alone() as own:
            answer: str = own.call("claim_run", p_claim=dry_run, p_now=CLAIMED_AT)["answer"]
        return answer

    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(ask, range(1, 41)))

    assert sorted(answers) == ["busy"] * 39 + ["claimed"]
    assert (count("dry_runs"), count("pipeline_runs")) == (1, 0)


def test_of_20_simultaneous_take_overs_exactly_one_is_claimed(service: Api, database: Connection) -> None:
    deliveries = 20
    barrier = Barrier(deliveries)
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)

    def take_over(number: int) -> str:
        barrier.wait(timeout=ENDS_S)
        with service.alone() as own:
            answer: str = own.call("claim_run", p_claim=claim(number), p_now=LEASE_EXPIRES_AT)["answer"]
        return answer

    with ThreadPoolExecutor(deliveries) as pool:
        answers = list(pool.map(take_over, range(2, 2 + deliveries)))

    assert sorted(answers) == ["busy"] * 19 + ["claimed"]
    rows = database.execute("select status from public.pipeline_runs order by id").fetchall()
    assert [row["status"] for row in rows] == ["abandoned", "running"]


CLAIM = "select public.claim_run(%s, %s) as answer"
COMMIT = "select public.commit_live_pulse(%s, %s, %s) as answer"


def wait_until_blocked(watcher: Connection, pid: int) -> None:
    """Return once the server process `pid` waits for another one's lock."""
    pause = Event()
    for _ in range(1000):
        row = watcher.execute("select pg_blocking_pids(%s) as pids", (pid,)).fetchone()
        if row and row["pids"]:
            return
        pause.wait(0.01)
    raise AssertionError(f"process {pid} was never blocked")


def test_a_redelivery_that_comes_during_the_commit_is_a_duplicate(
    supabase: SupabaseAccess, service: Api, database: Connection
) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)

    with (
        supabase.connect() as first,
        supabase.connect() as second,
        ThreadPoolExecutor(1) as pool,
    ):
        with first.transaction():
            first.execute(COMMIT, (fence(1), Jsonb(commit()), COMMITTED_AT))
            redelivery = pool.submit(second.execute, CLAIM, (Jsonb(claim(2)), LEASE_EXPIRES_AT))
            wait_until_blocked(database, second.info.backend_pid)
        answer = redelivery.result(timeout=ENDS_S).fetchone()

    assert answer is not None
    assert answer["answer"]["answer"] == "duplicate"
    rows = database.execute("select status from public.pipeline_runs").fetchall()
    assert rows == [{"status": "succeeded"}]


def test_a_claim_that_comes_during_another_ones_claim_is_busy(
    supabase: SupabaseAccess, database: Connection
) -> None:
    with (
        supabase.connect() as first,
        supabase.connect() as second,
        ThreadPoolExecutor(1) as pool,
    ):
        with first.transaction():
            first.execute(CLAIM, (Jsonb(claim(1)), CLAIMED_AT))
            other = pool.submit(second.execute, CLAIM, (Jsonb(claim(2)), CLAIMED_AT))
            wait_until_blocked(database, second.info.backend_pid)
        answer = other.result(timeout=ENDS_S).fetchone()

    assert answer is not None
    assert answer["answer"]["answer"] == "busy"


def test_a_commit_that_comes_during_the_take_over_is_fenced(
    supabase: SupabaseAccess, service: Api, database: Connection, assets: dict[str, int], count: Count
) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    body = Jsonb(commit(snapshot(assets["PRESS-01"])))

    with (
        supabase.connect() as first,
        supabase.connect() as second,
        ThreadPoolExecutor(1) as pool,
    ):
        with first.transaction():
            first.execute(CLAIM, (Jsonb(claim(2)), LEASE_EXPIRES_AT))
            zombie = pool.submit(second.execute, COMMIT, (fence(1), body, LEASE_EXPIRES_AT))
            wait_until_blocked(database, second.info.backend_pid)
        answer = zombie.result(timeout=ENDS_S).fetchone()

    assert answer is not None
    assert answer["answer"]["answer"] == "fenced"
    assert count("live_snapshots") == 0
    rows = database.execute("select status from public.pipeline_runs order by id").fetchall()
    assert [row["status"] for row in rows] == ["abandoned", "running"]


def test_of_10_simultaneous_commits_of_a_run_one_writes(
    service: Api, assets: dict[str, int], count: Count
) -> None:
    commits = 10
    barrier = Barrier(commits)
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)

    def commit_at_once(_: int) -> str:
        barrier.wait(timeout=ENDS_S)
        body = commit(snapshot(assets["PRESS-01"]))
        answer: str = service.call("commit_live_pulse", p_fence=fence(1), p_commit=body)["answer"]
        return answer

    with ThreadPoolExecutor(commits) as pool:
        answers = list(pool.map(commit_at_once, range(commits)))

    assert sorted(answers) == ["committed"] + ["repeated"] * 9
    assert count("live_snapshots") == 1


def test_a_second_click_that_comes_during_the_commit_gets_its_report(
    supabase: SupabaseAccess, service: Api, database: Connection, count: Count
) -> None:
    service.call("claim_run", p_claim=manual_claim(1), p_now=CLAIMED_AT)

    with (
        supabase.connect() as first,
        supabase.connect() as second,
        ThreadPoolExecutor(1) as pool,
    ):
        with first.transaction():
            first.execute(COMMIT, (fence(1), Jsonb(commit()), COMMITTED_AT))
            click = pool.submit(second.execute, CLAIM, (Jsonb(manual_claim(2)), COMMITTED_AT))
            wait_until_blocked(database, second.info.backend_pid)
        answer = click.result(timeout=ENDS_S).fetchone()

    assert answer is not None
    assert answer["answer"]["answer"] == "duplicate"
    assert count("pipeline_runs") == 1


def test_a_redelivery_that_looked_before_the_first_claim_cannot_run_after_its_commit(
    supabase: SupabaseAccess, service: Api, count: Count
) -> None:
    with supabase.connect() as late:
        late.execute("begin isolation level repeatable read")
        looked = late.execute("select count(*) as number from public.pipeline_runs").fetchone()
        service.call("claim_run", p_claim=claim(1))
        service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit())

        # It still sees an empty table; only the index knows better, and a serialization failure is retried.
        with pytest.raises(psycopg.errors.SerializationFailure):
            late.execute(CLAIM, (Jsonb(claim(2)), None))
        late.execute("rollback")

    assert looked == {"number": 0}
    assert count("pipeline_runs") == 1


@pytest.mark.parametrize("is_retryable", [None, False])
def test_the_index_alone_refuses_a_second_run_of_a_slot(
    service: Api, database: Connection, is_retryable: bool | None
) -> None:
    service.call("claim_run", p_claim=claim(1))
    if is_retryable is None:
        service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit())
    else:
        service.call("fail_run", p_fence=fence(1), p_failure=failure(is_retryable=is_retryable))

    with pytest.raises(psycopg.errors.UniqueViolation, match="pipeline_runs_one_per_slot_idx"):
        database.execute(
            """
            insert into public.pipeline_runs (
              pipeline, plant, trigger, slot, attempt, fence, started_at, lease_expires_at
            )
            values ('live_pulse', 'northfield', 'schedule', %s, 2, %s, now(), now() + interval '90 s')
            """,
            (SLOT, fence(2)),
        )
