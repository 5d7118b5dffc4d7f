"""The compressed clock of `make up`: a quarter of an hour of plant time in every few seconds.

It is a staircase. From the start of a tick it goes on at the pace of real time, and with the next tick it
jumps on to the next slot. So a poll takes as long as it takes: durations, leases and the skew of the plant's
clock mean what they always mean, which they would not on a clock that runs evenly and faster.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

STEP = timedelta(minutes=15)

_PLANT_START = "DEVSTACK_CLOCK_PLANT_START"
_REAL_START = "DEVSTACK_CLOCK_REAL_START"
_SECONDS_PER_TICK = "DEVSTACK_CLOCK_SECONDS_PER_TICK"


@dataclass(frozen=True)
class CompressedClock:
    """Plant time as a function of real time; both starts are aware and mean the same moment."""

    plant_start: datetime
    real_start: datetime
    tick: timedelta

    def at(self, real: datetime) -> datetime:
        """Return the plant's time at a real instant, which is not before the start."""
        ticks, within = divmod(real - self.real_start, self.tick)
        return self.plant_start + ticks * STEP + within

    def now(self) -> datetime:
        """Return the plant's time now."""
        return self.at(datetime.now(UTC))

    def slot_of(self, number: int) -> datetime:
        """Return the plant's time at which a tick begins; tick 0 is the start."""
        return self.plant_start + number * STEP

    def seconds_until(self, number: int, real: datetime) -> float:
        """Return how long after a real instant a tick begins; negative when it has begun."""
        return (self.real_start + number * self.tick - real).total_seconds()

    def tick_after(self, real: datetime) -> int:
        """Return the number of the first tick that begins after a real instant."""
        return (real - self.real_start) // self.tick + 1

    def as_environment(self) -> dict[str, str]:
        """Return the variables from which another process makes the same clock."""
        return {
            _PLANT_START: self.plant_start.isoformat(),
            _REAL_START: self.real_start.isoformat(),
            _SECONDS_PER_TICK: str(self.tick.total_seconds()),
        }

    @property
    def is_real(self) -> bool:
        """Whether plant time is the real time."""
        return self.plant_start == self.real_start and self.tick == STEP

    @classmethod
    def start(cls, plant_start: datetime, tick: timedelta) -> "CompressedClock":
        """Return a clock that starts now at a plant's time."""
        return cls(plant_start, datetime.now(UTC), tick)

    @classmethod
    def real(cls) -> "CompressedClock":
        """Return the clock that is not compressed."""
        now = datetime.now(UTC)
        return cls(now, now, STEP)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "CompressedClock":
        """Return the clock that `as_environment` described. Raises: KeyError, ValueError."""
        return cls(
            datetime.fromisoformat(environ[_PLANT_START]),
            datetime.fromisoformat(environ[_REAL_START]),
            timedelta(seconds=float(environ[_SECONDS_PER_TICK])),
        )
