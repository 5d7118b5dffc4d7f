"""Where a process meets the world: time passes, faults happen, and it may die.

Everything that is simulated goes through here, so that a step has one name in a seed and its replay.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from soak.draws import Draws
from soak.faults import Faults
from soak.ledger import Ledger
from soak.timeline import Process, Timeline

# What a fault costs in time: the whole patience of whoever waits, or a part of it.
_WAITED_OUT: Final = frozenset({"hangs", "lost", "delayed"})
_SLOW_S: Final = (1.0, 14.0)


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The boundaries of one simulated world."""

    timeline: Timeline
    draws: Draws
    faults: Faults
    ledger: Ledger

    def now(self) -> datetime:
        """Return the true time."""
        return self.timeline.now

    def process(self) -> Process:
        """Return the process whose turn it is."""
        return self.timeline.process()

    def function_clock(self) -> datetime:
        """Return what the current process believes to be the time."""
        return self.timeline.now + self.process().skew

    def sleep(self, seconds: float) -> None:
        """Let the current process sleep. Raises: Died."""
        self.process().pause(seconds)

    def jitter(self) -> float:
        """Return a number in [0, 1) for the current process."""
        return self.draws.share(self.process().step("jitter"))

    def cross(self, boundary: str, typical_s: float, patience_s: float) -> str | None:
        """Let the current process cross a boundary; return the fault that it meets, when it meets it.

        Raises: Died.
        """
        process = self.process()
        name = process.step(boundary)
        if self.faults.at("step", f"{name} step", self.now()):
            process.pause(typical_s * self.draws.share(f"{name} dies"))
            process.die()
        fault = self.faults.at(boundary, name, self.now())
        process.is_faulty = process.is_faulty or fault is not None
        spent_s = typical_s * (0.5 + self.draws.share(f"{name} takes"))
        if fault in _WAITED_OUT:
            spent_s = patience_s
        elif fault == "slow":
            spent_s = min(patience_s, self.draws.between(*_SLOW_S, f"{name} slow"))
        process.pause(spent_s)
        return fault
