"""Who may ask for a poll by hand, against a real project: its keys, its members, its words for a refusal."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from devstack.access import make_keys
from devstack.members import Role
from devstack.signing import sign
from plantpulse import database
from plantpulse.entry.users import ProjectUsers
from tests.conftest import SqlServerUnderTest, uses_outside_servers
from tests.faults.stoppable_project import StoppableProject, stoppable_project
from tests.functions.conftest import NOON_IN_CHICAGO, Request, World

PAGE = "https://pulse.example"
SCHEDULE = {"X-CloudScheduler-ScheduleTime": NOON_IN_CHICAGO.isoformat()}


@pytest.fixture
def open_world(world: World) -> World:
    """The function as it stands open to the internet, for browsers."""
    world.manual_calls = {"accept": "supabase_user", "allowed_origins": [PAGE]}
    if uses_outside_servers():  # their users are signed with the legacy secret
        world.jwt_secret = world.supabase.keys.jwt_secret
    return world


@pytest.fixture
def user(world: World) -> Callable[..., str]:
    """Sign somebody up and return their id."""

    def sign_up(plant: str | None = None, role: Role = "manager") -> str:
        user_id = str(uuid.uuid4())
        email = f"{user_id}@x.example"
        world.store.execute("insert into auth.users (id, email) values (%s, %s)", [user_id, email])
        if plant:
            world.store.execute(
                "insert into public.plant_members (user_id, plant, role) values (%s, %s, %s)",
                [user_id, plant, role],
            )
        return user_id

    return sign_up


def token_of(world: World, user_id: str, **claims: Any) -> dict[str, str]:
    """Return the header that a signed-in user's page sends."""
    return {"Authorization": f"Bearer {world.supabase.user_token(user_id, **claims)}"}


def nothing_happened(world: World, mssql: SqlServerUnderTest) -> bool:
    """Say whether neither Supabase nor SQL Server has heard of it."""
    logins = mssql.stand_in.traffic.logins if mssql.stand_in else []
    return world.calls == [] and logins == [] and world.contents()["runs"] == []


@pytest.mark.parametrize("plant", ["north", "*"])
def test_a_manager_polls_and_stands_in_the_report_and_the_record(
    open_world: World, user: Callable[..., str], plant: str
) -> None:
    headers = token_of(open_world, user(plant), email="ada@x.example")

    status, report = open_world.send(headers, {"plant": "north"})

    assert (status, report["outcome"], report["trigger"]) == (200, "succeeded", "manual")
    assert report["requested_by"] == "ada@x.example"
    (run,) = open_world.rows(
        "select requested_by, report ->> 'requested_by' as told from public.pipeline_runs"
    )
    assert run == {"requested_by": "ada@x.example", "told": "ada@x.example"}


@pytest.mark.parametrize(
    ("plant", "role"),
    [("north", "operator"), ("north", "viewer"), ("south", "manager"), ("*", "operator"), (None, "viewer")],
)
def test_anybody_else_who_is_signed_in_is_refused_and_nothing_is_done(
    open_world: World, user: Callable[..., str], mssql: SqlServerUnderTest, plant: str | None, role: str
) -> None:
    headers = token_of(open_world, user(plant, role))

    status, body = open_world.send(headers, {"plant": "north"})

    assert (status, body["error"]["code"]) == (403, "forbidden")
    assert nothing_happened(open_world, mssql)


def test_somebody_who_manages_nothing_is_not_even_told_which_plants_there_are(
    open_world: World, user: Callable[..., str]
) -> None:
    headers = token_of(open_world, user())

    answers = [open_world.send(headers, {"plant": plant}) for plant in ("north", "nowhere")]

    assert answers[0] == answers[1]


def test_a_membership_that_ended_counts_no_more_though_the_token_lives(
    open_world: World, user: Callable[..., str]
) -> None:
    manager = user("north")
    headers = token_of(open_world, manager)
    open_world.send(headers, {"dry_run": True})
    open_world.store.execute("delete from public.plant_members where user_id = %s", [manager])

    status, _ = open_world.send(headers, {"dry_run": True})

    assert status == 403


def forged(world: World, user_id: str) -> dict[str, dict[str, str]]:
    """Return what somebody without a token of their own might send, by what it is."""
    keys, claims = make_keys(), {"iss": f"{world.supabase.url}/auth/v1", "aud": "authenticated"}
    claims |= {"role": "authenticated", "sub": user_id}
    assert keys.signing_key
    return {
        "nothing": {},
        "a scheduler's header": SCHEDULE,
        "a key of another project": {"Authorization": f"Bearer {sign(claims, keys.signing_key, 60)}"},
        "a secret of their own": {"Authorization": f"Bearer {sign(claims, keys.jwt_secret, 60)}"},
        "the legacy service key": {"Authorization": f"Bearer {world.supabase.service_role_jwt}"},
        "the publishable key": {"Authorization": f"Bearer {world.supabase.publishable_key}"},
        "a token that has expired": token_of(world, user_id, exp=1),
        "a scheduler's header beside it": SCHEDULE | token_of(world, user_id, exp=1),
        "a token for cloud run": {"X-Serverless-Authorization": f"Bearer {sign(claims, 'a' * 32, 60)}"},
    }


