"""Trying again: only what may succeed later, three times, further and further apart."""

import json
import subprocess
import sys

import pytest

from plantpulse.errors import (
    Interrupted,
    OutOfTime,
    PermanentError,
    PublisherUnavailable,
    StatementTimedOut,
    StoreUnavailable,
    TransientError,
)
from plantpulse.retry import Pacing, retried


class Flaky:
    """Fails with the given errors, one a call, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def pacing(waits: list[float]) -> Pacing:
    return Pacing(sleep=waits.append, jitter=lambda: 0.0)


def plenty() -> float:
    return 60.0


def test_a_call_that_succeeds_is_made_once(pacing: Pacing, waits: list[float]) -> None:
    call = Flaky()

    assert retried(call, name="it", seconds_left=plenty, pacing=pacing) == "done"
    assert call.calls == 1
    assert waits == []


def test_a_transient_error_is_tried_again_with_growing_waits(pacing: Pacing, waits: list[float]) -> None:
    call = Flaky(StoreUnavailable("one"), StoreUnavailable("two"))

    assert retried(call, name="it", seconds_left=plenty, pacing=pacing) == "done"
    assert waits == [0.5, 1.0]


def test_a_caller_in_a_hurry_tries_less_often(pacing: Pacing, waits: list[float]) -> None:
    call = Flaky(*(StoreUnavailable(text) for text in ("one", "two", "three")))

    with pytest.raises(StoreUnavailable, match="two"):
        retried(call, name="it", seconds_left=plenty, pacing=pacing, attempts=2)
    assert waits == [0.5]


def test_the_third_failure_is_the_last(pacing: Pacing, waits: list[float]) -> None:
    call = Flaky(*(StoreUnavailable(text) for text in ("one", "two", "three", "four")))

    with pytest.raises(StoreUnavailable, match="three"):
        retried(call, name="it", seconds_left=plenty, pacing=pacing)
    assert call.calls == 3
    assert len(waits) == 2


@pytest.mark.parametrize("error", [PermanentError("no"), ValueError("a bug")])
def test_other_errors_are_not_tried_again(error: Exception, pacing: Pacing, waits: list[float]) -> None:
    call = Flaky(error)

    with pytest.raises(type(error)):
        retried(call, name="it", seconds_left=plenty, pacing=pacing)
    assert call.calls == 1
    assert waits == []


def test_what_the_caller_can_do_better_about_is_not_tried_again(pacing: Pacing, waits: list[float]) -> None:
    call = Flaky(StoreUnavailable("gone"), StatementTimedOut("slow"))

    with pytest.raises(StatementTimedOut, match="slow"):
        retried(call, name="it", seconds_left=plenty, pacing=pacing, but_not=StatementTimedOut)
    assert (call.calls, waits) == (2, [0.5])


def test_several_errors_can_be_left_to_the_caller(pacing: Pacing, waits: list[float]) -> None:
    call = Flaky(OutOfTime("late"))

    with pytest.raises(OutOfTime, match="late"):
        retried(call, name="it", seconds_left=plenty, pacing=pacing, but_not=(StatementTimedOut, OutOfTime))
    assert (call.calls, waits) == (1, [])


def test_a_caller_with_patience_begins_with_a_longer_wait(pacing: Pacing, waits: list[float]) -> None:
    call = Flaky(TransientError("one"), TransientError("two"))

    assert retried(call, name="it", seconds_left=plenty, pacing=pacing, first_wait_s=2.0) == "done"
    assert waits == [2.0, 4.0]


def test_a_wait_is_as_long_as_the_other_side_asks_for(pacing: Pacing, waits: list[float]) -> None:
    call = Flaky(
        PublisherUnavailable("one", retry_after_s=30.0),
        PublisherUnavailable("two", retry_after_s=0.1),
        TransientError("three"),
    )

    assert retried(call, name="it", seconds_left=plenty, pacing=pacing, attempts=4) == "done"
    assert waits == [30.0, 1.0, 2.0]


def test_a_longer_wait_than_the_budget_is_not_begun_either(pacing: Pacing, waits: list[float]) -> None:
    call = Flaky(PublisherUnavailable("busy", retry_after_s=61.0))

    with pytest.raises(PublisherUnavailable, match="busy"):
        retried(call, name="it", seconds_left=plenty, pacing=pacing)
    assert (call.calls, waits) == (1, [])


def test_a_wait_that_does_not_fit_the_budget_is_not_begun(pacing: Pacing, waits: list[float]) -> None:
    call = Flaky(TransientError("one"), TransientError("two"))

    with pytest.raises(TransientError, match="one"):
        retried(call, name="it", seconds_left=lambda: 0.4, pacing=pacing)
    assert call.calls == 1
    assert waits == []


def test_jitter_spreads_callers_out(waits: list[float]) -> None:
    call = Flaky(TransientError("one"))

    retried(call, name="it", seconds_left=plenty, pacing=Pacing(sleep=waits.append, jitter=lambda: 0.5))

    assert waits == [0.75]


def test_a_retry_is_a_warning_in_the_log(pacing: Pacing, capsys: pytest.CaptureFixture[str]) -> None:
    retried(Flaky(TransientError("gone away")), name="Supabase claim_run", seconds_left=plenty, pacing=pacing)

    entry = json.loads(capsys.readouterr().out)
    assert entry["severity"] == "WARNING"
    assert entry["message"] == "Supabase claim_run failed and is retried"
    assert entry["error"] == "gone away"


def test_an_interruption_by_hand_is_not_tried_again() -> None:
    calls = []

    def call() -> None:
        calls.append(1)
        raise Interrupted("by hand")

    with pytest.raises(Interrupted):
        retried(call, name="x", seconds_left=lambda: 60.0, pacing=Pacing(sleep=lambda _: None))
    assert calls == [1]


def test_the_library_for_second_tries_is_not_imported_for_a_first_one() -> None:
    code = (
        "import sys; from plantpulse.retry import retried\n"
        "retried(lambda: 1, name='it', seconds_left=lambda: 60.0)\n"
        "print('tenacity' in sys.modules)"
    )

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stdout == "False\n"
