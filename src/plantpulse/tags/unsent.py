"""What a burst has told of its groups while Supabase was away. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Json = Any
Body = Mapping[str, Json]
ADDED: Final = ("polls", "errors", "dropped")  # of a state: what is new since the last call


@dataclass(slots=True)
class Unsent:
    """What Supabase was not told of groups: their newest state with all counts, and which have ended.

    A call that was counted and not answered is counted again: two seconds of polls, never a sample.
    """

    states: dict[int, dict[str, Json]] = field(default_factory=dict)
    ended: list[int] = field(default_factory=list)

    def add(self, put: Body, dropped: Mapping[int, int]) -> None:
        """Add what a call would have told, and what the disk had no room for."""
        for state in put["states"]:
            self.states[state["g"]] = _merged(self.states.get(state["g"]), state)
        self.ended += put["ended"]
        self.add_dropped(dropped)

    def add_dropped(self, dropped: Mapping[int, int]) -> None:
        """Add rows that will never be stored; they are told with the group's next state."""
        for group, count in dropped.items():
            state = self.states.setdefault(group, {"g": group, "polls": 0, "errors": 0, "dropped": 0})
            state["dropped"] += count

    def added_to(self, put: Body) -> Body:
        """Return a call that tells this too."""
        states = {group: state for group, state in self.states.items() if "state" in state}
        for state in put["states"]:
            states[state["g"]] = _merged(self.states.get(state["g"]), state)
        return {**put, "states": list(states.values()), "ended": [*self.ended, *put["ended"]]}

    def forget(self, put: Body) -> None:
        """Forget what a call has told."""
        told = {state["g"] for state in put["states"]}
        self.states = {
            group: state for group, state in self.states.items() if group not in told and "state" not in state
        }
        self.ended = []


def _merged(earlier: Mapping[str, Json] | None, later: Mapping[str, Json]) -> dict[str, Json]:
    if earlier is None:
        return dict(later)
    added = {name: earlier.get(name, 0) + later.get(name, 0) for name in ADDED}
    return {**earlier, **later, **added, "error": later.get("error") or earlier.get("error")}
