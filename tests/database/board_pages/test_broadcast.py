"""What the database tells pages over Realtime, who may listen, and that a commit does not depend on it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from devstack.access import SupabaseAccess
from devstack.supabase import Supabase
from tests.database.alerting import firing, look
from tests.database.api import USERS, Api
from tests.database.conftest import MEMBERSHIPS, Connection
from tests.database.protocol import claim, commit, completion, event, failure, fence, snapshot
from tests.database.tags.polled import group_claim, make_group, put, sample
from tests.patience import ENDS_S

SCHEMA = Path(__file__).with_name("realtime_schema.sql").read_bytes()
MARKUP = "<script>alert(1)</script>\u202e" + "x" * 1_000_000


@pytest.fixture
def project(local_supabase: Supabase) -> Iterator[SupabaseAccess]:
    """A project with Realtime's schema, members, and an asset of northfield."""
    with local_supabase.fresh_database() as access:
        as_superuser(local_supabase, access, SCHEMA)
        as_superuser(local_supabase, access, b"grant others to postgres")
        with access.connect() as opened:
            assert install(opened) == "installed"
            _people(opened)
        yield access
        as_superuser(local_supabase, access, b"revoke others from postgres")


def _people(database: Connection) -> None:
    for user_id in USERS.values():
        database.execute("insert into auth.users (id) values (%s)", (user_id,))
    for user, plant, role in MEMBERSHIPS:
        database.execute(
            "insert into public.plant_members (user_id, plant, role) values (%s, %s, %s)",
            (USERS[user], plant, role),
        )
    database.execute(
        "insert into public.assets (plant, name, source_name) values ('northfield', 'Press 1', 'PRESS-01')"
    )


@pytest.fixture
def connection(project: SupabaseAccess) -> Iterator[Connection]:
    with project.connect() as opened:
        yield opened


@pytest.fixture
def service(project: SupabaseAccess) -> Iterator[Api]:
    with httpx.Client(
        base_url=project.rest_url, headers={"apikey": project.secret_key}, timeout=ENDS_S
    ) as client:
        yield Api(client)


@pytest.fixture
def operator(project: SupabaseAccess) -> Iterator[Api]:
    headers = {
        "apikey": project.publishable_key,
        "Authorization": f"Bearer {project.user_token(USERS['operator'])}",
    }
    with httpx.Client(base_url=project.rest_url, headers=headers, timeout=ENDS_S) as client:
        yield Api(client)


def as_superuser(local: Supabase, access: SupabaseAccess, statement: LiteralString | bytes) -> None:
    local.postgres.execute(str(conninfo_to_dict(access.database_url)["dbname"]), statement)


def install(database: Connection) -> str:
    row = database.execute("select public.install_broadcast() as answer").fetchone()
    assert row is not None
    return str(row["answer"])


def messages(database: Connection) -> list[tuple[str, str, dict[str, Any]]]:
    """Return topic, event and payload of what was sent, and forget it."""
    rows = database.execute(
        "select topic, event, payload, private from realtime.messages order by inserted_at, payload::text"
    ).fetchall()
    database.execute("delete from realtime.messages")
    assert all(row["private"] for row in rows)
    return [(row["topic"], row["event"], row["payload"]) for row in rows]


def hears(database: Connection, role: str, topic: str) -> bool:
    """Say whether Realtime would let somebody join a channel: whether they see a probe row."""
    with database.transaction(force_rollback=True):
        database.execute(
            "insert into realtime.messages (topic, extension) values (%s, 'broadcast')", (topic,)
        )
        return _sees(database, role, topic)


def _sees(database: Connection, role: str, topic: str) -> bool:
    _become(database, role)
    database.execute("select set_config('realtime.topic', %s, true)", (topic,))
    return bool(database.execute("select from realtime.messages").fetchall())


def _become(database: Connection, role: str) -> None:
    claims = {"sub": USERS[role], "role": "authenticated"} if role in USERS else {"role": "anon"}
    database.execute("select set_config('request.jwt.claims', %s, true)", (json.dumps(claims),))
    database.execute("set local role authenticated" if role in USERS else "set local role anon")


RUN = {"what": "run", "pipeline": "live_pulse", "run_id": 1, "status": "succeeded"}


def test_a_committed_poll_is_told_once_and_says_nothing_of_the_plant(
    service: Api, connection: Connection
) -> None:
    service.call("claim_run", p_claim=claim(1))
    assert messages(connection) == []

    overdue = [firing(subject=f"asset {number}") for number in range(3)]
    alerts = {"alerts": [look(*overdue)]}
    service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit(snapshot(1), **alerts))
    service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit(snapshot(1), **alerts))

    assert messages(connection) == [
        ("plant:northfield", "changed", {"what": "alert"}),
        ("plant:northfield", "changed", RUN),
    ]
    assert connection.execute("select from public.alerts").rowcount == 3