@pytest.mark.parametrize("what", list(range(9)))
def test_without_a_genuine_token_nothing_is_done(
    open_world: World,
    user: Callable[..., str],
    mssql: SqlServerUnderTest,
    capsys: pytest.CaptureFixture[str],
    what: int,
) -> None:
    headers = list(forged(open_world, user("north")).values())[what]

    body, status, answer_headers = open_world.service().http(Request(headers))

    assert (status, json.loads(body)["error"]["code"]) == (401, "unauthenticated")
    assert answer_headers["WWW-Authenticate"].startswith("Bearer")
    assert nothing_happened(open_world, mssql)
    shown = capsys.readouterr().out + body
    assert not [value for name, value in headers.items() if "Auth" in name and value.split()[1] in shown]


def test_a_managers_poll_never_takes_a_slot_from_the_scheduler(
    open_world: World, user: Callable[..., str]
) -> None:
    status, report = open_world.send(SCHEDULE | token_of(open_world, user("north")), {})

    assert (status, report["trigger"], report["slot"]) == (200, "manual", None)
    (run,) = open_world.rows("select snapshots_until from public.pipeline_runs")
    assert run == {"snapshots_until": None}


def test_whoever_forges_a_schedulers_header_is_not_answered_as_one(
    open_world: World, user: Callable[..., str]
) -> None:
    open_world.store.execute("revoke execute on function public.managed_plants(uuid) from service_role")
    try:
        status, body = open_world.send(SCHEDULE | token_of(open_world, user("north")), {})
    finally:
        open_world.store.execute("grant execute on function public.managed_plants(uuid) to service_role")

    assert (status, body["error"]["code"]) == (500, "store_refused")


def test_an_event_is_refused_because_everybody_may_send_one_where_a_url_is_open(open_world: World) -> None:
    answer = open_world.service().event({"scheduled_time": NOON_IN_CHICAGO.isoformat()})

    assert answer["error"]["code"] == "unauthenticated"
    assert open_world.store.execute("select count(*) from pipeline_runs").fetchall() == [{"count": 0}]


def function_url_event(headers: dict[str, str]) -> dict[str, Any]:
    """Return what AWS makes of a browser's request where the URL itself lets everybody in."""
    context = {"http": {"method": "POST", "path": "/"}}
    return {"version": "2.0", "rawPath": "/", "headers": headers, "requestContext": context, "body": "{}"}


def test_a_function_url_takes_a_managers_token_and_no_forged_schedule(
    open_world: World, user: Callable[..., str]
) -> None:
    token = {name.lower(): value for name, value in token_of(open_world, user("north")).items()}
    schedule = {name.lower(): value for name, value in SCHEDULE.items()}

    manager = open_world.service().event(function_url_event({**token, "origin": PAGE}))
    forger = open_world.service().event(function_url_event(schedule))

    assert (manager["statusCode"], manager["headers"]["Access-Control-Allow-Origin"]) == (200, PAGE)
    assert json.loads(manager["body"])["outcome"] == "succeeded"
    assert (forger["statusCode"], forger["headers"]["WWW-Authenticate"]) == (401, "Bearer")


def test_a_browser_may_ask_first_without_a_token(open_world: World) -> None:
    headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}

    body, status, answer = open_world.service().http(Request(headers, method="OPTIONS"))

    assert (body, status, answer["Access-Control-Allow-Origin"]) == ("", 204, PAGE)


class CountedMembers:
    """Supabase as it knows users, noting how often it is asked for the project's keys."""

    def __init__(self, members: database.Supabase, asked: list[str]) -> None:
        self._members = members
        self._asked = asked

    def __enter__(self) -> "CountedMembers":
        return self

    def __exit__(self, *_: object) -> None:
        self._members.__exit__()

    def signing_keys(self) -> list[dict[str, Any]]:
        self._asked.append("signing_keys")
        return self._members.signing_keys()

    def managed_plants(self, user_id: str) -> list[str]:
        self._asked.append("managed_plants")
        return self._members.managed_plants(user_id)


@pytest.mark.skipif(uses_outside_servers(), reason="an outside project signs users' tokens with its secret")
def test_keys_are_fetched_once_a_process(open_world: World, user: Callable[..., str]) -> None:
    asked: list[str] = []
    service = open_world.service()
    service.users = ProjectUsers(
        lambda *settings, **more: CountedMembers(database.connect(*settings, **more), asked)
    )
    headers = token_of(open_world, user("north"))

    statuses = [service.http(Request(headers, b'{"dry_run": true}'))[1] for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert asked == ["signing_keys", *["managed_plants"] * 3]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoppableProject]:
    with stoppable_project(tmp_path_factory.mktemp("who-asks")) as project:
        yield project


@pytest.fixture
def frail_world(world: World, project: StoppableProject) -> Iterator[World]:
    """The open function with a Supabase whose Data API can be stopped."""
    with project.access.connect() as store:
        yield World(
            project.access, store, world.reader, world.encryption, manual_calls={"accept": "supabase_user"}
        )


def test_a_supabase_that_is_down_is_nobodys_missing_role(
    frail_world: World, project: StoppableProject
) -> None:
    headers = token_of(frail_world, str(uuid.uuid4()))
    project.postgrest.stop()
    try:
        body, status, answer = frail_world.service().http(Request(headers))
    finally:
        project.postgrest.start()

    assert (status, json.loads(body)["error"]["code"]) == (503, "store_unavailable")
    assert "Retry-After" in answer


def test_a_supabase_whose_keys_cannot_be_had_is_asked_again_later(
    frail_world: World, project: StoppableProject
) -> None:
    headers = token_of(frail_world, str(uuid.uuid4()))
    frail_world.supabase = replace(project.access, url="http://127.0.0.1:9")

    body, status, _ = frail_world.service().http(Request(headers))

    assert (status, json.loads(body)["error"]["code"]) == (503, "store_unavailable")
