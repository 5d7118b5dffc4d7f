"""Every order of the steps of a few actors; `python -m soak.orders` tries more."""

from functools import partial

import pytest

from soak.ledger import Broken
from soak.orders import deliveries
from soak.orders.exploring import Found, explore
from tests.soak.conftest import Project


def deliver(project: Project, *, number: int = 2, faults: int = 0, expiries: int = 0) -> Found:
    steps = partial(deliveries.enter, deliveries=number, faults=faults, expiries=expiries)
    return explore(project, steps)


def test_two_deliveries_of_a_slot_hold_in_every_state_with_a_fault_and_an_end_of_leases_anywhere(
    project: Project,
) -> None:
    found = deliver(project, faults=1, expiries=1)

    assert found.is_whole
    assert found.states == 666
    assert {"lost reply to commit", "death behind claim", "failure before part"} <= set(found.moves)
    assert {"succeeded", "running", "failed, succeeded", "abandoned, succeeded"} <= set(found.ends)


def test_what_a_fence_forgets_to_refuse_is_noticed(project: Project) -> None:
    with project.transaction(force_rollback=True):
        body = project.execute("select pg_get_functiondef('public.abandon_expired_run'::regproc) as body")
        forgetful = str((body.fetchone() or {})["body"]).replace("and run.lease_expires_at <= p_now", "")
        project.execute(forgetful.encode())

        with pytest.raises(Broken, match=r"while \S+ holds it, after: claim of 1; .*claim of 2"):
            deliver(project)
