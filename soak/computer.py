"""A computer in a plant that polls machines: its power, its clock, its disk, and what keeps its runner going.

It is on for a part of each day. A runner that is over is started again after ten seconds, as systemd would.
What it went through is kept here, for the checks. Nothing here imports `plantpulse`.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from soak.boundaries import Boundaries
from soak.ledger import Broken
from soak.timeline import Process

_AGAIN_S: Final = 10.0
_OFF_S: Final = (60.0, 600.0)  # a power cut; longer than anything that a process of before waits for
_MOMENT: Final = timedelta(minutes=10)
_ENDS_WITHIN_S: Final = 20.0  # after it was told to: a claim, or five seconds, and what a glance takes here
_YEARS: Final = timedelta(days=20_000)
_SKEW_S: Final = (1.0, 2_000.0)

Stop = Callable[[], None]


@dataclass(slots=True)
class Boot:
    """The time from a start of the computer to the next. `skew` is how wrong its clock was at first."""

    number: int
    at: datetime
    skew: timedelta
    cut_at: datetime | None = None


@dataclass(slots=True)
class Runner:
    """A process that polls: when it was over, and whether it died."""

    name: str
    boot: Boot
    at: datetime
    process: Process
    stop: Stop | None = None
    over_at: datetime | None = None
    is_told: bool = False  # to end

    @property
    def is_dead(self) -> bool:
        return self.process.is_dead


@dataclass(slots=True)
class Computer:
    """One computer. `run` is what a runner does: it is given how to say what stops it."""

    plant: str
    boundaries: Boundaries
    folder: Path
    run: Callable[["Computer", Runner], None]
    boots: list[Boot] = field(default_factory=list)
    runners: list[Runner] = field(default_factory=list)
    full_at: list[datetime] = field(default_factory=list)  # when its disk took nothing
    kept_at: dict[str, datetime] = field(default_factory=dict)  # when it took something last, by runner
    _is_on: bool = False

    def work(self, begin: datetime, end: datetime) -> None:
        """Be on from one time to another."""
        timeline, at = self.boundaries.timeline, begin + _MOMENT
        timeline.at(begin, self._power_on)
        while at < end - _MOMENT:
            timeline.at(at, self._live)
            at += _MOMENT
        timeline.at(end, self._shut_down)

    def runner_of(self, process: str) -> Runner:
        """Return the runner with a name."""
        return next(one for one in self.runners if one.name == process)

    def kept(self) -> Iterator[dict[str, Any]]:
        """Yield the rows that are on the disk."""
        for path in sorted(self.folder.glob("*/*.rows")):
            for line in path.read_bytes().splitlines():
                try:
                    rows = json.loads(line.split(b" ", 2)[2])
                except (IndexError, ValueError):
                    continue  # cut off
                yield from rows

    @property
    def uptime_s(self) -> float:
        """Return the seconds since the last start."""
        return (self.boundaries.now() - self.boots[-1].at).total_seconds()

    def _power_on(self) -> None:
        now = self.boundaries.now()
        self.boots.append(Boot(len(self.boots), now, self._skew(now)))
        self._is_on = True
        self._start(self.boots[-1].skew)

    def _skew(self, now: datetime) -> timedelta:
        name, draws = f"{self.plant} boot {len(self.boots)}", self.boundaries.draws
        seconds = timedelta(seconds=draws.between(*_SKEW_S, f"{name} skew"))
        match self.boundaries.faults.at("boot", name, now):
            case "ahead":
                return seconds
            case "behind":
                return -seconds
            case "years behind":
                return seconds - _YEARS
        return timedelta(seconds=draws.between(-0.2, 0.2, f"{name} skew"))

    def _start(self, skew: timedelta) -> None:
        name, timeline = f"edge {self.plant} {len(self.runners)}", self.boundaries.timeline

        def work() -> None:
            try:
                self.run(self, runner)
            finally:
                runner.over_at = timeline.now
                if self._is_on and runner.boot is self.boots[-1]:
                    timeline.after(_AGAIN_S, lambda: self._start_again(runner))

        process = Process(timeline, name, work)
        process.skew = skew
        runner = Runner(name, self.boots[-1], timeline.now, process)
        self.runners.append(runner)
        process.start()

    def _start_again(self, before: Runner) -> None:
        if self._is_on and before.boot is self.boots[-1]:
            self._start(before.process.skew)

    def _live(self) -> None:
        """Have something happen, or nothing."""
        now = self.boundaries.now()
        if not self._is_on:
            return
        match self.boundaries.faults.at("computer", f"{self.plant} {now:%Y-%m-%dT%H:%M}", now):
            case "reboots":
                self._cut_power(now)
            case str() as kind:
                for one in self._alive()[:1]:
                    self._meet(kind, one)

    def _meet(self, kind: str, runner: Runner) -> None:
        match kind:
            case "killed":
                runner.process.is_dead = True
            case "restarted":
                self._tell(runner)
            case "second" if len(self._alive()) == 1:
                self._start(runner.process.skew)
            case "clock is set":
                runner.process.skew = timedelta()

    def _cut_power(self, now: datetime) -> None:
        self._is_on, self.boots[-1].cut_at = False, now
        for one in self._alive():
            one.process.is_dead = True
        off_s = self.boundaries.draws.between(*_OFF_S, f"{self.plant} boot {len(self.boots)} is off")
        self.boundaries.timeline.after(off_s, self._power_on)

    def _shut_down(self) -> None:
        self._is_on = False
        self.boots[-1].cut_at = self.boots[-1].cut_at or self.boundaries.now()
        for one in self._alive():
            self._tell(one)

    def _tell(self, runner: Runner) -> None:
        if runner.stop:
            runner.is_told = True
            runner.stop()
            self.boundaries.timeline.after(_ENDS_WITHIN_S, lambda: self._require_over(runner))

    def _require_over(self, runner: Runner) -> None:
        if runner.over_at is None and not runner.is_dead:
            raise Broken(f"{runner.name} was told to end {_ENDS_WITHIN_S} s ago, and goes on")

    def _alive(self) -> list[Runner]:
        return [one for one in self.runners if one.over_at is None and not one.is_dead]
