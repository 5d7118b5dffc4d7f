"""Reads of handshake groups that somebody asks for."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import fence
from tests.database.tags.polled import at, make_group
from tests.patience import ENDS_S

Answer = dict[str, Any]


def ask(service: Api, number: int, now: float, group: str = "Press") -> Answer:
    asked = {"plant": "northfield", "group": group, "requested_by": "ada", "id": fence(number)}
    answer: Answer = service.call("claim_tag_trigger", p_ask=asked, p_now=at(now))
    return answer


def commit(service: Api, number: int, now: float, **changes: Any) -> Answer:
    body = {
        "id": fence(number), "slot": at(now), "outcome": "succeeded", "tag_count": 1, "bad_count": 0,
        "took_ms": 12, "error_code": None, "result": {"values": [1.5]},
        "sample": {"v": [1.5], "b": 0, "ms": 9}, **changes,
    }  # fmt: skip
    answer: Answer = service.call("commit_tag_trigger", p_commit=body, p_now=at(now))
    return answer


def test_a_read_is_claimed_and_kept_with_its_sample(
    service: Api, database: Connection, one: Callable[..., dict[str, Any]]
) -> None:
    group_id = make_group(database, mode="handshake")

    claimed = ask(service, 1, 0)
    kept = commit(service, 1, 0.5)
    again = commit(service, 1, 0.7, result={"values": [9]})

    assert (claimed["answer"], claimed["trigger"], claimed["result"]) == ("claimed", fence(1), None)
    assert claimed["group"]["tags"][0]["name"] == "T1"
    assert (kept["answer"], again["answer"], again["result"]) == ("committed", "repeated", {"values": [1.5]})
    assert one('select "values" from public.tag_samples')["values"] == [1.5]
    assert one("select rows, means from public.tag_minutes") == {"rows": 1, "means": [1.5]}
    assert one("select outcome, tag_count, took_ms, requested_by from public.tag_triggers") == {
        "outcome": "succeeded", "tag_count": 1, "took_ms": 12, "requested_by": "ada",
    }  # fmt: skip
    assert one("select success_count, error_count from public.tag_states where group_id = %s", group_id) == {
        "success_count": 1, "error_count": 0,
    }  # fmt: skip


def test_two_calls_within_a_second_are_one_read(service: Api, database: Connection) -> None:
    make_group(database, mode="handshake")
    ask(service, 1, 0)

    waiting = ask(service, 2, 0.4)
    repeated = ask(service, 1, 0.5)
    commit(service, 1, 0.6)
    done = ask(service, 3, 0.9)
    next_one = ask(service, 4, 1.1)

    assert (waiting["answer"], waiting["trigger"], waiting["result"]) == ("duplicate", fence(1), None)
    assert repeated["answer"] == "claimed"
    assert (done["answer"], done["result"]) == ("duplicate", {"values": [1.5]})
    assert next_one["answer"] == "claimed"


def test_a_read_that_runs_long_keeps_others_away_until_it_must_have_died(
    service: Api, database: Connection
) -> None:
    make_group(database, mode="handshake")
    ask(service, 1, 0)

    assert [ask(service, number, now)["answer"] for number, now in ((2, 5), (3, 31))] == [
        "group_running", "claimed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "answer"),
    [
        ({"mode": "fixed"}, "fixed_group"),
        ({"mode": "handshake", "active": False}, "stopped_group"),
        ({"mode": "handshake", "name": "Oven"}, "unknown_group"),
        ({"mode": "handshake", "plant": "southfield"}, "unknown_group"),
    ],
)
def test_only_an_active_handshake_group_is_read(
    service: Api, database: Connection, columns: dict[str, Any], answer: str
) -> None:
    make_group(database, **{"name": "Press", **columns})

    assert ask(service, 1, 0) == {"answer": answer, "trigger": None, "group": None, "result": None}


@pytest.mark.parametrize(
    ("slot", "answer"),
    [(-61, None), (-59, "committed"), (59, "committed"), (63, None), (864_000, None), (-1_700_000_000, None)],
)
def test_a_slot_long_before_its_request_or_ahead_of_now_is_refused(
    service: Api, database: Connection, count: Callable[[str], int], slot: float, answer: str | None
) -> None:
    make_group(database, mode="handshake")
    assert datetime.fromisoformat(ask(service, 1, 0)["at"]) == datetime.fromisoformat(at(0))

    if answer is None:
        with pytest.raises(AssertionError, match="is not between the request of"):
            commit(service, 1, 2, slot=at(slot))
        assert count("tag_samples") == 0
        assert commit(service, 1, 2)["answer"] == "committed"
    else:
        assert commit(service, 1, 2, slot=at(slot))["answer"] == answer


def test_a_failed_read_is_counted_and_leaves_no_sample(
    service: Api, one: Callable[..., dict[str, Any]], database: Connection, count: Callable[[str], int]
) -> None:
    make_group(database, mode="handshake")
    ask(service, 1, 0)

    commit(service, 1, 3, outcome="failed", error_code="device_timed_out", error="too slow", sample=None)

    assert count("tag_samples") == 0
    assert one("select error_count, last_error_code, last_error from public.tag_states") == {
        "error_count": 1, "last_error_code": "device_timed_out", "last_error": "too slow",
    }  # fmt: skip
    assert commit(service, 2, 4)["answer"] == "unknown"


def test_a_sample_of_a_taken_slot_is_kept_beside_it(
    service: Api, database: Connection, count: Callable[[str], int]
) -> None:
    group_id = make_group(database, mode="handshake")
    database.execute(
        "insert into public.tag_samples (group_id, slot, \"values\") values (%s, %s, '{7}')",
        (group_id, at(0)),
    )
    ask(service, 1, 0)

    assert commit(service, 1, 0)["slot"] == "2026-11-22T12:00:00.001+00:00"
    assert count("tag_samples") == 2


def test_of_10_calls_at_once_one_reads(service: Api, database: Connection) -> None:
    make_group(database, mode="handshake")
    barrier = Barrier(10)

    def call(number: int) -> str:
        barrier.wait(timeout=ENDS_S)
        with service.alone() as own:
            answer: str = ask(own, number, 0)["answer"]
        return answer

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(call, range(1, 11)))

    assert sorted(answers) == ["claimed"] + ["duplicate"] * 9
