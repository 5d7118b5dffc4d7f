"""What a group's thread counts, and how it tells of trouble: one line when it begins, one when it is over."""

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from plantpulse.errors import PlantpulseError
from plantpulse.logs import log
from plantpulse.tags.tag import Group

# A device that fails every other second is in one trouble, not in thirty a minute.
QUIET: Final = timedelta(seconds=10)
QUIET_SLOTS: Final = 3


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a group could not be read, and when."""

    code: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened to a group since this was last asked.

    `polls` are slots that were read, `errors` those that could not be, and `missed` those that were over
    before anybody tried.
    `jitter_ms` is how late the latest read began. `level` is the trigger tag's, at `level_slot`.
    """

    polls: int = 0
    errors: int = 0
    missed: int = 0
    failure: Failure | None = None
    jitter_ms: int = 0
    read_ms: int = 0
    is_failing: bool = False
    level: bool | None = None
    level_slot: datetime | None = None


@dataclass(slots=True, eq=False)
class Tally:
    """Counts of one group; its thread writes them, the one that talks to Supabase takes them.

    `has_begun`: a slot of it has come.
    """

    group: Group
    has_begun: bool = field(default=False, init=False)
    _counts: Counts = field(default_factory=Counts, init=False)
    _failing_since: datetime | None = field(default=None, init=False)
    _failed_at: datetime | None = field(default=None, init=False)
    _failures: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def take(self) -> Counts:
        """Return the counts, and begin anew; what holds on stays."""
        with self._lock:
            taken = self._counts
            kept = Counts(is_failing=taken.is_failing, level=taken.level, level_slot=taken.level_slot)
            self._counts = kept
            return taken

    def read(self, slot: datetime, jitter_ms: int, read_ms: int) -> None:
        """Count a slot that was read."""
        with self._lock:
            self.has_begun = True
            now = self._counts
            self._counts = replace(
                now,
                polls=now.polls + 1,
                jitter_ms=max(now.jitter_ms, jitter_ms),
                read_ms=max(now.read_ms, read_ms),
                is_failing=False,
            )
        if self._failed_at and slot - self._failed_at >= max(QUIET, QUIET_SLOTS * self.group.interval):
            self._tell_end(slot)

    def miss(self, slots: int) -> None:
        """Count slots that were over before they could be read."""
        with self._lock:
            self.has_begun = True
            self._counts = replace(self._counts, missed=self._counts.missed + slots)

    def see(self, level: bool, slot: datetime) -> None:
        """Note how the trigger tag stands."""
        with self._lock:
            self._counts = replace(self._counts, level=level, level_slot=slot)

    def wait(self, slots: int) -> None:
        """Count slots that passed while a connection was made that now stands."""
        with self._lock:
            self.has_begun = self.has_begun or slots > 0
            self._counts = replace(self._counts, errors=self._counts.errors + slots)

    def fail(self, error: PlantpulseError, at: datetime, *, slots: int = 1) -> None:
        """Count slots that failed, and tell of the first one."""
        with self._lock:
            self.has_begun = True
            now = self._counts
            self._counts = replace(
                now,
                errors=now.errors + slots,
                failure=Failure(error.code, str(error), at),
                is_failing=True,
            )
        self._failed_at = at
        self._failures += slots
        if self._failing_since is None:
            self._failing_since = at
            self._tell_begin(error, at)

    def _tell_begin(self, error: PlantpulseError, at: datetime) -> None:
        log(
            "WARNING",
            f"group {self.group.name} cannot be read",
            **self._named(at),
            code=error.code,
            error=str(error),
            next="a new connection, and the next slot"
            if error.is_retryable
            else "the next slot; somebody must act",
        )

    def _tell_end(self, at: datetime) -> None:
        log(
            "INFO",
            f"group {self.group.name} is read again",
            **self._named(at),
            failing_since=self._failing_since,
            failed_slots=self._failures,
        )
        self._failing_since = self._failed_at = None
        self._failures = 0

    def _named(self, at: datetime) -> dict[str, Any]:
        return {
            "at": at.isoformat(),
            "plant": self.group.plant,
            "group": self.group.name,
            "kind": self.group.driver,
            "tags": len(self.group.tags),
        }
