"""Every order of the steps of a few actors; `python -m soak.orders` tries more."""

from functools import partial

import pytest

from soak.ledger import Broken
from soak.orders import alerts, bursts, deliveries
from soak.orders.exploring import Found, explore
from tests.soak.conftest import Project, forget


def deliver(project: Project, *, number: int = 2, faults: int = 0, waits: int = 0) -> Found:
    steps = partial(deliveries.enter, deliveries=number, faults=faults, waits=waits)
    return explore(project, steps)


def test_two_deliveries_of_a_slot_hold_in_every_state_with_a_fault_and_an_end_of_leases_anywhere(
    project: Project,
) -> None:
    found = deliver(project, faults=1, waits=1)

    assert found.is_whole
    assert found.states == 666
    assert {"lost reply to commit", "death behind claim", "failure before part"} <= set(found.moves)
    assert {"succeeded", "running", "failed, succeeded", "abandoned, succeeded"} <= set(found.ends)


def test_what_a_fence_forgets_to_refuse_is_noticed(project: Project) -> None:
    with project.transaction(force_rollback=True):
        forget(project, "abandon_expired_run", "and run.lease_expires_at <= p_now")

        with pytest.raises(Broken, match=r"while \S+ holds it, after: claim of 1; .*claim of 2"):
            deliver(project)


def tell(project: Project, *, looks: int = 1, faults: int = 0, waits: int = 0) -> Found:
    return explore(project, partial(alerts.enter, looks=looks, claims=1, faults=faults, waits=waits))


def test_alerts_are_right_and_are_told_in_every_order_with_a_fault_anywhere(project: Project) -> None:
    found = tell(project, faults=1, waits=1)

    assert found.is_whole
    assert found.states == 2185
    assert {"no answer to send", "death before tell", "lost reply to mark", "a sweep sleeps"} <= set(
        found.moves
    )
    assert set(found.ends) == {"1 alerts, one open", "2 alerts, one open"}


def test_a_message_that_is_claimed_twice_is_noticed(project: Project) -> None:
    with project.transaction(force_rollback=True):
        lease = "(known.lease_expires_at is null or known.lease_expires_at <= p_now)"
        forget(project, "due_notifications", lease, "true")

        with pytest.raises(Broken, match="and believed warning"):
            tell(project)


def test_a_look_that_opens_an_alert_after_a_newer_success_is_noticed(project: Project) -> None:
    with project.transaction(force_rollback=True):
        forget(project, "looks_that_count", "run.slot > seen.slot", "false")

        with pytest.raises(Broken, match="and should be"):
            tell(project)


def relieve(project: Project, *, faults: int = 0, slots: int = 2) -> Found:
    return explore(project, partial(bursts.enter, bursts=2, faults=faults, slots=slots))


def test_bursts_relieve_each_other_in_every_order_with_a_fault_anywhere(project: Project) -> None:
    found = relieve(project, faults=1)

    assert found.is_whole
    assert found.states == 1234
    assert {"lost reply to claim", "lost reply to put", "death before put"} <= set(found.moves)
    assert {"2 turns, 2 slots", "1 turns, 2 slots"} <= set(found.ends)


def test_a_slot_of_the_next_turn_that_is_not_refused_is_noticed(project: Project) -> None:
    with project.transaction(force_rollback=True):
        forget(project, "store_tag_samples", "or row.s >= lease.until_slot")

        with pytest.raises(Broken, match="should be"):
            relieve(project)


def test_a_burst_that_is_called_alone_too_soon_is_noticed(project: Project) -> None:
    with project.transaction(force_rollback=True):
        forget(project, "put_tag_samples", "and before.ended_at is null", "and false")

        with pytest.raises(Broken, match="alone"):
            relieve(project, slots=3)
