"""What a test may break on purpose, and what it may look at afterwards.

Openly part of the stand-in: a real server has no such switches, so tests that use them carry the
`stand_in` marker.
"""

import threading
from dataclasses import dataclass, field


@dataclass
class Faults:
    """Switches for one stand-in; set an attribute and the next connection or statement feels it."""

    refused_logins: int = 0
    """So many of the next logins are answered 18456 although the password is right."""
    is_silent: bool = False
    """Connections are accepted and never answered."""
    results_to_cut: int = 0
    """So many of the next results end in the middle with the connection cut."""
    delay_s: float = 0.0
    """Every statement sleeps so long in the database first; a cancel ends the sleep."""
    denied_tables: frozenset[str] = frozenset()
    """Nobody may SELECT from these tables, named in lower case."""
    attentions_until_silence: int = 0
    """So many ATTENTIONs from now on, the last is not answered, nor is anything else; 0 answers all."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def reset(self) -> None:
        """Switch everything off."""
        self.refused_logins, self.is_silent, self.results_to_cut, self.delay_s = 0, False, 0, 0.0
        self.denied_tables = frozenset()
        self.attentions_until_silence = 0

    def takes_refused_login(self) -> bool:
        """Whether this login is one of those to refuse; counts it down."""
        with self._lock:
            self.refused_logins -= (is_armed := self.refused_logins > 0)
            return is_armed

    def takes_cut(self) -> bool:
        """Whether this result is one of those to cut; counts it down."""
        with self._lock:
            self.results_to_cut -= (is_armed := self.results_to_cut > 0)
            return is_armed

    def takes_attention(self) -> bool:
        """Whether this ATTENTION is the one from which on nothing is answered; counts it down."""
        with self._lock:
            self.attentions_until_silence -= (is_armed := self.attentions_until_silence > 0)
            return is_armed and self.attentions_until_silence == 0


@dataclass
class ColdStarts:
    """How long an engine that is cold takes for the first query of a session; 0 is never.

    It is cold for its first session, and then for one in `every`: not only at the start of a suite.
    """

    wait_s: float = 0.0
    every: int = 20
    _sessions: int = field(default=0, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def next_wait_s(self) -> float:
        """Return how long the first query of the next session takes."""
        with self._lock:
            is_cold = self._sessions % self.every == 0
            self._sessions += 1
            return self.wait_s if is_cold else 0.0


@dataclass(frozen=True)
class SeenLogin:
    """One LOGIN7 as it came, without its password."""

    user: str
    database: str
    application: str
    is_read_only: bool
    is_accepted: bool


@dataclass(frozen=True)
class SeenStatement:
    """One statement that a client sent; for `sp_executesql` the inner text and its parameters as text."""

    text: str
    parameters: dict[str, str | None]


@dataclass
class Traffic:
    """Everything that reached one stand-in since it started, or since `clear`."""

    connections: int = 0
    logins: list[SeenLogin] = field(default_factory=list)
    statements: list[SeenStatement] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def note_connection(self) -> None:
        """Count a connection."""
        with self._lock:
            self.connections += 1

    def clear(self) -> None:
        """Forget what was seen."""
        self.connections = 0
        self.logins.clear()
        self.statements.clear()
