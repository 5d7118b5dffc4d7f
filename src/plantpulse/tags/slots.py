"""The slots of a group, and the clock of a burst. Pure: what a clock shows comes in as an argument.

Slots are whole multiples of the interval since the epoch, so two bursts agree on them without a word, and a
late slot makes no later one late.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NONE: Final = timedelta(0)
# A correction in a burst goes on in small steps: at a flush every 2 s, no period changes by more than 0.3 %.
STEP: Final = timedelta(milliseconds=5)
# A machine that slept is behind by this much or more: its slots are over, and a step forward doubles none.
SLEPT: Final = timedelta(seconds=1)
# A clock that was wrong by more than this was no clock, as one of a machine that slept: the slots that it
# leaps over were nobody's.
LEAP: Final = timedelta(minutes=5)
# A server's time is as uncertain as its answer was slow: a slower one counts until a better one comes.
EXACT_S: Final = 1.0


def slot_at_or_after(at: datetime, interval: timedelta) -> datetime:
    """Return the first slot that is not before the instant."""
    return EPOCH - (EPOCH - at) // interval * interval


def slot_at_or_before(at: datetime, interval: timedelta) -> datetime:
    """Return the latest slot that is not after the instant."""
    return EPOCH + (at - EPOCH) // interval * interval


def next_slot(after: datetime, now: datetime, interval: timedelta) -> datetime:
    """Return the slot to read next: it is after the last one, and not over yet."""
    return max(slot_at_or_after(now, interval), slot_at_or_before(after, interval) + interval)


def slots_between(first: datetime, until: datetime, interval: timedelta) -> list[datetime]:
    """Return the slots from the first one on, without `until`."""
    return [first + number * interval for number in range(count_between(first, until, interval))]


def count_between(first: datetime, until: datetime, interval: timedelta) -> int:
    """Return how many slots there are from the first one on, without `until`."""
    return max(0, -((first - until) // interval))


def correction(told: datetime, asked_at: datetime, heard_at: datetime) -> timedelta:
    """Return how far a clock has to be set so that a server told its time between question and answer.

    None is needed while the two clocks may agree, however long the answer took.
    """
    return max(told - heard_at, NONE) + min(told - asked_at, NONE)


@dataclass(slots=True)
class SlotClock:
    """What time it is in a burst: the wall clock at its begin, counted on by a clock that nobody sets.

    So a wall clock that is set in a burst neither doubles nor skips a slot. What the database says of its
    time corrects it: all at once until an answer was exact, later in steps that no period feels. A correction
    never goes beyond the truth, so a slow answer brings the clock as near as it can, and the next one nearer.
    `leapt_to` is where it went on when it was set forward by more than LEAP; else the epoch.
    `is_exact`: an answer took less than EXACT_S.
    """

    wall_at: datetime
    monotonic_s: float
    leapt_to: datetime = field(default=EPOCH, init=False)
    is_exact: bool = field(default=False, init=False)
    _set_by: timedelta = field(default=NONE, init=False)

    def at(self, monotonic_s: float) -> datetime:
        """Return the instant at which the monotonic clock shows this."""
        return self.wall_at + self._set_by + timedelta(seconds=monotonic_s - self.monotonic_s)

    def monotonic_of(self, at: datetime) -> float:
        """Return what the monotonic clock shows at an instant."""
        return self.monotonic_s + (at - self.wall_at - self._set_by).total_seconds()

    def hear(self, told: datetime, asked_s: float, heard_s: float) -> None:
        """Take note of the database's time, which it told between two times of the monotonic clock.

        They are those of the one request that was answered: what failed before it says nothing of the time.
        """
        wanted = correction(told, self.at(asked_s), self.at(heard_s))
        if self.is_exact and wanted < SLEPT:
            wanted = max(-STEP, min(STEP, wanted))
        self._set_by += wanted
        if wanted > LEAP:
            self.leapt_to = told
        self.is_exact = self.is_exact or heard_s - asked_s < EXACT_S
