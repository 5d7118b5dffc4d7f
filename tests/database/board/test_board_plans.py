"""What a board reads: the index for what it adds up, the table for the newest snapshots and for stops."""

import json
from collections.abc import Iterator
from typing import Any, Final, LiteralString

import psycopg
import pytest

from bench import board
from devstack.supabase import Supabase

Plan = dict[str, Any]

MEMBER: Final = json.dumps({"sub": "00000000-0000-4000-8000-000000000002", "role": "authenticated"})
EXPLAIN: Final[tuple[LiteralString, ...]] = (
    "load 'auto_explain'",
    "set auto_explain.log_min_duration = 0",
    "set auto_explain.log_nested_statements = on",
    "set auto_explain.log_analyze = on",
    "set auto_explain.log_format = json",
    "set client_min_messages = log",
)


@pytest.fixture(scope="module")
def project(local_supabase: Supabase) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection to twenty machines with a day of slots, a stop in each fortieth."""
    with local_supabase.fresh_database() as access:
        database = access.database_url.rpartition("/")[2].partition("?")[0]
        with psycopg.connect(local_supabase.postgres.url(database), autocommit=True) as connection:
            board.store(connection, board.QUICK)
            yield connection


def nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def test_a_board_adds_up_what_the_index_has(project: psycopg.Connection[Any]) -> None:
    told: list[str] = []
    project.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
    for statement in EXPLAIN:
        project.execute(statement)
    project.execute("select set_config('request.jwt.claims', %s, false)", (MEMBER,))
    project.execute("set role authenticated")

    answer = project.execute("select public.board('bench', %s)", ("2026-03-11T09:49:00Z",)).fetchone()

    assert answer is not None
    assert {len(one["strip"]) for one in answer[0]["machines"]} == {32}
    plans = [json.loads(text[text.index("{") :])["Plan"] for text in told if "Plan" in text]
    looks = [node for plan in plans for node in nodes(plan) if node.get("Relation Name") == "live_snapshots"]
    read = sorted((one["Node Type"], round(one["Actual Rows"] * one["Actual Loops"])) for one in looks)
    assert read == [("Index Only Scan", 20 * 32), ("Index Scan", 16), ("Index Scan", 20)]
    assert {one["Index Name"] for one in looks} == {
        "live_snapshots_asset_slot_key",
        "live_snapshots_stops_idx",
    }
