"""Retries: which calls, how often, how far apart. The only module that knows tenacity.

Only a `TransientError` is retried. Give `retried` only calls that are harmless to repeat; every SQL function
of plantpulse is, because the caller makes the key.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from plantpulse.errors import TransientError
from plantpulse.late_dataclasses import dataclass
from plantpulse.logs import log

if TYPE_CHECKING:
    import tenacity

Result = TypeVar("Result")
Errors = type[TransientError] | tuple[type[TransientError], ...]

ATTEMPTS = 3
FIRST_WAIT_S = 0.5


def _drawn() -> float:
    """Return a random number in [0, 1)."""
    from random import random  # noqa: PLC0415 - most polls need no second try

    return random()  # noqa: S311 - spreads callers out


@dataclass(frozen=True, slots=True)
class Pacing:
    """How to wait: a sleep, and a random number in [0, 1) that spreads callers out."""

    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = _drawn


def retried(
    call: Callable[[], Result],
    *,
    name: str,
    seconds_left: Callable[[], float],
    pacing: Pacing | None = None,
    but_not: Errors = (),
    attempts: int = ATTEMPTS,
    first_wait_s: float = FIRST_WAIT_S,
) -> Result:
    """Return the result of `call`, retried with exponential back-off.

    A wait that does not fit into `seconds_left()` is not started. `but_not` is raised at once: the caller has
    a better answer than the same call. The wait after an error lasts its `retry_after_s` at least.
    Raises: the last TransientError; any other error of `call` at once.
    """
    try:
        return call()
    except TransientError as error:
        failures = [error]

    def call_again() -> Result:
        if failures:
            raise failures.pop()
        return call()

    return _retrying(
        name,
        seconds_left=seconds_left,
        pacing=pacing or Pacing(),
        but_not=but_not,
        attempts=attempts,
        first_wait_s=first_wait_s,
    )(call_again)


def _retrying(
    name: str,
    *,
    seconds_left: Callable[[], float],
    pacing: Pacing,
    but_not: Errors,
    attempts: int,
    first_wait_s: float,
) -> "tenacity.Retrying":
    import tenacity  # noqa: PLC0415 - most polls need no second try, and every poll may be a cold start

    def wait_s(state: tenacity.RetryCallState) -> float:
        asked_s: float = getattr(state.outcome and state.outcome.exception(), "retry_after_s", None) or 0.0
        return max(first_wait_s * 2.0 ** (state.attempt_number - 1) * (1 + pacing.jitter()), asked_s)

    def is_worth_it(error: BaseException) -> bool:
        return isinstance(error, TransientError) and not isinstance(error, but_not)

    def is_over(state: tenacity.RetryCallState) -> bool:
        return state.attempt_number >= attempts or state.upcoming_sleep >= seconds_left()

    def warn(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log("WARNING", f"{name} failed and is retried", attempt=state.attempt_number, error=str(error))

    return tenacity.Retrying(
        stop=is_over,
        wait=wait_s,
        retry=tenacity.retry_if_exception(is_worth_it),
        sleep=pacing.sleep,
        before_sleep=warn,
        reraise=True,
    )
