"""Outages over slots on end, in front of real components: what was lost for a while is there afterwards.

In every test the floor works on: in the quarter before each slot PRESS-01 makes as many units as the
quarter's number and has one incident. So five slots after noon must read as below, whatever happened.
"""

from collections.abc import Callable
from typing import Any

import pytest

from devstack.fault_proxy import Direction
from tests.faults.plant_in_trouble import PlantInTrouble
from tests.faults.stoppable_project import StoppableProject

MADE = {"12:15": 1.0, "12:30": 2.0, "12:45": 3.0, "13:00": 4.0, "13:15": 5.0}
INCIDENTS = ["12:03", "12:18", "12:33", "12:48", "13:03"]

CLAIM, SAFETY = b"/rpc/claim_run", b"/rpc/record_safety_events"
COMMIT, FAIL = b"/rpc/commit_live_pulse", b"/rpc/fail_run"
ALL_TRIES = 3


def assert_nothing_is_missing(plant: PlantInTrouble) -> None:
    assert plant.slot_outputs() == MADE
    assert plant.incidents() == INCIDENTS
    assert plant.expired_runs() == []
    assert plant.slots_finished_twice() == []
    assert plant.still_at_work() == []


def begin(plant: PlantInTrouble) -> None:
    """Poll at noon, before anything goes wrong: what is missing afterwards was missed."""
    assert plant.deliver(0)[0] == 200


def work_and_deliver(plant: PlantInTrouble, *quarters: int) -> list[tuple[int, str]]:
    """Let each quarter pass; return what each tick was answered: status, and error code or outcome."""
    heard = []
    for quarter in quarters:
        plant.work(quarter)
        status, body = plant.deliver(quarter)
        heard.append((status, told(body)))
    return heard


def told(body: dict[str, Any]) -> str:
    """Return the error's code, or the outcome without one."""
    return str(body["error"]["code"] if body.get("error") else body["outcome"])


@pytest.mark.parametrize(
    "fail",
    [
        pytest.param(lambda plant: plant.source.refuse(), id="stopped"),
        pytest.param(lambda plant: plant.source.be_silent(), id="silent"),
        pytest.param(lambda plant: plant.source.cut_after(0, Direction.TO_CLIENT), id="cut at once"),
        pytest.param(
            lambda plant: plant.source.cut_after(700, Direction.TO_CLIENT),
            id="cut in a result",
            marks=pytest.mark.stand_in,  # needs to see the wire, which TLS would hide
        ),
    ],
)
def test_a_sql_server_that_fails_for_slots_on_end(
    plant: PlantInTrouble, fail: Callable[[PlantInTrouble], None]
) -> None:
    begin(plant)

    fail(plant)
    during = work_and_deliver(plant, 1, 2, 3)
    plant.source.heal()
    after = work_and_deliver(plant, 4, 5)

    assert during == [(503, "source_unavailable")] * 3
    assert after == [(200, "succeeded")] * 2
    assert plant.run_statuses() == ["succeeded", "failed", "failed", "failed", "succeeded", "succeeded"]
    assert_nothing_is_missing(plant)


@pytest.mark.parametrize(
    ("fail", "mend"),
    [
        pytest.param(
            lambda plant, _: plant.gateway.refuse(), lambda plant, _: plant.gateway.heal(), id="gateway"
        ),
        pytest.param(
            lambda _, project: project.postgrest.stop(),
            lambda _, project: project.postgrest.start(),
            id="postgrest",
        ),
        pytest.param(
            lambda _, project: project.postgres.stop(),
            lambda _, project: project.postgres.start(),
            id="postgres",
        ),
    ],
)
def test_a_supabase_that_is_stopped_for_slots_on_end(
    plant: PlantInTrouble,
    project: StoppableProject,
    fail: Callable[[PlantInTrouble, StoppableProject], None],
    mend: Callable[[PlantInTrouble, StoppableProject], None],
) -> None:
    begin(plant)

    fail(plant, project)
    during = work_and_deliver(plant, 1, 2, 3)
    mend(plant, project)
    plant.wait_for = project.wait_until_ready  # PostgREST must notice that its connections are dead
    after = work_and_deliver(plant, 4, 5)

    assert during == [(503, "store_unavailable")] * 3
    assert after == [(200, "succeeded")] * 2
    assert plant.run_statuses() == ["succeeded"] * 3
    assert_nothing_is_missing(plant)


