"""Simulated time for code with threads: one of them runs at a time, and the clock moves when all wait.

So a test with seeds is the same each time, however busy the machine is.
"""

import heapq
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any


class Closing(BaseException):
    """The test is over."""


@dataclass(eq=False)
class Actor:
    """A thread whose turn comes when its time has come; one that is `frozen` has no turn any more."""

    owner: object
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    thread: threading.Thread | None = None
    is_over: bool = False


@dataclass
class World:
    """The clock, and what happens when."""

    now_s: float = 0.0
    is_closing: bool = False
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)
    _actors: list[Actor] = field(default_factory=list)
    _frozen: set[int] = field(default_factory=set)
    _back: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _here: Any = field(default_factory=threading.local)

    def __call__(self) -> float:
        return self.now_s

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something happen in so many seconds."""
        heapq.heappush(self._due, (self.now_s + seconds, next(self._numbers), action))

    def admit(self, owner: object) -> Actor:
        """Return an actor whose first turn is now; its thread has to `live` it."""
        actor = Actor(owner)
        self._actors.append(actor)
        self.after(0, lambda: self._give_turn(actor))
        return actor

    @contextmanager
    def live(self, actor: Actor) -> Iterator[None]:
        """Run as an actor, in its turns alone."""
        actor.thread, self._here.actor = threading.current_thread(), actor
        actor.turn.acquire()
        try:
            yield
        except Closing:
            pass
        finally:
            actor.is_over = True
            self._back.release()

    def sleep(self, seconds: float) -> None:
        """Let time pass, for an actor."""
        self._leave_if_closing()
        actor: Actor = self._here.actor
        self.after(max(seconds, 0.001), lambda: self._give_turn(actor))
        self._back.release()
        actor.turn.acquire()
        self._leave_if_closing()

    @property
    def owner(self) -> object:
        """Return the owner of the actor whose turn it is."""
        actor: Actor = self._here.actor
        return actor.owner

    def freeze(self, owner: object) -> None:
        """Have all actors of an owner do nothing more, as when a process is killed."""
        self._frozen.add(id(owner))

    def run(self, until_s: float) -> None:
        """Let things happen until then."""
        while self._due and self._due[0][0] <= until_s:
            self.now_s, _, action = heapq.heappop(self._due)
            action()

    def close(self) -> None:
        """End all threads."""
        self.is_closing = True
        for actor in self._actors:
            if not actor.is_over:
                self._frozen.clear()
                self._give_turn(actor)

    def _give_turn(self, actor: Actor) -> None:
        if id(actor.owner) in self._frozen or actor.is_over:
            return
        actor.turn.release()
        self._back.acquire()
        if actor.is_over and actor.thread:
            actor.thread.join()

    def _leave_if_closing(self) -> None:
        if self.is_closing:
            raise Closing
