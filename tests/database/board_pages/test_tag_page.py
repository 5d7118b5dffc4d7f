"""The page of machine tags: each group with its state, newest command, values and last hour."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from devstack.access import SupabaseAccess
from tests.database.api import USERS, Api
from tests.database.conftest import Connection
from tests.database.tags.polled import NOON, add_tag, make_group

ApiOf = Callable[[str], Api]

MARKUP = "<b>\u202e" + "x" * 1_000_000

pytestmark = pytest.mark.usefixtures("members", "assets")


def add_sample(database: Connection, group_id: int, seconds: float, *values: float, **columns: Any) -> None:
    row = {"group_id": group_id, "slot": NOON + timedelta(seconds=seconds), "values": list(values), **columns}
    names = ", ".join(f'"{name}"' for name in row)
    values_ = ", ".join(f"%({name})s" for name in row)
    database.execute(f"insert into public.tag_samples ({names}) values ({values_})".encode(), row)


def page(api: Api, plant: str = "northfield", function: str = "board_tags") -> dict[str, Any]:
    at = (NOON + timedelta(seconds=30)).isoformat()
    found: dict[str, Any] = api.call(function, p_plant=plant, p_now=at)
    return found


def hours(api: Api, plant: str = "northfield") -> dict[str, Any]:
    return page(api, plant, "board_tag_history")


@pytest.fixture
def oven(database: Connection) -> int:
    """A group that is polled, with a queue, three tags and a sample."""
    group_id = make_group(database, "Oven", "float32", "bool")
    add_tag(database, group_id, "<i>Label</i>", "string", unit="\u00b0C")
    database.execute("delete from public.tag_states")
    database.execute(
        """
        insert into public.tag_states (
          group_id, runner, state, flushed_at, last_poll_at, last_good_at, success_count, error_count,
          last_error_code, last_error, last_error_at, queue_length, queue_highest, queue_limit, jitter_ms,
          read_ms
        )
        values (
          %(id)s, 'edge', 'polling', %(at)s, %(at)s, %(at)s, 58, 2,
          'timed_out', %(error)s, %(at)s, 1, 3, 600, 4.5,
          9.5
        )
        """,
        {"id": group_id, "at": NOON, "error": MARKUP},
    )
    database.execute(
        """
        insert into public.tag_leases (group_id, holder, runner, first_slot, claimed_at, began_at, expires_at)
        values (%s, gen_random_uuid(), 'edge', %s, %s, %s, %s)
        """,
        (group_id, NOON, NOON, NOON, NOON + timedelta(minutes=1)),
    )
    add_sample(database, group_id, -1, 20.0, 0.0, 0.0)
    add_sample(
        database,
        group_id,
        0,
        21.5,
        1.0,
        0.0,
        read_ms=9,
        texts=Jsonb({"3": MARKUP}),
        qualities=Jsonb({"1": 7}),
    )
    return group_id


def test_a_group_is_told_with_its_state_and_its_newest_values(api_of: ApiOf, oven: int) -> None:
    found = page(api_of("viewer"))

    [group] = found["groups"]
    assert found["may_command"] is False
    assert group == {
        "id": oven,
        "name": "Oven",
        "mode": "fixed",
        "interval_ms": 1000,
        "driver": "modbus",
        "address": "modbus://10.20.0.5",
        "active": True,
        "tag_count": 3,
        "state": "polling",
        "runner": "edge",
        "flushed_at": "2026-11-22T12:00:00+00:00",
        "last_poll_at": "2026-11-22T12:00:00+00:00",
        "last_good_at": "2026-11-22T12:00:00+00:00",
        "stale_after": "2026-11-22T12:01:30+00:00",
        "success_count": 58,
        "error_count": 2,
        "last_error_code": "timed_out",
        "last_error": MARKUP,
        "last_error_at": "2026-11-22T12:00:00+00:00",
        "failing_since": None,
        "queue_length": 1,
        "queue_highest": 3,
        "queue_limit": 600,
        "dropped_count": 0,
        "dropped_at": None,
        "jitter_ms": 4.5,
        "read_ms": 9.5,
        "cpu_percent": None,
        "memory_mb": None,
        "command": None,
        "sample": {"at": "2026-11-22T12:00:00+00:00", "quality": 0, "read_ms": 9},
        "tags": [
            {"name": "T1", "unit": None, "value": 21.5, "quality": 7},
            {"name": "T2", "unit": None, "value": True, "quality": 0},
            {"name": "<i>Label</i>", "unit": "\u00b0C", "value": MARKUP[:200] + " […]", "quality": 0},
        ],
        "tags_left_off": 0,
    }


def test_a_group_says_what_was_asked_of_it_last_and_by_whom(
    api_of: ApiOf, supabase: SupabaseAccess, database: Connection
) -> None:
    oven, press = make_group(database, "Oven"), make_group(database, "Press")
    database.execute(
        """
        insert into public.tag_commands (plant, group_id, kind, requested_by_name, requested_at)
        values ('northfield', %s, 'stop', 'ada', '2026-11-22 11:00+00'),
               ('northfield', null, 'start', 'bob', '2026-11-22 11:10+00')
        """,
        (oven,),
    )
    database.execute(
        "insert into public.tag_commands (plant, group_id, kind, requested_by, requested_at)"
        " values ('northfield', %s, 'stop', %s, '2026-11-22 11:20+00')",
        (press, USERS["operator"]),
    )

    commands = {one["name"]: one["command"] for one in page(api_of("viewer"))["groups"]}

    assert {name: (one["kind"], one["requested_by"]) for name, one in commands.items()} == {
        "Oven": ("start", "bob"),
        "Press": ("stop", USERS["operator"]),
    }
    assert commands["Press"]["requested_at"] == "2026-11-22T11:20:00+00:00"
    assert commands["Press"]["done_at"] is not None


def test_the_last_hour_is_told_minute_by_minute(api_of: ApiOf, database: Connection, oven: int) -> None:
    for seconds, columns in (
        (-3600, {"read_ms": 4}),
        (-120, {"read_ms": 5}),
        (-119, {"read_ms": 10}),
        (-118, {}),
    ):
        add_sample(database, oven, seconds, 1.0, **columns)
    add_sample(database, oven, -61, 1.0, quality=2)
    add_sample(database, oven, -3601, 1.0)

    [group] = hours(api_of("viewer"))["groups"]

    hour = group["history"]
    assert set(group) == {"id", "name", "history"}
    assert (hour["from"], hour["minutes"]) == ("2026-11-22T11:00:00+00:00", 60)
    assert hour["samples"] == [1, *[0] * 57, 4, 1]
    assert hour["bad"] == [*[0] * 58, 1, 0]
    assert hour["read_ms"] == [4, *[None] * 57, 7.5, None]


def test_a_stopped_group_goes_not_stale_and_one_without_samples_has_none(
    api_of: ApiOf, database: Connection, oven: int
) -> None:
    database.execute("update public.tag_groups set active = false")
    make_group(database, "Press", active=False)

    groups = page(api_of("viewer"))["groups"]

    assert [(one["name"], one["state"], one["stale_after"]) for one in groups] == [
        ("Oven", "stopped", None),
        ("Press", "stopped", None),
    ]
    assert groups[1]["sample"] is None
    assert groups[1]["tags"] == [{"name": "T1", "unit": None, "value": None, "quality": None}]
    assert hours(api_of("viewer"))["groups"][1]["history"]["samples"] == [0] * 60


@pytest.mark.parametrize(
    ("role", "may_command"), [("viewer", False), ("operator", True), ("manager", True), ("director", True)]
)
def test_the_page_says_who_may_command(api_of: ApiOf, oven: int, role: str, may_command: bool) -> None:
    assert page(api_of(role))["may_command"] is may_command
    command = {"plant": "northfield", "group_id": oven, "kind": "stop"}
    assert api_of(role).insert("tag_commands", command) == ("rows" if may_command else "42501")
    assert page(api_of(role))["groups"][0]["active"] is not may_command


@pytest.mark.usefixtures("oven")
@pytest.mark.parametrize("role", ["stranger", "neighbour"])
def test_others_learn_nothing(api_of: ApiOf, oven: int, role: str) -> None:
    for told in (page(api_of(role)), hours(api_of(role))):
        assert told == {"now": "2026-11-22T12:00:30+00:00", "plant": None}
    hour = api_of(role).call("tag_group_hour", p_group_id=oven, p_now="2026-11-22T12:01:00Z")
    assert hour["samples"] == [0] * 60


def test_of_a_group_the_first_two_hundred_tags_are_told_and_the_rest_is_counted(
    api_of: ApiOf, database: Connection
) -> None:
    for number in range(3):
        group_id = make_group(database, f"G{number}")
        database.execute(
            """
            insert into public.tags (group_id, name, address, data_type)
            select %s, 'N' || n, 'hr:1', 'int16' from generate_series(1, 450) as n
            """,
            (group_id,),
        )

    groups = page(api_of("viewer"))["groups"]

    assert [[one["name"] for one in group["tags"]] for group in groups] == [
        ["T1", *(f"N{number}" for number in range(1, 200))]
    ] * 3
    assert [(one["tags_left_off"], one["tag_count"]) for one in groups] == [(251, 451)] * 3