def test_a_supabase_that_never_answers_for_slots_on_end(plant: PlantInTrouble) -> None:
    begin(plant)

    plant.gateway.be_silent()
    plant.time_to_answer_s = 3.0
    during = work_and_deliver(plant, 1, 2, 3)
    plant.gateway.heal()
    plant.time_to_answer_s = None
    after = work_and_deliver(plant, 4, 5)

    assert during == [(503, "store_unavailable")] * 3
    assert after == [(200, "succeeded")] * 2
    assert_nothing_is_missing(plant)


def test_a_slow_network_costs_time_and_nothing_else(plant: PlantInTrouble) -> None:
    begin(plant)
    plant.source.delay(0.01)
    plant.gateway.delay(0.05)

    heard = work_and_deliver(plant, 1, 2, 3, 4, 5)

    assert heard == [(200, "succeeded")] * 5
    assert_nothing_is_missing(plant)


def test_a_postgres_that_restarts_between_slots_costs_no_slot(
    plant: PlantInTrouble, project: StoppableProject
) -> None:
    begin(plant)
    plant.wait_for = project.wait_until_ready
    heard = []

    for quarter in (1, 2, 3, 4, 5):
        project.postgres.stop()
        project.postgres.start()
        heard += work_and_deliver(plant, quarter)

    assert heard == [(200, "succeeded")] * 5
    assert_nothing_is_missing(plant)


@pytest.mark.stand_in  # needs to see the wire, which TLS would hide
@pytest.mark.parametrize("direction", list(Direction))
def test_a_conversation_with_sql_server_that_breaks_off_anywhere(
    plant: PlantInTrouble, direction: Direction
) -> None:
    begin(plant)
    heard = []

    for quarter, count in zip((1, 2, 3, 4), (40, 400, 900, 1500), strict=True):
        plant.source.cut_after(count, direction)
        heard += work_and_deliver(plant, quarter)
    plant.source.heal()
    after = work_and_deliver(plant, 5)

    assert heard == [(503, "source_unavailable")] * 4
    assert after == [(200, "succeeded")]
    assert_nothing_is_missing(plant)


@pytest.mark.parametrize("direction", list(Direction))
def test_a_conversation_with_supabase_that_breaks_off_anywhere(
    plant: PlantInTrouble, direction: Direction
) -> None:
    begin(plant)
    heard = []

    for quarter, count in zip((1, 2, 3, 4), (0, 150, 700, 1200), strict=True):
        plant.gateway.cut_after(count, direction)
        heard += work_and_deliver(plant, quarter)
    plant.gateway.heal()
    after = work_and_deliver(plant, 5)

    assert heard == [(503, "store_unavailable")] * 4
    assert after == [(200, "succeeded")]
    assert_nothing_is_missing(plant)


@pytest.mark.parametrize("request_", [CLAIM, SAFETY, COMMIT])
def test_a_reply_that_is_lost_once_in_every_slot_changes_nothing(
    plant: PlantInTrouble, request_: bytes
) -> None:
    begin(plant)
    asked_before = plant.gateway.requests(request_)
    heard = []

    for quarter in (1, 2, 3, 4, 5):
        plant.gateway.lose_replies(request_)
        heard += work_and_deliver(plant, quarter)

    assert heard == [(200, "succeeded")] * 5
    assert plant.gateway.requests(request_) == asked_before + 10
    assert plant.run_statuses() == ["succeeded"] * 6
    assert_nothing_is_missing(plant)


def test_a_claim_that_is_never_heard_of_costs_its_slot_until_the_next(plant: PlantInTrouble) -> None:
    begin(plant)

    plant.gateway.lose_replies(CLAIM, times=ALL_TRIES)
    lost = work_and_deliver(plant, 1)
    again = plant.deliver(1)
    after = work_and_deliver(plant, 2, 3, 4, 5)

    assert lost == [(503, "store_unavailable")]
    assert (again[0], again[1]["outcome"]) == (200, "busy")
    assert after == [(200, "succeeded")] * 4
    assert plant.run_statuses() == ["succeeded", "abandoned", *["succeeded"] * 4]
    assert_nothing_is_missing(plant)


