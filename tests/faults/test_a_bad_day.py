"""Forty slots of mixed trouble, drawn from a seed: whatever comes together, nothing is lost or double."""

import random
import threading
from collections.abc import Callable, Sequence

import pytest

from devstack.fault_proxy import Direction
from tests.faults.plant_in_trouble import PlantInTrouble

SLOTS = 40
LATEST_OUTPUT = 2  # quarters until output is in the table, at most as late as it is still corrected
LATEST_INCIDENT = 8  # quarters until a reason code is typed in
CALLS = (b"/rpc/claim_run", b"/rpc/record_safety_events", b"/rpc/commit_live_pulse", b"/rpc/fail_run")

Trouble = Callable[[PlantInTrouble, random.Random], object]
Delivery = Callable[[PlantInTrouble, random.Random, int], object]


def wrong_password(plant: PlantInTrouble, _: random.Random) -> None:
    plant.sql_server = plant.sql_server | {"password": "not-the-password"}


TROUBLES: Sequence[Trouble] = (
    lambda plant, _: plant.source.refuse(),
    lambda plant, _: plant.gateway.refuse(),
    lambda plant, draw: plant.source.cut_after(draw.randrange(2500), draw.choice(list(Direction))),
    lambda plant, draw: plant.gateway.cut_after(draw.randrange(4000), draw.choice(list(Direction))),
    lambda plant, draw: plant.gateway.lose_replies(draw.choice(CALLS), times=draw.choice((1, 2, 3))),
    lambda plant, draw: plant.gateway.lose_replies(draw.choice(CALLS), times=draw.choice((3, 6))),
    wrong_password,
)


def nobody_calls(plant: PlantInTrouble, _: random.Random, quarter: int) -> None:
    plant.now = plant.at(quarter)


def twice(plant: PlantInTrouble, _: random.Random, quarter: int) -> None:
    plant.deliver(quarter)
    plant.deliver(quarter)


def late(plant: PlantInTrouble, draw: random.Random, quarter: int) -> None:
    plant.deliver(quarter)
    plant.tick(plant.at(draw.randrange(max(0, quarter - 6), quarter)))


def overlapping(plant: PlantInTrouble, draw: random.Random, quarter: int) -> None:
    plant.deliver(quarter - 1)  # sets the clock back, as a scheduler that hurries to make up for a delay
    plant.now = plant.at(quarter)
    slots = [plant.at(quarter), plant.at(quarter), plant.at(draw.randrange(quarter))]
    threads = [threading.Thread(target=plant.tick, args=(slot,)) for slot in slots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def by_hand(plant: PlantInTrouble, _: random.Random, quarter: int) -> None:
    plant.deliver(quarter)
    plant.ask()


DELIVERIES: Sequence[Delivery] = (
    *[lambda plant, _, quarter: plant.deliver(quarter)] * 4, nobody_calls, twice, late, overlapping, by_hand,
)  # fmt: skip


def heal(plant: PlantInTrouble) -> None:
    plant.source.heal()
    plant.gateway.heal()
    plant.sql_server.pop("password", None)


def enter(due: dict[int, int], write: Callable[[int], None], *, until: int) -> None:
    """Write what is due by a quarter, and strike it off."""
    for one in [one for one, at in due.items() if at <= until]:
        write(one)
        del due[one]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_of_mixed_trouble_ends_with_nothing_lost_or_double(plant: PlantInTrouble, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - a bad day is no secret
    output_due: dict[int, int] = {}
    incidents_due: dict[int, int] = {}
    plant.deliver(0)

    for quarter in range(1, SLOTS + 1):
        if draw.random() < 0.5:
            heal(plant)
        if draw.random() < 0.6:
            draw.choice(TROUBLES)(plant, draw)
        output_due[quarter] = quarter + draw.choice((0, 0, 1, LATEST_OUTPUT))
        incidents_due[quarter] = quarter + draw.choice((0, 0, 1, LATEST_INCIDENT))
        enter(output_due, plant.make, until=quarter)
        enter(incidents_due, plant.have_incident, until=quarter)
        draw.choice(DELIVERIES)(plant, draw, quarter)
    heal(plant)
    enter(output_due, plant.make, until=SLOTS + LATEST_OUTPUT)
    enter(incidents_due, plant.have_incident, until=SLOTS + LATEST_INCIDENT)
    after = [plant.deliver(SLOTS + 1)[0], plant.deliver(SLOTS + 2)[0]]

    assert after == [200, 200]
    assert list(plant.slot_outputs().values()) == [*map(float, range(1, SLOTS + 1)), 0.0, 0.0]
    assert plant.incidents() == [f"{12 + quarter // 4}:{quarter % 4 * 15 + 3:02}" for quarter in range(SLOTS)]
    assert plant.slots_finished_twice() == []
    assert plant.run_statuses().count("running") == 0
    assert plant.still_at_work() == []
