"""How Postgres looks for what health asks, with many runs stored: by indexes and never through the table."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from bench.health import store_history
from devstack.supabase import Supabase
from tests.patience import ENDS_S

RUNS = 60_000
PLANTS = 20
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ASKED = [
    {"pipeline": "live_pulse", "plant": plant, "is_stopped": False}
    for plant in ("plant_1", "plant_20", "never_ran")
]
# Every plan of a statement inside the function is told to the client, with what it really did.
EXPLAIN = (
    "load 'auto_explain'",
    "set auto_explain.log_min_duration = 0",
    "set auto_explain.log_nested_statements = on",
    "set auto_explain.log_analyze = on",
    "set auto_explain.log_buffers = on",
    "set auto_explain.log_format = json",
    "set client_min_messages = log",
    "set role service_role",
)

# As a poll leaves it: a row that runs, and another version of it that has ended.
ONE_MORE_RUN = """
    insert into public.pipeline_runs (pipeline, plant, trigger, fence, started_at, lease_expires_at)
    select 'live_pulse', 'plant_' || plant, 'manual', gen_random_uuid(), at, at + interval '90 s'
    from generate_series(1, %(plants)s) as plant
    cross join (values (%(at)s::timestamptz + interval '10 s')) as began (at)
"""
PAUSE_S = 0.1

Plan = dict[str, Any]


@pytest.fixture(scope="module", params=["analysed", "never analysed"])
def project(request: pytest.FixtureRequest, local_supabase: Supabase) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection to many runs, with and without the statistics that planners like."""
    with local_supabase.fresh_database() as access:
        database = access.database_url.rpartition("/")[2].partition("?")[0]
        store_history(access.database_url, runs=RUNS, plants=PLANTS, every_minutes=15, until=NOON)
        with psycopg.connect(local_supabase.postgres.url(database), autocommit=True) as connection:
            if request.param == "analysed":
                connection.execute("vacuum analyze public.pipeline_runs")
            yield connection


@pytest.fixture(scope="module")
def plans(project: psycopg.Connection[Any]) -> list[Plan]:
    """The plan of every statement that health ran."""
    return plans_of_a_look(project, executed=[97, 97, 0])


def plans_of_a_look(project: psycopg.Connection[Any], *, executed: list[int]) -> list[Plan]:
    told: list[str] = []

    def listen(notice: psycopg.errors.Diagnostic) -> None:
        told.append(notice.message_primary or "")

    project.add_notice_handler(listen)
    for statement in EXPLAIN:
        project.execute(statement)
    answer = project.execute("select public.pipeline_health(%s, %s)", (Jsonb(ASKED), NOON)).fetchone()
    project.execute("reset role")
    project.remove_notice_handler(listen)
    assert answer is not None
    assert [one["day"]["executed"] for one in answer[0]["pipelines"]] == executed
    return [json.loads(text[text.index("{") :])["Plan"] for text in told if "Plan" in text]


def nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def looks_at_runs(plans: list[Plan]) -> list[Plan]:
    return [node for plan in plans for node in nodes(plan) if node.get("Relation Name") == "pipeline_runs"]


def test_no_statement_goes_through_the_table(plans: list[Plan]) -> None:
    found = looks_at_runs(plans)

    # First run of all three. plant_1 is well: last run, last slot, running run, a day, last error, snapshots.
    # plant_20 has failed: last success and failures too. never_ran: these, last slot and day are not begun.
    assert sum(node["Actual Loops"] for node in found) == 3 + 6 + 8 + 4
    assert {node["Node Type"] for node in found} <= {"Index Scan", "Index Only Scan"}


def test_a_look_reads_a_day_of_a_plant_and_little_more(plans: list[Plan]) -> None:
    found = looks_at_runs(plans)
    read = [round(node["Actual Rows"] * node["Actual Loops"]) for node in found]
    passed_over = [node.get("Rows Removed by Filter", 0) * node["Actual Loops"] for node in found]

    assert max(read) == 194  # a day of the two plants that ran
    assert sum(read) <= 250
    assert sum(passed_over) <= 100


def test_a_vacuum_after_runs_leaves_nothing_to_look_up_in_the_table(
    project: psycopg.Connection[Any], plans: list[Plan]
) -> None:
    assert plans  # looked at before the runs below
    project.execute("vacuum public.pipeline_runs")
    project.execute(ONE_MORE_RUN, {"plants": PLANTS, "at": NOON})
    project.execute(
        "update public.pipeline_runs set status = 'succeeded', finished_at = now() where status = 'running'"
    )

    looked_up = [heap_fetches(project)]
    # A session beside may still need the dead rows.
    while looked_up[-1] and len(looked_up) < ENDS_S / PAUSE_S:
        time.sleep(PAUSE_S)
        project.execute("vacuum public.pipeline_runs")
        looked_up.append(heap_fetches(project))

    assert looked_up[0] > 0
    assert looked_up[-1] == 0


def heap_fetches(project: psycopg.Connection[Any]) -> int:
    found = looks_at_runs(plans_of_a_look(project, executed=[98, 98, 0]))
    return sum(int(node.get("Heap Fetches", 0) * node["Actual Loops"]) for node in found)
