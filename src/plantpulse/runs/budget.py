"""The time that an invocation may take, and its clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from plantpulse.late_dataclasses import dataclass

RESERVED_FOR_COMMIT_S: Final = 12.0


def utc_now() -> datetime:
    """Return the current instant; a function's clock is read only here."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Budget:
    """The time that one invocation may take, in seconds of a monotonic clock.

    Reading the source must leave time for the commit, which is reserved here. Everything must leave time to
    record a failure, which the store reserves.
    """

    total_s: float
    warn_after_s: float
    monotonic: Callable[[], float]
    started_s: float

    @classmethod
    def start(
        cls, total_s: float, warn_after_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> "Budget":
        """Return a budget that starts now."""
        return cls(total_s, warn_after_s, monotonic, monotonic())

    def seconds_left(self) -> float:
        """Return the time left; negative after the end."""
        return self.total_s - (self.monotonic() - self.started_s)

    def seconds_left_to_read(self) -> float:
        """Return the time left for the source, without the time for a commit."""
        return self.seconds_left() - RESERVED_FOR_COMMIT_S

    def is_slow(self) -> bool:
        """Say whether the run has taken long enough for a warning."""
        return self.monotonic() - self.started_s > self.warn_after_s