def test_a_failed_run_is_told_too(service: Api, connection: Connection) -> None:
    service.call("claim_run", p_claim=claim(1))
    service.call("fail_run", p_fence=fence(1), p_failure=failure(is_retryable=False))

    assert messages(connection) == [("plant:northfield", "changed", {**RUN, "status": "failed"})]


@pytest.mark.parametrize(("status", "what"), [("partial", "report"), ("failed", "run")])
def test_a_morning_report_that_came_to_its_end_is_told_as_a_report(
    connection: Connection, status: str, what: str
) -> None:
    _run(connection, "morning_report", "northfield", status)

    expected = {"what": what, "pipeline": "morning_report", "run_id": 1, "status": status}
    assert messages(connection) == [("plant:northfield", "changed", expected)]


@pytest.mark.parametrize("plant", ["(no plant)", "(all plants)"])
def test_a_run_of_no_plant_is_told_to_those_who_may_read_it(connection: Connection, plant: str) -> None:
    _run(connection, "cleanup", plant, "succeeded")

    expected = {"what": "run", "pipeline": "cleanup", "run_id": 1, "status": "succeeded"}
    assert messages(connection) == [(f"plant:{plant}", "changed", expected)]


def test_of_bursts_only_the_bad_ends_are_told(connection: Connection) -> None:
    _run(connection, "tags", "northfield", "succeeded", is_overlapping=True)
    _run(connection, "tags", "northfield", "abandoned", is_overlapping=True)

    assert [payload["run_id"] for _, _, payload in messages(connection)] == [2]


def _run(
    database: Connection, pipeline: str, plant: str, status: str, *, is_overlapping: bool = False
) -> None:
    database.execute(
        """
        insert into public.pipeline_runs
          (pipeline, plant, trigger, fence, started_at, lease_expires_at, is_overlapping)
        values (%s, %s, 'manual', gen_random_uuid(), now(), now() + interval '90 s', %s)
        """,
        (pipeline, plant, is_overlapping),
    )
    database.execute(
        """
        update public.pipeline_runs
        set status = %s, finished_at = now(), error_code = 'x', error_message = 'x', is_retryable = false
        where status = 'running'
        """,
        (status,),
    )


def test_incidents_are_told_when_they_are_recorded_and_signed(
    service: Api, operator: Api, connection: Connection
) -> None:
    service.call("claim_run", p_claim=claim(1))
    events = [event(reason_code=f"{number} {MARKUP}"[:4000]) for number in range(20)]
    service.call("record_safety_events", p_fence=fence(1), p_events=events)
    assert messages(connection) == [("plant:northfield", "changed", {"what": "safety"})]
    service.call("record_safety_events", p_fence=fence(1), p_events=events)
    assert messages(connection) == []

    assert operator.update("safety_events", {"is_acknowledged": True}, id="lt.10") == "rows"

    assert messages(connection) == [("plant:northfield", "changed", {"what": "safety"})]


def test_an_acknowledged_alert_and_a_silence_are_told(operator: Api, connection: Connection) -> None:
    connection.execute(
        """
        insert into public.alerts (rule, plant, scope, severity, opened_at, observed_at, last_seen_at)
        values ('overdue', 'northfield', 'live_pulse', 'warning', now(), now(), now())
        """
    )
    assert messages(connection) == [("plant:northfield", "changed", {"what": "alert"})]
    connection.execute("update public.alerts set last_seen_at = now() + interval '5 minutes'")
    assert messages(connection) == []

    assert operator.update("alerts", {"is_acknowledged": True}, id="eq.1") == "rows"
    assert messages(connection) == [("plant:northfield", "changed", {"what": "alert"})]

    silence = {"plant": "northfield", "ends_at": "2099-01-01T00:00:00Z", "starts_at": "2098-12-31T00:00:00Z"}
    assert operator.insert("silences", {**silence, "why": MARKUP[:900]}) == "rows"
    assert messages(connection) == [("plant:northfield", "changed", {"what": "alert"})]


def test_commands_and_changed_groups_are_told_and_flushes_are_not(
    operator: Api, service: Api, connection: Connection
) -> None:
    group_id = make_group(connection, "<b>Press</b>")
    # The group, and its tags, which make another version of it.
    assert messages(connection) == [("plant:northfield", "changed", {"what": "tags"})] * 2

    service.call("claim_tag_groups", p_claim=group_claim(1))
    for slot in range(3):
        service.call("put_tag_samples", p_put=put(1, rows=[sample(group_id, slot, 1.5)]))
    assert messages(connection) == []

    assert operator.insert("tag_commands", {"plant": "northfield", "group_id": group_id, "kind": "stop"}) == (
        "rows"
    )
    assert messages(connection) == [("plant:northfield", "changed", {"what": "tags"})]
    connection.execute("delete from public.tag_groups")
    assert messages(connection) == [("plant:northfield", "changed", {"what": "tags"})]


