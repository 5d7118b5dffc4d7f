"""Fetches from several publishers side by side, and stores what they answer, reply by reply.

One thread for each publisher, because their APIs take the time; this thread alone talks to Supabase. What one
publisher does to its thread does nothing to the others.
"""

import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from plantpulse.errors import (
    InternalError,
    InvalidRequest,
    OutOfTime,
    PlantpulseError,
    PublisherBusy,
    PublisherRefused,
    StoreRefused,
    TransientError,
    UnreadableReply,
)
from plantpulse.logs import log
from plantpulse.runs import Json, Run, require_fence
from plantpulse.series.anomalies import Collected as Measured
from plantpulse.series.batches import Commit, failed_batch, failed_collection, parts_of
from plantpulse.series.judging import judged
from plantpulse.series.publisher import Ask, Failure, Reply, Source
from plantpulse.series.storing import count_points, store_apart
from plantpulse.settings import SeriesSettings

MOST_POINTS: Final = 40_000  # in one call to Supabase: about half a second
# One reply may have more (generation of all types in 92 days), and Supabase refuses 200,000 in one call.
LARGEST_CALL: Final = 150_000
_WAITING: Final = 4  # replies that wait for Supabase; a year of a quarter-hour is 35,040 points
MOST_TOLD: Final = 5  # doubts of one reply that are told
_LOOK_S: Final = 1.0  # how often the time left is looked at
_IN_A_ROW: Final = 2  # failures of one publisher after which it is left alone for the run


class OpenSources(Protocol):
    """Opens the publishers that are asked, by name, for one run."""

    def __call__(
        self,
        settings: SeriesSettings,
        /,
        *,
        seconds_left: Callable[[], float],
        clock: Callable[[], datetime],
    ) -> AbstractContextManager[Mapping[str, Source]]: ...


class Store(Protocol):
    """What collecting needs from Supabase."""

    def commit_series(self, fence: str, commit: Mapping[str, Json]) -> dict[str, Json]: ...


@dataclass(frozen=True, slots=True)
class _Answered:
    """A question was answered to its end."""

    ask: Ask


@dataclass(frozen=True, slots=True)
class _Done:
    """A publisher was asked everything."""

    source: str


_Event = Reply | Failure | _Answered | _Done


@dataclass(slots=True)
class Collected:
    """What came of the questions."""

    replies: int = 0
    failures: list[Failure] = field(default_factory=list)
    unfinished: list[Ask] = field(default_factory=list)

    @property
    def failed(self) -> set[Ask]:
        """Return the questions without an answer."""
        return {one.ask for one in self.failures} | set(self.unfinished)


@dataclass(slots=True)
class Collecting:
    """The collecting of one run.

    `reserved_s` is the time that the run needs afterwards, beyond its last commit. `commit` is what is stored
    next, `measured` what each reply brought, `refused` what cannot be stored.
    """

    run: Run
    settings: SeriesSettings
    store: Store
    now: Callable[[], datetime]
    reserved_s: float = 0.0
    commit: Commit = field(default_factory=Commit)
    measured: list[tuple[Ask, Measured]] = field(default_factory=list)
    refused: list[Failure] = field(default_factory=list)

    def seconds_left(self) -> float:
        """Return the time that is left for the publishers."""
        return self.run.budget.seconds_left_to_read() - self.reserved_s

    def collect(self, asks: Sequence[Ask], sources: Mapping[str, Source]) -> Collected:
        """Ask everything, and store what comes; the rest of it stands in `commit` for the end of the run.

        Raises: the store's errors, and nothing that a publisher does.
        """
        collected = Collected()
        waiting: queue.Queue[_Event] = queue.Queue(_WAITING)
        is_over = threading.Event()
        try:
            started = self._start(asks, sources, waiting, is_over)
            for event in self._events(waiting, started, collected, asks):
                self._take(event, collected)
                self.run.progress.reach(collected.replies, "reply" if collected.replies == 1 else "replies")
        finally:
            is_over.set()
        return collected

    def _start(
        self,
        asks: Sequence[Ask],
        sources: Mapping[str, Source],
        waiting: "queue.Queue[_Event]",
        is_over: threading.Event,
    ) -> int:
        by_source: dict[str, list[Ask]] = defaultdict(list)
        for ask in asks:
            by_source[ask.source].append(ask)
        for name, own in by_source.items():
            asking = _Asking(sources[name], own, waiting, is_over, self.now)
            threading.Thread(target=asking.run, name=f"series-{name}", daemon=True).start()
        return len(by_source)

    def _events(
        self, waiting: "queue.Queue[_Event]", started: int, collected: Collected, asks: Sequence[Ask]
    ) -> Iterator[Reply | Failure]:
        """Yield what happens until every publisher is done, or the time is up."""
        answered: set[Ask] = set()
        while started:
            left_s = self.seconds_left()
            try:
                event = waiting.get(timeout=min(left_s, _LOOK_S)) if left_s > 0 else waiting.get_nowait()
            except queue.Empty:
                if left_s > 0:
                    continue
                break
            started -= isinstance(event, _Done)
            if isinstance(event, Failure | _Answered):
                answered.add(event.ask)
            if isinstance(event, Reply | Failure):
                yield event
        collected.unfinished = [ask for ask in asks if ask not in answered]

    def _take(self, event: Reply | Failure, collected: Collected) -> None:
        if isinstance(event, Failure):
            collected.failures.append(event)
            self._note_failure(event)
            return
        collected.replies += 1
        self._note_unread(event)
        points = sum(len(block.values) for block in event.blocks)
        self.measured.append((event.asked, Measured(event.received_at, points, float(event.api_ms))))
        gated = judged(event, self.settings.gate, self.now())
        if self.run.plan.is_dry_run:
            self.run.progress.count("points_read", points)
            self.run.progress.count("points_flagged", sum(len(flag.points) for flag in gated.flags))
            return
        for part in parts_of(event, gated, LARGEST_CALL):
            if self.commit.points + part.points > LARGEST_CALL:
                self.store_rest()
            self.commit.take(part, self.run.plan.pipeline)
        if self.commit.points >= MOST_POINTS:
            self.store_rest()

    def _note_unread(self, reply: Reply) -> None:
        """Count what a reply has that says nothing sure, and tell of it once for each reason."""
        self.run.progress.count("values_unread", len(reply.unread))
        for series, reason in sorted({(one.series, one.reason) for one in reply.unread})[:MOST_TOLD]:
            self.run.progress.warn("values_unread", f"{series}: {reason}")

    def _note_failure(self, failure: Failure) -> None:
        ask, error = failure.ask, failure.error
        named = f"{ask.kind} of {ask.subject} from {ask.source}"
        log("WARNING", f"{named} failed", code=error.code, error=str(error))
        self.commit.collections.append(failed_collection(failure, self.run.plan.pipeline))
        if not failure.is_not_asked:
            self.run.progress.warn(error.code, f"{named}: {error}")
        if isinstance(error, UnreadableReply | StoreRefused):
            self.commit.failed.append(failed_batch(failure))

    def store_rest(self) -> None:
        """Store what was collected so far. Raises: the store's errors; FenceRefused."""
        if self.run.plan.is_dry_run or self.commit.is_empty:
            self.commit.clear()  # ten years that are only looked at must not stay in memory
            return
        answer = self.write(None)
        self.commit.clear()
        count_points(self.run, answer)

    def write(self, completion: Callable[[], Mapping[str, Json]] | None) -> Mapping[str, Json]:
        """Send the commit, and return the answer; replies that cannot be stored are taken out of it.

        `completion` ends the run; it is asked for again when replies were taken out.
        Raises: the store's errors; FenceRefused.
        """
        with self.run.progress.timed("store"):
            try:
                return self._sent(completion)
            except StoreRefused:
                if not self.commit.taken:
                    raise
                for failure in store_apart(self.run, self.store, self.commit, self.now()):
                    self.refused.append(failure)
                    self._note_failure(failure)
                return self._sent(completion)

    def _sent(self, completion: Callable[[], Mapping[str, Json]] | None) -> Mapping[str, Json]:
        commit = self.commit.as_json(completion() if completion else None)
        return require_fence(self.store.commit_series(self.run.fence, commit))

    def is_refused(self, ask: Ask) -> bool:
        """Say whether Supabase refused a reply to a question, or to a part of it."""
        return any(
            (one.ask.source, one.ask.kind, one.ask.subject) == (ask.source, ask.kind, ask.subject)
            and one.ask.span.start < ask.span.until
            and one.ask.span.until > ask.span.start
            for one in self.refused
        )


