"""People who sign incidents: they acknowledge and resolve what is stored, sometimes both at once, or twice.

What they have signed is kept here; the first one stays the signer. Nothing here imports `plantpulse`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from soak.boundaries import Boundaries

LOOK: Final = timedelta(hours=2)
_NAMES: Final = ("ada", "grace", "joan")

Call = Callable[[str, Mapping[str, Any]], tuple[int, bytes]]


class Signature(NamedTuple):
    """Who acknowledged an incident first, and who resolved it first, with which words."""

    acknowledged_by: str
    resolved_by: str | None = None
    words: str | None = None


@dataclass(slots=True)
class People:
    """The people of all plants.

    `call` calls a SQL function, `incidents` returns the ids that are stored, `date` dates a signature.
    """

    boundaries: Boundaries
    call: Call
    incidents: Callable[[], list[int]]
    date: Callable[[int, datetime], None]
    signed: dict[int, Signature] = field(default_factory=dict)

    def come(self, start: datetime, until: datetime) -> None:
        """Look at the incidents every two hours."""
        at = start + LOOK
        while at < until:
            self.boundaries.timeline.at(at, self._look)
            at += LOOK

    def _look(self) -> None:
        for incident in self.incidents():
            name = f"people {incident} {self.boundaries.now():%Y-%m-%dT%H}"
            match self.boundaries.draws.kind({"acknowledge": 0.2, "resolve": 0.1, "both": 0.05}, name):
                case "acknowledge":
                    self._acknowledge(incident, name)
                case "resolve":
                    self._resolve(incident, name)
                case "both":
                    self._acknowledge(incident, f"{name} first")
                    self._resolve(incident, name)
                    self._resolve(incident, f"{name} again")

    def _acknowledge(self, incident: int, name: str) -> None:
        by = self.boundaries.draws.pick(_NAMES, f"{name} acknowledges")
        self._sign("acknowledge_safety_events", incident, {"p_by": by})
        self.signed.setdefault(incident, Signature(by))

    def _resolve(self, incident: int, name: str) -> None:
        by = self.boundaries.draws.pick(_NAMES, f"{name} resolves")
        words = f"done {self.boundaries.draws.whole(1, 999, name)}"
        self._sign("resolve_safety_events", incident, {"p_by": by, "p_resolution": words})
        before = self.signed.setdefault(incident, Signature(by))
        if before.resolved_by is None:
            self.signed[incident] = before._replace(resolved_by=by, words=words)

    def _sign(self, function: str, incident: int, arguments: Mapping[str, Any]) -> None:
        status, body = self.call(function, {"p_event_ids": [incident], **arguments})
        if status != 200 or json.loads(body)["answer"] != "signed":
            raise RuntimeError(f"{function} of {incident} was answered {body.decode()[:200]}")
        self.date(incident, self.boundaries.now())