@pytest.mark.parametrize(
    ("role", "topics"),
    [
        ("viewer", {"plant:northfield", "plant:(no plant)"}),
        ("operator", {"plant:northfield", "plant:(no plant)"}),
        ("manager", {"plant:northfield", "plant:(no plant)"}),
        ("neighbour", {"plant:southfield", "plant:(no plant)"}),
        ("director", {"plant:northfield", "plant:southfield", "plant:(no plant)", "plant:(all plants)"}),
        ("stranger", set()),
        ("anon", set()),
    ],
)
def test_members_hear_their_plants(connection: Connection, role: str, topics: set[str]) -> None:
    every = [
        "plant:northfield",
        "plant:southfield",
        "plant:(no plant)",
        "plant:(all plants)",
        "plant:",
        "plant:*",
        "northfield",
        "other:northfield",
        "",
    ]

    assert {topic for topic in every if hears(connection, role, topic)} == topics | (
        {"plant:", "plant:*"} if role == "director" else set()
    )


def test_members_hear_broadcasts_alone(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(
            "insert into realtime.messages (topic, extension) values ('plant:northfield', 'presence')"
        )
        assert not _sees(connection, "manager", "plant:northfield")


@pytest.mark.parametrize("role", ["viewer", "manager", "director", "anon"])
def test_nobody_sends_from_outside(connection: Connection, role: str) -> None:
    with connection.transaction(force_rollback=True):
        _become(connection, role)
        connection.execute("select set_config('realtime.topic', 'plant:northfield', true)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(
                "insert into realtime.messages (topic, extension, event, private)"
                " values ('plant:northfield', 'broadcast', 'changed', true)"
            )
    assert messages(connection) == []


def test_to_install_again_leaves_one_policy_and_only_for_reading(connection: Connection) -> None:
    assert [install(connection), install(connection)] == ["installed", "installed"]

    rows = connection.execute(
        "select policyname, cmd, roles::text from pg_policies where schemaname = 'realtime'"
    ).fetchall()
    assert rows == [{"policyname": "plantpulse_members_listen", "cmd": "SELECT", "roles": "{authenticated}"}]


def test_where_others_alone_may_make_policies_nothing_is_lost(
    local_supabase: Supabase, project: SupabaseAccess, connection: Connection
) -> None:
    as_superuser(local_supabase, project, b"revoke others from postgres")

    assert install(connection) == "not allowed"

    rows = connection.execute("select policyname from pg_policies where schemaname = 'realtime'").fetchall()
    assert [row["policyname"] for row in rows] == ["plantpulse_members_listen"]
    _run(connection, "live_pulse", "northfield", "succeeded")
    assert connection.execute("select payload from realtime.messages").fetchall() == [{"payload": RUN}]


@pytest.mark.parametrize(
    "broken",
    [
        "drop schema realtime cascade",
        "drop function realtime.send(jsonb, text, text, boolean)",
        "drop table realtime.messages",
        "revoke usage on schema realtime from postgres",
        "revoke execute on function realtime.send(jsonb, text, text, boolean) from public, postgres",
        "create or replace function realtime.send(payload jsonb, event text, topic text, private boolean "
        "default true) returns void language plpgsql as $$ begin raise exception 'no'; end $$",
    ],
)
def test_a_commit_does_not_depend_on_realtime(
    local_supabase: Supabase,
    project: SupabaseAccess,
    service: Api,
    connection: Connection,
    broken: LiteralString,
) -> None:
    as_superuser(local_supabase, project, b"revoke others from postgres")
    as_superuser(local_supabase, project, broken)

    service.call("claim_run", p_claim=claim(1))
    recorded = service.call("record_safety_events", p_fence=fence(1), p_events=[event()])
    committed = service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit(snapshot(1)))

    assert (recorded["recorded"], committed["answer"]) == (1, "committed")
    assert connection.execute("select status from public.pipeline_runs").fetchall() == [
        {"status": "succeeded"}
    ]


def test_a_commit_waits_for_no_lock_of_realtime(
    project: SupabaseAccess, service: Api, connection: Connection
) -> None:
    service.call("claim_run", p_claim=claim(1))
    with project.connect() as other, other.transaction():
        other.execute("lock table realtime.messages in access exclusive mode")

        answer = service.call("complete_run", p_fence=fence(1), p_completion=completion())

    assert answer["answer"] == "committed"
    assert messages(connection) == []


def test_without_realtime_there_is_nothing_to_install(
    local_supabase: Supabase, project: SupabaseAccess, connection: Connection
) -> None:
    as_superuser(local_supabase, project, b"drop schema realtime cascade")

    assert install(connection) == "no realtime"
