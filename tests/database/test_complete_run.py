"""Completing a run: the end of a pipeline that commits nothing else, once, and only for its fence."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.protocol import (
    CLAIMED_AT,
    COMMITTED_AT,
    LEASE_EXPIRES_AT,
    claim,
    completion,
    failure,
    fence,
    whole_report,
)

One = Callable[..., dict[str, Any]]

RUN_1 = "select * from public.pipeline_runs where id = 1"


@pytest.fixture(autouse=True)
def _claimed(service: Api) -> None:
    windowless = claim(1, pipeline="cleanup", window_start=None, window_until=None)
    service.call("claim_run", p_claim=windowless, p_now=CLAIMED_AT)


def complete(service: Api, *, now: str = COMMITTED_AT, **changes: Any) -> dict[str, Any]:
    answer: dict[str, Any] = service.call(
        "complete_run", p_fence=fence(1), p_completion=completion(**changes), p_now=now
    )
    return answer


@pytest.mark.parametrize("status", ["succeeded", "partial"])
def test_a_run_ends_with_its_status_and_report(service: Api, one: One, status: str) -> None:
    answer = complete(service, status=status)

    assert answer == {
        "answer": "committed",
        "report": {
            "pipeline": "cleanup",
            "status": status,
            "outcome": status,
            "finished_at": COMMITTED_AT,
            "duration_ms": 10000,
            "counts": {"rows_removed": 3},
            "timings_ms": {"remove": 12},
        },
    }
    row = one(RUN_1)
    assert whole_report(row) == answer["report"]
    assert (row["status"], row["finished_at"].isoformat()) == (status, COMMITTED_AT)
    assert (row["counts"], row["timings_ms"]) == ({"rows_removed": 3}, {"remove": 12})
    assert (row["snapshots_until"], row["safety_until"], row["error_code"]) == (None, None, None)


def test_a_completion_sent_twice_changes_nothing_the_second_time(service: Api, one: One) -> None:
    first = complete(service)
    before = one(RUN_1)

    second = complete(service, status="partial", now=LEASE_EXPIRES_AT)

    assert second == {"answer": "repeated", "report": first["report"]}
    assert one(RUN_1) == before


def test_a_run_that_was_taken_over_cannot_be_completed(service: Api, one: One) -> None:
    service.call("claim_run", p_claim=claim(2, pipeline="cleanup"), p_now=LEASE_EXPIRES_AT)
    before = one(RUN_1)

    answer = complete(service)

    assert answer == {"answer": "fenced", "report": None}
    assert one(RUN_1) == before
    assert (before["status"], before["report"]) == ("abandoned", None)


def test_a_run_that_failed_cannot_be_completed(service: Api, one: One) -> None:
    service.call("fail_run", p_fence=fence(1), p_failure=failure(is_retryable=True))
    before = one(RUN_1)

    assert complete(service) == {"answer": "fenced", "report": None}
    assert one(RUN_1) == before


def test_a_completed_run_cannot_fail(service: Api, one: One) -> None:
    completed = complete(service)

    answer = service.call("fail_run", p_fence=fence(1), p_failure=failure(is_retryable=True))

    assert answer == {"answer": "repeated", "report": completed["report"]}
    assert one(RUN_1)["status"] == "succeeded"


def test_an_unknown_fence_is_an_error(service: Api) -> None:
    assert service.refusal("complete_run", p_fence=fence(7), p_completion=completion()) == "P0001"


@pytest.mark.parametrize("status", [None, "failed", "running", "done"])
def test_a_completion_that_is_neither_succeeded_nor_partial_is_refused(
    service: Api, one: One, status: str | None
) -> None:
    body = completion(status=status)

    assert service.refusal("complete_run", p_fence=fence(1), p_completion=body) == "22023"
    assert one(RUN_1)["status"] == "running"


def test_a_slot_that_was_completed_is_not_run_again(service: Api) -> None:
    completed = complete(service)

    again = service.call("claim_run", p_claim=claim(2, pipeline="cleanup"), p_now=COMMITTED_AT)

    assert again == {"answer": "duplicate", "report": completed["report"]}


def test_the_report_of_an_abandoned_run_without_a_window_has_none(service: Api, one: One) -> None:
    service.call("claim_run", p_claim=claim(2, pipeline="cleanup"), p_now=LEASE_EXPIRES_AT)

    report = one("select public.run_report(run) as r from public.pipeline_runs as run where id = 1")["r"]

    assert (report["status"], report["window"]) == ("abandoned", None)


def test_the_report_of_an_abandoned_poll_has_its_window(service: Api, one: One) -> None:
    service.call("claim_run", p_claim=claim(3, pipeline="live_pulse"), p_now=CLAIMED_AT)
    service.call("claim_run", p_claim=claim(4, pipeline="live_pulse"), p_now=LEASE_EXPIRES_AT)

    report = one("select public.run_report(run) as r from public.pipeline_runs as run where id = 2")["r"]

    assert (report["status"], report["window"]) == (
        "abandoned",
        {"start": "2026-11-22T05:30:00+00:00", "until": "2026-11-22T06:00:00+00:00"},
    )
