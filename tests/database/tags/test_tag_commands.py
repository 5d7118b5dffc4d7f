"""Starting and stopping groups by rows, as people with and without the right to."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.database.api import USERS, Api
from tests.database.conftest import Connection
from tests.database.tags.polled import group_claim, make_group, put
from tests.patience import ENDS_S

ApiOf = Callable[[str], Api]
DENIED = "42501"

pytestmark = pytest.mark.usefixtures("members")


def command(api: Api, kind: str, group_id: int | None, plant: str = "northfield") -> tuple[int, str]:
    """Return the HTTP status and the message of the refusal, if there is one."""
    row = {"plant": plant, "group_id": group_id, "kind": kind}
    response = api.client.post("/tag_commands", json=row)
    return response.status_code, response.json()["message"] if response.is_error else ""


def active(database: Connection) -> list[str]:
    rows = database.execute("select name from public.tag_groups where active order by name").fetchall()
    return [row["name"] for row in rows]


def test_an_operator_stops_and_starts_a_group(api_of: ApiOf, database: Connection) -> None:
    group_id = make_group(database)

    assert command(api_of("operator"), "stop", group_id) == (201, "")
    assert active(database) == []
    assert command(api_of("manager"), "start", group_id) == (201, "")
    assert active(database) == ["Press"]


@pytest.mark.parametrize("role", ["viewer", "stranger", "neighbour", "anon"])
def test_nobody_else_starts_or_stops_or_learns_anything(
    api_of: ApiOf, database: Connection, role: str
) -> None:
    group_id = make_group(database, "Secret")

    for asked in (group_id, group_id + 1, None):
        status, message = command(api_of(role), "stop", asked)
        assert status in (401, 403)
        assert "Secret" not in message
    assert active(database) == ["Secret"]
    assert database.execute("select from public.tag_commands").fetchall() == []


def test_an_operator_of_one_plant_does_not_reach_another_ones_group(
    api_of: ApiOf, database: Connection
) -> None:
    other = make_group(database, "Saw", plant="southfield")

    assert command(api_of("operator"), "stop", other) == (400, f"there is no group {other} in northfield")
    assert command(api_of("operator"), "stop", other, "southfield")[0] == 403
    assert active(database) == ["Saw"]


def test_an_operator_does_not_learn_which_groups_other_plants_have(
    api_of: ApiOf, database: Connection
) -> None:
    other = make_group(database, "Saw", plant="southfield")

    for asked in (other, other + 1):
        assert command(api_of("operator"), "stop", asked) == (400, f"there is no group {asked} in northfield")


def test_a_command_goes_with_its_group(api_of: ApiOf, database: Connection) -> None:
    group_id = make_group(database)
    command(api_of("operator"), "stop", group_id)

    database.execute("delete from public.tag_groups")

    assert database.execute("select from public.tag_commands").fetchall() == []


@pytest.mark.parametrize(
    "forged",
    [
        {"requested_by": USERS["manager"]},
        {"requested_by_name": "The manager"},
        {"requested_at": "2020-01-01T00:00:00Z"},
        {"done_at": "2020-01-01T00:00:00Z"},
    ],
)
def test_an_operator_signs_with_their_own_name_and_time(
    api_of: ApiOf, database: Connection, forged: dict[str, Any]
) -> None:
    row = {"plant": "northfield", "group_id": make_group(database), "kind": "stop", **forged}

    assert api_of("operator").client.post("/tag_commands", json=row).status_code == 403
    assert active(database) == ["Press"]


def test_of_two_that_start_the_tenth_group_at_once_one_is_refused(
    api_of: ApiOf, database: Connection
) -> None:
    for number in range(9):
        make_group(database, f"G{number}")
    waiting = [make_group(database, name, active=False) for name in ("Press", "Oven")]
    barrier = Barrier(2)

    def start(group_id: int) -> int:
        with api_of("operator").alone() as own:
            barrier.wait(timeout=ENDS_S)
            return command(own, "start", group_id)[0]

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(start, waiting))

    assert found == [201, 409]
    assert len(active(database)) == 10


def test_what_is_so_already_is_refused_in_words(api_of: ApiOf, database: Connection) -> None:
    group_id = make_group(database, "<b>Presse</b>")

    assert command(api_of("operator"), "start", group_id) == (
        409, "the group <b>Presse</b> of northfield is active already",
    )  # fmt: skip
    assert command(api_of("operator"), "start", None) == (409, "all groups of northfield are active already")
    command(api_of("operator"), "stop", None)
    assert command(api_of("operator"), "stop", group_id)[0] == 409
    assert command(api_of("director"), "stop", None, "westfield") == (
        400, "there are no groups of tags in westfield",
    )  # fmt: skip


def test_an_eleventh_group_is_not_started(api_of: ApiOf, database: Connection) -> None:
    for number in range(10):
        make_group(database, f"G{number}")
    eleventh = make_group(database, "Eleventh", active=False)
    on_call = make_group(database, "On call", mode="handshake", active=False)

    assert command(api_of("operator"), "start", eleventh) == (
        409, "northfield would poll 11 groups and can poll 10: stop another group first",
    )  # fmt: skip
    assert command(api_of("operator"), "start", None)[0] == 409
    assert command(api_of("operator"), "start", on_call) == (201, "")
    assert "Eleventh" not in active(database)


def test_a_command_is_heard_and_done(service: Api, database: Connection) -> None:
    group_id = make_group(database)
    service.call("claim_tag_groups", p_claim=group_claim(1))
    service.call("put_tag_samples", p_put=put(1))

    def told() -> tuple[bool, bool]:
        row = database.execute("select * from public.tag_commands order by id desc limit 1").fetchone()
        assert row is not None
        return row["heard_at"] is not None, row["done_at"] is not None

    assert command(service, "stop", None) == (201, "")
    assert told() == (False, False)
    assert service.call("put_tag_samples", p_put=put(1))["inactive"] == [group_id]
    assert told() == (True, False)
    service.call("put_tag_samples", p_put=put(1, ended=[group_id]))
    assert told() == (True, True)
    assert command(service, "start", group_id) == (201, "")
    assert told() == (False, False)


def test_a_stop_of_what_nobody_polls_is_done_at_once(service: Api, database: Connection) -> None:
    command(service, "stop", make_group(database))

    rows: list[Any] = database.execute("select done_at from public.tag_commands").fetchall()
    assert [row["done_at"] is not None for row in rows] == [True]