@dataclass(slots=True)
class _Asking:
    """The thread of one publisher."""

    source: Source
    asks: Sequence[Ask]
    waiting: "queue.Queue[_Event]"
    is_over: threading.Event
    now: Callable[[], datetime]

    def run(self) -> None:
        """Ask one question after another; whatever happens, the end is told.

        Without time for another request nothing more is asked: what is left is unfinished, and no failure.
        """
        in_a_row = 0
        last: PlantpulseError | None = None
        for ask in self.asks:
            if last is not None and (in_a_row >= _IN_A_ROW or isinstance(last, PublisherBusy)):
                self._tell(Failure(ask, last, self.now(), is_not_asked=True))
                continue
            last = self._ask(ask)
            if isinstance(last, OutOfTime) or self.is_over.is_set():
                break
            in_a_row = in_a_row + 1 if last and not is_of_question(last) else 0
        self._tell(_Done(self.source.name))

    def _ask(self, ask: Ask) -> PlantpulseError | None:
        try:
            for reply in self.source.collect(ask):
                self._tell(reply)
                if self.is_over.is_set():
                    return None
            self._tell(_Answered(ask))
        except OutOfTime as error:
            return error
        except PlantpulseError as error:
            self._tell(Failure(ask, error, self.now()))
            return error
        except Exception as error:
            if self.is_over.is_set():  # the run has closed the connection
                return None
            log("ERROR", "a publisher's reply broke its reader", source=ask.source, error=repr(error))
            wrapped = InternalError(f"reading {ask.kind} of {ask.subject} failed: {type(error).__name__}")
            self._tell(Failure(ask, wrapped, self.now()))
            return wrapped
        return None

    def _tell(self, event: _Event) -> None:
        """Hand an event over; one that nobody waits for any more is dropped."""
        while not self.is_over.is_set():
            try:
                self.waiting.put(event, timeout=1.0)
            except queue.Full:
                continue
            return


def is_of_question(error: PlantpulseError) -> bool:
    """Say whether an error is about one question alone, so that the publisher may be asked the next one."""
    if isinstance(error, PublisherRefused):
        return error.is_of_question
    return isinstance(error, UnreadableReply | InvalidRequest | InternalError)


def outcome_of(collected: Collected, asks: Sequence[Ask]) -> PlantpulseError | None:
    """Return the error of a run in which nothing went well: the one that another try may mend, if any."""
    if not asks or collected.replies:
        return None
    errors = [one.error for one in collected.failures if not one.is_not_asked]
    if not errors:
        return OutOfTime("the time was up before any question was answered") if collected.unfinished else None
    return next((error for error in errors if isinstance(error, TransientError)), errors[0])
