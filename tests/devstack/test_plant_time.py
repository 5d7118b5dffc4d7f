"""Functions that look at the clock see the plant's where the gateway has one."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from devstack.access import SupabaseAccess
from devstack.supabase import Supabase
from tests.patience import ENDS_S

PLANTS_NOW = datetime(2026, 3, 11, 9, 45, tzinfo=UTC)
CLOCKS = (
    "create function public.looks(p_name text, p_now timestamptz default now()) returns jsonb"
    " language sql stable return jsonb_build_array(p_name, p_now at time zone 'UTC')",
    "create function public.tag_looks(p_now timestamptz default null) returns text"
    " language sql stable return p_now::text",
    "create function public.looks_not(p_name text) returns text language sql stable return p_name",
    "grant execute on all functions in schema public to service_role",
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supabase]:
    with Supabase(tmp_path_factory.mktemp("logs")) as running:
        with running.access.connect() as connection:
            for statement in CLOCKS:
                connection.execute(statement)
            connection.execute("notify pgrst, 'reload schema'")
        _wait_until_known(running.access)
        running.use_clock(lambda: PLANTS_NOW)
        yield running


@pytest.fixture
def project(running: Supabase) -> SupabaseAccess:
    return running.access


def _wait_until_known(project: SupabaseAccess) -> None:
    """Wait until PostgREST has read the schema again: until then it knows no such function."""
    ends_s = time.monotonic() + ENDS_S
    while call(project, "looks_not", p_name="x") != "x":
        assert time.monotonic() < ends_s, "PostgREST does not read the schema"
        time.sleep(0.1)


def call(project: SupabaseAccess, function: str, **arguments: str) -> Any:
    url, headers = f"{project.rest_url}/rpc/{function}", {"apikey": project.secret_key}
    answer = httpx.post(url, json=arguments, headers=headers, timeout=ENDS_S)
    return answer.json()


def test_a_function_that_takes_the_time_is_told_the_plants(project: SupabaseAccess) -> None:
    assert call(project, "looks", p_name="Ärger") == ["Ärger", "2026-03-11T09:45:00"]


def test_a_time_that_the_caller_says_stays(project: SupabaseAccess) -> None:
    assert call(project, "looks", p_name="x", p_now="2026-01-01T00:00:00Z") == ["x", "2026-01-01T00:00:00"]


def test_whoever_lives_in_real_time_has_a_door_without_the_plants_clock(running: Supabase) -> None:
    door = replace(running.access, url=running.real_time_url)

    [_, told] = call(door, "looks", p_name="x")

    assert abs(datetime.fromisoformat(f"{told}Z") - datetime.now(UTC)) < timedelta(days=1)


def test_another_function_is_told_nothing(project: SupabaseAccess) -> None:
    assert call(project, "looks_not", p_name="x") == "x"


def test_a_body_that_is_no_object_is_passed_on(project: SupabaseAccess) -> None:
    headers = {"apikey": project.secret_key, "content-type": "application/json"}
    answer = httpx.post(f"{project.rest_url}/rpc/looks", content=b"{", headers=headers, timeout=ENDS_S)

    assert answer.status_code == 400


def test_machine_tags_are_in_real_time(project: SupabaseAccess) -> None:
    assert call(project, "tag_looks") is None
