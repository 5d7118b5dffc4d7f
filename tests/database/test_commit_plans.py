"""What a commit of a poll reads of the assets: those of its own plant, however many plants there are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

import bench.scale
from devstack.supabase import Supabase
from tests.database.protocol import CLAIMED_AT, COMMITTED_AT, claim, commit, fence, snapshot

MODEL = Path(bench.scale.__file__).with_suffix(".sql")
PLANTS = 200


@pytest.fixture(scope="module", params=["analysed", "never analysed"])
def project(request: pytest.FixtureRequest, local_supabase: Supabase) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection to many plants, with and without the statistics that planners like."""
    with local_supabase.fresh_database() as access:
        database = access.database_url.rpartition("/")[2].partition("?")[0]
        with psycopg.connect(local_supabase.postgres.url(database), autocommit=True) as connection:
            connection.execute(MODEL.read_bytes(), {"plants": PLANTS})
            if request.param == "analysed":
                connection.execute("analyze")
            yield connection


def test_a_commit_reads_the_assets_of_its_own_plant(project: psycopg.Connection[Any]) -> None:
    assets = [row[0] for row in project.execute("select id from public.assets where plant = 'plant_7'")]
    body = commit(*(snapshot(asset) for asset in assets))

    with project.transaction():
        project.execute("select public.claim_run(%s, %s)", (Jsonb(claim(1, plant="plant_7")), CLAIMED_AT))
        before = read_of_assets(project)
        answer = project.execute(
            "select public.commit_live_pulse(%s, %s, %s)", (fence(1), Jsonb(body), COMMITTED_AT)
        ).fetchone()
        read = read_of_assets(project) - before

    assert answer is not None
    assert answer[0]["snapshots"]["written"] == 100
    assert 0 < read < 1_000


def read_of_assets(project: psycopg.Connection[Any]) -> int:
    """Return how many rows of the assets this transaction has read, in whatever way."""
    found = project.execute(
        "select sum(pg_stat_get_xact_tuples_returned(one) + pg_stat_get_xact_tuples_fetched(one))"
        " from unnest(array['public.assets'::regclass::oid]"
        "   || array(select indexrelid from pg_index where indrelid = 'public.assets'::regclass)) as one"
    ).fetchone()
    return int(found[0]) if found else 0
