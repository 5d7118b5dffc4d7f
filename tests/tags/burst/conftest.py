"""A plant with groups of tags: controllers that a test can break, and bursts over a real project."""

import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

import psycopg
import pytest
from psycopg.rows import DictRow

from devstack.access import SupabaseAccess
from plantpulse import database
from plantpulse.errors import DeviceUnavailable, StoreUnavailable
from plantpulse.settings import Secret, SupabaseSettings
from plantpulse.settings.tags import TagsSettings
from plantpulse.tags.asked import Asking
from plantpulse.tags.burst import Burst, Ended
from plantpulse.tags.exchange import Store
from plantpulse.tags.flushing import Complete
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.readings import Reading
from plantpulse.tags.tag import Group, Tag

INTERVAL_MS: Final = 200
FLUSH_S: Final = 0.3
LEAD_S: Final = 1.0
WAIT_S: Final = 120.0


@dataclass
class Controller:
    """The link to one group's controller: it counts up with each read, unless it is told to fail."""

    floor: "Floor"
    group: Group
    signs_in: bool = True

    @property
    def link(self) -> "Controller":
        return self

    @property
    def plan(self) -> ReadPlan[object]:
        return ReadPlan(self.group.tags, ())

    def connect(self, deadline_s: float) -> None:
        self._fail_if_told()

    def read(self, plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        self._fail_if_told()
        if plan.tags[0] == self.group.trigger_tag:
            is_taken = self.floor.written[self.group.name][-1:] == [True]
            return [Reading(self.floor.bits[self.group.name]), Reading(is_taken)][: len(plan.tags)]
        number = next(self.floor.numbers[self.group.name])
        return [Reading(number) for _ in plan.tags]

    def write(self, tag: Tag, value: bool, deadline_s: float) -> None:
        self.floor.written[self.group.name].append(value)

    def close(self) -> None:
        pass

    def _fail_if_told(self) -> None:
        if self.group.name in self.floor.dead:
            raise DeviceUnavailable("the controller is off")


@dataclass
class Floor:
    """The controllers of a plant, by the names of their groups."""

    dead: set[str] = field(default_factory=set)
    bits: dict[str, bool] = field(default_factory=lambda: defaultdict(bool))
    written: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    numbers: dict[str, Any] = field(default_factory=lambda: defaultdict(count))

    opened: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def open(self, group: Group, deadline_s: float) -> Controller:
        self.opened[group.name].append(group.address)
        return Controller(self, group)

    def plan(self, group: Group, tags: Sequence[Tag]) -> ReadPlan[object]:
        return ReadPlan(tuple(tags), ())


@dataclass
class Claims:
    """Supabase, but its claims are not answered when a test says so.

    `carries_out`: what was claimed is claimed all the same. `allowed_s` is how long each claim could take.
    """

    store: Store
    fails: bool = False
    carries_out: bool = False
    failed: int = 0
    allowed_s: list[float] = field(default_factory=list)
    _seconds_left: Callable[[], float] = lambda: WAIT_S

    def within(self, seconds_left: Callable[[], float]) -> AbstractContextManager[None]:
        self._seconds_left = seconds_left
        return self.store.within(seconds_left)

    def claim_tag_groups(self, claim: Mapping[str, Any], asking: Asking | None = None) -> dict[str, Any]:
        self.allowed_s.append(self._seconds_left())
        if self.carries_out or not self.fails:
            answer = self.store.claim_tag_groups(claim, asking)
        if not self.fails:
            return answer
        self.failed += 1
        raise StoreUnavailable("the claim was not answered")

    def put_tag_samples(self, put: Mapping[str, Any]) -> dict[str, Any]:
        return self.store.put_tag_samples(put)


@dataclass
class Running:
    """A burst in a thread of its own."""

    burst: Burst
    complete: Complete | None = None
    ended: Ended | None = None
    error: BaseException | None = None
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.ended = self.burst.run(self.complete)
        except BaseException as error:
            self.error = error

    def wait(self) -> Ended:
        """Return how it ended."""
        self.thread.join(WAIT_S)
        if self.error:
            raise self.error
        assert self.ended is not None, "the burst does not end"
        return self.ended

    def stop(self) -> Ended:
        self.burst.stop()
        return self.wait()

    @property
    def missed(self) -> int:
        """Return how many slots it missed: what a bit did in them nobody has seen."""
        return self.burst.ended().counts["missed"]


@dataclass
class Plant:
    """The plant `north` with its groups, and what is stored of them."""

    access: SupabaseAccess
    rows: psycopg.Connection[DictRow]
    stack: ExitStack
    floor: Floor = field(default_factory=Floor)
    bursts: list[Running] = field(default_factory=list)
    claims: list[Claims] = field(default_factory=list)

    def add_group(self, name: str = "press", *, types: Sequence[str] = ("int16",), **columns: Any) -> int:
        """Name a group with tags of these types; return its id."""
        row = {"plant": "north", "name": name, "address": "modbus://10.20.0.5", "interval_ms": INTERVAL_MS}
        row |= columns
        names, marks = ", ".join(row), ", ".join(f"%({column})s" for column in row)
        query = f"insert into public.tag_groups ({names}) values ({marks}) returning id"
        made = self.rows.execute(query.encode(), row).fetchone()
        assert made is not None
        for number, data_type in enumerate(types, start=1):
            self.add_tag(made["id"], f"t{number}", data_type)
        return int(made["id"])

    def add_tag(self, group: int, name: str, data_type: str, role: str = "value") -> None:
        self.rows.execute(
            "insert into public.tags (group_id, name, address, data_type, role) values (%s, %s, 'x', %s, %s)",
            (group, name, data_type, role),
        )

    def change(self, group: int) -> None:
        """Give a group another device and a second tag."""
        with self.rows.transaction():
            self.add_tag(group, "added", "int16")
            self.rows.execute(
                "update public.tag_groups set address = 'modbus://10.20.0.99' where id = %s", (group,)
            )

    def stored_as_changed(self, group: int) -> int:
        """Return how many samples are stored that have a second value."""
        query = 'select 1 from public.tag_samples where group_id = %s and cardinality("values") > 1'
        return len(self.rows.execute(query, (group,)).fetchall())

    def burst(
        self,
        complete: Complete | None = None,
        *,
        url: str | None = None,
        holder: str | None = None,
        **changed: Any,
    ) -> Running:
        """Begin a burst, as a delivery would."""
        settings = SupabaseSettings(url=url or self.access.url, secret_key=Secret(self.access.secret_key))
        store = self.stack.enter_context(database.connect(settings, seconds_left=lambda: WAIT_S))
        known: dict[str, Any] = {"settings": TagsSettings(), "flush_s": FLUSH_S, "lead_s": LEAD_S}
        known["devices"] = self.floor
        self.claims.append(Claims(store))
        burst = Burst("north", holder or str(uuid.uuid4()), self.claims[-1], **known | changed)
        self.bursts.append(Running(burst, complete))
        return self.bursts[-1]

    def stored(self, group: int) -> list[datetime]:
        """Return the slots that are stored of a group, in order."""
        found = self.rows.execute(
            "select slot from public.tag_samples where group_id = %s order by slot", (group,)
        )
        return [row["slot"] for row in found]

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so: for a minute or two on a machine that is very busy."""
        tick, ticks = threading.Event(), round(WAIT_S / 0.05)
        assert any(condition() or tick.wait(0.05) for _ in range(ticks)), "that did not happen"

    def wait_for_samples(self, group: int, number: int) -> None:
        """Wait until so many more samples of a group are stored."""
        wanted = len(self.stored(group)) + number
        self.wait_for(lambda: len(self.stored(group)) >= wanted)

    def wait_for_turns(self, number: int) -> None:
        """Wait until there are so many leases."""
        self.wait_for(lambda: len(self.rows.execute("select 1 from public.tag_leases").fetchall()) == number)

    def counts(self) -> Mapping[str, int]:
        """Return what all bursts counted, together."""
        together: Counter[str] = Counter()
        for running in self.bursts:
            together.update(running.wait().counts)
        return together


def slots_in(stored: Sequence[datetime], interval_ms: int = INTERVAL_MS) -> list[datetime]:
    """Return every slot from the first stored one to the last."""
    interval = timedelta(milliseconds=interval_ms)
    return [stored[0] + number * interval for number in range((stored[-1] - stored[0]) // interval + 1)]


@pytest.fixture
def plant(supabase: SupabaseAccess) -> Iterator[Plant]:
    with supabase.connect() as rows, ExitStack() as stack:
        plant = Plant(supabase, rows, stack)
        try:
            yield plant
        finally:
            for running in plant.bursts:
                running.burst.stop()
            for running in plant.bursts:
                running.thread.join(WAIT_S)
