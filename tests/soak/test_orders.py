"""Every order of the steps of a few actors; `python -m soak.orders` tries more."""

from functools import partial

import pytest

from soak.ledger import Broken
from soak.orders import alerts, deliveries
from soak.orders.exploring import Found, explore
from tests.soak.conftest import Project


def deliver(project: Project, *, number: int = 2, faults: int = 0, waits: int = 0) -> Found:
    steps = partial(deliveries.enter, deliveries=number, faults=faults, waits=waits)
    return explore(project, steps)


def forget(project: Project, function: str, what: str) -> None:
    """Let a SQL function forget a condition."""
    row = project.execute("select pg_get_functiondef(%s::regproc) as body", [f"public.{function}"]).fetchone()
    body = str((row or {})["body"])
    assert what in body
    project.execute(body.replace(what, "and true" if what.startswith("and ") else "true").encode())


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
    assert found.states == 2197
    assert {"no answer to send", "death before tell", "lost reply to mark", "a sweep sleeps"} <= set(
        found.moves
    )
    assert set(found.ends) == {"1 alerts, one open", "2 alerts, one open"}


@pytest.mark.parametrize(
    ("function", "forgotten", "told"),
    [
        (
            "due_notifications",
            "(known.lease_expires_at is null or known.lease_expires_at <= p_now)",
            "believed warning",
        ),
        ("looks_that_count", "and run.slot > seen.slot", "and should be"),
    ],
)
def test_a_lease_of_a_message_or_a_success_that_is_forgotten_is_noticed(
    project: Project, function: str, forgotten: str, told: str
) -> None:
    with project.transaction(force_rollback=True):
        forget(project, function, forgotten)

        with pytest.raises(Broken, match=told):
            tell(project)
