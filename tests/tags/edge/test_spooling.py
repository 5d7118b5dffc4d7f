"""While Supabase is away the edge runner keeps everything on the disk, and no sample is lost or doubled."""

import errno
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plantpulse.errors import ConfigurationError, StoreRefused, StoreUnavailable
from plantpulse.tags.asked import Asked, Asking
from plantpulse.tags.spooling import PROBE_S, SpoolingStore
from plantpulse.tags.spools import Spools

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
ROOMY = 1 << 24
PRESS, OVEN = 1, 2


@dataclass
class Clock:
    """A clock that nobody sets; it shows 1000 s at noon."""

    now_s: float = 1000.0
    slept_s: float = 0.0  # the computer has been asleep for so long, while the clock stood

    def __call__(self) -> float:
        return self.now_s

    def uptime(self) -> float:
        return self.now_s + self.slept_s

    @property
    def time(self) -> datetime:
        return NOON + timedelta(seconds=self.uptime() - 1000.0)


@dataclass
class Project:
    """A Supabase that can be away. It stores each slot once, for the holders that have the group."""

    clock: Clock = field(default_factory=Clock)
    error: Exception | None = None
    loses_answers: bool = False
    holders: dict[str, set[int]] = field(default_factory=dict)
    poisoned: set[str] = field(default_factory=set)
    poisoned_error: str | None = None
    fails_replays: Exception | None = None
    relieved: set[str] = field(default_factory=set)
    ending: dict[int, str] = field(default_factory=dict)  # the first slot that is a successor's
    dropped: Counter[int] = field(default_factory=Counter)
    rows: dict[tuple[int, str], Mapping[str, Any]] = field(default_factory=dict)
    later: Sequence[tuple[int, str]] = ()
    lost_s: Sequence[float] = ()  # how long each attempt of a claim takes that gets lost
    hangs_after: int | None = None  # so many claims; then each takes 8 s and fails
    answered_in_s: list[float] = field(default_factory=list)  # and the last one, claim by claim
    puts: list[Mapping[str, Any]] = field(default_factory=list)
    claims: list[Mapping[str, Any]] = field(default_factory=list)
    alone: Sequence[int] = ()
    asked: int = 0
    allowed_s: list[float] = field(default_factory=list)

    def within(self, seconds_left: Callable[[], float]) -> AbstractContextManager[None]:
        self.allowed_s.append(seconds_left())
        return nullcontext()

    def claim_tag_groups(self, claim: Mapping[str, Any], asking: Asking | None = None) -> dict[str, Any]:
        self.asked += 1
        if self.error:
            raise self.error
        if self.hangs_after is not None and self.asked > self.hangs_after:
            self.clock.now_s += 6.0
            if asking:
                asking()
            self.clock.now_s += 2.0
            raise AWAY
        for took_s in (*self.lost_s, self.answered_in_s.pop(0) if self.answered_in_s else 0.0):
            if asking:
                asking()
            self.clock.now_s += took_s
        self.claims.append(claim)
        if claim["holder"] in self.relieved:
            refused = [{"name": name, "reason": "relieved_already"} for name in ("Press", "Oven")]
            return {"at": self.at, "groups": [], "refused": refused}
        self.holders.setdefault(claim["holder"], set()).update({PRESS, OVEN})
        groups = [
            {"id": one, "name": name, "interval_ms": 1000, "first_slot": NOON.isoformat(), "level": True}
            for one, name in ((PRESS, "Press"), (OVEN, "Oven"))
        ]
        return {"at": self.at, "groups": groups, "refused": []}

    def put_tag_samples(self, put: Mapping[str, Any]) -> dict[str, Any]:
        self.asked += 1
        if self.error:
            raise self.error
        if self.fails_replays and not put["states"]:
            raise self.fails_replays
        is_odd = any(state["error"] == self.poisoned_error for state in put["states"] if self.poisoned_error)
        if is_odd or self.poisoned & {row["s"] for row in put["rows"]}:
            raise StoreRefused("a value does not fit its column")
        held = self.holders.get(put["holder"], set())
        self.puts.append(put)
        for row in put["rows"]:
            if row["g"] in held and row["s"] < self.ending.get(row["g"], "3"):
                self.rows.setdefault((row["g"], row["s"]), row)
        if self.loses_answers:
            raise StoreUnavailable("the answer was lost")
        lost = sorted({row["g"] for row in put["rows"]} - held)
        gone = Counter(row["g"] for row in put["rows"] if (row["g"], row["s"]) not in self.rows)
        if put["is_final"]:
            self.dropped += gone
        dropped = {str(group): number for group, number in gone.items()}
        refused = sorted(gone)
        told = {"later": list(self.later), "refused": refused, "lost": lost, "stops": {}, "dropped": dropped}
        return {"at": self.at, "alone": list(self.alone), **told}

    @property
    def at(self) -> str:
        return self.clock.time.isoformat()

    @property
    def slots(self) -> list[str]:
        return [slot[-2:] for _, slot in self.rows]


