"""How people know a plant: told by the commit of each poll, written when it differs, seen by members."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import LEASE_EXPIRES_AT, NEXT_SLOT, claim, commit, fence

One = Callable[..., dict[str, Any]]
Count = Callable[[str], int]

CARD: dict[str, Any] = {
    "name": "Northfield",
    "time_zone": "Europe/Brussels",
    "language": "de",
    "currency": "USD",
    "slot_minutes": 15,
    "window_minutes": 30,
    "schedules": {"live_pulse": {"every_minutes": 15}},
}
FIRST, SECOND = "2026-11-22T06:00:05+00:00", "2026-11-22T06:15:15+00:00"


def poll(service: Api, number: int, now: str, **changes: Any) -> dict[str, Any]:
    slot = f"2026-11-22T{5 + number:02}:00:00Z"
    service.call("claim_run", p_claim=claim(number, slot=slot), p_now=now)
    answer: dict[str, Any] = service.call(
        "commit_live_pulse", p_fence=fence(number), p_commit=commit(**changes), p_now=now
    )
    return answer


def test_a_poll_tells_the_plant(service: Api, one: One) -> None:
    poll(service, 1, FIRST, plant=CARD)

    row = one("select * from public.plants")
    assert row.pop("updated_at").isoformat() == FIRST
    assert row == {"plant": "northfield", **CARD}


def test_an_equal_card_leaves_the_row_alone(service: Api, one: One) -> None:
    poll(service, 1, FIRST, plant=CARD)
    before = one("select xmin::text, updated_at from public.plants")

    poll(service, 2, SECOND, plant=CARD)

    assert one("select xmin::text, updated_at from public.plants") == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Northfield West"),
        ("time_zone", "America/Chicago"),
        ("language", None),
        ("currency", None),
        ("slot_minutes", 5),
        ("window_minutes", 60),
        ("schedules", {"live_pulse": {"every_minutes": 5}}),
    ],
)
def test_what_a_new_deployment_tells_takes_its_place(
    service: Api, one: One, field: str, value: object
) -> None:
    poll(service, 1, FIRST, plant=CARD)

    poll(service, 2, SECOND, plant=CARD | {field: value})

    row = one("select * from public.plants")
    assert row.pop("updated_at").isoformat() == SECOND
    assert row == {"plant": "northfield", **CARD, field: value}


def test_an_instance_of_an_older_deployment_that_ends_late_brings_nothing_back(
    service: Api, one: One
) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=FIRST)
    service.call("claim_run", p_claim=claim(2, slot=NEXT_SLOT), p_now=LEASE_EXPIRES_AT)
    poll_of_now = commit(plant=CARD)
    service.call("commit_live_pulse", p_fence=fence(2), p_commit=poll_of_now, p_now=SECOND)

    late = commit(plant=CARD | {"name": "Old"})
    answer = service.call("commit_live_pulse", p_fence=fence(1), p_commit=late, p_now=SECOND)

    assert answer["answer"] == "fenced"
    assert one("select name from public.plants") == {"name": "Northfield"}


def test_a_part_of_a_commit_and_a_repeated_one_tell_nothing(service: Api, one: One) -> None:
    poll(service, 1, FIRST, plant=CARD)

    answer = service.call(
        "commit_live_pulse", p_fence=fence(1), p_commit=commit(plant=CARD | {"name": "Again"}), p_now=SECOND
    )

    assert answer["answer"] == "repeated"
    assert one("select name from public.plants") == {"name": "Northfield"}


@pytest.mark.parametrize("card", [{}, {"plant": None}])
def test_code_that_tells_nothing_goes_on_working(service: Api, count: Count, card: dict[str, Any]) -> None:
    answer = poll(service, 1, FIRST, **card)

    assert answer["answer"] == "committed"
    assert count("plants") == 0


def test_code_that_tells_nothing_leaves_what_is_known(service: Api, one: One) -> None:
    poll(service, 1, FIRST, plant=CARD)

    poll(service, 2, SECOND)

    assert one("select name from public.plants") == {"name": "Northfield"}


@pytest.mark.usefixtures("members")
def test_members_see_their_plants(api_of: Callable[[str], Api], database: Connection) -> None:
    database.execute(
        """
        insert into public.plants (plant, name, time_zone, slot_minutes, window_minutes)
        select plant, plant, 'UTC', 15, 30 from unnest(array['northfield', 'southfield']) as plant
        """
    )

    def seen_by(role: str) -> list[str]:
        return [row["plant"] for row in api_of(role).rows("plants", order="plant")]

    assert seen_by("stranger") == []
    assert seen_by("viewer") == ["northfield"]
    assert seen_by("neighbour") == ["southfield"]
    assert seen_by("director") == ["northfield", "southfield"]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": " "},
        {"name": "x" * 201},
        {"time_zone": ""},
        {"slot_minutes": 0},
        {"slot_minutes": 1441},
        {"window_minutes": 0},
        {"schedules": []},
        {"currency": "DOLLARS"},
        {"plant": "*"},
    ],
)
def test_the_table_refuses_what_no_page_could_show(service: Api, changes: dict[str, Any]) -> None:
    row = {"plant": "northfield", **CARD, **changes}

    assert service.insert("plants", row) == "23514"
