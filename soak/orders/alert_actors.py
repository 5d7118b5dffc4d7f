"""Looks, a run and sweeps between two calls, and what must be so of the alert: its episodes."""

from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from soak.orders.episodes import Episodes, fired, well

SLOT: Final = datetime(2026, 3, 11, 17, tzinfo=UTC)  # it is overdue when everything begins
BEGIN: Final = SLOT + timedelta(minutes=5)
STEP: Final = timedelta(minutes=6)
# How bad it is by the steps that time has made: before the run has succeeded, and after it.
_LEVELS: Final = {False: ("warning", "critical"), True: ("", "", "warning", "critical")}

Said = tuple[str, str, str]  # of an alert: when it was opened, the word, how bad it is


class Look(NamedTuple):
    """A look of health. `at` is None before it has read; `level` is "" if it found all well."""

    at: datetime | None = None
    level: str = ""
    has_seen_success: bool = False
    is_over: bool = False


class Sweep(NamedTuple):
    """A sweep: what it has claimed and does next with it."""

    number: int
    next: Literal["claim", "send", "mark"] = "claim"
    claims: int = 0
    items: tuple[Said, ...] = ()
    result: Literal["sent", "refused", "perhaps"] = "sent"

    @property
    def lease(self) -> str:
        """Return what its newest lease is called."""
        return f"sweep {self.number} claim {self.claims}"


class State(NamedTuple):
    """Everything but the database. `run` counts the steps of the run; `closing` those of the last sweeps."""

    looks: tuple[Look, ...]
    sweeps: tuple[Sweep, ...]
    faults_left: int
    waits_left: int
    waited: int = 0
    run: int = 0
    has_succeeded: bool = False
    episodes: Episodes = ()
    is_exact: bool = True
    has_slept: bool = False
    closing: int = 0

    @property
    def now(self) -> datetime:
        """Return the true time."""
        return BEGIN + self.waited * STEP

    @property
    def level(self) -> str:
        """Return how bad it is now, "" if all is well."""
        levels = _LEVELS[self.has_succeeded]
        return levels[min(self.waited, len(levels) - 1)]

    def with_look(self, before: Look, after: Look) -> "State":
        """Return the state with one look changed: which of equal ones does not matter."""
        rest = list(self.looks)
        rest.remove(before)
        return self._replace(looks=tuple(sorted((*rest, after), key=str)))

    def with_sweep(self, sweep: Sweep) -> "State":
        """Return the state with one sweep changed."""
        return self._replace(
            sweeps=tuple(sweep if one.number == sweep.number else one for one in self.sweeps)
        )

    def with_fault(self) -> "State":
        """Return the state behind a fault: a message may come twice now."""
        return self._replace(faults_left=self.faults_left - 1, is_exact=False)


def told(look: Look, state: State) -> State:
    """Return the state behind a look that arrived. A look before a success says nothing behind it."""
    if look.at is None or (state.has_succeeded and not look.has_seen_success):
        return state
    if look.level:
        return state._replace(episodes=fired(state.episodes, look.level, look.at, state.now))
    return state._replace(episodes=well(state.episodes, look.at, state.now))


def succeeded(state: State) -> State:
    """Return the state behind the commit; one that is sent again changes nothing."""
    if state.has_succeeded:
        return state
    return state._replace(has_succeeded=True, episodes=well(state.episodes, state.now, state.now))


def heard(sweep: Sweep, state: State) -> State:
    """Return the state behind messages that the channel took. Raises: Broken."""
    episodes = {one.opened_at: one for one in state.episodes}
    for opened_at, word, severity in sweep.items:
        at = datetime.fromisoformat(opened_at)
        episodes[at] = episodes[at].told(
            word, severity, is_exact=state.is_exact, is_in_order=not state.has_slept
        )
    return state._replace(episodes=tuple(episodes.values()))
