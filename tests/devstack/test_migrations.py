"""The real Supabase CLI, run against a local database."""

from pathlib import Path

import pytest

from devstack.migrations import CliFailed, advise, push
from devstack.supabase import Supabase

UNPROTECTED = "create table public.unprotected (id bigint primary key)"
REACHABLE = "grant select on public.unprotected to anon"


def test_the_advisors_name_a_table_without_row_level_security(local_supabase: Supabase) -> None:
    with local_supabase.fresh_database([UNPROTECTED, REACHABLE]) as project:
        findings = advise(project.database_url)

    assert ("rls_disabled_in_public", "ERROR") in [(finding.name, finding.level) for finding in findings]


def test_a_broken_migration_is_an_error_that_shows_postgress_words(
    local_supabase: Supabase, tmp_path: Path
) -> None:
    folder = tmp_path / "supabase" / "migrations"
    folder.mkdir(parents=True)
    (folder / "20990101000000_broken.sql").write_text("create table public.broken (id nonsense)")

    with (
        local_supabase.fresh_database(["drop schema supabase_migrations cascade"]) as project,
        pytest.raises(CliFailed, match="nonsense"),
    ):
        push(project.database_url, tmp_path)
