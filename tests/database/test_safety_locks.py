"""Recording and signing incidents at once: no deadlocks, and a person's update always gets through."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from devstack.supabase import Supabase
from tests.database.conftest import Connection
from tests.database.protocol import claim, event, fence
from tests.database.test_claim_concurrency import wait_until_blocked
from tests.patience import ENDS_S

RECORD = "select public.record_safety_events(%s, %s) as answer"
ACKNOWLEDGE = "select public.acknowledge_safety_events(array[3, 1, 2], 'ada') as answer"
RESOLVE = "select public.resolve_safety_events(array[2, 3, 1], 'ada', 'guard fitted') as answer"
IDS = (1, 2, 3)


def incidents(details: str) -> Jsonb:
    """The incidents 1, 2 and 3; the order of their identities is the other way round."""
    return Jsonb([event(source_id=source_id, details=details) for source_id in ("c", "b", "a")])


@pytest.fixture(scope="module")
def url(local_supabase: Supabase) -> Iterator[str]:
    """The address of a project of our own, for a superuser: one may set deadlock_timeout."""
    with local_supabase.fresh_database() as access:
        yield local_supabase.postgres.url(access.database_url.rpartition("/")[2].partition("?")[0])


@pytest.fixture
def connect(url: str) -> Iterator[Callable[[], Connection]]:
    """Connections to the project with three recorded incidents."""
    with ExitStack() as opened:

        def open_one() -> Connection:
            return opened.enter_context(psycopg.connect(url, autocommit=True, row_factory=dict_row))

        first = open_one()
        first.execute("truncate public.pipeline_runs, public.assets restart identity cascade")
        first.execute("select public.claim_run(%s)", (Jsonb(claim(1)),))
        for source_id in ("c", "b", "a"):
            first.execute(RECORD, (fence(1), Jsonb([event(source_id=source_id, details="as read")])))
        assert [row["source_id"] for row in events(first)] == ["c", "b", "a"]
        yield open_one


def events(connection: Connection) -> list[dict[str, Any]]:
    query = "select xmin::text, * from public.safety_events order by id"
    return connection.execute(query).fetchall()


@contextmanager
def holding(connection: Connection, ids: Sequence[int]) -> Iterator[None]:
    """Hold some incidents locked, as an update does before it is committed."""
    with connection.transaction():
        connection.execute("select from public.safety_events where id = any (%s) for update", (list(ids),))
        yield


def test_what_the_source_has_not_changed_is_neither_waited_for_nor_written(
    connect: Callable[[], Connection],
) -> None:
    holder, recorder = connect(), connect()
    recorder.execute("set lock_timeout = '5s'")
    before = events(holder)
    news = event(source_id="d", details="as read")

    with holding(holder, IDS):
        same = [event(source_id=source_id, details="as read") for source_id in ("c", "b", "a")]
        row = recorder.execute(RECORD, (fence(1), Jsonb([*same, news]))).fetchone()

    assert row is not None
    answer = row["answer"]
    assert (answer["recorded"], answer["updated"], answer["unchanged"]) == (1, 0, 3)
    assert events(holder)[:3] == before


@pytest.mark.parametrize("statement", [RECORD, ACKNOWLEDGE, RESOLVE])
def test_incidents_are_locked_in_the_order_of_their_ids(
    connect: Callable[[], Connection], statement: str
) -> None:
    holder, watcher, writer = connect(), connect(), connect()

    with ThreadPoolExecutor(1) as pool:
        with holding(holder, [1]):
            written = start(pool, writer, statement)
            wait_until_blocked(watcher, writer.info.backend_pid)
            others = watcher.execute(
                "select id from public.safety_events where id in (2, 3) order by id for update nowait"
            ).fetchall()
        written.result(timeout=ENDS_S)

    assert [row["id"] for row in others] == [2, 3]


@pytest.mark.parametrize("statement", [RECORD, ACKNOWLEDGE, RESOLVE])
@pytest.mark.parametrize(("first", "then"), [(1, 3), (3, 1)])
def test_an_update_of_many_rows_gets_through_in_whatever_order_it_locks_them(
    connect: Callable[[], Connection], statement: str, first: int, then: int
) -> None:
    person, watcher, writer = connect(), connect(), connect()
    # Whoever looks for a deadlock gives way, so the person here never looks.
    person.execute("set deadlock_timeout = '60s'")

    with ThreadPoolExecutor(1) as pool:
        with holding(person, [first]):
            written = start(pool, writer, statement)
            wait_until_blocked(watcher, writer.info.backend_pid)
            person.execute(
                """
                update public.safety_events
                set is_acknowledged = true, acknowledged_by_name = 'bob'
                where id = %s
                """,
                (then,),
            )
        written.result(timeout=ENDS_S)

    rows = {row["id"]: row for row in events(watcher)}
    assert rows[then]["acknowledged_by_name"] == "bob"
    if statement == RECORD:
        assert {row["details"] for row in rows.values()} == {"changed"}
    else:
        assert rows[2]["acknowledged_by_name"] == "ada"


def test_recording_and_signing_at_once_for_long_meet_in_no_deadlock(
    connect: Callable[[], Connection],
) -> None:
    rounds = 100
    recorder, signer = connect(), connect()

    def record() -> None:
        for number in range(rounds):
            recorder.execute(RECORD, (fence(1), incidents(f"version {number}")))

    def sign() -> None:
        for _ in range(rounds):
            signer.execute(ACKNOWLEDGE.encode())

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(record), pool.submit(sign)]:
            future.result(timeout=ENDS_S)

    assert {row["details"] for row in events(signer)} == {"version 99"}
    assert {row["acknowledged_by_name"] for row in events(signer)} == {"ada"}


def start(pool: ThreadPoolExecutor, writer: Connection, statement: str) -> Future[Any]:
    """Run a statement in another thread; one that records changes all three incidents."""
    parameters = (fence(1), incidents("changed")) if statement == RECORD else None
    return pool.submit(writer.execute, statement.encode(), parameters)


PATCH = "update public.safety_events set is_acknowledged = true where id = any (%s)"
WAITS_FOR = "select locktype from pg_locks where pid = %s and not granted"


def sign_in(connection: Connection, user: int, **roles: str) -> Connection:
    """Make a connection that of a user with these memberships; `everywhere` stands for all plants."""
    user_id = f"00000000-0000-4000-8000-{user:012}"
    connection.execute("insert into auth.users (id) values (%s) on conflict do nothing", (user_id,))
    connection.execute("delete from public.plant_members where user_id = %s", (user_id,))
    for plant, role in roles.items():
        connection.execute(
            "insert into public.plant_members (user_id, plant, role) values (%s, %s, %s)",
            (user_id, "*" if plant == "everywhere" else plant, role),
        )
    connection.execute("select set_config('request.jwt.claims', %s, false)", (json.dumps({"sub": user_id}),))
    connection.execute("set role authenticated")
    return connection


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"northfield": "operator"}, {"northfield": "manager"}),
        ({"northfield": "operator"}, {"everywhere": "operator"}),
        ({"everywhere": "manager"}, {"northfield": "operator"}),
        ({"everywhere": "manager"}, {"everywhere": "manager"}),
        ({"northfield": "operator"}, {"aachen": "operator", "northfield": "operator"}),
    ],
)
def test_a_users_update_waits_for_another_users_before_it_locks_any_incident(
    connect: Callable[[], Connection], first: dict[str, str], second: dict[str, str]
) -> None:
    watcher = connect()
    one, other = sign_in(connect(), 1, **first), sign_in(connect(), 2, **second)

    with ThreadPoolExecutor(1) as pool:
        with one.transaction():
            one.execute(PATCH, ([1],))
            signed = pool.submit(other.execute, PATCH.encode(), ([3, 2],))
            wait_until_blocked(watcher, other.info.backend_pid)
            waits = watcher.execute(WAITS_FOR, (other.info.backend_pid,)).fetchall()
            free = watcher.execute(
                "select id from public.safety_events where id > 1 for update nowait"
            ).fetchall()
            one.execute(PATCH, ([3],))
        signed.result(timeout=ENDS_S)

    assert [row["locktype"] for row in waits] == ["advisory"]
    assert [row["id"] for row in free] == [2, 3]
    assert [row["is_acknowledged"] for row in events(watcher)] == [True, True, True]


@pytest.mark.parametrize("second", [{"southfield": "operator"}, {"northfield": "viewer"}, {}])
def test_users_of_other_plants_and_those_who_may_not_sign_wait_for_nobody(
    connect: Callable[[], Connection], second: dict[str, str]
) -> None:
    one, other = sign_in(connect(), 1, northfield="operator"), sign_in(connect(), 3, **second)
    other.execute("set lock_timeout = '5s'")

    with one.transaction():
        one.execute(PATCH, ([1],))
        assert other.execute(PATCH, ([2],)).rowcount == 0


@pytest.mark.parametrize("statement", [RECORD, ACKNOWLEDGE, RESOLVE])
def test_what_the_service_signs_and_records_does_not_queue(
    connect: Callable[[], Connection], statement: str
) -> None:
    writer, one = connect(), sign_in(connect(), 1, northfield="operator")
    writer.execute("set lock_timeout = '5s'")

    with one.transaction():
        one.execute(PATCH, ([999],))  # no such incident: the place in the queue is all that is taken
        parameters = (fence(1), incidents("changed")) if statement == RECORD else None
        writer.execute(statement.encode(), parameters)