@dataclass
class Edge:
    """One process of the edge runner."""

    project: Project
    folder: Path
    clock: Clock
    holder: str
    most_bytes: int = ROOMY
    begun: datetime = NOON
    fast: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        self.spools = Spools.open(self.folder, self.holder, self.begun, self.most_bytes)
        self.store = SpoolingStore(
            self.project, self.spools, wall=self.wall, monotonic=self.clock, uptime=self.clock.uptime
        )
        self.sequence = 0

    def wall(self) -> datetime:
        return self.clock.time + self.fast

    def claim(self) -> dict[str, Any]:
        return self.store.claim_tag_groups({"holder": self.holder})

    def flush(
        self,
        *slots: int,
        group: int = PRESS,
        polls: int = 1,
        ended: Sequence[int] = (),
        error: str | None = None,
    ) -> dict[str, Any]:
        rows = [row_of(group, slot) for slot in slots]
        return self._put(rows, [state_of(group, polls, error)], ended)

    def flush_at(self, fast: timedelta, slot: int) -> dict[str, Any]:
        """Send the sample of a slot that a fast clock has named."""
        at = (NOON + timedelta(seconds=slot) + fast).isoformat()
        return self._put([{"g": PRESS, "s": at, "v": [slot]}], [state_of(PRESS)])

    def flush_all(self, slots: Mapping[int, int]) -> dict[str, Any]:
        """Send a slot of each group in one call."""
        rows = [row_of(group, slot) for group, slot in slots.items()]
        return self._put(rows, [state_of(group) for group in slots])

    def _put(
        self,
        rows: Sequence[Mapping[str, Any]],
        states: Sequence[Mapping[str, Any]],
        ended: Sequence[int] = (),
    ) -> dict[str, Any]:
        self.sequence += 1
        self.clock.now_s += 2
        return self.store.put_tag_samples(
            {
                "holder": self.holder, "plant": "north", "most": 10, "lease_s": 30, "sequence": self.sequence,
                "rows": rows, "states": states, "ended": list(ended),
            }
        )  # fmt: skip

    def wait(self) -> None:
        self.clock.now_s += PROBE_S

    def die(self) -> None:
        """Lose the locks, as at the end of a process, and leave the files as they are."""
        for spool in (*self.spools._all, *self.spools._passed_by):
            spool.close()


def row_of(group: int, slot: int) -> dict[str, Any]:
    return {"g": group, "s": f"2026-11-30T12:00:{slot:02}", "v": [slot]}


def state_of(group: int, polls: int = 1, error: str | None = None) -> dict[str, Any]:
    return {"g": group, "state": "polling", "polls": polls, "errors": 0, "dropped": 0, "error": error}


@pytest.fixture
def project() -> Project:
    return Project()


@pytest.fixture
def edge(project: Project, tmp_path: Path) -> Iterator[Callable[..., Edge]]:
    begun = list[Edge]()

    def begin(holder: str = "a", **how: Any) -> Edge:
        one = Edge(
            project, tmp_path, project.clock, holder, begun=NOON + timedelta(seconds=len(begun)), **how
        )
        begun.append(one)
        return one

    yield begin
    for one in begun:
        one.die()


@pytest.fixture
def wrong_clock(project: Project, edge: Callable[..., Edge]) -> Callable[[timedelta], Edge]:
    """Begin without Supabase, with a clock that is fast by so much."""

    def begin(fast: timedelta) -> Edge:
        first = edge("a")
        first.claim()
        first.die()
        project.error = AWAY
        return edge("b", fast=fast)

    return begin


Begin = Callable[..., Edge]
AWAY = StoreUnavailable("Supabase did not answer")


def test_what_came_in_an_outage_follows_what_is_new_and_in_order(project: Project, edge: Begin) -> None:
    runner = edge()
    runner.claim()
    runner.flush(0)
    project.error = AWAY
    for slot in range(1, 6):
        runner.flush(slot)
    project.error = None
    runner.wait()

    runner.flush(6)

    assert project.slots == ["00", "06", "01", "02", "03", "04", "05"]
    assert runner.spools.oldest() is None


def test_without_supabase_a_burst_is_alone_unless_this_computer_has_another_one(
    project: Project, edge: Begin
) -> None:
    runner = edge("a")
    runner.claim()
    project.error = AWAY

    assert runner.flush(1)["alone"] == [PRESS]
    other = edge("b")
    other.spools.adopt()
    assert other.flush(2)["alone"] == []


def test_who_was_relieved_on_this_computer_stops_and_confirms_nothing_in_an_outage(
    project: Project, edge: Begin
) -> None:
    first, second = edge("a"), edge("b")
    first.claim()
    project.error = AWAY
    assert first.flush(1)["lost"] == []  # the second one waits
    project.error = None
    second.claim()
    project.error = AWAY

    answer = first.flush(2)

    assert (answer["lost"], answer["refused"], answer["alone"]) == ([PRESS], [PRESS], [])
    assert (second.flush(3)["lost"], second.flush(4)["refused"]) == ([], [])
    first.die()
    project.error = None
    second.wait()
    second.flush(5)
    assert project.slots == ["05", "01", "02", "03", "04"]


def test_a_successor_that_is_gone_relieves_nobody(project: Project, edge: Begin) -> None:
    first, second = edge("a"), edge("b")
    first.claim()
    second.claim()
    second.die()
    project.error = AWAY

    assert first.flush(1)["lost"] == []


