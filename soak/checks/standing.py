"""The alert that a pipeline is overdue is open exactly while it is overdue, and at least as bad as it is.

Source: docs/operations.md. A pipeline is late 120 s after a slot was due that has no success, unless a run is
at work; it is down after two intervals, at the latest after two hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Final, Literal

from soak.checks.view import View
from soak.ledger import Broken, Scope
from soak.scheduler import Line

LATE_AFTER: Final = timedelta(seconds=120)
LONGEST: Final = timedelta(minutes=120)
_MARGIN: Final = timedelta(seconds=90)  # around a change of state, in which health may see either
_CLOCKS: Final = timedelta(seconds=1)  # of two looks this close either may count as the newer
_AHEAD: Final = timedelta(days=5)  # three slots of anything
_OPEN: Final = """
select plant, scope, severity::text
from public.alerts
where rule = 'overdue' and resolved_at is null
"""
_REST: Final = """
select fingerprint, rule, scope, plant, subject
from public.alerts
where resolved_at is null and not is_event and rule <> 'safety_event'
"""
# What the plant's and the publishers' values say stands as long as they do; the others say no run's end.
_OF_OTHERS: Final = {
    *("overdue", "channel_failing"),
    *("tag_group_failing", "tag_queue_filling", "tag_samples_dropped", "tag_burst_missing"),
    *("ideal_rate", "no_output", "volume_unusual", "series_gap", "series_stale", "series_quality"),
}

State = Literal["well", "late", "down"]
_SEVERITY: Final[Mapping[str, State]] = {"warning": "late", "critical": "down"}


@dataclass(frozen=True, slots=True)
class Standing:
    """The check after each look of health that met no fault."""

    view: View
    lines: tuple[Line, ...]

    def check(self, looked_at: datetime, now: datetime) -> None:
        """Check what is open, if no other look came in between: its clock may be wrong. Raises: Broken."""
        lately = takewhile(lambda one: one[1] >= looked_at - _CLOCKS, reversed(self.view.ledger.watched))
        if len({process for process, _ in lately}) > 1:
            self.view.checked["looks beside another one"] += 1
            return
        found: dict[Scope, State] = {
            (row["scope"], row["plant"]): _SEVERITY[row["severity"]] for row in self.view.rows(_OPEN)
        }
        for line in self.lines:
            scope = line.pipeline, line.plant
            states = {self._state(line, looked_at - _MARGIN), self._state(line, looked_at + _MARGIN)}
            is_still = self.view.ledger.changed_at.get(scope, now) < looked_at - 2 * _MARGIN
            if len(states) > 1 or not is_still or scope not in self.view.ledger.last_slots:
                continue
            state, told = states.pop(), found.get(scope, "well")
            # An alert never becomes milder: a pipeline that was down may be late only, with the same alert.
            if told != state and (state, told) != ("late", "down"):
                raise Broken(f"{scope} is {state} at {looked_at}, and its alert says {told}")
            self.view.checked[f"looks at a pipeline that is {state}"] += 1

    def check_end(self, quiet_from: datetime) -> None:
        """After quiet hours nothing is open that a success since then has ended. Raises: Broken."""
        for row in self.view.rows(_REST):
            succeeded_at = self.view.ledger.succeeded_at.get((row["scope"], row["plant"]))
            # Bursts are called for a part of the day, and a late call is of no slot: it judges nothing.
            is_of_run = row["rule"] not in _OF_OTHERS and row["scope"] != "tags"
            # A channel works again once it has taken a message: until there is one, nobody knows.
            works = row["rule"] == "channel_failing" and self._has_taken(row["subject"], quiet_from)
            if works or (is_of_run and succeeded_at and succeeded_at > quiet_from):
                raise Broken(f"{row['fingerprint']} is open after quiet hours")

    def _has_taken(self, channel: str, since: datetime) -> bool:
        return any(sent.channel == channel and sent.at > since for sent in self.view.ledger.sent)

    def _state(self, line: Line, now: datetime) -> State:
        scope = line.pipeline, line.plant
        last = self.view.ledger.last_slots.get(scope)
        if last is None:
            return "well"
        coming = list(islice((slot for slot in line.slots(last, last + _AHEAD) if slot > last), 3))
        due = coming[0]
        down_at = max(min(coming[2], due + LONGEST), due + LATE_AFTER)
        if now >= down_at:
            return "down"
        holder = self.view.ledger.holders[scope]
        is_at_work = not holder.is_ended and now < holder.lease_until
        return "late" if now >= due + LATE_AFTER and not is_at_work else "well"
