"""What a burst sends to Supabase: samples as arrays by position, and how each group does.

No request is made here. A call that was not answered is sent again as it was, under the same number: its
counts are then counted once.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from plantpulse.tags.buffer import Buffer, Sample
from plantpulse.tags.readings import Quality, Reading, storable
from plantpulse.tags.tag import Group, Tag
from plantpulse.tags.tally import Counts, Tally
from plantpulse.tags.unsent import ADDED
from plantpulse.tags.usage import Load

Json = Any
Complete = Callable[[Mapping[str, int]], Json]
MOST_VALUES: Final = 60_000  # in one call: about 0.5 MB, and a fifth of a second of the database
COUNTS: Final = ("samples", "good", "bad", "missed", "dropped")
_EXACT: Final = 2**53  # whole numbers that a 64-bit float has


class Polled(Protocol):
    """A group that is polled; `is_done`: nothing more comes of its thread."""

    @property
    def group(self) -> Group: ...
    @property
    def buffer(self) -> Buffer: ...
    @property
    def tally(self) -> Tally: ...
    @property
    def is_done(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Batch:
    """One call, which never changes: its samples by group and slot, and what is sent.

    `ended` are the groups whose last samples it has; `is_last` says that it completes the run.
    """

    samples: Mapping[tuple[int, datetime], tuple[Group, Sample]]
    ended: Sequence[int]
    is_last: bool
    body: Mapping[str, Json]

    @property
    def groups(self) -> Sequence[int]:
        """Return the groups that it tells of."""
        told = [state["g"] for state in self.body["states"]]
        return list(dict.fromkeys([*(group for group, _ in self.samples), *told, *self.ended]))


@dataclass(slots=True, eq=False)
class Flusher:
    """Makes the calls of one holder. `totals` are the counts of the burst so far."""

    holder: str
    plant: str
    lease_s: int
    most: int
    totals: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    _sequence: int = field(default=0, init=False)
    _unanswered: Batch | None = field(default=None, init=False)
    _again: list[tuple[Group, Sample]] = field(default_factory=list, init=False)
    _parts: list[Batch] = field(default_factory=list, init=False)
    _untold: dict[int, Counter[str]] = field(default_factory=dict, init=False)
    _lost: list[tuple[int, datetime]] = field(default_factory=list, init=False)

    def next_batch(self, polled: Collection[Polled], load: Load, complete: Complete | None = None) -> Batch:
        """Return the next call: the one that was not answered, if there is one.

        The call that leaves nothing more to send carries the completion.
        """
        if self._unanswered is None and self._parts:
            self._unanswered = self._parts.pop(0)
        if self._unanswered:
            return self._unanswered
        # In this order: what is done counts no more, and a count is not told before its sample.
        done = [one for one in polled if one.is_done]
        counts = {one.group.id: one.tally.take() for one in polled}
        fresh = list(self._drained(polled))
        states = list(self._states(polled, counts, load))
        self._add_samples([sample for _, sample in fresh])
        ended = sorted(one.group.id for one in done if not len(one.buffer))
        is_last = len(ended) == len(polled)
        self._unanswered = self._batch([*self._again, *fresh], states, ended, complete if is_last else None)
        self._again = []
        return self._unanswered

    def _batch(
        self,
        samples: Sequence[tuple[Group, Sample]],
        states: Sequence[Json],
        ended: Sequence[int],
        complete: Complete | None,
    ) -> Batch:
        self._sequence += 1
        body = {
            "holder": self.holder,
            "plant": self.plant,
            "most": self.most,
            "lease_s": self.lease_s,
            "sequence": self._sequence,
            "rows": [row_of(group, sample) for group, sample in samples],
            "states": states,
            "ended": ended,
            "completion": complete(dict(self.totals)) if complete else None,
            "is_final": True,
        }
        by_slot = {(group.id, sample.slot): (group, sample) for group, sample in samples}
        return Batch(by_slot, ended, complete is not None, body)

    def answered(self, batch: Batch, answer: Mapping[str, Json]) -> list[tuple[int, datetime]]:
        """Take an answer, and return the samples that are stored, as group and slot.

        What is refused and in nobody else's turn is lost; Supabase counts it for the group, as it is final.
        Of a group that has a sample refused none is returned: nobody knows which ones are stored.
        """
        self._unanswered = None
        later = {(int(group), datetime.fromisoformat(slot)) for group, slot in answer.get("later") or ()}
        self._again += [batch.samples[key] for key in batch.samples if key in later]
        refused = set(answer.get("refused") or ())
        self.totals["dropped"] += lost_in(answer)
        self._lost += [key for key in batch.samples if key not in later and key[0] in refused]
        return [key for key in batch.samples if key not in later and key[0] not in refused]

    def take_apart(self, batch: Batch) -> bool:
        """Send a call that was refused again, each group alone; False if it is no more than one group.

        An end of the run is then sent last, in a call of its own.
        """
        groups = batch.groups
        if len(groups) < 2 and not (batch.is_last and batch.samples):
            return False
        self._unanswered = None
        self._parts = [self._part(batch, group) for group in groups]
        return True

    def _part(self, batch: Batch, group: int) -> Batch:
        samples = [batch.samples[key] for key in batch.samples if key[0] == group]
        states = [state for state in batch.body["states"] if state["g"] == group]
        return self._batch(samples, states, [one for one in batch.ended if one == group], None)

    def give_up(self, batch: Batch) -> None:
        """Drop a call that Supabase will never take; what it had is counted as dropped, and told later."""
        self._unanswered = None
        self.totals["dropped"] += len(batch.samples)
        for group, _ in batch.samples:
            self._untold.setdefault(group, Counter())["dropped"] += 1
        for state in batch.body["states"]:
            self._untold.setdefault(state["g"], Counter()).update({name: state[name] for name in ADDED})
        self._lost += batch.samples

    @property
    def has_parts(self) -> bool:
        """Say whether parts of a call that was refused have to be sent yet."""
        return bool(self._parts)

    def take_lost(self) -> list[tuple[int, datetime]]:
        """Return the samples that were sent and will perhaps not be stored, as group and slot, once each."""
        lost, self._lost = self._lost, []
        return lost

    @property
    def has_waiting(self) -> bool:
        """Say whether a call was not answered, or has to be sent again in part."""
        return self._unanswered is not None or bool(self._again) or self.has_parts

    @property
    def waiting(self) -> int:
        """Return how many samples were taken out of the queues and are not stored yet, in whichever calls."""
        calls = [self._unanswered, *self._parts]
        return len(self._again) + sum(len(one.samples) for one in calls if one)

    def _drained(self, polled: Collection[Polled]) -> Iterator[tuple[Group, Sample]]:
        """Take samples out of the queues, the same share of each group."""
        wide = sum(len(one.group.tags) for one in polled if len(one.buffer))
        share = max(1, MOST_VALUES // max(1, wide))
        for one in polled:
            yield from one.buffer.drain(share)

    def _states(
        self, polled: Collection[Polled], counts: Mapping[int, Counts], load: Load
    ) -> Iterator[dict[str, Json]]:
        """Yield how the groups do, without those that wait for their first slot: another reads them yet."""
        for one in polled:
            dropped, told = one.buffer.take_dropped(), counts[one.group.id]
            self.totals["missed"] += told.missed
            self.totals["dropped"] += dropped
            if one.tally.has_begun:
                state = state_of(one, told, dropped, load)
                untold = self._untold.pop(one.group.id, Counter())
                yield state | {name: state[name] + untold[name] for name in ADDED}

    def _add_samples(self, samples: Sequence[Sample]) -> None:
        bad = sum(sample.quality is not Quality.GOOD for sample in samples)
        self.totals["samples"] += len(samples)
        self.totals["good"] += len(samples) - bad
        self.totals["bad"] += bad


def lost_in(answer: Mapping[str, Json]) -> int:
    """Return how many of the samples that were sent will never be stored."""
    return sum((answer.get("dropped") or {}).values())


def state_of(one: Polled, counts: Counts, dropped: int, load: Load) -> dict[str, Json]:
    """Return how a group does; `polls` went well. All three counts are what is new since the last call."""
    failure = counts.failure
    told: dict[str, Json] = {
        "g": one.group.id,
        "version": one.group.version,
        "state": "failing" if counts.is_failing else "polling",
        "polls": counts.polls,
        "errors": counts.errors + counts.missed,
        "error": failure and {"code": failure.code, "message": failure.message, "at": failure.at.isoformat()},
        "queue": len(one.buffer),
        "queue_highest": one.buffer.highest,
        "queue_limit": one.buffer.limit,
        "dropped": dropped,
        "jitter_ms": counts.jitter_ms,
        "read_ms": counts.read_ms,
        "cpu_percent": load.cpu_percent,
        "memory_mb": load.memory_mb,
    }
    # A rise may wait in the queue yet: the level is told together with its sample, or after it.
    if counts.level_slot and not len(one.buffer):
        told |= {"level": counts.level, "level_slot": counts.level_slot.isoformat()}
    return told


def row_of(group: Group, sample: Sample) -> dict[str, Json]:
    """Return one sample as arrays by position; what is not there is left out."""
    row: dict[str, Json] = {
        "g": group.id,
        "s": sample.slot.isoformat(),
        "b": int(sample.quality),
        "ms": sample.read_ms,
    }
    if sample.readings:
        row |= _columns(group.tags, sample.readings)
    if sample.is_doubtful:
        row["doubtful"] = True
    return row


def _columns(tags: Sequence[Tag], readings: Sequence[Reading]) -> dict[str, Json]:
    last = max(tag.position for tag in tags)
    values: list[Json] = [None] * last
    wide: list[Json] = [None] * last
    texts: dict[str, str] = {}
    qualities: dict[str, int] = {}
    for tag, reading in zip(tags, readings, strict=True):
        kept = storable(reading, is_wide=tag.is_wide)
        value = kept.value
        if kept.quality is not Quality.GOOD:
            qualities[str(tag.position)] = int(kept.quality)
        if isinstance(value, str):
            texts[str(tag.position)] = value
        elif value is not None:
            (wide if tag.is_wide else values)[tag.position - 1] = _short(value)
            if isinstance(value, int) and abs(value) > _EXACT:
                texts[str(tag.position)] = str(value)
    found = {"v": _unless_empty(values), "w": _unless_empty(wide), "t": texts, "q": qualities}
    return {name: column for name, column in found.items() if column}


def _unless_empty(numbers: Sequence[Json]) -> Sequence[Json]:
    """Return the numbers of an array; nothing if it has none, because an array of nulls takes room too."""
    return () if all(number is None for number in numbers) else numbers


def _short(value: bool | float) -> float:
    """Return a number that JSON writes in as few characters as it needs."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    return int(value) if isinstance(value, bool) else value
