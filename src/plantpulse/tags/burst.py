"""A burst: the groups of one plant are polled until another burst relieves this one.

The lease of a group names its successor and the successor's first slot. The holder hears that at a flush, and
stops before that slot. It also hears there that somebody has changed a group: it claims that anew, and polls
it as it was until the claim is answered. The truth about leases is in Postgres (`claim_tag_groups`,
`put_tag_samples`).
"""

import math
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import FrameType
from typing import Any, Final

from plantpulse.errors import PlantpulseError
from plantpulse.logs import log
from plantpulse.runs import utc_now
from plantpulse.settings.tags import TagsSettings
from plantpulse.tags.buffer import Buffer, limit_of
from plantpulse.tags.cycle import Cycle
from plantpulse.tags.exchange import CALL_S, Exchange, Store
from plantpulse.tags.flushing import Batch, Complete, Flusher
from plantpulse.tags.line import Devices, Line
from plantpulse.tags.polling import Poller
from plantpulse.tags.rising import Rising
from plantpulse.tags.slots import SlotClock
from plantpulse.tags.supervising import Renewal, StartPoller, Station
from plantpulse.tags.tag import Group, RunsOn
from plantpulse.tags.tally import Tally

Json = Any
FLUSH_S: Final = 2.0
LEAD_S: Final = 5.0  # a successor begins so long after its claim: the holder hears of it at a flush before
LEASE_S: Final = 30
MOST_GROUPS: Final = 10
STOPPING_S: Final = 4.5  # a burst that is told to stop has ended by then
ENDING_S: Final = 30.0  # for an end that Supabase does not answer
_BRISK_S: Final = 0.2  # between two flushes while threads end, or a machine waits


@dataclass(frozen=True, slots=True)
class Ended:
    """What a burst did: its counts, the groups that it polled, and those that it was refused, with reasons.

    `run` is the answer to the completion of the run, None without one.
    """

    counts: Mapping[str, int]
    groups: Sequence[str]
    refused: Mapping[str, str]
    run: Mapping[str, Json] | None = None


