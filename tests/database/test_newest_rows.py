"""The newest runs and summaries that a member may read: all of them, without a walk through the others."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from devstack.access import SupabaseAccess
from plantpulse.schedules.pipelines import ALL_PLANTS, NO_PLANT
from tests.database.api import USERS, Api
from tests.database.conftest import Connection

RUNS = 3000
DAYS = 1500

pytestmark = pytest.mark.usefixtures("members")


@pytest.fixture
def runs(database: Connection) -> None:
    """Many runs of northfield, an hour apart, and older ones of others."""
    database.execute(
        """
        insert into public.pipeline_runs (
          pipeline, plant, trigger, fence, started_at, lease_expires_at, status, finished_at
        )
        select
          'live_pulse', made.plant, 'manual', gen_random_uuid(), at, at + interval '90 s', 'succeeded', at
        from (values ('northfield', 0, %s), ('southfield', 5000, 3), (%s, 4999, 1), (%s, 5002, 1))
          as made (plant, first, many)
        cross join lateral generate_series(made.first, made.first + made.many - 1) as number
        cross join lateral (
          values ('2026-11-22 06:00+00'::timestamptz - number * interval '1 hour')
        ) as run (at)
        """,
        (RUNS, NO_PLANT, ALL_PLANTS),
    )
    database.execute("analyze public.pipeline_runs")


@pytest.fixture
def summaries(database: Connection, assets: dict[str, int]) -> None:
    """Days of northfield up to 21 November 2026, and three older ones of southfield."""
    database.execute(
        """
        insert into public.daily_summaries (
          asset_id, report_date, actual_output, target_output, downtime_minutes, waste_count
        )
        select asset.id, made.until - number, 100, 110, 12, 3
        from (values ('northfield', '2026-11-21'::date, %s), ('southfield', '2021-01-31', 3))
          as made (plant, until, many)
        join public.assets as asset on asset.plant = made.plant
        cross join lateral generate_series(0, made.many - 1) as number
        """,
        (DAYS,),
    )
    database.execute("analyze public.daily_summaries")


def plants_of(answer: dict[str, Any]) -> list[str]:
    return [run["plant"] for run in answer["runs"]]


@pytest.mark.usefixtures("runs")
def test_more_runs_than_the_data_api_gives_come_in_one_answer(api_of: Callable[[str], Api]) -> None:
    runs = api_of("viewer").call("newest_runs", p_limit=2500)["runs"]

    assert len(runs) == 2500
    assert (runs[0]["started_at"], runs[1]["started_at"]) == (
        "2026-11-22T06:00:00+00:00",
        "2026-11-22T05:00:00+00:00",
    )


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("stranger", {}),
        ("viewer", {"northfield": RUNS, NO_PLANT: 1}),
        ("neighbour", {"southfield": 3, NO_PLANT: 1}),
        ("director", {"northfield": RUNS, "southfield": 3, NO_PLANT: 1, ALL_PLANTS: 1}),
        ("service_role", {"northfield": RUNS, "southfield": 3, NO_PLANT: 1, ALL_PLANTS: 1}),
    ],
)
def test_the_runs_are_those_that_the_caller_reads_in_the_table(
    api_of: Callable[[str], Api], role: str, expected: dict[str, int]
) -> None:
    plants = plants_of(api_of(role).call("newest_runs", p_limit=10000))

    assert {plant: plants.count(plant) for plant in plants} == expected


@pytest.mark.usefixtures("runs")
def test_the_runs_of_several_plants_come_by_time(api_of: Callable[[str], Api]) -> None:
    answer = api_of("neighbour").call("newest_runs", p_limit=3)

    assert plants_of(answer) == [NO_PLANT, "southfield", "southfield"]


@pytest.mark.usefixtures("runs")
def test_the_runs_of_one_plant_can_be_asked_for(api_of: Callable[[str], Api]) -> None:
    def runs_of(role: str, plant: str) -> int:
        return len(api_of(role).call("newest_runs", p_plant=plant)["runs"])

    assert runs_of("neighbour", "southfield") == 3
    assert runs_of("neighbour", "northfield") == 0
    assert runs_of("director", "southfield") == 3
    assert runs_of("service_role", "southfield") == 3


@pytest.mark.usefixtures("summaries")
def test_the_newest_days_are_those_of_each_plant(api_of: Callable[[str], Api]) -> None:
    def days_seen_by(role: str) -> list[tuple[str, str, str]]:
        found = api_of(role).call("newest_summaries", p_days=2)["summaries"]
        return [(one["summary"]["report_date"], one["plant"], one["asset"]) for one in found]

    northfield = [
        ("2026-11-21", "northfield", "Oven 2"),
        ("2026-11-21", "northfield", "Press 1"),
        ("2026-11-20", "northfield", "Oven 2"),
        ("2026-11-20", "northfield", "Press 1"),
    ]
    southfield = [("2021-01-31", "southfield", "Saw 1"), ("2021-01-30", "southfield", "Saw 1")]
    assert days_seen_by("stranger") == []
    assert days_seen_by("viewer") == northfield
    assert days_seen_by("neighbour") == southfield
    assert days_seen_by("director") == northfield + southfield
    assert days_seen_by("service_role") == northfield + southfield


@pytest.mark.usefixtures("summaries")
def test_the_summaries_of_one_plant_can_be_asked_for(api_of: Callable[[str], Api]) -> None:
    def summaries_of(role: str, plant: str) -> int:
        return len(api_of(role).call("newest_summaries", p_days=400, p_plant=plant)["summaries"])

    assert summaries_of("viewer", "northfield") == 800
    assert summaries_of("viewer", "southfield") == 0
    assert summaries_of("director", "southfield") == 3


@pytest.mark.usefixtures("summaries")
@pytest.mark.parametrize("role", ["stranger", "viewer", "neighbour", "director", "service_role"])
@pytest.mark.parametrize("days", [1, 3, 400])
def test_a_limit_takes_the_first_of_the_same_summaries(
    api_of: Callable[[str], Api], role: str, days: int
) -> None:
    everything = api_of(role).call("newest_summaries", p_days=days)["summaries"]

    # Beyond what is of the newest days of northfield, the days of southfield follow, which is years behind.
    for limit in (1, 2, 3, 2 * days, 2 * days + 1, 2 * days + 100):
        limited = api_of(role).call("newest_summaries", p_days=days, p_limit=limit)["summaries"]
        assert limited == everything[:limit]


@pytest.mark.usefixtures("summaries")
def test_a_member_of_all_plants_reads_a_few_summaries_and_not_every_plants(supabase: SupabaseAccess) -> None:
    assert rows_read(supabase, "director", "newest_summaries(7, null, 2)", "daily_summaries") <= 10


@pytest.mark.parametrize(
    ("function", "name", "value"),
    [
        ("newest_runs", "p_limit", 0),
        ("newest_runs", "p_limit", 10001),
        ("newest_runs", "p_limit", None),
        ("newest_summaries", "p_days", 0),
        ("newest_summaries", "p_days", 401),
        ("newest_summaries", "p_days", None),
        ("newest_summaries", "p_limit", 0),
        ("newest_summaries", "p_limit", 100001),
    ],
)
def test_a_number_out_of_bounds_is_refused(service: Api, function: str, name: str, value: int | None) -> None:
    assert service.refusal(function, **{name: value}) == "22023"


@pytest.mark.usefixtures("runs", "summaries")
@pytest.mark.parametrize("user", ["stranger", "neighbour"])
@pytest.mark.parametrize(
    ("function", "table"), [("newest_runs", "pipeline_runs"), ("newest_summaries", "daily_summaries")]
)
def test_rows_that_the_caller_may_not_read_are_not_looked_at(
    supabase: SupabaseAccess, user: str, function: str, table: str
) -> None:
    assert rows_read(supabase, user, f"{function}()", table) <= 10


def rows_read(supabase: SupabaseAccess, user: str, call: str, table: str) -> int:
    """Return how many rows of a table Postgres looked at for a user's call."""
    # A connection of its own: an older one may still count what it did before.
    with supabase.connect() as fresh, fresh.transaction():
        claims = Jsonb({"sub": USERS[user], "role": "authenticated"})
        fresh.execute("select set_config('request.jwt.claims', %s::text, true)", (claims,))
        fresh.execute("set local role authenticated")
        fresh.execute(f"select public.{call}".encode())
        read = fresh.execute(
            """
            select seq_tup_read + idx_tup_fetch as rows
            from pg_stat_xact_user_tables
            where relname = %s
            """,
            (table,),
        ).fetchone()
    assert read is not None
    return int(read["rows"])
