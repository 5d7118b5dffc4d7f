"""The calls of a burst to Supabase: tried again at the next flush, never for longer than a flush may take."""

import math
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from plantpulse.errors import PlantpulseError, StoreRefused, TransientError
from plantpulse.logs import log
from plantpulse.tags.asked import Asked, Asking
from plantpulse.tags.flushing import Batch, Complete, Flusher, Polled, lost_in
from plantpulse.tags.slots import SlotClock
from plantpulse.tags.usage import Usage

Json = Any
CALL_S: Final = (6.0, 12.0)  # the longest a flush may take, and one that is tried again
_SHORTEST_S: Final = 1.0
_REFUSALS: Final = 3  # in a row of each group, after which Supabase will not take the next call either


class Store(Protocol):
    """What a burst needs from Supabase."""

    def within(self, seconds_left: Callable[[], float]) -> AbstractContextManager[None]: ...
    def claim_tag_groups(
        self, claim: Mapping[str, Json], asking: Asking | None = None
    ) -> dict[str, Json]: ...
    def put_tag_samples(self, put: Mapping[str, Json]) -> dict[str, Json]: ...


@dataclass(slots=True, eq=False)
class Exchange:
    """Claims groups and sends samples; what the database says of its time sets the burst's clock.

    `gives_up_s` is when an end without an answer has to be put up with; None before the end.
    """

    plant: str
    store: Store
    clock: SlotClock
    flusher: Flusher
    monotonic: Callable[[], float] = time.monotonic
    gives_up_s: float | None = field(default=None, init=False)
    _usage: Usage = field(default_factory=Usage, init=False)
    _failed_at: datetime | None = field(default=None, init=False)
    _refusals: int = field(default=0, init=False)

    def claim(self, claim: Mapping[str, Json], within_s: float = math.inf) -> Mapping[str, Json]:
        """Return the answer to a claim. Raises: the store's errors."""
        asked = Asked(self.monotonic)
        until_s = asked.at_s + within_s
        with self.store.within(lambda: until_s - self.monotonic()):
            answer = self.store.claim_tag_groups(claim, asked.note)
        self._hear(answer, asked.at_s)
        return answer

    def send(
        self, polled: Collection[Polled], complete: Complete | None
    ) -> tuple[Batch, Mapping[str, Json]] | None:
        """Send what there is, or what was not answered; return it with the answer, None without one.

        A call that is refused is sent again, each group alone: `flusher.has_parts` until all were sent.
        Raises: the store's errors, when nothing can be told any more.
        """
        until_s = self.monotonic() + CALL_S[0]
        while True:
            answered = self._sent(polled, complete)
            is_next = self.flusher.has_parts and self._failed_at is None and self.monotonic() < until_s
            if answered or not is_next:
                return answered

    def _sent(
        self, polled: Collection[Polled], complete: Complete | None
    ) -> tuple[Batch, Mapping[str, Json]] | None:
        batch = self.flusher.next_batch(polled, self._usage.take(), complete)
        asked_s = self.monotonic()
        longest_s = self._longest_s()
        try:
            with self.store.within(lambda: asked_s + longest_s - self.monotonic()):
                answer = self.store.put_tag_samples(batch.body)
        except TransientError as error:
            self._note_outage(error, polled)
            return None
        except StoreRefused as error:
            self._note_refusal(error, batch, polled)
            return None
        except PlantpulseError:
            self._tell_lost(polled)
            raise
        self._hear(answer, asked_s)  # it is tried once
        self._note_answer()
        if lost := lost_in(answer):
            told = "samples are lost: their turn was over when they came, and nobody else has them"
            log("WARNING", told, plant=self.plant, samples=lost, groups=sorted(answer["dropped"]))
        return batch, answer

    @property
    def is_away(self) -> bool:
        """Say whether Supabase did not answer the last call."""
        return self._failed_at is not None

    def end_within(self, seconds: float) -> None:
        """Put up with an end without an answer after so many seconds, unless that is so already."""
        at_s = self.monotonic() + seconds
        self.gives_up_s = min(at_s, self.gives_up_s or at_s)

    def _hear(self, answer: Mapping[str, Json], asked_s: float) -> None:
        if "at" in answer:  # not if the edge runner answers for a Supabase that is away
            self.clock.hear(datetime.fromisoformat(answer["at"]), asked_s, self.monotonic())

    def _longest_s(self) -> float:
        longest_s = CALL_S[self._failed_at is not None]
        if self.gives_up_s is None:
            return longest_s
        return max(_SHORTEST_S, min(longest_s, self.gives_up_s - self.monotonic()))

    def _note_outage(self, error: PlantpulseError, polled: Collection[Polled]) -> None:
        """Tell once that samples wait. Raises: the error, if the burst has to end without an answer."""
        if self._failed_at is None:
            self._failed_at = self.clock.at(self.monotonic())
            log("WARNING", "samples wait: Supabase does not take them", plant=self.plant, error=str(error))
        if self.gives_up_s is not None and self.monotonic() >= self.gives_up_s:
            self._tell_lost(polled)
            raise error

    def _tell_lost(self, polled: Collection[Polled]) -> None:
        lost = self.flusher.waiting + sum(len(one.buffer) for one in polled)
        log("ERROR", "a burst ends without Supabase: samples are lost", plant=self.plant, samples=lost)

    def _note_refusal(self, error: PlantpulseError, batch: Batch, polled: Collection[Polled]) -> None:
        """Find out which group Supabase refuses, and drop what it will never take.

        Raises: the error, at the end or when no group at all is taken any more.
        """
        if self.flusher.take_apart(batch):
            log(
                "WARNING",
                "each group is sent alone: Supabase refused all",
                plant=self.plant,
                error=str(error),
            )
            return
        self._refusals += 1
        told = "samples are dropped: Supabase refused them"
        log("ERROR", told, plant=self.plant, groups=batch.groups, error=str(error))
        if self._refusals >= _REFUSALS * max(1, len(polled)) or batch.is_last:
            self._tell_lost(polled)
            raise error
        self.flusher.give_up(batch)

    def _note_answer(self) -> None:
        self._refusals = 0
        if self._failed_at is not None:
            log("INFO", "samples are taken again", plant=self.plant, since=self._failed_at)
            self._failed_at = None
