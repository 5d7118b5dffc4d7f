"""Visits every state of a protocol: in each, whatever may come next is tried; equal states are visited once.

A state has two parts: what its actors know and what must be true, and the rows of the database. Nothing of it
changes in place, so that going back costs nothing.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import psycopg

from soak.ledger import Broken
from soak.orders.rewinding import Call, Rewinding
from soak.project import empty

State = TypeVar("State")


class Move(NamedTuple, Generic[State]):
    """What may come next: its name, a call if it makes one, and the state behind the answer."""

    name: str
    call: Call | None
    then: Callable[[Any], State]


class Steps(Protocol[State]):
    """A protocol. `shown` is the query of the rows that it is about."""

    @property
    def shown(self) -> str: ...

    def start(self) -> State:
        """Return the state in which nothing has happened."""
        ...

    def moves(self, state: State) -> Iterator[Move[State]]:
        """Yield what may come next. Raises: Broken."""
        ...

    def check(self, state: State, rows: Any) -> None:
        """Check a state and its rows. Raises: Broken."""
        ...

    def twins(self, state: State, text: str) -> Iterator[tuple[State, str]]:
        """Yield the states, and how the rows are shown in them, in which equal actors have changed places."""
        ...

    def end(self, state: State, rows: Any) -> str:
        """Return what a state that nothing follows is counted as."""
        ...


@dataclass(slots=True)
class Found:
    """What was visited. `is_whole` is False if the time was up before."""

    states: int = 0
    databases: int = 0
    calls: int = 0
    is_whole: bool = True
    moves: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Visit(Generic[State]):
    """A state on the path that is being followed, and what is left to try in it."""

    state: State
    at: int
    left: Iterator[Move[State]]
    name: str = ""
    is_end: bool = True


@dataclass(slots=True)
class _Exploration(Generic[State]):
    steps: Steps[State]
    database: Rewinding
    found: Found
    _seen: set[tuple[State, int]] = field(default_factory=set)
    _path: list[_Visit[State]] = field(default_factory=list)

    def visit_all(self, until_s: float) -> None:
        try:
            self._enter(self.steps.start(), 0, "")
            while self._path and time.monotonic() < until_s:
                self._go_on(self._path[-1])
        except Broken as error:
            path = "; ".join(visit.name for visit in self._path[1:])
            raise Broken(f"{error}, after: {path}") from error
        self.found.is_whole = not self._path

    def _go_on(self, visit: _Visit[State]) -> None:
        move = next(visit.left, None)
        if move is None:
            self._path.pop()
            if visit.is_end:
                self.found.ends[self.steps.end(visit.state, self.database.rows[visit.at])] += 1
            return
        visit.is_end = False
        self.found.moves[move.name.split(" of ")[0]] += 1
        self._path.append(_Visit(visit.state, visit.at, iter(()), move.name, is_end=False))
        answer, at = self.database.after(visit.at, move.call) if move.call else (None, visit.at)
        state = move.then(answer)
        self._path.pop()
        self._enter(state, at, move.name)

    def _enter(self, state: State, at: int, name: str) -> None:
        if (state, at) in self._seen or self._has_seen_twin(state, at):
            return
        self._seen.add((state, at))
        self.found.states += 1
        self._path.append(_Visit(state, at, self.steps.moves(state), name))
        self.steps.check(state, self.database.rows[at])

    def _has_seen_twin(self, state: State, at: int) -> bool:
        twins = self.steps.twins(state, self.database.texts[at])
        return any((twin, self.database.number(text)) in self._seen for twin, text in twins)


def explore(
    connection: psycopg.Connection[Any],
    enter: Callable[[psycopg.Connection[Any]], Steps[State]],
    minutes: float = float("inf"),
) -> Found:
    """Explore a protocol on an empty project, for so long at most.

    `enter` enters what people would have entered before, and returns the steps. Raises: Broken, with the path
    that led to it.
    """
    empty(connection)
    steps, found = enter(connection), Found()
    database = Rewinding(connection, steps.shown)
    try:
        _Exploration(steps, database, found).visit_all(time.monotonic() + 60 * minutes)
    finally:
        database.close()
    found.databases, found.calls = len(database.texts), database.calls_made
    return found