def test_a_commit_that_is_never_heard_of_is_found_by_the_call_that_would_fail_it(
    plant: PlantInTrouble,
) -> None:
    begin(plant)

    plant.gateway.lose_replies(COMMIT, times=ALL_TRIES)
    lost = work_and_deliver(plant, 1)
    after = work_and_deliver(plant, 2, 3, 4, 5)

    assert lost == [(200, "succeeded")]
    assert after == [(200, "succeeded")] * 4
    assert plant.run_statuses() == ["succeeded"] * 6
    assert_nothing_is_missing(plant)


def test_a_commit_and_a_failure_that_are_never_heard_of_are_a_duplicate_when_asked_again(
    plant: PlantInTrouble,
) -> None:
    begin(plant)

    plant.gateway.lose_replies(COMMIT, times=ALL_TRIES)
    plant.gateway.lose_replies(FAIL, times=ALL_TRIES)
    lost = work_and_deliver(plant, 1)
    again = plant.deliver(1)
    after = work_and_deliver(plant, 2, 3, 4, 5)

    assert lost == [(503, "store_unavailable")]
    assert (again[0], again[1]["outcome"]) == (200, "duplicate")
    assert after == [(200, "succeeded")] * 4
    assert plant.run_statuses() == ["succeeded"] * 6
    assert_nothing_is_missing(plant)


def test_safety_events_that_are_never_confirmed_stand_all_the_same(plant: PlantInTrouble) -> None:
    begin(plant)

    plant.gateway.lose_replies(SAFETY, times=ALL_TRIES)
    lost = work_and_deliver(plant, 1)
    recorded_meanwhile = plant.incidents()
    after = work_and_deliver(plant, 2, 3, 4, 5)

    assert lost == [(503, "store_unavailable")]
    assert recorded_meanwhile == ["12:03"]
    assert after == [(200, "succeeded")] * 4
    assert_nothing_is_missing(plant)


@pytest.mark.parametrize("lost_replies", [1, ALL_TRIES])
def test_a_failure_whose_confirmation_is_lost_is_told_all_the_same(
    plant: PlantInTrouble, lost_replies: int
) -> None:
    begin(plant)

    plant.source.refuse()
    plant.gateway.lose_replies(FAIL, times=lost_replies)
    failed = work_and_deliver(plant, 1, 2, 3)
    plant.source.heal()
    after = work_and_deliver(plant, 4, 5)

    assert failed == [(503, "source_unavailable")] * 3
    assert after == [(200, "succeeded")] * 2
    assert plant.run_statuses() == ["succeeded", *["failed"] * 3, *["succeeded"] * 2]
    assert_nothing_is_missing(plant)


def test_a_slot_that_failed_is_polled_when_the_scheduler_tries_again(plant: PlantInTrouble) -> None:
    begin(plant)
    heard = []

    for quarter in (1, 2, 3, 4, 5):
        plant.source.refuse()
        heard += work_and_deliver(plant, quarter)
        plant.source.heal()
        status, report = plant.deliver(quarter)
        heard.append((status, f"attempt {report['attempt']}"))

    assert heard == [(503, "source_unavailable"), (200, "attempt 2")] * 5
    assert_nothing_is_missing(plant)


def test_both_ends_away_by_turns(plant: PlantInTrouble) -> None:
    begin(plant)

    plant.gateway.refuse()
    first = work_and_deliver(plant, 1)
    plant.source.refuse()
    second = work_and_deliver(plant, 2)
    plant.gateway.heal()
    third = work_and_deliver(plant, 3)
    plant.source.heal()
    after = work_and_deliver(plant, 4, 5)

    assert [*first, *second, *third] == [
        (503, "store_unavailable"),
        (503, "store_unavailable"),
        (503, "source_unavailable"),
    ]
    assert after == [(200, "succeeded")] * 2
    assert_nothing_is_missing(plant)
