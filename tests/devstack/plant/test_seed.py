from dataclasses import replace
from typing import Any

import httpx
import pytest

from devstack.access import SupabaseAccess
from devstack.plant.model import northfield
from devstack.plant.seed import Seeded, seed_supabase
from devstack.supabase import Supabase

PLANT = northfield()


def rows(supabase: SupabaseAccess, query: Any) -> list[dict[str, Any]]:
    with supabase.connect() as connection:
        return connection.execute(query).fetchall()


def test_the_plant_model_stands_in_supabase_after_seeding(supabase: SupabaseAccess) -> None:
    seeded = seed_supabase(supabase.url, supabase.secret_key, PLANT)

    assert seeded == Seeded(cost_centers=3, assets=8, shift_targets=23)
    assert rows(
        supabase,
        """
        select a.name, a.area, c.name as cost_center, c.scrap_unit_cost, a.ideal_units_per_hour, a.is_mapped
        from public.assets as a
        join public.cost_centers as c on c.id = a.cost_center_id
        where a.plant = 'northfield' and a.source_name = 'PAINT-01'
        """,
    ) == [
        {
            "name": "Paint line",
            "area": "Paint Shop",
            "cost_center": "Paint Shop",
            "scrap_unit_cost": 38.5,
            "ideal_units_per_hour": 90,
            "is_mapped": True,
        }
    ]


def test_a_night_shift_keeps_its_hours_days_and_breaks(supabase: SupabaseAccess) -> None:
    seed_supabase(supabase.url, supabase.secret_key, PLANT)

    assert rows(
        supabase,
        """
        select t.starts_at::text, t.ends_at::text, t.days_of_week, t.valid_until, t.target_output, t.breaks
        from public.shift_targets as t
        join public.assets as a on a.id = t.asset_id
        where a.source_name = 'PACK-01' and t.shift_name = 'night'
        """,
    ) == [
        {
            "starts_at": "22:00:00",
            "ends_at": "06:00:00",
            "days_of_week": [1, 2, 3, 4, 5, 6, 7],
            "valid_until": None,
            "target_output": 1600,
            "breaks": [
                {"starts_at": "00:00", "ends_at": "00:15"},
                {"starts_at": "03:00", "ends_at": "03:30"},
            ],
        }
    ]


def test_seeding_again_changes_nothing_and_takes_over_what_changed_in_the_plant(
    supabase: SupabaseAccess,
) -> None:
    everything = "select id, source_name, name from public.assets order by id"
    seed_supabase(supabase.url, supabase.secret_key, PLANT)
    before = rows(supabase, everything)

    seed_supabase(supabase.url, supabase.secret_key, PLANT)
    after_the_same = rows(supabase, everything)
    renamed = replace(PLANT, assets=(replace(PLANT.assets[0], name="Big press"), *PLANT.assets[1:]))
    seed_supabase(supabase.url, supabase.secret_key, renamed)

    assert after_the_same == before
    assert rows(supabase, everything) == [{**before[0], "name": "Big press"}, *before[1:]]


def test_a_legacy_key_may_seed_too(local_supabase: Supabase) -> None:
    """On the local project alone: one that has no legacy keys, or other ones, refuses those made here."""
    local = local_supabase.access

    seeded = seed_supabase(local.url, local.service_role_jwt, PLANT)

    assert seeded == Seeded(cost_centers=3, assets=8, shift_targets=23)


def test_an_asset_that_nobody_mapped_is_not_seeded(supabase: SupabaseAccess) -> None:
    seed_supabase(supabase.url, supabase.secret_key, PLANT)

    assert (
        rows(supabase, "select id from public.assets where source_key = 'rework-07' or not is_mapped") == []
    )


def test_a_key_that_may_not_write_is_refused(supabase: SupabaseAccess) -> None:
    with pytest.raises(httpx.HTTPStatusError):
        seed_supabase(supabase.url, supabase.publishable_key, PLANT)

    assert rows(supabase, "select id from public.cost_centers") == []
