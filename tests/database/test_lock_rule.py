"""A migration that locks a table in use sets a lock_timeout, so that no reader is cut off behind it."""

from pathlib import Path

import pytest

from devstack.migrations import REPOSITORY
from tests.database.lock_rule import endless_waits

# Up to here the migrations begin with an empty project; those after it meet tables in use.
SQUASHED_UNTIL = "20261129001400"
SUPABASE = REPOSITORY / "supabase"


def newer(folder: str) -> list[Path]:
    return [path for path in sorted((SUPABASE / folder).glob("*.sql")) if path.name[:14] > SQUASHED_UNTIL]


@pytest.mark.parametrize("folder", ["migrations", "rollbacks"])
def test_nothing_newer_than_the_squash_waits_for_a_lock_for_ever(folder: str) -> None:
    waits = {path.name: endless_waits(path.read_text()) for path in newer(folder)}

    assert {name: statements for name, statements in waits.items() if statements} == {}


def test_the_squash_is_where_the_rule_begins() -> None:
    folder = SUPABASE / "migrations"

    assert (folder / f"{SQUASHED_UNTIL}_project_state.sql").exists()
    assert endless_waits((folder / "20261129000400_pipeline_runs.sql").read_text()) == []
    assert endless_waits((folder / "20261129000900_sign_safety_events.sql").read_text()) != []


@pytest.mark.parametrize(
    "migration",
    [
        "alter table public.assets add column colour text;",
        "ALTER TABLE IF EXISTS ONLY public.assets ENABLE ROW LEVEL SECURITY;",
        "-- Why.\n\nalter table\n  public.assets\n  drop column area;",
        "create index assets_area_idx on public.assets (area);",
        "create unique index if not exists assets_area_idx on public.assets (area);",
        "create index on public.assets (area);",
        "drop index public.assets_area_idx;",
        "alter index public.assets_area_idx rename to assets_idx;",
        "reindex table public.assets;",
        "drop table public.assets;",
        "truncate public.assets;",
        "truncate table public.assets;",
        "lock table public.assets in share mode;",
        "create policy members_read on public.assets for select using (true);",
        "drop policy members_read on public.assets;",
        "create trigger sign before update on public.assets for each row execute function public.sign();",
        "drop trigger sign on public.assets;",
        # A reference stops writers of the table that it points to.
        "create table public.tags (asset_id bigint not null references public.assets (id));",
        "create table public.a (id bigint); create table public.t (a bigint references public.assets (id));",
        "do $$ begin alter table public.assets drop column area; end $$;",
        "do $$ begin execute 'alter table public.assets drop column area'; end $$;",
        # Too late, too long, without end, or gone when the statement runs.
        "alter table public.assets drop column area; set lock_timeout = '2s';",
        "set lock_timeout = '3s'; alter table public.assets drop column area;",
        "set lock_timeout = '1min'; alter table public.assets drop column area;",
        "set lock_timeout = 0; alter table public.assets drop column area;",
        "set lock_timeout to default; alter table public.assets drop column area;",
        "set lock_timeout = '2s'; reset lock_timeout; alter table public.assets drop column area;",
        "set lock_timeout = '2s'; set lock_timeout = 0; alter table public.assets drop column area;",
        "-- set lock_timeout = '2s';\nalter table public.assets drop column area;",
        "/* set lock_timeout = '2s'; */ alter table public.assets drop column area;",
        # Outside a transaction block it holds for nothing.
        "set local lock_timeout = '2s'; alter table public.assets drop column area;",
        "create function public.f() returns void language plpgsql set lock_timeout = '2s' as $$ begin end $$;"
        "alter table public.assets drop column area;",
    ],
)
def test_a_lock_without_a_time_out_is_refused(migration: str) -> None:
    assert endless_waits(migration) != []


@pytest.mark.parametrize(
    "migration",
    [
        "",
        "set lock_timeout = '2s';\n\nalter table public.assets add column colour text;",
        "SET lock_timeout TO '500ms'; create index assets_area_idx on public.assets (area);",
        "set lock_timeout = 2000; drop index public.assets_area_idx;",
        # A table of its own has no readers yet.
        "create table public.tags (id bigint); create index tags_idx on public.tags (id);"
        "alter table public.tags enable row level security;"
        "create policy members_read on public.tags for select using (true);",
        "create table public.nodes (id bigint, parent bigint references public.nodes (id));",
        # What runs later, or is only spoken of, locks nothing now.
        "create function public.f() returns void language plpgsql as $$begin truncate public.assets; end$$;",
        "create function public.f() returns void language sql as $body$ drop table public.assets $body$;",
        "comment on table public.tags is 'Never; alter table public.assets.';",
        "-- alter table public.assets drop column area;\ncreate or replace function public.f() returns int"
        " language sql return 1;",
        "drop function public.f(text); grant select on table public.assets to authenticated;",
    ],
)
def test_a_migration_that_locks_nothing_or_not_for_long_is_accepted(migration: str) -> None:
    assert endless_waits(migration) == []


def test_each_statement_that_waits_is_named() -> None:
    migration = (
        "drop index public.a; set lock_timeout = '1s'; drop index public.b; reset all; drop table public.c;"
    )

    assert endless_waits(migration) == ["drop index public.a", "drop table public.c"]
