"""The slots that a poll writes besides its own: missed ones, and the newest ones again for late rows.

Pure. Slots are written newest first, in batches of a bounded number of snapshots. So the present never waits
for the past, and one commit stays below the statement time-out. The rest is left for the next run as one
range of slots. Writing a slot of that range again can only correct it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from plantpulse.live_pulse.snapshots import Figures, Snapshot
from plantpulse.schedules.slots import slot_at_or_before

CORRECTED_SLOTS: Final = 2
SNAPSHOTS_A_COMMIT: Final = 10_000


class HasSnapshots(Protocol):
    """A slot's snapshots, ready for the commit."""

    @property
    def snapshots(self) -> Sequence[Snapshot]: ...


SlotT = TypeVar("SlotT", bound=HasSnapshots)


class SlotRange(NamedTuple):
    """Slots from the oldest to the newest, both included."""

    oldest: datetime
    newest: datetime


class Coverage(NamedTuple):
    """What earlier runs have written.

    `snapshots_until`: the newest slot, None before the first. `left`: slots that they had no time for.
    `fingerprints`: of the newest stored slots, by slot. `seals`: of slots whose output the source had summed
    up, by slot. `safety_until`: how far safety events have been read, None before the first.
    """

    snapshots_until: datetime | None = None
    left: SlotRange | None = None
    fingerprints: Mapping[datetime, str] = {}
    safety_until: datetime | None = None
    seals: Mapping[datetime, str] = {}

    def is_written(self, at: datetime) -> bool:
        """Say whether earlier runs have reached the slot."""
        return self.snapshots_until is not None and at <= self.snapshots_until


class OlderSlots(NamedTuple):
    """The slots that a poll writes after its own, newest first, and how many are too old."""

    slots: Sequence[datetime]
    given_up: int


def parse_coverage(claimed: Mapping[str, Any]) -> Coverage:
    """Return what the answer to a claim says about earlier runs."""
    oldest, newest = _instant(claimed.get("catch_up_from")), _instant(claimed.get("catch_up_until"))
    fingerprints: Mapping[str, str] = claimed.get("fingerprints", {})
    seals: Mapping[str, str] = claimed.get("slot_seals") or {}
    return Coverage(
        snapshots_until=_instant(claimed.get("snapshots_until")),
        safety_until=_instant(claimed.get("safety_until")),
        left=SlotRange(oldest, newest) if oldest and newest else None,
        fingerprints={datetime.fromisoformat(slot): text for slot, text in fingerprints.items()},
        seals={datetime.fromisoformat(slot): text for slot, text in seals.items()},
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def recent_slots(slot: datetime, every: timedelta) -> list[datetime]:
    """Return the slots before this one for which the claim returns fingerprints."""
    return [slot - every * back for back in range(1, CORRECTED_SLOTS + 1)]


def older_slots(slot: datetime, coverage: Coverage, *, every: timedelta, longest: timedelta) -> OlderSlots:
    """Return the slots to write after `slot`: missed ones, and the last ones before them again.

    `longest`: how far back missed slots are caught up. Before a plant's first snapshot no slot was missed.
    """
    if coverage.snapshots_until is None:
        return OlderSlots((), 0)
    until = slot_at_or_before(coverage.snapshots_until, every)
    first_missed = until + every
    missed = set(_slots_down(slot - every, first_missed, every))
    # The claim returned the newest slots' fingerprints: a slot without one has no rows to correct.
    unwritten = {one for one in recent_slots(slot, every) if one not in coverage.fingerprints} - missed
    wanted = set(_slots_down(slot - every, until - every * (CORRECTED_SLOTS - 1), every)) - unwritten
    if coverage.left:
        left = set(_slots_down(slot_at_or_before(coverage.left.newest, every), coverage.left.oldest, every))
        wanted |= left
        missed |= left
    oldest = slot - longest
    timely = sorted((one for one in wanted if oldest <= one < slot), reverse=True)
    return OlderSlots(timely, sum(one < oldest for one in missed))


def batches(
    slot: datetime, older: Sequence[datetime], snapshots_a_slot: int, with_the_first: int = 0
) -> Iterator[list[datetime]]:
    """Return the slots in batches to read together: the poll's own first, then older ones, newest first.

    A batch has as many slots as one commit takes. The first one has at least `with_the_first` older slots,
    which are only checked again and mostly have nothing to commit.
    """
    slots = [slot, *older]
    size = slots_a_commit(snapshots_a_slot)
    first = max(size, 1 + with_the_first)
    yield slots[:first]
    for start in range(first, len(slots), size):
        yield slots[start : start + size]


def slots_a_commit(snapshots_a_slot: int) -> int:
    """Return how many slots fit into one commit, at least one."""
    return max(1, SNAPSHOTS_A_COMMIT // max(1, snapshots_a_slot))


def commits(slots: Sequence[SlotT]) -> Iterator[list[SlotT]]:
    """Return the slots in parts, one for each commit; without slots one empty part."""
    part: list[SlotT] = []
    for slot in slots:
        if part and sum(len(one.snapshots) for one in (*part, slot)) > SNAPSHOTS_A_COMMIT:
            yield part
            part = []
        part.append(slot)
    yield part


def range_of(slots: Sequence[datetime]) -> SlotRange | None:
    """Return the range of the slots; None without any."""
    return SlotRange(min(slots), max(slots)) if slots else None


def fingerprint(snapshots: Iterable[Snapshot | Figures]) -> str:
    """Return a text that is equal for equal output, target and downtime of all assets.

    Source: slot_fingerprints in the migrations, which computes the same from the stored rows.
    """
    parts = (
        f"{one.asset_id}:{_scaled(one.output_actual)}:{_scaled(one.slot_output)}:"
        f"{_scaled(one.output_target)}:{_scaled(one.downtime_minutes)}"
        for one in sorted(snapshots, key=lambda one: one.asset_id)
    )
    return sha256(",".join(parts).encode()).hexdigest()


# Most numbers are few and small: units of a slot, minutes of a stop, the targets of some shifts.
@lru_cache(maxsize=4_096)
def _scaled(number: float | None) -> str:
    return "-" if number is None else str(round(number * 10_000))


def _slots_down(newest: datetime, oldest: datetime, every: timedelta) -> Iterator[datetime]:
    while newest >= oldest:
        yield newest
        newest -= every
