"""A machine that raises its bit for each part, and waits for its acknowledgement, while all else fails.

Each part is stored with its own values alone, none is acknowledged before, and no machine waits for ever.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from plantpulse.errors import (
    DeviceRefused,
    DeviceTimedOut,
    DeviceUnavailable,
    StoreRefused,
    StoreUnavailable,
    TransientError,
)
from plantpulse.settings.tags import TagsSettings
from plantpulse.tags import burst as burst_module
from plantpulse.tags.asked import Asking
from plantpulse.tags.burst import Burst
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.polling import Poller
from plantpulse.tags.readings import NOT_ASKED, Reading
from plantpulse.tags.slots import slot_at_or_after
from plantpulse.tags.tag import Group, Tag
from tests.unit.tags.plc import NOON, at
from tests.unit.tags.world import World

TROUBLE_S = 120.0  # things fail until then
QUIET_S = 120.0  # and nothing does from then on
LEASE_S = 30.0
INTERVAL_S = 1.0
GROUP = 7
FIRST, SECOND, READY, TAKEN = "first", "second", "ready", "taken"


@dataclass(eq=False)
class Machine:
    """A controller with two values of the part that it is at, and the two bits."""

    world: World
    drawn: Random
    stored: Callable[[], set[int]]
    part: int = 0
    tags: dict[str, Any] = field(default_factory=lambda: {FIRST: 0, SECOND: 0, READY: False, TAKEN: False})
    starts: int = 0
    acknowledged: list[tuple[int, float]] = field(default_factory=list)
    wrongs: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Have the next part ready: its values first, one after the other."""
        self.part += 1
        part, starts = self.part, self.starts

        def still(action: Callable[[], None]) -> Callable[[], None]:
            return lambda: action() if starts == self.starts else None

        self.tags[FIRST] = part
        self.world.after(0.02, still(lambda: self.tags.update({SECOND: part})))
        self.world.after(0.04, still(lambda: self.tags.update({TAKEN: False, READY: True})))

    def set(self, tag: str, value: bool) -> None:
        """Take what somebody writes."""
        if tag != TAKEN or value is not True:
            self.wrongs.append(f"{value} was written to {tag}")
        self.tags[tag] = value
        if not self.tags[READY]:
            return
        if self.part not in self.stored():
            self.wrongs.append(f"part {self.part} was acknowledged and is not stored")
        part, starts = self.part, self.starts
        reaction_s = self.drawn.choice([0.01, 0.1, 1.3])
        self.world.after(reaction_s, lambda: self._hear(part) if starts == self.starts else None)

    def _hear(self, part: int) -> None:
        if part != self.part or not self.tags[READY]:
            return
        self.acknowledged.append((part, self.world.now_s))
        self.tags |= {READY: False, TAKEN: False}
        starts = self.starts
        self.world.after(
            self.drawn.choice([0.0, 0.3, 2.5]), lambda: self.begin() if starts == self.starts else None
        )

    def restart(self) -> None:
        """Lose all connections, and the part that nobody has acknowledged."""
        self.starts += 1
        self.tags |= {READY: False, TAKEN: False}
        self.begin()


