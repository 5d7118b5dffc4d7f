"""Simulated time: what is due when, and processes that run one at a time and wait without waiting.

A process is a thread that has the turn until it pauses; so the order of everything follows from the times
alone, and a seed replays exactly. No process notices that the others exist, except by what they did.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heappop, heappush

Action = Callable[[], None]


class Died(BaseException):
    """The process is gone: nothing that it would still do has an effect."""


class Process:
    """One call of a function, from its delivery to its answer or its death.

    `skew` is how wrong its clock is. `is_faulty`: something went wrong at one of its boundaries. It is gone
    with its `parent`, if it is a thread of that.
    """

    def __init__(
        self, timeline: "Timeline", name: str, work: Action, parent: "Process | None" = None
    ) -> None:
        self.name = name
        self.parent = parent
        self.skew = timedelta()
        self.is_dead = False
        self.is_faulty = False
        self.is_over = False
        self.error: BaseException | None = None
        self._timeline = timeline
        self._work = work
        self._turn = _nobodys_turn()
        self._steps: dict[str, int] = {}

    def start(self) -> None:
        """Begin at once, in simulated time."""
        threading.Thread(target=self._live, name=self.name, daemon=True).start()
        self.expect()

    def expect(self) -> None:
        """Have the first turn at once, in simulated time, in a thread that is about to call `begin`."""
        self._timeline.after(0.0, self._take_turn)

    def begin(self) -> None:
        """Wait for the first turn, in a thread that somebody has started."""
        self._turn.acquire()

    def end(self) -> None:
        """Be over, and end the turn."""
        self.is_over = True
        self._timeline.turn_back()

    def step(self, boundary: str) -> str:
        """Return the name of this process's next step over a boundary."""
        number = self._steps[boundary] = self._steps.get(boundary, 0) + 1
        return f"{self.name} {boundary} {number}"

    def pause(self, seconds: float) -> None:
        """Let simulated time pass. Raises: Died."""
        self.require_alive()
        if self._timeline.skip(seconds):
            return
        self._timeline.after(seconds, self._take_turn)
        self._timeline.turn_back()
        self._turn.acquire()
        self.require_alive()

    def die(self) -> None:
        """End here, with the process that this is a thread of. Raises: Died."""
        whole = self.parent or self
        whole.is_dead = whole.is_faulty = True
        self.require_alive()

    def require_alive(self) -> None:
        """Raises: Died, again and again, whatever catches it."""
        if self.is_dead or (self.parent and self.parent.is_dead):
            raise Died

    def _live(self) -> None:
        self.begin()
        try:
            self._work()
        except Died:
            pass
        except BaseException as error:  # told by the timeline, in its own thread
            self.error = error
        finally:
            self.end()

    def _take_turn(self) -> None:
        self._timeline.give_turn(self, self._turn)


def _nobodys_turn() -> threading.Lock:
    """Return a lock that is taken: whoever waits for it goes on when somebody else releases it."""
    turn = threading.Lock()
    turn.acquire()
    return turn


class Timeline:
    """The simulated clock, and what is due on it."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.now = start
        self.current: Process | None = None
        self._until = start
        self._due: list[tuple[datetime, int, Action]] = []  # its number orders what is due at one time
        self._number = 0
        self._back = _nobodys_turn()

    def seconds(self) -> float:
        """Return the seconds since the start: the monotonic clock of every process."""
        return (self.now - self.start).total_seconds()

    def at(self, at: datetime, action: Action) -> None:
        """Have something done at a time; what is past is done at once."""
        self._number += 1
        heappush(self._due, (max(at, self.now), self._number, action))

    def after(self, seconds: float, action: Action) -> None:
        """Have something done in a while."""
        self.at(self.now + timedelta(seconds=max(0.0, seconds)), action)

    def run_until(self, until: datetime) -> None:
        """Do everything that is due before a time, in its order."""
        self._until = until
        while self._due and self._due[0][0] < until:
            self.now, _, action = heappop(self._due)
            action()
        self.now = until

    def skip(self, seconds: float) -> bool:
        """Let time pass at once if nothing else is due in it; say whether it has passed.

        Whoever has the turn keeps it: to give it away and get it back costs more than most calls.
        """
        at = self.now + timedelta(seconds=max(0.0, seconds))
        if at >= self._until or (self._due and self._due[0][0] <= at):
            return False
        self.now = at
        return True

    def process(self) -> Process:
        """Return the process whose turn it is."""
        if self.current is None:
            raise LookupError("no process has the turn")
        return self.current

    def give_turn(self, process: Process, turn: threading.Lock) -> None:
        """Let a process run until it pauses or is over. Raises: what it raised."""
        self.current = process
        turn.release()
        self._back.acquire()
        self.current = None
        if process.error:
            raise process.error

    def turn_back(self) -> None:
        """End the turn of the current process."""
        self._back.release()
