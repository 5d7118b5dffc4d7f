"""The migrations as a whole: they apply, they roll back, and the official lints have nothing to say."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from devstack import migrations
from devstack.access import SupabaseAccess
from devstack.supabase import Supabase
from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import NEXT_SLOT, claim, commit, event, failure, fence, snapshot
from tests.patience import ENDS_S

SUPABASE = migrations.REPOSITORY / "supabase"
MIGRATIONS = sorted((SUPABASE / "migrations").glob("*.sql"))
ROLLBACKS = sorted((SUPABASE / "rollbacks").glob("*.sql"))

# Everything that a migration can leave behind, as one text per object.
CATALOGUE = Path(__file__).with_name("catalogue.sql").read_bytes()


@pytest.fixture(scope="module", params=["newest", "older"])
def project(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SupabaseAccess]:
    """A project just migrated by the CLI, on the newest Postgres and on an older one."""
    if request.param == "newest":
        local: Supabase = request.getfixturevalue("local_supabase")
        with local.fresh_database() as access:
            yield access
        return
    older: Path = request.getfixturevalue("old_postgres")
    with Supabase(tmp_path_factory.mktemp("older-logs"), binaries=older) as running:
        yield running.access


@pytest.fixture
def connection(project: SupabaseAccess) -> Iterator[Connection]:
    with project.connect() as opened:
        yield opened


def contents(connection: Connection) -> list[str]:
    return [row["object"] for row in connection.execute(CATALOGUE).fetchall()]


@pytest.fixture(scope="module")
def contents_after(project: SupabaseAccess) -> list[list[str]]:
    """What is there after no migration, after the first, and so on; nothing of it stays."""
    with project.connect() as opened, opened.transaction(force_rollback=True):
        for path in reversed(ROLLBACKS):
            opened.execute(path.read_bytes())
        after = [contents(opened)]
        for path in MIGRATIONS:
            opened.execute(path.read_bytes())
            after.append(contents(opened))
        return after


def test_every_migration_has_its_roll_back() -> None:
    assert MIGRATIONS
    assert [path.name for path in ROLLBACKS] == [path.name for path in MIGRATIONS]


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_a_migration_begins_by_saying_why_and_whether_old_code_keeps_working(path: Path) -> None:
    header = path.read_text().split("\n\n", maxsplit=1)[0]

    assert all(line.startswith("-- ") for line in header.splitlines())
    assert "old code" in header


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_a_migration_takes_away_what_older_projects_grant_by_default(path: Path) -> None:
    """Projects made before 30 October 2026 give everything on new objects to anon and authenticated."""
    text = path.read_text()
    made = re.findall(r"^create (table|function) (public\.\w+)", text, flags=re.MULTILINE)

    revoked = re.findall(r"^revoke all on (table|function) (public\.\w+)", text, flags=re.MULTILINE)

    assert set(made) <= set(revoked)
    identities = re.findall(
        r"^create table public\.(\w+) \(\n  id bigint generated", text, flags=re.MULTILINE
    )
    assert all(f"revoke all on sequence public.{name}_id_seq" in text for name in identities)


def test_the_migrations_are_recorded_as_applied(connection: Connection) -> None:
    rows = connection.execute(
        "select version from supabase_migrations.schema_migrations order by 1"
    ).fetchall()

    assert [row["version"] for row in rows] == [path.name.split("_")[0] for path in MIGRATIONS]


def test_a_poll_goes_through(project: SupabaseAccess, connection: Connection) -> None:
    asset = connection.execute(
        """
        insert into public.assets (plant, name, source_name)
        values ('northfield', 'Press', 'PRESS-01')
        returning id
        """
    ).fetchone()
    assert asset is not None

    with httpx.Client(
        base_url=project.rest_url, headers={"apikey": project.secret_key}, timeout=ENDS_S
    ) as client:
        service = Api(client)
        answers = [
            service.call("claim_run", p_claim=claim(1, wants=["assets", "shift_targets"]))["answer"],
            service.call("record_safety_events", p_fence=fence(1), p_events=[event()])["recorded"],
            service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit(snapshot(asset["id"])))[
                "answer"
            ],
            service.call("claim_run", p_claim=claim(2))["answer"],
            service.call("claim_run", p_claim=claim(3, slot=NEXT_SLOT))["answer"],
            service.call("fail_run", p_fence=fence(3), p_failure=failure(is_retryable=False))["answer"],
            service.call("claim_run", p_claim=claim(4, slot=NEXT_SLOT))["answer"],
        ]

    assert answers == ["claimed", 1, "committed", "duplicate", "claimed", "failed", "refused"]


def test_rolling_back_all_leaves_nothing_and_applying_again_brings_all_back(
    project: SupabaseAccess, connection: Connection
) -> None:
    before = contents(connection)

    for path in reversed(ROLLBACKS):
        connection.execute(path.read_bytes())
    rolled_back = contents(connection)
    connection.execute("delete from supabase_migrations.schema_migrations")
    migrations.push(project.database_url)

    assert len(before) > 100
    assert rolled_back == []
    assert contents(connection) == before


@pytest.mark.parametrize("number", range(len(ROLLBACKS)), ids=lambda number: ROLLBACKS[number].stem)
def test_a_roll_back_removes_exactly_what_its_migration_made(
    connection: Connection, contents_after: list[list[str]], number: int
) -> None:
    with connection.transaction(force_rollback=True):
        for path in reversed(ROLLBACKS[number:]):
            connection.execute(path.read_bytes())
        rolled_back = contents(connection)
        connection.execute(MIGRATIONS[number].read_bytes())

        assert rolled_back == contents_after[number]
        assert contents(connection) == contents_after[number + 1]
        assert rolled_back != contents(connection)


def test_the_official_lints_find_nothing(local_supabase: Supabase) -> None:
    findings = migrations.advise(local_supabase.access.database_url)

    # That an index has not been used yet says something of this database's age, not of the schema.
    assert [finding for finding in findings if finding.name != "unused_index"] == []