@dataclass(eq=False)
class Link:
    """A connection to the machine, as long as that does not start anew."""

    floor: "Floor"
    group: Group
    starts: int = -1
    is_closed: bool = False
    signs_in: bool = False

    @property
    def link(self) -> "Link":
        return self

    @property
    def plan(self) -> ReadPlan[object]:
        return ReadPlan(self.group.tags, ())

    def connect(self, deadline_s: float) -> None:
        self._take_time(deadline_s)
        self.starts = self.floor.machine.starts

    def read(self, plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        readings = []
        for tag in plan.tags:
            self._take_time(deadline_s)
            is_left_out = tag.name in (FIRST, SECOND) and self.floor.has(self.floor.omits)
            readings.append(NOT_ASKED if is_left_out else Reading(self.floor.machine.tags[tag.name]))
        return readings

    def write(self, tag: Tag, value: bool, deadline_s: float) -> None:
        self._take_time(deadline_s)
        if self.floor.has(self.floor.refuses):
            raise DeviceRefused("it is busy")
        self.floor.machine.set(tag.name, value)
        self._take_time(deadline_s)  # the answer, which may be lost

    def close(self) -> None:
        self.is_closed = True

    def _take_time(self, deadline_s: float) -> None:
        world = self.floor.world
        world.sleep(self.floor.drawn.choice([0.005, 0.02, 0.15]))
        hangs = self.floor.hang()
        while hangs and (hangs == "deaf" or not self.is_closed):
            world.sleep(0.1)
        if (
            self.is_closed
            or self.starts not in (-1, self.floor.machine.starts)
            or self.floor.has(self.floor.loses)
        ):
            raise DeviceUnavailable("the connection was lost")
        if world.now_s > deadline_s:
            raise DeviceTimedOut("the answer came too late")


@dataclass(eq=False)
class Floor:
    """The way to the machine, and what goes wrong on it."""

    world: World
    drawn: Random
    machine: Machine
    deaf: int = 2
    loses: float = 0.0  # a share of the questions
    omits: float = 0.0  # a share of the tags of a read
    refuses: float = 0.0  # a share of the writes

    def __post_init__(self) -> None:
        self.loses, self.omits = self.drawn.choice([0.002, 0.01, 0.03]), self.drawn.choice([0.0, 0.3])
        self.refuses = self.drawn.choice([0.0, 0.3, 0.8])

    def open(self, group: Group, deadline_s: float) -> Link:
        return Link(self, group)

    def plan(self, group: Group, tags: Sequence[Tag]) -> ReadPlan[object]:
        return ReadPlan(tuple(tags), ())

    def has(self, share: float) -> bool:
        """Say whether something goes wrong."""
        return self.world.now_s < TROUBLE_S and self.drawn.random() < share

    def hang(self) -> str:
        if not self.has(0.005):
            return ""
        self.deaf -= 1
        return "deaf" if self.deaf >= 0 else "hangs"


@dataclass(eq=False)
class Turn:
    """A lease, in seconds since noon."""

    holder: str
    first_s: float
    expires_s: float
    until_s: float = float("inf")
    is_ended: bool = False

    def is_live(self, now_s: float) -> bool:
        return not self.is_ended and self.expires_s > now_s


@dataclass(eq=False)
class Project:
    """Supabase, as far as a group of one machine needs it."""

    world: World
    drawn: Random
    rows: dict[float, Mapping[str, Any]] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    refusals: int = 2
    away_until_s: float = 0.0
    version: int = 1
    polled_version: int = 0

    def change(self) -> None:
        """Change the group, as somebody who edits its table."""
        self.version += 1

    def within(self, seconds_left: Callable[[], float]) -> AbstractContextManager[None]:
        return nullcontext()

    def claim_tag_groups(self, claim: Mapping[str, Any], asking: Asking | None = None) -> dict[str, Any]:
        now_s = self.world.now_s
        live = [turn for turn in self.turns if turn.is_live(now_s) and turn.until_s > now_s]
        if mine := [turn for turn in live if turn.holder == claim["holder"]]:
            if self._has(0.5):
                raise StoreUnavailable("the claim was not answered")
            return {"at": at(now_s).isoformat(), "groups": [self._group(mine[0])], "refused": []}
        refused = {
            "at": at(now_s).isoformat(),
            "groups": [],
            "refused": [{"name": "press", "reason": "held"}],
        }
        if len(live) > 1:
            return refused
        first = slot_at_or_after(at(now_s + (claim["lead_s"] if live else 0)), timedelta(seconds=INTERVAL_S))
        turn = Turn(claim["holder"], (first - NOON).total_seconds(), now_s + LEASE_S)
        for before in live:
            before.until_s = turn.first_s
        self.turns.append(turn)
        return {**refused, "groups": [self._group(turn)], "refused": []}

    def _group(self, turn: Turn) -> Mapping[str, Any]:
        bit = {"address": "1", "data_type": "bool"}
        return {
            "id": GROUP, "version": self.version, "plant": "north", "name": "press", "mode": "handshake",
            "driver": "modbus", "interval_ms": 1000 * INTERVAL_S, "address": "modbus://10.20.0.5",
            "credentials": None,
            "tags": [
                {"name": name, "address": "1", "data_type": "int16", "position": place}
                for place, name in enumerate((FIRST, SECOND), start=1)
            ],
            "trigger_tag": {"name": READY, **bit}, "acknowledge_tag": {"name": TAKEN, **bit},
            "first_slot": at(turn.first_s).isoformat(), "level": None, "priming": not self.turns[:-1],
        }  # fmt: skip

    def put_tag_samples(self, put: Mapping[str, Any]) -> dict[str, Any]:
        self.world.sleep(self.drawn.choice([0.02, 0.1, 1.5]))
        self._fail_before()
        now_s = self.world.now_s
        [mine] = [turn for turn in self.turns if turn.holder == put["holder"]]
        is_refused = False
        for row in put["rows"]:
            slot_s = (datetime.fromisoformat(row["s"]) - NOON).total_seconds()
            if slot_s >= mine.until_s or row.get("doubtful"):
                is_refused = True
            else:
                self.rows.setdefault(slot_s, row)
        versions = {state["version"] for state in put["states"]}
        self.polled_version = max(versions, default=self.polled_version)
        mine.expires_s = now_s + LEASE_S
        mine.is_ended = mine.is_ended or GROUP in put["ended"]
        before = [turn for turn in self.turns if turn.first_s < mine.first_s and turn.is_live(now_s)]
        self.world.sleep(self.drawn.choice([0.02, 0.1, 1.5]))
        if self._has(0.1):
            raise StoreUnavailable("the answer was lost")
        stops = {} if mine.until_s == float("inf") else {str(GROUP): at(mine.until_s).isoformat()}
        return {
            "at": at(self.world.now_s).isoformat(), "stops": stops, "run": None,
            "alone": [] if before or mine.is_ended else [GROUP],
            "refused": [GROUP] if is_refused else [],
            "changed": [GROUP] if versions - {self.version} else [],
            "inactive": [], "lost": [], "unclaimed": [], "later": [], "dropped": {},
        }  # fmt: skip

    def parts(self) -> set[int]:
        """Return the parts of which all is stored."""
        return {row["v"][0] for row in self.rows.values() if "q" not in row}

    def _fail_before(self) -> None:
        if self._has(0.02):
            self.away_until_s = self.world.now_s + self.drawn.choice([3, 20, 40])
        if self.world.now_s < min(self.away_until_s, TROUBLE_S):
            raise StoreUnavailable("Supabase is away")
        if self.refusals and self._has(0.05):
            self.refusals -= 1
            raise StoreRefused("a value of another group does not fit its column")

    def _has(self, share: float) -> bool:
        return self.world.now_s < TROUBLE_S and self.drawn.random() < share


class SimulatedBurst(Burst):
    """A burst whose waits are the world's."""

    world: World

    def _wait(self) -> None:
        due_s = self._flushed_s + (0.2 if self._exchange.gives_up_s is not None else self.flush_s)
        while self.monotonic() < due_s and self._calls.empty():
            self.world.sleep(0.05)
        while not self._calls.empty():
            self._calls.get()
        self._flushed_s = self.monotonic()

    def _look(self) -> None:
        super()._look()
        for thread in threading.enumerate():
            if thread.name.startswith("close-"):
                thread.join()


@dataclass(eq=False)
class Shift:
    """Bursts that relieve each other, some of which are killed."""

    world: World
    drawn: Random
    floor: Floor
    project: Project
    number: int = 0
    errors: list[BaseException] = field(default_factory=list)

    def begin(self) -> None:
        """Start a burst, and let the next one come in a while."""
        self.number += 1
        burst = SimulatedBurst(
            "north", f"burst-{self.number}", self.project, self.floor, TagsSettings(),
            wall=lambda: at(self.world.now_s), monotonic=self.world,
        )  # fmt: skip
        burst.world = self.world
        actor = self.world.admit(burst)

        def run() -> None:
            with self.world.live(actor):
                try:
                    burst.run()
                except TransientError:
                    pass  # it had to end while Supabase was away
                except Exception as error:
                    self.errors.append(error)

        threading.Thread(target=run, daemon=True).start()
        if self.world.now_s < TROUBLE_S and self.drawn.random() < 0.2:
            self.world.after(self.drawn.uniform(6, 20), lambda: self.world.freeze(burst))
        self.world.after(self.drawn.uniform(8, 16), self.begin)

    def pause(self, seconds: float) -> None:
        """Wait as a group's thread does, unless the processor is another's for a while."""
        is_starved = self.world.now_s < TROUBLE_S and self.drawn.random() < 0.003
        self.world.sleep(self.drawn.uniform(1, 4) if is_starved else min(seconds, 0.1))

    def poller(self, cycle: Any, slot: datetime, monotonic: Callable[[], float], *, read_s: float) -> Poller:
        """Return the poller of a group's thread, which has its turns in the world."""
        world = self.world
        actor = world.admit(world.owner)

        class InTurns(Poller):
            def run(self) -> None:
                with world.live(actor):
                    super().run()

        return InTurns(cycle, slot, monotonic, self.pause, read_s)


def check(seed: int, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Let a machine work under the troubles of a seed, and judge what it came to."""
    world, drawn = World(), Random(seed)  # noqa: S311 - a test that can be repeated
    project = Project(world, drawn)
    machine = Machine(world, drawn, project.parts)
    shift = Shift(world, drawn, Floor(world, drawn, machine), project)
    monkeypatch.setattr(burst_module, "Poller", shift.poller)
    world.after(0.0, shift.begin)
    world.after(3.0, machine.begin)
    for _ in range(3):
        world.after(drawn.uniform(5, TROUBLE_S), machine.restart)
        world.after(drawn.uniform(5, TROUBLE_S + QUIET_S / 2), project.change)
    try:
        world.run(TROUBLE_S + QUIET_S)
    finally:
        world.close()

    assert machine.wrongs == []
    assert shift.errors == []
    mixed = [row for row in project.rows.values() if "q" not in row and len(set(row["v"])) > 1]
    assert mixed == []
    assert project.polled_version == 4
    _, last_s = machine.acknowledged[-1]
    assert last_s > TROUBLE_S + QUIET_S - 15, f"the machine waits with part {machine.part} since {last_s}"
    return machine


@pytest.mark.parametrize("seed", range(20))
def test_each_part_is_stored_before_it_is_acknowledged_and_no_machine_waits_for_ever(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = check(seed, monkeypatch)

    assert len(machine.acknowledged) > 15
