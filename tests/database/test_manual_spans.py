"""Spans that a person asks for: what is a double click, and what a whole past slot corrects."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.protocol import (
    CLAIMED_AT,
    COMMITTED_AT,
    NEXT_SLOT,
    SLOT,
    claim,
    commit,
    fence,
    manual_claim,
    snapshot,
)

One = Callable[..., dict[str, Any]]
AT_ONCE = "2026-11-22T06:00:15.5Z"
MORNING = {"from": "2026-11-22T00:00:00+00:00", "until": "2026-11-22T03:00:00+00:00"}
NIGHT = {"from": "2026-11-21T21:00:00+00:00", "until": "2026-11-22T00:00:00+00:00"}


def ask(service: Api, number: int, span: dict[str, str] | None, at: str) -> str:
    answer = service.call("claim_run", p_claim=manual_claim(number, span=span), p_now=at)
    told: str = answer["answer"]
    return told


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        (None, None, "duplicate"),
        (MORNING, MORNING, "duplicate"),
        (MORNING, NIGHT, "claimed"),
        (MORNING, None, "claimed"),
        (None, MORNING, "claimed"),
    ],
)
def test_only_a_request_for_the_same_is_a_double_click(
    service: Api, first: dict[str, str] | None, second: dict[str, str] | None, answer: str
) -> None:
    assert ask(service, 1, first, CLAIMED_AT) == "claimed"
    report = {"pipeline": "live_pulse", "counts": {}, "timings_ms": {}} | ({"span": first} if first else {})
    done = commit(report=report, snapshots_until=None)
    service.call("commit_live_pulse", p_fence=fence(1), p_commit=done, p_now=COMMITTED_AT)

    assert ask(service, 2, second, AT_ONCE) == answer


def afterwards(press: int, **changes: Any) -> dict[str, Any]:
    body = commit(snapshot(press, **changes), snapshots_until=None)
    body["slots"][0]["is_catch_up"] = True
    return body


KNOWN = {
    "oee_current": 70,
    "oee_source": "computed",
    "good_count": 40,
    "reject_count": 10,
    "labor_headcount": 2,
}
ROW = (
    "select oee_current::float, oee_source, good_count::float, reject_count::float, labor_headcount::float,"
    " is_catch_up from public.live_snapshots"
)


@pytest.fixture
def polled(service: Api, assets: dict[str, int]) -> int:
    """A slot that was polled in time, and a run by hand that may correct it."""
    press = assets["PRESS-01"]
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit(snapshot(press)), p_now=COMMITTED_AT)
    service.call("claim_run", p_claim=manual_claim(2, span=MORNING))
    return press


def test_what_is_known_afterwards_corrects_a_slot_that_was_polled_in_time(
    service: Api, polled: int, one: One
) -> None:
    answer = service.call("commit_live_pulse", p_fence=fence(2), p_commit=afterwards(polled, **KNOWN))

    assert answer["snapshots"] == {"written": 0, "updated": 1, "unchanged": 0}
    assert one(ROW) == KNOWN | {"is_catch_up": False}


def test_what_is_not_known_afterwards_takes_nothing_away(service: Api, polled: int, one: One) -> None:
    unknown = dict.fromkeys(KNOWN)

    answer = service.call("commit_live_pulse", p_fence=fence(2), p_commit=afterwards(polled, **unknown))

    assert answer["snapshots"] == {"written": 0, "updated": 0, "unchanged": 1}
    assert one(ROW) == {
        "oee_current": 81.5,
        "oee_source": "reported",
        "good_count": 48,
        "reject_count": 2,
        "labor_headcount": 3,
        "is_catch_up": False,
    }


def test_a_single_figure_that_came_late_is_taken_over(service: Api, polled: int, one: One) -> None:
    figures = dict.fromkeys(KNOWN) | {"labor_headcount": 5}

    answer = service.call("commit_live_pulse", p_fence=fence(2), p_commit=afterwards(polled, **figures))

    assert answer["snapshots"]["updated"] == 1
    assert one(ROW)["labor_headcount"] == 5
    assert one(ROW)["oee_current"] == 81.5


def test_a_run_by_hand_leaves_the_next_run_what_it_would_have_covered(service: Api, polled: int) -> None:
    service.call("commit_live_pulse", p_fence=fence(2), p_commit=afterwards(polled, **KNOWN))

    answer = service.call("claim_run", p_claim=claim(3, slot=NEXT_SLOT))

    assert (answer["snapshots_until"], answer["catch_up_from"]) == (SLOT, None)
