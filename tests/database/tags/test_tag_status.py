"""What is told of each group, and what is removed when it is old."""

from collections.abc import Callable
from typing import Any

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.tags.polled import NOON, add_tag, at, group_claim, make_group, put, sample, state

Count = Callable[[str], int]


def states(service: Api, now: float) -> dict[str, str]:
    told = service.call("tag_status", p_plant="northfield", p_now=at(now))
    return {one["name"]: one["state"] for one in told["groups"]}


def test_each_state_of_a_group(service: Api, database: Connection) -> None:
    ids = {name: make_group(database, name) for name in ("Polling", "Failing", "Starting", "Missing")}
    make_group(database, "Stopped", active=False)
    make_group(database, "Waiting", mode="handshake")
    make_group(database, "Gone", removed_at=NOON)
    rising = make_group(database, "Rising", mode="handshake")
    add_tag(database, rising, "Ready", "bool", role="trigger")
    # The stamp of the change is the database's own clock, which simulated time does not know.
    database.execute("alter table public.tag_groups disable trigger stamp_tag_group")
    database.execute("update public.tag_groups set updated_at = %s", (at(-600),))
    database.execute("alter table public.tag_groups enable trigger stamp_tag_group")
    claim = group_claim(1, groups=["Polling", "Failing", "Starting"])
    service.call("claim_tag_groups", p_claim=claim, p_now=at(0.5))

    assert states(service, 0.5)["Polling"] == "starting"
    failing = state(ids["Failing"], state="failing", errors=1)
    rows = [sample(ids["Polling"], 1, 1), sample(ids["Failing"], 1, b=1, v=None)]
    body = put(1, *rows, states=[state(ids["Polling"], polls=1), failing])
    service.call("put_tag_samples", p_put=body, p_now=at(2))

    assert states(service, 3) == {
        "Polling": "polling", "Failing": "failing", "Starting": "polling", "Missing": "missing",
        "Stopped": "stopped", "Waiting": "waiting", "Rising": "missing",
    }  # fmt: skip
    assert states(service, 60)["Polling"] == "missing"


def test_status_has_what_the_holder_said(service: Api, database: Connection) -> None:
    group_id = make_group(database)
    service.call("claim_tag_groups", p_claim=group_claim(1), p_now=at(0))
    told = state(group_id, polls=1, dropped=3, queue=4)
    service.call("put_tag_samples", p_put=put(1, sample(group_id, 0, 1), states=[told]), p_now=at(2))
    service.call("claim_tag_groups", p_claim=group_claim(2), p_now=at(3))

    [one] = service.call("tag_status", p_now=at(3))["groups"]

    picked = {name: one[name] for name in ("runner", "has_successor", "queue_length", "queue_highest")}
    assert picked == {"runner": "cloud", "has_successor": True, "queue_length": 4, "queue_highest": 2}
    assert (one["dropped_count"], one["success_count"], one["tag_count"]) == (3, 1, 1)
    assert (one["cpu_percent"], one["jitter_ms"]) == (12.5, 1.5)


def remove(service: Api, table: str, **changes: Any) -> dict[str, Any]:
    batch = {"table": table, "keep_hours": 24, "limit": 4, **changes}
    answer: dict[str, Any] = service.call("remove_expired", p_batch=batch, p_now=at(24 * 3600 + 5))
    return answer


def test_old_samples_are_removed_in_batches_group_by_group(
    service: Api, database: Connection, count: Count
) -> None:
    for name in ("Press", "Oven"):
        group_id = make_group(database, name)
        database.execute(
            """
            insert into public.tag_samples (group_id, slot, "values")
            select %s, %s::timestamptz + n * interval '1 s', array[n] from generate_series(0, 9) as n
            """,
            (group_id, at(0)),
        )

    dry = remove(service, "tag_samples", is_dry_run=True)
    assert (dry["expired"], dry["removed"], count("tag_samples")) == (4, 0, 20)
    removed, resume_after = 0, None
    for _ in range(3):
        answer = remove(service, "tag_samples", resume_after=resume_after)
        removed += answer["removed"]
        resume_after = answer["resume_after"]

    assert (removed, resume_after, count("tag_samples")) == (10, None, 10)


def test_samples_that_nobody_has_rolled_up_are_before_they_go(
    service: Api, database: Connection, count: Count
) -> None:
    group_id = make_group(database)
    service.call("claim_tag_groups", p_claim=group_claim(1), p_now=at(0))
    service.call("put_tag_samples", p_put=put(1, sample(group_id, 1, 1.5)), p_now=at(2))
    assert count("tag_minutes") == 0

    assert remove(service, "tag_samples")["removed"] == 1

    row = database.execute("select means from public.tag_minutes").fetchone()
    assert row == {"means": [1.5]}


def test_what_is_left_of_a_minute_does_not_replace_it(service: Api, database: Connection) -> None:
    group_id = make_group(database)
    service.call("claim_tag_groups", p_claim=group_claim(1, lease_s=99_999), p_now=at(0))
    rows = [sample(group_id, slot, slot) for slot in range(10)]
    service.call("put_tag_samples", p_put=put(1, *rows, lease_s=99_999), p_now=at(80))
    database.execute("delete from public.tag_samples")

    late = put(1, sample(group_id, 30, 99), lease_s=99_999)
    service.call("put_tag_samples", p_put=late, p_now=at(100))

    row = database.execute("select rows, highs from public.tag_minutes").fetchone()
    assert row == {"rows": 10, "highs": [9]}


def test_minutes_commands_and_triggers_expire_too(service: Api, database: Connection, count: Count) -> None:
    group_id = make_group(database)
    database.execute(
        "insert into public.tag_minutes (group_id, rows, minute) values (%s, 1, %s)", (group_id, at(0))
    )
    database.execute(
        "insert into public.tag_commands (plant, group_id, kind, requested_at) values"
        " ('northfield', %s, 'stop', %s)",
        (group_id, at(0)),
    )
    database.execute(
        "insert into public.tag_triggers (token, group_id, requested_at) values (gen_random_uuid(), %s, %s)",
        (group_id, at(0)),
    )

    for table in ("tag_minutes", "tag_commands", "tag_triggers"):
        assert remove(service, table)["removed"] == 1
        assert count(table) == 0


def test_a_group_that_is_deleted_takes_its_samples_with_it(
    service: Api, database: Connection, count: Count
) -> None:
    group_id = make_group(database)
    service.call("claim_tag_groups", p_claim=group_claim(1), p_now=at(0))
    body = put(1, sample(group_id, 1, 1.5), ended=[group_id])
    service.call("put_tag_samples", p_put=body, p_now=at(2))

    assert service.delete("tag_groups", id=f"eq.{group_id}") == "rows"

    assert [count(table) for table in ("tag_samples", "tag_minutes", "tag_leases", "tag_states", "tags")] == [
        0
    ] * 5
