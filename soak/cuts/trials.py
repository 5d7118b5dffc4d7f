"""Broken polls one after the other, in several lanes at once: each has its function and its proxies.

A poll that failed or stored something else is followed by a poll of the next slot over a whole connection, in
the same process: it must hold the lease, and store what is true.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

from devstack.fault_proxy import FaultProxy
from soak.cuts.cases import SETTINGS, Case, Setting, Talk
from soak.cuts.process import FunctionProcess, Reply
from soak.cuts.servers import (
    AFTER_THE_SLOT,
    NEXT_SLOT,
    SHORT_QUERIES,
    SLOT,
    TIME_ZONE,
    Servers,
    enter_plant,
)
from soak.cuts.stored import Outcome, Stored, judge
from soak.cuts.witness import Witness, witness

_PATIENT_S: Final = 60  # the longest login_timeout_s that settings allow
_POLLS_OF_A_PROCESS: Final = 150
_SHORTEST_RUN_S: Final = 20
_RIGHT, _WRONG, _MISSING = _AFTERWARDS = ("right", "wrong", "missing")
_KNOWN_LATER: Final = (
    "asset",
    "slot_output",
    "output_actual",
    "slot_downtime_minutes",
    "stops",
    "shift_name",
)
_NEXT: Final = NEXT_SLOT.strftime("%Y-%m-%dT%H:%M:%S+00:00")
_HELD: Final = SLOT.strftime("%Y-%m-%dT%H:%M:%S+00:00")


@dataclass(frozen=True)
class Pace:
    """How polls go on.

    `lanes`: so many at once. `wait_s`, `run_s`: how long a broken one may wait for a login or a query, and in
    all. `next_slot_after`: after so many that failed one is followed by the next slot; so is each that stored
    something else, or ended its process. `until_s`: none begins later, by the monotonic clock.
    """

    lanes: int = 8
    wait_s: int = 1
    run_s: int = 30
    next_slot_after: int = 1
    until_s: float = float("inf")


@dataclass(frozen=True)
class Trial:
    """One broken poll, and what came of it.

    `wrong` says what is broken, or what was stored that is not true; `mended` how its slot stood after the
    next one.
    """

    case: Case
    phase: str
    outcome: Outcome
    wrong: str
    took_s: float
    over_s: float
    mended: str
    error_code: str | None


@dataclass(slots=True)
class Truth:
    """What polls store that nothing disturbs: one, and the one of the next slot behind it."""

    talk: Talk
    first: Stored
    second: Stored


@dataclass(slots=True)
class Lane:
    """One function and its proxies, which are new after some polls."""

    servers: Servers
    store: psycopg.Connection[Any]
    plants: Iterator[str]
    pace: Pace
    witness: Witness
    memory_mb: list[float] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)
    _function: FunctionProcess | None = None
    _proxies: dict[bool, FaultProxy] = field(default_factory=dict)
    _polls: int = 0
    _since_next: int = 0

    def __enter__(self) -> "Lane":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def find_truth(self, setting: Setting) -> Truth:
        """Poll twice over a whole connection."""
        plant = self._new_plant()
        proxy = self._proxy(setting)
        before = len(proxy.passed_on)
        self._poll(plant, setting, is_next=False)
        talk = Talk(setting, tuple(proxy.passed_on[before:]))
        first = Stored.of(self.store, plant)
        self._poll(plant, setting, is_next=True)
        return Truth(talk, first, Stored.of(self.store, plant))

    def try_out(self, case: Case, truth: Truth) -> Trial:
        """Poll over a connection that breaks as the case says."""
        if self._polls >= _POLLS_OF_A_PROCESS:
            self._renew()
        plant, proxy = self._new_plant(), self._proxy(case.setting)
        self._ready()
        proxy.wound(case.wound)
        wait_s, run_s = (
            (_PATIENT_S, _SHORTEST_RUN_S) if case.is_run_short else (self.pace.wait_s, self.pace.run_s)
        )
        reply = self._poll(plant, case.setting, is_next=False, wait_s=wait_s, run_s=run_s)
        proxy.heal()
        stored = Stored.of(self.store, plant)
        outcome, wrong = judge(case, run_s, reply, stored, truth.first)
        if outcome in (Outcome.BROKEN, Outcome.PROCESS_ENDED, Outcome.HELD_UP):
            self._renew()
        mended = ""
        self._since_next += 1
        is_due = outcome is not Outcome.FAILED or self._since_next >= self.pace.next_slot_after
        if is_due and outcome not in (Outcome.HARMLESS, Outcome.BROKEN, Outcome.HELD_UP):
            self._since_next = 0
            mended = self._poll_next(plant, case, truth)
            if mended not in _AFTERWARDS:
                outcome, wrong = Outcome.BROKEN, f"the next slot: {mended}"
        return Trial(
            case,
            truth.talk.phase(case.direction, case.place),
            outcome,
            wrong,
            reply.took_s,
            max(0.0, reply.took_s - run_s),
            mended,
            stored.runs[0]["error_code"] if stored.runs else None,
        )

    def _poll_next(self, plant: str, case: Case, truth: Truth) -> str:
        """Poll the next slot; return how the broken one stands now, or what is wrong with the next one."""
        reply = self._poll(plant, case.setting, is_next=True)
        stored = Stored.of(self.store, plant)
        if reply.status is None or not stored.at(_NEXT) or stored.at(_NEXT) != truth.second.at(_NEXT):
            return f"{reply}, {stored.runs}, {stored.at(_NEXT)}"
        if not stored.at(_HELD):
            return _MISSING
        return _RIGHT if _slot_data(stored) == _slot_data(truth.second) else _WRONG

    def _poll(
        self, plant: str, setting: Setting, *, is_next: bool, wait_s: int = _PATIENT_S, run_s: int = 900
    ) -> Reply:
        server = self.servers.encrypted if setting.is_encrypted else self.servers.plain
        slot, function = (NEXT_SLOT if is_next else SLOT), self._ready()
        self._polls += 1
        reply = function.poll(
            {
                "plant": plant,
                "time_zone": TIME_ZONE,
                "slot": slot.isoformat(),
                "now": (slot + AFTER_THE_SLOT).isoformat(),
                "timeout_s": run_s,
                "queries_dir": str(SHORT_QUERIES) if setting.is_short else None,
                "url": self.servers.supabase.url,
                "key": self.servers.supabase.secret_key,
                "sql_server": {
                    "host": server.host,
                    "port": self._proxy(setting).port,
                    "user": server.user,
                    "password": server.password,
                    "database": server.database,
                    "encryption": "require" if setting.is_encrypted else "off",
                    "ca_file": str(self.servers.ca_file) if setting.is_encrypted else None,
                    "login_timeout_s": wait_s,
                    "query_timeout_s": wait_s,
                },
            }
        )
        self.memory_mb.append(reply.memory_mb)
        return reply

    def _ready(self) -> FunctionProcess:
        """Return the function; a new one has polled once, so that it holds what it always holds."""
        if self._function is None:
            self._function = self._stack.enter_context(FunctionProcess(self.witness))
            self._polls = 0
            for setting in SETTINGS[:2]:
                self._poll(self._new_plant(), setting, is_next=False)
        return self._function

    def _proxy(self, setting: Setting) -> FaultProxy:
        if setting.is_encrypted not in self._proxies:
            server = self.servers.encrypted if setting.is_encrypted else self.servers.plain
            self._proxies[setting.is_encrypted] = self._stack.enter_context(
                FaultProxy(server.host, server.port)
            )
        return self._proxies[setting.is_encrypted]

    def _renew(self) -> None:
        self._stack.close()
        self._function = None
        self._proxies.clear()

    def _new_plant(self) -> str:
        plant = next(self.plants)
        enter_plant(self.store, plant)
        return plant


def _slot_data(stored: Stored) -> list[tuple[Any, ...]]:
    """Return what a later poll knows of the slot: OEE, quality and headcount are read for the present one."""
    return [tuple(one[name] for name in _KNOWN_LATER) for one in stored.at(_HELD)]


def plant_names() -> Iterator[str]:
    """Return names of one length, without end."""
    return (f"p{number:06}" for number in itertools.count(1))


@dataclass(slots=True)
class Trials:
    """What came of a run."""

    truths: dict[Setting, Truth] = field(default_factory=dict)
    done: list[Trial] = field(default_factory=list)
    memory_mb: float = 0.0

    def broken(self) -> list[Trial]:
        """Return those in which something happened that must not."""
        return [trial for trial in self.done if trial.outcome is Outcome.BROKEN]


def find_truths(servers: Servers, settings: Sequence[Setting], plants: Iterator[str]) -> dict[Setting, Truth]:
    """Return the truth of each setting."""
    with (
        servers.supabase.connect() as store,
        witness() as watching,
        Lane(servers, store, plants, Pace(), watching) as lane,
    ):
        lane._ready()
        return {setting: lane.find_truth(setting) for setting in settings}


def run_trials(
    servers: Servers,
    truths: dict[Setting, Truth],
    cases: Iterator[Case],
    *,
    plants: Iterator[str],
    pace: Pace,
    tell: Callable[[Trial], None] = lambda _trial: None,
) -> Trials:
    """Try out all cases; `tell` hears of each."""
    trials, lock = Trials(truths), threading.Lock()
    failures: list[BaseException] = []

    def next_case() -> Case | None:
        with lock:
            return next(cases, None) if time.monotonic() < pace.until_s and not failures else None

    def work() -> None:
        try:
            with (
                servers.supabase.connect() as store,
                Lane(servers, store, plants, pace, watching) as lane,
            ):
                while case := next_case():
                    trial = lane.try_out(case, truths[case.setting])
                    with lock:
                        trials.done.append(trial)
                        trials.memory_mb = max(trials.memory_mb, *lane.memory_mb)
                        tell(trial)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, name=f"lane-{number}") for number in range(pace.lanes)]
    with witness() as watching:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
    return trials
