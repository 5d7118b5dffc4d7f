"""A controller that a test can break, and a clock that moves only when somebody waits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from plantpulse.errors import DeviceTimedOut, DeviceUnavailable, PlantpulseError
from plantpulse.tags.buffer import Buffer, Sample
from plantpulse.tags.cycle import Cycle
from plantpulse.tags.line import Line
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.polling import Poller
from plantpulse.tags.readings import Reading
from plantpulse.tags.rising import Rising
from plantpulse.tags.slots import SlotClock
from plantpulse.tags.tag import Group, Tag
from plantpulse.tags.tally import Tally

NOON: Final = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
SPEED: Final = Tag("speed", "40001", "int16", position=1)
STATE: Final = Tag("state", "40002", "int16", position=2)
READY: Final = Tag("ready", "00001", "bool", position=3)
TAKEN: Final = Tag("taken", "00002", "bool", position=4)


def at(seconds: float) -> datetime:
    """Return an instant so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def group_of(**changed: Any) -> Group:
    """Return a group of two tags that is read every second."""
    known: dict[str, Any] = {
        "id": 7,
        "plant": "north",
        "name": "press-1",
        "mode": "fixed",
        "interval": timedelta(seconds=1),
        "driver": "modbus",
        "address": "modbus://10.20.0.5",
        "tags": (SPEED, STATE),
    }
    return Group(**known | changed)


@dataclass
class Time:
    """A monotonic clock that moves when somebody waits; what is planned for a time happens then."""

    now_s: float = 1000.0
    plans: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now_s

    def pause(self, seconds: float) -> None:
        """Let time pass, up to the next thing that happens."""
        due = sorted(plan for plan in self.plans if plan[0] <= self.now_s + seconds)
        if not due:
            self.now_s += seconds
            return
        self.now_s = max(self.now_s, due[0][0])
        self.plans.remove(due[0])
        due[0][1]()

    def plan(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something happen so many seconds after noon."""
        self.plans.append((1000.0 + seconds, action))


@dataclass
class Plc:
    """A controller: how long it takes for each thing, what fails, and what was asked of it.

    `read_s` and `connect_s` are the times of the next reads and attempts, the last one for all others. A read
    that takes longer than its deadline times out, as a driver's does. `values` may be readings. It
    never answers a question with a tag that is `silent`.
    """

    time: Time
    read_s: list[float] = field(default_factory=lambda: [0.01])
    connect_s: list[float] = field(default_factory=lambda: [0.01])
    values: Sequence[Any] = (10, 20)
    bit: bool | None = False
    taken: bool | None = False
    silent: set[str] = field(default_factory=set)
    refuses: PlantpulseError | None = None
    breaks: Exception | None = None
    asked_at: list[float] = field(default_factory=list)
    connected_at: list[float] = field(default_factory=list)
    written: list[tuple[str, bool, float]] = field(default_factory=list)
    closed: int = 0
    signs_in: bool = True
    is_open: bool = False

    # What Devices and Device are.

    def open(self, group: Group, deadline_s: float) -> "Plc":
        self.group = group
        return self

    def plan_of(self, tags: Sequence[Tag]) -> ReadPlan[object]:
        return ReadPlan(tuple(tags), ())

    @property
    def plan(self) -> ReadPlan[object]:
        return self.plan_of(self.group.tags)

    @property
    def link(self) -> "Plc":
        return self

    # What a link is.

    def connect(self, deadline_s: float) -> None:
        self.connected_at.append(self._since_noon())
        self._take(self.connect_s, deadline_s, "it did not accept the connection")
        if self.refuses:
            raise self.refuses
        self.is_open = True

    def read(self, plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        assert self.is_open, "a link that was closed was used again"
        is_look = plan.tags[0] == READY
        if not is_look:
            self.asked_at.append(self._since_noon())
        self._take(self.read_s, deadline_s, "it did not answer")
        if self.breaks:
            raise self.breaks
        if not self.silent.isdisjoint(tag.name for tag in plan.tags):
            self._take([deadline_s], deadline_s, "it did not answer")
        if is_look:
            return [Reading(self.bit), Reading(self.taken)][: len(plan.tags)]
        readings = [value if isinstance(value, Reading) else Reading(value) for value in self.values]
        if len(plan.tags) == len(self.group.tags):
            return readings
        return [readings[self.group.tags.index(tag)] for tag in plan.tags]

    def write(self, tag: Tag, value: bool, deadline_s: float) -> None:
        assert self.is_open
        if self.breaks:
            raise self.breaks
        self.written.append((tag.name, value, self._since_noon()))
        self.taken = value

    def close(self) -> None:
        self.is_open = False
        self.closed += 1

    def _take(self, times: list[float], deadline_s: float, told: str) -> None:
        seconds = times.pop(0) if len(times) > 1 else times[0]
        if self.time.now_s + seconds > deadline_s:
            self.time.now_s = deadline_s
            raise DeviceTimedOut(told)
        self.time.now_s += seconds

    def _since_noon(self) -> float:
        return round(self.time.now_s - 1000.0, 3)


@dataclass
class Devices:
    """The one controller that there is."""

    plc: Plc

    def open(self, group: Group, deadline_s: float) -> Plc:
        return self.plc.open(group, deadline_s)

    def plan(self, group: Group, tags: Sequence[Tag]) -> ReadPlan[object]:
        return self.plc.plan_of(tags)


@dataclass
class Polling:
    """A group that is polled in simulated time, from noon on."""

    plc: Plc
    time: Time
    group: Group
    poller: Poller
    buffer: Buffer
    tally: Tally

    def until(self, seconds: float) -> list[tuple[float, str]]:
        """Poll until a slot, and return the slots and qualities of the samples."""
        self.poller.stop_before(at(seconds))
        self.poller.run()
        return [(since_noon(one.slot), one.quality.name) for one in self.samples()]

    def samples(self) -> list[Sample]:
        return [sample for _, sample in self.buffer.drain(10_000)]


def since_noon(instant: datetime) -> float:
    return (instant - NOON).total_seconds()


def polling(
    group: Group | None = None, *, first: float = 1, rising: Rising | None = None, **plc: Any
) -> Polling:
    """Return a group whose burst begins at noon, and whose first slot is so many seconds later."""
    time = Time()
    controller = Plc(time, **plc)
    known = group or group_of()
    buffer, tally = Buffer(300), Tally(known)
    line = Line(known, Devices(controller), 10.0, time)
    clock = SlotClock(NOON, 1000.0)
    cycle = Cycle(known, line, clock, buffer, tally, rising or Rising(), monotonic=time)
    poller = Poller(cycle, at(first), monotonic=time, pause=time.pause)
    return Polling(controller, time, known, poller, buffer, tally)


GONE: Final = DeviceUnavailable("the connection was lost")
