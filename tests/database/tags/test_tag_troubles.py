"""Which groups of tags health hears of: those that alerts may be about, and no other."""

from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import fence
from tests.database.tags.polled import add_tag, at, group_claim, make_group, put, state


def troubles(service: Api, seconds: float) -> dict[str, dict[str, Any]]:
    answer = service.call("tag_troubles", p_now=at(seconds))
    return {one["name"]: one for one in answer["groups"]}


def stamp(database: Connection) -> None:
    """Let every group be as old as the tests' noon."""
    database.execute("alter table public.tag_groups disable trigger stamp_tag_group")
    database.execute("update public.tag_groups set updated_at = %s", [at(0)])
    database.execute("alter table public.tag_groups enable trigger stamp_tag_group")


def polled(service: Api, database: Connection, **columns: Any) -> int:
    """Return the id of a group that holder 1 polls from noon on."""
    group = make_group(database, **columns)
    stamp(database)
    service.call("claim_tag_groups", p_claim=group_claim(1), p_now=at(0))
    return group


def test_a_group_that_does_well_is_not_told(service: Api, database: Connection) -> None:
    group = polled(service, database)

    service.call("put_tag_samples", p_put=put(1, states=[state(group, polls=2)]), p_now=at(2))

    assert troubles(service, 3) == {}


def test_a_group_that_nobody_polls_is_told_with_since_when(service: Api, database: Connection) -> None:
    group = polled(service, database)
    service.call("put_tag_samples", p_put=put(1, states=[state(group, polls=2)]), p_now=at(2))

    told = troubles(service, 200)["Press"]

    assert (told["plant"], told["unheard_since"], told["failing_since"]) == ("northfield", at(2), None)


def test_a_group_that_was_never_polled_is_told_from_its_last_change_on(
    service: Api, database: Connection
) -> None:
    make_group(database)
    stamp(database)

    assert troubles(service, 60)["Press"]["unheard_since"] == at(0)


def test_a_failing_group_is_told_with_its_error(service: Api, database: Connection) -> None:
    group = polled(service, database)
    error = {"code": "device_timed_out", "message": "no answer from 10.20.0.5:502", "at": at(1)}
    bad = state(group, state="failing", errors=2, error=error)

    service.call("put_tag_samples", p_put=put(1, states=[bad]), p_now=at(2))

    told = troubles(service, 3)["Press"]
    assert told["failing_since"] is not None
    assert (told["error_code"], told["unheard_since"]) == ("device_timed_out", None)


def test_a_queue_is_told_from_a_tenth_on(service: Api, database: Connection) -> None:
    group = polled(service, database)
    waiting = [state(group, queue_highest=highest, polls=1) for highest in (29, 30)]

    seen = []
    for number, one in enumerate(waiting, start=1):
        service.call("put_tag_samples", p_put=put(1, states=[one], sequence=number), p_now=at(2 * number))
        seen.append(list(troubles(service, 2 * number + 1)))

    assert seen == [[], ["Press"]]


def test_dropped_samples_are_told_for_a_day(service: Api, database: Connection) -> None:
    group = polled(service, database)
    service.call("put_tag_samples", p_put=put(1, states=[state(group, dropped=7)]), p_now=at(2))

    told = troubles(service, 3)["Press"]

    assert (told["dropped_count"], told["dropped_at"]) == (7, at(2))
    database.execute("update public.tag_leases set expires_at = %s", [at(100_000)])
    assert list(troubles(service, 86_401)) == ["Press"]
    assert troubles(service, 86_403) == {}


def test_a_stopped_group_and_one_that_waits_for_a_call_are_nobodys_trouble(
    service: Api, database: Connection
) -> None:
    make_group(database, "Stopped", active=False)
    make_group(database, "Waits", mode="handshake")

    assert troubles(service, 3600) == {}


def test_a_group_that_its_trigger_tag_starts_is_missed(service: Api, database: Connection) -> None:
    group = make_group(database, "Press", mode="handshake")
    database.execute(
        "insert into public.tags (group_id, name, address, data_type, role)"
        " values (%s, 'Ready', 'c:1', 'bool', 'trigger')",
        [group],
    )

    assert list(troubles(service, 3600)) == ["Press"]


def call(service: Api, number: int, seconds: float, outcome: str) -> None:
    """Read the group by hand, with this outcome."""
    asked = {"plant": "northfield", "group": "Press", "id": fence(number)}
    service.call("claim_tag_trigger", p_ask=asked, p_now=at(seconds))
    error = {"error_code": "device_timed_out", "error": "too late"} if outcome == "failed" else {}
    body: dict[str, Any] = {
        "id": fence(number),
        "outcome": outcome,
        "slot": at(seconds),
        "sample": None,
        "result": {},
        **error,
    }
    service.call("commit_tag_trigger", p_commit=body, p_now=at(seconds))


def since(database: Connection) -> str | None:
    row = database.execute("select failing_since from public.tag_states").fetchone()
    assert row is not None
    return row["failing_since"].isoformat() if row["failing_since"] else None


@pytest.mark.parametrize("outcome", ["succeeded", "partial", "failed"])
def test_a_call_does_not_say_how_the_slots_of_a_polled_group_do(
    service: Api, database: Connection, outcome: str
) -> None:
    group = make_group(database, mode="handshake")
    add_tag(database, group, "Ready", "bool", role="trigger")
    service.call("claim_tag_groups", p_claim=group_claim(1), p_now=at(0))
    error = {"code": "device_timed_out", "message": "no answer", "at": at(1)}
    bad = state(group, state="failing", errors=1, error=error)
    service.call("put_tag_samples", p_put=put(1, states=[bad]), p_now=at(2))

    call(service, 1, 5, outcome)

    assert since(database) == at(1)
    service.call("put_tag_samples", p_put=put(1, states=[state(group, polls=1)], sequence=2), p_now=at(6))
    call(service, 2, 8, outcome)
    assert since(database) is None


def test_a_group_of_which_calls_fail_is_told_from_the_first_one_on(
    service: Api, database: Connection
) -> None:
    make_group(database, mode="handshake")
    service.call("claim_tag_groups", p_claim=group_claim(1), p_now=at(0))

    call(service, 1, 10, "failed")
    call(service, 2, 20, "failed")

    told = troubles(service, 3600)["Press"]
    assert (told["failing_since"], told["unheard_since"]) == (at(10), None)
    assert (told["error_code"], told["error"]) == ("device_timed_out", "too late")
    call(service, 3, 30, "succeeded")
    assert troubles(service, 3600) == {}


def test_a_group_that_waits_for_calls_does_not_fail_for_what_its_slots_did(
    service: Api, database: Connection
) -> None:
    group = polled(service, database)
    error = {"code": "device_timed_out", "message": "no answer", "at": at(1)}
    bad = state(group, state="failing", errors=1, error=error)
    service.call("put_tag_samples", p_put=put(1, states=[bad]), p_now=at(2))

    database.execute("update public.tag_groups set mode = 'handshake'")

    assert troubles(service, 3) == {}
