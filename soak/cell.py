"""A machine that hands its parts over one by one, as docs/tags.md tells a PLC to, and what became of each.

It writes its values, raises its bit, and holds both until it finds the other bit set; then it clears both.
Now and then its controller starts again, takes its bit back, or lets it flicker. It is brought up to date
when somebody looks. Nothing here imports `plantpulse`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from soak.draws import Draws
from soak.faults import Faults

INTERVAL: Final = timedelta(seconds=5)  # between two looks at the bit
WORK_S: Final = (4.0, 40.0)  # on a part
_SCAN_S: Final = (0.02, 0.6)  # until the controller finds what was written
_HELD_S: Final = (0.5, 60.0)  # until something goes wrong with a bit that stands
_DOWN: Final = (1.2, 8.0)  # intervals for which the bit is clear before another raise
_FLICKER: Final = (0.02, 0.9)  # intervals

Step = Callable[[datetime], None]


@dataclass(slots=True)
class Raise:
    """A bit that stands from one time to another, for a part. `ended`: how that came.

    `readers` are who looked at it, in their order; `doubts` what may make a reader unsure of it.
    """

    part: int
    at: datetime
    until: datetime | None = None
    ended: str | None = None
    readers: list[str] = field(default_factory=list)
    looked_at: datetime | None = None
    doubts: int = 0


@dataclass(slots=True)
class Cell:
    """One machine. `is_stored` says whether a part is in the database now.

    `premature` are parts that were acknowledged and not stored then, and when; `stray` counts
    acknowledgements of nothing.
    """

    name: str
    draws: Draws
    faults: Faults
    start: datetime
    is_stored: Callable[[int], bool]
    raises: list[Raise] = field(default_factory=list)
    premature: list[tuple[int, datetime]] = field(default_factory=list)
    stray: int = 0
    _part: int = 0
    _is_high: bool = False
    _is_taken: bool = False
    _due: tuple[datetime, Step] | None = None

    def __post_init__(self) -> None:
        self._work(self.start)

    def bits(self, now: datetime, reader: str) -> tuple[bool, bool]:
        """Return how the trigger and the acknowledgement stand for somebody who looks."""
        self._come_to(now)
        if self._is_high:
            self._note_look(self.raises[-1], now, reader)
        return self._is_high, self._is_taken

    def values(self, now: datetime) -> tuple[int, float]:
        """Return the part's number and its weight, which follows from the number."""
        self._come_to(now)
        return self._part, weight_of(self._part)

    def doubt(self, now: datetime) -> None:
        """Note that somebody who asks or writes meets a fault, and knows less than the machine."""
        self._come_to(now)
        if self._is_high:
            self.raises[-1].doubts += 1

    def acknowledge(self, now: datetime) -> None:
        """Have the acknowledgement set by somebody."""
        self._come_to(now)
        self._is_taken = True
        if not self._is_high:
            self.stray += 1
            return
        if not self.is_stored(self._part):
            self.premature.append((self._part, now))
        scanned_at = now + self._drawn(*_SCAN_S, "scans")
        if self._due is None or self._due[0] > scanned_at:
            self._due = scanned_at, self._take_back

    def _note_look(self, standing: Raise, now: datetime, reader: str) -> None:
        if standing.readers[-1:] != [reader]:
            standing.doubts += bool(standing.readers)
            standing.readers.append(reader)
        elif standing.looked_at and now - standing.looked_at > 1.4 * INTERVAL:
            standing.doubts += 1
        standing.looked_at = now

    def _come_to(self, now: datetime) -> None:
        while self._due and self._due[0] <= now:
            (at, step), self._due = self._due, None
            step(at)

    def _work(self, at: datetime) -> None:
        self._part += 1
        self._due = at + self._drawn(*WORK_S, "takes"), self._raise

    def _raise(self, at: datetime) -> None:
        self._is_high, self._is_taken = True, False
        self.raises.append(Raise(self._part, at))
        kind = self.faults.at("machine", f"{self.name} raise {len(self.raises)}", at)
        if kind:
            after = self._drawn(*_HELD_S, "goes wrong")
            self._due = (
                at + after,
                {"restarts": self._restart, "withdraws": self._withdraw}.get(kind, self._flicker),
            )

    def _take_back(self, at: datetime) -> None:
        """Go on after an acknowledgement: both bits are cleared, in one cycle or the trigger first."""
        self._end(at, "acknowledged")
        if self.draws.share(self._named("clears")) < 0.6:
            self._go_on(at)
        else:
            self._due = at + self._drawn(0.02, 1.5, "clears the other"), self._go_on

    def _go_on(self, at: datetime) -> None:
        self._is_taken = False
        if self.draws.share(self._named("follows")) < 0.3:
            self._part += 1
            self._due = at + self._drawn(0.0, 0.3, "at once"), self._raise
        else:
            self._work(at)

    def _restart(self, at: datetime) -> None:
        self._end(at, "restarted")
        self._is_taken = False
        self._due = at + self._down(), self._raise

    def _withdraw(self, at: datetime) -> None:
        self._end(at, "withdrawn")
        self._is_taken = False
        self._part += 1
        self._due = at + self._down(), self._raise

    def _flicker(self, at: datetime) -> None:
        self._end(at, "flickered")
        self._due = at + self._intervals(_FLICKER, "low"), self._raise

    def _end(self, at: datetime, how: str) -> None:
        self._is_high = False
        self.raises[-1].until, self.raises[-1].ended = at, how

    def _down(self) -> timedelta:
        return self._intervals(_DOWN, "down")

    def _intervals(self, bounds: tuple[float, float], what: str) -> timedelta:
        return self.draws.between(*bounds, self._named(what)) * INTERVAL

    def _named(self, what: str) -> str:
        return f"{self.name} part {self._part} raise {len(self.raises)} {what}"

    def _drawn(self, least_s: float, most_s: float, what: str) -> timedelta:
        return timedelta(seconds=self.draws.between(least_s, most_s, self._named(what)))


def weight_of(part: int) -> float:
    """Return what a part weighs: a number that real and float have alike."""
    return part * 7 % 1024 / 4
