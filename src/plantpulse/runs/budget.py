"""The time that an invocation may take, and the clock it goes by."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

RESERVED_FOR_COMMIT_S: Final = 12.0


def utc_now() -> datetime:
    """Return the present instant; the only place where a function's clock is read."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Budget:
    """The time that one invocation may take, in seconds of a clock that never goes back.

    Reading the source must leave time to commit, and everything must leave time to say that it failed:
    the former is kept back here, the latter by the store.
    """

    total_s: float
    warn_after_s: float
    monotonic: Callable[[], float]
    started_s: float

    @classmethod
    def start(
        cls, total_s: float, warn_after_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> "Budget":
        """Return a budget whose time begins to run now."""
        return cls(total_s, warn_after_s, monotonic, monotonic())

    def seconds_left(self) -> float:
        """Return what is left; negative when it is overdrawn."""
        return self.total_s - (self.monotonic() - self.started_s)

    def seconds_left_to_read(self) -> float:
        """Return what is left for the source; a commit's time is kept back."""
        return self.seconds_left() - RESERVED_FOR_COMMIT_S

    def is_slow(self) -> bool:
        """Say whether so much time has passed that somebody should know."""
        return self.monotonic() - self.started_s > self.warn_after_s
