"""A burst in simulated time: what are threads in production are processes of the timeline here."""

import queue
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from plantpulse.tags.buffer import Buffer
from plantpulse.tags.burst import Burst
from plantpulse.tags.cycle import Cycle
from plantpulse.tags.line import Line
from plantpulse.tags.polling import Poller
from plantpulse.tags.rising import Rising
from plantpulse.tags.supervising import StartPoller
from plantpulse.tags.tag import Group
from plantpulse.tags.tally import Tally
from soak.boundaries import Boundaries
from soak.timeline import Died, Process

_GLANCE_S: Final = 1.0  # how often a thread that waits looks whether it was woken
_LEAST_S: Final = (
    0.001  # simulated time has no parts of a microsecond: what waits for less would wait for ever
)


class SimulatedPoller(Poller):
    """The thread of a group, which takes turns with everything else."""

    process: Process
    thread: threading.Thread | None = None

    def run(self) -> None:
        """Read slot after slot, until told to stop, or until the burst's process is gone."""
        self.thread = threading.current_thread()
        self.process.begin()
        try:
            super().run()
        except Died:
            return
        finally:
            self.process.end()


class SimulatedBurst(Burst):
    """A burst of the current process."""

    boundaries: Boundaries
    process: Process
    pollers: list[SimulatedPoller]

    def live_in(self, boundaries: Boundaries) -> "SimulatedBurst":
        """Take part in simulated time from now on."""
        self.boundaries, self.process, self.pollers = boundaries, boundaries.process(), []
        self._calls = _Calls(self)  # type: ignore[assignment] # what a burst needs of a queue
        return self

    def _maker(self, group: Group, buffer: Buffer, tally: Tally, read_s: float = 0.0) -> StartPoller:
        clock = self._exchange.clock

        def make(slot: datetime, rising: Rising) -> Poller:
            line = Line(group, self.devices, self.settings.connect_timeout_s, self.monotonic)
            cycle = Cycle(group, line, clock, buffer, tally, rising, self._tell_rise, self.monotonic)
            poller = SimulatedPoller(cycle, slot, self.monotonic, read_s=read_s)
            name = f"{self.process.name} poller {len(self.pollers)}"
            poller.process = Process(self.boundaries.timeline, name, lambda: None, parent=self.process)
            poller.pause = _pause_of(poller)
            poller.process.expect()
            self.pollers.append(poller)
            return poller

        return make


class _Calls:
    """What wakes a burst before its next flush, in simulated time."""

    def __init__(self, burst: SimulatedBurst) -> None:
        self._burst = burst
        self._told: list[str] = []

    def put(self, what: str) -> None:
        self._told.append(what)

    def get(self, timeout: float) -> str:
        """Wait for a while, or until somebody tells something. Raises: queue.Empty, Died."""
        left_s = max(_LEAST_S, timeout)
        while left_s > 0 and not self._told:
            self._burst.process.pause(min(left_s, _GLANCE_S))
            left_s -= _GLANCE_S
        for poller in self._burst.pollers:
            if poller.process.is_over and poller.thread:
                poller.thread.join()  # its last words are written in real time
        if self._told:
            return self._told.pop(0)
        raise queue.Empty


def _pause_of(poller: SimulatedPoller) -> Callable[[float], None]:
    def pause(seconds: float) -> None:
        until_s = poller.monotonic() + max(seconds, _LEAST_S)
        while not poller.wake.is_set() and (left_s := until_s - poller.monotonic()) > 0:
            poller.process.pause(max(_LEAST_S, min(left_s, _GLANCE_S)))
        poller.wake.clear()

    return pause


def bursts_in(boundaries: Boundaries, **slower: float) -> Callable[..., Burst]:
    """Return what makes the burst of a run; `slower` are times of it that nobody else sets."""

    simulated: Any = SimulatedBurst  # it takes what a burst takes

    def make(*arguments: Any, **named: Any) -> Burst:
        clocks = {"wall": boundaries.function_clock, "monotonic": boundaries.timeline.seconds}
        burst: SimulatedBurst = simulated(*arguments, **{**clocks, **slower, **named})
        boundaries.ledger.note_burst(boundaries.process().name, boundaries.now())
        return burst.live_in(boundaries)

    return make
