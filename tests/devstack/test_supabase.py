"""The local project has the roles and privileges that migrations and clients rely on."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import sql

from devstack.access import SupabaseAccess
from devstack.supabase import Supabase
from tests.conftest import uses_outside_servers
from tests.patience import ENDS_S

API_ROLES = ["anon", "authenticated", "service_role"]
LISTENING = "0A"
USER = "5f0c7c1e-6f5d-4b0b-9f5d-0d9f5a1b2c3d"


@pytest.fixture(scope="module")
def project(local_supabase: Supabase) -> Iterator[SupabaseAccess]:
    with local_supabase.fresh_database() as access:
        yield access


def test_the_roles_have_supabases_attributes(project: SupabaseAccess) -> None:
    with project.connect() as connection:
        rows = connection.execute(
            "select rolname, rolsuper, rolinherit, rolcanlogin, rolbypassrls from pg_roles"
            " where rolname = any(%s) order by rolname",
            [[*API_ROLES, "authenticator", "postgres"]],
        ).fetchall()

    assert [tuple(row.values()) for row in rows] == [
        ("anon", False, False, False, False),
        ("authenticated", False, False, False, False),
        ("authenticator", False, False, True, False),
        ("postgres", False, True, True, True),
        ("service_role", False, False, False, True),
    ]


@pytest.mark.parametrize("role", API_ROLES)
def test_a_new_table_is_reachable_by_no_api_role(project: SupabaseAccess, role: str) -> None:
    with project.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("create table public.unannounced (id bigint generated always as identity)")
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))

        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select from public.unannounced")


def test_a_new_function_may_be_called_by_everybody_until_it_is_revoked(project: SupabaseAccess) -> None:
    with project.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("create function public.careless() returns int language sql return 1")
        connection.execute("set local role anon")

        row = connection.execute("select public.careless() as answer").fetchone()

    assert row == {"answer": 1}


def test_the_claims_of_a_request_are_what_auth_functions_return(project: SupabaseAccess) -> None:
    with project.connect() as connection, connection.transaction(force_rollback=True):
        claims = f'{{"sub": "{USER}", "role": "authenticated"}}'
        connection.execute("select set_config('request.jwt.claims', %s, true)", [claims])

        row = connection.execute(
            "select auth.uid()::text as uid, auth.role() as role, auth.jwt() ->> 'sub' as sub"
        ).fetchone()

    assert row == {"uid": USER, "role": "authenticated", "sub": USER}


def test_without_a_request_there_is_no_user(project: SupabaseAccess) -> None:
    with project.connect() as connection:
        row = connection.execute("select auth.uid() as uid, auth.role() as role").fetchone()

    assert row == {"uid": None, "role": None}


def test_every_migration_is_recorded_by_the_cli(project: SupabaseAccess) -> None:
    files = sorted(Path("supabase/migrations").resolve().glob("*.sql"))
    with project.connect() as connection:
        rows = connection.execute(
            "select version from supabase_migrations.schema_migrations order by version"
        ).fetchall()

    assert files
    assert {row["version"] for row in rows} <= {file.name.split("_")[0] for file in files}
    assert rows


def test_a_fresh_database_shares_nothing_with_another(local_supabase: Supabase) -> None:
    with local_supabase.fresh_database() as one, local_supabase.fresh_database() as other:
        with one.connect() as connection:
            connection.execute("create table public.only_here (id bigint)")
        with other.connect() as connection:
            row = connection.execute("select to_regclass('public.only_here') as found").fetchone()

    assert row == {"found": None}


def test_two_stacks_run_side_by_side_and_refuse_each_others_keys(
    local_supabase: Supabase, tmp_path: Path
) -> None:
    first = local_supabase.access
    with Supabase(tmp_path) as second:
        own = httpx.get(
            f"{second.access.rest_url}/", headers={"apikey": second.access.secret_key}, timeout=ENDS_S
        )
        foreign = httpx.get(
            f"{second.access.rest_url}/", headers={"apikey": first.secret_key}, timeout=ENDS_S
        )
        pids = second.pids
        gone_url = second.access.url

    assert (own.status_code, foreign.status_code) == (200, 401)
    assert len(pids) == 2
    assert (
        httpx.get(f"{first.rest_url}/", headers={"apikey": first.secret_key}, timeout=ENDS_S).status_code
        == 200
    )
    with pytest.raises(httpx.ConnectError):
        httpx.get(gone_url, timeout=ENDS_S)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc")
def test_nothing_listens_beyond_loopback(local_supabase: Supabase) -> None:
    listening = [
        address for pid in (os.getpid(), *local_supabase.pids) for address in listening_addresses(pid)
    ]

    gateway_port = int(local_supabase.access.url.rpartition(":")[2])
    assert {local_supabase.postgres.port, gateway_port} < {port for _, port in listening}
    assert {host for host, _ in listening} == {"127.0.0.1"}


@pytest.mark.skipif(uses_outside_servers(), reason="the reader's own servers may be anywhere")
def test_a_test_cannot_leave_this_machine(local_supabase: Supabase) -> None:
    with socket.socket() as outgoing, pytest.raises(RuntimeError, match="only loopback is allowed"):
        outgoing.connect(("192.0.2.1", 80))


@pytest.mark.parametrize("_round", ["first", "second"])
def test_every_test_starts_with_empty_tables(supabase: SupabaseAccess, _round: str) -> None:
    with supabase.connect() as connection:
        users = connection.execute("select id from auth.users").fetchall()
        cost_centers = connection.execute("select id from public.cost_centers").fetchall()
        connection.execute("insert into auth.users (id) values (%s)", [USER])
        added = connection.execute(
            "insert into public.cost_centers (plant, name, standard_hourly_rate)"
            " values ('northfield', 'Press shop', 85) returning id"
        ).fetchone()

    assert (users, cost_centers) == ([], [])
    assert added == {"id": 1}


def listening_addresses(pid: int) -> list[tuple[str, int]]:
    inodes = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and f"socket:[{fields[9]}]" in inodes:
                host, port = fields[1].split(":")
                found.append(("127.0.0.1" if host == "0100007F" else host, int(port, 16)))
    return found
