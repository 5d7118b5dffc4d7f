"""What is known of the runs from outside: who held which lease when, what each had read, what took effect.

Kept by the boundaries while a seed runs, from what crosses them and from the documented protocol. Nothing
here imports `plantpulse`.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from soak.coverage import Asked, Days, Reading, Slots
from soak.known import Known

Scope = tuple[str, str]
ALL_PLANTS: Final = "(all plants)"
# Of a look-back: it begins at a whole second, and at the slot's time where that is later than the claim.
_EDGE: Final = timedelta(minutes=2)
WINDOW: Final = timedelta(minutes=30)  # of a slot


class Broken(Exception):
    """Something that must always be true is not."""


@dataclass(slots=True)
class Claim:
    """A run that was claimed. `slot` is None for one that counts as manual; some overlap with others."""

    process: str
    scope: Scope
    fence: str
    slot: datetime | None
    claimed_at: datetime
    lease_until: datetime
    is_overlapping: bool
    is_ended: bool = False


class Look(NamedTuple):
    """A reading of safety incidents that was recorded: its span, and when the table was looked at."""

    since: datetime
    until: datetime
    at: datetime


class Read(NamedTuple):
    """A query that a process has read: its bounds in plant time, and when the rows were as it saw them."""

    query: str
    start: datetime
    until: datetime
    at: datetime


class GapLook(NamedTuple):
    """A look for gaps in series: what was due at `due_at` was looked at, of series known at `claimed_at`."""

    due_at: datetime
    claimed_at: datetime


class Sent(NamedTuple):
    """A message that a channel has taken."""

    process: str
    channel: str
    key: str
    at: datetime
    alerts: tuple[int, ...]


class Shown(NamedTuple):
    """What a press has shown, when, and to which process."""

    value: int
    at: datetime
    process: str


@dataclass(slots=True)
class Ledger:
    """The account of one seed. `slots` and `days` are by plant; `last_slots` by pipeline and plant.

    `polled`: the newest slot of each plant that scheduled polls have written, a part at least. `unsure`:
    plants of which a part was written, and the rest not yet. `by_hand`: polls of the present that people
    asked for. `channels`: when each was swept first. `asked`: the spans that processes were asked for.
    """

    slots: dict[str, Slots]
    days: dict[str, Days]
    look_back: timedelta
    began_at: datetime
    claims: dict[str, Claim] = field(default_factory=dict)
    holders: dict[Scope, Claim] = field(default_factory=dict)
    last_slots: dict[Scope, datetime] = field(default_factory=dict)
    changed_at: dict[Scope, datetime] = field(default_factory=dict)
    succeeded_at: dict[Scope, datetime] = field(default_factory=dict)
    looks: dict[str, list[Look]] = field(default_factory=dict)
    safety_until: dict[str, datetime] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    known: Known = field(default_factory=Known)
    gap_looks: list[GapLook] = field(default_factory=list)
    shown: dict[str, list[Shown]] = field(
        default_factory=dict
    )  # by plant: what a press's tag was at each read
    heard: dict[str, list[datetime]] = field(default_factory=dict)  # when a process heard the time
    bursts: dict[str, list[datetime]] = field(default_factory=dict)  # when bursts began, by process
    watched: list[tuple[str, datetime]] = field(default_factory=list)  # who told alerts what was seen
    called: dict[Scope, tuple[datetime, datetime]] = field(
        default_factory=dict
    )  # the last call that met no fault: its slot, and when it came
    channels: dict[str, datetime] = field(default_factory=dict)
    polled: dict[str, datetime] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    by_hand: dict[str, dict[datetime, Reading]] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)
    _reads: dict[str, list[Read]] = field(default_factory=dict)

    def note_read(self, process: str, read: Read) -> None:
        """Note that a process has read a query's rows."""
        self._reads.setdefault(process, []).append(read)

    def note_claim(self, process: str, now: datetime) -> None:
        """Note that a process has heard the answer to a claim of groups, which tells it the time."""
        self.heard.setdefault(process, []).append(now)

    def note_burst(self, process: str, now: datetime) -> None:
        """Note that a process begins to poll machines."""
        self.bursts.setdefault(process, []).append(now)

    def note_sent(self, sent: Sent) -> None:
        """Note a message that a channel has taken."""
        self.sent.append(sent)

    def note_call(
        self, process: str, function: str, asked: Mapping[str, Any], status: int, body: bytes, now: datetime
    ) -> None:
        """Note a call of a function that took effect. Raises: Broken."""
        if status >= 300:
            raise Broken(f"{function} of {process} was refused: {body.decode()[:500]}")
        answer = json.loads(body)
        ended = answer.get("run") if function == "put_tag_samples" else answer
        kind = ended.get("answer", "done") if isinstance(ended, dict) else "done"
        self.answers[f"{function}: {kind}"] += 1
        match function:
            case "claim_run" if kind == "claimed":
                self._claimed(process, asked["p_claim"], now)
            case "record_safety_events":
                self._recorded(asked["p_fence"])
            case "commit_live_pulse" | "commit_morning_report" if kind == "committed":
                self._committed(function, asked["p_fence"], asked["p_commit"], now)
            case "complete_run" if kind == "committed":
                self._committed(function, asked["p_fence"], {}, now)
            case "fail_run" if kind == "failed":
                self._end(self._held("fail_run", asked["p_fence"]), now)
            case "watch_alerts":
                self.watched.append((process, now))
            case _:
                self._note_other_call(function, asked, kind, now)

    def _note_other_call(self, function: str, asked: Mapping[str, Any], kind: str, now: datetime) -> None:
        match function:
            case "claim_notifications":
                self.channels.setdefault(asked["p_channel"]["name"], now)
            case "commit_series" if kind == "committed":
                self._collected(asked["p_fence"], asked["p_commit"], now)
            case "watch_series_gaps" if kind == "watched":
                claim = self._held(function, asked["p_fence"])
                self.gap_looks.append(GapLook(claim.slot or claim.claimed_at, claim.claimed_at))
            case "put_tag_samples" if kind == "committed":
                self._committed(function, asked["p_put"]["holder"], {}, now)

    def end_of(self, process: str) -> None:
        """Forget what a process has read."""
        self._reads.pop(process, None)
        self.asked.pop(process, None)
        self.known.forget(process)

    def _claimed(self, process: str, claim: Mapping[str, Any], now: datetime) -> None:
        scope, fence = (claim["pipeline"], claim["plant"]), claim["fence"]
        if claim["is_dry_run"] or fence in self.claims:
            return
        holder = self.holders.get(scope)
        is_overlapping = bool(claim.get("overlaps"))
        if holder and not is_overlapping and not holder.is_ended and now < holder.lease_until:
            raise Broken(f"{process} was given {scope} while {holder.process} holds it")
        slot = datetime.fromisoformat(claim["slot"]) if claim["slot"] else None
        lease_until = now + timedelta(seconds=claim["lease_s"])
        held = Claim(process, scope, fence, slot, now, lease_until, is_overlapping)
        self.holders[scope] = self.claims[fence] = held
        self.changed_at[scope] = now

    def _held(self, what: str, fence: str) -> Claim:
        """Return the claim of a fence that may write. Raises: Broken for one that may not."""
        claim = self.claims.get(fence)
        if claim is None:
            raise Broken(f"{what} took effect for a run that nobody claimed")
        if claim.is_ended:
            raise Broken(f"{what} of {claim.process} took effect twice")
        if self.holders[claim.scope] is not claim and not claim.is_overlapping:
            raise Broken(f"{what} of {claim.process} took effect after another run took over")
        return claim

    def _end(self, claim: Claim, now: datetime) -> None:
        claim.is_ended = True
        self.changed_at[claim.scope] = now

    def _recorded(self, fence: str) -> None:
        claim = self.claims[fence]
        plant, safety = claim.scope[1], self._last(claim.process, "safety")
        if safety:
            since = min(claim.claimed_at, self.safety_until.get(plant, claim.claimed_at)) - self.look_back
            look = Look(since + _EDGE, claim.claimed_at - _EDGE, safety.at)
            self.looks.setdefault(plant, []).append(look)

    def _committed(self, what: str, fence: str, commit: Mapping[str, Any], now: datetime) -> None:
        claim = self._held(what, fence)
        if what == "commit_live_pulse":
            self._wrote(claim, commit)
        if commit.get("is_final", True) is False:
            return
        self._end(claim, now)
        self.succeeded_at[claim.scope] = now
        if claim.slot:
            last = self.last_slots.get(claim.scope, claim.slot)
            self.last_slots[claim.scope] = max(last, claim.slot)
        if what == "commit_live_pulse":
            self._cover_slots(claim)
        if what == "commit_morning_report":
            self._cover_days(claim)

    def _collected(self, fence: str, commit: Mapping[str, Any], now: datetime) -> None:
        self.known.commit(self._held("commit_series", fence).process, now)
        if commit.get("completion"):
            self._committed("commit_series", fence, {}, now)

    def _cover_slots(self, claim: Claim) -> None:
        plant = claim.scope[1]
        self.safety_until[plant] = max(claim.claimed_at, self.safety_until.get(plant, claim.claimed_at))
        output, stops = self._last(claim.process, "output"), self._last(claim.process, "downtime")
        if claim.slot and output and stops:
            self.slots[plant].cover(claim.slot, Reading(output.at, stops.at))

    def reading(self, plant: str, at: datetime) -> Reading | None:
        """Return when the newest figures of a plant were read; None if that is not known for sure."""
        if plant in self.unsure:
            return None
        return self.slots[plant].read.get(at) or self.by_hand.get(plant, {}).get(at)

    def newest(self, plant: str, now: datetime) -> datetime | None:
        """Return the newest instant of which figures of a plant are stored."""
        polled = self.polled.get(plant)
        known = [*self.slots[plant].read, *self.by_hand.get(plant, {}), *([polled] if polled else [])]
        return max((at for at in known if at <= now), default=None)

    def _wrote(self, claim: Claim, commit: Mapping[str, Any]) -> None:
        plant = claim.scope[1]
        if claim.slot is None:
            self._fill_slots(claim, commit)
        elif claim.slot >= self.polled.get(plant, claim.slot):
            self.polled[plant] = claim.slot
            self.unsure.discard(plant)
        if claim.slot and commit.get("is_final", True) is False:
            self.unsure.add(plant)

    def _fill_slots(self, claim: Claim, commit: Mapping[str, Any]) -> None:
        """The slots of a span are as their rows were when the poll read them. Raises: Broken.

        A poll of the present, by hand, has a slot only by chance: in the very second of it.
        """
        slots, asked = self.slots[claim.scope[1]], self.asked.get(claim.process)
        for sent in commit["slots"]:
            at = datetime.fromisoformat(sent["snapshot_timestamp"])
            window = slots.local_window(at, WINDOW)
            output, stops = (self._last(claim.process, query, window) for query in ("output", "downtime"))
            if not (output and stops) or (asked and not asked.start <= at <= asked.until):
                raise Broken(f"{claim.process} was asked for {asked}, and has written {at}")
            if asked:
                slots.fill(at, Reading(output.at, stops.at))
            elif slots.is_slot(at):
                slots.poll_by_hand(at, Reading(output.at, stops.at))
            else:
                self.by_hand.setdefault(claim.scope[1], {})[at] = Reading(output.at, stops.at)
        if asked and commit.get("is_final", True) and commit["status"] == "succeeded":
            slots.end_span(asked, self.began_at)

    def _cover_days(self, claim: Claim) -> None:
        """A day is part of a report once its last query, that for quality, was answered."""
        days, output, stops = dict[date, Reading](), None, None
        for read in self._reads.get(claim.process, ()):
            if read.query == "output":
                output = read
            elif read.query == "downtime":
                stops = read
            elif read.query == "quality" and output and stops:
                days[read.start.date()] = Reading(output.at, stops.at)
        self.days[claim.scope[1]].cover(days, claim.process)

    def _last(self, process: str, query: str, window: tuple[datetime, datetime] | None = None) -> Read | None:
        """Return a process's last answer to a query, that encloses a window if one is given."""
        for read in reversed(self._reads.get(process, ())):
            is_around = window is None or (read.start <= window[0] and window[1] <= read.until)
            if read.query == query and is_around:
                return read
        return None