def test_a_successor_that_is_gone_relieves_nobody_whoever_has_its_folder(
    project: Project, edge: Begin
) -> None:
    first, second = edge("a"), edge("b")
    first.claim()
    second.claim()
    project.error = AWAY
    second.flush(1)  # on the disk, so that its folder stays
    second.die()
    third = edge("c")

    assert (first.flush(2)["lost"], third.spools.is_alone) == ([], False)


def test_nobody_is_alone_with_a_machine_while_the_process_before_is_there(
    project: Project, edge: Begin
) -> None:
    project.alone = [PRESS]
    first, second = edge("a"), edge("b")
    first.claim()
    second.claim()

    assert second.flush(1)["alone"] == []
    first.die()
    assert second.flush(2)["alone"] == [PRESS]


def test_what_was_begun_without_supabase_takes_nothing_from_who_has_claimed_it_since(
    project: Project, edge: Begin
) -> None:
    kept = edge("z")
    kept.claim()
    kept.die()
    project.error = AWAY
    first = edge("a")
    first.claim()
    project.error = None
    second = edge("b")
    second.claim()

    first.wait()
    first.flush(1)

    assert [(one["holder"], "is_free_only" in one) for one in project.claims] == [
        ("z", False),
        ("b", False),
        ("a", True),
    ]


def test_the_burst_hears_that_all_is_taken_and_no_time(project: Project, edge: Begin) -> None:
    runner = edge()
    runner.claim()
    project.error = AWAY

    answer = runner.flush(1, 2)

    assert (answer["stored"], answer["stops"], answer["lost"], answer["later"]) == (2, {}, [], [])
    assert "at" not in answer


def test_a_supabase_that_is_away_is_asked_every_ten_seconds(project: Project, edge: Begin) -> None:
    runner = edge()
    runner.claim()
    project.error = AWAY
    project.asked = 0

    for slot in range(10):  # 20 seconds
        runner.flush(slot)

    assert project.asked == 2


@pytest.mark.parametrize("error", [AWAY, StoreRefused("the key was refused")])
def test_a_refused_key_loses_nothing_either(project: Project, edge: Begin, error: Exception) -> None:
    runner = edge()
    runner.claim()
    project.error = error
    runner.flush(1)
    project.error = None
    runner.wait()
    runner.flush(2)

    assert project.slots == ["02", "01"]


def test_counts_of_an_outage_are_told_once(project: Project, edge: Begin) -> None:
    runner = edge()
    runner.claim()
    project.error = AWAY
    runner.flush(1, polls=3)
    runner.flush(2, polls=4, ended=[OVEN])
    project.error = None
    runner.wait()
    runner.flush(3, polls=5)
    runner.flush(4, polls=1)

    told = [put for put in project.puts if put["states"]]
    assert [put["states"][0]["polls"] for put in told] == [12, 1]
    assert [put["ended"] for put in told] == [[OVEN], []]


def test_a_lost_answer_doubles_no_sample(project: Project, edge: Begin) -> None:
    runner = edge()
    runner.claim()
    project.loses_answers = True
    runner.flush(1)
    project.loses_answers = False
    runner.wait()
    runner.flush(2)

    assert project.slots == ["01", "02"]
    assert runner.spools.oldest() is None


def test_a_process_that_died_leaves_its_samples_to_the_next(project: Project, edge: Begin) -> None:
    first = edge("a")
    first.claim()
    project.error = AWAY
    first.flush(1)
    first.flush(2)
    first.die()
    project.error = None

    second = edge("b")
    second.claim()
    second.flush(3)

    assert project.slots == ["03", "01", "02"]
    assert [put["holder"] for put in project.puts] == ["b", "a", "a"]
    assert [put["lease_s"] for put in project.puts] == [30, 0, 0]


def test_samples_of_a_holder_that_is_forgotten_come_from_the_next_one(project: Project, edge: Begin) -> None:
    first = edge("a")
    first.claim()
    project.error = AWAY
    first.flush(1)
    first.die()
    project.error = None
    project.holders.clear()

    second = edge("b")
    second.claim()
    second.flush(2)

    assert project.slots == ["02", "01"]


def test_a_burst_and_the_one_that_relieves_it_have_folders_of_their_own(
    project: Project, edge: Begin
) -> None:
    first = edge("a")
    first.claim()
    project.error = AWAY
    first.flush(1)
    project.error = None
    second = edge("b")
    second.claim()

    second.flush(2)
    assert project.slots == ["02"]
    first.die()
    second.flush(3)

    assert project.slots == ["02", "03", "01"]


def test_a_power_cut_in_the_outage_and_in_a_record_costs_only_that_record(
    project: Project, edge: Begin, tmp_path: Path
) -> None:
    first = edge("a")
    first.claim()
    project.error = AWAY
    first.flush(1)
    first.flush(2)
    first.die()
    [file] = tmp_path.glob("*/*.rows")
    os.truncate(file, file.stat().st_size - 5)

    second = edge("b")
    answer = second.claim()
    second.flush(3)
    project.error = None
    second.wait()
    second.flush(4)

    assert [group["name"] for group in answer["groups"]] == ["Press", "Oven"]
    assert project.slots == ["04", "01", "03"]


