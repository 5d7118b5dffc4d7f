"""Bursts between two calls, and whose each slot is, as docs/tags.md has it. Slots are counted from noon."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from soak.ledger import Broken

NOON: Final = datetime(2026, 3, 11, 12, tzinfo=UTC)
INTERVAL: Final = timedelta(seconds=10)
CALLED_AFTER: Final = timedelta(seconds=1)  # calls are made so long after a slot began
LEASE_S: Final = 25
SLOTS_A_LEASE: Final = 2  # a burst that has not been heard for more slots may have lost its turn


def slot_of(instant: str) -> int:
    """Return the number of a slot."""
    return round((datetime.fromisoformat(instant) - NOON) / INTERVAL)


class Put(NamedTuple):
    """A call that a burst sends until it is answered: its number, its slots, whether it is the last."""

    sequence: int
    slots: tuple[int, ...]
    is_last: bool


class Burst(NamedTuple):
    """One burst. `first` is None before it has heard of its turn, `stop` before it has heard of its end.

    `waiting` are slots that it has read; `heard_at` is the slot in which it was answered last.
    """

    number: int
    first: int | None = None
    stop: int | None = None
    waiting: tuple[int, ...] = ()
    unanswered: Put | None = None
    sequence: int = 0
    called_at: int = -1
    heard_at: int = -1
    has_claimed: bool = False
    is_over: bool = False

    @property
    def holder(self) -> str:
        """Return its token in the leases."""
        return f"00000000-0000-4000-9000-{self.number:012}"

    @property
    def is_polling(self) -> bool:
        """Say whether it reads what is its own."""
        return self.first is not None and not self.is_over

    @property
    def may_read(self) -> bool:
        """Say whether it has not said yet that it has stopped."""
        return self.is_polling and not (self.unanswered and self.unanswered.is_last)

    def reads(self, slot: int) -> bool:
        """Say whether it takes a slot for its own."""
        return (
            self.is_polling
            and self.first is not None
            and self.first <= slot
            and (self.stop is None or slot < self.stop)
        )

    def next_put(self, slot: int, *, is_ending: bool = False) -> Put:
        """Return what it sends: what was not answered, or else what it has read."""
        if self.unanswered:
            return self.unanswered
        is_last = is_ending or (self.stop is not None and slot >= self.stop - 1)
        return Put(self.sequence + 1, self.waiting, is_last)

    def sent(self, put: Put, slot: int) -> "Burst":
        """Return it behind a call that was not answered."""
        rest = tuple(one for one in self.waiting if one not in put.slots)
        return self._replace(waiting=rest, unanswered=put, sequence=put.sequence, called_at=slot)

    def answered(self, put: Put, answer: Any, group_id: int, slot: int) -> "Burst":
        """Return it behind an answer."""
        stop = answer["stops"].get(str(group_id))
        heard = self.sent(put, slot)._replace(unanswered=None, heard_at=slot)
        if put.is_last or group_id in answer["lost"]:
            return heard._replace(is_over=True)
        return heard._replace(stop=slot_of(stop) if self.stop is None and stop else self.stop)


class Turns(NamedTuple):
    """What was claimed and sent. `claimed`: the first slot of each turn and its burst, in order."""

    claimed: tuple[tuple[int, int], ...] = ()
    sent: frozenset[tuple[int, int]] = frozenset()
    counted: frozenset[tuple[int, int, int]] = frozenset()

    def with_turn(self, first: int, number: int) -> "Turns":
        """Return the turns behind a claim; one that is repeated in time changes none."""
        if (first, number) in self.claimed:
            return self
        if self.claimed and first < self.claimed[-1][0]:
            raise Broken(f"burst {number} was given slots from {first} on, which are those of {self.claimed}")
        return self._replace(claimed=(*self.claimed, (first, number)))

    def with_put(self, number: int, put: Put) -> "Turns":
        """Return the turns behind a call that took effect."""
        sent = self.sent | {(slot, number) for slot in put.slots}
        return self._replace(sent=sent, counted=self.counted | {(number, put.sequence, len(put.slots))})

    def owner(self, slot: int) -> int | None:
        """Return whose a slot is: of those that begin by then the one that claimed last."""
        return next((number for first, number in reversed(self.claimed) if first <= slot), None)

    def before(self, number: int) -> set[int]:
        """Return the bursts with turns that began before a burst's own."""
        begins = {by: first for first, by in self.claimed}
        return {by for by, first in begins.items() if first < begins[number]}

    def due(self) -> dict[int, int]:
        """Return whose sample each slot must have."""
        return {slot: number for slot, number in self.sent if self.owner(slot) == number}
