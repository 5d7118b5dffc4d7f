"""Everything that the publishers ever had: what is served, and the oracle that judges what is stored.

A function of a seed and a plan of holes and flaws, and a cache. Days are made when they are asked for.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from devstack.energy.blocks import NEVER, Block, Value, block_of
from devstack.energy.catalogue import ENTRIES, WEEK_MINUTES, Entry, Truth
from devstack.energy.days import LocalDay, days_between, instant, local_day, midnight, seconds
from devstack.energy.faults import Plan
from devstack.energy.flaws import flawed, with_hole

_WEEK = timedelta(days=7)


class Published(NamedTuple):
    """What is published of an interval. A value of None is published as missing. `since` is when it came."""

    at: datetime
    minutes: int
    value: Decimal | None
    since: datetime


@dataclass(slots=True)
class Run:
    """Neighbouring intervals that are published: every value from `start` on, without a hole.

    `minutes` is the nominal length of an interval: 15, 30, 60, a day or a week.
    """

    start: int
    end: int
    minutes: int
    values: list[Value]


class Publisher:
    """All publishers under one seed, with one plan of what they get wrong."""

    def __init__(self, seed: int = 1, plan: Plan | None = None) -> None:
        self.plan = plan or Plan()
        self._seed = seed
        self._truth = Truth(seed)
        self._block: Callable[[str, date], Block | None] = lru_cache(maxsize=12_000)(self._make_block)

    def published(self, key: str, at: datetime, known_at: datetime) -> Published | None:
        """Return what is published by `known_at` of the interval at an instant; None if nothing is."""
        found = self.points(key, at, at + timedelta(seconds=1), known_at)
        return next(found, None)

    def points(self, key: str, start: datetime, until: datetime, known_at: datetime) -> Iterator[Published]:
        """Yield what is published by `known_at` of the intervals that overlap [start, until), in order."""
        for history in self.histories(key, start, until, known_at):
            yield history[-1]

    def history(self, key: str, at: datetime) -> list[Published]:
        """Return all that is ever published of the interval in which an instant lies, the earliest first."""
        return next(self.histories(key, at, at + timedelta(seconds=1)), [])

    def histories(
        self, key: str, start: datetime, until: datetime, known_at: datetime | None = None
    ) -> Iterator[list[Published]]:
        """Yield all that is ever published of each interval, or by `known_at`; leave out what is not."""
        known = NEVER - 1 if known_at is None else seconds(known_at)
        for _, block, first, last in self._overlapping(key, start, until):
            for number in range(first, last):
                past = [_published(block, number, *one) for one in block.history(number) if one[0] <= known]
                if past:
                    yield past

    def runs(self, key: str, start: datetime, until: datetime, known_at: datetime) -> list[Run]:
        """Return what is published by then of the intervals that overlap [start, until), in order."""
        runs: list[Run] = []
        for day, block, first, last in self._overlapping(key, start, until):
            values, are_known = block.known_at(seconds(known_at))
            minutes = ENTRIES[key].minutes_on(day)
            for begin, end in _stretches(are_known, first, last):
                at = block.start + begin * block.step
                if not runs or runs[-1].end != at or runs[-1].minutes != minutes:
                    runs.append(Run(at, at, minutes, []))
                runs[-1].values += values[begin:end]
                runs[-1].end = block.start + end * block.step
        return runs

    def _overlapping(
        self, key: str, start: datetime, until: datetime
    ) -> Iterator[tuple[date, Block, int, int]]:
        """Yield the days that overlap the span, and the first interval in it and behind it."""
        begin, end = seconds(start), seconds(until)
        for day in _days_of(ENTRIES[key], begin, end):
            block = self._block(key, day)
            if not block:
                continue
            first = max((begin - block.start) // block.step, 0)
            last = min(-((block.start - end) // block.step), len(block.first))
            if first < last:
                yield day, block, first, last

    def _make_block(self, key: str, day: date) -> Block | None:
        entry = ENTRIES[key]
        block = block_of(self._seed, self._truth, entry, _span_of(entry, day))
        if not block:
            return None
        for flaw in self.plan.flaws:
            if flaw.concerns(key):
                other = self._block(f"{entry.subject}/{entry.kind}/2", day) if flaw.is_of_auctions else None
                block = flawed(block, flaw, other)
        for hole in self.plan.holes:
            if hole.concerns(key):
                block = with_hole(block, hole)
        return block


def _days_of(entry: Entry, start: int, until: int) -> Iterator[date]:
    """Yield the days for which a series has blocks: each day, or each Monday."""
    if entry.minutes != WEEK_MINUTES:
        yield from days_between(entry.zone, start, until)
        return
    first = next(days_between(entry.zone, start, until), None)
    monday = first - timedelta(days=first.weekday()) if first else None
    while monday and midnight(entry.zone, monday) < until:
        yield monday
        monday += _WEEK


def _span_of(entry: Entry, day: date) -> LocalDay:
    if entry.minutes != WEEK_MINUTES:
        return local_day(entry.zone, day)
    return LocalDay(day, midnight(entry.zone, day), midnight(entry.zone, day + _WEEK))


def _stretches(are_known: Sequence[bool], first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield from where to where all is published."""
    if all(are_known[first:last]):
        yield first, last
        return
    begin = None
    for number in range(first, last + 1):
        is_known = number < last and are_known[number]
        if is_known and begin is None:
            begin = number
        elif not is_known and begin is not None:
            yield begin, number
            begin = None


def _published(block: Block, number: int, since: int, value: Value) -> Published:
    at = instant(block.start + number * block.step)
    return Published(at, block.step // 60, None if value is None else Decimal(value), instant(since))