def test_a_begin_without_supabase_reads_from_now_on_and_only_learns_the_trigger(
    project: Project, edge: Begin
) -> None:
    first = edge("a")
    first.claim()
    first.die()
    project.error = AWAY

    [press, _] = edge("b").claim()["groups"]

    assert press == {
        "id": PRESS, "name": "Press", "interval_ms": 1000, "first_slot": NOON.isoformat(), "level": None,
        "priming": True,
    }  # fmt: skip


def test_a_begin_without_supabase_waits_while_another_process_polls(project: Project, edge: Begin) -> None:
    edge("a").claim()
    project.error = AWAY

    with pytest.raises(StoreUnavailable):
        edge("b").claim()


def test_a_process_that_began_without_supabase_and_came_too_late_leaves_its_samples_to_the_next(
    project: Project, edge: Begin
) -> None:
    first = edge("a")
    first.claim()
    first.die()
    project.error = AWAY
    second = edge("b")
    second.claim()
    second.flush(1)
    second.flush(2)
    project.error, project.relieved = None, {"b"}

    second.wait()
    answer = second.flush(3)
    second.store.drain("north", "b")
    second.die()
    third = edge("c")
    third.claim()
    third.flush(4)

    assert answer["lost"] == [PRESS]
    assert project.slots == ["04", "01", "02", "03"]
    assert [put["is_final"] for put in project.puts if put["states"]] == [False, True]


def test_a_runner_that_waits_for_another_leaves_what_is_on_the_disk(project: Project, edge: Begin) -> None:
    first = edge("a")
    first.claim()
    project.error = AWAY
    first.flush(1)
    first.flush(2)
    first.die()
    project.error, project.relieved = None, {"b"}
    del project.holders["a"]

    second = edge("b")
    second.claim()
    second.store.drain("north", "b")
    second.die()
    third = edge("c")
    third.claim()
    third.flush(3)

    assert project.slots == ["03", "01", "02"]
    assert not project.dropped


def test_what_is_refused_does_not_keep_what_another_process_left_from_being_stored(
    project: Project, edge: Begin, tmp_path: Path
) -> None:
    for holder, slot in (("a", 1), ("b", 2)):
        runner = edge(holder)
        runner.claim()
        project.error = AWAY
        runner.flush(slot)
        runner.die()
        project.error = None
    project.relieved = {"c"}
    del project.holders["a"]

    waiting = edge("c")
    waiting.claim()
    waiting.store.drain("north", "c")

    assert project.slots == ["02"]
    assert [one.parent.name.rpartition("_")[2] for one in tmp_path.glob("*/*.rows")] == ["a"]
    waiting.spools.close()
    last = edge("d")
    last.claim()
    last.flush(3)
    assert project.slots == ["02", "03", "01"]
    assert not project.dropped


def test_a_runner_that_lost_its_turn_leaves_what_is_on_the_disk(project: Project, edge: Begin) -> None:
    first = edge("a")
    first.claim()
    project.error = AWAY
    first.flush(1)
    project.error = None
    del project.holders["a"]

    first.wait()
    assert first.flush(2)["lost"] == [PRESS]
    first.die()
    second = edge("b")
    second.claim()
    second.flush(3)

    assert project.slots == ["03", "01"]
    assert project.dropped == {PRESS: 1}  # what it read when its turn was over


def test_a_claim_is_bounded_because_a_burst_cannot_begin_before_it_has_failed(
    project: Project, edge: Begin
) -> None:
    edge().claim()

    assert project.allowed_s == [12.0]


def test_a_claim_that_came_too_late_is_not_what_the_next_begin_goes_by(project: Project, edge: Begin) -> None:
    first = edge("a")
    first.claim()
    project.relieved = {"b"}
    second = edge("b")
    second.claim()
    first.die()
    second.die()
    project.error = AWAY

    assert [group["name"] for group in edge("c").claim()["groups"]] == ["Press", "Oven"]


def test_a_first_begin_needs_supabase(project: Project, edge: Begin) -> None:
    project.error = AWAY

    with pytest.raises(StoreUnavailable):
        edge().claim()


def test_a_supabase_that_is_away_is_not_asked_for_changed_groups(project: Project, edge: Begin) -> None:
    runner = edge()
    runner.claim()
    project.error = AWAY
    runner.flush(1)
    asked = project.asked

    with pytest.raises(StoreUnavailable):
        runner.claim()
    assert project.asked == asked
    project.error = None
    runner.wait()
    runner.flush(2)

    assert [group["name"] for group in runner.claim()["groups"]] == ["Press", "Oven"]


def test_what_the_disk_has_no_room_for_is_counted_as_dropped(project: Project, edge: Begin) -> None:
    runner = edge(most_bytes=400)
    runner.claim()
    project.error = AWAY
    for slot in range(1, 21):
        runner.flush(slot)
    project.error = None
    runner.wait()
    runner.flush(21)

    [told] = [put for put in project.puts if put["states"]]
    dropped = told["states"][0]["dropped"]
    assert 0 < dropped < 20
    assert project.slots == ["21", *(f"{slot:02}" for slot in range(1 + dropped, 21))]