@dataclass(slots=True, eq=False)
class Burst:
    """Polls what it can claim. `holder` is its token in the leases.

    It ends when it is relieved of all groups, at `ends_after_s` (None: never), or when told to `stop`. While
    samples wait for a Supabase that is away it goes on, until `waits_until_s`.
    It claims all groups, with `is_free_only` those that nobody polls.
    """

    plant: str
    holder: str
    store: Store
    devices: Devices
    settings: TagsSettings
    runner: RunsOn = "cloud"
    ends_after_s: float | None = None
    waits_until_s: float = 0.0
    is_free_only: bool = False
    flush_s: float = FLUSH_S
    lead_s: float = LEAD_S
    wall: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    _exchange: Exchange = field(init=False)
    _began_s: float = field(init=False)
    _flushed_s: float = field(init=False)
    _stations: dict[int, Station] = field(default_factory=dict, init=False)
    _calls: "queue.SimpleQueue[str]" = field(default_factory=queue.SimpleQueue, init=False)
    _groups: dict[str, None] = field(default_factory=dict, init=False)
    _refused: dict[str, str] = field(default_factory=dict, init=False)
    _changed: set[int] = field(default_factory=set, init=False)  # groups that are polled as they were
    # Nobody polls some groups. Until a claim is answered, this burst may have their leases.
    _has_unclaimed: bool = field(default=False, init=False)
    _has_told_of_claim: bool = field(default=False, init=False)
    _is_asked_to_stop: bool = field(default=False, init=False)
    _run: Mapping[str, Json] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._began_s = self._flushed_s = self.monotonic()
        flusher = Flusher(self.holder, self.plant, LEASE_S, MOST_GROUPS)
        clock = SlotClock(self.wall(), self._began_s)
        self._exchange = Exchange(self.plant, self.store, clock, flusher, self.monotonic)

    def run(self, complete: Complete | None = None) -> Ended:
        """Poll until the end; the last flush ends the run with what `complete` makes of the counts.

        Raises: the store's errors, if groups cannot be claimed or the end cannot be told.
        """
        try:
            self._claim()
            while self._is_going_on(complete):
                if self._stations or self._exchange.flusher.has_waiting:
                    self._wait()
                self._look()
                self._flush(complete if self._run is None else None)
        finally:
            for station in self._stations.values():
                station.abandon()
        return self.ended()

    def ended(self) -> Ended:
        """Return what the burst did, so far."""
        return Ended(dict(self._exchange.flusher.totals), list(self._groups), dict(self._refused), self._run)

    def stop(self) -> None:
        """End the burst within five seconds; cycles that are under way are completed. For signals too."""
        self._is_asked_to_stop = True
        self._calls.put("stop")

    def _is_going_on(self, complete: Complete | None) -> bool:
        is_told = complete is None or self._run is not None
        return bool(self._stations) or self._exchange.flusher.has_waiting or not is_told

    def _claim(self, within_s: float = math.inf) -> None:
        """Claim groups; begin to poll those that are new, and go on with those that are changed.

        What is changed and not for bursts any more ends. Raises: the store's errors.
        """
        answer = self._exchange.claim(
            {
                "holder": self.holder,
                "plant": self.plant,
                "runner": self.runner,
                "lease_s": LEASE_S,
                "lead_s": self.lead_s,
                "most": MOST_GROUPS,
                "is_free_only": self.is_free_only,
            },
            within_s,
        )
        self._refused = {one["name"]: one["reason"] for one in answer["refused"]}
        for row in answer["groups"]:
            group, first_slot = Group.of(row), datetime.fromisoformat(row["first_slot"])
            self._groups[group.name] = None
            if group.id not in self._stations:
                self._begin(
                    group, first_slot, (row.get("read_ms") or 0) / 1000, is_learning=bool(row.get("priming"))
                )
            elif group.version != self._stations[group.id].group.version:
                self._renew(self._stations[group.id], group, first_slot)
        for group_id in self._changed - {row["id"] for row in answer["groups"]}:
            self._stations[group_id].stop()
        self._changed, self._has_unclaimed, self._has_told_of_claim = set(), False, False

    def _begin(self, group: Group, first_slot: datetime, read_s: float, *, is_learning: bool) -> None:
        buffer, tally = Buffer(self._limit_of(group), self.monotonic), Tally(group)
        rising = Rising(group.acknowledge_tag is not None, is_learning=is_learning)
        make = self._maker(group, buffer, tally, read_s)
        station = self._stations[group.id] = Station(group, buffer, tally, first_slot, make, rising)
        station.start()

    def _renew(self, station: Station, group: Group, first_slot: datetime) -> None:
        make = self._maker(group, station.buffer, station.tally)
        station.renew(Renewal(group, self._limit_of(group), first_slot, make))

    def _limit_of(self, group: Group) -> int:
        return limit_of(self.settings.buffer_s, group.interval, len(group.tags))

    def _maker(self, group: Group, buffer: Buffer, tally: Tally, read_s: float = 0.0) -> StartPoller:
        clock = self._exchange.clock

        def make(slot: datetime, rising: Rising) -> Poller:
            line = Line(group, self.devices, self.settings.connect_timeout_s, self.monotonic)
            cycle = Cycle(group, line, clock, buffer, tally, rising, self._tell_rise, self.monotonic)
            return Poller(cycle, slot, self.monotonic, read_s=read_s)

        return make

    def _tell_rise(self) -> None:
        self._calls.put("rise")

    def _wait(self) -> None:
        """Wait for the next flush: on a grid of its own, so that no delay adds up; sooner if asked."""
        begun_s = self._flushed_s
        is_ending = self._exchange.gives_up_s is not None
        is_changing = any(station.is_changing for station in self._stations.values())
        is_brisk = is_ending or (is_changing and not self._exchange.flusher.has_waiting)
        due_s = begun_s + (_BRISK_S if is_brisk else self._until_flush_s())
        while (left_s := due_s - self.monotonic()) > 0:
            try:
                self._calls.get(timeout=left_s)
            except queue.Empty:
                break
            due_s = min(due_s, begun_s + _BRISK_S)
        self._flushed_s = self.monotonic()

    def _until_flush_s(self) -> float:
        left_s = self.flush_s - (self._flushed_s - self._began_s) % self.flush_s
        return left_s if left_s > self.flush_s / 4 else left_s + self.flush_s

    def _look(self) -> None:
        """See to the threads, and end the burst when its time is up."""
        now_s = self.monotonic()
        is_to_wait = self._has_samples_waiting and now_s - self._began_s < self.waits_until_s
        if self._is_asked_to_stop:
            self._stop_all(STOPPING_S)
        elif self.ends_after_s is not None and now_s - self._began_s >= self.ends_after_s and not is_to_wait:
            self._stop_all(ENDING_S)
        for station in self._stations.values():
            station.look(self._exchange.clock.at(now_s), now_s)
        if is_to_wait and not self._is_asked_to_stop:
            self._exchange.gives_up_s = None  # an end that had begun before the outage did
        elif all(station.is_done for station in self._stations.values()):
            self._exchange.end_within(ENDING_S)

    def _stop_all(self, within_s: float) -> None:
        self._exchange.end_within(within_s)
        for station in self._stations.values():
            station.stop()

    def _flush(self, complete: Complete | None) -> None:
        """Send what there is, and what waits from an outage in calls of a bounded size."""
        is_heard = False
        while answered := self._exchange.send(list(self._stations.values()), complete):
            is_heard = True
            self._hear(*answered)
            if answered[0].is_last or not (self._has_backlog or self._exchange.flusher.has_parts):
                break
        for group, slot in self._exchange.flusher.take_lost():
            if station := self._stations.get(group):
                station.lose(slot)
        if is_heard and self._run is None:
            self._claim_again()

    @property
    def _has_samples_waiting(self) -> bool:
        """Say whether samples wait for a Supabase that is away."""
        waiting = self._exchange.flusher.waiting + sum(len(one.buffer) for one in self._stations.values())
        return self._exchange.is_away and waiting > 0

    @property
    def _has_backlog(self) -> bool:
        return any(len(station.buffer) > station.buffer.limit // 10 for station in self._stations.values())

    def _hear(self, batch: Batch, answer: Mapping[str, Json]) -> None:
        """Take what the answer says: samples that are stored, groups to stop, groups to begin."""
        self._changed |= self._stations.keys() & set(answer.get("changed", ()))
        for group, slot in self._exchange.flusher.answered(batch, answer):
            station = self._stations.get(group)
            if station and group not in self._changed:  # its acknowledge tag may be another one by now
                station.confirm(slot)
        for group in batch.ended:
            self._stations.pop(group, None)
            self._changed.discard(group)
        for group in answer.get("alone", ()):
            if station := self._stations.get(group):
                station.go_alone()
        self._stop_as_told(answer)
        self._has_unclaimed = self._has_unclaimed or bool(answer["unclaimed"])
        if batch.is_last:
            self._run = answer["run"]

    def _stop_as_told(self, answer: Mapping[str, Json]) -> None:
        """Stop groups that another burst reads next, that are stopped, or not ours any more."""
        stops = {int(group): datetime.fromisoformat(slot) for group, slot in answer["stops"].items()}
        at_once = {*answer["inactive"], *answer["lost"]}
        for group, station in self._stations.items():
            if group in stops:
                station.stop_before(stops[group])
            if group in at_once:
                station.stop()

    def _claim_again(self) -> None:
        """Claim groups that somebody has changed, and those that nobody polls.

        A burst on its way out leaves that to its successor. What fails is tried again at the next flush that
        is answered.
        """
        is_leaving = any(station.is_stopping for station in self._stations.values())
        if not (self._changed or self._has_unclaimed) or is_leaving or self._exchange.gives_up_s is not None:
            return
        try:
            self._claim(CALL_S[0])
        except PlantpulseError as error:
            if not self._has_told_of_claim:
                told = "changed and new groups wait: they cannot be claimed"
                log("WARNING", told, plant=self.plant, error=str(error))
            self._has_told_of_claim = True


@contextmanager
def stopping_on_sigterm(burst: Burst) -> Iterator[None]:
    """Stop the burst when the process is told to end; only a process's main thread can hear that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        burst.stop()
        if callable(before):
            before(number, frame)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
