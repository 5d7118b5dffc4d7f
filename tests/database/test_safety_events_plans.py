"""How Postgres finds the newest incidents, with many stored: by an index, without sorting the table."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from devstack.supabase import Supabase

EVENTS = 20_000


@pytest.fixture(scope="module", params=["analysed", "never analysed"])
def log(request: pytest.FixtureRequest, local_supabase: Supabase) -> Iterator[psycopg.Connection[Any]]:
    """A connection to many incidents of two plants, with and without the statistics that planners like."""
    with (
        local_supabase.fresh_database() as access,
        psycopg.connect(access.database_url, autocommit=True, row_factory=dict_row) as connection,
    ):
        connection.execute(
            """
            insert into public.assets (plant, name, source_name)
            values ('northfield', 'Press', 'PRESS-01'), ('southfield', 'Saw', 'SAW-01')
            """
        )
        connection.execute(
            """
            insert into public.safety_events (
              plant, asset_id, event_timestamp, source_timestamp, reason_code
            )
            select asset.plant, asset.id, at, at, 'reason ' || number
            from generate_series(1, %s) as number
            join public.assets as asset on asset.id = 1 + mod(number, 2)
            cross join lateral (
              values ('2026-11-22'::timestamp - number * interval '7 minutes')
            ) as made (at)
            """,
            (EVENTS,),
        )
        if request.param == "analysed":
            connection.execute("vacuum analyze public.safety_events")
        connection.execute("set role service_role")
        yield connection


@pytest.mark.parametrize("since", ["", "where event_timestamp >= '2026-11-01'"])
def test_the_newest_incidents_of_all_plants_are_read_and_not_sorted(
    log: psycopg.Connection[Any], since: str
) -> None:
    query = f"""
      explain (analyze, format json)
      select event.*, asset.name
      from public.safety_events as event
      left join public.assets as asset on asset.id = event.asset_id
      {since}
      order by event.event_timestamp desc, event.id desc
      limit 50
    """

    row = log.execute(sql.SQL(query)).fetchone()

    assert row is not None
    found = list(nodes(row["QUERY PLAN"][0]["Plan"]))
    assert "Sort" not in {node["Node Type"] for node in found}
    (look,) = [node for node in found if node.get("Relation Name") == "safety_events"]
    assert (look["Index Name"], look["Actual Rows"]) == ("safety_events_timestamp_idx", 50)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)
