"""`make migrate`: the migrations reach a project that has none, and a second time nothing happens."""

import os
import subprocess
import sys

import psycopg
import pytest

from devstack.supabase import Supabase
from tests.infra.conftest import ROOT

EMPTIED = (
    "drop schema supabase_migrations cascade",
    "drop schema public cascade",
    "create schema public",
)


def migrate(url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra.migrate"],
        cwd=ROOT,
        env=os.environ | {"SUPABASE_DB_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_empty_project_gets_every_migration(local_supabase: Supabase) -> None:
    with local_supabase.fresh_database(EMPTIED) as project:
        first, second = migrate(project.database_url), migrate(project.database_url)
        with psycopg.connect(project.database_url) as connection:
            applied = connection.execute(
                "select count(*) from supabase_migrations.schema_migrations"
            ).fetchone()

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert applied == (len(list((ROOT / "supabase" / "migrations").glob("*.sql"))),)


@pytest.mark.parametrize(
    "url", ["", "https://abcdefgh.supabase.co", "postgresql://host/postgres", "postgresql://u:p@h:port/d"]
)
def test_a_wrong_address_is_told_with_its_form_but_not_repeated(url: str) -> None:
    done = migrate(url)

    assert done.returncode == 1
    assert done.stderr == (
        "SUPABASE_DB_URL must be the project's database, as postgresql://user:password@host:port/database\n"
    )
