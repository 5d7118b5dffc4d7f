"""Commits of series that come at the same moment, over the same times, and looks for gaps beside them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Barrier
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from devstack.access import SupabaseAccess
from tests.database.conftest import Connection
from tests.database.protocol import fence
from tests.database.series.collected import batch, block, commit, series, series_claim
from tests.database.test_claim_concurrency import wait_until_blocked
from tests.patience import ENDS_S

COMMIT = "select public.commit_series(%s, %s, %s) as answer"
WATCH = "select public.watch_series_gaps(%s, %s, %s) as answer"
BEGIN = datetime(2026, 11, 20, tzinfo=UTC)
KNOWN = datetime(2026, 11, 22, 6, tzinfo=UTC)
NOW = KNOWN + timedelta(minutes=30)
CALLERS, ROUNDS = 10, 6
KEYS = [f"{area}/load" for area in ("AT", "BE", "DE", "FR", "NL")]


def claim_all(database: Connection, number: int) -> None:
    for one in range(1, number + 1):
        database.execute("select public.claim_run(%s, %s)", (Jsonb(series_claim(one)), KNOWN))


def bodies(caller: int) -> list[dict[str, Any]]:
    """Return what one of the callers commits: all series in an order of its own, over the same days."""
    drawn = Random(caller)  # noqa: S311 - only an order
    return [_body(drawn, turn * CALLERS + caller) for turn in range(ROUNDS)]


def _body(drawn: Random, number: int) -> dict[str, Any]:
    keys = drawn.sample(KEYS, len(KEYS))
    blocks = [
        block(
            *(str(drawn.randrange(3)) for _ in range(24)),
            series=key,
            start=(BEGIN + drawn.randrange(12) * timedelta(hours=1)).isoformat(),
            minutes=drawn.choice((15, 30, 60)),
        )
        for key in keys
    ]
    known_at = (KNOWN + timedelta(seconds=number)).isoformat()
    quality = [
        {
            "series": key, "day": "2026-11-20", "due_minutes": 1440, "covered_minutes": number,
            "timely_minutes": 0, "points": 1, "invalid": 0, "suspect": 0,
        }
        for key in keys
    ]  # fmt: skip
    return commit(batch(*blocks, known_at=known_at), series=[series(key) for key in keys], quality=quality)


def stored(database: Connection) -> dict[str, Sequence[dict[str, Any]]]:
    """Return everything that values are, whatever ids the series have."""
    return {
        table: database.execute(
            f"""
            select s.key, v.*
            from (select {columns} from public.{table}) as v
            join public.series as s on s.id = v.series_id
            order by s.key, v.at, v.known_at
            """.encode()
        ).fetchall()
        for table, columns in (
            ("series_points", "series_id, at, minutes, value, known_at"),
            ("series_revisions", "series_id, at, minutes, value, known_at, superseded_at"),
        )
    }


def without_ids(told: dict[str, Sequence[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {
        table: [{name: value for name, value in row.items() if name != "series_id"} for row in rows]
        for table, rows in told.items()
    }


def test_commits_at_the_same_moment_lose_nothing_and_never_deadlock(
    supabase: SupabaseAccess, database: Connection
) -> None:
    claim_all(database, CALLERS)
    barrier = Barrier(CALLERS)
    looks = [
        {"group": key, "from": BEGIN.isoformat(), "due": KNOWN.isoformat(), "peers": None} for key in KEYS
    ]

    def collect(caller: int) -> list[str]:
        with supabase.connect() as connection:
            barrier.wait(timeout=ENDS_S)
            said = []
            for body in bodies(caller):
                answers = [
                    connection.execute(COMMIT, (fence(caller), Jsonb(body), NOW)).fetchone(),
                    connection.execute(WATCH, (fence(caller), Jsonb(looks), NOW)).fetchone(),
                ]
                said += [answer["answer"]["answer"] for answer in answers if answer]
            return said

    with ThreadPoolExecutor(CALLERS) as pool:
        said = list(pool.map(collect, range(1, CALLERS + 1)))

    assert said == [["committed", "watched"] * ROUNDS] * CALLERS
    together = without_ids(stored(database))

    database.execute("truncate public.series restart identity cascade")
    for body in sorted(
        (body for caller in range(1, CALLERS + 1) for body in bodies(caller)),
        key=lambda one: one["batches"][0]["known_at"],
    ):
        database.execute(COMMIT, (fence(1), Jsonb(body), NOW))
    assert together == without_ids(stored(database))
    assert len(together["series_revisions"]) > 100


def test_looks_at_the_same_moment_find_each_gap_once(supabase: SupabaseAccess, database: Connection) -> None:
    claim_all(database, CALLERS)
    hours = [block("1", start=(BEGIN + timedelta(hours=2 * hour)).isoformat()) for hour in range(12)]
    body = commit(batch(*hours, known_at=KNOWN.isoformat()))
    database.execute(COMMIT, (fence(1), Jsonb(body), NOW))
    look = {"group": "DE/load", "from": BEGIN.isoformat(), "peers": None}
    barrier = Barrier(CALLERS)

    def watch(caller: int) -> int:
        due = (BEGIN + timedelta(hours=23)).isoformat()
        with supabase.connect() as connection:
            barrier.wait(timeout=ENDS_S)
            row = connection.execute(WATCH, (fence(caller), Jsonb([look | {"due": due}]), NOW)).fetchone()
        assert row is not None
        opened: int = row["answer"]["opened"]
        return opened

    with ThreadPoolExecutor(CALLERS) as pool:
        opened = list(pool.map(watch, range(1, CALLERS + 1)))

    assert sorted(opened) == [0] * (CALLERS - 1) + [11]
    rows = database.execute("select count(*) as number from public.gaps").fetchone()
    assert rows == {"number": 11}


def test_a_run_that_is_taken_over_during_its_commit_keeps_what_it_committed_first(
    supabase: SupabaseAccess, database: Connection
) -> None:
    claim_all(database, 1)
    later = KNOWN + timedelta(hours=2)
    with supabase.connect() as first, supabase.connect() as second, ThreadPoolExecutor(1) as pool:
        with first.transaction():
            first.execute(COMMIT, (fence(1), Jsonb(commit(batch(block("5")))), NOW))
            claim = series_claim(2, pipeline="energy_actuals_1")
            take_over = pool.submit(second.execute, "select public.claim_run(%s, %s)", (Jsonb(claim), later))
            wait_until_blocked(database, second.info.backend_pid)
        take_over.result(timeout=ENDS_S)

    row = database.execute(COMMIT, (fence(1), Jsonb(commit(batch(block("6")))), later)).fetchone()
    assert row is not None
    assert row["answer"]["answer"] == "fenced"
    values = database.execute("select value from public.series_points").fetchall()
    assert values == [{"value": 5}]


def test_a_commit_that_fails_leaves_nothing_locked(supabase: SupabaseAccess, database: Connection) -> None:
    claim_all(database, 2)
    with supabase.connect() as connection, pytest.raises(psycopg.Error):
        connection.execute(COMMIT, (fence(1), Jsonb(commit(batch(block("5", "text")))), NOW))

    database.execute(COMMIT, (fence(2), Jsonb(commit(batch(block("5")))), NOW))

    assert len(database.execute("select from public.series_points").fetchall()) == 1
