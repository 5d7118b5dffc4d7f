"""Failing a run: the error is kept, once, and a run that has ended stays as it ended."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.protocol import (
    CLAIMED_AT,
    COMMITTED_AT,
    LEASE_EXPIRES_AT,
    claim,
    commit,
    failure,
    fence,
    whole_report,
)

One = Callable[..., dict[str, Any]]

RUN_1 = "select * from public.pipeline_runs where id = 1"


@pytest.fixture(autouse=True)
def _claimed(service: Api) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)


def fail(service: Api, *, is_retryable: bool, now: str = COMMITTED_AT) -> dict[str, Any]:
    answer: dict[str, Any] = service.call(
        "fail_run", p_fence=fence(1), p_failure=failure(is_retryable=is_retryable), p_now=now
    )
    return answer


def test_a_failure_is_recorded_with_its_error_and_report(service: Api, one: One) -> None:
    answer = fail(service, is_retryable=False)

    assert answer["answer"] == "failed"
    assert answer["report"] == {
        "pipeline": "live_pulse",
        "status": "failed",
        "outcome": "failed",
        "finished_at": COMMITTED_AT,
        "duration_ms": 10000,
        "counts": {},
        "timings_ms": {"connect": 7},
        "error": {"code": "source_login_failed", "message": "SQL Server said no", "is_retryable": False},
    }
    row = one(RUN_1)
    assert whole_report(row) == answer["report"]
    assert (row["status"], row["finished_at"].isoformat()) == ("failed", COMMITTED_AT)
    assert (row["error_code"], row["error_message"], row["is_retryable"]) == (
        "source_login_failed",
        "SQL Server said no",
        False,
    )
    assert row["timings_ms"] == {"connect": 7}
    assert (row["snapshots_until"], row["safety_until"]) == (None, None)


def test_a_failure_sent_twice_changes_nothing_the_second_time(service: Api, one: One) -> None:
    first = fail(service, is_retryable=True)
    before = one(RUN_1)

    second = fail(service, is_retryable=False, now=LEASE_EXPIRES_AT)

    assert second == {"answer": "repeated", "report": first["report"]}
    assert one(RUN_1) == before


def test_a_run_that_committed_cannot_fail(service: Api, one: One) -> None:
    committed = service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit(), p_now=COMMITTED_AT)
    before = one(RUN_1)

    answer = fail(service, is_retryable=True)

    assert answer == {"answer": "repeated", "report": committed["report"]}
    assert one(RUN_1) == before


def test_a_run_that_was_taken_over_stays_abandoned_but_says_why(service: Api, one: One) -> None:
    service.call("claim_run", p_claim=claim(2), p_now=LEASE_EXPIRES_AT)

    answer = fail(service, is_retryable=True)
    again = fail(service, is_retryable=False)

    assert answer == again == {"answer": "fenced", "report": None}
    row = one(RUN_1)
    assert (row["status"], row["finished_at"].isoformat()) == ("abandoned", LEASE_EXPIRES_AT)
    assert row["error_code"] == "source_unavailable"
    assert one("select status from public.pipeline_runs where id = 2") == {"status": "running"}


def test_an_unknown_fence_is_an_error(service: Api) -> None:
    body = failure(is_retryable=True)

    assert service.refusal("fail_run", p_fence=fence(7), p_failure=body) == "P0001"


@pytest.mark.parametrize(
    ("body", "sqlstate"),
    [
        ({}, "23514"),
        ({"error": {"code": "x", "message": "y"}}, "23514"),
        ({"error": {"code": "x", "message": "y", "is_retryable": "maybe"}}, "22P02"),
    ],
)
def test_a_failure_that_does_not_say_what_failed_is_refused(
    service: Api, one: One, body: dict[str, Any], sqlstate: str
) -> None:
    assert service.refusal("fail_run", p_fence=fence(1), p_failure=body) == sqlstate
    assert one(RUN_1)["status"] == "running"
