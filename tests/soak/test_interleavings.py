"""Deliveries of one slot and its neighbour, in every order; `python -m soak --interleavings` tries more."""

import pytest

from soak.interleavings import explore_all
from soak.ledger import Broken
from tests.soak.conftest import Project


def test_two_deliveries_of_a_slot_hold_in_every_state_with_a_fault_anywhere(project: Project) -> None:
    found = explore_all(project, deliveries=2, faults=1, expiries=0)

    assert len(found.seen) == 355
    assert {"lost reply to commit", "death behind claim", "failure before part"} <= set(found.moves)
    assert set(found.ends) == {"succeeded", "running", "failed", "failed, succeeded"}


def test_a_delivery_takes_over_in_every_state_once_the_lease_has_ended(project: Project) -> None:
    found = explore_all(project, deliveries=2, faults=0, expiries=1)

    assert len(found.seen) == 343
    assert set(found.ends) == {"succeeded", "abandoned, succeeded"}


def test_what_a_fence_forgets_to_refuse_is_noticed(project: Project) -> None:
    with project.transaction(force_rollback=True):
        body = project.execute("select pg_get_functiondef('public.abandon_expired_run'::regproc) as body")
        forgetful = str((body.fetchone() or {})["body"]).replace("and run.lease_expires_at <= p_now", "")
        project.execute(forgetful.encode())

        with pytest.raises(Broken, match=r"while 1 holds it, after: claim of 1; .*claim of 2"):
            explore_all(project, deliveries=2, faults=0, expiries=0)