def test_what_the_disk_has_no_room_for_is_logged_by_a_process_that_ends_in_the_outage(
    project: Project, edge: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = edge(most_bytes=400)
    runner.claim()
    project.error = AWAY
    for slot in range(1, 21):
        runner.flush(slot)
    runner.die()

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    dropped = [line for line in lines if line["message"].startswith("samples on the disk are dropped")]
    assert {line["severity"] for line in dropped} == {"WARNING"}
    project.error = None
    second = edge("b")
    second.claim()
    second.flush(21)
    assert sum(line["dropped"] for line in dropped) == 21 - len(project.slots)


def test_a_full_disk_leaves_samples_to_the_memory(
    project: Project, edge: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = edge()
    runner.claim()
    project.error = AWAY

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(StoreUnavailable, match="the disk takes no samples: No space left on device"):
        runner.flush(1)


def test_a_full_disk_keeps_nobody_from_polling_while_supabase_is_there(
    project: Project, edge: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = edge()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    assert [group["name"] for group in runner.claim()["groups"]] == ["Press", "Oven"]
    runner.flush(1)
    assert project.slots == ["01"]


def own_folder(tmp_path: Path, second: int, holder: str) -> Path:
    return tmp_path / f"20261130T12000{second}_{holder}"


def test_a_process_that_gets_no_folder_polls_on_and_sends_what_others_left(
    project: Project, edge: Begin, tmp_path: Path
) -> None:
    first = edge("a")
    first.claim()
    project.error = AWAY
    first.flush(1)
    first.die()
    project.error = None
    own_folder(tmp_path, 1, "b").write_text("the disk is full: no folder can be made")

    second = edge("b")
    assert [group["name"] for group in second.claim()["groups"]] == ["Press", "Oven"]
    second.flush(2)

    assert project.slots == ["02", "01"]
    project.error = AWAY
    with pytest.raises(StoreUnavailable, match="the disk takes no samples"):
        second.flush(3)
    own_folder(tmp_path, 1, "b").unlink()
    second.flush(3)  # there is room again
    second.spools.close()
    assert [path.name for path in tmp_path.glob("*_*")] == ["20261130T120001_b"]


def test_a_folder_that_cannot_be_opened_stops_nobody(
    project: Project, edge: Begin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_folder(tmp_path, 0, "root") / "lock").mkdir(parents=True)  # as one that another user owns
    runner = edge()
    runner.claim()
    project.error = AWAY
    runner.flush(1)
    project.error = None
    runner.wait()
    for slot in (2, 3):
        runner.flush(slot)

    assert project.slots == ["02", "01", "03"]
    assert capsys.readouterr().out.count("their folder is not opened") == 1
    assert own_folder(tmp_path, 0, "root").is_dir()


def test_a_file_that_the_disk_does_not_give_back_stops_no_other_one(
    project: Project, edge: Begin, tmp_path: Path
) -> None:
    for holder in ("a", "b"):
        one = edge(holder)
        project.error = None
        one.claim()
        project.error = AWAY
        one.flush(1 if holder == "a" else 2)
        one.die()
    project.error = None
    [broken] = own_folder(tmp_path, 0, "a").glob("*.rows")
    broken.unlink()
    broken.mkdir()  # it can be opened no more than one with an input/output error

    runner = edge("c")
    runner.claim()
    for slot in (3, 4):
        runner.flush(slot)
    runner.spools.close()

    assert project.slots == ["03", "04", "02"]
    assert broken.is_dir()
    assert not own_folder(tmp_path, 1, "b").exists()


def test_a_disk_that_deletes_nothing_any_more_stops_nobody(
    project: Project, edge: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = edge()
    runner.claim()
    project.error = AWAY
    runner.flush(1)
    project.error = None
    runner.wait()

    def fail(_: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as disk:
        disk.setattr(Path, "unlink", fail)
        for slot in (3, 4, 5):
            runner.flush(slot)
        runner.spools.close()

    assert project.slots == ["03", "01", "04", "05"]
    assert len(list(tmp_path.glob("*/*.rows"))) == 1


def test_what_was_dropped_for_a_record_that_the_disk_does_not_take_is_counted(
    project: Project, edge: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = edge(most_bytes=400)
    runner.claim()
    project.error = AWAY
    for slot in range(1, 4):
        runner.flush(slot)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for slot in range(4, 10):
            with pytest.raises(StoreUnavailable):
                runner.flush(*range(slot, slot + 8))
    runner.flush(20)
    project.error = None
    runner.wait()
    runner.flush(21)

    [told] = [put for put in project.puts if put["states"]]
    assert told["states"][0]["dropped"] == 3
    assert project.slots == ["21", "20"]


def test_a_record_that_supabase_never_takes_stops_no_other_and_is_counted(
    project: Project, edge: Begin
) -> None:
    runner = edge()
    runner.claim()
    project.error = AWAY
    runner.flush(1)
    runner.flush(2)
    project.error = None
    project.poisoned = {"2026-11-30T12:00:01"}
    runner.wait()
    for slot in range(3, 7):
        runner.flush(slot)

    assert project.slots == ["03", "04", "05", "02", "06"]
    assert [put["states"][0]["dropped"] for put in project.puts if put["states"]] == [0, 0, 0, 1]


def test_a_record_that_is_refused_at_the_end_of_a_burst_is_dropped_by_the_next_which_counts_it(
    project: Project, edge: Begin
) -> None:
    first = edge("a")
    first.claim()
    project.error = AWAY
    first.flush_all({PRESS: 1, OVEN: 2})
    project.error = None
    project.poisoned = {"2026-11-30T12:00:01"}
    first.store.drain("north", "a")
    first.die()
    assert project.slots == ["02"]

    second = edge("b")
    second.claim()
    second.flush(3)
    second.flush(4)

    assert project.slots == ["02", "03", "04"]
    assert second.spools.oldest() is None
    assert [put["states"][0]["dropped"] for put in project.puts if put["states"]] == [0, 1]


@pytest.mark.parametrize("error", [AWAY, ConfigurationError("the key was refused")])
def test_a_record_that_cannot_be_sent_costs_no_answer_to_what_is_new(
    project: Project, edge: Begin, error: Exception
) -> None:
    runner = edge()
    runner.claim()
    project.error = AWAY
    runner.flush(1)
    project.error = None
    project.fails_replays = error
    runner.wait()

    assert runner.flush(2)["lost"] == []
    project.fails_replays = None
    runner.wait()
    runner.flush(3)

    assert project.slots == ["02", "03", "01"]


def test_a_group_that_supabase_refuses_stops_no_other_group_of_its_record(
    project: Project, edge: Begin
) -> None:
    runner = edge()
    runner.claim()
    project.error = AWAY
    runner.flush_all({PRESS: 1, OVEN: 2})
    project.error = None
    project.poisoned = {"2026-11-30T12:00:01"}
    runner.wait()
    runner.flush(3)
    runner.flush(4)

    assert project.slots == ["03", "02", "04"]
    assert runner.spools.oldest() is None
    assert [put["states"][0]["dropped"] for put in project.puts if put["states"]] == [0, 1]


def test_a_group_that_supabase_refuses_again_and_again_stops_no_other_group(
    project: Project, edge: Begin
) -> None:
    runner = edge()
    runner.claim()
    project.poisoned = {f"2026-11-30T12:00:{slot:02}" for slot in range(10, 20)}
    for slot in range(10):
        runner.flush_all({PRESS: slot + 10, OVEN: slot})
    project.poisoned = set()
    runner.flush(20, polls=5)

    assert project.slots == [*(f"{slot:02}" for slot in range(10)), "20"]
    assert runner.spools.oldest() is None
    told = [state for put in project.puts for state in put["states"]]
    for group, polls, dropped in ((PRESS, 15, 10), (OVEN, 10, 0)):
        own = [state for state in told if state["g"] == group]
        assert sum(state["polls"] for state in own) == polls
        assert sum(state["dropped"] for state in own) == dropped


def test_no_machine_hears_that_a_refused_sample_is_stored(project: Project, edge: Begin) -> None:
    runner = edge()
    runner.claim()
    project.poisoned = {row_of(PRESS, 1)["s"]}

    answer = runner.flush_all({PRESS: 1, OVEN: 2})

    assert answer["refused"] == [PRESS, OVEN]


def test_a_state_that_supabase_refuses_stops_no_sample(project: Project, edge: Begin) -> None:
    runner = edge()
    runner.claim()
    project.poisoned_error = "\0"
    runner.flush(1, error="\0")
    runner.flush(2)

    assert project.slots == ["01", "02"]
    assert [put["states"][0]["polls"] for put in project.puts if put["states"]] == [2]


def test_only_rows_that_nobody_may_bring_count_as_dropped(
    project: Project, edge: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    first = edge("a")
    first.claim()
    project.error = AWAY
    first.flush(1, 2, 3)
    first.flush(4)
    first.die()
    project.error = None
    project.ending = {PRESS: "2026-11-30T12:00:03"}

    second = edge("b")
    second.claim()
    second.flush(5, group=OVEN)

    assert project.slots == ["05", "01", "02"]
    assert project.dropped == {PRESS: 2}
    assert [put["states"][0]["dropped"] for put in project.puts if put["states"]] == [0]
    told = [line for line in capsys.readouterr().out.splitlines() if "are dropped" in line]
    assert ['"dropped":1' in line for line in told] == [True, True]


def test_an_empty_folder_goes_with_its_process(project: Project, edge: Begin, tmp_path: Path) -> None:
    runner = edge()
    runner.claim()
    runner.flush(1)
    runner.spools.close()

    assert [one.name for one in tmp_path.iterdir()] == ["claim.json"]


FAST = [timedelta(minutes=10), timedelta(hours=-2), timedelta(days=-20_000), timedelta(seconds=-2)]


@pytest.mark.parametrize("fast", FAST)
def test_what_was_read_by_a_wrong_clock_is_stored_at_the_time_when_it_was_read(
    project: Project, wrong_clock: Callable[[timedelta], Edge], fast: timedelta
) -> None:
    runner = wrong_clock(fast)
    [press, _] = runner.claim()["groups"]
    assert datetime.fromisoformat(press["first_slot"]) - NOON - fast < timedelta(seconds=1)
    runner.flush_at(fast, 1)
    runner.flush_at(fast, 2)
    project.error = None
    runner.wait()

    answer = runner.flush_at(fast, 15)

    assert sorted(project.rows) == [(PRESS, f"2026-11-30T12:00:{slot}+00:00") for slot in ("01", "02", "15")]
    assert (answer["inactive"], answer["stops"], "at" in answer) == ([PRESS, OVEN], {}, False)
    assert runner.spools.oldest() is None
    assert not project.dropped


def test_a_claim_that_was_tried_again_shifts_samples_by_its_last_attempt(
    project: Project, wrong_clock: Callable[[timedelta], Edge]
) -> None:
    fast = timedelta(minutes=10)
    runner = wrong_clock(fast)
    runner.claim()
    runner.flush_at(fast, 1)
    project.error, project.lost_s = None, [30.0, 5.0]
    runner.wait()

    runner.flush_at(fast, 15)

    assert sorted(project.rows) == [(PRESS, f"2026-11-30T12:00:{slot}+00:00") for slot in ("01", "15")]


def test_a_claim_that_was_answered_slowly_is_made_again_before_samples_are_shifted(
    project: Project, wrong_clock: Callable[[timedelta], Edge]
) -> None:
    fast = timedelta(minutes=10)
    runner = wrong_clock(fast)
    runner.claim()
    runner.flush_at(fast, 1)
    project.error, project.answered_in_s = None, [14.0, 3.0, 0.0]
    runner.wait()

    runner.flush_at(fast, 15)

    assert sorted(project.rows) == [(PRESS, f"2026-11-30T12:00:{slot}+00:00") for slot in ("01", "15")]
    assert project.answered_in_s == []


def test_a_supabase_that_is_always_slow_is_asked_a_few_times_and_then_believed(
    project: Project, wrong_clock: Callable[[timedelta], Edge]
) -> None:
    fast = timedelta(minutes=10)
    runner = wrong_clock(fast)
    runner.claim()
    runner.flush_at(fast, 1)
    project.error, project.answered_in_s = None, [14.0, 3.0, 2.0, 0.0]
    runner.wait()

    runner.flush_at(fast, 15)

    assert sorted(project.rows) == [(PRESS, f"2026-11-30T12:00:{slot}+00:00") for slot in ("03", "17")]
    assert project.answered_in_s == [0.0]


def test_a_slow_claim_is_not_made_again_when_no_samples_wait_for_the_time(
    project: Project, edge: Begin
) -> None:
    project.answered_in_s = [1.2, 1.2, 1.2]

    edge().claim()

    assert project.answered_in_s == [1.2, 1.2]


def test_a_slow_claim_is_not_made_again_for_samples_whose_time_nobody_can_know(
    project: Project, edge: Begin, wrong_clock: Callable[[timedelta], Edge], tmp_path: Path
) -> None:
    runner = wrong_clock(timedelta(0))
    runner.claim()
    runner.flush(1)
    runner.die()
    [file] = tmp_path.glob("*/clock.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), "boot": "another"}))
    project.error, project.answered_in_s = None, [1.2, 1.2, 1.2]

    edge("c").claim()

    assert project.answered_in_s == [1.2, 1.2]


def test_a_claim_that_is_made_again_in_vain_tells_the_burst_when_the_answered_one_began(
    project: Project, edge: Begin
) -> None:
    project.answered_in_s, project.hangs_after = [2.0], 1
    edge("z")  # its samples may have to be shifted one day
    runner = edge()
    asked = Asked(project.clock)

    answer = runner.store.claim_tag_groups({"holder": "a"}, asked.note)

    assert project.clock.now_s == 1018.0  # two more claims, of 8 s each
    assert answer["at"] == "2026-11-30T12:00:02+00:00"
    assert asked.at_s == 1000.0


def test_how_wrong_the_clock_was_outlasts_a_power_cut(
    project: Project,
    wrong_clock: Callable[[timedelta], Edge],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fast, synced = timedelta(hours=3), list[int]()
    runner, sync = wrong_clock(fast), os.fsync

    def note(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    runner.claim()
    runner.flush_at(fast, 2)
    project.error = None
    runner.wait()
    runner.flush_at(fast, 4)

    [clock] = tmp_path.glob("*/clock.json")
    assert "shift_s" in clock.read_text(encoding="utf-8")
    assert clock.stat().st_ino in synced


def test_a_clock_that_is_right_enough_shifts_nothing_and_ends_nothing(
    project: Project, wrong_clock: Callable[[timedelta], Edge]
) -> None:
    runner = wrong_clock(timedelta(seconds=0.9))
    runner.claim()
    runner.flush(1)
    project.error = None
    runner.wait()

    answer = runner.flush(2)

    assert project.slots == ["02", "01"]
    assert "inactive" not in answer
    assert answer["at"] == "2026-11-30T12:00:14+00:00"


def test_what_comes_later_is_known_to_the_burst_by_its_own_slots(
    project: Project, wrong_clock: Callable[[timedelta], Edge]
) -> None:
    fast = timedelta(minutes=10)
    runner = wrong_clock(fast)
    runner.claim()
    project.error, project.later = None, [(PRESS, "2026-11-30T12:00:01+00:00")]
    runner.wait()

    assert runner.flush_at(fast, 1)["later"] == [[PRESS, "2026-11-30T12:10:01+00:00"]]


def test_the_next_process_shifts_what_a_wrong_clock_left_and_the_one_after_by_as_much(
    project: Project, edge: Begin, wrong_clock: Callable[[timedelta], Edge], tmp_path: Path
) -> None:
    fast = timedelta(minutes=10)
    runner = wrong_clock(fast)
    runner.claim()
    runner.flush_at(fast, 1)
    runner.die()
    project.error = None
    project.loses_answers = True
    second = edge("c")
    second.claim()
    with suppress(StoreUnavailable):
        second.flush(5)
    second.wait()
    second.store.drain("north", "c")
    second.die()
    project.loses_answers = False
    for file in tmp_path.glob("*/clock.json"):  # nobody can reckon it anew
        file.write_text(json.dumps({**json.loads(file.read_text()), "boot": "another"}))
    project.rows.clear()
    third = edge("d")
    third.claim()
    third.flush(9)

    assert (1, "2026-11-30T12:00:01+00:00") in project.rows


def test_who_hears_the_time_writes_down_at_once_what_earlier_processes_lack(
    project: Project, edge: Begin, wrong_clock: Callable[[timedelta], Edge], tmp_path: Path
) -> None:
    fast = timedelta(minutes=10)
    runner = wrong_clock(fast)
    runner.claim()
    runner.flush_at(fast, 1)
    runner.die()
    project.error = None
    second = edge("c")
    second.claim()
    second.die()  # before it has sent anything
    for file in tmp_path.glob("*/clock.json"):  # nobody can reckon it anew
        file.write_text(json.dumps({**json.loads(file.read_text()), "boot": "another"}))

    third = edge("d")
    third.claim()
    third.flush(9)

    assert (1, "2026-11-30T12:00:01+00:00") in project.rows


@pytest.mark.parametrize("is_known", [False, True])
def test_after_a_start_of_the_computer_only_a_difference_that_was_written_down_counts(
    project: Project,
    edge: Begin,
    wrong_clock: Callable[[timedelta], Edge],
    tmp_path: Path,
    *,
    is_known: bool,
) -> None:
    fast = timedelta(minutes=10)
    runner = wrong_clock(fast)
    runner.claim()
    runner.flush_at(fast, 1)
    runner.die()
    [file] = tmp_path.glob("*/clock.json")
    clock = json.loads(file.read_text())
    file.write_text(json.dumps({**clock, "boot": "another"} | ({"shift_s": -600.0} if is_known else {})))
    project.error = None
    second = edge("c")
    second.claim()
    second.flush(5)

    minute = "00" if is_known else "10"
    assert [slot[14:16] for _, slot in project.rows] == ["00", minute]


def test_a_sample_whose_time_nobody_knows_takes_no_slot_and_loses_none(
    project: Project, edge: Begin, wrong_clock: Callable[[timedelta], Edge], tmp_path: Path
) -> None:
    runner = wrong_clock(timedelta(0))
    runner.claim()
    runner.flush(1)
    runner.flush(2)
    runner.die()
    [file] = tmp_path.glob("*/clock.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), "boot": "another"}))
    project.error = None
    second = edge("c")
    second.claim()

    for _ in range(2):
        second.flush(2, 3)

    (_, beside), *_ = [key for key in project.rows if project.rows[key]["v"] == [1]]
    late = datetime.fromisoformat(beside) - datetime.fromisoformat("2026-11-30T12:00:01")
    assert timedelta(0) < late < timedelta(milliseconds=200)
    assert sorted(row["v"] for row in project.rows.values()) == [[1], [2], [2], [3]]


def test_a_burst_ends_in_an_outage_when_its_computer_has_slept(project: Project, edge: Begin) -> None:
    first = edge("a")
    first.claim()
    project.error = AWAY
    assert first.flush(2)["inactive"] == []
    assert not first.store.is_to_begin_anew

    project.clock.slept_s = 8 * 3600
    assert first.flush(4)["inactive"] == [PRESS]
    assert first.store.is_to_begin_anew
    first.spools.close()
    second = edge("b")
    assert second.claim()["groups"][0]["first_slot"] == "2026-11-30T20:00:04+00:00"


def test_a_burst_that_hears_supabase_after_a_sleep_goes_on(project: Project, edge: Begin) -> None:
    runner = edge()
    runner.claim()
    project.clock.slept_s = 8 * 3600

    assert runner.flush(2)["at"] == "2026-11-30T20:00:02+00:00"
    assert not runner.store.is_to_begin_anew


def test_what_was_read_before_the_computer_slept_keeps_its_time(project: Project, edge: Begin) -> None:
    first = edge("a")
    first.claim()
    first.die()
    project.error = AWAY
    runner = edge("b")
    runner.claim()
    runner.flush(2)
    project.clock.slept_s = 8 * 3600
    runner.flush(4)
    runner.die()
    project.error = None

    second = edge("c")
    second.claim()
    second.flush(6)

    assert [slot for _, slot in project.rows] == [f"2026-11-30T12:00:0{second}" for second in (6, 2, 4)]


def test_nothing_on_the_disk_is_sent_before_supabase_has_told_its_time(
    project: Project, wrong_clock: Callable[[timedelta], Edge]
) -> None:
    fast = timedelta(minutes=10)
    runner = wrong_clock(fast)
    runner.claim()
    runner.flush_at(fast, 1)
    project.error = None

    runner.store.drain("north", "b")

    assert project.puts == []
